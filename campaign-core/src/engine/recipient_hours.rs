//! Sending hours by each recipient's own clock: whoever's hours are closed waits, and holds up nobody else.

use std::collections::BTreeMap;

use super::job::{CLOSING_MARGIN, Job};
use super::lane::wait_between;
use super::{Engine, happened};
use crate::campaign::{Definition, HoursBy};
use crate::clock::{Elapsed, Now};
use crate::delivery::{Happening, Reason};
use crate::limits::{Hours, Zone, ZoneError};
use crate::store::{Change, Happened, Ready};

/// The hours of a campaign's recipients, by zone.
#[derive(Debug)]
pub(super) struct Clocks {
    /// `None` where one clock is everybody's.
    base: Option<Hours>,
    /// Which of a recipient's values names their zone.
    column: Option<usize>,
    /// As many as there are zones among the recipients, at most.
    by_zone: BTreeMap<Box<str>, Hours>,
    /// When the first of those opens who were found closed.
    pub(super) closed_until: Option<Elapsed>,
}

/// Whether somebody may be written to now.
enum Door {
    /// Until this moment.
    Open(Option<Elapsed>),
    /// From this moment on, if ever.
    Closed(Option<Elapsed>),
}

impl Clocks {
    pub(super) fn of(definition: &Definition, columns: &[Box<str>]) -> Self {
        let (base, column) = match &definition.hours_by {
            HoursBy::Campaign => (None, None),
            HoursBy::Recipient { column } => (definition.hours.clone(), column.as_deref()),
        };
        Self {
            base,
            column: column.and_then(|name| columns.iter().position(|other| **other == *name)),
            by_zone: BTreeMap::new(),
            closed_until: None,
        }
    }

    /// Recipients have hours of their own.
    pub(super) fn are_kept(&self) -> bool {
        self.base.is_some()
    }

    fn door(&mut self, ready: &Ready, now: Now) -> Result<Door, ZoneError> {
        let Some(base) = &self.base else {
            return Ok(Door::Open(None));
        };
        let cell = self.column.and_then(|column| ready.values.get(column));
        let zone = Zone::of_recipient(cell.map_or("", |cell| cell), Some(ready.phone), &base.zone)?;
        if !self.by_zone.contains_key(zone.name()) {
            let hours = base.in_zone(zone.clone());
            self.by_zone.insert(zone.name().into(), hours);
        }
        let hours = self.by_zone.get(zone.name()).unwrap_or(base);
        let at = |moment| now.elapsed + wait_between(now, moment);
        Ok(match hours.closes_after(now.wall).map(at) {
            None => Door::Closed(hours.next_open(now.wall).map(at)),
            Some(closes) if closes.since(now.elapsed) <= CLOSING_MARGIN => {
                Door::Closed(Some(closes))
            }
            Some(closes) => Door::Open(Some(closes - CLOSING_MARGIN)),
        })
    }
}

impl Job {
    /// Everybody whose turn it could be has closed hours: until when the first of them has.
    pub(super) fn everybody_closed_until(&self, now: Now) -> Option<Elapsed> {
        let opens = self.clocks.closed_until?;
        (opens > now.elapsed && !self.has_work(now)).then_some(opens)
    }
}

impl Engine {
    /// Gives a delivery back when its recipient may be written to now, and until when. Otherwise it waits for their hours, outside the
    /// window, or is skipped because they never come.
    pub(super) fn if_in_hours(
        &mut self,
        ready: Ready,
        deadline: Elapsed,
        now: Now,
    ) -> Option<(Ready, Elapsed)> {
        let window = self.window();
        let job = self.jobs.get_mut(&ready.delivery.campaign())?;
        let (reason, message) = match job.clocks.door(&ready, now) {
            Ok(Door::Open(closes)) => {
                let deadline = closes.map_or(deadline, |closes| deadline.min(closes));
                return Some((ready, deadline));
            }
            Ok(Door::Closed(Some(opens))) => {
                let earlier = job.clocks.closed_until.filter(|it| *it > now.elapsed);
                let first = earlier.map_or(opens, |earlier| earlier.min(opens));
                job.clocks.closed_until = Some(first);
                job.put_off(ready, opens, window);
                return None;
            }
            Ok(Door::Closed(None)) => (Reason::Expired, None),
            Err(error) => (Reason::MissingVariable, Some(error.to_string().into())),
        };
        let skipped = happened(ready.delivery, Happening::Skipped(reason));
        self.changes.push(match skipped {
            Change::Happened(change) => Change::Happened(Happened { message, ..change }),
            other => other,
        });
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
