//! Whose turn it is among the campaigns of one session and slot.
//!
//! Within a priority each campaign has a pass, and whoever has the lowest is next; a turn raises it by so much more as the campaign weighs less.
//! A newcomer begins one turn behind the pass of the last turn: it can neither catch up on turns that it was not there for, nor be overtaken
//! for ever. A higher priority goes first, and of [`TURNS`] turns gives one to the next lower one that has something to send, which does the
//! same with what is below it.

use std::collections::{BTreeMap, BTreeSet};

use crate::campaign::{Priority, Share, Weight};
use crate::delivery::CampaignId;

/// Of so many turns one goes to the next lower priority.
const TURNS: u32 = 10;
/// How far a turn raises the pass of a campaign that weighs 1. So fine that rounding takes no hundredth of a percent from anybody.
const STRIDE: u64 = 1 << 20;

/// Who is lower comes first. Of equal passes the one that came first.
type Place = (u64, u64, CampaignId);

/// The campaigns of one session and slot.
#[derive(Debug, Default)]
pub(super) struct Turns {
    classes: BTreeMap<Priority, Class>,
    known: BTreeMap<CampaignId, Standing>,
    arrivals: u64,
}

/// Those of one priority.
#[derive(Debug, Default)]
struct Class {
    queue: BTreeSet<Place>,
    /// The pass of whoever had the last turn, as it was then.
    pass: u64,
    /// Turns since the last one that it gave to a lower one, while a lower one was waiting.
    turns: u32,
}

/// Kept while a campaign has nothing to send: whoever comes back has had the turns that it had.
#[derive(Debug, Clone, Copy)]
struct Standing {
    share: Share,
    pass: u64,
    arrival: u64,
    is_waiting: bool,
}

fn stride(weight: Weight) -> u64 {
    STRIDE / u64::from(weight.get())
}

impl Turns {
    /// It has something to send, with this share. Tells whether that is news.
    pub(super) fn join(&mut self, id: CampaignId, share: Share) -> bool {
        let before = self.known.get(&id).copied();
        if before.is_some_and(|before| before.is_waiting && before.share == share) {
            return false;
        }
        self.leave(id);
        let class = self.classes.entry(share.priority).or_default();
        self.arrivals += 1;
        let known = before.filter(|before| before.share.priority == share.priority);
        let pass = match known {
            Some(before) => before.pass.max(class.pass),
            None => class.pass + stride(share.weight),
        };
        class.queue.insert((pass, self.arrivals, id));
        let standing = Standing {
            share,
            pass,
            arrival: self.arrivals,
            is_waiting: true,
        };
        self.known.insert(id, standing);
        true
    }

    /// It has nothing to send at present.
    pub(super) fn leave(&mut self, id: CampaignId) {
        let Some(standing) = self.known.get_mut(&id).filter(|it| it.is_waiting) else {
            return;
        };
        standing.is_waiting = false;
        let place = (standing.pass, standing.arrival, id);
        if let Some(class) = self.classes.get_mut(&standing.share.priority) {
            class.queue.remove(&place);
        }
    }

    /// It is not worked on any more.
    pub(super) fn forget(&mut self, id: CampaignId) {
        self.leave(id);
        self.known.remove(&id);
    }

    /// Nobody is known here.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Who is next.
    pub(super) fn next(&self) -> Option<CampaignId> {
        let mut classes = self.waiting().peekable();
        while let Some((_, class)) = classes.next() {
            let gives_way = class.turns + 1 >= TURNS && classes.peek().is_some();
            if !gives_way {
                return class.queue.first().map(|(_, _, id)| *id);
            }
        }
        None
    }

    /// It has had its turn.
    pub(super) fn had(&mut self, id: CampaignId) {
        let Some(standing) = self.known.get(&id).copied() else {
            return;
        };
        let priority = standing.share.priority;
        let is_below = |other: &Priority| *other < priority;
        let others: Vec<Priority> = self.waiting().map(|(other, _)| other).collect();
        let gives_way = others.iter().any(is_below);
        for (other, class) in &mut self.classes {
            if *other > priority && others.contains(other) {
                class.turns = 0;
            }
        }
        if let Some(class) = self.classes.get_mut(&priority) {
            class.pass = class.pass.max(standing.pass);
            class.turns += u32::from(gives_way);
        }
        self.raise(id, |pass| {
            pass.saturating_add(stride(standing.share.weight))
        });
    }

    /// Its turn came to nothing.
    pub(super) fn give_back(&mut self, id: CampaignId) {
        if let Some(standing) = self.known.get(&id).copied() {
            self.raise(id, |pass| {
                pass.saturating_sub(stride(standing.share.weight))
            });
        }
    }

    fn raise(&mut self, id: CampaignId, to: impl Fn(u64) -> u64) {
        let Some(standing) = self.known.get_mut(&id) else {
            return;
        };
        let place = (standing.pass, standing.arrival, id);
        self.arrivals += 1;
        standing.pass = to(standing.pass);
        standing.arrival = self.arrivals;
        let after = (standing.pass, standing.arrival, id);
        if let Some(class) = self.classes.get_mut(&standing.share.priority)
            && class.queue.remove(&place)
        {
            class.queue.insert(after);
        }
    }

