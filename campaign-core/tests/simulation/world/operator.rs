//! The operator, and what befalls his machine: pauses, suppressions, cancels, decisions, copies, sleep, a runner that dies at the
//! wrong moment.

use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::CampaignState;
use campaign_core::consent::Origin;
use campaign_core::delivery::{DeliveryId, State};
use campaign_core::engine::Input;
use campaign_core::gateway::Sending;
use campaign_core::limits::{Gap, LaneLimits, Slot};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    Batch, Change, Command, CommandId, ReportRow, Store, Suppression, Sweep,
};

use super::super::coverage::Strike;
use super::audience::{Pause, people, phone};
use super::{Event, World, run};

impl World {
    /// What the operator, the clock and the disk will do, drawn beforehand.
    pub(super) fn arrange(&mut self) {
        let usual = 40 + u64::from(self.plan.deliveries()) * 4;
        let spread = self.plan.spread.map_or(usual, |spread| spread.as_secs());
        for _ in 0..self.plan.pauses {
            self.some_time(spread, Event::Pause);
        }
        for zone in self.plan.zone_changes.clone() {
            self.some_time(spread, Event::ChangeZone(zone));
        }
        for mailing in 0..self.plan.campaigns.len() {
            if let Some(after) = self.plan.campaigns[mailing].cancelled_after {
                self.later(after, Event::Cancel(mailing));
            }
        }
        for _ in 0..self.plan.suppressions {
            self.some_time(spread, Event::Suppress);
        }
        for _ in 0..self.plan.additions {
            self.some_time(spread * 2, Event::AddPeople);
        }
        for _ in 0..self.plan.clock_jumps {
            self.some_time(spread, Event::JumpClock);
        }
        for _ in 0..self.plan.suspensions {
            self.some_time(spread, Event::Suspend);
        }
        for _ in 0..self.plan.pairings {
            self.some_time(spread, Event::PairAnew);
        }
        for _ in 0..self.plan.outages {
            self.some_time(spread, Event::Outage);
        }
        for _ in 0..self.plan.flaps {
            self.some_time(spread, Event::Flaps);
        }
        for _ in 0..self.plan.decisions {
            self.some_time(spread, Event::Decide);
        }
        for _ in 0..self.plan.limit_changes {
            self.some_time(spread, Event::ChangeLimits);
        }
        for _ in 0..self.plan.forwards {
            self.some_time(spread, Event::Forward);
        }
        for _ in 0..self.plan.letters {
            self.some_time(spread, Event::Letter);
        }
        for _ in 0..self.plan.people.wishes {
            self.some_time(spread, Event::Wish);
        }
        for _ in 0..self.plan.people.lids_learnt {
            self.some_time(spread, Event::LearnLid);
        }
        for _ in 0..self.plan.singles {
            self.some_time(spread, Event::SendOnce);
        }
        for _ in 0..self.plan.by_hand {
            self.some_time(spread, Event::ByHand);
        }
        for _ in 0..self.plan.deaths {
            self.some_time(spread, Event::Die);
        }
        for _ in 0..self.plan.stray_acks {
            self.some_time(spread, Event::StrayAck);
        }
        if self.plan.lanes.iter().any(|lane| lane.store_turned_on) {
            let at = self.rng.u64(1..spread / 4);
            self.later(Duration::from_secs(at), Event::TurnStoreOn);
            self.later(Duration::from_secs(at + 900), Event::Refresh);
        }
        for _ in 0..self.plan.freezes {
            self.some_time(spread, Event::Freeze);
        }
        for _ in 0..self.plan.kills {
            self.some_time(spread, Event::Kill);
        }
        for _ in 0..self.plan.retirements {
            self.some_time(spread, Event::Retire);
        }
        for _ in 0..self.plan.restores {
            let at = self.rng.u64(1..40);
            self.later(Duration::from_millis(at * 50), Event::TakeCopy);
            let after = self.rng.u64(200..4_000);
            self.later(Duration::from_millis(at * 50 + after), Event::RestoreCopy);
        }
        for _ in 0..self.plan.power.cuts {
            let at = self.millis(1_000, spread * 1_000);
            if self.plan.power.loses {
                // A disk that is told nothing writes within so long by itself.
                let unsynced = self.millis(20, 30_000).min(at);
                self.later(at - unsynced, Event::LeaveUnsynced);
            }
            self.later(at, Event::CutPower);
        }
        if let Some(after) = self.plan.heals_after {
            self.later(after, Event::Heal);
        }
    }

    fn some_time(&mut self, spread: u64, event: Event) {
        let at = self.millis(1_000, spread * 1_000);
        self.later(at, event);
    }

