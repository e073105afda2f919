//! Campaigns, and how their audience comes in.

use std::sync::Arc;

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::Now;
use campaign_core::delivery::{CampaignId, DeliveryId, Happening, Standing, apply};
use campaign_core::store::{CampaignRecord, Counts, Imported, NewRecipient, StoreError};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::Database;
use super::fault::{Fault, Result};
use super::moves::{Differences, write_counts};
use super::recipients::Recipients;
use super::rows;

const RECORD: &str =
    "SELECT id, definition, columns, state, created_at, rejected, pruned_at FROM campaign";

impl Database {
    pub(super) fn create(
        &mut self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId> {
        let made = self.together(|| {
            let there: Option<(i64, u8)> = self
                .connection
                .prepare_cached("SELECT id, state FROM campaign WHERE name = ?")?
                .query_row([&definition.name], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            match there {
                Some((id, state)) => {
                    let state = campaign_state(state)?;
                    if state > CampaignState::Importing {
                        return Err(StoreError::Refused(format!(
                            "campaign {:?} exists and is {state}: go on with it, or take another name",
                            definition.name
                        ))
                        .into());
                    }
                    let id = rows::campaign(id)?;
                    self.empty(id)?;
                    self.write_definition(id, definition, columns, now)?;
                    Ok(id)
                }
                None => {
                    let next: i64 = self
                        .connection
                        .query_row("UPDATE meta SET next_campaign = next_campaign + 1 RETURNING next_campaign - 1", [], |row| row.get(0))?;
                    let id = rows::campaign(next)
                        .map_err(|_| StoreError::Refused("there are too many campaigns".into()))?;
                    self.connection.execute(
                        "INSERT INTO campaign (id, name, session, kind, definition, columns, state, created_at)
                         VALUES (?, ?, '', 0, '', '', ?, 0)",
                        params![id.number(), definition.name, CampaignState::Importing as u8],
                    )?;
                    self.write_definition(id, definition, columns, now)?;
                    Ok(id)
                }
            }
        });
        let id = made?;
        let import = self.import_of(id)?;
        self.imports.insert(id, import);
        Ok(id)
    }

    pub(super) fn import(
        &mut self,
        campaign: CampaignId,
        recipients: &[NewRecipient],
        rejected: u64,
    ) -> Result<Vec<Imported>> {
        // Put back only when all has come in: else it is read from the database again.
        let known = self.recipients.remove(&campaign);
        let (imported, recipients_now) = self.together(|| {
            let found: Option<(u8, i64, u32, i64)> = self
                .connection
                .prepare_cached(
                    "SELECT state, import, next_ordinal, created_at FROM campaign WHERE id = ?",
                )?
                .query_row([campaign.number()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })
                .optional()?;
            let Some((state, import, next, created_at)) = found else {
                return Err(StoreError::NotFound {
                    what: format!("campaign number {}", campaign.number()),
                }
                .into());
            };
            let state = campaign_state(state)?;
            if state != CampaignState::Importing {
                return Err(StoreError::Refused(format!(
                    "the audience of a campaign that is {state} is complete"
                ))
                .into());
            }
            if self
                .imports
                .get(&campaign)
                .is_some_and(|begun| *begun != import)
            {
                return Err(StoreError::Refused(
                    "this campaign is being imported anew by another process".into(),
                )
                .into());
            }
            let known = match known {
                Some(known) if known.are_as_of((import, next)) => known,
                _ => Recipients::load(&self.connection, campaign, (import, next))?,
            };
            let mut page = Page::new(self, campaign, next, created_at, known)?;
            let imported = recipients
                .iter()
                .map(|recipient| page.add(recipient))
                .collect::<Result<Vec<Imported>>>()?;
            let Page {
                next,
                counts,
                mut known,
                ..
            } = page;
            known.end_page(&self.connection, (import, next))?;
            write_counts(&self.connection, counts)?;
            self.connection
                .prepare_cached(
                    "UPDATE campaign SET next_ordinal = ?, rejected = rejected + ? WHERE id = ?",
                )?
                .execute(params![next, rejected.cast_signed(), campaign.number()])?;
            Ok((imported, known))
        })?;
        self.recipients.insert(campaign, recipients_now);
        Ok(imported)
    }

    pub(super) fn campaign(&self, name: &str) -> Result<Option<CampaignRecord>> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{RECORD} WHERE name = ?"))?;
        let mut found = statement.query([name])?;
        found.next()?.map(|row| self.record(row)).transpose()
    }

    pub(super) fn campaigns(&self) -> Result<Vec<CampaignRecord>> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{RECORD} ORDER BY created_at DESC, id DESC"))?;
        let mut found = statement.query([])?;
        let mut records = Vec::new();
        while let Some(row) = found.next()? {
            records.push(self.record(row)?);
        }
        Ok(records)
    }

