//! Every recorded exchange of a real WAHA on the routes this client has: read to its type, or to a typed error.
//!
//! Reads the folder named by WAHA_RECORDINGS; without it the test is skipped, and says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod server;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use serde_json::Value;
use server::{Act, Server};
use waha_client::api::chats::{ChatQuery, EditedText, OverviewQuery, PinFor, ReadQuery};
use waha_client::api::chatting::{
    ButtonReply, ButtonsMessage, ContactCard, ContactsMessage, ForwardedMessage, LinkMessage,
    LinkPreview, ListMessage, LocationMessage, PollMessage, PollVote, SeenMessages, VideoMessage,
    VoiceMessage,
};
use waha_client::api::contacts::{ContactQuery, LidQuery};
use waha_client::api::keys::KeyRequest;
use waha_client::api::sessions::AfterStop;
use waha_client::api::{
    chats, chatting, contacts, keys, pairing, profile, server as server_calls, sessions,
};
use waha_client::events::Payload;
use waha_client::types::{PictureSource, SessionConfig};
use waha_client::{
    ChatId, ChatKind, Endpoint, Error, Event, File, FileMessage, Listing, MessageId, MessageQuery,
    NewSession, NumberStatus, RetryPolicy, Sent, SessionName, Shape, TextMessage, WahaClient,
};

fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("WAHA_RECORDINGS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: WAHA_RECORDINGS is not set");
    }
    folder
}

fn exchanges(folder: &Path) -> Vec<(String, Value)> {
    let mut files = Vec::new();
    for version in ["2026.4", "2026.7"] {
        let Ok(entries) = std::fs::read_dir(folder.join("exchanges").join(version)) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = format!("{version}/{}", path.file_name().unwrap().to_string_lossy());
            let text = std::fs::read(&path).unwrap();
            files.push((name, serde_json::from_slice(&text).unwrap()));
        }
    }
    files.sort_by(|one, two| one.0.cmp(&two.0));
    files
}

/// The endpoints of this client, as far as their answers differ.
enum Ours {
    Text,
    Image,
    File,
    SessionList,
    SessionGet,
    SessionMe,
    SessionCreate,
    SessionStart,
    SessionStop,
    SessionRestart,
    SessionLogout,
    SessionDelete,
    QrPng,
    QrImage,
    QrText,
    RequestCode,
    CheckExists,
    LidOfPhone,
    NewMessageId,
    Messages,
    Message,
    Ping,
    Health,
    Version,
    ServerStatus,
}

const NOT_YET: &str = "an operation this client does not have yet";

/// Which endpoint an exchange is about, or why it is none of ours.
fn ours(method: &str, path_and_query: &str, response: &Value) -> Result<Ours, &'static str> {
    let (path, query) = path_and_query
        .split_once('?')
        .unwrap_or((path_and_query, ""));
    if path.starts_with("//") || path.ends_with('/') || path != path.replace("/API/", "/api/") {
        return Err("a path no client builds");
    }
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    Ok(match (method, segments.as_slice()) {
        ("POST", ["api", "sendText"]) => Ours::Text,
        ("POST", ["api", "sendImage"]) => Ours::Image,
        ("POST", ["api", "sendFile"]) => Ours::File,
        ("GET", ["api", "sessions"]) => Ours::SessionList,
        ("POST", ["api", "sessions"]) => Ours::SessionCreate,
        ("POST", ["api", "sessions", "start" | "stop" | "logout"]) => return Err(NOT_YET),
        ("GET", ["api", "sessions", _]) => Ours::SessionGet,
        ("DELETE", ["api", "sessions", _]) => Ours::SessionDelete,
        ("GET", ["api", "sessions", _, "me"]) => Ours::SessionMe,
        ("POST", ["api", "sessions", _, "start"]) => Ours::SessionStart,
        ("POST", ["api", "sessions", _, "stop"]) => Ours::SessionStop,
        ("POST", ["api", "sessions", _, "restart"]) => Ours::SessionRestart,
        ("POST", ["api", "sessions", _, "logout"]) => Ours::SessionLogout,
        ("GET", ["api", _, "auth", "qr"]) => {
            if query.contains("format=raw") {
                Ours::QrText
            } else if response["headers"]["Content-Type"] == "image/png" {
                Ours::QrPng
            } else {
                Ours::QrImage
            }
        }
        ("POST", ["api", _, "auth", "request-code"]) => Ours::RequestCode,
        ("GET", ["api", "contacts", "check-exists"]) => Ours::CheckExists,
        ("GET", ["api", _, "lids", "pn", _]) => Ours::LidOfPhone,
        ("GET", ["api", _, "new-message-id"]) => Ours::NewMessageId,
        ("GET", ["api", _, "chats", _, "messages"]) => Ours::Messages,
        ("GET", ["api", _, "chats", _, "messages", _]) => Ours::Message,
        ("GET", ["ping"]) => Ours::Ping,
        ("GET", ["health"]) => Ours::Health,
        ("GET", ["api", "server", "version"]) => Ours::Version,
        ("GET", ["api", "server", "status"]) => Ours::ServerStatus,
        _ => return Err(NOT_YET),
    })
}

