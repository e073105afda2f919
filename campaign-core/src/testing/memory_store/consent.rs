//! What people want, and what they had lately.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};

use super::tables::Tables;
use crate::campaign::Category;
use crate::clock::Stamp;
use crate::consent::{
    Barred, Consent, DueConfirmation, Lid, OPTED_IN_TO, Origin, Person, Rules, Terms, Wish,
    Written, bar,
};
use crate::delivery::{CampaignId, DeliveryId};
use crate::gateway::Account;
use crate::limits::Slot;
use crate::phone::PhoneNumber;
use crate::store::{
    Effect, HiddenOptOut, HiddenReply, Inquiry, Journal, MayNot, REPLIES_KEPT_FOR, Reply,
    Suppression,
};

/// An opt-out that becomes known later than this is not confirmed any more.
const CONFIRMED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone, Default)]
pub(super) struct People {
    pub(super) rules: Rules,
    pub(super) suppressed: BTreeMap<PhoneNumber, Suppression>,
    pub(super) consents: BTreeMap<(PhoneNumber, Category), Consent>,
    pub(super) wishes: BTreeMap<PhoneNumber, LastWish>,
    pub(super) written: BTreeMap<PhoneNumber, BTreeMap<DeliveryId, Written>>,
    pub(super) lids: BTreeMap<Lid, PhoneNumber>,
    pub(super) hidden_replies: Vec<HiddenReply>,
    pub(super) hidden_opt_outs: BTreeMap<(Account, Lid), (Timestamp, Box<str>)>,
}

/// What a person asked for last.
#[derive(Clone)]
pub(super) struct LastWish {
    wish: Wish,
    at: Timestamp,
    account: Account,
    message_id: Box<str>,
    is_to_be_confirmed: bool,
}

impl People {
    pub(super) fn suppress(&mut self, number: &Suppression) {
        let entry = self.suppressed.entry(number.phone);
        let known = entry.or_insert_with(|| number.clone());
        if known.origin.is_lifted_by_the_person() && !number.origin.is_lifted_by_the_person() {
            *known = number.clone();
        }
    }

    /// Whether it was on the list.
    pub(super) fn unsuppress(&mut self, phone: PhoneNumber) -> bool {
        self.wishes
            .retain(|of, last| *of != phone || last.wish == Wish::OptIn);
        self.suppressed.remove(&phone).is_some()
    }

    pub(super) fn record_consent(&mut self, consent: &Consent) {
        let key = (consent.phone, consent.category);
        self.consents.insert(key, consent.clone());
    }

