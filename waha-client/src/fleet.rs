//! Several servers as one: which session lives where, who takes a new one, who answers.
//!
//! A session lives on exactly one server, because its WhatsApp login does. So calls are routed and **never rerouted**: when the
//! server of a session is down, its calls fail and say which server it is. The table of servers, capacities and sessions
//! belongs to the caller's database ([`Fleet::map`], [`Builder::map`]); [`Fleet::discover`] compares it with what the servers
//! say. Moving a login from one server to another is left out: WAHA has no call for it, the phone is paired anew.
//!
//! ```no_run
//! use std::time::Duration;
//! use waha_client::fleet::Fleet;
//! use waha_client::{NewSession, SessionName, WahaClient, api};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let one = WahaClient::builder("http://10.0.0.1:3000").api_key("secret-1").build()?;
//! let two = WahaClient::builder("http://10.0.0.2:3000").api_key("secret-2").build()?;
//! let fleet = Fleet::builder().server("one", one, 50).server("two", two, 50).build()?;
//! fleet.discover().await?;
//!
//! let watched = fleet.clone();
//! tokio::spawn(async move { watched.watch(Duration::from_secs(10)).await });
//!
//! let sales = SessionName::new("sales")?;
//! fleet.create(&NewSession::started(sales.clone())).await?;
//! let info = fleet.call(&sales, api::sessions::get(&sales)).await?;
//! println!("{} is {}", info.name, info.status);
//! # Ok(())
//! # }
//! ```

mod discovery;
mod error;
mod health;
mod map;
mod placement;
mod server;
mod sessions;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use discovery::{Discovery, Double};
pub use error::{FleetError, Refused};
pub use map::{FleetMap, ServerEntry};
pub use server::{ServerName, ServerState};

use crate::client::{CallOptions, WahaClient};
use crate::endpoint::Endpoint;
use crate::ids::SessionName;
use health::Health;
use server::Member;

/// Failures in a row after which a server counts as down, unless told otherwise. Ours: one lost probe is no outage.
const FAILURES_MAX: u32 = 3;

/// Several servers as one client. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Fleet(Arc<Inner>);

struct Inner {
    state: RwLock<State>,
    failures_max: u32,
    /// Held by whoever asks all servers for their sessions: one at a time.
    discovering: tokio::sync::Mutex<()>,
}

/// What is known; never locked across an await.
#[derive(Default)]
struct State {
    servers: BTreeMap<ServerName, Member>,
    homes: BTreeMap<SessionName, ServerName>,
    /// Sessions whose home changed while the servers were asked: what they answer about those may be old.
    touched: Option<BTreeSet<SessionName>>,
}

impl Fleet {
    /// Starts building a fleet.
    pub fn builder() -> Builder {
        Builder {
            servers: Vec::new(),
            failures_max: FAILURES_MAX,
            map: None,
        }
    }

    /// The server a session lives on, as far as is known.
    pub fn server_of(&self, session: &SessionName) -> Option<ServerName> {
        self.read().homes.get(session).cloned()
    }

    /// The client of the server a session lives on, whether or not that server answers.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownSession`].
    pub fn client_of(&self, session: &SessionName) -> Result<WahaClient, FleetError> {
        Ok(self.route(session)?.1)
    }

    /// Performs an endpoint on the server its session lives on, and on no other.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownSession`]; [`FleetError::OtherSession`] when the endpoint is about another session than the one it is
    /// routed by; [`FleetError::Server`] with the server's name when the call fails.
    pub async fn call<T>(
        &self,
        session: &SessionName,
        endpoint: Endpoint<T>,
    ) -> Result<T, FleetError> {
        self.call_with(session, endpoint, CallOptions::new()).await
    }

    /// The same with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Fleet::call`].
    pub async fn call_with<T>(
        &self,
        session: &SessionName,
        endpoint: Endpoint<T>,
        options: CallOptions,
    ) -> Result<T, FleetError> {
        let request = endpoint.request.as_ref().ok();
        if let Some(other) = request.and_then(|request| request.session())
            && other != session.as_str()
        {
            return Err(FleetError::OtherSession {
                routed_by: session.clone(),
                about: SessionName::lenient(other),
            });
        }
        let (server, client) = self.route(session)?;
        let result = client.call_with(endpoint, options).await;
        result.map_err(|source| FleetError::Server { server, source })
    }

