//! How a session and its server stand at this moment.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use campaign_core::gateway::{
    Account, Allowance, Observation, Quota, Readiness, Restriction, Session,
};
use campaign_core::phone::PhoneNumber;
use futures_util::future::join;
use jiff::Timestamp;
use waha_client::types::{CappingStatus, Engine, Me, ServerStatus};
use waha_client::{Answer, Error, SessionInfo, SessionName, SessionStatus, WahaClient};

use crate::WahaGateway;

/// Version and engine of the server that started at a moment: neither changes while it runs.
#[derive(Default)]
pub(crate) struct Platform(Mutex<Option<KnownPlatform>>);

#[derive(Clone)]
struct KnownPlatform {
    started_ms: i64,
    version: String,
    engine: Engine,
}

impl WahaGateway {
    pub(crate) async fn look_at(&self, session: &Session) -> Observation {
        let Ok(name) = SessionName::new(&*session.0) else {
            return Observation::only(Readiness::Missing);
        };
        let client = self.client_of(session);
        let (sessions, server) = (client.sessions(), client.server());
        let (info, status) = join(sessions.get(&name), async {
            let status = server.status().await;
            // Taken when the answer is there: the start is placed late rather than early.
            (status, self.0.clock.now())
        })
        .await;
        let info = match info {
            Ok(info) => info,
            Err(error) => return Observation::only(unready(&error)),
        };
        let (status, now) = status;
        let status = status.ok();
        let platform = self.platform(client, status.as_ref()).await;
        let engine = info.engine.as_ref().and_then(|it| it.engine.clone());
        let engine = engine.or_else(|| platform.as_ref().map(|it| it.engine.clone()));
        let uptime = status.as_ref().and_then(|status| self.uptime(status));
        let store_on = match engine.as_ref().map(|engine| store_on(engine, &info)) {
            Some(Store::Ask) => self.ask_for_store(client, &info).await,
            Some(Store::Known(is_on)) => Some(is_on),
            Some(Store::Unknown) | None => None,
        };
        Observation {
            account: account(&info),
            allowance: info.me.as_ref().map(allowance).unwrap_or_default(),
            server_up_since: uptime.map(|uptime| now.elapsed - uptime),
            server_time: status.as_ref().and_then(|status| self.server_time(status)),
            store_on,
            server: Some(server_name(client).into()),
            platform: platform
                .zip(engine)
                .map(|(known, engine)| format!("{} {engine}", known.version).into()),
            ..Observation::only(readiness(&info.status))
        }
    }

    /// How long the server has run, in our clock's time.
    fn uptime(&self, status: &ServerStatus) -> Option<Duration> {
        let uptime = Duration::from_millis(u64::try_from(status.uptime_ms?).ok()?);
        Duration::try_from_secs_f64(uptime.as_secs_f64() * self.0.options.clock_speed).ok()
    }

    fn server_time(&self, status: &ServerStatus) -> Option<Timestamp> {
        if self.0.options.clock_speed != 1.0 {
            return None;
        }
        let now_ms = status.start_timestamp_ms?.checked_add(status.uptime_ms?)?;
        Timestamp::from_millisecond(now_ms).ok()
    }

    /// Looks for a message that cannot be: only a session without a store says that it has none.
    async fn ask_for_store(&self, client: &WahaClient, info: &SessionInfo) -> Option<bool> {
        let me = info.me.as_ref()?;
        if info.status != SessionStatus::Working {
            // The question would wait for the session.
            return None;
        }
        match client.chats().message(&info.name, &me.id, "0").await {
            Ok(_) => Some(true),
            Err(error) if error.is_store_disabled() => Some(false),
            Err(_) => None,
        }
    }

    async fn platform(
        &self,
        client: &WahaClient,
        status: Option<&ServerStatus>,
    ) -> Option<KnownPlatform> {
        let started_ms = status?.start_timestamp_ms?;
        let known = self.0.platform.known();
        if let Some(known) = known.filter(|known| known.started_ms == started_ms) {
            return Some(known);
        }
        let version = client.server().version().await.ok()?;
        let platform = KnownPlatform {
            started_ms,
            version: version.version,
            engine: version.engine,
        };
        self.0.platform.keep(platform.clone());
        Some(platform)
    }
}

impl Platform {
    fn known(&self) -> Option<KnownPlatform> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, platform: KnownPlatform) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(platform);
    }
}

/// The name of a client's server: host and port, whatever the path and whoever asks.
///
/// ```
/// let client = waha_client::WahaClient::builder("https://waha.example/a").build()?;
/// assert_eq!(waha_gateway::server_name(&client), "waha.example:443");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn server_name(client: &WahaClient) -> String {
    let address = client.address();
    let host = address.host_str().unwrap_or_default();
    match address.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// What an error of the session's own call says.
fn unready(error: &Error) -> Readiness {
    if error.is_unauthorized() || error.is_forbidden() {
        Readiness::Unauthorized
    } else if error.is_unknown_session() {
        Readiness::Missing
    } else if error.answer().is_some_and(is_foreign) {
        Readiness::Foreign
    } else {
        Readiness::Unreachable
    }
}

/// Whether this comes from something else than WAHA, which answers the question about a session with JSON and redirects nothing under /api.
/// A server that fails or is busy may be WAHA behind a proxy.
fn is_foreign(answer: &Answer) -> bool {
    matches!(answer.status(), 200..400 | 404 | 405 | 410)
}

