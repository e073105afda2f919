//! Batches on their way to the disk.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::CampaignState;
use campaign_core::clock::Elapsed;
use campaign_core::delivery::{CampaignId, DeliveryId, State};
use campaign_core::engine::Input;
use campaign_core::store::{Answer, Batch, Change, Effect, ReportRow, Store, Sweep};
use jiff::SignedDuration;

use super::super::coverage::Strike;
use super::ledger::{OpenChat, recipient};
use super::{Event, World, run};

/// No commit takes so long: a batch that is so much older, or younger, was put together by a wrong clock.
const MISSTAMPED: SignedDuration = SignedDuration::from_secs(60);

/// How a commit ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// Durable; the engine is told after this.
    Done(Duration),
    /// Nothing took place.
    Failed,
    /// Nobody knows, and it did not take place.
    UnknownLost,
    /// Nobody knows, and it did take place.
    UnknownKept,
}

impl World {
    pub(super) fn commit(&mut self, batch: Arc<Batch>) {
        let rates = self.plan.commits;
        let mut takes = self.millis(1, 6);
        let told = self.millis(0, 2);
        let mut end = End::Done(told);
        if self.happens(rates.slow) {
            // Longer, too, than a request may wait for its turn.
            takes = self.millis(100, 8_000);
            self.strike_batch(Strike::CommitSlow, &batch);
        } else if self.happens(rates.failed) {
            end = End::Failed;
            self.strike_batch(Strike::CommitFailed, &batch);
        } else if self.happens(rates.unknown) {
            let is_kept = self.rng.bool();
            let (strike, unknown) = match is_kept {
                true => (Strike::CommitUnknownKept, End::UnknownKept),
                false => (Strike::CommitUnknownLost, End::UnknownLost),
            };
            end = unknown;
            self.strike_batch(strike, &batch);
        }
        if takes > Duration::from_millis(6) || !matches!(end, End::Done(_)) {
            self.disturb(None, takes + Duration::from_secs(3));
        }
        self.later(takes, Event::Durable(self.life, batch, end));
    }

    /// Whom a fault of the disk strikes: those whose changes are in the batch.
    fn strike_batch(&mut self, strike: Strike, batch: &Batch) {
        for change in &batch.changes {
            match change {
                Change::Journal(journal) => self.strike(strike, journal.delivery),
                Change::Happened(happened) => self.strike(strike, happened.delivery),
                Change::Looked { delivery, .. } | Change::NewGeneration { delivery } => {
                    self.strike(strike, *delivery);
                }
                _ => {}
            }
        }
    }

    pub(super) fn durable(&mut self, life: u32, batch: &Arc<Batch>, end: End) {
        if life != self.life {
            // The process died first: what was on its way to the disk is lost.
            return;
        }
        match end {
            End::Done(told) => match self.apply(batch) {
                Some(effects) => self.tell(told, Input::Committed(effects)),
                None => self.crash(Strike::Dismissed),
            },
            End::Failed => self.handle(Input::CommitFailed),
            End::UnknownLost | End::UnknownKept => {
                if matches!(end, End::UnknownKept) {
                    self.apply(batch);
                }
                // The driver ends with an error, and is started again.
                self.crash(Strike::RunnerEnded);
            }
        }
    }

    /// A process dies with a batch on its way: it arrives, or it does not.
    pub(super) fn settle_commit(&mut self) {
        let under_way = self.events.iter().find_map(|(at, event)| match event {
            Event::Durable(life, batch, _) if *life == self.life => Some((*at, Arc::clone(batch))),
            _ => None,
        });
        let Some((at, batch)) = under_way else { return };
        if let Some(event) = self.events.remove(&at) {
            self.acts -= usize::from(!event.may_be_left_over());
        }
        if self.rng.bool() {
            self.apply(&batch);
        } else {
            self.strike_batch(Strike::CommitLost, &batch);
        }
    }

