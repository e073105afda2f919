//! Makes the changes of a batch, in one transaction that is durable when it returns.

use std::collections::HashMap;
use std::rc::Rc;

use campaign_core::campaign::CampaignState;
use campaign_core::consent::Rules;
use campaign_core::delivery::{CampaignId, DeliveryId, Happening, Reason, State, apply};
use campaign_core::gateway::Account;
use campaign_core::message::MessageTemplate;
use campaign_core::store::{
    Batch, Change, Doubtful, Effect, Epoch, Happened, Journal, LaneId, LaneNote, Lost, Sweep,
};
use rusqlite::{OptionalExtension, params};

use super::Database;
use super::campaigns;
use super::consent;
use super::fault::{Fault, Result};
use super::known;
use super::lock::Seen;
use super::moves::{Moves, Row};
use super::people;
use super::recipients::Recipients;
use super::rows::{self, SUPERSEDED};
use super::shared_limits;
use super::take_over;

/// A batch waits for other processes' writes this often, some seconds each, before it is given back.
const BUSY_TRIES_MAX: u32 = 6;

impl Database {
    /// Makes all changes, or none.
    pub(super) fn commit(&mut self, batch: &Batch) -> Result<Vec<Effect>> {
        self.begin()?;
        let made = self.make(batch);
        let (effects, number) = match made {
            Ok(made) => made,
            Err(fault) => {
                self.roll_back();
                return Err(fault);
            }
        };
        if let Err(error) = self.connection.execute_batch("COMMIT") {
            self.settle_commit(number, error)?;
        }
        let journals = batch
            .changes
            .iter()
            .any(|change| matches!(change, Change::Journal(_)));
        if journals {
            // Nothing is sent before this is written: an older copy of the database stays recognisable.
            self.see(number)
                .map_err(|fault| fault.in_doubt_at(&self.path))?;
        }
        if batch
            .changes
            .iter()
            .any(|change| matches!(change, Change::Answer { .. }))
        {
            self.commands.forget();
        }
        Ok(effects)
    }

    fn see(&mut self, number: u64) -> Result<()> {
        match &mut self.seen {
            Some(seen) => seen.write(number),
            None => {
                let database =
                    self.connection
                        .query_row("SELECT database_id FROM meta", [], |row| row.get(0))?;
                self.seen = Some(Seen::open(&self.path, database, number)?);
                Ok(())
            }
        }
    }

    /// Begins to change the database, unless it was moved elsewhere.
    pub(super) fn begin(&self) -> Result<()> {
        self.keep_others_from_writing()?;
        let refused = self.refuse_if_moved();
        if refused.is_err() {
            self.roll_back();
        }
        refused
    }

    pub(super) fn keep_others_from_writing(&self) -> Result<()> {
        let mut tries = 1;
        loop {
            match self
                .connection
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(Fault::from)
            {
                Err(fault) if fault.is_busy() && tries < BUSY_TRIES_MAX => tries += 1,
                other => return other,
            }
        }
    }

    pub(super) fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            // A transaction that cannot even be rolled back ends with its connection; nothing of it is durable.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    /// A COMMIT that failed: what it left behind tells whether it took place.
    fn settle_commit(&self, number: u64, error: rusqlite::Error) -> Result<()> {
        if !self.connection.is_autocommit() && self.connection.execute_batch("ROLLBACK").is_ok() {
            return Err(error.into());
        }
        match self.batches() {
            Ok(found) if found >= number => Ok(()),
            Ok(_) => Err(error.into()),
            Err(_) => Err(Fault::from(error).in_doubt_at(&self.path).into()),
        }
    }

    pub(super) fn id(&self) -> Result<[u8; 16]> {
        Ok(self
            .connection
            .query_row("SELECT database_id FROM meta", [], |row| row.get(0))?)
    }

    pub(super) fn batches(&self) -> Result<u64> {
        let batches: i64 = self
            .connection
            .prepare_cached("SELECT batches FROM meta")?
            .query_row([], |row| row.get(0))?;
        u64::try_from(batches).map_err(Fault::unreadable)
    }

