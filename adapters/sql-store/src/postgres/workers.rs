//! Several processes that send from one database. Whatever one of them writes is taken only while its lease lives, which is asked in the same
//! transaction, by the server's clock; and as transactions that write come one after another, nobody takes up what it attends before that is
//! on record.

mod clock;
mod duty;
mod news;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use campaign_core::clock::Stamp;
use campaign_core::gateway::Session;
use campaign_core::store::{HeldAccount, News, Roster, RunnerWord, StoreError, TakeOver, Workers};
use serde_json::{Map, Value};

use self::clock::Told;
pub(super) use self::duty::{find_sessions, lanes_of, may_open, of_others};
pub(super) use self::news::{of as news_of, tell};
use super::fault::{Fault, Result};
use super::transaction::{Columns, Committed, TRIES_MAX, TRY_PAUSE, Tx, text};
use super::writing::{Database, finish, transaction};
use super::{PostgresStore, known, lock, take_over};
use crate::codes;
use crate::holder::holder;

/// The server's clock, in SQL: microseconds since 1970.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// This process is a worker.
#[derive(Debug, Clone)]
pub(super) struct Working {
    pub(super) id: i32,
    /// The last of the news that it was told.
    heard: i64,
    /// When it renewed its lease, or joined.
    told: Told,
}

/// What came of renewing a lease.
enum Renewed {
    Roster(Box<Roster>, Told),
    /// The clock was set: nobody knows how long leases have lasted.
    ClockWasSet,
}

/// Whether a worker lives, in SQL: its lease is not over, the clock is the one that it knows, and the database is still in the place where the
/// first of the workers took it over. A standby that has taken the server's place may lack the last moments.
pub(super) fn lives(id: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM worker WHERE id = {id} AND lease_until > {NOW} AND boot = (SELECT boot FROM clock) AND {})",
        take_over::at_home()
    )
}

/// Who works at this moment, for people. In a copy of the database nobody does: its leases are those of another one.
pub(super) async fn holders(tx: &Tx<'_>) -> Result<Option<String>> {
    let word = word(tx).await?;
    Ok(word.map(|word| word.holder))
}

/// The same, with what they say that they are doing.
pub(super) async fn word(tx: &Tx<'_>) -> Result<Option<RunnerWord>> {
    let sql = format!(
        "SELECT holder, word FROM worker WHERE lease_until > {NOW} AND {} ORDER BY id",
        take_over::at_home()
    );
    let found = tx.rows(&sql, &[]).await?;
    let of_all = |column| found.iter().map(move |row| row.at::<&str>(column));
    let holders: Vec<&str> = of_all(0).collect::<Result<_>>()?;
    let words: Vec<&str> = of_all(1).collect::<Result<_>>()?;
    Ok((!holders.is_empty()).then(|| RunnerWord {
        holder: holders.join(", "),
        word: merged(&words),
    }))
}

/// What all of them do: something when one of them does, and each campaign as the first tells that has it.
fn merged(words: &[&str]) -> String {
    let words = words.iter().map(|word| serde_json::from_str(word));
    let mut all = Map::new();
    for word in words.filter_map(|word: serde_json::Result<Map<String, Value>>| word.ok()) {
        for (key, value) in word {
            match (all.get_mut(&key), value) {
                (None, value) => {
                    all.insert(key, value);
                }
                (Some(Value::Bool(is)), Value::Bool(also)) => *is |= also,
                (Some(Value::Object(there)), Value::Object(more)) => {
                    for (key, value) in more {
                        there.entry(key).or_insert(value);
                    }
                }
                (Some(_), _) => {}
            }
        }
    }
    match all.is_empty() {
        true => Value::Null.to_string(),
        false => Value::Object(all).to_string(),
    }
}

pub(super) async fn publish(tx: &Tx<'_>, worker: i32, word: &str) -> Result<()> {
    let word = text(word);
    tx.execute(
        "UPDATE worker SET word = $2 WHERE id = $1",
        &[&worker, &word],
    )
    .await?;
    Ok(())
}

async fn must_live(tx: &Tx<'_>, worker: i32) -> Result<()> {
    let sql = format!("SELECT {}", lives("$1::integer"));
    match tx.one(&sql, &[&worker]).await?.at(0)? {
        true => Ok(()),
        false => Err(StoreError::Dismissed.into()),
    }
}

async fn now(tx: &Tx<'_>) -> Result<Stamp> {
    let told = clock::tell(tx).await?;
    let told = told.ok_or_else(|| Fault::unreadable("workers without a clock"))?;
    Ok(told.stamp)
}

