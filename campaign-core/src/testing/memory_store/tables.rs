//! The tables of the store in memory, kept in step with where the deliveries stand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::consent::People;
use super::known::Known;
use crate::campaign::{CampaignState, Definition};
use crate::clock::Stamp;
use crate::delivery::{CampaignId, DeliveryId, Reason, Standing, State};
use crate::gateway::{Account, Session};
use crate::limits::{
    DayCount, LaneLimits, Scope, SentByHand, SharedLimits, SharedPast, Slot, WarmthSoFar,
};
use crate::message::MessageKind;
use crate::phone::PhoneNumber;
use crate::store::{
    Answer, Command, CommandId, Counts, EarlierMessage, Epoch, LaneHealth, LaneHold, LaneId,
    ReplyRow, StoreOn, Trusted,
};

/// Due before anything else: at once.
pub(super) const AT_ONCE: Timestamp = Timestamp::MIN;

#[derive(Clone)]
pub(super) struct Tables {
    pub(super) is_restored: bool,
    /// Up to here they may have been those of campaigns that came after the copy was made.
    pub(super) campaigns_left_out: u32,
    /// The last moment that anything was written at.
    pub(super) latest: Option<Stamp>,
    pub(super) lanes: BTreeMap<LaneId, Lane>,
    /// Of accounts whose lane is not there yet.
    pub(super) early_limits: BTreeMap<Account, LaneLimits>,
    /// Above the accounts, with what was sent under them.
    pub(super) shared_limits: BTreeMap<Scope, (SharedLimits, Option<SharedPast>)>,
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
    pub(super) people: People,
    pub(super) known: Known,
    pub(super) presence: BTreeMap<PhoneNumber, (bool, Timestamp)>,
    pub(super) replies: Vec<ReplyRow>,
    /// When somebody wrote last to an account.
    pub(super) heard: BTreeMap<(Account, PhoneNumber), Timestamp>,
    /// What people sent by hand, and the slot it counts in.
    pub(super) by_hand: BTreeMap<(Account, Box<str>), SentByHand>,
    pub(super) commands: BTreeMap<CommandId, (Command, Option<Answer>)>,
}

#[derive(Clone)]
pub(super) struct Lane {
    pub(super) account: Account,
    pub(super) session: Session,
    pub(super) epoch: Epoch,
    pub(super) limits: LaneLimits,
    pub(super) attempts: Vec<usize>,
    pub(super) day: Option<DayCount>,
    pub(super) warmth: WarmthSoFar,
    pub(super) hold: Option<LaneHold>,
    pub(super) cold_hold: Option<LaneHold>,
    pub(super) trusted: Trusted,
    pub(super) store_on: Option<StoreOn>,
    pub(super) health: LaneHealth,
}

#[derive(Clone)]
pub(super) struct Campaign {
    pub(super) definition: Arc<Definition>,
    pub(super) columns: Arc<[Box<str>]>,
    pub(super) state: CampaignState,
    pub(super) created_at: Timestamp,
    pub(super) rejected: u64,
    pub(super) counts: Counts,
    pub(super) earlier_messages: Vec<EarlierMessage>,
    /// New generations are not below it: those below may have been given before, in what an older copy does not know.
    pub(super) first_generation: u8,
    /// By ordinal.
    pub(super) recipients: Vec<Recipient>,
    pub(super) rows: BTreeMap<(PhoneNumber, Option<Box<str>>), u64>,
}

#[derive(Clone)]
pub(super) struct Recipient {
    pub(super) row: u64,
    pub(super) phone: PhoneNumber,
    pub(super) key: Option<Box<str>>,
    pub(super) values: Arc<[Box<str>]>,
    /// The generation that counts and is reported.
    pub(super) current: DeliveryId,
    pub(super) newest: DeliveryId,
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
    /// So many attempts were on record by then.
    pub(super) attempts_before: usize,
}

