use super::super::testing::{World, delivery, id, person, running, single, urgent};
use super::*;
use crate::delivery::{Reason, Standing, State};
use crate::limits::LaneLimits;
use crate::store::CampaignRecord;

use CampaignState::{Cancelled, Frozen, Paused, Running, Scheduled};

fn campaign(number: u32, state: CampaignState) -> CampaignRecord {
    CampaignRecord {
        state,
        ..single(number, 1, None)
    }
}

fn moved(moved: u64, refused: u64) -> Answer {
    Answer::Deliveries { moved, refused }
}

fn stands(state: CampaignState, in_flight: u32) -> Answer {
    Answer::Campaign { state, in_flight }
}

fn texts(world: &World) -> Vec<&str> {
    let texts = world.steps.iter().filter_map(|(_, step)| match step {
        Step::Send(sending) => Some(sending.message.text.as_str()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn a_campaign_goes_where_it_is_asked_to_and_waits_for_its_start() {
    const START: fn(CampaignId) -> Command = |campaign| Command::Start { campaign };
    const RESUME: fn(CampaignId) -> Command = |campaign| Command::Resume { campaign };
    const PAUSE: fn(CampaignId) -> Command = |campaign| Command::Pause { campaign };
    // Where it stands, in how many seconds it starts, what is asked for, and where it goes, if anywhere.
    for (from, starts_in, asked, to) in [
        (Frozen, None, START, Some(Running)),
        (Frozen, Some(-3_600), START, Some(Running)),
        (Frozen, Some(0), START, Some(Running)),
        (Frozen, Some(3_600), START, Some(Scheduled)),
        (Frozen, Some(3_600), PAUSE, Some(Paused)),
        (Scheduled, Some(3_600), START, None),
        (Paused, None, RESUME, Some(Running)),
        (Paused, Some(3_600), RESUME, Some(Running)),
        (Running, None, START, None),
        (Running, None, RESUME, None),
    ] {
        let mut world = World::new(LaneLimits::unpaced(1));
        let mut record = campaign(1, from);
        let starts_at = starts_in.map(|seconds| {
            let wait = jiff::SignedDuration::from_secs(seconds);
            world.now.wall.checked_add(wait).unwrap()
        });
        std::sync::Arc::make_mut(&mut record.definition).starts_at = starts_at;
        world.add_idle(record);
        world.asks(7, asked(id(1)));
        world.until(1);
        let expected = to.map(|to| (from, to));
        let case = format!("{from}, starts in {starts_in:?}, to {to:?}");
        assert_eq!(world.moves(), Vec::from_iter(expected), "{case}");
        let answer = stands(to.unwrap_or(from), 0);
        assert_eq!(world.answers(), [(7, answer)].into(), "{case}");
    }
}

#[test]
fn a_command_that_was_overtaken_is_answered_with_where_the_campaign_stands() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.otherwise = Box::new(|change| {
        let is_move = matches!(change, Change::Campaign { .. });
        is_move.then_some(Effect::Lost(Lost::Campaign(Cancelled)))
    });
    world.add(campaign(1, Paused));
    world.asks(1, Command::Resume { campaign: id(1) });
    world.until(1);
    assert_eq!(world.answers(), [(1, stands(Cancelled, 0))].into());
}

#[test]
fn a_pause_is_answered_when_it_is_on_record() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.add_idle(campaign(1, Running));
    world.until(1);
    world.asks(1, Command::Pause { campaign: id(1) });
    world.until(1);
    assert_eq!(world.answers(), [(1, stands(Paused, 0))].into());
}

#[test]
fn a_pause_waits_ten_seconds_for_what_is_under_way_and_then_tells_of_it() {
    let paused = |is_answered: bool| {
        let mut world = World::new(LaneLimits::unpaced(1));
        world.leaves = |step| matches!(step, Step::Send(_));
        world.add(campaign(1, Running));
        world.until(100);
        world.asks(1, Command::Pause { campaign: id(1) });
        world.until(109);
        assert_eq!(world.answers(), [].into());
        if is_answered {
            world.catches_up();
        } else {
            world.until(110);
        }
        world.rests();
        world.answers()
    };
    assert_eq!(paused(false), [(1, stands(Paused, 1))].into());
    assert_eq!(paused(true), [(1, stands(Paused, 0))].into());
}

/// A pause that is still open when the runner dies is obeyed by the next one, and nobody resumes the campaign once more.
#[test]
fn a_pause_that_waits_is_answered_before_the_resume_that_overtakes_it() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.leaves = |step| matches!(step, Step::Send(_));
    world.add(campaign(1, Running));
    world.until(1);
    world.asks(1, Command::Pause { campaign: id(1) });
    world.asks(2, Command::Resume { campaign: id(1) });
    world.until(2);
    let expected = [(1, stands(Paused, 1)), (2, stands(Running, 0))];
    assert_eq!(world.answers(), expected.into());
    let answered = world.kept().filter_map(|change| match change {
        Change::Answer { command, .. } => Some(command.0),
        _ => None,
    });
    assert_eq!(Vec::from_iter(answered), [1, 2]);
}

/// It was told to open a moment before, and another one too.
#[test]
fn a_pause_closes_the_gate_of_its_campaign_before_anything_else_is_done() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.add(campaign(1, Running));
    world.add(campaign(2, Running));
    world.asks(1, Command::Pause { campaign: id(1) });
    world.until(1);
    let gates = world.steps.iter().filter_map(|(_, step)| match step {
        Step::Gate { campaign, is_open } => Some((*campaign, *is_open)),
        _ => None,
    });
    let gates: Vec<_> = gates.collect();
    assert_eq!(gates, [(id(1), false), (id(2), true), (id(1), false)]);
    assert_eq!(world.sent, [id(2)]);
}

