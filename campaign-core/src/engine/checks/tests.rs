use super::super::testing::{World, account_of, delivery, id, person, plain, running};
use super::*;
use crate::campaign::Definition;
use crate::engine::Input;
use crate::limits::{Gap, LaneLimits};
use crate::store::Command;

use NumberStatus::{NotOnWhatsapp, OnWhatsapp, Unknown};

const SECOND: Duration = Duration::from_secs(1);

/// A campaign that asks after numbers, which only the test answers; nobody may be asked after or written to within ten seconds of somebody
/// else.
fn asking(check: NumberCheck, people: u32) -> World {
    let gap = Gap {
        min: 10 * SECOND,
        max: 10 * SECOND,
    };
    let limits = LaneLimits {
        gap,
        ..LaneLimits::unpaced(4)
    };
    let mut world = World::new(limits);
    world.leaves = |step| matches!(step, Step::Check { .. } | Step::Reread(_));
    let definition = Definition {
        check,
        ..plain("promo", 1)
    };
    world.add(running(1, definition, people));
    world.rests();
    world
}

/// Whose numbers were asked after since this was asked last.
fn asked(world: &mut World) -> Vec<u32> {
    let left = world.take_left().into_iter();
    let phones = left.filter_map(|step| match step {
        Step::Check { phone, .. } => Some(phone),
        _ => None,
    });
    let ordinal = |phone| (0..9).find(|it| person(delivery(1, *it)).phone == phone);
    phones.filter_map(ordinal).collect()
}

fn answer(world: &mut World, status: NumberStatus) {
    world.tell(Input::Checked {
        lane: LaneId(1),
        slot: Slot::Cold,
        status,
    });
    world.rests();
}

/// Why somebody was skipped, and what was found out about the number.
fn kept(world: &World) -> (Option<Reason>, Option<bool>) {
    let skipped = world.kept().find_map(|change| match change {
        Change::Happened(it) => match it.happening {
            Happening::Skipped(reason) => Some(reason),
            _ => None,
        },
        _ => None,
    });
    let presence = world.kept().find_map(|change| match change {
        Change::Presence { is_on_whatsapp, .. } => Some(*is_on_whatsapp),
        _ => None,
    });
    (skipped, presence)
}

#[test]
fn who_is_not_known_is_asked_about_first_one_at_a_time() {
    let (new, only) = (NumberCheck::New, NumberCheck::Only);
    // What is told, how many are written to, why somebody is skipped, what is kept of the number.
    let rows = [
        (new, OnWhatsapp, 1, None, Some(true)),
        (
            new,
            NotOnWhatsapp,
            0,
            Some(Reason::NotOnWhatsapp),
            Some(false),
        ),
        (new, Unknown, 0, None, None),
        (only, OnWhatsapp, 0, Some(Reason::OnWhatsapp), Some(true)),
        (
            only,
            NotOnWhatsapp,
            0,
            Some(Reason::NotOnWhatsapp),
            Some(false),
        ),
        (only, Unknown, 0, None, None),
    ];
    for (check, status, sent, skipped, presence) in rows {
        let row = format!("{check:?} {status:?}");
        let mut world = asking(check, 2);
        assert_eq!(asked(&mut world), [0], "{row}");
        answer(&mut world, status);
        assert_eq!(world.sent.len(), sent, "{row}");
        assert_eq!(kept(&world), (skipped, presence), "{row}");
        // Nothing was used up by an answer that told nothing.
        let next: &[u32] = if status == Unknown { &[1] } else { &[] };
        assert_eq!(asked(&mut world), next, "{row}");
        world.until(10);
        let next: &[u32] = if status == Unknown { &[] } else { &[1] };
        assert_eq!(asked(&mut world), next, "{row}");
    }
}

#[test]
fn a_lane_without_a_pace_asks_after_one_number_at_a_time_too() {
    let mut world = asking(NumberCheck::New, 0);
    let limits = LaneLimits::unpaced(4);
    let account = account_of(1);
    let set = Command::SetLimits { account, limits };
    world.asks(1, set);
    let definition = Definition {
        check: NumberCheck::New,
        ..plain("promo", 1)
    };
    world.add(running(2, definition, 3));
    world.take_left();
    world.rests();
    for ordinal in 0..3 {
        assert_eq!(asked(&mut world), [ordinal]);
        answer(&mut world, OnWhatsapp);
    }
    assert_eq!(world.sent.len(), 3);
}

#[test]
fn a_campaign_is_not_at_its_end_while_a_number_is_asked_after() {
    for (status, sent) in [(OnWhatsapp, 1), (NotOnWhatsapp, 0)] {
        let mut world = asking(NumberCheck::New, 1);
        world.until(30);
        let left = world.take_left();
        assert!(matches!(left[..], [Step::Check { .. }]), "{left:?}");
        answer(&mut world, status);
        let left = world.take_left();
        assert!(matches!(left[..], [Step::Reread(_)]), "{left:?}");
        assert_eq!(world.sent.len(), sent);
    }
}

#[test]
fn after_three_answers_that_tell_nothing_the_message_goes_or_the_question_is_given_up() {
    let rows = [
        (NumberCheck::New, vec![id(1)], None),
        (NumberCheck::Only, vec![], Some(Reason::NotKnown)),
    ];
    for (check, sent, skipped) in rows {
        let mut world = asking(check, 1);
        for minute in 1..=3 {
            assert_eq!(asked(&mut world), [0], "{check:?}");
            assert!(world.sent.is_empty(), "{check:?}");
            answer(&mut world, Unknown);
            world.until(60 * minute - 1);
            assert!(asked(&mut world).is_empty(), "{check:?}");
            world.until(60 * minute);
        }
        assert!(asked(&mut world).is_empty(), "{check:?}");
        assert_eq!(world.sent, sent, "{check:?}");
        assert_eq!(kept(&world), (skipped, None), "{check:?}");
    }
}
