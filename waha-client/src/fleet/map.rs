//! The table of a fleet as a value: what the caller's database keeps. Its types are ours: WAHA knows of no fleet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::FleetError;
use super::server::ServerName;
use super::{Fleet, State};
use crate::ids::SessionName;

/// Servers with their capacities, and where sessions live. Addresses and keys are not in it: those are the clients'.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FleetMap {
    /// The servers.
    pub servers: BTreeMap<ServerName, ServerEntry>,
    /// Each session and its server.
    pub sessions: BTreeMap<SessionName, ServerName>,
}

/// A server's line in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServerEntry {
    /// How many sessions it holds at most.
    pub capacity: u32,
    /// Whether it takes no new ones.
    #[serde(default)]
    pub is_draining: bool,
}

impl Fleet {
    /// The table as it is now, to be kept. Health is not in it: it is found out anew.
    pub fn map(&self) -> FleetMap {
        let state = self.read();
        let servers = state.servers.iter().map(|(name, member)| {
            let entry = ServerEntry {
                capacity: member.capacity,
                is_draining: member.is_draining,
            };
            (name.clone(), entry)
        });
        FleetMap {
            servers: servers.collect(),
            sessions: state.homes.clone(),
        }
    }

    /// Takes a table over, as when another process changed it. Servers it does not name stay as they are; sessions it does not
    /// name have no home any more.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownServer`] when it names a server that the fleet does not have. Nothing is changed then.
    pub fn apply(&self, map: FleetMap) -> Result<(), FleetError> {
        self.write().apply(map)
    }
}

impl State {
    pub(super) fn apply(&mut self, map: FleetMap) -> Result<(), FleetError> {
        let mut named = map.servers.keys().chain(map.sessions.values());
        if let Some(unknown) = named.find(|name| !self.servers.contains_key(name)) {
            return Err(FleetError::UnknownServer(unknown.clone()));
        }
        for (name, entry) in map.servers {
            if let Some(member) = self.servers.get_mut(&name) {
                member.capacity = entry.capacity;
                member.is_draining = entry.is_draining;
            }
        }
        if let Some(touched) = &mut self.touched {
            touched.extend(self.homes.keys().cloned());
            touched.extend(map.sessions.keys().cloned());
        }
        self.homes = map.sessions;
        Ok(())
    }
}
