//! Campaigns as records, and what an operator changes about them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use campaign_core::campaign::{CampaignState, Definition, Share};
use campaign_core::delivery::{CampaignId, State};
use campaign_core::message::MessageTemplate;
use campaign_core::store::{CampaignQuery, CampaignRecord, Counts, EarlierMessage, SinglesLeft};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::fault::Result;
use super::transaction::{Columns, Parameters, Tx, int, text};
use crate::codes;

/// Those that people named, one step in the index of names for each. Of single messages, of which there may be very many, one is passed for each
/// beginning of their names: the semicolon follows the colon.
const NAMED: &str = "(
    WITH RECURSIVE passed AS (
        (SELECT name FROM campaign ORDER BY name LIMIT 1)
        UNION ALL
        SELECT following.name FROM passed, LATERAL (
            SELECT name FROM campaign
            WHERE name >= CASE strpos(passed.name, ':') WHEN 0 THEN passed.name || chr(1) ELSE split_part(passed.name, ':', 1) || ';' END
            ORDER BY name LIMIT 1
        ) AS following
    )
    SELECT name FROM passed WHERE strpos(name, ':') = 0
) AS named, LATERAL (SELECT * FROM campaign WHERE name = named.name OFFSET 0) AS campaign";

pub(super) async fn campaign(tx: &Tx<'_>, name: &str) -> Result<Option<CampaignRecord>> {
    let found = records(tx, "campaign WHERE name = $1", &[&text(name)]).await?;
    Ok(found.into_iter().next())
}

/// The newest first.
pub(super) async fn campaigns(tx: &Tx<'_>, which: &CampaignQuery) -> Result<Vec<CampaignRecord>> {
    let mut found = match which {
        CampaignQuery::All => records(tx, "campaign", &[]).await?,
        CampaignQuery::Live => records(tx, "campaign WHERE state = ANY($1)", &[&live()]).await?,
        CampaignQuery::Named => records(tx, NAMED, &[]).await?,
        CampaignQuery::LiveNamed => {
            let which = format!("{NAMED} WHERE state = ANY($1)");
            records(tx, &which, &[&live()]).await?
        }
        CampaignQuery::Since(moment) => {
            let which = "campaign WHERE created_at >= $1";
            records(tx, which, &[&codes::micros(*moment)]).await?
        }
        CampaignQuery::These(ids) => {
            let ids = ids.iter().map(|id| int(id.number()));
            let ids: Vec<i32> = ids.collect::<Result<_>>()?;
            records(tx, "campaign WHERE id = ANY($1)", &[&ids]).await?
        }
    };
    found.sort_unstable_by_key(|record| Reverse((record.created_at, record.id)));
    Ok(found)
}

async fn records(
    tx: &Tx<'_>,
    which: &str,
    parameters: Parameters<'_>,
) -> Result<Vec<CampaignRecord>> {
    let sql = format!(
        "SELECT id, definition, columns, state, created_at, rejected, pruned_at FROM {which}"
    );
    let found = tx.rows(&sql, parameters).await?;
    let ids: Vec<i32> = found.iter().map(|row| row.at(0)).collect::<Result<_>>()?;
    let mut counts = counts(tx, &ids).await?;
    let record = |row: &Row| {
        let id = codes::campaign(row.at::<i32>(0)?.into())?;
        let definition: Definition = serde_json::from_str(row.at(1)?)?;
        let pruned_at: Option<i64> = row.at(6)?;
        Ok(CampaignRecord {
            id,
            definition: Arc::new(definition),
            columns: codes::texts(row.at(2)?)?.into(),
            state: codes::campaign_state(row.byte(3)?)?,
            created_at: codes::moment(row.at(4)?)?,
            rejected: row.at::<i64>(5)?.cast_unsigned(),
            counts: counts.remove(&id).unwrap_or_default(),
            pruned_at: pruned_at.map(codes::moment).transpose()?,
        })
    };
    found.iter().map(record).collect()
}

/// In one statement, which sees one moment. What is to be sent stands first in the index, so that one of it is found at once; otherwise those are
/// gone through that were sent within the time for acks.
pub(super) async fn singles_left(tx: &Tx<'_>) -> Result<SinglesLeft> {
    let counted = |states: &str| {
        format!(
            "LATERAL (SELECT FROM campaign_count WHERE campaign = single.id AND state {states} AND n > 0 OFFSET 0) AS counted"
        )
    };
    let of_state = "SELECT id FROM campaign WHERE strpos(name, ':') > 0 AND state";
    let sql = format!(
        "SELECT EXISTS (
             SELECT FROM ({of_state} = ANY($1) OFFSET 0) AS single, {open}
         ) OR EXISTS (
             SELECT FROM doubt, LATERAL ({of_state} = ANY($1) AND id = (doubt.delivery >> 32)::integer OFFSET 0) AS single, {unconfirmed}
             WHERE next_look IS NOT NULL
         ), EXISTS (
             SELECT FROM ({of_state} = $5 OFFSET 0) AS single, {accepted}
         )",
        open = counted("IN ($2, $3)"),
        unconfirmed = counted("= $4"),
        accepted = counted("= $6"),
    );
    let number = |state: State| i16::from(state as u8);
    let row = tx
        .one(
            &sql,
            &[
                &live(),
                &number(State::Scheduled),
                &number(State::Sending),
                &number(State::Unconfirmed),
                &i16::from(CampaignState::Completed as u8),
                &number(State::Accepted),
            ],
        )
        .await?;
    Ok(SinglesLeft {
        is_some: row.at(0)?,
        awaits_acks: row.at(1)?,
    })
}

