use super::super::testing::{account_of, after, at, delivery, person, plain, running, session};
use super::*;
use crate::campaign::{Definition, HoursBy};
use crate::delivery::Reason;
use crate::limits::{Hours, Zone};
use crate::store::{CommandId, Counts};

use CampaignState::{Cancelled, Completed, Paused, Running, Scheduled, Settled};

const SECOND: Duration = Duration::from_secs(1);
/// Of a campaign that has completed.
const ACK_TIME: Duration = Duration::from_secs(90);
/// As much as fits into memory.
const WINDOW: u32 = 64;

/// So long after 08:00 in Jakarta, and as long after the machine was started.
fn job(definition: Definition) -> Job {
    let mut record = running(1, definition, 1);
    record.created_at = at(0).wall;
    Job::new(record, at(0).elapsed)
}

/// A running one that has these people in memory, and has read all.
fn holding(definition: Definition, ordinals: &[u32]) -> Job {
    let mut job = job(definition);
    assert!(job.wants(WINDOW, at(0)).is_some());
    job.loaded(page(ordinals), |_| false, at(0));
    job
}

fn page(ordinals: &[u32]) -> ReadyPage {
    let people = ordinals.iter().map(|it| person(delivery(1, *it)));
    ReadyPage {
        ready: people.collect(),
        ..ReadyPage::default()
    }
}

fn take(job: &mut Job, second: i64) -> Option<u32> {
    let ready = job.take(&session(1), at(second))?;
    Some(ready.delivery.ordinal())
}

fn expiring(second: i64) -> Definition {
    Definition {
        expires_at: Some(at(second).wall),
        ..plain("promo", 1)
    }
}

/// From 09:00 to 10:00 in Jakarta.
fn in_hours() -> Definition {
    Definition {
        hours: Some(Hours::parse("09:00-10:00", Zone::default()).unwrap()),
        ..plain("promo", 1)
    }
}

#[test]
fn what_has_expired_is_swept_once_while_it_runs_and_again_when_somebody_comes_back() {
    for (state, second, must) in [
        (Running, 99, false),
        (Running, 100, true),
        (Paused, 100, false),
    ] {
        let mut job = job(expiring(100));
        job.state = state;
        assert_eq!(job.has_expired(at(second)), second == 100);
        assert_eq!(job.must_expire(at(second)), must, "{state:?} {second}");
        assert!(!must || !job.must_expire(at(second)), "it was swept");
        job.sweep_again();
        assert_eq!(job.must_expire(at(second)), must, "{state:?} {second}");
        assert_eq!(job.sweep, None);
    }
    let mut cancelled = job(plain("promo", 1));
    cancelled.state = Cancelled;
    cancelled.sweep_again();
    assert_eq!(cancelled.sweep, Some(Sweep::Cancel));
}

#[test]
fn it_is_open_in_its_hours_or_in_those_of_each_recipient() {
    let hour = 3_600;
    assert_eq!(job(in_hours()).open(at(100)), Err(Some(at(hour).elapsed)));
    assert_eq!(job(in_hours()).open(at(hour)), Ok(Some(at(2 * hour).wall)));
    let of_each = Definition {
        hours_by: HoursBy::Recipient { column: None },
        ..in_hours()
    };
    assert_eq!(job(of_each).open(at(0)), Ok(None));
}