    /// `None`: nothing is taken of a worker that was replaced.
    fn apply(&mut self, batch: &Arc<Batch>) -> Option<Vec<Effect>> {
        if self.are_workers() && self.store.is_dismissed() {
            return None;
        }
        let now = self.now.elapsed;
        let at = self.clocks.in_world(batch.at.elapsed);
        for change in &batch.changes {
            self.before(change, at, now);
        }
        let off = self.now.wall.duration_since(batch.at.wall);
        if self.clocks.was_ever_wrong() && off.abs() > MISSTAMPED {
            self.ledger.misstamped.push((now, batch.at.wall));
        }
        let before = self.retried_by(batch);
        let effects = run(self.store.commit(Arc::clone(batch))).unwrap();
        for (change, effect) in batch.changes.iter().zip(&effects) {
            if let Change::Journal(journal) = change {
                self.ledger.stamps.insert(journal.delivery, batch.at.wall);
            }
            self.after(change, effect, at, now);
        }
        self.count_retries(&before, &effects);
        Some(effects)
    }

    /// Where everything stands of the campaigns whose failures a batch sends again.
    fn retried_by(&self, batch: &Batch) -> Vec<ReportRow> {
        let retried = batch.changes.iter().filter_map(|change| match change {
            Change::Sweep {
                campaign,
                what: Sweep::Retry(_),
                ..
            } => Some(*campaign),
            _ => None,
        });
        let retried: BTreeSet<CampaignId> = retried.collect();
        let retried = retried.into_iter();
        retried.flat_map(|campaign| self.report(campaign)).collect()
    }

    /// Retrying is sending again, by the word of the operator. What failed in the same batch is among it.
    fn count_retries(&mut self, before: &[ReportRow], effects: &[Effect]) {
        let campaigns = before.iter().map(|row| row.delivery.campaign());
        let campaigns: BTreeSet<CampaignId> = campaigns.collect();
        let before: BTreeSet<DeliveryId> = before.iter().map(|row| row.delivery).collect();
        for campaign in campaigns {
            for row in self.report(campaign) {
                let is_resent = effects.contains(&Effect::Created(row.delivery));
                if !before.contains(&row.delivery) && !is_resent {
                    *self.asked_again(row.delivery) += 1;
                }
            }
        }
    }

    fn before(&mut self, change: &Change, at: Elapsed, now: Elapsed) {
        match change {
            Change::Campaign { .. }
            | Change::Sweep { .. }
            | Change::Answer { .. }
            | Change::Happened(_)
            | Change::Limits { .. }
            | Change::ByHand(_)
            | Change::Lane(_) => {
                self.write_down(|| format!("{change:?}"));
            }
            _ => {}
        }
        match change {
            Change::Limits { account, limits } => {
                let limits = (*account, now, self.now.wall, limits.clone());
                self.ledger.limits.push(limits);
            }
            Change::Lane(note) if note.cold_hold.is_some() => {
                // Put together after that.
                let known = self.ledger.restrictions.iter_mut();
                let life = self.life;
                for restriction in known.filter(|it| it.told <= at && it.life == life) {
                    restriction.is_durable = true;
                }
            }
            Change::Reply(reply) => self.replied(reply),
            Change::HiddenReply(reply) => self.replied_hidden(reply),
            Change::ByHand(sent) => {
                let ago = self.now.wall.duration_since(sent.at);
                let at = now - Duration::try_from(ago).unwrap_or_default();
                self.ledger.by_hand.push((sent.account, at, now));
            }
            Change::Lid { phone, .. } => self.lid_known(*phone),
            Change::Answer {
                command,
                answer: Answer::Refused { .. },
            } => {
                // Nothing stops what has come to its end: what the operator wants sent of it later is sent.
                for mailing in &mut self.mailings {
                    let stops = mailing.pauses.iter_mut().chain(&mut mailing.cancel);
                    for stop in stops.filter(|stop| stop.command == *command) {
                        stop.resumed.get_or_insert(stop.asked);
                    }
                }
            }
            Change::Answer {
                command,
                answer: Answer::Campaign { in_flight, .. },
            } => {
                self.bears_out(*command);
                for mailing in &mut self.mailings {
                    let pauses = mailing.pauses.iter_mut().chain(&mut mailing.cancel);
                    for pause in pauses.filter(|pause| pause.command == *command) {
                        pause.answered.get_or_insert((now, *in_flight));
                    }
                }
            }
            Change::Sweep { campaign, .. } => {
                let mailing = self.mailing_of(*campaign);
                self.mailings[mailing].in_memory.clear();
                self.mailings[mailing].put_off.clear();
            }
            _ => {}
        }
    }

