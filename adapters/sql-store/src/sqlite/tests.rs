//! What goes wrong inside a transaction, and that Rust and SQL hold the same table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::BootId;
use campaign_core::clock::Elapsed;
use campaign_core::consent::Terms;
use campaign_core::delivery::{Ack, Doubt, Happening, Reason, Standing, State, apply};
use campaign_core::limits::Slot;
use campaign_core::message::MessageTemplate;
use campaign_core::store::{Change, Journal, LaneRecord};

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

struct Scene {
    folder: tempfile::TempDir,
    database: Database,
    lane: LaneRecord,
    campaign: CampaignId,
}

fn at(seconds: i64) -> Stamp {
    Stamp {
        elapsed: Elapsed::from_micros(seconds * 1_000_000),
        wall: Timestamp::from_second(1_770_000_000 + seconds).unwrap(),
        boot: BootId(1),
    }
}

fn phone(number: u64) -> PhoneNumber {
    PhoneNumber::from_digits(6_281_200_000_000 + number).unwrap()
}

fn recipients(numbers: std::ops::Range<u64>) -> Vec<NewRecipient> {
    numbers
        .map(|number| NewRecipient {
            row: number + 2,
            phone: phone(number),
            key: None,
            values: [format!("Budi {number}").into()].into(),
            skip: None,
            was_rejected: false,
        })
        .collect()
}

pub(super) fn definition() -> Definition {
    let message = MessageTemplate::text("Halo {{nama}}").unwrap();
    Definition::new("tagihan", Session::new("default"), message)
}

impl Scene {
    /// A running campaign of so many recipients.
    fn new(size: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("campaigns.db");
        let mut database = Database::open(&path, &Options::default()).unwrap();
        database.take_over(at(0)).unwrap();
        let lane = database
            .lane(
                Account(phone(999)),
                &Session::new("default"),
                &LaneLimits::unpaced(64),
            )
            .unwrap();
        let now = Now {
            elapsed: at(0).elapsed,
            wall: at(0).wall,
        };
        let campaign = database
            .create(&definition(), &["nama".into()], now)
            .unwrap();
        database.import(campaign, &recipients(0..size), 0).unwrap();
        let mut scene = Self {
            folder,
            database,
            lane,
            campaign,
        };
        use CampaignState::{Frozen, Importing, Running};
        for (from, to) in [(Importing, Frozen), (Frozen, Running)] {
            let campaign = scene.campaign;
            scene
                .commit(0, vec![Change::Campaign { campaign, from, to }])
                .unwrap();
        }
        scene
    }

    fn commit(&mut self, seconds: i64, changes: Vec<Change>) -> Result<Vec<Effect>, StoreError> {
        let batch = Batch {
            at: at(seconds),
            changes,
        };
        let path = self.database.path.clone();
        self.database
            .commit(&batch)
            .map_err(|fault| fault.at(&path))
    }

    fn journals(&self, ordinals: std::ops::Range<u32>) -> Vec<Change> {
        ordinals
            .map(|ordinal| {
                Change::Journal(Journal {
                    delivery: DeliveryId::new(self.campaign, ordinal).unwrap(),
                    phone: phone(u64::from(ordinal)),
                    lane: self.lane.id,
                    epoch: self.lane.epoch,
                    slot: Slot::Cold,
                    if_heard_since: None,
                    unless_known_to: std::sync::Arc::new([]),
                    kind: MessageKind::Text,
                    text_hash: 7,
                    terms: Terms::default(),
                })
            })
            .collect()
    }

    fn count(&self, state: State) -> u64 {
        let record = self.database.campaign("tagihan").unwrap().unwrap();
        record.counts.of(state)
    }

    fn rows(&self, table: &str) -> i64 {
        self.database
            .connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })
            .unwrap()
    }
}

