//! Campaigns, and how their audience comes in.

use std::cmp::Reverse;
use std::sync::Arc;

use campaign_core::campaign::{CampaignState, Definition, Share};
use campaign_core::clock::Now;
use campaign_core::delivery::{CampaignId, DeliveryId, Happening, Standing, State, apply};
use campaign_core::message::MessageTemplate;
use campaign_core::store::{
    CampaignQuery, CampaignRecord, Counts, Created, EarlierMessage, Imported, NewRecipient,
    SinglesLeft, StoreError,
};
use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row, params};

use super::Database;
use super::fault::Result;
use super::moves::{Differences, write_counts};
use super::recipients::Recipients;
use super::rows;

const RECORD: &str =
    "SELECT id, definition, columns, state, created_at, rejected, pruned_at, name FROM campaign";

impl Database {
    pub(super) fn create(
        &mut self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId> {
        let made = self.together(|| {
            let there = self.named(&definition.name)?;
            if let Some((_, state)) = there.filter(|(_, state)| *state > CampaignState::Importing) {
                return Err(StoreError::Refused(format!(
                    "campaign {:?} exists and is {state}: go on with it, or take another name",
                    definition.name
                ))
                .into());
            }
            self.write_anew(there.map(|(id, _)| id), definition, columns, now)
        });
        let id = made?;
        let import = self.import_of(id)?;
        self.imports.insert(id, import);
        Ok(id)
    }

    pub(super) fn create_whole(
        &mut self,
        definition: &Definition,
        columns: &[Box<str>],
        recipients: &[NewRecipient],
        now: Now,
    ) -> Result<Created> {
        self.together(|| {
            let there = self.named(&definition.name)?;
            if let Some((id, _)) = there.filter(|(_, state)| *state > CampaignState::Importing) {
                return Ok(Created::There(id));
            }
            let id = self.write_anew(there.map(|(id, _)| id), definition, columns, now)?;
            let as_of: (i64, u32) = self
                .connection
                .prepare_cached("SELECT import, next_ordinal FROM campaign WHERE id = ?")?
                .query_row([id.number()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let known = Recipients::load(&self.connection, id, as_of)?;
            let mut page = Page::new(self, id, as_of.1, rows::micros(now.wall), known)?;
            for recipient in recipients {
                page.add(recipient)?;
            }
            let Page {
                next,
                counts,
                mut known,
                ..
            } = page;
            known.write(&self.connection)?;
            write_counts(&self.connection, counts)?;
            self.connection
                .prepare_cached("UPDATE campaign SET next_ordinal = ?, state = ? WHERE id = ?")?
                .execute(params![next, CampaignState::Frozen as u8, id.number()])?;
            Ok(Created::New(id))
        })
    }

    fn named(&self, name: &str) -> Result<Option<(CampaignId, CampaignState)>> {
        let there: Option<(i64, u8)> = self
            .connection
            .prepare_cached("SELECT id, state FROM campaign WHERE name = ?")?
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        there
            .map(|(id, state)| Ok((rows::campaign(id)?, rows::campaign_state(state)?)))
            .transpose()
    }

    /// Writes a campaign that is being imported, in the place of one of its name that never got further.
    fn write_anew(
        &self,
        there: Option<CampaignId>,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId> {
        let id = match there {
            Some(id) => {
                self.empty(id)?;
                id
            }
            None => {
                let next: i64 = self.connection.query_row(
                    "UPDATE meta SET next_campaign = next_campaign + 1 RETURNING next_campaign - 1",
                    [],
                    |row| row.get(0),
                )?;
                let id = rows::campaign(next)
                    .map_err(|_| StoreError::Refused("there are too many campaigns".into()))?;
                self.connection.execute(
                    "INSERT INTO campaign (id, name, session, kind, definition, columns, state, created_at)
                     VALUES (?, ?, '', 0, '', '', ?, 0)",
                    params![id.number(), definition.name, CampaignState::Importing as u8],
                )?;
                id
            }
        };
        self.write_definition(id, definition, columns, now)?;
        Ok(id)
    }

    pub(super) fn import(
        &mut self,
        campaign: CampaignId,
        recipients: &[NewRecipient],
        rejected: u64,
    ) -> Result<Vec<Imported>> {
        self.take_in(campaign, recipients, rejected, Door::Import)
    }

    pub(super) fn add(
        &mut self,
        campaign: CampaignId,
        recipients: &[NewRecipient],
        rejected: u64,
        now: Now,
    ) -> Result<Vec<Imported>> {
        let door = Door::Addition(rows::micros(now.wall));
        self.take_in(campaign, recipients, rejected, door)
    }

    fn take_in(
        &mut self,
        campaign: CampaignId,
        recipients: &[NewRecipient],
        rejected: u64,
        door: Door,
    ) -> Result<Vec<Imported>> {
        // Put back only when all has come in: else it is read from the database again.
        let known = self.recipients.remove(&campaign);
        let (imported, recipients_now) = self.together(|| {
            let found: Option<(u8, i64, u32, i64, bool)> = self
                .connection
                .prepare_cached(
                    "SELECT state, import, next_ordinal, created_at, pruned_at IS NOT NULL
                     FROM campaign WHERE id = ?",
                )?
                .query_row([campaign.number()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                })
                .optional()?;
            let Some((state, import, next, created_at, is_pruned)) = found else {
                return Err(StoreError::NotFound {
                    what: format!("campaign number {}", campaign.number()),
                }
                .into());
            };
            let state = rows::campaign_state(state)?;
            door.admits(state)?;
            if is_pruned {
                let why = "the people of this campaign were taken out of the database: nobody can be told from those who had it";
                return Err(StoreError::Refused(why.into()).into());
            }
            let is_ours = |begun: &i64| *begun == import;
            if matches!(door, Door::Import) && !self.imports.get(&campaign).is_none_or(is_ours) {
                return Err(StoreError::Refused(
                    "this campaign is being imported anew by another process".into(),
                )
                .into());
            }
            let known = match known {
                Some(known) if known.are_as_of((import, next)) => known,
                _ => Recipients::load(&self.connection, campaign, (import, next))?,
            };
            let at = match door {
                Door::Import => created_at,
                Door::Addition(now) => now,
            };
            let mut page = Page::new(self, campaign, next, at, known)?;
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
            let mended = recipients.iter().zip(&imported);
            let mended = mended.filter(|(recipient, imported)| {
                recipient.was_rejected && matches!(imported, Imported::Added(_))
            });
            let rejected = rejected.cast_signed() - mended.count() as i64;
            self.connection
                .prepare_cached(
                    "UPDATE campaign SET next_ordinal = ?, rejected = max(0, rejected + ?) WHERE id = ?",
                )?
                .execute(params![next, rejected, campaign.number()])?;
            if matches!(door, Door::Addition(_)) {
                // There is no freeze any more that would write them.
                known.write(&self.connection)?;
                self.run_again(campaign, state)?;
            }
            Ok((imported, known))
        })?;
        self.recipients.insert(campaign, recipients_now);
        Ok(imported)
    }

    /// A campaign that people were added to.
    fn run_again(&self, campaign: CampaignId, state: CampaignState) -> Result<()> {
        let to = state.once_grown(has_more(&self.connection, campaign)?);
        if to != state {
            stand(&self.connection, campaign, to)?;
        }
        Ok(())
    }

    pub(super) fn campaign(&self, name: &str) -> Result<Option<CampaignRecord>> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{RECORD} WHERE name = ?"))?;
        let mut found = statement.query([name])?;
        found.next()?.map(|row| self.record(row)).transpose()
    }

    pub(super) fn campaigns(&self, which: &CampaignQuery) -> Result<Vec<CampaignRecord>> {
        let mut records = match which {
            CampaignQuery::All => self.records(RECORD, [])?,
            CampaignQuery::Live => {
                self.records(&format!("{RECORD} WHERE state IN ({})", live()), [])?
            }
            CampaignQuery::Named => self.named_by_people(|_| true)?,
            CampaignQuery::LiveNamed => self.named_by_people(CampaignState::is_live)?,
            CampaignQuery::Since(moment) => self.records(
                &format!("{RECORD} WHERE created_at >= ?"),
                [moment.as_microsecond()],
            )?,
            CampaignQuery::These(ids) => {
                let sql = format!("{RECORD} WHERE id = ?");
                let each = ids.iter().map(|id| self.records(&sql, [id.number()]));
                each.collect::<Result<Vec<_>>>()?
                    .into_iter()
                    .flatten()
                    .collect()
            }
        };
        records.sort_unstable_by_key(|record| Reverse((record.created_at, record.id)));
        Ok(records)
    }

    fn records(&self, sql: &str, parameters: impl Params) -> Result<Vec<CampaignRecord>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query(parameters)?;
        let mut records = Vec::new();
        while let Some(row) = found.next()? {
            records.push(self.record(row)?);
        }
        Ok(records)
    }

    /// Those that people named. Of single messages, of which there may be very many, one is read for each beginning of their names.
    fn named_by_people(
        &self,
        is_asked: impl Fn(CampaignState) -> bool,
    ) -> Result<Vec<CampaignRecord>> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{RECORD} WHERE name >= ? ORDER BY name"))?;
        let (mut records, mut from) = (Vec::new(), String::new());
        loop {
            let mut found = statement.query([&from])?;
            let mut beginning = None;
            while let Some(row) = found.next()? {
                let name: String = row.get(7)?;
                if let Some((it, _)) = name.split_once(':') {
                    beginning = Some(it.to_owned());
                    break;
                }
                if is_asked(rows::campaign_state(row.get(3)?)?) {
                    records.push(self.record(row)?);
                }
            }
            match beginning {
                // The semicolon follows the colon.
                Some(it) => from = it + ";",
                None => return Ok(records),
            }
        }
    }

    /// In one statement, which sees one moment. What is to be sent stands first in the index, so that one of it is found at once; otherwise those are
    /// gone through that were sent within the time for acks.
    pub(super) fn singles_left(&self) -> Result<SinglesLeft> {
        let is_live_single = format!("campaign.state IN ({}) AND instr(name, ':') > 0", live());
        let sql = format!(
            "SELECT EXISTS (
                 SELECT 1 FROM campaign CROSS JOIN campaign_count AS counted ON counted.campaign = campaign.id
                 WHERE {is_live_single} AND counted.state IN (?1, ?2) AND n > 0
             ) OR EXISTS (
                 SELECT 1 FROM doubt CROSS JOIN campaign ON campaign.id = doubt.delivery >> 32
                     CROSS JOIN campaign_count AS counted ON counted.campaign = campaign.id
                 WHERE next_look IS NOT NULL AND {is_live_single} AND counted.state = ?3 AND n > 0
             ), EXISTS (
                 SELECT 1 FROM campaign CROSS JOIN campaign_count AS counted ON counted.campaign = campaign.id
                 WHERE campaign.state = ?4 AND instr(name, ':') > 0 AND counted.state = ?5 AND n > 0
             )"
        );
        let states = params![
            State::Scheduled as u8,
            State::Sending as u8,
            State::Unconfirmed as u8,
            CampaignState::Completed as u8,
            State::Accepted as u8,
        ];
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row(states, |row| {
            Ok(SinglesLeft {
                is_some: row.get(0)?,
                awaits_acks: row.get(1)?,
            })
        })?)
    }

    pub(super) fn earlier_messages(&self, campaign: CampaignId) -> Result<Vec<EarlierMessage>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message, replaced_at, past FROM earlier_message WHERE campaign = ? ORDER BY version",
        )?;
        let mut found = statement.query([campaign.number()])?;
        let mut earlier = Vec::new();
        while let Some(row) = found.next()? {
            let past: i64 = row.get(2)?;
            earlier.push(EarlierMessage {
                message: serde_json::from_str(&row.get::<_, String>(0)?)?,
                replaced_at: rows::moment(row.get(1)?)?,
                past: past.cast_unsigned(),
            });
        }
        Ok(earlier)
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
            state: rows::campaign_state(row.get(3)?)?,
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
                &*definition.sessions.first().0,
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