#[test]
fn it_wakes_for_the_moment_that_brings_it_something() {
    let starting = Definition {
        starts_at: Some(at(500).wall),
        ..plain("promo", 1)
    };
    let anything: fn(&mut Job) = |_| {};
    let put_off: fn(&mut Job) = |job| job.put_off(person(delivery(1, 8)), at(50).elapsed, WINDOW);
    let over_budget: fn(&mut Job) = |job| job.over_budget_until = Some(at(30).elapsed);
    let quiet: fn(&mut Job) = |job| {
        let untils = [100, 40, 60].map(|until| (CommandId(1), at(until).elapsed));
        job.awaiting_quiet = untils.into();
    };
    // What it is, whom it has in memory, what was done, where it stands, when it is looked at, and when it wakes.
    let rows = [
        (starting.clone(), vec![0], anything, Scheduled, 0, Some(500)),
        (starting, vec![0], anything, Paused, 0, None),
        (in_hours(), vec![0], anything, Running, 100, Some(3_600)),
        (in_hours(), vec![], anything, Running, 100, None),
        (in_hours(), vec![0], anything, Paused, 100, None),
        (in_hours(), vec![0], anything, Running, 3_700, None),
        (in_hours(), vec![0], anything, Running, 7_198, None),
        (in_hours(), vec![0], anything, Running, 7_199, Some(7_200)),
        (plain("promo", 1), vec![0], put_off, Running, 0, Some(50)),
        (plain("promo", 1), vec![0], put_off, Running, 50, None),
        (plain("promo", 1), vec![0], put_off, Paused, 0, None),
        (
            plain("promo", 1),
            vec![0],
            over_budget,
            Running,
            0,
            Some(30),
        ),
        (plain("promo", 1), vec![0], over_budget, Running, 30, None),
        (plain("promo", 1), vec![0], over_budget, Paused, 0, None),
        (
            plain("promo", 1),
            vec![0],
            |job| job.over_budget_until = Some(Elapsed::NEVER),
            Running,
            0,
            None,
        ),
        (plain("promo", 1), vec![0], quiet, Paused, 0, Some(40)),
        // Whoever's moment it is, is attended to before anybody sleeps.
        (plain("promo", 1), vec![0], quiet, Paused, 40, None),
        (expiring(700), vec![], anything, Running, 10, Some(700)),
        (expiring(700), vec![], anything, Paused, 10, Some(700)),
        (expiring(700), vec![], anything, Completed, 10, None),
        (expiring(700), vec![], anything, Cancelled, 10, None),
        (expiring(700), vec![], anything, Settled, 10, None),
        (
            plain("promo", 1),
            vec![],
            |job| job.completed_at = Some(at(100).elapsed),
            Completed,
            120,
            Some(190),
        ),
    ];
    for (definition, people, happens, state, second, next) in rows {
        let row = format!("{definition:?} {people:?} {state:?} {second}");
        let mut job = holding(definition, &people);
        happens(&mut job);
        job.state = state;
        let moments = job.moments(ACK_TIME, at(second));
        assert_eq!(moments.next, next.map(|it| at(it).elapsed), "{row}");
    }
}

#[test]
fn a_moment_that_has_come_hides_none_that_is_still_to_come() {
    let mut job = holding(plain("promo", 1), &[]);
    job.put_off(person(delivery(1, 0)), at(10).elapsed, 1);
    // This one does not fit, and is read again.
    job.put_off(person(delivery(1, 1)), at(50).elapsed, 1);
    for second in [10, 11] {
        let next = job.moments(ACK_TIME, at(second)).next;
        assert_eq!(next, Some(at(50).elapsed), "{second}");
    }
}

#[test]
fn its_counters_are_worth_reading_when_it_may_have_come_to_its_end() {
    let nothing: fn(&mut Job) = |_| {};
    let concludes: fn(&mut Job) = |job| job.completed_at = Some(at(0).elapsed);
    // Where it stands, whom it has in memory, what else is so, and when they may be read again.
    let rows = [
        (Running, vec![], nothing, Some(20)),
        (Running, vec![0], nothing, None),
        (Paused, vec![], nothing, None),
        (Completed, vec![0], nothing, Some(20)),
        (Completed, vec![], concludes, Some(90)),
        (Completed, vec![], |job| job.is_moving = true, None),
        (Completed, vec![], |job| job.is_rereading = true, None),
        (
            Completed,
            vec![],
            |job| {
                job.completed_at = Some(at(0).elapsed);
                job.reread_at = at(95).elapsed;
            },
            Some(95),
        ),
    ];
    for (state, people, is_so, rereads) in rows {
        let row = format!("{state:?} {people:?} {rereads:?}");
        let mut job = holding(plain("promo", 1), &people);
        job.reread_at = at(20).elapsed;
        job.state = state;
        is_so(&mut job);
        let read = |second| job.moments(ACK_TIME, at(second)).rereads;
        let wanted = rereads.map(|it| at(it).elapsed);
        assert_eq!(read(10), wanted, "{row}");
        if let Some(moment) = rereads {
            assert_eq!(read(moment), None, "{row}: it is read now");
        }
    }
}

