//! What the whole path is measured by: a loop that posts and forgets. No record, no limit, no id that could be looked up later.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use crate::process::cpu_time;
use crate::{Failure, sink};

/// What sending so many messages took.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    /// How many.
    pub messages: u32,
    /// From the first to the last.
    pub time: Duration,
    /// Of the client's process.
    pub cpu: Duration,
}

impl Took {
    /// Messages a second.
    pub fn rate(&self) -> f64 {
        f64::from(self.messages) / self.time.as_secs_f64()
    }

    /// Microseconds on the processor for each message.
    pub fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.messages)
    }
}

/// The body that the gateway sends, field by field.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    session: &'a str,
    chat_id: &'a str,
    text: &'a str,
    id: &'a str,
    link_preview: bool,
}

/// An HTTP client with the settings of `waha-client` (its `transport.rs`).
///
/// # Errors
/// When it cannot be built.
pub fn client() -> Result<reqwest::Client, Failure> {
    // Another bench of this process may have installed it before.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let mut headers = HeaderMap::new();
    headers.insert(
        HeaderName::from_static("x-api-key"),
        HeaderValue::from_static(sink::KEY),
    );
    Ok(reqwest::Client::builder()
        .default_headers(headers)
        .user_agent("waha-client/0.1.0")
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(Duration::from_secs(5))
        .pool_idle_timeout(Duration::from_secs(4))
        .build()?)
}

/// Posts `messages` texts, `in_flight` at a time, through so many sessions in turn.
///
/// # Errors
/// When one of them is not answered with 201.
pub async fn run(url: &str, messages: u32, in_flight: u32, sessions: u32) -> Result<Took, Failure> {
    let client = client()?;
    let url: Arc<str> = format!("{url}/api/sendText").into();
    let sessions: Arc<[String]> = (0..sessions).map(sink::session).collect();
    spread(messages, in_flight, move |number| {
        let (client, url) = (client.clone(), Arc::clone(&url));
        let sessions = Arc::clone(&sessions);
        async move {
            let session = &sessions[number as usize % sessions.len()];
            post(&client, &url, session, number).await
        }
    })
    .await
}

/// Sends messages by their numbers, `in_flight` at a time.
///
/// # Errors
/// The first of `send`.
pub async fn spread<F, S>(messages: u32, in_flight: u32, send: F) -> Result<Took, Failure>
where
    F: Fn(u32) -> S + Clone + Send + 'static,
    S: Future<Output = Result<(), Failure>> + Send,
{
    let next = Arc::new(AtomicU32::new(0));
    let tasks = (0..in_flight).map(move |_| {
        let (send, next) = (send.clone(), Arc::clone(&next));
        async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= messages {
                    return Ok(());
                }
                send(number).await?;
            }
        }
    });
    together(messages, tasks).await
}

/// Does all of it at the same time, which is so many messages.
///
/// # Errors
/// The first of them.
pub(crate) async fn together<T>(
    messages: u32,
    tasks: impl IntoIterator<Item = T>,
) -> Result<Took, Failure>
where
    T: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let (began, cpu) = (Instant::now(), cpu_time());
    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    for task in tasks {
        task.await??;
    }
    Ok(Took {
        messages,
        time: began.elapsed(),
        cpu: cpu_time() - cpu,
    })
}

/// The text of a message.
pub fn text(number: u32) -> String {
    format!(
        "Halo Orang {number}, tagihan INV-{number} sebesar Rp250.000 jatuh tempo 21 November 2026. Terima kasih."
    )
}

/// The id of a message.
pub fn id(number: u32) -> String {
    format!("3EB0{number:018X}")
}

async fn post(
    client: &reqwest::Client,
    url: &str,
    session: &str,
    number: u32,
) -> Result<(), Failure> {
    let chat = format!("{}@c.us", crate::whole_path::phone(number));
    let (text, id) = (text(number), id(number));
    let body = Body {
        session,
        chat_id: &chat,
        text: &text,
        id: &id,
        link_preview: false,
    };
    let request = client.post(url).timeout(Duration::from_secs(120));
    let response = request.json(&body).send().await?;
    if response.status().as_u16() != 201 {
        return Err(format!("the server answered {}", response.status()).into());
    }
    response.bytes().await?;
    Ok(())
}
