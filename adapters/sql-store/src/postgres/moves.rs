//! Moves deliveries inside a transaction. What a run of changes is about is read at once, judged here in memory in their order, by [`apply`],
//! and written at once: whatever the number of messages, a batch is a few statements.

mod journal;
mod person;
mod read;
mod state;
mod write;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use campaign_core::campaign::CampaignState;
use campaign_core::clock::Stamp;
use campaign_core::consent::Rules;
use campaign_core::delivery::{CampaignId, DeliveryId, Happening, Reason, Standing, State, apply};
use campaign_core::store::{Doubtful, Effect, Happened, LaneId, LaneNote, Lost};
use jiff::Timestamp;

use self::person::Person;
pub(super) use self::read::{Wanted, judged_persons};
use self::state::{Attempt, Begun, Campaign, Chat, Delivery, Doubt, Ended, Lane, Row};
pub(super) use self::write::write_counts;
use super::transaction::text;
use crate::codes::{self, GENERATIONS, is_doubtful, outcome};

/// The differences that a transaction makes to the counters.
pub(super) type Differences = BTreeMap<(CampaignId, State, Option<Reason>), i64>;

/// The deliveries of one run of changes, as they are in its transaction.
pub(super) struct Moves {
    at: Stamp,
    /// Moves do not count as changes that people ask the time of.
    pub(super) keeps_time: bool,
    /// Those that failed in it.
    pub(super) failed: Vec<DeliveryId>,
    deliveries: BTreeMap<i64, Delivery>,
    persons: BTreeMap<i64, Person>,
    lanes: BTreeMap<LaneId, Lane>,
    campaigns: BTreeMap<CampaignId, Campaign>,
    /// Chats with an open attempt.
    chats: BTreeMap<(LaneId, i64), Chat>,
    rules: Rules,
    /// Numbers for attempts, smallest first.
    numbers: VecDeque<i64>,
    begun: Vec<Begun>,
    ended: BTreeMap<i64, Ended>,
    /// Attempts that were accepted after their turn to be considered for silence may have been over.
    accepted_late: BTreeSet<i64>,
    /// Ids that servers chose, and of which attempt's message.
    claims: Vec<(String, i64, Option<i64>)>,
    /// What becomes of these: due from a moment on, or not scheduled any more.
    ready: BTreeMap<i64, Option<i64>>,
    remarks: BTreeMap<i64, Option<String>>,
    counts: Differences,
    /// Some of their people got another generation.
    renewed: BTreeSet<CampaignId>,
}

impl Moves {
    /// What happens to a delivery, with everything that goes on record beside it.
    pub(super) fn happened(&mut self, change: &Happened) -> Effect {
        let Some(row) = self.find(change.delivery) else {
            return Effect::Lost(Lost::NotFound);
        };
        let from = row.standing;
        let Some(to) = codes::judge(from, row.is_superseded, change.happening) else {
            return Effect::Lost(Lost::Delivery(from));
        };
        // Evidence overtakes the answer, which may still come; whatever else ends `sending` ends the attempt.
        let is_over = from.state == State::Sending
            && to.state != State::Sending
            && !matches!(change.happening, Happening::Evidence(_));
        if let Some(attempt) = row.attempt.filter(|_| change.ends_attempt || is_over) {
            self.ended.entry(attempt.seq).or_insert_with(|| Ended {
                outcome: outcome(from.state, change.happening),
                message: change.message.as_deref().map(text),
            });
        }
        if let Some(foreign) = &change.foreign_id {
            let attempt = row.attempt.map(|attempt| attempt.seq);
            self.claims
                .push((text(foreign), codes::number(row.id), attempt));
        }
        self.tell_person(&row, to, change.happening);
        self.put(&row, to, change.next, change.message.as_deref());
        if row.is_superseded || row.id.generation() > 0 {
            self.prefer_what_arrived(row.id);
            let to = self.find(row.id).map_or(to, |row| row.standing);
            return Effect::Moved { from, to };
        }
        Effect::Moved { from, to }
    }

