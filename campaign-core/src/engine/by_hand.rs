//! What a person sends from an account: on record first, so that it counts once and in every process, then in the lane's limits.

use super::Engine;
use crate::clock::Now;
use crate::gateway::Account;
use crate::limits::SentByHand;
use crate::store::{ByHand, Change};

/// Messages of accounts whose lane is not open yet.
const PARKED_MAX: usize = 1_024;

impl Engine {
    pub(super) fn sent_by_hand(&mut self, sent: ByHand) {
        match self.lanes.of_account(sent.account) {
            Some(lane) if lane.pacer.limits().counts_by_hand => {
                self.changes.push(Change::ByHand(sent));
            }
            Some(_) => {}
            // A lane that is being read now may have been read before this, and would not know of it.
            None if self.early_by_hand.len() < PARKED_MAX => self.early_by_hand.push(sent),
            None => {}
        }
    }

    /// The lane of an account is open now.
    pub(super) fn lane_counts_by_hand(&mut self, account: Account) {
        let (of_it, others) = std::mem::take(&mut self.early_by_hand)
            .into_iter()
            .partition(|sent| sent.account == account);
        self.early_by_hand = others;
        let of_it: Vec<ByHand> = of_it;
        for sent in of_it {
            self.sent_by_hand(sent);
        }
    }

    /// It is on record, and was not before.
    pub(super) fn counted(&mut self, account: Account, sent: SentByHand, now: Now) {
        if let Some(lane) = self.lanes.of_account_mut(account) {
            lane.pacer.sent_by_hand(sent, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Input;
    use crate::engine::testing::{World, account_of, session, single};
    use crate::gateway::Notice;
    use crate::limits::LaneLimits;
    use crate::phone::PhoneNumber;

    /// One whose accounts count, or do not count, what people send by hand.
    fn world(counts_by_hand: bool) -> World {
        World::new(LaneLimits {
            counts_by_hand,
            ..LaneLimits::unpaced(1)
        })
    }

    /// Somebody types a message on the phone of the account of this session.
    fn types(world: &mut World, of: u32, message_id: &str) {
        let notice = Notice::ByHand {
            session: session(of),
            account: account_of(of),
            to: PhoneNumber::FICTITIOUS,
            at: world.now.wall,
            message_id: message_id.into(),
        };
        world.tell(Input::Noticed(notice));
    }

    /// The first message goes through this session, so that its lane is open; then all that is left to do is done.
    fn opens(world: &mut World, through: u32) {
        world.add(single(through, through, None));
        world.rests();
    }

    fn on_record(world: &World) -> Vec<&str> {
        let by_hand = world.kept().filter_map(|change| match change {
            Change::ByHand(sent) => Some(&*sent.message_id),
            _ => None,
        });
        by_hand.collect()
    }

    #[test]
    fn what_was_typed_before_a_lane_is_open_goes_on_record_when_it_is() {
        let mut world = world(true);
        for (of, message_id) in [(1, "A"), (2, "B"), (1, "C")] {
            types(&mut world, of, message_id);
        }
        world.rests();
        assert!(on_record(&world).is_empty(), "nobody knows its limits yet");
        opens(&mut world, 1);
        assert_eq!(on_record(&world), ["A", "C"]);
        opens(&mut world, 2);
        assert_eq!(on_record(&world), ["A", "C", "B"]);
        types(&mut world, 1, "D");
        world.rests();
        assert_eq!(on_record(&world), ["A", "C", "B", "D"]);
    }

    #[test]
    fn an_account_that_does_not_count_it_has_none_of_it_on_record() {
        let mut world = world(false);
        types(&mut world, 1, "A");
        opens(&mut world, 1);
        types(&mut world, 1, "B");
        world.rests();
        assert!(on_record(&world).is_empty());
    }

    #[test]
    fn no_more_waits_for_lanes_to_open_than_fits() {
        let mut world = world(true);
        for number in 0..PARKED_MAX + 2 {
            types(&mut world, 1, &number.to_string());
        }
        opens(&mut world, 1);
        let first: Vec<String> = (0..PARKED_MAX).map(|number| number.to_string()).collect();
        assert_eq!(on_record(&world), first);
    }
}
