//! After an older copy of the database was put in place, a message of several accounts may have gone from any of them.

use super::*;

/// A world of one such doubt, in which both sessions of its campaign work.
fn of_two_accounts(doubt: Doubtful) -> World {
    let mut world = World::of(vec![doubt]);
    world.shows(working(at(10).elapsed));
    let other = PhoneNumber::from_digits(6_281_300_000_002).unwrap();
    let works = Input::Observed {
        session: away(),
        observation: Observation {
            account: Some(Account(other)),
            ..working(at(10).elapsed)
        },
    };
    world.engine.handle(works, world.now);
    world.until(1_005);
    world
}

fn restored(looks: u8, lane: u32) -> Doubtful {
    Doubtful {
        is_restored: true,
        looks,
        lane: LaneId(lane),
        ..doubtful(0)
    }
}

#[test]
fn each_look_asks_another_account() {
    let world = of_two_accounts(doubtful(0));
    // How often it was looked at, from which lane it went as far as is known, which lane is asked, and whether what it must find is its own.
    let rows = [
        (0, 1, 1, true),
        (1, 1, 2, false),
        (2, 1, 1, true),
        (0, 2, 1, false),
        (1, 2, 2, true),
    ];
    for (looks, lane, asked, is_own) in rows {
        let asks = world.engine.asked_in_turn(restored(looks, lane));
        let row = (looks, lane);
        assert_eq!(
            (asks.lane, asks.control.is_some()),
            (LaneId(asked), is_own),
            "{row:?}"
        );
    }
    let known = Doubtful {
        is_restored: false,
        ..restored(1, 1)
    };
    assert_eq!(world.engine.asked_in_turn(known.clone()), known);
}

#[test]
fn that_one_account_does_not_have_it_proves_nothing() {
    let mut world = of_two_accounts(restored(0, 1));
    world.until(1_600);
    assert!(world.proved.is_empty());
    let others = Missing::OtherAccounts.to_string();
    assert_eq!(world.missing.last().map(|it| &**it), Some(&*others));
    let next = world.looked.last().unwrap().1;
    assert!(next.is_some(), "evidence may still come");
}
