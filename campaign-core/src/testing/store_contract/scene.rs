//! What every check starts from: a runner with a lane, campaigns that run, moments and changes in short.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use jiff::Timestamp;

use super::ContractStore;
use crate::campaign::{CampaignState, Definition, Source};
use crate::clock::{BootId, Elapsed, Now, Stamp};
use crate::consent::Terms;
use crate::delivery::{Ack, CampaignId, DeliveryId, Happening, Standing, State};
use crate::gateway::{Account, Session};
use crate::limits::LaneLimits;
use crate::limits::Slot;
use crate::message::{MessageKind, MessageTemplate};
use crate::phone::PhoneNumber;
use crate::store::{
    Batch, CampaignQuery, Change, DoubtPage, DoubtQuery, Effect, Happened, Imported, Journal,
    LaneRecord, NewRecipient, Ready, ReadyPage, ReadyQuery, ReportQuery, ReportRow, Store, Whom,
};

pub(super) const TEXT_HASH: u64 = 0x7e47;
const START: i64 = 1_770_000_000;

/// A runner with a lane.
pub(super) struct Scene<S> {
    pub(super) store: S,
    pub(super) lane: LaneRecord,
}

/// A delivery and to whom it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) delivery: DeliveryId,
    pub(super) phone: PhoneNumber,
}

/// A moment so many seconds after the start.
pub(super) fn at(seconds: i64) -> Stamp {
    now(seconds).stamp(BootId(1))
}

pub(super) fn now(seconds: i64) -> Now {
    Now {
        elapsed: Elapsed::from_micros((3_600 + seconds) * 1_000_000),
        wall: wall(seconds),
    }
}

