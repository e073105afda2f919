//! The forecast against five hundred real sends: SQLite, HTTP, a simulator; and by the simulator's own stamps none of them too early.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod embedded;

use std::sync::Arc;
use std::time::Duration;

use campaign_core::driver::{Driver, Parts};
use campaign_core::engine::Settings;
use campaign_core::forecast::{Bottleneck, Outlook, forecast};
use campaign_core::limits::{Gap, LaneLimits, Window};
use campaign_core::store::{Command, Store};
use waha_simulator::ledger::{Fate, Stamp};

const PEOPLE: u32 = 500;
/// The simulator and our clock run so many times as fast as the wall.
const SPEED: f64 = 30.0;
/// How far the end may lie from the forecast, as a share of the time that was forecast.
const MISS_MAX: f64 = 0.03;
const WINDOW: Window = Window {
    sends_max: 25,
    span: Duration::from_secs(90),
};
const GAP: Gap = Gap {
    min: Duration::from_millis(400),
    max: Duration::from_millis(1_000),
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_sends_over_http_end_when_it_was_forecast() {
    let simulator = embedded::simulator(1, SPEED).start().await.unwrap();
    let clock = embedded::clock(SPEED, jiff::Timestamp::now());
    let gateway = embedded::gateway(simulator.url(), &clock, SPEED);
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(embedded::open(folder.path()));
    let campaign =
        embedded::import(&*store, &*clock, &embedded::definition(), 0..PEOPLE, 5_000).await;
    let limits = LaneLimits {
        gap: GAP,
        windows: vec![WINDOW],
        sends_per_day_max: None,
        ..LaneLimits::default()
    };
    let parts = Parts {
        store: Arc::clone(&store),
        gateway: Arc::new(gateway.clone()),
        clock: Arc::clone(&clock),
        settings: Settings {
            seed: 2,
            ..Settings::default()
        },
        limits: limits.clone(),
        workers: None,
    };
    let begins = clock.now();
    let began_us = jiff::Timestamp::now().as_microsecond().cast_unsigned();
    let foretold = forecast(&Outlook {
        definition: &embedded::definition(),
        recipients: PEOPLE,
        limits: &limits,
        shared: &[],
        sent_today: None,
        // As `plan` takes it to be. The simulator answers at once: sockets and disk run at their own speed, and take that place.
        answer_time: (Duration::from_millis(100), Duration::from_millis(500)),
        now: begins,
        seed: 1,
    });
    // Before there is a runner, so that it begins with it: commands are looked for in real time, which would be sped up too.
    store.submit(&Command::Start { campaign }).await.unwrap();
    let (driver, handle) = Driver::start(parts).await.unwrap();
    let pump = tokio::spawn(waha_gateway::pump(gateway, handle.clone(), Vec::new()));
    let driver = tokio::spawn(driver.run());
    embedded::over(&*store, &handle).await;
    handle.stop().await;
    driver.await.unwrap().unwrap();
    pump.abort();

    let ledger = simulator.ledger();
    assert!(ledger.entries().all(|entry| entry.fate() == Fate::Received));
    assert_eq!(ledger.len(), PEOPLE as usize);
    assert!(ledger.duplicates().is_empty());
    let handed = ledger
        .entries()
        .filter_map(|entry| Some(entry.wall_us(entry.handed_us()?)));
    let last_us = handed.max();
    let took = Duration::from_micros(last_us.unwrap() - began_us).mul_f64(SPEED);
    let ends = foretold.ends_at.unwrap().duration_since(begins.wall);
    let takes = Duration::try_from(ends).unwrap();
    let miss = took.as_secs_f64() / takes.as_secs_f64() - 1.0;
    println!(
        "forecast {takes:.1?}, took {took:.1?}: {:+.2} %",
        miss * 100.0
    );
    assert_eq!(foretold.bottleneck, Some(Bottleneck::Window));
    assert!(miss.abs() <= MISS_MAX, "{:+.2} %", miss * 100.0);

    // The simulator's stamps are of real time.
    let real = |time: Duration| time.div_f64(SPEED);
    for stamp in [Stamp::Received, Stamp::Handed] {
        let gap = ledger.smallest_gap(embedded::ACCOUNT, stamp).unwrap();
        assert!(gap >= real(GAP.min), "{stamp:?}: a gap of {gap:?}");
    }
    let most = ledger.most_in_window(embedded::ACCOUNT, real(WINDOW.span));
    assert!(most <= WINDOW.sends_max as usize, "{most} in a window");
    simulator.shutdown().await;
}