#[test]
fn each_command_counts_its_own_deliveries() {
    let mut world = World::new(LaneLimits::unpaced(1));
    let deliveries = |ordinals: &[u32]| ordinals.iter().map(|it| delivery(1, *it)).collect();
    for in_doubt in [1, 3, 4].map(|ordinal| delivery(1, ordinal)) {
        let standing = Standing {
            state: State::Unconfirmed,
            reason: Some(Reason::NoAnswer),
            attempts: 1,
            ..Standing::NEW
        };
        world.people.insert(in_doubt, (person(in_doubt), standing));
    }
    world.otherwise = Box::new(|change| match change {
        Change::NewGeneration { delivery: it } if [6, 7].contains(&it.ordinal()) => {
            Some(Effect::Lost(Lost::NoGeneration))
        }
        Change::NewGeneration { delivery } => Some(Effect::Created(*delivery)),
        _ => None,
    });
    for (number, command) in [
        Command::Confirm {
            deliveries: deliveries(&[1, 2, 3]),
        },
        Command::GiveUp {
            deliveries: deliveries(&[4]),
        },
        Command::Resend {
            deliveries: deliveries(&[5, 6, 7]),
        },
        Command::Resend {
            deliveries: deliveries(&[8]),
        },
        Command::Confirm {
            deliveries: Vec::new(),
        },
    ]
    .into_iter()
    .enumerate()
    {
        world.asks(number as u64, command);
    }
    world.until(1);
    let answers = [(2, 1), (1, 0), (1, 2), (1, 0), (0, 0)].map(|(yes, no)| moved(yes, no));
    assert_eq!(world.answers(), (0..).zip(answers).collect());
}

#[test]
fn a_retry_tells_how_many_are_sent_again_when_all_have_been_gone_through() {
    let mut world = World::new(LaneLimits::unpaced(1));
    let mut pages = vec![3, SWEEP_BATCH];
    world.otherwise = Box::new(move |change| match change {
        Change::Sweep { campaign, .. } if *campaign == id(1) => pages.pop().map(Effect::Swept),
        Change::Sweep { campaign, .. } if *campaign == id(2) => Some(Effect::Swept(7)),
        Change::Sweep { .. } => Some(Effect::Lost(Lost::Campaign(Cancelled))),
        _ => None,
    });
    for number in 1..=3 {
        world.add_idle(campaign(number, Running));
        let campaign = id(number);
        let reason = None;
        world.asks(number.into(), Command::Retry { campaign, reason });
    }
    world.until(1);
    let mut answers = world.answers();
    let cancelled = answers.remove(&3).unwrap();
    assert_eq!(answers, [(1, moved(5_003, 0)), (2, moved(7, 0))].into());
    assert_eq!(
        cancelled,
        refused("nothing of a campaign that is cancelled is sent again")
    );
}

#[test]
fn another_message_is_said_from_when_it_is_on_record() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.add(running(1, urgent("codes", 1), 3));
    world.until_sent(1);
    let edit = |text| Command::Edit {
        campaign: id(1),
        message: MessageTemplate::text(text).unwrap(),
    };
    world.asks(1, edit("Selamat pagi"));
    world.until(1);
    assert_eq!(texts(&world), ["Halo", "Selamat pagi", "Selamat pagi"]);
    world.asks(2, edit("Halo {{nama}}"));
    world.until(2);
    let answers = world.answers();
    assert_eq!(answers[&1], Answer::Done);
    assert!(
        matches!(&answers[&2], Answer::Refused { why } if why.contains("nama")),
        "{answers:?}"
    );
}

#[test]
fn each_command_for_another_message_is_answered_for_its_own_campaign() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.otherwise = Box::new(|change| match change {
        Change::Message { campaign, .. } if *campaign == id(1) => {
            Some(Effect::Lost(Lost::Campaign(Cancelled)))
        }
        Change::Message { campaign, .. } if *campaign == id(2) => {
            Some(Effect::Lost(Lost::NotFound))
        }
        _ => None,
    });
    for number in 1..=3 {
        world.add(campaign(number, Running));
    }
    for number in 1..=4 {
        let campaign = id(number);
        let message = MessageTemplate::text("Selamat pagi").unwrap();
        world.asks(number.into(), Command::Edit { campaign, message });
    }
    world.until(1);
    assert_eq!(
        world.answers(),
        [
            (
                1,
                refused("the message of a campaign that is cancelled stays")
            ),
            (2, not_known_yet()),
            (3, Answer::Done),
            (4, not_known_yet()),
        ]
        .into()
    );
    // What was not to be had is not said.
    assert_eq!(texts(&world), ["Halo", "Halo", "Selamat pagi"]);
}
