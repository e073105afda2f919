//! What befalls a session beside its requests: a person types on its phone, it dies unnoticed, WAHA gives it up, somebody restarts it.

use std::time::Duration;

use campaign_core::gateway::{Notice, Readiness, Session};

use super::super::coverage::Strike;
use super::audience::phone;
use super::ledger::Death;
use super::{Event, World};

/// So long after a message its acks come in.
pub(crate) const LAST_ACKS: Duration = Duration::from_secs(6);

impl World {
    /// A person writes to somebody from the phone: another text, or word for word what a campaign says.
    pub(super) fn by_hand(&mut self) {
        let mailing = self.some_mailing();
        let audience = self.plan.campaigns[mailing].audience.clone();
        let to = phone(self.rng.u32(audience));
        let lane = self.mailings[mailing].lane;
        for state in self.rows_of(to) {
            self.coverage.note(Strike::ByHand, state);
        }
        self.is_alive(lane);
        let message_id = format!("3A{:018X}", self.rng.u64(..)).into();
        let handset = &self.handsets[lane];
        let notice = Notice::ByHand {
            session: handset.session.clone(),
            account: handset.account,
            to,
            at: self.now.wall,
            message_id,
        };
        self.write_down(|| format!("by hand to {to} on lane {lane}"));
        self.notice(notice);
    }

    /// Whatever a process hears of WhatsApp through a session tells it that the session is well.
    pub(super) fn is_alive(&mut self, lane: usize) {
        let now = self.now.elapsed;
        for death in self.ledger.deaths.iter_mut().filter(|it| it.lane == lane) {
            // Acks of what was sent before it died come in for a moment.
            death.is_doubtful |= death.from + LAST_ACKS < now && now < death.until;
        }
    }

    /// A session dies: it says that it works, or WAHA has given it up. A person brings it back after a while, unless somebody restarts it.
    pub(super) fn die(&mut self) {
        let lane = self.rng.usize(..self.handsets.len());
        let now = self.now.elapsed;
        let lasts = self.millis(60_000, 900_000);
        self.disturb(Some(lane), lasts + Duration::from_secs(1_200));
        let account = self.handsets[lane].account;
        if self.rng.u8(..3) == 0 {
            self.write_down(|| format!("lane {lane} has failed"));
            self.strike_all(Strike::Failed);
            self.handsets[lane].has_failed = true;
            self.handsets[lane].flap_until = now + lasts;
            let away = self.status(lane, Readiness::NotReady("FAILED".into()));
            self.all_hear(Duration::from_millis(50), &away);
        } else {
            self.write_down(|| format!("lane {lane} is dead for {lasts:?}"));
            self.strike_all(Strike::Died);
            self.handsets[lane].dead_until = now + lasts;
            self.ledger.deaths.push(Death {
                lane,
                account,
                from: now,
                until: now + lasts,
                life: self.life,
                is_doubtful: self.handsets[lane].heard_by != Some(self.life),
            });
        }
        self.later(lasts, Event::Revive(lane));
    }

    pub(super) fn revive(&mut self, lane: usize) {
        let now = self.now.elapsed;
        let handset = &mut self.handsets[lane];
        let was_dead = now <= handset.dead_until || handset.has_failed;
        if !was_dead {
            return;
        }
        self.write_down(|| format!("lane {lane} is brought back"));
        let handset = &mut self.handsets[lane];
        handset.has_failed = false;
        handset.dead_until = handset.dead_until.min(now);
        for death in self.ledger.deaths.iter_mut().filter(|it| it.lane == lane) {
            death.until = death.until.min(now);
        }
        self.flap(lane, Duration::from_secs(2));
    }

    /// The engine has a session restarted.
    pub(super) fn restart(&mut self, session: &Session) -> bool {
        let lane = self.lane_of(session);
        let now = self.now.elapsed;
        let account = self.handsets[lane].account;
        self.ledger.restarts.push((account, now));
        self.strike_all(Strike::Restarted);
        if now < self.handsets[lane].gone_until || now < self.handsets[lane].refuses_until {
            return false;
        }
        let under_way = self
            .ledger
            .attempts
            .iter()
            .find(|it| it.account == account && it.life == self.life && it.told.is_none());
        assert!(
            under_way.is_none(),
            "P6: restarted while {under_way:?}\n{}",
            self.tail()
        );
        self.revive(lane);
        let lasts = self.millis(500, 8_000);
        self.flap(lane, lasts);
        true
    }
}
