//! One account's lane: its pace, its health, and what has been learnt about its server.

use std::time::Duration;

use super::Settings;
use super::chance::Chance;
use super::health::Health;
use super::new_chats::NewChats;
use crate::clock::{BootId, Elapsed, Now, Stamp};
use crate::failure::Trouble;
use crate::gateway::{Account, Observation, Readiness, Session};
use crate::limits::{History, LaneLimits, Pacer, Past, REPLY_OPEN_FOR, Slot};
use crate::message::MessageKind;
use crate::store::{Epoch, LaneHold, LaneId, LaneNote, LaneRecord, StoreOn, Trusted};

/// A platform that has honoured ids is no longer trusted to after so many in a row that came back changed: one alone is an accident of one
/// message, which its answer has told.
const IGNORED_MAX: u8 = 3;

/// Numbers of lanes are below this.
const HEALTH_STREAM: u64 = 1 << 32;

/// A lane that the engine may send through.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) id: LaneId,
    pub(super) account: Account,
    pub(super) session: Session,
    pub(super) epoch: Epoch,
    pub(super) pacer: Pacer,
    pub(super) trusted: Trusted,
    pub(super) hold: Option<Hold>,
    /// How its messages go.
    pub(super) health: Health,
    /// What WhatsApp allows towards people who have not written of late.
    pub(super) new_chats: NewChats,
    pub(super) steady_since: Option<Elapsed>,
    pub(super) keeping: Keeping,
    pub(super) server_up_since: Option<Elapsed>,
    /// Since when its session or server has been away.
    away_since: Option<Elapsed>,
    /// Something that the store should keep has changed since the last note.
    pub(super) is_noteworthy: bool,
    ever_trusted: Vec<MessageKind>,
    ignored_in_row: u8,
    holds_in_row: u32,
    /// Holds that were on record when it was opened, and how long they last by the wall clock of then, which may have been wrong.
    read: [Option<(Hold, LaneHold)>; 2],
    boot: BootId,
    chance: Chance,
}

/// Why a lane does not send, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) trouble: Trouble,
    /// Since when, where that is known: another process may have seen it begin.
    pub(super) since: Option<Elapsed>,
    pub(super) until: Elapsed,
}

/// Whether the session keeps its messages, so that looking for one means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    Unknown,
    /// Seen on at this moment, and not off since.
    Since(Stamp),
    Not,
}

impl Lane {
    pub(super) fn new(
        record: LaneRecord,
        session: Session,
        settings: &Settings,
        boot: BootId,
        now: Now,
    ) -> Self {
        let mut chance = Chance::new(settings.seed, u64::from(record.id.0));
        let sends = record.attempts.iter().map(|attempt| {
            let place = |moment| now.place(moment, boot);
            // Its process died: the request was written before it was taken over, and may still be executed for a while.
            let open_until =
                attempt.taken_over.map_or(now.elapsed, place) + settings.hold_horizon_text;
            Past {
                slot: attempt.slot,
                started: place(attempt.started),
                ended: attempt.ended.map_or(open_until, place),
                is_open: attempt.ended.is_none(),
            }
        });
        let history = History {
            sends: sends.collect(),
            day: record.day,
            warmth: record.warmth,
            by_hand: record
                .by_hand
                .into_iter()
                .map(|it| it.placed(now))
                .collect(),
        };
        let read = [record.hold, record.cold_hold].map(|kept| {
            kept.map(|kept| {
                let hold = Hold {
                    trouble: kept.trouble,
                    since: None,
                    until: kept.ends(now, boot),
                };
                (hold, kept)
            })
        });
        let [hold, restriction] = read.map(|it| it.map(|(hold, _)| hold));
        let store_on = record.store_on.filter(|it| it.session == session);
        let keeping = store_on.map_or(Keeping::Unknown, |it| Keeping::Since(it.since));
        // A stream beside that of the pacer: whether something fails must not change how the gaps are drawn.
        let of_health = Chance::new(settings.seed, HEALTH_STREAM | u64::from(record.id.0));
        Self {
            health: Health::new(record.health, of_health, boot, settings, now),
            id: record.id,
            account: record.account,
            session,
            epoch: record.epoch,
            pacer: Pacer::new(record.limits, history, [chance.unit(), chance.unit()]),
            ever_trusted: record.trusted.kinds.clone(),
            ignored_in_row: 0,
            trusted: record.trusted,
            hold,
            new_chats: NewChats::restricted(restriction),
            steady_since: None,
            keeping,
            server_up_since: None,
            away_since: None,
            is_noteworthy: false,
            holds_in_row: 0,
            read,
            boot,
            chance,
        }
    }

    /// Its session and server answer, as far as is known: what is asked of them is no waste.
    pub(super) fn is_there(&self) -> bool {
        self.hold.is_none_or(|hold| !lifts_by_itself(hold.trouble))
    }

    pub(super) fn unit(&mut self) -> f64 {
        self.chance.unit()
    }

