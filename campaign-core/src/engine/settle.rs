//! Settles doubts: looks messages up, and decides what a look-up proves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use super::Engine;
use super::lane::Keeping;
use super::whereabouts::Whereabouts;
use crate::campaign::CampaignState;
use crate::clock::{Elapsed, Now};
use crate::delivery::{Ack, DeliveryId, Happening, Reason, State};
use crate::evidence::{Absence, Missing};
use crate::gateway::Found;
use crate::store::{Change, DoubtPage, DoubtQuery, Doubtful, Happened, LaneId};

/// The page of doubts in hand; the store has the rest.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    queue: VecDeque<Doubtful>,
    /// Being looked up, since when.
    finding: BTreeMap<DeliveryId, (Doubtful, Elapsed)>,
    /// Decided, and not yet on record.
    deciding: BTreeSet<DeliveryId>,
    is_loading: bool,
    /// When the first page is to be read again.
    load_at: Option<Elapsed>,
    /// The page in hand was full: others are due behind it, as of the moment at which its round began.
    behind: Option<(DeliveryId, Timestamp)>,
    /// When that was.
    round_due: Timestamp,
}

impl Doubts {
    pub(super) fn load_at(&mut self, moment: Elapsed) {
        self.load_at = Some(self.load_at.map_or(moment, |other| other.min(moment)));
    }

    pub(super) fn may_load(&self, now: Now) -> bool {
        let is_due = self.load_at.is_some_and(|moment| moment <= now.elapsed);
        !self.is_loading && self.is_through() && (is_due || self.behind.is_some())
    }

    /// What to read next: a round goes through all that is due as it begins, so that whoever cannot be looked up keeps nobody waiting. What
    /// comes due meanwhile is for the next one.
    pub(super) fn loading(&mut self, now: Now) -> DoubtQuery {
        self.is_loading = true;
        let (after, due) = match self.behind.take() {
            Some((after, due)) => (Some(after), due),
            None => {
                self.load_at = None;
                (None, now.wall)
            }
        };
        self.round_due = due;
        DoubtQuery {
            after,
            due,
            limit: DOUBT_PAGE,
            is_for_worker: true,
        }
    }

    /// `last` of a page that is full: others may be behind it.
    pub(super) fn loaded(&mut self, page: DoubtPage, last: Option<DeliveryId>, now: Now) {
        self.is_loading = false;
        self.behind = last.map(|last| (last, self.round_due));
        if self.behind.is_none()
            && let Some(due) = page.next_due
        {
            // At least a moment later: a page that brings nothing new must not be read without end.
            let wait = super::lane::wait_between(now, due).max(Duration::from_millis(10));
            self.load_at(now.elapsed + wait);
        }
        self.queue.extend(page.doubts);
    }

    fn leave(&mut self, delivery: DeliveryId) {
        self.deciding.insert(delivery);
    }

    pub(super) fn load_failed(&mut self, again: Elapsed) {
        self.is_loading = false;
        self.load_at(again);
    }

    /// The moments that a round goes by may be those of a clock that was wrong.
    pub(super) fn start_over(&mut self, now: Elapsed) {
        self.behind = None;
        self.load_at(now);
    }

    pub(super) fn finds(&self) -> usize {
        self.finding.len()
    }

    /// The next doubt whose lane is open; the others are read again later.
    pub(super) fn take(
        &mut self,
        is_open: impl Fn(&Doubtful) -> bool,
        now: Now,
    ) -> Option<Doubtful> {
        while let Some(doubt) = self.queue.pop_front() {
            if is_open(&doubt) {
                let asked = (doubt.clone(), now.elapsed);
                self.finding.insert(doubt.delivery, asked);
                return Some(doubt);
            }
            self.load_at(now.elapsed + AWAY_PAUSE);
        }
        None
    }

    /// Others look up what was sent from this lane.
    pub(super) fn forget(&mut self, lane: LaneId) {
        self.queue.retain(|doubt| doubt.lane != lane);
    }

    /// The decision on a doubt is on record, or somebody else took one.
    pub(super) fn closed(&mut self, delivery: DeliveryId) {
        self.deciding.remove(&delivery);
    }

    fn decide(&mut self, delivery: DeliveryId) -> Option<(Doubtful, Elapsed)> {
        let asked = self.finding.remove(&delivery)?;
        self.deciding.insert(delivery);
        Some(asked)
    }

    /// The page in hand is worked off, and every decision on record.
    fn is_through(&self) -> bool {
        self.queue.is_empty() && self.finding.is_empty() && self.deciding.is_empty()
    }

