//! Whether numbers are on WhatsApp: one question at a time and lane, at the lane's pace, just before somebody is written to of whom it is
//! not known. A number that is not there uses up a place in the limits, as a message would have: asking after many such numbers
//! is what accounts are restricted for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Engine, Step, happened};
use crate::campaign::NumberCheck;
use crate::clock::Now;
use crate::delivery::{DeliveryId, Happening, Reason};
use crate::gateway::NumberStatus;
use crate::store::{Change, LaneId, Ready};

/// After so many answers that told nothing the message is tried all the same.
const UNANSWERED_MAX: u8 = 3;
/// After an answer that told nothing the number is asked after again.
const PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Checks {
    open: BTreeMap<LaneId, Open>,
    unanswered: BTreeMap<DeliveryId, u8>,
}

#[derive(Debug)]
struct Open {
    ready: Ready,
    started: Now,
}

impl Checks {
    pub(super) fn is_asking(&self, lane: LaneId) -> bool {
        self.open.contains_key(&lane)
    }

    pub(super) fn is_about(&self, delivery: DeliveryId) -> bool {
        self.open
            .values()
            .any(|open| open.ready.delivery == delivery)
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
        let job = self.jobs.get_mut(&delivery.campaign())?;
        let check = job.record.definition.check;
        match (check, ready.is_on_whatsapp) {
            (NumberCheck::Never, _) | (_, Some(true)) | (NumberCheck::Known, None) => {
                return Some(ready);
            }
            (_, Some(false)) => {
                let skipped = Happening::Skipped(Reason::NotOnWhatsapp);
                self.changes.push(happened(delivery, skipped));
                return None;
            }
            (NumberCheck::New, None) => {}
        }
        let unanswered = self.checks.unanswered.get(&delivery);
        if unanswered.is_some_and(|times| *times >= UNANSWERED_MAX) {
            self.checks.unanswered.remove(&delivery);
            return Some(ready);
        }
        let lane = self.lanes.get_mut(&lane_id)?;
        lane.pacer.charge(now);
        lane.is_noteworthy = true;
        job.in_flight += 1;
        self.steps.push_back(Step::Check {
            lane: lane_id,
            session: lane.session.clone(),
            phone: ready.phone,
        });
        let open = Open {
            ready,
            started: now,
        };
        self.checks.open.insert(lane_id, open);
        None
    }

    pub(super) fn checked(&mut self, lane_id: LaneId, status: NumberStatus, now: Now) {
        let Some(Open { ready, started }) = self.checks.open.remove(&lane_id) else {
            return;
        };
        let (delivery, phone) = (ready.delivery, ready.phone);
        if let Some(lane) = self.lanes.get_mut(&lane_id) {
            lane.is_noteworthy = true;
            match status {
                NumberStatus::NotOnWhatsapp => {
                    let unit = lane.unit();
                    lane.pacer.end(now, unit);
                }
                NumberStatus::OnWhatsapp | NumberStatus::Unknown => lane.pacer.give_back(started),
            }
            lane.judge(status == NumberStatus::Unknown, &self.settings, now);
        }
        let window = self.settings.window;
        if let Some(job) = self.jobs.get_mut(&delivery.campaign()) {
            job.in_flight = job.in_flight.saturating_sub(1);
            // It was not in memory when the others were swept.
            job.sweep_again();
            match status {
                NumberStatus::NotOnWhatsapp => {}
                NumberStatus::OnWhatsapp => job.put_back(Ready {
                    is_on_whatsapp: Some(true),
                    ..ready
                }),
                NumberStatus::Unknown => {
                    *self.checks.unanswered.entry(delivery).or_default() += 1;
                    job.put_off(ready, now.elapsed + PAUSE, window);
                }
            }
        }
        if status != NumberStatus::Unknown {
            self.checks.unanswered.remove(&delivery);
            self.changes.push(Change::Presence {
                phone,
                is_on_whatsapp: status == NumberStatus::OnWhatsapp,
            });
        }
        if status == NumberStatus::NotOnWhatsapp {
            let skipped = Happening::Skipped(Reason::NotOnWhatsapp);
            self.changes.push(happened(delivery, skipped));
        }
    }
}
