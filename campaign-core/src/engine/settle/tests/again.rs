//! When a doubt is looked up again, and when it is left to a person.

use super::*;

#[test]
fn when_a_doubt_is_looked_up_again_is_told_by_what_is_missing() {
    use Missing::{Account, Control, OtherAccounts, SameServer, SteadySession, Store, Time};
    let rows = [
        // Ever more rarely while the server may hold the request, and a moment after it may not any more.
        (Time, 0, 1_110, Some(1_115)),
        (Time, 1, 1_110, Some(1_130)),
        (Time, 2, 1_110, Some(1_190)),
        (Time, 3, 1_110, Some(1_222)),
        (Time, 200, 1_110, Some(1_222)),
        (Time, 0, 1_212, Some(1_217)),
        (Time, 0, 1_213, Some(1_222)),
        (Time, 0, 1_230, Some(1_222)),
        // Evidence may come in until then; afterwards a person decides.
        (Store, 0, 1_110, Some(1_115)),
        (Store, 0, 1_219, Some(1_222)),
        (Store, 0, 1_220, None),
        (SameServer, 0, 1_110, Some(1_115)),
        (SameServer, 0, 1_219, Some(1_222)),
        (SameServer, 0, 1_220, None),
        (Account, 0, 1_110, None),
        // Its ids were trusted once, and may be again.
        (Missing::TrustedId, 0, 1_110, Some(1_115)),
        (Missing::TrustedId, 0, 1_219, Some(1_222)),
        (Missing::TrustedId, 0, 1_220, Some(1_235)),
        // A whole horizon after it has become steady.
        (SteadySession, 0, 1_110, Some(1_122)),
        (SteadySession, 0, 1_121, Some(1_123)),
        (SteadySession, 0, 4_699, Some(4_701)),
        (SteadySession, 0, 4_700, None),
        // Another message may be found, until it has been looked for often and long enough.
        (Control, 0, 1_110, Some(1_125)),
        (Control, 1, 1_110, Some(1_140)),
        (Control, 2, 1_110, Some(1_170)),
        (Control, 9, 1_110, Some(1_170)),
        (Control, 12, 1_579, Some(1_639)),
        (Control, 12, 1_580, None),
        (Control, 11, 1_580, Some(1_640)),
        (OtherAccounts, 0, 1_110, Some(1_125)),
    ];
    let doubt = ended_at(1_100);
    let world = settling(&doubt);
    for (missing, looks, second, next) in rows {
        let doubt = Doubtful {
            looks,
            ..doubt.clone()
        };
        let again = world.engine.look_again(&doubt, missing, at(second));
        let next = next.map(|it| at(it).elapsed);
        assert_eq!(again, next, "{missing:?}, {looks} looks, at {second}");
    }
    // No image was ever seen to keep its id.
    let image = Doubtful {
        kind: MessageKind::Image,
        ..doubt.clone()
    };
    let again = |second| {
        world
            .engine
            .look_again(&image, Missing::TrustedId, at(second))
    };
    assert_eq!(again(1_699), Some(at(1_710).elapsed));
    assert_eq!(again(1_700), None);
    // Nobody was asked yet since when its server runs, or has ever told when it became steady.
    let elsewhere = Doubtful {
        lane: LaneId(2),
        ..doubt
    };
    let again = |missing| world.engine.look_again(&elsewhere, missing, at(1_300));
    assert_eq!(again(SameServer), Some(at(1_315).elapsed));
    assert_eq!(again(SteadySession), Some(at(1_422).elapsed));
}

#[test]
fn patience_begins_when_nothing_is_sent_any_more_and_nobody_sleeps() {
    let patience = 480 * SECOND;
    let doubt = ended_at(1_100);
    // What else is so, and from when on the doubt has been waited for.
    let rows: [(Deed<Engine>, Option<i64>); 5] = [
        (|_| {}, Some(1_580)),
        (|engine| engine.awake_since = at(1_300).elapsed, Some(1_780)),
        (
            |engine| {
                let job = engine.jobs.get_mut(&campaign()).unwrap();
                job.completed_at = Some(at(1_200).elapsed);
            },
            Some(1_680),
        ),
        (
            |engine| engine.jobs.get_mut(&campaign()).unwrap().state = CampaignState::Running,
            None,
        ),
        (|engine| engine.jobs.remove(campaign()), Some(1_580)),
    ];
    for (number, (is_so, waited)) in rows.into_iter().enumerate() {
        let mut world = settling(&doubt);
        is_so(&mut world.engine);
        let has_waited = |second| world.engine.has_waited(&doubt, patience, at(second));
        match waited {
            Some(second) => {
                assert!(!has_waited(second - 1), "{number}");
                assert!(has_waited(second), "{number}");
            }
            None => assert!(!has_waited(99_999), "{number}"),
        }
    }
}

#[test]
fn a_session_that_has_just_become_steady_is_looked_into_for_longer() {
    let doubt = Doubtful {
        looks: Settings::default().looks_max,
        ..ended_at(1_100)
    };
    let mut world = settling(&doubt);
    let lane = world.engine.lanes.get_mut(LaneId(1)).unwrap();
    lane.steady_since = Some(at(2_000).elapsed);
    let again = |engine: &Engine, second| engine.later(&doubt, at(second));
    assert_eq!(again(&world.engine, 2_479), Some(at(2_539).elapsed));
    assert_eq!(again(&world.engine, 2_480), None);
    let lane = world.engine.lanes.get_mut(LaneId(1)).unwrap();
    lane.steady_since = None;
    assert_eq!(again(&world.engine, 2_001), None, "looks prove nothing");
}

#[test]
fn how_far_an_accepted_message_got_is_looked_at_a_few_times() {
    let doubt = ended_at(1_100);
    let world = settling(&doubt);
    for (looks, next) in [(0, Some(1_125)), (2, Some(1_170)), (3, None), (9, None)] {
        let doubt = Doubtful {
            looks,
            ..doubt.clone()
        };
        let again = world.engine.look_at_silent(&doubt, at(1_110));
        assert_eq!(again, next.map(|it| at(it).elapsed), "{looks}");
    }
}
