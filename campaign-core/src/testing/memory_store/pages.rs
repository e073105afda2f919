//! What is read from the tables: records, and pages in key order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use jiff::Timestamp;

use super::tables::{Campaign, Lane, Tables, ids_of};
use crate::clock::Stamp;
use crate::delivery::{CampaignId, DeliveryId};
use crate::gateway::{Account, Session};
use crate::limits::{LaneLimits, Slot, WarmthSoFar};
use crate::message::MessageKind;
use crate::phone::PhoneNumber;
use crate::store::{
    Answer, CampaignQuery, CampaignRecord, Command, CommandId, ControlRow, DoubtPage, DoubtQuery,
    Doubtful, Epoch, LaneHealth, LaneId, LaneRecord, PRESENCE_KEPT_FOR, PastAttempt, Ready,
    ReadyPage, ReadyQuery, ReplyQuery, ReplyRow, ReportQuery, ReportRow, Suppression, Trusted,
    Whom,
};

/// So many of the nearest accepted messages take turns as the control of a look-up.
const CONTROLS: usize = 4;
/// The lane of a delivery whose session never had one; no lane has this number.
const NO_LANE: LaneId = LaneId(0);

impl Tables {
    pub(super) fn lane(
        &mut self,
        account: Account,
        session: &Session,
        limits: &LaneLimits,
    ) -> LaneRecord {
        let id = self
            .lane_of(account)
            .unwrap_or(LaneId(self.lanes.len() as u32 + 1));
        let early = self.early_limits.remove(&account);
        let lane = self.lanes.entry(id).or_insert_with(|| Lane {
            account,
            session: session.clone(),
            epoch: Epoch(1),
            limits: early.unwrap_or_else(|| limits.clone()),
            attempts: Vec::new(),
            day: None,
            warmth: WarmthSoFar::default(),
            hold: None,
            cold_hold: None,
            trusted: Trusted::default(),
            store_on: None,
            health: LaneHealth::default(),
        });
        lane.session = session.clone();
        let (all, cold) = lane.limits.remembers();
        let attempts = lane.attempts.iter().rev();
        let charged = attempts
            .filter_map(|at| self.attempts.get(*at))
            .filter(|attempt| !attempt.is_void);
        let mut seen: BTreeMap<Slot, u32> = BTreeMap::new();
        let attempts = charged.enumerate().filter_map(|(index, attempt)| {
            let count = seen.entry(attempt.slot).or_default();
            *count += 1;
            // The gap of a slot needs its last one, and the day those that may still be executed, whatever the windows.
            let is_needed = *count <= if attempt.slot == Slot::Cold { cold } else { 1 }
                || attempt.ended.is_none();
            (index < all as usize || is_needed).then_some(PastAttempt {
                slot: attempt.slot,
                started: attempt.started,
                ended: attempt.ended,
                taken_over: attempt.taken_over,
            })
        });
        LaneRecord {
            id,
            account,
            epoch: lane.epoch,
            limits: lane.limits.clone(),
            attempts: attempts.collect(),
            day: lane.day,
            warmth: lane.warmth.clone(),
            hold: lane.hold,
            cold_hold: lane.cold_hold,
            trusted: lane.trusted.clone(),
            store_on: lane.store_on.clone(),
            health: lane.health,
            by_hand: if lane.limits.counts_by_hand {
                let all = self.by_hand.iter();
                all.filter(|((of, _), _)| *of == account)
                    .map(|(_, sent)| *sent)
                    .collect()
            } else {
                Vec::new()
            },
        }
    }