    /// Leaves a command, which the runner reads at once or when there is one again.
    pub(super) fn command(&mut self, command: Command) -> CommandId {
        let id = run(self.store.submit(&command)).unwrap();
        // Whichever of several workers is to obey reads it by itself.
        if !self.are_workers() {
            self.ask(id, command);
        }
        id
    }

    pub(super) fn ask(&mut self, id: CommandId, command: Command) {
        self.write_down(|| format!("asked: {command:?}"));
        // A driver makes a campaign known that it hears of first by a command.
        if let Some(campaign) = command.campaign() {
            self.introduce(campaign);
        }
        // Whoever lets a campaign go on bears the clock out.
        if matches!(command, Command::Resume { .. }) {
            self.ledger.resumes.push((id, self.life, self.now.elapsed));
            self.bears_out(id);
        }
        self.handle(Input::Asked(id, command));
    }

    /// A command is obeyed at once, or when its campaign has come to rest.
    pub(super) fn bears_out(&mut self, id: CommandId) {
        if self.clocks.is_wrong() {
            let resumes = self.ledger.resumes.iter().filter(|it| it.0 == id);
            let misled = resumes.map(|(_, life, asked)| (*life, *asked));
            self.ledger.misled.extend(misled);
        }
    }

    pub(super) fn start(&mut self, mailing: usize) {
        if self.plan.all_have_written && self.mailings[mailing].slot == Slot::Reply {
            for index in self.plan.campaigns[mailing].audience.clone() {
                self.write_to(self.mailings[mailing].lane, phone(index), "Ya");
            }
        }
        self.mailings[mailing].started = Some(self.now.elapsed);
        let campaign = self.mailings[mailing].id;
        self.command(Command::Start { campaign });
    }

    pub(super) fn pause(&mut self) {
        let mailing = self.some_mailing();
        self.pause_one(mailing);
    }

    fn pause_one(&mut self, mailing: usize) {
        let campaign = self.mailings[mailing].id;
        let pauses = &self.mailings[mailing].pauses;
        let is_paused = pauses.last().is_some_and(|pause| pause.resumed.is_none());
        if is_paused || self.record_of(campaign).state != CampaignState::Running {
            return;
        }
        self.strike_all(Strike::Paused);
        let asked = self.now.elapsed;
        let command = self.command(Command::Pause { campaign });
        self.mailings[mailing].pauses.push(Pause {
            command,
            asked,
            answered: None,
            resumed: None,
        });
        let lasts = self.rng.u64(60..400);
        self.later(Duration::from_secs(lasts), Event::Resume(mailing));
    }

    /// Who resumes bears the time out that the clock shows: this operator looks at it first.
    pub(super) fn resume(&mut self, mailing: usize) {
        if self.clocks.is_wrong() {
            return self.later(Duration::from_secs(30), Event::Resume(mailing));
        }
        let now = self.now.elapsed;
        let is_lost = self.mailings[mailing].is_lost;
        let pauses = &mut self.mailings[mailing].pauses;
        let open = pauses.last_mut().filter(|it| it.resumed.is_none());
        let Some(pause) = open.filter(|_| !is_lost) else {
            return;
        };
        pause.resumed = Some(now);
        let campaign = self.mailings[mailing].id;
        // Whoever lets a campaign go on vouches for each account that it is sent from.
        for lane in self.mailings[mailing].lanes() {
            self.is_alive(lane);
        }
        self.command(Command::Resume { campaign });
    }

    pub(super) fn cancel(&mut self, mailing: usize) {
        self.strike_all(Strike::Cancelled);
        let asked = self.now.elapsed;
        let campaign = self.mailings[mailing].id;
        let command = self.command(Command::Cancel { campaign });
        self.mailings[mailing].cancel = Some(Pause {
            command,
            asked,
            answered: None,
            resumed: None,
        });
    }

    pub(super) fn suppress(&mut self) {
        let mailing = self.some_mailing();
        let audience = self.plan.campaigns[mailing].audience.clone();
        let phone = phone(self.rng.u32(audience));
        self.suppress_one(phone);
    }

    fn suppress_one(&mut self, phone: PhoneNumber) {
        let entry = Suppression {
            phone,
            origin: Origin::Operator,
            source: "simulation".into(),
            since: self.now.wall,
        };
        run(self.store.suppress(&[entry])).unwrap();
        self.write_down(|| format!("{phone} is suppressed"));
        self.ledger.suppressed.push((phone, self.now.elapsed));
        for state in self.rows_of(phone) {
            self.coverage.note(Strike::Suppressed, state);
        }
    }

