//! What must hold in every history, by the ledger of the world and never by the engine's own word alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use campaign_core::campaign::NumberCheck;
use campaign_core::clock::Elapsed;
use campaign_core::delivery::{Reason, State};
use campaign_core::gateway::NumberStatus;
use jiff::Timestamp;
use jiff::civil::Date;

use super::world::{Delivered, World};

pub(crate) fn all(world: &World) {
    once(world);
    nobody_lost(world);
    never_too_fast(world);
    never_outside_hours(world);
    never_when_forbidden(world);
    doubts_are_bounded(world);
    checked_at_the_lanes_pace(world);
}

/// Who is not on WhatsApp is skipped, and asking after them is no faster than writing to them. Where only that is asked, everybody is.
fn checked_at_the_lanes_pace(world: &World) {
    let is_all = world.plan.check == NumberCheck::Only;
    for row in &world.report() {
        if is_all {
            let expected = match world.is_absent(row.phone) {
                true => Reason::NotOnWhatsapp,
                false => Reason::OnWhatsapp,
            };
            let reason = row.standing.reason;
            let is_told = [Some(expected), Some(Reason::NotKnown)].contains(&reason);
            assert!(is_told && row.standing.state == State::Skipped, "{row:?}");
            continue;
        }
        let is_skipped = row.standing.reason == Some(Reason::NotOnWhatsapp);
        let has_ended = row.standing.state != State::Cancelled
            && row.standing.reason != Some(Reason::Suppressed)
            && row.standing.reason != Some(Reason::Expired);
        if has_ended {
            assert_eq!(is_skipped, world.is_absent(row.phone), "{row:?}");
        }
    }
    if world.plan.crashes > 0 {
        // Questions are not journalled: a runner that begins knows of none.
        return;
    }
    let uses_up = |(_, at, status): &(_, Elapsed, NumberStatus)| {
        let is_used = match status {
            NumberStatus::NotOnWhatsapp => true,
            NumberStatus::OnWhatsapp => is_all,
            NumberStatus::Unknown => false,
        };
        is_used.then_some(*at)
    };
    let used = sorted(world.checks.iter().filter_map(uses_up));
    let asked = sorted(world.checks.iter().map(|(_, at, _)| *at));
    for at in used {
        let next = asked.iter().find(|other| **other > at);
        if let Some(next) = next {
            let gap = next.since(at);
            let min = world.plan.limits.gap.min;
            assert!(gap >= min, "asked again after {gap:?}\n{}", world.tail());
        }
    }
}

/// P1: a recipient gets the message of a campaign at most once.
fn once(world: &World) {
    let mut seen: BTreeMap<u64, &Delivered> = BTreeMap::new();
    for delivered in &world.ledger {
        if let Some(first) = seen.insert(delivered.to.digits(), delivered) {
            panic!("sent twice: {first:?} and {delivered:?}\n{}", world.tail());
        }
    }
}

/// P2: everybody has a row, in a state that the ledger does not contradict, and the counters add up.
fn nobody_lost(world: &World) {
    let rows = world.report();
    assert_eq!(rows.len(), world.people as usize, "rows of the report");
    let record = world.record();
    assert_eq!(record.counts.total(), rows.len() as u64, "counters");
    let mut by_state: BTreeMap<State, u64> = BTreeMap::new();
    let has: BTreeSet<u64> = phones(&world.ledger);
    let taken: BTreeSet<u64> = phones(&world.requests);
    for row in &rows {
        *by_state.entry(row.standing.state).or_default() += 1;
        let has_it = has.contains(&row.phone.digits());
        let claim = row.standing.state;
        let fits = match claim {
            // WAHA took it; whether WhatsApp did is not claimed.
            State::Accepted => taken.contains(&row.phone.digits()),
            State::Sent | State::Delivered | State::Read | State::Played => has_it,
            State::Failed if row.standing.reason == Some(Reason::RefusedByWhatsapp) => true,
            State::Failed | State::Skipped | State::Cancelled => !has_it,
            State::Unconfirmed => true,
            State::Scheduled | State::Sending => false,
        };
        assert!(
            fits,
            "{} is {claim} ({:?}) but has it: {has_it}\n{}",
            row.phone,
            row.standing.reason,
            world.tail()
        );
    }
    for (state, count) in by_state {
        assert_eq!(record.counts.of(state), count, "counter of {state}");
    }
}

