//! What the changes of a batch do to the tables.

use std::sync::Arc;

use jiff::Timestamp;

use super::tables::{AT_ONCE, Attempt, Tables, ids_of};
use crate::campaign::CampaignState;
use crate::clock::Stamp;
use crate::delivery::{CampaignId, DeliveryId, Happening, Reason, State, apply};
use crate::limits::{REPLY_OPEN_FOR, SentByHand, Slot};
use crate::message::MessageTemplate;
use crate::store::{
    BY_HAND_KEPT_FOR, Batch, ByHand, Change, Doubtful, EarlierMessage, Effect, Happened, Journal,
    LaneId, LaneNote, Lost, REPLIES_KEPT_FOR, Reply, ReplyRow, Sweep,
};

impl Tables {
    /// Makes all changes but those that `may` says are lost.
    pub(super) fn commit(
        &mut self,
        batch: &Batch,
        may: impl Fn(&Self, &Change) -> Result<(), Lost>,
    ) -> Vec<Effect> {
        self.latest = Some(batch.at);
        let changes = batch.changes.iter();
        let effects = changes.map(|change| {
            let allowed = may(self, change);
            let effect = allowed.and_then(|()| self.change(change, batch.at));
            effect.unwrap_or_else(Effect::Lost)
        });
        effects.collect()
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
                let has_more = campaign.counts.of(State::Scheduled) > 0;
                let is_early = *to == CampaignState::Settled && has_more;
                if campaign.state != *from || !from.may_become(*to) || is_early {
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
                let lane = self.lane_of(*account);
                match lane.and_then(|lane| self.lanes.get_mut(&lane)) {
                    Some(lane) => lane.limits = limits.clone(),
                    None => {
                        self.early_limits.insert(*account, limits.clone());
                    }
                }
                Ok(Effect::Done)
            }
            Change::SharedLimits { scope, limits } => {
                let (scope, all) = (scope.clone(), &mut self.shared_limits);
                match limits {
                    Some(limits) => all.entry(scope).or_default().0 = limits.clone(),
                    None => drop(all.remove(&scope)),
                }
                Ok(Effect::Done)
            }
            Change::SharedPast { scope, past } => {
                if let Some((_, before)) = self.shared_limits.get_mut(scope) {
                    *before = Some(past.clone());
                }
                Ok(Effect::Done)
            }
            Change::NewGeneration { delivery } => {
                self.new_generation(*delivery, at).map(Effect::Created)
            }
            Change::Message { campaign, message } => self.edit(*campaign, message, at),
            Change::Share { campaign, share } => {
                let campaign = self.campaigns.get_mut(campaign).ok_or(Lost::NotFound)?;
                Arc::make_mut(&mut campaign.definition).set_share(*share);
                Ok(Effect::Done)
            }
            Change::Presence {
                phone,
                is_on_whatsapp,
            } => {
                self.presence.insert(*phone, (*is_on_whatsapp, at.wall));
                Ok(Effect::Done)
            }
            Change::Reply(reply) => Ok(self.keep_reply(reply, at)),
            Change::HiddenReply(reply) => Ok(self.keep_hidden(reply, at)),
            Change::Lid { lid, phone } => Ok(self.learn_lid(*lid, *phone, at)),
            Change::Dismiss { lid } => {
                let hidden = &mut self.people.hidden_opt_outs;
                hidden.retain(|(_, of), _| of != lid);
                Ok(Effect::Done)
            }
            Change::Confirmed { phone } => {
                self.confirmed(*phone);
                Ok(Effect::Done)
            }
            Change::CutWaits => {
                self.cut_waits(at.wall);
                Ok(Effect::Done)
            }
            Change::ByHand(sent) => Ok(self.keep_by_hand(sent, at)),
            Change::Answer { command, answer } => {
                let (_, given) = self.commands.get_mut(command).ok_or(Lost::NotFound)?;
                *given = Some(answer.clone());
                Ok(Effect::Done)
            }
        }
    }

    fn edit(
        &mut self,
        campaign: CampaignId,
        message: &MessageTemplate,
        at: Stamp,
    ) -> Result<Effect, Lost> {
        let campaign = self.campaigns.get_mut(&campaign).ok_or(Lost::NotFound)?;
        if !campaign.state.may_be_changed() {
            return Err(Lost::Campaign(campaign.state));
        }
        let definition = Arc::make_mut(&mut campaign.definition);
        let earlier = std::mem::replace(&mut definition.message, message.clone());
        campaign.earlier_messages.push(EarlierMessage {
            message: earlier,
            replaced_at: at.wall,
            past: campaign.counts.total() - campaign.counts.of(State::Scheduled),
        });
        Ok(Effect::Done)
    }

    pub(super) fn keep_reply(&mut self, reply: &Reply, at: Stamp) -> Effect {
        let wished = self.take_wish(reply, at);
        let heard = self.heard.entry((reply.account, reply.from));
        let received_at = reply.received_at.min(at.wall);
        let heard = heard.or_insert(received_at);
        *heard = received_at.max(*heard);
        self.known.heard(reply.from, reply.account, received_at);
        let is_known = |row: &ReplyRow| {
            row.reply.account == reply.account && row.reply.message_id == reply.message_id
        };
        if self.replies.iter().any(is_known) {
            return wished;
        }
        let since = at.wall.checked_sub(REPLIES_KEPT_FOR);
        let mut latest = self.campaigns.iter().rev();
        let answered = latest.find(|(_, campaign)| {
            let is_recent = since
                .as_ref()
                .is_ok_and(|since| campaign.created_at >= *since);
            is_recent && campaign.rows.keys().any(|(phone, _)| *phone == reply.from)
        });
        if let Some((campaign, _)) = answered {
            self.replies.push(ReplyRow {
                number: self.replies.len() as u64 + 1,
                campaign: *campaign,
                reply: reply.clone(),
            });
        }
        wished
    }

    fn keep_by_hand(&mut self, sent: &ByHand, at: Stamp) -> Effect {
        let lane = self.lane_of(sent.account);
        let lane = lane.and_then(|id| self.lanes.get(&id));
        let kept_since = at.wall.checked_sub(BY_HAND_KEPT_FOR);
        let is_old = kept_since.is_ok_and(|since| sent.at < since);
        let key = (sent.account, sent.message_id.clone());
        if is_old
            || self.by_hand.contains_key(&key)
            || lane.is_none_or(|lane| !lane.limits.counts_by_hand)
        {
            return Effect::Done;
        }
        let sent_at = sent.at.min(at.wall);
        let heard = self.heard.get(&(sent.account, sent.to));
        let is_reply = heard.is_some_and(|heard| {
            *heard <= sent_at && sent_at.duration_since(*heard) <= REPLY_OPEN_FOR
        });
        let counted = SentByHand {
            slot: if is_reply { Slot::Reply } else { Slot::Cold },
            at: sent_at,
        };
        self.by_hand.insert(key, counted);
        Effect::Counted(counted)
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
        self.people.judge(journal, lane.account, at.wall)?;
        let heard = self.heard.get(&(lane.account, journal.phone));
        if journal
            .if_heard_since
            .is_some_and(|since| heard.is_none_or(|heard| *heard < since))
        {
            return Err(Lost::NotHeard);
        }
        let known = self.known.account(journal.phone);
        if let Some(other) = known.filter(|it| journal.unless_known_to.contains(it)) {
            return Err(Lost::KnownTo(other));
        }
        let chat = (journal.lane, journal.phone);
        if let Some(open) = self.chats.get(&chat) {
            return Err(Lost::ChatBusy(*open));
        }
        self.chats.insert(chat, id);
        let number = self.attempts.len();
        lane.attempts.push(number);
        delivery.attempt = Some(number);
        delivery.foreign_id = None;
        delivery.lost_time = None;
        self.attempts.push(Attempt {
            lane: journal.lane,
            slot: journal.slot,
            kind: journal.kind,
            text_hash: journal.text_hash,
            started: at,
            ended: None,
            taken_over: None,
            was_answered: false,
            is_void: false,
            is_considered: false,
        });
        let account = lane.account;
        self.people.charge(journal, at.wall);
        self.known.written(journal.phone, account, id, at.wall);
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
                delivery.attempts_before = self.attempts.len();
            }
            if let Some(attempt) = delivery.attempt.and_then(|at| self.attempts.get_mut(at)) {
                // Evidence overtakes the answer, which may still come; whatever else ends `sending` ends the attempt.
                let is_over = from.state == State::Sending
                    && !matches!(happened.happening, Happening::Evidence(_))
                    && to.state != State::Sending;
                if happened.ends_attempt || is_over {
                    attempt.was_answered |=
                        attempt.ended.is_none() && happened.happening == Happening::Accepted;
                    attempt.ended.get_or_insert(at);
                }
                attempt.is_void |= from.state == State::Sending
                    && matches!(
                        happened.happening,
                        Happening::NotHandedOver { .. } | Happening::Exhausted
                    );
            }
        }
        if happened.happening.proves_nothing_was_sent() && from.state.is_open() {
            self.give_back(id);
        }
        if to.state.is_handed_over() && !from.state.is_handed_over() && from.state != State::Sending
        {
            self.had_it(id, at.wall);
        }
        if to.reason == Some(Reason::RefusedByWhatsapp) && from.reason != to.reason {
            self.did_not_read(id);
        }
        let due = happened.next.unwrap_or(AT_ONCE);
        self.stand(id, to, due, happened.message.clone(), at.wall);
        self.prefer_what_arrived(id, at.wall);
        let to = self.standing_of(id).unwrap_or(to);
        Ok(Effect::Moved { from, to })
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
        doubt.looks = Doubtful::looks_after(doubt.looks);
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
        lane.warmth = note.warmth.clone();
        lane.hold = note.hold;
        lane.cold_hold = note.cold_hold;
        lane.trusted = note.trusted.clone();
        lane.store_on = note.store_on.clone();
        lane.health = note.health;
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
            Sweep::Retry(_) if self.may_send_again(campaign).is_err() => {
                return Err(Lost::Campaign(CampaignState::Cancelled));
            }
            Sweep::Retry(reason) => return Ok(self.retry(campaign, reason, max, at)),
        };
        let scheduled = self.ready.range(ids_of(campaign));
        let swept: Vec<DeliveryId> = scheduled.map(|(id, _)| *id).take(max).collect();
        for id in &swept {
            self.move_by(*id, happening, at);
        }
        Ok(swept_effect(swept.len()))
    }

    pub(super) fn mark_silent(
        &mut self,
        before: Timestamp,
        limit: u32,
        is_asked: impl Fn(LaneId) -> bool,
    ) -> u32 {
        let unheard = self.unheard.iter();
        let unheard = unheard.take_while(|(ended, _)| *ended < before);
        let silent: Vec<DeliveryId> = unheard
            .map(|(_, id)| *id)
            .filter(|id| self.attempt_of(*id).is_none_or(|it| is_asked(it.lane)))
            .take(limit as usize)
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
}

/// How many were swept.
pub(super) fn swept_effect(count: usize) -> Effect {
    Effect::Swept(u32::try_from(count).unwrap_or(u32::MAX))
}
