//! Events: built once, with one id, and handed to every webhook and websocket that wants them.

use std::sync::Arc;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::sessions::Session;
use crate::settings::{GlobalWebhook, Settings};
use crate::world::{World, read, write};

/// What `*` leaves out, unless it is asked for by name (WAHA docs).
const NOT_IN_ALL: [&str; 2] = ["engine.event", "state.change"];

pub(crate) struct Events {
    sockets: RwLock<Vec<Subscriber>>,
    listeners: AtomicUsize,
    next: AtomicUsize,
    global: Arc<[Hook]>,
}

/// A websocket: what it wants, and the way to it.
pub(crate) struct Subscriber {
    number: usize,
    sessions: Wanted,
    events: Wanted,
    frames: mpsc::UnboundedSender<Utf8Bytes>,
}

#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    all: bool,
    names: Vec<String>,
}

impl Wanted {
    /// Names, each possibly a comma list; none at all means everything.
    pub(crate) fn new<'a>(lists: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<String> = lists
            .flat_map(|list| list.split(','))
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        Self {
            all: names.is_empty() || names.iter().any(|name| name == "*"),
            names,
        }
    }

    fn has(&self, name: &str) -> bool {
        self.all || self.names.iter().any(|wanted| wanted == name)
    }

    fn has_event(&self, name: &str) -> bool {
        self.names.iter().any(|wanted| wanted == name) || (self.all && !NOT_IN_ALL.contains(&name))
    }
}

/// A webhook as a session's configuration (or the whole server) has it.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) url: String,
    events: Wanted,
    pub(crate) hmac_key: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) retries: Retries,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries {
    pub(crate) policy: RetryPolicy,
    pub(crate) delay: Duration,
    pub(crate) attempts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryPolicy {
    Constant,
    Linear,
    Exponential,
}

impl Default for Retries {
    /// Recorded: 15 times, every 2 s.
    fn default() -> Self {
        Self {
            policy: RetryPolicy::Constant,
            delay: Duration::from_secs(2),
            attempts: 15,
        }
    }
}

impl Hook {
    pub(crate) fn all_of(config: &Value) -> Vec<Self> {
        let hooks = config.get("webhooks").and_then(Value::as_array);
        hooks
            .into_iter()
            .flatten()
            .filter_map(Self::parse)
            .collect()
    }

    fn parse(hook: &Value) -> Option<Self> {
        let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
        let events = hook.get("events")?.as_array()?;
        let retries = hook.get("retries").cloned().unwrap_or_default();
        let standard = Retries::default();
        Some(Self {
            url: text(hook, "url")?,
            events: Wanted::new(events.iter().filter_map(Value::as_str)),
            hmac_key: hook.get("hmac").and_then(|hmac| text(hmac, "key")),
            headers: hook
                .get("customHeaders")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|header| Some((text(header, "name")?, text(header, "value")?)))
                .collect(),
            retries: Retries {
                policy: match retries.get("policy").and_then(Value::as_str) {
                    Some("linear") => RetryPolicy::Linear,
                    Some("exponential") => RetryPolicy::Exponential,
                    _ => RetryPolicy::Constant,
                },
                delay: retries
                    .get("delaySeconds")
                    .and_then(Value::as_f64)
                    .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                    .unwrap_or(standard.delay),
                attempts: retries
                    .get("attempts")
                    .and_then(Value::as_u64)
                    .and_then(|attempts| attempts.try_into().ok())
                    .unwrap_or(standard.attempts),
            },
        })
    }

    fn global(hook: &GlobalWebhook) -> Self {
        Self {
            url: hook.url.clone(),
            events: Wanted::new(hook.events.iter().map(String::as_str)),
            hmac_key: hook.hmac_key.clone(),
            headers: Vec::new(),
            retries: Retries::default(),
        }
    }
}

impl Events {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            sockets: RwLock::default(),
            listeners: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            global: settings.webhooks.iter().map(Hook::global).collect(),
        }
    }

    /// A new websocket; it gets what happens from now on, nothing from before.
    pub(crate) fn subscribe(
        &self,
        sessions: Wanted,
        events: Wanted,
    ) -> (usize, mpsc::UnboundedReceiver<Utf8Bytes>) {
        let (frames, receiver) = mpsc::unbounded_channel();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut sockets = write(&self.sockets);
        sockets.push(Subscriber {
            number,
            sessions,
            events,
            frames,
        });
        self.listeners.store(sockets.len(), Ordering::Release);
        (number, receiver)
    }

    pub(crate) fn unsubscribe(&self, number: usize) {
        let mut sockets = write(&self.sockets);
        sockets.retain(|socket| socket.number != number);
        self.listeners.store(sockets.len(), Ordering::Release);
    }

    /// Ends every websocket; their channels close.
    pub(crate) fn drop_sockets(&self) {
        let mut sockets = write(&self.sockets);
        sockets.clear();
        self.listeners.store(0, Ordering::Release);
    }

    pub(crate) fn sockets(&self) -> usize {
        self.listeners.load(Ordering::Acquire)
    }
}

