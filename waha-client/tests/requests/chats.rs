//! Chats and their messages.

use serde_json::json;
use waha_client::api::chats::{
    self, ChatQuery, ChatSort, EditedText, OverviewQuery, PinFor, ReadQuery,
};
use waha_client::types::PictureSource;
use waha_client::{Ack, ChatId, MessageId, MessageQuery, Repeat, Wait};

use crate::{Expected, chat, delete, get, is_not_sent, message, post, put, puts, session};

const WAIT: Wait = Wait::Session;

#[tokio::test]
async fn message_look_ups() {
    let (s, c) = (session(), chat());
    let expected = "/api/s_1/chats/6281200000002@c.us/messages/3EB0AA?downloadMedia=false";
    puts(
        chats::message(&s, &c, "3EB0AA"),
        get(expected, Wait::Session),
    )
    .await;
    let odd = chats::message(&s, &c, "a/b?c d");
    let expected = "/api/s_1/chats/6281200000002@c.us/messages/a%2Fb%3Fc%20d?downloadMedia=false";
    puts(odd, get(expected, Wait::Session)).await;

    let plain = "/api/s_1/chats/6281200000002@c.us/messages?limit=10&downloadMedia=false";
    puts(
        chats::messages(&s, &c, &MessageQuery::new()),
        get(plain, Wait::Session),
    )
    .await;
    let query = MessageQuery::new()
        .limit(50)
        .offset(20)
        .download_media(true)
        .merge(false)
        .from_me(true)
        .since_s(10)
        .until_s(20)
        .ack(Ack::Device)
        .oldest_first();
    let full = "/api/s_1/chats/6281200000002@c.us/messages?limit=50&offset=20&downloadMedia=true&merge=false&filter.fromMe=true&filter.timestamp.gte=10&filter.timestamp.lte=20&filter.ack=DEVICE&sortOrder=asc";
    puts(chats::messages(&s, &c, &query), get(full, Wait::Session)).await;
}

#[tokio::test]
async fn lists() {
    let s = session();
    puts(
        chats::list(&s, ChatQuery::new()),
        get("/api/s_1/chats", WAIT),
    )
    .await;
    let query = ChatQuery::new().limit(5).offset(10).merge(false);
    let path =
        "/api/s_1/chats?sortBy=conversationTimestamp&sortOrder=desc&merge=false&limit=5&offset=10";
    puts(
        chats::list(&s, query.descending(ChatSort::LastMessage)),
        get(path, WAIT),
    )
    .await;
    for (by, path) in [
        (ChatSort::Id, "/api/s_1/chats?sortBy=id&sortOrder=asc"),
        (ChatSort::Name, "/api/s_1/chats?sortBy=name&sortOrder=asc"),
    ] {
        puts(
            chats::list(&s, ChatQuery::new().ascending(by)),
            get(path, WAIT),
        )
        .await;
    }
}

#[tokio::test]
async fn overviews() {
    let s = session();
    puts(
        chats::overview(&s, OverviewQuery::new()),
        get("/api/s_1/chats/overview?limit=20", WAIT),
    )
    .await;
    let ids = [chat(), ChatId::group("12036300").unwrap()];
    let query = OverviewQuery::new()
        .limit(50)
        .offset(20)
        .merge(true)
        .ids(&ids);
    let path = "/api/s_1/chats/overview?merge=true&limit=50&offset=20&ids=6281200000002%40c.us&ids=12036300%40g.us";
    puts(chats::overview(&s, query), get(path, WAIT)).await;

    let asking = |body| Expected {
        repeat: Repeat::Safe,
        ..post("/api/s_1/chats/overview", Some(body), WAIT)
    };
    let body = json!({
        "pagination": {"limit": 50, "offset": 20, "merge": true},
        "filter": {"ids": ["6281200000002@c.us", "12036300@g.us"]},
    });
    puts(chats::overview_by_body(&s, query), asking(body)).await;
    puts(
        chats::overview_by_body(&s, OverviewQuery::new()),
        asking(json!({"pagination": {"limit": 20}})),
    )
    .await;
}

