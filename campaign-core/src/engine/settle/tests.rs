#![allow(clippy::unwrap_used)]

mod again;
mod evidence;
mod pages;
mod restored;

use std::sync::Arc;

use super::super::testing::at;
use super::*;
use crate::campaign::{Definition, Sessions};
use crate::clock::BootId;
use crate::delivery::{CampaignId, Standing};
use crate::engine::{Beginning, Input, Settings, Step};
use crate::gateway::{Account, Notice, Observation, Readiness, Session};
use crate::limits::LaneLimits;
use crate::message::{MessageKind, MessageTemplate};
use crate::phone::PhoneNumber;
use crate::store::{
    CampaignRecord, ControlRow, Counts, Effect, LaneId, LaneNote, LaneRecord, ReadyPage, StoreOn,
    Trusted,
};

const ACCOUNT: Account = Account(PhoneNumber::FICTITIOUS);
const BOOT: BootId = BootId(1);
const SECOND: Duration = Duration::from_secs(1);

/// What happens before it is looked.
type Deed<T> = fn(&mut T);

fn campaign() -> CampaignId {
    CampaignId::new(1).unwrap()
}

fn delivery(ordinal: u32) -> DeliveryId {
    DeliveryId::new(campaign(), ordinal).unwrap()
}

fn unconfirmed() -> Standing {
    Standing {
        state: State::Unconfirmed,
        reason: Some(Reason::NoAnswer),
        attempts: 1,
        ..Standing::NEW
    }
}

/// One that was sent and not answered ten minutes after the machine started.
fn doubtful(ordinal: u32) -> Doubtful {
    Doubtful {
        delivery: delivery(ordinal),
        phone: PhoneNumber::FICTITIOUS,
        standing: unconfirmed(),
        lane: LaneId(1),
        is_restored: false,
        kind: MessageKind::Text,
        started: at(600).stamp(BOOT),
        ended: at(630).stamp(BOOT),
        foreign_id: None,
        looks: 4,
        control: Some(ControlRow {
            delivery: delivery(9_999),
            phone: PhoneNumber::FICTITIOUS,
            foreign_id: None,
            accepted_before: true,
        }),
    }
}

/// A runner that has just begun, of a campaign of which all is sent and some are in doubt.
struct World {
    engine: Engine,
    record: CampaignRecord,
    now: Now,
    /// What a look at the session shows; `None`: no answer yet.
    seen: Option<Observation>,
    is_asked: bool,
    doubts: Vec<(Doubtful, Timestamp)>,
    pages: usize,
    /// Whether looks find the message that they must find.
    finds_controls: bool,
    /// Look-ups are under way and do not end.
    finds_nothing_yet: bool,
    /// What looks find otherwise than that nothing is there.
    found: Option<Found>,
    /// Where the campaign was moved.
    moved: Vec<CampaignState>,
    looks: Vec<DeliveryId>,
    looked: Vec<(DeliveryId, Option<Timestamp>)>,
    proved: Vec<DeliveryId>,
    /// What was missing, look by look.
    missing: Vec<Box<str>>,
    happened: Vec<Happening>,
    /// For how long what happened has somebody wait.
    waits: Vec<Option<jiff::SignedDuration>>,
    notes: Vec<LaneNote>,
}

