//! Which LID belongs to which phone, as far as answers and events have shown it: WhatsApp may keep a chat under either.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use campaign_core::phone::PhoneNumber;
use waha_client::{ChatId, ChatKind};

/// Phones whose LID is kept; the oldest go first.
const LIDS_MAX: usize = 16_384;
/// Messages lately sent, by whose acks and echoes LIDs are learnt.
const SENT_MAX: usize = 4_096;

#[derive(Default)]
pub(crate) struct Lids(Mutex<Known>);

#[derive(Default)]
struct Known {
    lids: Bounded<PhoneNumber, ChatId>,
    phones: Bounded<ChatId, PhoneNumber>,
    sent: Bounded<Box<str>, PhoneNumber>,
}

impl Lids {
    /// A message with this id is on its way to this phone.
    pub(crate) fn sent(&self, message_id: &str, to: PhoneNumber) {
        self.known().sent.insert(message_id.into(), to, SENT_MAX);
    }

    /// A message to `phone` was seen in `chat`.
    pub(crate) fn learn(&self, phone: PhoneNumber, chat: &ChatId) {
        if chat.kind() == ChatKind::Lid {
            let mut known = self.known();
            known.lids.insert(phone, chat.clone(), LIDS_MAX);
            known.phones.insert(chat.clone(), phone, LIDS_MAX);
        }
    }

    /// A message with this id was seen in `chat`.
    pub(crate) fn seen(&self, message_id: &str, chat: &ChatId) {
        let phone = self.known().sent.values.get(message_id).copied();
        if let Some(phone) = phone {
            self.learn(phone, chat);
        }
    }

    /// The phone's LID chat, when known.
    pub(crate) fn of(&self, phone: PhoneNumber) -> Option<ChatId> {
        self.known().lids.values.get(&phone).cloned()
    }

    /// Whose LID chat it is, when known.
    pub(crate) fn phone_of(&self, chat: &ChatId) -> Option<PhoneNumber> {
        self.known().phones.values.get(chat).copied()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A map that forgets what was put in first.
struct Bounded<K, V> {
    values: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self {
            values: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    fn insert(&mut self, key: K, value: V, entries_max: usize) {
        if self.values.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > entries_max
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_lid_is_learnt_from_a_message_of_ours_seen_in_its_chat_and_from_nothing_else() {
        let lids = Lids::default();
        let phone: PhoneNumber = "6281234567890".parse().unwrap();
        let lid = ChatId::lid("222").unwrap();
        lids.sent("3EB0AA", phone);
        lids.seen("3EB0BB", &lid);
        assert_eq!(lids.of(phone), None);
        lids.seen("3EB0AA", &ChatId::phone("6281234567890").unwrap());
        assert_eq!(lids.of(phone), None);
        lids.seen("3EB0AA", &lid);
        assert_eq!(lids.of(phone), Some(lid.clone()));
        assert_eq!(lids.phone_of(&lid), Some(phone));
    }

    #[test]
    fn no_more_than_the_bound_is_kept_and_the_oldest_goes() {
        let mut map = Bounded::default();
        for key in 0..5 {
            map.insert(key, (), 3);
            map.insert(key, (), 3);
        }
        let mut keys: Vec<i32> = map.values.into_keys().collect();
        keys.sort_unstable();
        assert_eq!((keys, map.order.len()), (vec![2, 3, 4], 3));
    }
}
