//! Sending hours by the clock of each recipient, and messages that are late, through the driver and a store.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::time::Duration;

use campaign_core::campaign::{CampaignState, Definition, HoursBy};
use campaign_core::clock::{Elapsed, Now};
use campaign_core::delivery::{CampaignId, DeliveryId, Reason, State};
use campaign_core::forecast::{Outlook, forecast};
use campaign_core::limits::{CatchUp, Hours, HoursPreset, LaneLimits, OwnCalendar, Zone};
use campaign_core::store::{Command, NewRecipient, Store};
use campaign_core::testing::{Hold, Play};
use paused::{Stage, definition, phone};

const MINUTE: Duration = Duration::from_secs(60);

/// Whose zone each row names; the stage begins on Monday, 5 January 2026, at 08:00 in Jakarta.
async fn campaign(stage: &Stage, definition: &Definition, zones: &[(u64, &str)]) -> CampaignId {
    let now = stage.clock.now();
    let columns = ["nama".into(), "zona".into()];
    let people = zones
        .iter()
        .map(|(n, zone)| NewRecipient::new(n + 2, phone(*n), ["Budi", *zone]))
        .collect();
    let created = stage.store.create(definition, &columns, now).await;
    let campaign = created.unwrap();
    stage.store.import(campaign, people, 0).await.unwrap();
    let at = now.stamp(stage.clock.boot());
    stage.store.freeze(campaign, at).await.unwrap();
    stage.asks(Command::Start { campaign }).await;
    campaign
}

fn by_recipient(hours: &str) -> Definition {
    Definition {
        hours: Some(Hours::parse(hours, Zone::default()).unwrap()),
        hours_by: HoursBy::Recipient {
            column: Some("zona".into()),
        },
        ..definition("tagihan")
    }
}

/// The first and the last arrival, in minutes since 08:00 in Jakarta, of those with these numbers.
fn arrived(stage: &Stage, numbers: impl Fn(u64) -> bool) -> Vec<f64> {
    let received = stage.gateway.received().into_iter();
    let mut minutes: Vec<f64> = received
        .filter(|it| numbers(it.to.digits() - 6_281_300_000_000))
        .map(|it| (it.at.elapsed.as_micros() - 3_600_000_000) as f64 / 60e6)
        .collect();
    minutes.sort_by(f64::total_cmp);
    minutes
}

#[tokio::test(start_paused = true)]
async fn two_zones_in_one_campaign_each_wait_for_their_own_hours_and_not_for_each_other() {
    let stage = Stage::new();
    // In Jayapura it is two hours later: open already. More wait than memory holds.
    let early = (0..40).map(|n| (n, "WIT"));
    let late = (100..3_000).map(|n| (n, "WIB"));
    let people: Vec<_> = late.chain(early).collect();
    let definition = by_recipient("Mon-Sun 09:00-20:00");
    campaign(&stage, &definition, &people).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE * 30).await;
    assert_eq!(arrived(&stage, |n| n < 40).len(), 40);
    assert!(arrived(&stage, |n| n >= 100).is_empty());
    let status = runner.handle.status().borrow().clone();
    let waits = serde_json::to_value(status.campaigns.values().next().unwrap()).unwrap();
    assert_eq!(waits["waits_for"], "hours");
    assert_eq!(waits["until"], "2026-01-05T02:00:00Z");
    stage.passes(MINUTE * 60).await;
    let late = arrived(&stage, |n| n >= 100);
    assert!(late[0] >= 60.0 && late[0] < 61.0, "{}", late[0]);
    assert!(late.len() > 300, "{}", late.len());
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_closes_stops_while_another_goes_on() {
    let stage = Stage::new();
    // 08:00 in Jakarta is 10:00 in Jayapura, which closes five minutes later.
    let zone = |n: u64| if n.is_multiple_of(2) { "WIT" } else { "WIB" };
    let people: Vec<_> = (0..400).map(|n| (n, zone(n))).collect();
    let definition = by_recipient("Mon-Sun 07:00-10:05");
    campaign(&stage, &definition, &people).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE * 20).await;
    let there = arrived(&stage, |n| n.is_multiple_of(2));
    assert!(there.len() > 20, "{}", there.len());
    assert!(*there.last().unwrap() < 5.0);
    assert_eq!(arrived(&stage, |n| !n.is_multiple_of(2)).len(), 200);
    let record = stage.store.campaign("tagihan").await.unwrap().unwrap();
    let left = 200 - there.len() as u64;
    assert_eq!(record.counts.of(State::Scheduled), left);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_names_no_zone_is_skipped_and_a_country_of_one_clock_speaks_for_itself() {
    let stage = Stage::new();
    let definition = by_recipient("Mon-Sun 07:00-20:00");
    let people = [(1, "Papua"), (2, ""), (3, "Asia/Kolkata")];
    let campaign = campaign(&stage, &definition, &people).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE * 10).await;
    let record = stage.store.campaign("tagihan").await.unwrap().unwrap();
    let skipped = record
        .counts
        .0
        .get(&(State::Skipped, Some(Reason::MissingVariable)));
    assert_eq!(skipped, Some(&1));
    assert_eq!(
        record.counts.of(State::Scheduled),
        1,
        "it is half past six in Kolkata"
    );
    let rows = stage
        .store
        .report(campaign_core::store::ReportQuery::of(campaign))
        .await
        .unwrap();
    let why = rows[0].message.as_deref().unwrap();
    assert!(why.contains("Papua"), "{why}");
    stage.passes(MINUTE * 25).await;
    let record = stage.store.campaign("tagihan").await.unwrap().unwrap();
    assert_eq!(record.counts.of(State::Scheduled), 0);
    runner.stops().await;
}

