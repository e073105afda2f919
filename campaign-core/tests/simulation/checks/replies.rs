//! P10: what somebody waits for is sent within the gap of replies, one commit and the answers of the replies before it, whatever a
//! broadcast does meanwhile.

use std::time::Duration;

use campaign_core::clock::Elapsed;
use campaign_core::gateway::Account;
use campaign_core::limits::{LaneLimits, Slot};

use super::super::world::{Attempt, Fate, Mailing, World};
use super::pace::epochs;

/// Journal, outcome and the reading that may come between them: a commit takes 8 ms, a reading 30 ms, an answer 310 ms here.
const EACH: Duration = Duration::from_millis(400);
/// A campaign that is started is read, moved and loaded first.
const BEGINNING: Duration = Duration::from_millis(500);

/// The longest that a lane is held for what happened before.
const HELD_FOR_LONG: Duration = Duration::from_secs(75);
/// Failures and silences count for so long.
const REMEMBERED: Duration = Duration::from_secs(1_200);
const REMEMBERED_MAX: usize = 2;

/// In any world, of what fell due while nothing was wrong with its lane: no process, disk, server or session in trouble, nothing paused, no
/// limit used up, no reply before it in doubt. Tells how many were judged.
pub(crate) fn p10_replies_first_where_nothing_is_wrong(world: &World) -> u64 {
    if world.plan.slow_writes > 0.0 {
        return 0;
    }
    let urgent = world.mailings.iter().enumerate();
    let urgent = urgent.filter(|(_, it)| {
        it.slot == Slot::Reply && !it.is_lost && it.cancel.is_none() && it.pauses.is_empty()
    });
    urgent
        .map(|(index, mailing)| judged(world, index, mailing))
        .sum()
}

fn judged(world: &World, index: usize, mailing: &Mailing) -> u64 {
    let Some(started) = mailing.started else {
        return 0;
    };
    let limits = &world.plan.lanes[mailing.lane].limits;
    let each = limits.gap(Slot::Reply).max + EACH;
    let on_lane = || {
        world
            .ledger
            .attempts
            .iter()
            .filter(|it| it.lane == mailing.lane)
    };
    let mut replies: Vec<&Attempt> = on_lane()
        .filter(|it| it.slot == Slot::Reply && it.received > started)
        .collect();
    replies.sort_by_key(|it| it.received);
    let (mut before, mut judged) = (0, 0);
    for reply in replies {
        before += 1;
        let by = started + BEGINNING + world.looks_later_by(started) + each * before;
        // Of several accounts a person may be left to another one.
        let mut lanes = mailing.lanes();
        let is_wrong = lanes.any(|lane| {
            let account = match lane == mailing.lane {
                true => reply.account,
                false => world.handsets[lane].account,
            };
            is_disturbed(world, lane, started, by) || is_used_up(world, lane, account, started, by)
        }) || on_lane().any(|it| {
            let is_near = it.received + HELD_FOR_LONG > started && it.received <= by;
            let is_of_them = it.slot == Slot::Reply || it.to == reply.to;
            is_near && is_of_them && (it.fault.is_some() || it.fate != Fate::Accepted)
        });
        if is_wrong {
            // Whatever comes after it in the row is late by that.
            break;
        }
        // Another message to the same person is waited for, for as long as it is in doubt: a chat has one open attempt. What was heard of
        // it may have died with the process that heard it, and then a person may have to decide.
        let is_behind = world.ledger.open_chats.iter().any(|it| {
            let is_open = it.from < by && it.until.is_none_or(|until| until > started);
            let is_other = it.delivery != reply.delivery && it.to == reply.to;
            let other = &world.mailings[world.mailing_of(it.delivery.campaign())];
            is_open && is_other && other.is_from(mailing.lane)
        });
        // So is whatever an older copy of the store left in doubt.
        let is_behind = is_behind || world.ledger.restored().is_some_and(|at| at < by);
        if reply.mailing != index || is_behind {
            continue;
        }
        judged += 1;
        assert!(
            reply.received <= by,
            "P10: it came {:?} after the start, {:?} at most: {reply:?}\n{}",
            reply.received.since(started),
            by.since(started),
            world.tail()
        );
    }
    judged
}

