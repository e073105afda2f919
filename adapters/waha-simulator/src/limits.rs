//! What WhatsApp lets an account do with strangers: the quota of new chats per cycle and its
//! warnings, the restriction (reach-out timelock), and the removal of the device when the refusals
//! are ignored. Pure: persons are numbers, and time is an argument.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) mod account;

/// How many chats an account may open per cycle.
///
/// A chat is new when the person never wrote to the account and the account sent them nothing in
/// the cycle. At the quota, sends to new chats fail with 463; every other send goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// New chats per cycle.
    pub new_chats: u32,
    /// From this many on, the status is FIRST_WARNING.
    pub first_warning: u32,
    /// From this many on, SECOND_WARNING.
    pub second_warning: u32,
    /// How long a cycle lasts (divided by the speed). The first begins with the simulator.
    pub cycle: Duration,
}

impl Quota {
    /// Warnings at 60 and 80 percent and a cycle of 30 days. WhatsApp does not publish its own
    /// shares; WAHA's documentation shows 640 of 1000 within a calendar month as FIRST_WARNING.
    pub fn of(new_chats: u32) -> Self {
        let share = |percent: u64| (u64::from(new_chats) * percent).div_ceil(100) as u32;
        Self {
            new_chats,
            first_warning: share(60),
            second_warning: share(80),
            cycle: Duration::from_secs(30 * 24 * 3600),
        }
    }

    /// The same with other warnings.
    #[must_use]
    pub fn warning_at(mut self, first: u32, second: u32) -> Self {
        (self.first_warning, self.second_warning) = (first, second);
        self
    }

    /// The same with another cycle.
    #[must_use]
    pub fn per(mut self, cycle: Duration) -> Self {
        self.cycle = cycle;
        self
    }

    fn status(&self, used: u32) -> &'static str {
        match used {
            used if used >= self.new_chats => "CAPPED",
            used if used >= self.second_warning => "SECOND_WARNING",
            used if used >= self.first_warning => "FIRST_WARNING",
            _ => "NONE",
        }
    }
}

/// A restriction of an account: sends to people who never wrote to it fail with 463.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restriction {
    /// When it ends by itself (divided by the speed); `None` for not at all.
    pub lasts: Option<Duration>,
    /// WhatsApp's word for it.
    pub enforcement_type: String,
    /// Whether WAHA learns of it, and so shows it. A 463 can come while `me.reachoutTimelock` is
    /// null (reported for GOWS 2026.7.2).
    pub shown: bool,
}

impl Restriction {
    /// A restriction that ends by itself and that WAHA shows.
    pub fn lasting(lasts: Duration) -> Self {
        Self {
            lasts: Some(lasts),
            ..Self::open_ended()
        }
    }

    /// A restriction that stays until it is lifted, and that WAHA shows.
    pub fn open_ended() -> Self {
        Self {
            lasts: None,
            enforcement_type: "RESTRICT_ALL_COMPANIONS".to_owned(),
            shown: true,
        }
    }

    /// The same, but WAHA never learns of it.
    #[must_use]
    pub fn unseen(mut self) -> Self {
        self.shown = false;
        self
    }
}

/// How a send that WhatsApp refuses with 463 ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refusal {
    /// The call itself fails with 500, as [`Fault::Timelock`](crate::Fault::Timelock) does (GOWS).
    #[default]
    Answer,
    /// The call answers 201, and an acknowledgement ERROR follows, from 2026.7.2 on with an
    /// `error` of code 463 (Baileys learns of the refusal only then; WAHA source of NOWEB).
    Ack,
}

/// One account's state.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    quota: Option<Quota>,
    cycle: (u64, u64),
    used: u32,
    /// To whom something was sent in the cycle.
    reached: HashSet<u64>,
    /// Who ever wrote.
    wrote: HashSet<u64>,
    restriction: Option<Imposed>,
    /// Refusals since the account was last free to write to strangers.
    ignored: u32,
}

#[derive(Debug, Clone)]
struct Imposed {
    active: bool,
    ends_us: Option<u64>,
    enforcement_type: String,
    shown: bool,
}

/// What becomes of a send to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Goes,
    /// It goes, and with it the capping status becomes another.
    GoesAndWarns,
    Refused,
    /// Refused, and once too often: the device is removed.
    RefusedAndRemoved,
}

impl Limits {
    /// Another quota, or none; the cycle begins now, with nothing used.
    pub(crate) fn set_quota(&mut self, quota: Option<Quota>, now_us: u64, cycle_us: u64) {
        self.quota = quota;
        self.begin(now_us, cycle_us);
    }