/// Whether what was read passes a check.
async fn read<T>(
    waha: &WahaClient,
    endpoint: Endpoint<T>,
    check: impl Fn(&T) -> bool,
) -> Result<bool, Error> {
    waha.call(endpoint).await.map(|value| check(&value))
}

async fn call(waha: &WahaClient, ours: Ours) -> Result<bool, Error> {
    let session = SessionName::new("default").unwrap();
    let chat = ChatId::phone("6281200000002").unwrap();
    let file = File::from_url("image/png", "http://h/a.png");
    let text = TextMessage::new(&session, &chat, "hello");
    let media = FileMessage::new(&session, &chat, &file);
    let all = |_: &_| true;
    match ours {
        Ours::Text => read(waha, chatting::send_text(&text), |sent| sent.id.is_some()).await,
        Ours::Image => read(waha, chatting::send_image(&media), |sent| sent.id.is_some()).await,
        Ours::File => read(waha, chatting::send_file(&media), |sent| sent.id.is_some()).await,
        Ours::SessionList => {
            let known = |list: &Vec<_>| list.iter().all(is_known_session);
            read(waha, sessions::list(Listing::All), known).await
        }
        Ours::SessionGet => read(waha, sessions::get(&session), is_known_session).await,
        Ours::SessionMe => read(waha, sessions::me(&session), |_| true).await,
        Ours::SessionCreate => {
            let known = |info: &Option<_>| info.as_ref().is_none_or(is_known_session);
            read(waha, sessions::create(&NewSession::default()), known).await
        }
        Ours::SessionStart => read(waha, sessions::start(&session), is_known_session).await,
        Ours::SessionStop => read(waha, sessions::stop(&session), |_| true).await,
        Ours::SessionRestart => read(waha, sessions::restart(&session), is_known_session).await,
        Ours::SessionLogout => read(waha, sessions::logout(&session), is_known_session).await,
        Ours::SessionDelete => read(waha, sessions::delete(&session), all).await,
        Ours::QrPng => read(waha, pairing::qr_png(&session), |png| !png.is_empty()).await,
        Ours::QrImage => {
            let whole = |qr: &pairing::QrImage| qr.mimetype == "image/png" && qr.bytes().is_some();
            read(waha, pairing::qr_image(&session), whole).await
        }
        Ours::QrText => {
            read(waha, pairing::qr_text(&session), |text| {
                text.starts_with("2@")
            })
            .await
        }
        Ours::RequestCode => {
            read(waha, pairing::request_code(&session, "628"), |code| {
                code.len() == 9
            })
            .await
        }
        Ours::CheckExists => {
            let fits = |status: &waha_client::NumberStatus| {
                status.number_exists == status.chat_id.is_some()
            };
            read(waha, contacts::check_exists(&session, "628"), fits).await
        }
        Ours::LidOfPhone => {
            let is_lid =
                |lid: &Option<ChatId>| lid.as_ref().is_none_or(|id| id.kind() == ChatKind::Lid);
            read(waha, contacts::lid_of_phone(&session, "628"), is_lid).await
        }
        Ours::NewMessageId => {
            read(waha, chatting::new_message_id(&session), |id| {
                id.starts_with("3EB0")
            })
            .await
        }
        Ours::Messages => {
            let known = |list: &Vec<_>| list.iter().all(is_known_message);
            read(
                waha,
                chats::messages(&session, &chat, &MessageQuery::new()),
                known,
            )
            .await
        }
        Ours::Message => {
            read(
                waha,
                chats::message(&session, &chat, "3EB0"),
                is_known_message,
            )
            .await
        }
        Ours::Ping => read(waha, server_calls::ping(), all).await,
        Ours::Health => read(waha, server_calls::health(), |health| health.is_ok()).await,
        Ours::Version => read(waha, server_calls::version(), |v| v.extra.is_empty()).await,
        Ours::ServerStatus => {
            let known = |status: &waha_client::types::ServerStatus| {
                status.start_timestamp_ms.is_some() && status.uptime_ms.is_some()
            };
            read(waha, server_calls::status(), known).await
        }
    }
}

