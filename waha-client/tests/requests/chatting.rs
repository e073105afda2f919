//! Sending, and what is done to messages without writing.

use serde_json::{Value, json};
use waha_client::api::chatting::{
    self, Button, ButtonReply, ButtonsMessage, ContactCard, ContactsMessage, ForwardedMessage,
    LinkMessage, LinkPreview, ListMessage, ListRow, ListSection, LocationMessage, PollMessage,
    PollVote, SeenMessages, VideoMessage, VoiceMessage,
};
use waha_client::{ChatId, File, FileMessage, MessageId, MessageQuery, Repeat, TextMessage, Wait};

use crate::{Expected, chat, get, is_not_sent, message, post, put, puts, session};

/// A body of this session and chat, with more in it.
fn to_chat(more: Value) -> Option<Value> {
    let mut body = json!({"session": "s_1", "chatId": "6281200000002@c.us"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    Some(body)
}

#[tokio::test]
async fn sends() {
    let (s, c) = (session(), chat());
    let plain = json!({"session": "s_1", "chatId": "6281200000002@c.us", "text": "héllo"});
    let text = TextMessage::new(&s, &c, "héllo");
    let expected = post("/api/sendText", Some(plain), Wait::Send);
    puts(chatting::send_text(&text), expected).await;

    let quoted = MessageId::parse("false_6281200000002@c.us_AA");
    let people = [c.clone()];
    let text = text
        .id("3EB0AA")
        .reply_to(&quoted)
        .mentions(&people)
        .link_preview(false)
        .link_preview_high_quality(true);
    let full = json!({
        "session": "s_1", "chatId": "6281200000002@c.us", "text": "héllo", "id": "3EB0AA",
        "reply_to": "false_6281200000002@c.us_AA", "mentions": ["6281200000002@c.us"],
        "linkPreview": false, "linkPreviewHighQuality": true,
    });
    puts(
        chatting::send_text(&text),
        post("/api/sendText", Some(full), Wait::Send),
    )
    .await;

    let file = File::from_bytes("image/png", [1, 2, 3]).named("a.png");
    let image = FileMessage::new(&s, &c, &file).caption("cap").id("3EB0AB");
    let body = json!({
        "session": "s_1", "chatId": "6281200000002@c.us", "caption": "cap", "id": "3EB0AB",
        "file": {"mimetype": "image/png", "filename": "a.png", "data": "AQID"},
    });
    puts(
        chatting::send_image(&image),
        post("/api/sendImage", Some(body), Wait::Media),
    )
    .await;

    let file = File::from_url("application/pdf", "https://h/a.pdf");
    let document = FileMessage::new(&s, &c, &file);
    let body = json!({
        "session": "s_1", "chatId": "6281200000002@c.us",
        "file": {"mimetype": "application/pdf", "url": "https://h/a.pdf"},
    });
    puts(
        chatting::send_file(&document),
        post("/api/sendFile", Some(body), Wait::Media),
    )
    .await;

    let expected = get("/api/s_1/new-message-id", Wait::Session);
    puts(chatting::new_message_id(&s), expected).await;
}

#[tokio::test]
async fn voice_and_video() {
    let (s, c, m) = (session(), chat(), message());
    let file = File::from_bytes("audio/ogg; codecs=opus", [1, 2, 3]);
    let sound = json!({"mimetype": "audio/ogg; codecs=opus", "data": "AQID"});
    puts(
        chatting::send_voice(&VoiceMessage::new(&s, &c, &file)),
        post(
            "/api/sendVoice",
            to_chat(json!({"file": sound, "convert": false})),
            Wait::Media,
        ),
    )
    .await;
    let voice = VoiceMessage::new(&s, &c, &file)
        .converted()
        .id("3EB0AB")
        .reply_to(&m);
    let more = json!({
        "file": sound, "convert": true, "id": "3EB0AB", "reply_to": "true_6281200000002@c.us_3EB0AA",
    });
    puts(
        chatting::send_voice(&voice),
        post("/api/sendVoice", to_chat(more), Wait::Media),
    )
    .await;

    let file = File::from_url("video/mp4", "https://h/a.mp4").named("a.mp4");
    let film = json!({"mimetype": "video/mp4", "filename": "a.mp4", "url": "https://h/a.mp4"});
    let more = json!({"file": film, "convert": false, "asNote": false});
    puts(
        chatting::send_video(&VideoMessage::new(&s, &c, &file)),
        post("/api/sendVideo", to_chat(more), Wait::Media),
    )
    .await;
    let video = VideoMessage::new(&s, &c, &file)
        .converted()
        .as_note()
        .caption("cap")
        .id("3EB0AB")
        .reply_to(&m);
    let more = json!({
        "file": film, "convert": true, "asNote": true, "caption": "cap", "id": "3EB0AB",
        "reply_to": "true_6281200000002@c.us_3EB0AA",
    });
    puts(
        chatting::send_video(&video),
        post("/api/sendVideo", to_chat(more), Wait::Media),
    )
    .await;
    let people = [c.clone()];
    let video = VideoMessage::new(&s, &c, &file).caption("@6281200000002");
    for (video, mentions) in [
        (video.clone().mentions(&people), "6281200000002@c.us"),
        (video.mentions_everybody(), "all"),
    ] {
        let more = json!({
            "file": film, "convert": false, "asNote": false, "caption": "@6281200000002", "mentions": [mentions],
        });
        puts(
            chatting::send_video(&video),
            post("/api/sendVideo", to_chat(more), Wait::Media),
        )
        .await;
    }
}

#[tokio::test]
async fn forwarded_messages() {
    let (s, c, m) = (session(), chat(), message());
    let forwarded = ForwardedMessage::new(&s, &c, &m);
    let id = "true_6281200000002@c.us_3EB0AA";
    puts(
        chatting::forward(&forwarded),
        post(
            "/api/forwardMessage",
            to_chat(json!({"messageId": id})),
            Wait::Send,
        ),
    )
    .await;
    puts(
        chatting::forward(&forwarded.id("3EB0AB")),
        post(
            "/api/forwardMessage",
            to_chat(json!({"messageId": id, "id": "3EB0AB"})),
            Wait::Send,
        ),
    )
    .await;
}

#[tokio::test]
async fn links_with_a_preview_of_ones_own() {
    const PATH: &str = "/api/send/link-custom-preview";
    let (s, c, m) = (session(), chat(), message());
    let preview = LinkPreview::new("https://e.com/", "t", "d");
    let more = json!({
        "text": "see https://e.com/",
        "preview": {"url": "https://e.com/", "title": "t", "description": "d"},
    });
    puts(
        chatting::send_link(&LinkMessage::new(&s, &c, "see https://e.com/", preview)),
        post(PATH, to_chat(more), Wait::Send),
    )
    .await;

    let image = File::from_url("image/png", "https://h/a.png");
    let link = LinkMessage::new(&s, &c, "see https://e.com/", preview.image(&image))
        .id("3EB0AB")
        .reply_to(&m)
        .link_preview_high_quality(false);
    let more = json!({
        "text": "see https://e.com/", "id": "3EB0AB", "reply_to": "true_6281200000002@c.us_3EB0AA",
        "linkPreviewHighQuality": false,
        "preview": {
            "url": "https://e.com/", "title": "t", "description": "d", "image": {"url": "https://h/a.png"},
        },
    });
    puts(
        chatting::send_link(&link),
        post(PATH, to_chat(more), Wait::Media),
    )
    .await;
    is_not_sent(chatting::send_link(&LinkMessage::new(
        &s, &c, "see", preview,
    )))
    .await;
}

#[tokio::test]
#[allow(deprecated)]
async fn buttons() {
    let (s, c, m) = (session(), chat(), message());
    let yes = [Button::Reply {
        text: "Yes",
        id: None,
    }];
    let more = json!({"body": "b", "buttons": [{"type": "reply", "text": "Yes"}]});
    puts(
        chatting::send_buttons(&ButtonsMessage::new(&s, &c, "b", &yes)),
        post("/api/sendButtons", to_chat(more), Wait::Send),
    )
    .await;

    let all = [
        Button::Reply {
            text: "Yes",
            id: Some("1"),
        },
        Button::Url {
            text: "Go",
            url: "https://e.com",
        },
        Button::Call {
            text: "Call",
            phone_number: "+62812",
        },
        Button::Copy {
            text: "Copy",
            code: "123",
        },
    ];
    let image = File::from_url("image/png", "https://h/a.png");
    let buttons = ButtonsMessage::new(&s, &c, "b", &all)
        .header("h")
        .header_image(&image)
        .footer("f");
    let more = json!({
        "header": "h", "headerImage": {"mimetype": "image/png", "url": "https://h/a.png"}, "body": "b", "footer": "f",
        "buttons": [
            {"type": "reply", "text": "Yes", "id": "1"},
            {"type": "url", "text": "Go", "url": "https://e.com"},
            {"type": "call", "text": "Call", "phoneNumber": "+62812"},
            {"type": "copy", "text": "Copy", "copyCode": "123"},
        ],
    });
    puts(
        chatting::send_buttons(&buttons),
        post("/api/sendButtons", to_chat(more), Wait::Media),
    )
    .await;

    let tap = ButtonReply::new(&s, &c, "Yes", "1");
    let more = json!({"selectedDisplayText": "Yes", "selectedButtonID": "1"});
    puts(
        chatting::reply_to_button(&tap),
        post("/api/send/buttons/reply", to_chat(more), Wait::Send),
    )
    .await;
    let more = json!({
        "selectedDisplayText": "Yes", "selectedButtonID": "1", "replyTo": "true_6281200000002@c.us_3EB0AA",
    });
    puts(
        chatting::reply_to_button(&tap.reply_to(&m)),
        post("/api/send/buttons/reply", to_chat(more), Wait::Send),
    )
    .await;
}

#[tokio::test]
async fn lists() {
    let (s, c, m) = (session(), chat(), message());
    let rows = [
        ListRow::new("r", "1"),
        ListRow::new("q", "2").description("d"),
    ];
    let sections = [ListSection {
        title: "S",
        rows: &rows,
    }];
    let written = json!([{
        "title": "S", "rows": [{"title": "r", "rowId": "1"}, {"title": "q", "rowId": "2", "description": "d"}],
    }]);
    let list = ListMessage::new(&s, &c, "T", "B", &sections);
    let more = json!({"message": {"title": "T", "button": "B", "sections": written}});
    puts(
        chatting::send_list(&list),
        post("/api/sendList", to_chat(more), Wait::Send),
    )
    .await;
    let list = list.description("D").footer("F").reply_to(&m);
    let more = json!({
        "message": {"title": "T", "description": "D", "footer": "F", "button": "B", "sections": written},
        "reply_to": "true_6281200000002@c.us_3EB0AA",
    });
    puts(
        chatting::send_list(&list),
        post("/api/sendList", to_chat(more), Wait::Send),
    )
    .await;
}

#[tokio::test]
async fn polls() {
    let (s, c, m) = (session(), chat(), message());
    let poll = PollMessage::new(&s, &c, "q", &["a", "b"]);
    let more = json!({"poll": {"name": "q", "options": ["a", "b"], "multipleAnswers": false}});
    puts(
        chatting::send_poll(&poll),
        post("/api/sendPoll", to_chat(more), Wait::Send),
    )
    .await;
    let poll = poll.multiple_answers().id("3EB0AB").reply_to(&m);
    let more = json!({
        "poll": {"name": "q", "options": ["a", "b"], "multipleAnswers": true}, "id": "3EB0AB",
        "reply_to": "true_6281200000002@c.us_3EB0AA",
    });
    puts(
        chatting::send_poll(&poll),
        post("/api/sendPoll", to_chat(more), Wait::Send),
    )
    .await;
    is_not_sent(chatting::send_poll(&PollMessage::new(&s, &c, "q", &[]))).await;

    let vote = PollVote::new(&s, &c, &m, &["a"]);
    let more = json!({"pollMessageId": "true_6281200000002@c.us_3EB0AA", "votes": ["a"]});
    puts(
        chatting::vote(&vote),
        post("/api/sendPollVote", to_chat(more), Wait::Send),
    )
    .await;
    let more = json!({
        "pollMessageId": "true_6281200000002@c.us_3EB0AA", "pollServerId": 7, "votes": ["a"],
    });
    puts(
        chatting::vote(&vote.server_id(7)),
        post("/api/sendPollVote", to_chat(more), Wait::Send),
    )
    .await;
}

#[tokio::test]
async fn places() {
    let (s, c, m) = (session(), chat(), message());
    let place = LocationMessage::new(&s, &c, -6.2, 106.8, "Jakarta");
    let more = json!({"latitude": -6.2, "longitude": 106.8, "title": "Jakarta"});
    puts(
        chatting::send_location(&place),
        post("/api/sendLocation", to_chat(more), Wait::Send),
    )
    .await;
    let place = place.id("3EB0AB").reply_to(&m);
    let more = json!({
        "latitude": -6.2, "longitude": 106.8, "title": "Jakarta", "id": "3EB0AB",
        "reply_to": "true_6281200000002@c.us_3EB0AA",
    });
    puts(
        chatting::send_location(&place),
        post("/api/sendLocation", to_chat(more), Wait::Send),
    )
    .await;
    for (latitude, longitude) in [
        (f64::NAN, 0.0),
        (0.0, f64::INFINITY),
        (90.1, 0.0),
        (0.0, -180.1),
    ] {
        let nowhere = LocationMessage::new(&s, &c, latitude, longitude, "?");
        is_not_sent(chatting::send_location(&nowhere)).await;
    }
}

#[tokio::test]
async fn cards() {
    let (s, c, m) = (session(), chat(), message());
    let group = ChatId::group("12036300").unwrap();
    let cards = [
        ContactCard::new("Jane", "+62 812")
            .organization("Org")
            .chat(&c),
        ContactCard::new("Joe", "+62 813").chat(&group),
        ContactCard::vcard("BEGIN:VCARD"),
    ];
    let written = json!([
        {"fullName": "Jane", "organization": "Org", "phoneNumber": "+62 812", "whatsappId": "6281200000002"},
        {"fullName": "Joe", "phoneNumber": "+62 813"},
        {"vcard": "BEGIN:VCARD"},
    ]);
    let message = ContactsMessage::new(&s, &c, &cards);
    puts(
        chatting::send_contacts(&message),
        post(
            "/api/sendContactVcard",
            to_chat(json!({"contacts": written})),
            Wait::Send,
        ),
    )
    .await;
    let more = json!({
        "contacts": written, "id": "3EB0AB", "reply_to": "true_6281200000002@c.us_3EB0AA",
    });
    puts(
        chatting::send_contacts(&message.id("3EB0AB").reply_to(&m)),
        post("/api/sendContactVcard", to_chat(more), Wait::Send),
    )
    .await;
    is_not_sent(chatting::send_contacts(&ContactsMessage::new(&s, &c, &[]))).await;
}

#[tokio::test]
async fn seen_and_typing() {
    let (s, c) = (session(), chat());
    let seen = SeenMessages::new(&s, &c);
    puts(
        chatting::send_seen(&seen),
        post("/api/sendSeen", to_chat(json!({})), Wait::Session),
    )
    .await;
    let ids = [MessageId::parse("false_6281200000002@c.us_AAA")];
    let more = json!({
        "messageIds": ["false_6281200000002@c.us_AAA"], "participant": "6281200000002@c.us",
    });
    puts(
        chatting::send_seen(&seen.messages(&ids).participant(&c)),
        post("/api/sendSeen", to_chat(more), Wait::Session),
    )
    .await;
    puts(
        chatting::start_typing(&s, &c),
        post("/api/startTyping", to_chat(json!({})), Wait::Session),
    )
    .await;
    puts(
        chatting::stop_typing(&s, &c),
        post("/api/stopTyping", to_chat(json!({})), Wait::Session),
    )
    .await;
}

#[tokio::test]
async fn reactions_and_stars() {
    let (s, c, m) = (session(), chat(), message());
    let id = "true_6281200000002@c.us_3EB0AA";
    for emoji in ["👍", ""] {
        let body = json!({"session": "s_1", "messageId": id, "reaction": emoji});
        puts(
            chatting::react(&s, &m, emoji),
            put("/api/reaction", Some(body), Wait::Send),
        )
        .await;
    }
    puts(
        chatting::star(&s, &c, &m),
        put(
            "/api/star",
            to_chat(json!({"messageId": id, "star": true})),
            Wait::Session,
        ),
    )
    .await;
    puts(
        chatting::unstar(&s, &c, &m),
        put(
            "/api/star",
            to_chat(json!({"messageId": id, "star": false})),
            Wait::Session,
        ),
    )
    .await;
}

#[tokio::test]
#[allow(deprecated)]
async fn deprecated_calls() {
    let (s, c, m) = (session(), chat(), message());
    let sending = Expected {
        repeat: Repeat::Never,
        ..get(
            "/api/sendText?phone=6281200000002&text=h%C3%A9+%26&session=s_1",
            Wait::Send,
        )
    };
    puts(
        chatting::send_text_by_query(&s, "6281200000002", "hé &"),
        sending,
    )
    .await;
    let path = "/api/messages?session=s_1&chatId=6281200000002%40c.us&limit=3&downloadMedia=false&filter.fromMe=true";
    puts(
        chatting::messages_by_query(&s, &c, &MessageQuery::new().limit(3).from_me(true)),
        get(path, Wait::Session),
    )
    .await;
    let path = "/api/checkNumberStatus?phone=6281200000002&session=s_1";
    let once = Expected {
        repeat: Repeat::Never,
        ..get(path, Wait::Session)
    };
    puts(chatting::check_number_status(&s, "6281200000002"), once).await;
    let text = TextMessage::new(&s, &c, "r").reply_to(&m);
    let more = json!({"text": "r", "reply_to": "true_6281200000002@c.us_3EB0AA"});
    puts(
        chatting::reply(&text),
        post("/api/reply", to_chat(more), Wait::Send),
    )
    .await;
    let more = json!({"url": "https://e.com", "title": "t"});
    puts(
        chatting::send_link_preview(&s, &c, "https://e.com", "t"),
        post("/api/sendLinkPreview", to_chat(more), Wait::Send),
    )
    .await;
}
