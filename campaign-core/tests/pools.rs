//! Campaigns over several accounts: who writes to whom, and what becomes of the people of an account that cannot send.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::{Category, Definition, PoolPolicy, Sessions};
use campaign_core::delivery::{CampaignId, State};
use campaign_core::driver::{Driver, Parts};
use campaign_core::engine::Settings;
use campaign_core::gateway::{Account, Notice, Observation, Readiness, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::store::{CampaignRecord, Command, ReportQuery, Store};
use campaign_core::testing::Play;
use paused::{Runner, Stage, account, definition, phone, session};

const MINUTE: Duration = Duration::from_secs(60);

fn second_session() -> Session {
    Session::new("kedua")
}

fn second_account() -> Account {
    Account(phone(998))
}

/// A campaign over both accounts.
fn pool(name: &str, policy: PoolPolicy) -> Definition {
    Definition {
        sessions: Sessions::new([session(), second_session()]).unwrap(),
        pool_policy: policy,
        may_repeat: true,
        ..definition(name)
    }
}

fn stage() -> Stage {
    let stage = Stage::new();
    let working = stage.gateway.working(second_account());
    stage.gateway.observes(&second_session(), working);
    stage
}

fn goes_away(stage: &Stage, session: &Session, account: Account) {
    let stopped = Observation {
        account: Some(account),
        ..Observation::only(Readiness::NotReady("STOPPED".into()))
    };
    stage.gateway.observes(session, stopped);
}

fn comes_back(stage: &Stage, session: &Session, account: Account) {
    let working = stage.gateway.working(account);
    stage.gateway.observes(session, working);
}

async fn limited(stage: &Stage, account: Account, session: &Session, limits: LaneLimits) {
    let lane = stage.store.lane(account, session, &limits).await;
    assert_eq!(lane.unwrap().limits, limits);
}

async fn start(stage: &Stage, campaign: CampaignId) {
    stage.asks(Command::Start { campaign }).await;
}

/// Both accounts are known to the store, and these people have written to them.
async fn acquainted(stage: &Stage, first: &[u64], second: &[u64]) {
    let runner = stage.runs().await;
    for definition in [
        definition("perkenalan"),
        Definition::new(
            "perkenalan kedua",
            second_session(),
            definition("x").message,
        ),
    ] {
        let people = 900..900 + u64::from(definition.name.ends_with("dua"));
        let campaign = stage.campaign(&definition, people).await;
        start(stage, campaign).await;
    }
    stage.passes(MINUTE).await;
    for (session, account, people) in [
        (session(), account(), first),
        (second_session(), second_account(), second),
    ] {
        for number in people {
            hears(stage, &runner, &session, account, *number).await;
        }
    }
    stage.passes(MINUTE).await;
    runner.stops().await;
}

async fn hears(stage: &Stage, runner: &Runner, session: &Session, account: Account, number: u64) {
    let received_at = stage.clock.now().wall;
    let notice = Notice::Reply {
        session: session.clone(),
        account,
        message_id: format!("IN{number}-{session}-{received_at}").into(),
        from: phone(number),
        received_at,
        text: "halo".into(),
    };
    runner.handle.notify(notice).await;
}

/// Who was written to from which session.
fn senders(stage: &Stage, campaign: CampaignId) -> BTreeMap<u64, Session> {
    let received = stage.gateway.received().into_iter();
    let of_it = received.filter(|receipt| receipt.delivery.campaign() == campaign);
    let mut senders = BTreeMap::new();
    for receipt in of_it {
        let number = (0..20_000).find(|n| phone(*n) == receipt.to).unwrap();
        let twice = senders.insert(number, receipt.session);
        assert_eq!(twice, None, "{number} was written to twice");
    }
    senders
}

fn count(senders: &BTreeMap<u64, Session>, session: &Session) -> usize {
    senders.values().filter(|other| *other == session).count()
}

async fn record(stage: &Stage, name: &str) -> CampaignRecord {
    stage.store.campaign(name).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_contact_stays_with_the_account_that_it_knows() {
    let stage = stage();
    let (first, second): (Vec<u64>, Vec<u64>) = ((0..20).collect(), (20..30).collect());
    acquainted(&stage, &first, &second).await;
    let campaign = stage
        .campaign(&pool("promo", PoolPolicy::Wait), 0..60)
        .await;
    let runner = stage.runs().await;
    start(&stage, campaign).await;
    stage.passes(MINUTE * 30).await;
    let senders = senders(&stage, campaign);
    assert_eq!(senders.len(), 60);
    for number in 0..20 {
        assert_eq!(senders[&number], session(), "{number}");
    }
    for number in 20..30 {
        assert_eq!(senders[&number], second_session(), "{number}");
    }
    assert!(count(&senders, &session()) > 20 && count(&senders, &second_session()) > 20);
    // The report knows who wrote to whom, and whoever was written to stays there the next time.
    let again = stage.campaign(&pool("lagi", PoolPolicy::Wait), 0..60).await;
    start(&stage, again).await;
    stage.passes(MINUTE * 30).await;
    assert_eq!(self::senders(&stage, again), senders);
    for row in stage.store.report(ReportQuery::of(again)).await.unwrap() {
        let number = (0..60).find(|n| phone(*n) == row.phone).unwrap();
        let of = [(session(), account()), (second_session(), second_account())];
        let (_, expected) = of.iter().find(|(it, _)| *it == senders[&number]).unwrap();
        assert_eq!(row.account, Some(*expected));
    }
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn the_rest_is_shared_by_what_each_account_has_left() {
    let stage = stage();
    for (account, session, cap) in [
        (account(), session(), 10),
        (second_account(), second_session(), 30),
    ] {
        let limits = LaneLimits {
            sends_per_day_max: Some(cap),
            ..LaneLimits::default()
        };
        limited(&stage, account, &session, limits).await;
    }
    let all = Definition {
        category: Category::Service,
        ..pool("promo", PoolPolicy::Wait)
    };
    let campaign = stage.campaign(&all, 0..40).await;
    let runner = stage.runs().await;
    start(&stage, campaign).await;
    stage.passes(MINUTE * 10).await;
    let senders = senders(&stage, campaign);
    assert_eq!(
        (
            count(&senders, &session()),
            count(&senders, &second_session())
        ),
        (10, 30)
    );
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn the_people_of_a_held_account_wait_for_it_and_the_others_do_not() {
    let stage = stage();
    let known: Vec<u64> = (0..20).collect();
    acquainted(&stage, &known, &[]).await;
    goes_away(&stage, &session(), account());
    let campaign = stage
        .campaign(&pool("promo", PoolPolicy::Wait), 0..40)
        .await;
    // This runner never sees the account work, and leaves its people to it all the same.
    let runner = stage.runs().await;
    start(&stage, campaign).await;
    stage.passes(MINUTE * 120).await;
    let before = senders(&stage, campaign);
    assert_eq!(
        before.keys().copied().collect::<Vec<_>>(),
        (20..40).collect::<Vec<_>>()
    );
    comes_back(&stage, &session(), account());
    stage.passes(MINUTE * 30).await;
    let after = senders(&stage, campaign);
    assert_eq!(after.len(), 40);
    assert_eq!(count(&after, &session()), 20);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_scheduled_moves_when_its_account_was_held_for_so_long_and_a_doubt_stays() {
    let stage = stage();
    let known: Vec<u64> = (0..20).collect();
    acquainted(&stage, &known, &[]).await;
    let policy = PoolPolicy::MoveAfter(MINUTE * 30);
    let campaign = stage.campaign(&pool("promo", policy), 0..20).await;
    let mut sends = 0;
    stage.gateway.script(move |_| {
        sends += 1;
        match sends {
            5 => Play::answer_lost(false),
            _ => Play::accepted(),
        }
    });
    let runner = stage.runs().await;
    start(&stage, campaign).await;
    let earlier = stage.gateway.sends().len();
    while stage.gateway.sends().len() < earlier + 6 {
        stage.passes(Duration::from_millis(500)).await;
    }
    goes_away(&stage, &session(), account());
    stage.passes(MINUTE * 28).await;
    let before = senders(&stage, campaign);
    assert_eq!(count(&before, &second_session()), 0, "they wait");
    assert_eq!(
        record(&stage, "promo").await.counts.of(State::Unconfirmed),
        1
    );
    let doubted = stage.gateway.sends()[earlier + 4].sending.delivery;
    let looks = || {
        let all = stage.gateway.findings().into_iter();
        let about_it = all.filter(|finding| finding.delivery == doubted);
        about_it.map(|finding| finding.session).collect::<Vec<_>>()
    };
    let looked = looks();
    stage.passes(MINUTE * 30).await;
    let moved = senders(&stage, campaign);
    assert_eq!(moved.len(), 19, "{moved:?}");
    assert_eq!(count(&moved, &session()), before.len());
    // The doubt is looked up where its attempt was made, and nowhere else.
    let unconfirmed = record(&stage, "promo").await.counts;
    assert_eq!(unconfirmed.of(State::Unconfirmed), 1);
    assert_eq!(looks(), looked);
    comes_back(&stage, &session(), account());
    stage.passes(MINUTE * 30).await;
    let after = senders(&stage, campaign);
    assert_eq!(
        (after.len(), count(&after, &session())),
        (20, before.len() + 1)
    );
    assert!(looks().len() > looked.len());
    assert!(looks().iter().all(|it| *it == session()), "{:?}", looks());
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn thousands_who_wait_for_a_held_account_keep_the_other_from_nothing() {
    let stage = stage();
    acquainted(&stage, &[], &[]).await;
    for (account, session) in [(account(), session()), (second_account(), second_session())] {
        let limits = LaneLimits::unpaced(16);
        stage.store.lane(account, &session, &limits).await.unwrap();
        stage.asks(Command::SetLimits { account, limits }).await;
    }
    // 5,000 whom the first account has written to.
    let first = Definition {
        may_repeat: true,
        ..definition("dulu")
    };
    let earlier = stage.campaign(&first, 1_000..6_000).await;
    let runner = stage.runs().await;
    start(&stage, earlier).await;
    stage.passes(MINUTE * 5).await;
    assert_eq!(record(&stage, "dulu").await.counts.of(State::Scheduled), 0);
    runner.stops().await;
    goes_away(&stage, &session(), account());
    let campaign = stage
        .campaign(&pool("promo", PoolPolicy::Wait), 1_000..6_020)
        .await;
    let settings = Settings {
        window: 64,
        ..Settings::default()
    };
    let (store, gateway) = (stage.store.clone(), stage.gateway.clone());
    let parts = Parts {
        settings,
        ..Parts::new(store, Arc::new(gateway), Arc::clone(&stage.clock))
    };
    let (driver, handle) = Driver::start(parts).await.unwrap();
    let driver = tokio::spawn(driver.run());
    start(&stage, campaign).await;
    stage.passes(MINUTE * 2).await;
    assert_eq!(senders(&stage, campaign).len(), 20);
    comes_back(&stage, &session(), account());
    stage.passes(MINUTE * 20).await;
    let senders = senders(&stage, campaign);
    assert_eq!(senders.len(), 5_020);
    assert_eq!(count(&senders, &session()), 5_000);
    handle.stop().await;
    driver.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn somebody_who_writes_to_the_other_account_on_the_way_is_left_to_it() {
    let stage = stage();
    acquainted(&stage, &[], &[]).await;
    let campaign = stage
        .campaign(&pool("promo", PoolPolicy::Wait), 0..60)
        .await;
    let runner = stage.runs().await;
    start(&stage, campaign).await;
    stage.passes(MINUTE / 2).await;
    // By now they are in memory as people whom nobody knows.
    assert!(senders(&stage, campaign).len() < 30);
    for number in 30..60 {
        hears(&stage, &runner, &second_session(), second_account(), number).await;
    }
    stage.passes(MINUTE * 30).await;
    let senders = senders(&stage, campaign);
    assert_eq!(senders.len(), 60);
    for number in 30..60 {
        assert_eq!(senders[&number], second_session(), "{number}");
    }
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn two_bills_to_one_person_go_from_one_account() {
    let stage = stage();
    acquainted(&stage, &[], &[]).await;
    let one = stage.campaign(&pool("satu", PoolPolicy::Wait), 0..30).await;
    let two = stage.campaign(&pool("dua", PoolPolicy::Wait), 0..30).await;
    let runner = stage.runs().await;
    start(&stage, one).await;
    start(&stage, two).await;
    stage.passes(MINUTE * 30).await;
    assert_eq!(senders(&stage, one), senders(&stage, two));
    assert_eq!(senders(&stage, one).len(), 30);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_the_middle_loses_nobody_and_writes_to_nobody_twice() {
    let stage = stage();
    let known: Vec<u64> = (0..20).collect();
    acquainted(&stage, &known, &[]).await;
    let policy = PoolPolicy::MoveAfter(MINUTE * 5);
    let campaign = stage.campaign(&pool("promo", policy), 0..80).await;
    for round in 0..4 {
        let runner = stage.runs().await;
        if round == 0 {
            start(&stage, campaign).await;
        }
        match round {
            1 => goes_away(&stage, &session(), account()),
            2 => comes_back(&stage, &session(), account()),
            _ => {}
        }
        stage.passes(MINUTE / 2).await;
        runner.stops().await;
    }
    let runner = stage.runs().await;
    stage.passes(MINUTE * 30).await;
    let senders = senders(&stage, campaign);
    assert_eq!(senders.len(), 80);
    assert!(
        (0..20).all(|number| senders[&number] == session()),
        "{senders:?}"
    );
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_paired_anew_leaves_its_people_to_whoever_is_there() {
    let stage = stage();
    let known: Vec<u64> = (0..20).collect();
    acquainted(&stage, &known, &[]).await;
    let campaign = stage
        .campaign(&pool("promo", PoolPolicy::Wait), 0..30)
        .await;
    comes_back(&stage, &session(), Account(phone(997)));
    let runner = stage.runs().await;
    start(&stage, campaign).await;
    stage.passes(MINUTE * 30).await;
    assert_eq!(senders(&stage, campaign).len(), 30);
    runner.stops().await;
}