#[tokio::test]
async fn chat_calls() {
    let (s, c) = (session(), chat());
    let path = "/api/s_1/chats/6281200000002@c.us/picture";
    puts(
        chats::picture(&s, &c, PictureSource::Cache),
        get(path, WAIT),
    )
    .await;
    let path = "/api/s_1/chats/6281200000002@c.us/picture?refresh=true";
    puts(
        chats::picture(&s, &c, PictureSource::WhatsApp),
        get(path, WAIT),
    )
    .await;
    puts(
        chats::delete(&s, &c),
        delete("/api/s_1/chats/6281200000002@c.us", WAIT),
    )
    .await;
    puts(
        chats::archive(&s, &c),
        post("/api/s_1/chats/6281200000002@c.us/archive", None, WAIT),
    )
    .await;
    puts(
        chats::unarchive(&s, &c),
        post("/api/s_1/chats/6281200000002@c.us/unarchive", None, WAIT),
    )
    .await;
    puts(
        chats::mark_unread(&s, &c),
        post("/api/s_1/chats/6281200000002@c.us/unread", None, WAIT),
    )
    .await;
}

#[tokio::test]
async fn changes_of_messages() {
    const MESSAGE: &str =
        "/api/s_1/chats/6281200000002@c.us/messages/true_6281200000002@c.us_3EB0AA";
    let (s, c, m) = (session(), chat(), message());
    puts(
        chats::delete_message(&s, &c, &m),
        delete(MESSAGE, Wait::Send),
    )
    .await;
    puts(
        chats::edit_message(&s, &c, &m, &EditedText::new("new")),
        put(MESSAGE, Some(json!({"text": "new"})), Wait::Send),
    )
    .await;
    let text = EditedText::new("new")
        .link_preview(false)
        .link_preview_high_quality(true);
    let people = [c.clone()];
    let text = text.mentions(&people);
    let body = json!({
        "text": "new", "linkPreview": false, "linkPreviewHighQuality": true, "mentions": ["6281200000002@c.us"],
    });
    puts(
        chats::edit_message(&s, &c, &m, &text),
        put(MESSAGE, Some(body), Wait::Send),
    )
    .await;
    for (pin_for, duration) in [
        (PinFor::Day, 86_400),
        (PinFor::Week, 604_800),
        (PinFor::Month, 2_592_000),
    ] {
        let path = "/api/s_1/chats/6281200000002@c.us/messages/true_6281200000002@c.us_3EB0AA/pin";
        let body = json!({"duration": duration});
        puts(
            chats::pin_message(&s, &c, &m, pin_for),
            post(path, Some(body), WAIT),
        )
        .await;
    }
    let path = "/api/s_1/chats/6281200000002@c.us/messages/true_6281200000002@c.us_3EB0AA/unpin";
    puts(chats::unpin_message(&s, &c, &m), post(path, None, WAIT)).await;
    // An empty id would lead to all messages of the chat.
    is_not_sent(chats::delete_message(&s, &c, &MessageId::parse(""))).await;
}

#[tokio::test]
async fn changes_of_all_messages_of_a_chat() {
    let (s, c) = (session(), chat());
    let path = "/api/s_1/chats/6281200000002@c.us/messages";
    puts(chats::clear_messages(&s, &c), delete(path, WAIT)).await;
    let path = "/api/s_1/chats/6281200000002@c.us/messages/read";
    puts(
        chats::read_messages(&s, &c, ReadQuery::new()),
        post(path, None, WAIT),
    )
    .await;
    let path = "/api/s_1/chats/6281200000002@c.us/messages/read?messages=30&days=2";
    puts(
        chats::read_messages(&s, &c, ReadQuery::new().messages(30).days(2)),
        post(path, None, WAIT),
    )
    .await;
}
