use std::sync::Arc;
use std::time::Duration;

use super::super::testing::{World, delivery, id, running, urgent};
use super::super::{Step, WaitsFor};
use super::*;
use crate::campaign::CampaignState;
use crate::delivery::{CampaignId, DeliveryId};
use crate::gateway::Session;
use crate::limits::LaneLimits;
use crate::message::MessageTemplate;
use crate::store::CampaignRecord;

fn by_recipient(hours: &str, definition: Definition) -> Definition {
    Definition {
        hours: Some(Hours::parse(hours, Zone::default()).unwrap()),
        hours_by: HoursBy::Recipient {
            column: Some("zona".into()),
        },
        ..definition
    }
}

#[test]
fn hours_follow_the_recipients_clock_through_the_change_to_summer_time() {
    let message = MessageTemplate::text("Halo").unwrap();
    let definition = Definition::new("tagihan", Session::new("default"), message);
    let definition = by_recipient("09:00-20:00", definition);
    let mut clocks = Clocks::of(&definition, &["nama".into(), "zona".into()]);
    let ready = |zone: &str| Ready {
        delivery: DeliveryId::new(CampaignId::MAX, 0).unwrap(),
        phone: "+6281234567890".parse().unwrap(),
        account: None,
        attempts: 0,
        values: ["Budi".into(), zone.into()].into(),
        is_on_whatsapp: None,
    };
    const HOURS: u64 = 3_600;
    // London goes from UTC to an hour ahead of it in the night to 29 March 2026. Whose zone, when, whether they are open, and for how many
    // seconds that is so.
    let rows = [
        ("Europe/London", "2026-03-28T08:30:00Z", false, HOURS / 2),
        (
            "Europe/London",
            "2026-03-28T09:00:00Z",
            true,
            11 * HOURS - 1,
        ),
        (
            "Europe/London",
            "2026-03-29T08:00:00Z",
            true,
            11 * HOURS - 1,
        ),
        ("Europe/London", "2026-03-28T19:30:00Z", true, HOURS / 2 - 1),
        (
            "Europe/London",
            "2026-03-29T19:30:00Z",
            false,
            12 * HOURS + HOURS / 2,
        ),
        ("WIB", "2026-03-29T02:00:00Z", true, 11 * HOURS - 1),
        ("WIT", "2026-03-29T00:00:00Z", true, 11 * HOURS - 1),
        ("", "2026-03-29T01:59:00Z", false, 60),
        // Nothing is begun in the last second.
        ("WIB", "2026-03-29T12:59:58Z", true, 1),
        ("WIB", "2026-03-29T12:59:59Z", false, 1),
        ("WIB", "2026-03-29T13:00:00Z", false, 13 * HOURS),
    ];
    for (zone, wall, wanted, lasts) in rows {
        let now = Now {
            elapsed: Elapsed::from_micros(5_000_000),
            wall: wall.parse().unwrap(),
        };
        let (is_open, until) = match clocks.door(&ready(zone), now).unwrap() {
            Door::Open(until) => (true, until),
            Door::Closed(until) => (false, until),
        };
        assert_eq!(is_open, wanted, "{zone} {wall}");
        let ends = now.elapsed + Duration::from_secs(lasts);
        assert_eq!(until, Some(ends), "{zone} {wall}");
    }
    let now = Now {
        elapsed: Elapsed::default(),
        wall: "2026-03-29T02:00:00Z".parse().unwrap(),
    };
    assert!(clocks.door(&ready("Papua"), now).is_err());
}

fn campaign(number: u32, hours: &str, people: u32) -> CampaignRecord {
    CampaignRecord {
        columns: Arc::new(["zona".into()]),
        ..running(number, by_recipient(hours, urgent("codes", 1)), people)
    }
}

/// It is 08:00 in Jakarta, and these are the recipients' zones.
fn world(hours: &str, zones: &[&str]) -> World {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.add(campaign(1, hours, zones.len() as u32));
    for (ordinal, zone) in (0..).zip(zones) {
        world.row(delivery(1, ordinal)).values = [(*zone).into()].into();
    }
    world
}

fn waits_until(world: &World) -> Option<String> {
    let (state, waits) = world.engine.waits_for(id(1), world.now).unwrap();
    assert_eq!(state, CampaignState::Running);
    match waits {
        WaitsFor::Hours { until } => until.map(|moment| moment.to_string()),
        WaitsFor::Nothing => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_campaign_waits_for_the_first_of_those_whose_hours_are_closed() {
    for zones in [["WIB", "WITA"], ["WITA", "WIB"]] {
        let mut world = world("09:30-17:00", &zones);
        world.until(1);
        assert_eq!(waits_until(&world).as_deref(), Some("2026-11-21T01:30:00Z"));
        world.until(1_799);
        assert_eq!(world.sent.len(), 0);
        world.until(1_800);
        assert_eq!(world.sent.len(), 1);
        assert_eq!(waits_until(&world), None, "{zones:?}");
        world.until(5_400);
        assert_eq!((world.sent.len(), waits_until(&world)), (2, None));
    }
}

#[test]
fn while_somebody_may_be_written_to_nobody_waits_for_hours() {
    let mut world = world("07:30-09:30", &["WIB", "WIT", "WIB"]);
    world.leaves = |step| matches!(step, Step::Send(_));
    world.until(1);
    assert_eq!(world.sent.len(), 1);
    assert_eq!(waits_until(&world), None);
}

#[test]
fn what_is_closed_in_the_last_second_waits_for_the_next_day() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.add_idle(campaign(1, "07:00-09:00", 1));
    world.until(3_599);
    world.add(campaign(2, "07:00-09:00", 1));
    world.until(3_599);
    assert_eq!(world.sent.len(), 0);
    let waits = |world: &World| world.engine.waits_for(id(2), world.now).unwrap().1;
    let hours = |until: &str| WaitsFor::Hours {
        until: Some(until.parse().unwrap()),
    };
    assert_eq!(waits(&world), hours("2026-11-21T02:00:00Z"));
    world.until(3_600);
    assert_eq!(waits(&world), hours("2026-11-22T00:00:00Z"));
    world.until(23 * 3_600);
    assert_eq!(world.sent, [id(2)]);
}
