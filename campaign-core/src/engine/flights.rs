//! Attempts from their journal to the end that is on record.

use std::sync::Arc;
use std::time::Duration;

use super::budgets::Charged;
use super::health::Ended;
use super::{Engine, STORE_PAUSE, Step, happened};
use crate::clock::{Elapsed, Now};
use crate::delivery::{DeliveryId, Happening, Reason, State};
use crate::failure::{Next, NotHandedOver, Outcome};
use crate::gateway::Sending;
use crate::limits::Slot;
use crate::message::{MessageKind, RenderedMessage};
use crate::store::{Batch, Change, Effect, Happened, LaneId, Lost, Ready};

/// Who has not written and may not be written to unasked is tried again after this, when nothing tells how long that lasts.
const NOT_HEARD_WAIT: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub(super) struct Committing {
    pub(super) batch: Arc<Batch>,
    pub(super) journalled: Vec<DeliveryId>,
}

/// An attempt from its journal to the end that is on record.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) ready: Ready,
    pub(super) lane: LaneId,
    pub(super) slot: Slot,
    pub(super) charged: Charged,
    pub(super) kind: MessageKind,
    pub(super) message: Option<RenderedMessage>,
    pub(super) started: Now,
    pub(super) stage: Stage,
    pub(super) deadline: Elapsed,
    pub(super) foreign_id: Option<Box<str>>,
    /// WhatsApp has spoken of it before its answer came.
    pub(super) is_judged: bool,
    pub(super) again_after: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Journalling,
    Sending,
    /// Unanswered for so long that it no longer occupies its limits since that moment.
    Released(Elapsed),
    Closing,
}

impl Engine {
    pub(super) fn committed(&mut self, effects: Vec<Effect>, now: Now) {
        let Some(committing) = self.committing.take() else {
            return;
        };
        self.store_rests_until = None;
        let batch = committing.batch;
        for (change, effect) in batch.changes.iter().zip(effects) {
            self.take_effect(change, effect, now);
        }
        for delivery in committing.journalled {
            self.begin_sending(delivery, now);
        }
    }

    pub(super) fn take_effect(&mut self, change: &Change, effect: Effect, now: Now) {
        self.answer_waiting(change, &effect);
        match change {
            Change::Journal(journal) => {
                if let Effect::Lost(lost) = effect {
                    self.journal_lost(journal.delivery, lost, now);
                }
            }
            Change::Reply(_)
            | Change::HiddenReply(_)
            | Change::Lid { .. }
            | Change::Dismiss { .. } => {
                if let Effect::Wished(phone, wish) = effect {
                    self.wished(phone, wish);
                }
                match change {
                    Change::Lid { lid, .. } | Change::Dismiss { lid } => self.lid_learnt(*lid),
                    Change::HiddenReply(reply) if effect == Effect::HiddenOptOut => {
                        self.has_opted_out_hidden(reply.lid);
                    }
                    _ => {}
                }
            }
            Change::Happened(happened) => self.happened(happened, effect, now),
            Change::Campaign { campaign, to, .. } => {
                self.campaign_moved(*campaign, *to, &effect, now)
            }
            Change::Sweep {
                campaign,
                what,
                deliveries_max,
            } => self.swept(*campaign, *what, *deliveries_max, effect),
            Change::NewGeneration { delivery } => {
                if matches!(effect, Effect::Created(_)) {
                    self.chat_is_free(*delivery, now);
                    self.wake(delivery.campaign());
                }
            }
            Change::LookNow { .. } => self.doubts.load_at(now.elapsed),
            Change::Looked { delivery, .. } => self.doubts.closed(*delivery),
            Change::Message { campaign, message } => {
                self.message_changed(*campaign, message, &effect)
            }
            Change::Share { campaign, share } => {
                if effect == Effect::Done {
                    self.share_changed(*campaign, *share);
                }
            }
            Change::Lane(note) => {
                if effect == Effect::Done {
                    self.noted(note);
                }
                self.noted_last(note);
            }
            Change::ByHand(sent) => {
                if let Effect::Counted(counted) = effect {
                    self.counted(sent.account, counted, now);
                }
            }
            Change::CutWaits => self.start_over(now),
            Change::Limits { .. }
            | Change::SharedLimits { .. }
            | Change::SharedPast { .. }
            | Change::Presence { .. }
            | Change::Confirmed { .. }
            | Change::Answer { .. } => {}
        }
    }

