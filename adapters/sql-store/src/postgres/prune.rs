//! People taken out of a server's database, in short transactions; the tables are written anew at the end, so that their rows are gone from them.

use std::sync::Arc;

use async_trait::async_trait;
use campaign_core::delivery::CampaignId;
use campaign_core::store::StoreError;
use jiff::Timestamp;
use tokio_postgres::error::SqlState;

use super::PostgresStore;
use super::fault::{Fault, Result};
use super::lock::RunnerLock;
use super::transaction::{Columns, Tx, int};
use super::writing::finish;
use crate::codes;
use crate::prune::{Ended, OPEN, OVER, PAGE, Prunable, Prune, Pruning, not_over};

/// Where people leave their rows.
const OF_PEOPLE: [&str; 12] = [
    "attempt",
    "delivery",
    "delivery_content",
    "doubt",
    "foreign_id",
    "known",
    "open_chat",
    "ready",
    "recipient",
    "remark",
    "reply",
    "unheard",
];

/// As long as this is there, nobody sends from the database.
struct PostgresPruning<'a> {
    store: &'a PostgresStore,
    lock: RunnerLock,
}

#[async_trait]
impl Prune for PostgresStore {
    async fn prunable(&self, before: Timestamp) -> std::result::Result<Vec<Prunable>, StoreError> {
        let found = async {
            let mut client = self.database.reader().await?;
            let tx = Tx::snapshot(&mut client).await?;
            prunable(&tx, before).await
        };
        found.await.map_err(Fault::told)
    }

    async fn begin_prune(&self) -> std::result::Result<Box<dyn Pruning + '_>, StoreError> {
        let lock = self.database.take_lock().await.map_err(Fault::told)?;
        Ok(Box::new(PostgresPruning { store: self, lock }))
    }
}

#[async_trait]
impl Pruning for PostgresPruning<'_> {
    async fn page(
        &self,
        campaign: CampaignId,
        now: Timestamp,
    ) -> std::result::Result<Option<u64>, StoreError> {
        let database = Arc::clone(&self.store.database);
        finish(async move { database.prune_page(campaign, now).await }).await
    }

    async fn shrink(&self) -> std::result::Result<Option<u64>, StoreError> {
        match self.write_anew().await {
            Ok(freed) => Ok(Some(freed)),
            Err(Fault::Sql { error }) if error.code() == Some(&SqlState::DISK_FULL) => Ok(None),
            Err(fault) => Err(fault.told()),
        }
    }
}

impl PostgresPruning<'_> {
    /// In the lock's own session: this is no work for a transaction.
    async fn write_anew(&self) -> Result<u64> {
        let before = self.bytes().await?;
        for table in OF_PEOPLE {
            self.lock
                .client()
                .batch_execute(&format!("VACUUM (FULL) {table}"))
                .await?;
        }
        Ok(before.saturating_sub(self.bytes().await?))
    }

    async fn bytes(&self) -> Result<u64> {
        let row = self
            .lock
            .client()
            .query_one(
                "SELECT sum(pg_total_relation_size(name::regclass))::bigint FROM unnest($1::text[]) AS n (name)",
                &[&OF_PEOPLE.as_slice()],
            )
            .await?;
        Ok(row.at::<i64>(0)?.cast_unsigned())
    }
}

fn over() -> [i16; 2] {
    OVER.map(|state| (state as u8).into())
}

fn open() -> [i16; 3] {
    OPEN.map(|state| (state as u8).into())
}

async fn prunable(tx: &Tx<'_>, before: Timestamp) -> Result<Vec<Prunable>> {
    let found = tx
        .rows(
            "SELECT id, name, created_at, pruned_at IS NOT NULL,
                    (SELECT coalesce(sum(n), 0)::bigint FROM campaign_count WHERE campaign = c.id)
             FROM campaign c WHERE state = ANY($1) AND NOT EXISTS (
                SELECT 1 FROM campaign_count WHERE campaign = c.id AND n > 0 AND state = ANY($2))
             ORDER BY created_at, id",
            &[&over().as_slice(), &open().as_slice()],
        )
        .await?;
    let mut prunable = Vec::new();
    for row in found {
        let campaign = codes::campaign(row.at::<i32>(0)?.into())?;
        let (first, last) = codes::range(campaign);
        let changed = tx
            .one(
                "SELECT max(changed_at) FROM delivery WHERE id BETWEEN $1 AND $2",
                &[&first, &last],
            )
            .await?;
        let ended = Ended {
            campaign,
            name: row.at(1)?,
            deliveries: row.at(4)?,
            created: row.at(2)?,
            changed: changed.at(0)?,
            was_begun: row.at(3)?,
        };
        prunable.extend(ended.prunable(before)?);
    }
    Ok(prunable)
}

