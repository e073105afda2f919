//! P7: a message that may have been sent is not sent again before it is proved that it was not.

use std::collections::BTreeMap;

use campaign_core::delivery::DeliveryId;

use super::super::world::{Attempt, Fate, World};
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
    if earlier.is_forgotten {
        return true;
    }
    // One worker may put its batch together while another one is being told; the store lets it pass when that is on record.
    let since_then = match world.plan.workers {
        1 => attempt.journalled,
        _ => attempt.recorded,
    };
    let was_told = earlier.told.is_some_and(|at| at <= since_then);
    match earlier.fate {
        Fate::NotHandedOver(_) if was_told => return true,
        // The process that heard it knows better than any look-up; another one may never have learnt of it.
        Fate::Accepted | Fate::Refused if was_told && earlier.life == attempt.life => return false,
        _ => {}
    }
    // Waiting for its answer has ended when it was told, or with the process: not before it was received at any rate.
    // One that was frozen past its lease is told when nobody listens to it any more.
    let told = earlier
        .told
        .filter(|_| world.plan.workers == 1 || earlier.life == attempt.life);
    let since = told.unwrap_or(earlier.received);
    world.ledger.misses.iter().any(|miss| {
        miss.delivery == attempt.delivery
            && miss.is_complete
            && miss.at >= since + ABSENCE_HORIZON
            && miss.at <= attempt.journalled
    })
}
