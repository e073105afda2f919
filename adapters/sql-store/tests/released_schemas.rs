//! Databases of every schema that people have: they open, nothing in them is lost, and the file they were is kept.
//!
//! `fixtures/README.md` tells how one is made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::fs;
use std::path::{Path, PathBuf};

use campaign_core::campaign::CampaignState;
use campaign_core::consent::Origin;
use campaign_core::delivery::{Ack, CampaignId, Doubt, Happening, Reason, State};
use campaign_core::store::{
    Answer, Change, Command, Happened, LaneRecord, Store, Suppression, Sweep,
};
use scene::*;
use sql_store::SqliteStore;

fn fixture(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/schema-{version}.db"))
}

fn number(path: &Path, sql: &str) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn schema(path: &Path) -> u32 {
    u32::try_from(number(path, "SELECT user_version FROM pragma_user_version")).unwrap()
}

/// The schema that this code makes: its version, and its tables and indices.
fn newest() -> (u32, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    drop(open(&path));
    (schema(&path), definitions(&path))
}

fn definitions(path: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name";
    let mut statement = connection.prepare(sql).unwrap();
    let found = statement.query_map([], |row| row.get(0)).unwrap();
    found.map(Result::unwrap).collect()
}

#[tokio::test]
#[ignore = "makes a fixture: see fixtures/README.md"]
async fn make_the_fixture_of_this_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    fill(&store).await;
    let to = fixture(newest().0);
    assert!(!to.exists(), "{} is there already", to.display());
    store.backup(&to).await.unwrap();
}

async fn fill(store: &SqliteStore) {
    use CampaignState::{Cancelled, Completed, Running, Settled};
    let lane = lane(store).await;
    every_state(store, &lane).await;

    let promo = running(store, "promo", 3).await;
    for ordinal in 0..3 {
        send(store, &lane, promo, 50, ordinal, Happening::Accepted).await;
    }
    commit(
        store,
        60,
        vec![happened(promo, 0, Happening::Evidence(Ack::Read))],
    )
    .await;
    commit(store, 61, vec![moved(promo, Running, Completed)]).await;

    let old = running(store, "lama", 2).await;
    send(store, &lane, old, 20, 0, Happening::Accepted).await;
    commit(
        store,
        62,
        vec![happened(old, 0, Happening::Evidence(Ack::Device))],
    )
    .await;
    send(store, &lane, old, 21, 1, Happening::Refused).await;
    let end = vec![
        moved(old, Running, Completed),
        moved(old, Completed, Settled),
    ];
    commit(store, 63, end).await;

    let cancelled = running(store, "batal", 3).await;
    send(store, &lane, cancelled, 30, 0, Happening::Accepted).await;
    let sweep = Change::Sweep {
        campaign: cancelled,
        what: Sweep::Cancel,
        deliveries_max: 100,
    };
    commit(store, 64, vec![moved(cancelled, Running, Cancelled), sweep]).await;

    let importing = store
        .create(&definition("baru"), &["nama".into()], now(70))
        .await;
    store
        .import(importing.unwrap(), recipients(0..2), 1)
        .await
        .unwrap();

    let suppressed = Suppression {
        phone: phone(777),
        origin: Origin::Operator,
        source: "opt-out".into(),
        since: now(5).wall,
    };
    store.suppress(&[suppressed]).await.unwrap();
    let answered = store
        .submit(&Command::Pause { campaign: promo })
        .await
        .unwrap();
    let answer = Answer::Campaign {
        state: Completed,
        in_flight: 0,
    };
    commit(
        store,
        71,
        vec![Change::Answer {
            command: answered,
            answer,
        }],
    )
    .await;
    store
        .submit(&Command::Refresh { campaign: promo })
        .await
        .unwrap();
}

