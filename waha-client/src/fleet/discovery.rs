//! Finding out where sessions live: what the table says, what servers say, and what follows. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::error::FleetError;
use super::server::ServerName;
use crate::error::masked;
use crate::ids::SessionName;

/// What asking all servers changed.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Discovery {
    /// Sessions that were not known, and where they live.
    pub found: Vec<(SessionName, ServerName)>,
    /// Sessions that are not on the server where they lived, nor on any other that answered.
    pub gone: Vec<(SessionName, ServerName)>,
    /// Sessions that live elsewhere than was known, and where they lived. The server that had them answered that it has not.
    pub moved: Vec<(SessionName, ServerName)>,
    /// The servers that did not answer, and why. What was known of them stays.
    pub unanswered: Vec<FleetError>,
}

/// A session that is on two servers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Double {
    /// The session.
    pub session: SessionName,
    /// The two servers. One that did not answer counts when the session was known to live there.
    pub servers: [ServerName; 2],
}

impl fmt::Display for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, other] = &self.servers;
        let session = masked(self.session.as_str());
        write!(
            f,
            "session {session} lives on server {one} and on server {other}"
        )
    }
}

pub(super) type Homes = BTreeMap<SessionName, ServerName>;

/// The table that follows from what servers said. Sessions in `touched` changed meanwhile and are left as they are.
pub(super) fn merged(
    known: &Homes,
    said: &[(ServerName, Vec<SessionName>)],
    touched: &BTreeSet<SessionName>,
) -> Result<(Homes, Discovery), Vec<Double>> {
    let answered: BTreeSet<_> = said.iter().map(|(server, _)| server).collect();
    let stays = |(session, home): &(&SessionName, &ServerName)| {
        touched.contains(*session) || !answered.contains(home)
    };
    let mut homes: Homes = known
        .iter()
        .filter(stays)
        .map(|(session, home)| (session.clone(), home.clone()))
        .collect();
    let mut doubles = Vec::new();
    for (server, sessions) in said {
        for session in sessions.iter().filter(|name| !touched.contains(*name)) {
            match homes.insert(session.clone(), server.clone()) {
                Some(other) if other != *server => doubles.push(Double {
                    session: session.clone(),
                    servers: [other, server.clone()],
                }),
                _ => {}
            }
        }
    }
    if !doubles.is_empty() {
        return Err(doubles);
    }
    let mut discovery = Discovery::default();
    for (session, home) in &homes {
        match known.get(session) {
            None => discovery.found.push((session.clone(), home.clone())),
            Some(before) if before != home => {
                discovery.moved.push((session.clone(), before.clone()));
            }
            Some(_) => {}
        }
    }
    let gone = known
        .iter()
        .filter(|(session, _)| !homes.contains_key(*session));
    discovery.gone = gone
        .map(|(session, home)| (session.clone(), home.clone()))
        .collect();
    Ok((homes, discovery))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn session(name: &str) -> SessionName {
        SessionName::new(name).unwrap()
    }

    fn server(name: &str) -> ServerName {
        ServerName::new(name).unwrap()
    }

    fn table(text: &str) -> Homes {
        text.split_whitespace()
            .map(|pair| {
                let (name, home) = pair.split_once('@').unwrap();
                (session(name), server(home))
            })
            .collect()
    }

    fn said(lists: &[(&str, &str)]) -> Vec<(ServerName, Vec<SessionName>)> {
        lists
            .iter()
            .map(|(name, sessions)| {
                (
                    server(name),
                    sessions.split_whitespace().map(session).collect(),
                )
            })
            .collect()
    }

    fn shown(pairs: &[(SessionName, ServerName)]) -> String {
        let shown: Vec<_> = pairs.iter().map(|(s, h)| format!("{s}@{h}")).collect();
        shown.join(" ")
    }

    #[test]
    fn the_table_follows_what_servers_say_and_keeps_what_the_silent_ones_had() {
        for (known, lists, homes, changes) in [
            (
                "",
                &[("a", "x y"), ("b", "z")][..],
                "x@a y@a z@b",
                ["x@a y@a z@b", "", ""],
            ),
            ("x@a y@b", &[("a", ""), ("b", "y")], "y@b", ["", "x@a", ""]),
            ("x@a", &[("a", ""), ("b", "x")], "x@b", ["", "", "x@a"]),
            // b is silent.
            ("x@a y@b", &[("a", "x")], "x@a y@b", ["", "", ""]),
            ("x@a", &[], "x@a", ["", "", ""]),
        ] {
            let (found, discovery) = merged(&table(known), &said(lists), &BTreeSet::new()).unwrap();
            assert_eq!(found, table(homes), "{known} {lists:?}");
            assert_eq!(shown(&discovery.found), changes[0], "{known} {lists:?}");
            assert_eq!(shown(&discovery.gone), changes[1], "{known} {lists:?}");
            assert_eq!(shown(&discovery.moved), changes[2], "{known} {lists:?}");
        }
    }

    #[test]
    fn a_session_on_two_servers_is_an_error_that_names_both() {
        for (known, lists) in [
            ("", &[("a", "x y"), ("b", "x")][..]),
            // a is silent, and may still have it.
            ("x@a", &[("b", "x")]),
        ] {
            let doubles = merged(&table(known), &said(lists), &BTreeSet::new()).unwrap_err();
            assert_eq!(
                FleetError::Doubled(doubles).to_string(),
                "session x lives on server a and on server b"
            );
        }
    }

    #[test]
    fn what_changed_while_servers_were_asked_is_left_as_it_is() {
        let touched = BTreeSet::from([session("new"), session("moved"), session("deleted")]);
        let known = table("new@a moved@b");
        let lists = said(&[("a", "moved deleted"), ("b", "")]);
        let (homes, discovery) = merged(&known, &lists, &touched).unwrap();
        assert_eq!(homes, known);
        assert!(discovery.found.is_empty() && discovery.gone.is_empty());
    }
}
