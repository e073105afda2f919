//! P5: nothing to whom it must not, as things stand when the journal becomes durable: not to who is suppressed or wants no more, by phone
//! and by LID; not without consent where a campaign asks for it; no more than the caps let through; not what another campaign has just said.

use std::collections::BTreeMap;
use std::time::Duration;

use campaign_core::consent::{ConsentRule, FrequencyCap, REPEATED_WITHIN, Wish};
use campaign_core::limits::Slot;
use campaign_core::phone::PhoneNumber;
use jiff::SignedDuration;

use super::super::world::{Attempt, Mailing, Wished, World, agreed_before};

/// A slow commit, and one that fails before.
const COMMITTED_WITHIN: Duration = Duration::from_secs(20);

/// A clock that is off by less than a minute is not told from one that is right, and a commit may be slow.
const STAMPED_WITHIN: SignedDuration = SignedDuration::from_secs(80);

pub(super) fn p5_never_to_whom_it_must_not(world: &World) {
    suppressed_are_left_alone(world);
    wishes_are_kept(world);
    caps_hold(world);
    nothing_is_said_twice(world);
}

fn suppressed_are_left_alone(world: &World) {
    for (phone, since) in &world.ledger.suppressed {
        let attempts = world.ledger.attempts.iter();
        let mut sent = attempts.filter(|it| it.to == *phone && it.recorded > *since);
        let first = sent.next();
        assert!(
            first.is_none(),
            "P5: to a number that is suppressed since {since:?}: {first:?}\n{}",
            world.tail()
        );
    }
}

fn mailing_of<'a>(world: &'a World, attempt: &Attempt) -> &'a Mailing {
    &world.mailings[attempt.mailing]
}

/// By the last word of each person that was on record.
fn wishes_are_kept(world: &World) {
    for attempt in &world.ledger.attempts {
        if mailing_of(world, attempt).confirms_opt_out {
            continue;
        }
        let wishes = world.ledger.wishes.iter();
        let known = wishes.filter(|it| it.phone == attempt.to && is_known(world, it, attempt));
        let last = known.max_by_key(|it| it.asked);
        assert!(
            last.is_none_or(|last| {
                last.wish == Wish::OptIn || is_taken_back(world, last, attempt)
            }),
            "P5: {attempt:?} although {last:?}\n{}",
            world.tail()
        );
        let consent = world.plan.campaigns[attempt.mailing].consent;
        if consent == ConsentRule::Required {
            let has_agreed = last.is_some()
                || (world.plan.people.have_agreed && agreed_before(attempt.to) == Some(true));
            assert!(
                has_agreed,
                "P5: without consent: {attempt:?}\n{}",
                world.tail()
            );
        }
    }
}

/// A LID is the same person whichever account it writes to: who asked under it to be left alone takes that back towards another account, too.
fn is_taken_back(world: &World, last: &Wished, attempt: &Attempt) -> bool {
    let mut wishes = world.ledger.wishes.iter().filter(|it| it.is_hidden);
    last.is_hidden
        && wishes.any(|it| {
            it.phone == last.phone
                && it.wish == Wish::OptIn
                && it.asked >= last.asked
                && it.recorded <= attempt.recorded
                && it.forgotten.is_none_or(|at| at > attempt.recorded)
        })
}

/// What was written under a LID concerns broadcasts of the account that it was written to, until it is known whose that is.
fn is_known(world: &World, wished: &Wished, attempt: &Attempt) -> bool {
    let is_forgotten = wished.forgotten.is_some_and(|at| at <= attempt.recorded);
    if wished.recorded > attempt.recorded || is_forgotten {
        return false;
    }
    let is_resolved = world
        .ledger
        .known
        .get(&wished.phone)
        .is_some_and(|since| *since <= attempt.recorded);
    !wished.is_hidden
        || is_resolved
        || (wished.account == attempt.account && attempt.slot == Slot::Cold)
}

