//! Each fault does what its name says, is counted when it did, and is drawn by the seed alone.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use waha_simulator::ledger::Fate;
use waha_simulator::{AckTiming, Fault, FaultRates, Simulator};

use crate::{CHAT, Listener, client, get, send, simulator};

async fn with(fault: Fault) -> Simulator {
    simulator()
        .seed(3)
        .store_default(true)
        .held(1, Duration::from_secs(1))
        .faults(FaultRates::none().with(fault, 1.0))
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn every_fault_answers_and_executes_as_described() {
    // The answer's status (0: none came), and whether the message was handed to WhatsApp.
    let table = [
        (Fault::Latency, 201, true),
        (Fault::ErrorBefore, 500, false),
        (Fault::ErrorAfter, 500, true),
        (Fault::ResetBefore, 0, false),
        (Fault::ResetAfter, 0, true),
        (Fault::AnswerLost, 0, true),
        (Fault::Late, 201, true),
        (Fault::Held, 201, true),
        (Fault::NeverStored, 201, true),
        (Fault::SessionFlap, 201, true),
        (Fault::Timelock, 500, false),
        (Fault::RateOverlimit, 500, false),
        (Fault::TooManyRequests, 429, false),
        (Fault::BadGatewayBefore, 502, false),
        (Fault::BadGatewayAfter, 502, true),
        (Fault::AcksMissing, 201, true),
        (Fault::AcksLate, 201, true),
        (Fault::AcksOutOfOrder, 201, true),
        (Fault::AcksTwice, 201, true),
        (Fault::AckErrorThenDevice, 201, true),
        (Fault::AckError, 201, true),
    ];
    for (fault, status, handed) in table {
        let simulator = with(fault).await;
        let answered = send(&simulator, "hello").await;
        assert_eq!(
            answered.as_ref().map_or(0, |(status, _)| *status),
            status,
            "{fault}: {answered:?}"
        );
        let ledger = simulator.ledger();
        assert_eq!(
            (ledger.len(), ledger.handed()),
            (1, usize::from(handed)),
            "{fault}"
        );
        assert_eq!(simulator.counts()[&fault], 1, "{fault}");
        assert_eq!(simulator.counts().values().sum::<u64>(), 1, "{fault}");
    }
    let named: Vec<_> = table.iter().map(|(fault, ..)| *fault).collect();
    let missing: Vec<_> = Fault::ALL
        .iter()
        .filter(|fault| !named.contains(fault))
        .collect();
    assert_eq!(missing, [&Fault::IdIgnored], "a fault without a test");
}

#[tokio::test]
async fn an_ignored_id_is_replaced() {
    let simulator = with(Fault::IdIgnored).await;
    assert!(send(&simulator, "no id asked for").await.is_ok());
    assert_eq!(simulator.counts()[&Fault::IdIgnored], 0);
    let body = json!({"session": "default", "chatId": CHAT, "text": "x", "id": "3EB0MINE"});
    let (status, answer) = crate::post(&simulator, "/api/sendText", body).await;
    assert_eq!(status, 201);
    assert_ne!(answer["key"]["id"], "3EB0MINE");
    assert_eq!(simulator.counts()[&Fault::IdIgnored], 1);
}

#[tokio::test]
async fn a_message_that_was_never_stored_is_not_found() {
    let simulator = with(Fault::NeverStored).await;
    let (_, answer) = send(&simulator, "hello").await.unwrap();
    let id = answer["key"]["id"].as_str().unwrap();
    let path = format!("/api/default/chats/{CHAT}/messages/{id}");
    assert_eq!(get(&simulator, &path).await.0, 404);
    assert_eq!(simulator.ledger().handed(), 1);
}

#[tokio::test]
async fn engine_refusals_carry_what_clients_look_for() {
    let (_, timelock) = send(&with(Fault::Timelock).await, "x").await.unwrap();
    assert!(
        timelock["exception"]["message"]
            .as_str()
            .unwrap()
            .contains("463")
    );
    let (_, limited) = send(&with(Fault::RateOverlimit).await, "x").await.unwrap();
    assert_eq!(limited["exception"]["message"], "rate-overlimit");
    assert_eq!(limited["exception"]["data"], 429);
    let simulator = with(Fault::TooManyRequests).await;
    let answer = client()
        .post(format!("{}/api/sendText", simulator.url()))
        .header("X-Api-Key", simulator.key())
        .json(&json!({"session": "default", "chatId": CHAT, "text": "x"}))
        .send()
        .await
        .unwrap();
    let wait = answer.headers()["retry-after"].to_str().unwrap();
    assert!(wait.parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn a_late_message_goes_out_although_the_client_hung_up() {
    let simulator = simulator()
        .speed(100.0)
        .late_bands(vec![(Duration::from_secs(20), Duration::from_secs(20))])
        .faults(FaultRates::none().with(Fault::Late, 1.0))
        .start()
        .await
        .unwrap();
    let mut events = Listener::new(&simulator, "events=message.any").await;
    let gave_up = client()
        .post(format!("{}/api/sendText", simulator.url()))
        .header("X-Api-Key", simulator.key())
        .json(&json!({"session": "default", "chatId": CHAT, "text": "late"}))
        .timeout(Duration::from_millis(30))
        .send()
        .await;
    assert!(gave_up.is_err());
    assert_eq!(simulator.ledger().handed(), 0);
    assert_eq!(
        events.next_of("message.any").await["payload"]["body"],
        "late"
    );
    let ledger = simulator.ledger();
    let entry = ledger.entries().next().unwrap();
    let waited = entry.handed_us().unwrap() - entry.received_us();
    assert!((195_000..2_000_000).contains(&waited), "{waited} us");
    assert_eq!(simulator.counts()[&Fault::Late], 1);
}

#[tokio::test]
async fn held_requests_go_out_together() {
    let simulator = simulator()
        .held(3, Duration::from_secs(3_600))
        .faults(FaultRates::none().with(Fault::Held, 1.0))
        .start()
        .await
        .unwrap();
    let all =
        futures_util::future::join_all(["a", "b", "c"].map(|text| send(&simulator, text))).await;
    assert!(all.iter().all(|answer| matches!(answer, Ok((201, _)))));
    let ledger = simulator.ledger();
    let last_received = ledger
        .entries()
        .map(|entry| entry.received_us())
        .max()
        .unwrap();
    let first_handed = ledger
        .entries()
        .filter_map(|entry| entry.handed_us())
        .min()
        .unwrap();
    assert!(
        first_handed >= last_received,
        "one went out before the others were there"
    );
}

#[tokio::test]
async fn what_is_held_alone_goes_out_after_a_while() {
    let simulator = simulator()
        .held(3, Duration::from_secs(20))
        .faults(FaultRates::none().with(Fault::Held, 1.0))
        .start()
        .await
        .unwrap();
    assert_eq!(send(&simulator, "alone").await.unwrap().0, 201);
}

#[tokio::test]
async fn acknowledgements_come_as_their_fault_says() {
    let table = [
        (Fault::AcksOutOfOrder, vec![3, 2, 1], Fate::Received),
        (Fault::AcksTwice, vec![1, 1, 2, 2, 3, 3], Fate::Received),
        (Fault::AckErrorThenDevice, vec![-1, 2], Fate::Received),
        (Fault::AckError, vec![-1], Fate::NotDelivered),
        (Fault::AcksLate, vec![1, 2, 3], Fate::Received),
    ];
    for (fault, acks, fate) in table {
        let at = |ms| (Duration::from_millis(ms), Duration::from_millis(ms));
        let simulator = simulator()
            .speed(10.0)
            .acks(AckTiming {
                server: at(10),
                device: at(500),
                read: at(500),
                device_rate: 1.0,
                read_rate: 1.0,
                ..AckTiming::default()
            })
            .faults(FaultRates::none().with(fault, 1.0));
        // Late acknowledgements are late by minutes.
        let speed = if fault == Fault::AcksLate {
            2_000.0
        } else {
            10.0
        };
        let simulator = simulator.speed(speed).start().await.unwrap();
        let mut events = Listener::new(&simulator, "events=message.ack").await;
        send(&simulator, "hello").await.unwrap();
        let mut seen = Vec::new();
        for _ in &acks {
            let event = events.next_of("message.ack").await;
            seen.push(event["payload"]["ack"].as_i64().unwrap());
        }
        if fault == Fault::AcksTwice {
            seen.sort_unstable();
        }
        assert_eq!(seen, acks, "{fault}");
        assert_eq!(simulator.acks_outstanding(), 0, "{fault}");
        let ledger = simulator.ledger();
        assert_eq!(ledger.entries().next().unwrap().fate(), fate, "{fault}");
    }
    let missing = with(Fault::AcksMissing).await;
    send(&missing, "hello").await.unwrap();
    assert_eq!(missing.acks_outstanding(), 0);
}

#[tokio::test]
async fn rates_change_while_it_runs() {
    let simulator = simulator().start().await.unwrap();
    assert_eq!(send(&simulator, "x").await.unwrap().0, 201);
    simulator
        .faults()
        .set(FaultRates::none().with(Fault::BadGatewayBefore, 1.0));
    assert_eq!(send(&simulator, "x").await.unwrap().0, 502);
    simulator.faults().set(FaultRates::none());
    assert_eq!(send(&simulator, "x").await.unwrap().0, 201);
}

/// What became of each chat's message, and which faults happened how often.
async fn outcome(seed: u64, chats: impl Iterator<Item = u64>) -> (Outcomes, BTreeMap<Fault, u64>) {
    // Flaps and holds act on other requests as well; everything else must depend on its own alone.
    let rates = FaultRates::every(0.04)
        .with(Fault::SessionFlap, 0.0)
        .with(Fault::Held, 0.0);
    let simulator = simulator()
        .seed(seed)
        .speed(100_000.0)
        .store_default(true)
        .faults(rates)
        .start()
        .await
        .unwrap();
    let client = client();
    let work = chats.map(|chat| {
        let request = client
            .post(format!("{}/api/sendText", simulator.url()))
            .header("X-Api-Key", simulator.key())
            .json(&json!({
                "session": "default",
                "chatId": format!("62812000{chat:05}@c.us"),
                "text": "hello",
                "id": format!("3EB0{chat:018}"),
            }));
        async move {
            let status = request
                .send()
                .await
                .map_or(0, |answer| answer.status().as_u16());
            (chat, status)
        }
    });
    let statuses: BTreeMap<u64, u16> = futures_util::StreamExt::collect(
        futures_util::StreamExt::buffer_unordered(futures_util::stream::iter(work), 32),
    )
    .await;
    let ledger = simulator.ledger();
    let fates = ledger
        .entries()
        .map(|entry| (entry.chat(), (entry.fate().name(), entry.id().to_owned())))
        .collect();
    ((statuses, fates), simulator.counts())
}

type Outcomes = (BTreeMap<u64, u16>, BTreeMap<String, (&'static str, String)>);

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_decides_whatever_the_order_of_arrival() {
    let seed = 11;
    let forth = outcome(seed, 0..300).await;
    let back = outcome(seed, (0..300).rev()).await;
    assert_eq!(forth, back, "seed {seed}");
    let other = outcome(seed + 1, 0..300).await;
    assert_ne!(forth, other);
    let none: Vec<_> = forth
        .1
        .iter()
        .filter(|(_, times)| **times == 0)
        .map(|(fault, _)| *fault)
        .collect();
    assert_eq!(
        none,
        [Fault::Held, Fault::SessionFlap],
        "seed {seed}: {:?}",
        forth.1
    );
}

#[tokio::test]
async fn faults_are_read_and_set_over_http() {
    let simulator = simulator().start().await.unwrap();
    let put = |body: Value| {
        crate::call(
            &simulator,
            reqwest::Method::PUT,
            "/simulator/faults",
            Some(body),
        )
    };
    assert_eq!(put(json!({"nope": 0.5})).await.unwrap().0, 400);
    assert_eq!(put(json!({"late": 2})).await.unwrap().0, 400);
    let (status, faults) = put(json!({"error-before": 1.0})).await.unwrap();
    assert_eq!(
        (status, &faults["error-before"]["rate"]),
        (200, &json!(1.0))
    );
    send(&simulator, "x").await.unwrap();
    let (_, faults) = get(&simulator, "/simulator/faults").await;
    assert_eq!(faults["error-before"]["happened"], 1);
}
