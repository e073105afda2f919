//! What one look at a session means for its pairing, without any request; and which errors pass.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::PairingError;
use crate::answer::Shape;
use crate::error::{Error, NotSent};
use crate::types::{Me, SessionStatus};

/// How long a session has to be STOPPED to count as stopped: a restart, which takes 1 to 3 s, passes through it (recorded).
const STOPPED_PATIENCE: Duration = Duration::from_secs(3);
/// How long a session may be WORKING before it tells its account. WAHA tells none right after a start (recorded).
const ACCOUNT_PATIENCE: Duration = Duration::from_secs(10);

/// What to do after a look.
#[derive(Debug, PartialEq)]
pub(super) enum Look {
    /// Tell that the status is another one.
    Changed(SessionStatus),
    /// Look again later.
    Nothing,
    /// Show the phone what it needs.
    Scan,
    /// Have a passkey sign.
    Passkey,
    /// Have a passkey's code compared.
    PasskeyCode,
    /// It is done.
    Working(Box<Me>),
}

/// What was seen and shown so far.
#[derive(Default)]
pub(super) struct Watch {
    seen: Option<(SessionStatus, Instant)>,
    shown: Option<String>,
}

/// Shows no code.
impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

impl Watch {
    /// The status last seen.
    pub(super) fn status(&self) -> Option<&SessionStatus> {
        self.seen.as_ref().map(|(status, _)| status)
    }

    /// Takes in one look. A status is told before anything is made of it; what was shown in another status counts no more.
    pub(super) fn looked(
        &mut self,
        status: SessionStatus,
        me: Option<Me>,
        now: Instant,
    ) -> Result<Look, PairingError> {
        let since = match &self.seen {
            Some((seen, since)) if *seen == status => *since,
            _ => {
                self.seen = Some((status.clone(), now));
                self.shown = None;
                return Ok(Look::Changed(status));
            }
        };
        let lasted = now.saturating_duration_since(since);
        match status {
            SessionStatus::ScanQrCode => Ok(Look::Scan),
            SessionStatus::PasskeyRequired => Ok(Look::Passkey),
            SessionStatus::PasskeyConfirmationRequired => Ok(Look::PasskeyCode),
            SessionStatus::Working => match me {
                Some(me) => Ok(Look::Working(Box::new(me))),
                None if lasted >= ACCOUNT_PATIENCE => Err(PairingError::NoAccount),
                None => Ok(Look::Nothing),
            },
            SessionStatus::Failed => Err(PairingError::Ended(status)),
            SessionStatus::Stopped if lasted >= STOPPED_PATIENCE => {
                Err(PairingError::Ended(status))
            }
            _ => Ok(Look::Nothing),
        }
    }

    /// Whether something was shown in this status.
    pub(super) fn has_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// Notes what is shown; whether it is another than before.
    pub(super) fn show(&mut self, mark: &str) -> bool {
        if self.shown.as_deref() == Some(mark) {
            return false;
        }
        self.shown = Some(mark.to_owned());
        true
    }
}

