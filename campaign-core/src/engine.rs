//! The engine: inputs in, steps out. It decides who is written to, from which lane, when, and what a result means.
//!
//! [`Engine::handle`] takes what happened, [`Engine::next`] says what to do. Nothing is sent before its journal is known to
//! be durable: a [`Step::Send`] is offered only after [`Input::Committed`] of the batch that holds it. While one batch is being
//! committed the next one gathers, so there is no linger timer. Memory holds a bounded window of each campaign; the store has the rest.

mod alarms;
mod barred;
mod behind;
mod breaker;
mod budgets;
mod by_hand;
mod campaigns;
mod chance;
mod checks;
mod clocks;
mod commands;
mod compose;
mod duty;
mod flights;
mod health;
mod hidden;
mod job;
mod jobs;
mod lane;
mod lanes;
mod new_chats;
mod notices;
mod pools;
mod pulse;
mod recipient_hours;
mod restart;
mod sessions;
mod settle;
mod step;
#[cfg(test)]
mod testing;
mod turns;
mod waits;
mod whereabouts;
mod window;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use self::alarms::Drift;
use self::behind::Behind;
use self::budgets::Budgets;
pub(crate) use self::chance::Chance;
use self::checks::Checks;
use self::commands::Waiting;
use self::duty::Duty;
use self::flights::{Committing, Flight};
use self::hidden::Hidden;
use self::jobs::Jobs;
use self::lanes::Lanes;
pub use self::notices::Unclaimed;
use self::pools::Pools;
use self::sessions::Views;
use self::settle::Doubts;
pub use self::step::{Beginning, Input, ReadFailed, Settings, Step};
pub use self::waits::WaitsFor;
use crate::campaign::CampaignState;
use crate::clock::{BootId, Elapsed, Now};
use crate::delivery::{CampaignId, DeliveryId, Happening};
use crate::gateway::Account;
use crate::limits::LaneLimits;
use crate::message_id::MessageIds;
use crate::store::{ByHand, Change, Command, CommandId, Happened};

/// Deliveries that one sweep moves in one batch.
const SWEEP_BATCH: u32 = 5_000;
/// Why several workers take no limits above the accounts: none of them knows what the others send.
pub(crate) const SHARED_LIMITS_OF_ONE: &str = "limits above the accounts are counted by the one process that sends: take them away, or send with one process instead of several workers";
/// After a failed commit or reading the next try waits this long.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Decides. See the module.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    boot: BootId,
    ids: MessageIds,
    chance: Chance,
    /// What it attends; `None`: all that there is.
    duty: Option<Duty>,
    sessions: Views,
    lanes: Lanes,
    jobs: Jobs,
    drift: Drift,
    pools: Pools,
    budgets: Budgets,
    flights: BTreeMap<DeliveryId, Flight>,
    checks: Checks,
    behind: Behind,
    hidden: Hidden,
    doubts: Doubts,
    silent: Silent,
    /// Changes that wait for the next batch.
    changes: Vec<Change>,
    committing: Option<Committing>,
    /// After a failed commit or reading nothing is asked of the store before this.
    store_rests_until: Option<Elapsed>,
    steps: VecDeque<Step>,
    /// What campaigns want to read.
    readings: VecDeque<Step>,
    /// When the first unanswered send gives its place in the limits free.
    release_at: Elapsed,
    /// When it wanted to be asked again.
    wakes_at: Elapsed,
    /// Since when it was not frozen.
    awake_since: Elapsed,
    /// When a send ended last.
    last_end: Elapsed,
    parked: VecDeque<Unclaimed>,
    /// Sent by hand from accounts whose lane is not open yet.
    early_by_hand: Vec<ByHand>,
    waiting: Vec<Waiting>,
    /// Commands whose campaigns are being moved as they asked.
    moving: BTreeMap<CampaignId, Vec<CommandId>>,
    /// Commands to campaigns that are on their way from one state to another.
    deferred: Vec<(CommandId, Command)>,
    /// Limits that were set since this engine began.
    given_limits: BTreeMap<Account, LaneLimits>,
    /// Both clocks as they were last seen in step.
    in_step: Option<Now>,
    /// Since when it has been running.
    began: Elapsed,
    /// The wall clock as it shows, where it is out of step.
    out_of_step: Option<jiff::Timestamp>,
    /// Somebody has borne the wall clock out since it was last found changed.
    is_clock_confirmed: bool,
    is_stopping: bool,
}

#[derive(Debug, Default)]
struct Silent {
    is_marking: bool,
    next: Elapsed,
}