    pub(super) fn next_moment(&self) -> Option<Elapsed> {
        self.load_at
            .filter(|_| !self.is_loading && self.is_through())
    }

    pub(super) fn are_pending(&self) -> bool {
        self.is_loading || self.load_at.is_some() || self.behind.is_some() || !self.is_through()
    }
}

/// Doubts read at a time.
const DOUBT_PAGE: u32 = 256;
/// So many looks are enough when they took so many horizons.
const ENOUGH: u32 = 4;
/// Doubts of a session that is away are read again after this, unless it is back earlier.
const AWAY_PAUSE: Duration = Duration::from_secs(60);
/// A session that was not steady for one horizon within so many of them is not waited for any longer.
const UNSTEADY_MAX: u32 = 30;

impl Engine {
    /// Those of an account that is gone wait for a person, or for the account.
    pub(super) fn doubts_loaded(&mut self, page: DoubtPage, now: Now) {
        let is_full = page.doubts.len() >= DOUBT_PAGE as usize;
        let last = page.doubts.last().filter(|_| is_full);
        let last = last.map(|doubt| doubt.delivery);
        let doubts = page.doubts.into_iter();
        let (gone, doubts) = doubts
            .map(|doubt| self.asked_in_turn(doubt))
            .partition(|doubt| self.whereabouts(doubt) == Whereabouts::Gone);
        self.doubts.loaded(DoubtPage { doubts, ..page }, last, now);
        let gone: Vec<Doubtful> = gone;
        for doubt in gone {
            self.doubts.leave(doubt.delivery);
            let missing = Missing::Account.to_string().into();
            let looked = self.looked(&doubt, missing, None, now);
            self.changes.push(looked);
        }
    }

    pub(super) fn find_ended(&mut self, delivery: DeliveryId, found: Found, now: Now) {
        let Some((doubt, asked)) = self.doubts.decide(delivery) else {
            return;
        };
        let is_unconfirmed = doubt.standing.state == State::Unconfirmed;
        if matches!(found, Found::Found(_)) && doubt.foreign_id.is_none() {
            self.found_under_our_id(&doubt, now);
        }
        if let Found::Found(ack) = found {
            self.health_by_look_up(&doubt, ack, now);
        }
        let change = match found {
            Found::Found(Ack::Pending) if !is_unconfirmed => self.looked(
                &doubt,
                "WAHA has it; WhatsApp has not acknowledged it".into(),
                self.look_at_silent(&doubt, now),
                now,
            ),
            Found::Found(ack) => Change::Happened(moved(&doubt, Happening::Evidence(ack))),
            Found::Absent { complete } if is_unconfirmed => {
                // What it did not find may have come while its answer was on the way.
                let absence = self.absence(&doubt, complete, now).proof(asked);
                let absence = match self.may_be_of_others(&doubt) {
                    true => Err(Missing::OtherAccounts),
                    false => absence,
                };
                match absence {
                    Ok(()) => Change::Happened(Happened {
                        next: self.after_others(&doubt, now),
                        ..moved(&doubt, self.after_absence(&doubt, now))
                    }),
                    Err(missing) => {
                        let next = self.look_again(&doubt, missing, now);
                        self.looked(&doubt, missing.to_string().into(), next, now)
                    }
                }
            }
            Found::Absent { .. } => self.looked(
                &doubt,
                "WAHA accepted it and does not find it any more".into(),
                self.look_at_silent(&doubt, now),
                now,
            ),
            Found::Unknown { why } if !is_unconfirmed => {
                let next = self.look_at_silent(&doubt, now);
                self.looked(&doubt, why, next, now)
            }
            Found::Unknown { why } => {
                let is_off = self.absence(&doubt, false, now).store_is_off;
                let next = if is_off {
                    self.look_again(&doubt, Missing::Store, now)
                } else {
                    self.later(&doubt, now)
                };
                self.looked(&doubt, why, next, now)
            }
        };
        self.changes.push(change);
        self.doubts.load_at(now.elapsed);
    }

    /// After an older copy was put in place, a message of several accounts may have gone from any of them: that one does not have it proves
    /// nothing.
    fn may_be_of_others(&self, doubt: &Doubtful) -> bool {
        let job = self.jobs.get(&doubt.delivery.campaign());
        doubt.is_restored && job.is_some_and(|job| job.sessions().are_pool())
    }

