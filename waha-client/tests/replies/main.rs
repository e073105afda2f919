//! How answers read: per engine where they differ, and whatever a later server may add or change.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod apps;
mod channels;
mod chat_events;
mod chats;
mod chatting;
mod contacts;
mod group_engines;
mod groups;
mod keys;
mod labels;
mod media;
mod message_events;
mod pairing;
mod presence;
mod profile;
mod server;
mod sessions;
mod status;

use proptest::prelude::*;
use serde_json::{Value, json};
use waha_client::api;
use waha_client::api::channels::{Channel, ChannelMessage, FoundChannels};
use waha_client::api::groups::{Group, GroupParticipant};
use waha_client::api::labels::Label;
use waha_client::api::presence::ChatPresences;
use waha_client::events::{GroupChange, LabelledChat, Payload, PollVote, RevokedMessage};
use waha_client::types::{
    Environment, Health, Me, Media, ServerStatus, SessionConfig, SessionInfo, SessionStatus,
};
use waha_client::{
    Ack, ChatId, Endpoint, Error, Event, Message, MessageId, NumberStatus, Sent, SessionName,
    WahaClient,
};
use wiremock::matchers;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// What an endpoint reads from an answer.
pub(crate) async fn answered<T>(
    endpoint: Endpoint<T>,
    answer: ResponseTemplate,
) -> Result<T, Error> {
    let server = MockServer::start().await;
    Mock::given(matchers::any())
        .respond_with(answer)
        .mount(&server)
        .await;
    let waha = WahaClient::builder(server.uri()).build().unwrap();
    waha.call(endpoint).await
}

pub(crate) fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub(crate) fn session() -> SessionName {
    SessionName::new("default").unwrap()
}

async fn read_bytes<T>(endpoint: Endpoint<T>, body: &[u8]) -> Result<T, Error> {
    answered(endpoint, ResponseTemplate::new(200).set_body_bytes(body)).await
}

async fn read<T>(endpoint: Endpoint<T>, body: Value) -> T {
    let bytes = serde_json::to_vec(&body).unwrap();
    match read_bytes(endpoint, &bytes).await {
        Ok(value) => value,
        Err(error) => panic!("{error}: {body}"),
    }
}