#[test]
fn a_message_is_begun_only_while_nothing_is_against_it_and_is_written_before_it_closes() {
    let open: fn(&mut Job) = |_| {};
    let from_nine = |millis: i64| 3_600_000 + millis;
    // What is so, when, and until when it may be written where it would have five seconds.
    let rows = [
        (open, from_nine(0), Some(from_nine(5_000))),
        (open, 0, None),
        (open, from_nine(3_597_000), Some(from_nine(3_599_000))),
        (open, from_nine(3_598_500), Some(from_nine(3_599_000))),
        (open, from_nine(3_599_000), None),
        (open, from_nine(3_600_000), None),
        (|job| job.state = Paused, from_nine(0), None),
        (|job| job.is_moving = true, from_nine(0), None),
        (|job| job.is_edited = true, from_nine(0), None),
        (|job| job.message = None, from_nine(0), None),
        (|job| assert!(take(job, 0).is_some()), from_nine(0), None),
        (
            |job| job.over_budget_until = Some(after(3_600_001).elapsed),
            from_nine(0),
            None,
        ),
        (
            |job| job.over_budget_until = Some(after(3_600_000).elapsed),
            from_nine(0),
            Some(from_nine(5_000)),
        ),
    ];
    for (number, (is_so, millis, until)) in rows.into_iter().enumerate() {
        let mut job = holding(in_hours(), &[0]);
        is_so(&mut job);
        let now = after(millis);
        let may_send = job.may_send(&session(1), now.elapsed + 5 * SECOND, now);
        let until = until.map(|it| after(it).elapsed);
        assert_eq!(may_send, until, "{number}");
    }
    let always = holding(plain("promo", 1), &[0]);
    let latest = at(5).elapsed;
    assert_eq!(always.may_send(&session(1), latest, at(0)), Some(latest));
}

#[test]
fn what_is_in_memory_is_work_unless_nothing_can_be_said() {
    let mut job = holding(plain("promo", 1), &[0]);
    let has_work = |job: &Job| (job.has_work(at(0)), job.has_work_for(&session(1), at(0)));
    assert_eq!(has_work(&job), (true, true));
    assert_eq!(take(&mut job, 0), Some(0));
    assert_eq!(has_work(&job), (false, false));
    job.put_back(person(delivery(1, 0)));
    assert_eq!(has_work(&job), (true, true));
    job.message = None;
    assert_eq!(has_work(&job), (false, false));
    job.say(MessageTemplate::text("Halo lagi").unwrap());
    assert_eq!(has_work(&job), (true, true));
    let said = job.record.definition.message.describe();
    assert!(said.contains("Halo lagi"), "{said}");
}

#[test]
fn its_counters_tell_whether_it_has_come_to_its_end() {
    let [scheduled, sending, unconfirmed, accepted] = [
        State::Scheduled,
        State::Sending,
        State::Unconfirmed,
        State::Accepted,
    ];
    // Who is where; whether it is complete, has doubts, is settled.
    let rows = [
        (vec![accepted], (true, false, true)),
        (vec![accepted, scheduled], (false, false, false)),
        (vec![accepted, sending], (false, false, false)),
        (vec![scheduled, sending], (false, false, false)),
        (vec![accepted, unconfirmed], (true, true, false)),
        (vec![scheduled, unconfirmed], (false, true, false)),
    ];
    for (states, wanted) in rows {
        let reason = |state| (state == unconfirmed).then_some(Reason::NoAnswer);
        let counts = states.iter().map(|state| ((*state, reason(*state)), 3));
        let mut job = job(plain("promo", 1));
        job.record.counts = Counts(counts.collect());
        let stands = (job.is_complete(), job.has_doubts(), job.is_settled());
        assert_eq!(stands, wanted, "{states:?}");
    }
}

#[test]
fn it_reads_one_page_at_a_time_while_it_runs() {
    let mut job = job(plain("promo", 1));
    job.state = Paused;
    assert!(job.wants(WINDOW, at(0)).is_none());
    job.state = Running;
    let query = job.wants(WINDOW, at(0)).unwrap();
    assert_eq!((query.after, query.limit), (None, WINDOW / 2));
    assert_eq!(query.due, at(0).wall);
    assert!(job.wants(WINDOW, at(0)).is_none(), "one is on its way");
    assert!(!job.is_used_up());
    job.load_failed();
    assert!(job.wants(WINDOW, at(0)).is_some());
    // Put back while the page was being read, it stands on it too.
    job.put_back(person(delivery(1, 0)));
    job.loaded(page(&[0, 1, 2]), |it| it == delivery(1, 2), at(0));
    let taken = [0; 3].map(|second| take(&mut job, second));
    assert_eq!(taken, [Some(0), Some(1), None]);
    assert!(job.is_used_up());
    job.in_flight = 1;
    assert!(!job.is_used_up());
}

