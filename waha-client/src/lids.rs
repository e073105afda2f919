//! Which LID belongs to which phone number. WhatsApp may keep a person's chat under either, and a reply from a LID has to
//! reach the person that was written to by number.
//!
//! [`LidCache`] remembers, without any request or clock; [`LidResolver`] asks the server for what is not remembered.

mod learning;
mod resolver;

use std::collections::HashMap;
use std::fmt;

use hashlink::LinkedHashMap;
use tokio::time::Instant;

pub use resolver::LidResolver;

use crate::events::Event;
use crate::ids::{ChatId, ChatKind};

/// Remembers pairs of phone number and LID, both ways, and for a while that a pair is not known.
///
/// It holds as many pairs as it was made for, and forgets those that were not learnt anew for longest; of what is not known
/// it remembers as many again. A pair takes about 100 bytes. `Debug` shows how many, not whose.
///
/// ```
/// use tokio::time::Instant;
/// use waha_client::ChatId;
/// use waha_client::lids::{LidCache, Remembered};
///
/// let mut cache = LidCache::new(100_000);
/// let (phone, lid) = (ChatId::phone("6281234567890")?, ChatId::lid("123456789")?);
/// assert_eq!(cache.lid_of(&phone, Instant::now()), Remembered::Nothing);
/// cache.learn(&phone, &lid);
/// assert_eq!(cache.lid_of(&phone, Instant::now()), Remembered::As(lid.clone()));
/// assert_eq!(cache.phone_of(&lid, Instant::now()), Remembered::As(phone));
/// # Ok::<(), waha_client::IdError>(())
/// ```
pub struct LidCache {
    pairs_max: usize,
    phones_by_lid: LinkedHashMap<u64, u64>,
    lids_by_phone: HashMap<u64, u64>,
    unknown_until: LinkedHashMap<Person, Instant>,
}

/// What a [`LidCache`] knows of an id's other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    /// The other side.
    As(ChatId),
    /// Somebody asked lately, and it was not known.
    Unknown,
    /// Nothing: ask.
    Nothing,
}

/// A person by one of the two ids. WhatsApp's are numbers below 2^64; anything else is not remembered.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Person {
    Phone(u64),
    Lid(u64),
}

impl Person {
    fn of(id: &ChatId) -> Option<Self> {
        let digits = id.user();
        let number = digits
            .parse()
            .ok()
            .filter(|_| digits.bytes().all(|c| c.is_ascii_digit()) && !digits.starts_with('0'))?;
        match id.kind() {
            ChatKind::Phone => Some(Self::Phone(number)),
            ChatKind::Lid => Some(Self::Lid(number)),
            _ => None,
        }
    }

    fn id(self) -> ChatId {
        match self {
            Self::Phone(number) => ChatId::lenient(&format!("{number}@c.us")),
            Self::Lid(number) => ChatId::lenient(&format!("{number}@lid")),
        }
    }
}

impl LidCache {
    /// Remembers so many pairs, at least one.
    pub fn new(pairs_max: usize) -> Self {
        Self {
            pairs_max: pairs_max.max(1),
            phones_by_lid: LinkedHashMap::new(),
            lids_by_phone: HashMap::new(),
            unknown_until: LinkedHashMap::new(),
        }
    }

    /// How many pairs it holds.
    pub fn len(&self) -> usize {
        self.phones_by_lid.len()
    }

    /// Whether it holds no pair.
    pub fn is_empty(&self) -> bool {
        self.phones_by_lid.is_empty()
    }

    /// Notes a pair, in whichever order. What was known of either before is forgotten: a person may change the number.
    /// `false`, and nothing is noted, when it is not one phone number and one LID.
    pub fn learn(&mut self, one: &ChatId, other: &ChatId) -> bool {
        let (phone, lid) = match (Person::of(one), Person::of(other)) {
            (Some(Person::Phone(phone)), Some(Person::Lid(lid)))
            | (Some(Person::Lid(lid)), Some(Person::Phone(phone))) => (phone, lid),
            _ => return false,
        };
        if let Some(earlier) = self.lids_by_phone.insert(phone, lid)
            && earlier != lid
        {
            self.phones_by_lid.remove(&earlier);
        }
        if let Some(earlier) = self.phones_by_lid.insert(lid, phone)
            && earlier != phone
        {
            self.lids_by_phone.remove(&earlier);
        }
        self.unknown_until.remove(&Person::Phone(phone));
        self.unknown_until.remove(&Person::Lid(lid));
        if self.phones_by_lid.len() > self.pairs_max
            && let Some((_, phone)) = self.phones_by_lid.pop_front()
        {
            self.lids_by_phone.remove(&phone);
        }
        true
    }

    /// Notes the pairs that an event carries: the account's own, a message's writer and chat, people of groups. How many
    /// pairs those were.
    pub fn learn_from(&mut self, event: &Event) -> usize {
        let pairs = learning::pairs(event);
        pairs
            .iter()
            .filter(|(one, other)| self.learn(one, other))
            .count()
    }

    /// Notes that the other side of an id is not known, until then.
    pub fn learn_unknown(&mut self, id: &ChatId, until: Instant) {
        let Some(person) = Person::of(id) else {
            return;
        };
        self.unknown_until.insert(person, until);
        if self.unknown_until.len() > self.pairs_max {
            self.unknown_until.pop_front();
        }
    }

    /// The LID of a phone number.
    pub fn lid_of(&self, phone: &ChatId, now: Instant) -> Remembered {
        match Person::of(phone) {
            Some(person @ Person::Phone(_)) => self.other_side(person, now),
            _ => Remembered::Nothing,
        }
    }

