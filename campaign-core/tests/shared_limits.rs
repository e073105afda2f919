//! Limits above the account: of a campaign, a tenant, a server and the whole installation.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::time::Duration;

use campaign_core::campaign::{Category, Definition, NumberCheck};
use campaign_core::delivery::CampaignId;
use campaign_core::engine::WaitsFor;
use campaign_core::failure::NotHandedOver;
use campaign_core::gateway::{Account, Observation, Session};
use campaign_core::limits::{LaneLimits, Limit, Scope, SharedLimits, Window};
use campaign_core::store::{Command, Store};
use campaign_core::testing::{Hold, Play};
use paused::{Runner, Stage, account, definition, phone, session};

const MINUTE: Duration = Duration::from_secs(60);

fn second_session() -> Session {
    Session::new("kedua")
}

fn second_account() -> Account {
    Account(phone(998))
}

/// Two sessions on servers of these names, whose accounts have no limits of their own.
async fn stage(servers: [&str; 2]) -> Stage {
    let stage = Stage::new();
    let sessions = [(session(), account()), (second_session(), second_account())];
    for ((session, account), server) in sessions.into_iter().zip(servers) {
        let working = Observation {
            server: Some(server.into()),
            ..stage.gateway.working(account)
        };
        stage.gateway.observes(&session, working);
        let unpaced = LaneLimits::unpaced(8);
        stage.store.lane(account, &session, &unpaced).await.unwrap();
    }
    stage
}

fn windows(sends_max: u32, span: Duration) -> SharedLimits {
    SharedLimits {
        windows: vec![Window { sends_max, span }],
        ..SharedLimits::default()
    }
}

async fn set(stage: &Stage, scope: Scope, limits: impl Into<Option<SharedLimits>>) {
    let limits = limits.into();
    stage.asks(Command::SetSharedLimits { scope, limits }).await;
}

/// A started campaign of so many people, from this session and of this tenant.
async fn begun(
    stage: &Stage,
    name: &str,
    from: Session,
    tenant: &str,
    people: std::ops::Range<u64>,
) -> CampaignId {
    let definition = Definition {
        sessions: from.into(),
        tenant: Some(tenant.into()),
        check: NumberCheck::Never,
        may_repeat: true,
        ..definition(name)
    };
    let campaign = stage.campaign(&definition, people).await;
    stage.asks(Command::Start { campaign }).await;
    campaign
}

/// The most of these moments, in seconds, that any interval of the span holds.
fn fullest(mut arrivals: Vec<f64>, span: Duration) -> usize {
    arrivals.sort_by(f64::total_cmp);
    let within = |first: &f64| {
        let last = first + span.as_secs_f64();
        let holds = arrivals.iter().filter(|it| **it >= *first && **it <= last);
        holds.count()
    };
    arrivals.iter().map(within).max().unwrap_or(0)
}

fn waits_for(runner: &Runner, campaign: CampaignId) -> WaitsFor {
    let status = runner.handle.status();
    let status = status.borrow();
    status.campaigns[&campaign.number()].waits_for.clone()
}

#[tokio::test(start_paused = true)]
async fn the_whole_installation_keeps_its_limits_over_all_accounts() {
    let stage = stage(["satu", "dua"]).await;
    set(&stage, Scope::Installation, windows(10, MINUTE)).await;
    let one = begun(&stage, "satu", session(), "a", 0..100).await;
    let other = begun(&stage, "dua", second_session(), "b", 100..200).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE * 5).await;
    let waits = waits_for(&runner, one);
    let is_by_it = matches!(
        &waits,
        WaitsFor::SharedLimit {
            scope: Scope::Installation,
            limit: Limit::Window,
            ..
        }
    );
    assert!(is_by_it, "{waits:?}");
    let all = [stage.arrivals(one), stage.arrivals(other)].concat();
    assert_eq!(fullest(all.clone(), MINUTE), 10);
    assert!(all.len() >= 49, "{} in five minutes", all.len());
    // As soon as nothing is limited any more they go on.
    set(&stage, Scope::Installation, None).await;
    stage.passes(MINUTE).await;
    let counts = [one, other].map(|campaign| stage.arrivals(campaign).len());
    assert_eq!(counts, [100, 100]);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_keeps_its_limits_over_its_own_sessions_alone() {
    let stage = stage(["satu", "dua"]).await;
    set(&stage, Scope::Server("satu".into()), windows(3, MINUTE)).await;
    let limited = begun(&stage, "satu", session(), "a", 0..50).await;
    let free = begun(&stage, "dua", second_session(), "a", 100..150).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE).await;
    assert_eq!(stage.arrivals(limited).len(), 3);
    assert_eq!(stage.arrivals(free).len(), 50);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn sessions_of_one_server_share_its_limits() {
    let stage = stage(["satu", "satu"]).await;
    set(&stage, Scope::Server("satu".into()), windows(4, MINUTE)).await;
    let one = begun(&stage, "satu", session(), "a", 0..50).await;
    let other = begun(&stage, "dua", second_session(), "a", 100..150).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE * 3).await;
    let all = [stage.arrivals(one), stage.arrivals(other)].concat();
    assert_eq!(fullest(all, MINUTE), 4);
    runner.stops().await;
}

