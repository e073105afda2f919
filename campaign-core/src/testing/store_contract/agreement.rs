//! What chance finds: random batches, checked against the counters and against the store in memory.

use std::sync::Arc;

use super::ContractStore;
use super::scene::{
    Scene, TEXT_HASH, account, assert_counts_equal_the_report, at, happened, in_one_way, report,
    wall,
};
use crate::consent::Terms;
use crate::delivery::{Ack, CampaignId, DeliveryId, Doubt, Happening, Reason};
use crate::engine::Chance;
use crate::limits::Slot;
use crate::message::MessageKind;
use crate::store::{
    Batch, Change, DoubtQuery, Effect, Happened, Journal, Lost, ReadyQuery, Store, Sweep, Whom,
};
use crate::testing::MemoryStore;

/// Replays one seed instead of the usual ones.
const SEED_VARIABLE: &str = "STORE_CONTRACT_SEED";
const SEEDS: std::ops::Range<u64> = 0..4;
const BATCHES: i64 = 40;
const RECIPIENTS: u64 = 12;

/// The counters are the report's rows, counted, after every batch.
pub async fn counts_equal_the_report_after_any_batches(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    for seed in seeds() {
        let _told = Told(seed);
        let mut draw = Draw::new(seed);
        let (campaign, targets) = scene.running(&format!("seed {seed}"), 0..RECIPIENTS).await;
        let recipients: Vec<_> = targets.iter().map(|target| target.phone).collect();
        for number in 1..=BATCHES {
            let changes = draw.changes(number);
            let changes = changes
                .into_iter()
                .map(|change| change.of(&scene, campaign, &recipients));
            scene.commit(number, changes.collect()).await;
            assert_counts_equal_the_report(&scene.store, campaign).await;
        }
    }
}

/// The same batches have the same effects, and leave the same behind, as in the store in memory.
pub async fn any_batches_have_the_effects_they_have_in_memory(database: &impl ContractStore) {
    let here = Scene::open(database).await;
    for seed in seeds() {
        let _told = Told(seed);
        let mut draw = Draw::new(seed);
        let model = Scene::run(MemoryStore::new(), 0).await;
        let name = format!("seed {seed}");
        // Phones of their own, so that what is open in one seed's campaign keeps no chat of the next one's busy.
        let phones = 100 * seed..100 * seed + RECIPIENTS;
        let (campaign, targets) = here.running(&name, phones.clone()).await;
        let (its, _) = model.running(&name, phones).await;
        let recipients: Vec<_> = targets.iter().map(|target| target.phone).collect();
        for number in 1..=BATCHES {
            let drawn = draw.changes(number);
            let changes = |scene: &dyn Fn(&Drawn) -> Change| drawn.iter().map(scene).collect();
            let mine: Vec<Change> = changes(&|drawn| drawn.of(&here, campaign, &recipients));
            let theirs: Vec<Change> = changes(&|drawn| drawn.of(&model, its, &recipients));
            let effects = commit(&here.store, number, mine).await;
            let expected = commit(&model.store, number, theirs).await;
            for ((drawn, effect), expected) in drawn.iter().zip(effects).zip(expected) {
                let effect = told_of(its, in_one_way(effect));
                assert_eq!(effect, in_one_way(expected), "batch {number}: {drawn:?}");
            }
            if number % 10 == 0 {
                let before = wall(number - 20);
                let considered = here.store.mark_silent(before, 1_000).await.unwrap();
                assert_eq!(
                    considered,
                    model.store.mark_silent(before, 1_000).await.unwrap()
                );
            }
            assert_same(&here.store, campaign, &model.store, its, number).await;
        }
    }
}

async fn assert_same(
    here: &impl Store,
    campaign: CampaignId,
    model: &impl Store,
    its: CampaignId,
    number: i64,
) {
    let mut rows = report(here, campaign).await;
    for row in &mut rows {
        row.delivery = moved(row.delivery, its);
    }
    assert_eq!(
        rows,
        report(model, its).await,
        "the report after batch {number}"
    );

    for whom in [
        Whom::everybody(),
        Whom::KnownTo([account(1)].into()),
        Whom::KnownTo([account(1), account(2)].into()),
        Whom::KnownToNone([account(1)].into()),
    ] {
        let query = ReadyQuery {
            campaign,
            after: None,
            whom,
            due: wall(number),
            limit: 5,
        };
        let mut page = here.ready(query.clone()).await.unwrap();
        for ready in &mut page.ready {
            ready.delivery = moved(ready.delivery, its);
        }
        let query = ReadyQuery {
            campaign: its,
            ..query
        };
        let expected = model.ready(query).await.unwrap();
        assert_eq!(
            (page.ready, page.next_due, page.has_more),
            (expected.ready, expected.next_due, expected.has_more),
            "batch {number}"
        );
    }

    let query = DoubtQuery {
        after: None,
        due: wall(number),
        limit: 10_000,
        is_for_worker: false,
    };
    let doubts = here.doubts(query).await.unwrap().doubts;
    let doubts: Vec<_> = doubts
        .into_iter()
        .filter(|doubt| doubt.delivery.campaign() == campaign)
        .map(|doubt| {
            (
                moved(doubt.delivery, its),
                doubt.standing,
                doubt.looks,
                doubt.started,
                doubt.ended,
            )
        })
        .collect();
    let expected = model.doubts(query).await.unwrap().doubts;
    let expected: Vec<_> = expected
        .into_iter()
        .map(|doubt| {
            (
                doubt.delivery,
                doubt.standing,
                doubt.looks,
                doubt.started,
                doubt.ended,
            )
        })
        .collect();
    assert_eq!(doubts, expected, "what is in doubt after batch {number}");
}

