//! Messages, and what is done to messages without writing.
#![allow(deprecated)]

use serde_json::Value;
use waha_client::api::chatting::{
    self, Button, ButtonReply, ButtonsMessage, ContactCard, ContactsMessage, ForwardedMessage,
    LinkMessage, LinkPreview, ListMessage, ListRow, ListSection, LocationMessage, PollMessage,
    PollVote, SeenMessages, VideoMessage, VoiceMessage,
};
use waha_client::{
    ChatId, FileMessage, MessageId, MessageQuery, NumberStatus, Sent, TextMessage, WahaClient,
};

use crate::asked::{Asked, Replayed, perform};
use crate::is_known_message;

pub(crate) async fn replay(waha: &WahaClient, asked: &Asked) -> Option<Replayed> {
    let (method, path) = asked.route();
    let (s, c) = (asked.session(), || asked.chat("chatId"));
    let reply_to = asked.maybe("reply_to").map(|id| MessageId::parse(&id));
    let sent = |sent: &Sent| sent.id.is_some();
    Some(match (method, &path[1..]) {
        ("POST", ["sendText" | "reply"]) => {
            let (c, text, id) = (c(), asked.text("text"), asked.maybe("id"));
            let people: Vec<ChatId> = match &asked.body["mentions"] {
                Value::Null => Vec::new(),
                _ => {
                    let people = asked.texts("/mentions");
                    people
                        .iter()
                        .filter_map(|it| ChatId::parse(it).ok())
                        .collect()
                }
            };
            let mut message = TextMessage::new(&s, &c, &text).mentions(&people);
            if asked.body["mentions"] == serde_json::json!(["all"]) {
                message = message.mentions_everybody();
            }
            if let Some(id) = &id {
                message = message.id(id);
            }
            if let Some(original) = &reply_to {
                message = message.reply_to(original);
            }
            if let Some(wanted) = asked.flag("linkPreview") {
                message = message.link_preview(wanted);
            }
            if let Some(wanted) = asked.flag("linkPreviewHighQuality") {
                message = message.link_preview_high_quality(wanted);
            }
            match path[1] {
                "reply" => perform(waha, chatting::reply(&message), sent).await,
                _ => perform(waha, chatting::send_text(&message), sent).await,
            }
        }
        ("GET", ["sendText"]) => {
            let (phone, text) = (asked.text("phone"), asked.text("text"));
            let endpoint = chatting::send_text_by_query(&s, &phone, &text);
            perform(waha, endpoint, sent).await
        }
        ("POST", ["sendImage" | "sendFile"]) => {
            let (c, file, caption) = (c(), asked.file(), asked.maybe("caption"));
            let mut message = FileMessage::new(&s, &c, &file);
            if let Some(caption) = &caption {
                message = message.caption(caption);
            }
            if let Some(original) = &reply_to {
                message = message.reply_to(original);
            }
            match path[1] {
                "sendImage" => perform(waha, chatting::send_image(&message), sent).await,
                _ => perform(waha, chatting::send_file(&message), sent).await,
            }
        }
        ("POST", ["sendVoice"]) => {
            let (c, file) = (c(), asked.file());
            let voice = VoiceMessage::new(&s, &c, &file);
            perform(waha, chatting::send_voice(&voice), sent).await
        }
        ("POST", ["sendVideo"]) => {
            let (c, file, caption) = (c(), asked.file(), asked.text("caption"));
            let video = VideoMessage::new(&s, &c, &file).caption(&caption);
            perform(waha, chatting::send_video(&video), sent).await
        }
        ("POST", ["sendLinkPreview"]) => {
            let (url, title) = (asked.text("url"), asked.text("title"));
            let endpoint = chatting::send_link_preview(&s, &c(), &url, &title);
            perform(waha, endpoint, sent).await
        }
        ("POST", ["send", "link-custom-preview"]) => {
            let part = |name: &str| asked.text(&format!("preview.{name}"));
            let (url, title, description) = (part("url"), part("title"), part("description"));
            let preview = LinkPreview::new(&url, &title, &description);
            let (c, text) = (c(), asked.text("text"));
            let link = LinkMessage::new(&s, &c, &text, preview);
            perform(waha, chatting::send_link(&link), sent).await
        }
        ("POST", ["sendButtons"]) => {
            let (c, body) = (c(), asked.text("body"));
            let (header, footer) = (asked.maybe("header"), asked.maybe("footer"));
            let buttons = buttons(asked);
            let mut message = ButtonsMessage::new(&s, &c, &body, &buttons);
            if let Some(header) = &header {
                message = message.header(header);
            }
            if let Some(footer) = &footer {
                message = message.footer(footer);
            }
            perform(waha, chatting::send_buttons(&message), sent).await
        }
        ("POST", ["send", "buttons", "reply"]) => {
            let text = asked.text("selectedDisplayText");
            let (c, id) = (c(), asked.text("selectedButtonID"));
            let original = asked.maybe("replyTo").map(|id| MessageId::parse(&id));
            let mut tap = ButtonReply::new(&s, &c, &text, &id);
            if let Some(original) = &original {
                tap = tap.reply_to(original);
            }
            perform(waha, chatting::reply_to_button(&tap), sent).await
        }
        ("POST", ["sendList"]) => send_list(waha, asked).await,
        ("POST", ["sendPoll"]) => {
            let (c, name) = (c(), asked.text("poll.name"));
            let options = asked.texts("/poll/options");
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            let mut poll = PollMessage::new(&s, &c, &name, &options);
            if asked.body["poll"]["multipleAnswers"] == true {
                poll = poll.multiple_answers();
            }
            perform(waha, chatting::send_poll(&poll), sent).await
        }
        ("POST", ["sendPollVote"]) => {
            let (c, poll, votes) = (c(), asked.message("pollMessageId"), asked.texts("/votes"));
            let votes: Vec<&str> = votes.iter().map(String::as_str).collect();
            let vote = PollVote::new(&s, &c, &poll, &votes);
            perform(waha, chatting::vote(&vote), sent).await
        }
        ("POST", ["sendLocation"]) => {
            let degrees = |name: &str| asked.body[name].as_f64().unwrap_or(f64::NAN);
            let (c, title) = (c(), asked.text("title"));
            let place =
                LocationMessage::new(&s, &c, degrees("latitude"), degrees("longitude"), &title);
            perform(waha, chatting::send_location(&place), sent).await
        }
        ("POST", ["sendContactVcard"]) => {
            let first = |name: &str| asked.maybe(&format!("contacts.0.{name}"));
            let whatsapp = first("whatsappId").and_then(|it| ChatId::phone(&it).ok());
            let (vcard, organization) = (first("vcard"), first("organization"));
            let (name, phone) = (first("fullName"), first("phoneNumber"));
            let mut card = match &vcard {
                Some(vcard) => ContactCard::vcard(vcard),
                None => ContactCard::new(
                    name.as_deref().unwrap_or_default(),
                    phone.as_deref().unwrap_or_default(),
                ),
            };
            if let Some(organization) = &organization {
                card = card.organization(organization);
            }
            if let Some(chat) = &whatsapp {
                card = card.chat(chat);
            }
            let (c, cards) = (c(), [card]);
            let cards = ContactsMessage::new(&s, &c, &cards);
            perform(waha, chatting::send_contacts(&cards), sent).await
        }
        ("POST", ["forwardMessage"]) => {
            let (c, original) = (c(), asked.message("messageId"));
            let message = ForwardedMessage::new(&s, &c, &original);
            perform(waha, chatting::forward(&message), sent).await
        }
        _ => return marks(waha, asked).await,
    })
}

