//! A bounded part of a campaign's deliveries in memory: those that are due, and those that wait for a moment of their own.

use std::collections::{BTreeMap, VecDeque};

use super::Engine;
use super::lane::wait_between;
use crate::clock::{Elapsed, Now};
use crate::delivery::DeliveryId;
use crate::store::{Ready, ReadyPage};

/// What memory holds at most of the deliveries of all campaigns together, however many there are.
const DELIVERIES_MAX: usize = 65_536;
/// Each campaign has so much, however many others there are.
const WINDOW_MIN: u32 = 16;

impl Engine {
    /// What memory holds of the deliveries of one campaign.
    pub(super) fn window(&self) -> u32 {
        let shared = DELIVERIES_MAX / self.jobs.len().max(1);
        let shared = u32::try_from(shared).unwrap_or(u32::MAX);
        self.settings.window.min(shared.max(WINDOW_MIN))
    }
}

/// What memory holds of the deliveries to some of a campaign's people; the store has the rest.
#[derive(Debug, Default)]
pub(super) struct Window {
    ready: VecDeque<Ready>,
    later: BTreeMap<(Elapsed, DeliveryId), Ready>,
    /// How far the store was read.
    pub(super) after: Option<DeliveryId>,
    /// The last page ended the deliveries that are due; they are read again from the start then.
    reload_at: Option<Elapsed>,
    is_read_through: bool,
}

impl Window {
    /// The next delivery that is due, if one is in memory.
    pub(super) fn take(&mut self, now: Now) -> Option<Ready> {
        if let Some(entry) = self.later.first_entry()
            && entry.key().0 <= now.elapsed
        {
            return Some(entry.remove());
        }
        self.ready.pop_front()
    }

    /// Puts back what was not sent after all.
    pub(super) fn put_back(&mut self, ready: Ready) {
        self.ready.push_front(ready);
    }

    /// Keeps a delivery until it is due again. What does not fit stays in the store and is read again.
    pub(super) fn put_off(&mut self, ready: Ready, until: Elapsed, max: u32) {
        if self.later.len() < max as usize {
            self.later.insert((until, ready.delivery), ready);
        } else {
            self.read_again_at(until);
        }
    }

    /// What was put off is due at once; tells whether it is here.
    pub(super) fn hasten(&mut self, delivery: DeliveryId) -> bool {
        let mut later = self.later.keys();
        let key = later.find(|(_, other)| *other == delivery).copied();
        let found = key.and_then(|key| self.later.remove(&key));
        let is_here = found.is_some();
        self.ready.extend(found);
        is_here
    }

    pub(super) fn read_again_at(&mut self, moment: Elapsed) {
        self.reload_at = Some(self.reload_at.map_or(moment, |other| other.min(moment)));
    }

    /// Takes in a page, but for what is known elsewhere.
    pub(super) fn loaded(
        &mut self,
        page: ReadyPage,
        is_known: impl Fn(DeliveryId) -> bool,
        now: Now,
    ) {
        let last = page.ready.last().map(|ready| ready.delivery);
        self.after = page.read_to.or(last).filter(|_| page.has_more);
        let ready = page.ready.into_iter();
        self.ready
            .extend(ready.filter(|ready| !is_known(ready.delivery)));
        self.is_read_through = !page.has_more;
        if let Some(due) = page.next_due {
            self.read_again_at(now.elapsed + wait_between(now, due));
        }
    }

    /// Whether it wants to be read into: it runs low, and the store has more, or has again.
    pub(super) fn wants(&self, max: u32, now: Now) -> bool {
        let is_due = || self.reload_at.is_some_and(|moment| moment <= now.elapsed);
        match self.is_read_through {
            true => self.ready.is_empty() && is_due(),
            false => self.ready.len() <= max as usize / 2,
        }
    }

    /// After whom it is read on: where it was left, or from the start where it was read through.
    pub(super) fn reads_after(&self) -> Option<DeliveryId> {
        self.after.filter(|_| !self.is_read_through)
    }

    /// It is read on from where it was left; one that was read through, from the start.
    pub(super) fn begin_to_read(&mut self) {
        if std::mem::take(&mut self.is_read_through) {
            self.reload_at = None;
            self.after = None;
        }
    }

    /// Nothing of it is in memory, and the store has nothing more that is due or will be.
    pub(super) fn is_used_up(&self) -> bool {
        self.is_read_through
            && self.ready.is_empty()
            && self.later.is_empty()
            && self.reload_at.is_none()
    }

    pub(super) fn has_work(&self, now: Now) -> bool {
        let due = self.later.keys().next();
        !self.ready.is_empty() || due.is_some_and(|(moment, _)| *moment <= now.elapsed)
    }

    /// When the first that was put off is due, and when it is read again.
    pub(super) fn moments(&self) -> [Option<Elapsed>; 2] {
        let due = self.later.keys().next().map(|(moment, _)| *moment);
        [due, self.reload_at.filter(|_| self.ready.is_empty())]
    }

    /// All that it holds.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = DeliveryId> {
        let all = self.ready.iter().chain(self.later.values());
        all.map(|ready| ready.delivery)
    }
}

#[cfg(test)]
mod tests;
