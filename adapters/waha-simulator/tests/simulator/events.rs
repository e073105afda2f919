//! Webhooks and websockets: signed, repeated, filtered, one event for all.

use futures_util::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha512;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use waha_simulator::{AckTiming, GlobalWebhook, Simulator};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::{CHAT, Listener, PHONE, post, send, simulator};

/// Answers with the statuses given, the last one for ever, and passes every request on.
struct Receiver {
    statuses: std::sync::Mutex<Vec<ResponseTemplate>>,
    requests: mpsc::UnboundedSender<Request>,
}

impl Respond for Receiver {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let _ = self.requests.send(request.clone());
        let mut statuses = self.statuses.lock().unwrap();
        if statuses.len() > 1 {
            statuses.remove(0)
        } else {
            statuses[0].clone()
        }
    }
}

async fn receiver(
    answers: Vec<ResponseTemplate>,
) -> (MockServer, mpsc::UnboundedReceiver<Request>) {
    let server = MockServer::start().await;
    let (requests, received) = mpsc::unbounded_channel();
    let receiver = Receiver {
        statuses: std::sync::Mutex::new(answers),
        requests,
    };
    Mock::given(method("POST"))
        .and(path("/hook"))
        .respond_with(receiver)
        .mount(&server)
        .await;
    (server, received)
}

async fn with_hook(server: &MockServer, retries: Value) -> Simulator {
    let config = json!({"webhooks": [{
        "url": format!("{}/hook", server.uri()),
        "events": ["message.any"],
        "hmac": {"key": "secret"},
        "retries": retries,
        "customHeaders": [{"name": "X-Custom", "value": "abc"}],
    }]});
    Simulator::builder()
        .speed(1000.0)
        .session_with("default", PHONE, config)
        .start()
        .await
        .unwrap()
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn a_webhook_is_signed_over_its_very_bytes() {
    let (server, mut received) = receiver(vec![ResponseTemplate::new(200)]).await;
    let simulator = with_hook(&server, Value::Null).await;
    send(&simulator, "halo 👋").await.unwrap();
    let request = received.recv().await.unwrap();
    let mut mac = Hmac::<Sha512>::new_from_slice(b"secret").unwrap();
    mac.update(&request.body);
    let expected: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(header(&request, "x-webhook-hmac"), expected);
    assert_eq!(header(&request, "x-webhook-hmac-algorithm"), "sha512");
    assert_eq!(header(&request, "x-custom"), "abc");
    assert_eq!(header(&request, "user-agent"), "WAHA/2026.7.1");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        header(&request, "x-webhook-timestamp"),
        body["timestamp"].to_string()
    );
    assert_eq!(body["payload"]["source"], "api");
    assert_eq!(body["environment"]["platform"], "simulator/x64");
}

#[tokio::test]
async fn a_webhook_is_repeated_until_it_is_taken() {
    let refusals = [500, 400, 200].map(ResponseTemplate::new).to_vec();
    let (server, mut received) = receiver(refusals).await;
    let simulator = with_hook(
        &server,
        json!({"policy": "constant", "delaySeconds": 2, "attempts": 15}),
    )
    .await;
    send(&simulator, "x").await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let request = received.recv().await.unwrap();
        ids.push((
            header(&request, "x-webhook-request-id").to_owned(),
            request.body,
        ));
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[0], ids[2]);
    // The next message is the next request: there was no fourth.
    send(&simulator, "next").await.unwrap();
    let next = received.recv().await.unwrap();
    assert!(String::from_utf8_lossy(&next.body).contains("\"next\""));
}

#[tokio::test]
async fn a_webhook_gives_up_after_its_attempts() {
    let (server, mut received) = receiver(vec![ResponseTemplate::new(500)]).await;
    let simulator = with_hook(
        &server,
        json!({"policy": "linear", "delaySeconds": 1, "attempts": 2}),
    )
    .await;
    send(&simulator, "first").await.unwrap();
    for _ in 0..3 {
        received.recv().await.unwrap();
    }
    send(&simulator, "second").await.unwrap();
    let next = received.recv().await.unwrap();
    assert!(String::from_utf8_lossy(&next.body).contains("\"second\""));
}

#[tokio::test]
async fn a_redirect_counts_as_delivered_and_is_followed_without_the_body() {
    let server = MockServer::start().await;
    let (requests, mut received) = mpsc::unbounded_channel();
    let elsewhere = Receiver {
        statuses: std::sync::Mutex::new(vec![ResponseTemplate::new(500)]),
        requests,
    };
    let redirect = ResponseTemplate::new(302).insert_header("location", "/elsewhere");
    Mock::given(method("POST"))
        .respond_with(redirect)
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path("/elsewhere"))
        .respond_with(elsewhere)
        .expect(1)
        .mount(&server)
        .await;
    let simulator = with_hook(&server, Value::Null).await;
    send(&simulator, "x").await.unwrap();
    assert!(received.recv().await.unwrap().body.is_empty());
    server.verify().await;
}