async fn marks(waha: &WahaClient, asked: &Asked) -> Option<Replayed> {
    let (method, path) = asked.route();
    let (s, c) = (asked.session(), || asked.chat("chatId"));
    let done = |done: &bool| *done;
    let sent = |sent: &Sent| sent.id.is_some();
    Some(match (method, &path[1..]) {
        ("PUT", ["reaction"]) => {
            let (message, emoji) = (asked.message("messageId"), asked.text("reaction"));
            perform(waha, chatting::react(&s, &message, &emoji), sent).await
        }
        ("PUT", ["star"]) => {
            let message = asked.message("messageId");
            perform(waha, chatting::star(&s, &c(), &message), done).await
        }
        ("POST", ["sendSeen"]) => {
            let (c, ids) = (c(), &asked.body["messageIds"]);
            let ids = match ids {
                Value::Null => Vec::new(),
                _ => asked.texts("/messageIds"),
            };
            let ids: Vec<MessageId> = ids.into_iter().map(|id| MessageId::parse(&id)).collect();
            let seen = SeenMessages::new(&s, &c).messages(&ids);
            perform(waha, chatting::send_seen(&seen), Vec::is_empty).await
        }
        ("POST", ["startTyping"]) => perform(waha, chatting::start_typing(&s, &c()), done).await,
        ("POST", ["stopTyping"]) => perform(waha, chatting::stop_typing(&s, &c()), done).await,
        ("GET", ["messages"]) => {
            let mut query = MessageQuery::new();
            if let Some(limit) = asked.number("limit") {
                query = query.limit(limit);
            }
            if let Some(wanted) = asked.flag("downloadMedia") {
                query = query.download_media(wanted);
            }
            let known = |list: &Vec<_>| list.iter().all(is_known_message);
            let endpoint = chatting::messages_by_query(&s, &c(), &query);
            perform(waha, endpoint, known).await
        }
        ("GET", ["checkNumberStatus"]) => {
            let fits = |status: &NumberStatus| status.number_exists == status.chat_id.is_some();
            let endpoint = chatting::check_number_status(&s, &asked.text("phone"));
            perform(waha, endpoint, fits).await
        }
        (_, [_, "new-message-id"]) => {
            let endpoint = chatting::new_message_id(&asked.session_at(1));
            perform(waha, endpoint, |id| id.starts_with("3EB0")).await
        }
        _ => return None,
    })
}

