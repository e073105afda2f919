//! Which events have come before.

use hashlink::LinkedHashSet;

use super::Event;

/// Remembers the latest events by their ids, so that each counts once: WAHA delivers again what was not answered with 2xx, and an event
/// comes by every webhook and websocket that asks for it, under the same id (recorded). `message` and `message.any` tell of one
/// message under two ids (recorded): ask for one of them.
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
    ids: LinkedHashSet<String>,
    most: usize,
}

impl Seen {
    /// Remembers so many events, at least one.
    pub fn new(most: usize) -> Self {
        Self {
            ids: LinkedHashSet::new(),
            most: most.max(1),
        }
    }

    /// Whether the event has not come before, as far as that is remembered. From now on it has.
    pub fn is_new(&mut self, event: &Event) -> bool {
        if self.ids.contains(&event.id) {
            return false;
        }
        if self.ids.len() == self.most {
            self.ids.pop_front();
        }
        self.ids.insert(event.id.clone());
        true
    }

    /// Takes it back that the event has come. For one that could not be dealt with: answer its delivery with something else than
    /// 2xx, and it is new when WAHA delivers it again.
    pub fn forget(&mut self, event: &Event) {
        self.ids.remove(&event.id);
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
        assert_eq!(seen.ids.len(), 2);
    }

    #[test]
    fn what_could_not_be_dealt_with_is_new_again_when_it_comes_again() {
        let mut seen = Seen::new(2);
        assert!(seen.is_new(&event("a")) && seen.is_new(&event("b")));
        seen.forget(&event("a"));
        seen.forget(&event("never seen"));
        assert!(seen.is_new(&event("a")) && !seen.is_new(&event("b")));
    }

    #[test]
    fn one_is_remembered_at_least() {
        let mut seen = Seen::new(0);
        assert!(seen.is_new(&event("a")) && !seen.is_new(&event("a")));
    }
}
