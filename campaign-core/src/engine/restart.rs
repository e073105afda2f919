//! Restarts a session that is dead or has FAILED, where its account's limits allow that: seldom, on record before it happens, and never
//! while a message of the account is under way.

use std::time::Duration;

use super::lane::Lane;
use super::sessions::SessionView;
use super::{Engine, Step};
use crate::clock::{BootId, Elapsed, Now, Stamp};
use crate::delivery::CampaignId;
use crate::gateway::{Readiness, Session};
use crate::limits::{RestartPolicy, Slot};
use crate::store::{LaneId, LaneNote};

/// A session is restarted at most once in so long. A restart that did not help will not help in a minute, and WhatsApp sees each
/// as a new connection of the device.
const ONCE_IN: Duration = Duration::from_secs(30 * 60);
/// How long it usually takes: WAHA answers after it has stopped the session, within seconds (recorded).
const USUAL: Duration = Duration::from_secs(30);

/// How far a lane has come with restarting its session.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Restart {
    stage: Stage,
    /// When it was done last, whichever process did it.
    last: Option<Stamp>,
    /// The same on this clock.
    last_elapsed: Option<Elapsed>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Nothing,
    /// It goes on record.
    Recording,
    Asked,
    /// The server has restarted it, and it was not seen to work since.
    Coming,
}

impl Restart {
    pub(super) fn new(last: Option<Stamp>, boot: BootId, now: Now) -> Self {
        Self {
            stage: Stage::Nothing,
            last,
            last_elapsed: last.map(|last| now.place(last, boot)),
        }
    }

    pub(super) fn at(&self) -> Option<Stamp> {
        self.last
    }

    /// Since when, and for about how long: nothing may be sent until the server has answered.
    pub(super) fn under_way(&self) -> Option<(Elapsed, Elapsed)> {
        let since = self.last_elapsed.filter(|_| self.is_under_way())?;
        Some((since, since + USUAL))
    }

    fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Recording | Stage::Asked)
    }

    fn is_due(&self, now: Now) -> bool {
        let is_long_ago = |last: Elapsed| now.elapsed.since(last) >= ONCE_IN;
        !self.is_under_way() && self.last_elapsed.is_none_or(is_long_ago)
    }

    /// When it may be done again, where that is not yet.
    pub(super) fn next_due(&self, now: Now) -> Option<Elapsed> {
        let due = self.last_elapsed.map(|last| last + ONCE_IN);
        due.filter(|due| *due > now.elapsed)
    }

    fn begins(&mut self, now: Now, boot: BootId) {
        self.stage = Stage::Recording;
        self.last = Some(now.stamp(boot));
        self.last_elapsed = Some(now.elapsed);
    }

    /// It is on record. Tells whether the server is to be asked now.
    fn recorded(&mut self, at: Option<Stamp>) -> bool {
        let is_recorded = self.stage == Stage::Recording && self.last == at;
        if is_recorded {
            self.stage = Stage::Asked;
        }
        is_recorded
    }

    fn ended(&mut self, is_done: bool) {
        self.stage = if is_done {
            Stage::Coming
        } else {
            Stage::Nothing
        };
    }

    /// The session is another account's by now. What goes on record is not done.
    pub(super) fn call_off(&mut self) {
        self.stage = Stage::Nothing;
    }

    /// The session is seen to work. Tells whether that is the first time since it was restarted.
    pub(super) fn works(&mut self) -> bool {
        let is_back = self.stage == Stage::Coming;
        if is_back {
            self.stage = Stage::Nothing;
        }
        is_back
    }
}

impl Engine {
    /// Begins to restart a lane's session that needs it, once it may.
    pub(super) fn restart_if_dead(&mut self, id: LaneId, now: Now) {
        let is_due = self.lanes.get(id).is_some_and(|lane| {
            self.needs_restart(lane) && lane.health.restart.is_due(now) && !self.is_flying(id)
        });
        if let Some(lane) = self.lanes.get_mut(id).filter(|_| is_due) {
            lane.health.restart.begins(now, self.boot);
            lane.is_noteworthy = true;
        }
    }

