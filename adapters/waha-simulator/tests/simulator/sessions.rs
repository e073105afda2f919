//! A session's life over HTTP.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use waha_simulator::{Engine, Simulator, Status};

use crate::{CHAT, Listener, PHONE, call, client, get, post, send, simulator};

async fn waiting_for_a_phone() -> Simulator {
    let simulator = Simulator::builder().speed(100.0).start().await.unwrap();
    let (status, body) = post(
        &simulator,
        "/api/sessions",
        json!({"name": "default", "start": true}),
    )
    .await;
    assert_eq!((status, &body["status"]), (201, &json!("STARTING")));
    simulator
        .wait_for("default", Status::ScanQrCode)
        .await
        .unwrap();
    simulator
}

#[tokio::test]
async fn a_phone_pairs_by_qr_code() {
    let simulator = waiting_for_a_phone().await;
    assert_eq!(
        get(&simulator, "/api/sessions/default/me").await,
        (200, Value::Null)
    );
    let (_, raw) = get(&simulator, "/api/default/auth/qr?format=raw").await;
    assert!(raw["value"].as_str().unwrap().starts_with("2@"));
    let image = client()
        .get(format!("{}/api/default/auth/qr", simulator.url()))
        .header("X-Api-Key", simulator.key())
        .send()
        .await
        .unwrap();
    assert_eq!(image.headers()["content-type"], "image/png");
    assert!(image.bytes().await.unwrap().starts_with(b"\x89PNG"));
    let (status, code) = post(
        &simulator,
        "/api/default/auth/request-code",
        json!({"phoneNumber": PHONE}),
    )
    .await;
    assert_eq!((status, code["code"].as_str().unwrap().len()), (201, 9));
    simulator.pair("default", PHONE).unwrap();
    simulator
        .wait_for("default", Status::Working)
        .await
        .unwrap();
    let (_, me) = get(&simulator, "/api/sessions/default/me").await;
    assert_eq!(me["id"], format!("{PHONE}@c.us"));
    let (status, _) = post(&simulator, "/api/default/auth/request-code", json!({})).await;
    assert_eq!(status, 422);
    assert_eq!(send(&simulator, "hello").await.unwrap().0, 201);
}

#[tokio::test]
async fn a_code_nobody_scans_is_renewed_and_then_the_session_fails() {
    let simulator = Simulator::builder()
        .speed(1000.0)
        .stopped_session("default")
        .start()
        .await
        .unwrap();
    let mut events = Listener::new(&simulator, "events=session.status").await;
    post(&simulator, "/api/sessions/default/start", json!({})).await;
    let mut seen = Vec::new();
    while seen.last() != Some(&"FAILED".to_owned()) {
        let event = events.next().await.unwrap();
        seen.push(event["payload"]["status"].as_str().unwrap().to_owned());
    }
    let mut expected = vec!["STARTING"];
    expected.extend(["SCAN_QR_CODE"; 6]);
    expected.push("FAILED");
    assert_eq!(seen, expected);
    let (status, body) = post(&simulator, "/api/sessions/default/start", json!({})).await;
    assert_eq!((status, &body["status"]), (201, &json!("FAILED")));
}

#[tokio::test]
async fn a_lost_link_first_fails_sends_and_then_lets_them_wait() {
    let simulator = Simulator::builder()
        .speed(20.0)
        .session("default", PHONE)
        .start()
        .await
        .unwrap();
    simulator.flap("default", Duration::from_secs(3)).unwrap();
    let (status, body) = send(&simulator, "x").await.unwrap();
    assert_eq!(
        (status, &body["exception"]["message"]),
        (500, &json!("Connection Closed"))
    );
    simulator
        .wait_for("default", Status::Starting)
        .await
        .unwrap();
    assert_eq!(send(&simulator, "y").await.unwrap().0, 201);
    assert_eq!(simulator.status("default"), Some(Status::Working));
    assert_eq!(simulator.ledger().handed(), 1);
}

#[tokio::test]
async fn a_send_to_a_session_that_stays_away_is_refused_after_the_wait() {
    let simulator = simulator().start().await.unwrap();
    simulator.force("default", Status::Starting).unwrap();
    let (status, body) = send(&simulator, "x").await.unwrap();
    assert_eq!((status, &body["status"]), (422, &json!("STARTING")));
    assert_eq!(
        (simulator.ledger().len(), simulator.ledger().handed()),
        (1, 0)
    );
}