    pub(super) fn journal_lost(&mut self, delivery: DeliveryId, lost: Lost, now: Now) {
        let Some(flight) = self.flights.remove(&delivery) else {
            return;
        };
        self.give_back(delivery, &flight, now);
        let window = self.window();
        let Some(job) = self.jobs.get_mut(&delivery.campaign()) else {
            return;
        };
        job.in_flight = job.in_flight.saturating_sub(1);
        match lost {
            Lost::Suppressed => self
                .changes
                .push(happened(delivery, Happening::Skipped(Reason::Suppressed))),
            Lost::Barred(barred) => self.barred(flight.lane, flight.ready, barred, now),
            Lost::NotHeard => {
                // It has written by then, or may be written to again.
                let lane = self.lanes.get(flight.lane);
                let until = lane
                    .and_then(|lane| lane.new_chats.held(now))
                    .map(|hold| hold.until);
                let until = until.unwrap_or(now.elapsed + NOT_HEARD_WAIT);
                job.put_off(flight.ready, until, window);
            }
            Lost::KnownTo(account) => job.leave_to(account, flight.ready),
            Lost::ChatBusy(open) => {
                let pause = self.behind.wait(open, delivery);
                job.put_off(flight.ready, now.elapsed + pause, window);
            }
            Lost::NotOwner => {
                job.put_back(flight.ready);
                if let Some(lane) = self.lanes.remove(flight.lane) {
                    self.pools.changed(lane.account);
                    let view = self.sessions.get_or_insert(&lane.session);
                    view.lane = None;
                    view.observe_at = now.elapsed + STORE_PAUSE;
                }
            }
            Lost::Campaign(state) => {
                job.state = state;
                job.start_over();
            }
            // Somebody else moved it; what became of it is in the store.
            Lost::Delivery(_) | Lost::NotFound | Lost::NoGeneration => {}
        }
    }

    pub(super) fn begin_sending(&mut self, delivery: DeliveryId, now: Now) {
        let Some(flight) = self.flights.get_mut(&delivery) else {
            return;
        };
        if flight.stage != Stage::Journalling {
            return;
        }
        flight.stage = Stage::Sending;
        self.release_at = self
            .release_at
            .min(flight.started.elapsed + self.settings.hold_horizon(flight.kind));
        let Some((message, lane)) = flight.message.take().zip(self.lanes.get(flight.lane)) else {
            return;
        };
        debug_assert!(now.elapsed >= flight.started.elapsed);
        let view = self.sessions.get(&lane.session);
        if view.is_none_or(|view| view.lane != Some(lane.id)) {
            // It was seen to be another account's while the journal was made durable.
            let outcome = Outcome::NotHandedOver {
                why: NotHandedOver::Withheld,
                retry_after: None,
                message: "".into(),
            };
            return self.send_ended(delivery, outcome, now);
        }
        self.steps.push_back(Step::Send(Sending {
            delivery,
            session: lane.session.clone(),
            to: flight.ready.phone,
            message_id: self.ids.encode(delivery),
            message,
            deadline: flight.deadline,
        }));
    }

    pub(super) fn commit_failed(&mut self, now: Now) {
        let Some(committing) = self.committing.take() else {
            return;
        };
        self.store_rests_until = Some(now.elapsed + STORE_PAUSE);
        for delivery in committing.journalled {
            let Some(flight) = self.flights.remove(&delivery) else {
                continue;
            };
            self.give_back(delivery, &flight, now);
            if let Some(job) = self.jobs.get_mut(&delivery.campaign()) {
                job.in_flight = job.in_flight.saturating_sub(1);
                job.put_back(flight.ready);
            }
        }
        let batch = Arc::unwrap_or_clone(committing.batch);
        let kept = batch
            .changes
            .into_iter()
            .filter(|change| !matches!(change, Change::Journal(_)));
        let since: Vec<Change> = self.changes.drain(..).collect();
        self.changes.extend(kept);
        self.changes.extend(since);
    }

