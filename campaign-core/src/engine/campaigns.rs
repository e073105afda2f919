//! Campaigns as they come and go: what is loaded of them, when they are at their end, what brings them back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::duty::Adopting;
use super::job::{Counted, Job};
use super::{Engine, SWEEP_BATCH, Step};
use crate::campaign::{CampaignState, Share};
use crate::clock::{Elapsed, Now};
use crate::delivery::{CampaignId, DeliveryId, State};
use crate::message::MessageTemplate;
use crate::store::{CampaignRecord, Change, Effect, Lost, ReadyPage, Sweep};

/// Who waits until others have nothing in flight looks so often.
const QUIET_LOOK: Duration = Duration::from_millis(250);

impl Engine {
    pub(super) fn campaign(&mut self, record: CampaignRecord, now: Now) {
        let id = record.id;
        if !self.jobs.contains(id) && !self.attends_any(&record.definition.sessions) {
            return;
        }
        for session in &record.definition.sessions {
            let view = self.sessions.get_or_insert(session);
            view.jobs.insert(id);
        }
        match self.jobs.get_mut(&id) {
            Some(job) => {
                job.is_rereading = false;
                if job.counted == Counted::Asked {
                    job.counted = Counted::Since;
                }
                job.record = record;
                self.adopt(id, now);
                self.conclude(id, now);
            }
            None => {
                let mut job = Job::new(record, self.began);
                if job.state == CampaignState::Cancelled && !job.is_complete() {
                    job.sweep = Some(Sweep::Cancel);
                }
                self.steps.push_back(Step::Gate {
                    campaign: id,
                    is_open: matches!(job.state, CampaignState::Running | CampaignState::Scheduled),
                });
                // Made due again, and its runner died before the campaign was moved on with it.
                let is_due_again = job.state == CampaignState::Completed
                    && job.record.counts.of(State::Scheduled) > 0;
                self.jobs.insert(id, job);
                self.pool_came(id);
                self.adopt_if_heard_of(id);
                self.doubts.load_at(now.elapsed);
                if is_due_again {
                    self.wake(id);
                }
            }
        }
    }

    /// Does what campaigns have to do now: those that changed, and those whose moment has come.
    pub(super) fn attend(&mut self, now: Now) {
        while let Some(campaign) = self.jobs.next_awake() {
            self.gather(campaign);
            self.answer_quiet(campaign, now);
            if self.leads(campaign) {
                self.start_on_time(campaign, now);
            }
            // What another worker has put back since the others were swept, that one sweeps.
            self.sweep_on(campaign, now);
            if !self.is_stopping {
                self.read_for(campaign, now);
            }
            // One that is settled when it is told of stays: somebody wants something of it.
            let leaves = |job: &Job| job.is_leaving || !self.attends_any(job.sessions());
            if self.jobs.get(&campaign).is_some_and(leaves) {
                self.forget_settled(campaign);
            }
            self.jobs.rest(campaign, self.settings.ack_time, now);
        }
    }

    fn start_on_time(&mut self, campaign: CampaignId, now: Now) {
        let Some(job) = self.jobs.attended(campaign) else {
            return;
        };
        let starts_at = job.record.definition.starts_at;
        let is_due = starts_at.is_none_or(|start| start <= now.wall);
        if job.state == CampaignState::Scheduled && is_due && !job.is_moving {
            job.is_moving = true;
            self.changes.push(Change::Campaign {
                campaign,
                from: CampaignState::Scheduled,
                to: CampaignState::Running,
            });
        }
    }

    fn sweep_on(&mut self, campaign: CampaignId, now: Now) {
        let Some(job) = self.jobs.attended(campaign) else {
            return;
        };
        if job.sweep.is_none() && job.must_expire(now) {
            job.sweep = Some(Sweep::Expire);
        }
        if let Some(what) = job.sweep.take() {
            self.changes.push(Change::Sweep {
                campaign,
                what,
                deliveries_max: SWEEP_BATCH,
            });
        }
    }

