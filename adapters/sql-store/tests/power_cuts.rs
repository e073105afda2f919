//! The power fails at any moment of a campaign, and the disk keeps what it had synced, and of the rest nothing, all, or whatever chance
//! makes of it. From what survives the campaign goes on to its end: by the ledger nobody has got it twice, and nobody is lost.
//!
//! A campaign is played once, and what reaches the disk is written down; each cut plays on from a copy of its own.
//! WAHA_CAMPAIGN_TEST_SEED repeats a seed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod disk;
mod play;
mod scene;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::{DeliveryId, State};
use campaign_core::gateway::Sending;
use campaign_core::store::{CampaignRecord, ReportQuery, ReportRow, Store, StoreError};
use disk::{Call, Disk, Image, Survives};
use play::{Done, End, NAME, Player};
use rusqlite::{Connection, ffi};
use scene::Draws;
use sql_store::{Durability, Options, SqliteStore, Trouble, TroubleKind};
use tempfile::TempDir;

const PEOPLE: u64 = 16;
/// How long the machine is off.
const OFF: Duration = Duration::from_secs(600);
const SEEN: &str = "campaigns.db.seen";

fn seed() -> u64 {
    let given = std::env::var("WAHA_CAMPAIGN_TEST_SEED").ok();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = given.map_or(since.as_micros() as u64, |seed| seed.parse().unwrap());
    println!("seed {seed} (WAHA_CAMPAIGN_TEST_SEED repeats it)");
    seed
}

fn database(folder: &Path) -> PathBuf {
    folder.join("campaigns.db")
}

fn open(folder: &Path, durability: Durability) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(
        database(folder),
        Options {
            durability,
            ..Options::default()
        },
    )
}

fn batches(connection: &Connection) -> u64 {
    let batches = connection.query_row("SELECT batches FROM meta", [], |row| row.get(0));
    batches.map(i64::cast_unsigned).unwrap()
}

/// How far everything had come at a moment of the disk's.
#[derive(Debug, Clone, Copy, Default)]
struct Moment {
    op: usize,
    elapsed: Duration,
    /// Batches that the store had said to be made.
    batches: u64,
}

/// A campaign as it was played on a machine that was started so many times, and what reached the disk.
struct Recording {
    folder: TempDir,
    disk: Arc<Disk>,
    durability: Durability,
    boot: u64,
    /// Of so many syncs one fails; of what else is written, a tenth as much.
    one_sync_fails_in: Option<usize>,
    moments: Vec<Moment>,
    /// Messages that arrived, each with the moment of the disk's.
    arrived: Vec<(usize, Sending)>,
    first: First,
}

/// Until WhatsApp has taken a first message an absence proves nothing: a person decides about those that were under way by then.
#[derive(Debug, Clone, Default)]
struct First {
    is_taken: bool,
    under_way: BTreeSet<DeliveryId>,
}

impl First {
    /// What a process finds when it takes over.
    fn look(&mut self, rows: &[ReportRow]) {
        if self.is_taken {
            return;
        }
        let of = |state: State| rows.iter().filter(move |row| row.standing.state == state);
        let taken = of(State::Accepted).map(|row| row.delivery.ordinal()).min();
        self.is_taken = taken.is_some();
        let before = taken.map_or(u32::MAX, |taken| taken + u32::from(play::IN_FLIGHT_MAX));
        let under_way = of(State::Unconfirmed).map(|row| row.delivery);
        self.under_way
            .extend(under_way.filter(|delivery| delivery.ordinal() < before));
    }
}

impl Recording {
    /// What goes on from this disk, on which everything had come so far.
    fn on(image: &Image, durability: Durability, boot: u64, so_far: Moment) -> Self {
        let folder = tempfile::tempdir().unwrap();
        image.put_into(folder.path());
        let disk = Disk::watching(folder.path());
        let begin = Moment {
            op: disk.now(),
            ..so_far
        };
        Self {
            folder,
            disk,
            durability,
            boot,
            one_sync_fails_in: None,
            moments: vec![begin],
            arrived: Vec::new(),
            first: First::default(),
        }
    }

    /// A campaign that was started, and not gone on with.
    async fn started(durability: Durability) -> Self {
        let mut recording = Self::on(&Image::default(), durability, 1, Moment::default());
        let store = open(recording.folder.path(), durability).unwrap();
        let other = Connection::open(store.path()).unwrap();
        play::start(&store, PEOPLE).await;
        recording.noted(Duration::ZERO, batches(&other));
        recording
    }

    /// From the start to the end, by several processes.
    async fn whole(durability: Durability, draws: &mut Draws) -> Self {
        let mut recording = Self::started(durability).await;
        recording.finish(draws).await;
        recording
    }