    fn make(&mut self, batch: &Batch) -> Result<(Vec<Effect>, u64)> {
        let mut sweeps = std::mem::take(&mut self.sweeps);
        let mut making = Making {
            moves: Moves::new(&self.connection, batch.at),
            lanes: HashMap::new(),
            newest: HashMap::new(),
            campaigns: HashMap::new(),
            rules: None,
            imports: &self.imports,
            recipients: &mut self.recipients,
            sweeps: &mut sweeps,
        };
        let effects = batch
            .changes
            .iter()
            .map(|change| making.change(change))
            .collect::<Result<Vec<Effect>>>()?;
        making.forget_sweeps_past_failures();
        making.moves.write_counts()?;
        making.write_newest()?;
        self.sweeps = sweeps;
        let (elapsed, wall, boot) = rows::columns(batch.at);
        let number: i64 = self
            .connection
            .prepare_cached(
                "UPDATE meta SET batches = batches + 1, last_elapsed = ?, last_wall = ?, last_boot = ? RETURNING batches",
            )?
            .query_row([elapsed, wall, boot], |row| row.get(0))?;
        Ok((effects, u64::try_from(number).map_err(Fault::unreadable)?))
    }
}

/// Where sweeps of failed deliveries go on, so that a sweep in many batches reads each delivery once.
pub(super) type Sweeps = HashMap<(CampaignId, Option<Reason>), i64>;

/// One batch in the making.
struct Making<'a> {
    moves: Moves<'a>,
    lanes: HashMap<LaneId, Option<Lane>>,
    /// The newest attempts of this batch, by slot.
    newest: HashMap<LaneId, [Option<i64>; 2]>,
    campaigns: HashMap<CampaignId, Option<CampaignState>>,
    rules: Option<Rc<Rules>>,
    imports: &'a HashMap<CampaignId, i64>,
    recipients: &'a mut HashMap<CampaignId, Recipients>,
    sweeps: &'a mut Sweeps,
}

/// A lane, as far as attempts depend on it.
#[derive(Debug, Clone, Copy)]
struct Lane {
    epoch: Epoch,
    account: i64,
    /// Somebody whom the account knows by a LID alone has opted out.
    has_hidden_opt_out: bool,
}

