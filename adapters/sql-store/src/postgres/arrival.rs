//! A database that comes from a file: all of it in one transaction, table by table.

use std::io::Cursor;
use std::pin::pin;

use campaign_core::store::StoreError;
use futures_util::SinkExt;
use tokio::sync::mpsc;

use super::fault::{Fault, Result};
use super::inspect::look;
use super::transaction::{Columns, Committed, Tx};
use super::writing::Database;
use super::{PostgresStore, doubts, workers};
use crate::migrate::{Chunk, Migrated, TABLES, Table};
use crate::sqlite::{Mark, Origin, SqliteStore};

/// Chunks that are read ahead.
const AHEAD: usize = 4;

/// Tables whose rows are numbered by the server from here on: their column, and who gives the numbers.
const NUMBERED: [(&str, &str, &str); 6] = [
    ("attempt", "seq", "'attempt_seq'"),
    (
        "restoration",
        "id",
        "pg_get_serial_sequence('restoration', 'id')",
    ),
    ("lane", "id", "pg_get_serial_sequence('lane', 'id')"),
    ("command", "id", "pg_get_serial_sequence('command', 'id')"),
    ("reply", "seq", "pg_get_serial_sequence('reply', 'seq')"),
    (
        "hidden_reply",
        "seq",
        "pg_get_serial_sequence('hidden_reply', 'seq')",
    ),
];

/// Told how many rows there are so far.
type Progress<'a> = &'a mut (dyn FnMut(u64) + Send);

pub(crate) async fn arrive(
    from: &SqliteStore,
    to: &PostgresStore,
    progress: Progress<'_>,
) -> std::result::Result<Migrated, StoreError> {
    let database = &to.database;
    let lock = database.take_lock().await.map_err(Fault::told)?;
    let arrived = take_in(database, from, progress).await;
    lock.give_back().await.map_err(Fault::told)?;
    arrived.map_err(Fault::told)
}

async fn take_in(
    database: &Database,
    from: &SqliteStore,
    progress: Progress<'_>,
) -> Result<Migrated> {
    let origin = from.begin_to_leave().await?;
    let mut client = database.writer().await?;
    let tx = Tx::write(&mut client, database.options.durability).await?;
    let place = place(&tx).await?;
    let is_empty = is_empty(&tx).await?;
    if let Some(mark) = &origin.mark {
        refuse_another(mark, &place)?;
        if !is_empty && key(&tx).await? == origin.message_key {
            let inspection = look(&tx).await?;
            return Ok(Migrated {
                inspection,
                rows: 0,
                had_arrived: true,
            });
        }
    }
    if !is_empty {
        return Err(Fault::refused(
            "the database on the server holds something already: name an empty one",
        ));
    }
    let mut rows = 0;
    for table in TABLES {
        copy(&tx, from, table, &mut rows, progress).await?;
    }
    settle_in(&tx, &origin).await?;
    workers::find_sessions(&tx).await?;
    doubts::find_lanes(&tx).await?;
    let inspection = look(&tx).await?;
    let name = database.name();
    from.leave(Mark { place, name }).await?;
    let committed = match tx.commit().await {
        Ok(Committed::Surely) => Ok(()),
        Ok(Committed::InDoubt { transaction, error }) => {
            drop(client);
            database.settle(transaction, error).await
        }
        Err(fault) => Err(fault),
    };
    match committed {
        Ok(()) => Ok(Migrated {
            inspection,
            rows,
            had_arrived: false,
        }),
        // Until it is known, nobody sends from either.
        Err(fault @ Fault::Store(StoreError::Unknown(_))) => Err(fault),
        Err(fault) => {
            from.stay().await?;
            Err(fault)
        }
    }
}

async fn copy(
    tx: &Tx<'_>,
    from: &SqliteStore,
    table: &'static Table,
    rows: &mut u64,
    progress: Progress<'_>,
) -> Result<()> {
    let (sender, mut chunks) = mpsc::channel::<Chunk>(AHEAD);
    let taken = async move {
        let sink = tx
            .copy_in(&format!(
                "COPY {} ({}) FROM STDIN",
                table.name,
                table.listed()
            ))
            .await?;
        let mut sink = pin!(sink);
        while let Some(chunk) = chunks.recv().await {
            sink.send(Cursor::new(chunk.lines)).await?;
            *rows += chunk.rows;
            progress(*rows);
        }
        sink.finish().await?;
        Ok(())
    };
    let (taken, told) = tokio::join!(taken, from.tell(table, sender));
    // Where the server has failed, the file has failed to tell it more.
    let taken: Result<()> = taken;
    taken?;
    told?;
    Ok(())
}

/// What is known besides rows, and from where numbers go on.
async fn settle_in(tx: &Tx<'_>, origin: &Origin) -> Result<()> {
    let (elapsed, wall, boot) = origin.last;
    let next_campaign = i32::try_from(origin.next_campaign).map_err(Fault::unreadable)?;
    tx.execute(
        "UPDATE meta SET message_key = $1, next_campaign = $2, silent_seq = $3, last_elapsed = $4, last_wall = $5, last_boot = $6,
                is_marked_restored = $7",
        &[
            &origin.message_key.as_slice(),
            &next_campaign,
            &origin.silent_seq,
            &elapsed,
            &wall,
            &boot,
            &origin.is_restored,
        ],
    )
    .await?;
    for (table, column, sequence) in NUMBERED {
        // A number that was given out once is not given again, even where its row is gone.
        let given = match table {
            "attempt" => origin.silent_seq,
            "command" => origin.last_command,
            _ => 0,
        };
        let last = format!(
            "SELECT setval({sequence}::regclass, greatest(last, 1), last > 0)
             FROM (SELECT greatest($1, coalesce(max({column}), 0)::bigint) AS last FROM {table}) AS numbered"
        );
        tx.one(&last, &[&given]).await?;
    }
    Ok(())
}

/// Which database this is, wherever it is moved with its server.
async fn place(tx: &Tx<'_>) -> Result<String> {
    tx.one(
        "SELECT (SELECT system_identifier FROM pg_control_system()) || '/'
             || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/' || current_schema()",
        &[],
    )
    .await?
    .at(0)
}

fn refuse_another(mark: &Mark, place: &str) -> Result<()> {
    if mark.place == place {
        return Ok(());
    }
    Err(Fault::refused(format!(
        "this database was moved to {} already: name that one. If that is lost for good, restore this file under another name first",
        mark.name
    )))
}

async fn key(tx: &Tx<'_>) -> Result<[u8; 16]> {
    let row = tx.one("SELECT message_key FROM meta", &[]).await?;
    let key: &[u8] = row.at(0)?;
    key.try_into().map_err(Fault::unreadable)
}

async fn is_empty(tx: &Tx<'_>) -> Result<bool> {
    let there = TABLES
        .iter()
        .map(|table| format!("EXISTS (SELECT 1 FROM {})", table.name));
    let there = there.collect::<Vec<_>>().join(" OR ");
    let holds: bool = tx.one(&format!("SELECT {there}"), &[]).await?.at(0)?;
    Ok(!holds)
}