    /// A look-up decided nothing.
    pub(super) fn looked(
        &mut self,
        delivery: DeliveryId,
        next: Option<Timestamp>,
        missing: &str,
    ) -> Effect {
        let Some(found) = self.deliveries.get_mut(&codes::number(delivery)) else {
            return Effect::Lost(Lost::NotFound);
        };
        let Some(doubt) = &mut found.row.doubt else {
            return Effect::Lost(Lost::Delivery(found.row.standing));
        };
        doubt.looks = Doubtful::looks_after(doubt.looks);
        doubt.next_look = next.map(codes::micros);
        doubt.missing = Some(text(missing));
        found.is_doubt_changed = true;
        Effect::Done
    }

    /// Keeps what a lane has counted and learnt.
    pub(super) fn note(&mut self, note: &LaneNote) -> Effect {
        match self.lanes.get_mut(&note.lane) {
            None => Effect::Lost(Lost::NotFound),
            Some(lane) if lane.epoch != note.epoch => Effect::Lost(Lost::NotOwner),
            Some(lane) => {
                lane.note = Some(note.clone());
                Effect::Done
            }
        }
    }

    /// Gives a recipient a new generation from this one, which leaves the counts.
    pub(super) fn new_generation(&mut self, delivery: DeliveryId) -> Effect {
        let Some(row) = self.find(delivery) else {
            return Effect::Lost(Lost::NotFound);
        };
        if row.is_superseded || !matches!(row.standing.state, State::Failed | State::Unconfirmed) {
            return Effect::Lost(Lost::Delivery(row.standing));
        }
        let Some(campaign) = self.campaigns.get(&delivery.campaign()) else {
            return Effect::Lost(Lost::NotFound);
        };
        if campaign.state == CampaignState::Cancelled {
            // What was called off stays so.
            return Effect::Lost(Lost::Campaign(CampaignState::Cancelled));
        }
        let newest = self.generations(delivery).next_back().map(|row| row.id);
        let next = newest.and_then(|it| it.next_generation_from(campaign.first_generation));
        let Some(next) = next else {
            return Effect::Lost(Lost::NoGeneration);
        };
        self.write_standing(&row, row.standing, true);
        // The operator has decided: the earlier attempt no longer keeps its chat from the new one.
        if row.standing.state.is_open() {
            self.close_chat(&row);
        }
        self.add(next, row.phone);
        self.renewed.insert(delivery.campaign());
        Effect::Created(next)
    }

    /// Writes where a delivery stands now, and what follows from it.
    pub(super) fn put_as_it_happens(&mut self, delivery: DeliveryId, happening: Happening) {
        if let Some(row) = self.find(delivery)
            && let Ok(to) = apply(row.standing, happening)
        {
            self.put(&row, to, None, None);
        }
    }

    fn find(&self, id: DeliveryId) -> Option<Row> {
        let found = self.deliveries.get(&codes::number(id));
        found.map(|found| found.row.clone())
    }

    /// Those of one recipient, the oldest first.
    fn generations(&self, one: DeliveryId) -> impl DoubleEndedIterator<Item = &Row> {
        let id = codes::number(one);
        let all = self.deliveries.range(id & !GENERATIONS..=id | GENERATIONS);
        all.map(|(_, found)| &found.row)
    }

