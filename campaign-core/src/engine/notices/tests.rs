use std::collections::BTreeMap;

use super::*;
use crate::clock::BootId;
use crate::delivery::Doubt;
use crate::engine::testing::{World, account_of, at, delivery, plain, running, session};
use crate::engine::{Beginning, Input, Settings};
use crate::failure::{Outcome, Trouble};
use crate::limits::{LaneLimits, Slot};
use crate::message::MessageKind;
use crate::phone::PhoneNumber;
use crate::store::LaneId;

#[test]
fn what_nobody_claims_is_asked_for_no_longer_however_often_others_are() {
    let beginning = Beginning {
        message_key: [0; 16],
        at: at(0).stamp(BootId(1)),
        accounts: BTreeMap::new(),
        shared: Vec::new(),
        is_worker: false,
    };
    let mut engine = Engine::new(Settings::default(), beginning);
    let notice = Notice::Ack {
        session: Session::new("default"),
        account: Some(Account(PhoneNumber::FICTITIOUS)),
        message_id: "3A00B75AC9529A749335".into(),
        ack: Ack::Device,
    };
    engine.handle(Input::Noticed(notice), at(0));
    let mut asked_at = Vec::new();
    for second in [0, 20, 40, 59, 61, 80, 100] {
        if let Step::Resolve(notice) = engine.next(at(second)) {
            asked_at.push(second);
            let resolved = Input::Resolved {
                notice,
                delivery: None,
                is_by_text: false,
            };
            engine.handle(resolved, at(second));
        }
        // The id of another message has become known.
        engine.unpark();
    }
    assert_eq!(asked_at, [0, 20, 40, 59, 61]);
}

fn foreign(message_id: &str) -> Notice {
    Notice::Ack {
        session: session(1),
        account: None,
        message_id: message_id.into(),
        ack: Ack::Device,
    }
}

#[test]
fn so_many_wait_to_be_resolved_at_most() {
    let mut world = World::new(LaneLimits::unpaced(1));
    for number in 0..PARKED_MAX + 9 {
        world.tell(Input::Noticed(foreign(&format!("FOREIGN{number}"))));
    }
    world.leaves = |step| matches!(step, Step::Resolve(_));
    world.rests();
    let asked = world.take_left();
    assert_eq!(asked.len(), PARKED_MAX);
    for number in 0..PARKED_MAX + 9 {
        let notice = Unclaimed::new(foreign(&format!("FOREIGN{number}")), world.now);
        let resolved = Input::Resolved {
            notice,
            delivery: None,
            is_by_text: false,
        };
        world.tell(resolved);
    }
    world.engine.unpark();
    world.rests();
    assert_eq!(world.take_left().len(), PARKED_MAX);
}

#[test]
fn what_nobody_has_claimed_for_a_minute_is_not_kept() {
    for (waited, is_kept) in [(59, true), (60, false), (61, false)] {
        let mut world = World::new(LaneLimits::unpaced(1));
        let earlier = Unclaimed::new(foreign("FOREIGN1"), world.now);
        world.wait(Duration::from_secs(waited));
        let resolved = |notice| Input::Resolved {
            notice,
            delivery: None,
            is_by_text: false,
        };
        world.tell(resolved(earlier.clone()));
        assert_eq!(world.engine.parked.len(), usize::from(is_kept), "{waited}");
        // One that came before it and waits still goes when the next is put beside it.
        world.engine.parked = [earlier].into();
        world.tell(resolved(Unclaimed::new(foreign("FOREIGN2"), world.now)));
        let kept = 1 + usize::from(is_kept);
        assert_eq!(world.engine.parked.len(), kept, "{waited}");
    }
}

/// So many messages are under way, and unanswered.
fn under_way(messages: u32) -> World {
    let mut world = World::new(LaneLimits::unpaced(64));
    world.leaves = |step| matches!(step, Step::Send(_));
    world.add(running(1, plain("promo", 1), messages));
    world.rests();
    assert_eq!(world.gone().len(), messages as usize);
    world.batches.clear();
    world
}

fn tells(world: &mut World, ordinal: u32, account: Option<Account>, ack: Ack) {
    let message_id = world.engine.ids.encode(delivery(1, ordinal)).into();
    world.tell(Input::Noticed(Notice::Ack {
        session: session(1),
        account,
        message_id,
        ack,
    }));
    world.rests();
}

