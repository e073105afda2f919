//! How many messages a person gets at most in so many days, from all campaigns and accounts together. Days roll: a cap holds in every
//! interval of its length, not from midnight to midnight.

use std::num::{NonZeroU16, NonZeroU32};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::judgement::Written;
use crate::campaign::Category;

/// A message that was put on record at a moment reaches WhatsApp within this time, if at all: the longest that a server holds a send and
/// still executes it. Two messages arrive as much as that nearer to each other than they were put on record, so every cap holds so much
/// longer.
pub const HANDED_OVER_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// At most so many messages to one person in any interval of so many days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrequencyCap {
    /// Of this category; `None`: of marketing and utility together. Passwords and answers, which somebody waits for, are capped only
    /// where they are named.
    pub category: Option<Category>,
    /// The most messages.
    pub messages_max: NonZeroU32,
    /// In so many days.
    pub days: NonZeroU16,
}

/// A cap that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a cap is at least one message in at least one day")]
pub struct CapError;

impl FrequencyCap {
    /// At most `messages_max` in `days`.
    ///
    /// # Errors
    /// [`CapError`] when either is zero.
    pub fn new(category: Option<Category>, messages_max: u32, days: u16) -> Result<Self, CapError> {
        let messages_max = NonZeroU32::new(messages_max).ok_or(CapError)?;
        let days = NonZeroU16::new(days).ok_or(CapError)?;
        Ok(Self {
            category,
            messages_max,
            days,
        })
    }

    /// Whether messages of a category count, and are held back.
    pub fn counts(&self, category: Category) -> bool {
        match self.category {
            Some(capped) => capped == category,
            None => matches!(category, Category::Marketing | Category::Utility),
        }
    }

    /// How long a message counts from the moment it is put on record.
    pub fn holds_for(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.days.get())) + HANDED_OVER_WITHIN
    }

    /// From when on another message may be put on record; `None`: now. What lies in the future counts as now.
    pub(super) fn frees_at(&self, written: &[Written], now: Timestamp) -> Option<Timestamp> {
        let counting = written.iter().filter(|it| self.counts(it.category));
        let mut moments: Vec<Timestamp> = counting.map(|it| it.at.min(now)).collect();
        moments.sort_unstable_by(|one, other| other.cmp(one));
        let nth = usize::try_from(self.messages_max.get()).ok()? - 1;
        let frees_at = moments.get(nth)?.checked_add(self.holds_for());
        let frees_at = frees_at.unwrap_or(Timestamp::MAX);
        (frees_at > now).then_some(frees_at)
    }
}
