//! To whom nothing may be sent: who opted out, who did not agree, who had enough, who had the same text already.
//!
//! [`Words`] tells what a reply asks for. [`Rules`] are those of a whole database: words, caps, and what an opt-out is answered
//! with. [`bar`] is the one judgement of a message to a person; stores gather what is known of the person and ask it in the
//! transaction that puts the attempt on record.

mod caps;
mod confirmation;
mod confirming;
mod judgement;
mod lid;
mod words;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::caps::{CapError, FrequencyCap, HANDED_OVER_WITHIN};
pub use self::confirmation::{Confirmation, DueConfirmation, NAME_PREFIX};
pub use self::confirming::make_confirmations;
pub use self::judgement::{Barred, Person, REPEATED_WITHIN, Terms, Written, bar};
pub use self::lid::{Lid, NoLid};
pub use self::words::{Wish, Words};
use crate::campaign::Category;
use crate::phone::PhoneNumber;

/// A clock that is ahead is hardly ever ahead by more. Our own choice.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What holds in a whole database, over all its campaigns and accounts. The default caps nobody, knows the usual words, and confirms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// What people write when they want no more messages, or want them again.
    pub words: Words,
    /// How many messages a person gets at most.
    pub caps: Vec<FrequencyCap>,
    /// Whoever would have to wait longer than this for a cap to be free is skipped; hours. A day unless told.
    pub wait_hours_max: u32,
    /// What an opt-out is answered with, once; `None`: with nothing.
    pub confirmation: Option<Confirmation>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            words: Words::default(),
            caps: Vec::new(),
            wait_hours_max: 24,
            confirmation: Some(Confirmation::default()),
        }
    }
}

impl Rules {
    /// For how long it must be remembered who was written to: for as long as somebody may ask, and a month more, because a clock that is
    /// ahead for a while must not make a store forget what counts again when it is set right.
    pub fn remember_for(&self) -> SignedDuration {
        let caps = self.caps.iter().map(FrequencyCap::holds_for);
        caps.fold(REPEATED_WITHIN, SignedDuration::max) + AHEAD_MAX
    }

    /// Whether a person may wait for a cap that is free at `until`; otherwise the message is skipped.
    pub fn may_wait(&self, until: Timestamp, now: Timestamp) -> bool {
        until.duration_since(now) <= SignedDuration::from_hours(i64::from(self.wait_hours_max))
    }
}

/// Whether a campaign asks for consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentRule {
    /// Whoever did not withdraw it may be written to.
    #[default]
    NotRequired,
    /// Only who gave it for the campaign's category. Answers (`service`) need none.
    Required,
}

/// How a record of a person came about. The numbers are those stored in databases and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Origin {
    /// The operator said so.
    Operator = 0,
    /// The person wrote so.
    Reply = 1,
    /// It was on a list.
    Import = 2,
    /// The person blocked the account.
    Block = 3,
    /// The number does not take messages.
    Bounce = 4,
}

impl Origin {
    /// Every origin, in the order of their numbers.
    pub const ALL: [Origin; 5] = [
        Origin::Operator,
        Origin::Reply,
        Origin::Import,
        Origin::Block,
        Origin::Bounce,
    ];

    /// The origin with this stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its name in lists and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Origin::Operator => "operator",
            Origin::Reply => "reply",
            Origin::Import => "import",
            Origin::Block => "block",
            Origin::Bounce => "bounce",
        }
    }

    /// Whether the person alone can take it back, by asking for messages again.
    pub const fn is_lifted_by_the_person(self) -> bool {
        matches!(self, Origin::Reply)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a person agreed to messages of a category. Kept until it is replaced: a withdrawal must not be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Whose.
    pub phone: PhoneNumber,
    /// To what.
    pub category: Category,
    /// Given, or withdrawn.
    pub is_granted: bool,
    /// How it came about.
    pub origin: Origin,
    /// In words: which form, which list, which message.
    pub source: Box<str>,
    /// When.
    pub since: Timestamp,
}

/// What a person agrees to who asks for messages again: broadcasts of either kind.
pub const OPTED_IN_TO: [Category; 2] = [Category::Marketing, Category::Utility];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_waits_for_a_cap_for_a_day_at_most() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let rules = Rules::default();
        let rows = [(at(1), true), (at(24), true), (at(25), false)];
        for (until, waits) in rows {
            assert_eq!(rules.may_wait(until, at(0)), waits, "{until}");
        }
    }

    #[test]
    fn rules_without_any_word_are_the_default_and_numbers_read_back() {
        assert_eq!(
            serde_json::from_str::<Rules>("{}").ok(),
            Some(Rules::default())
        );
        for origin in Origin::ALL {
            assert_eq!(Origin::from_number(origin as u8), Some(origin));
        }
        assert_eq!(Origin::from_number(5), None);
    }
}