impl Making<'_> {
    fn change(&mut self, change: &Change) -> Result<Effect> {
        match change {
            Change::Journal(journal) => self.journal(journal),
            Change::Happened(happened) => self.moves.happened(happened),
            Change::Looked {
                delivery,
                next,
                missing,
            } => self.looked(*delivery, next.map(rows::micros), missing),
            Change::Campaign { campaign, from, to } => self.campaign(*campaign, *from, *to),
            Change::Lane(note) => self.note(note),
            Change::Sweep {
                campaign,
                what,
                deliveries_max,
            } => self.sweep(*campaign, *what, *deliveries_max),
            Change::LookNow { campaign } => self.look_now(*campaign),
            Change::Limits { account, limits } => {
                let connection = self.moves.connection;
                let values = params![rows::digits(account.0), serde_json::to_string(limits)?];
                let changed = connection
                    .prepare_cached("UPDATE lane SET limits = ?2 WHERE account = ?1")?
                    .execute(values)?;
                if changed == 0 {
                    connection
                        .prepare_cached(
                            "INSERT OR REPLACE INTO early_limits (account, limits) VALUES (?1, ?2)",
                        )?
                        .execute(values)?;
                }
                Ok(Effect::Done)
            }
            Change::SharedLimits { scope, limits } => {
                shared_limits::set(self.moves.connection, scope, limits.as_ref())?;
                Ok(Effect::Done)
            }
            Change::SharedPast { scope, past } => {
                shared_limits::keep_past(self.moves.connection, scope, past)?;
                Ok(Effect::Done)
            }
            Change::NewGeneration { delivery } => self.new_generation(*delivery),
            Change::Message { campaign, message } => self.edit(*campaign, message),
            Change::Share { campaign, share } => {
                let is_there = campaigns::set_share(self.moves.connection, *campaign, *share)?;
                Ok(done_or_not_found(usize::from(is_there)))
            }
            Change::Presence {
                phone,
                is_on_whatsapp,
            } => {
                let at = self.moves.at.wall;
                people::keep_presence(self.moves.connection, *phone, *is_on_whatsapp, at)?;
                Ok(Effect::Done)
            }
            Change::Reply(reply) => {
                self.lanes.clear();
                people::keep_reply(self.moves.connection, reply, self.moves.at.wall)
            }
            Change::HiddenReply(reply) => {
                self.lanes.clear();
                consent::keep_hidden(self.moves.connection, reply, self.moves.at.wall)
            }
            Change::Lid { lid, phone } => {
                self.lanes.clear();
                consent::learn_lid(self.moves.connection, *lid, *phone, self.moves.at.wall)
            }
            Change::Dismiss { lid } => {
                self.lanes.clear();
                consent::dismiss(self.moves.connection, *lid)?;
                Ok(Effect::Done)
            }
            Change::Confirmed { phone } => {
                consent::confirmed(self.moves.connection, *phone)?;
                Ok(Effect::Done)
            }
            Change::ByHand(sent) => {
                let counted =
                    people::keep_by_hand(self.moves.connection, sent, self.moves.at.wall)?;
                Ok(counted.map_or(Effect::Done, Effect::Counted))
            }
            Change::CutWaits => {
                take_over::cut_waits(self.moves.connection, self.moves.at.wall)?;
                Ok(Effect::Done)
            }
            Change::Answer { command, answer } => {
                let changed = self
                    .moves
                    .connection
                    .prepare_cached("UPDATE command SET answer = ? WHERE id = ?")?
                    .execute(params![
                        serde_json::to_string(answer)?,
                        command.0.cast_signed()
                    ])?;
                Ok(done_or_not_found(changed))
            }
        }
    }

    /// Everything that must hold at send time, in the transaction that puts the attempt on record.
    fn journal(&mut self, journal: &Journal) -> Result<Effect> {
        let lost = |why| Ok(Effect::Lost(why));
        let lane = match self.lane(journal.lane)? {
            None => return lost(Lost::NotFound),
            Some(lane) if lane.epoch != journal.epoch => return lost(Lost::NotOwner),
            Some(lane) => lane,
        };
        match self.campaign_state(journal.delivery.campaign())? {
            None => return lost(Lost::NotFound),
            Some(CampaignState::Running) => {}
            Some(other) => return lost(Lost::Campaign(other)),
        }
        let Some(row) = self.moves.find(journal.delivery)? else {
            return lost(Lost::NotFound);
        };
        let Ok(sending) = apply(row.standing, Happening::Journalled) else {
            return lost(Lost::Delivery(row.standing));
        };
        let connection = self.moves.connection;
        let now = self.moves.at.wall;
        let rules = self.rules()?;
        let hidden = lane.has_hidden_opt_out;
        let facts = match consent::judge(connection, journal, row.phone, hidden, &rules, now)? {
            Ok(facts) => facts,
            Err(barred) => return lost(barred.into()),
        };
        if let Some(since) = journal.if_heard_since {
            let is_heard: bool = connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM heard WHERE account = ? AND phone = ? AND heard_at >= ?)",
                )?
                .query_row([lane.account, row.phone, rows::micros(since)], |row| {
                    row.get(0)
                })?;
            if !is_heard {
                return lost(Lost::NotHeard);
            }
        }
        if let Some(known) = facts.known
            && !journal.unless_known_to.is_empty()
        {
            let known = Account(rows::phone(known)?);
            if journal.unless_known_to.contains(&known) {
                return lost(Lost::KnownTo(known));
            }
        }
        let id = rows::number(row.id);
        let opened = connection
            .prepare_cached(
                "INSERT INTO open_chat (lane, phone, delivery) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            )?
            .execute(params![journal.lane.0, row.phone, id])?;
        if opened == 0 {
            let open = connection
                .prepare_cached("SELECT delivery FROM open_chat WHERE lane = ? AND phone = ?")?
                .query_row(params![journal.lane.0, row.phone], |row| row.get(0))?;
            return lost(Lost::ChatBusy(rows::delivery(open)?));
        }
        let (elapsed, wall, boot) = rows::columns(self.moves.at);
        connection
            .prepare_cached(
                "INSERT INTO attempt (delivery, previous, lane, epoch, slot, kind, text_hash,
                                      started_elapsed, started_wall, started_boot)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                row.attempt,
                journal.lane.0,
                journal.epoch.0,
                journal.slot as u8,
                journal.kind as u8,
                journal.text_hash.cast_signed(),
                elapsed,
                wall,
                boot,
            ])?;
        let attempt = connection.last_insert_rowid();
        consent::charge(connection, journal, row.phone, &facts, &rules, now)?;
        known::written(connection, row.phone, lane.account, id, rows::micros(now))?;
        self.newest.entry(journal.lane).or_default()[journal.slot as usize] = Some(attempt);
        let from = row.standing;
        let row = Row {
            attempt: Some(attempt),
            ..row
        };
        self.moves.put(&row, sending, None, None)?;
        Ok(Effect::Moved { from, to: sending })
    }

    /// As they are in this transaction.
    fn rules(&mut self) -> Result<Rc<Rules>> {
        if let Some(rules) = &self.rules {
            return Ok(Rc::clone(rules));
        }
        let rules = Rc::new(consent::rules(self.moves.connection)?);
        Ok(Rc::clone(self.rules.insert(rules)))
    }

    fn write_newest(&self) -> Result<()> {
        for (lane, [cold, reply]) in &self.newest {
            self.moves
                .connection
                .prepare_cached(
                    "UPDATE lane SET newest_cold = coalesce(?, newest_cold), newest_reply = coalesce(?, newest_reply) WHERE id = ?",
                )?
                .execute(params![cold, reply, lane.0])?;
        }
        Ok(())
    }

    fn looked(&self, delivery: DeliveryId, next: Option<i64>, missing: &str) -> Result<Effect> {
        let changed = self
            .moves
            .connection
            .prepare_cached(
                "UPDATE doubt SET looks = iif(looks < ?, looks + 1, ?), next_look = ?, missing = ? WHERE delivery = ?",
            )?
            .execute(params![
                u8::MAX,
                Doubtful::LOOKS_GO_ON_FROM,
                next,
                missing,
                rows::number(delivery)
            ])?;
        if changed > 0 {
            return Ok(Effect::Done);
        }
        Ok(match self.moves.find(delivery)? {
            Some(row) => Effect::Lost(Lost::Delivery(row.standing)),
            None => Effect::Lost(Lost::NotFound),
        })
    }

    fn campaign(
        &mut self,
        campaign: CampaignId,
        from: CampaignState,
        to: CampaignState,
    ) -> Result<Effect> {
        let Some(state) = self.campaign_state(campaign)? else {
            return Ok(Effect::Lost(Lost::NotFound));
        };
        if state != from || !from.may_become(to) {
            return Ok(Effect::Lost(Lost::Campaign(state)));
        }
        if to == CampaignState::Settled {
            // What this batch has moved so far counts too.
            self.moves.write_counts()?;
            if campaigns::has_more(self.moves.connection, campaign)? {
                return Ok(Effect::Lost(Lost::Campaign(state)));
            }
        }
        let connection = self.moves.connection;
        if let Some(import) = self
            .imports
            .get(&campaign)
            .filter(|_| to == CampaignState::Frozen)
        {
            let current: i64 = connection
                .prepare_cached("SELECT import FROM campaign WHERE id = ?")?
                .query_row([campaign.number()], |row| row.get(0))?;
            if current != *import {
                return Ok(Effect::Lost(Lost::Campaign(state)));
            }
        }
        if from == CampaignState::Importing {
            let as_of: (i64, u32) = connection
                .prepare_cached("SELECT import, next_ordinal FROM campaign WHERE id = ?")?
                .query_row([campaign.number()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            // Taken out: when this batch fails, those that were written have to wait again.
            let known = self.recipients.remove(&campaign);
            let mut known = match known.filter(|known| known.are_as_of(as_of)) {
                Some(known) => known,
                None => Recipients::load(connection, campaign, as_of)?,
            };
            known.write(connection)?;
        }
        let moved = connection
            .prepare_cached(
                "UPDATE campaign SET state = ? WHERE id = ? AND state = ? AND pruned_at IS NULL",
            )?
            .execute(params![to as u8, campaign.number(), from as u8])?;
        if moved == 0 {
            // Its people are gone: there is nothing that could go on.
            return Ok(Effect::Lost(Lost::Campaign(state)));
        }
        self.campaigns.insert(campaign, Some(to));
        Ok(Effect::Done)
    }

    fn edit(&mut self, campaign: CampaignId, message: &MessageTemplate) -> Result<Effect> {
        match self.campaign_state(campaign)? {
            None => return Ok(Effect::Lost(Lost::NotFound)),
            Some(state) if !state.may_be_changed() => {
                return Ok(Effect::Lost(Lost::Campaign(state)));
            }
            Some(_) => {}
        }
        // What this batch has moved so far counts too.
        self.moves.write_counts()?;
        campaigns::edit(self.moves.connection, campaign, message, self.moves.at.wall)?;
        Ok(Effect::Done)
    }

    fn note(&mut self, note: &LaneNote) -> Result<Effect> {
        match self.lane(note.lane)? {
            None => return Ok(Effect::Lost(Lost::NotFound)),
            Some(lane) if lane.epoch != note.epoch => return Ok(Effect::Lost(Lost::NotOwner)),
            Some(_) => {}
        }
        // Notes come last in a batch: the row is written once.
        let [cold, reply] = self.newest.remove(&note.lane).unwrap_or_default();
        let (hold, until, told) = rows::hold_columns(note.hold)?;
        let (cold_hold, cold_until, cold_told) = rows::hold_columns(note.cold_hold)?;
        self.moves
            .connection
            .prepare_cached(
                "UPDATE lane SET day = ?, day_sends = ?, day_cold = ?, warmth = ?, hold = ?, hold_until = ?, hold_told = ?,
                                 cold_hold = ?, cold_hold_until = ?, cold_hold_told = ?, trusted = ?, store_on = ?, health = ?,
                                 newest_cold = coalesce(?, newest_cold), newest_reply = coalesce(?, newest_reply)
                 WHERE id = ? AND epoch = ?",
            )?
            .execute(params![
                note.day.map(|day| day.date.to_string()),
                note.day.map_or(0, |day| day.sends),
                note.day.map_or(0, |day| day.cold),
                serde_json::to_string(&note.warmth)?,
                hold,
                until,
                told,
                cold_hold,
                cold_until,
                cold_told,
                serde_json::to_string(&note.trusted)?,
                note.store_on
                    .as_ref()
                    .map(serde_json::to_string)
                    .transpose()?,
                serde_json::to_string(&note.health)?,
                cold,
                reply,
                note.lane.0,
                note.epoch.0
            ])?;
        Ok(Effect::Done)
    }

    fn new_generation(&mut self, delivery: DeliveryId) -> Result<Effect> {
        let state = self.campaign_state(delivery.campaign())?;
        let is_cancelled = state == Some(CampaignState::Cancelled);
        let effect = self.moves.new_generation(delivery, is_cancelled)?;
        if matches!(effect, Effect::Created(_)) {
            self.renewed(delivery.campaign())?;
        }
        Ok(effect)
    }

    /// Some of its people got another generation.
    fn renewed(&mut self, campaign: CampaignId) -> Result<()> {
        let Some(state) = self.campaign_state(campaign)? else {
            return Ok(());
        };
        let to = state.once_renewed();
        if to != state {
            campaigns::stand(self.moves.connection, campaign, to)?;
            self.campaigns.insert(campaign, Some(to));
        }
        Ok(())
    }

    fn sweep(&mut self, campaign: CampaignId, what: Sweep, max: u32) -> Result<Effect> {
        let Some(state) = self.campaign_state(campaign)? else {
            return Ok(Effect::Lost(Lost::NotFound));
        };
        let happening = match what {
            Sweep::Cancel => Happening::Cancelled,
            Sweep::Expire => Happening::Skipped(Reason::Expired),
            // What was called off stays so.
            Sweep::Retry(_) if state == CampaignState::Cancelled => {
                return Ok(Effect::Lost(Lost::Campaign(state)));
            }
            Sweep::Retry(reason) => return self.sweep_failed(campaign, reason, max),
        };
        let (first, last) = rows::range(campaign);
        let scheduled = self.numbers(
            "SELECT delivery FROM ready WHERE delivery BETWEEN ? AND ? ORDER BY delivery LIMIT ?",
            [first, last, i64::from(max)],
        )?;
        for delivery in &scheduled {
            self.moves.happened(&Happened {
                delivery: rows::delivery(*delivery)?,
                happening,
                ends_attempt: false,
                next: None,
                foreign_id: None,
                message: None,
            })?;
        }
        Ok(swept(scheduled.len()))
    }

    /// Goes on behind the last one swept; what another process let fail before it is found by looking once more from the start
    /// before it says that there are no more.
    fn sweep_failed(
        &mut self,
        campaign: CampaignId,
        reason: Option<Reason>,
        max: u32,
    ) -> Result<Effect> {
        self.forget_sweeps_past_failures();
        let (first, last) = rows::range(campaign);
        let mut after = self.sweeps.remove(&(campaign, reason)).unwrap_or(first - 1);
        let mut count = 0;
        let mut is_again = after < first;
        loop {
            let left = i64::from(max) - count;
            let failed = self.failed(after, last, reason, left)?;
            for delivery in &failed {
                // One without another generation stays failed.
                let effect = self
                    .moves
                    .new_generation(rows::delivery(*delivery)?, false)?;
                count += i64::from(matches!(effect, Effect::Created(_)));
                after = *delivery;
            }
            let is_end = i64::try_from(failed.len()).unwrap_or(i64::MAX) < left;
            if count >= i64::from(max) {
                self.sweeps.insert((campaign, reason), after);
                break;
            }
            if is_end && is_again {
                break;
            }
            if is_end {
                is_again = true;
                after = first - 1;
            }
        }
        if count > 0 {
            self.renewed(campaign)?;
        }
        Ok(swept(usize::try_from(count).unwrap_or(usize::MAX)))
    }

    /// What failed behind a sweep's place is the next to be swept.
    fn forget_sweeps_past_failures(&mut self) {
        for failed in self.moves.failed.drain(..) {
            let before = rows::number(failed) - 1;
            for ((campaign, _), after) in self.sweeps.iter_mut() {
                if *campaign == failed.campaign() {
                    *after = before.min(*after);
                }
            }
        }
    }

    fn failed(&self, after: i64, last: i64, reason: Option<Reason>, max: i64) -> Result<Vec<i64>> {
        let mut statement = self.moves.connection.prepare_cached(
            "SELECT id FROM delivery
             WHERE id > ? AND id <= ? AND state = ? AND flags & ? = 0 AND (reason = ? OR (? = 0 AND reason <> ?))
             ORDER BY id LIMIT ?",
        )?;
        let wanted = rows::reason_number(reason);
        let found = statement.query_map(
            params![
                after,
                last,
                State::Failed as u8,
                SUPERSEDED,
                wanted,
                wanted,
                Reason::GivenUp as u8,
                max
            ],
            |row| row.get(0),
        )?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    fn look_now(&mut self, campaign: CampaignId) -> Result<Effect> {
        if self.campaign_state(campaign)?.is_none() {
            return Ok(Effect::Lost(Lost::NotFound));
        }
        let (first, last) = rows::range(campaign);
        self.moves
            .connection
            .prepare_cached(
                "UPDATE doubt SET next_look = ? WHERE delivery BETWEEN ? AND ?
                 AND EXISTS (SELECT 1 FROM delivery WHERE id = doubt.delivery AND state = ?)",
            )?
            .execute(params![
                rows::micros(self.moves.at.wall),
                first,
                last,
                State::Unconfirmed as u8
            ])?;
        Ok(Effect::Done)
    }

    fn numbers(&self, sql: &str, parameters: [i64; 3]) -> Result<Vec<i64>> {
        let mut statement = self.moves.connection.prepare_cached(sql)?;
        let found = statement.query_map(parameters, |row| row.get(0))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    fn lane(&mut self, id: LaneId) -> Result<Option<Lane>> {
        if let Some(lane) = self.lanes.get(&id) {
            return Ok(*lane);
        }
        let lane = self
            .moves
            .connection
            .prepare_cached(
                "SELECT epoch, account, EXISTS (SELECT 1 FROM hidden_opt_out h WHERE h.account = lane.account) FROM lane WHERE id = ?",
            )?
            .query_row([id.0], |row| {
                Ok(Lane {
                    epoch: Epoch(row.get(0)?),
                    account: row.get(1)?,
                    has_hidden_opt_out: row.get(2)?,
                })
            })
            .optional()?;
        self.lanes.insert(id, lane);
        Ok(lane)
    }

    fn campaign_state(&mut self, campaign: CampaignId) -> Result<Option<CampaignState>> {
        if let Some(state) = self.campaigns.get(&campaign) {
            return Ok(*state);
        }
        let number: Option<u8> = self
            .moves
            .connection
            .prepare_cached("SELECT state FROM campaign WHERE id = ?")?
            .query_row([campaign.number()], |row| row.get(0))
            .optional()?;
        let state = number.and_then(CampaignState::from_number);
        self.campaigns.insert(campaign, state);
        Ok(state)
    }
}

fn done_or_not_found(changed: usize) -> Effect {
    if changed == 0 {
        Effect::Lost(Lost::NotFound)
    } else {
        Effect::Done
    }
}

fn swept(count: usize) -> Effect {
    Effect::Swept(u32::try_from(count).unwrap_or(u32::MAX))
}
