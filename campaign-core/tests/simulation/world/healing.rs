//! Nothing goes wrong any more: from here on every campaign must come to its end within what its limits allow.

use std::collections::BTreeSet;
use std::time::Duration;

use campaign_core::clock::Elapsed;
use campaign_core::delivery::{DeliveryId, State};
use campaign_core::limits::Slot;
use campaign_core::store::{CampaignRecord, Command, ReportRow, Store};

use super::super::faults::Rates;
use super::super::plan::CommitRates;
use super::{Event, Handset, World, run};

/// What a doubt may take that waits for evidence: looks at it over an hour, and holds and waits that were begun before.
const SETTLING: Duration = Duration::from_secs(75 * 60);
/// What each send takes beside its gap: two commits, the answer, reading.
const EACH: Duration = Duration::from_millis(400);
/// By so much a clock is ahead at most.
const CLOCK_AHEAD_DAYS: u32 = 24;

impl World {
    pub(super) fn heal(&mut self) {
        // Nobody mends a machine that sleeps or has no power.
        let asleep = self.places().filter_map(|place| self.asleep_at(place));
        let awake = asleep.max().unwrap_or_default().max(self.dark_until);
        if awake > self.now.elapsed {
            let wait = awake.since(self.now.elapsed) + Duration::from_secs(10);
            return self.later(wait, Event::Heal);
        }
        self.write_down(|| "nothing goes wrong any more".into());
        self.plan.rates = Rates::default();
        self.plan.commits = CommitRates::default();
        self.steps_to_crash = None;
        self.set_clock_right();
        let now = self.now.elapsed;
        for lane in 0..self.handsets.len() {
            self.revive(lane);
            self.handsets[lane].heal(now);
        }
        for mailing in 0..self.mailings.len() {
            self.resume(mailing);
        }
        self.resolve_hidden();
        let bound = self.bound();
        self.write_down(|| format!("all must be over within {bound:?}"));
        self.healed = Some((now, now + bound));
        self.later(SETTLING, Event::DecideBlocked);
    }

    /// Every doubt is settled that the engine can settle by itself. What waits for a chat in which another message is in doubt for want of
    /// evidence waits for a person, who decides about that one now; and then all must come to their end.
    pub(super) fn decide_blocked(&mut self) {
        self.is_decided = true;
        let still_looks = self
            .kept()
            .any(|it| run(self.store.has_pending_doubts(it.id)).unwrap());
        self.ledger.still_looks = still_looks;
        let rows = self.kept().flat_map(|mailing| {
            let rows = self.report(mailing.id).into_iter();
            rows.map(|row| (mailing.lanes().collect(), row))
        });
        let rows: Vec<(Vec<usize>, ReportRow)> = rows.collect();
        let stands = |state| {
            rows.iter()
                .filter(move |(_, row)| row.standing.state == state)
        };
        let blocks = |lanes: &[usize], doubt: &ReportRow| {
            let shares = |others: &[usize]| others.iter().any(|other| lanes.contains(other));
            stands(State::Scheduled).any(|(others, row)| shares(others) && row.phone == doubt.phone)
        };
        // The phone that could tell may be gone with its account.
        let undecided = stands(State::Unconfirmed).filter(|(lanes, row)| {
            let is_gone = |lane: &usize| self.handsets[*lane].was_paired_anew;
            lanes.iter().any(is_gone) || blocks(lanes, row)
        });
        let deliveries: Vec<DeliveryId> = undecided.map(|(_, row)| row.delivery).collect();
        self.ledger.decided.extend(&deliveries);
        for delivery in deliveries {
            let deliveries = vec![delivery];
            self.command(Command::GiveUp { deliveries });
        }
        let (healed, end) = self.healed.unwrap_or_default();
        self.healed = Some((healed, end.max(self.now.elapsed + self.bound())));
    }

