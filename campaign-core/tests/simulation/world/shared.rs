//! Limits above the accounts, as they are on record from the beginning.

use std::sync::Arc;
use std::time::Duration;

use campaign_core::clock::Now;
use campaign_core::limits::Scope;
use campaign_core::store::{Batch, Change, Store};
use campaign_core::testing::MemoryStore;

use super::super::plan::{Plan, Whose};
use super::clocks::FIRST_BOOT;
use super::{Mailing, World, run};

pub(super) const SERVER: &str = "server";
pub(super) const TENANT: &str = "tenant";

pub(super) fn set_limits(store: &MemoryStore, plan: &Plan, mailings: &[Mailing], now: Now) {
    let changes = plan.shared.iter().map(|shared| Change::SharedLimits {
        scope: match shared.whose {
            Whose::Installation => Scope::Installation,
            Whose::Server => Scope::Server(SERVER.into()),
            Whose::Tenant => Scope::Tenant(TENANT.into()),
            Whose::Campaign(index) => Scope::Campaign(mailings[index].id),
        },
        limits: Some(shared.limits.clone()),
    });
    let batch = Batch {
        at: now.stamp(FIRST_BOOT),
        changes: changes.collect(),
    };
    run(store.commit(Arc::new(batch))).unwrap();
}

impl World {
    /// Whether what a mailing sends counts in these limits.
    pub(crate) fn counts_in(&self, whose: &Whose, mailing: usize) -> bool {
        let campaign = self.plan.campaigns.get(mailing);
        match whose {
            Whose::Installation | Whose::Server => true,
            Whose::Tenant => campaign.is_some_and(|campaign| campaign.is_of_tenant),
            Whose::Campaign(index) => *index == mailing,
        }
    }

    /// By how much longer so many messages take because of these limits at most.
    pub(super) fn bound_together(&self, sends: u64, each: Duration) -> Duration {
        let windows = self.plan.shared.iter().flat_map(|it| &it.limits.windows);
        let takes = windows.map(|window| {
            let full = sends.div_ceil(u64::from(window.sends_max)) + 1;
            (window.span + each) * u32::try_from(full).unwrap()
        });
        takes.sum()
    }
}
