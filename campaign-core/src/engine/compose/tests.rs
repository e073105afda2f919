use super::super::testing::{World, account_of, delivery, id, plain, running, session, urgent};
use super::*;
use crate::campaign::{Definition, Sessions};
use crate::engine::Settings;
use crate::limits::LaneLimits;
use crate::message::MessageTemplate;
use crate::store::CampaignRecord;

/// How many attempts each batch has put on record.
fn journals(world: &World) -> Vec<usize> {
    let batches = world.batches.iter().map(|batch| {
        let changes = batch.changes.iter();
        changes
            .filter(|it| matches!(it, Change::Journal(_)))
            .count()
    });
    batches.filter(|count| *count > 0).collect()
}

#[test]
fn so_many_are_under_way_at_most_and_broadcasts_leave_room_for_what_somebody_waits_for() {
    let mut world = World::new(LaneLimits::unpaced(u16::MAX));
    world.engine.settings.batch_max = 300;
    world.leaves = |step| matches!(step, Step::Send(_));
    world.add(running(1, plain("promo", 1), 2_000));
    world.rests();
    assert_eq!(journals(&world), [300, 212, 300, 84]);
    assert_eq!(world.gone().len(), 896);
    world.batches.clear();
    world.add(running(2, urgent("codes", 1), 2_000));
    world.rests();
    assert_eq!(journals(&world), [128]);
    let gone = world.gone();
    assert!(gone.iter().all(|delivery| delivery.campaign() == id(2)));
    assert_eq!(gone.len(), 128);
}

#[test]
fn whose_row_lacks_a_value_is_skipped_with_its_name_and_the_next_is_written_to() {
    let mut world = World::new(LaneLimits::unpaced(1));
    let definition = Definition {
        message: MessageTemplate::text("Halo {{nama}}").unwrap(),
        ..plain("promo", 1)
    };
    world.add(CampaignRecord {
        columns: ["nama".into()].into(),
        ..running(1, definition, 2)
    });
    for (ordinal, name) in [(0, ""), (1, "Budi")] {
        world.row(delivery(1, ordinal)).values = [name.into()].into();
    }
    world.rests();
    assert_eq!(world.sent, [id(1)]);
    let skipped = world.kept().find_map(|change| match change {
        Change::Happened(it) if it.delivery == delivery(1, 0) => Some(it),
        _ => None,
    });
    let skipped = skipped.unwrap();
    let reason = Reason::MissingVariable;
    assert_eq!(skipped.happening, Happening::Skipped(reason));
    assert!(skipped.message.as_deref().unwrap().contains("nama"));
}

#[test]
fn a_message_is_to_be_written_soon_and_its_campaign_is_not_at_its_end_before() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.leaves = |step| matches!(step, Step::Send(_) | Step::Reread(_));
    world.add(running(1, plain("promo", 1), 1));
    world.rests();
    let left = world.take_left();
    let [Step::Send(sending)] = &left[..] else {
        panic!("{left:?}");
    };
    let soon = Settings::default().send_deadline;
    assert_eq!(sending.deadline, world.now.elapsed + soon);
}

#[test]
fn each_account_of_a_pool_leaves_to_the_other_whom_that_one_knows() {
    let pool = |name| Definition {
        sessions: Sessions::new([1, 2].map(session)).unwrap(),
        ..plain(name, 1)
    };
    let mut world = World::new(LaneLimits::unpaced(1));
    world.leaves = |step| matches!(step, Step::Send(_));
    // By then it is known whose the sessions are.
    world.add(running(1, pool("first"), 0));
    world.rests();
    world.add(running(2, pool("second"), 2));
    world.rests();
    let journals = world.kept().filter_map(|change| match change {
        Change::Journal(journal) => Some((journal.lane, &*journal.unless_known_to)),
        _ => None,
    });
    let mut journals: Vec<_> = journals.collect();
    journals.sort_unstable();
    let [one, two] = [1, 2].map(account_of);
    let wanted = [(LaneId(1), &[two][..]), (LaneId(2), &[one][..])];
    assert_eq!(journals, wanted);
}