    pub(super) fn ready_page(&self, query: ReadyQuery) -> ReadyPage {
        let limit = query.limit as usize;
        let is_asked = |id: &DeliveryId| match &query.whom {
            Whom::KnownTo(accounts) => self
                .knows(*id)
                .is_some_and(|known| accounts.contains(&known)),
            Whom::KnownToNone(accounts) if accounts.is_empty() => true,
            Whom::KnownToNone(accounts) => self
                .knows(*id)
                .is_none_or(|known| !accounts.contains(&known)),
        };
        let due = self
            .ready
            .range(after(query.campaign, query.after))
            .filter(|(_, not_before)| **not_before <= query.due)
            .map(|(id, _)| *id)
            .filter(is_asked)
            .take(limit + 1);
        let mut due: Vec<DeliveryId> = due.collect();
        let has_more = due.len() > limit;
        due.truncate(limit);
        let account = |id| match &query.whom {
            Whom::KnownTo(_) => self.knows(id),
            Whom::KnownToNone(_) => None,
        };
        let next_due = DeliveryId::new(query.campaign, 0).and_then(|first| {
            self.waiting
                .range((query.campaign, query.due, first)..)
                .take_while(|(campaign, ..)| *campaign == query.campaign)
                .filter(|(_, moment, _)| *moment > query.due)
                .find(|(.., id)| query.after.is_none_or(|after| *id > after) && is_asked(id))
                .map(|(_, moment, _)| *moment)
        });
        let read_to = due.last().copied().filter(|_| has_more);
        let rows = due.into_iter();
        let rows = rows.filter_map(|id| self.ready_row(id, account(id), query.due));
        ReadyPage {
            ready: rows.collect(),
            next_due,
            has_more,
            read_to,
        }
    }

    fn knows(&self, delivery: DeliveryId) -> Option<Account> {
        self.known.account(self.recipient(delivery)?.phone)
    }

    fn ready_row(
        &self,
        delivery: DeliveryId,
        account: Option<Account>,
        due: Timestamp,
    ) -> Option<Ready> {
        let recipient = self.recipient(delivery)?;
        Some(Ready {
            delivery,
            phone: recipient.phone,
            account,
            attempts: self.standing_of(delivery)?.attempts,
            values: recipient.values.to_vec().into(),
            is_on_whatsapp: self.is_on_whatsapp(
                recipient.phone,
                due.checked_sub(PRESENCE_KEPT_FOR).unwrap_or(Timestamp::MIN),
            ),
        })
    }

    pub(super) fn is_on_whatsapp(&self, phone: PhoneNumber, since: Timestamp) -> Option<bool> {
        let (is_on_whatsapp, checked_at) = self.presence.get(&phone)?;
        (*checked_at >= since).then_some(*is_on_whatsapp)
    }

    pub(super) fn replies_page(&self, query: &ReplyQuery) -> Vec<ReplyRow> {
        let is_asked = |row: &&ReplyRow| {
            row.number > query.after
                && query
                    .campaign
                    .is_none_or(|campaign| campaign == row.campaign)
        };
        let page = self.replies.iter().filter(is_asked);
        page.take(query.limit as usize).cloned().collect()
    }

    pub(super) fn doubt_page(
        &self,
        query: DoubtQuery,
        is_asked: impl Fn(LaneId) -> bool,
    ) -> DoubtPage {
        let is_after = |id: DeliveryId| query.after.is_none_or(|after| id > after);
        let is_asked = |id: DeliveryId| self.lane_in_doubt(id).is_none_or(&is_asked);
        let due = self.looks_due.iter();
        let mut page: Vec<DeliveryId> = due
            .take_while(|(due, _)| *due <= query.due)
            .map(|(_, id)| *id)
            .filter(|id| is_after(*id) && is_asked(*id))
            .collect();
        page.sort_unstable();
        page.truncate(query.limit as usize);
        let on_page: BTreeSet<DeliveryId> = page.iter().copied().collect();
        let is_full = page.len() >= query.limit as usize;
        let another = |(due, id): &&(Timestamp, DeliveryId)| {
            let is_other = match is_full {
                true => is_after(*id) && !on_page.contains(id),
                false => *due > query.due,
            };
            is_other && is_asked(*id)
        };
        DoubtPage {
            doubts: page
                .into_iter()
                .filter_map(|id| self.doubtful(id))
                .collect(),
            next_due: self.looks_due.iter().find(another).map(|(due, _)| *due),
        }
    }

