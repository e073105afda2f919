//! How a session and its server stand at this moment.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use campaign_core::gateway::{Account, Observation, Readiness, Session};
use campaign_core::phone::PhoneNumber;
use futures_util::future::join;
use jiff::Timestamp;
use waha_client::types::{Engine, Me, ServerStatus};
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
            return only(Readiness::Missing);
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
            Err(error) => return only(unready(&error)),
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
            readiness: readiness(&info.status),
            server_up_since: uptime.map(|uptime| now.elapsed - uptime),
            server_time: status.as_ref().and_then(|status| self.server_time(status)),
            store_on,
            platform: platform
                .zip(engine)
                .map(|(known, engine)| format!("{} {engine}", known.version).into()),
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

/// An observation that saw no more than this.
fn only(readiness: Readiness) -> Observation {
    Observation {
        readiness,
        account: None,
        server_up_since: None,
        server_time: None,
        store_on: None,
        platform: None,
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
