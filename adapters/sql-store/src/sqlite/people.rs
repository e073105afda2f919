//! People whatever the campaign: whether their numbers are on WhatsApp, and what they write.

use std::collections::BTreeMap;

use campaign_core::gateway::Account;
use campaign_core::limits::{LaneLimits, REPLY_OPEN_FOR, SentByHand, Slot};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    BY_HAND_KEPT_FOR, ByHand, Effect, REPLIES_KEPT_FOR, Reply, ReplyQuery, ReplyRow,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::Database;
use super::consent;
use super::fault::Result;
use super::known;
use super::rows;

impl Database {
    pub(super) fn presence(
        &self,
        numbers: &[PhoneNumber],
        since: Timestamp,
    ) -> Result<BTreeMap<PhoneNumber, bool>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT is_on_whatsapp FROM presence WHERE phone = ? AND checked_at >= ?",
        )?;
        let mut known = BTreeMap::new();
        for phone in numbers {
            let found: Option<bool> = statement
                .query_row(params![rows::digits(*phone), rows::micros(since)], |row| {
                    row.get(0)
                })
                .optional()?;
            if let Some(is_on_whatsapp) = found {
                known.insert(*phone, is_on_whatsapp);
            }
        }
        Ok(known)
    }

    /// The latest messages that a person sent from an account: as many as its limits need.
    pub(super) fn by_hand(&self, account: Account, limits: &LaneLimits) -> Result<Vec<SentByHand>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT slot, sent_at FROM by_hand WHERE account = ? ORDER BY sent_at DESC LIMIT ?",
        )?;
        let mut found =
            statement.query(params![rows::digits(account.0), limits.remembers_by_hand()])?;
        let mut sent = Vec::new();
        while let Some(row) = found.next()? {
            sent.push(SentByHand {
                slot: rows::slot(row.get(0)?)?,
                at: rows::moment(row.get(1)?)?,
            });
        }
        Ok(sent)
    }

    pub(super) fn replies(&self, query: &ReplyQuery) -> Result<Vec<ReplyRow>> {
        let filter = match query.campaign {
            Some(_) => "campaign = ?3 AND",
            None => "?3 IS NULL AND",
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT seq, campaign, account, message_id, phone, received_at, text FROM reply
             WHERE {filter} seq > ?1 ORDER BY seq LIMIT ?2"
        ))?;
        let mut found = statement.query(params![
            query.after.cast_signed(),
            query.limit,
            query.campaign.map(|campaign| campaign.number())
        ])?;
        let mut page = Vec::new();
        while let Some(row) = found.next()? {
            let seq: i64 = row.get(0)?;
            page.push(ReplyRow {
                number: seq.cast_unsigned(),
                campaign: rows::campaign(row.get(1)?)?,
                reply: Reply {
                    account: Account(rows::phone(row.get(2)?)?),
                    message_id: row.get(3)?,
                    from: rows::phone(row.get(4)?)?,
                    received_at: rows::moment(row.get(5)?)?,
                    text: row.get(6)?,
                },
            });
        }
        Ok(page)
    }
}

pub(super) fn keep_presence(
    connection: &Connection,
    phone: PhoneNumber,
    is_on_whatsapp: bool,
    at: Timestamp,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO presence (phone, is_on_whatsapp, checked_at) VALUES (?, ?, ?)
             ON CONFLICT (phone) DO UPDATE
             SET is_on_whatsapp = excluded.is_on_whatsapp, checked_at = excluded.checked_at",
        )?
        .execute(params![
            rows::digits(phone),
            is_on_whatsapp,
            rows::micros(at)
        ])?;
    Ok(())
}

/// Keeps that a person sent a message, where the account's limits count that; what is too old goes.
pub(super) fn keep_by_hand(
    connection: &Connection,
    sent: &ByHand,
    at: Timestamp,
) -> Result<Option<SentByHand>> {
    let account = rows::digits(sent.account.0);
    let limits: Option<String> = connection
        .prepare_cached("SELECT limits FROM lane WHERE account = ?")?
        .query_row([account], |row| row.get(0))
        .optional()?;
    let limits: Option<LaneLimits> = limits.map(|text| serde_json::from_str(&text)).transpose()?;
    let kept_since = at.checked_sub(BY_HAND_KEPT_FOR).unwrap_or(Timestamp::MIN);
    if sent.at < kept_since || limits.is_none_or(|limits| !limits.counts_by_hand) {
        return Ok(None);
    }
    let sent_at = sent.at.min(at);
    let open_since = sent_at
        .checked_sub(REPLY_OPEN_FOR)
        .unwrap_or(Timestamp::MIN);
    let is_reply: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM heard WHERE account = ? AND phone = ? AND heard_at BETWEEN ? AND ?)",
        )?
        .query_row(
            params![
                account,
                rows::digits(sent.to),
                rows::micros(open_since),
                rows::micros(sent_at)
            ],
            |row| row.get(0),
        )?;
    let slot = if is_reply { Slot::Reply } else { Slot::Cold };
    let kept = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO by_hand (account, message_id, sent_at, slot) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![
            account,
            sent.message_id,
            rows::micros(sent_at),
            slot as u8
        ])?;
    if kept == 0 {
        return Ok(None);
    }
    connection
        .prepare_cached("DELETE FROM by_hand WHERE account = ? AND sent_at < ?")?
        .execute(params![account, rows::micros(kept_since)])?;
    Ok(Some(SentByHand { slot, at: sent_at }))
}

/// Keeps when somebody wrote, and what, of somebody in a campaign that is not too old. Messages are few beside campaigns' own, so each recent campaign may be
/// asked for its sender, the latest first.
pub(super) fn keep_reply(connection: &Connection, reply: &Reply, at: Timestamp) -> Result<Effect> {
    let wished = consent::take_wish(connection, reply, at)?;
    let since = at.checked_sub(REPLIES_KEPT_FOR).unwrap_or(Timestamp::MIN);
    let phone = rows::digits(reply.from);
    let received_at = rows::micros(reply.received_at.min(at));
    known::heard(
        connection,
        phone,
        rows::digits(reply.account.0),
        received_at,
    )?;
    connection
        .prepare_cached(
            "INSERT INTO heard (account, phone, heard_at) VALUES (?, ?, ?)
             ON CONFLICT (account, phone) DO UPDATE SET heard_at = max(heard_at, excluded.heard_at)",
        )?
        .execute(params![
            rows::digits(reply.account.0),
            phone,
            received_at
        ])?;
    let campaign: Option<i64> = connection
        .prepare_cached(
            "SELECT id FROM campaign WHERE created_at >= ?
               AND EXISTS (SELECT 1 FROM recipient WHERE recipient.campaign = campaign.id AND phone = ?)
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![rows::micros(since), phone], |row| row.get(0))
        .optional()?;
    let Some(campaign) = campaign else {
        return Ok(wished);
    };
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO reply (account, message_id, phone, received_at, text, campaign)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            rows::digits(reply.account.0),
            reply.message_id,
            phone,
            rows::micros(reply.received_at),
            reply.text,
            campaign
        ])?;
    Ok(wished)
}