/// A running campaign with somebody in every state.
async fn every_state(store: &SqliteStore, lane: &LaneRecord) {
    let columns = ["nama".into()];
    let campaign = store
        .create(&definition("tagihan"), &columns, now(0))
        .await
        .unwrap();
    let mut people = recipients(0..16);
    people[15].skip = Some(Reason::MissingVariable);
    store.import(campaign, people, 2).await.unwrap();
    store.freeze(campaign, at(0)).await.unwrap();
    use CampaignState::{Frozen, Running};
    commit(store, 0, vec![moved(campaign, Frozen, Running)]).await;

    // Accepted, and never heard of again: before everybody else, so that it is the only one.
    send(store, lane, campaign, 1, 0, Happening::Accepted).await;
    store.mark_silent(now(10).wall, 10).await.unwrap();
    commit(store, 11, vec![happened(campaign, 0, Happening::Silent)]).await;
    let acks = [Ack::Server, Ack::Device, Ack::Read, Ack::Played];
    for (ordinal, ack) in (1..).zip(acks) {
        send(store, lane, campaign, 12, ordinal, Happening::Accepted).await;
        commit(
            store,
            13,
            vec![happened(campaign, ordinal, Happening::Evidence(ack))],
        )
        .await;
    }
    send(store, lane, campaign, 14, 5, Happening::Accepted).await;
    send(
        store,
        lane,
        campaign,
        15,
        6,
        Happening::MaybeSent(Doubt::NoAnswer),
    )
    .await;
    let looked = Change::Looked {
        delivery: delivery(campaign, 6),
        next: Some(now(900).wall),
        missing: "no_control".into(),
    };
    commit(store, 16, vec![looked]).await;
    send(
        store,
        lane,
        campaign,
        17,
        7,
        Happening::MaybeSent(Doubt::ServerError),
    )
    .await;
    commit(
        store,
        18,
        vec![happened(campaign, 7, Happening::ConfirmedByOperator)],
    )
    .await;
    send(store, lane, campaign, 19, 8, Happening::Refused).await;
    send(store, lane, campaign, 20, 9, Happening::Exhausted).await;
    send(
        store,
        lane,
        campaign,
        21,
        10,
        Happening::MaybeSent(Doubt::NoAnswer),
    )
    .await;
    let again = Change::NewGeneration {
        delivery: delivery(campaign, 10),
    };
    commit(store, 22, vec![again]).await;
    let held = Happening::NotHandedOver { counts: true };
    send(store, lane, campaign, 23, 11, held).await;
    send(store, lane, campaign, 24, 11, Happening::Accepted).await;
    commit(
        store,
        25,
        vec![happened(campaign, 12, Happening::Cancelled)],
    )
    .await;
    commit(store, 26, vec![journal(lane, campaign, 13)]).await;
}

/// One attempt, and how it ended.
async fn send(
    store: &SqliteStore,
    lane: &LaneRecord,
    campaign: CampaignId,
    seconds: i64,
    ordinal: u32,
    happening: Happening,
) {
    commit(store, seconds, vec![journal(lane, campaign, ordinal)]).await;
    let Change::Happened(plain) = happened(campaign, ordinal, happening) else {
        unreachable!("it makes nothing else");
    };
    let words = happening == Happening::Refused;
    let accepted = happening == Happening::Accepted;
    let told = Happened {
        foreign_id: accepted.then(|| format!("{:X}", delivery(campaign, ordinal).number()).into()),
        message: words.then(|| "blocked by the recipient".into()),
        ..plain
    };
    commit(store, seconds, vec![Change::Happened(told)]).await;
}

/// Versions that nobody ever had: a migration that went out together with a later one. They need no fixture.
const NEVER_RELEASED: [u32; 0] = [];

/// The tables that every schema has, and how many rows each of them holds.
fn tables(path: &Path) -> Vec<(&'static str, i64)> {
    [
        "campaign",
        "delivery",
        "delivery_content",
        "remark",
        "recipient",
        "attempt",
        "foreign_id",
        "ready",
        "doubt",
        "restoration",
        "unheard",
        "open_chat",
        "suppression",
        "lane",
        "command",
    ]
    .map(|table| {
        (
            table,
            number(path, &format!("SELECT count(*) FROM {table}")),
        )
    })
    .to_vec()
}

