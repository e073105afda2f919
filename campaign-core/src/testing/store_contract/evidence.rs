//! What is promised about moves, evidence, and finding the delivery that evidence is about.

use super::ContractStore;
use super::scene::{
    Scene, TEXT_HASH, account, answered, assert_counts_equal_the_report, evidence, happened,
    in_one_way, moved_to, phone, report, state_after,
};
use crate::delivery::{Ack, Doubt, Happening, Reason, Standing, State, apply};
use crate::message::MessageKind;
use crate::store::{Change, Effect, Happened, Lost, Store};

/// From every state, everything that can happen has the effect that [`apply`] gives it.
pub async fn every_move_is_judged_as_the_table_judges_it(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let cases: Vec<(Vec<Happening>, Happening)> = paths()
        .into_iter()
        .flat_map(|path| {
            happenings()
                .into_iter()
                .map(move |last| (path.clone(), last))
        })
        .collect();
    let (campaign, targets) = scene.running("table", 0..cases.len() as u64).await;
    let mut standings = vec![Standing::NEW; cases.len()];
    for step in 0..cases.iter().map(|(path, _)| path.len()).max().unwrap_or(0) {
        let moving: Vec<usize> = (0..cases.len())
            .filter(|case| cases[*case].0.len() > step)
            .collect();
        let changes = moving.iter().map(|case| match cases[*case].0[step] {
            Happening::Journalled => scene.journal(targets[*case]),
            step => Change::Happened(happened(targets[*case].delivery, step)),
        });
        let effects = scene.commit(1, changes.collect()).await;
        for (case, effect) in moving.into_iter().zip(&effects) {
            standings[case] = moved_to(effect).expect("the path is legal");
        }
    }
    let last = targets.iter().zip(&cases);
    let last = last.map(|(target, (_, last))| Change::Happened(happened(target.delivery, *last)));
    let effects = scene.commit(2, last.collect()).await;
    for ((effect, from), (_, happening)) in effects.into_iter().zip(standings).zip(&cases) {
        let expected = match apply(from, *happening) {
            Ok(to) => Effect::Moved { from, to },
            Err(illegal) => Effect::Lost(Lost::Delivery(illegal.from)),
        };
        let (effect, expected) = (in_one_way(effect), in_one_way(expected));
        assert_eq!(effect, expected, "{happening:?} from {from:?}");
    }
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

fn paths() -> Vec<Vec<Happening>> {
    use Happening as H;
    let journalled = |rest: &[Happening]| [&[H::Journalled], rest].concat();
    let doubted =
        |rest: &[Happening]| journalled(&[&[H::MaybeSent(Doubt::NoAnswer)], rest].concat());
    vec![
        vec![],
        vec![H::Skipped(Reason::MissingVariable)],
        vec![H::Cancelled],
        journalled(&[]),
        journalled(&[H::NotHandedOver { counts: true }]),
        journalled(&[H::Accepted]),
        journalled(&[H::Accepted, H::Silent]),
        journalled(&[H::Evidence(Ack::Server)]),
        journalled(&[H::Evidence(Ack::Device)]),
        journalled(&[H::Evidence(Ack::Read)]),
        journalled(&[H::Evidence(Ack::Played)]),
        journalled(&[H::Refused]),
        journalled(&[H::Exhausted]),
        journalled(&[H::Accepted, H::Evidence(Ack::Error)]),
        journalled(&[H::Refused, H::Evidence(Ack::Server)]),
        doubted(&[]),
        doubted(&[H::GivenUpByOperator]),
        doubted(&[H::ConfirmedByOperator]),
        doubted(&[H::ProvedAbsentForGood(Reason::Expired)]),
    ]
}

fn happenings() -> Vec<Happening> {
    use Happening as H;
    vec![
        H::NotHandedOver { counts: true },
        H::NotHandedOver { counts: false },
        H::Exhausted,
        H::Refused,
        H::Accepted,
        H::MaybeSent(Doubt::NoAnswer),
        H::MaybeSent(Doubt::ServerError),
        H::Evidence(Ack::Error),
        H::Evidence(Ack::Pending),
        H::Evidence(Ack::Server),
        H::Evidence(Ack::Device),
        H::Evidence(Ack::Read),
        H::Evidence(Ack::Played),
        H::Silent,
        H::ProvedAbsent,
        H::ProvedAbsentForGood(Reason::Expired),
        H::ProvedAbsentForGood(Reason::Exhausted),
        H::ProvedAbsentForGood(Reason::EarlierArrived),
        H::Skipped(Reason::Suppressed),
        H::Cancelled,
        H::ConfirmedByOperator,
        H::GivenUpByOperator,
    ]
}

/// Acks come before the answer, twice, backwards: the end is the same.
pub async fn evidence_joins_in_any_order(database: &impl ContractStore) {
    let parts = [
        Happening::Accepted,
        Happening::Evidence(Ack::Server),
        Happening::Evidence(Ack::Device),
        Happening::Evidence(Ack::Server),
    ];
    let orders = orders(parts.len());
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("orders", 0..orders.len() as u64).await;
    for (order, target) in orders.iter().zip(targets) {
        scene.send(1, target).await;
        for part in order {
            let change = match parts[*part] {
                Happening::Accepted => answered(target.delivery, Happening::Accepted),
                other => Change::Happened(happened(target.delivery, other)),
            };
            scene.one(2, change).await;
        }
        assert_eq!(
            scene.state(target.delivery).await,
            State::Delivered,
            "{order:?}"
        );
    }
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let shorter = orders(count - 1);
    shorter
        .iter()
        .flat_map(|order| {
            (0..count).map(move |place| {
                let mut longer = order.clone();
                longer.insert(place, count - 1);
                longer
            })
        })
        .collect()
}

/// An id that the server chose leads to its delivery, whatever becomes of that.
pub async fn foreign_ids_lead_to_their_delivery(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("foreign", 0..2).await;
    let named = |index: usize, happening, id: &str| {
        Change::Happened(Happened {
            foreign_id: Some(id.into()),
            ..happened(targets[index].delivery, happening)
        })
    };
    for target in &targets {
        scene.send(1, *target).await;
    }
    scene
        .one(2, named(0, Happening::Accepted, "BAE5AAAA"))
        .await;
    scene
        .one(3, named(1, Happening::Evidence(Ack::Server), "bae5aaaa"))
        .await;
    scene.one(4, evidence(targets[0].delivery, Ack::Read)).await;
    let found = |id: &'static str| scene.store.delivery_of(id);
    assert_eq!(found("BAE5AAAA").await.unwrap(), Some(targets[0].delivery));
    assert_eq!(found("bae5aaaa").await.unwrap(), Some(targets[1].delivery));
    assert_eq!(found("BAE5").await.unwrap(), None);
    assert_eq!(found("").await.unwrap(), None);
}

/// While an attempt is open it is found by account, chat, kind and text; not before, and not after.
pub async fn an_open_attempt_is_found_by_chat_kind_and_text(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("open", 0..1).await;
    let target = targets[0];
    let open = |number: u64, phone, kind, hash| {
        let store = &scene.store;
        async move {
            store
                .open_attempt(account(number), phone, kind, hash)
                .await
                .unwrap()
        }
    };
    let text = MessageKind::Text;
    assert_eq!(open(1, target.phone, text, TEXT_HASH).await, None);
    scene.send(1, target).await;
    assert_eq!(
        open(1, target.phone, text, TEXT_HASH).await,
        Some(target.delivery)
    );
    assert_eq!(open(2, target.phone, text, TEXT_HASH).await, None);
    assert_eq!(open(1, phone(5), text, TEXT_HASH).await, None);
    assert_eq!(
        open(1, target.phone, MessageKind::Image, TEXT_HASH).await,
        None
    );
    assert_eq!(open(1, target.phone, text, u64::MAX).await, None);
    scene
        .one(
            2,
            answered(target.delivery, Happening::MaybeSent(Doubt::NoAnswer)),
        )
        .await;
    assert_eq!(
        open(1, target.phone, text, TEXT_HASH).await,
        Some(target.delivery)
    );
    scene.one(3, evidence(target.delivery, Ack::Server)).await;
    assert_eq!(open(1, target.phone, text, TEXT_HASH).await, None);
}

/// What the server said, or what is missing to settle a doubt, is shown as long as it is about the present state.
pub async fn the_report_shows_the_words_of_the_present_state(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("words", 0..1).await;
    let delivery = targets[0].delivery;
    let said = |happening, words: &str| {
        Change::Happened(Happened {
            message: Some(words.into()),
            ends_attempt: true,
            ..happened(delivery, happening)
        })
    };
    let shown = async || report(&scene.store, campaign).await[0].message.clone();
    assert_eq!(shown().await, None);
    scene.send(1, targets[0]).await;
    scene
        .one(2, said(Happening::MaybeSent(Doubt::ServerError), "500"))
        .await;
    assert_eq!(shown().await.as_deref(), Some("500"));
    let looked = Change::Looked {
        delivery,
        next: None,
        missing: "the message store is off".into(),
    };
    scene.one(3, looked).await;
    assert_eq!(shown().await.as_deref(), Some("the message store is off"));
    let arrived = scene.one(4, evidence(delivery, Ack::Device)).await;
    assert_eq!(state_after(&arrived), State::Delivered);
    assert_eq!(shown().await, None, "it has arrived: nothing is missing");
}