impl Engine {
    /// An engine that begins with a take-over and nothing else.
    pub fn new(settings: Settings, beginning: Beginning) -> Self {
        let began = Now {
            elapsed: beginning.at.elapsed,
            wall: beginning.at.wall,
        };
        Self {
            chance: Chance::new(settings.seed, u64::MAX),
            boot: beginning.at.boot,
            began: beginning.at.elapsed,
            ids: MessageIds::new(beginning.message_key),
            settings,
            duty: beginning.is_worker.then(Duty::default),
            sessions: Views::default(),
            lanes: Lanes::default(),
            jobs: Jobs::default(),
            drift: Drift::default(),
            pools: Pools::new(beginning.accounts),
            budgets: Budgets::new(beginning.shared, beginning.at.boot, began),
            flights: BTreeMap::new(),
            checks: Checks::default(),
            behind: Behind::default(),
            hidden: Hidden::default(),
            doubts: Doubts::default(),
            silent: Silent::default(),
            changes: Vec::new(),
            committing: None,
            store_rests_until: None,
            steps: VecDeque::new(),
            readings: VecDeque::new(),
            release_at: Elapsed::NEVER,
            wakes_at: Elapsed::NEVER,
            awake_since: beginning.at.elapsed,
            last_end: beginning.at.elapsed,
            parked: VecDeque::new(),
            early_by_hand: Vec::new(),
            waiting: Vec::new(),
            moving: BTreeMap::new(),
            deferred: Vec::new(),
            given_limits: BTreeMap::new(),
            in_step: None,
            out_of_step: None,
            is_clock_confirmed: false,
            is_stopping: false,
        }
    }

    /// Takes note of what happened.
    pub fn handle(&mut self, input: Input, now: Now) {
        let now = self.steady(now);
        self.notice_sleep(now);
        match input {
            Input::Campaign(record) => self.campaign(*record, now),
            Input::Lane { session, record } => self.lane_opened(session, *record, now),
            Input::AttendedElsewhere { session } => self.is_attended_elsewhere(&session, now),
            Input::OnDuty(roster) => self.on_duty(*roster, now),
            Input::Heard(news) => self.heard(news, now),
            Input::Loaded { campaign, page } => self.loaded(campaign, page, now),
            Input::DoubtsLoaded(page) => self.doubts_loaded(page, now),
            Input::SilentMarked(considered) => {
                self.silent.is_marking = false;
                let more = considered > 0;
                let pause = if self.is_quiet(now) {
                    self.settings.silence
                } else {
                    self.settings.silence / 6
                };
                self.silent.next = now.elapsed + if more { Duration::ZERO } else { pause };
                if more {
                    self.doubts.load_at(now.elapsed);
                }
            }
            Input::Resolved {
                notice,
                delivery,
                is_by_text,
            } => self.looked_for(notice, delivery, is_by_text, now),
            Input::Committed(effects) => self.committed(effects, now),
            Input::CommitFailed => self.commit_failed(now),
            Input::ReadFailed(what) => self.read_failed(what, now),
            Input::SendEnded { delivery, outcome } => self.send_ended(delivery, outcome, now),
            Input::FindEnded { delivery, found } => self.find_ended(delivery, found, now),
            Input::Checked { lane, slot, status } => self.checked(lane, slot, status, now),
            Input::HiddenOptOuts(opt_outs) => self.hidden_opt_outs(opt_outs, now),
            Input::PhoneOf { lid, phone } => self.phone_of(lid, phone, now),
            Input::LidOf { lane, lid } => self.lid_of(lane, lid, now),
            Input::Observed {
                session,
                observation,
            } => self.observed(session, observation, now),
            Input::Restarted { session, is_done } => self.restarted(&session, is_done, now),
            Input::Noticed(notice) => self.noticed(notice, now),
            Input::Asked(id, command) => self.asked(id, command, now),
            Input::Stop => self.stop(),
        }
    }

    /// What to do now. Call it again until it answers [`Step::WaitUntil`], [`Step::Idle`] or [`Step::Stopped`].
    pub fn next(&mut self, now: Now) -> Step {
        let now = self.steady(now);
        self.notice_sleep(now);
        let step = self.next_step(now);
        self.wakes_at = match step {
            Step::WaitUntil(moment) => moment,
            Step::Idle | Step::Stopped => Elapsed::NEVER,
            _ => now.elapsed,
        };
        step
    }

