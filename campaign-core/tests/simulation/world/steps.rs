//! Carries out what the engine wants done.

use std::time::Duration;

use campaign_core::delivery::DeliveryId;
use campaign_core::engine::{Input, ReadFailed, Step};
use campaign_core::gateway::{Found, Notice};
use campaign_core::store::{Store, StoreError};

use super::super::coverage::Strike;
use super::ledger::Miss;
use super::{World, run};

impl World {
    pub(super) fn step(&mut self, step: Step) {
        if let Some(left) = &mut self.steps_to_crash {
            *left -= 1;
            if *left == 0 {
                self.crashes_left -= 1;
                self.steps_to_crash = (self.crashes_left > 0)
                    .then(|| self.rng.u64(10..self.plan.steps_between_crashes));
                // Before the step, or after it and before anybody is told.
                if self.rng.bool() {
                    self.carry_out(step);
                }
                self.settle_commit();
                return self.crash(Strike::Crash);
            }
        }
        self.carry_out(step);
    }

    fn carry_out(&mut self, step: Step) {
        // Longer and shorter than a commit, so that one overtakes the other.
        let quick = self.millis(1, 30);
        if let Some(what) = reading(&step)
            && self.happens(self.plan.commits.unreadable)
        {
            if let ReadFailed::Load(campaign) = what {
                self.strike_campaign(Strike::ReadFailed, campaign);
            }
            self.disturb(None, quick + Duration::from_secs(3));
            return self.tell(quick, Input::ReadFailed(what));
        }
        match step {
            Step::Commit(batch) => self.commit(batch),
            Step::Send(mut sending) => {
                if self.are_workers() {
                    sending.deadline = sending.deadline.min(self.duty.fence);
                }
                self.send(sending);
            }
            Step::LetGo(session) => self.let_go(session),
            Step::Find(finding) => {
                let found = self.find(&finding);
                let delivery = finding.delivery;
                self.write_down(|| {
                    format!("look-up of {delivery:?} to {} -> {found:?}", finding.to)
                });
                if let Found::Absent { complete } = found {
                    let miss = Miss {
                        delivery,
                        at: self.now.elapsed,
                        is_complete: complete,
                    };
                    self.ledger.misses.push(miss);
                }
                self.strike(Strike::LookedUp, delivery);
                let takes = match self.plan.slow_finds && self.healed.is_none() {
                    true => self.millis(1, 150_000),
                    false => quick,
                };
                self.tell(takes, Input::FindEnded { delivery, found });
            }
            Step::Check {
                lane, slot, phone, ..
            } => {
                let status = self.number_status(phone);
                self.tell(quick, Input::Checked { lane, slot, status });
            }
            Step::Observe(session) => {
                let observation = self.observe(&session);
                self.tell(
                    quick,
                    Input::Observed {
                        session,
                        observation,
                    },
                );
            }
            Step::Restart(session) => {
                let is_done = self.restart(&session);
                self.tell(quick, Input::Restarted { session, is_done });
            }
            Step::Gate { campaign, is_open } => {
                let mailing = self.mailing_of(campaign);
                self.mailings[mailing].gate_is_open = is_open;
            }
            Step::Reread(campaign) => {
                let record = Box::new(self.record_of(campaign));
                self.tell(quick, Input::Campaign(record));
            }
            Step::OpenLane { account, session } => {
                let lane = self.lane_of(&session);
                let limits = &self.plan.lanes[lane].limits;
                let input = match run(self.store.lane(account, &session, limits)) {
                    Ok(record) => Input::Lane {
                        session,
                        record: Box::new(record),
                    },
                    Err(StoreError::Attended) => {
                        self.renew();
                        Input::AttendedElsewhere { session }
                    }
                    Err(StoreError::Dismissed) => return self.crash(Strike::Dismissed),
                    Err(error) => panic!("{error}"),
                };
                self.tell(quick, input);
            }
            Step::Load(query) => {
                let input = match run(self.store.ready(query.clone())) {
                    Ok(page) => {
                        let mailing = self.mailing_of(query.campaign);
                        let mailing = &mut self.mailings[mailing];
                        for ready in &page.ready {
                            mailing.put_off.remove(&ready.delivery);
                            mailing.in_memory.insert(ready.delivery);
                        }
                        let put_off = mailing.put_off.len().min(self.plan.window as usize);
                        let count = mailing.in_memory.len() + put_off;
                        self.ledger.in_memory_max = self.ledger.in_memory_max.max(count);
                        Input::Loaded {
                            campaign: query.campaign,
                            page,
                        }
                    }
                    Err(_) => Input::ReadFailed(ReadFailed::Load(query.campaign)),
                };
                self.tell(quick, input);
            }
            Step::LoadDoubts(query) => {
                let page = run(self.store.doubts(query)).unwrap();
                self.tell(quick, Input::DoubtsLoaded(page));
            }
            Step::MarkSilent { before, limit } => {
                let marked = run(self.store.mark_silent(before, limit)).unwrap();
                self.tell(quick, Input::SilentMarked(marked));
            }
            Step::Resolve(notice) => {
                let (delivery, is_by_text) = self.resolve(&notice.notice);
                let resolved = Input::Resolved {
                    notice,
                    delivery,
                    is_by_text,
                };
                self.tell(quick, resolved);
            }
            Step::PhoneOf { session, lid } => {
                let phone = self.phone_behind(&session, lid);
                self.tell(quick, Input::PhoneOf { lid, phone });
            }
            Step::LidOf {
                lane,
                session,
                phone,
            } => {
                let lid = self.lid_behind(&session, phone);
                self.tell(quick, Input::LidOf { lane, lid });
            }
            Step::Withhold(delivery) => {
                self.withheld.insert(delivery);
            }
            Step::Confirm => self.confirm_opt_outs(),
            Step::WaitUntil(_) | Step::Idle | Step::Stopped => {}
        }
    }

    /// As the driver does it.
    fn resolve(&self, notice: &Notice) -> (Option<DeliveryId>, bool) {
        let (Notice::Ack { message_id, .. } | Notice::Echo { message_id, .. }) = notice else {
            return (None, false);
        };
        let known = run(self.store.delivery_of(message_id)).unwrap();
        if known.is_some() {
            return (known, false);
        }
        let by_text = match notice {
            Notice::Echo {
                account: Some(account),
                to: Some(to),
                kind: Some(kind),
                text_hash,
                ..
            } => run(self.store.open_attempt(*account, *to, *kind, *text_hash)).unwrap(),
            _ => None,
        };
        (by_text, true)
    }
}

/// What a step reads from the store.
fn reading(step: &Step) -> Option<ReadFailed> {
    match step {
        Step::Reread(campaign) => Some(ReadFailed::Campaign(*campaign)),
        Step::OpenLane { session, .. } => Some(ReadFailed::Lane(session.clone())),
        Step::Load(query) => Some(ReadFailed::Load(query.campaign)),
        Step::LoadDoubts(_) => Some(ReadFailed::Doubts),
        Step::MarkSilent { .. } => Some(ReadFailed::Silent),
        _ => None,
    }
}
