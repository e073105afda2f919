//! Events under stress, from a simulated WAHA: a websocket that is cut again and again, and webhooks that come many times and from anybody.
#![cfg(all(feature = "socket", feature = "axum"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, State};
use axum::routing::post;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use waha_client::events::{Seen, SignedEvent, SocketItem, Subscription, Webhook};
use waha_client::{Payload, WahaClient};
use waha_simulator::{GlobalWebhook, Simulator};

const KEY: &str = "hook-key";

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// What a listener was told, in order.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Connected,
    Gap,
    Message(String),
}

/// Listens until the last message has come.
fn listener(waha: &WahaClient, last: &'static str) -> mpsc::UnboundedReceiver<Told> {
    let wanted = Subscription::new()
        .events(["message"])
        .retry_delay(Duration::from_millis(20)..=Duration::from_millis(200));
    let mut stream = waha.listen(wanted);
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(item) = stream.next().await {
            let told = match item.unwrap() {
                SocketItem::Connected => Told::Connected,
                SocketItem::Gap(_) => Told::Gap,
                SocketItem::Event(event) => match event.payload {
                    Payload::Message(message) => Told::Message(message.body.unwrap()),
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            };
            let is_last = told == Told::Message(last.to_owned());
            sender.send(told).unwrap();
            if is_last {
                return;
            }
        }
    });
    receiver
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_cuts_lose_nothing_that_is_sent_and_each_is_told_of() {
    const CUTS: usize = 50;
    let simulator = Simulator::builder()
        .session("default", "6281200000001")
        .start()
        .await
        .unwrap();
    let waha = WahaClient::builder(simulator.url())
        .api_key(simulator.key().to_owned())
        .build()
        .unwrap();
    let says = |text: &str| {
        let told = simulator.inbound("default", "6281200000002", "Ani", text);
        told.unwrap();
    };
    let mut receiver = listener(&waha, "the end");
    let (mut sent, mut missed) = (Vec::new(), Vec::new());
    for cut in 0..CUTS {
        until("it connects", || simulator.sockets() == 1).await;
        for nth in 0..3 {
            let text = format!("{cut}-{nth}");
            says(&text);
            sent.push(text);
        }
        simulator.drop_sockets();
        let text = format!("{cut}-missed");
        says(&text);
        // It may be back already.
        match simulator.sockets() {
            0 => missed.push((sent.len(), text)),
            _ => sent.push(text),
        }
    }
    until("it connects", || simulator.sockets() == 1).await;
    says("the end");
    sent.push("the end".to_owned());

    let mut told = Vec::new();
    while let Some(item) = receiver.recv().await {
        told.push(item);
    }
    let received = told.iter().filter_map(|item| match item {
        Told::Message(text) => Some(text),
        _ => None,
    });
    let missed_texts: Vec<_> = missed.iter().map(|(_, text)| text).collect();
    let received: Vec<_> = received.filter(|it| !missed_texts.contains(it)).collect();
    assert_eq!(received, sent.iter().collect::<Vec<_>>());
    assert!(missed.len() > CUTS / 2, "only {} were missed", missed.len());
    // Whatever was missed lies between a gap and the next connection.
    for (before, text) in &missed {
        let place = |text: &str| {
            told.iter()
                .position(|it| *it == Told::Message(text.to_owned()))
        };
        let from = place(&sent[before - 1]).unwrap();
        let to = place(&sent[*before]).unwrap();
        let between = &told[from + 1..to];
        assert!(
            between.first() == Some(&Told::Gap) && between.contains(&Told::Connected),
            "{text}: {between:?}"
        );
    }
    let gaps = told
        .windows(2)
        .filter(|it| it[0] != Told::Gap && it[1] == Told::Gap);
    assert!(gaps.count() >= CUTS, "a cut was not told of");
}

/// Who receives: each event counts once.
#[derive(Clone)]
struct Receiver {
    webhook: Webhook,
    books: Arc<Mutex<Books>>,
}