    fn doubtful(&self, id: DeliveryId) -> Option<Doubtful> {
        let delivery = self.deliveries.get(&id)?;
        let looks = self.doubts.get(&id)?.looks;
        let attempt = self.attempt_of(id);
        let definition = &self.campaigns.get(&id.campaign())?.definition;
        let lane = self.lane_in_doubt(id)?;
        let (started, ended) = match (delivery.lost_time, attempt) {
            (Some(lost_time), _) => lost_time,
            (None, Some(attempt)) => (attempt.started, attempt.over().or(self.latest)?),
            (None, None) => return None,
        };
        Some(Doubtful {
            delivery: id,
            phone: self.recipient(id)?.phone,
            standing: delivery.standing,
            lane,
            is_restored: delivery.lost_time.is_some(),
            kind: attempt.map_or(definition.message.kind(), |attempt| attempt.kind),
            started,
            ended,
            foreign_id: delivery.foreign_id.clone(),
            looks,
            control: self.control(id, lane, started, looks),
        })
    }

    /// From which lane it may have gone.
    pub(super) fn lane_in_doubt(&self, id: DeliveryId) -> Option<LaneId> {
        let definition = &self.campaigns.get(&id.campaign())?.definition;
        let attempt = self.attempt_of(id).map(|attempt| attempt.lane);
        Some(attempt.unwrap_or_else(|| self.lane_through(definition.sessions.first())))
    }

    fn account_of(&self, id: DeliveryId) -> Option<Account> {
        let lane = self.attempt_of(id)?.lane;
        Some(self.lanes.get(&lane)?.account)
    }

    fn lane_through(&self, session: &Session) -> LaneId {
        let mut lanes = self.lanes.iter();
        lanes
            .find_map(|(id, lane)| (lane.session == *session).then_some(*id))
            .unwrap_or(NO_LANE)
    }

    fn control(
        &self,
        id: DeliveryId,
        lane: LaneId,
        started: Stamp,
        looks: u8,
    ) -> Option<ControlRow> {
        let here = (lane, started.wall, id);
        let same_lane = |control: &&(LaneId, Timestamp, DeliveryId)| control.0 == lane;
        let other = |control: &&(LaneId, Timestamp, DeliveryId)| control.2 != id;
        let earlier = || {
            self.controls
                .range(..here)
                .rev()
                .take_while(same_lane)
                .filter(other)
        };
        let later = self
            .controls
            .range(here..)
            .take_while(same_lane)
            .filter(other);
        let number = |id: &DeliveryId| self.deliveries.get(id)?.attempt;
        let doubted = self.deliveries.get(&id)?;
        let first_after = doubted.attempt.unwrap_or(doubted.attempts_before);
        // Whatever a clock shows that somebody has set, what was put on record later was not there before.
        let before = |control: &&(LaneId, Timestamp, DeliveryId)| {
            let attempt = self.attempt_of(control.2);
            let attempt = attempt.filter(|attempt| attempt.was_answered);
            number(&control.2).is_some_and(|number| number < first_after)
                && attempt
                    .and_then(|it| it.ended)
                    .is_some_and(|ended| ended.wall <= started.wall)
        };
        let apart = |(_, at, id): &&(LaneId, Timestamp, DeliveryId)| {
            (at.duration_since(started.wall).abs(), *id)
        };
        let mut near: Vec<_> = earlier().filter(before).take(CONTROLS).collect();
        let mut others: Vec<_> = earlier()
            .take(CONTROLS)
            .chain(later.take(CONTROLS))
            .filter(|other| !before(other))
            .collect();
        near.sort_unstable_by_key(apart);
        others.sort_unstable_by_key(apart);
        near.append(&mut others);
        near.truncate(CONTROLS);
        let turn = usize::from(looks).checked_rem(near.len())?;
        let control = near.get(turn)?;
        let delivery = control.2;
        Some(ControlRow {
            delivery,
            phone: self.recipient(delivery)?.phone,
            foreign_id: self.deliveries.get(&delivery)?.foreign_id.clone(),
            accepted_before: before(control),
        })
    }

    pub(super) fn delivery_of(&self, foreign_id: &str) -> Option<DeliveryId> {
        self.foreign.get(foreign_id).copied()
    }

    pub(super) fn open_attempt(
        &self,
        account: Account,
        to: PhoneNumber,
        kind: MessageKind,
        text_hash: u64,
    ) -> Option<DeliveryId> {
        let id = *self.chats.get(&(self.lane_of(account)?, to))?;
        let attempt = self.attempt_of(id)?;
        (attempt.kind == kind && attempt.text_hash == text_hash).then_some(id)
    }

