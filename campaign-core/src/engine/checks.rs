//! Whether numbers are on WhatsApp: one question at a time and slot of a lane, at the lane's pace, just before somebody is written to of whom it is
//! not known. A number that is not there uses up a place in the limits, as a message would have: asking after many such numbers
//! is what accounts are restricted for. Where nothing but the question is wanted, every question uses one up.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Engine, Step, happened};
use crate::campaign::NumberCheck;
use crate::clock::Now;
use crate::delivery::{DeliveryId, Happening, Reason};
use crate::gateway::NumberStatus;
use crate::limits::Slot;
use crate::store::{Change, LaneId, Ready};

/// After so many answers that told nothing the message is tried all the same, if there is one.
const UNANSWERED_MAX: u8 = 3;
/// After an answer that told nothing the number is asked after again.
const PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Checks {
    open: BTreeMap<(LaneId, Slot), Open>,
    unanswered: BTreeMap<DeliveryId, u8>,
}

#[derive(Debug)]
struct Open {
    ready: Ready,
}

impl Checks {
    pub(super) fn is_asking(&self, lane: LaneId, slot: Slot) -> bool {
        self.open.contains_key(&(lane, slot))
    }

    /// Whose numbers are being asked after.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = DeliveryId> {
        self.open.values().map(|open| open.ready.delivery)
    }
}

impl Engine {
    /// Gives a delivery back when its number may be written to. Otherwise it is skipped, or asked about first.
    pub(super) fn if_on_whatsapp(
        &mut self,
        lane_id: LaneId,
        ready: Ready,
        now: Now,
    ) -> Option<Ready> {
        let delivery = ready.delivery;
        let job = self.jobs.get(&delivery.campaign())?;
        let check = job.record.definition.check;
        let unanswered = self.checks.unanswered.get(&delivery);
        let is_given_up = unanswered.is_some_and(|times| *times >= UNANSWERED_MAX);
        let skipped = match (check, ready.is_on_whatsapp) {
            (NumberCheck::Only, Some(true)) => Reason::OnWhatsapp,
            (NumberCheck::Never, _) | (_, Some(true)) | (NumberCheck::Known, None) => {
                return Some(ready);
            }
            (_, Some(false)) => Reason::NotOnWhatsapp,
            (NumberCheck::Only, None) if is_given_up => Reason::NotKnown,
            (NumberCheck::New, None) if is_given_up => {
                self.checks.unanswered.remove(&delivery);
                return Some(ready);
            }
            (NumberCheck::New | NumberCheck::Only, None) => {
                self.ask(lane_id, ready, now);
                return None;
            }
        };
        self.checks.unanswered.remove(&delivery);
        let skipped = Happening::Skipped(skipped);
        self.changes.push(happened(delivery, skipped));
        None
    }

    /// Asks whether a number is on WhatsApp; the delivery waits for the answer outside the lane.
    fn ask(&mut self, lane_id: LaneId, ready: Ready, now: Now) {
        let campaign = ready.delivery.campaign();
        let (Some(job), Some(lane)) = (self.jobs.get_mut(&campaign), self.lanes.get_mut(lane_id))
        else {
            return;
        };
        let slot = job.slot();
        // A question makes no chat.
        lane.pacer.charge(slot, now);
        lane.is_noteworthy = true;
        job.in_flight += 1;
        self.jobs.had_turn(campaign, &lane.session, slot);
        self.steps.push_back(Step::Check {
            lane: lane_id,
            slot,
            session: lane.session.clone(),
            phone: ready.phone,
        });
        self.checks.open.insert((lane_id, slot), Open { ready });
    }

    pub(super) fn checked(&mut self, lane_id: LaneId, slot: Slot, status: NumberStatus, now: Now) {
        let Some(Open { ready }) = self.checks.open.remove(&(lane_id, slot)) else {
            return;
        };
        let (delivery, phone) = (ready.delivery, ready.phone);
        let job = self.jobs.get(&delivery.campaign());
        let is_all = job.is_some_and(|job| job.record.definition.check == NumberCheck::Only);
        let skipped = match status {
            NumberStatus::NotOnWhatsapp => Some(Reason::NotOnWhatsapp),
            NumberStatus::OnWhatsapp if is_all => Some(Reason::OnWhatsapp),
            NumberStatus::OnWhatsapp | NumberStatus::Unknown => None,
        };
        if let Some(lane) = self.lanes.get_mut(lane_id) {
            lane.is_noteworthy = true;
            if skipped.is_some() {
                let unit = lane.unit();
                lane.pacer.end(slot, now, unit);
            } else {
                lane.pacer.give_back(slot);
            }
        }
        let window = self.window();
        if let Some(job) = self.jobs.get_mut(&delivery.campaign()) {
            job.in_flight = job.in_flight.saturating_sub(1);
            // It was not in memory when the others were swept.
            job.sweep_again();
            match status {
                NumberStatus::OnWhatsapp if !is_all => job.put_back(Ready {
                    is_on_whatsapp: Some(true),
                    ..ready
                }),
                NumberStatus::Unknown => {
                    *self.checks.unanswered.entry(delivery).or_default() += 1;
                    job.put_off(ready, now.elapsed + PAUSE, window);
                }
                NumberStatus::OnWhatsapp | NumberStatus::NotOnWhatsapp => {}
            }
        }
        if status != NumberStatus::Unknown {
            self.checks.unanswered.remove(&delivery);
            self.changes.push(Change::Presence {
                phone,
                is_on_whatsapp: status == NumberStatus::OnWhatsapp,
            });
        }
        if let Some(reason) = skipped {
            let skipped = Happening::Skipped(reason);
            self.changes.push(happened(delivery, skipped));
        }
    }
}

#[cfg(test)]
mod tests;
