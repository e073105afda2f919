//! People taken out of a file: what is deleted is written over, and the file gets smaller.

use std::fs;

use async_trait::async_trait;
use campaign_core::delivery::CampaignId;
use campaign_core::store::StoreError;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::fault::{Result, Trouble, TroubleKind};
use super::lock::RunnerLock;
use super::schema::beside;
use super::{Database, SqliteStore, rows};
use crate::prune::{Ended, OPEN, OVER, PAGE, Prunable, Prune, Pruning, not_over};

/// As long as this is there, nobody sends from the database.
struct SqlitePruning<'a> {
    store: &'a SqliteStore,
    bytes_before: u64,
    _lock: RunnerLock,
}

#[async_trait]
impl Prune for SqliteStore {
    async fn prunable(&self, before: Timestamp) -> std::result::Result<Vec<Prunable>, StoreError> {
        self.call(move |database| database.prunable(before)).await
    }

    async fn begin_prune(&self) -> std::result::Result<Box<dyn Pruning + '_>, StoreError> {
        let (lock, bytes_before) = self
            .call(|database| {
                let known = || database.holder_on_record().ok().flatten();
                let lock = RunnerLock::take(&database.path, known)?;
                database.refuse_if_moved()?;
                // What is deleted is written over, not only forgotten.
                database
                    .connection
                    .pragma_update(None, "secure_delete", true)?;
                Ok((lock, database.bytes()))
            })
            .await?;
        Ok(Box::new(SqlitePruning {
            store: self,
            bytes_before,
            _lock: lock,
        }))
    }
}

