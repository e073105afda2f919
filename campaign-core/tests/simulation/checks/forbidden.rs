//! P5: nothing to whom it must not, as things stand when the journal becomes durable.

use super::super::world::World;

pub(super) fn p5_never_to_whom_it_must_not(world: &World) {
    for (phone, since) in &world.ledger.suppressed {
        let attempts = world.ledger.attempts.iter();
        let mut sent = attempts.filter(|it| it.to == *phone && it.recorded > *since);
        let first = sent.next();
        assert!(
            first.is_none(),
            "P5: to a number that is suppressed since {since:?}: {first:?}\n{}",
            world.tail()
        );
    }
}
