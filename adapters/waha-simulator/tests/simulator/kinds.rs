//! Every kind of send: which engine answers it how, what lands in the ledger, and that faults,
//! echoes and acknowledgements are those of a text.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use waha_simulator::ledger::{BodyHash, Fate, Kind, media_hash, parts_hash, text_hash};
use waha_simulator::{AckTiming, Engine, Fault, FaultRates};

use crate::{CHAT, Listener, get, listened_to, post, simulator};

/// A call, its body without session and chat, the kind, and the hash of what is sent.
fn sends() -> Vec<(&'static str, Value, Kind, BodyHash)> {
    let file = json!({"mimetype": "audio/ogg", "data": "aGVsbG8="});
    vec![
        (
            "/api/sendText",
            json!({"text": "halo"}),
            Kind::Text,
            text_hash("halo"),
        ),
        (
            "/api/reply",
            json!({"text": "halo"}),
            Kind::Text,
            text_hash("halo"),
        ),
        (
            "/api/sendVoice",
            json!({"file": file, "caption": "ignored"}),
            Kind::Voice,
            media_hash(b"hello", ""),
        ),
        (
            "/api/sendVideo",
            json!({"file": file, "caption": "v"}),
            Kind::Video,
            media_hash(b"hello", "v"),
        ),
        (
            "/api/sendButtons",
            json!({"body": "b", "buttons": [{"type": "reply", "text": "Yes"}]}),
            Kind::Buttons,
            parts_hash(&["", "b", "", "Yes"]),
        ),
        (
            "/api/sendList",
            json!({"message": {
                "title": "T", "description": "D", "footer": "F", "button": "B",
                "sections": [{"title": "S", "rows": [{"title": "r", "rowId": "1"}]}],
            }}),
            Kind::List,
            parts_hash(&["T", "D", "F", "B", "r", "1"]),
        ),
        (
            "/api/sendPoll",
            json!({"poll": {"name": "q", "options": ["a", "b"]}}),
            Kind::Poll,
            parts_hash(&["q", "a", "b"]),
        ),
        (
            "/api/sendLocation",
            json!({"latitude": -6.2, "longitude": 106.8, "title": "Jakarta"}),
            Kind::Location,
            parts_hash(&["-6.2", "106.8", "Jakarta"]),
        ),
        (
            "/api/sendContactVcard",
            json!({"contacts": [{"vcard": "BEGIN:VCARD\nFN:Jane\nEND:VCARD"}]}),
            Kind::Contact,
            parts_hash(&["BEGIN:VCARD\nFN:Jane\nEND:VCARD"]),
        ),
        (
            "/api/send/link-custom-preview",
            json!({
                "text": "see https://e.com/",
                "preview": {"url": "https://e.com/", "title": "t", "image": {"url": "http://x"}},
            }),
            Kind::Link,
            text_hash("see https://e.com/"),
        ),
        (
            "/api/sendLinkPreview",
            json!({"url": "https://e.com", "title": "t"}),
            Kind::Link,
            text_hash("t\nhttps://e.com"),
        ),
        (
            "/api/send/buttons/reply",
            json!({"replyTo": "x", "selectedDisplayText": "Yes", "selectedButtonID": "1"}),
            Kind::ButtonReply,
            parts_hash(&["1", "Yes"]),
        ),
    ]
}

fn body(fields: &Value) -> Value {
    let mut body = fields.clone();
    body["session"] = "default".into();
    body["chatId"] = CHAT.into();
    body
}

/// Which kinds an engine refuses with 501.
fn refused(engine: Engine, kind: Kind) -> bool {
    let noweb = engine == Engine::Noweb;
    let gows = engine == Engine::Gows;
    match kind {
        Kind::Buttons => !noweb,
        Kind::ButtonReply => engine != Engine::Webjs,
        Kind::List => !noweb && !gows,
        _ => false,
    }
}

