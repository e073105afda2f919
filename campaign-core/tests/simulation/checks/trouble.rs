//! P6: a lane in trouble harms nobody. Nobody fails for what was wrong with an account or its server, and while WhatsApp forbids
//! writing to strangers, nothing goes to them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use campaign_core::clock::Elapsed;
use campaign_core::delivery::{DeliveryId, Reason, State};
use campaign_core::limits::Slot;
use campaign_core::retry::RetryPolicy;
use jiff::SignedDuration;

use super::super::world::{
    Attempt, Fate, LAST_ACKS, RESTRICTION_HOLD, Restriction, Withheld, World,
};
use super::pace::MISSTAMPED;

pub(super) fn p6_a_lane_in_trouble_harms_nobody(world: &World) {
    nobody_fails_for_it(world, Fate::is_trouble);
    strangers_are_left_alone(world);
    nobody_is_sent_to_the_dead(world);
    restarts_are_rare(world);
}

/// Three accepted messages without an ack make a session suspect after the silence; from then on one message tries for all, and half a
/// minute at least lies between two of them.
fn nobody_is_sent_to_the_dead(world: &World) {
    for death in world.ledger.deaths.iter().filter(|it| !it.is_doubtful) {
        let (_, next_life) = world
            .ledger
            .lives
            .get(&(death.life + 1))
            .map_or((false, Elapsed::NEVER), |(at, _)| (true, *at));
        let until = death.until.min(next_life);
        let here = world.ledger.attempts.iter();
        let here = here.filter(|it| it.account == death.account && it.life == death.life);
        let here: Vec<&Attempt> = here.collect();
        let accepted = here.iter().filter(|it| it.fate == Fate::Accepted);
        let told = accepted.filter_map(|it| it.told);
        let mut told: Vec<Elapsed> = told
            .filter(|at| *at > death.from + LAST_ACKS && *at < until)
            .collect();
        told.sort_unstable();
        let Some(third) = told.get(2) else { continue };
        let suspect = *third + SILENCE + Duration::from_secs(10);
        let sent = here.iter();
        let sent = sent.filter(|it| it.journalled > suspect && it.received < until);
        let admitted = 1 + until.since(suspect).as_secs() / TRIED_EVERY.as_secs();
        let count = sent.count() as u64;
        assert!(
            count <= admitted,
            "P6: {count} sent to a session that is dead, {admitted} admitted: {death:?}\n{}",
            world.tail()
        );
    }
}

/// Once in half an hour, whichever process does it.
fn restarts_are_rare(world: &World) {
    for (index, (account, at)) in world.ledger.restarts.iter().enumerate() {
        let mut before = world.ledger.restarts[..index].iter();
        let last = before.rfind(|(other, _)| other == account);
        let is_known = |since: Elapsed| {
            let restored = world.ledger.restored();
            !world.ledger.has_misplaced && restored.is_none_or(|restored| restored < since)
        };
        let since = last
            .map(|(_, since)| *since)
            .filter(|since| is_known(*since));
        assert!(
            // It was on record a slow commit before it was asked for.
            since.is_none_or(|since| at.since(since) + SLOW_COMMIT >= RESTARTED_EVERY),
            "P6: restarted at {at:?} and at {since:?}\n{}",
            world.tail()
        );
    }
}

const SILENCE: Duration = Duration::from_secs(60);
const TRIED_EVERY: Duration = Duration::from_secs(30);
const SLOW_COMMIT: Duration = Duration::from_secs(10);
const RESTARTED_EVERY: Duration = Duration::from_secs(30 * 60);

/// The same for a restriction.
pub(crate) fn p6_nobody_fails_for_a_restriction(world: &World) {
    nobody_fails_for_it(world, |fate| fate.is_trouble() || fate.is_restriction());
}

