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
    /// 422: the session is not WORKING, for a while.
    Flap,
    /// 429 with a time to wait.
    RateLimited,
    /// Error 463 from WhatsApp.
    Restricted,
    /// The connection breaks before the body is written.
    Broken,
    /// No ack ever comes.
    AckMissing,
    /// Acks come twice and in the wrong order.
    AckDisorder,
    /// Ack ERROR, then DEVICE.
    AckErrorThenDevice,
    /// Ack ERROR, for good.
    AckError,
    /// The message is sent and acknowledged, and never shows up in look-ups.
    NeverStored,
    /// WAHA refuses it for good.
    Refused,
}

/// Every fault.
pub(crate) const ALL: [Fault; 17] = [
    Fault::ErrorBefore,
    Fault::ErrorAfter,
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Late,
    Fault::AnswerLost,
    Fault::Slow,
    Fault::Flap,
    Fault::RateLimited,
    Fault::Restricted,
    Fault::Broken,
    Fault::AckMissing,
    Fault::AckDisorder,
    Fault::AckErrorThenDevice,
    Fault::AckError,
    Fault::NeverStored,
    Fault::Refused,
];

/// How often each fault strikes, from 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    each: f64,
}

impl Rates {
    /// Every fault as often as this.
    pub(crate) fn all(each: f64) -> Self {
        Self { each }
    }

    /// At most one fault for one send.
    pub(crate) fn draw(self, rng: &mut Rng) -> Option<Fault> {
        let drawn = rng.f64();
        ALL.into_iter().enumerate().find_map(|(index, fault)| {
            let from = index as f64 * self.each;
            (drawn >= from && drawn < from + self.each).then_some(fault)
        })
    }
}
