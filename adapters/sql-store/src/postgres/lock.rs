//! The runner's lock: an advisory lock of a session of its own, which ends with its connection, and so with its process. The session is marked,
//! because whoever has it too, by a pooler, would be given the lock as well.

use std::time::Duration;

use campaign_core::store::StoreError;

use super::connections::{Own, Server};
use super::fault::{Fault, Result};
use super::transaction::{Columns, Tx};
use crate::holder::somebody;

/// "WAHR".
const RUNNING: i32 = 0x5741_4852;
/// The connection of a process that has just ended is closed a moment later.
pub(super) const LOOKS_MAX: u32 = 20;
pub(super) const LOOK: Duration = Duration::from_millis(25);

/// Held by the one process that sends.
pub(super) struct RunnerLock {
    session: Own,
}

impl RunnerLock {
    /// Takes it; `None` when another process holds it.
    pub(super) async fn take(server: &Server) -> Result<Option<Self>> {
        let session = server.connect().await?;
        let lock = Self { session };
        for look in 0..LOOKS_MAX {
            if look > 0 {
                tokio::time::sleep(LOOK).await;
            }
            let row = lock
                .session
                .client
                .query_one(
                    "SELECT shared, locked, CASE WHEN locked THEN set_config('waha_campaign.runs', 'true', false) END
                     FROM (SELECT coalesce(current_setting('waha_campaign.runs', true), '') <> '' AS shared OFFSET 0) AS s
                     CROSS JOIN LATERAL (
                         SELECT CASE WHEN NOT shared THEN pg_try_advisory_lock($1, hashtext(current_schema())) END AS locked
                         OFFSET 0) AS l",
                    &[&RUNNING],
                )
                .await?;
            if row.at(0)? {
                return Err(Fault::refused(
                    "a pooler gives one connection to several processes: let it keep one for each client (pool_mode = session), or name the server itself",
                ));
            }
            if row.at::<Option<bool>>(1)? == Some(true) {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// Whether the connection, and with it the lock, is still there as far as this process can tell. Where it is wrong for a moment, the lanes'
    /// epochs keep two processes apart.
    pub(super) fn is_held_here(&self) -> bool {
        !self.session.client.is_closed()
    }

    /// Its session, for what is done under the lock outside of transactions.
    pub(super) fn client(&self) -> &tokio_postgres::Client {
        &self.session.client
    }

    /// Gives it back at once.
    pub(super) async fn give_back(self) -> Result<()> {
        if self.is_held_here() {
            self.session
                .client
                .execute(
                    "SELECT pg_advisory_unlock($1, hashtext(current_schema())), set_config('waha_campaign.runs', '', false)",
                    &[&RUNNING],
                )
                .await?;
        }
        Ok(())
    }
}

/// Lets nobody become the runner before this transaction has ended; refused while somebody is.
///
/// So a runner and a worker never come at once. Whoever is to run has the lock before he asks whether there are workers: had it been taken before
/// this, there would be no worker, and if it is taken after the transaction, its worker is found. Workers do not keep each other away: the lock
/// is shared by them, if only for as long as each takes to join.
pub(super) async fn keep_runners_away(tx: &Tx<'_>) -> Result<()> {
    let row = tx
        .one(
            "SELECT pg_try_advisory_xact_lock_shared($1, hashtext(current_schema()))",
            &[&RUNNING],
        )
        .await?;
    match row.at(0)? {
        true => Ok(()),
        false => Err(busy(holder_on_record(tx).await?).into()),
    }
}

/// Whether some process holds it.
pub(super) async fn is_held(tx: &Tx<'_>) -> Result<bool> {
    tx.one(
        "SELECT EXISTS (SELECT 1 FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND mode = 'ExclusiveLock'
              AND classid = $1::int4::oid AND objid = hashtext(current_schema())::oid
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        &[&RUNNING],
    )
    .await?
    .at(0)
}

/// Who is on record as the runner.
pub(super) async fn holder_on_record(tx: &Tx<'_>) -> Result<String> {
    let found = tx.maybe("SELECT holder FROM runner", &[]).await?;
    Ok(match found {
        Some(row) => row.at(0)?,
        None => somebody(),
    })
}

pub(super) fn busy(holder: String) -> StoreError {
    StoreError::RunnerBusy { holder }
}