    fn put(&mut self, row: &Row, to: Standing, next: Option<Timestamp>, message: Option<&str>) {
        let from = row.standing;
        if from == to && message.is_none() {
            return;
        }
        let id = codes::number(row.id);
        // What the server said about an earlier state would be wrong about this one.
        let is_remarked = match message {
            Some(message) => {
                self.remarks.insert(id, Some(text(message)));
                true
            }
            None if row.is_remarked && from.state != to.state => {
                self.remarks.insert(id, None);
                false
            }
            None => row.is_remarked,
        };
        let row = &Row {
            is_remarked,
            ..row.clone()
        };
        self.write_standing(row, to, row.is_superseded);
        match (from.state == State::Scheduled, to.state == State::Scheduled) {
            (false, true) => {
                self.ready.insert(id, Some(next.map_or(0, codes::micros)));
            }
            (true, false) => {
                self.ready.insert(id, None);
            }
            _ => {}
        }
        if let Some(attempt) = row.attempt {
            if from.state.is_open() && !to.state.is_open() {
                self.close_chat(row);
            }
            if to.state == State::Accepted
                && !matches!(from.state, State::Sending | State::Accepted)
            {
                self.accepted_late.insert(attempt.seq);
            }
        }
        let Some(found) = self.deliveries.get_mut(&id) else {
            return;
        };
        match (is_doubtful(from), is_doubtful(to)) {
            (false, true) => {
                found.row.doubt = Some(Doubt {
                    next_look: Some(next.map_or(0, codes::micros)),
                    ..Doubt::default()
                });
                found.is_doubt_changed = true;
            }
            (true, false) => {
                found.row.doubt = None;
                found.is_doubt_changed = true;
            }
            // The latest words are shown.
            (true, true) if message.is_some() => {
                if let Some(doubt) = &mut found.row.doubt {
                    doubt.missing = None;
                }
                found.is_doubt_changed = true;
            }
            _ => {}
        }
    }

    /// The row itself, and the counters.
    fn write_standing(&mut self, row: &Row, to: Standing, is_superseded: bool) {
        let Some(found) = self.deliveries.get_mut(&codes::number(row.id)) else {
            return;
        };
        found.is_moved = true;
        if to != row.standing && !self.keeps_time {
            found.row.changed_at = codes::micros(self.at.wall);
        }
        found.row.standing = to;
        found.row.is_superseded = is_superseded;
        found.row.is_remarked = row.is_remarked;
        found.row.attempt = row.attempt;
        if to.state == State::Failed && row.standing.state != State::Failed {
            self.failed.push(row.id);
        }
        let campaign = row.id.campaign();
        if !row.is_superseded {
            self.count(campaign, row.standing, -1);
        }
        if !is_superseded {
            self.count(campaign, to, 1);
        }
    }

    /// A new generation, due at once.
    fn add(&mut self, id: DeliveryId, phone: i64) {
        let number = codes::number(id);
        let row = Row {
            id,
            phone,
            standing: Standing::NEW,
            is_superseded: false,
            is_remarked: false,
            changed_at: codes::micros(self.at.wall),
            attempt: None,
            doubt: None,
        };
        let added = Delivery {
            row,
            was: None,
            was_in_doubt: false,
            is_moved: true,
            is_doubt_changed: false,
        };
        self.deliveries.insert(number, added);
        self.ready.insert(number, Some(0));
        self.count(id.campaign(), Standing::NEW, 1);
    }

    fn count(&mut self, campaign: CampaignId, standing: Standing, difference: i64) {
        let place = (campaign, standing.state, standing.reason);
        *self.counts.entry(place).or_default() += difference;
    }

    /// When one generation of a recipient has been handed over, a later one is not sent any more, and the one that
    /// was counts. What is under way has to end first.
    fn prefer_what_arrived(&mut self, one: DeliveryId) {
        let Some(counting) = self
            .generations(one)
            .rev()
            .find(|row| !row.is_superseded)
            .cloned()
        else {
            return;
        };
        let state = counting.standing.state;
        if state.is_handed_over() || state.is_open() {
            return;
        }
        let Some(arrived) = self
            .generations(one)
            .rev()
            .find(|row| row.standing.state.is_handed_over())
            .cloned()
        else {
            return;
        };
        if let Some(cancelled) = codes::called_off(counting.standing) {
            self.put(&counting, cancelled, None, None);
        }
        for (row, is_superseded) in [(counting.id, true), (arrived.id, false)] {
            if let Some(row) = self.find(row) {
                self.write_standing(&row, row.standing, is_superseded);
            }
        }
    }

    fn close_chat(&mut self, row: &Row) {
        let Some(attempt) = row.attempt else {
            return;
        };
        if let Some(chat) = self.chats.get_mut(&(attempt.lane, row.phone))
            && chat.delivery == Some(codes::number(row.id))
        {
            chat.delivery = None;
        }
    }
}