    /// The priorities in which somebody waits, the highest first.
    fn waiting(&self) -> impl Iterator<Item = (Priority, &Class)> {
        let classes = self.classes.iter().rev();
        let waiting = classes.filter(|(_, class)| !class.queue.is_empty());
        waiting.map(|(priority, class)| (*priority, class))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> CampaignId {
        CampaignId::new(number).unwrap()
    }

    fn share(priority: Priority, weight: u8) -> Share {
        Share {
            priority,
            weight: Weight::new(weight).unwrap(),
        }
    }

    /// How many of so many turns each had who always has something to send.
    fn taken(turns: &mut Turns, count: u32) -> BTreeMap<u32, u32> {
        let mut taken = BTreeMap::new();
        for _ in 0..count {
            let next = turns.next().unwrap();
            turns.had(next);
            *taken.entry(next.number()).or_default() += 1;
        }
        taken
    }

    #[test]
    fn turns_are_shared_in_proportion_to_the_weights() {
        let mut turns = Turns::default();
        for (number, weight) in [(1, 3), (2, 1), (3, 100), (4, 7)] {
            turns.join(id(number), share(Priority::Normal, weight));
        }
        let taken = taken(&mut turns, 111 * 10);
        for (number, weight) in [(1, 3), (2, 1), (3, 100), (4, 7u32)] {
            let wanted = weight * 10;
            assert!(taken[&number].abs_diff(wanted) <= 1, "{taken:?}");
        }
    }

    #[test]
    fn equals_take_turns_in_the_order_in_which_they_came() {
        let mut turns = Turns::default();
        for number in [5, 2, 9] {
            turns.join(id(number), Share::default());
        }
        let order: Vec<u32> = (0..6)
            .map(|_| {
                let next = turns.next().unwrap();
                turns.had(next);
                next.number()
            })
            .collect();
        assert_eq!(order, [5, 2, 9, 5, 2, 9]);
    }

    #[test]
    fn a_newcomer_neither_catches_up_nor_starves() {
        let mut turns = Turns::default();
        turns.join(id(1), Share::default());
        taken(&mut turns, 1_000);
        turns.join(id(2), Share::default());
        assert_eq!(taken(&mut turns, 100), [(1, 50), (2, 50)].into());
        // One that was away for long is no better off.
        turns.leave(id(2));
        taken(&mut turns, 1_000);
        turns.join(id(2), Share::default());
        assert!(taken(&mut turns, 100)[&2] <= 51);
    }

    #[test]
    fn a_stream_of_newcomers_starves_nobody() {
        let mut turns = Turns::default();
        turns.join(id(1), Share::default());
        let mut own = 0;
        let mut number = 1;
        for _ in 0..1_000 {
            let next = turns.next().unwrap();
            turns.had(next);
            own += u32::from(next == id(1));
            if next == id(1) && number > 1 {
                continue;
            }
            if next != id(1) {
                turns.forget(next);
            }
            number += 1;
            turns.join(id(number), share(Priority::Normal, 4));
        }
        assert!((190..=260).contains(&own), "{own}");
    }

    #[test]
    fn leaving_after_every_turn_brings_nobody_more() {
        let mut turns = Turns::default();
        turns.join(id(1), Share::default());
        let mut taken = [0, 0];
        for _ in 0..100 {
            turns.join(id(2), Share::default());
            let next = turns.next().unwrap();
            turns.had(next);
            taken[usize::from(next == id(2))] += 1;
            turns.leave(id(2));
        }
        assert_eq!(taken, [50, 50]);
    }

    #[test]
    fn a_higher_priority_gives_every_tenth_turn_to_the_next_lower_one() {
        let mut turns = Turns::default();
        for (number, priority) in [
            (1, Priority::High),
            (2, Priority::Normal),
            (3, Priority::Low),
        ] {
            turns.join(id(number), share(priority, 1));
        }
        let shares = taken(&mut turns, 1_000);
        assert_eq!(shares, [(1, 900), (2, 90), (3, 10)].into());
        // What nobody above wants goes on undiminished.
        turns.leave(id(1));
        assert_eq!(taken(&mut turns, 100), [(2, 90), (3, 10)].into());
        turns.leave(id(2));
        assert_eq!(taken(&mut turns, 10), [(3, 10)].into());
    }

    #[test]
    fn a_turn_that_came_to_nothing_is_had_again() {
        let mut turns = Turns::default();
        turns.join(id(1), Share::default());
        turns.join(id(2), Share::default());
        let first = turns.next().unwrap();
        turns.had(first);
        turns.give_back(first);
        turns.had(turns.next().unwrap());
        assert_eq!(turns.next(), Some(first));
    }

    #[test]
    fn another_share_holds_from_the_next_turn_on() {
        let mut turns = Turns::default();
        turns.join(id(1), Share::default());
        turns.join(id(2), Share::default());
        taken(&mut turns, 500);
        turns.join(id(1), share(Priority::Normal, 4));
        assert_eq!(taken(&mut turns, 100), [(1, 80), (2, 20)].into());
        turns.join(id(2), share(Priority::High, 1));
        assert_eq!(taken(&mut turns, 100), [(1, 10), (2, 90)].into());
        turns.forget(id(1));
        assert!(!turns.is_empty());
        turns.forget(id(2));
        assert!(turns.is_empty() && turns.next().is_none());
    }

    #[test]
    fn turns_that_nobody_lower_was_there_for_are_given_to_nobody() {
        let mut turns = Turns::default();
        turns.join(id(1), share(Priority::High, 1));
        taken(&mut turns, 25);
        turns.join(id(2), share(Priority::Low, 1));
        assert_eq!(taken(&mut turns, 9), [(1, 9)].into());
        assert_eq!(taken(&mut turns, 1), [(2, 1)].into());
    }
}
