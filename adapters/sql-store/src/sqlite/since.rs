//! What became known after a backup was made, read from the database that the backup replaces. Whom nothing may be sent to is taken over: one
//! person too many on that list is a lesser failure than one too few. What happened to campaigns is told, and is the operator's to do again.

use std::path::Path;

use campaign_core::campaign::CampaignState;
use campaign_core::consent::{Consent, Origin};
use campaign_core::store::Suppression;
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::{Fault, Result};
use super::inspect;
use super::schema::refuse_others;
use super::{consent, rows};

/// Entries are named up to here; the rest is counted.
const NAMED_MAX: usize = 1_000;

/// Rows read at once.
const PAGE: i64 = 500;

/// The schema that tells a person's own word from an operator's, and keeps consents and hidden opt-outs.
const PEOPLE_SINCE: u32 = 4;

/// What the database that was replaced knew, and the backup does not.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Since {
    /// Why some of it, or all, could not be read; there may be more than what follows.
    pub unread: Option<String>,
    /// Numbers that must not be written to: taken over, so that nobody writes to them. The first thousand, in order of numbers.
    pub suppressed: Vec<Suppression>,
    /// How many these are in all.
    pub suppressed_count: u64,
    /// Consents that were withdrawn: taken over.
    pub withdrawn: u64,
    /// Opt-outs of people who are known by a LID alone: taken over.
    pub hidden: u64,
    /// Campaigns that were cancelled or paused, or that the backup does not know; single messages left out. The first thousand.
    pub campaigns: Vec<CampaignSince>,
    /// How many these are in all.
    pub campaigns_count: u64,
}

/// A campaign that stood otherwise in the database that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CampaignSince {
    /// Its name.
    pub name: String,
    /// How it stood there.
    pub was: CampaignState,
    /// How it stands now; `None` where the backup does not have it.
    pub is: Option<CampaignState>,
}

/// Takes over from `old`, a database that nobody changes any more, what `new` must know before anything is sent from it. What cannot be read
/// does not stand in the way.
pub(super) fn take_over(old: &Path, new: &mut Connection) -> Result<Since> {
    let mut since = Since::default();
    let transaction = new.transaction()?;
    let read = inspect::open(old).and_then(|old_connection| {
        let schema = refuse_others(&old_connection, old)?;
        if schema == 0 {
            return Err(Fault::unreadable("no campaigns are in it"));
        }
        Ok((old_connection, schema))
    });
    let outcome = read.and_then(|(old, schema)| {
        suppressions(&old, schema, &transaction, &mut since)?;
        if schema >= PEOPLE_SINCE {
            wishes(&old, &transaction)?;
            withdrawals(&old, &transaction, &mut since)?;
            hidden(&old, &transaction, &mut since)?;
        }
        campaigns(&old, &transaction, &mut since)
    });
    since.unread = outcome.err().map(|fault| fault.at(old).to_string());
    transaction.commit()?;
    Ok(since)
}

fn suppressions(old: &Connection, schema: u32, new: &Connection, since: &mut Since) -> Result<()> {
    let origin = if schema >= PEOPLE_SINCE {
        "origin"
    } else {
        "0"
    };
    let mut statement = old.prepare(&format!(
        "SELECT phone, {origin}, source, since FROM suppression WHERE phone > ? ORDER BY phone LIMIT ?"
    ))?;
    let mut after = 0;
    loop {
        let mut found = statement.query([after, PAGE])?;
        let mut count = 0;
        while let Some(row) = found.next()? {
            count += 1;
            after = row.get(0)?;
            let entry = Suppression {
                phone: rows::phone(after)?,
                origin: rows::origin(row.get(1)?)?,
                source: row.get(2)?,
                since: rows::moment(row.get(3)?)?,
            };
            if is_news(&entry, new)? {
                consent::suppress(new, &entry)?;
                since.suppressed_count += 1;
                if since.suppressed.len() < NAMED_MAX {
                    since.suppressed.push(entry);
                }
            }
        }
        if count < PAGE {
            return Ok(());
        }
    }
}

/// Whether the entry says more than what is known already: the number is not on the list, or only by a word that its person can take back.
fn is_news(entry: &Suppression, new: &Connection) -> Result<bool> {
    let phone = rows::digits(entry.phone);
    let is_by_reply = entry.origin == Origin::Reply;
    let there: Option<u8> = new
        .prepare_cached("SELECT origin FROM suppression WHERE phone = ?")?
        .query_row([phone], |row| row.get(0))
        .optional()?;
    if let Some(there) = there {
        return Ok(there == Origin::Reply as u8 && !is_by_reply);
    }
    // Where the backup is the newer of the two, who wrote START in the meantime has not opted out.
    let took_it_back = is_by_reply
        && new
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM wish WHERE phone = ? AND is_opt_out = 0 AND at >= ?)",
            )?
            .query_row([phone, rows::micros(entry.since)], |row| row.get(0))?;
    Ok(!took_it_back)
}