/// What a store forgot does not count: a copy that was brought back knows nothing of what was sent after it was made.
fn that_count(world: &World) -> impl Iterator<Item = &Attempt> {
    let since = world.ledger.restored().unwrap_or_default();
    let arrived = world.ledger.arrived();
    arrived.filter(move |it| it.journalled >= since)
}

/// In every interval between arrivals, over all campaigns and accounts.
fn caps_hold(world: &World) {
    for cap in &world.plan.people.caps {
        let mut arrivals: BTreeMap<PhoneNumber, Vec<&Attempt>> = BTreeMap::new();
        let counts = |attempt: &&Attempt| {
            let plan = &world.plan.campaigns[attempt.mailing];
            cap.counts(plan.category)
        };
        for attempt in that_count(world).filter(counts) {
            arrivals.entry(attempt.to).or_default().push(attempt);
        }
        arrivals
            .into_values()
            .for_each(|of_one| cap_holds(world, cap, of_one));
    }
}

fn cap_holds(world: &World, cap: &FrequencyCap, mut of_one: Vec<&Attempt>) {
    of_one.sort_unstable_by_key(|it| it.handed);
    let max = cap.messages_max.get() as usize;
    let span = SignedDuration::from_hours(24 * i64::from(cap.days.get()));
    for many in of_one.windows(max + 1) {
        let handed = |it: &Attempt| it.handed.map(|(_, wall)| wall);
        let between = handed(many[max]).zip(handed(many[0]));
        let between = between.map(|(last, first)| last.duration_since(first));
        assert!(
            between.is_none_or(|between| between > span),
            "P5: {} within {between:?}, {cap:?}: {many:?}\n{}",
            max + 1,
            world.tail()
        );
    }
}

/// A refusal is believed until it is corrected, and on record a while later.
fn was_thought_refused(world: &World, earlier: &Attempt, attempt: &Attempt) -> bool {
    earlier
        .refused
        .is_some_and(|refused| refused <= attempt.recorded)
        && (!world.hears_all
            || earlier
                .corrected
                .is_none_or(|corrected| attempt.recorded <= corrected + COMMITTED_WITHIN))
}

/// It counts for so long, by the clock that the two were put on record by: one of another boot may have been days behind.
fn is_long_past(earlier: &Attempt, attempt: &Attempt) -> bool {
    let is_wrong = |it: &Attempt| {
        let off = it.received_wall.duration_since(it.stamped);
        off < SignedDuration::ZERO || off > STAMPED_WITHIN
    };
    let (at, before) = match is_wrong(earlier) || is_wrong(attempt) {
        true => (attempt.stamped, earlier.stamped),
        false => (attempt.received_wall, earlier.received_wall),
    };
    at.duration_since(before) >= REPEATED_WITHIN - STAMPED_WITHIN
}

/// Whoever has it from one campaign does not get it from another that may not repeat it.
fn nothing_is_said_twice(world: &World) {
    let mut said: BTreeMap<(PhoneNumber, &str), Vec<&Attempt>> = BTreeMap::new();
    let mut cold: Vec<&Attempt> = that_count(world)
        .filter(|it| it.slot == Slot::Cold)
        .collect();
    // A slow write may come after that of a later journal, and a batch journals one after the other.
    cold.sort_by_key(|it| (it.recorded, it.delivery));
    for attempt in cold {
        let before = said.entry((attempt.to, &*attempt.text)).or_default();
        if !world.plan.campaigns[attempt.mailing].may_repeat {
            let mut others = before.iter().filter(|it| it.mailing != attempt.mailing);
            let other = others
                .find(|it| !was_thought_refused(world, it, attempt) && !is_long_past(it, attempt));
            assert!(
                other.is_none(),
                "P5: {attempt:?} repeats {other:?}\n{}",
                world.tail()
            );
        }
        before.push(attempt);
    }
}
