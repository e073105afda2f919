//! Connections: where they go, and what each is told before it is used.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod,
};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::fault::{Fault, Result};
use super::tls::Tls;
use super::url::Url;

/// A server that does not answer within this is not there.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// What was sent and is not acknowledged for so long is lost, and the connection with it.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);
/// The other end is asked after silence whether it is still there, a few times: within half a minute it is known.
const ASKED_AFTER: Duration = Duration::from_secs(15);
const ASKED_EVERY: Duration = Duration::from_secs(5);
const ASKED_TIMES: u32 = 3;

/// What a connection is told first.
///
/// Statements find rows by keys alone. The server's own choice follows what it takes the sizes of tables for, which is wrong for minutes
/// after an import, and a plan that it made for a small table it keeps for a large one. So nothing is left to choose: no table is read through
/// where a key leads into it, and each statement says what comes first by `LATERAL (... OFFSET 0)`, which is not taken apart. Such plans hold
/// for any size, so they are made once. Compiling one takes longer than all of it.
///
/// A process whose machine is gone, or that was stopped while it wrote, must not keep the others from writing: a worker's lease would be over
/// before it could be renewed. Whoever administers the server may have set less than this. One that has nothing to say is not gone: the session
/// that holds the runner's lock is idle for as long as it runs.
const SETTINGS: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan; SET jit = off;
    SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
    SET idle_session_timeout = 0;
    SELECT set_config('idle_in_transaction_session_timeout', '15s', false)
    WHERE current_setting('idle_in_transaction_session_timeout')::interval NOT BETWEEN '1 ms' AND '15 s'";

/// Where the database is, and how it is reached.
pub(super) struct Server {
    config: Config,
    tls: Tls,
}

impl Server {
    pub(super) fn at(url: &str) -> Result<Self> {
        let Url {
            mut config,
            mode,
            authorities,
        } = Url::read(url)?;
        let tls = Tls::new(mode, authorities.as_deref())?;
        if config.get_application_name().is_none() {
            config.application_name("waha-campaign");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WITHIN);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(ACKNOWLEDGED_WITHIN);
        }
        config.keepalives_idle(ASKED_AFTER);
        config.keepalives_interval(ASKED_EVERY);
        config.keepalives_retries(ASKED_TIMES);
        Ok(Self { config, tls })
    }

    /// The database for people: without user and password.
    pub(super) fn name(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        match self.config.get_dbname() {
            Some(name) => format!("{name} on {host}"),
            None => format!("the user's own on {host}"),
        }
    }

    /// So many connections, made when they are needed, and anew when they broke.
    pub(super) fn pool(&self, connections: usize) -> Result<Pool> {
        let settings = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), settings);
        let told = Hook::async_fn(|client: &mut ClientWrapper, _| {
            Box::pin(async move {
                let told = client.batch_execute(SETTINGS).await;
                told.map_err(HookError::Backend)
            })
        });
        let pool = Pool::builder(manager)
            .max_size(connections)
            .post_create(told);
        pool.build().map_err(|_| Fault::NoConnection)
    }

    /// One that is nobody else's.
    pub(super) async fn connect(&self) -> Result<Own> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        let own = Own {
            client,
            connection: tokio::spawn(async move {
                // Whoever uses the client is told as well.
                let _ = connection.await;
            }),
        };
        own.client.batch_execute(SETTINGS).await?;
        Ok(own)
    }
}

/// A connection of its own; dropped, it is closed.
pub(super) struct Own {
    pub(super) client: tokio_postgres::Client,
    connection: tokio::task::JoinHandle<()>,
}

impl Drop for Own {
    fn drop(&mut self) {
        self.connection.abort();
    }
}
