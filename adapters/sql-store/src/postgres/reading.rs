//! The report, and single look-ups.

use campaign_core::delivery::DeliveryId;
use campaign_core::gateway::Account;
use campaign_core::message::MessageKind;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{ReportQuery, ReportRow};
use tokio_postgres::Row;

use super::fault::Result;
use super::transaction::{Columns, Tx, text};
use crate::codes::{self, GENERATIONS, SUPERSEDED};

pub(super) async fn report(tx: &Tx<'_>, query: &ReportQuery) -> Result<Vec<ReportRow>> {
    let (first, last) = codes::range(query.campaign);
    // A recipient that was shown is not shown again because it has a new generation.
    let first = query.after.map_or(first, |after| {
        first.max((codes::number(after) | GENERATIONS) + 1)
    });
    let states = query.states.iter().map(|state| i16::from(*state as u8));
    let states: Vec<i16> = states.collect();
    let found = tx
        .rows(
            &format!(
                "SELECT d.state, d.reason, d.attempts, d.flags, d.id, c.row, d.phone, c.key, c.\"values\", d.changed_at,
                        coalesce(u.missing, m.message), l.account
                 FROM delivery d
                 CROSS JOIN LATERAL (SELECT * FROM delivery_content WHERE id = d.id & ~{GENERATIONS}::bigint OFFSET 0) AS c
                 LEFT JOIN attempt a ON a.seq = d.attempt LEFT JOIN lane l ON l.id = a.lane
                 LEFT JOIN doubt u ON u.delivery = d.id LEFT JOIN remark m ON m.delivery = d.id
                 WHERE d.id BETWEEN $1 AND $2 AND d.flags & {SUPERSEDED} = 0
                   AND (cardinality($3::smallint[]) = 0 OR d.state = ANY ($3::smallint[]))
                 ORDER BY d.id LIMIT $4"
            ),
            &[&first, &last, &states, &i64::from(query.limit)],
        )
        .await?;
    found.iter().map(report_row).collect()
}

fn report_row(row: &Row) -> Result<ReportRow> {
    let account: Option<i64> = row.at(11)?;
    Ok(ReportRow {
        delivery: codes::delivery(row.at(4)?)?,
        row: row.at::<i64>(5)?.cast_unsigned(),
        phone: codes::phone(row.at(6)?)?,
        key: row.at::<Option<String>>(7)?.map(Into::into),
        values: codes::texts(row.at(8)?)?,
        standing: codes::standing((row.byte(0)?, row.byte(1)?, row.byte(2)?, row.byte(3)?))?,
        changed_at: codes::moment(row.at(9)?)?,
        account: account.map(codes::phone).transpose()?.map(Account),
        message: row.at::<Option<String>>(10)?.map(Into::into),
    })
}

pub(super) async fn delivery_of(tx: &Tx<'_>, foreign_id: &str) -> Result<Option<DeliveryId>> {
    let found = tx
        .maybe(
            "SELECT delivery FROM foreign_id WHERE id = $1",
            &[&text(foreign_id)],
        )
        .await?;
    numbered(found)
}

pub(super) async fn open_attempt(
    tx: &Tx<'_>,
    account: Account,
    to: PhoneNumber,
    kind: MessageKind,
    text_hash: u64,
) -> Result<Option<DeliveryId>> {
    let found = tx
        .maybe(
            "SELECT o.delivery FROM lane l
             CROSS JOIN LATERAL (SELECT delivery FROM open_chat WHERE lane = l.id AND phone = $2 OFFSET 0) AS o
             CROSS JOIN LATERAL (SELECT attempt FROM delivery WHERE id = o.delivery OFFSET 0) AS d
             CROSS JOIN LATERAL (SELECT kind, text_hash FROM attempt WHERE seq = d.attempt OFFSET 0) AS a
             WHERE l.account = $1 AND a.kind = $3 AND a.text_hash = $4",
            &[
                &codes::digits(account.0),
                &codes::digits(to),
                &i16::from(kind as u8),
                &text_hash.cast_signed(),
            ],
        )
        .await?;
    numbered(found)
}

fn numbered(found: Option<Row>) -> Result<Option<DeliveryId>> {
    match found {
        Some(row) => Ok(Some(codes::delivery(row.at(0)?)?)),
        None => Ok(None),
    }
}