    /// Each look asks another account then, where there are several.
    fn asked_in_turn(&self, doubt: Doubtful) -> Doubtful {
        let job = self.jobs.get(&doubt.delivery.campaign());
        let Some(job) = job.filter(|_| self.may_be_of_others(&doubt)) else {
            return doubt;
        };
        let lanes = job.sessions().iter();
        let lanes: Vec<_> = lanes.filter_map(|it| Some(self.lane_of(it)?.id)).collect();
        let turn = usize::from(doubt.looks).checked_rem(lanes.len());
        match turn.and_then(|turn| lanes.get(turn).copied()) {
            Some(lane) if lane != doubt.lane => Doubtful {
                lane,
                control: None,
                ..doubt
            },
            _ => doubt,
        }
    }

    /// The server holds a message with exactly our id: that is as good as an answer with it, of the version that it ran then.
    fn found_under_our_id(&mut self, doubt: &Doubtful, now: Now) {
        let started = self.no_later_than_started(doubt, now);
        let lane = self.lanes.get_mut(doubt.lane);
        let Some(lane) = lane.filter(|lane| {
            !lane.trusts(doubt.kind) && lane.server_up_since.is_some_and(|since| since <= started)
        }) else {
            return;
        };
        if lane.learn_id(doubt.kind, true) {
            let session = lane.session.clone();
            self.look_again_at(&session);
        }
    }

    /// WhatsApp has acknowledged it, or not within the silence.
    fn health_by_look_up(&mut self, doubt: &Doubtful, ack: Ack, now: Now) {
        let is_early = doubt.standing.state == State::Unconfirmed && ack == Ack::Pending;
        let accepted = now.place(doubt.ended, self.boot);
        let lane = self.lanes.get_mut(doubt.lane).filter(|_| !is_early);
        if let Some(lane) = lane {
            lane.is_noteworthy |=
                lane.health
                    .found(doubt.delivery, ack, accepted, &self.settings, now);
        }
    }

    fn absence(&self, doubt: &Doubtful, control_found: bool, now: Now) -> Absence {
        let lane = self.lanes.get(doubt.lane);
        let started = self.no_later_than_started(doubt, now);
        let keeping = lane.map_or(Keeping::Unknown, |lane| lane.keeping);
        // A store that was turned on after the attempt holds what came later, and not the message in doubt.
        let was_on = doubt.control.as_ref().is_some_and(|it| it.accepted_before)
            || matches!(keeping, Keeping::Since(since) if now.place(since, self.boot) <= started);
        // What another process began ended, at the latest, with the take-over.
        let ended = now.place(doubt.ended, self.boot);
        Absence {
            id_is_trusted: doubt.foreign_id.is_none()
                && lane.is_some_and(|lane| lane.trusts(doubt.kind)),
            store_is_off: keeping == Keeping::Not,
            control_found: control_found && was_on,
            started,
            ended,
            steady_since: lane.and_then(|lane| lane.steady_since),
            server_up_since: lane.and_then(|lane| lane.server_up_since),
            horizon: self.settings.absence_horizon(doubt.kind),
        }
    }

    /// When its attempt was journalled, or before that. An attempt of another boot is placed by the wall, and by one that is behind it has yet
    /// to come: it is no later than this boot all the same.
    fn no_later_than_started(&self, doubt: &Doubtful, now: Now) -> Elapsed {
        let started = now.place(doubt.started, self.boot);
        match doubt.started.boot == self.boot {
            true => started,
            false => started.min(Elapsed::default()),
        }
    }

    fn after_absence(&self, doubt: &Doubtful, now: Now) -> Happening {
        let Some(job) = self.jobs.get(&doubt.delivery.campaign()) else {
            return Happening::ProvedAbsent;
        };
        if job.state == CampaignState::Cancelled {
            Happening::ProvedAbsentForGood(Reason::EarlierArrived)
        } else if job.has_expired(now) {
            Happening::ProvedAbsentForGood(Reason::Expired)
        } else if doubt.standing.attempts_if_absent() >= job.record.definition.retry.attempts_max {
            Happening::ProvedAbsentForGood(Reason::Exhausted)
        } else {
            Happening::ProvedAbsent
        }
    }

    /// After a restriction others try first: somebody whom the account may never write to must not keep everybody else waiting.
    fn after_others(&self, doubt: &Doubtful, now: Now) -> Option<Timestamp> {
        let is_restricted = doubt.standing.reason == Some(Reason::Restricted);
        let lane = self.lanes.get(doubt.lane).filter(|_| is_restricted)?;
        let over = lane.new_chats.held(now);
        let over = over.map_or(now.elapsed, |hold| hold.until);
        let next = over.since(now.elapsed) + self.settings.hold_max;
        now.wall.checked_add(next).ok()
    }

