//! What can go wrong with a send: the catalogue, the rates, and how often each really happened.
//! At most one fault is drawn per request, from the seed and the message, never from arrival order.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::draws::Draws;

macro_rules! faults {
    ($($variant:ident $name:literal $doc:literal),+ $(,)?) => {
        /// Something that goes wrong with one send request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Fault { $(#[doc = $doc] $variant),+ }

        impl Fault {
            /// Every fault, in the order of the catalogue.
            pub const ALL: &'static [Fault] = &[$(Fault::$variant),+];

            /// The name used on the command line and over HTTP.
            pub fn name(self) -> &'static str {
                match self { $(Fault::$variant => $name),+ }
            }

            /// What happens, in a sentence.
            pub fn describe(self) -> &'static str {
                match self { $(Fault::$variant => $doc),+ }
            }
        }
    };
}

faults! {
    Latency "latency" "the engine takes 0.05 to 3 s more; the message is sent and answered",
    ErrorBefore "error-before" "500 from the engine, nothing is sent",
    ErrorAfter "error-after" "500 from the engine although the message is sent",
    ResetBefore "reset-before" "the connection is reset, nothing is sent",
    ResetAfter "reset-after" "the connection is reset although the message is sent",
    AnswerLost "answer-lost" "the message is sent and the connection closed without an answer",
    Late "late" "the engine sends only after 1 to 200 s, whether the client still waits or not",
    Held "held" "the request is held until several are, then all are sent at once",
    IdIgnored "id-ignored" "the message is sent under another id than the one asked for",
    NeverStored "never-stored" "the message is sent but the store never learns of it",
    SessionFlap "session-flap" "the session falls back to STARTING for 0.5 to 15 s",
    Timelock "timelock" "the account is restricted (463), nothing is sent",
    RateOverlimit "rate-overlimit" "500 `rate-overlimit` (429) from the engine, nothing is sent",
    TooManyRequests "too-many-requests" "429 with Retry-After from a proxy, nothing is sent",
    BadGatewayBefore "bad-gateway-before" "502 with an HTML body from a proxy, nothing is sent",
    BadGatewayAfter "bad-gateway-after" "502 with an HTML body from a proxy although the message is sent",
    AcksMissing "acks-missing" "the message is sent and never acknowledged",
    AcksLate "acks-late" "every acknowledgement comes 60 to 300 s late",
    AcksOutOfOrder "acks-out-of-order" "READ, DEVICE and SERVER come in that order",
    AcksTwice "acks-twice" "every acknowledgement comes twice",
    AckErrorThenDevice "ack-error-then-device" "ERROR comes first, then DEVICE: the message did arrive",
    AckError "ack-error" "201, then ERROR for good: WhatsApp refused the message, nobody has it",
}

impl Fault {
    fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|fault| fault.name() == text)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|fault| fault.name()).collect();
                format!("unknown fault {text:?}: use one of {}", names.join(", "))
            })
    }
}

const COUNT: usize = Fault::ALL.len();

/// How likely each fault is for one send request. A request has one fault at most, so rates that
/// come to more than 1 are shares: every request then has a fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultRates([f64; COUNT]);

impl FaultRates {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self([0.0; COUNT])
    }

    /// Every fault of the catalogue at the same rate.
    pub fn every(rate: f64) -> Self {
        Self([rate.clamp(0.0, 1.0); COUNT])
    }

    /// The same with one fault at another rate (0 to 1).
    #[must_use]
    pub fn with(mut self, fault: Fault, rate: f64) -> Self {
        self.0[fault.index()] = rate.clamp(0.0, 1.0);
        self
    }

    /// The rate of one fault.
    pub fn rate(&self, fault: Fault) -> f64 {
        self.0[fault.index()]
    }

    /// The share of requests that have any fault.
    pub fn total(&self) -> f64 {
        self.0.iter().sum()
    }

    fn draw(&self, draws: &mut Draws) -> Option<Fault> {
        let mut point = draws.unit() * self.total().max(1.0);
        for fault in Fault::ALL {
            let rate = self.0[fault.index()];
            if point < rate {
                return Some(*fault);
            }
            point -= rate;
        }
        None
    }
}

impl Default for FaultRates {
    fn default() -> Self {
        Self::none()
    }
}

/// The rates in force, which may change at run time, and the count of what really happened.
#[derive(Debug)]
pub struct Faults {
    rates: RwLock<FaultRates>,
    any: AtomicBool,
    happened: [AtomicU64; COUNT],
}

impl Faults {
    pub(crate) fn new(rates: FaultRates) -> Self {
        Self {
            any: AtomicBool::new(rates.total() > 0.0),
            rates: RwLock::new(rates),
            happened: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Replaces every rate. Requests already drawn keep their fault.
    pub fn set(&self, rates: FaultRates) {
        *write(&self.rates) = rates;
        self.any.store(rates.total() > 0.0, Ordering::Release);
    }

    /// The rates in force.
    pub fn rates(&self) -> FaultRates {
        *read(&self.rates)
    }

    /// How often each fault really happened: drawn, and with an effect.
    pub fn counts(&self) -> BTreeMap<Fault, u64> {
        Fault::ALL
            .iter()
            .map(|fault| (*fault, self.happened[fault.index()].load(Ordering::Acquire)))
            .collect()
    }

    pub(crate) fn draw(&self, draws: &mut Draws) -> Option<Fault> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        self.rates().draw(draws)
    }

    pub(crate) fn happened(&self, fault: Fault) {
        self.happened[fault.index()].fetch_add(1, Ordering::AcqRel);
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(*fault));
        }
        assert!("nope".parse::<Fault>().is_err());
    }

    #[test]
    fn rates_that_come_to_more_than_one_leave_no_fault_out() {
        let faults = Faults::new(FaultRates::every(0.5));
        let mut seen = BTreeMap::new();
        for nth in 0..10_000 {
            let mut draws = Draws::keyed(7, &[b"chat"], nth);
            *seen.entry(faults.draw(&mut draws)).or_insert(0_u32) += 1;
        }
        assert_eq!(seen.len(), COUNT);
        assert!(seen.values().all(|times| *times > 300), "{seen:?}");
    }

    #[test]
    fn rates_are_met_over_many_draws() {
        let rates = FaultRates::none()
            .with(Fault::Late, 0.1)
            .with(Fault::AnswerLost, 0.02);
        let faults = Faults::new(rates);
        let mut seen = BTreeMap::new();
        for nth in 0..100_000 {
            let mut draws = Draws::keyed(7, &[b"chat"], nth);
            *seen.entry(faults.draw(&mut draws)).or_insert(0_u32) += 1;
        }
        assert!((9_500..10_500).contains(&seen[&Some(Fault::Late)]));
        assert!((1_800..2_200).contains(&seen[&Some(Fault::AnswerLost)]));
        assert_eq!(seen.len(), 3);
    }
}
