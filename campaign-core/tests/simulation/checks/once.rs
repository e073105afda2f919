//! P1: a recipient gets a campaign's message at most once, unless an operator says "resend".

use std::collections::{BTreeMap, BTreeSet};

use campaign_core::delivery::DeliveryId;
use campaign_core::phone::PhoneNumber;

use super::super::world::{Attempt, World, recipient};

pub(super) fn p1_once(world: &World) {
    let mut of_recipient: BTreeMap<DeliveryId, Vec<&Attempt>> = BTreeMap::new();
    let mut of_text: BTreeMap<(PhoneNumber, &str), Vec<&Attempt>> = BTreeMap::new();
    for attempt in world.ledger.arrived() {
        let whose = recipient(attempt.delivery);
        of_recipient.entry(whose).or_default().push(attempt);
        let what = (attempt.to, &*attempt.text);
        of_text.entry(what).or_default().push(attempt);
        // By its own campaign's sessions, and to nobody else.
        let mailing = &world.mailings[attempt.mailing];
        assert!(mailing.is_from(attempt.lane), "P1: {attempt:?}");
        let text = mailing.text(attempt.to);
        assert_eq!(*attempt.text, *text, "P1: another campaign's message");
    }
    // What a store lost that nobody told is beyond every sender: with durability weakened P1 is kept through crashes of the process, and
    // through a loss of power for whoever was not written to in the moments that are lost.
    let mut forgotten: BTreeMap<DeliveryId, u32> = BTreeMap::new();
    for attempt in world.ledger.attempts.iter().filter(|it| it.is_forgotten) {
        *forgotten.entry(recipient(attempt.delivery)).or_default() += 1;
    }
    let asked = |whose: &DeliveryId| {
        let asked = world.ledger.asked_again.get(whose);
        [asked, forgotten.get(whose)]
            .into_iter()
            .flatten()
            .sum::<u32>()
    };
    for (whose, attempts) in of_recipient {
        let admitted = 1 + asked(&whose);
        assert!(
            attempts.len() <= admitted as usize,
            "P1: sent {} times, {admitted} asked for: {attempts:#?}\n{}",
            attempts.len(),
            world.tail()
        );
    }
    // The same by what people read, whatever the engine says it was for.
    let mut admitted: BTreeMap<(PhoneNumber, String), u32> = BTreeMap::new();
    for mailing in &world.mailings {
        for row in world.report(mailing.id) {
            let text = mailing.text(row.phone);
            let times = 1 + asked(&recipient(row.delivery));
            *admitted.entry((row.phone, text)).or_default() += times;
        }
    }
    // What the store does not know any more was sent for somebody who wanted it.
    let lost = world
        .ledger
        .arrived()
        .filter(|it| world.mailings[it.mailing].is_lost);
    let lost: BTreeSet<_> = lost
        .map(|it| (it.to, it.text.to_string(), recipient(it.delivery)))
        .collect();
    for (to, text, _) in lost {
        *admitted.entry((to, text)).or_default() += 1;
    }
    for ((to, text), attempts) in of_text {
        let admitted = admitted.get(&(to, text.to_owned())).copied().unwrap_or(0);
        assert!(
            attempts.len() <= admitted as usize,
            "P1: {text:?} came to {to} {} times, {admitted} asked for\n{}",
            attempts.len(),
            world.tail()
        );
    }
}