    fn after(&mut self, change: &Change, effect: &Effect, at: Elapsed, now: Elapsed) {
        match (change, effect) {
            (Change::Journal(journal), Effect::Moved { .. }) => {
                let entry = self.ledger.journals.entry(journal.delivery);
                let entry = entry.or_insert((at, now, 0));
                *entry = (at, now, entry.2 + 1);
                self.ledger.open_chats.push(OpenChat {
                    delivery: journal.delivery,
                    to: journal.phone,
                    from: now,
                    until: None,
                });
                self.ledger.unknown_attempts.remove(&journal.delivery);
                let mailing = self.mailing_of(journal.delivery.campaign());
                let mailing = &mut self.mailings[mailing];
                if mailing.put_off.remove(&journal.delivery) {
                    mailing.in_memory.insert(journal.delivery);
                }
            }
            (Change::Journal(journal), effect) => {
                // It waits in memory or, when so many do already, in the store.
                let mailing = self.mailing_of(journal.delivery.campaign());
                let mailing = &mut self.mailings[mailing];
                if mailing.in_memory.remove(&journal.delivery) {
                    mailing.put_off.insert(journal.delivery);
                }
                self.write_down(|| format!("{:?} of {:?}", effect, journal.delivery));
            }
            // The engine reads from the start again, and has forgotten what it does not send.
            (Change::Campaign { campaign, to, .. }, Effect::Done)
                if *to == CampaignState::Running =>
            {
                self.forget_unsent(*campaign);
            }
            (Change::NewGeneration { delivery }, Effect::Created(_)) => {
                self.ledger.chat_is_free(*delivery, now);
                self.forget_unsent(delivery.campaign());
            }
            (Change::Happened(happened), Effect::Moved { from, to }) => {
                if from.state.is_open() && !to.state.is_open() {
                    self.ledger.chat_is_free(happened.delivery, now);
                }
                if to.state == State::Scheduled && !happened.ends_attempt {
                    self.forget_unsent(happened.delivery.campaign());
                }
                let mailing = self.mailing_of(happened.delivery.campaign());
                let in_memory = &mut self.mailings[mailing].in_memory;
                // What is proved absent later comes back to the store, and is read again.
                if to.state == State::Scheduled && happened.ends_attempt {
                    in_memory.insert(happened.delivery);
                } else {
                    in_memory.remove(&happened.delivery);
                }
            }
            _ => {}
        }
    }

    fn forget_unsent(&mut self, campaign: CampaignId) {
        let mailing = self.mailing_of(campaign);
        self.mailings[mailing].put_off.clear();
        let mut in_memory = std::mem::take(&mut self.mailings[mailing].in_memory);
        in_memory.retain(|delivery| {
            let row = self.row_of(*delivery);
            row.is_some_and(|row| row.standing.state == State::Sending)
        });
        self.mailings[mailing].in_memory = in_memory;
    }

    pub(super) fn asked_again(&mut self, delivery: DeliveryId) -> &mut u32 {
        self.ledger
            .asked_again
            .entry(recipient(delivery))
            .or_default()
    }
}
