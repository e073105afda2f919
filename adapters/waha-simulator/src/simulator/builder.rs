//! What a simulator is told before it starts.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Simulator;
use crate::faults::FaultRates;
use crate::limits::{Quota, Refusal};
use crate::server;
use crate::sessions::Account;
use crate::sessions::config::kept;
use crate::settings::{AckTiming, Engine, GlobalWebhook, Settings};
use crate::world::World;

/// What a simulator will be; see [`Simulator::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    pub(super) address: SocketAddr,
    pub(super) settings: Settings,
}

impl Builder {
    /// Where to listen; a free port of 127.0.0.1 unless told.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// The seed of everything that is left to chance.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Divides every wait of the server by this. Sockets stay in real time.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Self {
        self.settings.speed = speed;
        self
    }

    /// The API key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.settings.key = key.into();
        self
    }

    /// The version it claims to be, such as `2026.7.1`; ids are honoured from 2026.4.3 on.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.settings.version = version.into();
        self
    }

    /// The engine below WAHA.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.settings.engine = engine;
        self
    }

    /// What goes wrong, and how often.
    #[must_use]
    pub fn faults(mut self, rates: FaultRates) -> Self {
        self.settings.faults = rates;
        self
    }

    /// Whether a NOWEB session that does not say has its message store on (WAHA: off).
    #[must_use]
    pub fn store_default(mut self, on: bool) -> Self {
        self.settings.store_default = on;
        self
    }

    /// When acknowledgements come.
    #[must_use]
    pub fn acks(mut self, timing: AckTiming) -> Self {
        self.settings.acks = timing;
        self
    }

    /// How long the engine takes for each send, drawn between the two (divided by the speed).
    #[must_use]
    pub fn engine_latency(mut self, low: Duration, high: Duration) -> Self {
        self.settings.engine_latency = (low, high);
        self
    }

    /// The bands [`Fault::Late`](crate::Fault::Late) draws its delay from, each as likely (divided by the speed).
    #[must_use]
    pub fn late_bands(mut self, bands: Vec<(Duration, Duration)>) -> Self {
        self.settings.late_bands = bands;
        self
    }

    /// How many requests [`Fault::Held`](crate::Fault::Held) lets through together, and how long the first waits for
    /// the others (divided by the speed).
    #[must_use]
    pub fn held(mut self, together: usize, patience: Duration) -> Self {
        self.settings.held = (together, patience);
        self
    }

    /// Numbers (digits) without WhatsApp: check-exists says so, and what is sent never arrives.
    #[must_use]
    pub fn not_on_whatsapp<T: Into<String>>(
        mut self,
        numbers: impl IntoIterator<Item = T>,
    ) -> Self {
        let numbers = numbers.into_iter().map(Into::into);
        self.settings.not_on_whatsapp.extend(numbers);
        self
    }

    /// A group that exists, and its other members.
    #[must_use]
    pub fn group(mut self, jid: impl Into<String>, members: &[&str]) -> Self {
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.settings.groups.insert(jid.into(), members);
        self
    }

    /// Somebody whom every account has in its address book under this name.
    #[must_use]
    pub fn contact(mut self, phone: impl Into<String>, name: impl Into<String>) -> Self {
        self.settings.contacts.insert(phone.into(), name.into());
        self
    }

    /// Numbers (digits) whose events come keyed by `@lid`: acknowledgements of what was sent to
    /// the phone, messages, votes, reactions. Only `lids` says which phone it is.
    #[must_use]
    pub fn lid_chats<T: Into<String>>(mut self, numbers: impl IntoIterator<Item = T>) -> Self {
        let numbers = numbers.into_iter().map(Into::into);
        self.settings.lid_chats.extend(numbers);
        self
    }

    /// The same for a share of all numbers (0 to 1), drawn by seed and number.
    #[must_use]
    pub fn lid_share(mut self, share: f64) -> Self {
        self.settings.lid_share = share.clamp(0.0, 1.0);
        self
    }

    /// How many new chats each account may open per cycle; without limit unless told. It is shown
    /// as `me.messageCapping` by versions from 2026.7.2 on, and holds in all.
    #[must_use]
    pub fn quota(mut self, quota: Quota) -> Self {
        self.settings.quota = Some(quota);
        self
    }

    /// How a send that WhatsApp refuses with 463 ends.
    #[must_use]
    pub fn refusal(mut self, refusal: Refusal) -> Self {
        self.settings.refusal = refusal;
        self
    }

    /// After how many 463s the device is removed, as by [`Simulator::unlink`]: an account
    /// that goes on writing to strangers. 10 unless told; WhatsApp's own number is not known.
    #[must_use]
    pub fn device_removed_after(mut self, refusals: u32) -> Self {
        self.settings.removed_after = refusals.max(1);
        self
    }

    /// A webhook for all sessions.
    #[must_use]
    pub fn webhook(mut self, hook: GlobalWebhook) -> Self {
        self.settings.webhooks.push(hook);
        self
    }

    /// A session that is paired with this number and WORKING from the start.
    #[must_use]
    pub fn session(self, name: impl Into<String>, phone: impl Into<String>) -> Self {
        self.session_with(name, phone, json!({}))
    }

    /// The same with a configuration as `POST /api/sessions` takes it.
    #[must_use]
    pub fn session_with(
        mut self,
        name: impl Into<String>,
        phone: impl Into<String>,
        config: Value,
    ) -> Self {
        let (name, phone) = (name.into(), Some(phone.into()));
        self.settings.sessions.push((name, phone, config));
        self
    }

    /// A session that exists, STOPPED and without a phone.
    #[must_use]
    pub fn stopped_session(mut self, name: impl Into<String>) -> Self {
        let nothing = json!({});
        self.settings.sessions.push((name.into(), None, nothing));
        self
    }

    /// Starts to listen, on the tokio runtime of the caller.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound, or two sessions have the same name.
    pub async fn start(self) -> io::Result<Simulator> {
        let listener = TcpListener::bind(self.address).await?;
        let address = listener.local_addr()?;
        let world = Arc::new(World::new(self.settings));
        for (name, phone, config) in world.settings.sessions.clone() {
            let session = world
                .add_session(&name, kept(Some(&config)))
                .ok_or_else(|| io::Error::other(format!("two sessions are named {name:?}")))?;
            if let Some(phone) = phone {
                world.connected(&session, Account::new(&phone));
            }
        }
        tokio::spawn(world.clone().run_acks());
        tokio::spawn(server::run(world.clone(), listener));
        Ok(Simulator {
            url: format!("http://{address}"),
            address,
            world,
        })
    }
}