    fn begin(&mut self, start_us: u64, cycle_us: u64) {
        self.cycle = (start_us, start_us.saturating_add(cycle_us.max(1)));
        self.used = 0;
        self.reached.clear();
    }

    /// Passes into the cycle that is on; says whether the status changed with it.
    pub(crate) fn turn(&mut self, now_us: u64) -> bool {
        let (start, end) = self.cycle;
        let Some(quota) = self.quota.filter(|_| now_us >= end) else {
            return false;
        };
        let warned = quota.status(self.used) != "NONE";
        let cycle_us = end - start;
        let passed = (now_us - start) / cycle_us;
        self.begin(start + passed * cycle_us, cycle_us);
        warned
    }

    pub(crate) fn wrote(&mut self, person: u64) {
        self.wrote.insert(person);
    }

    pub(crate) fn restrict(&mut self, restriction: &Restriction, ends_us: Option<u64>) {
        self.ignored = 0;
        self.restriction = Some(Imposed {
            active: true,
            ends_us,
            enforcement_type: restriction.enforcement_type.clone(),
            shown: restriction.shown,
        });
    }

    /// Ends a restriction; says whether WAHA shows that.
    pub(crate) fn lift(&mut self) -> bool {
        self.ignored = 0;
        match self.restriction.as_mut().filter(|imposed| imposed.active) {
            Some(imposed) => {
                imposed.active = false;
                imposed.shown
            }
            None => false,
        }
    }

    /// Ends a restriction whose time is over; says whether WAHA shows that.
    pub(crate) fn expire(&mut self, now_us: u64) -> bool {
        let over = self.restriction.as_ref().is_some_and(|imposed| {
            imposed.active && imposed.ends_us.is_some_and(|ends| ends <= now_us)
        });
        over && self.lift()
    }

    /// A send to a person, at the moment it is handed over.
    pub(crate) fn send(&mut self, person: u64, removed_after: u32) -> Verdict {
        if self.wrote.contains(&person) {
            return Verdict::Goes;
        }
        let restricted = self
            .restriction
            .as_ref()
            .is_some_and(|imposed| imposed.active);
        if restricted {
            return self.refuse(removed_after);
        }
        let Some(quota) = self.quota else {
            return Verdict::Goes;
        };
        if self.reached.contains(&person) {
            return Verdict::Goes;
        }
        if self.used >= quota.new_chats {
            return self.refuse(removed_after);
        }
        self.reached.insert(person);
        self.count(&quota)
    }

    /// A message of the account's that no call sent: counted, and never refused here.
    pub(crate) fn sent_elsewhere(&mut self, person: u64) -> Verdict {
        let Some(quota) = self.quota else {
            return Verdict::Goes;
        };
        if self.wrote.contains(&person) || !self.reached.insert(person) {
            return Verdict::Goes;
        }
        self.count(&quota)
    }

    fn count(&mut self, quota: &Quota) -> Verdict {
        let before = quota.status(self.used);
        self.used += 1;
        if quota.status(self.used) == before {
            Verdict::Goes
        } else {
            Verdict::GoesAndWarns
        }
    }

    fn refuse(&mut self, removed_after: u32) -> Verdict {
        self.ignored += 1;
        if self.ignored >= removed_after {
            self.ignored = 0;
            Verdict::RefusedAndRemoved
        } else {
            Verdict::Refused
        }
    }

    /// New chats of the cycle so far.
    pub(crate) fn used(&self) -> u32 {
        self.used
    }

    /// `me.reachoutTimelock`: null until a restriction was seen; it stays, inactive, afterwards.
    pub(crate) fn timelock(&self, wall_s: impl Fn(u64) -> u64) -> Value {
        match self.restriction.as_ref().filter(|imposed| imposed.shown) {
            Some(imposed) => json!({
                "enforcementType": imposed.enforcement_type,
                "isActive": imposed.active,
                "timeEnforcementEnds": imposed.ends_us.map(wall_s),
            }),
            None => Value::Null,
        }
    }

    /// `me.messageCapping`; an account without a quota has -1 (WAHA source).
    pub(crate) fn capping(&self, wall_s: impl Fn(u64) -> u64) -> Value {
        let quota = self.quota.as_ref();
        json!({
            "cappingStatus": quota.map_or("NONE", |quota| quota.status(self.used)),
            "totalQuota": quota.map_or(-1, |quota| i64::from(quota.new_chats)),
            "usedQuota": self.used,
            "cycleStart": quota.map(|_| wall_s(self.cycle.0)),
            "cycleEnd": quota.map(|_| wall_s(self.cycle.1)),
            "mvStatus": "NOT_ELIGIBLE",
            "oteStatus": "NOT_ELIGIBLE",
        })
    }