    /// By when everything that is left must be over, lane by lane.
    fn bound(&self) -> Duration {
        let records = self.records();
        let takes = |(lane, handset): (usize, &Handset)| {
            let of_it = |slot: Option<Slot>| {
                let mailings = self.kept().zip(&records);
                let here = mailings.filter(|(mailing, _)| {
                    mailing.is_from(lane) && slot.is_none_or(|slot| mailing.slot == slot)
                });
                here.map(|(_, record)| left(record)).sum::<u64>()
            };
            let paced = Slot::ALL.map(|slot| {
                let sends = u32::try_from(of_it(Some(slot))).unwrap();
                (handset.limits.gap(slot).max + EACH) * sends
            });
            let all = of_it(None);
            let windows = handset.limits.windows.iter().map(|window| {
                let admitted = window.sends_max
                    - match window.span >= Duration::from_secs(3_600) {
                        true => handset.limits.kept_for_replies(window.sends_max),
                        false => 0,
                    };
                let full = all.div_ceil(u64::from(admitted.max(1))) + 1;
                (window.span + EACH) * u32::try_from(full).unwrap()
            });
            let works = paced.into_iter().chain(windows).max().unwrap_or_default();
            // A day that is used up already, and the one in which the last of them goes out.
            let days = handset.limits.sends_per_day_max.map_or(0, |cap| {
                let cap = cap - handset.limits.kept_for_replies(cap);
                all.div_ceil(u64::from(cap.max(1))) as u32
            });
            (works, days)
        };
        let lanes: Vec<(Duration, u32)> = self.handsets.iter().enumerate().map(takes).collect();
        let works = lanes.iter().map(|(works, _)| *works).max();
        let all = records.iter().map(left).sum();
        let works = works.unwrap_or_default() + self.bound_together(all, EACH) + SETTLING;
        // One in seven may be closed.
        let days = lanes.iter().map(|(_, days)| *days).max().unwrap_or(0);
        // The day in which an account moves to another zone lasts until that of the new place is over.
        let moves = if self.plan.zone_changes.is_empty() {
            0
        } else {
            2
        };
        // A day that was counted by a clock that was ahead lasts until it is over.
        let is_ahead =
            self.plan.clock_jumps > 0 && self.ledger.lives.values().any(|(_, is_wrong)| *is_wrong);
        let moves = moves + if is_ahead { CLOCK_AHEAD_DAYS } else { 0 };
        let days = if days > 0 { days + moves } else { 0 };
        let days = Duration::from_secs(86_400) * (days + days.div_ceil(6));
        let hours = self
            .plan
            .campaigns
            .iter()
            .filter_map(|it| it.hours.as_ref());
        let waits = hours.map(|hours| {
            // It works only while they are open.
            let (mut left, mut at) = (works, self.now.wall);
            loop {
                match hours.closes_after(at) {
                    Some(closes) => {
                        let open = Duration::try_from(closes.duration_since(at)).unwrap();
                        if open >= left {
                            break at.checked_add(left).unwrap();
                        }
                        left -= open;
                        at = closes;
                    }
                    None => at = hours.next_open(at).unwrap(),
                }
            }
        });
        let waits = waits.map(|end| Duration::try_from(end.duration_since(self.now.wall)).unwrap());
        waits.max().unwrap_or(works) + days
    }

    /// Somebody is on record as having it whose message can be found: what look-ups of others can be measured by. A single message may be
    /// sent when the last look has long been made.
    pub(crate) fn has_control(&self, lane: usize) -> bool {
        let stored = self.handsets[lane].findable(self.now.elapsed);
        let account = self.handsets[lane].account;
        // What waited for a person's decision came when the last look had been made.
        let last_look = self.healed.map_or(Elapsed::NEVER, |(at, _)| at + SETTLING);
        let in_time = self.ledger.handed();
        let in_time = in_time.filter(|it| it.handed.is_some_and(|(at, _)| at < last_look));
        let in_time: BTreeSet<DeliveryId> = in_time.map(|it| it.delivery).collect();
        let here = self.kept().filter(|it| it.is_from(lane) && !it.is_single);
        here.flat_map(|it| self.report(it.id))
            .filter(|row| row.account == Some(account))
            .any(|row| {
                row.standing.state.is_handed_over()
                    && stored.contains(&row.phone)
                    && !self.ledger.unknown_attempts.contains(&row.delivery)
                    && in_time.contains(&row.delivery)
            })
    }

    /// An answer under an id of ours is on record.
    pub(crate) fn trusts_ids(&self, lane: usize) -> bool {
        let handset = &self.handsets[lane];
        // As somebody else who looks, and no worker.
        let store = self.store.other_process();
        let lane = run(store.lane(handset.account, &handset.session, &handset.limits));
        !lane.unwrap().trusted.kinds.is_empty()
    }
}

/// Each may have to be sent, and what is in doubt once more after that.
fn left(record: &CampaignRecord) -> u64 {
    let open = [State::Scheduled, State::Sending, State::Unconfirmed];
    open.iter().map(|state| record.counts.of(*state)).sum()
}

impl Handset {
    fn heal(&mut self, now: Elapsed) {
        for until in [
            &mut self.flap_until,
            &mut self.gone_until,
            &mut self.refuses_until,
            &mut self.holds_until,
            &mut self.restricted_until,
        ] {
            *until = (*until).min(now);
        }
    }
}
