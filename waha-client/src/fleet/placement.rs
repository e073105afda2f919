//! Who takes a new session: the server with the most free places that answers and is not being drained. Pure.

use super::error::{FleetError, Refused};
use super::server::{ServerName, ServerState};

/// The server for one more session. Of several with as many free places, the first by name.
pub(super) fn choose(servers: &[ServerState]) -> Result<ServerName, FleetError> {
    let open = servers.iter().filter(|server| refusal(server).is_none());
    // Of equals `max_by_key` takes the last.
    match open.rev().max_by_key(|server| server.free()) {
        Some(server) => Ok(server.name.clone()),
        None => {
            let why = servers
                .iter()
                .filter_map(|server| Some((server.name.clone(), refusal(server)?)));
            Err(FleetError::NoRoom(why.collect()))
        }
    }
}

fn refusal(server: &ServerState) -> Option<Refused> {
    if !server.is_healthy {
        Some(Refused::Down)
    } else if server.is_draining {
        Some(Refused::Draining)
    } else if server.free() == 0 {
        Some(Refused::Full)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn server(name: &str, capacity: u32, sessions: u32, is_healthy: bool) -> ServerState {
        ServerState {
            name: ServerName::new(name).unwrap(),
            capacity,
            sessions,
            is_healthy,
            is_draining: name.starts_with("draining"),
        }
    }

    #[test]
    fn the_most_free_places_win_of_those_that_answer_and_are_not_drained() {
        for (servers, chosen) in [
            (vec![server("a", 5, 3, true), server("b", 9, 6, true)], "b"),
            (vec![server("a", 5, 2, true), server("b", 9, 6, true)], "a"),
            (vec![server("a", 9, 0, false), server("b", 1, 0, true)], "b"),
            (
                vec![server("draining", 9, 0, true), server("z", 2, 1, true)],
                "z",
            ),
            (vec![server("a", 1, 5, true), server("b", 1, 0, true)], "b"),
        ] {
            assert_eq!(choose(&servers).unwrap().as_str(), chosen, "{servers:?}");
        }
    }

    #[test]
    fn when_nobody_takes_it_each_says_why() {
        let servers = [
            server("a", 5, 5, true),
            server("b", 5, 0, false),
            server("draining", 5, 0, true),
            server("over", 5, 6, true),
        ];
        assert_eq!(
            choose(&servers).unwrap_err().to_string(),
            "no server takes a new session: a is full, b does not answer, draining is being drained, over is full"
        );
        assert_eq!(
            choose(&[]).unwrap_err().to_string(),
            "no server takes a new session"
        );
    }
}