async fn commit(store: &impl Store, number: i64, changes: Vec<Change>) -> Vec<Effect> {
    let batch = Batch {
        at: at(number),
        changes,
    };
    store.commit(Arc::new(batch)).await.unwrap()
}

/// The same place in another campaign.
fn moved(delivery: DeliveryId, to: CampaignId) -> DeliveryId {
    let place = delivery.number() - DeliveryId::range(delivery.campaign()).0;
    DeliveryId::from_number(DeliveryId::range(to).0 + place).unwrap()
}

fn told_of(campaign: CampaignId, effect: Effect) -> Effect {
    match effect {
        Effect::Created(delivery) => Effect::Created(moved(delivery, campaign)),
        Effect::Lost(Lost::ChatBusy(open)) => Effect::Lost(Lost::ChatBusy(moved(open, campaign))),
        other => other,
    }
}

fn seeds() -> Vec<u64> {
    match std::env::var(SEED_VARIABLE) {
        Ok(seed) => vec![seed.parse().expect("a seed is a number")],
        Err(_) => SEEDS.collect(),
    }
}

/// Names the seed when a check fails.
struct Told(u64);

impl Drop for Told {
    #[allow(clippy::print_stderr)]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}: replay it by {SEED_VARIABLE}={}", self.0, self.0);
        }
    }
}

/// A change before it is known of which store's campaign.
#[derive(Debug, Clone)]
enum Drawn {
    Journal(u32, u8),
    Happened(u32, u8, Happening, Option<i64>, bool),
    Looked(u32, u8, Option<i64>),
    Anew(u32, u8),
    Sweep(Sweep, u32),
    LookNow,
}

impl Drawn {
    fn of<S: Store>(
        &self,
        scene: &Scene<S>,
        campaign: CampaignId,
        recipients: &[crate::phone::PhoneNumber],
    ) -> Change {
        let id = |ordinal: u32, generation: u8| {
            let first = DeliveryId::new(campaign, ordinal).unwrap().number();
            DeliveryId::from_number(first + u64::from(generation)).unwrap()
        };
        match self {
            Drawn::Journal(ordinal, generation) => Change::Journal(Journal {
                delivery: id(*ordinal, *generation),
                phone: recipients[*ordinal as usize],
                lane: scene.lane.id,
                epoch: scene.lane.epoch,
                slot: Slot::Cold,
                if_heard_since: None,
                unless_known_to: Arc::new([]),
                kind: MessageKind::Text,
                text_hash: TEXT_HASH,
                terms: Terms::default(),
            }),
            Drawn::Happened(ordinal, generation, happening, next, ends_attempt) => {
                Change::Happened(Happened {
                    ends_attempt: *ends_attempt,
                    next: next.map(wall),
                    ..happened(id(*ordinal, *generation), *happening)
                })
            }
            Drawn::Looked(ordinal, generation, next) => Change::Looked {
                delivery: id(*ordinal, *generation),
                next: next.map(wall),
                missing: "a control".into(),
            },
            Drawn::Anew(ordinal, generation) => Change::NewGeneration {
                delivery: id(*ordinal, *generation),
            },
            Drawn::Sweep(what, deliveries_max) => Change::Sweep {
                campaign,
                what: *what,
                deliveries_max: *deliveries_max,
            },
            Drawn::LookNow => Change::LookNow { campaign },
        }
    }
}

struct Draw(Chance);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(Chance::new(seed, 0))
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.0.unit() * bound as f64) as u64
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn changes(&mut self, second: i64) -> Vec<Drawn> {
        (0..=self.below(8)).map(|_| self.change(second)).collect()
    }

    fn change(&mut self, second: i64) -> Drawn {
        let ordinal = self.below(RECIPIENTS) as u32;
        let generation = self.one(&[0, 0, 0, 1, 1, 2]);
        let next = match self.below(2) {
            0 => None,
            _ => Some(second + self.below(12) as i64),
        };
        match self.below(100) {
            0..35 => Drawn::Journal(ordinal, generation),
            35..60 => {
                let outcome = self.one(OUTCOMES);
                Drawn::Happened(ordinal, generation, outcome, next, true)
            }
            60..80 => {
                let other = self.one(OTHERS);
                Drawn::Happened(ordinal, generation, other, next, false)
            }
            80..87 => Drawn::Looked(ordinal, generation, next),
            87..96 => Drawn::Anew(ordinal, generation),
            96..98 => {
                let what = self.one(&[
                    Sweep::Retry(None),
                    Sweep::Retry(Some(Reason::Refused)),
                    Sweep::Expire,
                    Sweep::Cancel,
                ]);
                Drawn::Sweep(what, 2)
            }
            _ => Drawn::LookNow,
        }
    }
}

const OUTCOMES: &[Happening] = &[
    Happening::Accepted,
    Happening::Accepted,
    Happening::Refused,
    Happening::Exhausted,
    Happening::NotHandedOver { counts: true },
    Happening::NotHandedOver { counts: false },
    Happening::MaybeSent(Doubt::NoAnswer),
    Happening::MaybeSent(Doubt::ServerError),
    Happening::MaybeSent(Doubt::Restricted),
];

const OTHERS: &[Happening] = &[
    Happening::Evidence(Ack::Error),
    Happening::Evidence(Ack::Pending),
    Happening::Evidence(Ack::Server),
    Happening::Evidence(Ack::Device),
    Happening::Evidence(Ack::Read),
    Happening::ProvedAbsent,
    Happening::ProvedAbsentForGood(Reason::Exhausted),
    Happening::Skipped(Reason::Suppressed),
    Happening::Cancelled,
    Happening::ConfirmedByOperator,
    Happening::GivenUpByOperator,
];