#[tokio::test]
async fn each_kind_is_in_the_ledger_with_its_hash_or_refused_by_the_engine() {
    for engine in [Engine::Noweb, Engine::Gows, Engine::Webjs] {
        let simulator = simulator().engine(engine).start().await.unwrap();
        for (path, fields, kind, hash) in sends() {
            let known = simulator.ledger().len();
            let (status, answer) = post(&simulator, path, body(&fields)).await;
            let no_preview = path.ends_with("preview") && engine == Engine::Webjs;
            if refused(engine, kind) || no_preview {
                assert_eq!(status, 501, "{engine} {path}");
                assert_eq!(simulator.ledger().len(), known, "{engine} {path}");
                continue;
            }
            assert_eq!(status, 201, "{engine} {path}: {answer}");
            let ledger = simulator.ledger();
            let entry = ledger.entries().last().unwrap();
            assert_eq!(ledger.len(), known + 1, "{engine} {path}");
            assert_eq!(entry.kind(), kind, "{engine} {path}");
            assert_eq!(entry.body_hash(), hash, "{engine} {path}");
            assert_eq!(entry.fate(), Fate::Received, "{engine} {path}");
            assert_eq!(entry.chat(), "6281200000002", "{engine} {path}");
            let answered = answer.to_string();
            assert!(answered.contains(entry.id()), "{engine} {path}: {answered}");
        }
    }
}

#[tokio::test]
async fn each_kind_has_the_fault_of_its_request() {
    for (path, fields, kind, _) in sends() {
        if refused(Engine::Noweb, kind) {
            continue;
        }
        let simulator = simulator()
            .faults(FaultRates::none().with(Fault::ErrorAfter, 1.0))
            .start()
            .await
            .unwrap();
        let (status, answer) = post(&simulator, path, body(&fields)).await;
        assert_eq!(
            (status, &answer["exception"]["message"]),
            (500, &json!("Timed Out")),
            "{path}"
        );
        assert_eq!(simulator.ledger().handed(), 1, "{path}");
    }
}

#[tokio::test]
async fn each_kind_is_echoed_and_acknowledged_except_that_buttons_have_no_echo() {
    let simulator = listened_to()
        .store_default(true)
        .acks(AckTiming {
            device_rate: 0.0,
            ..AckTiming::default()
        })
        .start()
        .await
        .unwrap();
    let mut events = Listener::new(&simulator, "events=message.any,message.ack").await;
    for (path, fields, kind, _) in sends() {
        if refused(Engine::Noweb, kind) {
            continue;
        }
        post(&simulator, path, body(&fields)).await;
        let ledger = simulator.ledger();
        let id = format!("true_{CHAT}_{}", ledger.entries().last().unwrap().id());
        if kind != Kind::Buttons {
            let echo = events.next().await.unwrap();
            assert_eq!(echo["event"], "message.any", "{path}");
            assert_eq!(echo["payload"]["id"], id.as_str(), "{path}");
            assert_eq!(echo["payload"]["source"], "api", "{path}");
        }
        let ack = events.next().await.unwrap();
        assert_eq!(ack["event"], "message.ack", "{path}");
        assert_eq!(ack["payload"]["id"], id.as_str(), "{path}");
        let stored = get(
            &simulator,
            &format!("/api/default/chats/{CHAT}/messages/{id}"),
        )
        .await;
        // The deprecated reply goes to a chat of its own name, where nobody looks (recorded).
        let found = kind != Kind::Buttons && path != "/api/reply";
        assert_eq!(stored.0, if found { 200 } else { 404 }, "{path}");
    }
}

#[tokio::test]
async fn what_waha_shows_of_a_message_depends_on_its_kind() {
    let simulator = simulator()
        .store_default(true)
        .acks(AckTiming::none())
        .start()
        .await
        .unwrap();
    let table = [
        ("/api/sendPoll", "/body", Value::Null),
        (
            "/api/sendPoll",
            "/_data/message/pollCreationMessageV3/selectableOptionsCount",
            json!(1),
        ),
        ("/api/sendLocation", "/location/latitude", json!("-6.2")),
        ("/api/sendLocation", "/location/name", json!("Jakarta")),
        (
            "/api/sendContactVcard",
            "/vCards/0",
            json!("BEGIN:VCARD\nFN:Jane\nEND:VCARD"),
        ),
        ("/api/sendVoice", "/hasMedia", json!(true)),
        (
            "/api/sendVoice",
            "/_data/message/audioMessage/ptt",
            json!(true),
        ),
        ("/api/sendVideo", "/body", json!("v")),
        ("/api/sendList", "/body", json!("D")),
        (
            "/api/send/link-custom-preview",
            "/body",
            json!("see https://e.com/"),
        ),
    ];
    for (path, pointer, shown) in table {
        let fields = sends()
            .into_iter()
            .find(|send| send.0 == path)
            .map(|send| send.1);
        post(&simulator, path, body(&fields.unwrap())).await;
        let path_of_chat = format!("/api/default/chats/{CHAT}/messages?limit=1");
        let (_, messages) = get(&simulator, &path_of_chat).await;
        assert_eq!(
            messages[0].pointer(pointer),
            Some(&shown),
            "{path} {pointer}"
        );
    }
}