async fn send_list(waha: &WahaClient, asked: &Asked) -> Replayed {
    let part = |name: &str| asked.text(&format!("message.{name}"));
    let (s, c) = (asked.session(), asked.chat("chatId"));
    let (title, button, section) = (part("title"), part("button"), part("sections.0.title"));
    let row = |name: &str| part(&format!("sections.0.rows.0.{name}"));
    let (name, id, description) = (row("title"), row("rowId"), row("description"));
    let rows = [ListRow::new(&name, &id).description(&description)];
    let sections = [ListSection {
        title: &section,
        rows: &rows,
    }];
    let (description, footer) = (part("description"), part("footer"));
    let list = ListMessage::new(&s, &c, &title, &button, &sections)
        .description(&description)
        .footer(&footer);
    perform(waha, chatting::send_list(&list), |sent: &Sent| {
        sent.id.is_some()
    })
    .await
}

fn buttons(asked: &Asked) -> Vec<Button<'_>> {
    let list = asked.body["buttons"].as_array();
    let button = |button| {
        let text = |name: &str| Value::as_str(Value::get(button, name)?);
        Some(match text("type")? {
            "reply" => Button::Reply {
                text: text("text")?,
                id: text("id"),
            },
            "url" => Button::Url {
                text: text("text")?,
                url: text("url")?,
            },
            "call" => Button::Call {
                text: text("text")?,
                phone_number: text("phoneNumber")?,
            },
            "copy" => Button::Copy {
                text: text("text")?,
                code: text("copyCode")?,
            },
            _ => return None,
        })
    };
    list.into_iter().flatten().filter_map(button).collect()
}
