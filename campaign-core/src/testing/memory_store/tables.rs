//! The tables of the store in memory, and what the changes of a batch do to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::campaign::{CampaignState, Definition};
use crate::clock::{Now, Stamp};
use crate::delivery::{CampaignId, DeliveryId, Happening, Illegal, Reason, Standing, State, apply};
use crate::failure::Trouble;
use crate::gateway::{Account, Session};
use crate::limits::LaneLimits;
use crate::message::MessageKind;
use crate::phone::PhoneNumber;
use crate::store::{
    Answer, Batch, Change, Command, CommandId, Counts, Effect, Epoch, Happened, Imported, Journal,
    LaneId, LaneNote, Lost, NewRecipient, StoreError, Suppression, Sweep, TakeOver, Trusted,
};

/// Due before anything else: at once.
pub(super) const AT_ONCE: Timestamp = Timestamp::MIN;
/// A wait that is longer than this at a take-over was written under a wrong clock.
const WAIT_MAX: Duration = Duration::from_secs(3_600);
/// There is one key in all stores in memory, so that runs repeat themselves.
const MESSAGE_KEY: [u8; 16] = *b"memory-store-key";

#[derive(Clone)]
pub(super) struct Tables {
    pub(super) is_restored: bool,
    /// The last moment that anything was written at.
    pub(super) latest: Option<Stamp>,
    pub(super) lanes: BTreeMap<LaneId, Lane>,
    pub(super) campaigns: BTreeMap<CampaignId, Campaign>,
    pub(super) names: BTreeMap<String, CampaignId>,
    pub(super) deliveries: BTreeMap<DeliveryId, Delivery>,
    pub(super) attempts: Vec<Attempt>,
    /// Scheduled ones and the moment before which they wait.
    pub(super) ready: BTreeMap<DeliveryId, Timestamp>,
    /// The same, of those that do wait, by moment.
    pub(super) waiting: BTreeSet<(CampaignId, Timestamp, DeliveryId)>,
    pub(super) doubts: BTreeMap<DeliveryId, Doubt>,
    pub(super) looks_due: BTreeSet<(Timestamp, DeliveryId)>,
    /// Open attempts; a chat has one at most.
    pub(super) chats: BTreeMap<(LaneId, PhoneNumber), DeliveryId>,
    /// Accepted ones whose attempt has ended and was not considered for want of an ack, by that end.
    pub(super) unheard: BTreeSet<(Timestamp, DeliveryId)>,
    /// Failed ones that count.
    pub(super) failed: BTreeSet<DeliveryId>,
    /// What a look-up must be able to find, by the time of its attempt.
    pub(super) controls: BTreeSet<(LaneId, Timestamp, DeliveryId)>,
    pub(super) foreign: BTreeMap<Box<str>, DeliveryId>,
    pub(super) suppressed: BTreeMap<PhoneNumber, Suppression>,
    pub(super) commands: BTreeMap<CommandId, (Command, Option<Answer>)>,
}

#[derive(Clone)]
pub(super) struct Lane {
    pub(super) account: Account,
    pub(super) session: Session,
    pub(super) epoch: Epoch,
    pub(super) limits: LaneLimits,
    pub(super) attempts: Vec<usize>,
    pub(super) day: Option<(Date, u32)>,
    pub(super) hold: Option<(Trouble, Timestamp)>,
    pub(super) trusted: Trusted,
}

#[derive(Clone)]
pub(super) struct Campaign {
    pub(super) definition: Arc<Definition>,
    pub(super) columns: Arc<[Box<str>]>,
    pub(super) state: CampaignState,
    pub(super) created_at: Timestamp,
    pub(super) rejected: u64,
    pub(super) counts: Counts,
    /// By ordinal.
    pub(super) recipients: Vec<Recipient>,
    rows: BTreeMap<(PhoneNumber, Option<Box<str>>), u64>,
}

#[derive(Clone)]
pub(super) struct Recipient {
    pub(super) row: u64,
    pub(super) phone: PhoneNumber,
    pub(super) key: Option<Box<str>>,
    pub(super) values: Arc<[Box<str>]>,
    /// The generation that counts and is reported.
    pub(super) current: DeliveryId,
    newest: DeliveryId,
}

