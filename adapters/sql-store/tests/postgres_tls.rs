//! TLS to PostgreSQL, as `sslmode` asks for it, from a server with a certificate of an authority of our own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod cluster;

use std::net::TcpListener;
use std::process::Command;

use campaign_core::store::{CampaignQuery, Store};
use cluster::{Cluster, succeed};
use sql_store::{Options, PostgresStore};

const PASSWORD: &str = "s3cr3t";

/// An authority, and a certificate of it for `localhost`.
const CERTIFICATES: &str = r#"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout server.key -out server.csr
printf 'subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\n' > extensions
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile extensions -out server.pem
"#;

fn certified(cluster: &Cluster) {
    let mut shell = cluster.as_server("sh");
    shell.args(["-e", "-c", CERTIFICATES]);
    succeed(shell.current_dir(cluster.folder()));
}

/// A server that listens on a port of its own, and can have TLS.
fn encrypted() -> Option<(Cluster, u16)> {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: PostgreSQL over TLS, openssl is not installed");
        return None;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let port = port.unwrap().port();
    let options = format!(
        "-c listen_addresses=127.0.0.1 -c port={port} -c ssl_cert_file=../server.pem -c ssl_key_file=../server.key"
    );
    let cluster = Cluster::start(&options, certified)?;
    Some((cluster, port))
}

struct Way {
    cluster: Cluster,
    port: u16,
}

impl Way {
    fn new() -> Option<Self> {
        let (cluster, port) = encrypted()?;
        Some(Self { cluster, port })
    }

    /// How it goes by a host and with more in the URL: whether the connections have TLS.
    async fn by(&self, host: &str, more: &str) -> Result<bool, String> {
        let url = format!(
            "postgres://app:{PASSWORD}@{host}:{}/campaigns?{more}",
            self.port
        );
        let store = PostgresStore::open(&url, Options::default()).await;
        let store = store.map_err(|error| {
            assert!(!format!("{error} {error:?}").contains(PASSWORD));
            error.to_string()
        })?;
        assert!(!format!("{store:?}").contains(PASSWORD));
        store.campaigns(&CampaignQuery::All).await.unwrap();
        let connections = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'app'";
        Ok(self.sql(connections) == "t")
    }

    fn turn_tls(&self, on_or_off: &str) {
        self.sql(&format!("ALTER SYSTEM SET ssl = {on_or_off}"));
        self.sql("SELECT pg_reload_conf()");
        let is_turned = |_| self.sql("SHOW ssl") == on_or_off;
        assert!((0..500).any(is_turned), "{on_or_off}");
    }

    fn authority(&self) -> String {
        self.cluster.folder().join("ca.pem").display().to_string()
    }

    fn sql(&self, sql: &str) -> String {
        self.cluster.sql_at(self.port, "postgres", sql)
    }
}

#[tokio::test]
async fn sslmode_is_kept() {
    let Some(way) = Way::new() else {
        return;
    };
    way.sql(&format!("CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'"));
    way.sql("CREATE DATABASE campaigns OWNER app");
    way.turn_tls("on");
    let ours = format!("sslrootcert={}", way.authority());
    // Without anything, and where it is asked for, with whoever answers.
    assert_eq!(way.by("127.0.0.1", "").await, Ok(true));
    assert_eq!(way.by("127.0.0.1", "sslmode=require").await, Ok(true));
    assert_eq!(way.by("127.0.0.1", "sslmode=disable").await, Ok(false));
    // Nobody but our authority vouches for it, and not for every name.
    let trusted = [
        ("127.0.0.1", "verify-ca"),
        ("127.0.0.1", "require"),
        ("localhost", "verify-full"),
    ];
    for (host, mode) in trusted {
        let more = format!("sslmode={mode}&{ours}");
        assert_eq!(way.by(host, &more).await, Ok(true), "{host} {mode}");
    }
    let not_trusted = [
        ("localhost", "verify-ca".to_owned()),
        ("localhost", "verify-full".to_owned()),
        ("127.0.0.1", format!("verify-full&{ours}")),
    ];
    for (host, more) in not_trusted {
        let told = way.by(host, &format!("sslmode={more}")).await.unwrap_err();
        assert!(
            told.contains("certificate is not trusted"),
            "{more}: {told}"
        );
        assert!(told.contains("sslrootcert"), "{more}: {told}");
    }
    let told = way.by("127.0.0.1", "sslmode=verify-ca&sslrootcert=/nowhere.pem");
    let told = told.await.unwrap_err();
    assert!(told.contains("/nowhere.pem"), "{told}");
    // Where the server has none, only those go on that may.
    way.turn_tls("off");
    assert_eq!(way.by("127.0.0.1", "sslmode=prefer").await, Ok(false));
    let told = way.by("127.0.0.1", "sslmode=require").await.unwrap_err();
    assert!(told.contains("TLS"), "{told}");
}
