//! A database moves from its file to a server whole, and is sent from in one place only, wherever the move is stopped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod cluster;
mod scene;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use campaign_core::campaign::{CampaignState, Category, Definition};
use campaign_core::consent::{Consent, Lid, Origin, Rules};
use campaign_core::delivery::{Ack, CampaignId, Doubt, Happening};
use campaign_core::failure::Trouble;
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::{LaneLimits, Scope, SharedLimits, Zone};
use campaign_core::store::{
    Answer, CampaignQuery, Change, Command, DoubtQuery, Effect, Happened, HiddenReply, ReadyQuery,
    Reply, ReplyQuery, Store, StoreError, StoreOn, Suppression, Trusted, Whom,
};
use cluster::{Cluster, cluster};
use rusqlite::Connection;
use scene::*;
use sql_store::{Existing, Migrated, Options, PostgresStore, Prune, SqliteStore, migrate, restore};
use tempfile::TempDir;

/// What stays where it is: who runs, which file it is and where it went; of `meta` goes a part.
const OF_THE_FILE: [&str; 3] = ["meta", "moved", "runner"];
const OF_THE_SERVER: [&str; 7] = [
    "clock",
    "home",
    "meta",
    "news",
    "runner",
    "waha_campaign_schema",
    "worker",
];
/// What is found out from the rest.
const FOUND: [(&str, &str); 5] = [
    ("campaign", "category"),
    ("doubt", "lane"),
    ("session", "is_follower"),
    ("session", "name"),
    ("session", "worker"),
];

/// A database in a file, and an empty one on a server.
struct Pair {
    cluster: &'static Cluster,
    name: String,
    folder: TempDir,
}

impl Pair {
    fn new() -> Option<Self> {
        let cluster = cluster()?;
        let name = cluster.new_name();
        cluster.create(&name);
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            cluster,
            name,
            folder,
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("campaigns.db")
    }

    fn file(&self) -> SqliteStore {
        open(self.path())
    }

    async fn server(&self) -> PostgresStore {
        let url = self.cluster.url(&self.name);
        PostgresStore::open(&url, Options::default()).await.unwrap()
    }

    async fn migrate(&self) -> Result<Migrated, StoreError> {
        migrate(self.file(), &self.server().await, |_| {}).await
    }

    fn sql(&self, sql: &str) -> String {
        self.cluster.sql(&self.name, sql)
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.cluster.remove(&self.name);
    }
}

fn columns_of_file(connection: &Connection) -> BTreeSet<(String, String)> {
    let sql = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(sql).unwrap();
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    found.unwrap().map(Result::unwrap).collect()
}

fn columns_of_server(pair: &Pair) -> BTreeSet<(String, String)> {
    let listed = pair.sql(
        "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'",
    );
    let columns = listed.lines().map(|line| line.split_once('.').unwrap());
    columns
        .map(|(table, column)| (table.to_owned(), column.to_owned()))
        .collect()
}

