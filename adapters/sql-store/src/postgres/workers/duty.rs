//! Which sessions a worker attends, and with them which lanes are its own.

use std::collections::BTreeSet;

use campaign_core::campaign::Definition;
use campaign_core::clock::Stamp;
use campaign_core::delivery::DeliveryId;
use campaign_core::gateway::{Account, Session};
use campaign_core::store::{News, StoreError, fair_share};

use super::{NOW, lives, must_live, news, now};
use crate::codes;
use crate::postgres::doubts::lane_of;
use crate::postgres::fault::Result;
use crate::postgres::take_over;
use crate::postgres::transaction::{Columns, Tx, text};

/// A session's row. Whoever is dead has been deleted.
struct Row {
    name: String,
    worker: Option<i32>,
    is_follower: bool,
}

/// Takes up what nobody attends, as far as it is this worker's share, and returns what it is to attend.
pub(super) async fn share_out(
    tx: &Tx<'_>,
    worker: i32,
    others: &[i32],
    at: Stamp,
) -> Result<BTreeSet<Session>> {
    let found = tx
        .rows("SELECT name, worker, is_follower FROM session", &[])
        .await?;
    let row = |row: &tokio_postgres::Row| {
        Ok(Row {
            name: row.at(0)?,
            worker: row.at(1)?,
            is_follower: row.at(2)?,
        })
    };
    let mut all: Vec<Row> = found.iter().map(row).collect::<Result<_>>()?;
    all.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let count = |by| all.iter().filter(|it| it.worker == Some(by)).count();
    let others: Vec<usize> = others.iter().map(|other| count(*other)).collect();
    let share = fair_share(count(worker), &others, all.len());
    let more = share.saturating_sub(count(worker));
    let free = all.iter_mut().filter(|it| it.worker.is_none()).take(more);
    let mut claimed = Vec::new();
    for row in free {
        (row.worker, row.is_follower) = (Some(worker), false);
        claimed.push(row.name.clone());
    }
    claim(tx, worker, &claimed, at).await?;
    let mut own: Vec<Row> = all
        .into_iter()
        .filter(|it| it.worker == Some(worker))
        .collect();
    own.sort_by_key(|it| !it.is_follower);
    own.truncate(share);
    Ok(own.iter().map(|it| Session::new(&it.name)).collect())
}

/// With sessions go the lanes that were opened through them last.
async fn claim(tx: &Tx<'_>, worker: i32, sessions: &[String], at: Stamp) -> Result<()> {
    if sessions.is_empty() {
        return Ok(());
    }
    tx.execute(
        "UPDATE session SET worker = $1, is_follower = false WHERE name = ANY($2)",
        &[&worker, &sessions],
    )
    .await?;
    let found = tx
        .rows("SELECT id FROM lane WHERE session = ANY($1)", &[&sessions])
        .await?;
    let lanes: Vec<i32> = found.iter().map(|row| row.at(0)).collect::<Result<_>>()?;
    take_over::take_up(tx, &lanes, at).await?;
    Ok(())
}

/// Lets go of sessions of a worker.
pub(super) async fn let_go(tx: &Tx<'_>, worker: i32, sessions: &[Session]) -> Result<()> {
    must_live(tx, worker).await?;
    let names: Vec<String> = sessions.iter().map(|it| text(&it.0)).collect();
    tx.execute(
        "UPDATE session SET worker = NULL WHERE worker = $1 AND name = ANY($2)",
        &[&worker, &names],
    )
    .await?;
    news::tell(tx, Some(worker), [News::Roster]).await
}

