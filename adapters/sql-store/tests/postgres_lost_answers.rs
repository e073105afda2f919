//! A COMMIT whose answer never comes: whether it took place is found out, and told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod cluster;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::{Elapsed, Now};
use campaign_core::delivery::CampaignId;
use campaign_core::gateway::Session;
use campaign_core::message::MessageTemplate;
use campaign_core::store::{Store, StoreError};
use cluster::{Cluster, cluster};
use jiff::Timestamp;
use sql_store::{Options, PostgresStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// What becomes of the next COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Fate {
    Answered = 0,
    /// It reaches the server, and the answer nobody.
    AnswerLost = 1,
    /// It never reaches the server.
    NeverSent = 2,
    /// The same, and nothing reaches the server after it.
    ThenGone = 3,
    Gone = 4,
}

/// The way to a database, with somebody on it who cuts it.
struct CutWay {
    cluster: &'static Cluster,
    name: String,
    folder: TempDir,
    fate: Arc<AtomicU8>,
}

impl CutWay {
    fn new() -> Option<Self> {
        let cluster = cluster()?;
        let name = cluster.new_name();
        cluster.create(&name);
        let folder = tempfile::tempdir().unwrap();
        let fate = Arc::new(AtomicU8::new(Fate::Answered as u8));
        let listener = UnixListener::bind(socket(folder.path())).unwrap();
        let (server, told) = (socket(cluster.folder()), Arc::clone(&fate));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let is_gone = told.load(Ordering::SeqCst) == Fate::Gone as u8;
                if let Ok(server) = UnixStream::connect(&server).await
                    && !is_gone
                {
                    tokio::spawn(forward(client, server, Arc::clone(&told)));
                }
            }
        });
        Some(Self {
            cluster,
            name,
            folder,
            fate,
        })
    }

    async fn open(&self) -> PostgresStore {
        let url = self.cluster.url_at(&self.name, self.folder.path());
        PostgresStore::open(&url, Options::default()).await.unwrap()
    }

    fn cut(&self, fate: Fate) {
        self.fate.store(fate as u8, Ordering::SeqCst);
    }
}

impl Drop for CutWay {
    fn drop(&mut self) {
        self.cluster.remove(&self.name);
    }
}

fn socket(folder: &Path) -> std::path::PathBuf {
    folder.join(".s.PGSQL.5432")
}

/// Passes everything on, up to the COMMIT that it is to cut.
async fn forward(mut client: UnixStream, mut server: UnixStream, fate: Arc<AtomicU8>) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let is_commit = asked[..length].windows(7).any(|it| it == b"COMMIT\0");
                let cut = fate.load(Ordering::SeqCst);
                if cut == Fate::Gone as u8 {
                    return;
                }
                if is_commit && cut == Fate::NeverSent as u8 {
                    fate.store(Fate::Answered as u8, Ordering::SeqCst);
                    return;
                }
                if is_commit && cut == Fate::ThenGone as u8 {
                    fate.store(Fate::Gone as u8, Ordering::SeqCst);
                    return;
                }
                if server.write_all(&asked[..length]).await.is_err() {
                    return;
                }
                if is_commit && cut == Fate::AnswerLost as u8 {
                    fate.store(Fate::Answered as u8, Ordering::SeqCst);
                    // It has been made when it is answered.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn create(store: &PostgresStore, name: &str) -> Result<CampaignId, StoreError> {
    let message = MessageTemplate::text("Halo").unwrap();
    let definition = Definition::new(name, Session::new("default"), message);
    let now = Now {
        elapsed: Elapsed::from_micros(1),
        wall: Timestamp::from_second(1_770_000_000).unwrap(),
    };
    store.create(&definition, &[], now).await
}

async fn state(store: &PostgresStore, name: &str) -> Option<CampaignState> {
    let record = store.campaign(name).await.unwrap();
    record.map(|record| record.state)
}

#[tokio::test]
async fn what_was_committed_is_known_although_nobody_was_told() {
    let Some(way) = CutWay::new() else {
        return;
    };
    let store = way.open().await;
    way.cut(Fate::AnswerLost);
    create(&store, "answer lost").await.unwrap();
    assert_eq!(way.fate.load(Ordering::SeqCst), 0, "nothing was cut");
    let there = state(&store, "answer lost").await;
    assert_eq!(there, Some(CampaignState::Importing));
}

#[tokio::test]
async fn what_was_not_committed_has_failed_and_can_be_done_again() {
    let Some(way) = CutWay::new() else {
        return;
    };
    let store = way.open().await;
    way.cut(Fate::NeverSent);
    let failed = create(&store, "never sent").await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    assert_eq!(state(&store, "never sent").await, None);
    create(&store, "never sent").await.unwrap();
}

#[tokio::test]
async fn where_the_server_is_gone_nobody_knows() {
    let Some(way) = CutWay::new() else {
        return;
    };
    let store = way.open().await;
    way.cut(Fate::ThenGone);
    let unknown = create(&store, "server gone").await;
    assert!(
        matches!(unknown, Err(StoreError::Unknown(_))),
        "{unknown:?}"
    );
    way.cut(Fate::Answered);
    assert_eq!(state(&store, "server gone").await, None);
}
