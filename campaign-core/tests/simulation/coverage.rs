//! What struck deliveries that stood where: a table over all the worlds of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use campaign_core::delivery::State;

/// Something that strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Strike {
    // An attempt ends.
    Accepted,
    Refused,
    Withheld,
    NotReady,
    Unauthorized,
    RateLimited,
    Broken,
    Restricted,
    NoAnswer,
    ServerError,
    // The server, the phone and WhatsApp.
    HandedOver,
    HandedOverLate,
    HeldLetGo,
    Ack,
    AckError,
    LookedUp,
    OptedOut,
    OptedOutHidden,
    OptedIn,
    LidLearnt,
    AskedOnce,
    ReplyInTime,
    ByHand,
    Died,
    Failed,
    Restarted,
    Forwarded,
    PairedAnew,
    Outage,
    ServerRestarted,
    Flap,
    AckOfUnsent,
    // The disk and the machine.
    CommitSlow,
    CommitFailed,
    CommitLost,
    CommitUnknownKept,
    CommitUnknownLost,
    ReadFailed,
    RunnerEnded,
    Crash,
    Restored,
    PowerCut,
    CommitsLost,
    ClockJump,
    Suspended,
    // Of several workers, one.
    Frozen,
    Killed,
    Dismissed,
    HandedOverAfterLease,
    Retired,
    // The operator.
    Paused,
    Cancelled,
    Suppressed,
    LimitsChanged,
    Meddled,
    Raced,
    Resend,
    Retry,
    Confirm,
    GiveUp,
}

/// How often each struck in each state.
#[derive(Debug, Default, Clone)]
pub(crate) struct Coverage(BTreeMap<(Strike, State), u64>);

impl Coverage {
    pub(crate) fn note(&mut self, strike: Strike, state: State) {
        *self.0.entry((strike, state)).or_default() += 1;
    }

    pub(crate) fn note_many(&mut self, strike: Strike, state: State, count: u64) {
        if count > 0 {
            *self.0.entry((strike, state)).or_default() += count;
        }
    }

    pub(crate) fn add(&mut self, other: &Coverage) {
        for (cell, count) in &other.0 {
            *self.0.entry(*cell).or_default() += count;
        }
    }

    /// Of these cells, the ones that nothing has reached.
    pub(crate) fn missing(&self, expected: &[(Strike, &[State])]) -> Vec<(Strike, State)> {
        let cells = expected
            .iter()
            .flat_map(|(strike, states)| states.iter().map(move |state| (*strike, *state)));
        cells.filter(|cell| !self.0.contains_key(cell)).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:18}", "")?;
        for state in State::ALL {
            write!(f, "{:>12}", state.name())?;
        }
        let strikes: BTreeSet<Strike> = self.0.keys().map(|(strike, _)| *strike).collect();
        for strike in strikes {
            write!(f, "\n{:18}", format!("{strike:?}"))?;
            for state in State::ALL {
                match self.0.get(&(strike, state)) {
                    Some(count) => write!(f, "{count:>12}")?,
                    None => write!(f, "{:>12}", ".")?,
                }
            }
        }
        Ok(())
    }
}