fn is_disturbed(world: &World, lane: usize, from: Elapsed, by: Elapsed) -> bool {
    let mut known = world.ledger.disturbed.iter();
    let is_near = |since: Elapsed, until: Elapsed| since <= by && until >= from;
    let is_in_trouble =
        known.any(|(of, since, until)| of.is_none_or(|of| of == lane) && is_near(*since, *until));
    // Slots and sessions that several messages went wrong in pause for long.
    let failed = world.ledger.attempts.iter().filter(|it| {
        let is_remembered = it.received + REMEMBERED > from && it.received <= by;
        it.lane == lane && is_remembered && (it.fault.is_some() || it.fate != Fate::Accepted)
    });
    is_in_trouble || failed.count() > REMEMBERED_MAX
}

/// A window or the day may hold no more, by the limits of the plan or those that an operator has set since.
fn is_used_up(world: &World, lane: usize, account: Account, from: Elapsed, by: Elapsed) -> bool {
    let epochs = epochs(world, account, &world.plan.lanes[lane].limits);
    let until = epochs.iter().skip(1).map(|it| it.from);
    let until = until.chain([Elapsed::NEVER]);
    let mut in_force = epochs.iter().zip(until);
    in_force.any(|(epoch, until)| {
        epoch.from <= by && until >= from && are_used_up(world, lane, &epoch.limits, from, by)
    })
}

fn are_used_up(
    world: &World,
    lane: usize,
    limits: &LaneLimits,
    from: Elapsed,
    by: Elapsed,
) -> bool {
    let here = || world.ledger.attempts.iter().filter(|it| it.lane == lane);
    let by_hand = world.ledger.by_hand.len();
    let day = limits
        .sends_per_day_max
        .map_or(usize::MAX, |cap| cap as usize);
    limits.windows.iter().any(|window| {
        let near = here()
            .filter(|it| it.received + window.span + HELD_FOR_LONG > from && it.received <= by);
        near.count() + by_hand >= window.sends_max as usize
    }) || here().count() + by_hand >= day
        || is_used_up_together(world, from, by)
}

/// The same of a limit above the accounts, whoever it is that sends.
fn is_used_up_together(world: &World, from: Elapsed, by: Elapsed) -> bool {
    let shared = world.plan.shared.iter();
    let mut windows = shared.flat_map(|shared| &shared.limits.windows);
    windows.any(|window| {
        let attempts = world.ledger.attempts.iter();
        let near = attempts
            .filter(|it| it.received + window.span + HELD_FOR_LONG > from && it.received <= by);
        near.count() >= window.sends_max as usize
    })
}

/// In a world whose lanes are well, except for what befalls broadcasts.
pub(crate) fn p10_replies_first(world: &World) {
    for lane in 0..world.handsets.len() {
        let mut replies: Vec<_> = world
            .ledger
            .attempts
            .iter()
            .filter(|it| it.lane == lane && it.slot == Slot::Reply)
            .collect();
        replies.sort_by_key(|it| it.received);
        let each = world.plan.lanes[lane].limits.gap(Slot::Reply).max + EACH;
        let urgent = world.mailings.iter().enumerate();
        let urgent = urgent.filter(|(_, it)| it.lane == lane && it.slot == Slot::Reply);
        for (index, mailing) in urgent {
            let started = mailing.started.expect("it was started");
            // Those of other urgent campaigns that go out meanwhile take turns with it.
            let turns = replies.iter().filter(|it| it.received > started);
            let (mut before, mut own) = (0, 0);
            for reply in turns {
                before += 1;
                if reply.mailing != index {
                    continue;
                }
                own += 1;
                let by = started + BEGINNING + each * before;
                assert!(
                    reply.received <= by,
                    "P10: reply {own} came {:?} after the start, {:?} at most: {reply:?}\n{}",
                    reply.received.since(started),
                    by.since(started),
                    world.tail()
                );
            }
            assert_eq!(own, mailing.rows, "P10: all of them are sent");
        }
    }
}
