//! P2: everybody in the audience has a row, in a state that the ledger does not contradict, and doubts whose evidence is complete
//! are settled.

use std::collections::{BTreeMap, BTreeSet};

use campaign_core::campaign::CampaignState;
use campaign_core::clock::Elapsed;
use campaign_core::delivery::{DeliveryId, Reason, State};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::ReportRow;
use jiff::SignedDuration;

use super::super::faults::Fault;
use super::super::world::{Attempt, Fate, World, recipient};

pub(super) fn p2_nobody_lost(world: &World) {
    let has: BTreeSet<DeliveryId> = world.ledger.arrived().map(|it| it.delivery).collect();
    let taken: BTreeSet<DeliveryId> = world.ledger.handed().map(|it| it.delivery).collect();
    let forgotten = world.ledger.attempts.iter().filter(|it| it.is_forgotten);
    let forgotten: BTreeSet<DeliveryId> = forgotten.map(|it| it.delivery).collect();
    let records = world.records();
    let mut claims = Claims::new();
    for (mailing, record) in world.kept().zip(&records) {
        let rows = world.report(mailing.id);
        assert_eq!(rows.len(), mailing.rows as usize, "P2: rows of the report");
        assert_eq!(record.counts.total(), rows.len() as u64, "P2: counters");
        let mut by_state: BTreeMap<(State, Option<Reason>), u64> = BTreeMap::new();
        for row in &rows {
            let standing = row.standing;
            *by_state
                .entry((standing.state, standing.reason))
                .or_default() += 1;
            let has_it = has.contains(&row.delivery);
            assert!(
                fits(
                    world,
                    row,
                    has_it,
                    taken.contains(&row.delivery),
                    &mut claims
                ) || forgotten.contains(&row.delivery),
                "P2: {:?} to {} is {} ({:?}) but has it: {has_it}, in {:?}\n{}",
                row.delivery,
                row.phone,
                standing.state,
                standing.reason,
                record.state,
                world.tail()
            );
        }
        assert_eq!(record.counts.0, by_state, "P2: counters by state");
    }
}

fn fits(world: &World, row: &ReportRow, has_it: bool, is_taken: bool, claims: &mut Claims) -> bool {
    let standing = row.standing;
    match standing.state {
        // The operator's word is not the engine's.
        State::Sent if standing.reason == Some(Reason::ByOperator) => {
            world.ledger.decided.contains(&row.delivery)
        }
        State::Failed if standing.reason == Some(Reason::GivenUp) => {
            world.ledger.decided.contains(&row.delivery)
        }
        // WAHA took it; whether WhatsApp did is not claimed.
        State::Accepted => is_taken || is_claimed_by_content(world, row, is_taken, claims),
        State::Sent | State::Delivered | State::Read | State::Played => {
            has_it || is_claimed_by_content(world, row, is_taken, claims)
        }
        State::Failed if standing.reason == Some(Reason::RefusedByWhatsapp) => true,
        State::Failed | State::Skipped | State::Cancelled => !has_it,
        State::Unconfirmed => true,
        State::Scheduled | State::Sending => false,
    }
}

/// Somebody else sent the same text from the same account to the same chat while ours was in doubt there: that person has read it, and
/// where ids are ignored nothing else could tell the two apart. Each such message explains one of ours, and no more; where WAHA took ours
/// too, that one is left to explain another. What was sent before any of ours was on record is nobody's but its sender's.
fn is_claimed_by_content(
    world: &World,
    row: &ReportRow,
    is_taken: bool,
    claims: &mut Claims,
) -> bool {
    let mailing = &world.mailings[world.mailing_of(row.delivery.campaign())];
    let text = mailing.text(row.phone);
    let since = first_on_record(world, row.phone, &text);
    let forwards = world.ledger.forwards.iter();
    let same = forwards
        .filter(|it| mailing.is_from(it.lane) && it.to == row.phone && *it.text == *text)
        .filter(|it| since.is_some_and(|since| it.at >= since))
        .count()
        + mailing
            .lanes()
            .map(|lane| given_up(world, lane, row, &text))
            .sum::<usize>();
    let claimed = claims.entry((mailing.lane, row.phone, text)).or_default();
    if is_taken {
        return *claimed < same;
    }
    *claimed += 1;
    *claimed <= same
}

/// When something that says this to this person came on record first.
fn first_on_record(world: &World, to: PhoneNumber, text: &str) -> Option<Elapsed> {
    let chats = world.ledger.open_chats.iter().filter(|it| it.to == to);
    let same = chats.filter(|it| {
        let mailing = world.mailing_of(it.delivery.campaign());
        world.mailings[mailing].text(to) == text
    });
    same.map(|it| it.from).min()
}

