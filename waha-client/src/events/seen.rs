//! Which events have come before.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::Event;

/// Remembers the latest events by their ids, so that each counts once: WAHA delivers again what was not answered with 2xx, and an event
/// comes by every webhook and websocket that asks for it, under the same id (recorded).
///
/// It holds as many as it was made for and forgets the oldest, so its memory is bounded. It forgets all when the process ends: whoever
/// must not count an event twice even then keeps ids where the effects are kept.
///
/// ```
/// use waha_client::events::{Event, Seen};
///
/// let mut seen = Seen::new(10_000);
/// let event = Event::parse(br#"{"id": "evt_1", "event": "message", "session": "default"}"#)?;
/// assert!(seen.is_new(&event));
/// assert!(!seen.is_new(&event), "delivered again");
/// # Ok::<(), waha_client::events::EventError>(())
/// ```
#[derive(Debug)]
pub struct Seen {
    ids: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
    most: usize,
}

impl Seen {
    /// Remembers so many events, at least one.
    pub fn new(most: usize) -> Self {
        Self {
            ids: HashSet::new(),
            order: VecDeque::new(),
            most: most.max(1),
        }
    }

    /// Whether the event has not come before, as far as that is remembered. From now on it has.
    pub fn is_new(&mut self, event: &Event) -> bool {
        if self.ids.contains(&*event.id) {
            return false;
        }
        if self.order.len() == self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        let id: Arc<str> = event.id.as_str().into();
        self.ids.insert(Arc::clone(&id));
        self.order.push_back(id);
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn event(id: &str) -> Event {
        let json = serde_json::json!({"id": id, "event": "message", "session": "default"});
        Event::parse(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn an_event_is_new_once_and_the_oldest_are_forgotten() {
        let mut seen = Seen::new(2);
        let mut is_new = |id| seen.is_new(&event(id));
        let told = ["a", "b", "a", "c", "b", "a"].map(&mut is_new);
        assert_eq!(told, [true, true, false, true, false, true]);
        assert_eq!((seen.ids.len(), seen.order.len()), (2, 2));
    }

    #[test]
    fn one_is_remembered_at_least() {
        let mut seen = Seen::new(0);
        assert!(seen.is_new(&event("a")) && !seen.is_new(&event("a")));
    }
}