    pub(super) fn consents_page(
        &self,
        after: Option<(PhoneNumber, Category)>,
        limit: u32,
    ) -> Vec<Consent> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = self.consents.range((from, Bound::Unbounded));
        let page = rest.take(limit as usize);
        page.map(|(_, consent)| consent.clone()).collect()
    }

    fn lid_of(&self, phone: PhoneNumber) -> Option<Lid> {
        let mut lids = self.lids.iter();
        lids.find_map(|(lid, of)| (*of == phone).then_some(*lid))
    }

    /// Whether an attempt may be put on record, as far as the person goes.
    pub(super) fn judge(
        &self,
        journal: &Journal,
        account: Account,
        now: Timestamp,
    ) -> Result<(), Barred> {
        let mut hidden = self.hidden_opt_outs.keys();
        let may_be_hidden =
            hidden.any(|(of, _)| *of == account) && self.lid_of(journal.phone).is_none();
        let message = (journal.delivery, journal.text_hash);
        self.ask(
            journal.phone,
            journal.terms,
            journal.slot,
            message,
            may_be_hidden,
            now,
        )
    }

    pub(super) fn may_not(&self, inquiry: &Inquiry, now: Timestamp) -> MayNot {
        let delivery = DeliveryId::new(CampaignId::MAX, 0)?;
        let message = (delivery, inquiry.text_hash);
        self.ask(
            inquiry.phone,
            inquiry.terms,
            inquiry.slot,
            message,
            false,
            now,
        )
        .err()
    }

    fn ask(
        &self,
        phone: PhoneNumber,
        terms: Terms,
        slot: Slot,
        message: (DeliveryId, u64),
        may_be_hidden: bool,
        now: Timestamp,
    ) -> Result<(), Barred> {
        let written = self.written.get(&phone).into_iter().flatten();
        let written: Vec<Written> = written.map(|(_, written)| *written).collect();
        let consent = self.consents.get(&(phone, terms.category));
        let person = Person {
            suppressed: self.suppressed.get(&phone).map(|it| it.origin),
            may_be_hidden,
            consent: consent.map(|consent| consent.is_granted),
            written: &written,
        };
        bar(terms, slot, message, person, &self.rules, now)
    }

    /// Counts an attempt in what the person had.
    pub(super) fn charge(&mut self, journal: &Journal, at: Timestamp) {
        let kept_since = at.checked_sub(self.rules.remember_for());
        let written = self.written.entry(journal.phone).or_default();
        if let Ok(kept_since) = kept_since {
            written.retain(|_, written| written.at >= kept_since);
        }
        written.insert(
            journal.delivery,
            Written {
                delivery: journal.delivery,
                at,
                category: journal.terms.category,
                text_hash: Terms::hash_to_keep(journal.slot, journal.text_hash),
            },
        );
    }

    /// No opt-out that is on record is answered any more.
    pub(super) fn confirm_nobody(&mut self) {
        for last in self.wishes.values_mut() {
            last.is_to_be_confirmed = false;
        }
    }

    fn wish(&mut self, reply: &Reply, wish: Wish, now: Timestamp) -> bool {
        let phone = reply.from;
        let last = self.wishes.get(&phone);
        // A clock that was put back since makes no later word an earlier one.
        let latest = last.map_or(now, |last| last.at.max(now));
        let at = reply.received_at.min(latest);
        if last.is_some_and(|last| {
            last.at > at || (last.at == at && last.message_id == reply.message_id)
        }) {
            return false;
        }
        let is_news = last.is_none_or(|last| last.wish != wish);
        match wish {
            Wish::OptOut => self.suppress(&Suppression {
                phone,
                origin: Origin::Reply,
                source: reply.message_id.clone(),
                since: at,
            }),
            Wish::OptIn => {
                let suppressed = self.suppressed.get(&phone);
                if suppressed.is_some_and(|it| it.origin.is_lifted_by_the_person()) {
                    self.suppressed.remove(&phone);
                }
            }
        }
        for category in Category::ALL {
            let known = self.consents.get(&(phone, category));
            let is_changed = match wish {
                Wish::OptOut => known.is_some_and(|known| known.is_granted),
                Wish::OptIn => is_news && OPTED_IN_TO.contains(&category),
            };
            if is_changed {
                self.record_consent(&Consent {
                    phone,
                    category,
                    is_granted: wish == Wish::OptIn,
                    origin: Origin::Reply,
                    source: reply.message_id.clone(),
                    since: at,
                });
            }
        }
        let is_by_reply = self
            .suppressed
            .get(&phone)
            .is_some_and(|it| it.origin == Origin::Reply);
        let is_to_be_confirmed = wish == Wish::OptOut
            && is_by_reply
            && self.rules.confirmation.is_some()
            && now.duration_since(at) < CONFIRMED_WITHIN;
        match self.wishes.get_mut(&phone).filter(|_| !is_news) {
            // Who repeats it gets no other answer.
            Some(last) => last.at = at,
            None => {
                let last = LastWish {
                    wish,
                    at,
                    account: reply.account,
                    message_id: reply.message_id.clone(),
                    is_to_be_confirmed,
                };
                self.wishes.insert(phone, last);
            }
        }
        is_news
    }
}

impl Tables {
    /// What a reply asks for, and whether that is new.
    pub(super) fn take_wish(&mut self, reply: &Reply, at: Stamp) -> Effect {
        match self.people.rules.words.read(&reply.text) {
            Some(wish) if self.people.wish(reply, wish, at.wall) => {
                Effect::Wished(reply.from, wish)
            }
            _ => Effect::Done,
        }
    }

    pub(super) fn keep_hidden(&mut self, reply: &HiddenReply, at: Stamp) -> Effect {
        if let Some(phone) = self.people.lids.get(&reply.lid).copied() {
            return self.keep_reply(&reply.of(phone), at);
        }
        let people = &mut self.people;
        if let Ok(since) = at.wall.checked_sub(REPLIES_KEPT_FOR) {
            people.hidden_replies.retain(|it| it.received_at >= since);
        }
        let is_it =
            |it: &HiddenReply| it.account == reply.account && it.message_id == reply.message_id;
        if people.hidden_replies.iter().any(is_it) {
            return Effect::Done;
        }
        people.hidden_replies.push(reply.clone());
        let key = (reply.account, reply.lid);
        let received_at = reply.received_at.min(at.wall);
        match people.rules.words.read(&reply.text) {
            Some(Wish::OptOut) => {
                let opt_out = (received_at, reply.message_id.clone());
                people.hidden_opt_outs.entry(key).or_insert(opt_out);
                return Effect::HiddenOptOut;
            }
            Some(Wish::OptIn) => {
                let of_them = |(_, lid): &(Account, Lid), since: Timestamp| {
                    *lid == reply.lid && since <= received_at
                };
                people
                    .hidden_opt_outs
                    .retain(|key, (since, _)| !of_them(key, *since));
            }
            None => {}
        }
        Effect::Done
    }