    fn next_step(&mut self, now: Now) -> Step {
        self.release_unanswered(now);
        self.ring(now);
        self.attend_lanes(now);
        self.watch_pools(now);
        self.spend_again();
        self.attend(now);
        self.attend_sessions();
        self.let_go();
        self.rest_lanes(now);
        if let Some(step) = self.steps.pop_front() {
            return step;
        }
        if self.committing.is_none()
            && !self.store_rests(now)
            && let Some(batch) = self.compose(now)
        {
            return Step::Commit(batch);
        }
        if let Some(step) = self.read_on(now) {
            return step;
        }
        if self.is_stopping && self.is_put_away() {
            return Step::Stopped;
        }
        let next = self.next_moment(now);
        debug_assert!(self.nobody_oversleeps(next, now));
        match next {
            Some(moment) => Step::WaitUntil(moment),
            None => Step::Idle,
        }
    }

    /// Whether it works on this campaign. One that is settled is forgotten; it may be told of again.
    pub fn knows(&self, campaign: CampaignId) -> bool {
        self.jobs.contains(campaign)
    }

    /// Whether it is a single message ([`crate::once`]).
    pub fn is_single(&self, campaign: CampaignId) -> bool {
        let job = self.jobs.get(&campaign);
        job.is_some_and(|job| job.record.definition.name.starts_with(crate::once::PREFIX))
    }

    /// The campaigns that it works on.
    pub fn campaigns(&self) -> impl Iterator<Item = CampaignId> {
        self.jobs.keys().copied()
    }

    /// Campaigns that still have something to send or to settle by themselves.
    pub fn is_busy(&self) -> bool {
        !self.flights.is_empty()
            || !self.changes.is_empty()
            || self.committing.is_some()
            || self
                .jobs
                .values()
                .any(|job| matches!(job.state, CampaignState::Running | CampaignState::Scheduled))
            || self.doubts.are_pending()
    }

    /// It failed just now, and is left alone for a while.
    fn store_rests(&self, now: Now) -> bool {
        self.store_rests_until
            .is_some_and(|moment| moment > now.elapsed)
    }

    fn read_failed(&mut self, what: ReadFailed, now: Now) {
        let again = now.elapsed + STORE_PAUSE;
        match what {
            ReadFailed::Campaign(campaign) => match self.jobs.get_mut(&campaign) {
                Some(job) if job.adopting.is_none() => job.is_rereading = false,
                _ => self.readings.push_back(Step::Reread(campaign)),
            },
            ReadFailed::Lane(session) => {
                if let Some(view) = self.sessions.get_mut(&session) {
                    view.is_opening = false;
                    view.observe_at = again;
                }
            }
            ReadFailed::Load(campaign) => {
                if let Some(job) = self.jobs.get_mut(&campaign) {
                    job.load_failed();
                }
            }
            ReadFailed::Doubts => self.doubts.load_failed(again),
            ReadFailed::Silent => {
                self.silent = Silent {
                    is_marking: false,
                    next: again,
                };
            }
        }
        self.store_rests_until = Some(again);
    }

    fn stop(&mut self) {
        if std::mem::replace(&mut self.is_stopping, true) {
            return;
        }
        for campaign in self.jobs.keys() {
            self.steps.push_back(Step::Gate {
                campaign: *campaign,
                is_open: false,
            });
        }
    }

    fn is_put_away(&self) -> bool {
        self.flights.is_empty() && self.changes.is_empty() && self.committing.is_none()
    }

    /// Nothing has been sent for a while and nothing is in doubt: sessions need no close watch.
    fn is_quiet(&self, now: Now) -> bool {
        self.flights.is_empty()
            && !self.doubts.are_pending()
            && now.elapsed.since(self.last_end) > self.settings.silence * 2
    }

    /// Wakes whoever has something to do by now. When somebody sets the wall clock, or corrects it, everybody.
    fn ring(&mut self, now: Now) {
        if self.drift.is_noticed(now) {
            self.jobs.wake_all();
            self.lanes.wake_all();
        }
        self.jobs.ring(now.elapsed);
        self.lanes.ring(now.elapsed);
    }

    fn next_moment(&self, now: Now) -> Option<Elapsed> {
        let silent = (!self.silent.is_marking && !self.jobs.is_empty()).then_some(self.silent.next);
        [
            self.jobs.next_moment(),
            self.lanes.next_moment(),
            self.sessions.next_look(),
            (self.release_at < Elapsed::NEVER).then_some(self.release_at),
            self.doubts.next_moment(),
            silent,
            self.hidden.next_moment(),
            self.store_rests_until,
        ]
        .into_iter()
        .flatten()
        .filter(|moment| *moment > now.elapsed)
        .min()
    }
}

fn happened(delivery: DeliveryId, happening: Happening) -> Change {
    Change::Happened(Happened {
        delivery,
        happening,
        ends_attempt: false,
        next: None,
        foreign_id: None,
        message: None,
    })
}

#[cfg(test)]
mod tests;