    pub(super) fn set_limits(&mut self, limits: LaneLimits, now: Now) {
        self.pacer.set_limits(limits, now);
        self.is_noteworthy = true;
    }

    /// Why a slot must not be used now, if it must not.
    pub(super) fn held(&self, slot: Slot, now: Now) -> Option<Hold> {
        let hold = self.hold.or_else(|| self.health.held(slot, now));
        match (hold, slot) {
            (None, Slot::Cold) => self.new_chats.held(now),
            (hold, _) => hold,
        }
    }

    /// A first message after a restriction is under way: what becomes of it decides whether others may follow.
    pub(super) fn is_trying(&self, slot: Slot) -> bool {
        slot == Slot::Cold && self.new_chats.is_on_trial() && self.pacer.in_flight_of(slot) > 0
    }

    /// While nobody new may be written to, a message goes only to who has written since this moment.
    pub(super) fn only_if_heard_since(&self, now: Now) -> Option<jiff::Timestamp> {
        self.new_chats.held(now)?;
        Some(now.wall.checked_sub(REPLY_OPEN_FOR).unwrap_or(now.wall))
    }

    /// Charges a message that is about to be journalled.
    pub(super) fn charge(&mut self, slot: Slot, now: Now) {
        self.pacer.charge(slot, now);
        self.new_chats.charge(now);
        self.is_noteworthy = true;
    }

    /// Holds the lane, or its cold slot; an existing hold only ever becomes longer.
    pub(super) fn hold_for(
        &mut self,
        trouble: Trouble,
        asked: Option<Duration>,
        settings: &Settings,
        now: Now,
    ) {
        let backed_off =
            (settings.hold_min * 2u32.pow(self.holds_in_row.min(10))).min(settings.hold_max);
        let wait = match trouble {
            Trouble::Restricted | Trouble::NewChatsUsedUp => {
                asked.unwrap_or(settings.restriction_hold)
            }
            Trouble::RateLimited => asked.unwrap_or(settings.hold_max).max(settings.hold_min),
            Trouble::ClockJumped | Trouble::OtherAccount => settings.hold_max,
            // Those two have their own pauses in `health`.
            Trouble::RepeatedFailures
            | Trouble::SuspectedDead
            | Trouble::Unreachable
            | Trouble::SessionNotReady
            | Trouble::Unauthorized => backed_off.max(asked.unwrap_or_default()),
        };
        let until = now.elapsed + wait;
        if trouble == Trouble::Restricted {
            self.is_noteworthy |= self.new_chats.restrict(wait, now);
            return;
        }
        match self.hold {
            Some(hold) if hold.until >= until || outranks(hold.trouble, trouble) => {}
            _ => {
                let before = self.hold.filter(|hold| hold.trouble == trouble);
                let since = before.map_or(Some(now.elapsed), |hold| hold.since);
                self.hold = Some(Hold {
                    trouble,
                    since,
                    until,
                });
                self.holds_in_row += 1;
                self.is_noteworthy = true;
            }
        }
        if matches!(
            trouble,
            Trouble::Unreachable | Trouble::SessionNotReady | Trouble::OtherAccount
        ) {
            self.interrupted();
            self.away_since.get_or_insert(now.elapsed);
        }
    }

    /// What was seen of the session before no longer holds: it was away, or is another one.
    pub(super) fn interrupted(&mut self) {
        self.steady_since = None;
    }

    /// What an observation shows beside readiness.
    pub(super) fn learn(
        &mut self,
        observation: &Observation,
        settings: &Settings,
        boot: BootId,
        now: Now,
    ) {
        if let Some(platform) = &observation.platform {
            self.on_platform(platform);
        }
        if observation.server_up_since.is_some() {
            self.server_up_since = observation.server_up_since;
        }
        if observation.readiness != Readiness::Working {
            return self.interrupted();
        }
        self.is_noteworthy |= self.new_chats.learn(&observation.allowance, settings, now);
        self.pacer.slow_down(self.new_chats.slowness());
        let keeping = match (observation.store_on, self.keeping) {
            (Some(false), _) => Keeping::Not,
            (Some(true), Keeping::Unknown | Keeping::Not) => Keeping::Since(now.stamp(boot)),
            (_, known) => known,
        };
        if keeping == Keeping::Not {
            self.steady_since = None;
        }
        self.is_noteworthy |= keeping != self.keeping;
        self.keeping = keeping;
    }

    /// Another session of the account has another message store.
    pub(super) fn move_to(&mut self, session: Session) {
        if self.session != session {
            self.session = session;
            self.keeping = Keeping::Unknown;
            self.interrupted();
        }
    }

    /// WORKING, as the same account, its server answering. Tells how long it was not.
    pub(super) fn is_well(&mut self, now: Now) -> Duration {
        if self.keeping != Keeping::Not {
            self.steady_since.get_or_insert(now.elapsed);
        }
        let away = self.away_since.take();
        away.map_or(Duration::ZERO, |since| now.elapsed.since(since))
    }

