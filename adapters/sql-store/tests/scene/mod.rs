//! What the tests of files and processes act on: a running campaign in a folder of its own.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::{BootId, Elapsed, Now, Stamp};
use campaign_core::consent::Terms;
use campaign_core::delivery::{Ack, CampaignId, DeliveryId, Happening, State};
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::{LaneLimits, Slot};
use campaign_core::message::{MessageKind, MessageTemplate};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    Batch, CampaignRecord, Change, DoubtPage, DoubtQuery, Effect, Happened, Journal, LaneRecord,
    NewRecipient, ReportQuery, ReportRow, Store, StoreError,
};
use jiff::Timestamp;
use sql_store::{Options, Prune, SqliteStore};

pub(crate) fn open(path: impl AsRef<Path>) -> SqliteStore {
    SqliteStore::open(path, Options::default()).unwrap()
}

pub(crate) fn at(seconds: i64) -> Stamp {
    now(seconds).stamp(BootId(1))
}

pub(crate) fn now(seconds: i64) -> Now {
    Now {
        elapsed: Elapsed::from_micros(seconds * 1_000_000),
        wall: Timestamp::from_second(1_770_000_000 + seconds).unwrap(),
    }
}

pub(crate) fn phone(number: u64) -> PhoneNumber {
    PhoneNumber::from_digits(6_281_200_000_000 + number).unwrap()
}

pub(crate) fn definition(name: &str) -> Definition {
    let message = MessageTemplate::text("Halo {{nama}}").unwrap();
    Definition::new(name, Session::new("default"), message)
}

pub(crate) fn recipients(numbers: std::ops::Range<u64>) -> Vec<NewRecipient> {
    numbers
        .map(|number| NewRecipient::new(number + 2, phone(number), [format!("Budi {number}")]))
        .collect()
}

pub(crate) async fn imported(store: &impl Store, name: &str, size: u64) -> CampaignId {
    let columns = ["nama".into()];
    let campaign = store
        .create(&definition(name), &columns, now(0))
        .await
        .unwrap();
    for first in (0..size).step_by(5_000) {
        let page = recipients(first..size.min(first + 5_000));
        store.import(campaign, page, 0).await.unwrap();
    }
    store.freeze(campaign, at(0)).await.unwrap();
    campaign
}

pub(crate) async fn running(store: &impl Store, name: &str, size: u64) -> CampaignId {
    let campaign = imported(store, name, size).await;
    commit(
        store,
        0,
        vec![moved(
            campaign,
            CampaignState::Frozen,
            CampaignState::Running,
        )],
    )
    .await;
    campaign
}

pub(crate) fn moved(campaign: CampaignId, from: CampaignState, to: CampaignState) -> Change {
    Change::Campaign { campaign, from, to }
}

pub(crate) async fn lane(store: &impl Store) -> LaneRecord {
    let limits = LaneLimits::unpaced(64);
    store
        .lane(Account(phone(999_999)), &Session::new("default"), &limits)
        .await
        .unwrap()
}

pub(crate) async fn commit(store: &impl Store, seconds: i64, changes: Vec<Change>) -> Vec<Effect> {
    try_commit(store, seconds, changes).await.unwrap()
}

pub(crate) async fn try_commit(
    store: &impl Store,
    seconds: i64,
    changes: Vec<Change>,
) -> Result<Vec<Effect>, StoreError> {
    let batch = Batch {
        at: at(seconds),
        changes,
    };
    store.commit(Arc::new(batch)).await
}

pub(crate) fn delivery(campaign: CampaignId, ordinal: u32) -> DeliveryId {
    DeliveryId::new(campaign, ordinal).unwrap()
}

pub(crate) fn journal(lane: &LaneRecord, campaign: CampaignId, ordinal: u32) -> Change {
    Change::Journal(Journal {
        delivery: delivery(campaign, ordinal),
        phone: phone(u64::from(ordinal)),
        lane: lane.id,
        epoch: lane.epoch,
        slot: Slot::Cold,
        if_heard_since: None,
        unless_known_to: std::sync::Arc::new([]),
        kind: MessageKind::Text,
        text_hash: 7,
        // Everybody says the same here.
        terms: Terms {
            may_repeat: true,
            ..Terms::default()
        },
    })
}