#[test]
fn a_full_disk_takes_nothing_and_says_so() {
    let mut scene = Scene::new(400);
    let pages: i64 = scene
        .database
        .connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    let limit = |scene: &Scene, pages: i64| {
        scene
            .database
            .connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    };
    limit(&scene, pages);
    let full = scene.commit(1, scene.journals(0..400));
    let Err(error) = full else {
        panic!("there was room: {full:?}");
    };
    let trouble = Trouble::of(&error).unwrap();
    assert_eq!(trouble.kind(), TroubleKind::Full);
    assert_eq!(trouble.path(), scene.database.path);
    assert!(error.to_string().contains("disk is full"), "{error}");
    assert_eq!(
        (scene.count(State::Scheduled), scene.count(State::Sending)),
        (400, 0)
    );
    assert_eq!(
        (
            scene.rows("attempt"),
            scene.rows("open_chat"),
            scene.rows("ready")
        ),
        (0, 0, 400)
    );
    let full = scene
        .database
        .import(scene.campaign, &recipients(400..401), 0);
    assert!(full.is_err());

    limit(&scene, pages + 1_000);
    let effects = scene.commit(2, scene.journals(0..400)).unwrap();
    assert!(
        effects
            .iter()
            .all(|effect| matches!(effect, Effect::Moved { .. }))
    );
    assert_eq!(scene.count(State::Sending), 400);
}

#[test]
fn a_commit_that_fails_at_the_very_end_takes_nothing() {
    let mut scene = Scene::new(3);
    let before = scene.database.batches().unwrap();
    scene
        .database
        .connection
        .commit_hook(Some(|| true))
        .unwrap();
    let failed = scene.commit(1, scene.journals(0..3));
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    scene
        .database
        .connection
        .commit_hook(None::<fn() -> bool>)
        .unwrap();
    assert_eq!(scene.database.batches().unwrap(), before);
    assert_eq!(
        (scene.count(State::Scheduled), scene.rows("attempt")),
        (3, 0)
    );
    assert_eq!(scene.commit(2, scene.journals(0..3)).unwrap().len(), 3);
    assert_eq!(scene.count(State::Sending), 3);
}

#[test]
fn what_may_be_sent_without_being_remembered_beside_the_database_is_unknown() {
    let mut scene = Scene::new(2);
    let path = scene.folder.path().join("campaigns.db");
    scene.database.seen = Some(Seen::that_cannot_be_written(&path));
    let unknown = scene.commit(1, scene.journals(0..1));
    assert!(
        matches!(unknown, Err(StoreError::Unknown(_))),
        "{unknown:?}"
    );
    let taken = scene.database.take_over(at(2)).unwrap();
    assert_eq!((taken.orphaned, taken.is_restored), (1, false));
}

#[test]
fn a_writer_waits_for_another_process_and_readers_wait_for_nobody() {
    let mut scene = Scene::new(2);
    let path = scene.folder.path().join("campaigns.db");
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("BEGIN IMMEDIATE; UPDATE runner SET word = '1'")
        .unwrap();
    assert_eq!(scene.count(State::Scheduled), 2, "reads what was committed");
    std::thread::scope(|scope| {
        let changes = scene.journals(0..2);
        let scene = &mut scene;
        let writer = scope.spawn(move || scene.commit(1, changes).unwrap());
        other.execute_batch("COMMIT").unwrap();
        let effects = writer.join().unwrap();
        assert!(matches!(
            effects[..],
            [Effect::Moved { .. }, Effect::Moved { .. }]
        ));
    });
}

#[test]
fn an_import_begun_anew_shuts_the_earlier_one_out() {
    let scene = Scene::new(0);
    let path = scene.folder.path().join("campaigns.db");
    let mut first = scene.database;
    let mut second = Database::open(&path, &Options::default()).unwrap();
    let now = Now {
        elapsed: at(0).elapsed,
        wall: at(0).wall,
    };
    let other = Definition {
        name: "other".into(),
        ..definition()
    };
    let campaign = first.create(&other, &[], now).unwrap();
    first.import(campaign, &recipients(0..2), 0).unwrap();
    assert_eq!(second.create(&other, &[], now).unwrap(), campaign);
    second.import(campaign, &recipients(0..1), 0).unwrap();
    assert!(first.import(campaign, &recipients(2..3), 0).is_err());
    let freeze = Batch {
        at: at(1),
        changes: vec![Change::Campaign {
            campaign,
            from: CampaignState::Importing,
            to: CampaignState::Frozen,
        }],
    };
    assert!(matches!(
        first.commit(&freeze).unwrap()[..],
        [Effect::Lost(_)]
    ));
    assert_eq!(second.commit(&freeze).unwrap(), [Effect::Done]);
    let record = second.campaign("other").unwrap().unwrap();
    assert_eq!(record.counts.total(), 1);
}

