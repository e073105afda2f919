//! P3: no gap, window or day beyond its limit, over all campaigns of an account, by the moments at which servers received and handed
//! over.

use std::collections::BTreeSet;
use std::time::Duration;

use campaign_core::clock::Elapsed;
use campaign_core::gateway::Account;
use campaign_core::limits::{Gap, LaneLimits, Slot, Window};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::super::world::{Attempt, World};
use super::HOLD_HORIZON;

/// What is on record is known to the engine so much later.
const TOLD_WITHIN: Duration = Duration::from_millis(20);
/// No commit and no connection takes so long.
pub(super) const MISSTAMPED: SignedDuration = SignedDuration::from_secs(60);
/// Of windows at least this long cold sends leave a part to replies.
const LONG_WINDOW: Duration = Duration::from_secs(3_600);

pub(super) fn p3_never_too_fast(world: &World) {
    let attempts = &world.ledger.attempts;
    let accounts: BTreeSet<Account> = attempts.iter().map(|it| it.account).collect();
    for account in accounts {
        // A copy that was restored knows nothing of what was sent after it was taken.
        let misled = misled(world);
        let since = world.ledger.restored().max(misled).unwrap_or_default();
        let sent: Vec<&Attempt> = attempts
            .iter()
            .filter(|it| it.account == account && it.received >= since)
            .collect();
        let Some(first) = sent.first() else { continue };
        let epochs = epochs(world, account, &world.plan.lanes[first.lane].limits);
        let changes = epochs.iter().skip(1).map(|epoch| epoch.from);
        let changes: Vec<Elapsed> = changes.collect();
        for (index, epoch) in epochs.iter().enumerate() {
            let until = changes.get(index).copied().unwrap_or(Elapsed::NEVER);
            let within: Vec<&Attempt> = sent
                .iter()
                .copied()
                .filter(|it| it.journalled >= epoch.from && it.journalled < until)
                .collect();
            windows_hold(world, &within, &epoch.limits);
            by_hand_counts(world, account, &within, &epoch.limits);
            for slot in Slot::ALL {
                gaps_hold(world, &within, slot, &epoch.limits);
            }
        }
        // Which day it was is beyond a process that began another boot with a wrong clock.
        if misled.is_none() {
            let unknown = of_unknown_days(world, account);
            // Whoever let a campaign go on by a wrong clock has borne its day out, and days go on from there.
            let borne_out = world.ledger.misled.iter().map(|(_, at)| *at).min();
            let sent: Vec<&Attempt> = sent
                .into_iter()
                .filter(|it| unknown.is_none_or(|until| it.received > until))
                .filter(|it| borne_out.is_none_or(|at| it.received < at))
                .collect();
            days_hold(world, &sent, &epochs);
        }
    }
}

/// A machine that comes up with its clock ahead does not know how long ago something was: it places what another boot wrote by the wall. And
/// the next boot places by the wall what was written while it was wrong.
pub(super) fn misled(world: &World) -> Option<Elapsed> {
    let lives = world.ledger.lives.values();
    let misled = lives.filter(|(_, is_wrong)| *is_wrong && world.plan.power.cuts > 0);
    let next_boot = |began| world.ledger.boots.iter().find(move |at| **at > began);
    let misled = misled.map(|(began, _)| next_boot(*began).copied().unwrap_or(*began));
    misled.max()
}

/// A process that begins with a wrong clock finds that out by what is on record of the account in this boot. Of one that has sent nothing
/// there is nothing: until the clock is right, its first messages count for another day. Tells when the last of them was received.
fn of_unknown_days(world: &World, account: Account) -> Option<Elapsed> {
    let mut sent = world.ledger.attempts.iter();
    let first = sent.find(|it| it.account == account)?;
    let (_, is_wrong) = world.ledger.lives[&first.life];
    let sent = [first].into_iter().chain(sent);
    let is_elsewhere =
        |it: &&Attempt| it.received_wall.duration_since(it.stamped).abs() > MISSTAMPED;
    let unknown = sent
        .filter(|it| it.account == account)
        .take_while(is_elsewhere);
    unknown.last().map(|it| it.received).filter(|_| is_wrong)
}

