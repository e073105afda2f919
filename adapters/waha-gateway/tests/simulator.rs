//! The gateway against a whole WAHA: a simulator over HTTP and websocket, whose ledger knows what was really sent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, reason = "failures print their seed")]

mod scene;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::{Clock, SystemClock};
use campaign_core::delivery::{Ack, Doubt};
use campaign_core::driver::{Driver, Parts};
use campaign_core::engine::Settings;
use campaign_core::failure::{NotHandedOver, Outcome, Signal};
use campaign_core::gateway::{
    Account, Finding, Found, Gateway, Guard, Notice, Observation, Readiness, Sending, Session,
};
use campaign_core::limits::{Gap, LaneLimits, RestartPolicy};
use campaign_core::message::{
    MediaSource, MessageKind, MessageTemplate, RenderedMessage, text_hash,
};
use campaign_core::store::{Command, NewRecipient, Store};
use campaign_core::testing::MemoryStore;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use waha_gateway::{Options, WahaGateway};
use waha_simulator::ledger::Fate;
use waha_simulator::{Builder, Engine, Fault, FaultRates, Simulator, Status};

use scene::{
    ID, OTHER_ID, OTHER_PHONE, PHONE, client, closed, finding, open, phone, sending, session, text,
};

const ACCOUNT: &str = "6281200000001";
/// Divides the simulator's waits.
const SPEED: f64 = 50.0;

fn built() -> Builder {
    Simulator::builder()
        .speed(SPEED)
        .session("default", ACCOUNT)
        .store_default(true)
}

async fn start(builder: Builder) -> (Simulator, WahaGateway) {
    let simulator = builder.start().await.unwrap();
    simulator
        .wait_for("default", Status::Working)
        .await
        .unwrap();
    let client = client(simulator.url(), simulator.key());
    let gateway = WahaGateway::new(client, Arc::new(SystemClock::new()), Options::default());
    (simulator, gateway)
}

fn sent(simulator: &Simulator) -> usize {
    let ledger = simulator.ledger();
    ledger
        .entries()
        .filter(|entry| entry.fate() != Fate::NotSent)
        .count()
}

#[tokio::test]
async fn a_text_is_accepted_on_each_engine_with_our_id_where_ids_are_honoured() {
    for (engine, is_honoured) in [
        (Engine::Noweb, true),
        (Engine::Gows, true),
        (Engine::Webjs, false),
        (Engine::Wpp, false),
    ] {
        let (simulator, gateway) = start(built().engine(engine)).await;
        let outcome = gateway.send(&text(), open()).await;
        let Outcome::Accepted {
            message_id: Some(id),
        } = outcome
        else {
            panic!("{engine}: {outcome:?}")
        };
        assert_eq!(&*id == ID, is_honoured, "{engine}: {id}");
        assert_eq!(sent(&simulator), 1);
        let observation = gateway.observe(&session()).await;
        let platform = format!("2026.7.1 {engine}");
        assert_eq!(observation.platform.as_deref(), Some(&*platform));
    }
}

#[tokio::test]
async fn images_and_files_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tagihan.pdf");
    std::fs::write(&path, b"%PDF-1.4").unwrap();
    let (simulator, gateway) = start(built()).await;
    for message in [
        RenderedMessage::image(MediaSource::Path(path.clone()), "Promo"),
        RenderedMessage::file(MediaSource::Path(path), ""),
    ] {
        let outcome = gateway.send(&sending(message), open()).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }
    assert_eq!(sent(&simulator), 2);
}

