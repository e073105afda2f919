//! People beyond their numbers: the LIDs that they hide behind, and what they ask for.

use std::time::Duration;

use campaign_core::campaign::Category;
use campaign_core::clock::Elapsed;
use campaign_core::consent::{Consent, Lid, Origin, Rules, Wish};
use campaign_core::engine::Input;
use campaign_core::gateway::{Account, Notice, Session};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{Batch, Change, Command, HiddenReply, NewRecipient, Reply, Store};
use campaign_core::testing::MemoryStore;
use jiff::Timestamp;

use super::super::coverage::Strike;
use super::super::plan::{CampaignPlan, Plan};
use super::audience::{FIRST_PHONE, index_of, phone};
use super::{Event, Mailing, World, run};

const FIRST_LID: u64 = 200_000_000_000_000;
const STOP: &str = "STOP";
const START: &str = "MULAI";

/// What somebody asked for, once it was on record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wished {
    pub(crate) phone: PhoneNumber,
    /// Towards which account.
    pub(crate) account: Account,
    /// The record knows a LID and no phone.
    pub(crate) is_hidden: bool,
    pub(crate) wish: Wish,
    /// When, by WhatsApp's clock.
    pub(crate) asked: Timestamp,
    pub(crate) recorded: Elapsed,
    /// An older copy was put in place then, that does not know of it.
    pub(crate) forgotten: Option<Elapsed>,
}

/// Everybody's own.
pub(super) fn lid_of(phone: PhoneNumber) -> Lid {
    Lid::from_number(FIRST_LID + phone.digits() - FIRST_PHONE).unwrap()
}

pub(super) fn phone_of(lid: Lid) -> PhoneNumber {
    PhoneNumber::from_digits(FIRST_PHONE + lid.number() - FIRST_LID).unwrap()
}

/// Whether the first of them agreed to broadcasts, or said no, before the world began.
pub(crate) fn agreed_before(phone: PhoneNumber) -> Option<bool> {
    match index_of(phone) % 10 {
        0..4 => Some(true),
        9 => Some(false),
        _ => None,
    }
}

pub(super) fn set_up(store: &MemoryStore, plan: &Plan) {
    let rules = Rules {
        caps: plan.people.caps.clone(),
        wait_hours_max: plan.people.wait_hours_max,
        ..Rules::default()
    };
    run(store.set_rules(&rules)).unwrap();
    if !plan.people.have_agreed {
        return;
    }
    let audiences = plan.campaigns.iter().flat_map(|it| it.audience.clone());
    let consents = audiences.filter_map(|index| {
        Some(Consent {
            phone: phone(index),
            category: Category::Marketing,
            is_granted: agreed_before(phone(index))?,
            origin: Origin::Import,
            source: "a list".into(),
            since: plan.begins,
        })
    });
    run(store.record_consents(&consents.collect::<Vec<_>>())).unwrap();
}

impl World {
    /// Somebody in an audience wants no more messages, or wants them again.
    pub(super) fn wish(&mut self) {
        let mailing = self.some_mailing();
        let audience = self.plan.campaigns[mailing].audience.clone();
        let from = phone(self.rng.u32(audience));
        let words = [STOP, START][usize::from(self.rng.u8(..4) == 0)];
        self.write_to(self.mailings[mailing].lane, from, words);
    }

    pub(super) fn opt_out(&mut self, lane: usize, from: PhoneNumber) {
        self.write_to(lane, from, STOP);
    }

    pub(super) fn write_to(&mut self, lane: usize, from: PhoneNumber, text: &str) {
        let received_at = self.now.wall;
        let message_id = format!("3A{:018X}", self.rng.u64(..)).into();
        let handset = &mut self.handsets[lane];
        handset.heard.insert(from, received_at);
        let (session, account) = (handset.session.clone(), handset.account);
        let is_hidden = handset.hides_people && !handset.knows(from);
        let letter = match is_hidden {
            false => Notice::Reply {
                session,
                account,
                message_id,
                from,
                received_at,
                text: text.into(),
            },
            true => Notice::HiddenReply {
                session,
                account,
                message_id,
                lid: lid_of(from),
                received_at,
                text: text.into(),
            },
        };
        self.write_down(|| format!("{from} writes {text:?} to lane {lane}, hidden: {is_hidden}"));
        let of_them = self.rows_of(from);
        for state in of_them.into_iter().filter(|_| text != "Ya") {
            let strike = match (text == STOP, is_hidden) {
                (true, true) => Strike::OptedOutHidden,
                (true, false) => Strike::OptedOut,
                (false, _) => Strike::OptedIn,
            };
            self.coverage.note(strike, state);
        }
        self.is_alive(lane);
        self.notice(letter);
        // A session learns who somebody is as they write, sooner or later.
        if is_hidden && self.rng.bool() {
            self.handsets[lane].learn(from);
        }
    }

    /// A session learns whose phone belongs to a LID.
    pub(super) fn learn_lid(&mut self) {
        let mailing = self.some_mailing();
        let audience = self.plan.campaigns[mailing].audience.clone();
        let whose = phone(self.rng.u32(audience));
        let lane = self.mailings[mailing].lane;
        self.write_down(|| format!("lane {lane} learns the LID of {whose}"));
        for state in self.rows_of(whose) {
            self.coverage.note(Strike::LidLearnt, state);
        }
        self.handsets[lane].learn(whose);
    }