pub(super) async fn page(tx: &Tx<'_>, campaign: CampaignId, now: Timestamp) -> Result<Option<u64>> {
    let number = int(campaign.number())?;
    bury(tx, number, now).await?;
    tx.execute("DELETE FROM reply WHERE campaign = $1", &[&number])
        .await?;
    let (first, last) = codes::range(campaign);
    let upper: Option<i64> = tx
        .one(
            "SELECT max(id) FROM (SELECT id FROM delivery WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3) AS page",
            &[&first, &last, &PAGE],
        )
        .await?
        .at(0)?;
    // Behind the last delivery nothing is left that belongs to one.
    let upper = upper.unwrap_or(last);
    forget_attempts(tx, first, upper).await?;
    forget_known(tx, first, upper).await?;
    for sql in [
        "DELETE FROM delivery_content WHERE id BETWEEN $1 AND $2",
        "DELETE FROM remark WHERE delivery BETWEEN $1 AND $2",
        "DELETE FROM ready WHERE delivery BETWEEN $1 AND $2",
        "DELETE FROM doubt WHERE delivery BETWEEN $1 AND $2",
        "DELETE FROM open_chat WHERE delivery BETWEEN $1 AND $2",
    ] {
        tx.execute(sql, &[&first, &upper]).await?;
    }
    let went = tx
        .execute(
            "DELETE FROM delivery WHERE id BETWEEN $1 AND $2",
            &[&first, &upper],
        )
        .await?;
    let is_more = went > 0 || forget_recipients(tx, number).await?;
    Ok(is_more.then_some(went))
}

/// From the first page on it is a pruned campaign, whatever stops this half-way.
async fn bury(tx: &Tx<'_>, campaign: i32, now: Timestamp) -> Result<()> {
    let buried = tx
        .execute(
            "UPDATE campaign SET pruned_at = coalesce(pruned_at, $2)
             WHERE id = $1 AND state = ANY($3) AND NOT EXISTS (
                SELECT 1 FROM campaign_count WHERE campaign = $1 AND n > 0 AND state = ANY($4))",
            &[
                &campaign,
                &codes::micros(now),
                &over().as_slice(),
                &open().as_slice(),
            ],
        )
        .await?;
    match buried {
        0 => Err(not_over().into()),
        _ => Ok(()),
    }
}

/// The attempts of these deliveries, and the ids that servers gave them. Their numbers are the sequence's, and are not given again.
async fn forget_attempts(tx: &Tx<'_>, first: i64, last: i64) -> Result<()> {
    let gone: Vec<i64> = tx
        .one(
            "WITH RECURSIVE gone (seq) AS (
                SELECT attempt FROM delivery WHERE id BETWEEN $1 AND $2 AND attempt IS NOT NULL
                UNION SELECT before.previous FROM gone CROSS JOIN LATERAL (
                    SELECT previous FROM attempt WHERE seq = gone.seq AND previous IS NOT NULL OFFSET 0) AS before)
             SELECT coalesce(array_agg(seq), '{}') FROM gone",
            &[&first, &last],
        )
        .await?
        .at(0)?;
    for sql in [
        "DELETE FROM foreign_id WHERE id = ANY(ARRAY(
            SELECT foreign_id FROM attempt WHERE seq = ANY($1) AND foreign_id IS NOT NULL))",
        "DELETE FROM unheard WHERE attempt = ANY($1)",
        "DELETE FROM attempt WHERE seq = ANY($1)",
    ] {
        tx.execute(sql, &[&gone]).await?;
    }
    Ok(())
}

/// Who knows these people, where nobody has had to do with them since.
async fn forget_known(tx: &Tx<'_>, first: i64, last: i64) -> Result<()> {
    tx.execute(
        "DELETE FROM known WHERE phone = ANY(ARRAY(
            SELECT k.phone FROM (SELECT phone, changed_at FROM delivery WHERE id BETWEEN $1 AND $2 OFFSET 0) AS d
            CROSS JOIN LATERAL (SELECT phone FROM known WHERE phone = d.phone AND at <= d.changed_at OFFSET 0) AS k))",
        &[&first, &last],
    )
    .await?;
    Ok(())
}

async fn forget_recipients(tx: &Tx<'_>, campaign: i32) -> Result<bool> {
    let gone = tx
        .execute(
            "DELETE FROM recipient WHERE ctid = ANY(ARRAY(SELECT ctid FROM recipient WHERE campaign = $1 LIMIT $2))",
            &[&campaign, &PAGE],
        )
        .await?;
    Ok(gone > 0)
}