#[test]
fn holidays_sundays_and_summer_time_are_kept_until_the_last_message() {
    let hours = |text: &str| Hours::parse(text, Zone::default()).unwrap();
    let notices = HoursPreset::CollectionNotices.hours(Zone::default());
    let own = OwnCalendar::read("2026-01-05, Libur");
    // The hours, the moment asked at, and when the first message goes out.
    let rows = [
        // A Monday, 08:00 in Jakarta.
        (notices.clone(), "2026-01-05T01:00:00Z", "2026-01-05T01:00"),
        (
            notices.clone().with_own(&own),
            "2026-01-05T01:00:00Z",
            "2026-01-06T01:00",
        ),
        // A Sunday, and Independence Day, which is a Monday.
        (notices.clone(), "2026-01-04T01:00:00Z", "2026-01-05T01:00"),
        (notices, "2026-08-17T01:00:00Z", "2026-08-18T01:00"),
        // London goes to summer time in the night to 29 March 2026.
        (
            hours("09:00-20:00 Europe/London"),
            "2026-03-28T21:00:00Z",
            "2026-03-29T08:00",
        ),
        (
            hours("09:00-20:00 Europe/London"),
            "2026-03-27T21:00:00Z",
            "2026-03-28T09:00",
        ),
    ];
    for (hours, now, wanted) in rows {
        let definition = Definition {
            hours: Some(hours.clone()),
            ..definition("tagihan")
        };
        let seen = forecast(&Outlook {
            definition: &definition,
            recipients: 10,
            limits: &LaneLimits::default(),
            shared: &[],
            sent_today: None,
            answer_time: (MINUTE / 600, MINUTE / 600),
            now: Now {
                elapsed: Elapsed::default(),
                wall: now.parse().unwrap(),
            },
            seed: 1,
        });
        let begins = seen.begins_at.unwrap().to_string();
        assert!(begins.starts_with(wanted), "{hours} {now}: {begins}");
        assert_eq!((seen.sends, seen.expired), (10, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_late_expires_and_what_is_held_after_downtime_waits() {
    // Expires after, waits, and what was sent two and fifteen minutes after the runner is back.
    let rows = [
        (None, Duration::ZERO, 3, 3),
        (None, MINUTE * 10, 0, 3),
        (Some(MINUTE * 10), Duration::ZERO, 0, 0),
        (Some(MINUTE * 90), MINUTE * 10, 0, 3),
    ];
    for (expires_after, wait, soon, late) in rows {
        let stage = Stage::new();
        let definition = Definition {
            catch_up: CatchUp {
                wait,
                expires_after,
            },
            ..definition("pengingat")
        };
        campaign(&stage, &definition, &[(1, ""), (2, ""), (3, "")]).await;
        // Nobody runs meanwhile.
        stage.passes(MINUTE * 20).await;
        let runner = stage.runs().await;
        let case = format!("{expires_after:?} {wait:?}");
        stage.passes(MINUTE * 2).await;
        assert_eq!(stage.gateway.received().len(), soon, "{case}");
        stage.passes(MINUTE * 13).await;
        assert_eq!(stage.gateway.received().len(), late, "{case}");
        let record = stage.store.campaign("pengingat").await.unwrap().unwrap();
        assert_eq!(record.state, CampaignState::Settled, "{case}");
        let expired = record
            .counts
            .0
            .get(&(State::Skipped, Some(Reason::Expired)));
        assert_eq!(expired.copied().unwrap_or(0), 3 - late as u64, "{case}");
        runner.stops().await;
    }
}

/// The others have expired, and one of them is still under way, so that the campaign has not come to its end.
#[tokio::test(start_paused = true)]
async fn what_is_asked_for_again_after_the_end_expires_as_well() {
    let stage = Stage::new();
    let definition = Definition {
        catch_up: CatchUp {
            wait: Duration::ZERO,
            expires_after: Some(MINUTE * 10),
        },
        ..definition("pengingat")
    };
    let campaign = campaign(&stage, &definition, &[(1, ""), (2, "")]).await;
    let [refused, held] = [0, 1].map(|ordinal| DeliveryId::new(campaign, ordinal).unwrap());
    stage.gateway.play(refused, [Play::refused("no such chat")]);
    stage
        .gateway
        .play(held, [Play::accepted().held(Hold::BeforeAnswer)]);
    let runner = stage.runs().await;
    stage.passes(MINUTE * 11).await;
    let deliveries = vec![refused];
    stage.asks(Command::Resend { deliveries }).await;
    stage.passes(MINUTE).await;
    stage.gateway.release(held);
    stage.passes(MINUTE * 10).await;
    let record = stage.store.campaign("pengingat").await.unwrap().unwrap();
    assert_eq!(record.state, CampaignState::Settled, "{:?}", record.counts);
    let expired = (State::Skipped, Some(Reason::Expired));
    assert_eq!(record.counts.0.get(&expired), Some(&1));
    runner.stops().await;
}
