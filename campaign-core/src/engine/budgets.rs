//! Limits above the account: which of them a message counts in, and who waits for them.

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use super::job::Job;
use crate::clock::{BootId, Elapsed, Now};
use crate::delivery::CampaignId;
use crate::gateway::Session;
use crate::limits::{Budget, Scope, SharedLimits, SharedRecord, Slot, When};
use crate::store::{Change, LaneId};

/// All limits above the account.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    /// Never taken away, so that what a message was charged to stays what it is.
    kept: Vec<Kept>,
    installation: Option<Place>,
    servers: BTreeMap<Box<str>, Place>,
    tenants: BTreeMap<Box<str>, Place>,
    campaigns: BTreeMap<CampaignId, Place>,
    /// Those that waited, and may look again.
    freed: BTreeSet<Waiter>,
    /// Where there is news for the store.
    noteworthy: BTreeSet<Place>,
}

/// Who waits for limits above the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Waiter {
    Campaign(CampaignId),
    Lane(LaneId),
}

/// Where in [`Budgets`] the limits of a scope are.
type Place = usize;

#[derive(Debug)]
struct Kept {
    scope: Scope,
    /// `None`: there are no such limits any more.
    budget: Option<Budget>,
    /// Those that wait until something under way has ended.
    waiting: BTreeSet<Waiter>,
    /// Those that wait for a moment, which comes sooner when a place is given back.
    dozing: BTreeSet<Waiter>,
}

/// The limits that a message counts in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Charged([Option<Place>; 4]);

/// What keeps a message waiting longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Longest {
    pub(super) when: When,
    place: Option<Place>,
}

impl Longest {
    const NOW: Self = Self {
        when: When::Now,
        place: None,
    };

    /// An account's own limits.
    pub(super) fn of_lane(when: When) -> Self {
        Self { when, place: None }
    }

    /// The longer of two waits.
    pub(super) fn or(self, other: Self) -> Self {
        let rank = |when| match when {
            When::Now => (0, Elapsed::default()),
            When::At(moment, _) => (1, moment),
            When::AfterAnEnd(_) => (2, Elapsed::NEVER),
        };
        if rank(other.when) > rank(self.when) {
            other
        } else {
            self
        }
    }
}

impl Budgets {
    pub(super) fn new(records: Vec<SharedRecord>, boot: BootId, now: Now) -> Self {
        let mut budgets = Self::default();
        for record in records {
            let budget = Budget::new(record.limits, record.past.as_ref(), boot, now);
            let place = budgets.place_of(record.scope);
            budgets.kept[place].budget = Some(budget);
        }
        budgets
    }

    /// Other limits, or none any more. Those that were not there before count from here on.
    pub(super) fn set(
        &mut self,
        scope: Scope,
        limits: Option<SharedLimits>,
        boot: BootId,
        now: Now,
    ) {
        let place = self.place_of(scope);
        let kept = &mut self.kept[place];
        match (&mut kept.budget, limits) {
            (budget, None) => *budget = None,
            (Some(budget), Some(limits)) => budget.set_limits(limits, now),
            (budget, Some(limits)) => *budget = Some(Budget::new(limits, None, boot, now)),
        }
        self.freed.append(&mut kept.waiting);
        self.freed.append(&mut kept.dozing);
        self.noteworthy.insert(place);
    }

    fn place_of(&mut self, scope: Scope) -> Place {
        let new = self.kept.len();
        let place = match &scope {
            Scope::Installation => *self.installation.get_or_insert(new),
            Scope::Server(name) => *self.servers.entry(name.clone()).or_insert(new),
            Scope::Tenant(name) => *self.tenants.entry(name.clone()).or_insert(new),
            Scope::Campaign(id) => *self.campaigns.entry(*id).or_insert(new),
        };
        if place == new {
            self.kept.push(Kept {
                scope,
                budget: None,
                waiting: BTreeSet::new(),
                dozing: BTreeSet::new(),
            });
        }
        place
    }

    fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Those of everything that goes through a session of this server.
    pub(super) fn of_server(&self, server: Option<&str>) -> [Option<Place>; 2] {
        let server = server.and_then(|name| self.servers.get(name));
        [self.installation, server.copied()]
    }

    /// Those of everything of a campaign.
    pub(super) fn of_job(&self, job: &Job) -> [Option<Place>; 2] {
        let tenant = job.record.definition.tenant.as_deref();
        let tenant = tenant.and_then(|name| self.tenants.get(name));
        [tenant.copied(), self.campaigns.get(&job.id()).copied()]
    }

    /// When a message that counts in these may be journalled.
    pub(super) fn when(&self, places: [Option<Place>; 2], slot: Slot, now: Now) -> Longest {
        let places = places.into_iter().flatten();
        let waits = places.filter_map(|place| {
            let budget = self.kept.get(place)?.budget.as_ref()?;
            Some(Longest {
                when: budget.when(slot, now),
                place: Some(place),
            })
        });
        waits.fold(Longest::NOW, Longest::or)
    }

    pub(super) fn scope_of(&self, longest: Longest) -> Option<&Scope> {
        Some(&self.kept.get(longest.place?)?.scope)
    }

    /// Whoever has to wait is told when it may look again, where that is not the moment that it knows of.
    pub(super) fn wait(&mut self, longest: Longest, waiter: Waiter) {
        let Some(kept) = longest.place.and_then(|place| self.kept.get_mut(place)) else {
            return;
        };
        match longest.when {
            When::Now => false,
            When::At(..) => kept.dozing.insert(waiter),
            When::AfterAnEnd(_) => kept.waiting.insert(waiter),
        };
    }