/// A row in each table, with something of its own in every column.
fn fill(connection: &Connection) {
    let mut number = 100;
    let mut rows = std::collections::BTreeMap::<String, Vec<(String, String)>>::new();
    for (table, column) in columns_of_file(connection) {
        if OF_THE_FILE.contains(&table.as_str()) {
            continue;
        }
        number += 1;
        let sql = format!("SELECT type FROM pragma_table_info('{table}') WHERE name = '{column}'");
        let kind: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        let value = match (table.as_str(), column.as_str()) {
            ("campaign", "state") => "8".to_owned(),
            ("campaign", "definition") => quoted(serde_json::to_string(&Definition {
                category: Category::Service,
                ..definition("promo")
            })),
            ("lane", "trusted") => quoted(serde_json::to_string(&Trusted::default())),
            ("lane", "hold" | "cold_hold") => quoted(serde_json::to_string(&Trouble::Unreachable)),
            ("lane", "health") => "'{}'".to_owned(),
            ("lane", "store_on") => quoted(serde_json::to_string(&StoreOn {
                session: Session::new("toko"),
                since: at(1),
            })),
            (_, "one" | "state" | "slot" | "category" | "origin") => "1".to_owned(),
            (_, column) if column.starts_with("is_") => "1".to_owned(),
            (_, "reason") => "0".to_owned(),
            (_, "flags") => "5".to_owned(),
            (_, "phone" | "account" | "was_account") => {
                format!("{}", 6_281_200_000_000_u64 + number)
            }
            _ if kind == "TEXT" => format!("'{number} \\ \\N \\.' || char(9, 10, 13, 0) || 'é'"),
            _ => number.to_string(),
        };
        rows.entry(table).or_default().push((column, value));
    }
    for (table, row) in rows {
        let (columns, values): (Vec<String>, Vec<String>) = row
            .into_iter()
            .map(|(column, value)| (format!("\"{column}\""), value))
            .unzip();
        let (columns, values) = (columns.join(", "), values.join(", "));
        let sql = format!("INSERT INTO {table} ({columns}) VALUES ({values})");
        connection.execute(&sql, []).expect(&sql);
    }
    connection
        .execute_batch(
            "UPDATE meta SET next_campaign = 4711, silent_seq = 4712, last_elapsed = 4713, last_wall = 4714, last_boot = -4715",
        )
        .unwrap();
}

fn quoted(json: serde_json::Result<String>) -> String {
    format!("'{}'", json.unwrap())
}