/// Messages of the same words are one to whoever reads them. Where ids are ignored, one that the operator gave up or sent again while the
/// server held it may be taken for the other when it comes; so may one of several that an older copy of the store left in doubt.
fn given_up(world: &World, lane: usize, row: &ReportRow, text: &str) -> usize {
    // Of what is accepted it is not claimed that WhatsApp took it.
    let is_enough = |it: &&Attempt| it.has_arrived || row.standing.state == State::Accepted;
    let taken = world.ledger.handed().filter(is_enough);
    let same = taken.filter(|it| it.lane == lane && it.to == row.phone && *it.text == *text);
    same.filter(|it| {
        let ledger = &world.ledger;
        let is_decided = ledger.decided.contains(&it.delivery)
            || ledger.asked_again.contains_key(&recipient(it.delivery));
        let handed = it.handed.map(|(at, _)| at);
        let is_of_several = ledger.first_restored().is_some() && handed > ledger.first_restored();
        !world.handsets[lane].honours_ids && (is_decided || is_of_several)
    })
    .count()
}

/// How many of ours stand where they stand because of what somebody else sent.
type Claims = BTreeMap<(usize, PhoneNumber, String), usize>;

/// Of what WhatsApp has told the arrival first and the rest after that.
pub(crate) fn p2_acks_move_nothing_back(world: &World) {
    let attempts = world.ledger.attempts.iter();
    let backwards = attempts.filter(|it| it.fault == Some(Fault::AckBackwards));
    let backwards: BTreeSet<DeliveryId> = backwards.map(|it| it.delivery).collect();
    for row in world.mailings.iter().flat_map(|it| world.report(it.id)) {
        let is_back = row.standing.state == State::Sent && backwards.contains(&row.delivery);
        assert!(!is_back, "P2: {row:?}\n{}", world.tail());
    }
}

/// Who waits for a campaign to be over waits for an end.
pub(crate) fn p8_nothing_is_looked_for_without_end(world: &World) {
    assert!(
        !world.ledger.still_looks,
        "P8: it still looks\n{}",
        world.tail()
    );
}

/// Where ids are kept, another id is another message: from the first answer on, by which that is known. In a world of one lane and one life.
pub(crate) fn p2_nothing_is_claimed_by_content(world: &World) {
    let taken: BTreeSet<DeliveryId> = world.ledger.handed().map(|it| it.delivery).collect();
    let answers = world.ledger.attempts.iter();
    let answers = answers.filter(|it| it.fate == Fate::Accepted);
    let trusted = answers.filter_map(|it| {
        let after = it.told?.since(it.received);
        it.received_wall.checked_add(after).ok()
    });
    // What was claimed before is acknowledged a moment later.
    let trusted = trusted.min().map(|at| at + SignedDuration::from_secs(2));
    for row in world.mailings.iter().flat_map(|it| world.report(it.id)) {
        let is_known = !row.standing.state.is_handed_over() || taken.contains(&row.delivery);
        let is_decided = world.ledger.decided.contains(&row.delivery);
        let is_early = trusted.is_none_or(|trusted| row.changed_at <= trusted);
        assert!(
            is_known || is_decided || is_early,
            "P2: {row:?}\n{}",
            world.tail()
        );
    }
}

/// Doubts are those that faults and crashes made, no more; and none is left where evidence could be had.
pub(super) fn p2_doubts_are_settled(world: &World) {
    let records = world.records();
    let unconfirmed: u64 = records
        .iter()
        .map(|record| record.counts.of(State::Unconfirmed))
        .sum();
    assert!(
        unconfirmed <= world.ledger.doubts_made,
        "P2: {unconfirmed} unconfirmed of {} doubts",
        world.ledger.doubts_made
    );
    let kept = world.mailings.iter().filter(|mailing| !mailing.is_lost);
    for (mailing, record) in kept.zip(&records) {
        // What another account sent is on a phone that is gone, and so is what it was asked to.
        let is_settleable = mailing.lanes().all(|lane| {
            let handset = &world.handsets[lane];
            handset.honours_ids
                && !handset.store_was_off
                && !handset.was_paired_anew
                && !handset.was_restarted
                // Who hides behind a LID that the session learns late is not looked for any more by then, and is no control for others.
                && handset.could_always_find_everybody()
        });
        // Of a pool, any account may have sent what an older copy of the database does not know of.
        let is_anybodys = mailing.also.is_some() && world.ledger.restored().is_some();
        if !is_settleable
            || is_anybodys
            || world.ledger.has_misplaced
            || record.state == CampaignState::Paused
        {
            continue;
        }
        // Without a message that can be found, nothing has shown that ids are kept and messages stored. A process that died may have
        // been the only one to hear an answer.
        let knows = |lane| world.hears_all || world.trusts_ids(lane);
        let has_evidence = mailing
            .lanes()
            .all(|lane| world.has_control(lane) && knows(lane))
            && world.copy_has_control;
        if !has_evidence {
            continue;
        }
        let rows = world.report(mailing.id);
        let mut left = rows
            .iter()
            .filter(|row| row.standing.state == State::Unconfirmed);
        let first = left.next();
        assert!(
            first.is_none(),
            "P2: {} left in doubt, the first is {first:?}\n{}",
            left.count() + 1,
            world.tail()
        );
    }
}
