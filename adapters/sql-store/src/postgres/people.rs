//! People whatever the campaign: whether their numbers are on WhatsApp, and what they write.

use std::collections::BTreeMap;

use campaign_core::gateway::Account;
use campaign_core::limits::{LaneLimits, REPLY_OPEN_FOR, SentByHand, Slot};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    BY_HAND_KEPT_FOR, ByHand, Effect, REPLIES_KEPT_FOR, Reply, ReplyQuery, ReplyRow,
};
use jiff::Timestamp;

use super::consent;
use super::fault::Result;
use super::known;
use super::transaction::{Columns, Tx, int, text};
use crate::codes;

pub(super) async fn presence(
    tx: &Tx<'_>,
    numbers: &[PhoneNumber],
    since: Timestamp,
) -> Result<BTreeMap<PhoneNumber, bool>> {
    let numbers: Vec<i64> = numbers.iter().map(|phone| codes::digits(*phone)).collect();
    let found = tx
        .rows(
            "SELECT phone, is_on_whatsapp FROM presence WHERE phone = ANY($1) AND checked_at >= $2",
            &[&numbers, &codes::micros(since)],
        )
        .await?;
    let known = |row: &tokio_postgres::Row| Ok((codes::phone(row.at(0)?)?, row.at(1)?));
    found.iter().map(known).collect()
}

/// The latest messages that a person sent from an account: as many as its limits need.
pub(super) async fn by_hand(
    tx: &Tx<'_>,
    account: Account,
    limits: &LaneLimits,
) -> Result<Vec<SentByHand>> {
    let found = tx
        .rows(
            "SELECT slot, sent_at FROM by_hand WHERE account = $1 ORDER BY sent_at DESC LIMIT $2",
            &[
                &codes::digits(account.0),
                &i64::from(limits.remembers_by_hand()),
            ],
        )
        .await?;
    let sent = |row: &tokio_postgres::Row| {
        Ok(SentByHand {
            slot: codes::slot(row.byte(0)?)?,
            at: codes::moment(row.at(1)?)?,
        })
    };
    found.iter().map(sent).collect()
}

pub(super) async fn replies(tx: &Tx<'_>, query: &ReplyQuery) -> Result<Vec<ReplyRow>> {
    let columns = "SELECT seq, campaign, account, message_id, phone, received_at, text FROM reply";
    let (after, limit) = (query.after.cast_signed(), i64::from(query.limit));
    let found = match query.campaign {
        Some(campaign) => {
            let sql = format!("{columns} WHERE campaign = $3 AND seq > $1 ORDER BY seq LIMIT $2");
            tx.rows(&sql, &[&after, &limit, &int(campaign.number())?])
                .await?
        }
        None => {
            let sql = format!("{columns} WHERE seq > $1 ORDER BY seq LIMIT $2");
            tx.rows(&sql, &[&after, &limit]).await?
        }
    };
    let reply = |row: &tokio_postgres::Row| {
        Ok(ReplyRow {
            number: row.at::<i64>(0)?.cast_unsigned(),
            campaign: codes::campaign(row.at::<i32>(1)?.into())?,
            reply: Reply {
                account: Account(codes::phone(row.at(2)?)?),
                message_id: row.at::<String>(3)?.into(),
                from: codes::phone(row.at(4)?)?,
                received_at: codes::moment(row.at(5)?)?,
                text: row.at::<String>(6)?.into(),
            },
        })
    };
    found.iter().map(reply).collect()
}

pub(super) async fn keep_presence(
    tx: &Tx<'_>,
    phone: PhoneNumber,
    is_on_whatsapp: bool,
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO presence (phone, is_on_whatsapp, checked_at) VALUES ($1, $2, $3)
         ON CONFLICT (phone) DO UPDATE
         SET is_on_whatsapp = excluded.is_on_whatsapp, checked_at = excluded.checked_at",
        &[&codes::digits(phone), &is_on_whatsapp, &codes::micros(at)],
    )
    .await?;
    Ok(())
}

/// Keeps that a person sent a message, where the account's limits count that; what is too old goes.
pub(super) async fn keep_by_hand(
    tx: &Tx<'_>,
    sent: &ByHand,
    at: Timestamp,
) -> Result<Option<SentByHand>> {
    let account = codes::digits(sent.account.0);
    let found = tx
        .maybe("SELECT limits FROM lane WHERE account = $1", &[&account])
        .await?;
    let limits: Option<LaneLimits> = match found {
        Some(row) => Some(serde_json::from_str(row.at(0)?)?),
        None => None,
    };
    let kept_since = at.checked_sub(BY_HAND_KEPT_FOR).unwrap_or(Timestamp::MIN);
    if sent.at < kept_since || limits.is_none_or(|limits| !limits.counts_by_hand) {
        return Ok(None);
    }
    let sent_at = sent.at.min(at);
    let open_since = sent_at
        .checked_sub(REPLY_OPEN_FOR)
        .unwrap_or(Timestamp::MIN);
    let is_reply: bool = tx
        .one(
            "SELECT EXISTS (SELECT 1 FROM heard WHERE account = $1 AND phone = $2 AND heard_at BETWEEN $3 AND $4)",
            &[
                &account,
                &codes::digits(sent.to),
                &codes::micros(open_since),
                &codes::micros(sent_at),
            ],
        )
        .await?
        .at(0)?;
    let slot = if is_reply { Slot::Reply } else { Slot::Cold };
    let kept = tx
        .execute(
            "INSERT INTO by_hand (account, message_id, sent_at, slot) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            &[
                &account,
                &text(&sent.message_id),
                &codes::micros(sent_at),
                &i16::from(slot as u8),
            ],
        )
        .await?;
    if kept == 0 {
        return Ok(None);
    }
    tx.execute(
        "DELETE FROM by_hand WHERE account = $1 AND sent_at < $2",
        &[&account, &codes::micros(kept_since)],
    )
    .await?;
    Ok(Some(SentByHand { slot, at: sent_at }))
}

/// Keeps when somebody wrote, and what, of somebody in a campaign that is not too old. Messages are few beside campaigns' own, so each recent campaign may be
/// asked for its sender, the latest first.
pub(super) async fn keep_reply(tx: &Tx<'_>, reply: &Reply, at: Timestamp) -> Result<Effect> {
    let wished = consent::take_wish(tx, reply, at).await?;
    let since = at.checked_sub(REPLIES_KEPT_FOR).unwrap_or(Timestamp::MIN);
    let (phone, account) = (codes::digits(reply.from), codes::digits(reply.account.0));
    let heard_at = codes::micros(reply.received_at.min(at));
    known::heard(tx, phone, account, heard_at).await?;
    tx.execute(
        "INSERT INTO heard (account, phone, heard_at) VALUES ($1, $2, $3)
         ON CONFLICT (account, phone) DO UPDATE SET heard_at = greatest(heard.heard_at, excluded.heard_at)",
        &[&account, &phone, &heard_at],
    )
    .await?;
    tx.execute(
        "INSERT INTO reply (account, message_id, phone, received_at, text, campaign)
         SELECT $1::bigint, $2::text, $3::bigint, $4::bigint, $5::text, id FROM campaign
         WHERE created_at >= $6
           AND EXISTS (SELECT 1 FROM recipient r WHERE r.campaign = campaign.id AND r.phone = $3)
         ORDER BY id DESC LIMIT 1
         ON CONFLICT DO NOTHING",
        &[
            &account,
            &text(&reply.message_id),
            &phone,
            &codes::micros(reply.received_at),
            &text(&reply.text),
            &codes::micros(since),
        ],
    )
    .await?;
    Ok(wished)
}
