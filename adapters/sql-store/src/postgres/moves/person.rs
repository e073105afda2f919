//! What is known of a person, as far as the deliveries of a run go: read once, judged by the core, and changed with them.

use std::collections::BTreeMap;

use campaign_core::consent::{self, Barred, Origin, Rules, Terms, Written};
use campaign_core::delivery::{DeliveryId, Happening, Reason, Standing, State};
use campaign_core::limits::Slot;
use campaign_core::store::{Inquiry, Journal, MayNot};
use jiff::Timestamp;

use super::{Moves, Row};
use crate::codes;

/// A person in a transaction.
#[derive(Debug, Default)]
pub(crate) struct Person {
    pub(super) suppressed: Option<Origin>,
    /// By category.
    pub(super) consents: BTreeMap<u8, bool>,
    pub(super) written: Vec<Written>,
    /// Of which deliveries what was written has changed.
    pub(super) rewritten: Vec<i64>,
    pub(super) known: Option<Known>,
    pub(super) is_known_changed: bool,
    pub(super) has_lid: bool,
    /// When they last wrote to which account.
    pub(super) heard: BTreeMap<i64, i64>,
}

/// Which account knows a person, and which did before the attempt that made it so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) account: i64,
    pub(super) at: i64,
    pub(super) delivery: Option<i64>,
    pub(super) was: Option<(i64, i64)>,
}

impl Person {
    /// Whether an attempt may be put on record, as far as the person goes.
    pub(super) fn bar(
        &self,
        journal: &Journal,
        has_hidden_opt_out: bool,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<(), Barred> {
        let may_be_hidden = journal.slot == Slot::Cold && has_hidden_opt_out && !self.has_lid;
        let message = (journal.delivery, journal.text_hash);
        let person = self.facts(journal.terms, may_be_hidden);
        consent::bar(journal.terms, journal.slot, message, person, rules, now)
    }

    /// Whether a message might go to them, which is of no campaign yet.
    pub(crate) fn may_not(
        &self,
        inquiry: &Inquiry,
        nowhere: DeliveryId,
        rules: &Rules,
        now: Timestamp,
    ) -> MayNot {
        let message = (nowhere, inquiry.text_hash);
        let person = self.facts(inquiry.terms, false);
        consent::bar(inquiry.terms, inquiry.slot, message, person, rules, now).err()
    }

    fn facts(&self, terms: Terms, may_be_hidden: bool) -> consent::Person<'_> {
        consent::Person {
            suppressed: self.suppressed,
            may_be_hidden,
            consent: self.consents.get(&(terms.category as u8)).copied(),
            written: &self.written,
        }
    }

    /// Counts an attempt in what the person had; what no rule asks for any more is forgotten at the opportunity.
    pub(super) fn charge(&mut self, journal: &Journal, rules: &Rules, now: Timestamp) {
        if let Ok(since) = now.checked_sub(rules.remember_for()) {
            let over = self.written.iter().filter(|it| it.at < since);
            let over: Vec<DeliveryId> = over.map(|it| it.delivery).collect();
            for delivery in over {
                self.forget(delivery);
            }
        }
        self.write(Written {
            delivery: journal.delivery,
            at: now,
            category: journal.terms.category,
            text_hash: Terms::hash_to_keep(journal.slot, journal.text_hash),
        });
    }

    /// An attempt of an account is on record: it knows the person.
    pub(super) fn written_by(&mut self, account: i64, delivery: i64, at: i64) {
        self.is_known_changed = true;
        self.known = Some(match self.known {
            Some(known) if known.account == account => Known {
                at: known.at.max(at),
                ..known
            },
            Some(known) => Known {
                account,
                at: known.at.max(at),
                delivery: Some(delivery),
                was: Some((known.account, known.at)),
            },
            None => Known {
                account,
                at,
                delivery: Some(delivery),
                was: None,
            },
        });
    }

    /// Nothing was sent: the person did not have it, and whoever knew them before does so again.
    fn give_back(&mut self, delivery: DeliveryId) {
        self.forget(delivery);
        let number = codes::number(delivery);
        if let Some(known) = self.known
            && known.delivery == Some(number)
        {
            self.is_known_changed = true;
            self.known = known.was.map(|(account, at)| Known {
                account,
                at,
                delivery: None,
                was: None,
            });
        }
    }

    /// It counts in the caps, because later evidence may know better, but saying the same is no repetition.
    fn did_not_read(&mut self, delivery: DeliveryId) {
        if let Some(written) = self.written.iter_mut().find(|it| it.delivery == delivery) {
            written.text_hash = None;
            self.rewritten.push(codes::number(delivery));
        }
    }

    fn had_it(&mut self, had: Written) {
        let there = self
            .written
            .iter()
            .find(|it| it.delivery == had.delivery)
            .copied();
        self.write(match there {
            Some(there) => Written {
                text_hash: had.text_hash,
                ..there
            },
            None => had,
        });
    }

    fn write(&mut self, written: Written) {
        self.written.retain(|it| it.delivery != written.delivery);
        self.rewritten.push(codes::number(written.delivery));
        self.written.push(written);
    }

    fn forget(&mut self, delivery: DeliveryId) {
        let before = self.written.len();
        self.written.retain(|it| it.delivery != delivery);
        if self.written.len() != before {
            self.rewritten.push(codes::number(delivery));
        }
    }
}

impl Moves {
    /// What follows for the person from where their delivery stands now.
    pub(super) fn tell_person(&mut self, row: &Row, to: Standing, happening: Happening) {
        let from = row.standing;
        let campaign = self.campaigns.get(&row.id.campaign());
        let category = campaign.map(|it| it.category).unwrap_or_default();
        let now = self.at.wall;
        let person = self.persons.entry(row.phone).or_default();
        if happening.proves_nothing_was_sent() && from.state.is_open() {
            person.give_back(row.id);
        }
        if to.reason == Some(Reason::RefusedByWhatsapp) && from.reason != to.reason {
            person.did_not_read(row.id);
        }
        let has_arrived = to.state.is_handed_over()
            && !from.state.is_handed_over()
            && from.state != State::Sending;
        if has_arrived {
            // Without an attempt it is an older copy's, and nothing is known of its text.
            let (slot, text_hash, at) = match row.attempt {
                Some(attempt) => (
                    attempt.slot,
                    attempt.text_hash,
                    codes::moment(attempt.started_at).unwrap_or(now),
                ),
                None => (Slot::Reply, 0, now),
            };
            person.had_it(Written {
                delivery: row.id,
                at,
                category,
                text_hash: Terms::hash_to_keep(slot, text_hash),
            });
        }
    }
}
