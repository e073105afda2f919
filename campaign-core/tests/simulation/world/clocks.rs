//! The clocks of the engine's machine: people set one of them, sleep and reboots do the rest.

use std::time::Duration;

use campaign_core::clock::{BootId, Elapsed, Now, Stamp};
use jiff::SignedDuration;

use super::super::coverage::Strike;
use super::server::HELD_FOR_LONG;
use super::{Event, Handset, World};

pub(super) const FIRST_BOOT: BootId = BootId(1);

/// How the machine's clocks lie to the world's.
#[derive(Debug)]
pub(super) struct Clocks {
    boot: BootId,
    /// When the world's clock stood there, that of the machine began at zero.
    booted: Duration,
    /// By how much the clock on its wall is wrong.
    offset: SignedDuration,
    was_ever_wrong: bool,
    /// What a worker goes by: the database's clock, so many microseconds ahead of the machine's elapsed time, and the time that it showed on
    /// its wall at zero.
    shared: Option<(i64, jiff::Timestamp)>,
}

impl Clocks {
    pub(super) fn new() -> Self {
        Self {
            boot: FIRST_BOOT,
            booted: Duration::ZERO,
            offset: SignedDuration::ZERO,
            was_ever_wrong: false,
            shared: None,
        }
    }

    /// Those of another machine, which agree with nobody's.
    pub(super) fn of_worker(booted: Duration, offset: SignedDuration) -> Self {
        Self {
            boot: BootId(1_000 + u64::try_from(booted.as_micros()).unwrap()),
            booted,
            offset,
            ..Self::new()
        }
    }

    /// The database has told its time.
    pub(super) fn told(&mut self, at: Stamp, now: Elapsed) {
        let own = self.on_own_machine(now).as_micros();
        let zero = SignedDuration::from_micros(at.elapsed.as_micros());
        let ahead = at.elapsed.as_micros() - own;
        self.shared = Some((ahead, at.wall.checked_sub(zero).unwrap()));
    }

    fn on_own_machine(&self, moment: Elapsed) -> Elapsed {
        moment - self.booted
    }

    pub(super) fn boot(&self) -> BootId {
        match self.shared {
            Some(_) => FIRST_BOOT,
            None => self.boot,
        }
    }

    pub(super) fn is_wrong(&self) -> bool {
        self.shared.is_none() && !self.offset.is_zero()
    }

    pub(super) fn was_ever_wrong(&self) -> bool {
        self.was_ever_wrong
    }

    /// The machine starts anew, with so much less on its clock than there should be.
    pub(super) fn reboot(&mut self, at: Elapsed, behind: SignedDuration) {
        self.boot = BootId(self.boot.0 + 1);
        self.booted = at.since(Elapsed::default());
        self.offset = -behind;
        self.was_ever_wrong |= !behind.is_zero();
    }

    /// A moment of this boot, by the world's clock.
    pub(super) fn in_world(&self, moment: Elapsed) -> Elapsed {
        match self.shared {
            Some((ahead, _)) => {
                Elapsed::from_micros(moment.as_micros().saturating_sub(ahead)) + self.booted
            }
            None => moment + self.booted,
        }
    }

    /// The other way round.
    pub(super) fn on_machine(&self, moment: Elapsed) -> Elapsed {
        let own = self.on_own_machine(moment);
        match self.shared {
            Some((ahead, _)) => Elapsed::from_micros(own.as_micros() + ahead),
            None => own,
        }
    }

    fn wall(&self, now: Now) -> jiff::Timestamp {
        match self.shared {
            Some((_, zero)) => {
                let elapsed = self.on_machine(now.elapsed).as_micros();
                zero.checked_add(SignedDuration::from_micros(elapsed))
                    .unwrap()
            }
            None => now.wall.checked_add(self.offset).unwrap(),
        }
    }
}

impl World {
    /// This moment as the engine sees it.
    pub(super) fn seen_now(&self) -> Now {
        Now {
            elapsed: self.clocks.on_machine(self.now.elapsed),
            wall: self.clocks.wall(self.now),
        }
    }

    pub(super) fn jump_clock(&mut self) {
        // By minutes, by a day and an hour, by days, by weeks.
        let most = [600, 90_000, 300_000, 2_000_000][self.rng.usize(..4)];
        // One that is wrong by less than a minute is not told from one that is a little off.
        let seconds = self.rng.i64(61..most) * [-1, 1][self.rng.usize(..2)];
        self.write_down(|| format!("wall clock set by {seconds} s"));
        self.strike_all(Strike::ClockJump);
        self.clocks.offset = SignedDuration::from_secs(seconds);
        self.clocks.was_ever_wrong = true;
        let lasts = Duration::from_secs(self.rng.u64(10..1_200));
        self.disturb(None, lasts + HELD_FOR_LONG);
        self.later(lasts, Event::SetClockRight);
    }

    pub(super) fn set_clock_right(&mut self) {
        self.disturb(None, HELD_FOR_LONG);
        self.clocks.offset = SignedDuration::ZERO;
    }

    /// The machine sleeps: alone, or with the servers on it.
    pub(super) fn suspend(&mut self) {
        if self.now.elapsed < self.dark_until {
            return;
        }
        let lasts = self.millis(60_000, 5 * 3_600_000);
        self.strike_all(Strike::Suspended);
        self.disturb(None, lasts + HELD_FOR_LONG);
        let until = self.now.elapsed + lasts;
        if self.rng.bool() {
            self.write_down(|| format!("sleeps for {lasts:?}"));
            self.asleep_until = Some(until);
            return;
        }
        self.write_down(|| format!("everything sleeps for {lasts:?}"));
        let events = std::mem::take(&mut self.events);
        let postponed = events.into_iter().map(|((at, number), event)| {
            let at = match event {
                // People do not sleep with it.
                Event::Heal => at,
                _ => at + lasts,
            };
            ((at, number), event)
        });
        self.events = postponed.collect();
        for handset in &mut self.handsets {
            handset.sleep(lasts);
        }
        self.pass_to(until);
    }
}

impl Handset {
    fn sleep(&mut self, lasts: Duration) {
        for until in [
            &mut self.flap_until,
            &mut self.pairs_until,
            &mut self.gone_until,
            &mut self.refuses_until,
            &mut self.holds_until,
        ] {
            *until = *until + lasts;
        }
    }
}