#[test]
fn the_schema_refuses_exactly_the_reasons_that_do_not_fit() {
    let scene = Scene::new(0);
    for state in 0..=u8::MAX {
        for number in 0..=u8::MAX {
            let reason = Reason::from_number(number);
            if number != 0 && reason.is_none() {
                continue;
            }
            let inserted = scene.database.connection.execute(
                "INSERT OR REPLACE INTO delivery (id, phone, state, reason, attempt, changed_at) VALUES (1, 1, ?, ?, 1, 0)",
                [state, number],
            );
            let fits = State::from_number(state).is_some_and(|state| rows::fits(state, reason));
            assert_eq!(inserted.is_ok(), fits, "state {state}, reason {number}");
        }
    }
}

#[test]
fn every_legal_move_leads_where_the_schema_lets_it_stand() {
    let happenings = [
        Happening::Journalled,
        Happening::NotHandedOver { counts: true },
        Happening::Exhausted,
        Happening::Refused,
        Happening::Accepted,
        Happening::MaybeSent(Doubt::NoAnswer),
        Happening::MaybeSent(Doubt::ServerError),
        Happening::MaybeSent(Doubt::Restricted),
        Happening::OwnerDied,
        Happening::Restored,
        Happening::Evidence(Ack::Error),
        Happening::Evidence(Ack::Pending),
        Happening::Evidence(Ack::Server),
        Happening::Evidence(Ack::Device),
        Happening::Evidence(Ack::Read),
        Happening::Evidence(Ack::Played),
        Happening::Silent,
        Happening::ProvedAbsent,
        Happening::ProvedAbsentForGood(Reason::Expired),
        Happening::ProvedAbsentForGood(Reason::Exhausted),
        Happening::ProvedAbsentForGood(Reason::EarlierArrived),
        Happening::Skipped(Reason::Suppressed),
        Happening::Skipped(Reason::Expired),
        Happening::Skipped(Reason::MissingVariable),
        Happening::Cancelled,
        Happening::ConfirmedByOperator,
        Happening::GivenUpByOperator,
    ];
    let reasons = || std::iter::once(None).chain(Reason::ALL.iter().copied().map(Some));
    let standings = State::ALL
        .into_iter()
        .flat_map(|state| reasons().map(move |reason| (state, reason)))
        .filter(|(state, reason)| rows::fits(*state, *reason));
    for (state, reason) in standings {
        let from = Standing {
            state,
            reason,
            attempts: 1,
            corrected: false,
        };
        for happening in happenings {
            if let Ok(to) = apply(from, happening) {
                assert!(
                    rows::fits(to.state, to.reason),
                    "{from:?} {happening:?} {to:?}"
                );
            }
        }
    }
}

#[test]
fn numbers_in_sql_are_those_of_the_engine() {
    assert_eq!(rows::GENERATIONS, 63, "the bits below a recipient's place");
    let campaign = CampaignId::new(77).unwrap();
    let (first, last) = rows::range(campaign);
    assert_eq!(
        (first >> 32, last >> 32),
        (77, 77),
        "doubts find their campaign by it"
    );
}

#[test]
fn a_look_does_not_go_through_the_single_messages() {
    const SINGLES: u64 = 3_000;
    let mut scene = Scene::new(2);
    let connection = &mut scene.database.connection;
    let copies = [
        "INSERT INTO campaign (id, name, session, kind, definition, columns, state, created_at)
         SELECT id + number, 'send:' || number, session, kind, definition, columns, state, created_at FROM campaign, numbers",
        "INSERT INTO campaign_count SELECT campaign + number, state, reason, n FROM campaign_count, numbers",
    ];
    for copy in copies {
        let numbers = format!(
            "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {SINGLES})"
        );
        connection
            .execute_batch(&format!("{numbers} {copy}"))
            .unwrap();
    }
    let steps = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&steps);
    let counting = move || {
        count.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(1, Some(counting)).unwrap();
    let named = [CampaignQuery::LiveNamed, CampaignQuery::Named];
    let named = named.map(|query| scene.database.campaigns(&query).unwrap().len());
    let left = scene.database.singles_left().unwrap();
    assert_eq!((named, left.is_some), ([1, 1], true));
    assert!(steps.load(Ordering::Relaxed) < SINGLES, "{steps:?}");
}
