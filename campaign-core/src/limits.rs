//! How fast one account may send, and when. Each part answers "when may I?"; none of them sleeps.
//!
//! [`Pacer`] holds an account's gap, sliding windows and daily cap; [`WarmUp`] tells a new number's cap from day to day, [`Rest`]
//! when it pauses. [`Budget`] keeps limits that several accounts have together. [`Hours`] tells when a campaign may send at all,
//! [`CatchUp`] what becomes of what is late. What is charged is charged when the attempt is journalled, and stays charged unless the send
//! is proved not handed over.

mod by_hand;
mod calendar;
mod catch_up;
mod ends;
mod hours;
mod pacing;
mod presets;
mod rest;
mod shared;
mod warm_up;
mod zone;

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use self::by_hand::SentByHand;
pub use self::calendar::{
    Calendar, CalendarFault, NotCovered, OwnCalendar, OwnDay, UnknownCalendar,
};
pub use self::catch_up::{CatchUp, Overdue};
pub use self::hours::{Hours, HoursError, HoursPreset, Span, UnknownHoursPreset};
pub use self::pacing::{DayCount, History, Pacer, Past, When};
pub use self::presets::{LanePreset, UnknownLanePreset};
pub use self::rest::{Rest, Resting, Spell};
pub use self::shared::{Budget, Run, Scope, SharedLimits, SharedPast, SharedRecord};
pub use self::warm_up::{Growth, GrowthError, WarmUp, WarmthSoFar};
pub use self::zone::{Zone, ZoneError};

/// The two slots of an account's lane. Each has its own pause and its own send under way, so that who waits for an answer never waits for
/// a broadcast.
///
/// The numbers are those stored in databases and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Slot {
    /// Messages that nobody waits for.
    Cold = 0,
    /// One-time passwords, receipts and answers.
    Reply = 1,
}

impl Slot {
    /// Both, the one that goes first first.
    pub const ALL: [Slot; 2] = [Slot::Reply, Slot::Cold];

    /// The slot with this stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| *slot as u8 == number)
    }
}

/// What one account may do. Limits hold over all campaigns and single sends of the account.
///
/// The default is slow on purpose: one message every 2 to 4 seconds and 1,000 a day, which users of WAHA
/// report as sustainable for warmed-up numbers. WAHA's own advice for unknown people is 30 to 60 seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneLimits {
    /// The pause between the end of one cold send and the beginning of the next.
    pub gap: Gap,
    /// The same between replies; never drawn longer than that of cold sends could be.
    #[serde(
        default = "Gap::between_replies",
        skip_serializing_if = "Gap::is_between_replies"
    )]
    pub reply_gap: Gap,
    /// So many sends in any interval of such a length.
    pub windows: Vec<Window>,
    /// The most sends of one calendar day in `zone`.
    pub sends_per_day_max: Option<u32>,
    /// Whose midnight begins the day.
    pub zone: Zone,
    /// The most sends under way at once in each slot. A slot with a gap has one.
    pub in_flight_max: u16,
    /// How the number is warmed up; the smaller of its cap and `sends_per_day_max` holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<WarmUp>,
    /// When its cold slot pauses for longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
    /// Whether its session may be restarted without a person.
    #[serde(default, skip_serializing_if = "RestartPolicy::is_never")]
    pub restart: RestartPolicy,
    /// Messages that a person sends from the phone or from WhatsApp Web count in the windows and in the cap of the day. They are
    /// never stopped, so they may overdraw them: then the lane waits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counts_by_hand: bool,
}

/// Whether a session may be restarted without a person. A restart interrupts what WAHA is doing and is a new connection to WhatsApp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    /// Somebody restarts it, or nobody.
    #[default]
    Never,
    /// When it says that it works and WhatsApp acknowledges nothing, or when WAHA has given it up (FAILED); at most once in 30 minutes, and
    /// never while a message of the account is under way.
    WhenSuspected,
}

impl RestartPolicy {
    fn is_never(&self) -> bool {
        *self == Self::Never
    }
}

/// A person's chat is open for so long after they wrote. WhatsApp's own customer service window (Meta, Business Platform).
pub const REPLY_OPEN_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Of windows at least this long a part is kept for replies; a shorter one makes nobody wait for long.
const LONG_WINDOW: Duration = Duration::from_secs(3_600);
/// A send occupies its limits no longer than this: the longest hold horizon, that of media.
pub const UNDER_WAY_MAX: Duration = Duration::from_secs(90);
/// More than a person sends in a day: so many are remembered where warming up alone sets a cap, which grows without end.
const BY_HAND_MAX: u32 = 10_000;
/// Of every so many sends of the day one is kept for replies. Our own choice: enough for who asks back on the day of a broadcast.
const KEPT_ONE_OF: u32 = 20;

