//! Sessions, pairing, keys, and the server itself.
#![allow(deprecated)]

use serde_json::Value;
use waha_client::api::keys::KeyRequest;
use waha_client::api::sessions::AfterStop;
use waha_client::api::{keys, pairing, profile, server, sessions};
use waha_client::types::{Environment, ServerStatus, SessionConfig};
use waha_client::{Listing, NewSession, SessionInfo, WahaClient};

use crate::asked::{Asked, Replayed, perform};
use crate::is_known_session;

pub(crate) async fn replay(waha: &WahaClient, asked: &Asked, response: &Value) -> Option<Replayed> {
    let (method, path) = asked.route();
    let s = || asked.session_at(2);
    let session = |info: &SessionInfo| is_known_session(info);
    Some(match (method, &path[..]) {
        ("GET", ["api", "sessions"]) => {
            let listing = match asked.flag("all") {
                Some(true) => Listing::All,
                _ => Listing::Running,
            };
            let known = |list: &Vec<_>| list.iter().all(is_known_session);
            perform(waha, sessions::list(listing), known).await
        }
        ("POST", ["api", "sessions"]) => {
            let mut new = NewSession::default();
            new.name = asked.body.get("name").map(|_| asked.session());
            new.start = asked.flag("start");
            new.config = config(asked);
            let known = |info: &Option<_>| info.as_ref().is_none_or(is_known_session);
            perform(waha, sessions::create(&new), known).await
        }
        ("POST", ["api", "sessions", "start"]) => {
            let config = config(asked);
            let endpoint = sessions::upsert_and_start(&asked.session(), config.as_ref());
            perform(waha, endpoint, session).await
        }
        ("POST", ["api", "sessions", "stop"]) => {
            let after = match asked.flag("logout") {
                Some(true) => AfterStop::Remove,
                _ => AfterStop::Keep,
            };
            let endpoint = sessions::stop_by_name(&asked.session(), after);
            perform(waha, endpoint, |()| true).await
        }
        ("POST", ["api", "sessions", "logout"]) => {
            let endpoint = sessions::logout_and_delete(&asked.session());
            perform(waha, endpoint, |()| true).await
        }
        ("GET", ["api", "sessions", _]) => perform(waha, sessions::get(&s()), session).await,
        ("PUT", ["api", "sessions", _]) => {
            let config = config(asked).unwrap_or_default();
            perform(waha, sessions::update(&s(), &config), session).await
        }
        ("DELETE", ["api", "sessions", _]) => {
            perform(waha, sessions::delete(&s()), |()| true).await
        }
        ("GET", ["api", "sessions", _, "me"]) => perform(waha, sessions::me(&s()), |_| true).await,
        ("POST", ["api", "sessions", _, "start"]) => {
            perform(waha, sessions::start(&s()), session).await
        }
        ("POST", ["api", "sessions", _, "stop"]) => {
            perform(waha, sessions::stop(&s()), |_| true).await
        }
        ("POST", ["api", "sessions", _, "restart"]) => {
            perform(waha, sessions::restart(&s()), session).await
        }
        ("POST", ["api", "sessions", _, "logout"]) => {
            perform(waha, sessions::logout(&s()), session).await
        }
        _ => return around(waha, asked, response).await,
    })
}

fn config(asked: &Asked) -> Option<SessionConfig> {
    serde_json::from_value(asked.body.get("config")?.clone()).ok()
}

async fn around(waha: &WahaClient, asked: &Asked, response: &Value) -> Option<Replayed> {
    let (method, path) = asked.route();
    let s = || asked.session_at(1);
    let version = |version: &Environment| version.extra.is_empty();
    Some(match (method, &path[..]) {
        ("GET", ["api", _, "auth", "qr"]) => {
            let is_png = response["headers"]["Content-Type"] == "image/png";
            if asked.maybe("format").as_deref() == Some("raw") {
                let is_code = |text: &String| text.starts_with("2@");
                perform(waha, pairing::qr_text(&s()), is_code).await
            } else if is_png {
                perform(waha, pairing::qr_png(&s()), |png| !png.is_empty()).await
            } else {
                let whole =
                    |qr: &pairing::QrImage| qr.mimetype == "image/png" && qr.bytes().is_some();
                perform(waha, pairing::qr_image(&s()), whole).await
            }
        }
        ("POST", ["api", _, "auth", "request-code"]) => {
            let endpoint = pairing::request_code(&s(), &asked.text("phoneNumber"));
            perform(waha, endpoint, |code| code.len() == 9).await
        }
        ("GET", ["api", "screenshot"]) => {
            let endpoint = pairing::screenshot(&asked.session());
            perform(waha, endpoint, |_| true).await
        }
        ("GET", ["api", _, "profile"]) => {
            let known = |mine: &profile::MyProfile| mine.name.is_some() && mine.extra.is_empty();
            perform(waha, profile::get(&s()), known).await
        }
        ("GET", ["api", "keys"]) => perform(waha, keys::list(), Vec::is_empty).await,
        ("POST", ["api", "keys"]) => {
            let session = asked.session();
            let key = match asked.body["isAdmin"] == true {
                true => KeyRequest::admin(),
                false => KeyRequest::for_session(&session),
            };
            perform(waha, keys::create(&key), |_| true).await
        }
        ("GET", ["ping"]) => perform(waha, server::ping(), |_| true).await,
        ("GET", ["health"]) => perform(waha, server::health(), |health| health.is_ok()).await,
        ("GET", ["api", "version"]) => perform(waha, server::version_by_old_path(), version).await,
        ("GET", ["api", "server", "version"]) => perform(waha, server::version(), version).await,
        ("GET", ["api", "server", "status"]) => {
            let known = |status: &ServerStatus| {
                status.start_timestamp_ms.is_some() && status.uptime_ms.is_some()
            };
            perform(waha, server::status(), known).await
        }
        _ => return None,
    })
}