#[tokio::test]
async fn an_unlinked_session_fails_until_it_is_paired_anew() {
    let simulator = Simulator::builder()
        .speed(1000.0)
        .session("default", PHONE)
        .start()
        .await
        .unwrap();
    simulator.unlink("default").unwrap();
    assert_eq!(simulator.status("default"), Some(Status::Failed));
    post(&simulator, "/api/sessions/default/restart", json!({})).await;
    simulator.wait_for("default", Status::Failed).await.unwrap();
    post(&simulator, "/api/sessions/default/logout", json!({})).await;
    simulator
        .wait_for("default", Status::ScanQrCode)
        .await
        .unwrap();
    simulator.pair("default", "6281200000099").unwrap();
    simulator
        .wait_for("default", Status::Working)
        .await
        .unwrap();
    send(&simulator, "x").await.unwrap();
    let ledger = simulator.ledger();
    assert_eq!(ledger.entries().next().unwrap().account(), "6281200000099");
}

#[tokio::test]
async fn calls_that_change_a_session_take_turns_and_time_out() {
    let simulator = Simulator::builder()
        .engine(Engine::Webjs)
        .speed(20.0)
        .session("default", PHONE)
        .start()
        .await
        .unwrap();
    let restarts = (0..4).map(|_| {
        call(
            &simulator,
            Method::POST,
            "/api/sessions/default/restart",
            None,
        )
    });
    let answers = futures_util::future::join_all(restarts).await;
    let failed: Vec<_> = answers
        .into_iter()
        .map(Result::unwrap)
        .filter(|(status, _)| *status == 500)
        .collect();
    assert!(!failed.is_empty());
    for (_, body) in failed {
        assert_eq!(
            body["exception"]["message"],
            "async-lock timed out in queue default"
        );
    }
}

#[tokio::test]
async fn a_new_process_is_seen_by_its_start_and_keeps_sessions_and_messages() {
    let simulator = simulator().store_default(true).start().await.unwrap();
    let (_, answer) = send(&simulator, "before").await.unwrap();
    let id = answer["key"]["id"].as_str().unwrap().to_owned();
    let (_, before) = get(&simulator, "/api/server/status").await;
    let mut events = Listener::new(&simulator, "events=*").await;
    simulator.restart_process();
    while events.next().await.is_some() {}
    simulator
        .wait_for("default", Status::Working)
        .await
        .unwrap();
    let (_, after) = get(&simulator, "/api/server/status").await;
    assert!(after["startTimestamp"].as_u64() > before["startTimestamp"].as_u64());
    let (status, _) = get(
        &simulator,
        &format!("/api/default/chats/{CHAT}/messages/{id}"),
    )
    .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn the_same_id_twice_is_sent_twice() {
    let simulator = simulator().start().await.unwrap();
    let body = json!({"session": "default", "chatId": CHAT, "text": "x", "id": "3EB0SAME"});
    for _ in 0..2 {
        let (status, answer) = post(&simulator, "/api/sendText", body.clone()).await;
        assert_eq!((status, &answer["key"]["id"]), (201, &json!("3EB0SAME")));
    }
    let found = simulator.ledger().duplicates();
    assert_eq!((found.len(), found[0].times), (1, 2));
    let (_, verdict) = get(
        &simulator,
        "/simulator/ledger/verdict?window_ms=60000&zone=Asia/Jakarta",
    )
    .await;
    assert_eq!(
        (&verdict["handed"], &verdict["duplicates"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(verdict["accounts"][PHONE]["mostInWindow"][0]["most"], 2);
    let (_, ledger) = get(&simulator, "/simulator/ledger").await;
    assert_eq!(ledger["entries"][1]["id"], "3EB0SAME");
}

#[tokio::test]
async fn what_a_phone_does_to_a_session_that_does_not_run_starts_nothing() {
    let simulator = Simulator::builder()
        .speed(1000.0)
        .session("works", PHONE)
        .stopped_session("stopped")
        .start()
        .await
        .unwrap();
    simulator.flap("stopped", Duration::from_secs(1)).unwrap();
    simulator.unlink("stopped").unwrap();
    assert!(!simulator.pair("stopped", PHONE).unwrap());
    assert!(!simulator.pair("works", "6281200000009").unwrap());
    // Longer than any of it would take.
    simulator.flap("works", Duration::from_secs(5)).unwrap();
    for status in [Status::Starting, Status::Working] {
        simulator.wait_for("works", status).await.unwrap();
    }
    assert_eq!(simulator.status("stopped"), Some(Status::Stopped));
    assert_eq!(simulator.status("works"), Some(Status::Working));
    let path = "/simulator/sessions/stopped/pair";
    assert_eq!(post(&simulator, path, json!({"phone": PHONE})).await.0, 422);
}
