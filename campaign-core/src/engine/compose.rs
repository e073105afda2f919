//! Puts the next batch together, and says what to read next.

use std::sync::Arc;

use super::flights::{Committing, Flight, Stage};
use super::whereabouts::{Whereabouts, whereabouts};
use super::{Engine, Step, happened};
use crate::clock::{Elapsed, Now};
use crate::delivery::{CampaignId, Happening, Reason};
use crate::gateway::Finding;
use crate::limits::Slot;
use crate::store::{Batch, Change, Happened, Journal, LaneId, Ready};

/// Attempts between journal and answer, over all lanes.
const FLIGHTS_MAX: usize = 1_024;
/// Of these, broadcasts leave so many to messages that somebody waits for.
const FLIGHTS_KEPT_FOR_REPLIES: usize = 128;
/// Accepted deliveries considered at a time for want of an ack.
const SILENT_PAGE: u32 = 512;

impl Engine {
    /// Everything that waits, and as many new attempts as the lanes admit now. Outcomes come first: what they free, a journal of
    /// the same batch may use.
    pub(super) fn compose(&mut self, now: Now) -> Option<Arc<Batch>> {
        let taken = self.changes.len().min(self.settings.batch_max);
        let mut changes: Vec<Change> = self.changes.drain(..taken).collect();
        let mut journalled = Vec::new();
        if !self.is_stopping {
            let mut journals = Vec::new();
            self.journal(&mut journals, now);
            // Neighbours in the table are written together.
            journals.sort_unstable_by_key(|journal: &Journal| journal.delivery);
            journalled.extend(journals.iter().map(|journal| journal.delivery));
            changes.extend(journals.into_iter().map(Change::Journal));
        }
        changes.extend(self.lanes.notes(now));
        changes.extend(self.budgets.notes(self.boot, now));
        if changes.is_empty() {
            return None;
        }
        let batch = Arc::new(Batch {
            at: now.stamp(self.boot),
            changes,
        });
        self.committing = Some(Committing {
            batch: Arc::clone(&batch),
            journalled,
        });
        Some(batch)
    }

    /// Lanes take turns, one message each, until nobody may send or enough is under way.
    fn journal(&mut self, journals: &mut Vec<Journal>, now: Now) {
        for slot in Slot::ALL {
            let flights_max = match slot {
                Slot::Reply => FLIGHTS_MAX,
                Slot::Cold => FLIGHTS_MAX - FLIGHTS_KEPT_FOR_REPLIES,
            };
            while journals.len() < self.settings.batch_max
                && self.flights.len() < flights_max
                && let Some(id) = self.lanes.in_turn(slot)
            {
                let opens = self.lanes.get(id);
                let opens = opens.and_then(|lane| self.opens(lane, slot, now));
                let is_open = opens.is_some_and(|moment| moment <= now.elapsed);
                let Some((campaign, closes)) =
                    is_open.then(|| self.next_job(id, slot, now)).flatten()
                else {
                    // What it waits for is found out before anybody sleeps.
                    self.lanes.wake(id);
                    continue;
                };
                self.lanes.queue(slot, id);
                journals.extend(self.journal_one(id, slot, campaign, closes, now));
            }
        }
    }

    /// Whose turn it is on a lane. It has had it when a message of it is journalled, or a question asked.
    fn next_job(&mut self, lane: LaneId, slot: Slot, now: Now) -> Option<(CampaignId, Elapsed)> {
        let session = self.lanes.get(lane)?.session.clone();
        let latest = now.elapsed + self.settings.send_deadline;
        loop {
            let campaign = self.jobs.in_turn(&session, slot)?;
            let job = self.jobs.get(&campaign)?;
            if let Some(deadline) = job.may_send(&session, latest, now)
                && self.if_in_budget(campaign, now)
            {
                return Some((campaign, deadline));
            }
            self.jobs.rest(campaign, self.settings.ack_time, now);
        }
    }

