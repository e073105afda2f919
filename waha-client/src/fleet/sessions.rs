//! Sessions of a fleet: discovered, placed, created, moved, deleted.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::discovery::{Discovery, merged};
use super::error::FleetError;
use super::server::ServerName;
use super::{Fleet, placement};
use crate::api::sessions::{Listing, NewSession};
use crate::ids::SessionName;
use crate::types::SessionInfo;

impl Fleet {
    /// Asks every server for its sessions, stopped ones too, and brings the table up to date. A server that does not answer
    /// keeps what it was known to have. Whether servers answer counts as a probe does.
    ///
    /// # Errors
    ///
    /// [`FleetError::Doubled`] when sessions live on two servers; the table stays as it was.
    pub async fn discover(&self) -> Result<Discovery, FleetError> {
        let _one_at_a_time = self.0.discovering.lock().await;
        let _asking = Asking::begin(self);
        let asked = self.clients().into_iter().map(async |(server, client)| {
            let answer = client.sessions().list(Listing::All).await;
            (server, client, answer)
        });
        let (mut said, mut unanswered) = (Vec::new(), Vec::new());
        for (server, client, answer) in join_all(asked).await {
            self.note(&server, &answer);
            match answer {
                Ok(sessions) => {
                    let names = sessions.into_iter().map(|info| info.name);
                    said.push((server, client, names.collect()));
                }
                Err(source) => unanswered.push(FleetError::Server { server, source }),
            }
        }
        let mut state = self.write();
        let touched = state.touched.take().unwrap_or_default();
        // One that was removed meanwhile is home to nobody, and may have a successor of the same name.
        said.retain(|(server, client, _)| state.has(server, client));
        let said: Vec<_> = said
            .into_iter()
            .map(|(server, _, names)| (server, names))
            .collect();
        let (homes, mut discovery) =
            merged(&state.homes, &said, &touched).map_err(FleetError::Doubled)?;
        state.homes = homes;
        discovery.unanswered = unanswered;
        Ok(discovery)
    }

    /// Chooses a home for a session that has none: the server with the most free places that is healthy and not being drained.
    /// The place is taken from then on; [`Fleet::forget`] gives it back. Nothing is asked of the server.
    ///
    /// A session that lives on a server which was never discovered is not known: [`Fleet::discover`] first.
    ///
    /// # Errors
    ///
    /// [`FleetError::AlreadyPlaced`], [`FleetError::NoRoom`].
    pub fn place(&self, session: &SessionName) -> Result<ServerName, FleetError> {
        let mut state = self.write();
        if let Some(server) = state.homes.get(session) {
            return Err(FleetError::AlreadyPlaced {
                session: session.clone(),
                server: server.clone(),
            });
        }
        let server = placement::choose(&state.standing(self.0.failures_max))?;
        state.settle(session, Some(server.clone()));
        Ok(server)
    }

    /// Chooses a home for a new session ([`Fleet::place`]) and creates it there.
    ///
    /// When it is certain that it was not created, it has no home again. When it may have been, it keeps the home: whether it
    /// lives there, [`Fleet::discover`] finds out.
    ///
    /// # Errors
    ///
    /// As [`Fleet::place`]; [`FleetError::Unnamed`]; [`FleetError::Server`] when the call fails.
    pub async fn create(&self, new: &NewSession) -> Result<Option<SessionInfo>, FleetError> {
        let session = new.name.as_ref().ok_or(FleetError::Unnamed)?;
        let server = self.place(session)?;
        let client = self.client(&server)?;
        let result = client.sessions().create(new).await;
        result.map_err(|source| {
            if !source.may_have_been_sent() {
                self.forget_at(session, &server);
            }
            FleetError::Server { server, source }
        })
    }

    /// Deletes a session where it lives, with its WhatsApp login, and forgets it, unless it was assigned to another server
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownSession`]; [`FleetError::Server`] when the call fails: the session keeps its home then.
    pub async fn delete(&self, session: &SessionName) -> Result<(), FleetError> {
        let (server, client) = self.route(session)?;
        match client.sessions().delete(session).await {
            Ok(()) => {
                self.forget_at(session, &server);
                Ok(())
            }
            Err(source) => Err(FleetError::Server { server, source }),
        }
    }

    /// Says where a session lives from now on, and returns where it lived. Changes the table only: whoever moves a session
    /// stops or deletes it on its old server and pairs it on the new one.
    ///
    /// # Errors
    ///
    /// [`FleetError::UnknownServer`].
    pub fn assign(
        &self,
        session: &SessionName,
        server: &ServerName,
    ) -> Result<Option<ServerName>, FleetError> {
        let mut state = self.write();
        if !state.servers.contains_key(server) {
            return Err(FleetError::UnknownServer(server.clone()));
        }
        Ok(state.settle(session, Some(server.clone())))
    }

    /// Forgets where a session lives if it is on this server.
    fn forget_at(&self, session: &SessionName, server: &ServerName) {
        let mut state = self.write();
        if state.homes.get(session) == Some(server) {
            state.settle(session, None);
        }
    }

    /// Forgets where a session lives, and returns where it did. On the server nothing changes.
    pub fn forget(&self, session: &SessionName) -> Option<ServerName> {
        self.write().settle(session, None)
    }
}

/// While it lives, changes of homes are noted. Dropped with the discovery that made it, whether that came to its end or not.
struct Asking<'a>(&'a Fleet);

impl<'a> Asking<'a> {
    fn begin(fleet: &'a Fleet) -> Self {
        fleet.write().touched = Some(BTreeSet::new());
        Self(fleet)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.write().touched = None;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use futures_util::poll;

    use super::*;
    use crate::client::WahaClient;

    #[tokio::test]
    async fn a_discovery_that_is_dropped_leaves_nothing_to_be_noted() {
        let waha = WahaClient::builder("http://127.0.0.1:9").build().unwrap();
        let fleet = Fleet::builder().server("a", waha, 1).build().unwrap();
        let mut asking = Box::pin(fleet.discover());
        assert!(poll!(&mut asking).is_pending());
        assert!(fleet.read().touched.is_some());
        drop(asking);
        assert!(fleet.read().touched.is_none());
    }
}