/// The calls that are told by their path alone. `None` for one that this client does not have.
#[allow(deprecated)]
async fn call_by_path(
    waha: &WahaClient,
    method: &str,
    path: &str,
    response: &Value,
) -> Option<Result<bool, Error>> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (s, c) = (SessionName::new("default").unwrap(), own_chat());
    let m = MessageId::parse("true_6281200000002@c.us_3EB0AA");
    let config = SessionConfig::default();
    let sent = |sent: &Sent| sent.id.is_some();
    let done = |done: &bool| *done;
    let known = |list: &Vec<_>| list.iter().all(is_known_message);
    Some(match (method, segments.as_slice()) {
        ("GET", ["api", "sendText"]) => {
            read(waha, chatting::send_text_by_query(&s, "628", "hi"), sent).await
        }
        ("POST", ["api", "reply"]) => {
            read(waha, chatting::reply(&TextMessage::new(&s, &c, "r")), sent).await
        }
        ("POST", ["api", "sendLinkPreview"]) => {
            let endpoint = chatting::send_link_preview(&s, &c, "https://e.com", "t");
            read(waha, endpoint, sent).await
        }
        ("POST", ["api", "send", "link-custom-preview"]) => {
            let preview = LinkPreview::new("https://e.com/", "t", "d");
            let link = LinkMessage::new(&s, &c, "https://e.com/", preview);
            read(waha, chatting::send_link(&link), sent).await
        }
        ("POST", ["api", "sendVoice"]) => {
            let file = File::from_url("audio/ogg", "http://h/a.ogg");
            let voice = VoiceMessage::new(&s, &c, &file);
            read(waha, chatting::send_voice(&voice), sent).await
        }
        ("POST", ["api", "sendVideo"]) => {
            let file = File::from_url("video/mp4", "http://h/a.mp4");
            let video = VideoMessage::new(&s, &c, &file);
            read(waha, chatting::send_video(&video), sent).await
        }
        ("POST", ["api", "sendButtons"]) => {
            let buttons = ButtonsMessage::new(&s, &c, "b", &[]);
            read(waha, chatting::send_buttons(&buttons), sent).await
        }
        ("POST", ["api", "send", "buttons", "reply"]) => {
            let tap = ButtonReply::new(&s, &c, "Yes", "1");
            read(waha, chatting::reply_to_button(&tap), sent).await
        }
        ("POST", ["api", "sendList"]) => {
            let list = ListMessage::new(&s, &c, "T", "B", &[]);
            read(waha, chatting::send_list(&list), sent).await
        }
        ("POST", ["api", "sendPoll"]) => {
            let poll = PollMessage::new(&s, &c, "q", &["a"]);
            read(waha, chatting::send_poll(&poll), sent).await
        }
        ("POST", ["api", "sendPollVote"]) => {
            read(
                waha,
                chatting::vote(&PollVote::new(&s, &c, &m, &["a"])),
                sent,
            )
            .await
        }
        ("POST", ["api", "sendLocation"]) => {
            let place = LocationMessage::new(&s, &c, -6.2, 106.8, "Jakarta");
            read(waha, chatting::send_location(&place), sent).await
        }
        ("POST", ["api", "sendContactVcard"]) => {
            let cards = [ContactCard::vcard("BEGIN:VCARD")];
            let cards = ContactsMessage::new(&s, &c, &cards);
            read(waha, chatting::send_contacts(&cards), sent).await
        }
        ("POST", ["api", "forwardMessage"]) => {
            let forwarded = ForwardedMessage::new(&s, &c, &m);
            read(waha, chatting::forward(&forwarded), sent).await
        }
        ("PUT", ["api", "reaction"]) => read(waha, chatting::react(&s, &m, "x"), sent).await,
        ("PUT", ["api", "star"]) => read(waha, chatting::star(&s, &c, &m), done).await,
        ("POST", ["api", "sendSeen"]) => {
            let none = |ids: &Vec<MessageId>| ids.is_empty();
            read(waha, chatting::send_seen(&SeenMessages::new(&s, &c)), none).await
        }
        ("POST", ["api", "startTyping"]) => read(waha, chatting::start_typing(&s, &c), done).await,
        ("POST", ["api", "stopTyping"]) => read(waha, chatting::stop_typing(&s, &c), done).await,
        ("GET", ["api", "messages"]) => {
            let endpoint = chatting::messages_by_query(&s, &c, &MessageQuery::new());
            read(waha, endpoint, known).await
        }
        ("GET", ["api", "checkNumberStatus"]) => {
            let fits = |status: &NumberStatus| status.number_exists == status.chat_id.is_some();
            read(waha, chatting::check_number_status(&s, "628"), fits).await
        }
        ("GET", ["api", _, "chats"]) => {
            let known = |list: &Vec<chats::Chat>| {
                list.iter()
                    .all(|chat| chat.conversation_timestamp_s.is_some())
            };
            read(waha, chats::list(&s, ChatQuery::new()), known).await
        }
        ("GET" | "POST", ["api", _, "chats", "overview"]) => {
            let known = |list: &Vec<chats::ChatSummary>| {
                list.iter().all(|chat| {
                    let last = chat.last_message.as_ref();
                    chat.extra.is_empty()
                        && chat.chat.is_some()
                        && last.is_some_and(is_known_message)
                })
            };
            let endpoint = match method {
                "GET" => chats::overview(&s, OverviewQuery::new()),
                _ => chats::overview_by_body(&s, OverviewQuery::new()),
            };
            read(waha, endpoint, known).await
        }
        ("GET", ["api", _, "chats", _, "picture"]) => {
            let endpoint = chats::picture(&s, &c, PictureSource::Cache);
            read(waha, endpoint, Option::is_none).await
        }
        ("POST", ["api", _, "chats", _, "archive"]) => {
            read(waha, chats::archive(&s, &c), done).await
        }
        ("POST", ["api", _, "chats", _, "unread"]) => {
            read(waha, chats::mark_unread(&s, &c), done).await
        }
        ("DELETE", ["api", _, "chats", _, "messages"]) => {
            read(waha, chats::clear_messages(&s, &c), done).await
        }
        ("POST", ["api", _, "chats", _, "messages", "read"]) => {
            let some = |ids: &Vec<MessageId>| !ids.is_empty();
            read(waha, chats::read_messages(&s, &c, ReadQuery::new()), some).await
        }
        ("PUT", ["api", _, "chats", _, "messages", _]) => {
            let endpoint = chats::edit_message(&s, &c, &m, &EditedText::new("new"));
            read(waha, endpoint, sent).await
        }
        ("DELETE", ["api", _, "chats", _, "messages", _]) => {
            read(waha, chats::delete_message(&s, &c, &m), sent).await
        }
        ("POST", ["api", _, "chats", _, "messages", _, "pin"]) => {
            let endpoint = chats::pin_message(&s, &c, &m, PinFor::Day);
            read(waha, endpoint, done).await
        }
        ("GET", ["api", "contacts", "all"]) => {
            let known = |list: &Vec<contacts::Contact>| {
                list.iter()
                    .all(|one| one.pushname.is_some() && one.extra.is_empty())
            };
            read(waha, contacts::list(&s, ContactQuery::new()), known).await
        }
        ("GET", ["api", "contacts"]) => {
            read(waha, contacts::get_by_query(&s, &c), Option::is_none).await
        }
        ("GET", ["api", "contacts", "about"]) => {
            read(waha, contacts::about(&s, &c), |_| true).await
        }
        ("GET", ["api", "contacts", "profile-picture"]) => {
            let endpoint = contacts::profile_picture(&s, &c, PictureSource::Cache);
            read(waha, endpoint, Option::is_none).await
        }
        ("POST", ["api", "contacts", "block"]) => read(waha, contacts::block(&s, &c), done).await,
        ("GET", ["api", _, "lids"]) => {
            read(waha, contacts::lids(&s, LidQuery::new()), Vec::is_empty).await
        }
        ("GET", ["api", _, "profile"]) => {
            let known = |mine: &profile::MyProfile| mine.name.is_some() && mine.extra.is_empty();
            read(waha, profile::get(&s), known).await
        }
        ("GET", ["api", "keys"]) => read(waha, keys::list(), Vec::is_empty).await,
        ("POST", ["api", "keys"]) => read(waha, keys::create(&KeyRequest::admin()), |_| true).await,
        // Also recorded in its JSON form, which this client does not ask for.
        ("GET", ["api", "screenshot"]) if !response["body"]["mimetype"].is_string() => {
            read(waha, pairing::screenshot(&s), |_| true).await
        }
        ("GET", ["api", "version"]) => {
            read(waha, server_calls::version_by_old_path(), |v| {
                v.extra.is_empty()
            })
            .await
        }
        ("PUT", ["api", "sessions", _]) => {
            read(waha, sessions::update(&s, &config), is_known_session).await
        }
        ("POST", ["api", "sessions", "start"]) => {
            read(waha, sessions::upsert_and_start(&s, None), is_known_session).await
        }
        ("POST", ["api", "sessions", "stop"]) => {
            read(waha, sessions::stop_by_name(&s, AfterStop::Keep), |()| true).await
        }
        ("POST", ["api", "sessions", "logout"]) => {
            read(waha, sessions::logout_and_delete(&s), |()| true).await
        }
        _ => return None,
    })
}

