//! A server that has whatever session it is asked for, and answers every send as WAHA does, and keeps nothing: as little work as hyper allows.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::net::TcpListener;

use super::{account, number};
use crate::Failure;

const STATUS: &str = r#"{"startTimestamp":1795219200000,"uptime":60000,"worker":{"id":null}}"#;
const VERSION: &str = r#"{"version":"2026.7.1","engine":"NOWEB","tier":"CORE","browser":null,"platform":"linux/x64","worker":{"id":null}}"#;
const NO_STORE: &str = r#"{"message":"Enable NOWEB store \"config.noweb.store.enabled=True\" and \"config.noweb.store.full_sync=True\" when starting a new session.","error":"Bad Request","statusCode":400}"#;

/// Accepts connections for ever.
pub(super) async fn run(listener: TcpListener) -> Result<(), Failure> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A connection that ends is nobody's news.
        tokio::spawn(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service_fn(answer)),
        );
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = if request.method() == Method::POST {
        match request.into_body().collect().await {
            Ok(body) => accept(&body.to_bytes()),
            Err(_) => (StatusCode::BAD_REQUEST, String::new()),
        }
    } else {
        about(request.uri().path())
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

fn about(path: &str) -> (StatusCode, String) {
    let session = path.strip_prefix("/api/sessions/");
    if let Some((name, number)) = session.and_then(|name| Some((name, number(name)?))) {
        let account = account(number);
        let session = format!(
            r#"{{"name":"{name}","status":"WORKING","config":{{}},"me":{{"id":"{account}@c.us","pushName":"Bench"}},"engine":{{"engine":"NOWEB"}}}}"#
        );
        return (StatusCode::OK, session);
    }
    match path {
        "/api/server/status" => (StatusCode::OK, STATUS.to_owned()),
        "/api/server/version" | "/api/version" => (StatusCode::OK, VERSION.to_owned()),
        _ => (StatusCode::BAD_REQUEST, NO_STORE.to_owned()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    chat_id: String,
    text: String,
    id: String,
}

fn accept(body: &[u8]) -> (StatusCode, String) {
    let Ok(Text { chat_id, text, id }) = serde_json::from_slice(body) else {
        return (StatusCode::INTERNAL_SERVER_ERROR, String::new());
    };
    let phone = chat_id.trim_end_matches("@c.us");
    let text = serde_json::Value::from(text);
    let answer = format!(
        r#"{{"key":{{"remoteJid":"{phone}@s.whatsapp.net","fromMe":true,"id":"{id}"}},"message":{{"extendedTextMessage":{{"text":{text}}}}},"messageTimestamp":"1795220089","status":"PENDING"}}"#
    );
    (StatusCode::CREATED, answer)
}
