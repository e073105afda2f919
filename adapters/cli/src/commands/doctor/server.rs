//! The server: is it there, who may use it, and what time it has.

use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;
use waha_client::types::Environment;
use waha_client::{Error, Listing, WahaClient};

use super::{Report, idle};
use crate::commands::session::failure;
use crate::language::Finding;
use crate::setup::without_secrets;

/// Keys that WAHA's documentation and its examples show.
const PUBLIC_KEYS: [&str; 5] = [
    "00000000000000000000000000000000",
    "yoursecretkey",
    "secret",
    "admin",
    "321",
];
/// A shorter key can be guessed by trying.
const KEY_LENGTH_MIN: usize = 16;
/// Answers take a moment to come; beyond this, a clock is wrong.
const APART_MAX: Duration = Duration::from_secs(10);

/// Looks at the server, and returns what it is where it answers.
pub(super) async fn look(
    report: &mut Report<'_>,
    client: &WahaClient,
    thorough: bool,
) -> Option<Environment> {
    let url = without_secrets(&report.setup.settings.url.value);
    let environment = match client.server().version().await {
        Ok(environment) => environment,
        Err(error) => {
            let why = failure::of(&error, &url, None).text;
            report.add(Finding::ServerFails { why });
            return None;
        }
    };
    report.add(Finding::ServerAnswers {
        url: url.clone(),
        version: environment.version.clone(),
        engine: environment.engine.to_string(),
    });
    let access = access(report, url).await;
    // A server that asks for no key takes every key.
    let asks = !matches!(
        access,
        Finding::AccessOpen { .. } | Finding::AccessByProxy { .. }
    );
    report.add(access);
    if asks {
        let key = key(report).await;
        report.add(key);
    }
    let clock = clock(report, client).await;
    report.add(clock);
    if thorough {
        report.add(idle::measure(client.address()).await);
    }
    Some(environment)
}

/// The same server for somebody with another key, or with none.
fn stranger(url: &str, key: Option<&str>) -> Option<WahaClient> {
    let mut builder = WahaClient::builder(url);
    if let Some(key) = key {
        builder = builder.api_key(key.to_owned());
    }
    builder.build().ok()
}

/// Whether the server answers without a key: to everybody, or to whoever has the password of the proxy before it.
async fn access(report: &Report<'_>, url: String) -> Finding {
    let ours = &report.setup.settings.url.value;
    match without_key(&url).await {
        Finding::AccessClosed if has_password(ours) => match without_key(ours).await {
            Finding::AccessOpen { .. } => Finding::AccessByProxy { url },
            other => other,
        },
        other => other,
    }
}

async fn without_key(url: &str) -> Finding {
    let shown = without_secrets(url);
    let Some(client) = stranger(url, None) else {
        return Finding::AccessUnknown { why: shown };
    };
    match client.sessions().list(Listing::All).await {
        Ok(_) => Finding::AccessOpen { url: shown },
        Err(error) if is_turned_away(&error) => Finding::AccessClosed,
        Err(error) => Finding::AccessUnknown {
            why: error.to_string(),
        },
    }
}

/// Whether an address has a user or a password for a proxy.
fn has_password(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
}

async fn key(report: &Report<'_>) -> Finding {
    let ours = report.setup.settings.key.as_ref();
    let ours = ours.map(|key| key.value.expose_secret().to_owned());
    for public in PUBLIC_KEYS {
        if ours.as_deref() == Some(public) {
            return Finding::KeyPublic;
        }
        let Some(client) = stranger(&report.setup.settings.url.value, Some(public)) else {
            continue;
        };
        match client.sessions().list(Listing::All).await {
            Ok(_) => return Finding::KeyPublic,
            Err(error) if is_turned_away(&error) => {}
            Err(error) => {
                let why = error.to_string();
                return Finding::KeyUnknown { why };
            }
        }
    }
    match ours {
        Some(key) if key.len() < KEY_LENGTH_MIN => Finding::KeyShort,
        _ => Finding::KeyOwn,
    }
}

fn is_turned_away(error: &Error) -> bool {
    error.is_unauthorized() || error.is_forbidden()
}

async fn clock(report: &Report<'_>, client: &WahaClient) -> Finding {
    if report.setup.settings.fast_clock.is_some() {
        return Finding::ClockUnknown;
    }
    let clock = report.setup.clock();
    let before = clock.now();
    let status = client.server().status().await;
    let after = clock.now();
    let server_ms = status
        .ok()
        .and_then(|status| status.start_timestamp_ms?.checked_add(status.uptime_ms?));
    let Some(server_ms) = server_ms else {
        return Finding::ClockUnknown;
    };
    // The answer was made at some moment in between.
    let ours_ms = i64::midpoint(before.wall.as_millisecond(), after.wall.as_millisecond());
    let apart = Duration::from_millis(server_ms.abs_diff(ours_ms));
    if apart > APART_MAX {
        Finding::ClockApart {
            apart,
            server_is_ahead: server_ms > ours_ms,
        }
    } else {
        Finding::ClockInStep { apart }
    }
}