#[derive(Clone)]
pub(super) struct Delivery {
    pub(super) standing: Standing,
    pub(super) changed_at: Timestamp,
    pub(super) message: Option<Box<str>>,
    pub(super) attempt: Option<usize>,
    pub(super) foreign_id: Option<Box<str>>,
    /// Between these moments the database that this one is a copy of may have sent it.
    pub(super) lost_time: Option<(Stamp, Stamp)>,
}

#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) lane: LaneId,
    pub(super) kind: MessageKind,
    pub(super) text_hash: u64,
    pub(super) started: Stamp,
    pub(super) ended: Option<Stamp>,
    /// When somebody else became the runner while it was open.
    pub(super) taken_over: Option<Stamp>,
    /// Proved not handed over: no limit is charged.
    pub(super) is_void: bool,
    is_considered: bool,
}

impl Attempt {
    /// No request of it is written after this.
    pub(super) fn over(&self) -> Option<Stamp> {
        self.ended.or(self.taken_over)
    }
}

#[derive(Clone)]
pub(super) struct Doubt {
    pub(super) due: Option<Timestamp>,
    pub(super) looks: u8,
}

impl Tables {
    pub(super) fn new() -> Self {
        Self {
            is_restored: false,
            latest: None,
            lanes: BTreeMap::new(),
            campaigns: BTreeMap::new(),
            names: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            attempts: Vec::new(),
            ready: BTreeMap::new(),
            waiting: BTreeSet::new(),
            doubts: BTreeMap::new(),
            looks_due: BTreeSet::new(),
            chats: BTreeMap::new(),
            unheard: BTreeSet::new(),
            failed: BTreeSet::new(),
            controls: BTreeSet::new(),
            foreign: BTreeMap::new(),
            suppressed: BTreeMap::new(),
            commands: BTreeMap::new(),
        }
    }

    pub(super) fn take_over(&mut self, now: Stamp) -> TakeOver {
        for lane in self.lanes.values_mut() {
            lane.epoch.0 += 1;
        }
        let is_restored = std::mem::take(&mut self.is_restored);
        for attempt in &mut self.attempts {
            if attempt.over().is_none() {
                attempt.taken_over = Some(now);
            }
        }
        let orphans: Vec<DeliveryId> = self
            .chats
            .values()
            .filter(|id| self.state_of(**id) == Some(State::Sending))
            .copied()
            .collect();
        for id in &orphans {
            self.move_by(*id, Happening::OwnerDied, now);
        }
        let all: Vec<DeliveryId> = self.deliveries.keys().copied().collect();
        for id in all {
            if is_restored {
                self.move_by(id, Happening::Restored, now);
            }
            self.index_attempt(id);
        }
        self.cut_waits(now.wall);
        self.latest = Some(now);
        TakeOver {
            message_key: MESSAGE_KEY,
            orphaned: orphans.len() as u64,
            is_restored,
            at: now,
        }
    }

    fn cut_waits(&mut self, now: Timestamp) {
        let Ok(latest) = now.checked_add(WAIT_MAX) else {
            return;
        };
        let waits: Vec<_> = self.waiting.iter().copied().collect();
        for (_, _, id) in waits.into_iter().filter(|(_, due, _)| *due > latest) {
            self.no_longer_ready(id);
            self.make_ready(id, AT_ONCE);
        }
        let looks: Vec<_> = self.looks_due.iter().copied().collect();
        for (_, id) in looks.into_iter().filter(|(due, _)| *due > latest) {
            self.look_at(id, Some(AT_ONCE));
        }
    }

    pub(super) fn commit(&mut self, batch: &Batch) -> Vec<Effect> {
        self.latest = Some(batch.at);
        let changes = batch.changes.iter();
        changes
            .map(|change| self.change(change, batch.at).unwrap_or_else(Effect::Lost))
            .collect()
    }

