//! Sessions that say WORKING and are dead: they accept messages and deliver none, or get no events any more. The status does
//! not tell; what happens to messages does.
//!
//! [`Signs::judge`] is the cheap part, without any request: count what the session does anyway, and ask it now and then.
//! [`Sessions::probe`] is the question that settles a suspicion. What to do then is the caller's decision: hold what is to be
//! sent, and [`Sessions::restart`] the session. What was accepted before the suspicion stays in doubt: look it up, never send
//! it again unseen.

use std::fmt;
use std::time::Duration;

use super::Sessions;
use crate::answer::Exception;
use crate::api::contacts::check_exists;
use crate::client::CallOptions;
use crate::error::{Error, NotSent};
use crate::ids::SessionName;
use crate::types::SessionStatus;

/// What was seen of one session since it last became WORKING. Moments are of one clock, Unix milliseconds.
///
/// Begin anew, with [`Signs::since`], whenever the session becomes WORKING again: what was accepted by an earlier connection
/// says nothing of this one.
///
/// ```
/// use waha_client::api::sessions::{Doubt, Liveness, Patience, Signs};
///
/// let mut signs = Signs::since(1_000);
/// signs.unacknowledged = 2;
/// signs.oldest_unacknowledged_ms = Some(5_000);
/// let patience = Patience::default();
/// assert_eq!(signs.judge(30_000, &patience), Liveness::Alive);
/// let doubt = Doubt::NoAcks { messages: 2, for_ms: 60_000 };
/// assert_eq!(signs.judge(65_000, &patience), Liveness::Suspected(doubt));
///
/// signs.last_life_ms = Some(20_000);
/// assert_eq!(signs.judge(65_000, &patience), Liveness::Alive, "something came through since");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signs {
    /// When the session became WORKING.
    pub working_since_ms: i64,
    /// How many messages WAHA accepted since then that are not acknowledged at SERVER or higher.
    pub unacknowledged: u32,
    /// When the oldest of them was accepted.
    pub oldest_unacknowledged_ms: Option<i64>,
    /// When something last came through from WhatsApp: an acknowledgement of any message, a message of somebody else, or a
    /// probe that found the session alive. The echo of an own send is none: the engine makes it itself.
    pub last_life_ms: Option<i64>,
    /// How many questions that WAHA has to ask WhatsApp failed in a row, on the engine's side: 500 such as
    /// `Connection Closed` or `Timed Out`, or no answer while the server answers others. Not WhatsApp's own refusals, such
    /// as `rate-overlimit`.
    pub failed_lookups: u32,
}

/// How much is borne before a session is suspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// How long an accepted message may be without acknowledgement. 60 s, as WAHA's maintainer advises in its tracker.
    pub acks: Duration,
    /// How many such messages it takes. 1.
    pub unacknowledged_min: u32,
    /// How many look-ups must fail in a row. 3.
    pub failed_lookups_min: u32,
    /// How long nothing at all may come through; `None`, the default, asks for nothing: many accounts are quiet for hours.
    /// Set it for an account that never is.
    pub silence: Option<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            acks: Duration::from_secs(60),
            unacknowledged_min: 1,
            failed_lookups_min: 3,
            silence: None,
        }
    }
}

/// Whether a session that says WORKING seems to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// Nothing speaks against it.
    Alive,
    /// It may be dead: ask it ([`Sessions::probe`]), or restart it.
    Suspected(Doubt),
}

/// Why a session is suspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// Messages were accepted, and for so long neither was acknowledged nor did anything else come through.
    NoAcks {
        /// How many messages.
        messages: u32,
        /// For how long, milliseconds, the oldest of them.
        for_ms: i64,
    },
    /// Whatever needs WhatsApp's answer fails.
    LookupsFail {
        /// How many in a row.
        in_a_row: u32,
    },
    /// Nothing came through for so long.
    Silent {
        /// For how long, milliseconds.
        for_ms: i64,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAcks { messages, for_ms } => {
                let seconds = for_ms / 1000;
                write!(
                    f,
                    "{messages} accepted messages have no acknowledgement for up to {seconds} s"
                )
            }
            Self::LookupsFail { in_a_row } => write!(f, "{in_a_row} look-ups failed in a row"),
            Self::Silent { for_ms } => write!(f, "nothing came through for {} s", for_ms / 1000),
        }
    }
}

impl Signs {
    /// Nothing seen yet of a session that is WORKING since then.
    pub fn since(working_since_ms: i64) -> Self {
        Self {
            working_since_ms,
            unacknowledged: 0,
            oldest_unacknowledged_ms: None,
            last_life_ms: None,
            failed_lookups: 0,
        }
    }