    pub(super) fn send_ended(&mut self, delivery: DeliveryId, outcome: Outcome, now: Now) {
        let Some(flight) = self.flights.get_mut(&delivery) else {
            return;
        };
        if flight.stage == Stage::Closing {
            return;
        }
        self.last_end = now.elapsed;
        let verdict = outcome.verdict();
        let stage = std::mem::replace(&mut flight.stage, Stage::Closing);
        let (lane_id, slot, charged, kind, counted) = (
            flight.lane,
            flight.slot,
            flight.charged,
            flight.kind,
            flight.ready.attempts.saturating_add(1),
        );
        if let Outcome::Accepted {
            message_id: Some(id),
        } = &outcome
            && **id != *self.ids.encode(delivery)
        {
            flight.foreign_id = Some(id.clone());
        }
        let foreign_id = flight.foreign_id.clone();
        let is_judged = flight.is_judged;
        let given_back = matches!(verdict.next, Next::Hold | Next::Retry);
        let mut look_now = None;
        match stage {
            Stage::Released(assumed) if !given_back => {
                self.budgets.ended_later(charged, slot, assumed, now)
            }
            Stage::Released(_) => {}
            _ if given_back => self.budgets.give_back(charged, slot),
            _ => self.budgets.end(charged, slot, now),
        }
        if let Some(lane) = self.lanes.get_mut(lane_id) {
            let unit = lane.unit();
            match stage {
                Stage::Released(assumed) if !given_back => {
                    lane.pacer.ended_later(slot, assumed, now)
                }
                Stage::Released(_) => {}
                _ if given_back => lane.pacer.give_back(slot),
                _ => lane.pacer.end(slot, now, unit),
            }
            let end = match verdict.next {
                Next::Accepted => Ended::Accepted,
                _ if verdict.is_failure => Ended::Failed,
                _ => Ended::Neither,
            };
            lane.is_noteworthy |=
                lane.health
                    .ended(delivery, slot, end, is_judged, &self.settings, now);
            if let Outcome::Accepted { message_id } = &outcome {
                lane.praise(slot, now);
                if message_id.is_some() && lane.learn_id(kind, foreign_id.is_none()) {
                    look_now = Some(lane.session.clone());
                }
            }
            if let Some(trouble) = verdict.trouble {
                lane.hold_for(trouble, outcome.retry_after(), &self.settings, now);
                if let Some(view) = self.sessions.get_mut(&lane.session) {
                    view.observe_at = lane.hold.map_or(now.elapsed, |hold| hold.until);
                }
            }
        }
        if let Some(session) = look_now {
            self.look_again_at(&session);
        }
        let policy = self
            .jobs
            .get(&delivery.campaign())
            .map(|job| job.record.definition.retry.clone())
            .unwrap_or_default();
        let (happening, next) = match verdict.next {
            Next::Accepted => (Happening::Accepted, None),
            Next::Hold => (Happening::NotHandedOver { counts: false }, None),
            Next::Retry => {
                match policy.delay_after(counted, outcome.retry_after(), self.chance.unit()) {
                    Some(delay) => (Happening::NotHandedOver { counts: true }, Some(delay)),
                    None => (Happening::Exhausted, None),
                }
            }
            Next::Fail => (Happening::Refused, None),
            Next::Doubt(doubt) => (
                Happening::MaybeSent(doubt),
                Some(self.settings.first_look()),
            ),
        };
        if let Some(flight) = self.flights.get_mut(&delivery) {
            flight.again_after = next;
        }
        self.changes.push(Change::Happened(Happened {
            delivery,
            happening,
            ends_attempt: true,
            next: next.and_then(|wait| now.wall.checked_add(wait).ok()),
            foreign_id,
            message: outcome
                .message()
                .filter(|message| !message.is_empty())
                .map(Into::into),
        }));
    }

    /// What follows once a delivery's move is durable.
    pub(super) fn happened(&mut self, change: &Happened, effect: Effect, now: Now) {
        let delivery = change.delivery;
        let campaign = delivery.campaign();
        let flight = if change.ends_attempt {
            self.flights.remove(&delivery)
        } else {
            None
        };
        if let Some(flight) = &flight {
            // Where one message tries for all, the next may follow it.
            self.lanes.wake(flight.lane);
        }
        let window = self.window();
        let mut wake = false;
        if let Some(job) = self.jobs.get_mut(&campaign) {
            job.in_flight = job.in_flight.saturating_sub(u32::from(flight.is_some()));
            if let Effect::Moved { from, to } = &effect {
                if to.state == State::Scheduled {
                    job.sweep_again();
                    match flight {
                        Some(flight) => {
                            let ready = Ready {
                                attempts: to.attempts,
                                ..flight.ready
                            };
                            match flight.again_after {
                                Some(delay) => job.put_off(ready, now.elapsed + delay, window),
                                None => job.put_back(ready),
                            }
                        }
                        None => wake = from.state != State::Scheduled,
                    }
                }
                if to.state == State::Unconfirmed {
                    let look = now.elapsed + self.settings.first_look();
                    self.doubts.load_at(look);
                }
            }
        }
        if let Effect::Moved { from, to } = &effect
            && from.state.is_open()
            && !to.state.is_open()
        {
            self.chat_is_free(delivery, now);
        }
        if change.foreign_id.is_some() {
            self.unpark();
        }
        if wake {
            self.wake(campaign);
        }
        self.doubts.closed(delivery);
    }

    /// Sends that nobody answered for the hold horizon give their place in the limits free.
    pub(super) fn release_unanswered(&mut self, now: Now) {
        if now.elapsed < self.release_at {
            return;
        }
        self.release_at = Elapsed::NEVER;
        for flight in self
            .flights
            .values_mut()
            .filter(|flight| flight.stage == Stage::Sending)
        {
            let release_at = flight.started.elapsed + self.settings.hold_horizon(flight.kind);
            if release_at > now.elapsed {
                self.release_at = self.release_at.min(release_at);
                continue;
            }
            if let Some(lane) = self.lanes.get_mut(flight.lane) {
                let unit = lane.unit();
                lane.pacer.end(flight.slot, now, unit);
            }
            self.budgets.end(flight.charged, flight.slot, now);
            flight.stage = Stage::Released(now.elapsed);
        }
    }

    /// It was never on record.
    fn give_back(&mut self, delivery: DeliveryId, flight: &Flight, now: Now) {
        self.budgets.give_back(flight.charged, flight.slot);
        if let Some(lane) = self.lanes.get_mut(flight.lane) {
            lane.pacer.give_back(flight.slot);
            let campaign = delivery.campaign();
            self.jobs
                .give_turn_back(campaign, &lane.session, flight.slot);
            lane.health.ended(
                delivery,
                flight.slot,
                Ended::Neither,
                false,
                &self.settings,
                now,
            );
        }
    }
}

#[cfg(test)]
mod tests;
