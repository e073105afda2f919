//! Limits above the account: which of them a message counts in, and who waits for them.

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use super::job::Job;
use crate::clock::{BootId, Elapsed, Now};
use crate::delivery::CampaignId;
use crate::gateway::Session;
use crate::limits::{Budget, Limit, Scope, SharedLimits, SharedRecord, Slot, When};
use crate::store::Change;

/// All limits above the account.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    /// Never taken away, so that what a message was charged to stays what it is.
    kept: Vec<Kept>,
    installation: Option<Place>,
    servers: BTreeMap<Box<str>, Place>,
    tenants: BTreeMap<Box<str>, Place>,
    campaigns: BTreeMap<CampaignId, Place>,
    /// Campaigns that waited for an end, and may look again.
    freed: BTreeSet<CampaignId>,
}

/// Where in [`Budgets`] the limits of a scope are.
type Place = usize;

#[derive(Debug)]
struct Kept {
    scope: Scope,
    /// `None`: there are no such limits any more.
    budget: Option<Budget>,
    /// The store has not been told how it stands.
    is_noteworthy: bool,
    /// Campaigns that wait until something under way has ended.
    waiting: BTreeSet<CampaignId>,
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
            budgets.kept(record.scope).budget = Some(budget);
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
        let kept = self.kept(scope);
        match (&mut kept.budget, limits) {
            (budget, None) => *budget = None,
            (Some(budget), Some(limits)) => budget.set_limits(limits, now),
            (budget, Some(limits)) => *budget = Some(Budget::new(limits, None, boot, now)),
        }
        kept.is_noteworthy = kept.budget.is_some();
        let waiting = std::mem::take(&mut kept.waiting);
        self.freed.extend(waiting);
    }

    fn kept(&mut self, scope: Scope) -> &mut Kept {
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
                is_noteworthy: false,
                waiting: BTreeSet::new(),
            });
        }
        &mut self.kept[place]
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

    /// A campaign waits until something under way of these limits has ended.
    fn wait(&mut self, longest: Longest, campaign: CampaignId) {
        if let Some(kept) = longest.place.and_then(|place| self.kept.get_mut(place)) {
            kept.waiting.insert(campaign);
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
            let budget = place.and_then(|place| self.kept.get_mut(place));
            match budget {
                Some(Kept {
                    budget: Some(budget),
                    is_noteworthy,
                    ..
                }) => {
                    budget.charge(slot, now);
                    *is_noteworthy = true;
                }
                _ => *place = None,
            }
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
    }

    fn each(&mut self, charged: Charged, change: impl Fn(&mut Budget)) {
        for place in charged.0.into_iter().flatten() {
            let Some(kept) = self.kept.get_mut(place) else {
                continue;
            };
            if let Some(budget) = &mut kept.budget {
                change(budget);
                kept.is_noteworthy = true;
            }
            self.freed.append(&mut kept.waiting);
        }
    }

    /// What the store is to keep.
    pub(super) fn notes(&mut self, boot: BootId, now: Now) -> impl Iterator<Item = Change> {
        let noteworthy = self.kept.iter_mut().filter(|kept| kept.is_noteworthy);
        noteworthy.filter_map(move |kept| {
            kept.is_noteworthy = false;
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
        let Some(server) = self.server_of(session) else {
            // An event told that it works: an observation of it, which tells its server, is on its way.
            return Longest::of_lane(When::AfterAnEnd(Limit::InFlight));
        };
        let places = self.budgets.of_server(server);
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
            When::AfterAnEnd(_) => {
                self.budgets.wait(longest, campaign);
                Elapsed::NEVER
            }
        };
        if let Some(job) = self.jobs.attended(campaign) {
            job.over_budget_until = Some(until);
        }
        false
    }

    /// Campaigns that waited for an end look again.
    pub(super) fn spend_again(&mut self) {
        for campaign in std::mem::take(&mut self.budgets.freed) {
            if let Some(job) = self.jobs.get_mut(&campaign) {
                job.over_budget_until = None;
            }
        }
    }

    /// Other limits above the account.
    pub(super) fn set_shared(&mut self, scope: Scope, limits: Option<SharedLimits>, now: Now) {
        let limits = limits.filter(|limits| !limits.is_empty());
        self.budgets
            .set(scope.clone(), limits.clone(), self.boot, now);
        let campaigns: Vec<CampaignId> = self.jobs.keys().copied().collect();
        self.budgets.freed.extend(campaigns);
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
        let server = self.server_of(session).flatten();
        let of_server = self.budgets.of_server(server);
        let of_job = self.jobs.get(&campaign);
        let of_job = of_job.map_or([None; 2], |job| self.budgets.of_job(job));
        self.budgets.charge(of_server, of_job, slot, now)
    }

    /// The server that a session lives on, where it has a name; `None`: that was not asked yet.
    fn server_of(&self, session: &Session) -> Option<Option<&str>> {
        let server = self.sessions.get(session)?.server.as_ref()?;
        Some(server.as_deref())
    }
}

#[cfg(test)]
mod tests;
