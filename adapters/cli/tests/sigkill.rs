//! The real binary against a simulator with faults, killed again and again: by the simulator's ledger nobody gets the message twice,
//! nobody is lost, and every report is true. `RECIPIENTS=n` is the size of the campaign that is killed at full speed. Unix only: there a process
//! can be killed without any warning.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod world;

use std::collections::BTreeSet;
use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use waha_simulator::{Builder, Fault, FaultRates};
use world::{Draws, SENDING, World, ended, is_handed_over, seed, until};

const PEOPLE: u32 = 2_000;
const KILLS: u32 = 20;
/// Of the kills, so many must hit a delivery whose request may be on its way.
const HITS_MIN: u32 = 10;

/// At full speed: people, unless `RECIPIENTS` says otherwise, and the most sends between two kills.
const PEOPLE_FAST: u32 = 4_000;
const SENDS_MAX: u64 = 400;
/// One account has no more than so many messages under way; of the kills at full speed half must hit more than that.
const IN_FLIGHT_OF_ONE: u64 = 16;
/// Keeps no messages: what is in doubt there, only a person can decide.
const WITHOUT_STORE: &str = "keempat";

const START: [&str; 11] = [
    "start",
    "list.csv",
    "--name",
    "crash",
    "--template",
    "Halo {{nama}}",
    "--gap",
    "none",
    "--per-day",
    "none",
    "--yes",
];

/// Faults that a look-up can settle. An engine that answers slowly keeps many requests on their way.
fn faulty(seed: u64) -> Builder {
    let rates = FaultRates::none()
        .with(Fault::Latency, 0.02)
        .with(Fault::ErrorBefore, 0.01)
        .with(Fault::ErrorAfter, 0.01)
        .with(Fault::ResetBefore, 0.01)
        .with(Fault::ResetAfter, 0.01)
        .with(Fault::AnswerLost, 0.02)
        .with(Fault::Late, 0.01)
        .with(Fault::SessionFlap, 0.002)
        .with(Fault::TooManyRequests, 0.002)
        .with(Fault::BadGatewayBefore, 0.005)
        .with(Fault::BadGatewayAfter, 0.005)
        .with(Fault::AcksMissing, 0.02)
        .with(Fault::AcksOutOfOrder, 0.02)
        .with(Fault::AcksTwice, 0.02);
    let s = Duration::from_secs;
    World::usual(seed)
        .faults(rates)
        .late_bands(vec![(s(1), s(5)), (s(5), s(20)), (s(20), s(60))])
        .engine_latency(s(1), s(6))
}