    async fn finish(&mut self, draws: &mut Draws) {
        let mut turns = 20 + draws.below(60);
        while !self.life(draws, turns).await {
            turns = 20 + draws.below(120);
        }
    }

    /// One process, with checkpoints in between; whether it came to the end.
    async fn life(&mut self, draws: &mut Draws, turns: usize) -> bool {
        let store = open(self.folder.path(), self.durability).unwrap();
        let other = Connection::open(store.path()).unwrap();
        let so_far = self.by(usize::MAX);
        let found = batches(&other);
        assert!(
            found >= so_far.batches,
            "{found} of {} batches that were durable",
            so_far.batches
        );
        let elapsed = so_far.elapsed + Duration::from_secs(5);
        let player = Player::begin(&store, self.boot, elapsed, draws.0).await;
        let mut player = player.unwrap();
        assert!(
            !player.taken.is_restored,
            "neither a crash nor a loss of power is a restored copy"
        );
        let campaign = scene::record(&store, NAME).await.id;
        self.first.look(&scene::rows(&store, campaign).await);
        self.disk.note(SEEN, true);
        player.remembers(&self.arrived_by(usize::MAX)).await;
        player.loses_answers(draws.0);
        if let Some(one_in) = self.one_sync_fails_in {
            let mut draws = Draws(draws.0);
            self.disk.refuse(move |call| {
                let (one_in, code) = match call {
                    Call::Sync => (one_in, ffi::SQLITE_IOERR_FSYNC),
                    Call::Write => (one_in * 10, ffi::SQLITE_IOERR_WRITE),
                    Call::Truncate => (one_in * 10, ffi::SQLITE_IOERR_TRUNCATE),
                    _ => return None,
                };
                draws.is_one_in(one_in).then_some(code)
            });
        }
        let mut is_over = false;
        for _ in 0..turns {
            match player.turn().await.unwrap() {
                Done::Commit => {
                    self.disk.note(SEEN, false);
                    self.noted(player.elapsed(), batches(&other));
                }
                Done::Send => {
                    if player.gateway.received().len() > self.arrived.len() {
                        let sent = player.gateway.sends();
                        let last = sent.last().unwrap().sending.clone();
                        self.arrived.push((self.disk.now(), last));
                    }
                }
                Done::Other => {}
                Done::All => {
                    is_over = true;
                    break;
                }
            }
            if draws.is_one_in(12) {
                // As another process does that reads beside, or the runner itself once there is much to write back.
                let how = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"][draws.below(4)];
                let checkpoint = format!("PRAGMA wal_checkpoint({how})");
                let made = other.query_row(&checkpoint, [], |_| Ok(()));
                assert!(made.is_ok() || self.one_sync_fails_in.is_some(), "{made:?}");
            }
        }
        self.disk.mend();
        let failures = &player.failures;
        assert!(
            failures.is_empty() || self.one_sync_fails_in.is_some(),
            "{failures:?}"
        );
        is_over
    }

    fn noted(&mut self, elapsed: Duration, batches: u64) {
        self.moments.push(Moment {
            op: self.disk.now(),
            elapsed,
            batches,
        });
    }

    /// What had arrived when the power failed.
    fn arrived_by(&self, at: usize) -> Vec<Sending> {
        let arrived = self.arrived.iter().filter(|(op, _)| *op <= at);
        arrived.map(|(_, sending)| sending.clone()).collect()
    }

    /// How far everything had come when the power failed.
    fn by(&self, at: usize) -> Moment {
        let known = self.moments.iter().take_while(|moment| moment.op <= at);
        *known.last().unwrap()
    }

    /// Each moment after a sync and before it, and some in between, but no more than so many.
    fn cuts(&self, draws: &mut Draws, count_max: usize) -> Vec<usize> {
        let syncs = self.disk.syncs();
        let all = self.disk.now();
        let mut cuts: Vec<usize> = syncs.iter().flat_map(|after| [after - 1, *after]).collect();
        cuts.extend((0..syncs.len() / 2).map(|_| draws.below(all + 1)));
        while cuts.len() > count_max {
            cuts.swap_remove(draws.below(cuts.len()));
        }
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    /// Opens what survived the cut, takes over, and goes on to the end. `None`: nothing had been started.
    async fn goes_on(&self, at: usize, image: &Image) -> Result<Option<After>, StoreError> {
        let folder = tempfile::tempdir().unwrap();
        image.put_into(folder.path());
        let store = open(folder.path(), self.durability)?;
        let found = store.campaign(NAME).await?;
        let is_started = |record: &CampaignRecord| {
            !matches!(
                record.state,
                CampaignState::Importing | CampaignState::Frozen
            )
        };
        if !found.is_some_and(|record| is_started(&record)) {
            return Ok(None);
        }
        let batches = batches(&Connection::open(store.path()).unwrap());
        let after = self.by(at).elapsed + OFF;
        let mut player = Player::begin(&store, self.boot + 1, after, at as u64).await?;
        player.remembers(&self.arrived_by(at)).await;
        player.go_on().await?;
        if let Some(failure) = player.failures.pop() {
            return Err(failure);
        }
        Ok(Some(After {
            batches,
            is_restored: player.taken.is_restored,
            end: play::end(&store, &player.gateway, PEOPLE).await,
        }))
    }
}

/// What was found on a disk after the power came back, and what became of it.
#[derive(Debug)]
struct After {
    batches: u64,
    is_restored: bool,
    end: End,
}

impl After {
    fn nobody_is_lost(&self) -> bool {
        let End {
            lost, unconfirmed, ..
        } = &self.end;
        // As it is with [`First`], in one life.
        let is_first = |delivery: &DeliveryId| delivery.ordinal() < u32::from(play::IN_FLIGHT_MAX);
        lost.is_empty() && unconfirmed.iter().all(is_first)
    }
}

/// What survives besides what was synced.
fn survives(draws: &mut Draws) -> Survives<'_> {
    match draws.below(4) {
        0 => Survives::Nothing,
        1 => Survives::Everything,
        _ => Survives::Some(draws),
    }
}