/// What waits for its own limits, or for its tenant's, keeps nobody else of its account waiting.
#[tokio::test(start_paused = true)]
async fn a_campaign_and_a_tenant_keep_theirs_and_others_of_the_account_go_on() {
    let stage = stage(["satu", "satu"]).await;
    let own = begun(&stage, "sendiri", session(), "a", 0..50).await;
    let tenants = [
        begun(&stage, "milik b", session(), "b", 100..150).await,
        begun(&stage, "juga milik b", second_session(), "b", 200..250).await,
    ];
    let free = begun(&stage, "bebas", session(), "c", 300..350).await;
    set(&stage, Scope::Campaign(own), windows(2, MINUTE)).await;
    set(&stage, Scope::Tenant("b".into()), windows(6, MINUTE)).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE * 2).await;
    assert_eq!(stage.arrivals(free).len(), 50);
    let waits = waits_for(&runner, own);
    let is_own =
        matches!(&waits, WaitsFor::SharedLimit { scope: Scope::Campaign(it), .. } if *it == own);
    assert!(is_own, "{waits:?}");
    stage.passes(MINUTE * 4).await;
    let sent = stage.arrivals(own);
    assert!((12..=14).contains(&sent.len()), "{sent:?}");
    assert_eq!(fullest(sent, MINUTE), 2);
    let of_tenant = tenants.map(|campaign| stage.arrivals(campaign));
    assert!(of_tenant.iter().all(|it| !it.is_empty()));
    let of_tenant = of_tenant.concat();
    assert!(of_tenant.len() >= 36, "{}", of_tenant.len());
    assert_eq!(fullest(of_tenant, MINUTE), 6);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn the_next_process_knows_what_was_sent_under_them() {
    let stage = stage(["satu", "dua"]).await;
    let hour = MINUTE * 60;
    set(&stage, Scope::Installation, windows(30, hour)).await;
    let campaign = begun(&stage, "satu", session(), "a", 0..200).await;
    for minute in 0..8 {
        let runner = stage.runs().await;
        stage.passes(MINUTE * 20).await;
        runner.stops().await;
        stage.passes(Duration::from_secs(minute)).await;
    }
    let arrivals = stage.arrivals(campaign);
    // Of an hour a part is kept for replies.
    assert_eq!(fullest(arrivals.clone(), hour), 29);
    assert_eq!(arrivals.len(), 29 * 3);
}

/// What a dead process had under way may still be executed: it goes on filling its place for as long as that can be.
#[tokio::test(start_paused = true)]
async fn what_was_under_way_when_its_process_died_fills_its_place() {
    let mut stage = stage(["satu", "dua"]).await;
    set(&stage, Scope::Installation, windows(4, MINUTE)).await;
    let campaign = begun(&stage, "satu", session(), "a", 0..40).await;
    stage
        .gateway
        .script(|_| Play::answer_lost(false).held(Hold::BeforeAnswer));
    let runner = stage.runs().await;
    stage.passes(Duration::from_secs(5)).await;
    assert_eq!(stage.gateway.sends().len(), 4);
    runner.dies(&mut stage);
    stage.gateway.script(|_| Play::accepted());
    let runner = stage.runs().await;
    stage.passes(MINUTE * 4).await;
    // Five seconds, the longest that a server holds a send, and the window.
    let first = stage.arrivals(campaign)[0];
    assert!((155.0..157.0).contains(&first), "{first}");
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_cap_of_the_day_leaves_a_part_to_replies() {
    let stage = stage(["satu", "dua"]).await;
    let limits = SharedLimits {
        sends_per_day_max: Some(40),
        ..SharedLimits::default()
    };
    set(&stage, Scope::Installation, limits).await;
    let campaign = begun(&stage, "satu", session(), "a", 0..100).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE * 5).await;
    assert_eq!(stage.arrivals(campaign).len(), 38);
    let password = Definition {
        category: Category::Authentication,
        ..definition("kode")
    };
    let password = stage.campaign(&password, 300..310).await;
    stage.asks(Command::Start { campaign: password }).await;
    stage.passes(MINUTE).await;
    assert_eq!(stage.arrivals(password).len(), 2);
    let waits = waits_for(&runner, campaign);
    let is_cap = matches!(
        &waits,
        WaitsFor::SharedLimit {
            limit: Limit::DailyCap,
            ..
        }
    );
    assert!(is_cap, "{waits:?}");
    runner.stops().await;
}

/// What was refused before it was handed over counts in nothing.
#[tokio::test(start_paused = true)]
async fn a_charge_is_given_back_by_proof_alone() {
    let stage = stage(["satu", "dua"]).await;
    let limits = SharedLimits {
        sends_per_day_max: Some(10),
        ..SharedLimits::default()
    };
    let campaign = begun(&stage, "satu", session(), "a", 0..30).await;
    set(&stage, Scope::Campaign(campaign), limits).await;
    let mut plays = 0;
    stage.gateway.script(move |_| {
        plays += 1;
        match plays {
            1..=3 => Play::not_handed_over(NotHandedOver::Broken, None),
            _ => Play::accepted(),
        }
    });
    let runner = stage.runs().await;
    stage.passes(MINUTE * 120).await;
    assert_eq!(stage.arrivals(campaign).len(), 10);
    runner.stops().await;
}