    /// All servers and how they stand, by name.
    pub fn servers(&self) -> Vec<ServerState> {
        self.read().standing(self.0.failures_max)
    }

    /// The client of a server.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownServer`].
    pub fn client(&self, server: &ServerName) -> Result<WahaClient, FleetError> {
        let state = self.read();
        let member = state.servers.get(server);
        member
            .map(|member| member.client.clone())
            .ok_or_else(|| FleetError::UnknownServer(server.clone()))
    }

    /// Adds a server that holds up to `capacity` sessions. What lives on it is known after [`Fleet::discover`].
    ///
    /// # Errors
    ///
    /// [`FleetError::Name`], [`FleetError::NameTaken`], or [`FleetError::SameAddress`] when the server is in the fleet under
    /// another name: each of its sessions would live twice.
    pub fn add(
        &self,
        name: impl Into<String>,
        client: WahaClient,
        capacity: u32,
    ) -> Result<(), FleetError> {
        self.write().add(ServerName::new(name)?, client, capacity)
    }

    /// Lets a server take no new sessions. Those that live there are served as before.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownServer`].
    pub fn drain(&self, server: &ServerName) -> Result<(), FleetError> {
        self.change(server, |member| member.is_draining = true)
    }

    /// Lets a server take new sessions again.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownServer`].
    pub fn undrain(&self, server: &ServerName) -> Result<(), FleetError> {
        self.change(server, |member| member.is_draining = false)
    }

    /// Changes how many sessions a server holds. Fewer than live there only means that it takes no more.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownServer`].
    pub fn set_capacity(&self, server: &ServerName, capacity: u32) -> Result<(), FleetError> {
        self.change(server, |member| member.capacity = capacity)
    }

    /// Takes an empty server out of the fleet.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownServer`]; [`FleetError::StillHome`] while sessions live there: move or delete them, or use
    /// [`Fleet::remove_with_sessions`].
    pub fn remove(&self, server: &ServerName) -> Result<(), FleetError> {
        let mut state = self.write();
        let sessions = state.homes.values().filter(|home| *home == server).count();
        if sessions > 0 {
            return Err(FleetError::StillHome {
                server: server.clone(),
                sessions,
            });
        }
        match state.servers.remove(server) {
            Some(_) => Ok(()),
            None => Err(FleetError::UnknownServer(server.clone())),
        }
    }

    /// Takes a server out of the fleet whatever lives there, as when it is lost for good. Returns the sessions that have no home
    /// any more. On the server nothing changes.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownServer`].
    pub fn remove_with_sessions(
        &self,
        server: &ServerName,
    ) -> Result<Vec<SessionName>, FleetError> {
        let mut state = self.write();
        if state.servers.remove(server).is_none() {
            return Err(FleetError::UnknownServer(server.clone()));
        }
        let homes = state.homes.iter().filter(|(_, home)| *home == server);
        let homeless: Vec<_> = homes.map(|(session, _)| session.clone()).collect();
        for session in &homeless {
            state.settle(session, None);
        }
        Ok(homeless)
    }

    fn route(&self, session: &SessionName) -> Result<(ServerName, WahaClient), FleetError> {
        let state = self.read();
        let found = state
            .homes
            .get(session)
            .and_then(|home| state.servers.get_key_value(home));
        found
            .map(|(name, member)| (name.clone(), member.client.clone()))
            .ok_or_else(|| FleetError::UnknownSession(session.clone()))
    }

    fn change(
        &self,
        server: &ServerName,
        change: impl FnOnce(&mut Member),
    ) -> Result<(), FleetError> {
        match self.write().servers.get_mut(server) {
            Some(member) => {
                change(member);
                Ok(())
            }
            None => Err(FleetError::UnknownServer(server.clone())),
        }
    }

