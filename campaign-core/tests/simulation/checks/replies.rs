//! P10: what somebody waits for is sent within the gap of replies, one commit and the answers of the replies before it, whatever a
//! broadcast does meanwhile.

use std::time::Duration;

use campaign_core::limits::Slot;

use super::super::world::World;

/// Journal, outcome and the reading that may come between them: a commit takes 8 ms, a reading 30 ms, an answer 310 ms here.
const EACH: Duration = Duration::from_millis(400);
/// A campaign that is started is read, moved and loaded first.
const BEGINNING: Duration = Duration::from_millis(500);

/// In a world whose lanes are well, except for what befalls broadcasts.
pub(crate) fn p10_replies_first(world: &World) {
    for lane in 0..world.handsets.len() {
        let mut replies: Vec<_> = world
            .ledger
            .attempts
            .iter()
            .filter(|it| it.lane == lane && it.slot == Slot::Reply)
            .collect();
        replies.sort_by_key(|it| it.received);
        let each = world.plan.lanes[lane].limits.gap(Slot::Reply).max + EACH;
        let urgent = world.mailings.iter().enumerate();
        let urgent = urgent.filter(|(_, it)| it.lane == lane && it.slot == Slot::Reply);
        for (index, mailing) in urgent {
            let started = mailing.started.expect("it was started");
            // Those of other urgent campaigns that go out meanwhile take turns with it.
            let turns = replies.iter().filter(|it| it.received > started);
            let (mut before, mut own) = (0, 0);
            for reply in turns {
                before += 1;
                if reply.mailing != index {
                    continue;
                }
                own += 1;
                let by = started + BEGINNING + each * before;
                assert!(
                    reply.received <= by,
                    "P10: reply {own} came {:?} after the start, {:?} at most: {reply:?}\n{}",
                    reply.received.since(started),
                    by.since(started),
                    world.tail()
                );
            }
            assert_eq!(own, mailing.rows, "P10: all of them are sent");
        }
    }
}