    fn change(&mut self, change: &Change, at: Stamp) -> Result<Effect, Lost> {
        match change {
            Change::Journal(journal) => self.journal(journal, at),
            Change::Happened(happened) => self.happened(happened, at),
            Change::Looked {
                delivery,
                next,
                missing,
            } => self.looked(*delivery, *next, missing),
            Change::Campaign { campaign, from, to } => {
                let campaign = self.campaigns.get_mut(campaign).ok_or(Lost::NotFound)?;
                if campaign.state != *from || !from.may_become(*to) {
                    return Err(Lost::Campaign(campaign.state));
                }
                campaign.state = *to;
                Ok(Effect::Done)
            }
            Change::Lane(note) => self.note_lane(note),
            Change::Sweep {
                campaign,
                what,
                deliveries_max,
            } => self.sweep(*campaign, *what, *deliveries_max, at),
            Change::LookNow { campaign } => {
                self.campaigns.get(campaign).ok_or(Lost::NotFound)?;
                let unconfirmed: Vec<DeliveryId> = self
                    .doubts
                    .range(ids_of(*campaign))
                    .map(|(id, _)| *id)
                    .filter(|id| self.state_of(*id) == Some(State::Unconfirmed))
                    .collect();
                for id in unconfirmed {
                    self.look_at(id, Some(AT_ONCE));
                }
                Ok(Effect::Done)
            }
            Change::Limits { account, limits } => {
                let lane = self.lane_of(*account).ok_or(Lost::NotFound)?;
                if let Some(lane) = self.lanes.get_mut(&lane) {
                    lane.limits = limits.clone();
                }
                Ok(Effect::Done)
            }
            Change::NewGeneration { delivery } => {
                self.new_generation(*delivery, at).map(Effect::Created)
            }
            Change::Answer { command, answer } => {
                let (_, given) = self.commands.get_mut(command).ok_or(Lost::NotFound)?;
                *given = Some(answer.clone());
                Ok(Effect::Done)
            }
        }
    }

    fn journal(&mut self, journal: &Journal, at: Stamp) -> Result<Effect, Lost> {
        let id = journal.delivery;
        let lane = self.lanes.get_mut(&journal.lane).ok_or(Lost::NotFound)?;
        let campaign = self.campaigns.get(&id.campaign()).ok_or(Lost::NotFound)?;
        let delivery = self.deliveries.get_mut(&id).ok_or(Lost::NotFound)?;
        if lane.epoch != journal.epoch {
            return Err(Lost::NotOwner);
        }
        if campaign.state != CampaignState::Running {
            return Err(Lost::Campaign(campaign.state));
        }
        let from = delivery.standing;
        let to =
            apply(from, Happening::Journalled).map_err(|illegal| Lost::Delivery(illegal.from))?;
        if self.suppressed.contains_key(&journal.phone) {
            return Err(Lost::Suppressed);
        }
        let chat = (journal.lane, journal.phone);
        if self.chats.contains_key(&chat) {
            return Err(Lost::ChatBusy);
        }
        self.chats.insert(chat, id);
        let number = self.attempts.len();
        lane.attempts.push(number);
        delivery.attempt = Some(number);
        delivery.foreign_id = None;
        delivery.lost_time = None;
        self.attempts.push(Attempt {
            lane: journal.lane,
            kind: journal.kind,
            text_hash: journal.text_hash,
            started: at,
            ended: None,
            taken_over: None,
            is_void: false,
            is_considered: false,
        });
        self.stand(id, to, AT_ONCE, None, at.wall);
        Ok(Effect::Moved { from, to })
    }

    fn happened(&mut self, happened: &Happened, at: Stamp) -> Result<Effect, Lost> {
        let id = happened.delivery;
        let from = self.standing_of(id).ok_or(Lost::NotFound)?;
        let to = self
            .judge(id, from, happened.happening)
            .map_err(|illegal| Lost::Delivery(illegal.from))?;
        if let Some(delivery) = self.deliveries.get_mut(&id) {
            if let Some(foreign_id) = &happened.foreign_id {
                delivery.foreign_id = Some(foreign_id.clone());
                self.foreign.entry(foreign_id.clone()).or_insert(id);
            }
            if happened.happening == Happening::Restored {
                delivery.lost_time = self.latest.map(|latest| (latest, at));
            }
            if let Some(attempt) = delivery.attempt.and_then(|at| self.attempts.get_mut(at)) {
                // Evidence overtakes the answer, which may still come; whatever else ends `sending` ends the attempt.
                let is_over = from.state == State::Sending
                    && !matches!(happened.happening, Happening::Evidence(_))
                    && to.state != State::Sending;
                if happened.ends_attempt || is_over {
                    attempt.ended.get_or_insert(at);
                }
                attempt.is_void |= from.state == State::Sending
                    && matches!(
                        happened.happening,
                        Happening::NotHandedOver { .. } | Happening::Exhausted
                    );
            }
        }
        let due = happened.next.unwrap_or(AT_ONCE);
        self.stand(id, to, due, happened.message.clone(), at.wall);
        self.prefer_what_arrived(id, at.wall);
        let to = self.standing_of(id).unwrap_or(to);
        Ok(Effect::Moved { from, to })
    }

