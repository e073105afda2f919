//! Single messages: once for each key, from any number of tasks, with and without a runner.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::time::Duration;

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::{Ack, Reason, State};
use campaign_core::driver::Heard;
use campaign_core::event::What;
use campaign_core::gateway::Notice;
use campaign_core::message::MessageTemplate;
use campaign_core::once::{Goal, OnceError, Outcome, SendOnce, leave, look};
use campaign_core::store::{CampaignQuery, Command, Store};
use campaign_core::testing::Play;
use paused::{Stage, account, definition, phone, session};

const MINUTE: Duration = Duration::from_secs(60);

fn receipt(key: &str, number: u64) -> SendOnce {
    let message = MessageTemplate::text("Terima kasih, {{nama}}").unwrap();
    SendOnce {
        values: vec![("nama".into(), format!("Budi {number}").into())],
        ..SendOnce::new(key.parse().unwrap(), session(), phone(number), message)
    }
}

#[tokio::test(start_paused = true)]
async fn of_any_number_of_callers_with_one_key_one_sends() {
    let stage = Stage::new();
    let runner = stage.runs().await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let handle = runner.handle.clone();
            tokio::spawn(async move { handle.send_once(&receipt("4711", 1)).await.unwrap() })
        })
        .collect();
    let mut new = 0;
    for call in calls {
        let sent = call.await.unwrap();
        new += u32::from(sent.is_new());
        let stands = sent.reaches(Goal::Accepted, MINUTE).await.unwrap();
        assert_eq!(stands.outcome(), Outcome::Accepted);
    }
    assert_eq!(new, 1);
    assert_eq!(stage.gateway.received().len(), 1);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_key_answers_with_where_it_stands_and_other_content_is_refused() {
    let stage = Stage::new();
    let runner = stage.runs().await;
    let first = runner.handle.send_once(&receipt("4711", 1)).await.unwrap();
    first.reaches(Goal::Accepted, MINUTE).await.unwrap();
    // Long after it is settled, and forgotten by the engine.
    stage.passes(60 * MINUTE).await;
    let again = runner.handle.send_once(&receipt("4711", 1)).await.unwrap();
    assert!(!again.is_new());
    let stands = again.reaches(Goal::Accepted, MINUTE).await.unwrap();
    assert_eq!(stands.outcome(), Outcome::Sent, "as a look-up found");
    let refused = runner.handle.send_once(&receipt("4711", 2)).await;
    let Err(OnceError::Differs { differences, .. }) = refused else {
        panic!("{refused:?}");
    };
    let names: Vec<_> = differences.iter().map(|it| it.what).collect();
    assert_eq!(names, ["recipient", "values"]);
    assert_eq!(stage.gateway.received().len(), 1);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn it_does_not_wait_for_a_look_around_to_be_sent() {
    let stage = Stage::new();
    let runner = stage.runs().await;
    // The session is known by then.
    let first = runner.handle.send_once(&receipt("1", 1)).await.unwrap();
    first.reaches(Goal::Accepted, MINUTE).await.unwrap();
    stage.passes(MINUTE).await;
    let began = stage.clock.now().elapsed;
    let second = runner.handle.send_once(&receipt("2", 2)).await.unwrap();
    second.reaches(Goal::Accepted, MINUTE).await.unwrap();
    let took = stage.clock.now().elapsed.since(began);
    assert!(took < Duration::from_millis(250), "{took:?}");
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_left_while_nobody_ran_is_sent_by_the_next_runner() {
    let stage = Stage::new();
    let once = receipt("4711", 1);
    let left = leave(&*stage.store, &once, stage.clock.now()).await;
    assert!(left.unwrap().is_new);
    let again = leave(&*stage.store, &once, stage.clock.now()).await;
    assert!(!again.unwrap().is_new);
    let stands = look(&*stage.store, &once.key).await.unwrap().unwrap();
    assert_eq!(stands.outcome(), Outcome::Pending);
    let runner = stage.runs().await;
    let sent = runner.handle.send_once(&once).await.unwrap();
    let stands = sent.reaches(Goal::Accepted, MINUTE).await.unwrap();
    assert_eq!(stands.outcome(), Outcome::Accepted);
    assert_eq!(stage.gateway.received().len(), 1);
    runner.stops().await;
    let other = receipt("4712", 2).key;
    assert_eq!(look(&*stage.store, &other).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_the_goal_at_the_deadline_or_with_the_driver() {
    let stage = Stage::new();
    let runner = stage.runs().await;
    let once = receipt("4711", 1);
    let sent = runner.handle.send_once(&once).await.unwrap();
    let stands = sent.reaches(Goal::Delivered, MINUTE).await.unwrap();
    assert_eq!(stands.outcome(), Outcome::Accepted, "no phone has it");
    let receipts = stage.gateway.received();
    let waits = tokio::spawn({
        let sent = sent.clone();
        async move { sent.reaches(Goal::Delivered, 60 * MINUTE).await.unwrap() }
    });
    let notice = Notice::Ack {
        session: session(),
        account: Some(account()),
        message_id: receipts[0].message_id.as_str().into(),
        ack: Ack::Device,
    };
    runner.handle.notify(notice).await;
    assert_eq!(waits.await.unwrap().outcome(), Outcome::Delivered);
    let other = runner.handle.send_once(&receipt("4712", 2)).await.unwrap();
    let waits = tokio::spawn(async move {
        let began = tokio::time::Instant::now();
        other.reaches(Goal::Delivered, 60 * MINUTE).await.unwrap();
        began.elapsed()
    });
    stage.passes(Duration::from_secs(5)).await;
    runner.stops().await;
    assert!(waits.await.unwrap() < MINUTE);
}

#[tokio::test(start_paused = true)]
async fn what_fails_or_is_in_doubt_says_so() {
    let stage = Stage::new();
    let mut sends = 0;
    stage.gateway.script(move |_| {
        sends += 1;
        match sends {
            1 => Play::refused("no such number"),
            _ => Play::answer_lost(true),
        }
    });
    let runner = stage.runs().await;
    let refused = runner.handle.send_once(&receipt("1", 1)).await.unwrap();
    let stands = refused.reaches(Goal::Delivered, MINUTE).await.unwrap();
    let why = Some(Reason::Refused);
    assert_eq!(stands.outcome(), Outcome::Failed { why });
    let late = SendOnce {
        expires_at: Some(stage.clock.now().wall),
        ..receipt("2", 2)
    };
    let late = runner.handle.send_once(&late).await.unwrap();
    let stands = late.reaches(Goal::Delivered, MINUTE).await.unwrap();
    let why = Some(Reason::Expired);
    assert_eq!(stands.outcome(), Outcome::Failed { why });
    let lost = runner.handle.send_once(&receipt("3", 3)).await.unwrap();
    let soon = Duration::from_secs(4);
    let stands = lost.reaches(Goal::Accepted, soon).await.unwrap();
    let why = Some(Reason::NoAnswer);
    assert_eq!(stands.outcome(), Outcome::Unconfirmed { why });
    let stands = lost.reaches(Goal::Accepted, 10 * MINUTE).await.unwrap();
    assert!(matches!(
        stands.outcome(),
        Outcome::Accepted | Outcome::Sent | Outcome::Delivered
    ));
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn many_single_messages_go_out_once_each_and_are_forgotten() {
    let stage = Stage::new();
    let runner = stage.runs().await;
    let mut last = None;
    for number in 0..200 {
        let once = receipt(&number.to_string(), number);
        last = Some(runner.handle.send_once(&once).await.unwrap());
    }
    last.unwrap()
        .reaches(Goal::Accepted, 60 * MINUTE)
        .await
        .unwrap();
    stage.passes(10 * MINUTE).await;
    let times = stage.gateway.times_received();
    assert_eq!(times.len(), 200);
    assert!(times.values().all(|times| *times == 1));
    let all = stage.store.campaigns(&CampaignQuery::All).await.unwrap();
    assert!(
        all.iter()
            .all(|record| record.state == CampaignState::Settled)
    );
    assert!(runner.handle.status().borrow().campaigns.is_empty());
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn events_tell_what_happened_in_order_from_begin_to_end() {
    let stage = Stage::new();
    let runner = stage.runs().await;
    let mut events = runner.handle.events();
    let campaign = stage.campaign(&definition("tagihan"), 0..20).await;
    stage.asks(Command::Start { campaign }).await;
    runner.handle.over(campaign).await.unwrap();
    runner.stops().await;
    let mut told = Vec::new();
    while let Some(Heard::Event(event)) = events.next().await {
        told.push(event);
    }
    let numbers: Vec<u64> = told.iter().map(|event| event.number).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert!(matches!(told[0].what, What::RunnerBegan { .. }));
    assert_eq!(told.last().unwrap().what, What::RunnerEnded);
    let of = |ordinal: u32| {
        let of_it = told.iter().filter_map(move |event| match &event.what {
            What::DeliveryMoved { delivery, to, .. } if delivery.ordinal() == ordinal => Some(*to),
            _ => None,
        });
        of_it.collect::<Vec<_>>()
    };
    for ordinal in 0..20 {
        assert_eq!(of(ordinal), [State::Sending, State::Accepted]);
    }
    let states = told.iter().filter_map(|event| match event.what {
        What::CampaignMoved { to, .. } => Some(to),
        _ => None,
    });
    let states: Vec<_> = states.collect();
    assert_eq!(states, [CampaignState::Running, CampaignState::Completed]);
}