impl LaneLimits {
    /// No limit but the number of sends under way: for benches and simulators.
    pub fn unpaced(in_flight_max: u16) -> Self {
        Self {
            gap: Gap::NONE,
            reply_gap: Gap::NONE,
            windows: Vec::new(),
            sends_per_day_max: None,
            zone: Zone::default(),
            in_flight_max,
            warm_up: None,
            rest: None,
            restart: RestartPolicy::Never,
            counts_by_hand: false,
        }
    }

    /// The most sends of a day that is the `step`th of warming up ([`WarmthSoFar::step`]): by the warming up, the daily cap, or
    /// both. `None`: any number.
    pub fn sends_per_day_max_on(&self, step: u32) -> Option<u32> {
        let warm_up = self.warm_up.as_ref();
        let warming = warm_up.and_then(|warm_up| warm_up.cap_on(step));
        [warming, self.sends_per_day_max]
            .into_iter()
            .flatten()
            .min()
    }

    /// The pause between the sends of a slot.
    pub fn gap(&self, slot: Slot) -> Gap {
        match slot {
            Slot::Cold => self.gap,
            Slot::Reply => Gap {
                min: self.reply_gap.min.min(self.gap.min),
                max: self.reply_gap.max.min(self.gap.max),
            },
        }
    }

    /// The most sends of a slot that may be under way at once under these limits.
    pub fn concurrency(&self, slot: Slot) -> usize {
        if self.gap(slot) == Gap::NONE {
            usize::from(self.in_flight_max.max(1))
        } else {
            1
        }
    }

    /// How many of so many sends of a day, or of a window of at least an hour, cold sends leave to replies: a twentieth; of fewer
    /// than twenty none.
    pub fn kept_for_replies(&self, sends_max: u32) -> u32 {
        sends_max / KEPT_ONE_OF
    }

    /// A cap of a day that leaves so many sends to broadcasts.
    pub(crate) fn cap_for(cold: u32) -> u32 {
        let cap = u64::from(cold) * u64::from(KEPT_ONE_OF);
        let cap = cap.div_ceil(u64::from(KEPT_ONE_OF - 1));
        u32::try_from(cap).unwrap_or(u32::MAX)
    }

    /// How many of its latest sends a lane must remember to keep these limits: of all of them, and of cold ones.
    ///
    /// They are the latest to begin, and a window counts those that ended last: whoever ended within its span began within that and
    /// [`UNDER_WAY_MAX`].
    pub fn remembers(&self) -> (u32, u32) {
        let windows = self.windows.iter().map(|window| {
            let spans = UNDER_WAY_MAX
                .as_micros()
                .div_ceil(window.span.as_micros().max(1));
            let spans = u32::try_from(spans).unwrap_or(u32::MAX).saturating_add(1);
            window.sends_max.saturating_mul(spans)
        });
        (
            windows.max().unwrap_or(0),
            self.rest.map_or(1, |rest| rest.after.max(1)),
        )
    }

    /// How many of the latest messages that a person sent a lane must remember to keep these limits: by more than that nothing is
    /// more used up. None where they do not count.
    pub fn remembers_by_hand(&self) -> u32 {
        if !self.counts_by_hand {
            return 0;
        }
        let is_warming = self.warm_up.is_some() && self.sends_per_day_max.is_none();
        let warming = is_warming.then_some(BY_HAND_MAX);
        let windows = self.windows.iter().map(|window| window.sends_max);
        let caps = [warming, self.sends_per_day_max].into_iter().flatten();
        windows.chain(caps).max().unwrap_or(0)
    }

    /// The most cold sends in a window.
    pub(crate) fn cold_max(&self, window: &Window) -> u32 {
        if window.span < LONG_WINDOW {
            window.sends_max
        } else {
            window.sends_max - self.kept_for_replies(window.sends_max)
        }
    }
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self {
            gap: Gap {
                min: Duration::from_secs(2),
                max: Duration::from_secs(4),
            },
            reply_gap: Gap::between_replies(),
            windows: Vec::new(),
            sends_per_day_max: Some(1_000),
            zone: Zone::default(),
            in_flight_max: 16,
            warm_up: None,
            rest: None,
            restart: RestartPolicy::Never,
            counts_by_hand: false,
        }
    }
}