fn nobody_fails_for_it(world: &World, is_excused: fn(Fate) -> bool) {
    let attempts_max = u32::from(RetryPolicy::default().attempts_max);
    let mut excused: BTreeMap<DeliveryId, u32> = BTreeMap::new();
    let mut refused: BTreeSet<DeliveryId> = BTreeSet::new();
    // Where nobody lived to put it on record, it cannot be told from a message that may have been sent.
    for kept_back in &world.ledger.withheld {
        let Withheld {
            delivery,
            recorded,
            life,
        } = *kept_back;
        if is_on_record(world, delivery, recorded, life) {
            *excused.entry(delivery).or_default() += 1;
        }
    }
    for attempt in &world.ledger.attempts {
        let is_known = attempt.told.is_some()
            && is_on_record(world, attempt.delivery, attempt.recorded, attempt.life);
        if is_excused(attempt.fate) && is_known {
            *excused.entry(attempt.delivery).or_default() += 1;
        }
        if attempt.fate == Fate::Refused {
            refused.insert(attempt.delivery);
        }
    }
    for mailing in &world.mailings {
        for row in world.report(mailing.id) {
            let standing = row.standing;
            if standing.state != State::Failed {
                continue;
            }
            let journalled = world.ledger.journals.get(&row.delivery);
            let tried = journalled.map_or(0, |(_, _, count)| *count);
            let excused = excused.get(&row.delivery).copied().unwrap_or(0);
            let is_earned = match standing.reason {
                Some(Reason::Exhausted) => tried - excused >= attempts_max,
                Some(Reason::Refused) => refused.contains(&row.delivery),
                Some(Reason::RefusedByWhatsapp | Reason::GivenUp) => true,
                _ => false,
            };
            assert!(
                is_earned,
                "P6: {:?} to {} failed ({:?}) after {tried} tries, {excused} of them for no fault of its own\n{}",
                row.delivery,
                row.phone,
                standing.reason,
                world.tail()
            );
        }
    }
}

/// The process that was told what became of an attempt has put it on record, and the store has kept that.
fn is_on_record(world: &World, delivery: DeliveryId, recorded: Elapsed, life: u32) -> bool {
    let mut chats = world.ledger.open_chats.iter();
    let chat = chats.find(|it| it.delivery == delivery && it.from == recorded);
    let ended = world.ledger.ends.get(&life);
    let closed = chat.and_then(|it| it.until);
    closed.is_some_and(|at| {
        let mut went_back = world.ledger.went_back.iter();
        let is_lost = went_back.any(|(to, when)| *to < at && at < *when);
        !is_lost && ended.is_none_or(|ended| at <= *ended)
    })
}

/// From the moment at which the engine was told of a 463 to the end of the hold. What was durably on record before that moment is in flight.
fn strangers_are_left_alone(world: &World) {
    for restriction in &world.ledger.restrictions {
        let ends = restriction.told + RESTRICTION_HOLD;
        let ends = restriction.forgotten.map_or(ends, |died| died.min(ends));
        if world
            .ledger
            .restored()
            .is_some_and(|at| at > restriction.told)
        {
            // The copy may know nothing of it.
            continue;
        }
        if is_misplaced(world, restriction) {
            continue;
        }
        let within = world.ledger.attempts.iter().filter(|it| {
            it.account == restriction.account
                && it.journalled > restriction.told
                && it.received < ends
        });
        for attempt in within.filter(|it| !is_misread(world, restriction, it)) {
            let may_go = attempt.slot == Slot::Reply && has_written(world, attempt);
            assert!(
                may_go,
                "P6: {attempt:?} although {restriction:?}\n{}",
                world.tail()
            );
        }
    }
}

/// The machine was started anew since, and its clock was wrong when the end of the hold was put on record: it lies elsewhere for the next
/// boot.
fn is_misplaced(world: &World, restriction: &Restriction) -> bool {
    let told = restriction.told;
    let mut boots = world.ledger.boots.iter();
    let boot = boots.find(|boot| **boot > told);
    let mut wrong = world.ledger.misstamped.iter();
    boot.is_some_and(|boot| wrong.any(|(at, _)| *at >= told && at < boot))
}

/// The machine was started anew since, and came up with its clock ahead: nothing of this boot tells its process how long ago that was, and by
/// the wall the hold is over earlier. From the moment on at which the clock is right, it is not.
fn is_misread(world: &World, restriction: &Restriction, attempt: &Attempt) -> bool {
    let began = world.ledger.lives.get(&attempt.life);
    let ahead = attempt.stamped.duration_since(attempt.received_wall);
    let mut boots = world.ledger.boots.iter();
    ahead > MISSTAMPED
        && began.is_some_and(|(began, is_wrong)| {
            *is_wrong && boots.any(|boot| *boot > restriction.told && boot <= began)
        })
}

/// Within the last day, and it was on record.
fn has_written(world: &World, attempt: &Attempt) -> bool {
    let day = SignedDuration::from_hours(24) + SignedDuration::from_secs(60);
    world
        .ledger
        .letters
        .iter()
        .any(|(account, from, on_record, at)| {
            *account == attempt.account
                && *from == attempt.to
                && *on_record <= attempt.recorded
                && attempt.received_wall.duration_since(*at) <= day
        })
}
