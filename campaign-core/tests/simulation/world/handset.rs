//! A session with an account: the server in front of it, and what that knows of its messages.

use std::collections::{BTreeMap, BTreeSet};

use campaign_core::clock::Elapsed;
use campaign_core::delivery::Ack;
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::phone::PhoneNumber;
use jiff::Timestamp;

use super::super::plan::Plan;

#[derive(Debug)]
pub(crate) struct Handset {
    pub(crate) session: Session,
    pub(crate) account: Account,
    pub(crate) limits: LaneLimits,
    pub(crate) honours_ids: bool,
    pub(crate) was_paired_anew: bool,
    /// From when on the operator has given the account which zone.
    pub(crate) store_was_off: bool,
    pub(super) store_is_on: bool,
    /// Its server was started anew while the world ran: what it is silent about then proves nothing.
    pub(crate) was_restarted: bool,
    pub(super) server_up_since: Elapsed,
    /// Its server does not answer until then.
    pub(super) gone_until: Elapsed,
    pub(super) flap_until: Elapsed,
    pub(super) refuses_until: Elapsed,
    pub(super) holds_until: Elapsed,
    pub(super) restricted_until: Elapsed,
    /// What this account sent, by bare id.
    pub(super) kept: BTreeMap<String, Kept>,
    /// When somebody wrote last, by the server's clock.
    pub(super) heard: BTreeMap<PhoneNumber, Timestamp>,
    pub(super) pairings: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) to: PhoneNumber,
    pub(super) ack: Ack,
    /// From when on a look-up finds it.
    pub(super) found_from: Option<Elapsed>,
}

impl Handset {
    pub(super) fn all(plan: &Plan) -> Vec<Self> {
        let lanes = plan.lanes.iter().enumerate();
        let handset = |(index, lane): (usize, &super::super::plan::LanePlan)| Self {
            session: Session::new(&format!("session {index}")),
            account: account(index, 0),
            limits: lane.limits.clone(),
            honours_ids: lane.honours_ids,
            was_paired_anew: false,
            store_was_off: !lane.store_on,
            store_is_on: lane.store_on,
            was_restarted: false,
            server_up_since: Elapsed::from_micros(1),
            gone_until: Elapsed::default(),
            flap_until: Elapsed::default(),
            refuses_until: Elapsed::default(),
            holds_until: Elapsed::default(),
            restricted_until: Elapsed::default(),
            kept: BTreeMap::new(),
            heard: BTreeMap::new(),
            pairings: 0,
        };
        lanes.map(handset).collect()
    }

    /// Another number is paired with it. What the old one sent is on another phone now.
    pub(super) fn pair_anew(&mut self, index: usize) {
        self.pairings += 1;
        self.account = account(index, self.pairings);
        self.was_paired_anew = true;
        self.restricted_until = Elapsed::default();
        self.kept.clear();
        self.heard.clear();
    }

    /// Whose message can be found in it.
    pub(super) fn findable(&self, now: Elapsed) -> BTreeSet<PhoneNumber> {
        let found = |kept: &&Kept| kept.found_from.is_some_and(|from| from <= now);
        self.kept.values().filter(found).map(|it| it.to).collect()
    }
}

fn account(lane: usize, pairing: u64) -> Account {
    let digits = 6_281_200_000_001 + lane as u64 * 1_000 + pairing;
    Account(PhoneNumber::from_digits(digits).unwrap())
}