    fn look_again(&self, doubt: &Doubtful, missing: Missing, now: Now) -> Option<Elapsed> {
        let horizon = self.settings.absence_horizon(doubt.kind);
        let over = now.place(doubt.ended, self.boot) + horizon;
        let margin = horizon / 60;
        let may_trust_again = self
            .lanes
            .get(doubt.lane)
            .is_some_and(|lane| lane.has_trusted(doubt.kind));
        match missing {
            // Its server has not told yet since when it runs: only one that never tells leaves that to a person.
            Missing::SameServer if !self.knows_server_start(doubt) => self.later(doubt, now),
            // It chose other ids for a while; when it keeps ours again, this look is worth making again.
            Missing::TrustedId if may_trust_again && now.elapsed >= over => self.later(doubt, now),
            // Evidence may still come in while the server may hold the request; after that only a person can decide.
            Missing::Account => None,
            Missing::Store | Missing::TrustedId | Missing::SameServer if now.elapsed >= over => {
                None
            }
            Missing::Store | Missing::TrustedId | Missing::SameServer | Missing::Time => {
                let soon = now.elapsed
                    + self.settings.first_look() * 4u32.pow(u32::from(doubt.looks.min(4)));
                Some(if soon + margin < over {
                    soon
                } else {
                    over + margin
                })
            }
            Missing::SteadySession if self.has_waited(doubt, horizon * UNSTEADY_MAX, now) => None,
            Missing::SteadySession => {
                let steady = self
                    .lanes
                    .get(doubt.lane)
                    .and_then(|lane| lane.steady_since)
                    .unwrap_or(now.elapsed);
                Some((steady + horizon + margin).max(now.elapsed + margin))
            }
            Missing::Control | Missing::OtherAccounts => self.later(doubt, now),
        }
    }

    fn knows_server_start(&self, doubt: &Doubtful) -> bool {
        let lane = self.lanes.get(doubt.lane);
        lane.is_some_and(|lane| lane.server_up_since.is_some())
    }

    /// Nothing has been sent for so long since a doubt arose: while there is, waiting costs nobody anything.
    fn has_waited(&self, doubt: &Doubtful, patience: Duration, now: Now) -> bool {
        let job = self.jobs.get(&doubt.delivery.campaign());
        let ended = now.place(doubt.ended, self.boot);
        let completed = job.and_then(|job| job.completed_at);
        let since = completed.map_or(ended, |done| done.max(ended));
        // Nobody waits while the machine sleeps, or while nothing runs.
        let since = since.max(self.awake_since);
        let is_running = job.is_some_and(|job| job.state == CampaignState::Running);
        !is_running && now.elapsed.since(since) >= patience
    }

    /// Looks while the session comes and goes prove nothing, and are not held against the message.
    fn is_steady_for(&self, doubt: &Doubtful, patience: Duration, now: Now) -> bool {
        let lane = self.lanes.get(doubt.lane);
        let since = lane.and_then(|lane| lane.steady_since);
        since.is_none_or(|since| now.elapsed.since(since) >= patience)
    }

    fn later(&self, doubt: &Doubtful, now: Now) -> Option<Elapsed> {
        let horizon = self.settings.absence_horizon(doubt.kind);
        let patience = horizon * ENOUGH;
        let is_enough = doubt.looks >= self.settings.looks_max
            && self.has_waited(doubt, patience, now)
            && self.is_steady_for(doubt, patience, now);
        (!is_enough).then(|| now.elapsed + horizon / 8 * 2u32.pow(u32::from(doubt.looks.min(2))))
    }

    /// WAHA has taken it, so that there is nothing to decide: a few looks at how far it got are enough.
    fn look_at_silent(&self, doubt: &Doubtful, now: Now) -> Option<Elapsed> {
        if doubt.looks >= self.settings.looks_max / 4 {
            return None;
        }
        self.later(doubt, now)
    }

    fn looked(
        &self,
        doubt: &Doubtful,
        missing: Box<str>,
        next: Option<Elapsed>,
        now: Now,
    ) -> Change {
        Change::Looked {
            delivery: doubt.delivery,
            next: next.and_then(|moment| now.wall.checked_add(moment.since(now.elapsed)).ok()),
            missing,
        }
    }
}

fn moved(doubt: &Doubtful, happening: Happening) -> Happened {
    Happened {
        delivery: doubt.delivery,
        happening,
        ends_attempt: false,
        next: None,
        foreign_id: None,
        message: None,
    }
}

#[cfg(test)]
mod tests;
