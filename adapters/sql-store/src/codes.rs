//! Between the columns of both databases and the engine's words: the numbers of states, reasons and kinds, which never change their meaning,
//! times as microseconds, and what both stores make of a move.

use std::fmt;

use campaign_core::campaign::{CampaignState, Category};
use campaign_core::clock::{BootId, Elapsed, Stamp};
use campaign_core::consent::{Lid, Origin};
use campaign_core::delivery::{CampaignId, DeliveryId, Happening, Reason, Standing, State, apply};
use campaign_core::limits::Slot;
use campaign_core::message::MessageKind;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::LaneHold;
use jiff::{SignedDuration, Timestamp};

/// The bits of a delivery's number that hold its generation.
pub(crate) const GENERATIONS: i64 = DeliveryId::GENERATION_MAX as i64;
pub(crate) const CORRECTED: u8 = 1;
pub(crate) const SUPERSEDED: u8 = 2;
pub(crate) const REMARKED: u8 = 4;

/// Outcomes of attempts that are proved not handed over: they charge no limit.
pub(crate) const NOT_HANDED_OVER: [u8; 3] = [2, 3, 4];
pub(crate) const ACCEPTED: u8 = 1;
pub(crate) const OWNER_DIED: u8 = 7;

/// A longer wait than this was written under a wrong clock.
pub(crate) const WAIT_MAX_MICROS: i64 = 3_600_000_000;
/// Campaigns and recipients that came after a copy was made had numbers too: new ones leave so many out.
pub(crate) const CAMPAIGNS_LEFT_OUT: u32 = 1_024;
pub(crate) const RECIPIENTS_LEFT_OUT: u32 = 65_536;
/// An opt-out that becomes known later than this is not confirmed any more.
pub(crate) const CONFIRMED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// The database holds something that this program has no word for.
#[derive(Debug, thiserror::Error)]
#[error("the database holds something this program cannot read, restore a backup: {0}")]
pub(crate) struct Unreadable(pub(crate) String);

impl Unreadable {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error)
    }
}

type Result<T> = std::result::Result<T, Unreadable>;

/// What of an older copy may have been sent since the copy was made.
pub(crate) fn distrusted() -> impl Iterator<Item = State> {
    State::ALL.into_iter().filter(|state| {
        let from = Standing {
            state: *state,
            ..Standing::NEW
        };
        apply(from, Happening::Restored)
            .is_ok_and(|to| to.state == State::Unconfirmed && to.reason == Some(Reason::Restored))
    })
}

/// Where a later generation of a message stands once an earlier one has arrived, where it can still be called off.
pub(crate) fn called_off(later: Standing) -> Option<Standing> {
    let cancelled = apply(later, Happening::Cancelled).ok()?;
    Some(Standing {
        reason: Some(Reason::EarlierArrived),
        ..cancelled
    })
}

pub(crate) fn number(delivery: DeliveryId) -> i64 {
    delivery.number().cast_signed()
}

pub(crate) fn delivery(number: i64) -> Result<DeliveryId> {
    u64::try_from(number)
        .ok()
        .and_then(DeliveryId::from_number)
        .ok_or_else(|| Unreadable(format!("delivery {number}")))
}

pub(crate) fn campaign(number: i64) -> Result<CampaignId> {
    u32::try_from(number)
        .ok()
        .and_then(CampaignId::new)
        .ok_or_else(|| Unreadable(format!("campaign {number}")))
}

/// The first and the last number of a campaign's deliveries.
pub(crate) fn range(campaign: CampaignId) -> (i64, i64) {
    let (first, last) = DeliveryId::range(campaign);
    (first.cast_signed(), last.cast_signed())
}

/// Where the pages of a campaign go on: the first number after `after`, and the last.
pub(crate) fn range_after(campaign: CampaignId, after: Option<DeliveryId>) -> (i64, i64) {
    let (first, last) = range(campaign);
    (
        after.map_or(first, |after| (number(after) + 1).max(first)),
        last,
    )
}

pub(crate) fn digits(phone: PhoneNumber) -> i64 {
    phone.digits().cast_signed()
}

pub(crate) fn phone(digits: i64) -> Result<PhoneNumber> {
    u64::try_from(digits)
        .ok()
        .and_then(|digits| PhoneNumber::from_digits(digits).ok())
        .ok_or_else(|| Unreadable::new("a phone number"))
}

pub(crate) fn micros(moment: Timestamp) -> i64 {
    moment.as_microsecond()
}

pub(crate) fn moment(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(Unreadable::new)
}

/// A stamp's three columns.
pub(crate) fn columns(stamp: Stamp) -> (i64, i64, i64) {
    (
        stamp.elapsed.as_micros(),
        micros(stamp.wall),
        stamp.boot.0.cast_signed(),
    )
}

pub(crate) fn stamp((elapsed, wall, boot): (i64, i64, i64)) -> Result<Stamp> {
    Ok(Stamp {
        elapsed: Elapsed::from_micros(elapsed),
        wall: moment(wall)?,
        boot: BootId(boot.cast_unsigned()),
    })
}

/// Why a lane is held, until when, and when that was found: three columns.
pub(crate) type HoldColumns = (Option<String>, Option<i64>, Option<String>);