/// Becomes a worker; whoever comes first takes over what a runner would.
async fn join(
    tx: &Tx<'_>,
    before: Option<&Working>,
    lease: Duration,
) -> Result<(TakeOver, Working)> {
    lock::keep_runners_away(tx).await?;
    let mut told = clock::started(tx).await?;
    if let Some(before) = before {
        if is_set_since(tx, &told, before).await? {
            clock_was_set(tx).await?;
            told = clock::started(tx).await?;
        }
        leave(tx, before.id).await?;
    }
    if take_over::is_restored(tx).await? {
        tx.execute("DELETE FROM worker", &[]).await?;
    }
    bury_the_dead(tx).await?;
    let others = tx.maybe("SELECT 1 FROM worker LIMIT 1", &[]).await?;
    let taken = match others {
        Some(_) => take_over::found(tx, told.stamp).await?,
        None => take_over::take_over(tx, told.stamp).await?,
    };
    let heard = news::last(tx).await?;
    let (_, _, boot) = codes::columns(told.stamp);
    let sql = format!(
        "INSERT INTO worker (lease_until, lease, boot, heard, holder) VALUES ({NOW} + $1, $1, $2, $3, $4) RETURNING id"
    );
    let row = tx
        .one(&sql, &[&micros(lease), &boot, &heard, &holder()])
        .await?;
    let id = row.at(0)?;
    Ok((taken, Working { id, heard, told }))
}

async fn renew(
    tx: &Tx<'_>,
    working: &Working,
    held: &[HeldAccount],
    lease: Duration,
) -> Result<Renewed> {
    let told = clock::tell(tx).await?;
    let told = told.ok_or(StoreError::Dismissed)?;
    if is_set_since(tx, &told, working).await? {
        clock_was_set(tx).await?;
        return Ok(Renewed::ClockWasSet);
    }
    must_live(tx, working.id).await?;
    let sql =
        format!("UPDATE worker SET lease_until = {NOW} + $2, held = $3, heard = $4 WHERE id = $1");
    let held = serde_json::to_string(held)?;
    tx.execute(&sql, &[&working.id, &micros(lease), &held, &working.heard])
        .await?;
    bury_the_dead(tx).await?;
    news::forget(tx).await?;
    let found = tx
        .rows("SELECT id, held, retires FROM worker ORDER BY id", &[])
        .await?;
    let mut staying: Vec<i32> = Vec::new();
    let mut of_others: Vec<HeldAccount> = Vec::new();
    for row in &found {
        let id: i32 = row.at(0)?;
        if id != working.id {
            of_others.extend(serde_json::from_str::<Vec<HeldAccount>>(row.at(1)?)?);
        }
        if !row.at::<bool>(2)? {
            staying.push(id);
        }
    }
    let place = staying.iter().position(|it| *it == working.id);
    let sessions = match place {
        None => BTreeSet::new(),
        Some(_) => {
            let others = staying.iter().copied().filter(|it| *it != working.id);
            let others: Vec<i32> = others.collect();
            duty::share_out(tx, working.id, &others, told.stamp).await?
        }
    };
    let roster = Roster {
        at: told.stamp,
        lease,
        sessions,
        accounts: known::accounts(tx).await?,
        held: of_others,
        workers: u32::try_from(staying.len()).map_err(Fault::unreadable)?,
        place: u32::try_from(place.unwrap_or(staying.len())).map_err(Fault::unreadable)?,
    };
    Ok(Renewed::Roster(Box::new(roster), told))
}

/// Whether somebody has set the clock since this worker knows it. Where its row is gone others have judged that it is dead, by a clock that they
/// had compared with theirs: it is this process that stood still.
async fn is_set_since(tx: &Tx<'_>, told: &Told, working: &Working) -> Result<bool> {
    let row = tx
        .maybe("SELECT 1 FROM worker WHERE id = $1", &[&working.id])
        .await?;
    let is_known = told.stamp.boot == working.told.stamp.boot;
    Ok(row.is_some() && is_known && told.is_apart_from(&working.told))
}

/// All workers have to join again. How long their leases have lasted nobody knows, so that each may be gone by for as long as one lasts: nobody
/// takes up before that what they attended.
async fn clock_was_set(tx: &Tx<'_>) -> Result<()> {
    clock::begin_anew(tx).await?;
    let sql = format!("UPDATE worker SET lease_until = {NOW} + lease");
    tx.execute(&sql, &[]).await?;
    Ok(())
}

/// What they attended is nobody's from here on. Where a lease would last longer than from now, somebody has set the clock back since: whoever had
/// it may be dead, and is so after that at the latest.
async fn bury_the_dead(tx: &Tx<'_>) -> Result<()> {
    let sql = format!("DELETE FROM worker WHERE lease_until <= {NOW}");
    tx.execute(&sql, &[]).await?;
    let sql =
        format!("UPDATE worker SET lease_until = {NOW} + lease WHERE lease_until > {NOW} + lease");
    tx.execute(&sql, &[]).await?;
    Ok(())
}

/// For whoever is to be alone: who works at this moment, if somebody does.
pub(super) async fn in_the_way(tx: &Tx<'_>) -> Result<Option<String>> {
    bury_the_dead(tx).await?;
    holders(tx).await
}

