//! P4: nothing outside sending hours, after expiry, while paused, or after a cancel has returned.

use std::time::Duration;

use campaign_core::store::LEASE;

use super::super::world::{Attempt, Pause, World};

/// A pause is answered within the quiet wait; one that nobody has answered is judged from here on.
const PAUSED_AFTER: Duration = Duration::from_secs(45);
/// What was journalled before a cancel is in flight for at most the send deadline.
const CANCELLED_AFTER: Duration = Duration::from_secs(6);

pub(super) fn p4_never_outside_its_hours(world: &World) {
    for request in &world.ledger.attempts {
        if was_misled(world, request) {
            continue;
        }
        not_too_soon_after_a_downtime(world, request);
        let campaign = &world.plan.campaigns[request.mailing];
        let mailing = &world.mailings[request.mailing];
        if let Some(hours) = &campaign.hours {
            assert!(
                hours.closes_after(request.received_wall).is_some(),
                "P4: outside hours: {request:?}\n{}",
                world.tail()
            );
        }
        if let Some(expiry) = mailing.expires_at {
            assert!(
                request.received_wall <= expiry,
                "P4: after expiry: {request:?}\n{}",
                world.tail()
            );
        }
        let started = mailing.started.is_some_and(|at| at <= request.received);
        assert!(started, "P4: before its start: {request:?}");
    }
    for (index, mailing) in world.mailings.iter().enumerate() {
        let of_it = || {
            let attempts = world.ledger.attempts.iter();
            attempts.filter(move |it| it.mailing == index)
        };
        if let Some(cancel) = &mailing.cancel {
            stopped(world, cancel, CANCELLED_AFTER, of_it());
        }
        for pause in &mailing.pauses {
            stopped(world, pause, PAUSED_AFTER, of_it());
        }
    }
}

/// Its process began with a wrong clock, and nothing that its account had on record of that boot told it, or the operator has borne a wrong
/// one out: moments of the calendar mean nothing to it then.
fn was_misled(world: &World, request: &Attempt) -> bool {
    let mut misled = world.ledger.misled.iter();
    if misled.any(|(life, at)| *life == request.life && *at <= request.journalled) {
        return true;
    }
    let Some((began, true)) = world.ledger.lives.get(&request.life).copied() else {
        return false;
    };
    let mut before = world.ledger.attempts.iter();
    let began_right = |life: u32| {
        world
            .ledger
            .lives
            .get(&life)
            .is_some_and(|(_, is_wrong)| !is_wrong)
    };
    let is_told = before
        .any(|it| it.account == request.account && it.recorded < began && began_right(it.life));
    !is_told || world.plan.power.cuts > 0 || world.ledger.restored().is_some()
}

/// What fell due while nothing ran waits, so that somebody can look first.
fn not_too_soon_after_a_downtime(world: &World, request: &Attempt) {
    let wait = world.plan.campaigns[request.mailing].catch_up.wait;
    let Some((began, _)) = world.ledger.lives.get(&request.life) else {
        return;
    };
    // The first process began as the campaigns were made.
    if wait.is_zero() || request.life == 0 {
        return;
    }
    assert!(
        request.received >= *began + wait,
        "P4: {:?} after the runner was back, {wait:?} was asked for: {request:?}\n{}",
        request.received.since(*began),
        world.tail()
    );
}

/// Whoever is to obey may be dead, or frozen, or handing over: others take over when its lease is over.
fn waits_for_a_worker(world: &World) -> Duration {
    match world.plan.workers {
        1 => Duration::ZERO,
        _ => LEASE * 2,
    }
}

fn stopped<'a>(
    world: &World,
    pause: &Pause,
    unanswered: Duration,
    sent: impl Iterator<Item = &'a Attempt>,
) {
    // The answer says how many may still be under way: what has been written to the server cannot be called back, and nothing else
    // may be written after it.
    let late = pause.asked + unanswered + waits_for_a_worker(world);
    let from = pause.answered.map_or(late, |(at, _)| at.min(late));
    let mut after = sent.filter(|it| {
        it.received > from && pause.resumed.is_none_or(|resumed| it.received < resumed)
    });
    let first = after.next();
    assert!(
        first.is_none(),
        "P4: stopped by {pause:?}: {first:?}\n{}",
        world.tail()
    );
}