impl World {
    /// Tells everybody who listens; the payload (JSON) is built only when somebody does.
    pub(crate) fn emit(
        self: &Arc<Self>,
        session: &Arc<Session>,
        event: &'static str,
        payload: impl FnOnce() -> String,
    ) {
        if self.events.sockets() == 0 && self.events.global.is_empty() && !session.has_hooks() {
            return;
        }
        let sockets: Vec<_> = read(&self.events.sockets)
            .iter()
            .filter(|socket| socket.events.has_event(event) && socket.sessions.has(&session.name))
            .map(|socket| socket.frames.clone())
            .collect();
        let session_hooks = session.hooks();
        let hooks: Vec<&Hook> = self
            .events
            .global
            .iter()
            .chain(session_hooks.iter())
            .filter(|hook| hook.events.has_event(event))
            .collect();
        if sockets.is_empty() && hooks.is_empty() {
            return;
        }
        let at_ms = self.clock.wall_ms();
        let body = self.event(session, event, at_ms, &payload());
        for hook in hooks {
            self.post(hook.clone(), body.clone(), at_ms);
        }
        let frame = Utf8Bytes::from(body);
        for socket in sockets {
            // A websocket that is gone simply misses it.
            let _ = socket.send(frame.clone());
        }
    }

    fn event(&self, session: &Session, event: &str, at_ms: u64, payload: &str) -> String {
        let me = session.me().map_or(Value::Null, |me| self.me_json(&me));
        let metadata = session
            .metadata()
            .map(|metadata| format!("\"metadata\":{metadata},"))
            .unwrap_or_default();
        format!(
            "{{\"id\":\"evt_{}\",\"timestamp\":{at_ms},\"event\":\"{event}\",\"session\":{},{metadata}\
             \"me\":{me},\"payload\":{payload},\"engine\":\"{}\",\"environment\":{}}}",
            ulid(self),
            json!(session.name),
            self.settings.engine,
            self.environment(),
        )
    }
}

/// A ULID in lower case: 48 bits of time, 80 of chance.
pub(crate) fn ulid(world: &World) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut draws = world.serial_draws("ulid");
    let number = (u128::from(world.clock.wall_ms()) << 80)
        | (u128::from(draws.next_u64() & 0xFFFF) << 64)
        | u128::from(draws.next_u64());
    (0..26)
        .map(|place| {
            let digit = (number >> (5 * (25 - place))) & 31;
            char::from(ALPHABET[digit as usize])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_stars_are_understood() {
        let all = Wanted::new(std::iter::empty());
        assert!(all.has("anything") && all.has_event("message"));
        assert!(!all.has_event("engine.event"));
        let some = Wanted::new(["message.any,message", "session.status"].into_iter());
        assert!(some.has_event("message") && some.has_event("session.status"));
        assert!(!some.has_event("message.ack"));
        let odd = Wanted::new(["*,engine.event"].into_iter());
        assert!(odd.has_event("engine.event") && !odd.has_event("state.change"));
    }

    #[test]
    fn hooks_are_read_from_a_configuration() {
        let config = json!({"webhooks": [
            {"url": "http://h/1", "events": ["*"], "hmac": {"key": "k"},
             "retries": {"policy": "exponential", "delaySeconds": 1, "attempts": 3},
             "customHeaders": [{"name": "X-A", "value": "b"}]},
            {"url": "http://h/2", "events": ["message"]},
        ]});
        let hooks = Hook::all_of(&config);
        assert_eq!(hooks.len(), 2);
        assert_eq!(hooks[0].retries.policy, RetryPolicy::Exponential);
        assert_eq!(hooks[0].retries.attempts, 3);
        assert_eq!(hooks[0].headers, [("X-A".to_owned(), "b".to_owned())]);
        assert_eq!(hooks[1].retries.attempts, 15);
        assert_eq!(hooks[1].retries.delay, Duration::from_secs(2));
    }
}