    pub(super) fn release(&mut self) {
        self.is_noteworthy |= self.hold.take().is_some();
    }

    /// What the passing of time brings.
    pub(super) fn passes(&mut self, settings: &Settings, now: Now) {
        self.is_noteworthy |= self.health.passes(settings, now);
    }

    /// Its session works. Where it has been restarted before, one message may try.
    pub(super) fn works_again(&mut self, now: Now) {
        if self.health.restart.works() {
            self.health.is_back(now);
            self.is_noteworthy = true;
        }
    }

    /// The clock on the wall was wrong when the lane was opened: what was read by it ends at another moment. A machine without a clock of its
    /// own begins every boot in this way.
    pub(super) fn place_anew(&mut self, now: Now) {
        let boot = self.boot;
        let placed = |(known, kept): &mut (Hold, LaneHold)| {
            let until = kept.ends(now, boot);
            let before = std::mem::replace(known, Hold { until, ..*known });
            (before, *known)
        };
        let [hold, restriction] = &mut self.read;
        if let Some((before, anew)) = hold.as_mut().map(placed)
            && self.hold == Some(before)
        {
            self.hold = Some(anew);
        }
        if let Some((before, anew)) = restriction.as_mut().map(placed) {
            self.new_chats.place_anew(before, anew);
        }
        self.is_noteworthy = true;
    }

    /// A success ends the lengthening of holds.
    pub(super) fn praise(&mut self, slot: Slot, now: Now) {
        self.holds_in_row = 0;
        if slot == Slot::Cold {
            self.is_noteworthy |= self.new_chats.accepted(now);
        }
    }

    pub(super) fn trusts(&self, kind: MessageKind) -> bool {
        self.trusted.kinds.contains(&kind)
    }

    /// The platform it runs on has honoured ids, if not lately.
    pub(super) fn has_trusted(&self, kind: MessageKind) -> bool {
        self.ever_trusted.contains(&kind)
    }

    /// An answer or an echo came back with exactly our id, or with another one. Tells when ids of this kind came to be trusted first.
    pub(super) fn learn_id(&mut self, kind: MessageKind, is_ours: bool) -> bool {
        self.ignored_in_row = if is_ours {
            0
        } else {
            self.ignored_in_row.saturating_add(1)
        };
        if !is_ours && self.ignored_in_row < IGNORED_MAX {
            return false;
        }
        let known = self.trusted.kinds.iter().position(|other| *other == kind);
        match (known, is_ours) {
            (None, true) => self.trusted.kinds.push(kind),
            (Some(index), false) => {
                self.trusted.kinds.swap_remove(index);
            }
            _ => return false,
        }
        self.is_noteworthy = true;
        let is_first = is_ours && !self.ever_trusted.contains(&kind);
        if is_first {
            self.ever_trusted.push(kind);
        }
        is_first
    }

    /// What was learnt about ids holds for one platform only.
    fn on_platform(&mut self, platform: &str) {
        if *self.trusted.platform != *platform {
            self.trusted = Trusted {
                platform: platform.into(),
                kinds: Vec::new(),
            };
            self.ever_trusted.clear();
            self.is_noteworthy = true;
        }
    }

    pub(super) fn note(&self, now: Now) -> LaneNote {
        // What was read stays on record as it is: a clock that is set right afterwards places it anew.
        let read = self.read;
        let kept = |hold: Hold| {
            let mut read = read.into_iter().flatten();
            let as_read = read.find_map(|(known, kept)| (known == hold).then_some(kept));
            as_read.unwrap_or_else(|| LaneHold {
                trouble: hold.trouble,
                until: now.wall_at(hold.until.max(now.elapsed)).unwrap_or(now.wall),
                told: now.stamp(self.boot),
            })
        };
        LaneNote {
            lane: self.id,
            epoch: self.epoch,
            day: Some(self.pacer.day(now)),
            warmth: self.pacer.warmth().clone(),
            hold: self.hold.map(kept),
            cold_hold: self.new_chats.restriction().map(kept),
            trusted: self.trusted.clone(),
            store_on: match self.keeping {
                Keeping::Since(since) => Some(StoreOn {
                    session: self.session.clone(),
                    since,
                }),
                Keeping::Unknown | Keeping::Not => None,
            },
            health: self.health.record(now),
        }
    }
}

/// A hold that an observation cannot lift is not replaced by one that it can.
fn outranks(held: Trouble, new: Trouble) -> bool {
    !lifts_by_itself(held) && lifts_by_itself(new)
}

/// Ends when the session is seen to work.
pub(super) fn lifts_by_itself(trouble: Trouble) -> bool {
    matches!(
        trouble,
        Trouble::Unreachable
            | Trouble::SessionNotReady
            | Trouble::Unauthorized
            | Trouble::OtherAccount
    )
}

pub(super) fn wait_between(now: Now, moment: jiff::Timestamp) -> Duration {
    Duration::try_from(moment.duration_since(now.wall)).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