    /// Whether anything here can refuse a send.
    pub(crate) fn is_free(&self) -> bool {
        self.quota.is_none() && self.restriction.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: u32 = u32::MAX;

    fn limits(quota: Quota) -> Limits {
        let mut limits = Limits::default();
        limits.set_quota(Some(quota), 0, 1_000);
        limits
    }

    fn status(limits: &Limits) -> Value {
        limits.capping(|us| us)["cappingStatus"].clone()
    }

    #[test]
    fn only_new_chats_count_and_the_warnings_come_in_order() {
        let mut limits = limits(Quota::of(5).warning_at(2, 4));
        limits.wrote(99);
        let table = [
            (1, Verdict::Goes, "NONE", 1),
            (1, Verdict::Goes, "NONE", 1),
            (99, Verdict::Goes, "NONE", 1),
            (2, Verdict::GoesAndWarns, "FIRST_WARNING", 2),
            (3, Verdict::Goes, "FIRST_WARNING", 3),
            (4, Verdict::GoesAndWarns, "SECOND_WARNING", 4),
            (5, Verdict::GoesAndWarns, "CAPPED", 5),
            (6, Verdict::Refused, "CAPPED", 5),
            (5, Verdict::Goes, "CAPPED", 5),
            (99, Verdict::Goes, "CAPPED", 5),
        ];
        for (person, verdict, named, used) in table {
            assert_eq!(limits.send(person, NEVER), verdict, "{person}");
            assert_eq!(
                (status(&limits), limits.used()),
                (named.into(), used),
                "{person}"
            );
        }
        limits.wrote(6);
        assert_eq!(limits.send(6, NEVER), Verdict::Goes);
    }

    #[test]
    fn what_the_phone_sends_counts_and_is_never_refused() {
        let mut limits = limits(Quota::of(2).warning_at(2, 2));
        assert_eq!(limits.sent_elsewhere(1), Verdict::Goes);
        assert_eq!(limits.send(1, NEVER), Verdict::Goes);
        assert_eq!(limits.sent_elsewhere(2), Verdict::GoesAndWarns);
        assert_eq!(limits.sent_elsewhere(3), Verdict::Goes);
        assert_eq!(limits.used(), 3);
        assert_eq!(limits.send(4, NEVER), Verdict::Refused);
    }

    #[test]
    fn a_quota_of_one_lets_one_through() {
        let mut limits = limits(Quota::of(1));
        assert_eq!(limits.send(1, NEVER), Verdict::GoesAndWarns);
        assert_eq!(limits.send(2, NEVER), Verdict::Refused);
    }

    #[test]
    fn a_new_cycle_begins_with_nothing_used() {
        let mut limits = limits(Quota::of(1));
        limits.send(1, NEVER);
        assert!(!limits.turn(999));
        assert!(limits.turn(3_500), "the status changed");
        assert_eq!(limits.cycle, (3_000, 4_000));
        assert_eq!(limits.used(), 0);
        // Who was written to in an older cycle is new again.
        assert_eq!(limits.send(1, NEVER), Verdict::GoesAndWarns);
    }

    #[test]
    fn a_restriction_refuses_strangers_until_it_ends() {
        let mut limits = Limits::default();
        limits.wrote(1);
        assert_eq!(limits.send(2, NEVER), Verdict::Goes);
        limits.restrict(&Restriction::lasting(Duration::from_secs(1)), Some(500));
        assert_eq!(limits.send(1, NEVER), Verdict::Goes);
        // That something was sent before does not help.
        assert_eq!(limits.send(2, NEVER), Verdict::Refused);
        assert!(!limits.expire(499));
        assert_eq!(limits.timelock(|us| us)["isActive"], true);
        assert!(limits.expire(500));
        assert_eq!(limits.timelock(|us| us)["isActive"], false);
        assert_eq!(limits.send(2, NEVER), Verdict::Goes);
    }

    #[test]
    fn ignored_refusals_remove_the_device() {
        let mut limits = Limits::default();
        limits.restrict(&Restriction::open_ended().unseen(), None);
        assert_eq!(limits.timelock(|us| us), Value::Null);
        assert_eq!(limits.send(1, 3), Verdict::Refused);
        assert_eq!(limits.send(1, 3), Verdict::Refused);
        assert_eq!(limits.send(2, 3), Verdict::RefusedAndRemoved);
        assert_eq!(limits.send(2, 3), Verdict::Refused);
    }
}
