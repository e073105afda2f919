//! A session's message store: what was sent and received, by id and by chat.
//! NOWEB leaves it out unless told; then every look-up answers 400.

use std::collections::HashMap;
use std::sync::Mutex;

use super::Message;
use crate::acks::Ack;
use crate::sessions::lid_of;
use crate::shapes::s_whatsapp;
use crate::world::lock;

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

impl Kept {
    /// A message of a chat. Most ids are there once, so the chat itself is rarely looked through.
    fn place_of(&self, jid: &str, id: &str) -> Option<usize> {
        let newest = *self.by_id.get(id)?;
        if *self.messages[newest].jid == *jid {
            return Some(newest);
        }
        let mut places = self.by_chat.get(jid)?.iter().copied();
        places.find(|place| *self.messages[*place].id == *id)
    }
}

impl Store {
    /// Keeps a message; one of its chat that has the same id is replaced. The same id in two chats is
    /// two messages, of which the newer is the one that is found without its chat.
    pub(crate) fn keep(&self, message: Message) {
        let mut kept = lock(&self.0);
        if let Some(place) = kept.place_of(&message.jid, &message.id) {
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

    /// A message by its full or its bare id, whatever its chat.
    pub(crate) fn look_up(&self, id: &str) -> Option<Message> {
        let (from_me, bare) = bare_id(id);
        self.by_id(bare)
            .filter(|message| from_me.is_none_or(|from_me| from_me == message.from_me))
    }

    /// A message of a chat by its full or its bare id. The chat may be named by phone or LID.
    pub(crate) fn find(&self, chat: &str, id: &str) -> Option<Message> {
        let found = self.look_up(id)?;
        if same_chat(chat, &found.jid) {
            return Some(found);
        }
        let (from_me, bare) = bare_id(id);
        let kept = lock(&self.0);
        let place = kept.place_of(&s_whatsapp(chat), bare)?;
        kept.messages
            .get(place)
            .filter(|message| from_me.is_none_or(|from_me| from_me == message.from_me))
            .cloned()
    }

    /// A text, or the caption of a media, is another from now on.
    pub(crate) fn edit(&self, bare: &str, body: &str) {
        let mut kept = lock(&self.0);
        if let Some(place) = kept.by_id.get(bare).copied() {
            kept.messages[place].body = body.into();
        }
    }

    /// The chat is empty, and no chat any more.
    pub(crate) fn clear(&self, chat: &str) {
        let mut kept = lock(&self.0);
        let places = kept.by_chat.remove(s_whatsapp(chat).as_str());
        for place in places.into_iter().flatten() {
            let id = kept.messages[place].id.clone();
            if kept.by_id.get(&id) == Some(&place) {
                kept.by_id.remove(&id);
            }
        }
    }

    /// Messages of a chat, newest first.
    pub(crate) fn chat(&self, chat: &str, filter: &Filter) -> Vec<Message> {
        let kept = lock(&self.0);
        let jid = s_whatsapp(chat);
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

    /// Marks one message that came in as read, by its full or its bare id.
    pub(crate) fn mark_read(&self, id: &str) {
        let (_, bare) = bare_id(id);
        if self.by_id(bare).is_some_and(|message| !message.from_me) {
            self.acknowledge(bare, Ack::Read);
        }
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
    s_whatsapp(asked) == jid
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::messages::Content;

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
            forwarded: false,
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
    fn the_same_id_in_two_chats_is_two_messages() {
        let store = Store::default();
        for at_s in 1..=2 {
            store.keep(message("3EB0A", "62811@s.whatsapp.net", true, at_s));
            store.keep(message("3EB0A", "62812@s.whatsapp.net", true, at_s));
        }
        for chat in ["62811@c.us", "62812@c.us"] {
            assert_eq!(store.chat(chat, &Filter::default()).len(), 1, "{chat}");
            let found = store.find(chat, "3EB0A").unwrap();
            assert_eq!((&*found.jid, found.at_s), (&*s_whatsapp(chat), 2));
        }
        store.clear("62811@c.us");
        assert!(store.find("62811@c.us", "3EB0A").is_none());
        assert!(store.find("62812@c.us", "3EB0A").is_some());
    }

    #[test]
    fn a_cleared_chat_is_gone_and_an_edited_text_is_another() {
        let store = Store::default();
        store.keep(message("A", "62811@s.whatsapp.net", true, 1));
        store.keep(message("B", "62812@s.whatsapp.net", true, 2));
        store.edit("B", "edited");
        store.clear("62811@c.us");
        assert!(store.by_id("A").is_none());
        assert_eq!(store.chats().len(), 1);
        assert_eq!(&*store.by_id("B").unwrap().body, "edited");
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