struct Books {
    seen: Seen,
    deliveries: usize,
    /// How often each text was counted, by the kind of its event.
    counted: BTreeMap<(&'static str, String), usize>,
}

impl FromRef<Receiver> for Webhook {
    fn from_ref(receiver: &Receiver) -> Self {
        receiver.webhook.clone()
    }
}

async fn receive(State(receiver): State<Receiver>, SignedEvent(event): SignedEvent) {
    let mut books = receiver.books.lock().unwrap();
    books.deliveries += 1;
    if !books.seen.is_new(&event) {
        return;
    }
    let (kind, text) = match event.payload {
        Payload::Message(message) => ("message", message.body),
        Payload::AnyMessage(message) => ("message.any", message.body),
        _ => return,
    };
    let times = books.counted.entry((kind, text.unwrap_or_default()));
    *times.or_default() += 1;
}

async fn serve(receiver: Receiver) -> String {
    let app = Router::new()
        .route("/waha", post(receive))
        .route(
            "/large",
            post(receive).layer(DefaultBodyLimit::max(16 << 20)),
        )
        .with_state(receiver);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha512(key: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn sha256(key: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn message(id: &str, age: Duration, text: &str) -> String {
    let dated = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - age;
    let payload = serde_json::json!({
        "id": format!("false_6281200000002@c.us_{id}"),
        "timestamp": dated.as_secs(),
        "from": "6281200000002@c.us",
        "fromMe": false,
        "body": text,
    });
    let event = serde_json::json!({
        "id": format!("evt_{id}"),
        "timestamp": u64::try_from(dated.as_millis()).unwrap(),
        "event": "message",
        "session": "default",
        "payload": payload,
    });
    event.to_string()
}

/// Delivers, with a signature or none, and says what was answered: 413 also when the connection was cut under a body that nobody
/// reads.
async fn delivered(
    http: &reqwest::Client,
    url: String,
    body: &str,
    signature: Option<String>,
    algorithm: &str,
) -> u16 {
    let mut request = http.post(url).body(body.to_owned());
    if let Some(signature) = signature {
        request = request
            .header("x-webhook-hmac", signature)
            .header("x-webhook-hmac-algorithm", algorithm);
    }
    match request.send().await {
        Ok(answer) => answer.status().as_u16(),
        Err(error) if error.is_connect() => panic!("{error}"),
        Err(_) => 413,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_storm_of_deliveries_each_event_counts_once_and_a_strangers_never() {
    const MESSAGES: usize = 100;
    let _by_another_test = rustls::crypto::ring::default_provider().install_default();
    let books = Books {
        seen: Seen::new(100_000),
        deliveries: 0,
        counted: BTreeMap::new(),
    };
    let receiver = Receiver {
        webhook: Webhook::new(KEY),
        books: Arc::new(Mutex::new(books)),
    };
    let books = Arc::clone(&receiver.books);
    let server = serve(receiver).await;
    let url = format!("{server}/waha");
    let events = ["message", "message.any"];
    let hook = serde_json::json!({"url": url, "events": events, "hmac": {"key": KEY}});
    // The global webhook and the session's lead to the same address: every event comes twice.
    let simulator = Simulator::builder()
        .webhook(GlobalWebhook {
            url: url.clone(),
            events: events.map(str::to_owned).to_vec(),
            hmac_key: Some(KEY.to_owned()),
        })
        .session_with(
            "default",
            "6281200000001",
            serde_json::json!({"webhooks": [hook]}),
        )
        .start()
        .await
        .unwrap();
    for number in 0..MESSAGES {
        let text = format!("text {number}");
        simulator
            .inbound("default", "6281200000002", "Ani", &text)
            .unwrap();
    }

    let http = reqwest::Client::new();
    let now = Duration::ZERO;
    let (good, forged, old) = (
        message("A", now, "repeated"),
        message("B", now, "forged"),
        message("C", Duration::from_secs(600), "old"),
    );
    let signed = |body: &str| Some(sha512(KEY, body));
    let deliver = |path: &str, body: &str, signature: Option<String>, algorithm: &'static str| {
        let (http, url, body) = (http.clone(), format!("{server}{path}"), body.to_owned());
        async move { delivered(&http, url, &body, signature, algorithm).await }
    };
    let repeated = join_all((0..50).map(|_| deliver("/waha", &good, signed(&good), "sha512")));
    assert_eq!(repeated.await, [200; 50]);
    let strangers = [
        deliver("/waha", &forged, Some(sha512("another", &forged)), "sha512"),
        deliver("/waha", &forged, signed(&good), "sha512"),
        deliver("/waha", &forged, Some(sha256(KEY, &forged)), "sha512"),
        deliver("/waha", &forged, Some(sha256(KEY, &forged)), "sha256"),
        deliver("/waha", &forged, signed(&forged), "sha256"),
        deliver("/waha", &forged, None, ""),
        deliver("/waha", &old, signed(&old), "sha512"),
    ];
    assert_eq!(join_all(strangers).await, [401; 7]);

    // Ten megabytes: refused unread where nobody asked for more, counted where somebody did, and never believed unsigned.
    let large = message("D", now, &"x".repeat(10 << 20));
    let answers = [
        deliver("/waha", &large, signed(&large), "sha512"),
        deliver("/large", &large, None, ""),
        deliver("/large", &large, signed(&large), "sha512"),
        deliver("/large", &large, signed(&large), "sha512"),
    ];
    assert_eq!(join_all(answers).await, [413, 401, 200, 200]);

    let all = 2 * 2 * MESSAGES + 50 + 2;
    until("everything is delivered", || {
        books.lock().unwrap().deliveries >= all
    })
    .await;
    let books = books.lock().unwrap();
    assert_eq!(books.deliveries, all);
    assert_eq!(books.counted.len(), 2 * MESSAGES + 2);
    assert!(books.counted.values().all(|times| *times == 1));
    let texts = books.counted.keys().map(|(_, text)| text.as_str());
    assert!(!texts.into_iter().any(|it| ["forged", "old"].contains(&it)));
}