fn echoes(world: &mut World, ordinal: u32, message_id: &str) {
    let notice = Notice::Echo {
        session: session(1),
        account: Some(account_of(1)),
        message_id: message_id.into(),
        to: None,
        kind: Some(MessageKind::Text),
        text_hash: 0,
    };
    world.tell(Input::Resolved {
        notice: Unclaimed::new(notice, world.now),
        delivery: Some(delivery(1, ordinal)),
        is_by_text: false,
    });
    world.rests();
}

fn answers(world: &mut World, ordinal: u32, outcome: Outcome) {
    let delivery = delivery(1, ordinal);
    world.tell(Input::SendEnded { delivery, outcome });
    world.rests();
}

/// What was told of a message, and under which id of the server's own.
fn evidence(world: &World) -> Vec<(Happening, Option<&str>)> {
    let told = world.kept().filter_map(|change| match change {
        Change::Happened(it) => Some((it.happening, it.foreign_id.as_deref())),
        _ => None,
    });
    told.collect()
}

#[test]
fn word_of_a_message_under_way_is_believed_of_the_account_that_sends_it() {
    let rows = [
        (None, true),
        (Some(account_of(1)), true),
        (Some(account_of(2)), false),
    ];
    for (account, is_believed) in rows {
        let mut world = under_way(1);
        tells(&mut world, 0, account, Ack::Server);
        let told = (Happening::Evidence(Ack::Server), None);
        let wanted = if is_believed { vec![told] } else { vec![] };
        assert_eq!(evidence(&world), wanted, "{account:?}");
    }
    // When it has ended, whoever tells of its very id tells of it.
    let mut world = under_way(1);
    answers(&mut world, 0, Outcome::Accepted { message_id: None });
    tells(&mut world, 0, Some(account_of(2)), Ack::Server);
    let told = evidence(&world);
    assert_eq!(told[1..], [(Happening::Evidence(Ack::Server), None)]);
}

#[test]
fn an_id_of_the_servers_own_goes_on_record_with_the_echo_and_with_the_answer() {
    let accepted = Outcome::Accepted { message_id: None };
    for foreign in [Some("SRV1"), None] {
        let mut world = under_way(1);
        let ours = world.engine.ids.encode(delivery(1, 0));
        echoes(&mut world, 0, foreign.unwrap_or(&ours));
        answers(&mut world, 0, accepted.clone());
        let echo = (Happening::Evidence(Ack::Pending), foreign);
        let answer = (Happening::Accepted, foreign);
        assert_eq!(evidence(&world), [echo, answer]);
    }
}

#[test]
fn an_echo_tells_whether_ids_are_kept_unless_it_may_be_of_another_message() {
    let trusts = |world: &World| {
        let lane = world.engine.lanes.get(LaneId(1)).unwrap();
        lane.trusts(MessageKind::Text)
    };
    for is_under_way in [true, false] {
        let mut world = under_way(1);
        if !is_under_way {
            answers(&mut world, 0, Outcome::Accepted { message_id: None });
        }
        let ours = world.engine.ids.encode(delivery(1, 0));
        echoes(&mut world, 0, &ours);
        assert!(trusts(&world), "under way: {is_under_way}");
        let campaign = delivery(1, 0).campaign();
        let look = Change::LookNow { campaign };
        assert!(world.kept().any(|it| *it == look), "doubts can be settled");
        for number in 0..9 {
            echoes(&mut world, 0, &format!("SRV{number}"));
        }
        assert_eq!(trusts(&world), !is_under_way);
    }
}

fn hold(world: &World) -> Option<Trouble> {
    let lane = world.engine.lanes.get(LaneId(1)).unwrap();
    lane.held(Slot::Cold, world.now).map(|hold| hold.trouble)
}

