//! Events to the store, without an engine between them.

use std::sync::Arc;

use async_trait::async_trait;
use campaign_core::clock::{Clock, SystemClock};
use campaign_core::delivery::Happening;
use campaign_core::gateway::Notice;
use campaign_core::message_id::MessageIds;
use campaign_core::store::{Batch, Change, Happened, Store};
use sql_store::Durability;
use tokio::sync::{mpsc, oneshot};

use super::Keeper;
use crate::Failure;
use crate::base::Base;

/// Changes of one batch, as many as the engine makes.
const BATCH_MAX: usize = 512;
/// Events that wait for a batch; whoever brings more waits.
const WAITING_MAX: usize = 4_096;

/// A change, and who waits for it.
type Waiting = (Change, oneshot::Sender<()>);

pub(super) struct ByStore {
    ids: MessageIds,
    store: Arc<dyn Store>,
    queue: mpsc::Sender<Waiting>,
}

impl ByStore {
    pub(super) async fn start(base: &Base, ids: MessageIds) -> Result<Self, Failure> {
        let store = base.open(Durability::Full).await?;
        let clock = SystemClock::new();
        store.take_over(clock.now().stamp(clock.boot())).await?;
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(commit(Arc::clone(&store), clock, waiting));
        Ok(Self { ids, store, queue })
    }
}

/// Who waits for a batch that fails hears so by the end of its channel.
async fn commit(store: Arc<dyn Store>, clock: SystemClock, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::new();
    while queue.recv_many(&mut waiting, BATCH_MAX).await > 0 {
        let (changes, told): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        let at = clock.now().stamp(clock.boot());
        if store.commit(Arc::new(Batch { at, changes })).await.is_ok() {
            for told in told {
                // Nobody waits any more: it is on record all the same.
                let _ = told.send(());
            }
        }
    }
}

#[async_trait]
impl Keeper for ByStore {
    async fn keep(&self, notice: Notice) -> Result<(), Failure> {
        let Notice::Ack {
            message_id, ack, ..
        } = notice
        else {
            return Ok(());
        };
        let Some(delivery) = self.ids.decode(&message_id) else {
            return Ok(());
        };
        let change = Change::Happened(Happened {
            delivery,
            happening: Happening::Evidence(ack),
            ends_attempt: false,
            next: None,
            foreign_id: None,
            message: None,
        });
        let (told, kept) = oneshot::channel();
        self.queue.send((change, told)).await?;
        Ok(kept.await?)
    }

    async fn stop(&self) {
        // The end of the process gives the lock back as well.
        let _ = self.store.step_down().await;
    }
}
