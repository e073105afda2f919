//! What goes wrong in a fleet. Servers are named, never addressed; sessions that are named by a phone number are shortened.

use std::fmt;

use super::discovery::Double;
use super::server::ServerName;
use crate::error::{Error, masked};
use crate::ids::SessionName;

/// Why a fleet cannot do something, and which server it is about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// A server's call failed. Nothing was tried elsewhere.
    #[error("server {server}: {source}")]
    Server {
        /// The server.
        server: ServerName,
        /// How far the call got.
        source: Error,
    },
    /// No server is known to have the session; [`Fleet::discover`](super::Fleet::discover) asks them.
    #[error("no server of the fleet is known to have session {}", masked(.0.as_str()))]
    UnknownSession(SessionName),
    /// There is no server of this name.
    #[error("the fleet has no server {0}")]
    UnknownServer(ServerName),
    /// The call is about another session than the one it was routed by.
    #[error("a call about session {} was routed by session {}", masked(.about.as_str()), masked(.routed_by.as_str()))]
    OtherSession {
        /// The session that chose the server.
        routed_by: SessionName,
        /// The session of the endpoint.
        about: SessionName,
    },
    /// Sessions live on several servers at once. Only one of them can be right; nothing was changed.
    #[error("{}", list(.0))]
    Doubled(Vec<Double>),
    /// The session lives somewhere already.
    #[error("session {} lives on server {server}", masked(.session.as_str()))]
    AlreadyPlaced {
        /// The session.
        session: SessionName,
        /// Where it lives.
        server: ServerName,
    },
    /// A session without a name cannot be routed.
    #[error("a session of a fleet needs a name")]
    Unnamed,
    /// No server takes a new session.
    #[error("no server takes a new session{}", reasons(.0))]
    NoRoom(Vec<(ServerName, Refused)>),
    /// Sessions live on the server, so it stays.
    #[error("server {server} is home to {sessions} sessions")]
    StillHome {
        /// The server.
        server: ServerName,
        /// How many live there.
        sessions: usize,
    },
    /// There is a server of this name already.
    #[error("the fleet has a server {0} already")]
    NameTaken(ServerName),
    /// The same server under two names.
    #[error("servers {server} and {other} have the same address")]
    SameAddress {
        /// The one to add.
        server: ServerName,
        /// The one that is there.
        other: ServerName,
    },
    /// Not a server's name.
    #[error("a server's name has 1 to 63 letters, digits, hyphens, underscores and dots")]
    Name,
}

impl FleetError {
    /// The server the error is about, when it is one.
    pub fn server(&self) -> Option<&ServerName> {
        match self {
            Self::Server { server, .. }
            | Self::UnknownServer(server)
            | Self::AlreadyPlaced { server, .. }
            | Self::StillHome { server, .. }
            | Self::NameTaken(server)
            | Self::SameAddress { server, .. } => Some(server),
            _ => None,
        }
    }

    /// The failure of the call itself, which says how far it got. Without one nothing was asked of any server.
    pub fn call_error(&self) -> Option<&Error> {
        match self {
            Self::Server { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Why a server takes no new session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refused {
    /// It holds as many as it can.
    Full,
    /// It is being drained.
    Draining,
    /// It does not answer.
    Down,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "is full",
            Self::Draining => "is being drained",
            Self::Down => "does not answer",
        })
    }
}

fn list(doubles: &[Double]) -> String {
    let told: Vec<_> = doubles.iter().map(Double::to_string).collect();
    told.join("; ")
}

fn reasons(refused: &[(ServerName, Refused)]) -> String {
    let mut told = String::new();
    for (at, (server, why)) in refused.iter().enumerate() {
        let separator = if at == 0 { ": " } else { ", " };
        told.push_str(&format!("{separator}{server} {why}"));
    }
    told
}