/// The states of live campaigns, as a list in SQL.
fn live() -> String {
    let live = CampaignState::ALL.into_iter().filter(|it| it.is_live());
    let live: Vec<String> = live.map(|state| (state as u8).to_string()).collect();
    live.join(", ")
}

/// Gives a campaign another message, and keeps the one it had.
pub(super) fn edit(
    connection: &Connection,
    campaign: CampaignId,
    message: &MessageTemplate,
    at: Timestamp,
) -> Result<()> {
    let definition: String = connection
        .prepare_cached("SELECT definition FROM campaign WHERE id = ?")?
        .query_row([campaign.number()], |row| row.get(0))?;
    let mut definition: Definition = serde_json::from_str(&definition)?;
    let earlier = std::mem::replace(&mut definition.message, message.clone());
    connection
        .prepare_cached(
            "INSERT INTO earlier_message (campaign, version, message, replaced_at, past)
             VALUES (?1, 1 + (SELECT count(*) FROM earlier_message WHERE campaign = ?1), ?2, ?3,
                     (SELECT coalesce(sum(n), 0) FROM campaign_count WHERE campaign = ?1 AND state <> ?4))",
        )?
        .execute(params![
            campaign.number(),
            serde_json::to_string(&earlier)?,
            rows::micros(at),
            State::Scheduled as u8
        ])?;
    connection
        .prepare_cached("UPDATE campaign SET definition = ?, kind = ? WHERE id = ?")?
        .execute(params![
            serde_json::to_string(&definition)?,
            message.kind() as u8,
            campaign.number()
        ])?;
    Ok(())
}

