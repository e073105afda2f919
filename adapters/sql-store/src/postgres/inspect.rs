//! Looks at a database without changing anything: no tables are made, and none is brought up to date.

use jiff::Timestamp;

use super::connections::Server;
use super::fault::Result;
use super::transaction::{Columns, Tx};
use super::{lock, schema, workers};
use crate::codes;
use crate::seen::{LaneColumns, LaneSeen};

/// What a database on a server holds, as far as that can be seen from outside.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerInspection {
    /// The space of its tables.
    pub bytes: u64,
    /// The version of its schema.
    pub schema: u32,
    /// Whether that is the version that this program works with; an older one is brought up to date when it is opened.
    pub is_newest: bool,
    /// Whether the server writes to its disk what it says is written (`fsync`, and `full_page_writes`): without it a loss of power costs the
    /// promise that nobody gets a message twice.
    pub is_durable: bool,
    /// Campaigns in it.
    pub campaigns: u64,
    /// Recipients of all campaigns, but of those whose people were taken out.
    pub deliveries: u64,
    /// The moment of the last batch.
    pub last_change: Option<Timestamp>,
    /// The accounts that it has sent from, and what was learnt about each.
    pub lanes: Vec<LaneSeen>,
    /// Who sends from it at this moment: a process, or several workers.
    pub runner: Option<String>,
}

/// `None` where no tables are.
pub(super) async fn inspect(url: &str) -> Result<Option<ServerInspection>> {
    let mut client = Server::at(url)?.pool(1)?.get().await?;
    let tx = Tx::snapshot(&mut client).await?;
    match has_tables(&tx).await? {
        true => look(&tx).await.map(Some),
        false => Ok(None),
    }
}

pub(super) async fn is_made(url: &str) -> Result<bool> {
    let mut client = Server::at(url)?.pool(1)?.get().await?;
    let tx = Tx::snapshot(&mut client).await?;
    has_tables(&tx).await
}

async fn has_tables(tx: &Tx<'_>) -> Result<bool> {
    schema::check_server(tx).await?;
    let is_ours = schema::version(tx).await?.is_some();
    if !is_ours {
        schema::refuse_others(tx).await?;
    }
    Ok(is_ours)
}

pub(super) async fn look(tx: &Tx<'_>) -> Result<ServerInspection> {
    let schema = schema::version(tx).await?.unwrap_or_default();
    let row = tx
        .one(
            "SELECT (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
                        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'),
                    (SELECT count(*) FROM campaign),
                    (SELECT coalesce(sum(n), 0)::bigint FROM campaign_count
                        WHERE campaign IN (SELECT id FROM campaign WHERE pruned_at IS NULL)),
                    (SELECT last_wall FROM meta),
                    current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean",
            &[],
        )
        .await?;
    let last: i64 = row.at(3)?;
    let runner = match lock::is_held(tx).await? {
        true => Some(lock::holder_on_record(tx).await?),
        false if schema >= schema::WORKERS_SINCE => workers::holders(tx).await?,
        false => None,
    };
    Ok(ServerInspection {
        bytes: row.at::<i64>(0)?.cast_unsigned(),
        schema,
        is_newest: schema == schema::newest(),
        is_durable: row.at(4)?,
        campaigns: row.at::<i64>(1)?.cast_unsigned(),
        deliveries: row.at::<i64>(2)?.cast_unsigned(),
        last_change: (last > 0).then(|| codes::moment(last)).transpose()?,
        lanes: lanes(tx).await?,
        runner,
    })
}

async fn lanes(tx: &Tx<'_>) -> Result<Vec<LaneSeen>> {
    let found = tx
        .rows(
            "SELECT account, session, trusted, store_on, hold, hold_until, cold_hold, cold_hold_until, health FROM lane ORDER BY id",
            &[],
        )
        .await?;
    let mut lanes = Vec::with_capacity(found.len());
    for row in found {
        let columns = LaneColumns {
            account: row.at(0)?,
            session: row.at(1)?,
            trusted: row.at(2)?,
            store_on: row.at(3)?,
            holds: [(row.at(4)?, row.at(5)?), (row.at(6)?, row.at(7)?)],
            health: row.at(8)?,
        };
        lanes.push(columns.seen()?);
    }
    Ok(lanes)
}