/// Everything that a row of the report and a counter say, in one text.
fn standing(path: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut all = Vec::new();
    for sql in [
        "SELECT format('%s: state %d, %d rejected, created %d', name, state, rejected, created_at) FROM campaign ORDER BY id",
        "SELECT format('%d %d %d: %d', campaign, state, reason, n) FROM campaign_count WHERE n > 0 ORDER BY campaign, state, reason",
        "SELECT format('%d to %d: %d %d, %d attempts, flags %d, %d', d.id, phone, state, reason, attempts, flags, changed_at) FROM delivery d ORDER BY id",
        "SELECT format('%d: %d %s %s %s', seq, delivery, outcome, foreign_id, message) FROM attempt ORDER BY seq",
        "SELECT format('%d: %s %d %s', delivery, next_look, looks, missing) FROM doubt ORDER BY delivery",
    ] {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap();
        all.extend(rows.map(Result::unwrap));
    }
    all
}

#[tokio::test]
async fn every_schema_that_people_have_is_brought_over_whole() {
    let (newest, definitions) = newest();
    for version in (1..=newest).filter(|version| !NEVER_RELEASED.contains(version)) {
        let fixture = fixture(version);
        if version == newest && !fixture.exists() {
            // It gets one when it is released, with the next migration at the latest.
            continue;
        }
        assert!(
            fixture.exists(),
            "there is no fixture of schema {version}: see fixtures/README.md"
        );
        brought_over(&fixture, version, newest, &definitions).await;
    }
}

/// Whom an account knows.
fn known(path: &Path) -> Vec<(i64, i64)> {
    pairs(path, "SELECT phone, account FROM known ORDER BY phone")
}

/// To whom an account has sent something, or may have.
fn written_to(path: &Path) -> Vec<(i64, i64)> {
    let written_to = pairs(
        path,
        "SELECT DISTINCT delivery.phone, lane.account FROM delivery
         JOIN attempt ON attempt.seq = delivery.attempt JOIN lane ON lane.id = attempt.lane
         WHERE coalesce(outcome, 6) IN (1, 6, 7, 8) ORDER BY delivery.phone",
    );
    assert!(!written_to.is_empty());
    written_to
}

fn pairs(path: &Path, sql: &str) -> Vec<(i64, i64)> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    found.unwrap().map(Result::unwrap).collect()
}

async fn brought_over(fixture: &Path, version: u32, newest: u32, expected: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    fs::copy(fixture, &path).unwrap();
    assert_eq!(schema(&path), version);
    let (tables_before, before) = (tables(&path), standing(&path));
    assert!(
        tables_before
            .iter()
            .all(|(table, rows)| { ["restoration", "unheard"].contains(table) || *rows > 0 })
    );
    drop(open(&path));

    assert_eq!(schema(&path), newest);
    assert_eq!(definitions(&path), expected, "schema {version}");
    assert_eq!(tables(&path), tables_before, "schema {version}");
    assert_eq!(standing(&path), before, "schema {version}");
    assert_eq!(known(&path), written_to(&path), "schema {version}");
    let found = sql_store::inspect(&path, sql_store::Depth::Thorough)
        .unwrap()
        .unwrap();
    assert!(found.damage.is_empty(), "{:?}", found.damage);
    let copy = folder.path().join(format!("campaigns.db.v{version}.bak"));
    assert_eq!(copy.exists(), version < newest);
    if copy.exists() {
        assert_eq!(schema(&copy), version);
        assert_eq!(standing(&copy), before, "the copy of schema {version}");
    }

    // A backup from before the upgrade comes back as well.
    let back = sql_store::restore(fixture, &path, sql_store::Existing::Keep).unwrap();
    assert_eq!(
        (back.inspection.schema, back.inspection.campaigns),
        (version, 5)
    );
    let store = open(&path);
    for campaign in ["tagihan", "promo", "lama", "batal", "baru"] {
        assert_counts(&store, campaign).await;
    }
    // It came without its `.seen`: nothing in it is sent before it was looked up.
    let taken = store.take_over(at(5_000)).await.unwrap();
    assert_eq!((taken.is_restored, taken.orphaned), (true, 1));
    assert_eq!(
        record(&store, "tagihan").await.counts.of(State::Scheduled),
        0
    );
    assert_counts(&store, "tagihan").await;
}