async fn read_empty<T>(endpoint: Endpoint<T>) -> T {
    match read_bytes(endpoint, b"").await {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

fn chat() -> ChatId {
    ChatId::phone("6281200000002").unwrap()
}

fn sent(body: &Value) -> Sent {
    Sent::from_body(serde_json::to_vec(body).unwrap().into())
}

#[test]
fn a_send_has_one_form_of_id_whatever_the_engine() {
    let noweb = json!({
        "key": {"remoteJid": "6281234567890@s.whatsapp.net", "fromMe": true, "id": "3EB0AA"},
        "message": {"extendedTextMessage": {"text": "hi"}},
        "messageTimestamp": "1795220089", "status": "PENDING",
    });
    let gows = json!({"id": "true_6281234567890@c.us_3EB0AA", "_data": null});
    let webjs = json!({
        "id": {"fromMe": true, "remote": "6281234567890@c.us", "id": "3EB0AA", "_serialized": "true_6281234567890@c.us_3EB0AA"},
        "timestamp": 1_795_220_089, "ack": 0,
    });
    let webjs_renamed = json!({
        "id": {"fromMe": true, "remote": {"server": "c.us", "user": "6281234567890"}, "id": "3EB0AA", "$1": "?"},
    });
    for body in [&noweb, &gows, &webjs, &webjs_renamed] {
        let id = sent(body).id.unwrap();
        assert_eq!(id.to_string(), "true_6281234567890@c.us_3EB0AA", "{body}");
    }
    assert_eq!(sent(&noweb).timestamp_s, Some(1_795_220_089));
    assert_eq!(sent(&webjs).timestamp_s, Some(1_795_220_089));
    assert_eq!(sent(&noweb).raw_value(), noweb);
}

#[test]
fn a_send_to_a_group_keeps_who_wrote_it() {
    let noweb = json!({"key": {"remoteJid": "1@g.us", "fromMe": true, "id": "3EB0AA", "participant": "628:4@s.whatsapp.net"}});
    let gows = json!({"id": "true_1@g.us_3EB0AA_628@c.us"});
    for body in [noweb, gows] {
        let id = sent(&body).id.unwrap();
        assert_eq!(id.to_string(), "true_1@g.us_3EB0AA_628@c.us");
    }
}

#[test]
fn a_session_reads_with_what_is_new_absent_or_null() {
    let full: SessionInfo = serde_json::from_value(json!({
        "name": "s1", "status": "HIBERNATING", "presence": null, "assignedWorker": "w1",
        "me": {"id": "628:3@s.whatsapp.net", "pushName": "Me", "lid": "1@lid", "later": [1]},
        "timestamps": {"activity": "1795220089000"}, "engine": {"engine": "BAILEYS9", "grpc": {}},
        "config": {"noweb": {"markOnline": false, "store": {"enabled": true, "fullSync": false, "size": 3}}, "new": [1]},
        "later": {"a": 1},
    }))
    .unwrap();
    assert_eq!(full.status, SessionStatus::Unknown("HIBERNATING".into()));
    let me = full.me.unwrap();
    assert_eq!(me.id.as_str(), "628@c.us");
    assert_eq!(me.extra["later"], json!([1]));
    assert_eq!(
        full.timestamps.unwrap().activity_ms,
        Some(1_795_220_089_000)
    );
    assert_eq!(full.engine.unwrap().engine.unwrap().as_str(), "BAILEYS9");
    assert_eq!(full.extra["later"]["a"], 1);

    let bare: SessionInfo =
        serde_json::from_value(json!({"name": "s1", "status": "STOPPED"})).unwrap();
    assert!(bare.me.is_none() && bare.config.is_none() && bare.engine.is_none());
}

#[test]
fn a_configuration_is_written_back_as_it_was_read() {
    let config = json!({
        "metadata": {"user.id": "7"}, "debug": false,
        "noweb": {"markOnline": true, "store": {"enabled": true, "fullSync": false, "later": 1}},
        "gows": {"storage": {"messages": true}},
        "webhooks": [{
            "url": "http://h/hook", "events": ["*"], "hmac": {"key": "k", "later": 2}, "later": true,
            "retries": {"policy": "constant", "delaySeconds": 1.5, "attempts": 3.0, "later": 3},
            "customHeaders": [{"name": "X-My", "value": "v", "later": 4}],
        }],
        "proxy": {"server": "h:1", "username": "u", "password": "p", "later": 5},
        "ignore": {"status": true},
    });
    let read: SessionConfig = serde_json::from_value(config.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), config);
    let shown = format!("{read:?}");
    assert!(!shown.contains("\"k\"") && !shown.contains("\"p\"") && !shown.contains("\"v\""));
}

#[test]
fn a_message_reads_from_every_engine_and_keeps_its_own_form() {
    let noweb: Message = serde_json::from_value(json!({
        "id": "true_628@c.us_3EB0AA", "timestamp": 1_795_220_409, "from": "628@c.us", "fromMe": true,
        "source": "api", "body": "hi", "hasMedia": false, "media": null, "ack": 2, "ackName": "DEVICE",
        "location": null, "vCards": null, "replyTo": null, "_data": {"key": {"id": "3EB0AA"}},
    }))
    .unwrap();
    assert!(noweb.is_from_me() && noweb.ack == Some(Ack::Device));
    assert_eq!(
        noweb.data.unwrap().to_value(),
        json!({"key": {"id": "3EB0AA"}})
    );

    let webjs: Message = serde_json::from_value(json!({
        "id": {"fromMe": false, "remote": "628@c.us", "id": "3EB0AB"}, "timestamp": "1795220409.5",
        "from": {"server": "c.us", "user": "628"}, "ack": "READ", "source": "robot", "body": null,
        "replyTo": {"id": "3EB0AA", "body": "q"}, "isForwarded": true,
        "media": {"url": null, "error": {"message": "gone"}},
        "location": {"latitude": "-6.2", "longitude": 106.8, "live": false},
    }))
    .unwrap();
    assert!(!webjs.is_from_me());
    assert_eq!(
        (webjs.timestamp_s, webjs.ack),
        (1_795_220_409, Some(Ack::Read))
    );
    assert_eq!(webjs.source.unwrap().as_str(), "robot");
    assert_eq!(webjs.reply_to.unwrap().id.unwrap().bare(), "3EB0AA");
    assert_eq!(webjs.extra["isForwarded"], true);
    assert_eq!(webjs.media.unwrap().extra["error"]["message"], "gone");
}

#[test]
fn acknowledgement_levels_are_read_as_number_or_name() {
    for (json, ack) in [
        ("-1", Ack::Error),
        ("0", Ack::Pending),
        ("\"1\"", Ack::Server),
        ("\"DEVICE\"", Ack::Device),
        ("3.0", Ack::Read),
        ("4", Ack::Played),
        ("9", Ack::Unknown(9)),
        ("-7", Ack::Unknown(-7)),
    ] {
        assert_eq!(serde_json::from_str::<Ack>(json).unwrap(), ack, "{json}");
    }
    assert!(serde_json::from_str::<Ack>("\"SOMEHOW\"").is_err());
}

pub(crate) fn event(kind: &str, payload: &Value) -> Event {
    let event = json!({
        "id": "evt_1", "timestamp": 1_795_220_389_906_i64, "event": kind, "session": "default",
        "metadata": {"tenant": "t1"}, "me": {"id": "628@c.us", "pushName": "Me"}, "payload": payload,
        "engine": "NOWEB", "environment": {"version": "2026.7.1", "engine": "NOWEB", "tier": "CORE"},
    });
    Event::parse(&serde_json::to_vec(&event).unwrap()).unwrap()
}

#[test]
fn events_read_as_their_kind() {
    let ack = json!({
        "id": "true_1@lid_3EB0AA", "from": "1@lid", "fromMe": true, "ack": -1, "ackName": "ERROR",
        "error": {"code": "463", "blocked": false, "until": null},
    });
    let got = event("message.ack", &ack);
    assert_eq!(
        (got.id.as_str(), got.timestamp_ms),
        ("evt_1", 1_795_220_389_906)
    );
    assert_eq!(got.metadata.unwrap()["tenant"], "t1");
    let Payload::Ack(ack) = got.payload else {
        panic!("not an ack")
    };
    assert!(ack.is_from_me() && ack.ack == Ack::Error);
    assert_eq!(ack.error.unwrap().code, Some(463));

    let group = json!({"id": "true_1@g.us_3EB0AA_628@c.us", "participant": "629@c.us", "fromMe": true, "ack": 1});
    let Payload::GroupAck(ack) = event("message.ack.group", &group).payload else {
        panic!("not a group's ack")
    };
    assert_eq!(ack.participant, Some(ChatId::parse("629@c.us").unwrap()));

    let status = json!({"name": "s1", "status": "SCAN_QR_CODE", "statuses": [{"status": "STARTING", "timestamp": 5}], "data": {"a": 1}});
    let Payload::SessionStatus(change) = event("session.status", &status).payload else {
        panic!("not a status")
    };
    assert_eq!(change.status, SessionStatus::ScanQrCode);
    assert_eq!(change.statuses[0].timestamp_ms, 5);

    let message =
        json!({"id": "true_628@c.us_3EB0AA", "timestamp": 5, "fromMe": true, "source": "api"});
    assert!(matches!(
        event("message", &message).payload,
        Payload::Message(_)
    ));
    assert!(matches!(
        event("message.any", &message).payload,
        Payload::AnyMessage(_)
    ));
}

#[test]
fn an_event_that_is_new_or_broken_is_kept_as_it_came() {
    let Payload::Unknown(unknown) = event("poll.closed", &json!({"a": 1})).payload else {
        panic!("known?")
    };
    assert_eq!(
        (unknown.event.as_str(), &unknown.problem),
        ("poll.closed", &None)
    );
    assert_eq!(unknown.payload.unwrap().to_value(), json!({"a": 1}));

    let Payload::Unknown(broken) = event("message.ack", &json!({"id": 5})).payload else {
        panic!("read?")
    };
    assert!(broken.problem.is_some() && broken.payload.is_some());

    let odd_sides =
        br#"{"id":"e","event":"x","session":"s","me":7,"environment":"?","metadata":[]}"#;
    let event = Event::parse(odd_sides).unwrap();
    assert!(event.me.is_none() && event.environment.is_none() && event.metadata.is_none());
}

#[tokio::test]
async fn health_is_a_report_even_when_it_is_bad_news() {
    let server = MockServer::start().await;
    let report = json!({"status": "error", "info": {}, "error": {"disk": {"status": "down"}}, "details": {}});
    Mock::given(matchers::any())
        .respond_with(ResponseTemplate::new(503).set_body_json(report))
        .expect(1)
        .mount(&server)
        .await;
    let waha = waha_client::WahaClient::builder(server.uri())
        .build()
        .unwrap();
    let health = waha.server().health().await.unwrap();
    assert!(!health.is_ok());
    assert_eq!(health.error.unwrap()["disk"]["status"], "down");
}

#[tokio::test]
async fn a_message_that_is_not_there_is_none_and_any_other_404_an_error() {
    for (message, is_none) in [
        ("Message not found", true),
        ("Session not found", false),
        ("Cannot GET /x", false),
    ] {
        let server = MockServer::start().await;
        let body = json!({"message": message, "error": "Not Found", "statusCode": 404});
        Mock::given(matchers::any())
            .respond_with(ResponseTemplate::new(404).set_body_json(body))
            .mount(&server)
            .await;
        let waha = waha_client::WahaClient::builder(server.uri())
            .build()
            .unwrap();
        let session = waha_client::SessionName::new("default").unwrap();
        let chat = ChatId::phone("6281200000002").unwrap();
        match waha.chats().message(&session, &chat, "3EB0AA").await {
            Ok(found) => assert!(found.is_none() && is_none, "{message}"),
            Err(error) => assert!(error.is_not_found() && !is_none, "{message}"),
        }
    }
}

/// Any JSON, with the names that the readers look for among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &[
        "id",
        "key",
        "fromMe",
        "remote",
        "remoteJid",
        "participant",
        "_serialized",
        "event",
        "payload",
        "session",
        "timestamp",
        "messageTimestamp",
        "ack",
        "me",
        "status",
        "statuses",
        "message",
        "error",
        "exception",
        "stack",
        "name",
        "data",
        "user",
        "server",
        "environment",
        "config",
        "_data",
        "body",
        "groupMetadata",
        "participants",
        "gid",
        "JID",
        "GroupCreated",
        "isAdmin",
        "$1",
        "t",
        "unreadCount",
        "isBlocked",
        "label",
        "colorIndex",
        "role",
        "reactions",
        "presences",
        "lastMessage",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("true_628:1@s.whatsapp.net_3EB0_x")),
        Just(Value::from("message.ack")),
        Just(Value::from("message.any")),
        Just(Value::from("group.v2.join")),
        Just(Value::from("label.chat.added")),
        Just(Value::from("0001-01-01T00:00:00Z")),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let key = prop_oneof![4 => proptest::sample::select(NAMES).prop_map(str::to_owned), 1 => ".{0,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..8)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn read_as_everything(bytes: &[u8]) {
    let _ = Event::parse(bytes);
    let _ = Sent::from_body(bytes.to_vec().into());
    let _ = serde_json::from_slice::<Message>(bytes).map(|message| message.is_from_me());
    let _ = serde_json::from_slice::<Vec<Message>>(bytes);
    let _ = serde_json::from_slice::<SessionInfo>(bytes);
    let _ = serde_json::from_slice::<Me>(bytes);
    let _ = serde_json::from_slice::<Media>(bytes);
    let _ = serde_json::from_slice::<NumberStatus>(bytes);
    let _ = serde_json::from_slice::<Environment>(bytes);
    let _ = serde_json::from_slice::<ServerStatus>(bytes);
    let _ = serde_json::from_slice::<Health>(bytes);
    let _ = serde_json::from_slice::<Group>(bytes);
    let _ = serde_json::from_slice::<GroupParticipant>(bytes);
    let _ = serde_json::from_slice::<Channel>(bytes);
    let _ = serde_json::from_slice::<ChannelMessage>(bytes);
    let _ = serde_json::from_slice::<FoundChannels>(bytes);
    let _ = serde_json::from_slice::<Label>(bytes);
    let _ = serde_json::from_slice::<ChatPresences>(bytes);
    let _ = serde_json::from_slice::<Vec<Group>>(bytes);
    let _ = serde_json::from_slice::<Vec<Channel>>(bytes);
    let _ = serde_json::from_slice::<LabelledChat>(bytes);
    let _ = serde_json::from_slice::<RevokedMessage>(bytes);
    let _ = serde_json::from_slice::<GroupChange>(bytes);
    let _ = serde_json::from_slice::<PollVote>(bytes);
    let _ = serde_json::from_slice::<ChatId>(bytes);
    let _ = serde_json::from_slice::<Vec<api::chats::Chat>>(bytes);
    let _ = serde_json::from_slice::<api::chats::ChatSummary>(bytes);
    let _ = serde_json::from_slice::<api::contacts::Contact>(bytes);
    let _ = serde_json::from_slice::<api::contacts::LidPair>(bytes);
    let _ = serde_json::from_slice::<api::profile::MyProfile>(bytes);
    let _ = serde_json::from_slice::<api::keys::ApiKey>(bytes);
    let _ = serde_json::from_slice::<api::apps::App>(bytes);
    let _ = serde_json::from_slice::<api::pairing::PasskeyChallenge>(bytes);
    let _ = serde_json::from_slice::<MessageId>(bytes).map(|id| format!("{id} {id:?}"));
}

proptest! {
    // A failing case is printed whole; a file of seeds would be written beside the sources.
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_json_panics_a_reader(json in any_json()) {
        read_as_everything(&serde_json::to_vec(&json).unwrap());
    }

    #[test]
    fn no_bytes_panic_a_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn a_message_id_comes_back_from_its_own_text(digits in "[1-9][0-9]{6,14}", bare in "[0-9A-F]{8,32}") {
        let chat = ChatId::phone(&digits).unwrap();
        let id = MessageId::own(chat, bare);
        prop_assert_eq!(MessageId::parse(&id.to_string()), id);
    }
}