/// When people last asked to be left alone: an earlier word of theirs that is read once more changes nothing. Who was to have an answer has had
/// it, or can do without.
fn wishes(old: &Connection, new: &Connection) -> Result<()> {
    let mut statement = old.prepare(
        "SELECT phone, at, account, message_id FROM wish WHERE is_opt_out = 1 AND phone > ? ORDER BY phone LIMIT ?",
    )?;
    let mut take = new.prepare(
        "INSERT INTO wish (phone, is_opt_out, at, account, message_id, is_to_be_confirmed) VALUES (?, 1, ?, ?, ?, 0)
         ON CONFLICT (phone) DO UPDATE
         SET is_opt_out = 1, at = excluded.at, account = excluded.account, message_id = excluded.message_id, is_to_be_confirmed = 0
         WHERE wish.at < excluded.at",
    )?;
    let mut after = 0;
    loop {
        let mut found = statement.query([after, PAGE])?;
        let mut count = 0;
        while let Some(row) = found.next()? {
            count += 1;
            after = row.get(0)?;
            let (at, account): (i64, i64) = (row.get(1)?, row.get(2)?);
            take.execute(params![after, at, account, row.get::<_, String>(3)?])?;
        }
        if count < PAGE {
            return Ok(());
        }
    }
}

fn withdrawals(old: &Connection, new: &Connection, since: &mut Since) -> Result<()> {
    let mut statement = old.prepare(
        "SELECT phone, category, origin, source, since FROM consent
         WHERE is_granted = 0 AND (phone, category) > (?, ?) ORDER BY phone, category LIMIT ?",
    )?;
    let mut known = new.prepare(
        "SELECT EXISTS (SELECT 1 FROM consent WHERE phone = ? AND category = ? AND (is_granted = 0 OR since >= ?))",
    )?;
    let mut after = (0, 0);
    loop {
        let mut found = statement.query(params![after.0, after.1, PAGE])?;
        let mut count = 0;
        while let Some(row) = found.next()? {
            count += 1;
            after = (row.get(0)?, row.get(1)?);
            let changed: i64 = row.get(4)?;
            if known.query_row(params![after.0, after.1, changed], |row| row.get(0))? {
                continue;
            }
            let withdrawn = Consent {
                phone: rows::phone(after.0)?,
                category: rows::category(after.1)?,
                is_granted: false,
                origin: rows::origin(row.get(2)?)?,
                source: row.get(3)?,
                since: rows::moment(changed)?,
            };
            consent::record_consent(new, &withdrawn)?;
            since.withdrawn += 1;
        }
        if count < PAGE {
            return Ok(());
        }
    }
}

fn hidden(old: &Connection, new: &Connection, since: &mut Since) -> Result<()> {
    let mut statement =
        old.prepare("SELECT account, lid, since, message_id FROM hidden_opt_out")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let (account, lid, at): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let message_id: Box<str> = row.get(3)?;
        let phone: Option<i64> = new
            .prepare_cached("SELECT phone FROM lid WHERE lid = ?")?
            .query_row([lid], |row| row.get(0))
            .optional()?;
        let Some(phone) = phone else {
            let taken = new
                .prepare_cached(
                    "INSERT OR IGNORE INTO hidden_opt_out (account, lid, since, message_id) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![account, lid, at, message_id])?;
            since.hidden += u64::from(taken > 0);
            continue;
        };
        let entry = Suppression {
            phone: rows::phone(phone)?,
            origin: Origin::Reply,
            source: message_id,
            since: rows::moment(at)?,
        };
        if is_news(&entry, new)? {
            consent::suppress(new, &entry)?;
            since.suppressed_count += 1;
            since.suppressed.push(entry);
        }
    }
    Ok(())
}

fn campaigns(old: &Connection, new: &Connection, since: &mut Since) -> Result<()> {
    let state = |number: u8| {
        CampaignState::from_number(number)
            .ok_or_else(|| Fault::unreadable(format!("campaign state {number}")))
    };
    // Single messages have a colon in their names, and no operator to cancel them.
    let mut statement =
        old.prepare("SELECT name, state FROM campaign WHERE instr(name, ':') = 0 ORDER BY id")?;
    let mut there = new.prepare("SELECT state FROM campaign WHERE name = ?")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let name: String = row.get(0)?;
        let was = state(row.get(1)?)?;
        let is: Option<u8> = there.query_row([&name], |row| row.get(0)).optional()?;
        let is = is.map(state).transpose()?;
        if is_to_be_told(was, is) {
            since.campaigns_count += 1;
            if since.campaigns.len() < NAMED_MAX {
                since.campaigns.push(CampaignSince { name, was, is });
            }
        }
    }
    Ok(())
}

/// Whether something might be sent that the operator had stopped, or that has been sent already.
fn is_to_be_told(was: CampaignState, is: Option<CampaignState>) -> bool {
    use CampaignState::{Cancelled, Completed, Paused, Settled};
    match (was, is) {
        (_, None) => true,
        (Cancelled, Some(is)) => !matches!(is, Cancelled | Settled),
        (Paused, Some(is)) => !matches!(is, Paused | Cancelled | Completed | Settled),
        _ => false,
    }
}
