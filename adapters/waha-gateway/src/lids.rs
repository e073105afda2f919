//! Which LID belongs to which phone, since WhatsApp may keep a chat under either: a resolver for each session, and what only
//! the sender can add, to whom a message went that is seen in a chat with a LID.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use campaign_core::consent::Lid;
use hashlink::LruCache;
use waha_client::ChatKind;
use waha_client::events::{Event, Payload};
use waha_client::{ChatId, LidResolver, SessionName, WahaClient};

/// Messages lately sent, by whose acks and echoes LIDs are learnt.
const SENT_MAX: usize = 4_096;

pub(crate) struct Lids {
    client: WahaClient,
    resolvers: Mutex<HashMap<SessionName, Arc<LidResolver>>>,
    sent: Mutex<LruCache<Box<str>, ChatId>>,
}

impl Lids {
    pub(crate) fn new(client: &WahaClient) -> Self {
        Self {
            client: client.clone(),
            resolvers: Mutex::default(),
            sent: Mutex::new(LruCache::new(SENT_MAX)),
        }
    }

    /// The people of a session.
    pub(crate) fn of(&self, session: &SessionName) -> Arc<LidResolver> {
        let mut resolvers = lock(&self.resolvers);
        let resolver = resolvers.entry(session.clone()).or_insert_with(|| {
            // "Not known" goes into the proof that a message was not sent, and may change with the next message.
            let resolver = LidResolver::new(&self.client, session).unknown_for(Duration::ZERO);
            Arc::new(resolver)
        });
        Arc::clone(resolver)
    }

    /// A message with this id is on its way to this phone.
    pub(crate) fn sent(&self, message_id: &str, phone: &ChatId) {
        lock(&self.sent).insert(message_id.into(), phone.clone());
    }

    /// Notes whatever an event tells of a session's people.
    pub(crate) fn learn_from(&self, event: &Event) {
        let people = self.of(&event.session);
        people.learn_from(event);
        let id = match &event.payload {
            Payload::Ack(ack) if ack.is_from_me() => &ack.id,
            Payload::AnyMessage(message) if message.is_from_me() => &message.id,
            _ => return,
        };
        // The id's own chat only: `from` of an own message is the account itself on some engines.
        if let Some(chat) = id.chat()
            && let Some(phone) = lock(&self.sent).peek(id.bare())
        {
            people.learn(phone, chat);
        }
    }
}

/// A LID as the engine keeps it: a device of the same person is the same person.
pub(crate) fn lid_in(chat: &ChatId) -> Option<Lid> {
    if chat.kind() != ChatKind::Lid {
        return None;
    }
    let user = chat.user();
    user.split(':').next().unwrap_or(user).parse().ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;
    use waha_client::lids::Remembered;

    use super::*;

    const PHONE: &str = "6281234567890@c.us";
    const LID: &str = "222@lid";

    fn acknowledged(message_id: &str, chat: &str) -> Event {
        let ack = json!({
            "id": "evt_1", "event": "message.ack", "session": "default",
            "payload": {"id": format!("true_{chat}_{message_id}"), "from": chat, "fromMe": true, "ack": 1},
        });
        Event::parse(ack.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_lid_is_learnt_from_a_message_of_ours_seen_in_its_chat_and_from_nothing_else() {
        let client = WahaClient::builder("http://localhost:3000")
            .build()
            .unwrap();
        let lids = Lids::new(&client);
        let [phone, lid] = [PHONE, LID].map(|id| ChatId::parse(id).unwrap());
        let people = lids.of(&SessionName::new("default").unwrap());
        lids.sent("3EB0AA", &phone);
        for (message_id, chat) in [("3EB0BB", LID), ("3EB0AA", PHONE)] {
            lids.learn_from(&acknowledged(message_id, chat));
            assert_eq!(people.remembered_phone_of(&lid), Remembered::Nothing);
        }
        lids.learn_from(&acknowledged("3EB0AA", LID));
        assert_eq!(people.remembered_phone_of(&lid), Remembered::As(phone));
        let elsewhere = lids.of(&SessionName::new("other").unwrap());
        assert_eq!(elsewhere.remembered_phone_of(&lid), Remembered::Nothing);
    }

    #[test]
    fn no_more_than_the_bound_is_kept_of_what_was_sent() {
        let client = WahaClient::builder("http://localhost:3000")
            .build()
            .unwrap();
        let lids = Lids::new(&client);
        for nth in 0..=SENT_MAX {
            lids.sent(&nth.to_string(), &ChatId::parse(PHONE).unwrap());
        }
        let mut sent = lock(&lids.sent);
        assert_eq!((sent.len(), sent.get("0")), (SENT_MAX, None));
    }
}