    /// Its session is dead, or WAHA gave it up: it stays FAILED until it is restarted (recorded). One that is another account's by now is that
    /// account's matter.
    fn needs_restart(&self, lane: &Lane) -> bool {
        let has_failed = |view: &SessionView| match &view.readiness {
            Some(Readiness::NotReady(name)) => **name == *"FAILED",
            _ => false,
        };
        let view = self.sessions.get(&lane.session);
        view.is_some_and(|view| {
            view.lane == Some(lane.id)
                && lane.pacer.limits().restart == RestartPolicy::WhenSuspected
                && (lane.health.is_suspected() || has_failed(view))
        })
    }

    /// The operator has seen to a campaign's accounts.
    pub(super) fn vouch_for_lane(&mut self, campaign: CampaignId, now: Now) {
        let Some(job) = self.jobs.get(&campaign) else {
            return;
        };
        for session in job.sessions() {
            let lane = self.sessions.get(session).and_then(|view| view.lane);
            if let Some(lane) = lane.and_then(|id| self.lanes.get_mut(id)) {
                lane.is_noteworthy |= lane.health.vouch(now);
            }
        }
    }

    /// A lane's note is on record; the restart that it tells of may be done.
    pub(super) fn noted(&mut self, note: &LaneNote) {
        let Some(lane) = self.lanes.get_mut(note.lane) else {
            return;
        };
        if lane.epoch == note.epoch && lane.health.restart.recorded(note.health.restarted_at) {
            lane.interrupted();
            self.steps.push_back(Step::Restart(lane.session.clone()));
        }
    }

    pub(super) fn restarted(&mut self, session: &Session, is_done: bool, now: Now) {
        let Some(view) = self.sessions.get_mut(session) else {
            return;
        };
        view.observe_at = now.elapsed;
        if let Some(lane) = view.lane.and_then(|id| self.lanes.get_mut(id)) {
            lane.health.restart.ended(is_done);
            lane.interrupted();
        }
    }

    /// When a session that needs it may be restarted again.
    pub(super) fn restart_moment(&self, lane: &Lane, now: Now) -> Option<Elapsed> {
        lane.health
            .restart
            .next_due(now)
            .filter(|_| self.needs_restart(lane))
    }

    /// A message tries for all, and is still under way.
    pub(super) fn has_trial_under_way(&self, lane: &Lane, slot: Slot, now: Now) -> bool {
        let mut flights = self
            .flights
            .values()
            .filter(|flight| flight.lane == lane.id);
        if lane.health.is_session_on_trial(now) {
            flights.next().is_some()
        } else {
            lane.health.is_slot_on_trial(slot, now) && flights.any(|flight| flight.slot == slot)
        }
    }