/// Somebody of a campaign is left to be sent to.
pub(super) fn has_more(connection: &Connection, campaign: CampaignId) -> Result<bool> {
    let scheduled: Option<i64> = connection
        .prepare_cached("SELECT sum(n) FROM campaign_count WHERE campaign = ? AND state = ?")?
        .query_row(params![campaign.number(), State::Scheduled as u8], |row| {
            row.get(0)
        })?;
    Ok(scheduled > Some(0))
}

/// Where a campaign stands, as what became of its people says.
pub(super) fn stand(
    connection: &Connection,
    campaign: CampaignId,
    to: CampaignState,
) -> Result<()> {
    connection
        .prepare_cached("UPDATE campaign SET state = ? WHERE id = ?")?
        .execute(params![to as u8, campaign.number()])?;
    Ok(())
}

/// Gives a campaign another share of its accounts; tells whether there is such a campaign.
pub(super) fn set_share(
    connection: &Connection,
    campaign: CampaignId,
    share: Share,
) -> Result<bool> {
    let definition: Option<String> = connection
        .prepare_cached("SELECT definition FROM campaign WHERE id = ?")?
        .query_row([campaign.number()], |row| row.get(0))
        .optional()?;
    let Some(definition) = definition else {
        return Ok(false);
    };
    let mut definition: Definition = serde_json::from_str(&definition)?;
    definition.set_share(share);
    connection
        .prepare_cached("UPDATE campaign SET definition = ? WHERE id = ?")?
        .execute(params![
            serde_json::to_string(&definition)?,
            campaign.number()
        ])?;
    Ok(true)
}

/// How people come in.
#[derive(Debug, Clone, Copy)]
enum Door {
    /// With the list that makes the audience.
    Import,
    /// Later, at this moment, by an explicit act.
    Addition(i64),
}

impl Door {
    fn admits(self, state: CampaignState) -> Result<()> {
        let why = match self {
            Door::Import if state != CampaignState::Importing => {
                format!("the audience of a campaign that is {state} is complete")
            }
            Door::Addition(_) if !state.may_be_changed() => {
                format!("nobody can be added to a campaign that is {state}")
            }
            _ => return Ok(()),
        };
        Err(StoreError::Refused(why).into())
    }
}

/// A page of an audience on its way in.
struct Page<'a> {
    connection: &'a Connection,
    campaign: CampaignId,
    next: u32,
    at: i64,
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
        at: i64,
        known: Recipients,
    ) -> Result<Self> {
        let connection = &database.connection;
        Ok(Self {
            connection,
            campaign,
            next,
            at,
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
            self.at
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