#[tokio::test]
async fn a_forward_carries_the_content_and_says_so() {
    for engine in [Engine::Noweb, Engine::Gows, Engine::Webjs] {
        let simulator = simulator()
            .engine(engine)
            .store_default(true)
            .start()
            .await
            .unwrap();
        post(&simulator, "/api/sendText", body(&json!({"text": "halo"}))).await;
        let first = simulator.ledger().entries().next().unwrap().id().to_owned();
        let forward = json!({
            "session": "default",
            "chatId": "6281200000003@c.us",
            "messageId": format!("true_{CHAT}_{first}"),
        });
        let (status, answer) = post(&simulator, "/api/forwardMessage", forward).await;
        if engine == Engine::Gows {
            assert_eq!(status, 501);
            continue;
        }
        assert_eq!(status, 201, "{engine}");
        if engine == Engine::Webjs {
            assert_eq!(answer, json!({"sent": true}));
        } else {
            assert_eq!(answer["body"], "halo");
            let context = "/_data/message/extendedTextMessage/contextInfo/isForwarded";
            assert_eq!(answer.pointer(context), Some(&json!(true)));
        }
        let ledger = simulator.ledger();
        let entry = ledger.entries().last().unwrap();
        assert_eq!(
            (entry.kind(), entry.body_hash()),
            (Kind::Forward, parts_hash(&[first]))
        );
        assert_eq!(entry.chat(), "6281200000003", "{engine}");
    }
}

#[tokio::test]
async fn ids_are_honoured_where_a_body_has_one() {
    let simulator = simulator().start().await.unwrap();
    let table = [
        ("/api/sendPoll", true),
        ("/api/sendLocation", true),
        ("/api/sendContactVcard", true),
        ("/api/send/link-custom-preview", true),
        ("/api/sendList", false),
        ("/api/sendVideo", false),
    ];
    for (nth, (path, honoured)) in table.into_iter().enumerate() {
        let fields = sends().into_iter().find(|send| send.0 == path).unwrap().1;
        let mut body = body(&fields);
        let id = format!("3EB0MINE{nth}");
        body["id"] = id.as_str().into();
        post(&simulator, path, body).await;
        let ledger = simulator.ledger();
        assert_eq!(
            ledger.entries().last().unwrap().id() == id,
            honoured,
            "{path}"
        );
    }
}

/// Answers every request with this status.
async fn files(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
        }
    });
    format!("http://{address}/a.png")
}

#[tokio::test]
async fn a_thrown_error_names_the_function_that_threw_it() {
    let simulator = simulator().start().await.unwrap();
    let file = |url: &str| json!({"chatId": CHAT, "file": {"url": url}});
    for (path, body, code, by) in [
        (
            "sendText",
            json!({"text": "x"}),
            Value::Null,
            "ensureSuffix",
        ),
        (
            "sendText",
            json!({"chatId": CHAT}),
            Value::Null,
            "extractUrlFromText",
        ),
        (
            "sendImage",
            json!({"chatId": CHAT}),
            Value::Null,
            "WhatsappSessionNoWebCore.fileToMessage",
        ),
        (
            "sendImage",
            file("http://127.0.0.1:1/a.png"),
            json!("ECONNREFUSED"),
            "AxiosError.from",
        ),
        (
            "sendImage",
            file(&files("404 Not Found").await),
            json!("ERR_BAD_REQUEST"),
            "settle",
        ),
        (
            "sendImage",
            file(&files("503 Service Unavailable").await),
            json!("ERR_BAD_RESPONSE"),
            "settle",
        ),
    ] {
        let mut body = body;
        body["session"] = "default".into();
        let (status, answer) = post(&simulator, &format!("/api/{path}"), body).await;
        let exception = &answer["exception"];
        assert_eq!((status, &exception["code"]), (500, &code), "{by}");
        let stack = exception["stack"].as_str().unwrap();
        assert!(stack.contains(&format!("\n    at {by} (")), "{by}: {stack}");
    }
}