/// P3: no gap, window or day beyond its limit, by the moments at which the server received and handed over.
fn never_too_fast(world: &World) {
    let limits = &world.plan.limits;
    // What the server held for longer than anybody waits is beyond every sender's reach.
    let reachable: Vec<&Delivered> = world
        .requests
        .iter()
        .filter(|sent| sent.handed.since(sent.received) <= Duration::from_secs(20))
        .collect();
    for moments in [
        sorted(world.requests.iter().map(|sent| sent.received)),
        sorted(reachable.iter().map(|sent| sent.handed)),
    ] {
        for window in &limits.windows {
            for (index, first) in moments.iter().enumerate() {
                let within = moments[index..]
                    .iter()
                    .take_while(|moment| moment.since(*first) <= window.span)
                    .count();
                assert!(
                    within <= window.sends_max as usize,
                    "{within} within {:?}\n{}",
                    window.span,
                    world.tail()
                );
            }
        }
        for pair in moments.windows(2) {
            let gap = pair[1].since(pair[0]);
            assert!(gap >= limits.gap.min, "gap of {gap:?}\n{}", world.tail());
        }
    }
    if let Some(cap) = limits.sends_per_day_max {
        let received: Vec<_> = world
            .requests
            .iter()
            .map(|sent| sent.received_wall)
            .collect();
        let handed: Vec<_> = reachable.iter().map(|sent| sent.handed_wall).collect();
        for moments in [received, handed] {
            never_too_many_a_day(world, cap, moments);
        }
    }
}

/// A day ends when it ends where the account is. The one in which the account moves lasts until that of the new place is over.
fn never_too_many_a_day(world: &World, cap: u32, mut moments: Vec<Timestamp>) {
    moments.sort_unstable();
    let mut moves = world.zones.iter().peekable();
    let mut zone = world.plan.limits.zone.clone();
    let (mut day, mut ends, mut count) = (Date::MIN, Timestamp::MIN, 0);
    for moment in moments {
        while let Some((at, to)) = moves.next_if(|(at, _)| *at <= moment) {
            if *at >= ends {
                day = zone.date(*at);
                count = 0;
            }
            zone = to.clone();
            day = day.max(zone.date(*at));
            ends = zone.start_of_day_after(day).unwrap();
        }
        if moment >= ends {
            day = zone.date(moment);
            ends = zone.start_of_day_after(day).unwrap();
            count = 0;
        }
        count += 1;
        assert!(count <= cap, "{count} on {day} in {zone}\n{}", world.tail());
    }
}

/// P4: nothing outside hours, after expiry, or while paused.
fn never_outside_hours(world: &World) {
    for request in &world.requests {
        if let Some(hours) = &world.plan.hours {
            assert!(
                hours.closes_after(request.received_wall).is_some(),
                "outside hours: {request:?}"
            );
        }
        if let Some(expiry) = world.expires_at {
            assert!(request.received_wall <= expiry, "after expiry: {request:?}");
        }
    }
    if let Some(since) = world.cancelled_since {
        // As for a pause: what was journalled before is in flight for at most the send deadline.
        let late = since + Duration::from_secs(6);
        let sent = world
            .requests
            .iter()
            .find(|request| request.received > late);
        assert!(
            sent.is_none(),
            "after the cancel: {sent:?}\n{}",
            world.tail()
        );
    }
    for (from, to) in &world.paused {
        let sent = world
            .requests
            .iter()
            .find(|request| request.received > *from && request.received < *to);
        assert!(
            sent.is_none(),
            "while paused from {from:?} to {to:?}: {sent:?}\n{}",
            world.tail()
        );
    }
}

/// P5: what was suppressed before its send time got nothing.
fn never_when_forbidden(world: &World) {
    for (phone, since) in &world.suppressed {
        // A journal that was committed before is in flight for at most the send deadline.
        let late = *since + Duration::from_secs(6);
        let sent = world
            .requests
            .iter()
            .find(|request| request.to == *phone && request.received > late);
        assert!(sent.is_none(), "to a suppressed number: {sent:?}");
    }
}

/// Doubts are those that faults and crashes made, no more; and none is left where evidence could be had.
fn doubts_are_bounded(world: &World) {
    let unconfirmed = world.record().counts.of(State::Unconfirmed);
    assert!(
        unconfirmed <= world.doubts_made,
        "{unconfirmed} unconfirmed of {} doubts",
        world.doubts_made
    );
    // Without a message that can be found, nothing has shown that ids are kept and messages stored. A process that died may have
    // been the only one to hear an answer.
    let has_evidence = world.has_control()
        && world.copy_has_control
        && (world.plan.crashes == 0 || world.trusts_ids());
    if world.plan.store_on && world.plan.honours_ids && has_evidence {
        let report = world.report();
        let mut left = report
            .iter()
            .filter(|row| row.standing.state == State::Unconfirmed);
        let first = left.next();
        assert!(
            first.is_none(),
            "{} left in doubt, the first is {first:?}\n{}",
            left.count() + 1,
            world.tail()
        );
    }
}

fn phones(delivered: &[Delivered]) -> BTreeSet<u64> {
    delivered.iter().map(|sent| sent.to.digits()).collect()
}

fn sorted(moments: impl Iterator<Item = Elapsed>) -> Vec<Elapsed> {
    let mut moments: Vec<Elapsed> = moments.collect();
    moments.sort_unstable();
    moments
}
