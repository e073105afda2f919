//! Puts the next batch together, and says what to read next.

use std::sync::Arc;
use std::time::Duration;

use super::flights::{Committing, Flight, Stage};
use super::lane::{Lane, wait_between};
use super::{Engine, SWEEP_BATCH, Step, happened};
use crate::campaign::CampaignState;
use crate::clock::{Elapsed, Now};
use crate::delivery::{CampaignId, Happening, Reason};
use crate::gateway::{Finding, Readiness};
use crate::limits::{Slot, When};
use crate::store::{Batch, Change, DoubtQuery, Happened, Journal, LaneId, Ready, Sweep};

/// Nothing is begun in the last moments of an opening, so that the server does not see it after.
const CLOSING_MARGIN: Duration = Duration::from_secs(1);
/// Attempts between journal and answer, over all lanes.
const FLIGHTS_MAX: usize = 1_024;
/// Of these, broadcasts leave so many to messages that somebody waits for.
const FLIGHTS_KEPT_FOR_REPLIES: usize = 128;
/// Accepted deliveries considered at a time for want of an ack.
const SILENT_PAGE: u32 = 512;
/// Doubts read at a time.
const DOUBT_PAGE: u32 = 256;

impl Engine {
    /// Everything that waits, and as many new attempts as the lanes admit now. Outcomes come first: what they free, a journal of
    /// the same batch may use.
    pub(super) fn compose(&mut self, now: Now) -> Option<Arc<Batch>> {
        self.start_on_time(now);
        self.sweep_on(now);
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
        for lane in self.lanes.values_mut().filter(|lane| lane.is_noteworthy) {
            lane.is_noteworthy = false;
            changes.push(Change::Lane(lane.note(now)));
        }
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

    fn journal(&mut self, journals: &mut Vec<Journal>, now: Now) {
        let lanes: Vec<_> = self.lanes.keys().copied().collect();
        for (slot, id) in Slot::ALL
            .into_iter()
            .flat_map(|slot| lanes.iter().map(move |id| (slot, *id)))
        {
            let flights_max = match slot {
                Slot::Reply => FLIGHTS_MAX,
                Slot::Cold => FLIGHTS_MAX - FLIGHTS_KEPT_FOR_REPLIES,
            };
            while journals.len() < self.settings.batch_max && self.flights.len() < flights_max {
                let Some(lane) = self.lanes.get(&id) else {
                    break;
                };
                let is_working = self.sessions.get(&lane.session).is_some_and(|view| {
                    view.lane == Some(id) && view.readiness == Some(Readiness::Working)
                });
                if lane.held(slot, now).is_some()
                    || !is_working
                    || lane.is_trying(slot)
                    || self.checks.is_asking(id, slot)
                    || lane.pacer.when(slot, now) != When::Now
                {
                    break;
                }
                let Some((campaign, closes)) = self.next_job(id, slot, now) else {
                    break;
                };
                let Some(journal) = self.journal_one(id, slot, campaign, closes, now) else {
                    continue;
                };
                journals.push(journal);
            }
        }
    }

    /// Whose turn it is on a lane: campaigns take turns, message by message.
    fn next_job(&mut self, lane: LaneId, slot: Slot, now: Now) -> Option<(CampaignId, Elapsed)> {
        let lane = self.lanes.get(&lane)?;
        let jobs = &self.sessions.get(&lane.session)?.jobs;
        let latest = now.elapsed + self.settings.send_deadline;
        for offset in 0..jobs.len() {
            let turn = (self.turn + offset) % jobs.len();
            let Some(job) = jobs.get(turn).and_then(|campaign| self.jobs.get(campaign)) else {
                continue;
            };
            if job.slot() != slot
                || job.state != CampaignState::Running
                || job.is_moving
                || job.is_edited
                || !job.has_work(now)
            {
                continue;
            }
            let Ok(closes) = job.open(now) else { continue };
            let deadline = match closes.map(|closes| wait_between(now, closes)) {
                None => latest,
                Some(left) if left <= CLOSING_MARGIN => continue,
                Some(left) => latest.min(now.elapsed + (left - CLOSING_MARGIN)),
            };
            self.turn = turn + 1;
            return Some((job.id(), deadline));
        }
        None
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
        let ready: Ready = job.take(now)?;
        let delivery = ready.delivery;
        if self.flights.contains_key(&delivery) {
            // A page that was read before its attempt brought it once more.
            return None;
        }
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
        let lane = self.lanes.get_mut(&lane_id)?;
        let if_heard_since = lane.only_if_heard_since(now);
        lane.charge(slot, now);
        job.in_flight += 1;
        let journal = Journal {
            delivery,
            phone: ready.phone,
            lane: lane_id,
            epoch: lane.epoch,
            slot,
            if_heard_since,
            kind: message.kind,
            text_hash: message.text_hash(),
        };
        self.flights.insert(
            delivery,
            Flight {
                ready,
                lane: lane_id,
                slot,
                kind: message.kind,
                message: Some(message),
                started: now,
                stage: Stage::Journalling,
                deadline,
                foreign_id: None,
                again_after: None,
            },
        );
        Some(journal)
    }

    fn start_on_time(&mut self, now: Now) {
        for job in self.jobs.values_mut() {
            let is_due = job
                .record
                .definition
                .starts_at
                .is_none_or(|start| start <= now.wall);
            if job.state == CampaignState::Scheduled && is_due && !job.is_moving {
                job.is_moving = true;
                self.changes.push(Change::Campaign {
                    campaign: job.id(),
                    from: CampaignState::Scheduled,
                    to: CampaignState::Running,
                });
            }
        }
    }

    fn sweep_on(&mut self, now: Now) {
        for job in self.jobs.values_mut() {
            if job.sweep.is_none() && job.must_expire(now) {
                job.sweep = Some(Sweep::Expire);
            }
            if let Some(what) = job.sweep.take() {
                self.changes.push(Change::Sweep {
                    campaign: job.id(),
                    what,
                    deliveries_max: SWEEP_BATCH,
                });
            }
        }
    }

    /// What to read, look at or look up next.
    pub(super) fn read_on(&mut self, now: Now) -> Option<Step> {
        if let Some(finding) = self.next_find(now) {
            return Some(Step::Find(finding));
        }
        if self.is_stopping {
            return None;
        }
        let watched: Vec<bool> = self
            .sessions
            .values()
            .map(|view| self.is_watched(view))
            .collect();
        for ((session, view), is_watched) in self.sessions.iter_mut().zip(watched) {
            if is_watched
                && !view.is_observing
                && !view.is_opening
                && view.observe_at <= now.elapsed
            {
                view.is_observing = true;
                return Some(Step::Observe(session.clone()));
            }
        }
        let window = self.settings.window;
        for job in self.jobs.values_mut() {
            if let Some(query) = job.wants(window, now) {
                return Some(Step::Load(query));
            }
            if job.is_rereading || job.is_moving {
                continue;
            }
            let ends = job.state == CampaignState::Running && job.is_used_up();
            let settles = job.state == CampaignState::Completed
                && job
                    .completed_at
                    .is_none_or(|since| now.elapsed.since(since) >= self.settings.ack_time)
                && job.reread_at <= now.elapsed;
            if (ends && job.reread_at <= now.elapsed) || settles {
                job.is_rereading = true;
                job.reread_at = now.elapsed + self.settings.ack_time / 10;
                return Some(Step::Reread(job.id()));
            }
        }
        if self.doubts.may_load(now) {
            self.doubts.loading();
            return Some(Step::LoadDoubts(DoubtQuery {
                after: None,
                due: now.wall,
                limit: DOUBT_PAGE,
            }));
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
            let doubt = self.doubts.take(
                |doubt| self.lanes.get(&doubt.lane).is_some_and(Lane::is_there),
                now,
            )?;
            let Some(lane) = self.lanes.get(&doubt.lane) else {
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