#[tokio::test]
async fn wherever_the_power_fails_everybody_gets_it_once() {
    let seed = seed();
    let mut draws = Draws(seed);
    let recording = Recording::whole(Durability::Full, &mut draws).await;
    everybody_gets_it_once(&recording, seed, &mut draws, 240).await;
}

/// After a sync that failed, Linux takes what was written since the one before it for clean: it may never reach the disk.
#[tokio::test]
async fn wherever_the_power_fails_on_a_disk_that_fails_too_everybody_gets_it_once() {
    let seed = seed();
    let mut draws = Draws(seed);
    let mut recording = Recording::started(Durability::Full).await;
    recording.one_sync_fails_in = Some(4);
    recording.finish(&mut draws).await;
    everybody_gets_it_once(&recording, seed, &mut draws, 120).await;
}

/// Cuts the power so many times at most.
async fn everybody_gets_it_once(
    recording: &Recording,
    seed: u64,
    draws: &mut Draws,
    count_max: usize,
) {
    let cuts = recording.cuts(draws, count_max);
    let mut started = 0;
    for at in cuts.iter().copied() {
        let context = format!("seed {seed}, cut at {at}");
        let image = recording.disk.cut(at, &mut survives(draws));
        let found = recording.goes_on(at, &image).await;
        let found = found.unwrap_or_else(|error| panic!("{context}: {error}"));
        let known = recording.by(at).batches;
        let Some(after) = found else {
            assert_eq!(known, 0, "{context}: it had been started");
            continue;
        };
        started += 1;
        assert!(
            after.batches >= known,
            "{context}: {known} batches were durable: {after:?}"
        );
        assert!(
            !after.is_restored,
            "{context}: a loss of power is no restored copy"
        );
        assert!(
            after.end.twice.is_empty() && after.nobody_is_lost(),
            "{context}: {after:?}"
        );
    }
    println!("{} cuts, {started} of them after the start", cuts.len());
    assert!(
        started > 30,
        "seed {seed}: {started} of {} cuts",
        cuts.len()
    );
}

#[tokio::test]
async fn however_often_the_power_fails_everybody_gets_it_once() {
    let seed = seed();
    let mut draws = Draws(seed);
    for campaign in 0..4 {
        let mut recording = Recording::started(Durability::Full).await;
        let mut boot = 1;
        loop {
            let context = format!("seed {seed}, campaign {campaign}, machine started {boot} times");
            let begun = recording.by(usize::MAX).op;
            // The power lasts longer from time to time: what is in doubt is settled after minutes without a cut.
            let turns = 10 + draws.below(30 + (boot * boot / 8) as usize);
            if recording.life(&mut draws, turns).await {
                break;
            }
            let at = begun + draws.below(recording.disk.now() - begun + 1);
            let image = recording.disk.cut(at, &mut survives(&mut draws));
            let arrived = recording.arrived_by(at);
            let mut so_far = recording.by(at);
            so_far.elapsed += OFF;
            boot += 1;
            let first = recording.first;
            recording = Recording::on(&image, Durability::Full, boot, so_far);
            recording.first = first;
            recording.arrived = arrived.into_iter().map(|sending| (0, sending)).collect();
            assert!(boot < 200, "{context}: no progress");
        }
        let at = recording.disk.now();
        let image = recording.disk.cut(at, &mut Survives::Nothing);
        let after = recording.goes_on(at, &image).await.unwrap().unwrap();
        assert!(
            after.end.twice.is_empty() && after.end.lost.is_empty(),
            "seed {seed}, campaign {campaign}: {after:?}"
        );
        let under_way = &recording.first.under_way;
        let mut unconfirmed = after.end.unconfirmed.iter();
        assert!(
            unconfirmed.all(|delivery| under_way.contains(delivery)),
            "seed {seed}, campaign {campaign}: {after:?}, {under_way:?}"
        );
        println!("campaign {campaign}: the power failed {} times", boot - 1);
    }
}

