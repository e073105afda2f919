//! What workers tell each other. Nothing is written where nobody listens, and what all have heard is forgotten.

use std::collections::BTreeSet;

use campaign_core::store::{Batch, Effect, News};

use super::NOW;
use crate::postgres::fault::Result;
use crate::postgres::transaction::{Columns, Tx};

/// What a batch is to others.
pub(in crate::postgres) fn of(batch: &Batch, effects: &[Effect]) -> BTreeSet<News> {
    let made = batch.changes.iter().zip(effects);
    made.filter_map(|(change, effect)| News::of(change, effect))
        .collect()
}

/// Tells the other workers, in this transaction.
pub(in crate::postgres) async fn tell(
    tx: &Tx<'_>,
    by: Option<i32>,
    news: impl IntoIterator<Item = News>,
) -> Result<()> {
    let told = news.into_iter().map(|news| serde_json::to_string(&news));
    let told: Vec<String> = told.collect::<std::result::Result<_, _>>()?;
    if told.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO news (worker, what) SELECT $1, told FROM unnest($2::text[]) AS n (told)
         WHERE EXISTS (SELECT 1 FROM worker WHERE lease_until > {NOW} AND id IS DISTINCT FROM $1::integer)"
    );
    tx.execute(&sql, &[&by, &told]).await?;
    Ok(())
}

/// The last that was told so far.
pub(super) async fn last(tx: &Tx<'_>) -> Result<i64> {
    let row = tx
        .one("SELECT coalesce(max(seq), 0) FROM news", &[])
        .await?;
    row.at(0)
}

/// Forgets what every worker has heard.
pub(super) async fn forget(tx: &Tx<'_>) -> Result<()> {
    tx.execute(
        "DELETE FROM news WHERE seq <= (SELECT min(heard) FROM worker)",
        &[],
    )
    .await?;
    Ok(())
}

/// What was told after `heard`, and how far that goes. What a newer version tells is nothing that this one has in memory.
pub(super) fn read(
    rows: &[tokio_postgres::Row],
    worker: i32,
    heard: i64,
) -> Result<(BTreeSet<News>, i64)> {
    let (mut news, mut last) = (BTreeSet::new(), heard);
    for row in rows {
        let seq: i64 = row.at(0)?;
        if seq <= heard {
            continue;
        }
        last = last.max(seq);
        if row.at::<Option<i32>>(1)? != Some(worker) {
            news.extend(serde_json::from_str::<News>(row.at(2)?));
        }
    }
    Ok((news, last))
}