async fn retire(tx: &Tx<'_>, worker: i32) -> Result<()> {
    must_live(tx, worker).await?;
    tx.execute("UPDATE worker SET retires = true WHERE id = $1", &[&worker])
        .await?;
    Ok(())
}

async fn leave(tx: &Tx<'_>, worker: i32) -> Result<()> {
    let left = tx
        .execute("DELETE FROM worker WHERE id = $1", &[&worker])
        .await?;
    if left > 0 {
        tell(tx, Some(worker), [News::Roster]).await?;
    }
    Ok(())
}

fn micros(lease: Duration) -> i64 {
    i64::try_from(lease.as_micros()).unwrap_or(i64::MAX)
}

impl Database {
    async fn join(&self) -> Result<TakeOver> {
        let mut running = self.running.lock().await;
        let before = self.working();
        let mut looks = 1;
        let (taken, working) = loop {
            let joined = transaction!(self, tx => join(tx, before.as_ref(), self.options.lease));
            match joined {
                Err(Fault::Store(StoreError::RunnerBusy { .. })) if looks < lock::LOOKS_MAX => {
                    looks += 1;
                    tokio::time::sleep(lock::LOOK).await;
                }
                joined => break joined?,
            }
        };
        *running = None;
        self.begin_to_work(working);
        Ok(taken)
    }

    async fn renew(&self, held: &[HeldAccount]) -> Result<Roster> {
        let working = self.working().ok_or(StoreError::Dismissed)?;
        let lease = self.options.lease;
        let renewed = transaction!(self, tx => renew(tx, &working, held, lease))?;
        match renewed {
            Renewed::ClockWasSet => Err(StoreError::Dismissed.into()),
            Renewed::Roster(roster, told) => {
                self.at_work(working.id, |working| working.told = told);
                Ok(*roster)
            }
        }
    }

    async fn retire(&self) -> Result<()> {
        match self.worker() {
            Some(worker) => transaction!(self, tx => retire(tx, worker)),
            None => Ok(()),
        }
    }

    async fn let_go(&self, sessions: &[Session]) -> Result<()> {
        match self.worker() {
            Some(worker) => transaction!(self, tx => duty::let_go(tx, worker, sessions)),
            None => Ok(()),
        }
    }

    /// Asked several times a second: one statement, which finds nothing most of the time.
    async fn news(&self) -> Result<BTreeSet<News>> {
        let Some(working) = self.working() else {
            return Ok(BTreeSet::new());
        };
        let sql = "SELECT seq, worker, what FROM news WHERE seq > $1 ORDER BY seq";
        let rows = self.read_alone(sql, &[&working.heard]).await?;
        let read = self.at_work(working.id, |working| {
            let (news, last) = news::read(&rows, working.id, working.heard)?;
            working.heard = last;
            Ok(news)
        });
        read.unwrap_or_else(|| Ok(BTreeSet::new()))
    }

    /// Others take up at once what this worker attended.
    pub(super) async fn leave(&self, working: &Working) -> Result<()> {
        transaction!(self, tx => leave(tx, working.id))
    }
}

#[async_trait]
impl Workers for PostgresStore {
    async fn join(&self, _now: Stamp) -> std::result::Result<TakeOver, StoreError> {
        let database = Arc::clone(&self.database);
        finish(async move { database.join().await }).await
    }

    async fn renew(&self, held: &[HeldAccount]) -> std::result::Result<Roster, StoreError> {
        let (database, held) = (Arc::clone(&self.database), held.to_vec());
        finish(async move { database.renew(&held).await }).await
    }

    async fn retire(&self) -> std::result::Result<(), StoreError> {
        let database = Arc::clone(&self.database);
        finish(async move { database.retire().await }).await
    }

    async fn let_go(&self, sessions: &[Session]) -> std::result::Result<(), StoreError> {
        let (database, sessions) = (Arc::clone(&self.database), sessions.to_vec());
        finish(async move { database.let_go(&sessions).await }).await
    }

    async fn news(&self) -> std::result::Result<BTreeSet<News>, StoreError> {
        self.database.news().await.map_err(Fault::told)
    }
}

#[cfg(test)]
mod tests {
    use super::merged;

    #[test]
    fn workers_together_do_what_one_of_them_does() {
        for (words, all) in [
            (&[][..], "null"),
            (&["null"], "null"),
            (&["null", r#"{"is_busy":false}"#], r#"{"is_busy":false}"#),
            (
                &[
                    r#"{"campaigns":{"1":{"state":"running"}},"is_busy":false}"#,
                    r#"{"campaigns":{"1":{"state":"paused"},"2":{}},"is_busy":true}"#,
                ],
                r#"{"campaigns":{"1":{"state":"running"},"2":{}},"is_busy":true}"#,
            ),
        ] {
            assert_eq!(merged(words), all, "{words:?}");
        }
    }
}
