//! The contract of stores, on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod cluster;

use async_trait::async_trait;
use campaign_core::testing::store_contract::{ContractStore, SharedStore};
use cluster::{Cluster, cluster};
use sql_store::{Options, PostgresStore};
use tempfile::TempDir;

/// A database of its own in the cluster.
struct InPostgres {
    cluster: &'static Cluster,
    name: String,
    backups: TempDir,
}

impl InPostgres {
    fn new(cluster: &'static Cluster) -> Self {
        let name = cluster.new_name();
        cluster.create(&name);
        Self {
            cluster,
            name,
            backups: tempfile::tempdir().unwrap(),
        }
    }
}

impl Drop for InPostgres {
    fn drop(&mut self) {
        self.cluster.remove(&self.name);
    }
}

#[async_trait]
impl ContractStore for InPostgres {
    type Store = PostgresStore;

    async fn open(&self) -> PostgresStore {
        let url = self.cluster.url(&self.name);
        PostgresStore::open(&url, Options::default()).await.unwrap()
    }

    async fn back_up(&self) {
        let dump = self.backups.path().join("dump.sql");
        self.cluster.dump(&self.name, &dump);
    }

    async fn restore(&self) -> Option<PostgresStore> {
        self.cluster.remove(&self.name);
        self.cluster.create(&self.name);
        let dump = self.backups.path().join("dump.sql");
        self.cluster.read_dump(&self.name, &dump);
        Some(self.open().await)
    }
}

#[async_trait]
impl SharedStore for InPostgres {
    async fn end_lease(&self, of: &PostgresStore) {
        let worker = of.worker().unwrap();
        let sql = format!("UPDATE worker SET lease_until = 0 WHERE id = {worker}");
        self.cluster.sql(&self.name, &sql);
    }
}

campaign_core::store_contract_tests!(match cluster() {
    Some(cluster) => InPostgres::new(cluster),
    None => return,
});

campaign_core::workers_contract_tests!(match cluster() {
    Some(cluster) => InPostgres::new(cluster),
    None => return,
});
