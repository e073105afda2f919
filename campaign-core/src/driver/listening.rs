//! Who listens to what changes, and who waits for one campaign.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use crate::delivery::CampaignId;
use crate::event::{Event, What};

/// Events that are kept for who listens: some seconds of the fastest sending.
const EVENTS_MAX: usize = 4_096;
/// Fewer waiters than this are not worth clearing.
const CLEAR_AT_MIN: usize = 64;

/// Tells those who listen.
#[derive(Clone)]
pub(super) struct Telling {
    events: broadcast::WeakSender<Arc<Event>>,
    /// Kept by the driver alone: with it the stream ends.
    source: Option<broadcast::Sender<Arc<Event>>>,
    waiters: Arc<Mutex<Waiters>>,
}

/// Who waits for one campaign.
#[derive(Debug, Default)]
struct Waiters {
    of: BTreeMap<CampaignId, watch::Sender<u64>>,
    /// With so many, those whom nobody waits with any more are taken out.
    clear_at: usize,
}

/// What changes, as a driver tells it.
#[derive(Debug)]
pub struct Events(Option<broadcast::Receiver<Arc<Event>>>);

/// What a listener hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Something has changed.
    Event(Arc<Event>),
    /// So many events were lost, because the listener was slow: what they told is in the store.
    Missed(u64),
}

impl Events {
    /// The next event; `None` once the driver has ended. Dropping this future loses nothing.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.0.as_mut()?.recv().await {
            Ok(event) => Some(Heard::Event(event)),
            Err(RecvError::Lagged(lost)) => Some(Heard::Missed(lost)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl Telling {
    pub(super) fn new() -> Self {
        let (source, _) = broadcast::channel(EVENTS_MAX);
        Self {
            events: source.downgrade(),
            source: Some(source),
            waiters: Arc::default(),
        }
    }

    /// For who listens only.
    pub(super) fn for_listeners(&self) -> Self {
        Self {
            source: None,
            ..self.clone()
        }
    }

    pub(super) fn listen(&self) -> Events {
        Events(self.events.upgrade().map(|events| events.subscribe()))
    }

    pub(super) fn tell(&self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            if !matches!(event.what, What::Waits { .. })
                && let Some(campaign) = event.what.campaign()
                && let Some(waiter) = self.waiters().of.get(&campaign)
            {
                waiter.send_modify(|changes| *changes += 1);
            }
            if let Some(source) = &self.source {
                // Nobody listens.
                let _ = source.send(Arc::new(event));
            }
        }
    }

    /// Changes when something of the campaign does.
    pub(super) fn wait_for(&self, campaign: CampaignId) -> watch::Receiver<u64> {
        let mut waiters = self.waiters();
        if waiters.of.len() >= waiters.clear_at {
            waiters.of.retain(|_, waiter| waiter.receiver_count() > 0);
            waiters.clear_at = waiters.of.len() * 2 + CLEAR_AT_MIN;
        }
        let waiter = waiters
            .of
            .entry(campaign)
            .or_insert_with(|| watch::channel(0).0);
        waiter.subscribe()
    }

    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telling").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn event(number: u64) -> Event {
        Event {
            number,
            at: Timestamp::UNIX_EPOCH,
            what: What::CampaignMoved {
                campaign: CampaignId::MAX,
                from: crate::campaign::CampaignState::Frozen,
                to: crate::campaign::CampaignState::Running,
            },
        }
    }

    #[tokio::test]
    async fn who_is_slow_loses_the_oldest_and_is_told_how_many() {
        let telling = Telling::new();
        let listeners = telling.for_listeners();
        let mut slow = listeners.listen();
        let all = EVENTS_MAX as u64 + 10;
        telling.tell((1..=all).map(event));
        assert_eq!(slow.next().await, Some(Heard::Missed(10)));
        assert_eq!(slow.next().await, Some(Heard::Event(event(11).into())));
        drop(telling);
        let mut heard = 11;
        while let Some(Heard::Event(next)) = slow.next().await {
            heard = next.number;
        }
        assert_eq!(heard, all);
        assert_eq!(listeners.listen().next().await, None);
    }

    #[test]
    fn waiters_are_told_of_their_campaign_and_cleared_when_nobody_waits() {
        let telling = Telling::new();
        let number = |number| CampaignId::new(number).unwrap();
        let mut waits = telling.wait_for(CampaignId::MAX);
        let other = telling.wait_for(number(1));
        telling.tell([event(1)]);
        assert!(waits.has_changed().unwrap() && !other.has_changed().unwrap());
        waits.mark_unchanged();
        for gone in 2..1_000 {
            drop(telling.wait_for(number(gone)));
        }
        assert!(telling.waiters().of.len() < 200);
        telling.tell([event(2)]);
        assert!(waits.has_changed().unwrap());
    }
}