    /// Names and clients, for whoever asks all of them.
    fn clients(&self) -> Vec<(ServerName, WahaClient)> {
        let state = self.read();
        let servers = state.servers.iter();
        servers
            .map(|(name, member)| (name.clone(), member.client.clone()))
            .collect()
    }

    // Nothing that runs with the lock held can panic halfway through a change, so a poisoned lock guards a sound state.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(
        &mut self,
        name: ServerName,
        client: WahaClient,
        capacity: u32,
    ) -> Result<(), FleetError> {
        let mut servers = self.servers.iter();
        let same = servers.find(|(_, member)| member.client.address() == client.address());
        if let Some((other, _)) = same.filter(|(other, _)| **other != name) {
            return Err(FleetError::SameAddress {
                server: name,
                other: other.clone(),
            });
        }
        match self.servers.entry(name) {
            Entry::Occupied(taken) => Err(FleetError::NameTaken(taken.key().clone())),
            Entry::Vacant(free) => {
                free.insert(Member {
                    client,
                    capacity,
                    is_draining: false,
                    health: Health::default(),
                });
                Ok(())
            }
        }
    }

    /// Whether the server of this name is the one behind this client.
    fn has(&self, server: &ServerName, client: &WahaClient) -> bool {
        let member = self.servers.get(server);
        member.is_some_and(|member| member.client.address() == client.address())
    }

    /// Gives a session a home or takes it away, and returns the one before.
    fn settle(&mut self, session: &SessionName, home: Option<ServerName>) -> Option<ServerName> {
        if let Some(touched) = &mut self.touched {
            touched.insert(session.clone());
        }
        match home {
            Some(server) => self.homes.insert(session.clone(), server),
            None => self.homes.remove(session),
        }
    }

    fn standing(&self, failures_max: u32) -> Vec<ServerState> {
        let mut counts = BTreeMap::new();
        for home in self.homes.values() {
            *counts.entry(home).or_insert(0) += 1;
        }
        let servers = self.servers.iter();
        servers
            .map(|(name, member)| ServerState {
                name: name.clone(),
                capacity: member.capacity,
                sessions: counts.get(name).copied().unwrap_or(0),
                is_healthy: member.health.is_healthy(failures_max),
                is_draining: member.is_draining,
            })
            .collect()
    }
}

/// Shows servers by name and count, without addresses.
impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("servers", &self.servers())
            .finish_non_exhaustive()
    }
}

/// Builds a [`Fleet`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until build() is called"]
pub struct Builder {
    servers: Vec<(String, WahaClient, u32)>,
    failures_max: u32,
    map: Option<FleetMap>,
}

impl Builder {
    /// A server that holds up to `capacity` sessions. Its name is what errors and the map call it; see [`ServerName`].
    pub fn server(mut self, name: impl Into<String>, client: WahaClient, capacity: u32) -> Self {
        self.servers.push((name.into(), client, capacity));
        self
    }

    /// After so many failed probes in a row a server counts as down, and takes no new sessions until one succeeds. 3 unless
    /// told; 0 is taken as 1.
    pub fn unhealthy_after(mut self, failures: u32) -> Self {
        self.failures_max = failures;
        self
    }

    /// The table as it was kept: capacities and draining of servers that are built in, and where sessions live.
    pub fn map(mut self, map: FleetMap) -> Self {
        self.map = Some(map);
        self
    }

    /// Builds the fleet. Asks nobody anything.
    ///
    /// # Errors
    ///
    /// As [`Fleet::add`] for each server; [`FleetError::UnknownServer`] when the map names one that is not built in.
    pub fn build(self) -> Result<Fleet, FleetError> {
        let mut state = State::default();
        for (name, client, capacity) in self.servers {
            state.add(ServerName::new(name)?, client, capacity)?;
        }
        if let Some(map) = self.map {
            state.apply(map)?;
        }
        Ok(Fleet(Arc::new(Inner {
            state: RwLock::new(state),
            failures_max: self.failures_max.max(1),
            discovering: tokio::sync::Mutex::new(()),
        })))
    }
}
