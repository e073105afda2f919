//! To whom nothing may be sent: opt-outs in the middle of campaigns, people known by a LID alone, consent, caps, repetitions.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::time::Duration;

use campaign_core::campaign::{Category, Definition};
use campaign_core::consent::{Consent, ConsentRule, FrequencyCap, Lid, NAME_PREFIX, Origin, Rules};
use campaign_core::delivery::{CampaignId, Reason, State};
use campaign_core::engine::WaitsFor;
use campaign_core::gateway::Notice;
use campaign_core::store::{CampaignQuery, Change, Command, Reply, ReportQuery, Store};
use campaign_core::testing::{Hold, Play};
use paused::{Runner, Stage, account, definition, phone, session};

const HOUR: Duration = Duration::from_secs(3_600);

async fn start(stage: &Stage, campaign: CampaignId) {
    stage.asks(Command::Start { campaign }).await;
}

/// Where the message to this person stands.
async fn standing(stage: &Stage, campaign: CampaignId, number: u64) -> (State, Option<Reason>) {
    let rows = stage.store.report(ReportQuery::of(campaign)).await.unwrap();
    let row = rows.into_iter().find(|row| row.phone == phone(number));
    let standing = row.unwrap().standing;
    (standing.state, standing.reason)
}

/// What this person received that is no answer to an opt-out, and the answers.
async fn received(stage: &Stage, number: u64) -> (usize, Vec<String>) {
    let records = stage.store.campaigns(&CampaignQuery::All).await.unwrap();
    let is_answer = |campaign: CampaignId| {
        let record = records.iter().find(|record| record.id == campaign);
        record.unwrap().definition.name.starts_with(NAME_PREFIX)
    };
    let receipts = stage.gateway.received().into_iter();
    let theirs = receipts.filter(|receipt| receipt.to == phone(number));
    let (answers, others): (Vec<_>, Vec<_>) =
        theirs.partition(|receipt| is_answer(receipt.delivery.campaign()));
    let answers = answers.into_iter().map(|receipt| receipt.text);
    (others.len(), answers.collect())
}

const SKIPPED: (State, Option<Reason>) = (State::Skipped, Some(Reason::Suppressed));

