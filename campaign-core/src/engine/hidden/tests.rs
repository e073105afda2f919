use super::super::testing::{World, account_of, delivery, person, plain, running, session};
use super::*;
use crate::campaign::Definition;
use crate::consent::Barred;
use crate::engine::Input;
use crate::gateway::Notice;
use crate::limits::LaneLimits;
use crate::store::{Command, Effect, Lost};

const SECOND: Duration = Duration::from_secs(1);

fn lid(number: u64) -> Lid {
    Lid::from_number(number).unwrap()
}

/// One in which a session works and has nothing to do; whose phone belongs to a LID is for the test to say.
fn watching() -> World {
    let mut world = World::new(LaneLimits::unpaced(4));
    world.leaves = |step| matches!(step, Step::PhoneOf { .. });
    world.add(running(1, plain("promo", 1), 0));
    world.rests();
    world
}

/// Somebody writes of whom only the LID is known; it is an opt-out or not.
fn hears(world: &mut World, is_opt_out: bool) {
    world.otherwise = Box::new(move |change| match change {
        Change::HiddenReply(_) if is_opt_out => Some(Effect::HiddenOptOut),
        _ => None,
    });
    world.tell(Input::Noticed(Notice::HiddenReply {
        session: session(1),
        account: account_of(1),
        message_id: "IN1".into(),
        lid: lid(1),
        received_at: world.now.wall,
        text: "berhenti".into(),
    }));
}

/// It is on record from before that this person has opted out.
fn is_told(world: &mut World) {
    world.tell(Input::HiddenOptOuts(vec![HiddenOptOut {
        lid: lid(1),
        account: account_of(1),
        session: session(1),
        since: world.now.wall,
    }]));
}

/// After how many seconds it was asked whose phone that is, while nobody knows, within four hours.
fn asked_at(world: &mut World) -> Vec<u64> {
    let began = world.now.elapsed;
    let ends = began + 4 * 3_600 * SECOND;
    let mut asked = Vec::new();
    loop {
        let next = world.rests();
        if !world.take_left().is_empty() {
            asked.push(world.now.elapsed.since(began).as_secs());
            let (lid, phone) = (lid(1), None);
            world.tell(Input::PhoneOf { lid, phone });
            continue;
        }
        match next.filter(|moment| *moment <= ends) {
            Some(moment) => world.wait(moment.since(world.now.elapsed)),
            None => return asked,
        }
    }
}

#[test]
fn whose_phone_a_lid_has_is_asked_ever_more_rarely_and_of_an_opt_out_without_end() {
    let at_first = [0, 30, 90, 210, 450, 930, 1_890, 3_810];
    let for_ever = [7_410, 11_010];
    let of_opt_out = [&at_first[..], &for_ever[..]].concat();
    let asked_after = |happens: fn(&mut World)| {
        let mut world = watching();
        happens(&mut world);
        asked_at(&mut world)
    };
    assert_eq!(asked_after(|world| hears(world, false)), at_first);
    assert_eq!(asked_after(|world| hears(world, true)), of_opt_out);
    assert_eq!(asked_after(is_told), of_opt_out);
    let told_later = asked_after(|world| {
        hears(world, false);
        is_told(world);
    });
    assert_eq!(told_later, of_opt_out);
    let writes_again = asked_after(|world| {
        is_told(world);
        hears(world, false);
    });
    assert_eq!(writes_again, of_opt_out);
}

#[test]
fn a_phone_that_is_told_goes_on_record_and_is_asked_for_no_more() {
    let mut world = watching();
    hears(&mut world, true);
    world.rests();
    assert_eq!(world.take_left().len(), 1);
    // Meanwhile nobody asks a second time.
    hears(&mut world, true);
    world.until(60);
    assert!(world.take_left().is_empty());
    let phone = PhoneNumber::FICTITIOUS;
    let told = Input::PhoneOf {
        lid: lid(1),
        phone: Some(phone),
    };
    world.tell(told);
    assert_eq!(asked_at(&mut world), [0_u64; 0]);
    let learnt = Change::Lid { lid: lid(1), phone };
    assert!(world.kept().any(|change| *change == learnt));
}

#[test]
fn only_a_session_that_works_is_asked_and_one_that_does_not_is_seen_to_later() {
    let mut world = watching();
    world.leaves = |step| matches!(step, Step::PhoneOf { .. } | Step::Observe(_));
    let starting = Readiness::NotReady("STARTING".into());
    world.is_told(1, starting, Some(account_of(1)));
    hears(&mut world, true);
    world.rests();
    world.take_left();
    world.wait(4 * SECOND);
    world.is_told(1, Readiness::Working, Some(account_of(1)));
    world.leaves = |step| matches!(step, Step::PhoneOf { .. });
    world.rests();
    assert!(world.take_left().is_empty());
    world.until(14);
    world.wait(Duration::from_millis(999));
    world.rests();
    assert!(world.take_left().is_empty());
    world.until(15);
    assert_eq!(world.take_left().len(), 1);
}