    pub(super) fn campaign_named(&self, name: &str) -> Option<CampaignRecord> {
        self.campaign_record(*self.names.get(name)?)
    }

    pub(super) fn campaign_records(&self, which: &CampaignQuery) -> Vec<CampaignRecord> {
        let is_asked = |id: &CampaignId, campaign: &Campaign| match which {
            CampaignQuery::All => true,
            CampaignQuery::Live => campaign.state.is_live(),
            CampaignQuery::Named => !campaign.definition.is_single(),
            CampaignQuery::LiveNamed => {
                campaign.state.is_live() && !campaign.definition.is_single()
            }
            CampaignQuery::Since(moment) => campaign.created_at >= *moment,
            CampaignQuery::These(ids) => ids.contains(id),
        };
        let mut ids: Vec<(Timestamp, CampaignId)> = self
            .campaigns
            .iter()
            .filter(|(id, campaign)| is_asked(id, campaign))
            .map(|(id, campaign)| (campaign.created_at, *id))
            .collect();
        ids.sort_unstable_by_key(|key| Reverse(*key));
        ids.into_iter()
            .filter_map(|(_, id)| self.campaign_record(id))
            .collect()
    }

    fn campaign_record(&self, id: CampaignId) -> Option<CampaignRecord> {
        let campaign = self.campaigns.get(&id)?;
        Some(CampaignRecord {
            id,
            definition: Arc::clone(&campaign.definition),
            columns: Arc::clone(&campaign.columns),
            state: campaign.state,
            created_at: campaign.created_at,
            rejected: campaign.rejected,
            counts: campaign.counts.clone(),
            pruned_at: None,
        })
    }

    pub(super) fn report_page(&self, query: &ReportQuery) -> Vec<ReportRow> {
        let Some(campaign) = self.campaigns.get(&query.campaign) else {
            return Vec::new();
        };
        // A recipient that was shown is not shown again because it has a new generation.
        let first = query.after.map_or(0, |after| after.ordinal() as usize + 1);
        let recipients = campaign.recipients.iter().skip(first);
        recipients
            .filter_map(|recipient| {
                let delivery = self.deliveries.get(&recipient.current)?;
                Some(ReportRow {
                    delivery: recipient.current,
                    row: recipient.row,
                    phone: recipient.phone,
                    key: recipient.key.clone(),
                    values: recipient.values.to_vec().into(),
                    standing: delivery.standing,
                    changed_at: delivery.changed_at,
                    account: self.account_of(recipient.current),
                    message: delivery.message.clone(),
                })
            })
            .filter(|row| query.states.is_empty() || query.states.contains(&row.standing.state))
            .take(query.limit as usize)
            .collect()
    }

    pub(super) fn suppressed_page(
        &self,
        after: Option<PhoneNumber>,
        limit: u32,
    ) -> Vec<Suppression> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = self.people.suppressed.range((from, Bound::Unbounded));
        rest.take(limit as usize)
            .map(|(_, suppression)| suppression.clone())
            .collect()
    }

    pub(super) fn submit(&mut self, command: &Command) -> CommandId {
        let id = CommandId(self.commands.len() as u64 + 1);
        self.commands.insert(id, (command.clone(), None));
        id
    }

    pub(super) fn open_commands(&self) -> Vec<(CommandId, Command)> {
        let open = self.commands.iter();
        open.filter(|(_, (_, answer))| answer.is_none())
            .map(|(id, (command, _))| (*id, command.clone()))
            .collect()
    }

    pub(super) fn answer(&self, command: CommandId) -> Option<Answer> {
        self.commands.get(&command)?.1.clone()
    }
}

/// Deliveries of a campaign that come after one of them.
fn after(campaign: CampaignId, after: Option<DeliveryId>) -> impl RangeBounds<DeliveryId> {
    let all = ids_of(campaign);
    let start = match after.filter(|after| after.campaign() == campaign) {
        Some(after) => Bound::Excluded(after),
        None => all.start_bound().cloned(),
    };
    (start, all.end_bound().cloned())
}