#[test]
fn a_message_that_whatsapp_refuses_while_it_is_under_way_is_held_against_the_account_once() {
    let no_answer = || Outcome::MaybeSent {
        doubt: Doubt::NoAnswer,
        signal: None,
        message: "".into(),
    };
    let mut world = under_way(5);
    for ordinal in 0..4 {
        tells(&mut world, ordinal, None, Ack::Pending);
        tells(&mut world, ordinal, None, Ack::Error);
        tells(&mut world, ordinal, None, Ack::Error);
        tells(&mut world, ordinal, None, Ack::Pending);
        answers(&mut world, ordinal, no_answer());
        assert_eq!(hold(&world), None, "{ordinal}");
    }
    world.batches.clear();
    tells(&mut world, 4, None, Ack::Error);
    assert_eq!(hold(&world), Some(Trouble::RepeatedFailures));
    let is_noted = world.kept().any(|change| match change {
        Change::Lane(note) => note.health.cold.unwell.is_some(),
        _ => false,
    });
    assert!(is_noted, "another process must know of it");
}

#[test]
fn where_events_may_have_been_missed_the_session_is_looked_at() {
    let rows = [(None, 1), (Some(session(1)), 1), (Some(session(2)), 0)];
    for (session, looks) in rows {
        let mut world = under_way(1);
        world.leaves = |step| matches!(step, Step::Observe(_));
        world.wait(Duration::from_secs(1));
        world.tell(Input::Noticed(Notice::Gap { session }));
        world.rests();
        assert_eq!(world.take_left().len(), looks);
    }
}

#[test]
fn a_text_tells_which_message_it_is_only_where_ids_are_not_kept_and_from_the_first() {
    let it = Some(delivery(1, 0));
    let echo = |kind| Notice::Echo {
        session: session(1),
        account: Some(account_of(1)),
        message_id: "SRV1".into(),
        to: None,
        kind,
        text_hash: 0,
    };
    let text = echo(Some(MessageKind::Text));
    // Whether ids are kept, what is told, what it fitted when it came, whether the text alone fits it, and whether it is believed.
    let rows = [
        (false, text.clone(), it, true, true),
        (false, text.clone(), None, true, false),
        (true, text.clone(), it, true, false),
        (true, text, it, false, true),
        (false, echo(None), it, true, false),
        (false, foreign("SRV1"), it, true, false),
    ];
    for (are_kept, notice, fitted, is_by_text, is_believed) in rows {
        let row = format!("{are_kept} {notice:?} {fitted:?} {is_by_text}");
        let mut world = under_way(1);
        if are_kept {
            let lane = world.engine.lanes.get_mut(LaneId(1)).unwrap();
            lane.learn_id(MessageKind::Text, true);
        }
        let mut notice = Unclaimed::new(notice, world.now);
        notice.fitted = Some(fitted);
        world.tell(Input::Resolved {
            notice,
            delivery: it,
            is_by_text,
        });
        assert_eq!(world.engine.parked.is_empty(), is_believed, "{row}");
        world.rests();
        assert_eq!(evidence(&world).len(), usize::from(is_believed), "{row}");
    }
}

#[test]
fn whatever_people_write_to_an_account_or_from_it_shows_that_whatsapp_reaches_it() {
    let (session, account) = (session(1), account_of(1));
    let message_id: Box<str> = "IN1".into();
    let now = World::new(LaneLimits::unpaced(1)).now.wall;
    let (phone, text): (_, Box<str>) = (PhoneNumber::FICTITIOUS, "halo".into());
    let notices = [
        Notice::Reply {
            session: session.clone(),
            account,
            message_id: message_id.clone(),
            from: phone,
            received_at: now,
            text: text.clone(),
        },
        Notice::HiddenReply {
            session: session.clone(),
            account,
            message_id: message_id.clone(),
            lid: crate::consent::Lid::from_number(7).unwrap(),
            received_at: now,
            text,
        },
        Notice::ByHand {
            session,
            account,
            to: phone,
            at: now,
            message_id,
        },
    ];
    for notice in notices {
        let mut world = under_way(4);
        tells(&mut world, 3, None, Ack::Server);
        for ordinal in 0..3 {
            answers(&mut world, ordinal, Outcome::Accepted { message_id: None });
        }
        world.until(60);
        assert_eq!(hold(&world), Some(Trouble::SuspectedDead), "{notice:?}");
        world.batches.clear();
        world.tell(Input::Noticed(notice));
        world.rests();
        assert_eq!(hold(&world), None);
        let is_well = world.kept().any(|change| match change {
            Change::Lane(note) => note.health.session.unwell.is_none(),
            _ => false,
        });
        assert!(is_well, "it goes on record");
    }
}
