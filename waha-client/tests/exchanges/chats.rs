//! Chats, contacts, groups, labels, channels, presence, status posts.

use waha_client::api::chats::{
    self, Chat, ChatQuery, ChatSort, ChatSummary, EditedText, OverviewQuery, PinFor, ReadQuery,
};
use waha_client::api::contacts::{self, Contact, ContactQuery, LidQuery};
use waha_client::api::groups::{self, GroupQuery};
use waha_client::api::presence::OwnPresence;
use waha_client::api::status::TextStatus;
use waha_client::api::{channels, labels, presence, status};
use waha_client::types::PictureSource;
use waha_client::{Ack, ChatId, ChatKind, MessageId, MessageQuery, NumberStatus, Sent, WahaClient};

use crate::asked::{Asked, Replayed, perform};
use crate::is_known_message;

pub(crate) async fn replay(waha: &WahaClient, asked: &Asked) -> Option<Replayed> {
    let (method, path) = asked.route();
    if path.first() != Some(&"api") {
        return None;
    }
    let (s, c, m) = (
        || asked.session_at(1),
        || asked.chat_at(3),
        || asked.message_at(5),
    );
    let done = |done: &bool| *done;
    let sent = |sent: &Sent| sent.id.is_some();
    Some(match (method, &path[2..]) {
        ("GET", ["chats"]) => {
            let mut query = ChatQuery::new();
            if let Some(limit) = asked.number("limit") {
                query = query.limit(limit);
            }
            if let Some(offset) = asked.number("offset") {
                query = query.offset(offset);
            }
            let by = asked.maybe("sortBy");
            if by.as_deref() == Some("conversationTimestamp") {
                query = query.descending(ChatSort::LastMessage);
            }
            let known = |list: &Vec<Chat>| {
                let dated = |chat: &Chat| chat.conversation_timestamp_s.is_some();
                list.iter().all(dated)
            };
            perform(waha, chats::list(&s(), query), known).await
        }
        ("GET" | "POST", ["chats", "overview"]) => overview(waha, asked).await,
        ("GET", ["chats", _, "picture"]) => {
            let endpoint = chats::picture(&s(), &c(), PictureSource::Cache);
            perform(waha, endpoint, Option::is_none).await
        }
        ("POST", ["chats", _, "archive"]) => perform(waha, chats::archive(&s(), &c()), done).await,
        ("POST", ["chats", _, "unread"]) => {
            perform(waha, chats::mark_unread(&s(), &c()), done).await
        }
        ("GET", ["chats", _, "messages"]) => messages(waha, asked).await,
        ("DELETE", ["chats", _, "messages"]) => {
            perform(waha, chats::clear_messages(&s(), &c()), done).await
        }
        ("POST", ["chats", _, "messages", "read"]) => {
            let some = |ids: &Vec<MessageId>| !ids.is_empty();
            let endpoint = chats::read_messages(&s(), &c(), ReadQuery::new());
            perform(waha, endpoint, some).await
        }
        ("GET", ["chats", _, "messages", id]) => {
            perform(waha, chats::message(&s(), &c(), id), is_known_message).await
        }
        ("PUT", ["chats", _, "messages", _]) => {
            let text = asked.text("text");
            let endpoint = chats::edit_message(&s(), &c(), &m(), &EditedText::new(&text));
            perform(waha, endpoint, sent).await
        }
        ("DELETE", ["chats", _, "messages", _]) => {
            perform(waha, chats::delete_message(&s(), &c(), &m()), sent).await
        }
        ("POST", ["chats", _, "messages", _, "pin"]) => {
            let endpoint = chats::pin_message(&s(), &c(), &m(), PinFor::Day);
            perform(waha, endpoint, done).await
        }
        _ => match contacts(waha, asked).await {
            Some(replayed) => replayed,
            None => return rest(waha, asked).await,
        },
    })
}

async fn overview(waha: &WahaClient, asked: &Asked) -> Replayed {
    let known = |list: &Vec<ChatSummary>| {
        list.iter().all(|chat| {
            let last = chat.last_message.as_ref();
            chat.extra.is_empty() && chat.chat.is_some() && last.is_some_and(is_known_message)
        })
    };
    let page = |name: &str| {
        let told = asked.body["pagination"][name].as_u64();
        asked
            .number(name)
            .or(told.and_then(|it| it.try_into().ok()))
    };
    let of_query = asked.maybe("ids").into_iter();
    let of_body = match asked.body.pointer("/filter/ids") {
        Some(_) => asked.texts("/filter/ids"),
        None => Vec::new(),
    };
    let ids: Vec<ChatId> = of_query
        .chain(of_body)
        .filter_map(|it| ChatId::parse(&it).ok())
        .collect();
    let mut query = OverviewQuery::new().ids(&ids);
    if let Some(limit) = page("limit") {
        query = query.limit(limit);
    }
    if let Some(offset) = page("offset") {
        query = query.offset(offset);
    }
    let s = asked.session_at(1);
    match asked.method.as_str() {
        "GET" => perform(waha, chats::overview(&s, query), known).await,
        _ => perform(waha, chats::overview_by_body(&s, query), known).await,
    }
}

