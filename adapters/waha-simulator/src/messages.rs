//! A session's message store: what was sent and received, by id and by chat.
//! NOWEB leaves it out unless told; then every look-up answers 400.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::acks::Ack;
use crate::sessions::lid_of;
use crate::world::lock;

/// A message as the engine keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: Box<str>,
    /// The chat in the engine's form (`...@s.whatsapp.net`).
    pub(crate) jid: Box<str>,
    pub(crate) from_me: bool,
    pub(crate) participant: Option<Box<str>>,
    pub(crate) at_s: u64,
    /// Sent through the API, not typed on a phone.
    pub(crate) by_api: bool,
    /// The text or the caption.
    pub(crate) body: Box<str>,
    pub(crate) content: Content,
    pub(crate) mentions: Vec<String>,
    pub(crate) quoted: Option<Box<Message>>,
    pub(crate) push_name: Option<Box<str>>,
    pub(crate) ack: Ack,
    /// Who of a group has it, and since when.
    pub(crate) receipts: Vec<(Box<str>, u64)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    Text,
    Media(Box<Media>),
}

#[derive(Debug, Clone)]
pub(crate) struct Media {
    /// The field of WhatsApp's message that holds it.
    pub(crate) field: &'static str,
    pub(crate) mimetype: String,
    pub(crate) filename: Option<String>,
    pub(crate) length: usize,
    pub(crate) sha256: [u8; 32],
}

impl Message {
    pub(crate) fn media(&self) -> Option<&Media> {
        match &self.content {
            Content::Text => None,
            Content::Media(media) => Some(media),
        }
    }
}

#[derive(Default)]
pub(crate) struct Store(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    messages: Vec<Message>,
    by_id: HashMap<Box<str>, usize>,
    by_chat: HashMap<Box<str>, Vec<usize>>,
}

/// Which messages of a chat are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// `None` for all.
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
    pub(crate) from_me: Option<bool>,
    pub(crate) at_s_min: Option<u64>,
    pub(crate) at_s_max: Option<u64>,
    pub(crate) ack: Option<i8>,
}

impl Filter {
    fn takes(&self, message: &Message) -> bool {
        self.from_me
            .is_none_or(|from_me| from_me == message.from_me)
            && self.at_s_min.is_none_or(|min| message.at_s >= min)
            && self.at_s_max.is_none_or(|max| message.at_s <= max)
            && self.ack.is_none_or(|ack| ack == message.ack as i8)
    }
}

impl Store {
    /// Keeps a message; one with an id that is there already replaces it.
    pub(crate) fn keep(&self, message: Message) {
        let mut kept = lock(&self.0);
        if let Some(place) = kept.by_id.get(&message.id).copied() {
            kept.messages[place] = message;
            return;
        }
        let place = kept.messages.len();
        kept.by_id.insert(message.id.clone(), place);
        kept.by_chat
            .entry(message.jid.clone())
            .or_default()
            .push(place);
        kept.messages.push(message);
    }

    /// Acknowledgements only move forward in the store, except that anything corrects ERROR.
    pub(crate) fn acknowledge(&self, id: &str, ack: Ack) {
        let mut kept = lock(&self.0);
        if let Some(place) = kept.by_id.get(id).copied() {
            let message = &mut kept.messages[place];
            if ack > message.ack || (ack == Ack::Error && message.ack == Ack::Pending) {
                message.ack = ack;
            }
        }
    }

    /// A member of a group has it. The message itself stays PENDING (recorded).
    pub(crate) fn receipt(&self, id: &str, member: &str, at_s: u64) {
        let mut kept = lock(&self.0);
        if let Some(place) = kept.by_id.get(id).copied() {
            let receipts = &mut kept.messages[place].receipts;
            if receipts.iter().all(|(known, _)| **known != *member) {
                receipts.push((member.into(), at_s));
            }
        }
    }

    pub(crate) fn by_id(&self, bare: &str) -> Option<Message> {
        let kept = lock(&self.0);
        let place = kept.by_id.get(bare)?;
        kept.messages.get(*place).cloned()
    }

    /// A message of a chat by its full or its bare id. The chat may be named by phone or LID.
    pub(crate) fn find(&self, chat: &str, id: &str) -> Option<Message> {
        let (from_me, bare) = bare_id(id);
        let message = self.by_id(bare)?;
        (same_chat(chat, &message.jid) && from_me.is_none_or(|from_me| from_me == message.from_me))
            .then_some(message)
    }

    /// Messages of a chat, newest first.
    pub(crate) fn chat(&self, chat: &str, filter: &Filter) -> Vec<Message> {
        let kept = lock(&self.0);
        let jid = crate::shapes::s_whatsapp(chat);
        let places = kept.by_chat.get(jid.as_str()).or_else(|| {
            // Rare enough to be looked for.
            let key = kept.by_chat.keys().find(|jid| same_chat(chat, jid))?;
            kept.by_chat.get(key)
        });
        places
            .into_iter()
            .flatten()
            .rev()
            .filter_map(|place| kept.messages.get(*place))
            .filter(|message| filter.takes(message))
            .skip(filter.offset)
            .take(filter.limit.unwrap_or(usize::MAX))
            .cloned()
            .collect()
    }

