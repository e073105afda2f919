//! The contract of stores, on SQLite.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use async_trait::async_trait;
use campaign_core::testing::store_contract::ContractStore;
use sql_store::{Options, SqliteStore};
use tempfile::TempDir;

struct InSqlite(TempDir);

impl InSqlite {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

#[async_trait]
impl ContractStore for InSqlite {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.file("campaigns.db"), Options::default()).unwrap()
    }

    async fn back_up(&self) {
        let store = self.open().await;
        store.backup(self.file("backup.db")).await.unwrap();
    }

    async fn restore(&self) -> Option<SqliteStore> {
        assert!(!self.file("campaigns.db-wal").exists(), "a handle is open");
        fs::rename(self.file("backup.db"), self.file("campaigns.db")).unwrap();
        Some(self.open().await)
    }
}

campaign_core::store_contract_tests!(InSqlite::new());