    /// Moves a delivery of the store's own accord, where the move is legal.
    fn move_by(&mut self, id: DeliveryId, happening: Happening, at: Stamp) {
        let Some(from) = self.standing_of(id) else {
            return;
        };
        let Ok(to) = apply(from, happening) else {
            return;
        };
        if happening == Happening::Restored
            && let Some(delivery) = self.deliveries.get_mut(&id)
        {
            delivery.lost_time = Some((self.latest.unwrap_or(at), at));
        }
        self.stand(id, to, AT_ONCE, None, at.wall);
    }

    /// A generation that another one has replaced is never scheduled again.
    fn judge(
        &self,
        id: DeliveryId,
        from: Standing,
        happening: Happening,
    ) -> Result<Standing, Illegal> {
        let to = apply(from, happening)?;
        if to.state == State::Scheduled && !self.is_current(id) {
            return apply(from, Happening::ProvedAbsentForGood(Reason::EarlierArrived));
        }
        Ok(to)
    }

    /// When one generation of a recipient has been handed over, a later one is not sent any more, and the report shows the one
    /// that was. What is under way has to end first.
    fn prefer_what_arrived(&mut self, id: DeliveryId, at: Timestamp) {
        let Some(recipient) = self.recipient(id) else {
            return;
        };
        let (current, newest) = (recipient.current, recipient.newest);
        let Some(standing) = self.standing_of(current) else {
            return;
        };
        if newest.generation() == 0 || standing.state.is_handed_over() || standing.state.is_open() {
            return;
        }
        let first = newest.number() - u64::from(newest.generation());
        let arrived = (first..=newest.number())
            .rev()
            .filter_map(DeliveryId::from_number)
            .find(|id| self.state_of(*id).is_some_and(State::is_handed_over));
        let Some(arrived) = arrived else { return };
        if standing.state == State::Scheduled {
            let cancelled = Standing {
                state: State::Cancelled,
                reason: Some(Reason::EarlierArrived),
                ..standing
            };
            self.stand(current, cancelled, AT_ONCE, None, at);
        }
        self.make_current(arrived);
    }

    fn new_generation(&mut self, id: DeliveryId, at: Stamp) -> Result<DeliveryId, Lost> {
        let standing = self.standing_of(id).ok_or(Lost::NotFound)?;
        if !matches!(standing.state, State::Failed | State::Unconfirmed) || !self.is_current(id) {
            return Err(Lost::Delivery(standing));
        }
        let recipient = self.recipient_mut(id).ok_or(Lost::NotFound)?;
        let next = recipient.newest.next_generation();
        let next = next.ok_or(Lost::NoGeneration)?;
        recipient.newest = next;
        // Who sends again does not wait for the doubt; its evidence still counts.
        self.free_chat(id);
        self.deliveries.insert(next, Delivery::new(at.wall));
        self.make_ready(next, AT_ONCE);
        self.make_current(next);
        Ok(next)
    }

    fn looked(
        &mut self,
        id: DeliveryId,
        next: Option<Timestamp>,
        missing: &str,
    ) -> Result<Effect, Lost> {
        let delivery = self.deliveries.get_mut(&id).ok_or(Lost::NotFound)?;
        let Some(doubt) = self.doubts.get_mut(&id) else {
            return Err(Lost::Delivery(delivery.standing));
        };
        doubt.looks = doubt.looks.saturating_add(1);
        delivery.message = Some(missing.into());
        self.look_at(id, next);
        Ok(Effect::Done)
    }

    fn note_lane(&mut self, note: &LaneNote) -> Result<Effect, Lost> {
        let lane = self.lanes.get_mut(&note.lane).ok_or(Lost::NotFound)?;
        if lane.epoch != note.epoch {
            return Err(Lost::NotOwner);
        }
        lane.day = note.day;
        lane.hold = note.hold;
        lane.trusted = note.trusted.clone();
        Ok(Effect::Done)
    }

