//! P7: a message that may have been sent is not sent again before it is proved that it was not.

use std::collections::BTreeMap;

use campaign_core::delivery::DeliveryId;

use super::super::world::{Attempt, Fate, World, recipient};
use super::ABSENCE_HORIZON;

pub(super) fn p7_only_what_is_safe_is_repeated(world: &World) {
    let mut last: BTreeMap<DeliveryId, &Attempt> = BTreeMap::new();
    for attempt in &world.ledger.attempts {
        if let Some(earlier) = last.insert(attempt.delivery, attempt) {
            assert!(
                may_follow(world, earlier, attempt),
                "P7: {attempt:#?} repeats {earlier:#?}\n{}",
                world.tail()
            );
        }
    }
}

/// It was told that the first one was not handed over, or it had looked for it long enough and found others, but not this one.
fn may_follow(world: &World, earlier: &Attempt, attempt: &Attempt) -> bool {
    if earlier.is_forgotten || was_asked_for_anew(world, earlier, attempt) {
        return true;
    }
    let was_told = earlier.told.is_some_and(|at| at <= attempt.journalled);
    match earlier.fate {
        Fate::NotHandedOver(_) if was_told => return true,
        // The process that heard it knows better than any look-up; another one may never have learnt of it.
        Fate::Accepted | Fate::Refused if was_told && earlier.life == attempt.life => return false,
        _ => {}
    }
    // Waiting for its answer has ended when it was told, or with the process: not before it was received at any rate.
    let since = earlier.told.unwrap_or(earlier.received);
    world.ledger.misses.iter().any(|miss| {
        miss.delivery == attempt.delivery
            && miss.is_complete
            && miss.at >= since + ABSENCE_HORIZON
            && miss.at <= attempt.journalled
    })
}

/// The operator had it sent again, and once more when an older copy had been put in place that knows nothing of the first time: the new
/// generation has the number of the one that is lost.
fn was_asked_for_anew(world: &World, earlier: &Attempt, attempt: &Attempt) -> bool {
    let whose = recipient(attempt.delivery);
    let asked = world.ledger.asked_again.get(&whose).copied().unwrap_or(0);
    let between = |at| earlier.recorded < at && at < attempt.recorded;
    attempt.delivery != whose && asked > 1 && world.ledger.restored.is_some_and(between)
}