#[tokio::test]
async fn a_withheld_message_is_not_in_the_ledger() {
    let (simulator, gateway) = start(built()).await;
    let outcome = gateway.send(&text(), closed()).await;
    let withheld = NotHandedOver::Withheld;
    assert!(
        matches!(outcome, Outcome::NotHandedOver { why, .. } if why == withheld),
        "{outcome:?}"
    );
    // Whatever might still be under way would have arrived before this one.
    gateway.send(&text(), open()).await;
    assert_eq!(simulator.ledger().len(), 1);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found() {
    for fault in [
        Fault::AnswerLost,
        Fault::ResetAfter,
        Fault::ErrorAfter,
        Fault::BadGatewayAfter,
    ] {
        let faults = FaultRates::none().with(fault, 1.0);
        let (simulator, gateway) = start(built().faults(faults)).await;
        let outcome = gateway.send(&text(), open()).await;
        assert!(
            matches!(outcome, Outcome::MaybeSent { .. }),
            "{fault}: {outcome:?}"
        );
        assert_eq!(sent(&simulator), 1);
        let found = gateway.find(&finding(false)).await;
        assert!(matches!(found, Found::Found(_)), "{fault}: {found:?}");
    }
}

#[tokio::test]
async fn a_message_that_was_never_sent_is_absent_and_the_control_shows_that_this_means_something() {
    for fault in [
        Fault::ErrorBefore,
        Fault::ResetBefore,
        Fault::BadGatewayBefore,
    ] {
        let (simulator, gateway) = start(built()).await;
        let mut control = text();
        control.to = phone(OTHER_PHONE);
        control.message_id = OTHER_ID.to_owned();
        let outcome = gateway.send(&control, open()).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
        simulator.faults().set(FaultRates::none().with(fault, 1.0));
        let outcome = gateway.send(&text(), open()).await;
        assert!(
            matches!(outcome, Outcome::MaybeSent { .. }),
            "{fault}: {outcome:?}"
        );
        let found = gateway.find(&finding(true)).await;
        assert_eq!(found, Found::Absent { complete: true }, "{fault}");
        assert_eq!(sent(&simulator), 1);
    }
}

#[tokio::test]
async fn with_the_store_off_nothing_is_known_and_the_operator_hears_why() {
    let (_simulator, gateway) = start(built().store_default(false)).await;
    gateway.send(&text(), open()).await;
    match gateway.find(&finding(true)).await {
        Found::Unknown { why } => assert!(why.contains("config.noweb.store.enabled"), "{why}"),
        found => panic!("{found:?}"),
    }
    let observation = gateway.observe(&session()).await;
    assert_eq!(observation.store_on, Some(false));
}

#[tokio::test]
async fn what_whatsapp_says_of_the_account_comes_as_a_signal() {
    let rows = [
        (Fault::Timelock, Signal::Restricted),
        (Fault::RateOverlimit, Signal::TooFast),
    ];
    for (fault, expected) in rows {
        let faults = FaultRates::none().with(fault, 1.0);
        let (_simulator, gateway) = start(built().faults(faults)).await;
        match gateway.send(&text(), open()).await {
            Outcome::MaybeSent {
                doubt: Doubt::ServerError,
                signal,
                ..
            } => {
                assert_eq!(signal, Some(expected), "{fault}");
            }
            outcome => panic!("{fault}: {outcome:?}"),
        }
    }
    let faults = FaultRates::none().with(Fault::TooManyRequests, 1.0);
    let (_simulator, gateway) = start(built().faults(faults)).await;
    let outcome = gateway.send(&text(), open()).await;
    let limited = NotHandedOver::RateLimited;
    assert!(
        matches!(outcome, Outcome::NotHandedOver { why, .. } if why == limited),
        "{outcome:?}"
    );
    assert!(outcome.retry_after().is_some());
}

#[tokio::test]
async fn a_session_that_does_not_work_sends_nothing() {
    let (simulator, gateway) = start(built()).await;
    simulator.force("default", Status::Failed).unwrap();
    let outcome = gateway.send(&text(), open()).await;
    let not_ready = NotHandedOver::SessionNotReady;
    assert!(
        matches!(outcome, Outcome::NotHandedOver { why, .. } if why == not_ready),
        "{outcome:?}"
    );
    let observation = gateway.observe(&session()).await;
    assert_eq!(observation.readiness, Readiness::NotReady("FAILED".into()));
    assert_eq!(sent(&simulator), 0);
}

#[tokio::test]
async fn a_session_is_observed() {
    let (simulator, gateway) = start(built()).await;
    let before = gateway.observe(&session()).await;
    assert_eq!(before.readiness, Readiness::Working);
    assert_eq!(before.account, Some(Account(phone(ACCOUNT))));
    assert_eq!(before.store_on, Some(true));
    simulator.restart_process();
    simulator
        .wait_for("default", Status::Working)
        .await
        .unwrap();
    let after = gateway.observe(&session()).await;
    assert!(after.server_up_since > before.server_up_since, "{after:?}");
}

#[tokio::test]
async fn under_every_fault_no_outcome_contradicts_the_ledger() {
    const SENDS: u64 = 400;
    let seed = 20_261_121;
    println!("seed {seed}");
    let builder = built().seed(seed).faults(FaultRates::every(0.03));
    let (simulator, _) = start(builder).await;
    let client = client(simulator.url(), simulator.key());
    let options = Options::at_speed(SPEED);
    let gateway = WahaGateway::new(client, Arc::new(SystemClock::new()), options);
    let sends = futures_util::stream::iter(0..SENDS).map(|number| {
        let gateway = gateway.clone();
        let mut sending = text();
        sending.to = phone(&format!("{}", 6_281_200_000_000 + number));
        sending.message_id = format!("3EB0{number:018X}");
        async move {
            let outcome = gateway.send(&sending, open()).await;
            (sending.to.digits().to_string(), outcome)
        }
    });
    let outcomes: Vec<(String, Outcome)> = sends.buffer_unordered(16).collect().await;

    let ledger = simulator.ledger();
    let mut handed: BTreeMap<String, usize> = BTreeMap::new();
    for entry in ledger
        .entries()
        .filter(|entry| entry.fate() != Fate::NotSent)
    {
        *handed.entry(entry.chat()).or_default() += 1;
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (chat, outcome) in &outcomes {
        let times = handed.get(chat).copied().unwrap_or_default();
        let (kind, fits) = match outcome {
            Outcome::Accepted { .. } => ("accepted", times == 1),
            Outcome::NotHandedOver { .. } => ("not handed over", times == 0),
            Outcome::Refused { .. } => ("refused", times == 0),
            Outcome::MaybeSent { .. } => ("maybe sent", times <= 1),
        };
        *kinds.entry(kind).or_default() += 1;
        assert!(fits, "seed {seed}: sent {times} times, told {outcome:?}");
    }
    println!("{kinds:?}, faults {:?}", simulator.counts());
    for kind in ["accepted", "not handed over", "maybe sent"] {
        assert!(kinds.contains_key(kind), "seed {seed}: none {kind}");
    }
}

/// The next notice that is wanted; the others go by.
async fn heard(notices: &mut BoxStream<'_, Notice>, wanted: impl Fn(&Notice) -> bool) -> Notice {
    let hear = async {
        loop {
            let notice = notices.next().await.expect("an endless stream");
            if wanted(&notice) {
                return notice;
            }
        }
    };
    let patience = Duration::from_secs(60);
    tokio::time::timeout(patience, hear)
        .await
        .expect("the notice within a minute")
}

#[tokio::test]
async fn echo_ack_status_and_gap_arrive_over_the_websocket() {
    let (simulator, gateway) = start(built()).await;
    let mut notices = gateway.listen(&[session()]);
    let is_gap = |notice: &Notice| {
        *notice
            == Notice::Gap {
                session: Some(session()),
            }
    };
    heard(&mut notices, is_gap).await;

    gateway.send(&text(), open()).await;
    let mut echo = None;
    let mut ack = None;
    while echo.is_none() || ack.is_none() {
        match heard(&mut notices, |_| true).await {
            notice @ Notice::Echo { .. } => echo = Some(notice),
            Notice::Ack {
                message_id,
                ack: level,
                ..
            } => {
                assert_eq!(&*message_id, ID);
                ack = Some(level);
            }
            _ => {}
        }
    }
    assert!(ack >= Some(Ack::Server));
    let expected = Notice::Echo {
        session: session(),
        account: Some(Account(phone(ACCOUNT))),
        message_id: ID.into(),
        to: Some(phone(PHONE)),
        kind: Some(MessageKind::Text),
        text_hash: text_hash("Halo Budi"),
    };
    assert_eq!(echo, Some(expected));

    simulator.drop_sockets();
    heard(&mut notices, is_gap).await;
    heard(&mut notices, is_gap).await;

    simulator.force("default", Status::Failed).unwrap();
    let status = heard(&mut notices, |notice| {
        matches!(notice, Notice::Status { .. })
    })
    .await;
    let expected = Notice::Status {
        session: session(),
        readiness: Readiness::NotReady("FAILED".into()),
        account: None,
    };
    assert_eq!(status, expected);
}

/// A restart mends what is wrong with the session.
struct Mending {
    gateway: WahaGateway,
    simulator: Arc<Simulator>,
    restarts: AtomicUsize,
}

#[async_trait::async_trait]
impl Gateway for Mending {
    async fn send(&self, sending: &Sending, guard: Guard) -> Outcome {
        self.gateway.send(sending, guard).await
    }

    async fn find(&self, finding: &Finding) -> Found {
        self.gateway.find(finding).await
    }

    async fn restart(&self, session: &Session) -> bool {
        self.restarts.fetch_add(1, Ordering::SeqCst);
        self.simulator.faults().set(FaultRates::none());
        self.gateway.restart(session).await
    }

    async fn observe(&self, session: &Session) -> Observation {
        self.gateway.observe(session).await
    }
}

/// A session whose messages nobody acknowledges is restarted by an engine that may, over HTTP, and everybody is written to once.
#[tokio::test]
async fn a_dead_session_is_suspected_restarted_and_goes_on() {
    let silent = FaultRates::none().with(Fault::AcksMissing, 1.0);
    let (simulator, gateway) = start(built().faults(silent)).await;
    let simulator = Arc::new(simulator);
    let mending = Arc::new(Mending {
        gateway: gateway.clone(),
        simulator: Arc::clone(&simulator),
        restarts: AtomicUsize::new(0),
    });
    let store = Arc::new(MemoryStore::new());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let message = MessageTemplate::text("Halo").unwrap();
    let definition = Definition::new("promo", session(), message);
    let campaign = store.create(&definition, &[], clock.now()).await.unwrap();
    let people = (0..60).map(|n| {
        let to = phone(&format!("62813000000{n:02}"));
        NewRecipient::new(n + 2, to, [] as [&str; 0])
    });
    store.import(campaign, people.collect(), 0).await.unwrap();
    let at = clock.now().stamp(clock.boot());
    store.freeze(campaign, at).await.unwrap();
    let quick = Duration::from_millis(100);
    let parts = Parts {
        limits: LaneLimits {
            gap: Gap {
                min: quick,
                max: quick,
            },
            restart: RestartPolicy::WhenSuspected,
            ..LaneLimits::default()
        },
        settings: Settings {
            silence: Duration::from_millis(600),
            pause_min: Duration::from_secs(300),
            observe_every: quick,
            hold_min: quick,
            ack_time: Duration::from_secs(2),
            ..Settings::default()
        },
        ..Parts::new(store.clone(), mending.clone(), clock)
    };
    let (driver, handle) = Driver::start(parts).await.unwrap();
    let runs = tokio::spawn(driver.run());
    let events = tokio::spawn(waha_gateway::pump(gateway, handle.clone(), vec![session()]));
    store.submit(&Command::Start { campaign }).await.unwrap();

    let mut status = handle.status();
    let patience = Duration::from_secs(60);
    // The pause would be five minutes: that everybody has it sooner is the restart's doing.
    let is_through = |status: &campaign_core::driver::Status| {
        let of_it = status.campaigns.get(&campaign.number());
        of_it.is_some_and(|it| it.state == CampaignState::Completed)
    };
    let through = tokio::time::timeout(patience, status.wait_for(is_through)).await;
    through.expect("it does not go on").unwrap();
    assert!(simulator.ledger().duplicates().is_empty());
    assert_eq!(sent(&simulator), 60);
    assert_eq!(mending.restarts.load(Ordering::SeqCst), 1);
    handle.stop().await;
    runs.await.unwrap().unwrap();
    events.abort();
}