    pub(super) fn phone_behind(&self, session: &Session, lid: Lid) -> Option<PhoneNumber> {
        let handset = &self.handsets[self.lane_of(session)];
        let phone = phone_of(lid);
        (handset.answers(self.now.elapsed) && handset.knows(phone)).then_some(phone)
    }

    pub(super) fn lid_behind(&self, session: &Session, phone: PhoneNumber) -> Option<Lid> {
        let handset = &self.handsets[self.lane_of(session)];
        (handset.answers(self.now.elapsed) && handset.knows(phone)).then(|| lid_of(phone))
    }

    pub(super) fn replied(&mut self, reply: &Reply) {
        let now = self.now.elapsed;
        let letter = (reply.account, reply.from, now, reply.received_at);
        self.ledger.letters.push(letter);
        self.wished(
            reply.from,
            reply.account,
            &reply.text,
            reply.received_at,
            false,
        );
    }

    pub(super) fn replied_hidden(&mut self, reply: &HiddenReply) {
        let phone = phone_of(reply.lid);
        let (account, at) = (reply.account, reply.received_at);
        self.ledger.hidden_letters.push((account, phone, at));
        if self.ledger.known.contains_key(&phone) {
            let letter = (account, phone, self.now.elapsed, at);
            self.ledger.letters.push(letter);
        }
        self.wished(phone, reply.account, &reply.text, reply.received_at, true);
    }

    /// Whatever somebody wrote under a LID is theirs from here on.
    pub(super) fn lid_known(&mut self, phone: PhoneNumber) {
        let now = self.now.elapsed;
        self.ledger.known.entry(phone).or_insert(now);
        let theirs = self.ledger.hidden_letters.iter();
        let theirs = theirs.filter(|(_, from, _)| *from == phone);
        let letters = theirs.map(|(account, from, at)| (*account, *from, now, *at));
        self.ledger.letters.extend(letters);
    }

    fn wished(
        &mut self,
        phone: PhoneNumber,
        account: Account,
        text: &str,
        asked: Timestamp,
        is_hidden: bool,
    ) {
        let wish = match text {
            STOP => Wish::OptOut,
            START => Wish::OptIn,
            _ => return,
        };
        self.ledger.wishes.push(Wished {
            phone,
            account,
            is_hidden,
            wish,
            asked,
            recorded: self.now.elapsed,
            forgotten: None,
        });
    }

    /// The operator finds out who has opted out, and tells; and looks again a while later.
    pub(super) fn resolve_hidden(&mut self) {
        self.later(Duration::from_secs(600), Event::ResolveHidden);
        for opt_out in run(self.store.hidden_opt_outs()).unwrap() {
            let (lid, phone) = (opt_out.lid, Some(phone_of(opt_out.lid)));
            self.command(Command::ResolveLid { lid, phone });
        }
    }

    /// As the driver does it.
    pub(super) fn confirm_opt_outs(&mut self) {
        let now = self.seen_now();
        // A worker that was replaced finds out with its next batch.
        let store = self.store.other_process();
        for opt_out in run(store.due_confirmations(u32::MAX)).unwrap() {
            let rules = run(store.rules()).unwrap();
            let confirmation = rules.confirmation.unwrap();
            let definition = opt_out.definition(&confirmation).unwrap();
            let lane = self.lane_of(&opt_out.session);
            let there = run(store.campaign(&definition.name)).unwrap();
            let campaign = there.map(|it| it.id).unwrap_or_else(|| {
                let campaign = run(store.create(&definition, &[], now)).unwrap();
                let nothing = Vec::<Box<str>>::new();
                let recipient = NewRecipient::new(1, opt_out.phone, nothing);
                run(store.import(campaign, vec![recipient], 0)).unwrap();
                run(store.freeze(campaign, now.stamp(self.clocks.boot()))).unwrap();
                let text = confirmation.text(opt_out.phone).to_owned();
                let index = index_of(opt_out.phone);
                let plan = CampaignPlan {
                    category: definition.category,
                    started_after: self.now.elapsed.since(Elapsed::default()),
                    ..CampaignPlan::new(lane, index..index + 1)
                };
                let mailing = Mailing {
                    text: Some(text),
                    confirms_opt_out: true,
                    is_single: true,
                    started: Some(self.now.elapsed),
                    expires_at: definition.expires_at,
                    ..Mailing::new(campaign, &plan)
                };
                self.plan.campaigns.push(plan);
                self.mailings.push(mailing);
                campaign
            });
            let phone = opt_out.phone;
            let batch = Batch {
                at: now.stamp(self.clocks.boot()),
                changes: vec![Change::Confirmed { phone }],
            };
            run(store.commit(batch.into())).unwrap();
            self.command(Command::Start { campaign });
        }
    }

    pub(super) fn tell_hidden(&mut self) {
        let hidden = run(self.store.hidden_opt_outs()).unwrap();
        self.handle(Input::HiddenOptOuts(hidden));
    }
}
