//! What a new runner does to what it finds.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::tables::{AT_ONCE, Attempt, Lane, Tables};
use crate::clock::Stamp;
use crate::delivery::{DeliveryId, Happening, State, apply};
use crate::gateway::{Account, Session};
use crate::store::{Answer, LaneId, TakeOver};

/// A wait that is longer than this was written under a wrong clock.
const WAIT_MAX: Duration = Duration::from_secs(3_600);
/// Campaigns that came after a copy was made had numbers too: new ones leave so many out.
const CAMPAIGNS_LEFT_OUT: u32 = 1_024;
/// There is one key in all stores in memory, so that runs repeat themselves.
const MESSAGE_KEY: [u8; 16] = *b"memory-store-key";

impl Tables {
    pub(super) fn take_over(&mut self, now: Stamp) -> TakeOver {
        for lane in self.lanes.values_mut() {
            lane.epoch.0 += 1;
        }
        let is_restored = std::mem::take(&mut self.is_restored);
        if is_restored {
            // Whoever opted out may have been told so in the time that is lost, and is not told twice.
            self.people.confirm_nobody();
            for (command, answer) in self.commands.values_mut() {
                if answer.is_none() && command.sends_again() {
                    *answer = Some(Answer::may_have_been_done());
                }
            }
        }
        for attempt in &mut self.attempts {
            if attempt.over().is_none() {
                attempt.taken_over = Some(now);
            }
        }
        let orphans: Vec<DeliveryId> = self
            .chats
            .values()
            .filter(|id| self.state_of(**id) == Some(State::Sending))
            .copied()
            .collect();
        for id in &orphans {
            self.move_by(*id, Happening::OwnerDied, now);
        }
        let all: Vec<DeliveryId> = self.deliveries.keys().copied().collect();
        for id in all {
            if is_restored {
                self.move_by(id, Happening::Restored, now);
            }
            self.index_attempt(id);
        }
        self.cut_waits(now.wall);
        self.latest = Some(now);
        TakeOver {
            orphaned: orphans.len() as u64,
            is_restored,
            ..self.found(now)
        }
    }

    /// What somebody finds who takes nothing over.
    pub(super) fn found(&self, now: Stamp) -> TakeOver {
        TakeOver {
            message_key: MESSAGE_KEY,
            orphaned: 0,
            is_restored: false,
            at: now,
            accounts: self.accounts(),
        }
    }

    /// The owner of a lane is dead, or has let go of it.
    pub(super) fn take_up(&mut self, id: LaneId, now: Stamp) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.epoch.0 += 1;
        }
        let open = |attempt: &&mut Attempt| attempt.lane == id && attempt.over().is_none();
        for attempt in self.attempts.iter_mut().filter(open) {
            attempt.taken_over = Some(now);
        }
        let chats = self.chats.iter().filter(|((lane, _), _)| *lane == id);
        let open: Vec<DeliveryId> = chats.map(|(_, delivery)| *delivery).collect();
        for delivery in open {
            self.move_by(delivery, Happening::OwnerDied, now);
            self.index_attempt(delivery);
        }
    }

    /// Of several that were opened through one session, the last to send.
    pub(super) fn accounts(&self) -> BTreeMap<Session, Account> {
        let mut lanes: Vec<_> = self.lanes.iter().collect();
        lanes.sort_by_key(|(id, lane)| (lane.attempts.last().copied(), **id));
        let of = |(_, lane): (_, &Lane)| (lane.session.clone(), lane.account);
        lanes.into_iter().map(of).collect()
    }

    /// For campaigns and generations that came after the copy was made.
    pub(super) fn leave_numbers_out(&mut self) {
        for campaign in self.campaigns.values_mut() {
            let newest = campaign.recipients.iter().map(|it| it.newest.generation());
            let known = newest.fold(campaign.first_generation, u8::max);
            campaign.first_generation = known.saturating_add(DeliveryId::GENERATIONS_LEFT_OUT);
        }
        let last = self.campaigns.last_key_value();
        let last = last.map_or(0, |(last, _)| last.number());
        self.campaigns_left_out = last.max(self.campaigns_left_out) + CAMPAIGNS_LEFT_OUT;
    }

    pub(super) fn cut_waits(&mut self, now: Timestamp) {
        let Ok(latest) = now.checked_add(WAIT_MAX) else {
            return;
        };
        let waits: Vec<_> = self.waiting.iter().copied().collect();
        for (_, _, id) in waits.into_iter().filter(|(_, due, _)| *due > latest) {
            self.no_longer_ready(id);
            self.make_ready(id, AT_ONCE);
        }
        let looks: Vec<_> = self.looks_due.iter().copied().collect();
        for (_, id) in looks.into_iter().filter(|(due, _)| *due > latest) {
            self.look_at(id, Some(AT_ONCE));
        }
    }

    /// Moves a delivery of the store's own accord, where the move is legal.
    pub(super) fn move_by(&mut self, id: DeliveryId, happening: Happening, at: Stamp) {
        let Some(from) = self.standing_of(id) else {
            return;
        };
        let Ok(to) = apply(from, happening) else {
            return;
        };
        if happening == Happening::Restored
            && let Some(delivery) = self.deliveries.get_mut(&id)
        {
            delivery.lost_time = Some((self.latest.unwrap_or(at), at));
            delivery.attempts_before = self.attempts.len();
        }
        self.stand(id, to, AT_ONCE, None, at.wall);
    }
}
