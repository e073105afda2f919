//! What the Python side says became of something, as the engine knows it. `_calling.py` has the words; one that is not known is never taken for
//! "not sent".

use std::time::Duration;

use campaign_core::clock::Now;
use campaign_core::delivery::{Ack, Doubt};
use campaign_core::failure::{NotHandedOver, Outcome};
use campaign_core::gateway::{Account, Found, NumberStatus, Observation, Readiness};
use campaign_core::phone::PhoneNumber;
use jiff::Timestamp;

/// The longest text that goes on record, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

/// A word, and what belongs to it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) word: String,
    /// An id, a reason, or an account.
    pub(super) text: Option<String>,
    /// Seconds to wait, or since 1970.
    pub(super) number: Option<f64>,
    pub(super) flag: Option<bool>,
}

impl Answer {
    fn of(word: &str, text: Option<&str>) -> Self {
        Self {
            word: word.to_owned(),
            text: text.map(str::to_owned),
            number: None,
            flag: None,
        }
    }

    /// The engine's guard refused.
    pub(super) fn withheld(why: &str) -> Self {
        Self::of("withheld", Some(why))
    }

    /// The method was not called.
    pub(super) fn not_begun(why: &str) -> Self {
        Self::of("unreachable", Some(why))
    }

    /// The message may have been sent.
    pub(super) fn maybe(why: &str) -> Self {
        Self::of("maybe", Some(why))
    }

    /// Nobody knows how a session stands.
    pub(super) fn unreachable() -> Self {
        Self::of("unreachable", None)
    }

    /// What became of a message.
    pub(super) fn outcome(self) -> Outcome {
        let not = |why, answer: Self| Outcome::NotHandedOver {
            why,
            retry_after: answer.seconds(),
            message: answer.message(),
        };
        match &*self.word {
            "accepted" => Outcome::Accepted {
                message_id: self.text.map(Box::from),
            },
            "refused" => Outcome::Refused {
                message: self.message(),
            },
            "withheld" => not(NotHandedOver::Withheld, self),
            "unreachable" => not(NotHandedOver::Unreachable, self),
            "not_ready" | "missing" => not(NotHandedOver::SessionNotReady, self),
            "unauthorized" => not(NotHandedOver::Unauthorized, self),
            "rate_limited" => not(NotHandedOver::RateLimited, self),
            _ => Outcome::MaybeSent {
                doubt: Doubt::NoAnswer,
                signal: None,
                message: self.message(),
            },
        }
    }

    /// What a look-up found.
    pub(super) fn found(self) -> Found {
        match (ack(&self.word), &*self.word) {
            (Some(ack), _) => Found::Found(ack),
            (None, "absent") => Found::Absent { complete: false },
            (None, _) => Found::Unknown {
                why: self.message(),
            },
        }
    }

    /// Whether a number is on WhatsApp.
    pub(super) fn number_status(self) -> NumberStatus {
        match self.flag {
            Some(true) => NumberStatus::OnWhatsapp,
            Some(false) => NumberStatus::NotOnWhatsapp,
            None => NumberStatus::Unknown,
        }
    }

    /// How a session stands.
    pub(super) fn observation(self, now: Now) -> Observation {
        let readiness = match &*self.word {
            "working" => Readiness::Working,
            "not_ready" => Readiness::NotReady(self.message()),
            "missing" => Readiness::Missing,
            "unauthorized" => Readiness::Unauthorized,
            _ => Readiness::Unreachable,
        };
        if readiness != Readiness::Working {
            return Observation::only(readiness);
        }
        let account: Option<PhoneNumber> = self.text.as_ref().and_then(|it| it.parse().ok());
        let up_since = self.number.map(|seconds| (seconds * 1e6) as i64);
        let up_since = up_since.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        let uptime =
            up_since.and_then(|since| Duration::try_from(now.wall.duration_since(since)).ok());
        Observation {
            account: account.map(Account),
            server_up_since: uptime.map(|uptime| now.elapsed - uptime),
            store_on: self.flag,
            ..Observation::only(readiness)
        }
    }

    /// How long to wait, where that makes sense.
    fn seconds(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.number?).ok()
    }

    fn message(&self) -> Box<str> {
        let text = self.text.as_deref().unwrap_or_default();
        match text.char_indices().nth(MESSAGE_CHARS_MAX) {
            Some((cut, _)) => text[..cut].into(),
            None => text.into(),
        }
    }
}

/// How far a message got, by the word that reports have for it.
pub(super) fn ack(word: &str) -> Option<Ack> {
    match word {
        "failed" => Some(Ack::Error),
        "accepted" => Some(Ack::Pending),
        "sent" => Some(Ack::Server),
        "delivered" => Some(Ack::Device),
        "read" => Some(Ack::Read),
        "played" => Some(Ack::Played),
        _ => None,
    }
}