#[test]
fn what_was_forgotten_is_read_anew_and_a_page_from_before_is_not_believed() {
    let mut job = holding(plain("promo", 1), &[0]);
    job.start_over();
    assert_eq!(take(&mut job, 0), None);
    assert!(job.wants(WINDOW, at(0)).is_some());
    job.start_over();
    job.loaded(page(&[0]), |_| false, at(0));
    assert_eq!(take(&mut job, 0), None);
    assert!(job.wants(WINDOW, at(0)).is_some());
    job.loaded(page(&[0]), |_| false, at(0));
    assert_eq!(take(&mut job, 0), Some(0));
}

#[test]
fn who_is_hastened_is_written_to_at_once_or_read_again() {
    let mut job = holding(plain("promo", 1), &[]);
    job.put_off(person(delivery(1, 0)), at(100).elapsed, WINDOW);
    assert_eq!(take(&mut job, 0), None);
    job.hasten(delivery(1, 0), at(0));
    assert_eq!(take(&mut job, 0), Some(0));
    assert!(job.wants(WINDOW, at(0)).is_none());
    job.hasten(delivery(1, 1), at(0));
    assert!(job.wants(WINDOW, at(0)).is_some(), "it may be in the store");
}

#[test]
fn accounts_share_the_room_of_a_campaign_and_each_has_some() {
    // How many accounts there are, how much the campaign may hold, of whom each of them knows, and of those whom none knows.
    let rows = [
        (0, 1_024, 1_024, 1_024),
        (3, 1_024, 170, 512),
        (4, 100, 16, 50),
        (3, 20, 16, 10),
        (3, 12, 12, 6),
    ];
    for (accounts, all, each, of_none) in rows {
        let mut job = of_accounts(accounts);
        let room = [Some(account_of(1)), None].map(|whose| job.room(whose, all));
        assert_eq!(room, [each, of_none]);
        let query = job.wants(all, at(0)).unwrap();
        assert_eq!(query.limit, each / 2);
    }
}

/// One with so many accounts, of which nothing was read yet.
fn of_accounts(accounts: u32) -> Job {
    let mut job = job(plain("promo", 1));
    let accounts = (1..=accounts).map(|number| Some(account_of(number)));
    let windows = accounts.chain([None]).map(|of| (of, Window::default()));
    job.windows = windows.collect();
    job
}

#[test]
fn accounts_that_are_as_far_are_read_for_together() {
    let mut job = of_accounts(3);
    let known = |query: &ReadyQuery| match &query.whom {
        Whom::KnownTo(accounts) => accounts.to_vec(),
        Whom::KnownToNone(_) => Vec::new(),
    };
    let all = [1, 2, 3].map(account_of);
    let first = job.wants(WINDOW, at(0)).unwrap();
    assert_eq!((known(&first), first.after), (all.to_vec(), None));
    let limit = job.room(Some(account_of(1)), WINDOW) / 2;
    assert_eq!(first.limit, limit);
    // One knows so many that it has enough for now, and nobody of the others knows any of them.
    let of_second = |ordinal| Ready {
        account: Some(account_of(2)),
        ..person(delivery(1, ordinal))
    };
    let page = |ordinals: std::ops::Range<u32>| ReadyPage {
        ready: ordinals.map(of_second).collect(),
        has_more: true,
        ..ReadyPage::default()
    };
    job.loaded(page(0..limit), |_| false, at(0));
    let everybody_else = job.wants(WINDOW, at(0)).unwrap();
    assert_eq!(known(&everybody_else), [], "the rest have their turn");
    job.loaded(ReadyPage::default(), |_| false, at(0));
    let again = job.wants(WINDOW, at(0)).unwrap();
    assert_eq!(known(&again), all);
    assert_eq!(again.after, Some(delivery(1, limit - 1)));
    job.loaded(page(limit..limit + 1), |_| false, at(0));
    let without = job.wants(WINDOW, at(0)).unwrap();
    assert_eq!(known(&without), [1, 3].map(account_of));
    assert_eq!(without.after, Some(delivery(1, limit)));
    job.loaded(ReadyPage::default(), |_| false, at(0));
    assert!(job.wants(WINDOW, at(0)).is_none());
    // Whoever fell behind is read for alone, from where it was left.
    while job
        .windows
        .get_mut(&Some(account_of(2)))
        .unwrap()
        .take(at(0))
        .is_some()
    {}
    let behind = job.wants(WINDOW, at(0)).unwrap();
    assert_eq!(known(&behind), [account_of(2)]);
    assert_eq!(behind.after, Some(delivery(1, limit)));
}
