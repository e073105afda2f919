//! What can go wrong with one send, and how often.

use fastrand::Rng;

/// What goes wrong with one send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fault {
    /// A 500 before anything was sent.
    ErrorBefore,
    /// A 500 after it was sent.
    ErrorAfter,
    /// The connection breaks before anything was sent.
    ResetBefore,
    /// The connection breaks after it was sent.
    ResetAfter,
    /// The client waits in vain; the server sends at last.
    Late,
    /// The client waits in vain; the server sends it before the waiting is over.
    AnswerLost,
    /// The server answers after a long time.
    Slow,
    /// From here on the server holds what it is given, and lets it all go together.
    Held,
    /// 422: the session is not WORKING, for a while.
    Flap,
    /// 401, for a while.
    Unauthorized,
    /// 429 with a time to wait.
    RateLimited,
    /// Error 463 from WhatsApp; every other message to somebody who has not written gets it too, for a while.
    Restricted,
    /// The connection breaks before the body is written.
    Broken,
    /// 201, and the message goes nowhere.
    Vanished,
    /// No ack ever comes.
    AckMissing,
    /// The acks come an hour later.
    AckLate,
    /// Acks come twice and in the wrong order.
    AckDisorder,
    /// Ack DEVICE, then SERVER, and no other.
    AckBackwards,
    /// Ack ERROR, then DEVICE.
    AckErrorThenDevice,
    /// Ack ERROR, for good.
    AckError,
    /// The message is sent and acknowledged, and never shows up in look-ups.
    NeverStored,
    /// The message shows up in look-ups only after a while.
    StoredLate,
    /// WAHA refuses it for good.
    Refused,
}

/// Those that strike in worlds in which everything may. That acks come only backwards is a case of those in disorder.
pub(crate) const ALL: [Fault; 22] = [
    Fault::ErrorBefore,
    Fault::ErrorAfter,
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Late,
    Fault::AnswerLost,
    Fault::Slow,
    Fault::Held,
    Fault::Flap,
    Fault::Unauthorized,
    Fault::RateLimited,
    Fault::Restricted,
    Fault::Broken,
    Fault::Vanished,
    Fault::AckMissing,
    Fault::AckLate,
    Fault::AckDisorder,
    Fault::AckErrorThenDevice,
    Fault::AckError,
    Fault::NeverStored,
    Fault::StoredLate,
    Fault::Refused,
];

/// How often each fault strikes, from 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    each: f64,
    spares_replies: bool,
    only: Option<Fault>,
}

impl Rates {
    /// Every fault as often as this.
    pub(crate) fn all(each: f64) -> Self {
        Self {
            each,
            ..Self::default()
        }
    }

    /// One fault as often as this, and no other.
    pub(crate) fn only(fault: Fault, each: f64) -> Self {
        Self {
            each,
            only: Some(fault),
            ..Self::default()
        }
    }

    /// The same, but nothing goes wrong with what somebody waits for.
    pub(crate) fn sparing_replies(self) -> Self {
        Self {
            spares_replies: true,
            ..self
        }
    }

    /// At most one fault for one send.
    pub(crate) fn draw(self, is_reply: bool, rng: &mut Rng) -> Option<Fault> {
        let drawn = rng.f64();
        if is_reply && self.spares_replies {
            return None;
        }
        if self.only.is_some() {
            return self.only.filter(|_| drawn < self.each);
        }
        ALL.into_iter().enumerate().find_map(|(index, fault)| {
            let from = index as f64 * self.each;
            (drawn >= from && drawn < from + self.each).then_some(fault)
        })
    }
}