pub(crate) fn hold_columns(hold: Option<LaneHold>) -> Result<HoldColumns> {
    Ok(match hold {
        Some(hold) => (
            Some(serde_json::to_string(&hold.trouble)?),
            Some(micros(hold.until)),
            Some(serde_json::to_string(&hold.told)?),
        ),
        None => (None, None, None),
    })
}

pub(crate) fn hold((hold, until, told): HoldColumns) -> Result<Option<LaneHold>> {
    let (Some(trouble), Some(until), Some(told)) = (hold, until, told) else {
        return Ok(None);
    };
    Ok(Some(LaneHold {
        trouble: serde_json::from_str(&trouble)?,
        until: moment(until)?,
        told: serde_json::from_str(&told)?,
    }))
}

pub(crate) fn slot(number: u8) -> Result<Slot> {
    Slot::from_number(number).ok_or_else(|| Unreadable(format!("slot {number}")))
}

pub(crate) fn kind(number: u8) -> Result<MessageKind> {
    [MessageKind::Text, MessageKind::Image, MessageKind::File]
        .into_iter()
        .find(|kind| *kind as u8 == number)
        .ok_or_else(|| Unreadable(format!("message kind {number}")))
}

pub(crate) fn state(number: u8) -> Result<State> {
    State::from_number(number).ok_or_else(|| Unreadable(format!("state {number}")))
}

pub(crate) fn campaign_state(number: u8) -> Result<CampaignState> {
    CampaignState::from_number(number).ok_or_else(|| Unreadable(format!("campaign state {number}")))
}

pub(crate) fn reason(number: u8) -> Result<Option<Reason>> {
    match number {
        0 => Ok(None),
        other => Reason::from_number(other)
            .map(Some)
            .ok_or_else(|| Unreadable(format!("reason {other}"))),
    }
}

pub(crate) fn reason_number(reason: Option<Reason>) -> u8 {
    reason.map_or(0, |reason| reason as u8)
}

/// A standing from its four columns.
pub(crate) fn standing(
    (state_number, reason_number, attempts, flags): (u8, u8, u8, u8),
) -> Result<Standing> {
    Ok(Standing {
        state: state(state_number)?,
        reason: reason(reason_number)?,
        attempts,
        corrected: flags & CORRECTED != 0,
    })
}

pub(crate) fn texts(json: &str) -> Result<Box<[Box<str>]>> {
    Ok(serde_json::from_str(json)?)
}

pub(crate) fn origin(number: u8) -> Result<Origin> {
    Origin::from_number(number).ok_or_else(|| Unreadable(format!("origin {number}")))
}

/// Their order is that of the core's list, which grows at its end.
pub(crate) fn category(number: u8) -> Result<Category> {
    let category = Category::ALL.get(usize::from(number)).copied();
    category.ok_or_else(|| Unreadable(format!("category {number}")))
}

pub(crate) fn lid_number(lid: Lid) -> i64 {
    lid.number().cast_signed()
}

pub(crate) fn lid(number: i64) -> Result<Lid> {
    let lid = u64::try_from(number).ok().and_then(Lid::from_number);
    lid.ok_or_else(|| Unreadable::new("a LID"))
}

/// No key and an empty one are told apart: a key column that is empty in a row is a key.
pub(crate) fn recipient_key(key: Option<&str>) -> Box<str> {
    key.map_or_else(Box::default, |key| format!("={key}").into())
}

/// Whether a reason belongs to a state: the table that the schemas' CHECK holds.
pub(crate) fn fits(state: State, reason: Option<Reason>) -> bool {
    let reason = reason_number(reason);
    match state {
        State::Unconfirmed => (40..=44).contains(&reason),
        State::Accepted => reason == 0 || reason == Reason::Silent as u8,
        State::Sent => reason == 0 || reason == Reason::ByOperator as u8,
        State::Failed => (20..=23).contains(&reason),
        State::Skipped => (1..=9).contains(&reason),
        State::Cancelled => reason == 0 || reason == Reason::EarlierArrived as u8,
        _ => reason == 0,
    }
}

/// Whether a look-up is made of it.
pub(crate) fn is_doubtful(standing: Standing) -> bool {
    standing.state == State::Unconfirmed
        || (standing.state == State::Accepted && standing.reason == Some(Reason::Silent))
}

/// What an attempt ended with, by where its delivery stood.
pub(crate) fn outcome(state: State, happening: Happening) -> u8 {
    match happening {
        Happening::Accepted => ACCEPTED,
        // Evidence that came first knows better than such an answer.
        _ if state != State::Sending => 8,
        Happening::NotHandedOver { counts: false } => 2,
        Happening::NotHandedOver { counts: true } => 3,
        Happening::Exhausted => 4,
        Happening::Refused => 5,
        Happening::MaybeSent(_) => 6,
        Happening::OwnerDied => OWNER_DIED,
        _ => 8,
    }
}

/// Where a delivery stands afterwards, if that may happen to it.
pub(crate) fn judge(from: Standing, is_superseded: bool, happening: Happening) -> Option<Standing> {
    if happening == Happening::Journalled {
        return None;
    }
    let to = apply(from, happening).ok()?;
    // What was sent again by the operator's word is not sent a third time.
    let to = if is_superseded && to.state == State::Scheduled {
        apply(from, Happening::ProvedAbsentForGood(Reason::EarlierArrived)).ok()?
    } else {
        to
    };
    fits(to.state, to.reason).then_some(to)
}