    fn sweep(
        &mut self,
        campaign: CampaignId,
        what: Sweep,
        deliveries_max: u32,
        at: Stamp,
    ) -> Result<Effect, Lost> {
        self.campaigns.get(&campaign).ok_or(Lost::NotFound)?;
        let max = deliveries_max as usize;
        let happening = match what {
            Sweep::Cancel => Happening::Cancelled,
            Sweep::Expire => Happening::Skipped(Reason::Expired),
            Sweep::Retry(reason) => return Ok(self.retry(campaign, reason, max, at)),
        };
        let scheduled = self.ready.range(ids_of(campaign));
        let swept: Vec<DeliveryId> = scheduled.map(|(id, _)| *id).take(max).collect();
        for id in &swept {
            self.move_by(*id, happening, at);
        }
        Ok(swept_effect(swept.len()))
    }

    fn retry(
        &mut self,
        campaign: CampaignId,
        reason: Option<Reason>,
        max: usize,
        at: Stamp,
    ) -> Effect {
        let is_meant = |id: &&DeliveryId| {
            let failed_for = self.standing_of(**id).and_then(|standing| standing.reason);
            let has_room = self
                .recipient(**id)
                .is_some_and(|recipient| recipient.newest.next_generation().is_some());
            has_room
                && match reason {
                    Some(reason) => failed_for == Some(reason),
                    None => failed_for != Some(Reason::GivenUp),
                }
        };
        let failed = self.failed.range(ids_of(campaign)).filter(is_meant);
        let meant: Vec<DeliveryId> = failed.copied().take(max).collect();
        let renewed = meant
            .into_iter()
            .filter(|id| self.new_generation(*id, at).is_ok());
        swept_effect(renewed.count())
    }