    /// Reads deliveries that are due, or the counters that say whether the campaign has come to its end.
    fn read_for(&mut self, campaign: CampaignId, now: Now) {
        let window = self.window();
        let Some(job) = self.jobs.attended(campaign) else {
            return;
        };
        if let Some(query) = job.wants(window, now) {
            self.readings.push_back(Step::Load(query));
        }
        if job.is_rereading || job.is_moving || job.reread_at > now.elapsed {
            return;
        }
        let is_over = |since| now.elapsed.since(since) >= self.settings.ack_time;
        let ends = job.state == CampaignState::Running && job.may_be_over();
        let settles = job.state == CampaignState::Completed && job.completed_at.is_none_or(is_over);
        let quiet = job.counts_for_quiet();
        if ends || settles || quiet {
            job.is_rereading = true;
            if job.counted == Counted::Before {
                job.counted = Counted::Asked;
            }
            let pause = match quiet {
                true => QUIET_LOOK,
                false => self.settings.ack_time / 10,
            };
            job.reread_at = now.elapsed + pause;
            self.readings.push_back(Step::Reread(campaign));
        }
    }

    /// Moves a campaign on when its counters say that it has come to its end.
    pub(super) fn conclude(&mut self, campaign: CampaignId, now: Now) {
        let leads = self.leads(campaign);
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return;
        };
        if job.is_moving || job.sweep.is_some() {
            return;
        }
        let to = match job.state {
            CampaignState::Running if job.may_be_over() => {
                if job.is_complete() {
                    CampaignState::Completed
                } else {
                    // Somebody else moved deliveries back, or added some; they are in the store.
                    if job.record.counts.of(State::Scheduled) > 0 && job.is_used_up() {
                        let again = job.reread_at;
                        job.start_over();
                        job.sweep_again();
                        if job.is_shared {
                            // They may be there for others.
                            job.reread_at = again;
                        }
                    }
                    return;
                }
            }
            // Somebody else moved deliveries back.
            CampaignState::Completed if job.record.counts.of(State::Scheduled) > 0 => {
                return self.wake(campaign);
            }
            CampaignState::Completed => {
                let since = *job.completed_at.get_or_insert(now.elapsed);
                if !job.is_settled() || now.elapsed.since(since) < self.settings.ack_time {
                    return;
                }
                CampaignState::Settled
            }
            _ => return,
        };
        if !leads {
            return;
        }
        job.is_moving = true;
        let from = job.state;
        self.changes.push(Change::Campaign { campaign, from, to });
    }

    pub(super) fn loaded(&mut self, campaign: CampaignId, page: ReadyPage, now: Now) {
        let asked_about = self.checks.deliveries().chain(self.hidden.deliveries());
        let asked_about: BTreeSet<DeliveryId> = asked_about.collect();
        let flights = &self.flights;
        let is_known =
            |delivery| flights.contains_key(&delivery) || asked_about.contains(&delivery);
        if let Some(job) = self.jobs.get_mut(&campaign) {
            if !page.ready.is_empty() && job.has_expired(now) {
                // Made due again when the others had been swept.
                job.sweep_again();
            }
            job.loaded(page, is_known, now);
        }
    }

    /// There is something to send again for a campaign that may have come to its end.
    pub(super) fn wake(&mut self, campaign: CampaignId) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            // It was forgotten meanwhile: when it is read again, it is seen to have something to send.
            return self.steps.push_back(Step::Reread(campaign));
        };
        job.start_over();
        if job.is_moving {
            // It may be on its way to its end.
            job.is_woken = true;
        } else if matches!(job.state, CampaignState::Completed | CampaignState::Settled) {
            job.is_moving = true;
            // With what is to be sent, the store took back that it was settled.
            job.state = CampaignState::Completed;
            self.changes.push(Change::Campaign {
                campaign,
                from: CampaignState::Completed,
                to: CampaignState::Running,
            });
        }
    }

    pub(super) fn campaign_moved(
        &mut self,
        campaign: CampaignId,
        to: CampaignState,
        effect: &Effect,
        now: Now,
    ) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return;
        };
        job.is_moving = false;
        match effect {
            Effect::Done => job.state = to,
            Effect::Lost(Lost::Campaign(state)) => job.state = *state,
            _ => return,
        }
        if job.adopting.is_some() {
            // What is being read may be from before this move.
            job.adopting = Some(Adopting::TheNext);
        }
        let from = job.state;
        let is_wanted = matches!(to, CampaignState::Paused | CampaignState::Cancelled)
            && !job.awaiting_quiet.is_empty();
        if is_wanted && from != to && from.may_become(to) {
            // Another worker had moved it: it is stopped from where it stands.
            job.is_moving = true;
            self.changes.push(Change::Campaign { campaign, from, to });
            return;
        }
        self.stands_elsewhere(campaign, now);
    }

    /// A campaign has been moved.
    pub(super) fn stands_elsewhere(&mut self, campaign: CampaignId, now: Now) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return;
        };
        job.counted = Counted::Before;
        if job.counts_for_quiet() {
            job.reread_at = Elapsed::default();
        }
        match job.state {
            CampaignState::Cancelled => job.sweep = Some(Sweep::Cancel),
            CampaignState::Completed => job.completed_at = Some(now.elapsed),
            CampaignState::Running => {
                job.start_over();
                job.sweep_again();
            }
            _ => {}
        }
        let is_open = job.state == CampaignState::Running;
        let is_woken = std::mem::take(&mut job.is_woken);
        self.steps.push_back(Step::Gate { campaign, is_open });
        if is_woken {
            self.wake(campaign);
        }
        self.ask_again(campaign, now);
        self.forget_settled(campaign);
    }

    /// One that is settled has nothing left to do: whoever wants something of it brings it back. It stays until what is under way has ended. One
    /// whose sessions all are attended by others is theirs.
    fn forget_settled(&mut self, campaign: CampaignId) {
        let job = self.jobs.get(&campaign);
        let is_others = job.is_some_and(|job| !self.attends_any(job.sessions()));
        let Some(job) = self.jobs.attended(campaign) else {
            return;
        };
        job.is_leaving = job.state == CampaignState::Settled || is_others;
        if !job.is_leaving || job.is_moving || job.in_flight > 0 || !job.awaiting_quiet.is_empty() {
            return;
        }
        self.budgets.forget(job);
        for session in job.sessions() {
            if let Some(view) = self.sessions.get_mut(session) {
                view.jobs.remove(&campaign);
            }
        }
        self.jobs.remove(campaign);
        self.pools.forget(campaign);
    }

    /// Its other message is on record, or it was not to be had.
    pub(super) fn message_changed(
        &mut self,
        campaign: CampaignId,
        message: &MessageTemplate,
        effect: &Effect,
    ) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return;
        };
        job.is_edited = false;
        if *effect == Effect::Done {
            job.say(message.clone());
        }
    }

    /// Its other share is on record.
    pub(super) fn share_changed(&mut self, campaign: CampaignId, share: Share) {
        if let Some(job) = self.jobs.get_mut(&campaign) {
            Arc::make_mut(&mut job.record.definition).set_share(share);
        }
    }

    pub(super) fn swept(
        &mut self,
        campaign: CampaignId,
        what: Sweep,
        deliveries_max: u32,
        effect: Effect,
    ) {
        let Effect::Swept(count) = effect else { return };
        let is_retry = matches!(what, Sweep::Retry(_));
        if let Some(job) = self.jobs.get_mut(&campaign) {
            if count >= deliveries_max {
                job.sweep = Some(what);
            } else if !is_retry {
                // What memory still holds of it was swept in the store.
                job.start_over();
            }
        }
        if is_retry && count > 0 {
            self.wake(campaign);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