impl World {
    fn of(doubts: Vec<Doubtful>) -> Self {
        let now = at(1_000);
        let beginning = Beginning {
            message_key: [0; 16],
            at: now.stamp(BOOT),
            accounts: BTreeMap::new(),
            shared: Vec::new(),
            is_worker: false,
        };
        let message = MessageTemplate::text("Halo").unwrap();
        let in_doubt = (State::Unconfirmed, unconfirmed().reason);
        let record = CampaignRecord {
            id: campaign(),
            definition: Arc::new(Definition {
                sessions: Sessions::new([session(), away()]).unwrap(),
                ..Definition::new("promo", session(), message)
            }),
            columns: Arc::new([]),
            state: CampaignState::Running,
            created_at: at(500).wall,
            rejected: 0,
            counts: Counts([(in_doubt, doubts.len() as u64)].into()),
            pruned_at: None,
        };
        let mut engine = Engine::new(Settings::default(), beginning);
        engine.handle(Input::Campaign(Box::new(record.clone())), now);
        Self {
            engine,
            record,
            now,
            seen: None,
            is_asked: false,
            doubts: doubts.into_iter().map(|it| (it, now.wall)).collect(),
            pages: 0,
            finds_controls: true,
            finds_nothing_yet: false,
            found: None,
            moved: Vec::new(),
            looks: Vec::new(),
            looked: Vec::new(),
            proved: Vec::new(),
            missing: Vec::new(),
            happened: Vec::new(),
            waits: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn is(&mut self, readiness: Readiness) {
        let status = Notice::Status {
            session: session(),
            readiness,
            account: Some(ACCOUNT),
        };
        self.engine.handle(Input::Noticed(status), self.now);
    }

    /// Whoever looks at the session sees this from now on.
    fn shows(&mut self, observation: Observation) {
        self.seen = Some(observation.clone());
        if std::mem::take(&mut self.is_asked) {
            let observed = Input::Observed {
                session: session(),
                observation,
            };
            self.engine.handle(observed, self.now);
        }
    }

    /// Does all that is to be done until this moment.
    fn until(&mut self, second: i64) {
        for _ in 0..100_000 {
            match self.engine.next(self.now) {
                Step::WaitUntil(moment) if moment < at(second).elapsed => {
                    let passes = moment.since(self.now.elapsed);
                    self.now.elapsed = moment;
                    self.now.wall = self.now.wall.checked_add(passes).unwrap();
                }
                Step::WaitUntil(_) | Step::Idle | Step::Stopped => {
                    self.now = at(second);
                    return;
                }
                step => self.does(step),
            }
        }
        panic!("it goes round in a circle");
    }

    fn does(&mut self, step: Step) {
        let input = match step {
            Step::OpenLane { account, session } => Input::Lane {
                record: Box::new(lane(account, &session)),
                session,
            },
            Step::Load(query) => Input::Loaded {
                campaign: query.campaign,
                page: ReadyPage::default(),
            },
            Step::Reread(_) => Input::Campaign(Box::new(self.record.clone())),
            Step::MarkSilent { .. } => Input::SilentMarked(0),
            Step::LoadDoubts(query) => {
                self.pages += 1;
                Input::DoubtsLoaded(self.page(query))
            }
            Step::Find(finding) => {
                self.looks.push(finding.delivery);
                if self.finds_nothing_yet {
                    return;
                }
                Input::FindEnded {
                    delivery: finding.delivery,
                    found: self.found.clone().unwrap_or(Found::Absent {
                        complete: self.finds_controls,
                    }),
                }
            }
            // It never answers.
            Step::Observe(session) if session == away() => return,
            Step::Observe(session) => match self.seen.clone() {
                Some(observation) => Input::Observed {
                    session,
                    observation,
                },
                None => {
                    self.is_asked = true;
                    return;
                }
            },
            Step::Commit(batch) => {
                let changes = batch.changes.iter();
                Input::Committed(changes.map(|change| self.effect(change)).collect())
            }
            _ => return,
        };
        self.engine.handle(input, self.now);
    }

    fn page(&self, query: crate::store::DoubtQuery) -> DoubtPage {
        let is_after = |it: &Doubtful| query.after.is_none_or(|after| it.delivery > after);
        let due = self.doubts.iter();
        let due = due.filter(|(it, due)| *due <= query.due && is_after(it));
        let later = self.doubts.iter().map(|(_, due)| *due);
        DoubtPage {
            doubts: due
                .take(query.limit as usize)
                .map(|(it, _)| it.clone())
                .collect(),
            next_due: later.filter(|due| *due > query.due).min(),
        }
    }

    fn effect(&mut self, change: &Change) -> Effect {
        match change {
            Change::Looked {
                delivery,
                next,
                missing,
            } => {
                self.looked.push((*delivery, *next));
                self.missing.push(missing.clone());
                self.doubts.retain_mut(|(it, due)| {
                    if it.delivery == *delivery {
                        it.looks += 1;
                        *due = next.unwrap_or(*due);
                        return next.is_some();
                    }
                    true
                });
                Effect::Done
            }
            Change::Happened(happened) => {
                let doubts = self.doubts.iter();
                let mut standings = doubts.map(|(it, _)| (it.delivery, it.standing));
                let known = standings.find(|(delivery, _)| *delivery == happened.delivery);
                let (_, from) = known.unwrap();
                self.happened.push(happened.happening);
                let wait = happened.next.map(|it| it.duration_since(self.now.wall));
                self.waits.push(wait);
                if happened.happening == Happening::ProvedAbsent {
                    self.proved.push(happened.delivery);
                }
                self.doubts
                    .retain(|(it, _)| it.delivery != happened.delivery);
                Effect::Moved {
                    from,
                    to: crate::delivery::apply(from, happened.happening).unwrap(),
                }
            }
            Change::Lane(note) => {
                self.notes.push(*note.clone());
                Effect::Done
            }
            Change::Campaign { to, .. } => {
                self.moved.push(*to);
                Effect::Done
            }
            _ => Effect::Done,
        }
    }
}

/// Another session of the campaign, of which nothing is known yet.
fn away() -> Session {
    Session::new("away")
}

fn session() -> Session {
    Session::new("default")
}

fn lane(account: Account, session: &Session) -> LaneRecord {
    let number = if *session == away() { 2 } else { 1 };
    LaneRecord {
        trusted: Trusted {
            platform: "test".into(),
            kinds: vec![MessageKind::Text],
        },
        store_on: Some(StoreOn {
            session: session.clone(),
            since: at(0).stamp(BOOT),
        }),
        ..LaneRecord::new(LaneId(number), account, LaneLimits::unpaced(1))
    }
}

fn working(server_up_since: Elapsed) -> Observation {
    Observation {
        account: Some(ACCOUNT),
        server_up_since: Some(server_up_since),
        store_on: Some(true),
        platform: Some("test".into()),
        ..Observation::only(Readiness::Working)
    }
}

#[test]
fn a_server_that_has_not_told_yet_since_when_it_runs_was_not_restarted_for_that() {
    let mut world = World::of(vec![doubtful(0)]);
    world.shows(Observation {
        server_up_since: None,
        ..working(at(10).elapsed)
    });
    world.until(1_005);
    assert_eq!(world.looks, [delivery(0)]);
    let (_, next) = world.looked[0];
    assert!(next.is_some(), "{:?}", world.looked);
    world.shows(working(at(10).elapsed));
    world.until(1_600);
    assert_eq!(world.proved, [delivery(0)]);
}

#[test]
fn a_server_that_was_restarted_since_leaves_the_doubt_to_a_person() {
    let mut world = World::of(vec![doubtful(0)]);
    world.shows(working(at(700).elapsed));
    world.until(9_000);
    assert_eq!(world.looked.last(), Some(&(delivery(0), None)));
    assert!(world.proved.is_empty());
}

/// The machine was started anew since, with a clock that is an hour behind: by the wall the attempt is still to come.
#[test]
fn a_clock_that_is_behind_makes_no_attempt_later_than_the_start_of_its_server() {
    let before = at(600 + 3_600).stamp(BootId(0));
    let mut world = World::of(vec![Doubtful {
        started: before,
        ..doubtful(0)
    }]);
    world.shows(working(at(10).elapsed));
    world.until(9_000);
    assert_eq!(world.looked.last(), Some(&(delivery(0), None)));
    assert!(world.proved.is_empty());
}

/// The server may have slept with the machine, and hold still what it held before.
#[test]
fn time_that_the_machine_slept_through_is_not_time_in_which_the_server_answered() {
    let mut world = World::of(vec![doubtful(0)]);
    world.shows(working(at(10).elapsed));
    world.until(1_010);
    assert!(!world.looks.is_empty() && world.proved.is_empty());
    world.now = at(9_000);
    world.until(9_100);
    assert!(world.proved.is_empty(), "{:?}", world.looked);
    world.until(9_600);
    assert_eq!(world.proved, [delivery(0)], "{:?}", world.looked);
}

/// Its looks were used up while the session came and went: the first one that could prove something is not the last.
#[test]
fn a_session_that_has_just_become_steady_is_given_time_to_find_other_messages() {
    let mut world = World::of(vec![Doubtful {
        looks: Settings::default().looks_max,
        ..doubtful(0)
    }]);
    world.shows(working(at(10).elapsed));
    for second in (1_100..3_000).step_by(100) {
        world.until(second);
        world.is(Readiness::NotReady("STARTING".into()));
        world.until(second + 10);
        world.is(Readiness::Working);
    }
    world.finds_controls = false;
    world.until(3_200);
    let (_, next) = *world.looked.last().unwrap();
    assert!(next.is_some(), "{:?}", world.looked);
    world.finds_controls = true;
    world.until(3_400);
    assert_eq!(world.proved, [delivery(0)], "{:?}", world.looked);
}

#[test]
fn looks_that_find_no_other_message_for_long_leave_the_doubt_to_a_person() {
    let mut world = World::of(vec![doubtful(0)]);
    world.finds_controls = false;
    world.shows(working(at(10).elapsed));
    world.until(9_000);
    assert_eq!(world.looked.last(), Some(&(delivery(0), None)));
    assert!(world.proved.is_empty());
}

/// It was not started, as far as the older copy tells that was put in place.
#[test]
fn a_doubt_of_a_campaign_that_is_not_at_work_is_settled_like_any_other() {
    let other = CampaignId::new(9).unwrap();
    let delivery = DeliveryId::new(other, 0).unwrap();
    let mut world = World::of(vec![Doubtful {
        delivery,
        ..doubtful(0)
    }]);
    world.shows(working(at(10).elapsed));
    world.until(1_600);
    assert_eq!(world.proved, [delivery], "{:?}", world.looked);
}

#[test]
fn any_number_of_doubts_of_an_account_that_is_away_keeps_nobody_else_waiting() {
    let of_another = |ordinal| Doubtful {
        lane: LaneId(2),
        ..doubtful(ordinal)
    };
    for away in [255, 256, 257, 1_000] {
        let mut doubts: Vec<Doubtful> = (0..away).map(of_another).collect();
        doubts.push(doubtful(away));
        let mut world = World::of(doubts);
        world.shows(working(at(10).elapsed));
        world.until(1_600);
        assert_eq!(world.proved, [delivery(away)], "{away} away");
        // They are read again once a minute, and not without end.
        let before = world.pages;
        world.until(5_200);
        let pages = (world.pages - before) as u64;
        let in_one_round = u64::from(away) / 256 + 1;
        assert!(pages <= 61 * in_one_round, "{away} away: {pages} pages");
        assert!(pages >= 59, "{away} away: {pages} pages");
    }
}

/// One far down is looked at again when it is due, although pages before and behind it are full.
#[test]
fn what_is_due_later_is_not_lost_between_pages() {
    let mut doubts: Vec<Doubtful> = (0..600)
        .map(|ordinal| Doubtful {
            lane: LaneId(2),
            ..doubtful(ordinal)
        })
        .collect();
    doubts[3].lane = LaneId(1);
    let mut world = World::of(doubts);
    let soon = world.now.wall.checked_add(20 * SECOND).unwrap();
    world.doubts[3].1 = soon;
    world.shows(working(at(10).elapsed));
    world.until(1_015);
    assert_eq!(world.looks, []);
    world.until(1_022);
    assert_eq!(world.looks, [delivery(3)]);
}

#[test]
fn a_campaign_runs_again_when_somebody_turns_out_not_to_have_got_its_message() {
    let mut world = World::of(vec![doubtful(0)]);
    world.shows(working(at(10).elapsed));
    world.until(1_020);
    assert_eq!(world.moved, [CampaignState::Completed]);
    world.until(1_600);
    assert_eq!(world.proved, [delivery(0)]);
    let [completed, running] = [CampaignState::Completed, CampaignState::Running];
    assert_eq!(world.moved[..2], [completed, running]);
}

#[test]
fn no_more_are_looked_up_at_once_than_the_settings_allow() {
    let mut world = World::of((0..10).map(doubtful).collect());
    world.finds_nothing_yet = true;
    world.shows(working(at(10).elapsed));
    world.until(1_600);
    assert_eq!(world.looks, [0, 1, 2, 3].map(delivery));
}

/// A world in which a doubt that ended at 1,100 is the only one, and its session has been steady since 1,000.
fn settling(doubt: &Doubtful) -> World {
    let mut world = World::of(vec![doubt.clone()]);
    world.finds_nothing_yet = true;
    world.shows(working(at(10).elapsed));
    world.until(1_020);
    world
}

fn ended_at(second: i64) -> Doubtful {
    Doubtful {
        ended: at(second).stamp(BOOT),
        looks: 0,
        ..doubtful(0)
    }
}

#[test]
fn what_was_proved_absent_is_sent_again_unless_its_time_or_its_tries_are_over() {
    let again = Happening::ProvedAbsent;
    let never = Happening::ProvedAbsentForGood;
    let restricted = Some(Reason::Restricted);
    // What else is so, how often it was tried and why it is in doubt, and what follows.
    let rows: [(Deed<World>, u8, Option<Reason>, Happening); 7] = [
        (|_| {}, 2, None, again),
        (|_| {}, 3, None, never(Reason::Exhausted)),
        (|_| {}, 3, restricted, again),
        (|_| {}, 4, restricted, never(Reason::Exhausted)),
        (
            |world| expires(world, 1_020),
            1,
            None,
            never(Reason::Expired),
        ),
        (|world| expires(world, 1_021), 1, None, again),
        (
            |world| {
                let job = world.engine.jobs.get_mut(&campaign());
                job.unwrap().state = CampaignState::Cancelled;
            },
            1,
            None,
            never(Reason::EarlierArrived),
        ),
    ];
    for (number, (is_so, attempts, reason, wanted)) in rows.into_iter().enumerate() {
        let mut doubt = ended_at(700);
        doubt.standing.attempts = attempts;
        doubt.standing.reason = reason;
        let mut world = settling(&doubt);
        is_so(&mut world);
        let follows = world.engine.after_absence(&doubt, world.now);
        assert_eq!(follows, wanted, "{number}");
    }
}

fn expires(world: &mut World, second: i64) {
    let job = world.engine.jobs.get_mut(&campaign()).unwrap();
    let definition = Arc::make_mut(&mut job.record.definition);
    definition.expires_at = Some(at(second).wall);
}

#[test]
fn after_a_restriction_others_go_first() {
    let mut doubt = ended_at(700);
    let mut world = settling(&doubt);
    let after = |world: &World, doubt: &Doubtful| world.engine.after_others(doubt, at(1_020));
    assert_eq!(after(&world, &doubt), None);
    doubt.standing.reason = Some(Reason::Restricted);
    assert_eq!(after(&world, &doubt), Some(at(1_080).wall));
    let lane = world.engine.lanes.get_mut(LaneId(1)).unwrap();
    lane.new_chats.restrict(300 * SECOND, at(1_000));
    assert_eq!(after(&world, &doubt), Some(at(1_360).wall));
}

#[test]
fn who_turns_out_not_to_have_been_written_to_is_due_at_once_or_after_others() {
    for (reason, waits) in [(Reason::NoAnswer, None), (Reason::Restricted, Some(60))] {
        let mut doubt = doubtful(0);
        doubt.standing.reason = Some(reason);
        let mut world = World::of(vec![doubt]);
        world.shows(working(at(10).elapsed));
        world.until(1_600);
        assert_eq!(world.proved, [delivery(0)]);
        let waits = waits.map(jiff::SignedDuration::from_secs);
        assert_eq!(world.waits, [waits], "{reason}");
    }
}

/// What a look at such a delivery finds, while nothing but its own message is looked for.
fn looked_at(standing: Standing, looks: u8, found: Found) -> World {
    let mut world = World::of(vec![Doubtful {
        standing,
        looks,
        ..doubtful(0)
    }]);
    world.found = Some(found);
    world.shows(working(at(10).elapsed));
    world.until(1_001);
    assert_eq!(world.looks, [delivery(0)]);
    world
}

fn silent() -> Standing {
    Standing {
        state: State::Accepted,
        reason: Some(Reason::Silent),
        attempts: 1,
        ..Standing::NEW
    }
}

#[test]
fn what_a_look_finds_is_evidence_unless_it_tells_nothing_new() {
    let unknown = || Found::Unknown {
        why: "the server is busy".into(),
    };
    let absent = Found::Absent { complete: false };
    let pending = Found::Found(Ack::Pending);
    let server = Found::Found(Ack::Server);
    // Where it stands, how often it was looked at, what is found; what happens, or what is missing and whether it is looked at again.
    let rows = [
        (unconfirmed(), 0, pending.clone(), Ok(Ack::Pending)),
        (unconfirmed(), 0, server.clone(), Ok(Ack::Server)),
        (silent(), 0, server, Ok(Ack::Server)),
        (silent(), 0, pending.clone(), Err(("WAHA has it", true))),
        (silent(), 3, pending, Err(("WAHA has it", false))),
        (silent(), 0, absent.clone(), Err(("WAHA accepted it", true))),
        (
            silent(),
            3,
            absent.clone(),
            Err(("WAHA accepted it", false)),
        ),
        (silent(), 0, unknown(), Err(("the server is busy", true))),
        (silent(), 3, unknown(), Err(("the server is busy", false))),
        (
            unconfirmed(),
            3,
            unknown(),
            Err(("the server is busy", true)),
        ),
        (unconfirmed(), 3, absent, Err(("the session was", true))),
    ];
    for (standing, looks, found, wanted) in rows {
        let row = format!("{standing:?} {looks} {found:?}");
        let world = looked_at(standing, looks, found);
        match wanted {
            Ok(ack) => assert_eq!(world.happened, [Happening::Evidence(ack)], "{row}"),
            Err((missing, is_looked_at_again)) => {
                assert_eq!(world.happened, [], "{row}");
                assert!(
                    world.missing[0].starts_with(missing),
                    "{row}: {:?}",
                    world.missing
                );
                let (_, next) = world.looked[0];
                assert_eq!(next.is_some(), is_looked_at_again, "{row}");
            }
        }
    }
}