/// What `Durability::Normal` gives up: the last batches may be gone. Where the file beside the database outlived them, that is seen, and everything
/// is looked up first; where it did not, whoever got a message since may get it again. Nobody is lost, and the database always opens.
#[tokio::test]
async fn without_a_sync_for_each_batch_a_loss_of_power_may_send_again_and_loses_nobody() {
    let seed = seed();
    let mut draws = Draws(seed);
    let recording = Recording::whole(Durability::Normal, &mut draws).await;
    let (mut behind, mut recognised, mut again) = (0, 0, 0);
    // A message has just gone out, and its batch is seldom synced yet.
    for at in recording.arrived.iter().map(|(op, _)| *op) {
        let context = format!("seed {seed}, cut at {at}");
        let synced = recording.disk.cut(at, &mut Survives::Nothing);
        let beside = recording.disk.cut(at, &mut Survives::Everything);
        let remembered = synced.with(SEEN, &beside);
        let any = recording.disk.cut(at, &mut Survives::Some(&mut draws));
        for (image, is_remembered) in [(synced, false), (remembered, true), (any, false)] {
            let found = recording.goes_on(at, &image).await;
            let found = found.unwrap_or_else(|error| panic!("{context}: {error}"));
            // Even the start may be gone. Whoever starts it anew sends to everybody.
            let Some(after) = found else { continue };
            let is_behind = after.batches < recording.by(at).batches;
            behind += usize::from(is_behind);
            recognised += usize::from(after.is_restored);
            again += after.end.twice.len();
            assert!(after.end.lost.is_empty(), "{context}: {after:?}");
            let is_once = after.end.twice.is_empty();
            assert!(
                is_once || is_behind && !is_remembered,
                "{context}: {after:?}"
            );
        }
    }
    println!(
        "{behind} cuts lost batches, {recognised} were seen to, {again} messages were sent twice"
    );
    assert!(
        behind > 0 && recognised > 0 && again > 0,
        "seed {seed}: nothing was given up"
    );
}

/// A disk that says it has written what it has not is outside of the promise: what was sent since may be sent again.
#[tokio::test]
async fn a_disk_that_lied_gives_back_an_earlier_moment_and_sends_again_what_came_after_it() {
    let seed = seed();
    let mut draws = Draws(seed);
    let recording = Recording::whole(Durability::Full, &mut draws).await;
    let all = recording.disk.now();
    let mut again = 0;
    for _ in 0..40 {
        let at = all / 3 + draws.below(all - all / 3);
        let context = format!("seed {seed}, cut at {at}");
        let image = recording
            .disk
            .cut(at - draws.below(at / 3), &mut Survives::Nothing);
        let found = recording.goes_on(at, &image).await;
        let found = found.unwrap_or_else(|error| panic!("{context}: {error}"));
        let Some(after) = found else { continue };
        assert!(after.end.lost.is_empty(), "{context}: {after:?}");
        again += after.end.twice.len();
    }
    println!("{again} messages were sent twice");
    assert!(again > 0, "seed {seed}: nothing was given up");
}

#[tokio::test]
async fn a_disk_on_which_writes_never_arrived_opens_or_is_said_to_be_damaged() {
    let seed = seed();
    let mut draws = Draws(seed);
    let recording = Recording::whole(Durability::Full, &mut draws).await;
    let all = recording.disk.now();
    let mut damaged = 0;
    for _ in 0..200 {
        let at = draws.below(all + 1);
        let image = recording.disk.cut_of_a_liar(at, &mut draws, 20);
        let folder = tempfile::tempdir().unwrap();
        image.put_into(folder.path());
        let read = async {
            let store = open(folder.path(), Durability::Full)?;
            store.take_over(scene::at(100_000)).await?;
            if let Some(record) = store.campaign(NAME).await? {
                store.report(ReportQuery::of(record.id)).await?;
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = read.await {
            let context = format!("seed {seed}, cut at {at}");
            let kind = Trouble::kind_of(&error);
            let is_told = matches!(
                kind,
                Some(TroubleKind::Damaged | TroubleKind::NotADatabase | TroubleKind::Lost)
            );
            assert!(is_told, "{context}: {error}");
            assert!(
                error.to_string().contains("restore a backup"),
                "{context}: {error}"
            );
            damaged += 1;
        }
    }
    println!("{damaged} were damaged and said so");
    assert!(damaged > 0, "seed {seed}: all of them fitted together");
}
