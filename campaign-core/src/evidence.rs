//! What proves that a message was never handed over, and what does not.
//!
//! Evidence *for* a message is simple: an answer, an ack, an echo or a look-up with its id. Absence is
//! proof only when everything holds that makes the absence mean something; what is missing is named, so that the
//! operator sees why a doubt stays and what would settle it.

use std::fmt;
use std::time::Duration;

use crate::clock::Elapsed;

/// What is known about a look-up that did not find a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// This platform has answered with exactly our id for this kind of message.
    pub id_is_trusted: bool,
    /// The session was seen to keep no messages: nobody can be found in it, nor missed.
    pub store_is_off: bool,
    /// The same look-up found another message that was accepted around then, and the store was on before the attempt.
    pub control_found: bool,
    /// When the attempt was journalled.
    pub started: Elapsed,
    /// When its request ended: nothing of it is written after this.
    pub ended: Elapsed,
    /// Since when the session has been WORKING without interruption, as the same account, its server answering, its store on.
    pub steady_since: Option<Elapsed>,
    /// When the server process started.
    pub server_up_since: Option<Elapsed>,
    /// How long a server may hold a request and still execute it.
    pub horizon: Duration,
}

/// What is missing before absence is proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Missing {
    /// The id was never seen to be honoured; only the operator can decide.
    TrustedId,
    /// The session keeps no messages; only the operator can decide.
    Store,
    /// The look-up could not find any other message either: the message store was off then, or it lost some.
    Control,
    /// The server restarted since the attempt; only the operator can decide.
    SameServer,
    /// The server may still be holding the request.
    Time,
    /// The session was interrupted too recently.
    SteadySession,
    /// The session is another account's by now; unless the one that sent it comes back, only the operator can decide.
    Account,
    /// It may have been sent from any account of its campaign, because an older copy of the database was put in place; only the operator can
    /// decide.
    OtherAccounts,
}

impl Missing {
    /// All of them.
    pub const ALL: [Missing; 8] = [
        Missing::TrustedId,
        Missing::Store,
        Missing::Control,
        Missing::SameServer,
        Missing::Time,
        Missing::SteadySession,
        Missing::Account,
        Missing::OtherAccounts,
    ];
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Missing::TrustedId => "this server has not shown that it keeps our message ids for this kind of message",
            Missing::Store => {
                "the session keeps no messages: turn its message store on before the next campaign, and decide about this one by the phone"
            }
            Missing::Control => "the look-up finds no other message of that time either: was the session's message store on?",
            Missing::SameServer => "the server was restarted after the attempt, so that its silence proves nothing",
            Missing::Time => "the server may still be holding the request",
            Missing::SteadySession => "the session was interrupted too recently",
            Missing::Account => {
                "the session is paired with another number now: pair it with the number that sent this, or decide by the phone of that number"
            }
            Missing::OtherAccounts => {
                "an older copy of the database was put in place, so that any account of the campaign may have sent it: look into the chat on each phone"
            }
        })
    }
}

impl Absence {
    /// Whether it proves that the message was never handed over.
    ///
    /// The session must have been steady for one whole horizon that began after the request ended: whatever the server
    /// still held by then was executed, and stored, within it.
    ///
    /// # Errors
    /// The first thing that is missing; those that only the operator can make up for come first.
    pub fn proof(&self, now: Elapsed) -> Result<(), Missing> {
        if self.store_is_off {
            return Err(Missing::Store);
        }
        if !self.id_is_trusted {
            return Err(Missing::TrustedId);
        }
        if self
            .server_up_since
            .is_none_or(|since| since > self.started)
        {
            return Err(Missing::SameServer);
        }
        if now.since(self.ended) < self.horizon {
            return Err(Missing::Time);
        }
        if self
            .steady_since
            .is_none_or(|since| now.since(since) < self.horizon)
        {
            return Err(Missing::SteadySession);
        }
        if !self.control_found {
            return Err(Missing::Control);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_missing_is_told_in_words_of_its_own() {
        let told: std::collections::BTreeSet<String> =
            Missing::ALL.iter().map(Missing::to_string).collect();
        assert_eq!(told.len(), Missing::ALL.len());
        assert!(told.iter().all(|words| words.contains(' ')));
    }

    #[test]
    fn absence_is_proof_only_when_everything_holds() {
        let at = |seconds: i64| Elapsed::from_micros(seconds * 1_000_000);
        let complete = Absence {
            id_is_trusted: true,
            store_is_off: false,
            control_found: true,
            started: at(100),
            ended: at(110),
            steady_since: Some(at(50)),
            server_up_since: Some(at(10)),
            horizon: Duration::from_secs(120),
        };
        let now = at(230);
        assert_eq!(complete.proof(now), Ok(()));
        let just_enough = Absence {
            steady_since: Some(at(110)),
            server_up_since: Some(at(100)),
            ..complete
        };
        assert_eq!(just_enough.proof(now), Ok(()));
        let rows = [
            (
                Absence {
                    store_is_off: true,
                    ..complete
                },
                Missing::Store,
            ),
            (
                Absence {
                    id_is_trusted: false,
                    ..complete
                },
                Missing::TrustedId,
            ),
            (
                Absence {
                    control_found: false,
                    ..complete
                },
                Missing::Control,
            ),
            (
                Absence {
                    server_up_since: Some(at(101)),
                    ..complete
                },
                Missing::SameServer,
            ),
            (
                Absence {
                    server_up_since: None,
                    ..complete
                },
                Missing::SameServer,
            ),
            (
                Absence {
                    ended: at(111),
                    ..complete
                },
                Missing::Time,
            ),
            (
                Absence {
                    steady_since: Some(at(111)),
                    ..complete
                },
                Missing::SteadySession,
            ),
            (
                Absence {
                    steady_since: None,
                    ..complete
                },
                Missing::SteadySession,
            ),
        ];
        for (absence, missing) in rows {
            assert_eq!(absence.proof(now), Err(missing), "{absence:?}");
        }
    }
}
