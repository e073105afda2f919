//! Between SQLite's columns and the engine's words.

use campaign_core::clock::{BootId, Elapsed, Stamp};
use campaign_core::delivery::{CampaignId, DeliveryId, Reason, Standing, State};
use campaign_core::failure::Trouble;
use campaign_core::limits::Slot;
use campaign_core::message::MessageKind;
use campaign_core::phone::PhoneNumber;
use jiff::Timestamp;
use rusqlite::Row;

use super::fault::{Fault, Result};

/// The bits of a delivery's number that hold its generation.
pub(super) const GENERATIONS: i64 = DeliveryId::GENERATION_MAX as i64;
pub(super) const CORRECTED: u8 = 1;
pub(super) const SUPERSEDED: u8 = 2;
pub(super) const REMARKED: u8 = 4;

pub(super) fn number(delivery: DeliveryId) -> i64 {
    delivery.number().cast_signed()
}

pub(super) fn delivery(number: i64) -> Result<DeliveryId> {
    u64::try_from(number)
        .ok()
        .and_then(DeliveryId::from_number)
        .ok_or_else(|| Fault::unreadable(format!("delivery {number}")))
}

pub(super) fn campaign(number: i64) -> Result<CampaignId> {
    u32::try_from(number)
        .ok()
        .and_then(CampaignId::new)
        .ok_or_else(|| Fault::unreadable(format!("campaign {number}")))
}

/// The first and the last number of a campaign's deliveries.
pub(super) fn range(campaign: CampaignId) -> (i64, i64) {
    let (first, last) = DeliveryId::range(campaign);
    (first.cast_signed(), last.cast_signed())
}

/// Where the pages of a campaign go on: the first number after `after`, and the last.
pub(super) fn range_after(campaign: CampaignId, after: Option<DeliveryId>) -> (i64, i64) {
    let (first, last) = range(campaign);
    (
        after.map_or(first, |after| (number(after) + 1).max(first)),
        last,
    )
}

pub(super) fn digits(phone: PhoneNumber) -> i64 {
    phone.digits().cast_signed()
}

pub(super) fn phone(digits: i64) -> Result<PhoneNumber> {
    u64::try_from(digits)
        .ok()
        .and_then(|digits| PhoneNumber::from_digits(digits).ok())
        .ok_or_else(|| Fault::unreadable("a phone number"))
}

pub(super) fn micros(moment: Timestamp) -> i64 {
    moment.as_microsecond()
}

pub(super) fn moment(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(Fault::unreadable)
}

/// A stamp's three columns.
pub(super) fn columns(stamp: Stamp) -> (i64, i64, i64) {
    (
        stamp.elapsed.as_micros(),
        micros(stamp.wall),
        stamp.boot.0.cast_signed(),
    )
}

pub(super) fn stamp((elapsed, wall, boot): (i64, i64, i64)) -> Result<Stamp> {
    Ok(Stamp {
        elapsed: Elapsed::from_micros(elapsed),
        wall: moment(wall)?,
        boot: BootId(boot.cast_unsigned()),
    })
}

/// A stamp in three columns from `first` on; `None` where they are empty.
pub(super) fn stamp_at(row: &Row<'_>, first: usize) -> Result<Option<Stamp>> {
    let wall: Option<i64> = row.get(first + 1)?;
    wall.map(|wall| stamp((row.get(first)?, wall, row.get(first + 2)?)))
        .transpose()
}

/// Why something is held, and until when: two columns.
pub(super) type HoldColumns = (Option<String>, Option<i64>);

pub(super) fn hold_columns(hold: Option<(Trouble, Timestamp)>) -> Result<HoldColumns> {
    Ok(match hold {
        Some((trouble, until)) => (Some(serde_json::to_string(&trouble)?), Some(micros(until))),
        None => (None, None),
    })
}

pub(super) fn hold_at(row: &Row<'_>, first: usize) -> Result<Option<(Trouble, Timestamp)>> {
    let (hold, until): HoldColumns = (row.get(first)?, row.get(first + 1)?);
    Ok(match hold.zip(until) {
        Some((hold, until)) => Some((serde_json::from_str(&hold)?, moment(until)?)),
        None => None,
    })
}

pub(super) fn slot(number: u8) -> Result<Slot> {
    Slot::from_number(number).ok_or_else(|| Fault::unreadable(format!("slot {number}")))
}

pub(super) fn kind(number: u8) -> Result<MessageKind> {
    [MessageKind::Text, MessageKind::Image, MessageKind::File]
        .into_iter()
        .find(|kind| *kind as u8 == number)
        .ok_or_else(|| Fault::unreadable(format!("message kind {number}")))
}

pub(super) fn state(number: u8) -> Result<State> {
    State::from_number(number).ok_or_else(|| Fault::unreadable(format!("state {number}")))
}

pub(super) fn reason(number: u8) -> Result<Option<Reason>> {
    match number {
        0 => Ok(None),
        other => Reason::from_number(other)
            .map(Some)
            .ok_or_else(|| Fault::unreadable(format!("reason {other}"))),
    }
}

pub(super) fn reason_number(reason: Option<Reason>) -> u8 {
    reason.map_or(0, |reason| reason as u8)
}

/// A standing from four columns from `first` on: state, reason, attempts, flags.
pub(super) fn standing_at(row: &Row<'_>, first: usize) -> Result<Standing> {
    let flags: u8 = row.get(first + 3)?;
    Ok(Standing {
        state: state(row.get(first)?)?,
        reason: reason(row.get(first + 1)?)?,
        attempts: row.get(first + 2)?,
        corrected: flags & CORRECTED != 0,
    })
}

pub(super) fn texts(json: &str) -> Result<Box<[Box<str>]>> {
    Ok(serde_json::from_str(json)?)
}

/// Whether a reason belongs to a state: the table that the schema's CHECK holds.
pub(super) fn fits(state: State, reason: Option<Reason>) -> bool {
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
