use super::testing::{World, id, single};
use super::*;
use crate::limits::LaneLimits;
use crate::store::Effect;

const SECOND: Duration = Duration::from_secs(1);

/// One whose only message is under way, and whose campaign was paused since.
fn paused_while_one_is_under_way() -> World {
    let mut world = World::of(1, None);
    world.leaves = |step| matches!(step, Step::Send(_));
    world.until_sent(1);
    world.asks(1, Command::Pause { campaign: id(1) });
    world.until_sent(2);
    let job = world.engine.jobs.get(&id(1));
    assert_eq!(job.map(|job| job.state), Some(CampaignState::Paused));
    world
}

/// After a failed commit nothing is lost, and the store is left alone for a while.
#[test]
fn a_commit_that_failed_is_tried_again_after_a_pause() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.add(single(1, 1, None));
    world.failing = 1;
    let again = Elapsed::from_micros(1_000_000);
    assert_eq!(world.until_sent(1), Some(again));
    world.wait(STORE_PAUSE);
    world.until_sent(1);
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_page_that_could_not_be_read_is_asked_for_again_after_a_pause() {
    let mut world = World::of(1, None);
    world.unreadable = 2;
    for _ in 0..2 {
        let again = world.now.elapsed + STORE_PAUSE;
        assert_eq!(world.until_sent(1), Some(again));
        world.wait(STORE_PAUSE);
    }
    world.until_sent(1);
    assert_eq!(world.sent.len(), 1);
}

/// Whoever has nothing to do may be asked again at any time: it has not been asleep.
#[test]
fn who_idles_is_not_taken_for_frozen() {
    let mut world = World::new(LaneLimits::unpaced(1));
    assert!(matches!(world.engine.next(world.now), Step::Idle));
    world.wait(SECOND * 3_600);
    assert!(matches!(world.engine.next(world.now), Step::Idle));
    assert_eq!(world.engine.awake_since, Elapsed::from_micros(0));
}

#[test]
fn a_single_message_is_told_from_a_campaign() {
    let mut world = World::of(1, None);
    let mut campaign = single(2, 1, None);
    let mut definition = (*campaign.definition).clone();
    definition.name = "Juli".to_owned();
    campaign.definition = definition.into();
    world.add(campaign);
    let engine = &world.engine;
    assert!(engine.is_single(id(1)));
    assert!(!engine.is_single(id(2)));
    assert!(!engine.is_single(id(3)));
}

#[test]
fn it_is_busy_until_what_is_under_way_has_ended_and_is_on_record() {
    let mut world = paused_while_one_is_under_way();
    assert!(world.engine.is_busy());
    world.catches_up();
    assert!(world.engine.is_busy());
    let step = world.engine.next(world.now);
    assert!(matches!(step, Step::Commit(_)), "{step:?}");
    assert!(world.engine.is_busy());
    world.tell(Input::Committed(vec![Effect::Done]));
    assert!(!world.engine.is_busy());
}

#[test]
fn who_waits_for_its_hours_is_busy() {
    let mut world = World::of(1, Some("09:00-10:00"));
    world.until_sent(1);
    assert!(!world.engine.doubts.are_pending());
    assert!(world.engine.is_busy());
}

#[test]
fn it_stops_when_what_is_under_way_has_ended_and_is_on_record() {
    let mut world = paused_while_one_is_under_way();
    world.tell(Input::Stop);
    let next = |world: &mut World| loop {
        let step = world.engine.next(world.now);
        if !matches!(step, Step::Gate { .. }) {
            return step;
        }
    };
    let step = next(&mut world);
    assert!(matches!(step, Step::WaitUntil(_)), "{step:?}");
    world.catches_up();
    let mut commits = 0;
    loop {
        let batch = match next(&mut world) {
            Step::Commit(batch) => batch,
            Step::Stopped => break,
            step => panic!("{step:?}"),
        };
        let step = next(&mut world);
        assert!(matches!(step, Step::WaitUntil(_)), "{step:?}");
        let effects = vec![Effect::Done; batch.changes.len()];
        world.tell(Input::Committed(effects));
        commits += 1;
    }
    assert!(commits > 0);
}

#[test]
fn it_is_quiet_when_nothing_was_sent_for_two_minutes_and_nothing_is_in_doubt() {
    let mut world = World::of(1, None);
    let two_minutes = world.engine.settings.silence * 2;
    world.leaves = |step| matches!(step, Step::Send(_));
    world.wait(SECOND * 3_600);
    assert!(!world.engine.is_quiet(world.now), "doubts were not read");
    world.until_sent(1);
    assert!(!world.engine.is_quiet(world.now), "one is under way");
    world.catches_up();
    world.until_sent(2);
    world.wait(two_minutes);
    assert!(!world.engine.is_quiet(world.now), "one ended just now");
    world.wait(Duration::from_micros(1));
    assert!(world.engine.is_quiet(world.now));
}

/// What is accepted and stays without an ack is looked for as long as there are campaigns: more often while messages go out.
#[test]
fn what_stays_silent_is_looked_for_every_minute_and_more_often_after_a_send() {
    let marked = |world: &mut World| {
        let begin = world.now.elapsed.as_micros() / 1_000_000;
        world.until(begin + 299);
        let moments = world.when(|step| matches!(step, Step::MarkSilent { .. }));
        let since = moments.into_iter().map(|moment| moment - begin);
        since.collect::<Vec<i64>>()
    };
    let mut closed = World::of(1, Some("09:00-10:00"));
    closed.wait(SECOND * 600);
    assert_eq!(marked(&mut closed), [0, 60, 120, 180, 240]);
    let mut sending = World::of(1, None);
    let after_one = marked(&mut sending);
    let often: Vec<i64> = (0..=12).map(|it| it * 10).collect();
    assert!(after_one.starts_with(&often), "{after_one:?}");
    assert_eq!(World::new(LaneLimits::unpaced(1)).until_sent(1), None);
}

#[test]
fn a_send_that_nobody_answers_keeps_the_next_one_waiting_for_its_horizon() {
    let mut world = World::of(2, None);
    world.leaves = |step| matches!(step, Step::Send(_));
    // Between two looks at the session, which would wake the engine as well.
    let horizon = Duration::from_millis(17_300);
    world.engine.settings.hold_horizon_text = horizon;
    loop {
        let moment = world.until_sent(2).unwrap_or(Elapsed::NEVER);
        if world.sent.len() == 2 {
            break;
        }
        assert!(moment <= Elapsed::from_micros(0) + horizon, "{moment:?}");
        let pause = moment.since(world.now.elapsed);
        world.wait(pause);
    }
    assert_eq!(world.now.elapsed, Elapsed::from_micros(0) + horizon);
}
