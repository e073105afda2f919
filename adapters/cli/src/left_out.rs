//! Who would be skipped by what the database knows of them, told before anything is sent. Whoever opts out, or has enough, until a message is
//! due is skipped then: it is judged again when it is sent.

use std::collections::BTreeMap;

use campaign_core::campaign::Definition;
use campaign_core::consent::{Barred, Terms};
use campaign_core::delivery::Reason;
use campaign_core::limits::Slot;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{Inquiry, Store};
use jiff::Timestamp;

use crate::exit::Failure;
use crate::language::Text;

/// How many would be skipped, and why.
#[derive(Debug)]
pub(crate) struct LeftOut {
    terms: Terms,
    slot: Slot,
    expires_at: Option<Timestamp>,
    now: Timestamp,
    counts: BTreeMap<Reason, u64>,
    /// Those who would have to wait for a cap.
    waiting: u64,
}

impl LeftOut {
    /// For the messages of a campaign, as things stand now.
    pub(crate) fn of(definition: &Definition, now: Timestamp) -> Self {
        Self {
            terms: definition.terms(),
            slot: definition.slot(),
            expires_at: definition.expires_at,
            now,
            counts: BTreeMap::new(),
            waiting: 0,
        }
    }

    /// Looks at more people, each with the hash of the text that is meant for them, and says how many of them would be skipped.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn look(
        &mut self,
        store: &dyn Store,
        people: &[(PhoneNumber, u64)],
    ) -> Result<u64, Failure> {
        let inquiries: Vec<Inquiry> = people
            .iter()
            .map(|(phone, text_hash)| Inquiry {
                phone: *phone,
                slot: self.slot,
                terms: self.terms,
                text_hash: *text_hash,
            })
            .collect();
        let before = self.count();
        for barred in store
            .may_not(&inquiries, self.now)
            .await?
            .into_iter()
            .flatten()
        {
            match self.reason(barred) {
                Some(reason) => *self.counts.entry(reason).or_default() += 1,
                None => self.waiting += 1,
            }
        }
        Ok(self.count() - before)
    }

    /// Why somebody would be skipped; `None` for who would wait.
    fn reason(&self, barred: Barred) -> Option<Reason> {
        match barred {
            Barred::Suppressed => Some(Reason::Suppressed),
            Barred::NoConsent => Some(Reason::NoConsent),
            Barred::Repeated => Some(Reason::Repeated),
            Barred::Capped { until, may_wait } => {
                let is_in_time = self.expires_at.is_none_or(|expiry| until < expiry);
                (!may_wait || !is_in_time).then_some(Reason::FrequencyCapped)
            }
            Barred::MayBeHidden => None,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    pub(crate) fn counts(&self) -> &BTreeMap<Reason, u64> {
        &self.counts
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// In words; nothing when nobody is left out.
    pub(crate) fn text(&self) -> Option<Text> {
        let is_any = self.count() > 0 || self.waiting > 0;
        is_any.then(|| Text::PlanSkipped {
            counts: self
                .counts
                .iter()
                .map(|(why, count)| (*why, *count))
                .collect(),
            waiting: self.waiting,
        })
    }
}