#[tokio::test(start_paused = true)]
async fn an_opt_out_holds_at_once_in_every_campaign_and_is_confirmed_once() {
    let stage = Stage::new();
    let one = stage.campaign(&definition("one"), 0..60).await;
    let two = stage.campaign(&definition("two"), (0..60).rev()).await;
    let runner = stage.runs().await;
    for campaign in [one, two] {
        start(&stage, campaign).await;
    }
    stage.passes(Duration::from_secs(30)).await;
    for again in 0..3 {
        runner.hears(&stage, 30, "STOP!!").await;
        stage.passes(Duration::from_secs(10 * (again + 1))).await;
    }
    runner.hears(&stage, 31, "stop dulu ya").await;
    stage.passes(HOUR).await;
    for campaign in [one, two] {
        assert_eq!(standing(&stage, campaign, 30).await, SKIPPED);
    }
    let (others, answers) = received(&stage, 30).await;
    assert_eq!(others, 0);
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].contains("MULAI"), "{answers:?}");
    assert_eq!(received(&stage, 31).await.1.len(), 0);

    // Back again: the next campaign reaches them, and the next opt-out is confirmed.
    runner.hears(&stage, 30, "mulai").await;
    stage.passes(Duration::from_secs(5)).await;
    let three = stage.campaign(&definition("three"), 30..31).await;
    start(&stage, three).await;
    stage.passes(Duration::from_secs(60)).await;
    assert_eq!(received(&stage, 30).await.0, 1);
    runner.hears(&stage, 30, "berhenti").await;
    stage.passes(Duration::from_secs(60)).await;
    assert_eq!(received(&stage, 30).await.1.len(), 2);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_written_yet_is_withheld_from_who_opts_out() {
    let stage = Stage::new();
    let campaign = stage.campaign(&definition("promo"), 0..2).await;
    stage
        .gateway
        .script(|_| Play::accepted().held(Hold::BeforeBody));
    let runner = stage.runs().await;
    start(&stage, campaign).await;
    stage.passes(Duration::from_secs(1)).await;
    assert_eq!(stage.gateway.sends().len(), 1, "on its way");
    let is_first = stage.gateway.sends()[0].sending.to == phone(0);
    let (first, second) = if is_first { (0, 1) } else { (1, 0) };
    runner.hears(&stage, first, "stop").await;
    stage.passes(Duration::from_millis(500)).await;
    stage.gateway.script(|_| Play::accepted());
    stage.gateway.release_all();
    stage.passes(HOUR).await;
    let (others, answers) = received(&stage, first).await;
    assert_eq!((others, answers.len()), (0, 1));
    assert_eq!(received(&stage, second).await.0, 1);
    assert_eq!(standing(&stage, campaign, first).await, SKIPPED);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_that_a_dead_runner_left_due_is_made_by_the_next_one() {
    let stage = Stage::new();
    let campaign = stage.campaign(&definition("promo"), 0..1).await;
    let runner = stage.runs().await;
    start(&stage, campaign).await;
    stage.passes(Duration::from_secs(60)).await;
    runner.stops().await;
    let now = stage.clock.now();
    let reply = Reply {
        account: account(),
        message_id: "STOP1".into(),
        from: phone(0),
        received_at: now.wall,
        text: "stop".into(),
    };
    let batch = campaign_core::store::Batch {
        at: now.stamp(stage.clock.boot()),
        changes: vec![Change::Reply(reply)],
    };
    stage.store.commit(batch.into()).await.unwrap();
    for _ in 0..2 {
        let runner = stage.runs().await;
        stage.passes(Duration::from_secs(60)).await;
        runner.stops().await;
        assert_eq!(received(&stage, 0).await.1.len(), 1);
    }
}

fn lid(number: u64) -> Lid {
    Lid::from_number(8_000_000 + number).unwrap()
}

async fn hears_hidden(runner: &Runner, stage: &Stage, number: u64, text: &str) {
    let received_at = stage.clock.now().wall;
    let notice = Notice::HiddenReply {
        session: session(),
        account: account(),
        message_id: format!("HIDDEN{number}{received_at}").into(),
        lid: lid(number),
        received_at,
        text: text.into(),
    };
    runner.handle.notify(notice).await;
}

#[tokio::test(start_paused = true)]
async fn an_opt_out_known_only_by_lid_stops_a_pending_message_to_the_phone() {
    let stage = Stage::new();
    let campaign = stage.campaign(&definition("promo"), 0..40).await;
    // Of the first twenty and of nobody else it can be told that they are somebody else.
    for number in 0..20 {
        stage.gateway.knows_lid(lid(number), phone(number));
    }
    let runner = stage.runs().await;
    hears_hidden(&runner, &stage, 30, "Stop").await;
    start(&stage, campaign).await;
    stage.passes(HOUR).await;
    let to = |number| {
        let received = stage.gateway.received();
        received.iter().any(|receipt| receipt.to == phone(number))
    };
    for number in 0..40 {
        assert_eq!(to(number), number < 20, "{number}");
    }
    let status = runner.handle.status().borrow().clone();
    let waits = &status.campaigns[&campaign.number()].waits_for;
    assert_eq!(*waits, WaitsFor::HiddenOptOut);

    // The person is found: nothing but the answer goes to them, and nobody else waits any longer.
    stage.gateway.knows_lid(lid(30), phone(30));
    stage.passes(HOUR * 2).await;
    let (others, answers) = received(&stage, 30).await;
    assert_eq!((others, answers.len()), (0, 1));
    assert_eq!(standing(&stage, campaign, 30).await, SKIPPED);
    let missed: Vec<u64> = (0..40)
        .filter(|number| *number != 30 && !to(*number))
        .collect();
    assert_eq!(missed, [0; 0]);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_because_of_a_hidden_opt_out_goes_on_when_the_operator_says_whose_it_is() {
    let stage = Stage::new();
    let campaign = stage.campaign(&definition("promo"), 0..3).await;
    let runner = stage.runs().await;
    for number in [1, 77] {
        hears_hidden(&runner, &stage, number, "STOP").await;
    }
    // It is no word, and holds nobody.
    hears_hidden(&runner, &stage, 78, "berapa?").await;
    start(&stage, campaign).await;
    stage.passes(HOUR).await;
    assert_eq!(stage.gateway.received().len(), 0);
    let resolved = Command::ResolveLid {
        lid: lid(1),
        phone: Some(phone(1)),
    };
    stage.asks(resolved).await;
    stage.passes(HOUR).await;
    assert_eq!(stage.gateway.received().len(), 1, "the answer alone");
    let dismissed = Command::ResolveLid {
        lid: lid(77),
        phone: None,
    };
    stage.asks(dismissed).await;
    stage.passes(HOUR).await;
    for number in [0, 2] {
        assert_eq!(received(&stage, number).await.0, 1);
    }
    assert_eq!(standing(&stage, campaign, 1).await, SKIPPED);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_forgets_no_hidden_opt_out() {
    let stage = Stage::new();
    let campaign = stage.campaign(&definition("promo"), 0..2).await;
    let runner = stage.runs().await;
    // Its lane is open.
    start(&stage, stage.campaign(&definition("first"), 9..10).await).await;
    stage.passes(Duration::from_secs(60)).await;
    hears_hidden(&runner, &stage, 0, "STOP").await;
    stage.passes(Duration::from_secs(60)).await;
    runner.stops().await;
    let runner = stage.runs().await;
    start(&stage, campaign).await;
    stage.passes(HOUR).await;
    assert_eq!(received(&stage, 0).await.0, 0);
    stage.gateway.knows_lid(lid(0), phone(0));
    stage.passes(HOUR * 2).await;
    assert_eq!(standing(&stage, campaign, 0).await, SKIPPED);
    assert_eq!(received(&stage, 1).await.0, 1);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_campaign_that_requires_consent_goes_only_to_who_gave_it() {
    let stage = Stage::new();
    let given = [0, 2].map(|number| Consent {
        phone: phone(number),
        category: Category::Marketing,
        is_granted: number == 0,
        origin: Origin::Import,
        source: "formulir".into(),
        since: stage.clock.now().wall,
    });
    stage.store.record_consents(&given).await.unwrap();
    let requiring = Definition {
        consent: ConsentRule::Required,
        ..definition("promo")
    };
    let campaign = stage.campaign(&requiring, 0..3).await;
    let runner = stage.runs().await;
    start(&stage, campaign).await;
    stage.passes(HOUR).await;
    let skipped = (State::Skipped, Some(Reason::NoConsent));
    let standings = [(0, None), (1, Some(skipped)), (2, Some(skipped))];
    for (number, skipped) in standings {
        let stands = standing(&stage, campaign, number).await;
        assert_eq!(stands.0 == State::Skipped, skipped.is_some(), "{number}");
        assert!(
            skipped.is_none_or(|skipped| skipped == stands),
            "{stands:?}"
        );
    }
    assert_eq!(stage.gateway.received().len(), 1);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn who_had_as_many_messages_as_a_cap_allows_waits_for_it_or_is_left_out() {
    let stage = Stage::new();
    let rules = Rules {
        caps: vec![FrequencyCap::new(None, 1, 1).unwrap()],
        ..Rules::default()
    };
    stage.store.set_rules(&rules).await.unwrap();
    let say = |name: &str, text: &str| Definition {
        message: campaign_core::message::MessageTemplate::text(text).unwrap(),
        ..definition(name)
    };
    let first = stage.campaign(&say("first", "satu"), 0..1).await;
    let patient = stage.campaign(&say("patient", "dua"), 0..2).await;
    let ends = stage.clock.now().wall + jiff::SignedDuration::from_hours(20);
    let hasty = Definition {
        expires_at: Some(ends),
        ..say("hasty", "tiga")
    };
    let hasty = stage.campaign(&hasty, 0..2).await;
    let runner = stage.runs().await;
    start(&stage, first).await;
    // So that waiting takes less than a day.
    stage.passes(HOUR).await;
    start(&stage, hasty).await;
    stage.passes(HOUR).await;
    let capped = (State::Skipped, Some(Reason::FrequencyCapped));
    assert_eq!(standing(&stage, hasty, 0).await, capped);
    start(&stage, patient).await;
    stage.passes(HOUR).await;
    assert_eq!(standing(&stage, patient, 0).await.0, State::Scheduled);
    stage.passes(HOUR * 48).await;
    assert_eq!(stage.arrivals(patient).len(), 2);
    let mut moments: Vec<f64> = [first, patient, hasty]
        .into_iter()
        .flat_map(|campaign| stage.arrivals(campaign))
        .collect();
    moments.sort_by(f64::total_cmp);
    assert_eq!(moments.len(), 4);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_text_of_two_campaigns_reaches_a_person_once() {
    let stage = Stage::new();
    let one = stage.campaign(&definition("one"), 0..10).await;
    let two = stage.campaign(&definition("two"), 5..15).await;
    let runner = stage.runs().await;
    for campaign in [one, two] {
        start(&stage, campaign).await;
    }
    stage.passes(HOUR).await;
    for number in 0..15 {
        assert_eq!(received(&stage, number).await.0, 1, "{number}");
    }
    let again = Definition {
        may_repeat: true,
        ..definition("again")
    };
    let again = stage.campaign(&again, 0..3).await;
    start(&stage, again).await;
    stage.passes(HOUR).await;
    assert_eq!(stage.arrivals(again).len(), 3);
    runner.stops().await;
}