    /// A message of the lane is under way, answered or not.
    pub(super) fn is_flying(&self, lane: LaneId) -> bool {
        self.flights.values().any(|flight| flight.lane == lane)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::Input;
    use super::super::testing::{World, account_of, id, session, single, working};
    use super::*;
    use crate::gateway::Observation;
    use crate::limits::LaneLimits;
    use crate::store::LaneHealth;

    fn at(second: i64) -> Now {
        let start: jiff::Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
        Now {
            elapsed: Elapsed::from_micros(second * 1_000_000),
            wall: start
                .checked_add(jiff::SignedDuration::from_secs(second))
                .unwrap(),
        }
    }

    #[test]
    fn it_is_asked_for_only_once_it_is_on_record_and_then_not_for_half_an_hour() {
        let boot = BootId(1);
        let mut restart = Restart::new(None, boot, at(0));
        assert!(restart.is_due(at(0)));
        restart.begins(at(10), boot);
        assert!(restart.is_under_way() && !restart.is_due(at(10)));
        assert!(!restart.recorded(None), "an older note");
        assert!(restart.recorded(restart.at()));
        assert!(!restart.recorded(restart.at()), "and once");
        restart.ended(true);
        assert!(!restart.is_under_way() && restart.works() && !restart.works());
        assert!(!restart.is_due(at(1_809)) && restart.is_due(at(1_810)));
        // Another process, of the same boot and of another.
        for boot in [boot, BootId(2)] {
            let next = Restart::new(restart.at(), boot, at(20));
            assert!(
                !next.is_due(at(1_809)) && next.is_due(at(1_810)),
                "{boot:?}"
            );
            assert_eq!(next.next_due(at(20)), Some(at(1_810).elapsed));
        }
    }

    #[test]
    fn one_that_failed_counts_as_one() {
        let mut restart = Restart::new(None, BootId(1), at(0));
        restart.begins(at(0), BootId(1));
        restart.recorded(restart.at());
        restart.ended(false);
        assert!(!restart.works() && !restart.is_due(at(60)));
    }

    #[test]
    fn nothing_is_sent_from_when_it_goes_on_record_until_the_server_has_answered() {
        let mut restart = Restart::new(None, BootId(1), at(0));
        assert_eq!((restart.under_way(), restart.next_due(at(0))), (None, None));
        restart.begins(at(10), BootId(1));
        let usual = Some((at(10).elapsed, at(40).elapsed));
        assert_eq!(restart.under_way(), usual);
        restart.recorded(restart.at());
        assert_eq!(restart.under_way(), usual);
        restart.ended(true);
        assert_eq!(restart.under_way(), None);
        let due = Some(at(1_810).elapsed);
        assert_eq!(restart.next_due(at(1_809)), due);
        assert_eq!(restart.next_due(at(1_810)), None, "it is due");
    }

    /// A runner of a campaign of which nothing is due, whose sessions have FAILED after their lanes were opened.
    fn failed(policy: RestartPolicy, sessions: u32) -> World {
        let mut world = World::new(LaneLimits {
            restart: policy,
            ..LaneLimits::unpaced(1)
        });
        for number in 1..=sessions {
            world.add_idle(single(number, number, None));
        }
        world.until(5);
        for number in 1..=sessions {
            shows(&mut world, number, "FAILED");
        }
        world
    }

    fn shows(world: &mut World, number: u32, status: &str) {
        let readiness = Readiness::NotReady(status.into());
        let shown = Observation::only(readiness);
        world.shows.insert(session(number), shown);
    }

    /// Its server has done it.
    fn is_restarted(world: &mut World) {
        let ended = Input::Restarted {
            session: session(1),
            is_done: true,
        };
        world.tell(ended);
    }

    fn restarts(world: &World) -> Vec<i64> {
        world.when(|step| matches!(step, Step::Restart(_)))
    }

    #[test]
    fn a_session_that_has_failed_is_restarted_where_that_is_wanted() {
        for (policy, status, is_restarted) in [
            (RestartPolicy::WhenSuspected, "FAILED", true),
            (RestartPolicy::Never, "FAILED", false),
            (RestartPolicy::WhenSuspected, "STOPPED", false),
        ] {
            let mut world = failed(policy, 1);
            shows(&mut world, 1, status);
            world.until(60);
            let case = format!("{policy:?} {status}");
            assert_eq!(restarts(&world).len(), usize::from(is_restarted), "{case}");
        }
    }

    #[test]
    fn a_session_that_cannot_be_reached_is_not_restarted() {
        let mut world = failed(RestartPolicy::WhenSuspected, 1);
        let shown = Observation::only(Readiness::Unreachable);
        world.shows.insert(session(1), shown);
        world.until(60);
        assert!(restarts(&world).is_empty());
    }

    /// The lane of the account that it had before does nothing to it.
    #[test]
    fn a_session_that_is_another_accounts_by_now_is_that_accounts_matter() {
        let mut world = failed(RestartPolicy::WhenSuspected, 1);
        let other = working(account_of(2));
        world.shows.insert(session(1), other);
        world.until(20);
        assert!(world.engine.lanes.get(LaneId(2)).is_some());
        shows(&mut world, 1, "FAILED");
        world.until(60);
        assert_eq!(restarts(&world).len(), 1);
        let of = |number| world.engine.lanes.get(LaneId(number)).unwrap();
        assert!(of(1).health.restart.at().is_none());
        assert!(of(2).health.restart.at().is_some());
    }

    #[test]
    fn a_restart_that_goes_on_record_when_the_account_changes_is_not_done_to_the_next_one() {
        let mut world = failed(RestartPolicy::WhenSuspected, 1);
        world.leaves = |step| matches!(step, Step::Commit(_));
        world.until(20);
        let other = account_of(2);
        world.shows.insert(session(1), working(other));
        world.is_told(1, Readiness::Working, Some(other));
        world.leaves = |_| false;
        world.catches_up();
        world.until(60);
        assert!(restarts(&world).is_empty());
    }

    #[test]
    fn a_restart_is_asked_for_when_it_is_on_record_and_again_half_an_hour_later() {
        let mut world = failed(RestartPolicy::WhenSuspected, 1);
        world.leaves = |step| matches!(step, Step::Commit(_));
        world.until(20);
        assert!(restarts(&world).is_empty());
        let lane = world.engine.lanes.get(LaneId(1)).unwrap();
        let began = lane.health.restart.last_elapsed.unwrap();
        assert!(began >= at(5).elapsed && began <= at(20).elapsed);
        world.leaves = |_| false;
        world.catches_up();
        world.until(21);
        assert_eq!(restarts(&world), [20]);
        let looked = world.when(|step| matches!(step, Step::Observe(_))).len();
        is_restarted(&mut world);
        world.rests();
        let looks = world.when(|step| matches!(step, Step::Observe(_)));
        assert_eq!(looks[looked..], [21], "it is looked at at once");
        // Nothing else makes anybody look at that moment.
        world.leaves = |step| matches!(step, Step::Observe(_));
        let began = began.as_micros() / 1_000_000;
        world.until(began + 1_799);
        assert_eq!(restarts(&world), [20]);
        world.until(began + 1_800);
        assert_eq!(restarts(&world), [20, began + 1_800]);
    }

    #[test]
    fn a_session_is_not_restarted_while_a_message_of_its_own_account_is_under_way() {
        for flying in [1, 2] {
            let mut world = failed(RestartPolicy::WhenSuspected, 2);
            for number in [1, 2] {
                world.shows.remove(&session(number));
            }
            world.leaves = |step| matches!(step, Step::Send(_));
            world.add(single(3, flying, None));
            world.until(20);
            assert_eq!(world.sent.len(), 1);
            shows(&mut world, 1, "FAILED");
            world.until(40);
            assert_eq!(restarts(&world).len(), usize::from(flying == 2));
            world.catches_up();
            world.until(60);
            assert_eq!(restarts(&world).len(), 1, "{flying}");
        }
    }

    #[test]
    fn a_session_that_works_after_a_restart_is_tried_at_once() {
        let mut world = failed(RestartPolicy::WhenSuspected, 1);
        world.seems_dead(1, 600);
        world.until(20);
        assert_eq!(restarts(&world).len(), 1);
        let held = |world: &World| {
            let lane = world.engine.lanes.get(LaneId(1)).unwrap();
            lane.health.held(Slot::Cold, world.now)
        };
        assert!(held(&world).is_some());
        is_restarted(&mut world);
        assert!(held(&world).is_some());
        world.shows.remove(&session(1));
        world.until(21);
        assert_eq!(held(&world), None);
    }

    #[test]
    fn the_operators_word_for_a_campaign_is_kept_for_its_accounts() {
        let mut world = failed(RestartPolicy::Never, 2);
        let now = world.now;
        for number in [1, 2] {
            world.seems_dead(number, 600);
        }
        world.engine.vouch_for_lane(id(1), now);
        for (number, is_vouched_for) in [(1, true), (2, false)] {
            let lane = world.engine.lanes.get(LaneId(number)).unwrap();
            assert_eq!(lane.is_noteworthy, is_vouched_for, "{number}");
            let held = lane.health.held(Slot::Cold, now);
            assert_eq!(held.is_none(), is_vouched_for, "{number}");
        }
        // All is well, as far as is known: there is no news.
        world.is_recorded(2, LaneHealth::default());
        world.engine.vouch_for_lane(id(2), now);
        let lane = world.engine.lanes.get(LaneId(2)).unwrap();
        assert!(!lane.is_noteworthy);
    }
}
