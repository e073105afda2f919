//! Whether servers answer: failures in a row, and the probe that counts them.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::join_all;

use super::Fleet;
use super::error::FleetError;
use super::server::ServerName;
use crate::api::server::ping;
use crate::error::Error;

/// Failures since the last success.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Health {
    failures: u32,
}

impl Health {
    pub(super) fn note(&mut self, answered: bool) {
        self.failures = match answered {
            true => 0,
            false => self.failures.saturating_add(1),
        };
    }

    pub(super) fn is_healthy(self, failures_max: u32) -> bool {
        self.failures < failures_max
    }
}

impl Fleet {
    /// Pings every server once, all at the same time, and notes who answered: one success makes a server healthy, some failures
    /// in a row ([`Builder::unhealthy_after`](super::Builder::unhealthy_after)) make it count as down. Returns the failures.
    ///
    /// A ping tells that a server is there; whether it takes our key, [`Fleet::discover`] finds out.
    pub async fn probe(&self) -> Vec<FleetError> {
        let asked = self.clients().into_iter().map(async |(server, client)| {
            // Once: how the server is now is the question.
            let answer = client.call(ping().never_repeated()).await;
            (server, answer)
        });
        let mut failures = Vec::new();
        for (server, answer) in join_all(asked).await {
            self.note(&server, &answer);
            if let Err(source) = answer {
                failures.push(FleetError::Server { server, source });
            }
        }
        failures
    }

    /// Probes all servers now, and again `every` so long after the last probe ended, for as long as it is polled.
    pub async fn watch(&self, every: Duration) -> Infallible {
        loop {
            for failure in self.probe().await {
                tracing::debug!(%failure, "a server of the fleet does not answer");
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Notes whether a server answered, and tells when that changes how it stands.
    pub(super) fn note<T>(&self, server: &ServerName, answer: &Result<T, Error>) {
        let failures_max = self.0.failures_max;
        let mut state = self.write();
        let Some(member) = state.servers.get_mut(server) else {
            return;
        };
        let before = member.health.is_healthy(failures_max);
        member.health.note(answer.is_ok());
        let after = member.health.is_healthy(failures_max);
        drop(state);
        match (before, after) {
            (true, false) => tracing::warn!(%server, failures_max, "the server counts as down"),
            (false, true) => tracing::info!(%server, "the server answers again"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_failures_in_a_row_make_a_server_unhealthy_and_one_success_heals_it() {
        let mut health = Health::default();
        let seen: Vec<_> = [false, false, true, false, false, false, false, true]
            .into_iter()
            .map(|answered| {
                health.note(answered);
                health.is_healthy(3)
            })
            .collect();
        assert_eq!(seen, [true, true, true, true, true, false, false, true]);
    }
}
