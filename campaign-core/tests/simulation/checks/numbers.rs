//! Who is not on WhatsApp is skipped, and asking after them is no faster than writing to them. Where only that is asked, everybody is.

use campaign_core::campaign::NumberCheck;
use campaign_core::clock::Elapsed;
use campaign_core::delivery::{Reason, State};
use campaign_core::gateway::NumberStatus;
use campaign_core::phone::PhoneNumber;

use super::super::world::World;
use super::pace::sorted;

/// In a world of one campaign, which is the only kind that asks.
pub(super) fn checked_at_the_lanes_pace(world: &World) {
    let campaign = &world.plan.campaigns[0];
    let is_all = campaign.check == NumberCheck::Only;
    let asks = matches!(campaign.check, NumberCheck::Only | NumberCheck::New);
    if !asks {
        return;
    }
    for row in &world.report(world.mailings[0].id) {
        if is_all {
            let expected = match world.is_absent(row.phone) {
                true => Reason::NotOnWhatsapp,
                false => Reason::OnWhatsapp,
            };
            let reason = row.standing.reason;
            let is_told = [Some(expected), Some(Reason::NotKnown)].contains(&reason);
            assert!(is_told && row.standing.state == State::Skipped, "{row:?}");
            continue;
        }
        let is_skipped = row.standing.reason == Some(Reason::NotOnWhatsapp);
        let has_ended = row.standing.state != State::Cancelled
            && row.standing.reason != Some(Reason::Suppressed)
            && row.standing.reason != Some(Reason::Expired);
        if has_ended {
            assert_eq!(is_skipped, world.is_absent(row.phone), "{row:?}");
        }
    }
    if world.plan.crashes > 0 {
        // Questions are not journalled: a runner that begins knows of none.
        return;
    }
    let uses_up = |(_, at, status): &(PhoneNumber, Elapsed, NumberStatus)| {
        let is_used = match status {
            NumberStatus::NotOnWhatsapp => true,
            NumberStatus::OnWhatsapp => is_all,
            NumberStatus::Unknown => false,
        };
        is_used.then_some(*at)
    };
    let checks = &world.ledger.checks;
    let used = sorted(checks.iter().filter_map(uses_up));
    let asked = sorted(checks.iter().map(|(_, at, _)| *at));
    for at in used {
        let next = asked.iter().find(|other| **other > at);
        if let Some(next) = next {
            let gap = next.since(at);
            let min = world.plan.lanes[0].limits.gap.min;
            assert!(gap >= min, "asked again after {gap:?}\n{}", world.tail());
        }
    }
}