pub(crate) fn readiness(status: &SessionStatus) -> Readiness {
    match status {
        SessionStatus::Working => Readiness::Working,
        other => Readiness::NotReady(other.to_string().into()),
    }
}

fn account(info: &SessionInfo) -> Option<Account> {
    account_of(info.me.as_ref(), &info.status)
}

/// The account of a session that works. Before that, WAHA may show the number that asked for a pairing code, or that of
/// another time (recorded).
pub(crate) fn account_of(me: Option<&Me>, status: &SessionStatus) -> Option<Account> {
    if *status != SessionStatus::Working {
        return None;
    }
    account_in(me)
}

/// The account as stated.
pub(crate) fn account_in(me: Option<&Me>) -> Option<Account> {
    let digits = me?.id.phone_digits()?;
    PhoneNumber::from_e164_digits(digits).ok().map(Account)
}

/// What WhatsApp lets the account do towards people it has no chat with. A quota without its numbers is none; one that is used up by
/// WhatsApp's word is used up whatever the numbers say.
fn allowance(me: &Me) -> Allowance {
    let lock = me.reachout_timelock.as_ref();
    let lock = lock.filter(|lock| lock.is_active == Some(true));
    let restriction = lock.map(|lock| Restriction {
        until: lock.ends_s.and_then(moment),
    });
    let number = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
    let quota = me.message_capping.as_ref().and_then(|capping| {
        let is_capped = capping.status == Some(CappingStatus::Capped);
        let (total, used) = match (capping.total_quota.filter(|total| *total >= 0), is_capped) {
            (Some(total), true) => (number(total), number(total)),
            (Some(total), false) => (number(total), number(capping.used_quota?)),
            (None, true) => (0, 0),
            (None, false) => return None,
        };
        Some(Quota {
            total,
            used,
            warnings: match capping.status {
                Some(CappingStatus::FirstWarning) => 1,
                Some(CappingStatus::SecondWarning | CappingStatus::Capped) => 2,
                _ => 0,
            },
            renews_at: capping.cycle_end_s.and_then(moment),
        })
    });
    Allowance { restriction, quota }
}

fn moment(unix_s: i64) -> Option<Timestamp> {
    Timestamp::from_second(unix_s).ok()
}

/// What a session's description says about its message store.
enum Store {
    Known(bool),
    /// It says nothing, but the server tells when asked.
    Ask,
    Unknown,
}

/// Whether the session keeps its messages.
///
/// NOWEB does so only when told (recorded), and its configuration need not be where it was told; GOWS unless its
/// configuration says otherwise (WAHA's specification). The browser engines keep what the browser keeps.
fn store_on(engine: &Engine, info: &SessionInfo) -> Store {
    let config = info.config.as_ref();
    match engine {
        Engine::Noweb => match config.and_then(|config| config.noweb.as_ref()?.store.as_ref()) {
            Some(store) => Store::Known(store.enabled),
            None => Store::Ask,
        },
        Engine::Gows => {
            let gows = config.and_then(|config| config.extra.get("gows"));
            let messages = gows.and_then(|gows| gows.get("storage")?.get("messages")?.as_bool());
            Store::Known(messages.unwrap_or(true))
        }
        _ => Store::Unknown,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_restriction_and_a_quota_are_read_and_what_does_not_say_says_nothing() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let quota = |total, used, warnings, renews_at| Quota {
            total,
            used,
            warnings,
            renews_at,
        };
        let lock = |lock: Value| json!({"id": "628@c.us", "reachoutTimelock": lock});
        let capping = |capping: Value| json!({"id": "628@c.us", "messageCapping": capping});
        let restricted = |until| Allowance {
            restriction: Some(Restriction { until }),
            quota: None,
        };
        let capped = |quota| Allowance {
            restriction: None,
            quota: Some(quota),
        };
        let none = Allowance::default();
        for (me, expected) in [
            (json!({"id": "628@c.us"}), none),
            (lock(json!(null)), none),
            (
                lock(json!({"isActive": false, "timeEnforcementEnds": 500})),
                none,
            ),
            (
                lock(json!({"isActive": true, "timeEnforcementEnds": 500})),
                restricted(at(500)),
            ),
            (lock(json!({"isActive": true})), restricted(None)),
            (capping(json!({"cappingStatus": "NONE"})), none),
            (capping(json!({"totalQuota": -1, "usedQuota": 7})), none),
            (
                capping(json!({"totalQuota": 50, "usedQuota": "7", "cycleEnd": 500})),
                capped(quota(50, 7, 0, at(500))),
            ),
            (
                capping(
                    json!({"cappingStatus": "FIRST_WARNING", "totalQuota": 50, "usedQuota": 40}),
                ),
                capped(quota(50, 40, 1, None)),
            ),
            (
                capping(
                    json!({"cappingStatus": "SECOND_WARNING", "totalQuota": 50, "usedQuota": 45}),
                ),
                capped(quota(50, 45, 2, None)),
            ),
            (
                capping(json!({"cappingStatus": "CAPPED", "totalQuota": 50, "usedQuota": 45})),
                capped(quota(50, 50, 2, None)),
            ),
            (
                capping(json!({"cappingStatus": "CAPPED", "cycleEnd": 500})),
                capped(quota(0, 0, 2, at(500))),
            ),
        ] {
            let read: Me = serde_json::from_value(me.clone()).unwrap();
            assert_eq!(allowance(&read), expected, "{me}");
        }
    }
}
