//! Campaigns and the people in them.

use std::collections::BTreeSet;
use std::ops::Range;

use campaign_core::campaign::{Category, Definition, PoolPolicy, Sessions, Weight};
use campaign_core::clock::{Elapsed, Now};
use campaign_core::delivery::{CampaignId, DeliveryId};
use campaign_core::gateway::Session;
use campaign_core::limits::Slot;
use campaign_core::message::MessageTemplate;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{CommandId, NewRecipient, Store};
use campaign_core::testing::MemoryStore;
use jiff::Timestamp;

use super::super::plan::{CampaignPlan, Plan};
use super::clocks::FIRST_BOOT;
use super::run;
use super::shared::TENANT;

/// A campaign as the world knows it.
#[derive(Debug)]
pub(crate) struct Mailing {
    pub(crate) id: CampaignId,
    pub(crate) lane: usize,
    /// The other lane of a pool.
    pub(crate) also: Option<usize>,
    /// By what the design says of categories, whatever the engine makes of it.
    pub(crate) slot: Slot,
    pub(super) greeting: &'static str,
    /// What it says to everybody, where it has no names in it.
    pub(super) text: Option<String>,
    pub(crate) confirms_opt_out: bool,
    /// One message, outside campaigns.
    pub(super) is_single: bool,
    /// The store went back to a time before it.
    pub(crate) is_lost: bool,
    /// Rows that were in the audience from the start or added to it.
    pub(crate) rows: u32,
    pub(crate) started: Option<Elapsed>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) pauses: Vec<Pause>,
    pub(crate) cancel: Option<Pause>,
    pub(super) gate_is_open: bool,
    /// Deliveries that the engine has asked for and not done with.
    pub(super) in_memory: BTreeSet<DeliveryId>,
    /// Those that may not go out yet: beyond a window of them they are left to the store.
    pub(super) put_off: BTreeSet<DeliveryId>,
}

impl Mailing {
    pub(super) fn new(id: CampaignId, plan: &CampaignPlan) -> Self {
        Self {
            id,
            lane: plan.lane,
            also: plan.also,
            slot: match plan.category {
                Category::Authentication | Category::Service => Slot::Reply,
                Category::Marketing | Category::Utility if plan.is_urgent => Slot::Reply,
                Category::Marketing | Category::Utility => Slot::Cold,
            },
            greeting: plan.greeting,
            text: None,
            confirms_opt_out: false,
            is_single: false,
            is_lost: false,
            rows: plan.deliveries(),
            started: None,
            expires_at: None,
            pauses: Vec::new(),
            cancel: None,
            gate_is_open: true,
            in_memory: BTreeSet::new(),
            put_off: BTreeSet::new(),
        }
    }

    /// What it says to somebody.
    pub(crate) fn text(&self, phone: PhoneNumber) -> String {
        let text = self.text.clone();
        text.unwrap_or_else(|| format!("{} {}", self.greeting, name(phone)))
    }
}

impl Mailing {
    pub(crate) fn lanes(&self) -> impl Iterator<Item = usize> + use<> {
        [self.lane].into_iter().chain(self.also)
    }

    pub(crate) fn is_from(&self, lane: usize) -> bool {
        self.lanes().any(|other| other == lane)
    }
}

/// Sending was to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pause {
    pub(crate) command: CommandId,
    pub(crate) asked: Elapsed,
    /// When it was answered, and with how many in flight.
    pub(crate) answered: Option<(Elapsed, u32)>,
    pub(crate) resumed: Option<Elapsed>,
}

pub(super) fn import(store: &MemoryStore, plan: &Plan, now: Now) -> Vec<Mailing> {
    let mailing = |(index, campaign): (usize, &CampaignPlan)| {
        let message = MessageTemplate::text(format!("{} {{{{nama}}}}", campaign.greeting)).unwrap();
        let expires_at = campaign
            .expires_after
            .map(|after| now.wall.checked_add(after).unwrap());
        let lanes = [campaign.lane].into_iter().chain(campaign.also);
        let sessions = lanes.map(|lane| Session::new(&format!("session {lane}")));
        let sessions = Sessions::new(sessions).unwrap();
        let definition = Definition {
            hours: campaign.hours.clone(),
            expires_at,
            catch_up: campaign.catch_up,
            check: campaign.check,
            category: campaign.category,
            is_urgent: campaign.is_urgent,
            tenant: campaign.is_of_tenant.then(|| TENANT.into()),
            weight: Weight::new(campaign.weight).unwrap(),
            pool_policy: campaign
                .moves_after
                .map_or(PoolPolicy::Wait, PoolPolicy::MoveAfter),
            may_repeat: campaign.may_repeat,
            consent: campaign.consent,
            ..Definition::new(format!("campaign {index}"), sessions, message)
        };
        let columns: [Box<str>; 1] = ["nama".into()];
        let id = run(store.create(&definition, &columns, now)).unwrap();
        let people = people(campaign.audience.clone(), campaign.rows_each);
        run(store.import(id, people, 0)).unwrap();
        run(store.freeze(id, now.stamp(FIRST_BOOT))).unwrap();
        Mailing {
            expires_at: definition.expires_by(now.wall),
            ..Mailing::new(id, campaign)
        }
    };
    plan.campaigns.iter().enumerate().map(mailing).collect()
}

pub(super) fn people(indices: Range<u32>, rows_each: u32) -> Vec<NewRecipient> {
    let person = |index| {
        (0..rows_each).map(move |row| {
            let number = u64::from(index) * u64::from(rows_each) + u64::from(row) + 2;
            let recipient = NewRecipient::new(number, phone(index), [name(phone(index))]);
            NewRecipient {
                key: (rows_each > 1).then(|| format!("INV-{row}").into()),
                ..recipient
            }
        })
    };
    indices.flat_map(person).collect()
}

pub(super) const FIRST_PHONE: u64 = 6_281_300_000_000;

pub(super) fn phone(index: u32) -> PhoneNumber {
    PhoneNumber::from_digits(FIRST_PHONE + u64::from(index)).unwrap()
}

pub(super) fn index_of(phone: PhoneNumber) -> u32 {
    u32::try_from(phone.digits() - FIRST_PHONE).unwrap()
}

/// One person in ten has two numbers.
pub(super) fn name(phone: PhoneNumber) -> String {
    let index = index_of(phone);
    let person = if index % 10 == 1 { index - 1 } else { index };
    format!("Orang {person}")
}
