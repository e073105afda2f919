#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use super::super::testing::at;
use super::*;
use crate::campaign::{CampaignState, Definition};
use crate::delivery::{DeliveryId, Standing, State, apply};
use crate::engine::{Beginning, Input, Settings, Step};
use crate::failure::Outcome;
use crate::gateway::{Account, Notice, Observation, Readiness};
use crate::limits::{LaneLimits, Limit, Window};
use crate::message::MessageTemplate;
use crate::phone::PhoneNumber;
use crate::store::{
    CampaignRecord, Counts, DoubtPage, Effect, LaneId, LaneRecord, Ready, ReadyPage,
};

const ACCOUNT: Account = Account(PhoneNumber::FICTITIOUS);
const PEOPLE: u32 = 3;

fn now() -> Now {
    at(0)
}

fn session() -> Session {
    Session::new("default")
}

/// One message a day may go from a server.
fn one_a_day() -> SharedRecord {
    SharedRecord {
        scope: Scope::Server("satu".into()),
        limits: SharedLimits {
            sends_per_day_max: Some(1),
            ..SharedLimits::default()
        },
        past: None,
    }
}

/// An engine with a campaign, under these limits.
fn engine(shared: Vec<SharedRecord>) -> Engine {
    let beginning = Beginning {
        message_key: [0; 16],
        at: now().stamp(BootId(0)),
        accounts: BTreeMap::new(),
        shared,
        is_worker: false,
    };
    let mut engine = Engine::new(Settings::default(), beginning);
    engine.handle(Input::Campaign(Box::new(record())), now());
    engine
}

fn record() -> CampaignRecord {
    let message = MessageTemplate::text("Halo").unwrap();
    CampaignRecord {
        id: CampaignId::new(1).unwrap(),
        definition: Arc::new(Definition::new("promo", session(), message)),
        columns: Arc::new([]),
        state: CampaignState::Running,
        created_at: now().wall,
        rejected: 0,
        counts: Counts([((State::Scheduled, None), u64::from(PEOPLE))].into()),
        pruned_at: None,
    }
}

fn page(campaign: CampaignId) -> ReadyPage {
    let ready = (0..PEOPLE).map(|ordinal| Ready {
        delivery: DeliveryId::new(campaign, ordinal).unwrap(),
        phone: PhoneNumber::from_digits(6_281_300_000_000 + u64::from(ordinal)).unwrap(),
        account: None,
        attempts: 0,
        values: Box::new([]),
        is_on_whatsapp: None,
    });
    ReadyPage {
        ready: ready.collect(),
        ..ReadyPage::default()
    }
}

/// Does all that is to be done now but looking at the session, and tells how many were sent.
fn sent(engine: &mut Engine) -> u32 {
    let mut sent = 0;
    loop {
        let input = match engine.next(now()) {
            Step::WaitUntil(_) | Step::Idle | Step::Stopped => return sent,
            Step::OpenLane { account, session } => Input::Lane {
                session,
                record: Box::new(LaneRecord::new(LaneId(1), account, LaneLimits::unpaced(4))),
            },
            Step::Load(query) => Input::Loaded {
                campaign: query.campaign,
                page: page(query.campaign),
            },
            Step::LoadDoubts(_) => Input::DoubtsLoaded(DoubtPage::default()),
            Step::MarkSilent { .. } => Input::SilentMarked(0),
            Step::Commit(batch) => {
                let effects = batch.changes.iter().map(|change| match change {
                    Change::Happened(happened) => Effect::Moved {
                        from: Standing::NEW,
                        to: apply(Standing::NEW, happened.happening).unwrap_or(Standing::NEW),
                    },
                    _ => Effect::Done,
                });
                Input::Committed(effects.collect())
            }
            Step::Send(sending) => {
                sent += 1;
                Input::SendEnded {
                    delivery: sending.delivery,
                    outcome: Outcome::Accepted { message_id: None },
                }
            }
            _ => continue,
        };
        engine.handle(input, now());
    }
}

/// An event tells that its session works.
fn works(engine: &mut Engine) {
    let works = Notice::Status {
        session: session(),
        readiness: Readiness::Working,
        account: Some(ACCOUNT),
    };
    engine.handle(Input::Noticed(works), now());
}

/// An event may tell that a session works before anybody has asked where it lives.
#[test]
fn nothing_goes_through_a_session_before_it_is_known_whose_limits_it_has() {
    for (server, wanted) in [(Some("satu"), 1), (Some("dua"), PEOPLE), (None, PEOPLE)] {
        let mut engine = engine(vec![one_a_day()]);
        works(&mut engine);
        assert_eq!(sent(&mut engine), 0);
        let observation = Observation {
            account: Some(ACCOUNT),
            server: server.map(Into::into),
            ..Observation::only(Readiness::Working)
        };
        let session = session();
        let observed = Input::Observed {
            session,
            observation,
        };
        engine.handle(observed, now());
        assert_eq!(sent(&mut engine), wanted, "{server:?}");
    }
}

fn one_a_minute(scope: Scope) -> Budgets {
    let limits = SharedLimits {
        windows: vec![Window {
            sends_max: 1,
            span: Duration::from_secs(60),
        }],
        ..SharedLimits::default()
    };
    let past = None;
    let record = SharedRecord {
        scope,
        limits,
        past,
    };
    Budgets::new(vec![record], BootId(0), now())
}

/// Campaigns come and go for years: nothing is left of one that is over.
#[test]
fn a_campaign_that_is_over_waits_for_no_limits_any_more() {
    for is_under_way in [true, false] {
        for is_over in [true, false] {
            let job = Job::new(record(), now().elapsed);
            let scope = Scope::Campaign(job.id());
            let mut budgets = one_a_minute(scope.clone());
            let places = budgets.of_job(&job);
            let charged = budgets.charge([None; 2], places, Slot::Cold, now());
            if !is_under_way {
                budgets.end(charged, Slot::Cold, now());
            }
            let longest = budgets.when(places, Slot::Cold, at(1));
            budgets.wait(longest, Waiter::Campaign(job.id()));
            if is_over {
                budgets.forget(&job);
            }
            budgets.set(scope, None, BootId(0), at(2));
            assert_eq!(budgets.freed.is_empty(), is_over, "{longest:?}");
        }
    }
}

#[test]
fn a_send_that_ended_later_than_was_assumed_counts_from_its_end() {
    let mut budgets = one_a_minute(Scope::Installation);
    let places = budgets.of_server(None);
    let charged = budgets.charge(places, [None; 2], Slot::Cold, now());
    budgets.end(charged, Slot::Cold, at(20));
    budgets.ended_later(charged, Slot::Cold, at(20).elapsed, at(50));
    let longest = budgets.when(places, Slot::Cold, at(51));
    let until = at(110).elapsed + Duration::from_micros(1);
    assert_eq!(longest.when, When::At(until, Limit::Window));
    assert_eq!(budgets.scope_of(longest), Some(&Scope::Installation));
}

#[test]
fn an_accounts_own_limit_is_named_where_a_shared_one_lasts_no_longer() {
    let shared = |second| Longest {
        when: When::At(at(second).elapsed, Limit::Window),
        place: Some(0),
    };
    let own = Longest::of_lane(When::At(at(30).elapsed, Limit::Gap));
    for (second, longest) in [(29, own), (30, own), (31, shared(31))] {
        assert_eq!(own.or(shared(second)), longest, "{second}");
    }
}