#[tokio::test]
async fn one_event_has_one_id_for_all_who_listen() {
    let (server, mut received) = receiver(vec![ResponseTemplate::new(200)]).await;
    let simulator = simulator()
        .webhook(GlobalWebhook {
            url: format!("{}/hook", server.uri()),
            events: vec!["message.any".to_owned()],
            hmac_key: None,
        })
        .start()
        .await
        .unwrap();
    let mut one = Listener::new(
        &simulator,
        "session=default&events=message.any,session.status",
    )
    .await;
    let mut two = Listener::new(&simulator, "session=*&events=*").await;
    send(&simulator, "x").await.unwrap();
    let hooked: Value = serde_json::from_slice(&received.recv().await.unwrap().body).unwrap();
    assert!(hooked["id"].as_str().unwrap().starts_with("evt_"));
    assert_eq!(one.next_of("message.any").await, hooked);
    assert_eq!(two.next_of("message.any").await, hooked);
}

#[tokio::test]
async fn a_websocket_without_the_key_is_closed_as_unauthorized() {
    let simulator = simulator().start().await.unwrap();
    for query in ["session=*", "session=*&x-api-key=nope"] {
        let url = format!("ws://{}/ws?{query}", simulator.address());
        let (mut socket, answer) = tokio_tungstenite::connect_async(url).await.unwrap();
        assert_eq!(answer.status(), 101);
        let Some(Ok(Message::Close(Some(frame)))) = socket.next().await else {
            panic!("not closed");
        };
        assert_eq!(
            (u16::from(frame.code), frame.reason.as_str()),
            (1008, "Unauthorized")
        );
    }
}

#[tokio::test]
async fn a_send_is_echoed_and_acknowledged_in_order() {
    let simulator = simulator()
        .acks(AckTiming {
            device_rate: 1.0,
            read_rate: 1.0,
            ..AckTiming::default()
        })
        .speed(100.0)
        .store_default(true)
        .start()
        .await
        .unwrap();
    let mut events = Listener::new(&simulator, "session=default").await;
    let (_, answer) = send(&simulator, "hello").await.unwrap();
    let id = format!("true_{CHAT}_{}", answer["key"]["id"].as_str().unwrap());
    let echo = events.next().await.unwrap();
    assert_eq!(
        (&echo["event"], &echo["payload"]["id"]),
        (&json!("message.any"), &json!(id))
    );
    for name in ["SERVER", "DEVICE", "READ"] {
        let ack = events.next().await.unwrap();
        assert_eq!(ack["event"], "message.ack");
        assert_eq!(
            (&ack["payload"]["id"], &ack["payload"]["ackName"]),
            (&json!(id), &json!(name))
        );
    }
    let (_, stored) = crate::get(
        &simulator,
        &format!("/api/default/chats/{CHAT}/messages/{id}"),
    )
    .await;
    assert_eq!(stored["ackName"], "READ");
}

#[tokio::test]
async fn what_comes_in_is_two_events_and_a_group_has_its_own_acknowledgement() {
    let group = "120363000000000001@g.us";
    let simulator = simulator()
        .group(group, &["6281200000003@c.us"])
        .start()
        .await
        .unwrap();
    let mut events = Listener::new(&simulator, "events=*").await;
    simulator
        .inbound("default", "6281200000005", "Budi", "STOP")
        .unwrap();
    let (message, any) = (events.next().await.unwrap(), events.next().await.unwrap());
    assert_eq!(
        (&message["event"], &any["event"]),
        (&json!("message"), &json!("message.any"))
    );
    assert_ne!(message["id"], any["id"]);
    assert_eq!(message["payload"], any["payload"]);
    assert_eq!(message["payload"]["fromMe"], false);
    post(
        &simulator,
        "/api/sendText",
        json!({"session": "default", "chatId": group, "text": "x"}),
    )
    .await;
    let ack = events.next_of("message.ack.group").await;
    assert_eq!(ack["payload"]["participant"], "6281200000003@c.us");
    assert_eq!(ack["payload"]["ackName"], "SERVER");
}

#[tokio::test]
async fn dropped_websockets_end_and_miss_what_happens_meanwhile() {
    let simulator = simulator().acks(AckTiming::none()).start().await.unwrap();
    let mut first = Listener::new(&simulator, "events=message.any").await;
    simulator.drop_sockets();
    assert_eq!(first.next().await, None);
    send(&simulator, "missed").await.unwrap();
    let mut second = Listener::new(&simulator, "events=message.any").await;
    send(&simulator, "seen").await.unwrap();
    assert_eq!(second.next().await.unwrap()["payload"]["body"], "seen");
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_dropped() {
    // Two pings a minute apart: 120 ms here. Nobody reads this socket, so nobody answers.
    let simulator = simulator().start().await.unwrap();
    let silent = Listener::new(&simulator, "events=*").await;
    while simulator.sockets() > 0 {
        tokio::task::yield_now().await;
    }
    drop(silent);
}