/// A pause drawn anew each time, evenly between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

impl Gap {
    /// No pause at all.
    pub const NONE: Gap = Gap {
        min: Duration::ZERO,
        max: Duration::ZERO,
    };

    /// The usual pause between replies: as long as it takes to write a word or two.
    pub fn between_replies() -> Self {
        Gap {
            min: Duration::from_secs(1),
            max: Duration::from_secs(2),
        }
    }

    fn is_between_replies(&self) -> bool {
        *self == Self::between_replies()
    }

    /// The pause that stands at `unit` (0 to 1) between the bounds.
    pub fn draw(self, unit: f64) -> Duration {
        self.min
            + self
                .max
                .saturating_sub(self.min)
                .mul_f64(unit.clamp(0.0, 1.0))
    }
}

/// At most `sends_max` sends in any interval of length `span`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The most sends.
    pub sends_max: u32,
    /// The length of the interval.
    pub span: Duration,
}

/// Which limit is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The pause between two sends.
    Gap,
    /// A sliding window.
    Window,
    /// The day's cap.
    DailyCap,
    /// The cap of a number that is being warmed up.
    WarmUp,
    /// A rest after so many sends.
    Rest,
    /// Sends still under way.
    InFlight,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn limits_that_older_databases_hold_are_read_as_they_were() {
        let json = r#"{"gap":{"min":{"secs":2,"nanos":0},"max":{"secs":4,"nanos":0}},"windows":[],"sends_per_day_max":1000,"zone":"Asia/Jakarta","in_flight_max":16}"#;
        let read: LaneLimits = serde_json::from_str(json).unwrap();
        assert_eq!(read, LaneLimits::default());
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        let limits = LaneLimits {
            warm_up: Some(WarmUp {
                starts_on: date(2026, 11, 21),
                growth: "20+50%".parse().unwrap(),
            }),
            reply_gap: Gap::NONE,
            restart: RestartPolicy::WhenSuspected,
            counts_by_hand: true,
            ..LanePreset::Careful.limits(Zone::default())
        };
        let json = serde_json::to_string(&limits).unwrap();
        assert_eq!(serde_json::from_str::<LaneLimits>(&json).unwrap(), limits);
    }

    #[test]
    fn slots_read_back_from_their_numbers() {
        for slot in Slot::ALL {
            assert_eq!(Slot::from_number(slot as u8), Some(slot));
        }
        assert_eq!(Slot::from_number(2), None);
    }

    #[test]
    fn as_many_messages_sent_by_hand_are_remembered_as_can_use_something_up() {
        let windows = vec![Window {
            sends_max: 60,
            span: Duration::from_secs(3_600),
        }];
        let limits = |counts_by_hand, is_warming: bool, sends_per_day_max| LaneLimits {
            counts_by_hand,
            windows: windows.clone(),
            warm_up: is_warming.then(|| WarmUp {
                starts_on: date(2026, 11, 21),
                growth: "20+50%".parse().unwrap(),
            }),
            sends_per_day_max,
            ..LaneLimits::default()
        };
        let rows = [
            (limits(false, true, None), 0),
            (limits(true, false, None), 60),
            (limits(true, false, Some(40)), 60),
            (limits(true, false, Some(80)), 80),
            (limits(true, true, Some(80)), 80),
            (limits(true, true, None), BY_HAND_MAX),
        ];
        for (limits, remembered) in rows {
            assert_eq!(limits.remembers_by_hand(), remembered, "{limits:?}");
        }
    }

    #[test]
    fn the_smaller_of_two_caps_holds() {
        let limits = |growth: Option<&str>, sends_per_day_max| LaneLimits {
            warm_up: growth.map(|growth| WarmUp {
                starts_on: date(2026, 11, 21),
                growth: growth.parse().unwrap(),
            }),
            sends_per_day_max,
            ..LaneLimits::default()
        };
        let rows = [
            (limits(Some("20+50%"), Some(40)), 1, Some(20)),
            (limits(Some("20+50%"), Some(40)), 3, Some(40)),
            (limits(Some("20, 50"), None), 2, Some(50)),
            (limits(Some("20, 50"), None), 3, None),
            (limits(None, Some(40)), 1, Some(40)),
            (limits(None, None), 1, None),
        ];
        for (limits, step, cap) in rows {
            assert_eq!(limits.sends_per_day_max_on(step), cap, "{limits:?} {step}");
        }
    }
}