/// Whether the same question may be answered in a moment. 501 says that the engine cannot, which does not change.
pub(super) fn passes(error: &Error) -> bool {
    match error {
        Error::NotSent { why } => !matches!(why, NotSent::Invalid(_) | NotSent::Withheld(_)),
        Error::MaybeSent { .. } => true,
        Error::Answered(answer) => match answer.status() {
            200..300 => matches!(answer.shape(), Shape::Cut),
            422 => matches!(answer.shape(), Shape::SessionStatus { .. }),
            501 => false,
            408 | 429 | 500..600 => true,
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use bytes::Bytes;

    use super::*;
    use crate::answer::Answer;
    use crate::error::MaybeSent;

    fn me() -> Me {
        serde_json::from_str(r#"{"id": "628@c.us"}"#).unwrap()
    }

    /// What looks after one another say; each is (milliseconds since the first, status, whether an account is told).
    fn looks(seen: &[(u64, SessionStatus, bool)]) -> Vec<String> {
        let start = Instant::now();
        let mut watch = Watch::default();
        let mut said = Vec::new();
        for (after_ms, status, has_account) in seen {
            let now = start + Duration::from_millis(*after_ms);
            let account = has_account.then(me);
            said.push(match watch.looked(status.clone(), account, now) {
                Ok(Look::Working(_)) => "working".to_owned(),
                Ok(look) => format!("{look:?}"),
                Err(error) => format!("error: {error}"),
            });
        }
        said
    }

    #[test]
    fn a_status_is_told_once_and_then_acted_on() {
        use SessionStatus::{
            PasskeyConfirmationRequired, PasskeyRequired, ScanQrCode, Starting, Working,
        };
        let said = looks(&[
            (0, Starting, false),
            (1, Starting, false),
            (2, ScanQrCode, true),
            (3, ScanQrCode, true),
            (4, PasskeyRequired, false),
            (5, PasskeyRequired, false),
            (6, PasskeyConfirmationRequired, false),
            (7, PasskeyConfirmationRequired, false),
            (8, SessionStatus::Unknown("LATER".into()), false),
            (9, SessionStatus::Unknown("LATER".into()), false),
            (10, Working, true),
            (11, Working, true),
        ]);
        assert_eq!(
            said,
            [
                "Changed(Starting)",
                "Nothing",
                "Changed(ScanQrCode)",
                "Scan",
                "Changed(PasskeyRequired)",
                "Passkey",
                "Changed(PasskeyConfirmationRequired)",
                "PasskeyCode",
                "Changed(Unknown(\"LATER\"))",
                "Nothing",
                "Changed(Working)",
                "working",
            ]
        );
    }

    #[test]
    fn stopped_has_to_last_and_failed_does_not() {
        use SessionStatus::{Failed, Starting, Stopped};
        let said = looks(&[
            (0, Stopped, false),
            (2_999, Stopped, false),
            (3_000, Starting, false),
            (4_000, Stopped, false),
            (6_999, Stopped, false),
            (7_000, Stopped, false),
        ]);
        assert_eq!(
            &said[3..],
            [
                "Changed(Stopped)",
                "Nothing",
                "error: the session is STOPPED: restart it, or log it out, and pair again"
            ]
        );
        assert_eq!(said[1], "Nothing");
        let said = looks(&[(0, Failed, false), (1, Failed, false)]);
        assert_eq!(
            said[1],
            "error: the session is FAILED: restart it, or log it out, and pair again"
        );
    }

    #[test]
    fn an_account_is_waited_for_a_while() {
        use SessionStatus::Working;
        let said = looks(&[
            (0, Working, false),
            (9_999, Working, false),
            (10_000, Working, false),
        ]);
        assert_eq!(
            &said[1..],
            [
                "Nothing",
                "error: the session is WORKING without an account: restart it"
            ]
        );
    }

    #[test]
    fn the_same_code_is_shown_once_until_the_status_changes() {
        let mut watch = Watch::default();
        let now = Instant::now();
        assert!(watch.show("2@a") && !watch.show("2@a") && watch.show("2@b"));
        assert!(watch.has_shown() && !format!("{watch:?}").contains("2@b"));
        let _ = watch.looked(SessionStatus::Starting, None, now);
        assert!(!watch.has_shown() && watch.show("2@b"));
    }

    #[test]
    fn errors_that_pass_are_told_from_those_that_do_not() {
        let answered = |status, body: &'static str| {
            let body = Bytes::from_static(body.as_bytes());
            Error::Answered(Box::new(Answer::refused(status, body, false, None)))
        };
        let lost = || MaybeSent::TimedOut {
            after: Duration::from_secs(1),
        };
        for (error, expected) in [
            (Error::MaybeSent { why: lost() }, true),
            (
                Error::NotSent {
                    why: NotSent::TimedOut,
                },
                true,
            ),
            (Error::invalid("no phone"), false),
            (answered(429, ""), true),
            (answered(500, r#"{"exception":{"message":"x"}}"#), true),
            (answered(501, ""), false),
            (answered(502, "<html>"), true),
            (answered(503, ""), true),
            (answered(400, ""), false),
            (answered(404, ""), false),
            (
                answered(422, r#"{"error":"no","session":"s","status":"STARTING"}"#),
                true,
            ),
            (answered(422, r#"{"message":"no","statusCode":422}"#), false),
        ] {
            assert_eq!(passes(&error), expected, "{error:?}");
        }
    }
}
