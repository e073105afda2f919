//! Puts the parts together: store, client, gateway, clock, as the settings say.

use std::path::Path;
use std::sync::Arc;

use campaign_core::campaign::Sessions;
use campaign_core::clock::{AcceleratedClock, Clock, SystemClock};
use campaign_core::driver::Parts;
use campaign_core::gateway::{Gateway, Readiness, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::store::{Store, StoreError};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sql_store::{Depth, PostgresStore, Prune, SqliteStore, Trouble, TroubleKind};
use url::{Host, Url};
use waha_client::WahaClient;
use waha_gateway::{Options, WahaGateway};

use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::output::Output;
use crate::settings::{Place, Setting, Settings};

/// What only a simulator of ours calls its platform.
const SIMULATOR_PLATFORM: &str = "simulator/x64";

/// What every command works with.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) settings: Settings,
    pub(crate) output: Output,
}

impl Setup {
    /// The same, without a word.
    pub(crate) fn quiet(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            output: self.output.quiet(),
        }
    }

    /// The database, made if there is none.
    ///
    /// # Errors
    /// When it cannot be opened or made.
    pub(crate) async fn store(&self) -> Result<Arc<dyn Store>, Failure> {
        match &self.settings.db.value {
            Place::File(path) => {
                folder_of(path)?;
                Ok(Arc::new(self.opened(path)?))
            }
            Place::Server { url, .. } => Ok(Arc::new(on_server(url).await?)),
        }
    }

    /// The database that several processes send from, made if there is none.
    ///
    /// # Errors
    /// When it is in a file, which one process sends from; when a simulator's clock is set, which workers do not go by; or as [`Setup::store`].
    pub(crate) async fn shared_store(&self) -> Result<PostgresStore, Failure> {
        if self.settings.fast_clock.is_some() {
            return Err(Failure::new(
                Exit::Usage,
                Text::FastClockRefused {
                    why: "workers go by the database's clock".to_owned(),
                },
            ));
        }
        match &self.settings.db.value {
            Place::File(path) => Err(Failure::refused(Text::WorkersNeedServer {
                path: path.display().to_string(),
            })),
            Place::Server { url, .. } => {
                let mut options = sql_store::Options::default();
                if let Some(lease) = self.settings.lease() {
                    options.lease = lease;
                }
                Ok(PostgresStore::open(url.expose_secret(), options).await?)
            }
        }
    }

    /// Whether there is a database: a file, or its tables on a server.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub(crate) async fn has_database(&self) -> Result<bool, Failure> {
        match &self.settings.db.value {
            Place::File(path) => Ok(path.exists()),
            Place::Server { url, .. } => Ok(PostgresStore::is_made(url.expose_secret()).await?),
        }
    }

    /// The file of the database, for what only a database in a file can do.
    ///
    /// # Errors
    /// When it is on a server.
    pub(crate) fn database_file(&self) -> Result<&Path, Failure> {
        match &self.settings.db.value {
            Place::File(path) => Ok(path),
            Place::Server { shown, .. } => Err(Failure::refused(Text::OnlyInFile {
                place: shown.clone(),
            })),
        }
    }

    /// Makes the folder of the database where there is none.
    ///
    /// # Errors
    /// When it cannot be made, or the database is on a server.
    pub(crate) fn database_folder(&self) -> Result<(), Failure> {
        folder_of(self.database_file()?)
    }

    /// The database, which must be there.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub(crate) async fn existing_store(&self) -> Result<Arc<dyn Store>, Failure> {
        match &self.settings.db.value {
            Place::File(_) => Ok(Arc::new(self.existing_database()?)),
            Place::Server { url, shown } => Ok(Arc::new(existing_on_server(url, shown).await?)),
        }
    }

    /// The same, for what only a database in a file can do.
    ///
    /// # Errors
    /// As [`Setup::existing_store`].
    pub(crate) fn existing_database(&self) -> Result<SqliteStore, Failure> {
        let path = self.database_file()?;
        if !path.exists() && !is_lost(path) {
            return Err(Failure::refused(Text::NoDatabase {
                path: path.display().to_string(),
            }));
        }
        self.opened(path)
    }

    /// The database, which must be there, for taking people out of it.
    ///
    /// # Errors
    /// As [`Setup::existing_store`].
    pub(crate) async fn database_to_prune(&self) -> Result<Box<dyn Prune>, Failure> {
        Ok(match &self.settings.db.value {
            Place::File(_) => Box::new(self.existing_database()?),
            Place::Server { url, shown } => Box::new(existing_on_server(url, shown).await?),
        })
    }

    /// The database in a file, and a word where it is no longer the one that counts.
    fn opened(&self, path: &Path) -> Result<SqliteStore, Failure> {
        let store = open(path)?;
        if let Some(to) = store.moved_to() {
            self.output.note(&Text::DatabaseMoved {
                path: path.display().to_string(),
                to: to.to_owned(),
            });
        }
        Ok(store)
    }

    /// The clock: the machine's own, or a simulator's.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match self.settings.fast_clock {
            None => Arc::new(SystemClock::new()),
            Some(fast) => {
                let origin = Timestamp::from_second(fast.origin_seconds).unwrap_or_default();
                let clock = AcceleratedClock::new(fast.speed, origin);
                Arc::new(clock.after_restarts(fast.restarts))
            }
        }
    }

    /// The client of the server.
    ///
    /// # Errors
    /// When the address is none.
    pub(crate) fn client(&self) -> Result<WahaClient, Failure> {
        let url = &self.settings.url;
        let mut builder = WahaClient::builder(url.value.as_str());
        if let Some(Setting { value: key, .. }) = &self.settings.key {
            builder = builder.api_key(key.clone());
        }
        builder.build().map_err(|error| {
            Failure::new(
                Exit::Usage,
                Text::ServerAddress {
                    url: without_secrets(&url.value),
                    origin: url.origin.clone(),
                    why: error.to_string(),
                },
            )
        })
    }

    /// The name of the server, as limits know it.
    ///
    /// # Errors
    /// When the address is none.
    pub(crate) fn server_name(&self) -> Result<String, Failure> {
        Ok(waha_gateway::server_name(&self.client()?))
    }

    /// The client of the server. A clock that runs fast is refused unless a simulator is at the other end.
    ///
    /// # Errors
    /// When the address is none, or the fast clock would meet a real server.
    pub(crate) async fn checked_client(&self) -> Result<WahaClient, Failure> {
        let client = self.client()?;
        if self.settings.fast_clock.is_some() {
            only_a_simulator(&client).await?;
        }
        Ok(client)
    }

    /// The way to WhatsApp.
    ///
    /// # Errors
    /// As [`Setup::checked_client`].
    pub(crate) async fn gateway(&self, clock: Arc<dyn Clock>) -> Result<WahaGateway, Failure> {
        Ok(self.gateway_over(self.checked_client().await?, clock))
    }

    /// The way to WhatsApp over a client that is there already.
    pub(crate) fn gateway_over(&self, client: WahaClient, clock: Arc<dyn Clock>) -> WahaGateway {
        let options = self
            .settings
            .fast_clock
            .map_or_else(Options::default, |fast| Options::at_speed(fast.speed));
        WahaGateway::new(client, clock, options)
    }

    /// What a runner needs.
    pub(crate) fn parts(
        &self,
        store: Arc<dyn Store>,
        gateway: Arc<dyn Gateway>,
        clock: Arc<dyn Clock>,
        limits: LaneLimits,
    ) -> Parts {
        Parts {
            store,
            gateway,
            clock,
            settings: self.settings.engine(),
            limits,
            workers: None,
        }
    }
}

