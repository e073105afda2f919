use std::time::Duration;

use super::super::testing::{World, account_of, id, plain, running, session, working};
use super::*;
use crate::campaign::{Definition, Sessions};
use crate::consent::Barred;
use crate::engine::{Input, Step};
use crate::gateway::Observation;
use crate::limits::{LaneLimits, Window};
use crate::store::{CampaignRecord, Lost};

const SECOND: Duration = Duration::from_secs(1);

fn waits_for(world: &World) -> WaitsFor {
    world.engine.waits_for(id(1), world.now).unwrap().1
}

/// So many seconds after the beginning.
fn wall(second: u32) -> Timestamp {
    let begins = World::new(LaneLimits::unpaced(1)).now.wall;
    begins.checked_add(second * SECOND).unwrap()
}

fn one_a_minute() -> LaneLimits {
    LaneLimits {
        windows: vec![Window {
            sends_max: 1,
            span: 60 * SECOND,
        }],
        ..LaneLimits::unpaced(1)
    }
}

fn becomes(world: &mut World, through: u32, readiness: Readiness) {
    world.leaves = |step| matches!(step, Step::Observe(_));
    world.tell(Input::Observed {
        session: session(through),
        observation: Observation {
            readiness,
            ..working(account_of(through))
        },
    });
    world.rests();
}

fn starting() -> Readiness {
    Readiness::NotReady("STARTING".into())
}

fn trouble(waits_for: &WaitsFor) -> Option<Trouble> {
    match waits_for {
        WaitsFor::Lane { trouble, .. } => Some(*trouble),
        _ => None,
    }
}

#[test]
fn a_campaign_says_for_its_operator_its_session_its_limit_and_its_lane_that_it_waits() {
    let mut world = World::new(one_a_minute());
    assert_eq!(world.engine.waits_for(id(1), world.now), None);
    world.leaves = |step| matches!(step, Step::Observe(_));
    world.add(running(1, plain("promo", 1), 3));
    world.rests();
    assert_eq!(waits_for(&world), WaitsFor::Session { status: None });
    becomes(&mut world, 1, starting());
    let status = Some(starting());
    assert_eq!(waits_for(&world), WaitsFor::Session { status });
    becomes(&mut world, 1, Readiness::Working);
    assert_eq!(world.sent.len(), 1);
    let (limit, until) = (Limit::Window, wall(60));
    assert_eq!(waits_for(&world), WaitsFor::Limit { limit, until });
    world.wait(10 * SECOND);
    becomes(&mut world, 1, starting());
    world.wait(SECOND);
    let hold = WaitsFor::Lane {
        trouble: Trouble::SessionNotReady,
        since: Some(wall(10)),
        until: wall(12),
    };
    assert_eq!(waits_for(&world), hold);
    let paused = CampaignRecord {
        state: CampaignState::Paused,
        ..running(2, plain("paused", 1), 1)
    };
    world.add(paused);
    let stands = world.engine.waits_for(id(2), world.now);
    let operator = (CampaignState::Paused, WaitsFor::Operator);
    assert_eq!(stands, Some(operator));
}

#[test]
fn one_that_is_to_start_later_waits_for_its_hours() {
    let mut world = World::new(LaneLimits::unpaced(1));
    let later = Definition {
        starts_at: Some(wall(500)),
        ..plain("promo", 1)
    };
    world.add(CampaignRecord {
        state: CampaignState::Scheduled,
        ..running(1, later, 1)
    });
    world.rests();
    let until = Some(wall(500));
    assert_eq!(waits_for(&world), WaitsFor::Hours { until });
}

#[test]
fn one_that_has_sent_all_waits_for_its_lane_only_while_something_is_in_doubt() {
    for in_doubt in [false, true] {
        let mut world = World::new(LaneLimits::unpaced(1));
        world.add(running(2, plain("other", 1), 1));
        let completed = CampaignRecord {
            state: CampaignState::Completed,
            ..running(1, plain("promo", 1), 0)
        };
        world.add(completed);
        world.rests();
        assert_eq!(waits_for(&world), WaitsFor::Nothing);
        becomes(&mut world, 1, starting());
        if in_doubt {
            world.engine.doubts.load_at(Elapsed::NEVER);
        }
        let wanted = in_doubt.then_some(Trouble::SessionNotReady);
        assert_eq!(trouble(&waits_for(&world)), wanted);
    }
}

#[test]
fn it_waits_for_a_hidden_opt_out_where_nobody_else_is_left() {
    let mut world = World::new(one_a_minute());
    world.lose([Lost::Barred(Barred::MayBeHidden)]);
    world.leaves = |step| matches!(step, Step::LidOf { .. });
    world.add(running(1, plain("promo", 1), 1));
    world.rests();
    assert_eq!(
        waits_for(&world),
        WaitsFor::Nothing,
        "it is being asked for"
    );
    let (lane, lid) = (crate::store::LaneId(1), None);
    world.tell(Input::LidOf { lane, lid });
    world.rests();
    assert_eq!(waits_for(&world), WaitsFor::HiddenOptOut);
    // By then it is asked again.
    world.wait(300 * SECOND);
    assert_eq!(waits_for(&world), WaitsFor::Nothing);
}

#[test]
fn a_pool_waits_for_whichever_of_its_accounts_can_send_first() {
    let mut world = World::new(one_a_minute());
    let pool = Definition {
        sessions: Sessions::new([session(1), session(2)]).unwrap(),
        ..plain("promo", 1)
    };
    world.leaves = |step| matches!(step, Step::Observe(_));
    world.add(running(1, pool, 9));
    becomes(&mut world, 1, Readiness::Working);
    assert_eq!(world.sent.len(), 1);
    world.wait(10 * SECOND);
    becomes(&mut world, 2, Readiness::Working);
    assert_eq!(world.sent.len(), 2);
    let limit = Limit::Window;
    let until = |second| WaitsFor::Limit {
        limit,
        until: wall(second),
    };
    assert_eq!(waits_for(&world), until(60));
    becomes(&mut world, 1, starting());
    assert_eq!(waits_for(&world), until(70), "before one in trouble");
    becomes(&mut world, 2, starting());
    let both = waits_for(&world);
    assert_eq!(trouble(&both), Some(Trouble::SessionNotReady), "{both:?}");
}