    pub(super) fn learn_lid(&mut self, lid: Lid, phone: PhoneNumber, at: Stamp) -> Effect {
        let has_opted_out = |tables: &Self| {
            let last = tables.people.wishes.get(&phone);
            last.is_some_and(|last| last.wish == Wish::OptOut)
        };
        let had_opted_out = has_opted_out(self);
        let people = &mut self.people;
        people.lids.retain(|_, of| *of != phone);
        people.lids.insert(lid, phone);
        let opt_outs = std::mem::take(&mut people.hidden_opt_outs);
        for ((account, of), (since, message_id)) in opt_outs {
            if of != lid {
                let key = (account, of);
                people.hidden_opt_outs.insert(key, (since, message_id));
                continue;
            }
            let reply = Reply {
                account,
                message_id,
                from: phone,
                received_at: since,
                text: "".into(),
            };
            people.wish(&reply, Wish::OptOut, at.wall);
        }
        let replies = std::mem::take(&mut people.hidden_replies);
        let (known, others) = replies.into_iter().partition(|reply| reply.lid == lid);
        people.hidden_replies = others;
        let known: Vec<HiddenReply> = known;
        for reply in known {
            self.keep_reply(&reply.of(phone), at);
        }
        if has_opted_out(self) && !had_opted_out {
            Effect::Wished(phone, Wish::OptOut)
        } else {
            Effect::Done
        }
    }

    pub(super) fn confirmed(&mut self, phone: PhoneNumber) {
        if let Some(last) = self.people.wishes.get_mut(&phone) {
            last.is_to_be_confirmed = false;
        }
    }

    pub(super) fn due_confirmations(&self, limit: u32) -> Vec<DueConfirmation> {
        let due = self.people.wishes.iter();
        let due = due.filter(|(_, last)| last.wish == Wish::OptOut && last.is_to_be_confirmed);
        let due = due.filter_map(|(phone, last)| {
            let lane = self.lanes.get(&self.lane_of(last.account)?)?;
            Some(DueConfirmation {
                phone: *phone,
                account: last.account,
                message_id: last.message_id.clone(),
                since: last.at,
                session: lane.session.clone(),
            })
        });
        due.take(limit as usize).collect()
    }

    pub(super) fn hidden_opt_outs(&self) -> Vec<HiddenOptOut> {
        let hidden = self.people.hidden_opt_outs.iter();
        let hidden = hidden.filter_map(|((account, lid), (since, _))| {
            let lane = self.lanes.get(&self.lane_of(*account)?)?;
            Some(HiddenOptOut {
                lid: *lid,
                account: *account,
                session: lane.session.clone(),
                since: *since,
            })
        });
        let mut hidden: Vec<HiddenOptOut> = hidden.collect();
        hidden.sort_by_key(|it| (it.since, it.lid));
        hidden
    }

    /// A message is proved not to have been handed over: the person did not have it.
    pub(super) fn give_back(&mut self, id: DeliveryId) {
        let Some(phone) = self.recipient(id).map(|recipient| recipient.phone) else {
            return;
        };
        self.known.give_back(phone, id);
        if let Some(written) = self.people.written.get_mut(&phone) {
            written.remove(&id);
        }
    }

    /// WhatsApp refused a message: it counts in the caps, because later evidence may know better, but saying the same is no repetition.
    pub(super) fn did_not_read(&mut self, id: DeliveryId) {
        if let Some(phone) = self.recipient(id).map(|recipient| recipient.phone)
            && let Some(written) = self.people.written.get_mut(&phone)
            && let Some(written) = written.get_mut(&id)
        {
            written.text_hash = None;
        }
    }

    /// A message turned out to have arrived that was not thought to: the person had it.
    pub(super) fn had_it(&mut self, id: DeliveryId, at: Timestamp) {
        let phone = self.recipient(id).map(|recipient| recipient.phone);
        let campaign = self.campaigns.get(&id.campaign());
        let attempt = self
            .attempt_of(id)
            .map(|it| (it.slot, it.text_hash, it.started.wall));
        let Some((phone, campaign)) = phone.zip(campaign) else {
            return;
        };
        let category = campaign.definition.category;
        let (slot, text_hash, at) = attempt.unwrap_or((Slot::Reply, 0, at));
        let text_hash = Terms::hash_to_keep(slot, text_hash);
        let written = self.people.written.entry(phone).or_default();
        let known = written.entry(id).or_insert(Written {
            delivery: id,
            at,
            category,
            text_hash,
        });
        // It may have been thought to be refused.
        known.text_hash = text_hash;
    }
}