/// A column as the server would show it, in hexadecimal digits; NUL is none of its letters.
fn of_file(connection: &Connection, table: &str, column: &str) -> String {
    let sql = format!("SELECT CAST(\"{column}\" AS TEXT) FROM {table}");
    let text: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
    let text = text.replace('\0', "\u{fffd}");
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn of_server(pair: &Pair, table: &str, column: &str) -> String {
    let value = format!("to_jsonb(t) ->> '{column}'");
    let value = format!("CASE {value} WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {value} END");
    pair.sql(&format!(
        "SELECT encode(convert_to({value}, 'UTF8'), 'hex') FROM {table} t"
    ))
}

/// A table or a column that one of the schemas gets, and the list of what goes along does not, is found here.
#[tokio::test]
async fn every_column_of_every_table_arrives() {
    let Some(pair) = Pair::new() else { return };
    drop(pair.file());
    let connection = Connection::open(pair.path()).unwrap();
    fill(&connection);
    let key: String = connection
        .query_row("SELECT lower(hex(message_key)) FROM meta", [], |row| {
            row.get(0)
        })
        .unwrap();
    let moved = pair.migrate().await.unwrap();
    assert_eq!(moved.inspection.campaigns, 1);
    assert_eq!(moved.inspection.lanes.len(), 1);

    let of_the_file = columns_of_file(&connection);
    let goes = |table: &str| !OF_THE_FILE.contains(&table);
    for (table, column) in of_the_file.iter().filter(|(table, _)| goes(table)) {
        assert_eq!(
            of_server(&pair, table, column),
            of_file(&connection, table, column),
            "{table}.{column}"
        );
    }
    let more: Vec<(String, String)> = columns_of_server(&pair)
        .difference(&of_the_file)
        .filter(|(table, _)| !OF_THE_SERVER.contains(&table.as_str()))
        .cloned()
        .collect();
    let found = FOUND.map(|(table, column)| (table.to_owned(), column.to_owned()));
    assert_eq!(more, found);
    assert_eq!(pair.sql("SELECT category FROM campaign"), "3");
    assert_eq!(
        pair.sql("SELECT name, worker, is_follower FROM session"),
        "default||f"
    );

    let meta = |columns: BTreeSet<(String, String)>| -> BTreeSet<String> {
        let of_meta = columns.into_iter().filter(|(table, _)| table == "meta");
        of_meta.map(|(_, column)| column).collect()
    };
    let (file, server) = (meta(of_the_file), meta(columns_of_server(&pair)));
    let stays: Vec<&String> = file.difference(&server).collect();
    assert_eq!(stays, ["batches", "database_id"]);
    assert!(server.is_subset(&file), "{server:?}");
    for column in [
        "next_campaign",
        "silent_seq",
        "last_elapsed",
        "last_wall",
        "last_boot",
        "is_marked_restored",
    ] {
        let there = of_server(&pair, "meta", column);
        assert_eq!(there, of_file(&connection, "meta", column), "{column}");
    }
    let there = pair.sql("SELECT encode(message_key, 'hex') FROM meta");
    assert_eq!(there, key);
}

/// Campaigns in which everything is that can be: on its way, in doubt, failed with a word, skipped, waiting.
async fn busy(store: &SqliteStore) -> Vec<CampaignId> {
    store.take_over(at(0)).await.unwrap();
    let lane = lane(store).await;
    let first = running(store, "tagihan mei", 40).await;
    let second = running(store, "promo \\ \t juni", 9).await;
    let told = |ordinal, happening| {
        let Change::Happened(plain) = happened(first, ordinal, happening) else {
            unreachable!("it makes nothing else");
        };
        Change::Happened(Happened {
            foreign_id: Some(format!("3EB0{ordinal}").into()),
            message: Some("a\tb\\c\nd".into()),
            ..plain
        })
    };
    for ordinal in 0..20 {
        commit(store, 1, vec![journal(&lane, first, ordinal)]).await;
        let ends = match ordinal % 5 {
            0 => told(ordinal, Happening::Accepted),
            1 => told(ordinal, Happening::MaybeSent(Doubt::NoAnswer)),
            2 => told(ordinal, Happening::Refused),
            3 => told(ordinal, Happening::NotHandedOver { counts: true }),
            _ => continue,
        };
        commit(store, 2, vec![ends]).await;
    }
    let pause = Command::Pause { campaign: second };
    let answered = store.submit(&pause).await.unwrap();
    store
        .submit(&Command::Refresh { campaign: first })
        .await
        .unwrap();
    let account = Account(phone(999_999));
    commit(
        store,
        3,
        vec![
            happened(first, 0, Happening::Evidence(Ack::Read)),
            Change::NewGeneration {
                delivery: delivery(first, 2),
            },
            Change::Looked {
                delivery: delivery(first, 1),
                next: Some(now(90).wall),
                missing: "the server was away".into(),
            },
            Change::Presence {
                phone: phone(3),
                is_on_whatsapp: false,
            },
            Change::Reply(Reply {
                account,
                message_id: "R1".into(),
                from: phone(5),
                received_at: now(3).wall,
                text: "STOP".into(),
            }),
            Change::Reply(Reply {
                account,
                message_id: "R2".into(),
                from: phone(10),
                received_at: now(3).wall,
                text: "siap,\nterima kasih".into(),
            }),
            Change::HiddenReply(HiddenReply {
                account,
                message_id: "R3".into(),
                lid: Lid::from_number(700_001).unwrap(),
                received_at: now(3).wall,
                text: "STOP".into(),
            }),
            Change::Lid {
                lid: Lid::from_number(700_002).unwrap(),
                phone: phone(11),
            },
            Change::SharedLimits {
                scope: Scope::Installation,
                limits: Some(SharedLimits {
                    windows: Vec::new(),
                    sends_per_day_max: Some(50),
                    zone: Zone::default(),
                }),
            },
            Change::Limits {
                account: Account(phone(999_998)),
                limits: LaneLimits::unpaced(3),
            },
            Change::Answer {
                command: answered,
                answer: Answer::may_have_been_done(),
            },
            moved(second, CampaignState::Running, CampaignState::Paused),
        ],
    )
    .await;
    let suppression = Suppression {
        phone: phone(77),
        origin: Origin::Operator,
        source: "daftar\tlama".into(),
        since: now(1).wall,
    };
    store.suppress(&[suppression]).await.unwrap();
    let consent = |category, is_granted| Consent {
        phone: phone(78),
        category,
        is_granted,
        origin: Origin::Import,
        source: "formulir".into(),
        since: now(1).wall,
    };
    let consents = [
        consent(Category::Marketing, true),
        consent(Category::Utility, false),
    ];
    store.record_consents(&consents).await.unwrap();
    let rules = Rules {
        wait_hours_max: 5,
        ..Rules::default()
    };
    store.set_rules(&rules).await.unwrap();
    store.mark_silent(now(600).wall, 1_000).await.unwrap();
    vec![first, second]
}

/// All that a store tells of what it holds.
async fn everything(store: &impl Store) -> Vec<String> {
    let mut told = Vec::new();
    macro_rules! tell {
        ($($what:expr),+ $(,)?) => { $( told.push(format!("{:?}", $what.await.unwrap())); )+ };
    }
    tell!(
        store.campaigns(&CampaignQuery::All),
        store.campaigns(&CampaignQuery::Live)
    );
    for record in store.campaigns(&CampaignQuery::All).await.unwrap() {
        let campaign = record.id;
        told.push(format!("{:?}", rows(store, campaign).await));
        let people = [
            Whom::everybody(),
            Whom::KnownTo([Account(phone(999_999))].into()),
            Whom::KnownToNone([Account(phone(999_999))].into()),
        ];
        for whom in people {
            for seconds in [4, 100_000] {
                tell!(store.ready(ReadyQuery {
                    campaign,
                    after: None,
                    whom: whom.clone(),
                    due: now(seconds).wall,
                    limit: 1_000,
                }));
            }
        }
        tell!(
            store.earlier_messages(campaign),
            store.has_pending_doubts(campaign),
            store.replies(&ReplyQuery {
                campaign: Some(campaign),
                after: 0,
                limit: 100
            }),
        );
    }
    for seconds in [4, 100_000] {
        tell!(store.doubts(DoubtQuery {
            after: None,
            due: now(seconds).wall,
            limit: 1_000,
            is_for_worker: false,
        }));
    }
    let numbers: Vec<_> = (0..100).map(phone).collect();
    tell!(
        store.suppressed(None, 1_000),
        store.consents(None, 1_000),
        store.rules(),
        store.shared_limits(),
        store.due_confirmations(100),
        store.hidden_opt_outs(),
        store.presence(&numbers, now(0).wall),
        store.open_commands(),
        store.delivery_of("3EB05"),
    );
    for command in 1..4 {
        tell!(store.answer(campaign_core::store::CommandId(command)));
    }
    let limits = LaneLimits::unpaced(64);
    let session = Session::new("default");
    let lane = store.lane(Account(phone(999_999)), &session, &limits);
    tell!(lane);
    told
}

#[tokio::test]
async fn a_busy_database_reads_the_same_on_the_server() {
    let Some(pair) = Pair::new() else { return };
    let file = pair.file();
    let campaigns = busy(&file).await;
    let before = everything(&file).await;
    file.step_down().await.unwrap();
    drop(file);
    let mut progress = Vec::new();
    let server = pair.server().await;
    let moved = migrate(pair.file(), &server, |rows| progress.push(rows))
        .await
        .unwrap();
    assert!(moved.rows > 200, "{moved:?}");
    assert!(progress.is_sorted() && progress.last() == Some(&moved.rows));
    assert_eq!(moved.inspection.deliveries, 49);
    for (there, here) in everything(&server).await.iter().zip(&before) {
        assert_eq!(there, here);
    }

    // Who was being written to when it was last sent from is looked up, as by any other runner that comes after.
    let taken = server.take_over(at(10)).await.unwrap();
    assert_eq!((taken.orphaned, taken.is_restored), (4, false));
    let lane = lane(&server).await;
    let goes_on = vec![
        Change::Dismiss {
            lid: Lid::from_number(700_001).unwrap(),
        },
        journal(&lane, campaigns[0], 30),
    ];
    let effects = commit(&server, 11, goes_on).await;
    assert!(
        matches!(effects[..], [Effect::Done, Effect::Moved { .. }]),
        "{effects:?}"
    );
    assert_counts(&server, "tagihan mei").await;
    let third = running(&server, "juli", 3).await;
    assert!(third > campaigns[1]);
    for (table, column) in [
        ("attempt", "seq"),
        ("lane", "id"),
        ("command", "id"),
        ("reply", "seq"),
        ("hidden_reply", "seq"),
        ("restoration", "id"),
    ] {
        let sequence = match table {
            "attempt" => "'attempt_seq'".to_owned(),
            _ => format!("pg_get_serial_sequence('{table}', '{column}')"),
        };
        let sql = format!("SELECT nextval({sequence}) > coalesce(max({column}), 0) FROM {table}");
        assert_eq!(pair.sql(&sql), "t", "{table}");
    }
}

fn is_moved<T: std::fmt::Debug>(refused: Result<T, StoreError>) {
    assert!(
        matches!(&refused, Err(StoreError::Refused(why)) if why.contains("was moved to")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_file_is_read_as_before_and_neither_sent_from_nor_changed() {
    let Some(pair) = Pair::new() else { return };
    let early = pair.file();
    let campaigns = busy(&early).await;
    early.step_down().await.unwrap();
    let before = everything(&early).await;
    pair.migrate().await.unwrap();
    let late = pair.file();
    assert!(late.moved_to().unwrap().contains(&pair.name));
    // Also who had it open before.
    for store in [&early, &late] {
        assert_eq!(everything(store).await, before);
        is_moved(store.take_over(at(20)).await);
        is_moved(
            store
                .submit(&Command::Resume {
                    campaign: campaigns[1],
                })
                .await,
        );
        is_moved(store.create(&definition("juli"), &[], now(20)).await);
        is_moved(
            store
                .add(campaigns[0], recipients(90..91), 0, now(20))
                .await,
        );
        is_moved(store.set_rules(&Rules::default()).await);
        is_moved(store.unsuppress(&[phone(77)]).await);
        let (session, limits) = (Session::new("lain"), LaneLimits::unpaced(1));
        let other = store.lane(Account(phone(555)), &session, &limits);
        is_moved(other.await.map(|_| ()));
        is_moved(store.begin_prune().await.map(|_| ()));
        is_moved(
            try_commit(
                store,
                20,
                vec![journal(&lane(store).await, campaigns[0], 31)],
            )
            .await,
        );
    }
}

#[tokio::test]
async fn a_file_that_has_arrived_is_copied_no_second_time_and_to_no_other_place() {
    let Some(pair) = Pair::new() else { return };
    let file = pair.file();
    busy(&file).await;
    drop(file);
    pair.migrate().await.unwrap();
    let server = pair.server().await;
    server.take_over(at(20)).await.unwrap();
    running(&server, "juli", 3).await;
    server.step_down().await.unwrap();
    let again = pair.migrate().await.unwrap();
    assert!(again.had_arrived && again.rows == 0, "{again:?}");
    assert_eq!(again.inspection.campaigns, 3);

    let other = Pair::new().unwrap();
    let refused = migrate(pair.file(), &other.server().await, |_| {}).await;
    is_moved(refused);
    assert_eq!(other.sql("SELECT count(*) FROM campaign"), "0");
}

#[tokio::test]
async fn a_move_that_was_stopped_between_the_mark_and_the_commit_is_made_anew() {
    let Some(pair) = Pair::new() else { return };
    let file = pair.file();
    busy(&file).await;
    let before = everything(&file).await;
    drop(file);
    pair.migrate().await.unwrap();
    // As if the server had never seen the COMMIT.
    pair.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    is_moved(pair.file().take_over(at(20)).await);
    assert!(pair.migrate().await.unwrap().rows > 200);
    assert_eq!(everything(&pair.server().await).await, before);
}

#[tokio::test]
async fn a_move_that_is_given_up_while_it_copies_has_not_begun() {
    let Some(pair) = Pair::new() else { return };
    let file = pair.file();
    busy(&file).await;
    file.step_down().await.unwrap();
    let server = pair.server().await;
    let copies = tokio::sync::Notify::new();
    tokio::select! {
        biased;
        () = copies.notified() => {}
        moved = migrate(pair.file(), &server, |_| copies.notify_one()) => panic!("{moved:?}"),
    }
    assert_eq!(pair.sql("SELECT count(*) FROM campaign"), "0");
    file.take_over(at(20)).await.unwrap();
    file.step_down().await.unwrap();
    server.take_over(at(20)).await.unwrap();
    server.step_down().await.unwrap();
    assert!(!pair.migrate().await.unwrap().had_arrived);
}

#[tokio::test]
async fn a_move_that_fails_leaves_both_as_they_were() {
    let Some(pair) = Pair::new() else { return };
    let file = pair.file();
    busy(&file).await;
    file.step_down().await.unwrap();
    let server = pair.server().await;
    // The COMMIT itself is what fails.
    pair.sql(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
         CREATE CONSTRAINT TRIGGER no AFTER INSERT ON lid DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()",
    );
    let failed = migrate(pair.file(), &server, |_| {}).await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    assert_eq!(pair.sql("SELECT count(*) FROM delivery"), "0");
    assert_eq!(pair.file().moved_to(), None);
    file.take_over(at(20)).await.unwrap();
    file.step_down().await.unwrap();
    pair.sql("DROP TRIGGER no ON lid");
    assert!(pair.migrate().await.is_ok());
}

#[tokio::test]
async fn nothing_is_moved_while_somebody_sends_or_where_something_is() {
    let Some(pair) = Pair::new() else { return };
    let file = pair.file();
    busy(&file).await;
    let busy = pair.migrate().await;
    assert!(
        matches!(busy, Err(StoreError::RunnerBusy { .. })),
        "{busy:?}"
    );
    file.step_down().await.unwrap();
    let server = pair.server().await;
    server.take_over(at(20)).await.unwrap();
    let busy = pair.migrate().await;
    assert!(
        matches!(busy, Err(StoreError::RunnerBusy { .. })),
        "{busy:?}"
    );
    running(&server, "lain", 1).await;
    server.step_down().await.unwrap();
    let refused = pair.migrate().await;
    assert!(
        matches!(&refused, Err(StoreError::Refused(why)) if why.contains("holds something")),
        "{refused:?}"
    );
    file.take_over(at(30)).await.unwrap();
}

#[tokio::test]
async fn an_older_copy_stays_one_on_the_server() {
    let Some(pair) = Pair::new() else { return };
    let file = pair.file();
    busy(&file).await;
    file.step_down().await.unwrap();
    file.mark_restored().await.unwrap();
    drop(file);
    pair.migrate().await.unwrap();
    assert!(
        pair.server()
            .await
            .take_over(at(20))
            .await
            .unwrap()
            .is_restored
    );
}

#[tokio::test]
async fn a_file_whose_server_is_lost_comes_back_as_the_older_copy_that_it_is() {
    let Some(pair) = Pair::new() else { return };
    let file = pair.file();
    busy(&file).await;
    drop(file);
    pair.migrate().await.unwrap();
    let back: &Path = &pair.folder.path().join("back.db");
    restore(pair.path(), back, Existing::Refuse).unwrap();
    let taken = open(back).take_over(at(20)).await.unwrap();
    assert!(taken.is_restored);
}
