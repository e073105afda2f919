#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::*;
use crate::campaign::{CampaignState, Definition};
use crate::delivery::{DeliveryId, Standing, State, apply};
use crate::engine::{Beginning, Input, Settings, Step};
use crate::failure::Outcome;
use crate::gateway::{Account, Notice, Observation, Readiness};
use crate::limits::LaneLimits;
use crate::message::MessageTemplate;
use crate::phone::PhoneNumber;
use crate::store::{
    CampaignRecord, Counts, DoubtPage, Effect, LaneId, LaneRecord, Ready, ReadyPage,
};

const ACCOUNT: Account = Account(PhoneNumber::FICTITIOUS);
const PEOPLE: u32 = 3;

fn now() -> Now {
    Now {
        elapsed: Elapsed::from_micros(0),
        wall: "2026-11-21T01:00:00Z".parse().unwrap(),
    }
}

fn session() -> Session {
    Session::new("default")
}

/// An engine with a campaign, on a server of which one message a day may go.
fn engine() -> Engine {
    let one_a_day = SharedRecord {
        scope: Scope::Server("satu".into()),
        limits: SharedLimits {
            sends_per_day_max: Some(1),
            ..SharedLimits::default()
        },
        past: None,
    };
    let beginning = Beginning {
        message_key: [0; 16],
        at: now().stamp(BootId(0)),
        accounts: BTreeMap::new(),
        shared: vec![one_a_day],
    };
    let mut engine = Engine::new(Settings::default(), beginning);
    let message = MessageTemplate::text("Halo").unwrap();
    let record = CampaignRecord {
        id: CampaignId::new(1).unwrap(),
        definition: Arc::new(Definition::new("promo", session(), message)),
        columns: Arc::new([]),
        state: CampaignState::Running,
        created_at: now().wall,
        rejected: 0,
        counts: Counts([((State::Scheduled, None), u64::from(PEOPLE))].into()),
        pruned_at: None,
    };
    engine.handle(Input::Campaign(Box::new(record)), now());
    engine
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

/// An event may tell that a session works before anybody has asked where it lives.
#[test]
fn nothing_goes_through_a_session_before_it_is_known_whose_limits_it_has() {
    for (server, wanted) in [(Some("satu"), 1), (Some("dua"), PEOPLE), (None, PEOPLE)] {
        let mut engine = engine();
        let works = Notice::Status {
            session: session(),
            readiness: Readiness::Working,
            account: Some(ACCOUNT),
        };
        engine.handle(Input::Noticed(works), now());
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