    /// Judges what was seen. The strongest doubt is told: messages without acknowledgement, then look-ups, then silence.
    ///
    /// One message without acknowledgement is no doubt when something came through after it was accepted: then that message
    /// is in doubt, not the session. And when no event reaches you at all, your webhook may be what is dead: a probe tells.
    pub fn judge(&self, now_ms: i64, patience: &Patience) -> Liveness {
        let doubt = self
            .missing_acks(now_ms, patience)
            .or_else(|| self.failing_lookups(patience))
            .or_else(|| self.silence(now_ms, patience));
        doubt.map_or(Liveness::Alive, Liveness::Suspected)
    }

    fn missing_acks(&self, now_ms: i64, patience: &Patience) -> Option<Doubt> {
        let accepted_ms = self.oldest_unacknowledged_ms?;
        let came_through = self.last_life_ms.is_some_and(|life| life >= accepted_ms);
        let for_ms = now_ms.saturating_sub(accepted_ms);
        let is_doubtful = self.unacknowledged >= patience.unacknowledged_min.max(1)
            && is_over(for_ms, patience.acks)
            && !came_through;
        is_doubtful.then_some(Doubt::NoAcks {
            messages: self.unacknowledged,
            for_ms,
        })
    }

    fn failing_lookups(&self, patience: &Patience) -> Option<Doubt> {
        let in_a_row = self.failed_lookups;
        (in_a_row >= patience.failed_lookups_min.max(1)).then_some(Doubt::LookupsFail { in_a_row })
    }

    fn silence(&self, now_ms: i64, patience: &Patience) -> Option<Doubt> {
        let last_ms = self.last_life_ms.unwrap_or(self.working_since_ms);
        let for_ms = now_ms.saturating_sub(last_ms.max(self.working_since_ms));
        is_over(for_ms, patience.silence?).then_some(Doubt::Silent { for_ms })
    }
}

fn is_over(for_ms: i64, limit: Duration) -> bool {
    u128::try_from(for_ms).is_ok_and(|for_ms| for_ms >= limit.as_millis())
}

/// What asking a session came to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Probe {
    /// WhatsApp answered through it that the account's own number is there.
    Alive,
    /// It does not say WORKING at all.
    NotWorking(SessionStatus),
    /// It says WORKING, and the engine has no answer from WhatsApp: an exception such as `Connection Closed`, or none in time.
    Dead(Error),
    /// It says WORKING, but the answer tells nothing: it has no account with a phone number, it does not find its own number,
    /// or the question was refused, by the engine or by WhatsApp, which counts questions (`rate-overlimit`). Ask later.
    Unsure(Option<Error>),
}

/// How long an engine may take to answer about one number. Ours: live ones take well under a second, and Baileys itself
/// waits 60 s, longer than whoever suspects a session wants to.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

impl Sessions<'_> {
    /// Asks a session something that only WhatsApp can answer: whether the account's own number is on WhatsApp. It changes
    /// nothing, nobody sees it, and the number exists, so it is no search for strangers, which WhatsApp punishes. It still is
    /// a question to WhatsApp: ask on suspicion, not all the time, and not twice a minute.
    ///
    /// What the answers mean is ours: no status of WAHA tells of a dead session. It is asked once and waits 20 s for the
    /// answer. That WhatsApp answers does not prove that messages are delivered.
    ///
    /// # Errors
    ///
    /// What says nothing of the session: the server is not reached, the key is refused, there is no such session.
    pub async fn probe(&self, session: &SessionName) -> Result<Probe, Error> {
        let info = self.get(session).await?;
        if info.status != SessionStatus::Working {
            return Ok(Probe::NotWorking(info.status));
        }
        let Some(me) = info.me else {
            return Ok(Probe::Unsure(None));
        };
        let Some(digits) = me.id.phone_digits() else {
            return Ok(Probe::Unsure(None));
        };
        let question = check_exists(session, digits);
        let options = CallOptions::new().response_timeout(PROBE_TIMEOUT);
        match self.0.call_with(question, options).await {
            Ok(status) if status.number_exists => Ok(Probe::Alive),
            Ok(_) => Ok(Probe::Unsure(None)),
            Err(error) => judged(error),
        }
    }
}

/// Whether an exception is WhatsApp's own refusal, such as `rate-overlimit`, which only a session that lives can bring. Baileys
/// has a number with those, and with none of its own (recorded: 429, 404); whatsmeow has it in the sentence.
fn is_whatsapps(exception: &Exception) -> bool {
    exception.data.is_some() || exception.has_code(429)
}

