//! The contract of stores, on the store in memory.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Mutex;

use campaign_core::testing::store_contract::{self, ContractStore, SharedStore};
use campaign_core::testing::{MemoryStore, Snapshot};

struct InMemory {
    /// The store as it is now: a restored backup takes its place.
    store: Mutex<MemoryStore>,
    backup: Mutex<Option<Snapshot>>,
}

impl InMemory {
    fn new() -> Self {
        Self {
            store: Mutex::new(MemoryStore::new()),
            backup: Mutex::new(None),
        }
    }
}

#[async_trait::async_trait]
impl ContractStore for InMemory {
    type Store = MemoryStore;

    async fn open(&self) -> MemoryStore {
        self.store.lock().unwrap().other_process()
    }

    async fn back_up(&self) {
        let copy = self.store.lock().unwrap().snapshot();
        *self.backup.lock().unwrap() = Some(copy);
    }

    async fn restore(&self) -> Option<MemoryStore> {
        let backup = self.backup.lock().unwrap().clone()?;
        let mut store = self.store.lock().unwrap();
        *store = MemoryStore::restored_from(&backup);
        Some(store.other_process())
    }
}

#[async_trait::async_trait]
impl SharedStore for InMemory {
    async fn end_lease(&self, of: &MemoryStore) {
        of.end_lease();
    }
}

campaign_core::store_contract_tests!(InMemory::new());
campaign_core::workers_contract_tests!(InMemory::new());

#[tokio::test]
async fn the_whole_contract_runs_in_one_call() {
    store_contract::run_all(async || InMemory::new()).await;
    store_contract::run_all_for_workers(async || InMemory::new()).await;
}