/// Limits and the moment from which they hold.
pub(super) struct Epoch {
    pub(super) from: Elapsed,
    from_wall: Timestamp,
    pub(super) limits: LaneLimits,
}

pub(super) fn epochs(world: &World, account: Account, first: &LaneLimits) -> Vec<Epoch> {
    let mut epochs = vec![Epoch {
        from: Elapsed::default(),
        from_wall: Timestamp::MIN,
        limits: first.clone(),
    }];
    let changes = world.ledger.limits.iter();
    epochs.extend(changes.filter(|change| change.0 == account).map(
        |(_, from, from_wall, limits)| Epoch {
            from: *from,
            from_wall: *from_wall,
            limits: limits.clone(),
        },
    ));
    epochs
}

/// What the server held for longer than anybody waits is beyond every sender's reach. A send is charged when it is journalled, and
/// unanswered it occupies its limits for the hold horizon from then on.
fn is_within_reach(attempt: &Attempt) -> bool {
    let handed = attempt.handed.map(|(at, _)| at);
    handed.is_some_and(|at| at.since(attempt.journalled) <= HOLD_HORIZON)
}

pub(super) fn windows_hold(world: &World, sent: &[&Attempt], limits: &LaneLimits) {
    for window in &limits.windows {
        let cold_max = match window.span < LONG_WINDOW {
            true => window.sends_max,
            false => window.sends_max - limits.kept_for_replies(window.sends_max),
        };
        let is_cold = |it: &&&Attempt| it.slot == Slot::Cold;
        let charged = || sent.iter().filter(|it| it.is_charged());
        let handed = || sent.iter().filter(|it| is_within_reach(it));
        let handed_at = |it: &&Attempt| it.handed.map(|(at, _)| at);
        let all = window.sends_max;
        window_holds(world, window, all, charged().map(|it| it.received));
        window_holds(world, window, all, handed().filter_map(handed_at));
        let cold = charged().filter(is_cold).map(|it| it.received);
        window_holds(world, window, cold_max, cold);
        let cold = handed().filter(is_cold).filter_map(handed_at);
        window_holds(world, window, cold_max, cold);
    }
}

fn window_holds(
    world: &World,
    window: &Window,
    sends_max: u32,
    moments: impl Iterator<Item = Elapsed>,
) {
    let moments = sorted(moments);
    let mut first = 0;
    for (last, moment) in moments.iter().enumerate() {
        while moment.since(moments[first]) > window.span {
            first += 1;
        }
        let within = last - first + 1;
        assert!(
            within <= sends_max as usize,
            "P3: {within} within {:?}, {sends_max} admitted\n{}",
            window.span,
            world.tail()
        );
    }
}

/// What people sent by hand is never stopped, and what was on record of it before ours leaves less to ours. It is known by the wall clock
/// alone, so that a wrong one puts it elsewhere.
fn by_hand_counts(world: &World, account: Account, sent: &[&Attempt], limits: &LaneLimits) {
    if !limits.counts_by_hand || world.plan.clock_jumps > 0 {
        return;
    }
    let ours = || sent.iter().filter(|it| it.is_charged());
    let restored = world.ledger.restored().unwrap_or_default();
    let by_hand = world.ledger.by_hand.iter();
    let by_hand = by_hand.filter(|(of, _, on_record)| *of == account && *on_record > restored);
    let by_hand: Vec<_> = by_hand.collect();
    for window in &limits.windows {
        for attempt in ours() {
            let is_within =
                |at: Elapsed| at <= attempt.received && attempt.received.since(at) <= window.span;
            let known = by_hand.iter().filter(|(_, at, on_record)| {
                *on_record + TOLD_WITHIN <= attempt.journalled && is_within(*at)
            });
            let known = known.count();
            let count = known + ours().filter(|it| is_within(it.received)).count();
            assert!(
                known == 0 || count <= window.sends_max as usize,
                "P3: {count} within {:?}, {known} of them by hand: {attempt:?}\n{}",
                window.span,
                world.tail()
            );
        }
    }
}