    fn record(&self, row: &Row<'_>) -> Result<CampaignRecord> {
        let id = rows::campaign(row.get(0)?)?;
        let definition: Definition = serde_json::from_str(&row.get::<_, String>(1)?)?;
        let rejected: i64 = row.get(5)?;
        let mut counts = Counts::default();
        let mut statement = self.connection.prepare_cached(
            "SELECT state, reason, n FROM campaign_count WHERE campaign = ? AND n > 0",
        )?;
        let mut found = statement.query([id.number()])?;
        while let Some(row) = found.next()? {
            let n: i64 = row.get(2)?;
            counts.0.insert(
                (rows::state(row.get(0)?)?, rows::reason(row.get(1)?)?),
                n.cast_unsigned(),
            );
        }
        Ok(CampaignRecord {
            id,
            definition: Arc::new(definition),
            columns: rows::texts(&row.get::<_, String>(2)?)?.into(),
            state: campaign_state(row.get(3)?)?,
            created_at: rows::moment(row.get(4)?)?,
            rejected: rejected.cast_unsigned(),
            counts,
            pruned_at: row
                .get::<_, Option<i64>>(6)?
                .map(rows::moment)
                .transpose()?,
        })
    }

    fn import_of(&self, campaign: CampaignId) -> Result<i64> {
        Ok(self
            .connection
            .prepare_cached("SELECT import FROM campaign WHERE id = ?")?
            .query_row([campaign.number()], |row| row.get(0))?)
    }

    fn write_definition(
        &self,
        id: CampaignId,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<()> {
        self.connection.execute(
            "UPDATE campaign SET session = ?, kind = ?, definition = ?, columns = ?, state = ?, created_at = ?,
                rejected = 0, next_ordinal = first_ordinal, import = import + 1 WHERE id = ?",
            params![
                &*definition.session.0,
                definition.message.kind() as u8,
                serde_json::to_string(definition)?,
                serde_json::to_string(columns)?,
                CampaignState::Importing as u8,
                rows::micros(now.wall),
                id.number()
            ],
        )?;
        Ok(())
    }

    fn empty(&self, campaign: CampaignId) -> Result<()> {
        let (first, last) = rows::range(campaign);
        for sql in [
            "DELETE FROM delivery WHERE id BETWEEN ? AND ?",
            "DELETE FROM delivery_content WHERE id BETWEEN ? AND ?",
            "DELETE FROM ready WHERE delivery BETWEEN ? AND ?",
            "DELETE FROM doubt WHERE delivery BETWEEN ? AND ?",
            "DELETE FROM remark WHERE delivery BETWEEN ? AND ?",
        ] {
            self.connection.execute(sql, [first, last])?;
        }
        for sql in [
            "DELETE FROM recipient WHERE campaign = ?",
            "DELETE FROM campaign_count WHERE campaign = ?",
        ] {
            self.connection.execute(sql, [campaign.number()])?;
        }
        Ok(())
    }
}

/// A page of an audience on its way in.
struct Page<'a> {
    connection: &'a Connection,
    campaign: CampaignId,
    next: u32,
    created_at: i64,
    counts: Differences,
    known: Recipients,
    delivery: CachedStatement<'a>,
    content: CachedStatement<'a>,
    ready: CachedStatement<'a>,
}

impl<'a> Page<'a> {
    fn new(
        database: &'a Database,
        campaign: CampaignId,
        next: u32,
        created_at: i64,
        known: Recipients,
    ) -> Result<Self> {
        let connection = &database.connection;
        Ok(Self {
            connection,
            campaign,
            next,
            created_at,
            counts: Differences::new(),
            known,
            delivery: connection.prepare_cached(
                "INSERT INTO delivery (id, phone, state, reason, changed_at) VALUES (?, ?, ?, ?, ?)",
            )?,
            content: connection.prepare_cached(
                "INSERT INTO delivery_content (id, row, key, \"values\") VALUES (?, ?, ?, ?)",
            )?,
            ready: connection
                .prepare_cached("INSERT INTO ready (delivery, not_before) VALUES (?, 0)")?,
        })
    }

    fn add(&mut self, recipient: &NewRecipient) -> Result<Imported> {
        let delivery = DeliveryId::new(self.campaign, self.next).ok_or_else(|| {
            StoreError::Refused(format!(
                "a campaign has at most {} recipients",
                DeliveryId::RECIPIENTS_MAX
            ))
        })?;
        let id = rows::number(delivery);
        let digits = rows::digits(recipient.phone);
        let key = recipient.key.as_deref();
        let row = recipient.row.cast_signed();
        if let Some(first_row) = self
            .known
            .first_row(self.connection, digits, key, id, row)?
        {
            return Ok(Imported::Duplicate {
                first_row: first_row.cast_unsigned(),
            });
        }
        let standing = match recipient.skip {
            None => Standing::NEW,
            Some(reason) => apply(Standing::NEW, Happening::Skipped(reason))
                .ok()
                .filter(|to| rows::fits(to.state, to.reason))
                .ok_or_else(|| StoreError::Refused(format!("nothing is skipped as {reason}")))?,
        };
        self.delivery.execute(params![
            id,
            digits,
            standing.state as u8,
            rows::reason_number(standing.reason),
            self.created_at
        ])?;
        let values = serde_json::to_string(&recipient.values)?;
        self.content.execute(params![id, row, key, values])?;
        if standing == Standing::NEW {
            self.ready.execute([id])?;
        }
        *self
            .counts
            .entry((self.campaign, standing.state, standing.reason))
            .or_default() += 1;
        self.next += 1;
        Ok(Imported::Added(delivery))
    }
}

fn campaign_state(number: u8) -> Result<CampaignState> {
    CampaignState::from_number(number)
        .ok_or_else(|| Fault::unreadable(format!("campaign state {number}")))
}