    /// The phone number behind a LID.
    pub fn phone_of(&self, lid: &ChatId, now: Instant) -> Remembered {
        match Person::of(lid) {
            Some(person @ Person::Lid(_)) => self.other_side(person, now),
            _ => Remembered::Nothing,
        }
    }

    fn other_side(&self, person: Person, now: Instant) -> Remembered {
        let other = match person {
            Person::Phone(phone) => self.lids_by_phone.get(&phone).copied().map(Person::Lid),
            Person::Lid(lid) => self.phones_by_lid.get(&lid).copied().map(Person::Phone),
        };
        match (other, self.unknown_until.get(&person)) {
            (Some(other), _) => Remembered::As(other.id()),
            (None, Some(until)) if now < *until => Remembered::Unknown,
            (None, _) => Remembered::Nothing,
        }
    }
}

/// Shows no numbers.
impl fmt::Debug for LidCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LidCache")
            .field("pairs", &self.len())
            .field("pairs_max", &self.pairs_max)
            .field("unknown", &self.unknown_until.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::time::Duration;

    use super::*;

    fn phone(number: u64) -> ChatId {
        ChatId::phone(&number.to_string()).unwrap()
    }

    fn lid(number: u64) -> ChatId {
        ChatId::lid(&number.to_string()).unwrap()
    }

    #[test]
    fn a_pair_is_known_both_ways_whichever_came_first() {
        let now = Instant::now();
        let mut cache = LidCache::new(10);
        assert!(cache.learn(&phone(6_281_200_000_001), &lid(11)));
        assert!(cache.learn(&lid(12), &phone(6_281_200_000_002)));
        for n in 1..=2 {
            let (phone, lid) = (phone(6_281_200_000_000 + n), lid(10 + n));
            assert_eq!(cache.lid_of(&phone, now), Remembered::As(lid.clone()));
            assert_eq!(cache.phone_of(&lid, now), Remembered::As(phone.clone()));
            assert_eq!(cache.lid_of(&lid, now), Remembered::Nothing);
            assert_eq!(cache.phone_of(&phone, now), Remembered::Nothing);
        }
    }

    #[test]
    fn only_a_number_and_a_lid_are_a_pair() {
        let mut cache = LidCache::new(10);
        let group = ChatId::group("11").unwrap();
        let odd = ChatId::parse("01@lid").unwrap();
        let plus = ChatId::parse("+628123456@c.us").unwrap();
        for (one, other) in [
            (phone(6_281_200_000_001), phone(6_281_200_000_002)),
            (lid(1), lid(2)),
            (phone(6_281_200_000_001), group),
            (phone(6_281_200_000_001), odd),
            (plus, lid(1)),
        ] {
            assert!(!cache.learn(&one, &other));
        }
        assert!(cache.is_empty());
    }

    #[test]
    fn a_new_pair_takes_the_place_of_what_was_known_of_either() {
        let now = Instant::now();
        let (old, new) = (phone(6_281_200_000_001), phone(6_281_200_000_002));
        let mut cache = LidCache::new(10);
        cache.learn(&old, &lid(1));
        cache.learn(&new, &lid(1));
        assert_eq!(cache.lid_of(&old, now), Remembered::Nothing);
        assert_eq!(cache.phone_of(&lid(1), now), Remembered::As(new.clone()));
        cache.learn(&new, &lid(2));
        assert_eq!(cache.phone_of(&lid(1), now), Remembered::Nothing);
        assert_eq!(cache.lid_of(&new, now), Remembered::As(lid(2)));
        assert_eq!((cache.len(), cache.lids_by_phone.len()), (1, 1));
    }

    #[test]
    fn the_pair_not_learnt_anew_for_longest_goes_first() {
        let now = Instant::now();
        let mut cache = LidCache::new(2);
        let people = [1, 2, 3].map(|n| (phone(6_281_200_000_000 + n), lid(n)));
        for n in [0, 1, 0, 2] {
            cache.learn(&people[n].0, &people[n].1);
        }
        let known = people.each_ref().map(|(phone, lid)| {
            let by_phone = cache.lid_of(phone, now) == Remembered::As(lid.clone());
            assert_eq!(
                by_phone,
                cache.phone_of(lid, now) == Remembered::As(phone.clone())
            );
            by_phone
        });
        assert_eq!(known, [true, false, true]);
        assert_eq!((cache.len(), cache.lids_by_phone.len()), (2, 2));
    }

    #[test]
    fn what_is_not_known_is_remembered_for_a_while_and_until_it_is() {
        let now = Instant::now();
        let later = now + Duration::from_secs(600);
        let mut cache = LidCache::new(2);
        cache.learn_unknown(&lid(1), later);
        let before = later - Duration::from_millis(1);
        assert_eq!(cache.phone_of(&lid(1), before), Remembered::Unknown);
        assert_eq!(cache.phone_of(&lid(1), later), Remembered::Nothing);
        cache.learn(&phone(6_281_200_000_001), &lid(1));
        let known = Remembered::As(phone(6_281_200_000_001));
        assert_eq!(cache.phone_of(&lid(1), now), known);
        for n in 10..20 {
            cache.learn_unknown(&lid(n), later);
        }
        assert_eq!(cache.unknown_until.len(), 2);
    }

    #[test]
    fn debug_shows_no_number() {
        let mut cache = LidCache::new(2);
        cache.learn(&phone(6_281_200_000_001), &lid(987_654_321));
        cache.learn_unknown(&lid(123_456_789), Instant::now());
        let shown = format!("{cache:?}");
        assert_eq!(shown, "LidCache { pairs: 1, pairs_max: 2, unknown: 1 }");
    }
}
