//! What the look at one message tells of others: whether ids are kept, whether the session reaches WhatsApp, what absence is worth.

use super::*;
use crate::failure::Trouble;
use crate::limits::Slot;

fn lane_of(world: &World) -> &super::super::super::lane::Lane {
    world.engine.lanes.get(LaneId(1)).unwrap()
}

#[test]
fn absence_is_worth_what_is_known_of_the_id_and_of_the_message_store() {
    let doubt = ended_at(1_100);
    let mut world = settling(&doubt);
    let absence = world.engine.absence(&doubt, true, at(1_300));
    let wanted = Absence {
        id_is_trusted: true,
        store_is_off: false,
        control_found: true,
        started: at(600).elapsed,
        ended: at(1_100).elapsed,
        steady_since: Some(at(1_000).elapsed),
        server_up_since: Some(at(10).elapsed),
        horizon: 120 * SECOND,
    };
    assert_eq!(absence, wanted);

    let chosen_by_server = Doubtful {
        foreign_id: Some("SRV1".into()),
        ..doubt.clone()
    };
    let image = Doubtful {
        kind: MessageKind::Image,
        ..doubt.clone()
    };
    for doubt in [chosen_by_server, image] {
        let absence = world.engine.absence(&doubt, true, at(1_300));
        assert!(!absence.id_is_trusted, "{doubt:?}");
    }

    let since = |second| Keeping::Since(at(second).stamp(BOOT));
    // Whether the other message was found, whether it was accepted before the attempt, and since when messages are kept.
    let rows = [
        (true, true, since(601), true),
        (true, true, Keeping::Unknown, true),
        (true, false, since(600), true),
        (true, false, since(601), false),
        (true, false, Keeping::Unknown, false),
        (false, true, since(0), false),
    ];
    for (is_found, accepted_before, keeping, proves) in rows {
        let mut doubt = doubt.clone();
        doubt.control.as_mut().unwrap().accepted_before = accepted_before;
        world.engine.lanes.get_mut(LaneId(1)).unwrap().keeping = keeping;
        let absence = world.engine.absence(&doubt, is_found, at(1_300));
        let row = (is_found, accepted_before, keeping);
        assert_eq!(absence.control_found, proves, "{row:?}");
        assert!(!absence.store_is_off);
    }
    world.engine.lanes.get_mut(LaneId(1)).unwrap().keeping = Keeping::Not;
    assert!(world.engine.absence(&doubt, true, at(1_300)).store_is_off);
}

#[test]
fn an_image_that_is_found_under_our_id_shows_that_this_server_keeps_ids_of_images() {
    let image = Doubtful {
        kind: MessageKind::Image,
        ..doubtful(0)
    };
    let under_its_own = Doubtful {
        foreign_id: Some("SRV1".into()),
        ..image.clone()
    };
    let found = Found::Found(Ack::Server);
    let absent = Found::Absent { complete: true };
    // Which doubt, what is found, since when the server runs.
    let rows = [
        (image.clone(), found.clone(), 600, true),
        (image.clone(), found.clone(), 601, false),
        (image, absent, 10, false),
        (under_its_own, found, 10, false),
    ];
    for (doubt, found, server_up_since, trusts) in rows {
        let row = format!("{doubt:?} {found:?} {server_up_since}");
        let mut world = World::of(vec![doubt]);
        world.found = Some(found);
        world.shows(working(at(server_up_since).elapsed));
        world.until(1_001);
        assert_eq!(world.looks, [delivery(0)], "{row}");
        assert_eq!(lane_of(&world).trusts(MessageKind::Image), trusts, "{row}");
    }
}

/// Looks at three such messages find this.
fn three(standing: Standing, ack: Ack) -> World {
    let doubts = (0..3).map(|ordinal| Doubtful {
        standing,
        looks: 0,
        ..doubtful(ordinal)
    });
    let mut world = World::of(doubts.collect());
    world.found = Some(Found::Found(ack));
    world.shows(working(at(10).elapsed));
    world.until(1_001);
    assert_eq!(world.looks.len(), 3);
    world
}

fn trouble(world: &World) -> Option<Trouble> {
    let hold = lane_of(world).held(Slot::Cold, world.now);
    hold.map(|hold| hold.trouble)
}

#[test]
fn accepted_messages_that_whatsapp_never_saw_make_the_session_suspect() {
    let rows = [
        (silent(), Ack::Pending, Some(Trouble::SuspectedDead)),
        (silent(), Ack::Server, None),
        (unconfirmed(), Ack::Pending, None),
        (unconfirmed(), Ack::Server, None),
    ];
    for (standing, ack, suspected) in rows {
        let world = three(standing, ack);
        assert_eq!(trouble(&world), suspected, "{standing:?} {ack:?}");
    }
}

#[test]
fn one_that_whatsapp_has_lifts_the_suspicion_and_that_goes_on_record() {
    let mut world = three(silent(), Ack::Pending);
    let is_suspect = |world: &World| {
        let note = world.notes.last().unwrap();
        note.health.session.unwell.is_some()
    };
    assert!(is_suspect(&world));
    world.found = Some(Found::Found(Ack::Server));
    world.until(1_200);
    assert_eq!(trouble(&world), None);
    assert!(!is_suspect(&world));
}