pub(super) fn wall(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

pub(super) fn phone(number: u64) -> PhoneNumber {
    PhoneNumber::from_digits(6_281_200_000_000 + number).unwrap()
}

pub(super) fn account(number: u64) -> Account {
    Account(phone(90_000_000 + number))
}

pub(super) fn session() -> Session {
    Session::new("default")
}

pub(super) fn definition(name: &str) -> Definition {
    let message = MessageTemplate::text("Halo {{nama}}").unwrap();
    Definition {
        source: Source {
            name: "pelanggan.csv".into(),
            sha256: "0".repeat(64),
            ..Source::default()
        },
        ..Definition::new(name, session(), message)
    }
}

pub(super) fn columns() -> Vec<Box<str>> {
    vec!["nama".into()]
}

/// The recipient of this row, with this phone.
pub(super) fn recipient(row: u64, number: u64) -> NewRecipient {
    NewRecipient {
        row,
        phone: phone(number),
        key: None,
        values: [format!("Budi {number}").into()].into(),
        skip: None,
        was_rejected: false,
    }
}

pub(super) fn happened(delivery: DeliveryId, happening: Happening) -> Happened {
    Happened {
        delivery,
        happening,
        ends_attempt: false,
        next: None,
        foreign_id: None,
        message: None,
    }
}

/// The answer to an attempt.
pub(super) fn answered(delivery: DeliveryId, happening: Happening) -> Change {
    Change::Happened(Happened {
        ends_attempt: true,
        ..happened(delivery, happening)
    })
}

pub(super) fn evidence(delivery: DeliveryId, ack: Ack) -> Change {
    Change::Happened(happened(delivery, Happening::Evidence(ack)))
}

pub(super) fn moved_to(effect: &Effect) -> Option<Standing> {
    match effect {
        Effect::Moved { to, .. } => Some(*to),
        _ => None,
    }
}

pub(super) fn state_after(effect: &Effect) -> State {
    let standing = moved_to(effect);
    standing
        .unwrap_or_else(|| panic!("not moved: {effect:?}"))
        .state
}

/// A move that leaves the delivery as it is may be told either way.
pub(super) fn in_one_way(effect: Effect) -> Effect {
    match effect {
        Effect::Moved { from, to } if from == to => Effect::Done,
        other => other,
    }
}

impl<S: Store> Scene<S> {
    /// Opens the database, becomes its runner, and opens a lane without limits.
    pub(super) async fn open<D: ContractStore<Store = S>>(database: &D) -> Self {
        Self::run(database.open().await, 0).await
    }

    pub(super) async fn run(store: S, seconds: i64) -> Self {
        store.take_over(at(seconds)).await.unwrap();
        let lane = lane(&store, 1).await;
        Self { store, lane }
    }

    pub(super) async fn commit(&self, seconds: i64, changes: Vec<Change>) -> Vec<Effect> {
        commit(&self.store, seconds, changes).await
    }

    pub(super) async fn one(&self, seconds: i64, change: Change) -> Effect {
        let effects = self.commit(seconds, vec![change]).await;
        effects
            .into_iter()
            .next()
            .expect("one effect for one change")
    }

    /// A campaign that runs, with a recipient for each of these phones.
    pub(super) async fn running(
        &self,
        name: &str,
        phones: std::ops::Range<u64>,
    ) -> (CampaignId, Vec<Target>) {
        let (campaign, targets) = imported(&self.store, name, phones).await;
        self.start(campaign).await;
        (campaign, targets)
    }

    pub(super) async fn start(&self, campaign: CampaignId) {
        use CampaignState::{Frozen, Importing, Running};
        for (from, to) in [(Importing, Frozen), (Frozen, Running)] {
            let effect = self.one(0, Change::Campaign { campaign, from, to }).await;
            assert_eq!(effect, Effect::Done, "{from} -> {to}");
        }
    }

    pub(super) fn journal(&self, target: Target) -> Change {
        Change::Journal(self.journal_of(target))
    }

    pub(super) fn journal_of(&self, target: Target) -> Journal {
        Journal {
            delivery: target.delivery,
            phone: target.phone,
            lane: self.lane.id,
            epoch: self.lane.epoch,
            slot: Slot::Cold,
            if_heard_since: None,
            unless_known_to: Arc::new([]),
            kind: MessageKind::Text,
            text_hash: TEXT_HASH,
            // Everybody says the same here.
            terms: Terms {
                may_repeat: true,
                ..Terms::default()
            },
        }
    }

    /// Journals, which must succeed.
    pub(super) async fn send(&self, seconds: i64, target: Target) {
        let effect = self.one(seconds, self.journal(target)).await;
        assert_eq!(state_after(&effect), State::Sending);
    }

    /// Journals, and the answer comes a second later.
    pub(super) async fn send_and(&self, seconds: i64, target: Target, happening: Happening) {
        self.send(seconds, target).await;
        let effect = self
            .one(seconds + 1, answered(target.delivery, happening))
            .await;
        assert!(moved_to(&effect).is_some(), "{happening:?}: {effect:?}");
    }

    pub(super) async fn row(&self, delivery: DeliveryId) -> ReportRow {
        row(&self.store, delivery).await
    }

    pub(super) async fn state(&self, delivery: DeliveryId) -> State {
        self.row(delivery).await.standing.state
    }

    pub(super) async fn ready(&self, campaign: CampaignId, seconds: i64) -> ReadyPage {
        let query = ReadyQuery {
            campaign,
            after: None,
            whom: Whom::everybody(),
            due: wall(seconds),
            limit: 1_000,
        };
        self.store.ready(query).await.unwrap()
    }

    pub(super) async fn ready_ids(&self, campaign: CampaignId, seconds: i64) -> Vec<DeliveryId> {
        ids(&self.ready(campaign, seconds).await.ready)
    }

    pub(super) async fn doubts(&self, seconds: i64) -> DoubtPage {
        let query = DoubtQuery {
            after: None,
            due: wall(seconds),
            limit: 1_000,
            is_for_worker: false,
        };
        self.store.doubts(query).await.unwrap()
    }

    pub(super) async fn doubt_ids(&self, seconds: i64) -> Vec<DeliveryId> {
        let page = self.doubts(seconds).await;
        page.doubts.iter().map(|doubt| doubt.delivery).collect()
    }
}

pub(super) async fn lane(store: &impl Store, number: u64) -> LaneRecord {
    let limits = LaneLimits::unpaced(16);
    store
        .lane(account(number), &session(), &limits)
        .await
        .unwrap()
}

pub(super) async fn commit(store: &impl Store, seconds: i64, changes: Vec<Change>) -> Vec<Effect> {
    let count = changes.len();
    let batch = Batch {
        at: at(seconds),
        changes,
    };
    let effects = store.commit(Arc::new(batch)).await.unwrap();
    assert_eq!(effects.len(), count, "one effect for each change");
    effects
}

/// A campaign in `importing`, with a recipient for each of these phones.
pub(super) async fn imported(
    store: &impl Store,
    name: &str,
    phones: std::ops::Range<u64>,
) -> (CampaignId, Vec<Target>) {
    let definition = definition(name);
    let campaign = store.create(&definition, &columns(), now(0)).await.unwrap();
    let recipients: Vec<NewRecipient> = phones
        .clone()
        .enumerate()
        .map(|(row, number)| recipient(row as u64 + 2, number))
        .collect();
    let added = store.import(campaign, recipients, 0).await.unwrap();
    let targets = added.into_iter().zip(phones).map(|(added, number)| {
        let Imported::Added(delivery) = added else {
            panic!("a new recipient was not added: {added:?}");
        };
        let phone = phone(number);
        Target { delivery, phone }
    });
    (campaign, targets.collect())
}

pub(super) fn ids(ready: &[Ready]) -> Vec<DeliveryId> {
    ready.iter().map(|ready| ready.delivery).collect()
}

pub(super) async fn report(store: &impl Store, campaign: CampaignId) -> Vec<ReportRow> {
    let query = ReportQuery {
        campaign,
        after: None,
        states: Vec::new(),
        limit: 100_000,
    };
    store.report(query).await.unwrap()
}

pub(super) async fn row(store: &impl Store, delivery: DeliveryId) -> ReportRow {
    let rows = report(store, delivery.campaign()).await;
    let row = rows.into_iter().find(|row| row.delivery == delivery);
    row.unwrap_or_else(|| panic!("the report does not show {delivery:?}"))
}

/// The counters must be the report's rows, counted.
pub(super) async fn assert_counts_equal_the_report(store: &impl Store, campaign: CampaignId) {
    let mut counted = std::collections::BTreeMap::new();
    let rows = report(store, campaign).await;
    for row in &rows {
        let key = (row.standing.state, row.standing.reason);
        *counted.entry(key).or_insert(0) += 1;
    }
    let records = store.campaigns(&CampaignQuery::All).await.unwrap();
    let record = records.into_iter().find(|record| record.id == campaign);
    let mut counts = record.expect("the campaign is listed").counts.0;
    counts.retain(|_, count| *count > 0);
    assert_eq!(
        counts, counted,
        "the counters, and the report's rows counted"
    );
    let mut recipients: Vec<u32> = rows.iter().map(|row| row.delivery.ordinal()).collect();
    recipients.dedup();
    assert_eq!(recipients.len(), rows.len(), "one row for each recipient");
}

/// Both at once.
pub(super) async fn join<A, B>(
    one: impl Future<Output = A>,
    two: impl Future<Output = B>,
) -> (A, B) {
    let (mut one, mut two) = (pin!(one), pin!(two));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(done) = one.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let Poll::Ready(done) = two.as_mut().poll(context)
        {
            second = Some(done);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (earlier, later) => {
                (first, second) = (earlier, later);
                Poll::Pending
            }
        }
    })
    .await
}
