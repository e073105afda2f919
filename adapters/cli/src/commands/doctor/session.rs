//! The session, what it keeps, whether its events arrive, and what all of it is worth when an answer is lost.

use std::time::Duration;

use campaign_core::gateway::{Account, Gateway, Observation, Readiness, Session};
use campaign_core::limits::Zone;
use sql_store::LaneSeen;
use waha_client::events::{SocketError, SocketItem, Subscription};
use waha_client::types::{Engine, Environment};
use waha_client::{SessionName, WahaClient};

use super::Report;
use crate::language::{Evidence, Finding, Ids, WaitText};
use crate::setup::session_text;

/// A websocket connects in this time, or something is between.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// WAHA accepts every websocket and closes one with a wrong key a moment later (recorded).
const REFUSAL_WAIT: Duration = Duration::from_millis(500);
/// The last version that gives messages ids of its own whatever it is told (recorded).
const IDS_IGNORED_UP_TO: [u32; 3] = [2026, 4, 2];

/// What was seen of a session.
#[derive(Default)]
pub(super) struct Seen {
    account: Option<Account>,
    platform: Option<Box<str>>,
    keeps_messages: Option<bool>,
    events: bool,
}

pub(super) async fn look(report: &mut Report<'_>, client: &WahaClient, name: &str) -> Seen {
    let setup = report.setup;
    let gateway = setup.gateway_over(client.clone(), setup.clock());
    let session = Session::new(name);
    let observation = gateway.observe(&session).await;
    let url = &setup.settings.url.value;
    if let Some(why) = session_text(&observation.readiness, &session, url) {
        let why = Box::new(why);
        report.add(Finding::SessionFails { why });
    } else {
        report.add(Finding::SessionWorks {
            name: name.to_owned(),
            account: observation.account.map(|account| account.0.to_string()),
        });
    }
    allowance(report, &observation);
    if observation.readiness != Readiness::Missing {
        report.add(match observation.store_on {
            Some(true) => Finding::KeepsMessages,
            Some(false) => Finding::KeepsNone {
                name: name.to_owned(),
            },
            None => Finding::KeepsUnknown,
        });
    }
    let events = events(client, name).await;
    let arrive = matches!(events, Finding::EventsArrive);
    report.add(events);
    report.add(Finding::Phone);
    let Observation {
        account,
        platform,
        store_on,
        ..
    } = observation;
    Seen {
        account,
        platform,
        keeps_messages: store_on,
        events: arrive,
    }
}

/// What WhatsApp lets the account do, as far as the server tells.
fn allowance(report: &mut Report<'_>, observation: &Observation) {
    let zone = Zone::default();
    if let Some(restriction) = observation.allowance.restriction {
        let until = restriction.until.map(|moment| zone.show(moment));
        report.add(Finding::Restricted { until });
    }
    if let Some(quota) = observation.allowance.quota {
        report.add(Finding::NewChats {
            used: quota.used,
            total: quota.total,
            has_warned: quota.warnings > 0,
            renews: quota.renews_at.map(|moment| zone.show(moment)),
        });
    }
}

/// Why nothing is sent from the account at present, by what the sending process has put on record.
pub(super) fn holds(report: &mut Report<'_>, seen: &Seen, lanes: &[LaneSeen]) {
    let Some(lane) = lanes.iter().find(|lane| Some(lane.account) == seen.account) else {
        return;
    };
    let now = report.setup.settings.wall();
    let zone = Zone::default();
    for hold in lane.holds.iter().filter(|hold| hold.until > now) {
        let trouble = serde_json::to_value(hold.trouble);
        let trouble = trouble.ok().and_then(|it| it.as_str().map(str::to_owned));
        report.add(Finding::Held(WaitText::Trouble {
            trouble: trouble.unwrap_or_default(),
            since: hold.since.map(|moment| zone.show(moment)),
            until: Some(zone.show(hold.until)),
        }));
    }
}

async fn events(client: &WahaClient, name: &str) -> Finding {
    let mut wanted = Subscription::new().events(["session.status"]);
    if let Ok(name) = SessionName::new(name) {
        wanted = wanted.session(&name);
    }
    let mut stream = client.listen(wanted);
    let first = tokio::time::timeout(CONNECT_MAX, stream.next()).await;
    match first {
        Ok(Some(Ok(SocketItem::Gap(gap)))) => Finding::EventsAway { why: gap.why },
        Ok(Some(Err(SocketError::Refused(why)))) => Finding::EventsRefused { why },
        Ok(Some(_)) => match tokio::time::timeout(REFUSAL_WAIT, stream.next()).await {
            Ok(Some(Err(SocketError::Refused(why)))) => Finding::EventsRefused { why },
            Ok(Some(Ok(SocketItem::Gap(gap)))) => Finding::EventsAway { why: gap.why },
            _ => Finding::EventsArrive,
        },
        Ok(None) | Err(_) => Finding::EventsAway {
            why: format!("nothing came for {} s", CONNECT_MAX.as_secs()),
        },
    }
}

/// What settles a doubt here: what the session has now, and what was learnt when it sent.
pub(super) fn evidence(seen: &Seen, lanes: &[LaneSeen], server: &Environment) -> Evidence {
    let lane = lanes.iter().find(|lane| Some(lane.account) == seen.account);
    let proved = lane.filter(|lane| {
        Some(&lane.trusted.platform) == seen.platform.as_ref() && !lane.trusted.kinds.is_empty()
    });
    let ids = match proved {
        Some(lane) => Ids::Proved(lane.trusted.kinds.clone()),
        None if honours_ids(server) => Ids::Unproved,
        None => Ids::Ignored {
            platform: format!("WAHA {} with {}", server.version, server.engine),
        },
    };
    Evidence {
        ids,
        keeps_messages: seen.keeps_messages,
        events: seen.events,
    }
}

fn honours_ids(server: &Environment) -> bool {
    let numbers: Vec<u32> = server
        .version
        .split('.')
        .map_while(|number| number.parse().ok())
        .collect();
    matches!(server.engine, Engine::Noweb | Engine::Gows) && *numbers > IDS_IGNORED_UP_TO[..]
}