/// What a failed question says of the session.
fn judged(error: Error) -> Result<Probe, Error> {
    if let Some(status) = error.session_status() {
        return Ok(Probe::NotWorking(status.clone()));
    }
    if error.is_unauthorized() || error.is_forbidden() || error.is_unknown_session() {
        return Err(error);
    }
    match &error {
        Error::NotSent {
            why: NotSent::Invalid(_),
        } => Ok(Probe::Unsure(Some(error))),
        Error::NotSent { .. } => Err(error),
        // The server had just told the session's status: it is there.
        Error::MaybeSent { .. } if error.is_timeout() => Ok(Probe::Dead(error)),
        Error::MaybeSent { .. } => Err(error),
        Error::Answered(answer) => match answer.status() {
            500 if answer.exception().is_some_and(|it| !is_whatsapps(it)) => Ok(Probe::Dead(error)),
            502..=504 | 429 => Err(error),
            _ => Ok(Probe::Unsure(Some(error))),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn signs(
        unacknowledged: u32,
        oldest_s: Option<i64>,
        life_s: Option<i64>,
        failed: u32,
    ) -> Signs {
        Signs {
            unacknowledged,
            oldest_unacknowledged_ms: oldest_s.map(|s| s * 1000),
            last_life_ms: life_s.map(|s| s * 1000),
            failed_lookups: failed,
            ..Signs::since(0)
        }
    }

    fn no_acks(messages: u32, for_s: i64) -> Liveness {
        let for_ms = for_s * 1000;
        Liveness::Suspected(Doubt::NoAcks { messages, for_ms })
    }

    #[test]
    fn a_session_is_suspected_by_what_does_not_come_through() {
        let failing = Liveness::Suspected(Doubt::LookupsFail { in_a_row: 3 });
        for (seen, now_s, expected) in [
            (signs(0, None, None, 0), 1_000_000, Liveness::Alive),
            (signs(1, Some(10), None, 0), 69, Liveness::Alive),
            (signs(1, Some(10), None, 0), 70, no_acks(1, 60)),
            (signs(1, Some(10), Some(9), 0), 70, no_acks(1, 60)),
            (signs(1, Some(10), Some(10), 0), 70, Liveness::Alive),
            (signs(0, Some(10), None, 0), 70, Liveness::Alive),
            (signs(4, None, None, 0), 70, Liveness::Alive),
            (signs(0, None, None, 2), 70, Liveness::Alive),
            (signs(0, None, None, 3), 70, failing),
            (signs(1, Some(10), None, 3), 70, no_acks(1, 60)),
            (signs(1, Some(100), None, 0), 70, Liveness::Alive),
            (signs(1, Some(i64::MIN / 1000), None, 0), i64::MAX / 1000, {
                let for_ms = i64::MAX;
                Liveness::Suspected(Doubt::NoAcks {
                    messages: 1,
                    for_ms,
                })
            }),
        ] {
            let judged = seen.judge(now_s * 1000, &Patience::default());
            assert_eq!(judged, expected, "{seen:?} at {now_s}");
        }
    }

    #[test]
    fn silence_counts_only_where_it_is_unusual_and_from_when_the_session_worked() {
        let hour = Patience {
            silence: Some(Duration::from_secs(3_600)),
            ..Patience::default()
        };
        let silent = |for_s: i64| {
            let for_ms = for_s * 1000;
            Liveness::Suspected(Doubt::Silent { for_ms })
        };
        let mut seen = Signs::since(1_000_000);
        assert_eq!(
            seen.judge(99_000_000, &Patience::default()),
            Liveness::Alive
        );
        assert_eq!(seen.judge(4_599_999, &hour), Liveness::Alive);
        assert_eq!(seen.judge(4_600_000, &hour), silent(3_600));
        seen.last_life_ms = Some(500_000);
        assert_eq!(seen.judge(4_599_999, &hour), Liveness::Alive);
        seen.last_life_ms = Some(2_000_000);
        assert_eq!(seen.judge(4_600_000, &hour), Liveness::Alive);
        assert_eq!(seen.judge(5_601_000, &hour), silent(3_601));
    }

    #[test]
    fn several_messages_can_be_asked_for_before_a_session_is_suspected() {
        let three = Patience {
            unacknowledged_min: 3,
            ..Patience::default()
        };
        let judged = |unacknowledged| signs(unacknowledged, Some(0), None, 0).judge(60_000, &three);
        assert_eq!(judged(2), Liveness::Alive);
        assert_eq!(judged(3), no_acks(3, 60));
    }
}
