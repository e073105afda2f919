//! What the ledger says is what happened: who got a message, who did not, and when WhatsApp tells.

use std::time::Duration;

use futures_util::FutureExt;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use waha_simulator::ledger::Fate;
use waha_simulator::{AckTiming, Fault, FaultRates, Incoming, Status};

use crate::{CHAT, Listener, call, listened_to, post, send, send_to, simulator, until};

const ANI: &str = "6281200000002";

/// All acknowledgements, each at its fixed time: by the speed of 20, 100, 150 and 200 ms after the hand-over.
fn steady() -> AckTiming {
    let s = |s| (Duration::from_secs(s), Duration::from_secs(s));
    AckTiming {
        server: s(2),
        device: s(1),
        read: s(1),
        server_rate: 1.0,
        device_rate: 1.0,
        read_rate: 1.0,
    }
}

#[tokio::test]
async fn nothing_goes_out_by_a_device_that_is_gone_since_the_request_was_taken() {
    for gone in [Status::Failed, Status::Stopped] {
        let slow = Duration::from_secs(10);
        let simulator = listened_to()
            .engine_latency(slow, slow)
            .start()
            .await
            .unwrap();
        let (answer, ()) = tokio::join!(send(&simulator, "halo"), async {
            until(|| simulator.ledger().len() == 1).await;
            match gone {
                Status::Failed => simulator.unlink("default").unwrap(),
                gone => simulator.force("default", gone).unwrap(),
            }
        });
        let (status, body) = answer.unwrap();
        assert_eq!(
            (status, &body["exception"]["message"]),
            (500, &json!("Connection Closed")),
            "{gone:?}"
        );
        assert_eq!(simulator.ledger().handed(), 0, "{gone:?}");
    }
}

#[tokio::test]
async fn nobody_acknowledges_what_nobody_has() {
    let faults = [Fault::AcksOutOfOrder, Fault::AckErrorThenDevice];
    for fault in faults {
        let simulator = listened_to()
            .store_default(true)
            .acks(steady())
            .not_on_whatsapp([ANI])
            .faults(FaultRates::none().with(fault, 1.0))
            .start()
            .await
            .unwrap();
        let mut events = Listener::new(&simulator, "events=message.ack").await;
        send(&simulator, "halo").await.unwrap();
        let fate = simulator.ledger().entries().next().unwrap().fate();
        assert_eq!(fate, Fate::NotDelivered, "{fault}");
        let planned = simulator.acks_outstanding();
        for _ in 0..planned {
            let ack = events.next().await.unwrap()["payload"]["ack"].clone();
            assert!(ack.as_i64().unwrap() < 2, "{fault}: {ack}");
        }
    }
}

#[tokio::test]
async fn a_person_is_one_chat_however_the_request_names_them() {
    let simulator = simulator().start().await.unwrap();
    for chat in [
        CHAT,
        ANI,
        "6281200000002@s.whatsapp.net",
        "6281200000002@foo.bar",
    ] {
        assert_eq!(send_to(&simulator, chat, "halo").await.0, 201, "{chat}");
    }
    let ledger = simulator.ledger();
    assert!(
        ledger.entries().all(|entry| entry.chat() == ANI),
        "{ledger:?}"
    );
    let duplicates = ledger.duplicates();
    assert_eq!((duplicates.len(), duplicates[0].times), (1, 4));
}

#[tokio::test]
async fn a_file_is_not_fetched_for_a_session_that_is_not_there() {
    let files = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let simulator = simulator().start().await.unwrap();
    simulator.force("default", Status::Starting).unwrap();
    let url = format!("http://{}/a.png", files.local_addr().unwrap());
    let body = json!({"session": "default", "chatId": CHAT, "file": {"mimetype": "image/png", "url": url}});
    let answer = tokio::time::timeout(
        Duration::from_secs(20),
        post(&simulator, "/api/sendImage", body),
    );
    assert_eq!(answer.await.expect("an answer").0, 422);
    assert!(
        files.accept().now_or_never().is_none(),
        "nobody asked for it"
    );
    let ledger = simulator.ledger();
    let fates: Vec<_> = ledger.entries().map(|entry| entry.fate()).collect();
    assert_eq!(fates, [Fate::NotSent]);
}

#[tokio::test]
async fn acknowledgements_that_waited_for_the_device_come_in_order() {
    let simulator = listened_to().acks(steady()).start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=message.ack").await;
    const MESSAGES: usize = 20;
    for nth in 0..MESSAGES {
        send(&simulator, &nth.to_string()).await.unwrap();
    }
    simulator.force("default", Status::Starting).unwrap();
    until(|| simulator.acks_outstanding() == 0).await;
    simulator.force("default", Status::Working).unwrap();
    let mut told = std::collections::BTreeMap::<String, Vec<i64>>::new();
    while told.values().map(Vec::len).sum::<usize>() < 3 * MESSAGES {
        let payload = events.next().await.unwrap()["payload"].clone();
        let id = payload["id"].as_str().unwrap().to_owned();
        told.entry(id)
            .or_default()
            .push(payload["ack"].as_i64().unwrap());
    }
    for (id, acks) in told {
        assert_eq!(acks, [1, 2, 3], "{id}");
    }
}

#[tokio::test]
async fn another_phone_hears_nothing_of_what_the_one_before_sent() {
    let simulator = listened_to().acks(steady()).start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=message.ack&events=message").await;
    send(&simulator, "by the first").await.unwrap();
    simulator.unlink("default").unwrap();
    simulator
        .inbound("default", ANI, "Ani", "to the first")
        .unwrap();
    call(
        &simulator,
        Method::POST,
        "/api/sessions/default/logout",
        None,
    )
    .await
    .unwrap();
    simulator
        .wait_for("default", Status::ScanQrCode)
        .await
        .unwrap();
    assert!(simulator.pair("default", "6281200000009").unwrap());
    simulator
        .wait_for("default", Status::Working)
        .await
        .unwrap();
    until(|| simulator.acks_outstanding() == 0).await;
    let (_, answer) = send(&simulator, "by the second").await.unwrap();
    let id = answer["key"]["id"].as_str().unwrap().to_owned();
    let first = events.next().await.unwrap();
    assert_eq!(first["event"], "message.ack");
    assert!(
        first["payload"]["id"].as_str().unwrap().ends_with(&id),
        "{first}"
    );
}

#[tokio::test]
async fn what_people_do_while_the_session_is_away_comes_when_it_is_back() {
    let simulator = listened_to().store_default(true).start().await.unwrap();
    let mut events = Listener::new(&simulator, "session=default").await;
    simulator.force("default", Status::Starting).unwrap();
    simulator
        .receive("default", Incoming::text(ANI, "STOP"))
        .unwrap();
    simulator.type_on_phone("default", CHAT, "halo").unwrap();
    simulator.react("default", ANI, "3EB0A", "x").unwrap();
    simulator.vote("default", ANI, "3EB0B", &["a"]).unwrap();
    simulator.force("default", Status::Working).unwrap();
    let mut told = Vec::new();
    for _ in 0..7 {
        told.push(events.next().await.unwrap()["event"].clone());
    }
    assert_eq!(
        told,
        [
            "session.status",
            "session.status",
            "message",
            "message.any",
            "message.any",
            "message.reaction",
            "poll.vote.failed",
        ]
    );
}