/// Looks at the session before anything is imported.
///
/// # Errors
/// When nothing can be sent until somebody does something about it. A session that is starting is waited for.
pub(crate) async fn check_session(
    gateway: &dyn Gateway,
    session: &Session,
    url: &str,
) -> Result<(), Failure> {
    let readiness = gateway.observe(session).await.readiness;
    if readiness == Readiness::NotReady("STARTING".into()) {
        return Ok(());
    }
    match session_text(&readiness, session, url) {
        Some(text) => Err(Failure::new(Exit::NotReady, text)),
        None => Ok(()),
    }
}

/// Whether a campaign can be sent from these: none is unknown, and one at least works or is on its way to it.
///
/// # Errors
/// Naming the first that cannot.
pub(crate) async fn check_sessions(
    gateway: &dyn Gateway,
    sessions: &Sessions,
    url: &str,
) -> Result<(), Failure> {
    let mut found = Vec::new();
    for session in sessions {
        let readiness = gateway.observe(session).await.readiness;
        if !matches!(readiness, Readiness::Working | Readiness::NotReady(_)) {
            return check_session(gateway, session, url).await;
        }
        found.push(check_session(gateway, session, url).await);
    }
    let can_send = found.iter().any(Result::is_ok);
    match found.into_iter().find_map(Result::err) {
        Some(failure) if !can_send => Err(failure),
        _ => Ok(()),
    }
}