fn live() -> Vec<i16> {
    let live = CampaignState::ALL.into_iter().filter(|it| it.is_live());
    live.map(|state| (state as u8).into()).collect()
}

async fn counts(tx: &Tx<'_>, campaigns: &[i32]) -> Result<BTreeMap<CampaignId, Counts>> {
    let found = tx
        .rows(
            "SELECT campaign, state, reason, n FROM campaign_count WHERE campaign = ANY($1) AND n > 0",
            &[&campaigns],
        )
        .await?;
    let mut counts: BTreeMap<CampaignId, Counts> = BTreeMap::new();
    for row in found {
        let campaign = codes::campaign(row.at::<i32>(0)?.into())?;
        let place = (codes::state(row.byte(1)?)?, codes::reason(row.byte(2)?)?);
        let n: i64 = row.at(3)?;
        let counts = counts.entry(campaign).or_default();
        counts.0.insert(place, n.cast_unsigned());
    }
    Ok(counts)
}

pub(super) async fn earlier_messages(
    tx: &Tx<'_>,
    campaign: CampaignId,
) -> Result<Vec<EarlierMessage>> {
    let found = tx
        .rows(
            "SELECT message, replaced_at, past FROM earlier_message WHERE campaign = $1 ORDER BY version",
            &[&int(campaign.number())?],
        )
        .await?;
    let earlier = |row: &Row| {
        Ok(EarlierMessage {
            message: serde_json::from_str(row.at(0)?)?,
            replaced_at: codes::moment(row.at(1)?)?,
            past: row.at::<i64>(2)?.cast_unsigned(),
        })
    };
    found.iter().map(earlier).collect()
}

/// Gives a campaign another message, and keeps the one it had.
pub(super) async fn edit(
    tx: &Tx<'_>,
    campaign: CampaignId,
    message: &MessageTemplate,
    at: Timestamp,
) -> Result<()> {
    let id = int(campaign.number())?;
    let row = tx
        .one("SELECT definition FROM campaign WHERE id = $1", &[&id])
        .await?;
    let mut definition: Definition = serde_json::from_str(row.at(0)?)?;
    let earlier = std::mem::replace(&mut definition.message, message.clone());
    tx.execute(
        "INSERT INTO earlier_message (campaign, version, message, replaced_at, past)
         VALUES ($1, 1 + (SELECT count(*) FROM earlier_message WHERE campaign = $1), $2, $3,
                 (SELECT coalesce(sum(n), 0) FROM campaign_count WHERE campaign = $1 AND state <> $4))",
        &[
            &id,
            &serde_json::to_string(&earlier)?,
            &codes::micros(at),
            &i16::from(State::Scheduled as u8),
        ],
    )
    .await?;
    tx.execute(
        "UPDATE campaign SET definition = $2, kind = $3 WHERE id = $1",
        &[
            &id,
            &serde_json::to_string(&definition)?,
            &i16::from(message.kind() as u8),
        ],
    )
    .await?;
    Ok(())
}

/// Somebody of a campaign is left to be sent to.
pub(super) async fn has_more(tx: &Tx<'_>, campaign: i32) -> Result<bool> {
    tx.one(
        "SELECT EXISTS (SELECT 1 FROM campaign_count WHERE campaign = $1 AND state = $2 AND n > 0)",
        &[&campaign, &i16::from(State::Scheduled as u8)],
    )
    .await?
    .at(0)
}

/// Gives a campaign another share of its accounts; tells whether there is such a campaign.
pub(super) async fn set_share(tx: &Tx<'_>, campaign: CampaignId, share: Share) -> Result<bool> {
    let id = int(campaign.number())?;
    let found = tx
        .maybe("SELECT definition FROM campaign WHERE id = $1", &[&id])
        .await?;
    let Some(row) = found else {
        return Ok(false);
    };
    let mut definition: Definition = serde_json::from_str(row.at(0)?)?;
    definition.set_share(share);
    tx.execute(
        "UPDATE campaign SET definition = $2 WHERE id = $1",
        &[&id, &serde_json::to_string(&definition)?],
    )
    .await?;
    Ok(true)
}
