use super::super::testing::{World, account_of, id, plain, running};
use crate::delivery::State;
use crate::gateway::Readiness;
use crate::limits::LaneLimits;
use crate::store::{CampaignRecord, Change, Counts};

/// Whether all doubts of its campaign were looked up at once since this was asked last.
fn looks_now(world: &mut World) -> bool {
    world.rests();
    let look = Change::LookNow { campaign: id(1) };
    let looks = world.kept().any(|change| *change == look);
    world.batches.clear();
    looks
}

#[test]
fn what_was_left_to_a_person_is_looked_up_when_its_account_comes_or_comes_back() {
    for (doubts, looks) in [(0, false), (1, true)] {
        let mut world = World::new(LaneLimits::unpaced(1));
        world.add(CampaignRecord {
            counts: Counts([((State::Unconfirmed, None), doubts)].into()),
            ..running(1, plain("promo", 1), 0)
        });
        assert_eq!(looks_now(&mut world), looks, "{doubts} doubts");
        // The session is somebody else's for a moment.
        world.is_told(1, Readiness::Working, Some(account_of(2)));
        assert!(looks_now(&mut world), "whatever was counted before");
    }
}