    /// Some who are there already, and some who are not; nobody once it was cancelled.
    pub(super) fn add_people(&mut self) {
        let rows = self.mailings[0].rows;
        let before = rows.saturating_sub(3);
        let now = self.seen_now();
        let campaign = self.mailings[0].id;
        let more = people(before..rows + 5, 1);
        if run(self.store.add(campaign, more, 0, now)).is_err() {
            return;
        }
        self.write_down(|| "five people added".into());
        self.mailings[0].rows += 5;
        // It may have come to its end: a runner that was told so would not look again by itself.
        self.command(Command::Start { campaign });
    }

    /// The operator says something about a delivery that failed or is in doubt, and may be wrong.
    pub(super) fn decide(&mut self) {
        let mailing = self.some_mailing();
        let campaign = self.mailings[mailing].id;
        let is_open = |row: &ReportRow| {
            matches!(
                row.standing.state,
                State::Unconfirmed | State::Failed | State::Sending | State::Accepted
            )
        };
        let rows = self.report(campaign);
        let open: Vec<ReportRow> = rows.into_iter().filter(is_open).collect();
        if open.is_empty() {
            return;
        }
        let row = &open[self.rng.usize(..open.len())];
        self.decide_about(row);
    }

    fn decide_about(&mut self, row: &ReportRow) {
        if self.is_decided {
            // Nobody changes their mind about what has been decided at the end.
            return;
        }
        let campaign = row.delivery.campaign();
        let deliveries = vec![row.delivery];
        let (strike, command) = match self.rng.u8(..4) {
            0 => (Strike::Resend, Command::Resend { deliveries }),
            1 => (Strike::Confirm, Command::Confirm { deliveries }),
            2 => (Strike::GiveUp, Command::GiveUp { deliveries }),
            _ => {
                let reason = None;
                (Strike::Retry, Command::Retry { campaign, reason })
            }
        };
        self.coverage.note(strike, row.standing.state);
        match strike {
            Strike::Resend => *self.asked_again(row.delivery) += 1,
            Strike::Confirm | Strike::GiveUp => self.ledger.decided.push(row.delivery),
            _ => {}
        }
        self.command(command);
    }

    /// Somebody decides something between the journal of a message and its write.
    pub(super) fn meddle(&mut self, sending: &Sending) {
        let delivery = sending.delivery;
        let mailing = self.mailing_of(delivery.campaign());
        let lane = self.mailings[mailing].lane;
        self.strike(Strike::Meddled, delivery);
        match self.rng.u8(..12) {
            0..3 => self.pause_one(mailing),
            3 => self.cancel(mailing),
            4 | 5 => self.suppress_one(sending.to),
            6 | 7 => self.opt_out(lane, sending.to),
            8 | 9 => self.change_limits_of(lane),
            _ => self.race(delivery),
        }
    }

    /// The operator decides about a message just as something becomes known of it.
    pub(super) fn race(&mut self, delivery: DeliveryId) {
        if let Some(row) = self.row_of(delivery).filter(|row| row.delivery == delivery) {
            self.coverage.note(Strike::Raced, row.standing.state);
            self.decide_about(&row);
        }
    }

    pub(super) fn change_limits(&mut self) {
        let lane = self.rng.usize(..self.handsets.len());
        self.change_limits_of(lane);
    }

    fn change_limits_of(&mut self, lane: usize) {
        let limits = &self.handsets[lane].limits;
        let max = limits.gap.max * self.rng.u32(1..3);
        let limits = LaneLimits {
            gap: Gap {
                min: limits.gap.min,
                max: max.max(limits.gap.min),
            },
            reply_gap: limits.reply_gap,
            windows: limits
                .windows
                .iter()
                .map(|window| campaign_core::limits::Window {
                    sends_max: window.sends_max - u32::from(window.sends_max > 2),
                    ..*window
                })
                .collect(),
            ..limits.clone()
        };
        self.strike_all(Strike::LimitsChanged);
        self.set_limits(lane, limits);
    }

    pub(super) fn set_limits(&mut self, lane: usize, limits: LaneLimits) {
        self.disturb(Some(lane), Duration::from_secs(10));
        self.handsets[lane].limits = limits.clone();
        let account = self.handsets[lane].account;
        self.command(Command::SetLimits { account, limits });
    }

    /// The runner dies when a retry is durable and before it learns of it.
    pub(crate) fn die_over_a_retry(&mut self) {
        let retry = Batch {
            at: self.seen_now().stamp(self.clocks.boot()),
            changes: vec![Change::Sweep {
                campaign: self.mailings[0].id,
                what: Sweep::Retry(None),
                deliveries_max: u32::MAX,
            }],
        };
        for row in self.report(self.mailings[0].id) {
            if row.standing.state == State::Failed {
                *self.asked_again(row.delivery) += 1;
            }
        }
        run(self.store.commit(Arc::new(retry))).unwrap();
        self.crash(Strike::Crash);
    }
}