    /// A campaign is not worked on any more.
    pub(super) fn forget(&mut self, job: &Job) {
        let waiter = Waiter::Campaign(job.id());
        for place in self.of_job(job).into_iter().flatten() {
            if let Some(kept) = self.kept.get_mut(place) {
                kept.waiting.remove(&waiter);
                kept.dozing.remove(&waiter);
            }
        }
    }

    /// Charges a message that is about to be journalled.
    pub(super) fn charge(
        &mut self,
        of_server: [Option<Place>; 2],
        of_job: [Option<Place>; 2],
        slot: Slot,
        now: Now,
    ) -> Charged {
        let [installation, server] = of_server;
        let [tenant, campaign] = of_job;
        let mut charged = Charged([installation, server, tenant, campaign]);
        for place in &mut charged.0 {
            let kept = place.and_then(|place| Some((place, self.kept.get_mut(place)?)));
            let budget = kept.and_then(|(place, kept)| Some((place, kept.budget.as_mut()?)));
            *place = budget.map(|(place, budget)| {
                budget.charge(slot, now);
                self.noteworthy.insert(place);
                place
            });
        }
        charged
    }

    pub(super) fn end(&mut self, charged: Charged, slot: Slot, now: Now) {
        self.each(charged, |budget| budget.end(slot, now));
    }

    pub(super) fn ended_later(&mut self, charged: Charged, slot: Slot, assumed: Elapsed, now: Now) {
        self.each(charged, |budget| budget.ended_later(slot, assumed, now));
    }

    pub(super) fn give_back(&mut self, charged: Charged, slot: Slot) {
        self.each(charged, |budget| budget.give_back(slot));
        for place in charged.0.into_iter().flatten() {
            if let Some(kept) = self.kept.get_mut(place) {
                self.freed.append(&mut kept.dozing);
            }
        }
    }

    fn each(&mut self, charged: Charged, change: impl Fn(&mut Budget)) {
        for place in charged.0.into_iter().flatten() {
            let Some(kept) = self.kept.get_mut(place) else {
                continue;
            };
            if let Some(budget) = &mut kept.budget {
                change(budget);
                self.noteworthy.insert(place);
            }
            self.freed.append(&mut kept.waiting);
        }
    }

    /// What the store is to keep.
    pub(super) fn notes(&mut self, boot: BootId, now: Now) -> impl Iterator<Item = Change> {
        let noteworthy = std::mem::take(&mut self.noteworthy);
        noteworthy.into_iter().filter_map(move |place| {
            let kept = self.kept.get(place)?;
            Some(Change::SharedPast {
                scope: kept.scope.clone(),
                past: kept.budget.as_ref()?.past(boot, now),
            })
        })
    }
}

impl Engine {
    /// When the limits above a session's account let its next message be journalled, whatever its campaign.
    pub(super) fn shared_when(&self, session: &Session, slot: Slot, now: Now) -> Longest {
        if self.budgets.is_empty() {
            return Longest::NOW;
        }
        let places = self.budgets.of_server(self.server_of(session));
        self.budgets.when(places, slot, now)
    }

    /// When its own limits let the next message of a campaign be journalled, and those of its tenant.
    pub(super) fn job_when(&self, job: &Job, now: Now) -> Longest {
        if self.budgets.is_empty() {
            return Longest::NOW;
        }
        let places = self.budgets.of_job(job);
        self.budgets.when(places, job.slot(), now)
    }

    /// Whether a campaign may send by its own limits and its tenant's. Where not, it takes no part in turns until it may.
    pub(super) fn if_in_budget(&mut self, campaign: CampaignId, now: Now) -> bool {
        let Some(job) = self.jobs.get(&campaign) else {
            return false;
        };
        let longest = self.job_when(job, now);
        let until = match longest.when {
            When::Now => return true,
            When::At(moment, _) => moment,
            When::AfterAnEnd(_) => Elapsed::NEVER,
        };
        self.budgets.wait(longest, Waiter::Campaign(campaign));
        if let Some(job) = self.jobs.attended(campaign) {
            job.over_budget_until = Some(until);
        }
        false
    }

    /// Those that waited look again.
    pub(super) fn spend_again(&mut self) {
        for waiter in std::mem::take(&mut self.budgets.freed) {
            match waiter {
                Waiter::Lane(lane) => self.lanes.wake(lane),
                Waiter::Campaign(campaign) => {
                    if let Some(job) = self.jobs.get_mut(&campaign) {
                        job.over_budget_until = None;
                    }
                }
            }
        }
    }

    /// Other limits above the account.
    pub(super) fn set_shared(&mut self, scope: Scope, limits: Option<SharedLimits>, now: Now) {
        let limits = limits.filter(|limits| !limits.is_empty());
        self.budgets
            .set(scope.clone(), limits.clone(), self.boot, now);
        let campaigns = self.jobs.keys().copied();
        self.budgets.freed.extend(campaigns.map(Waiter::Campaign));
        self.lanes.wake_all();
        self.changes.push(Change::SharedLimits { scope, limits });
    }

    /// Charges a message of this lane and campaign.
    pub(super) fn charge_shared(
        &mut self,
        session: &Session,
        campaign: CampaignId,
        slot: Slot,
        now: Now,
    ) -> Charged {
        if self.budgets.is_empty() {
            return Charged::default();
        }
        let of_server = self.budgets.of_server(self.server_of(session));
        let of_job = self.jobs.get(&campaign);
        let of_job = of_job.map_or([None; 2], |job| self.budgets.of_job(job));
        self.budgets.charge(of_server, of_job, slot, now)
    }

    /// The server that a session lives on, where it has a name.
    fn server_of(&self, session: &Session) -> Option<&str> {
        self.sessions.get(session)?.server.as_deref()
    }
}

#[cfg(test)]
mod tests;