/// Makes the rows of campaigns' sessions, where campaigns came without them.
pub(in crate::postgres) async fn find_sessions(tx: &Tx<'_>) -> Result<()> {
    let mut after = -1;
    loop {
        let found = tx
            .rows(
                "SELECT id, definition FROM campaign WHERE id > $1 ORDER BY id LIMIT 1000",
                &[&after],
            )
            .await?;
        let Some(last) = found.last() else {
            return Ok(());
        };
        after = last.at(0)?;
        let mut names = BTreeSet::new();
        for row in &found {
            let definition: Definition = serde_json::from_str(row.at(1)?)?;
            let sessions = definition.sessions.iter();
            names.extend(sessions.map(|session| text(&session.0)));
        }
        let names: Vec<String> = names.into_iter().collect();
        tx.execute(
            "INSERT INTO session (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING",
            &[&names],
        )
        .await?;
    }
}

/// Whether a worker may open the lane of an account through a session. Where another worker has it, that one attends the session too from here
/// on. A lane that nobody attends is taken up.
pub(in crate::postgres) async fn may_open(
    tx: &Tx<'_>,
    worker: i32,
    account: Account,
    session: &Session,
) -> Result<bool> {
    must_live(tx, worker).await?;
    let name = text(&session.0);
    let own = tx
        .maybe(
            "SELECT 1 FROM session WHERE name = $1 AND worker = $2",
            &[&name, &worker],
        )
        .await?;
    if own.is_none() {
        return Err(StoreError::Attended.into());
    }
    let sql = format!(
        "SELECT id, (SELECT w.id FROM worker w
                     WHERE w.id = (SELECT worker FROM session WHERE name = l.session) AND w.lease_until > {NOW})
         FROM lane l WHERE account = $1"
    );
    let Some(row) = tx.maybe(&sql, &[&codes::digits(account.0)]).await? else {
        return Ok(true);
    };
    let (lane, owner): (i32, Option<i32>) = (row.at(0)?, row.at(1)?);
    match owner {
        Some(owner) if owner == worker => Ok(true),
        Some(owner) => {
            tx.execute(
                "UPDATE session SET worker = $2, is_follower = true WHERE name = $1",
                &[&name, &owner],
            )
            .await?;
            news::tell(tx, Some(worker), [News::Roster]).await?;
            Ok(false)
        }
        None => {
            take_over::take_up(tx, &[lane], now(tx).await?).await?;
            Ok(true)
        }
    }
}

/// The lanes that were opened last through sessions that a worker attends. What may have gone from no lane at all (0) is everybody's. Nothing for
/// whoever is no worker: all are its own.
pub(in crate::postgres) async fn lanes_of(
    tx: &Tx<'_>,
    worker: Option<i32>,
) -> Result<Option<Vec<i32>>> {
    let Some(worker) = worker else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT l.id FROM session s
         CROSS JOIN LATERAL (SELECT id FROM lane WHERE session = s.name OFFSET 0) AS l
         WHERE s.worker = $1 AND {}",
        lives("$1")
    );
    let found = tx.rows(&sql, &[&worker]).await?;
    let own = found.iter().map(|row| row.at(0));
    let own = std::iter::once(Ok(0)).chain(own);
    own.collect::<Result<_>>().map(Some)
}

/// Those of these deliveries that others look up.
pub(in crate::postgres) async fn of_others(
    tx: &Tx<'_>,
    worker: i32,
    deliveries: &[DeliveryId],
) -> Result<BTreeSet<DeliveryId>> {
    if deliveries.is_empty() {
        return Ok(BTreeSet::new());
    }
    let numbers: Vec<i64> = deliveries.iter().map(|it| codes::number(*it)).collect();
    let sql = format!(
        "SELECT n.number FROM (SELECT number, {} AS lane FROM unnest($2::bigint[]) AS n (number) OFFSET 0) AS n
         CROSS JOIN LATERAL (SELECT session FROM lane WHERE id = n.lane OFFSET 0) AS l
         WHERE (SELECT worker FROM session WHERE name = l.session) IS DISTINCT FROM $1",
        lane_of("n.number")
    );
    let found = tx.rows(&sql, &[&worker, &numbers]).await?;
    let delivery = |row: &tokio_postgres::Row| Ok(codes::delivery(row.at(0)?)?);
    found.iter().map(delivery).collect()
}
