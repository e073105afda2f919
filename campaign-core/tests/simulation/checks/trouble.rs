//! P6: a lane in trouble harms nobody. Nobody fails for what was wrong with an account or its server, and while WhatsApp forbids
//! writing to strangers, nothing goes to them.

use std::collections::{BTreeMap, BTreeSet};

use campaign_core::delivery::{DeliveryId, Reason, State};
use campaign_core::limits::Slot;
use campaign_core::retry::RetryPolicy;
use jiff::SignedDuration;

use super::super::world::{Attempt, Fate, RESTRICTION_HOLD, World};

pub(super) fn p6_a_lane_in_trouble_harms_nobody(world: &World) {
    nobody_fails_for_it(world, Fate::is_trouble);
    strangers_are_left_alone(world);
}

/// The same for a restriction.
pub(crate) fn p6_nobody_fails_for_a_restriction(world: &World) {
    nobody_fails_for_it(world, |fate| fate.is_trouble() || fate.is_restriction());
}

fn nobody_fails_for_it(world: &World, is_excused: fn(Fate) -> bool) {
    let attempts_max = u32::from(RetryPolicy::default().attempts_max);
    let mut excused: BTreeMap<DeliveryId, u32> = world.ledger.withheld.clone();
    let mut refused: BTreeSet<DeliveryId> = BTreeSet::new();
    for attempt in &world.ledger.attempts {
        // Where nobody lived to hear of it, it cannot be told from a message that may have been sent.
        if is_excused(attempt.fate) && attempt.told.is_some() {
            *excused.entry(attempt.delivery).or_default() += 1;
        }
        if attempt.fate == Fate::Refused {
            refused.insert(attempt.delivery);
        }
    }
    for mailing in &world.mailings {
        for row in world.report(mailing.id) {
            let standing = row.standing;
            if standing.state != State::Failed {
                continue;
            }
            let journalled = world.ledger.journals.get(&row.delivery);
            let tried = journalled.map_or(0, |(_, _, count)| *count);
            let excused = excused.get(&row.delivery).copied().unwrap_or(0);
            let is_earned = match standing.reason {
                Some(Reason::Exhausted) => tried - excused >= attempts_max,
                Some(Reason::Refused) => refused.contains(&row.delivery),
                Some(Reason::RefusedByWhatsapp | Reason::GivenUp) => true,
                _ => false,
            };
            assert!(
                is_earned,
                "P6: {:?} to {} failed ({:?}) after {tried} tries, {excused} of them for no fault of its own\n{}",
                row.delivery,
                row.phone,
                standing.reason,
                world.tail()
            );
        }
    }
}

/// From the moment at which the engine was told of a 463 to the end of the hold. What was durably on record before that moment is in flight.
fn strangers_are_left_alone(world: &World) {
    for restriction in &world.ledger.restrictions {
        let ends = restriction.told + RESTRICTION_HOLD;
        let ends = restriction.forgotten.map_or(ends, |died| died.min(ends));
        if world
            .ledger
            .restored
            .is_some_and(|at| at > restriction.told)
        {
            // The copy may know nothing of it.
            continue;
        }
        let within = world.ledger.attempts.iter().filter(|it| {
            it.account == restriction.account
                && it.journalled > restriction.told
                && it.received < ends
        });
        for attempt in within {
            let may_go = attempt.slot == Slot::Reply && has_written(world, attempt);
            assert!(
                may_go,
                "P6: {attempt:?} although {restriction:?}\n{}",
                world.tail()
            );
        }
    }
}

/// Within the last day, and it was on record.
fn has_written(world: &World, attempt: &Attempt) -> bool {
    let day = SignedDuration::from_hours(24) + SignedDuration::from_secs(60);
    world
        .ledger
        .letters
        .iter()
        .any(|(account, from, on_record, at)| {
            *account == attempt.account
                && *from == attempt.to
                && *on_record <= attempt.recorded
                && attempt.received_wall.duration_since(*at) <= day
        })
}
