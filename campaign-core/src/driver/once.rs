//! Single messages through the driver of this process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::Handle;
use crate::clock::Clock;
use crate::delivery::CampaignId;
use crate::engine::Input;
use crate::once::{Goal, Left, OnceError, OnceKey, SendOnce, Stands, leave, stands};
use crate::store::Store;

/// Without news of it, a message is looked at this often: an operator may have changed something in the store itself.
const LOOK_EVERY: Duration = Duration::from_secs(30);

impl Handle {
    /// Sends one message to one person, once: see [`crate::once`]. Returns when the message is on record, long before it is sent; wait
    /// for that with what it returns, or look again later by the same key.
    ///
    /// Any number of tasks may call it at once; of those that use one key, one sends. When the driver has ended, the message waits for the
    /// next runner.
    ///
    /// # Errors
    /// [`OnceError::Differs`] when the key was used for another content; see [`OnceError`] for the rest.
    pub async fn send_once(&self, once: &SendOnce) -> Result<Sent, OnceError> {
        let Left { campaign, is_new } = leave(&*self.store, once, self.clock.now()).await?;
        // The driver would look by itself soon; nobody waits for that.
        self.look_now.notify_one();
        Ok(Sent {
            is_new,
            campaign,
            key: once.key.clone(),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            changes: self.telling.wait_for(campaign),
            driver: self.notices.clone(),
        })
    }
}

/// A single message on its way. Dropping it stops nothing.
#[derive(Clone)]
pub struct Sent {
    is_new: bool,
    campaign: CampaignId,
    key: OnceKey,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    changes: watch::Receiver<u64>,
    driver: mpsc::Sender<Input>,
}

impl Sent {
    /// Whether this call put it on record, and not an earlier one with the same key.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The campaign that it is: its events carry this number.
    pub fn campaign(&self) -> CampaignId {
        self.campaign
    }

    /// Where it stands now.
    ///
    /// # Errors
    /// [`OnceError::Forgotten`] when its person was taken out of the store; [`OnceError::Store`] when that fails.
    pub async fn stands(&self) -> Result<Stands, OnceError> {
        stands(&*self.store, self.campaign, &self.key).await
    }

    /// Waits until it has got so far, or has failed, at most for so long; then tells where it stands. What is in doubt is waited for
    /// too: most doubts are settled within minutes. After the deadline it goes on by itself all the same. When the driver ends first,
    /// that is the end of the wait.
    ///
    /// # Errors
    /// As [`Sent::stands`].
    pub async fn reaches(&self, goal: Goal, within: Duration) -> Result<Stands, OnceError> {
        let deadline = self.clock.now().elapsed + within;
        let mut changes = self.changes.clone();
        loop {
            changes.mark_unchanged();
            let stands = self.stands().await?;
            let now = self.clock.now().elapsed;
            if stands.has_reached(goal) || deadline <= now || self.driver.is_closed() {
                return Ok(stands);
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = self.driver.closed() => {}
                () = self.clock.wait_until(deadline.min(now + LOOK_EVERY)) => {}
            }
        }
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("key", &self.key)
            .field("campaign", &self.campaign)
            .field("is_new", &self.is_new)
            .finish_non_exhaustive()
    }
}
