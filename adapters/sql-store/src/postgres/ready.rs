//! Pages of deliveries that are due, for everybody or by the account that knows the people.

use campaign_core::gateway::Account;
use campaign_core::store::{PRESENCE_KEPT_FOR, Ready, ReadyPage, ReadyQuery, Whom};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::fault::Result;
use super::transaction::{Columns, Tx};
use crate::codes::{self, GENERATIONS};

/// Where most people are others, a page is given back after so many deliveries were looked at.
const LOOKED_AT_MAX: i64 = 4_096;

/// Whom a page is asked for, as a join with `known` and a condition on it.
struct Condition {
    account: &'static str,
    join: &'static str,
    sql: &'static str,
    accounts: Vec<i64>,
}

impl Condition {
    fn of(whom: &Whom) -> Self {
        let (Whom::KnownTo(accounts) | Whom::KnownToNone(accounts)) = whom;
        let accounts: Vec<i64> = accounts.iter().map(|it| codes::digits(it.0)).collect();
        match whom {
            Whom::KnownToNone(_) if accounts.is_empty() => Self {
                account: "NULL::bigint",
                join: "",
                // The parameter has to be somewhere.
                sql: "AND $1::bigint[] IS NOT NULL",
                accounts,
            },
            Whom::KnownToNone(_) => Self {
                account: "NULL::bigint",
                join: "LEFT JOIN known k ON k.phone = d.phone",
                sql: "AND (k.account IS NULL OR k.account <> ALL ($1::bigint[]))",
                accounts,
            },
            Whom::KnownTo(_) => Self {
                account: "k.account",
                join: "CROSS JOIN LATERAL (SELECT account FROM known WHERE phone = d.phone OFFSET 0) AS k",
                sql: "AND k.account = ANY ($1::bigint[])",
                accounts,
            },
        }
    }

    fn is_everybody(&self) -> bool {
        self.join.is_empty()
    }
}

pub(super) async fn ready(tx: &Tx<'_>, query: &ReadyQuery) -> Result<ReadyPage> {
    let condition = Condition::of(&query.whom);
    let (first, last) = codes::range_after(query.campaign, query.after);
    let until = if condition.is_everybody() {
        None
    } else {
        looked_at(tx, first, last).await?
    };
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let since = query.due.checked_sub(PRESENCE_KEPT_FOR);
    let since = codes::micros(since.unwrap_or(Timestamp::MIN));
    let Condition {
        account, join, sql, ..
    } = condition;
    let sql = format!(
        "SELECT r.delivery, d.phone, d.attempts, c.\"values\", p.is_on_whatsapp, {account}
         FROM ready r CROSS JOIN LATERAL (SELECT phone, attempts FROM delivery WHERE id = r.delivery OFFSET 0) AS d {join}
         CROSS JOIN LATERAL (SELECT \"values\" FROM delivery_content WHERE id = r.delivery & ~{GENERATIONS}::bigint OFFSET 0) AS c
         LEFT JOIN presence p ON p.phone = d.phone AND p.checked_at >= $2
         WHERE r.delivery BETWEEN $3 AND $4 AND r.not_before <= $5 {sql}
         ORDER BY r.delivery LIMIT $6"
    );
    let found = tx
        .rows(
            &sql,
            &[
                &condition.accounts,
                &since,
                &first,
                &until.unwrap_or(last),
                &codes::micros(query.due),
                &(i64::from(query.limit) + 1),
            ],
        )
        .await?;
    let ready = |row: &Row| {
        let account: Option<i64> = row.at(5)?;
        Ok(Ready {
            delivery: codes::delivery(row.at(0)?)?,
            phone: codes::phone(row.at(1)?)?,
            account: account.map(codes::phone).transpose()?.map(Account),
            attempts: row.byte(2)?,
            values: codes::texts(row.at(3)?)?,
            is_on_whatsapp: row.at(4)?,
        })
    };
    let has_more = found.len() > limit;
    let ready: Vec<Ready> = found.iter().take(limit).map(ready).collect::<Result<_>>()?;
    let read_to = match (has_more, until) {
        (true, _) => ready.last().map(|ready| ready.delivery),
        (false, Some(until)) => Some(codes::delivery(until)?),
        (false, None) => None,
    };
    Ok(ReadyPage {
        ready,
        next_due: next_due(tx, query, &condition, (first, last)).await?,
        has_more: has_more || until.is_some(),
        read_to,
    })
}

/// The last delivery that is looked at for one page, where more follow it.
async fn looked_at(tx: &Tx<'_>, first: i64, last: i64) -> Result<Option<i64>> {
    let ends = tx
        .rows(
            "SELECT delivery FROM ready WHERE delivery BETWEEN $1 AND $2 ORDER BY delivery LIMIT 2 OFFSET $3",
            &[&first, &last, &(LOOKED_AT_MAX - 1)],
        )
        .await?;
    match ends.as_slice() {
        [end, _more] => Ok(Some(end.at(0)?)),
        _ => Ok(None),
    }
}

/// When the next one comes due: exactly for everybody, and otherwise among so many that wait, after which one more look is worth it.
async fn next_due(
    tx: &Tx<'_>,
    query: &ReadyQuery,
    condition: &Condition,
    (first, last): (i64, i64),
) -> Result<Option<Timestamp>> {
    let Condition { join, sql, .. } = condition;
    let waiting = "SELECT delivery, not_before FROM ready
         WHERE not_before > 0 AND not_before > $2 AND delivery BETWEEN $3 AND $4 ORDER BY not_before";
    let sql = if condition.is_everybody() {
        format!("SELECT min(not_before) FROM ({waiting} LIMIT 1) AS first WHERE true {sql}")
    } else {
        format!(
            "WITH waiting AS MATERIALIZED ({waiting} LIMIT {LOOKED_AT_MAX})
             SELECT coalesce(
                 (SELECT min(r.not_before) FROM waiting r
                     CROSS JOIN LATERAL (SELECT phone FROM delivery WHERE id = r.delivery OFFSET 0) AS d {join} WHERE true {sql}),
                 (SELECT CASE WHEN count(*) = {LOOKED_AT_MAX} THEN max(not_before) END FROM waiting))"
        )
    };
    let row = tx
        .one(
            &sql,
            &[
                &condition.accounts,
                &codes::micros(query.due),
                &first,
                &last,
            ],
        )
        .await?;
    let next: Option<i64> = row.at(0)?;
    Ok(next.map(codes::moment).transpose()?)
}