/// Answers within milliseconds, and faults that hold no account.
fn fast(seed: u64) -> Builder {
    let rates = FaultRates::none()
        .with(Fault::ErrorAfter, 0.002)
        .with(Fault::ResetAfter, 0.002)
        .with(Fault::AnswerLost, 0.002)
        .with(Fault::AcksMissing, 0.02)
        .with(Fault::AcksOutOfOrder, 0.02)
        .with(Fault::AcksTwice, 0.02);
    let ms = Duration::from_millis;
    World::usual(seed)
        .faults(rates)
        .engine_latency(ms(0), ms(500))
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_child(child);
    kill_process(pid, signal).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_twenty_times_nobody_gets_it_twice_and_nobody_is_lost() {
    let seed = seed();
    println!("seed {seed} (WAHA_CAMPAIGN_TEST_SEED repeats it)");
    let world = World::start(faulty(seed)).await;
    world.list(PEOPLE);
    let mut draws = Draws(seed);
    let mut hits = 0;
    let mut kills = 0;
    while kills < KILLS {
        let mut child = world.spawn(&START);
        let before = world.simulator.ledger().len();
        until("a send", || {
            world.simulator.ledger().len() > before || child.try_wait().unwrap().is_some()
        })
        .await;
        tokio::time::sleep(Duration::from_millis(draws.below(400))).await;
        assert!(
            child.try_wait().unwrap().is_none(),
            "seed {seed}: the campaign ended after {kills} kills, before there were {KILLS}"
        );
        signal(&child, Signal::KILL);
        ended(child).await;
        kills += 1;
        let sending = world.in_state(SENDING);
        hits += u32::from(sending > 0);
        println!("kill {kills}: {sending} in sending, {:?}", world.states());
    }
    println!("{hits} of {kills} kills hit a delivery in sending");
    assert!(
        hits >= HITS_MIN,
        "seed {seed}: only {hits} kills hit a delivery in sending"
    );
    ends_in_truth(&world, &START, PEOPLE, seed).await;
}

/// Four accounts without gaps and caps, sixteen messages of each under way, and a server that answers within milliseconds.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_full_speed_nobody_gets_it_twice_and_nobody_is_lost() {
    let seed = seed();
    let people = std::env::var("RECIPIENTS").map_or(PEOPLE_FAST, |text| text.parse().unwrap());
    println!("seed {seed} (WAHA_CAMPAIGN_TEST_SEED repeats it), {people} people");
    let kept = json!({"noweb": {"store": {"enabled": true}}});
    let builder = fast(seed)
        .session_with("kedua", "6281200000002", kept.clone())
        .session_with("ketiga", "6281200000003", kept)
        .session(WITHOUT_STORE, "6281200000004");
    let world = World::start(builder).await;
    world.list(people);
    let sessions = format!("default,kedua,ketiga,{WITHOUT_STORE}");
    let sessions = ["--session", sessions.as_str()];
    let words = [&START[..], &sessions].concat();
    let mut draws = Draws(seed);
    let mut hits = Vec::new();
    loop {
        let mut child = world.spawn(&words);
        let target = world.simulator.ledger().len() + 1 + draws.below(SENDS_MAX) as usize;
        until("so many sends, or the end", || {
            world.simulator.ledger().len() >= target || child.try_wait().unwrap().is_some()
        })
        .await;
        if child.try_wait().unwrap().is_some() {
            break;
        }
        signal(&child, Signal::KILL);
        ended(child).await;
        hits.push(world.in_state(SENDING));
        println!("kill {}: {:?}", hits.len(), world.states());
    }
    println!("messages under way at the {} kills: {hits:?}", hits.len());
    let hot = hits.iter().filter(|hit| **hit > IN_FLIGHT_OF_ONE).count();
    assert!(
        !hits.is_empty() && hot * 2 >= hits.len(),
        "seed {seed}: at most kills little was under way: {hits:?}"
    );
    let sent = world.simulator.ledger().len();
    let unconfirmed = ends_in_truth(&world, &words, people, seed).await;
    assert_eq!(world.simulator.ledger().len(), sent, "seed {seed}");
    let listed = ["unconfirmed", "list", "crash", "--json"];
    let listed = world.run(&listed).await.stdout;
    let listed: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(listed.len() as u64, unconfirmed, "{listed:?}");
    let listed: BTreeSet<&str> = listed
        .iter()
        .map(|row| row["phone"].as_str().unwrap().trim_start_matches('+'))
        .collect();
    // What a session that keeps its messages has sent was found there.
    for entry in world.simulator.ledger().entries() {
        assert!(
            entry.session() == WITHOUT_STORE || !listed.contains(&*entry.chat()),
            "seed {seed}: {entry:?} is in doubt"
        );
    }
}