    fn journal_one(
        &mut self,
        lane_id: LaneId,
        slot: Slot,
        campaign: CampaignId,
        deadline: Elapsed,
        now: Now,
    ) -> Option<Journal> {
        let job = self.jobs.get_mut(&campaign)?;
        let ready: Ready = job.take(&self.lanes.get(lane_id)?.session, now)?;
        let delivery = ready.delivery;
        if self.flights.contains_key(&delivery) {
            // A page that was read before its attempt brought it once more.
            return None;
        }
        let (ready, deadline) = self.if_in_hours(ready, deadline, now)?;
        let ready = self.if_on_whatsapp(lane_id, ready, now)?;
        let job = self.jobs.get_mut(&campaign)?;
        let message = match job.message.as_ref()?.render(&ready.values) {
            Ok(message) => message,
            Err(error) => {
                self.changes.push(Change::Happened(Happened {
                    message: Some(error.to_string().into()),
                    ..as_happened(happened(
                        delivery,
                        Happening::Skipped(Reason::MissingVariable),
                    ))?
                }));
                return None;
            }
        };
        let session = self.lanes.get(lane_id)?.session.clone();
        let charged = self.charge_shared(&session, campaign, slot, now);
        let job = self.jobs.get_mut(&campaign)?;
        let lane = self.lanes.get_mut(lane_id)?;
        let if_heard_since = lane.only_if_heard_since(now);
        lane.charge(slot, now);
        lane.health.begins(delivery, slot, now);
        job.in_flight += 1;
        let journal = Journal {
            delivery,
            phone: ready.phone,
            lane: lane_id,
            epoch: lane.epoch,
            slot,
            if_heard_since,
            unless_known_to: job.left_to_others(lane.account, now),
            kind: message.kind,
            text_hash: message.text_hash(),
            terms: job.record.definition.terms(),
        };
        self.jobs.had_turn(campaign, &lane.session, slot);
        self.flights.insert(
            delivery,
            Flight {
                ready,
                lane: lane_id,
                slot,
                charged,
                kind: message.kind,
                message: Some(message),
                started: now,
                stage: Stage::Journalling,
                deadline,
                foreign_id: None,
                is_judged: false,
                again_after: None,
            },
        );
        Some(journal)
    }

    /// What to read, look at or look up next.
    pub(super) fn read_on(&mut self, now: Now) -> Option<Step> {
        if let Some(finding) = self.next_find(now) {
            return Some(Step::Find(finding));
        }
        if self.is_stopping {
            return None;
        }
        if let Some(step) = self.ask_for_phone(now) {
            return Some(step);
        }
        if let Some(session) = self.sessions.look_at_next(now.elapsed) {
            return Some(Step::Observe(session));
        }
        if self.store_rests(now) {
            return None;
        }
        if let Some(reading) = self.readings.pop_front() {
            return Some(reading);
        }
        if self.doubts.may_load(now) {
            return Some(Step::LoadDoubts(self.doubts.loading(now)));
        }
        if !self.silent.is_marking && self.silent.next <= now.elapsed && !self.jobs.is_empty() {
            self.silent.is_marking = true;
            return Some(Step::MarkSilent {
                before: now
                    .wall
                    .checked_sub(self.settings.silence)
                    .unwrap_or(now.wall),
                limit: SILENT_PAGE,
            });
        }
        None
    }

    fn next_find(&mut self, now: Now) -> Option<Finding> {
        while self.doubts.finds() < self.settings.finds_max as usize {
            let (lanes, sessions, jobs) = (&self.lanes, &self.sessions, &self.jobs);
            let doubt = self.doubts.take(
                |doubt| whereabouts(lanes, sessions, jobs, doubt) == Whereabouts::Here,
                now,
            )?;
            let Some(lane) = self.lanes.get(doubt.lane) else {
                continue;
            };
            let control = doubt
                .control
                .as_ref()
                .map(|control| crate::gateway::Control {
                    to: control.phone,
                    message_id: match &control.foreign_id {
                        Some(id) => id.to_string(),
                        None => self.ids.encode(control.delivery),
                    },
                });
            return Some(Finding {
                delivery: doubt.delivery,
                session: lane.session.clone(),
                to: doubt.phone,
                message_id: match &doubt.foreign_id {
                    Some(id) => id.to_string(),
                    None => self.ids.encode(doubt.delivery),
                },
                control,
            });
        }
        None
    }
}

fn as_happened(change: Change) -> Option<Happened> {
    match change {
        Change::Happened(happened) => Some(happened),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
