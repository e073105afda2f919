//! A session with an account: the server in front of it, and what that knows of its messages.

use std::collections::{BTreeMap, BTreeSet};

use campaign_core::clock::Elapsed;
use campaign_core::delivery::Ack;
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::phone::PhoneNumber;
use jiff::Timestamp;

use super::super::plan::Plan;
use super::audience::index_of;

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
    /// Another account is being paired with it until then: whoever restarts it meanwhile does not bring the one before back.
    pub(super) pairs_until: Elapsed,
    pub(super) refuses_until: Elapsed,
    pub(super) holds_until: Elapsed,
    pub(super) restricted_until: Elapsed,
    /// It says that it works, and reaches nobody, until then.
    pub(super) dead_until: Elapsed,
    /// WAHA has given it up: it stays so until somebody restarts it.
    pub(super) has_failed: bool,
    /// The process that heard an ack of it last.
    pub(super) heard_by: Option<u32>,
    /// What this account sent, by bare id.
    pub(super) kept: BTreeMap<String, Kept>,
    /// What somebody else sent through it that its message store holds, and to whom.
    pub(super) others: BTreeMap<String, PhoneNumber>,
    /// When somebody wrote last, by the server's clock.
    pub(super) heard: BTreeMap<PhoneNumber, Timestamp>,
    pub(super) pairings: u64,
    /// Events tell LIDs, and no phone of whom the session does not know.
    pub(super) hides_people: bool,
    /// Messages are kept under LIDs.
    pub(super) is_keyed_by_lid: bool,
    knows_one_in: u32,
    learnt: BTreeSet<PhoneNumber>,
}

#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// Its place in the ledger.
    pub(super) attempt: usize,
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
            pairs_until: Elapsed::default(),
            refuses_until: Elapsed::default(),
            holds_until: Elapsed::default(),
            restricted_until: Elapsed::default(),
            dead_until: Elapsed::default(),
            has_failed: false,
            heard_by: None,
            kept: BTreeMap::new(),
            others: BTreeMap::new(),
            heard: BTreeMap::new(),
            pairings: 0,
            hides_people: lane.hides_people,
            is_keyed_by_lid: lane.is_keyed_by_lid,
            knows_one_in: lane.knows_one_in,
            learnt: BTreeSet::new(),
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
        self.others.clear();
        self.heard.clear();
    }

    /// Whether the session knows which LID belongs to a phone.
    pub(super) fn knows(&self, phone: PhoneNumber) -> bool {
        index_of(phone).is_multiple_of(self.knows_one_in) || self.learnt.contains(&phone)
    }

    /// Every message is found wherever it is kept, from the first moment on.
    pub(crate) fn could_always_find_everybody(&self) -> bool {
        !self.is_keyed_by_lid || self.knows_one_in == 1
    }

    pub(super) fn learn(&mut self, phone: PhoneNumber) {
        self.learnt.insert(phone);
    }

    /// Its server answers questions, and the session works.
    pub(super) fn answers(&self, now: Elapsed) -> bool {
        now >= self.gone_until && now >= self.refuses_until && !self.is_away(now)
    }

    /// What was stored since then is found no more.
    pub(super) fn forget_since(&mut self, moment: Elapsed) {
        for kept in self.kept.values_mut() {
            kept.found_from = kept.found_from.filter(|from| *from < moment);
        }
    }

    /// Whose message can be found in it.
    pub(super) fn findable(&self, now: Elapsed) -> BTreeSet<PhoneNumber> {
        let found = |kept: &&Kept| {
            let is_seen = !self.is_keyed_by_lid || self.knows(kept.to);
            is_seen && kept.found_from.is_some_and(|from| from <= now)
        };
        self.kept.values().filter(found).map(|it| it.to).collect()
    }
}

fn account(lane: usize, pairing: u64) -> Account {
    let digits = 6_281_200_000_001 + lane as u64 * 1_000 + pairing;
    Account(PhoneNumber::from_digits(digits).unwrap())
}