#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) lane: LaneId,
    pub(super) slot: Slot,
    pub(super) kind: MessageKind,
    pub(super) text_hash: u64,
    pub(super) started: Stamp,
    pub(super) ended: Option<Stamp>,
    /// When somebody else became the runner while it was open.
    pub(super) taken_over: Option<Stamp>,
    /// It ended with WAHA's word that the message was taken.
    pub(super) was_answered: bool,
    /// Proved not handed over: no limit is charged.
    pub(super) is_void: bool,
    pub(super) is_considered: bool,
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
            campaigns_left_out: 0,
            latest: None,
            early_limits: BTreeMap::new(),
            shared_limits: BTreeMap::new(),
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
            people: People::default(),
            known: Known::default(),
            presence: BTreeMap::new(),
            replies: Vec::new(),
            heard: BTreeMap::new(),
            by_hand: BTreeMap::new(),
            commands: BTreeMap::new(),
        }
    }

    /// Puts a delivery where it stands now, and keeps everything that depends on it in step.
    pub(super) fn stand(
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
    pub(super) fn index_attempt(&mut self, id: DeliveryId) {
        let Some(delivery) = self.deliveries.get(&id) else {
            return;
        };
        let Some(attempt) = delivery.attempt.and_then(|at| self.attempts.get(at)) else {
            return;
        };
        let standing = delivery.standing;
        let control = (attempt.lane, attempt.started.wall, id);
        // The operator's word does not put a message where a look-up can find it; WAHA's answer does.
        let is_vouched_for = standing.reason == Some(Reason::ByOperator) && !attempt.was_answered;
        if standing.state.is_handed_over() && !is_vouched_for {
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

    pub(super) fn make_current(&mut self, id: DeliveryId) {
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

    pub(super) fn make_ready(&mut self, id: DeliveryId, not_before: Timestamp) {
        self.ready.insert(id, not_before);
        if not_before > AT_ONCE {
            self.waiting.insert((id.campaign(), not_before, id));
        }
    }

    pub(super) fn no_longer_ready(&mut self, id: DeliveryId) {
        if let Some(not_before) = self.ready.remove(&id) {
            self.waiting.remove(&(id.campaign(), not_before, id));
        }
    }

    pub(super) fn look_at(&mut self, id: DeliveryId, due: Option<Timestamp>) {
        let Some(doubt) = self.doubts.get_mut(&id) else {
            return;
        };
        if let Some(before) = std::mem::replace(&mut doubt.due, due) {
            self.looks_due.remove(&(before, id));
        }
        self.looks_due.extend(due.map(|due| (due, id)));
    }

    pub(super) fn no_longer_doubted(&mut self, id: DeliveryId) {
        self.look_at(id, None);
        self.doubts.remove(&id);
    }

    pub(super) fn free_chat(&mut self, id: DeliveryId) {
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

    pub(super) fn recipient_mut(&mut self, id: DeliveryId) -> Option<&mut Recipient> {
        let campaign = self.campaigns.get_mut(&id.campaign())?;
        campaign.recipients.get_mut(id.ordinal() as usize)
    }

    pub(super) fn is_current(&self, id: DeliveryId) -> bool {
        self.recipient(id)
            .is_some_and(|recipient| recipient.current == id)
    }

    pub(super) fn standing_of(&self, id: DeliveryId) -> Option<Standing> {
        Some(self.deliveries.get(&id)?.standing)
    }

    pub(super) fn state_of(&self, id: DeliveryId) -> Option<State> {
        Some(self.standing_of(id)?.state)
    }

    pub(super) fn lane_of(&self, account: Account) -> Option<LaneId> {
        let mut lanes = self.lanes.iter();
        lanes.find_map(|(id, lane)| (lane.account == account).then_some(*id))
    }
}

impl Delivery {
    pub(super) fn new(at: Timestamp) -> Self {
        Self {
            standing: Standing::NEW,
            changed_at: at,
            message: None,
            attempt: None,
            foreign_id: None,
            lost_time: None,
            attempts_before: 0,
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

pub(super) fn count(counts: &mut Counts, standing: Standing, by: i64) {
    let key = (standing.state, standing.reason);
    let number = counts.0.entry(key).or_default();
    *number = number.saturating_add_signed(by);
    if *number == 0 {
        counts.0.remove(&key);
    }
}