async fn messages(waha: &WahaClient, asked: &Asked) -> Replayed {
    let mut query = MessageQuery::new();
    if let Some(limit) = asked.number("limit") {
        query = query.limit(limit);
    }
    if let Some(offset) = asked.number("offset") {
        query = query.offset(offset);
    }
    if let Some(wanted) = asked.flag("downloadMedia") {
        query = query.download_media(wanted);
    }
    if let Some(from_me) = asked.flag("filter.fromMe") {
        query = query.from_me(from_me);
    }
    if let Some(since) = asked.number("filter.timestamp.gte") {
        query = query.since_s(since);
    }
    if let Some(until) = asked.number("filter.timestamp.lte") {
        query = query.until_s(until);
    }
    match asked.maybe("filter.ack").as_deref() {
        Some("SERVER") => query = query.ack(Ack::Server),
        Some("READ") => query = query.ack(Ack::Read),
        _ => {}
    }
    let known = |list: &Vec<_>| list.iter().all(is_known_message);
    let endpoint = chats::messages(&asked.session_at(1), &asked.chat_at(3), &query);
    perform(waha, endpoint, known).await
}

async fn contacts(waha: &WahaClient, asked: &Asked) -> Option<Replayed> {
    let (method, path) = asked.route();
    let (s, contact) = (|| asked.session(), || asked.chat("contactId"));
    Some(match (method, &path[1..]) {
        ("GET", ["contacts", "check-exists"]) => {
            let fits = |status: &NumberStatus| status.number_exists == status.chat_id.is_some();
            let endpoint = contacts::check_exists(&s(), &asked.text("phone"));
            perform(waha, endpoint, fits).await
        }
        ("GET", ["contacts", "all"]) => {
            let mut query = ContactQuery::new();
            if let Some(limit) = asked.number("limit") {
                query = query.limit(limit);
            }
            let known = |one: &Contact| one.pushname.is_some() && one.extra.is_empty();
            let all = |list: &Vec<Contact>| list.iter().all(known);
            perform(waha, contacts::list(&s(), query), all).await
        }
        ("GET", ["contacts"]) => {
            let endpoint = contacts::get_by_query(&s(), &contact());
            perform(waha, endpoint, Option::is_none).await
        }
        ("GET", ["contacts", "about"]) => {
            perform(waha, contacts::about(&s(), &contact()), |_| true).await
        }
        ("GET", ["contacts", "profile-picture"]) => {
            let endpoint = contacts::profile_picture(&s(), &contact(), PictureSource::Cache);
            perform(waha, endpoint, Option::is_none).await
        }
        ("POST", ["contacts", "block"]) => {
            perform(waha, contacts::block(&s(), &contact()), |done| *done).await
        }
        ("GET", [_, "lids"]) => {
            let endpoint = contacts::lids(&asked.session_at(1), LidQuery::new());
            perform(waha, endpoint, Vec::is_empty).await
        }
        ("GET", [_, "lids", "pn", phone]) => {
            let is_lid =
                |lid: &Option<ChatId>| lid.as_ref().is_none_or(|id| id.kind() == ChatKind::Lid);
            let endpoint = contacts::lid_of_phone(&asked.session_at(1), phone);
            perform(waha, endpoint, is_lid).await
        }
        _ => return None,
    })
}

async fn rest(waha: &WahaClient, asked: &Asked) -> Option<Replayed> {
    let (method, path) = asked.route();
    let s = || asked.session_at(1);
    Some(match (method, &path[2..]) {
        ("GET", ["groups"]) => {
            let whole = |list: &Vec<groups::Group>| list.iter().all(|it| it.subject.is_some());
            perform(waha, groups::list(&s(), &GroupQuery::new()), whole).await
        }
        ("POST", ["groups"]) => {
            let people = asked.body["participants"].as_array();
            let id = |person: &serde_json::Value| ChatId::parse(person["id"].as_str()?).ok();
            let people: Vec<ChatId> = people.into_iter().flatten().filter_map(id).collect();
            let endpoint = groups::create(&s(), &asked.text("name"), &people);
            perform(waha, endpoint, |group| group.subject.is_some()).await
        }
        ("POST", ["groups", "refresh"]) => perform(waha, groups::refresh(&s()), |done| *done).await,
        ("GET", ["groups", _]) => {
            perform(waha, groups::get(&s(), &asked.chat_at(3)), |_| true).await
        }
        ("GET", ["labels"]) => perform(waha, labels::list(&s()), |_| true).await,
        ("GET", ["channels"]) => perform(waha, channels::list(&s(), None), |_| true).await,
        ("GET", ["presence"]) => perform(waha, presence::all(&s()), |_| true).await,
        ("POST", ["presence"]) => {
            let told = asked.text("presence");
            let chat = asked.maybe("chatId").and_then(|it| ChatId::parse(&it).ok());
            let own = match (told.as_str(), &chat) {
                ("typing", Some(chat)) => OwnPresence::Typing(chat),
                ("offline", _) => OwnPresence::Offline,
                _ => OwnPresence::Online,
            };
            perform(waha, presence::set(&s(), own), |()| true).await
        }
        ("POST", ["status", "text"]) => {
            let (text, color) = (asked.text("text"), asked.text("backgroundColor"));
            let post = TextStatus::new(&text).background_color(&color);
            perform(waha, status::post_text(&s(), &post), |sent| {
                sent.id.is_some()
            })
            .await
        }
        _ => return None,
    })
}
