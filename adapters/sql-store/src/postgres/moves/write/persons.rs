//! What people had, and who knows them.

use std::collections::BTreeMap;

use campaign_core::consent::Written;

use super::super::person::{Known, Person};
use super::delete;
use crate::codes;
use crate::postgres::fault::Result;
use crate::postgres::transaction::Tx;

pub(super) async fn write_written(tx: &Tx<'_>, persons: &BTreeMap<i64, Person>) -> Result<()> {
    let mut gone: (Vec<i64>, Vec<i64>) = Default::default();
    let mut had: BTreeMap<(i64, i64), &Written> = BTreeMap::new();
    for (phone, person) in persons {
        for delivery in &person.rewritten {
            let is_it = |it: &&Written| codes::number(it.delivery) == *delivery;
            match person.written.iter().find(is_it) {
                Some(written) => {
                    had.insert((*phone, *delivery), written);
                }
                None => {
                    gone.0.push(*phone);
                    gone.1.push(*delivery);
                }
            }
        }
    }
    if !gone.0.is_empty() {
        tx.execute(
            "DELETE FROM written WHERE ctid = ANY(ARRAY(
                 SELECT there.ctid FROM unnest($1::bigint[], $2::bigint[]) AS g (phone, delivery)
                 CROSS JOIN LATERAL (SELECT ctid FROM written WHERE phone = g.phone AND delivery = g.delivery OFFSET 0) AS there))",
            &[&gone.0, &gone.1],
        )
        .await?;
    }
    if had.is_empty() {
        return Ok(());
    }
    let (phones, deliveries): (Vec<i64>, Vec<i64>) = had.keys().copied().unzip();
    let moments: Vec<i64> = had.values().map(|it| codes::micros(it.at)).collect();
    let hashes: Vec<Option<i64>> = had
        .values()
        .map(|it| it.text_hash.map(u64::cast_signed))
        .collect();
    let categories: Vec<i16> = had.values().map(|it| (it.category as u8).into()).collect();
    tx.execute(
        "INSERT INTO written (phone, delivery, at, text_hash, category)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[])
         ON CONFLICT (phone, delivery) DO UPDATE SET at = excluded.at, text_hash = excluded.text_hash, category = excluded.category",
        &[&phones, &deliveries, &moments, &hashes, &categories],
    )
    .await?;
    Ok(())
}

pub(super) async fn write_known(tx: &Tx<'_>, persons: &BTreeMap<i64, Person>) -> Result<()> {
    let changed = || persons.iter().filter(|(_, person)| person.is_known_changed);
    let gone: Vec<i64> = changed()
        .filter(|(_, person)| person.known.is_none())
        .map(|(phone, _)| *phone)
        .collect();
    delete(tx, "DELETE FROM known WHERE phone = ANY($1)", &gone).await?;
    let there: Vec<(i64, Known)> = changed()
        .filter_map(|(phone, person)| Some((*phone, person.known?)))
        .collect();
    if there.is_empty() {
        return Ok(());
    }
    let phones: Vec<i64> = there.iter().map(|(phone, _)| *phone).collect();
    let accounts: Vec<i64> = there.iter().map(|(_, it)| it.account).collect();
    let moments: Vec<i64> = there.iter().map(|(_, it)| it.at).collect();
    let deliveries: Vec<Option<i64>> = there.iter().map(|(_, it)| it.delivery).collect();
    let was_accounts: Vec<Option<i64>> = there
        .iter()
        .map(|(_, it)| it.was.map(|was| was.0))
        .collect();
    let was_moments: Vec<Option<i64>> = there
        .iter()
        .map(|(_, it)| it.was.map(|was| was.1))
        .collect();
    tx.execute(
        "INSERT INTO known (phone, account, at, delivery, was_account, was_at)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
         ON CONFLICT (phone) DO UPDATE SET account = excluded.account, at = excluded.at, delivery = excluded.delivery,
             was_account = excluded.was_account, was_at = excluded.was_at",
        &[
            &phones,
            &accounts,
            &moments,
            &deliveries,
            &was_accounts,
            &was_moments,
        ],
    )
    .await?;
    Ok(())
}
