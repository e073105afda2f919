//! A loss of power: unlike a crash it ends the machine's boot, takes the server along where that is on the same machine, and costs
//! commits that were said to be durable where the disk was not told to write them.
//!
//! With `synchronous=FULL` only the batch under way may be lost, of which nobody was told. With `NORMAL` the last stretch of commits
//! goes, in their order. The store then finds that it is an older copy of itself, as long as the file that says so was written; when that
//! is lost as well, nothing tells anybody.

use std::time::Duration;

use jiff::SignedDuration;

use super::super::coverage::Strike;
use super::{Event, World};

/// The shortest time in which a machine comes up.
const BOOTS_IN: Duration = Duration::from_secs(4);

impl World {
    /// What a machine that slept was to do later is not done any more: no world waits for it.
    fn forget_postponed(&mut self) {
        let before = self.events.len();
        self.events
            .retain(|_, event| !matches!(event, Event::Restart(..) | Event::Write(..)));
        self.acts -= before - self.events.len();
    }

    pub(super) fn cut_power(&mut self) {
        let lasts = BOOTS_IN + self.millis(1_000, 600_000);
        let takes_server = self.rng.bool();
        self.write_down(|| format!("no power for {lasts:?}, nor for the server: {takes_server}"));
        self.settle_commit();
        self.end_life(Strike::PowerCut);
        self.asleep_until = None;
        self.forget_postponed();
        if let Some(synced) = self.synced.take() {
            self.strike_all(Strike::CommitsLost);
            self.go_back(&synced, self.plan.power.is_announced);
        }
        let back = self.now.elapsed + lasts;
        self.dark_until = back;
        self.ledger.has_misplaced |= self.clocks.was_ever_wrong();
        let behind = match self.plan.power.forgets_time {
            true => SignedDuration::from_secs(self.rng.i64(60..2_000_000)),
            false => SignedDuration::ZERO,
        };
        self.clocks.reboot(back - BOOTS_IN, behind);
        self.ledger.boots.push(back - BOOTS_IN);
        if !behind.is_zero() {
            let told = self.millis(1_000, 300_000);
            self.later(lasts + told, Event::SetClockRight);
        }
        self.later(lasts, Event::Restart(self.here));
        if takes_server {
            self.lose_server(lasts, true);
        }
    }
}
