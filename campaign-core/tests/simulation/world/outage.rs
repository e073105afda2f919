//! A server that goes away with all its sessions, and sessions that come and go.

use std::collections::BTreeSet;
use std::time::Duration;

use campaign_core::delivery::Doubt;
use campaign_core::gateway::Readiness;

use super::super::coverage::Strike;
use super::server::{HELD_FOR_LONG, maybe};
use super::{Event, Fate, World};

/// A server that dies has not written down what came within so long before.
const FORGETS: Duration = Duration::from_secs(60);

impl World {
    /// The server that all sessions share does not answer for a while. In half the cases its process has died: what it had received and not
    /// carried out is lost with it, and nobody is told which of it that was.
    pub(super) fn outage(&mut self) {
        let lasts = self.millis(500, 90_000);
        let is_restart = self.rng.bool();
        self.lose_server(lasts, is_restart);
    }

    pub(super) fn lose_server(&mut self, lasts: Duration, is_restart: bool) {
        self.write_down(|| format!("no server for {lasts:?}, another process: {is_restart}"));
        self.disturb(None, lasts + HELD_FOR_LONG);
        let now = self.now.elapsed;
        for handset in &mut self.handsets {
            handset.gone_until = now + lasts;
            if is_restart {
                handset.server_up_since = now + lasts;
                handset.was_restarted = true;
            }
            if is_restart && self.plan.restarts_forget {
                handset.forget_since(now - FORGETS);
            }
        }
        if is_restart {
            self.strike_all(Strike::ServerRestarted);
            self.forget_requests();
        }
        for lane in 0..self.handsets.len() {
            if self.rng.bool() {
                let away = self.status(lane, Readiness::Unreachable);
                self.notice(away);
            }
            if self.handsets[lane].is_away(now) {
                continue;
            }
            self.tell_when_back(lasts, lane);
        }
    }

    fn forget_requests(&mut self) {
        let mut lost = BTreeSet::new();
        self.events.retain(|_, event| match event {
            Event::HandOver(request) => {
                lost.insert(request.attempt);
                false
            }
            _ => true,
        });
        self.acts -= lost.len();
        // Whoever waits for an answer finds the connection closed.
        let waits = self.events.iter_mut().filter_map(|(_, event)| match event {
            Event::Ended(_, attempt, outcome) if lost.contains(&*attempt) => {
                Some((attempt, outcome))
            }
            _ => None,
        });
        for (attempt, outcome) in waits {
            *outcome = maybe(Doubt::NoAnswer, None);
            self.ledger.attempts[*attempt].fate = Fate::Doubt(None);
        }
    }

    /// A connection that breaks again as soon as it is back.
    pub(super) fn flaps(&mut self) {
        let lane = self.rng.usize(..self.handsets.len());
        if self.handsets[lane].is_away(self.now.elapsed) {
            return;
        }
        self.write_down(|| format!("lane {lane} comes and goes"));
        self.strike_all(Strike::Flap);
        let lasts = self.millis(100, 12_000);
        self.flap(lane, lasts);
        if self.rng.u8(..4) > 0 {
            let again = lasts + self.millis(50, 10_000);
            self.later(again.max(Duration::from_millis(1)), Event::Flaps);
        }
    }
}