#[test]
fn who_did_not_opt_out_is_remembered_only_while_there_is_room() {
    let (mut hidden, world) = (Hidden::default(), watching());
    let mut now = world.now;
    for number in 1..=LIDS_MAX as u64 + 1 {
        hidden.note(lid(number), session(1), false, now);
    }
    assert_eq!(hidden.lids.len(), LIDS_MAX);
    now.elapsed = now.elapsed + SECOND;
    hidden.note(lid(1), session(1), false, now);
    assert_eq!(
        hidden.lids[&lid(1)].ask_at,
        now.elapsed,
        "known, and asked anew"
    );
    hidden.note(lid(9_999), session(1), true, now);
    assert_eq!(hidden.lids.len(), LIDS_MAX + 1);
}

/// A broadcast to so many people, of each of whom it must be found out first whether they have opted out.
fn may_be_hidden(people: u32) -> World {
    let mut world = World::new(LaneLimits::unpaced(4));
    world.leaves = |step| matches!(step, Step::LidOf { .. } | Step::Send(_) | Step::Reread(_));
    world.lose((0..people).map(|_| Lost::Barred(Barred::MayBeHidden)));
    world.add(running(1, plain("promo", 1), people));
    world.rests();
    world
}

/// Those left steps that ask for a LID.
fn asks(world: &mut World) -> usize {
    let left = world.take_left();
    assert!(
        left.iter().all(|it| matches!(it, Step::LidOf { .. })),
        "{left:?}"
    );
    left.len()
}

fn tells(world: &mut World, lid: Option<Lid>) {
    let lane = LaneId(1);
    world.tell(Input::LidOf { lane, lid });
    world.rests();
}

#[test]
fn who_may_be_the_one_is_written_to_once_the_lid_is_known() {
    let mut world = may_be_hidden(1);
    world.until(60);
    assert_eq!(asks(&mut world), 1, "and it is not at its end meanwhile");
    tells(&mut world, Some(lid(7)));
    assert_eq!(world.gone(), [delivery(1, 0)]);
    let (lid, phone) = (lid(7), person(delivery(1, 0)).phone);
    assert!(world.kept().any(|it| *it == Change::Lid { lid, phone }));
    assert!(!world.engine.hidden.keeps_waiting(delivery(1, 0).campaign()));
}

#[test]
fn one_is_asked_about_at_a_time_and_the_next_waits_its_turn() {
    let mut world = may_be_hidden(2);
    assert_eq!(asks(&mut world), 1);
    tells(&mut world, Some(lid(7)));
    assert_eq!(world.gone(), [delivery(1, 0)]);
    world.until(14);
    assert_eq!(world.gone(), []);
    world.until(15);
    assert_eq!(world.gone(), [delivery(1, 1)]);
}

#[test]
fn whose_lid_nobody_knows_waits_until_it_is_learnt_or_asked_for_again() {
    // What the operator says of the opt-out, if anything, and when the message goes.
    let phone = PhoneNumber::from_digits(6_281_300_000_999).unwrap();
    let rows = [(None, 300), (Some(Some(phone)), 60), (Some(None), 60)];
    for (said, goes) in rows {
        let mut world = may_be_hidden(1);
        assert_eq!(asks(&mut world), 1);
        tells(&mut world, None);
        let campaign = delivery(1, 0).campaign();
        assert!(world.engine.hidden.keeps_waiting(campaign));
        world.until(60);
        assert_eq!(world.gone(), []);
        if let Some(phone) = said {
            let resolve = Command::ResolveLid { lid: lid(9), phone };
            world.asks(1, resolve);
            world.rests();
            assert!(!world.engine.hidden.keeps_waiting(campaign));
        } else {
            world.until(299);
            assert_eq!(world.gone(), []);
            world.until(300);
        }
        assert_eq!(world.now.elapsed, Elapsed::from_micros(goes * 1_000_000));
        assert_eq!(world.gone(), [delivery(1, 0)], "{said:?}");
    }
}

#[test]
fn an_opt_out_withholds_what_is_on_its_way_to_that_person_but_for_its_confirmation() {
    for wish in [Wish::OptOut, Wish::OptIn] {
        let mut world = World::new(LaneLimits::unpaced(16));
        world.leaves = |step| matches!(step, Step::Send(_) | Step::Withhold(_) | Step::Confirm);
        world.add(running(1, plain("promo", 1), 2));
        let confirming = Definition {
            confirms_opt_out: true,
            ..plain("confirms", 1)
        };
        world.add(running(2, confirming, 1));
        world.rests();
        assert_eq!(world.gone().len(), 3);
        let person = person(delivery(1, 0)).phone;
        world.otherwise = Box::new(move |change| match change {
            Change::Reply(_) => Some(Effect::Wished(person, wish)),
            _ => None,
        });
        world.tell(Input::Noticed(Notice::Reply {
            session: session(1),
            account: account_of(1),
            message_id: "IN1".into(),
            from: person,
            received_at: world.now.wall,
            text: "STOP".into(),
        }));
        world.rests();
        let left = world.take_left();
        match wish {
            Wish::OptIn => assert!(left.is_empty(), "{left:?}"),
            Wish::OptOut => {
                let [Step::Withhold(withheld), Step::Confirm] = left[..] else {
                    panic!("{left:?}");
                };
                assert_eq!(withheld, delivery(1, 0));
            }
        }
    }
}