/// The gap runs from the end of a send to the beginning of the next, and a slot with a gap has one under way.
fn gaps_hold(world: &World, sent: &[&Attempt], slot: Slot, limits: &LaneLimits) {
    let gap = limits.gap(slot);
    if gap == Gap::NONE {
        return;
    }
    let of_slot: Vec<&Attempt> = sent.iter().copied().filter(|it| it.slot == slot).collect();
    for pair in of_slot.windows(2) {
        let (earlier, later) = (pair[0], pair[1]);
        let ends = earlier.ends(HOLD_HORIZON);
        let ends = match (earlier.is_charged(), earlier.told) {
            (true, _) => ends + gap.min,
            (false, Some(_)) => ends,
            // Nobody lived to hear that it had not been handed over.
            (false, None) => earlier.received,
        };
        assert!(
            later.received >= ends,
            "P3: {:?} too early: {later:?} after {earlier:?}\n{}",
            ends.since(later.received),
            world.tail()
        );
    }
    let reachable = of_slot.iter().filter(|it| is_within_reach(it));
    let mut handed: Vec<(Elapsed, &Attempt)> = reachable
        .filter_map(|it| Some((it.handed?.0, *it)))
        .collect();
    handed.sort_unstable_by_key(|(at, _)| *at);
    for pair in handed.windows(2) {
        let between = pair[1].0.since(pair[0].0);
        assert!(
            between >= gap.min,
            "P3: handed over within {between:?}: {pair:?}\n{}",
            world.tail()
        );
    }
}

fn days_hold(world: &World, sent: &[&Attempt], epochs: &[Epoch]) {
    let received = sent.iter().filter(|it| it.is_charged());
    let received = received.map(|it| (it.received_wall, it.slot)).collect();
    days_hold_for(world, epochs, received);
    let handed = sent.iter().filter(|it| is_within_reach(it));
    let handed = handed.filter_map(|it| Some((it.handed?.1, it.slot)));
    days_hold_for(world, epochs, handed.collect());
}

/// A day ends when it ends where the account is. The one in which the account moves lasts until that of the new place is over.
fn days_hold_for(world: &World, epochs: &[Epoch], mut moments: Vec<(Timestamp, Slot)>) {
    moments.sort_unstable();
    let mut moves = epochs.iter().skip(1).peekable();
    let mut limits = &epochs[0].limits;
    let (mut day, mut ends) = (Date::MIN, Timestamp::MIN);
    let (mut count, mut cold) = (0, 0);
    let mut has_sent = false;
    for (moment, slot) in moments {
        while let Some(epoch) = moves.next_if(|epoch| epoch.from_wall <= moment) {
            if !has_sent {
                // Where it was before it sent anything is nowhere.
                day = Date::MIN;
            } else if epoch.from_wall >= ends {
                day = limits.zone.date(epoch.from_wall);
                (count, cold) = (0, 0);
            }
            limits = &epoch.limits;
            day = day.max(limits.zone.date(epoch.from_wall));
            ends = limits.zone.start_of_day_after(day).unwrap();
        }
        if moment >= ends {
            day = limits.zone.date(moment);
            ends = limits.zone.start_of_day_after(day).unwrap();
            (count, cold) = (0, 0);
        }
        has_sent = true;
        count += 1;
        cold += u32::from(slot == Slot::Cold);
        let Some(cap) = limits.sends_per_day_max else {
            continue;
        };
        let cold_cap = cap - limits.kept_for_replies(cap);
        assert!(
            count <= cap && cold <= cold_cap,
            "P3: {count} on {day} in {}, {cold} of them cold\n{}",
            limits.zone,
            world.tail()
        );
    }
}

pub(super) fn sorted(moments: impl Iterator<Item = Elapsed>) -> Vec<Elapsed> {
    let mut moments: Vec<Elapsed> = moments.collect();
    moments.sort_unstable();
    moments
}