    /// Chats with the time of their last message, newest first.
    pub(crate) fn chats(&self) -> Vec<(String, u64)> {
        let kept = lock(&self.0);
        let mut chats: Vec<_> = kept
            .by_chat
            .iter()
            // One's own status is no chat.
            .filter(|(jid, _)| &***jid != "status@broadcast")
            .filter_map(|(jid, places)| {
                let last = places
                    .iter()
                    .rev()
                    .find_map(|place| kept.messages.get(*place))?;
                Some((jid.to_string(), last.at_s))
            })
            .collect();
        chats.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        chats
    }

    /// The name a chat's person gave himself, if he ever wrote.
    pub(crate) fn chat_name(&self, jid: &str) -> Option<String> {
        let kept = lock(&self.0);
        let places = kept.by_chat.get(jid)?;
        places.iter().rev().find_map(|place| {
            let message = kept.messages.get(*place)?;
            (!message.from_me && message.participant.is_none())
                .then(|| message.push_name.as_deref().map(str::to_owned))?
        })
    }

    /// Marks what came in as read; returns those messages, newest first.
    pub(crate) fn read(&self, chat: &str) -> Vec<Message> {
        let unread = Filter {
            from_me: Some(false),
            ack: Some(Ack::Device as i8),
            ..Filter::default()
        };
        let messages = self.chat(chat, &unread);
        for message in &messages {
            self.acknowledge(&message.id, Ack::Read);
        }
        messages
    }
}

/// A full id is `{fromMe}_{chat}_{ID}[_{participant}]`; anything else is taken as bare.
fn bare_id(id: &str) -> (Option<bool>, &str) {
    let mut parts = id.split('_');
    let from_me = match parts.next() {
        Some("true") => true,
        Some("false") => false,
        _ => return (None, id),
    };
    match (parts.next(), parts.next()) {
        (Some(_), Some(bare)) => (Some(from_me), bare),
        _ => (None, id),
    }
}

fn same_chat(asked: &str, jid: &str) -> bool {
    if asked.ends_with("@lid")
        && let Some(phone) = jid.strip_suffix("@s.whatsapp.net")
    {
        return lid_of(phone) == asked;
    }
    crate::shapes::s_whatsapp(asked) == jid
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn message(id: &str, jid: &str, from_me: bool, at_s: u64) -> Message {
        Message {
            id: id.into(),
            jid: jid.into(),
            from_me,
            participant: None,
            at_s,
            by_api: from_me,
            body: "hello".into(),
            content: Content::Text,
            mentions: Vec::new(),
            quoted: None,
            push_name: None,
            receipts: Vec::new(),
            ack: if from_me { Ack::Pending } else { Ack::Device },
        }
    }

    #[test]
    fn a_message_is_found_by_full_and_bare_id_and_through_the_lid() {
        let store = Store::default();
        store.keep(message("3EB0A", "62811@s.whatsapp.net", true, 1));
        let lid = lid_of("62811");
        for (chat, id) in [
            ("62811@c.us", "3EB0A"),
            ("62811@s.whatsapp.net", "true_62811@c.us_3EB0A"),
            (lid.as_str(), "3EB0A"),
        ] {
            assert!(store.find(chat, id).is_some(), "{chat} {id}");
        }
        for (chat, id) in [
            ("62812@c.us", "3EB0A"),
            ("62811@c.us", "3EB0B"),
            ("62811@c.us", "false_62811@c.us_3EB0A"),
            ("1@lid", "3EB0A"),
        ] {
            assert!(store.find(chat, id).is_none(), "{chat} {id}");
        }
    }

    #[test]
    fn filters_limit_offset_and_order() {
        let store = Store::default();
        for at in 1..=5 {
            store.keep(message(
                &format!("ID{at}"),
                "62811@s.whatsapp.net",
                at % 2 == 1,
                at,
            ));
        }
        let ids = |filter: Filter| -> Vec<String> {
            let found = store.chat("62811@c.us", &filter);
            found.iter().map(|message| message.id.to_string()).collect()
        };
        assert_eq!(ids(Filter::default()), ["ID5", "ID4", "ID3", "ID2", "ID1"]);
        let page = Filter {
            limit: Some(2),
            offset: 1,
            ..Filter::default()
        };
        assert_eq!(ids(page), ["ID4", "ID3"]);
        let mine = Filter {
            from_me: Some(true),
            at_s_max: Some(3),
            ..Filter::default()
        };
        assert_eq!(ids(mine), ["ID3", "ID1"]);
        assert_eq!(
            ids(Filter {
                limit: Some(0),
                ..Filter::default()
            }),
            Vec::<String>::new()
        );
    }

    #[test]
    fn acknowledgements_go_forward_and_correct_an_error() {
        let store = Store::default();
        store.keep(message("ID", "62811@s.whatsapp.net", true, 1));
        let after = |ack| {
            store.acknowledge("ID", ack);
            store.by_id("ID").unwrap().ack
        };
        assert_eq!(after(Ack::Error), Ack::Error);
        assert_eq!(after(Ack::Device), Ack::Device);
        assert_eq!(after(Ack::Server), Ack::Device);
        assert_eq!(after(Ack::Error), Ack::Device);
        assert_eq!(after(Ack::Read), Ack::Read);
    }
}