    pub(super) fn mark_silent(&mut self, before: Timestamp, limit: u32) -> u32 {
        let silent: Vec<DeliveryId> = self
            .unheard
            .iter()
            .take_while(|(ended, _)| *ended < before)
            .take(limit as usize)
            .map(|(_, id)| *id)
            .collect();
        for id in &silent {
            let Some(delivery) = self.deliveries.get(id) else {
                continue;
            };
            let (from, changed_at) = (delivery.standing, delivery.changed_at);
            if let Some(attempt) = delivery.attempt.and_then(|at| self.attempts.get_mut(at)) {
                if let Some(ended) = attempt.over() {
                    self.unheard.remove(&(ended.wall, *id));
                }
                attempt.is_considered = true;
            }
            if let Ok(to) = apply(from, Happening::Silent) {
                self.stand(*id, to, AT_ONCE, None, changed_at);
            }
        }
        u32::try_from(silent.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn create(
        &mut self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId, StoreError> {
        let id = match self.names.get(&definition.name).copied() {
            Some(id) => {
                let state = self.campaigns.get(&id).map(|campaign| campaign.state);
                if let Some(state) = state.filter(|state| *state > CampaignState::Importing) {
                    return Err(StoreError::Refused(format!(
                        "campaign {:?} exists and is {state}: go on with it, or take another name",
                        definition.name
                    )));
                }
                self.empty(id);
                id
            }
            None => u32::try_from(self.campaigns.len() + 1)
                .ok()
                .and_then(CampaignId::new)
                .ok_or_else(|| StoreError::Refused("there are too many campaigns".into()))?,
        };
        self.names.insert(definition.name.clone(), id);
        let campaign = Campaign {
            definition: Arc::new(definition.clone()),
            columns: columns.into(),
            state: CampaignState::Importing,
            created_at: now.wall,
            rejected: 0,
            counts: Counts::default(),
            recipients: Vec::new(),
            rows: BTreeMap::new(),
        };
        self.campaigns.insert(id, campaign);
        Ok(id)
    }

    fn empty(&mut self, campaign: CampaignId) {
        let of_it = self.deliveries.range(ids_of(campaign));
        let ids: Vec<DeliveryId> = of_it.map(|(id, _)| *id).collect();
        for id in ids {
            self.no_longer_ready(id);
            self.no_longer_doubted(id);
            self.deliveries.remove(&id);
        }
    }

    pub(super) fn import(
        &mut self,
        id: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
    ) -> Result<Vec<Imported>, StoreError> {
        let campaign = self.campaigns.get_mut(&id);
        let campaign = campaign.ok_or_else(|| StoreError::NotFound {
            what: format!("campaign number {}", id.number()),
        })?;
        if campaign.state != CampaignState::Importing {
            return Err(StoreError::Refused(format!(
                "the audience of a campaign that is {} is complete",
                campaign.state
            )));
        }
        let ordinal_max = campaign.recipients.len() + recipients.len();
        if ordinal_max > DeliveryId::RECIPIENTS_MAX as usize {
            return Err(StoreError::Refused(format!(
                "a campaign has at most {} recipients",
                DeliveryId::RECIPIENTS_MAX
            )));
        }
        campaign.rejected += rejected;
        let at = campaign.created_at;
        Ok(recipients
            .into_iter()
            .filter_map(|recipient| self.import_one(id, recipient, at))
            .collect())
    }

    fn import_one(&mut self, id: CampaignId, new: NewRecipient, at: Timestamp) -> Option<Imported> {
        let campaign = self.campaigns.get_mut(&id)?;
        let identity = (new.phone, new.key.clone());
        if let Some(first_row) = campaign.rows.get(&identity) {
            let first_row = *first_row;
            return Some(Imported::Duplicate { first_row });
        }
        campaign.rows.insert(identity, new.row);
        let ordinal = u32::try_from(campaign.recipients.len()).ok()?;
        let delivery = DeliveryId::new(id, ordinal)?;
        campaign.recipients.push(Recipient {
            row: new.row,
            phone: new.phone,
            key: new.key,
            values: new.values.into(),
            current: delivery,
            newest: delivery,
        });
        count(&mut campaign.counts, Standing::NEW, 1);
        self.deliveries.insert(delivery, Delivery::new(at));
        self.make_ready(delivery, AT_ONCE);
        if let Some(reason) = new.skip
            && let Ok(skipped) = apply(Standing::NEW, Happening::Skipped(reason))
        {
            self.stand(delivery, skipped, AT_ONCE, None, at);
        }
        Some(Imported::Added(delivery))
    }

    /// Puts a delivery where it stands now, and keeps everything that depends on it in step.
    fn stand(
        &mut self,
        id: DeliveryId,
        to: Standing,
        due: Timestamp,
        message: Option<Box<str>>,
        at: Timestamp,
    ) {
        let counts_here = self.is_current(id);
        let Some(delivery) = self.deliveries.get_mut(&id) else {
            return;
        };
        let from = std::mem::replace(&mut delivery.standing, to);
        // What the server said about an earlier state would be wrong about this one.
        if message.is_some() || from.state != to.state {
            delivery.message = message;
        }
        if from != to {
            delivery.changed_at = at;
        }
        if counts_here && let Some(campaign) = self.campaigns.get_mut(&id.campaign()) {
            count(&mut campaign.counts, from, -1);
            count(&mut campaign.counts, to, 1);
        }
        if from.state == State::Scheduled && to.state != State::Scheduled {
            self.no_longer_ready(id);
        }
        if from.state != State::Scheduled && to.state == State::Scheduled {
            self.make_ready(id, due);
        }
        if from.state.is_open() && !to.state.is_open() {
            self.free_chat(id);
        }
        let is_anew = from.reason != to.reason && to.reason == Some(Reason::Restored);
        if is_doubtful(to) && (!is_doubtful(from) || is_anew) {
            self.no_longer_doubted(id);
            self.doubts.insert(
                id,
                Doubt {
                    due: None,
                    looks: 0,
                },
            );
            self.look_at(id, Some(due));
        } else if !is_doubtful(to) {
            self.no_longer_doubted(id);
        }
        if counts_here && to.state == State::Failed {
            self.failed.insert(id);
        } else {
            self.failed.remove(&id);
        }
        self.index_attempt(id);
    }

    /// Whether its attempt can serve as a control, and is to be considered for want of an ack.
    fn index_attempt(&mut self, id: DeliveryId) {
        let Some(delivery) = self.deliveries.get(&id) else {
            return;
        };
        let Some(attempt) = delivery.attempt.and_then(|at| self.attempts.get(at)) else {
            return;
        };
        let standing = delivery.standing;
        let control = (attempt.lane, attempt.started.wall, id);
        // The operator's word does not put a message where a look-up can find it.
        if standing.state.is_handed_over() && standing.reason != Some(Reason::ByOperator) {
            self.controls.insert(control);
        } else {
            self.controls.remove(&control);
        }
        if let Some(ended) = attempt.over() {
            if standing.state == State::Accepted && !attempt.is_considered {
                self.unheard.insert((ended.wall, id));
            } else {
                self.unheard.remove(&(ended.wall, id));
            }
        }
    }

    fn make_current(&mut self, id: DeliveryId) {
        let Some(recipient) = self.recipient_mut(id) else {
            return;
        };
        let before = std::mem::replace(&mut recipient.current, id);
        let standings = self.standing_of(before).zip(self.standing_of(id));
        let campaign = self.campaigns.get_mut(&id.campaign());
        if let Some(((before, now), campaign)) = standings.zip(campaign) {
            count(&mut campaign.counts, before, -1);
            count(&mut campaign.counts, now, 1);
        }
        self.failed.remove(&before);
    }

    fn make_ready(&mut self, id: DeliveryId, not_before: Timestamp) {
        self.ready.insert(id, not_before);
        if not_before > AT_ONCE {
            self.waiting.insert((id.campaign(), not_before, id));
        }
    }

    fn no_longer_ready(&mut self, id: DeliveryId) {
        if let Some(not_before) = self.ready.remove(&id) {
            self.waiting.remove(&(id.campaign(), not_before, id));
        }
    }

    fn look_at(&mut self, id: DeliveryId, due: Option<Timestamp>) {
        let Some(doubt) = self.doubts.get_mut(&id) else {
            return;
        };
        if let Some(before) = std::mem::replace(&mut doubt.due, due) {
            self.looks_due.remove(&(before, id));
        }
        self.looks_due.extend(due.map(|due| (due, id)));
    }

    fn no_longer_doubted(&mut self, id: DeliveryId) {
        self.look_at(id, None);
        self.doubts.remove(&id);
    }

    fn free_chat(&mut self, id: DeliveryId) {
        let lane = self.attempt_of(id).map(|attempt| attempt.lane);
        let phone = self.recipient(id).map(|recipient| recipient.phone);
        if let Some(chat) = lane.zip(phone)
            && self.chats.get(&chat) == Some(&id)
        {
            self.chats.remove(&chat);
        }
    }

    pub(super) fn attempt_of(&self, id: DeliveryId) -> Option<&Attempt> {
        self.attempts.get(self.deliveries.get(&id)?.attempt?)
    }

    pub(super) fn recipient(&self, id: DeliveryId) -> Option<&Recipient> {
        let campaign = self.campaigns.get(&id.campaign())?;
        campaign.recipients.get(id.ordinal() as usize)
    }

    fn recipient_mut(&mut self, id: DeliveryId) -> Option<&mut Recipient> {
        let campaign = self.campaigns.get_mut(&id.campaign())?;
        campaign.recipients.get_mut(id.ordinal() as usize)
    }

    fn is_current(&self, id: DeliveryId) -> bool {
        self.recipient(id)
            .is_some_and(|recipient| recipient.current == id)
    }

    pub(super) fn standing_of(&self, id: DeliveryId) -> Option<Standing> {
        Some(self.deliveries.get(&id)?.standing)
    }

    fn state_of(&self, id: DeliveryId) -> Option<State> {
        Some(self.standing_of(id)?.state)
    }

    pub(super) fn lane_of(&self, account: Account) -> Option<LaneId> {
        let mut lanes = self.lanes.iter();
        lanes.find_map(|(id, lane)| (lane.account == account).then_some(*id))
    }
}

impl Delivery {
    fn new(at: Timestamp) -> Self {
        Self {
            standing: Standing::NEW,
            changed_at: at,
            message: None,
            attempt: None,
            foreign_id: None,
            lost_time: None,
        }
    }
}

/// Every number a delivery of the campaign can have.
pub(super) fn ids_of(campaign: CampaignId) -> impl std::ops::RangeBounds<DeliveryId> {
    let (first, last) = DeliveryId::range(campaign);
    let bound = |number| match DeliveryId::from_number(number) {
        Some(id) => std::ops::Bound::Included(id),
        None => std::ops::Bound::Unbounded,
    };
    (bound(first), bound(last))
}

fn is_doubtful(standing: Standing) -> bool {
    standing.state == State::Unconfirmed
        || (standing.state == State::Accepted && standing.reason == Some(Reason::Silent))
}

fn count(counts: &mut Counts, standing: Standing, by: i64) {
    let key = (standing.state, standing.reason);
    let number = counts.0.entry(key).or_default();
    *number = number.saturating_add_signed(by);
    if *number == 0 {
        counts.0.remove(&key);
    }
}

fn swept_effect(count: usize) -> Effect {
    Effect::Swept(u32::try_from(count).unwrap_or(u32::MAX))
}
