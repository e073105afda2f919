//! P3 above the accounts: no window of a campaign, a tenant, a server or the installation beyond its limit, whatever accounts send.

use super::super::world::{Attempt, World};
use super::pace::{misled, windows_hold};

pub(super) fn p3_never_too_fast_together(world: &World) {
    let since = world
        .ledger
        .restored()
        .max(misled(world))
        .unwrap_or_default();
    for shared in &world.plan.shared {
        let attempts = world.ledger.attempts.iter();
        let sent: Vec<&Attempt> = attempts
            .filter(|it| it.received >= since && world.counts_in(&shared.whose, it.mailing))
            .collect();
        windows_hold(world, &sent, &shared.as_of_lane());
    }
}