/// Once the campaign has ended by itself, its report is true, and so is its exit code. Returns how many are unconfirmed.
async fn ends_in_truth(world: &World, start: &[&str], people: u32, seed: u64) -> u64 {
    let ran = world.run(start).await;
    let unconfirmed = world.judge(people, &format!("seed {seed}"));
    println!(
        "{unconfirmed} unconfirmed, exit {}, {:?}",
        ran.code,
        world.states()
    );
    println!("{}\n{:?}", ran.stdout, world.simulator.counts());
    let expected = if unconfirmed > 0 {
        6
    } else if world.in_state(8) > 0 {
        5
    } else {
        0
    };
    assert_eq!(ran.code, expected, "seed {seed}: {}", ran.stderr);
    unconfirmed
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_finishes_what_is_on_its_way_and_the_next_start_goes_on() {
    let seed = seed();
    println!("seed {seed}");
    let world = World::start(faulty(seed)).await;
    world.list(400);
    for stop in [Signal::INT, Signal::TERM, Signal::HUP] {
        let child = world.spawn(&START);
        let before = world.simulator.ledger().len();
        until("some sends", || {
            world.simulator.ledger().len() > before + 20
        })
        .await;
        signal(&child, stop);
        assert_eq!(ended(child).await, 7, "seed {seed}: {stop:?}");
        assert_eq!(world.in_state(SENDING), 0, "seed {seed}: {stop:?}");
    }
    let ran = world.run(&START).await;
    assert!([0, 5, 6].contains(&ran.code), "seed {seed}: {ran:?}");
    world.judge(400, &format!("seed {seed}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_ctrl_c_ends_at_once_and_loses_nobody() {
    let seed = seed();
    println!("seed {seed}");
    let world = World::start(faulty(seed)).await;
    world.list(200);
    let child = world.spawn(&START);
    until("some sends", || world.simulator.ledger().len() > 20).await;
    signal(&child, Signal::INT);
    tokio::time::sleep(Duration::from_millis(2)).await;
    signal(&child, Signal::INT);
    assert_eq!(ended(child).await, 7);
    world.run(&START).await;
    world.judge(200, &format!("seed {seed}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_until_the_resume_and_a_second_start_sends_nothing_of_its_own() {
    let seed = seed();
    println!("seed {seed}");
    let world = World::start(faulty(seed)).await;
    world.list(400);
    let first = world.spawn(&START);
    until("some sends", || world.simulator.ledger().len() > 20).await;

    let second = world.spawn(&START);
    world
        .run(&["pause", "crash"])
        .await
        .expect(0)
        .says("paused");
    let paused_at = world.simulator.ledger().len();
    // While paused nothing arrives, whoever looks.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(world.simulator.ledger().len(), paused_at, "seed {seed}");
    let ran = world.run(&START).await;
    assert_eq!(
        ran.code, 7,
        "a paused campaign is resumed by name only: {ran:?}"
    );

    world
        .run(&["resume", "crash"])
        .await
        .expect(0)
        .says("running");
    let codes = [ended(first).await, ended(second).await];
    assert!(
        codes.iter().all(|code| [0, 5, 6, 7].contains(code)),
        "seed {seed}: {codes:?}"
    );
    world.judge(400, &format!("seed {seed}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_copy_of_the_database_sends_to_nobody_again() {
    let seed = seed();
    println!("seed {seed}");
    let world = World::start(faulty(seed)).await;
    world.list(300);
    let copy = world.path("copy.sqlite");
    let child = world.spawn(&START);
    until("some sends", || world.simulator.ledger().len() > 30).await;
    world.back_up(&copy);
    let at_copy = world.simulator.ledger().len();
    until("more sends", || {
        world.simulator.ledger().len() > at_copy + 60
    })
    .await;
    signal(&child, Signal::KILL);
    ended(child).await;
    world.restore(&copy);
    let known: u64 = world
        .states()
        .into_iter()
        .filter(|(state, _)| is_handed_over(*state))
        .map(|(_, count)| count)
        .sum();
    assert!(
        known < world.received().len() as u64,
        "seed {seed}: the copy must know less than has happened"
    );
    let ran = world.run(&START).await;
    assert!([0, 5, 6].contains(&ran.code), "seed {seed}: {ran:?}");
    let unconfirmed = world.judge(300, &format!("seed {seed}"));
    println!("{unconfirmed} unconfirmed after the restoration");
}
