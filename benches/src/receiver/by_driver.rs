//! Events to a driver that runs. Its handle takes an event at once, and says of none when it is durable: that is heard from what the driver
//! tells of deliveries. So an event that moves nothing could not be answered; the bench sends none such.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use campaign_core::delivery::{Ack, DeliveryId, State};
use campaign_core::driver::{Events, Handle, Heard};
use campaign_core::event::What;
use campaign_core::gateway::Notice;
use campaign_core::message_id::MessageIds;
use sql_store::Durability;
use tokio::sync::oneshot;

use super::Keeper;
use crate::Failure;
use crate::base::Base;
use crate::whole_path::{Run, Work};

/// Who waits for a delivery to get as far as some state.
type Waiting = HashMap<DeliveryId, Vec<(State, oneshot::Sender<()>)>>;

pub(super) struct ByDriver {
    ids: MessageIds,
    handle: Handle,
    work: Mutex<Option<Work>>,
    waiting: Arc<Mutex<Waiting>>,
}

impl ByDriver {
    pub(super) async fn start(base: &Base, url: &str, ids: MessageIds) -> Result<Self, Failure> {
        let run = Run::unpaced(base, Durability::Full, url, 1);
        let work = run.begin(0).await?;
        let waiting = Arc::default();
        tokio::spawn(tell(work.handle.events(), Arc::clone(&waiting)));
        Ok(Self {
            ids,
            handle: work.handle.clone(),
            work: Mutex::new(Some(work)),
            waiting,
        })
    }
}

async fn tell(mut events: Events, waiting: Arc<Mutex<Waiting>>) {
    while let Some(heard) = events.next().await {
        let mut waiting = lock(&waiting);
        match heard {
            Heard::Event(event) => {
                if let What::DeliveryMoved { delivery, to, .. } = event.what
                    && let Some(who) = waiting.get_mut(&delivery)
                {
                    for (_, told) in who.extract_if(.., |(wanted, _)| *wanted <= to) {
                        // Nobody waits any more: it is on record all the same.
                        let _ = told.send(());
                    }
                    if who.is_empty() {
                        waiting.remove(&delivery);
                    }
                }
            }
            // Whose event was among them cannot be told.
            Heard::Missed(_) => waiting.clear(),
        }
    }
}

#[async_trait]
impl Keeper for ByDriver {
    async fn keep(&self, notice: Notice) -> Result<(), Failure> {
        let kept = match &notice {
            Notice::Ack {
                message_id, ack, ..
            } => self.ids.decode(message_id).zip(state(*ack)),
            _ => None,
        };
        let kept = kept.map(|(delivery, state)| {
            let (told, kept) = oneshot::channel();
            let mut waiting = lock(&self.waiting);
            waiting.entry(delivery).or_default().push((state, told));
            kept
        });
        self.handle.notify(notice).await;
        match kept {
            Some(kept) => Ok(kept.await?),
            None => Ok(()),
        }
    }

    async fn stop(&self) {
        let work = lock(&self.work).take();
        if let Some(work) = work {
            // The end of the process gives the lock back as well.
            let _ = work.end().await;
        }
    }
}

/// What an acknowledgement moves a delivery to.
fn state(ack: Ack) -> Option<State> {
    match ack {
        Ack::Server => Some(State::Sent),
        Ack::Device => Some(State::Delivered),
        Ack::Read => Some(State::Read),
        Ack::Played => Some(State::Played),
        Ack::Error | Ack::Pending => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