/// Why a session cannot send, and what to do about it; `None` for one that can.
pub(crate) fn session_text(readiness: &Readiness, session: &Session, url: &str) -> Option<Text> {
    let url = without_secrets(url);
    let session = session.to_string();
    Some(match readiness {
        Readiness::Working => return None,
        Readiness::NotReady(status) => Text::SessionNotReady {
            session,
            status: status.to_string(),
        },
        Readiness::Missing => Text::SessionMissing { session, url },
        Readiness::Unauthorized => Text::KeyRefused { url },
        Readiness::Unreachable => Text::ServerUnreachable { url },
        Readiness::Foreign => Text::ServerForeign { url },
    })
}

async fn only_a_simulator(client: &WahaClient) -> Result<(), Failure> {
    let refused = |why: &str| {
        Failure::new(
            Exit::Usage,
            Text::FastClockRefused {
                why: why.to_owned(),
            },
        )
    };
    let is_near = match client.address().host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if !is_near {
        return Err(refused("the server is not on this machine"));
    }
    match client.server().version().await {
        Ok(version) if version.platform.as_deref() == Some(SIMULATOR_PLATFORM) => Ok(()),
        Ok(_) => Err(refused("the server is not a simulator")),
        Err(error) => Err(Failure::new(
            Exit::NotReady,
            Text::FastClockRefused {
                why: error.to_string(),
            },
        )),
    }
}

/// An address may hold a password for a proxy.
pub(crate) fn without_secrets(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut url) => {
            let _no_base = url.set_username("").and_then(|()| url.set_password(None));
            url.set_query(None);
            url.to_string()
        }
        Err(_) => String::new(),
    }
}

fn folder_of(path: &Path) -> Result<(), Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) => std::fs::create_dir_all(folder).map_err(|error| cannot_open(path, &error)),
        None => Ok(()),
    }
}

fn open(path: &Path) -> Result<SqliteStore, Failure> {
    SqliteStore::open(path, sql_store::Options::default()).map_err(|error| {
        let shown = path.display().to_string();
        match error {
            StoreError::TooNew { found, known } => Failure::other_text(Text::DatabaseTooNew {
                path: shown,
                found,
                known,
            }),
            StoreError::Refused(_) if is_foreign(path) => {
                Failure::refused(Text::DatabaseForeign { path: shown })
            }
            other => other.into(),
        }
    })
}

async fn existing_on_server(url: &SecretString, shown: &str) -> Result<PostgresStore, Failure> {
    if !PostgresStore::is_made(url.expose_secret()).await? {
        let path = shown.to_owned();
        return Err(Failure::refused(Text::NoDatabase { path }));
    }
    Ok(on_server(url).await?)
}

pub(crate) async fn on_server(url: &SecretString) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(url.expose_secret(), sql_store::Options::default()).await
}

fn cannot_open(path: &Path, error: &std::io::Error) -> Failure {
    Failure::other_text(Text::DatabaseTrouble {
        kind: TroubleKind::CannotOpen,
        path: path.display().to_string(),
        detail: error.to_string(),
    })
}

/// Whether there should be a database, and is none.
fn is_lost(path: &Path) -> bool {
    let looked = sql_store::inspect(path, Depth::Quick);
    looked.is_err_and(|error| Trouble::kind_of(&error) == Some(TroubleKind::Lost))
}

fn is_foreign(path: &Path) -> bool {
    matches!(
        sql_store::inspect(path, Depth::Quick),
        Err(StoreError::Refused(_))
    )
}