pub(crate) fn accepted(campaign: CampaignId, ordinal: u32) -> Change {
    happened(campaign, ordinal, Happening::Accepted)
}

pub(crate) fn happened(campaign: CampaignId, ordinal: u32, happening: Happening) -> Change {
    Change::Happened(Happened {
        delivery: delivery(campaign, ordinal),
        happening,
        ends_attempt: true,
        next: None,
        foreign_id: None,
        message: None,
    })
}

pub(crate) async fn record(store: &impl Store, name: &str) -> CampaignRecord {
    store.campaign(name).await.unwrap().unwrap()
}

pub(crate) async fn rows(store: &impl Store, campaign: CampaignId) -> Vec<ReportRow> {
    let query = ReportQuery {
        campaign,
        after: None,
        states: Vec::new(),
        limit: 1_000_000,
    };
    store.report(query).await.unwrap()
}

pub(crate) async fn doubts(store: &impl Store, seconds: i64) -> DoubtPage {
    let query = DoubtQuery {
        after: None,
        due: now(seconds).wall,
        limit: 1_000_000,
        is_for_worker: false,
    };
    store.doubts(query).await.unwrap()
}

/// The counters must be the rows, counted.
pub(crate) async fn assert_counts(store: &impl Store, name: &str) {
    let record = record(store, name).await;
    let rows = rows(store, record.id).await;
    for state in State::ALL {
        let there = rows
            .iter()
            .filter(|row| row.standing.state == state)
            .count();
        assert_eq!(record.counts.of(state), there as u64, "{state}");
    }
}

/// The files in a folder, by name.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// Numbers from a seed (splitmix64).
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    pub(crate) fn is_one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }
}

pub(crate) const DAY: i64 = 86_400;

/// Somebody's words, which must not be found in the file afterwards.
pub(crate) const SECRET: &str = "the recipient's own words";

/// A campaign of which everything ended well, at its own moment.
pub(crate) async fn settled(store: &impl Store, name: &str, size: u32, seconds: i64) -> CampaignId {
    let campaign = running(store, name, u64::from(size)).await;
    let lane = lane(store).await;
    for ordinal in 0..size {
        commit(store, seconds, vec![journal(&lane, campaign, ordinal)]).await;
        let Change::Happened(plain) = happened(campaign, ordinal, Happening::Accepted) else {
            unreachable!("it makes nothing else");
        };
        let told = Happened {
            foreign_id: Some(format!("{name}-{ordinal}").into()),
            message: Some(SECRET.into()),
            ..plain
        };
        let read = happened(campaign, ordinal, Happening::Evidence(Ack::Read));
        commit(store, seconds, vec![Change::Happened(told), read]).await;
    }
    end(store, campaign, seconds).await;
    campaign
}

pub(crate) async fn end(store: &impl Store, campaign: CampaignId, seconds: i64) {
    use CampaignState::{Completed, Running, Settled};
    let changes = vec![
        moved(campaign, Running, Completed),
        moved(campaign, Completed, Settled),
    ];
    commit(store, seconds, changes).await;
}

pub(crate) async fn prune(store: &impl Prune, before: i64) -> Vec<String> {
    let prunable = store.prunable(now(before).wall).await.unwrap();
    let pruning = store.begin_prune().await.unwrap();
    let mut names = Vec::new();
    for it in prunable {
        while pruning
            .page(it.campaign, now(before).wall)
            .await
            .unwrap()
            .is_some()
        {}
        names.push(it.name);
    }
    names
}

/// Tables in which people of a campaign are.
pub(crate) const OF_PEOPLE: [&str; 9] = [
    "delivery",
    "delivery_content",
    "recipient",
    "remark",
    "attempt",
    "foreign_id",
    "ready",
    "doubt",
    "open_chat",
];

/// Whether this process has a lock on a file.
#[cfg(target_os = "linux")]
pub(crate) fn is_locked_by_us(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of_us = format!(" {} ", std::process::id());
    let of_it = format!(":{} ", std::fs::metadata(path).unwrap().ino());
    // While other locks come and go, the list may lack one that is there.
    (0..20).any(|_| {
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let mut locks = locks.lines();
        locks.any(|lock| lock.contains(&of_us) && lock.contains(&of_it))
    })
}