fn own_chat() -> ChatId {
    ChatId::phone("6281200000002").unwrap()
}

fn is_known_session(info: &waha_client::SessionInfo) -> bool {
    let known = !matches!(info.status, waha_client::SessionStatus::Unknown(_));
    known && info.extra.is_empty()
}

fn is_known_message(message: &waha_client::Message) -> bool {
    let from_id = message.id.from_me();
    from_id == Some(message.is_from_me()) && message.timestamp_s > 0 && message.data.is_some()
}

fn body_of(response: &Value) -> Bytes {
    match &response["body"] {
        Value::String(text) => Bytes::copy_from_slice(text.as_bytes()),
        Value::Null => Bytes::new(),
        body if body["__binary__"] == true => {
            let text = body["first_bytes_base64"].as_str().unwrap();
            STANDARD_NO_PAD
                .decode(text.trim_end_matches('='))
                .unwrap()
                .into()
        }
        body => serde_json::to_vec(body).unwrap().into(),
    }
}

fn answer_of(response: &Value) -> Vec<u8> {
    let body = body_of(response);
    let status = response["status"].as_u64().unwrap();
    let kind = response["headers"]["Content-Type"].as_str().unwrap_or("");
    let mut bytes = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}

#[tokio::test]
async fn every_recorded_answer_reads_as_its_type_or_as_a_typed_error() {
    let Some(folder) = recordings() else { return };
    let (mut files, mut parsed, mut errors) = (0, 0, 0);
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, exchange) in exchanges(&folder) {
        files += 1;
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let (Some(method), Some(path)) = (request["method"].as_str(), request["path"].as_str())
        else {
            *skipped
                .entry("not one request with one answer")
                .or_default() += 1;
            continue;
        };
        if response["status"].as_u64().is_none() {
            *skipped
                .entry("an event, read by the other test")
                .or_default() += 1;
            continue;
        }
        if response["body"] == "<echo of message omitted>" {
            *skipped
                .entry("its answer was left out of the recording")
                .or_default() += 1;
            continue;
        }
        let server = Server::start(vec![Act::Bytes(answer_of(response))]).await;
        let waha = WahaClient::builder(&*server.address)
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        let status = response["status"].as_u64().unwrap();
        let answer = match ours(method, path, response) {
            Ok(ours) => Ok(call(&waha, ours).await),
            Err(NOT_YET) => call_by_path(&waha, method, path, response)
                .await
                .ok_or(NOT_YET),
            Err(why) => Err(why),
        };
        let outcome = match answer {
            Ok(outcome) => outcome,
            Err(why) => {
                *skipped.entry(why).or_default() += 1;
                continue;
            }
        };
        match outcome {
            Ok(true) if status < 300 => parsed += 1,
            Ok(false) => wrong.push(format!("{name}: read, but something was lost")),
            Ok(true) => wrong.push(format!("{name}: {status} read as a result")),
            Err(error) => match error.answer().map(|answer| answer.shape()) {
                Some(Shape::Other | Shape::Unexpected { .. }) | None => {
                    wrong.push(format!("{name}: {error}"));
                }
                Some(_) if u64::from(error.status().unwrap()) == status => errors += 1,
                Some(_) => wrong.push(format!("{name}: {error}")),
            },
        }
    }
    println!("{files} files: {parsed} parsed, {errors} typed errors, skipped: {skipped:?}");
    assert!(
        parsed + errors > 0,
        "no exchange was read from {}",
        folder.display()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_recorded_event_reads_as_its_kind() {
    let Some(folder) = recordings() else { return };
    let (mut known, mut unknown) = (0, BTreeMap::<String, usize>::new());
    for (name, exchange) in exchanges(&folder) {
        let webhook = exchange["request"]["raw_body"].as_str();
        let frames = exchange["events"].as_array().into_iter().flatten();
        let frames = frames.filter_map(|frame| frame["message"].as_str());
        for text in webhook.into_iter().chain(frames) {
            let event = Event::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(event.id.starts_with("evt_"), "{name}");
            assert!(
                event.environment.is_some() && event.engine.is_some(),
                "{name}"
            );
            let whole: Value = serde_json::from_str(text).unwrap();
            assert_eq!(event.me.is_some(), whole["me"].is_object(), "{name}");
            match event.payload {
                Payload::Unknown(payload) => {
                    assert_eq!(payload.problem, None, "{name}");
                    *unknown.entry(payload.event).or_default() += 1;
                }
                Payload::Message(message) | Payload::AnyMessage(message) => {
                    assert!(is_known_message(&message), "{name}");
                    known += 1;
                }
                _ => known += 1,
            }
        }
    }
    println!("{known} events of known kinds; kept as they came: {unknown:?}");
    assert!(known > 0, "no event was read from {}", folder.display());
    for kind in [
        "session.status",
        "message",
        "message.any",
        "message.ack",
        "message.ack.group",
    ] {
        assert!(!unknown.contains_key(kind), "{kind}");
    }
}

#[test]
fn sends_of_every_engine_have_one_form_of_id() {
    let Some(folder) = recordings() else { return };
    for engine in ["NOWEB", "GOWS", "WEBJS"] {
        let path = folder.join(format!("engine-shapes/sendText-{engine}.json"));
        let mut shape: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        if !shape["response"].is_null() {
            shape = shape["response"]["body"].take();
        }
        let sent = Sent::from_body(serde_json::to_vec(&shape).unwrap().into());
        let id = sent.id.unwrap_or_else(|| panic!("no id from {engine}"));
        assert_eq!(id.from_me(), Some(true), "{engine}");
        assert_eq!(
            id.to_string(),
            format!("true_6281200000002@c.us_{}", id.bare()),
            "{engine}"
        );
    }
}
