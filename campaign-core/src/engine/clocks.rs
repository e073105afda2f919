//! A wall clock that somebody sets, and a machine that sleeps.

use std::time::Duration;

use super::Engine;
use crate::campaign::CampaignState;
use crate::clock::{Now, Stamp};
use crate::delivery::CampaignId;
use crate::failure::Trouble;
use crate::store::Change;

/// An engine that is asked so much later than it wanted to be was frozen, or slept with its machine. A busy machine delays it less.
const OVERSLEPT: Duration = Duration::from_secs(5);
/// A wall clock that moves by more than this against elapsed time has been set by somebody.
pub(super) const CLOCK_JUMP: Duration = Duration::from_secs(60);

impl Engine {
    /// Nobody saw the servers answer while this process was frozen, and one on the same machine may have slept with it, and hold still what
    /// it held before: how long that was says nothing about what it has carried out.
    pub(super) fn notice_sleep(&mut self, now: Now) {
        if now.elapsed.since(self.wakes_at) <= OVERSLEPT {
            return;
        }
        self.wakes_at = now.elapsed;
        self.awake_since = now.elapsed;
        for lane in self.lanes.values_mut() {
            lane.interrupted();
            if let Some(view) = self.sessions.get_mut(&lane.session) {
                view.observe_at = now.elapsed;
            }
        }
    }

    /// This moment, with a wall clock that moves as elapsed time does.
    ///
    /// When somebody sets the wall clock, hours, expiry and the calendar day go on as they were and the lanes are held, until
    /// the server's clock or the operator bears the new time out, or the clock is set right again.
    pub(super) fn steady(&mut self, now: Now) -> Now {
        let steady = self.as_steady(now);
        if steady.wall == now.wall {
            self.in_step = Some(now);
            if self.out_of_step.take().is_some() {
                self.release_clock_holds();
            }
            return now;
        }
        if self.out_of_step.replace(now.wall).is_none() {
            self.is_clock_confirmed = false;
            for lane in self.lanes.values_mut() {
                lane.hold_for(Trouble::ClockJumped, None, &self.settings, steady);
                if let Some(view) = self.sessions.get_mut(&lane.session) {
                    view.observe_at = now.elapsed;
                }
            }
        }
        steady
    }

    /// The same, for who only asks.
    pub(super) fn as_steady(&self, now: Now) -> Now {
        let Some(before) = self.in_step else {
            return now;
        };
        let expected = before
            .wall
            .checked_add(now.elapsed.since(before.elapsed))
            .unwrap_or(before.wall);
        match apart(now.wall, expected) <= CLOCK_JUMP {
            true => now,
            false => Now {
                wall: expected,
                ..now
            },
        }
    }

    /// This moment as an earlier one of the same boot has it: somebody may have set the wall clock while nobody ran. From here on it is
    /// as if it had been set under our eyes.
    pub(super) fn recall(&mut self, earlier: Stamp, now: Now) -> Now {
        let since = now.elapsed.since(earlier.elapsed);
        let Ok(expected) = earlier.wall.checked_add(since) else {
            return now;
        };
        let is_known =
            earlier.boot == self.boot && self.out_of_step.is_none() && !self.is_clock_confirmed;
        if !is_known || apart(now.wall, expected) <= CLOCK_JUMP {
            return now;
        }
        let recalled = Now {
            wall: expected,
            ..now
        };
        self.in_step = Some(recalled);
        recalled
    }

    /// The time that the wall clock shows is right after all. Lanes that are opened later begin with it.
    pub(super) fn believe_the_clock(&mut self, now: Now) {
        self.is_clock_confirmed = true;
        if let Some(wall) = self.out_of_step.take() {
            let now = Now { wall, ..now };
            self.in_step = Some(now);
            for lane in self.lanes.values_mut() {
                lane.place_anew(now);
            }
            self.changes.push(Change::CutWaits);
        }
        self.release_clock_holds();
    }

    /// What waits was put off until moments of a clock that was wrong; the store knows until when it has to.
    pub(super) fn start_over(&mut self, now: Now) {
        let campaigns: Vec<CampaignId> = self.campaigns().collect();
        for campaign in campaigns {
            if let Some(job) = self.jobs.get_mut(&campaign)
                && job.state == CampaignState::Running
            {
                job.start_over();
            }
        }
        self.doubts.start_over(now.elapsed);
    }

    pub(super) fn release_clock_holds(&mut self) {
        for lane in self.lanes.values_mut() {
            if lane
                .hold
                .is_some_and(|hold| hold.trouble == Trouble::ClockJumped)
            {
                lane.release();
            }
        }
    }
}

pub(super) fn apart(one: jiff::Timestamp, other: jiff::Timestamp) -> Duration {
    Duration::try_from(one.duration_since(other).abs()).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests;
