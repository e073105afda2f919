//! Puts an attempt on record, after everything that must hold at send time has been asked in the same transaction.

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::{Happening, apply};
use campaign_core::gateway::Account;
use campaign_core::limits::Slot;
use campaign_core::store::{Effect, Journal, Lost};

use super::{Attempt, Begun, Chat, Moves, Row};
use crate::codes;
use crate::postgres::fault::{Fault, Result};

impl Moves {
    pub(in crate::postgres) fn journal(&mut self, journal: &Journal) -> Result<Effect> {
        match self.begin(journal) {
            Ok(()) => {}
            Err(lost) => return Ok(Effect::Lost(lost)),
        }
        let (Some(row), Some(lane)) = (
            self.find(journal.delivery),
            self.lanes.get_mut(&journal.lane),
        ) else {
            return Ok(Effect::Lost(Lost::NotFound));
        };
        let sending = match apply(row.standing, Happening::Journalled) {
            Ok(sending) => sending,
            Err(_) => return Ok(Effect::Lost(Lost::Delivery(row.standing))),
        };
        let seq = self
            .numbers
            .pop_front()
            .ok_or_else(|| Fault::unreadable("attempts without numbers"))?;
        match journal.slot {
            Slot::Cold => lane.newest_cold = Some(seq),
            Slot::Reply => lane.newest_reply = Some(seq),
        }
        let (id, now) = (codes::number(row.id), self.at.wall);
        let account = lane.account;
        let chat = self.chats.entry((journal.lane, row.phone)).or_default();
        chat.delivery = Some(id);
        let person = self.persons.entry(row.phone).or_default();
        person.charge(journal, &self.rules, now);
        person.written_by(account, id, codes::micros(now));
        self.begun.push(Begun {
            seq,
            delivery: id,
            previous: row.attempt.map(|attempt| attempt.seq),
            lane: journal.lane,
            epoch: journal.epoch,
            slot: journal.slot,
            kind: journal.kind as u8,
            text_hash: journal.text_hash,
        });
        let from = row.standing;
        let attempt = Attempt {
            seq,
            lane: journal.lane,
            slot: journal.slot,
            text_hash: journal.text_hash,
            started_at: codes::micros(now),
        };
        let row = Row {
            attempt: Some(attempt),
            ..row
        };
        self.put(&row, sending, None, None);
        Ok(Effect::Moved { from, to: sending })
    }

    /// Whether it may begin: the first reason why not.
    fn begin(&self, journal: &Journal) -> std::result::Result<(), Lost> {
        let lane = self.lanes.get(&journal.lane).ok_or(Lost::NotFound)?;
        if lane.epoch != journal.epoch {
            return Err(Lost::NotOwner);
        }
        let campaign = self.campaigns.get(&journal.delivery.campaign());
        match campaign.ok_or(Lost::NotFound)?.state {
            CampaignState::Running => {}
            other => return Err(Lost::Campaign(other)),
        }
        let row = self.find(journal.delivery).ok_or(Lost::NotFound)?;
        if apply(row.standing, Happening::Journalled).is_err() {
            return Err(Lost::Delivery(row.standing));
        }
        let person = self.persons.get(&row.phone).ok_or(Lost::NotFound)?;
        person.bar(journal, lane.has_hidden_opt_out, &self.rules, self.at.wall)?;
        if let Some(since) = journal.if_heard_since {
            let heard = person.heard.get(&lane.account);
            if heard.is_none_or(|heard| *heard < codes::micros(since)) {
                return Err(Lost::NotHeard);
            }
        }
        if let Some(known) = person.known
            && let Ok(phone) = codes::phone(known.account)
            && journal.unless_known_to.contains(&Account(phone))
        {
            return Err(Lost::KnownTo(Account(phone)));
        }
        let chat = self.chats.get(&(journal.lane, row.phone)).copied();
        match chat.unwrap_or(Chat::default()).delivery {
            Some(open) => Err(codes::delivery(open).map_or(Lost::NotFound, Lost::ChatBusy)),
            None => Ok(()),
        }
    }
}