#[async_trait]
impl Pruning for SqlitePruning<'_> {
    async fn page(
        &self,
        campaign: CampaignId,
        now: Timestamp,
    ) -> std::result::Result<Option<u64>, StoreError> {
        self.store
            .call(move |database| database.prune_page(campaign, now))
            .await
    }

    async fn shrink(&self) -> std::result::Result<Option<u64>, StoreError> {
        let before = self.bytes_before;
        let shrunk = self.store.call(move |database| {
            database.shrink()?;
            Ok(before.saturating_sub(database.bytes()))
        });
        match shrunk.await {
            Ok(freed) => Ok(Some(freed)),
            Err(error) if lacks_space(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn lacks_space(error: &StoreError) -> bool {
    use TroubleKind::{Disk, Full};
    matches!(Trouble::kind_of(error), Some(Disk | Full))
}

impl Database {
    fn prunable(&self, before: Timestamp) -> Result<Vec<Prunable>> {
        let mut statement = self.connection.prepare(
            "SELECT id, name, created_at, pruned_at, (SELECT coalesce(sum(n), 0) FROM campaign_count WHERE campaign = c.id)
             FROM campaign c WHERE state IN (?1, ?2) AND NOT EXISTS (
                SELECT 1 FROM campaign_count WHERE campaign = c.id AND n > 0 AND state IN (?3, ?4, ?5))
             ORDER BY created_at, id",
        )?;
        let [settled, cancelled] = OVER.map(|state| state as u8);
        let [scheduled, sending, unconfirmed] = OPEN.map(|state| state as u8);
        let mut found =
            statement.query(params![settled, cancelled, scheduled, sending, unconfirmed])?;
        let mut prunable = Vec::new();
        while let Some(row) = found.next()? {
            let campaign = rows::campaign(row.get(0)?)?;
            let (first, last) = rows::range(campaign);
            let changed: Option<i64> = self.connection.query_row(
                "SELECT max(changed_at) FROM delivery WHERE id BETWEEN ? AND ?",
                [first, last],
                |row| row.get(0),
            )?;
            let ended = Ended {
                campaign,
                name: row.get(1)?,
                deliveries: row.get(4)?,
                created: row.get(2)?,
                changed,
                was_begun: row.get::<_, Option<i64>>(3)?.is_some(),
            };
            prunable.extend(ended.prunable(before)?);
        }
        Ok(prunable)
    }

    fn prune_page(&mut self, campaign: CampaignId, now: Timestamp) -> Result<Option<u64>> {
        self.recipients.remove(&campaign);
        self.together(|| {
            self.bury(campaign, now)?;
            self.connection
                .prepare_cached("DELETE FROM reply WHERE campaign = ?")?
                .execute([campaign.number()])?;
            let (first, last) = rows::range(campaign);
            let upper: Option<i64> = self
                .connection
                .prepare_cached(
                    "SELECT max(id) FROM (SELECT id FROM delivery WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?)",
                )?
                .query_row([first, last, PAGE], |row| row.get(0))?;
            // Behind the last delivery nothing is left that belongs to one.
            let upper = upper.unwrap_or(last);
            self.forget_attempts(first, upper)?;
            self.forget_known(first, upper)?;
            for table in ["delivery_content", "delivery"] {
                self.delete(table, "id", first, upper)?;
            }
            let went = self.connection.changes();
            for table in ["remark", "ready", "doubt", "open_chat"] {
                self.delete(table, "delivery", first, upper)?;
            }
            let is_more = went > 0 || self.forget_recipients(campaign)?;
            Ok(is_more.then_some(went))
        })
    }

    /// From the first page on it is a pruned campaign, whatever stops this half-way.
    fn bury(&self, campaign: CampaignId, now: Timestamp) -> Result<()> {
        let [settled, cancelled] = OVER.map(|state| state as u8);
        let [scheduled, sending, unconfirmed] = OPEN.map(|state| state as u8);
        let buried = self
            .connection
            .prepare_cached(
                "UPDATE campaign SET pruned_at = coalesce(pruned_at, ?1)
                 WHERE id = ?2 AND state IN (?3, ?4) AND NOT EXISTS (
                    SELECT 1 FROM campaign_count WHERE campaign = ?2 AND n > 0 AND state IN (?5, ?6, ?7))",
            )?
            .execute(params![
                rows::micros(now),
                campaign.number(),
                settled,
                cancelled,
                scheduled,
                sending,
                unconfirmed
            ])?;
        if buried == 0 {
            return Err(not_over().into());
        }
        Ok(())
    }

    /// The attempts of these deliveries, and the ids that servers gave them. The newest attempt of all keeps its number, so that no later
    /// one gets a number that was given out: what has been considered for silence is remembered by number.
    fn forget_attempts(&self, first: i64, last: i64) -> Result<()> {
        const OF_THESE: &str = "WITH RECURSIVE gone (seq) AS (
                SELECT attempt FROM delivery WHERE id BETWEEN ?1 AND ?2 AND attempt IS NOT NULL
                UNION SELECT previous FROM attempt JOIN gone USING (seq) WHERE previous IS NOT NULL)";
        for what in [
            "DELETE FROM foreign_id WHERE id IN (SELECT foreign_id FROM attempt WHERE seq IN gone)",
            "DELETE FROM unheard WHERE attempt IN gone",
            "UPDATE attempt SET delivery = 0, previous = NULL, text_hash = 0, foreign_id = NULL, message = NULL
                WHERE seq = (SELECT max(seq) FROM attempt) AND seq IN gone",
            "DELETE FROM attempt WHERE seq IN gone AND seq < (SELECT max(seq) FROM attempt)",
        ] {
            self.connection
                .prepare_cached(&format!("{OF_THESE} {what}"))?
                .execute([first, last])?;
        }
        Ok(())
    }

    /// Who knows these people, where nobody has had to do with them since.
    fn forget_known(&self, first: i64, last: i64) -> Result<()> {
        self.connection
            .prepare_cached(
                "DELETE FROM known WHERE phone IN (
                    SELECT phone FROM delivery JOIN known USING (phone) WHERE delivery.id BETWEEN ? AND ? AND at <= changed_at)",
            )?
            .execute([first, last])?;
        Ok(())
    }

    fn delete(&self, table: &str, key: &str, first: i64, last: i64) -> Result<()> {
        self.connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE {key} BETWEEN ? AND ?"))?
            .execute([first, last])?;
        Ok(())
    }

    fn forget_recipients(&self, campaign: CampaignId) -> Result<bool> {
        let gone = self
            .connection
            .prepare_cached(
                "DELETE FROM recipient WHERE campaign = ?1 AND (phone, key) IN (
                    SELECT phone, key FROM recipient WHERE campaign = ?1 LIMIT ?2)",
            )?
            .execute(params![campaign.number(), PAGE])?;
        Ok(gone > 0)
    }

    fn shrink(&self) -> Result<()> {
        // A copy of the whole database in memory is what this would be otherwise.
        self.connection.pragma_update(None, "temp_store", "file")?;
        let shrunk = self.connection.execute_batch("VACUUM");
        self.connection
            .pragma_update(None, "temp_store", "memory")?;
        self.connection
            .pragma_update(None, "secure_delete", false)?;
        shrunk?;
        // Somebody who reads keeps the log from being cut: it is cut when they are done.
        let _busy: Option<i64> = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .optional()?;
        Ok(())
    }

    /// The database on the disk, with what has not been written into its file yet.
    fn bytes(&self) -> u64 {
        let files = [self.path.clone(), beside(&self.path, "-wal")];
        files
            .iter()
            .filter_map(|file| Some(fs::metadata(file).ok()?.len()))
            .sum()
    }
}
