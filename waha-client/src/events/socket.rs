//! The websocket event stream: needs no address of ours, reconnects by itself, and says where events may be missing.
//!
//! WAHA repeats nothing on a websocket (recorded), so every interruption is a [`SocketItem::Gap`], to be followed by look-ups
//! once [`SocketItem::Connected`] says that events flow again. WAHA takes the key from the websocket's URL only; that URL is
//! made for the handshake, which is plain HTTP here because the websocket library logs its own, and is kept nowhere.

use std::ops::RangeInclusive;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::stream::{BoxStream, Stream, StreamExt, unfold};
use reqwest::Upgraded;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use super::{Event, EventError};
use crate::client::WahaClient;
use crate::error::presentable;
use crate::ids::SessionName;

/// WAHA pings every 60 s (recorded); a server silent for longer than this is gone.
const SILENCE_MAX: Duration = Duration::from_secs(75);
/// WAHA accepts every handshake and closes at once when it does not like the key (recorded: within 5 ms).
const REFUSAL_WAIT: Duration = Duration::from_millis(500);
/// Ours: a server that restarts is away for longer, and a cut connection is back at once.
const RETRY_DELAY_MIN: Duration = Duration::from_millis(500);
/// Ours: nobody misses events for long once the server is back.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(15);

/// Which sessions' events are wanted, and which events.
///
/// An unknown session or event is not an error to WAHA: nothing comes (recorded).
#[derive(Debug, Clone)]
#[must_use]
pub struct Subscription {
    session: String,
    events: Vec<String>,
    retry_delay: RangeInclusive<Duration>,
}

impl Default for Subscription {
    fn default() -> Self {
        Self {
            session: "*".to_owned(),
            events: Vec::new(),
            retry_delay: RETRY_DELAY_MIN..=RETRY_DELAY_MAX,
        }
    }
}

impl Subscription {
    /// Every session, every event.
    pub fn new() -> Self {
        Self::default()
    }

    /// One session only.
    pub fn session(mut self, session: &SessionName) -> Self {
        session.as_str().clone_into(&mut self.session);
        self
    }

    /// These events only, by name, such as `message.ack`.
    pub fn events<E: Into<String>>(mut self, events: impl IntoIterator<Item = E>) -> Self {
        self.events.extend(events.into_iter().map(Into::into));
        self
    }

    /// How long to wait before the first try to connect again, and at most before a later one: 0.5 s to 15 s unless told. Each wait is
    /// twice the one before, and up to as much again by chance, so that many clients do not come back at once.
    pub fn retry_delay(mut self, delays: RangeInclusive<Duration>) -> Self {
        self.retry_delay = delays;
        self
    }

    fn delays(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(*self.retry_delay.start())
            .with_max_delay(*self.retry_delay.end())
            .with_factor(2.0)
            .with_jitter()
            .without_max_times()
            .build()
    }

    fn query(&self) -> Vec<(&'static str, &str)> {
        let mut query = vec![("session", self.session.as_str())];
        if self.events.is_empty() {
            query.push(("events", "*"));
        }
        query.extend(self.events.iter().map(|event| ("events", event.as_str())));
        query
    }
}

/// What the stream yields.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SocketItem {
    /// Events flow from here on. After a gap: the time to look up what was missed.
    Connected,
    /// Something happened.
    Event(Box<Event>),
    /// No events flow, from some moment before this until [`SocketItem::Connected`]. Comes again with each failed try.
    Gap(Gap),
}

/// An interruption.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// What happened, for people.
    pub why: String,
    /// When the next try is made, from now.
    pub retry_in: Duration,
}

/// What goes wrong on the stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The server does not accept the key, or not for this session. The stream ends: trying again would not help.
    #[error("the server refused the websocket: {0}")]
    Refused(String),
    /// A frame was not an event. The stream goes on.
    #[error(transparent)]
    NotAnEvent(#[from] EventError),
}

/// Events as they happen; see [`WahaClient::listen`]. Dropping it closes the connection.
#[must_use = "streams do nothing unless polled"]
pub struct EventStream(BoxStream<'static, Result<SocketItem, SocketError>>);

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventStream")
    }
}

impl EventStream {
    /// The next item; `None` after the server refused.
    pub async fn next(&mut self) -> Option<Result<SocketItem, SocketError>> {
        self.0.next().await
    }
}

impl Stream for EventStream {
    type Item = Result<SocketItem, SocketError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl WahaClient {
    /// Events as they happen, over a websocket that is kept up: connects when first polled, answers the server's pings while
    /// polled, and reconnects with growing delays. Poll it steadily.
    ///
    /// ```no_run
    /// use waha_client::events::{SocketItem, Subscription};
    /// use waha_client::{Payload, WahaClient};
    ///
    /// # async fn run(waha: WahaClient) {
    /// let wanted = Subscription::new().events(["message.any", "message.ack", "session.status"]);
    /// let mut events = waha.listen(wanted);
    /// let mut missed = false;
    /// while let Some(item) = events.next().await {
    ///     match item {
    ///         Ok(SocketItem::Gap(gap)) => {
    ///             println!("no events: {}", gap.why);
    ///             missed = true;
    ///         }
    ///         Ok(SocketItem::Connected) if missed => println!("look up what was missed"),
    ///         Ok(SocketItem::Event(event)) => {
    ///             if let Payload::Ack(ack) = &event.payload {
    ///                 println!("{} is {:?}", ack.id.bare(), ack.ack);
    ///             }
    ///         }
    ///         Ok(_) => {}
    ///         Err(error) => println!("{error}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn listen(&self, subscription: Subscription) -> EventStream {
        let listener = Listener {
            client: self.clone(),
            delays: subscription.delays(),
            subscription,
            state: State::Connect,
        };
        EventStream(unfold(listener, Listener::step).boxed())
    }
}

type Socket = WebSocketStream<Upgraded>;

enum State {
    Connect,
    Wait(Duration),
    /// Connected; the frame that told so, when one came, is still to be handed out.
    Greet(Box<Socket>, Option<Frame>),
    Listen(Box<Socket>),
    Ended,
}

struct Listener {
    client: WahaClient,
    subscription: Subscription,
    delays: ExponentialBackoff,
    state: State,
}

/// Why a connection is no more.
enum Lost {
    /// For a while.
    Gap(String),
    /// For good.
    Refused(String),
}

type Step = (Result<SocketItem, SocketError>, Listener);

impl Listener {
    /// Goes on until there is something to tell.
    async fn step(mut self) -> Option<Step> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return None,
                State::Wait(delay) => {
                    tokio::time::sleep(delay).await;
                    self.state = State::Connect;
                }
                State::Connect => match connect(&self.client, &self.subscription).await {
                    Ok((socket, first)) => {
                        self.state = State::Greet(socket, first);
                        return Some((Ok(SocketItem::Connected), self));
                    }
                    Err(lost) => return Some(self.lost(lost)),
                },
                State::Greet(socket, first) => {
                    self.state = State::Listen(socket);
                    if let Some(item) = first.and_then(|frame| self.read(&frame)) {
                        return Some((item, self));
                    }
                }
                State::Listen(mut socket) => match next_frame(&mut socket, SILENCE_MAX).await {
                    Ok(frame) => {
                        self.state = State::Listen(socket);
                        if let Some(item) = self.read(&frame) {
                            return Some((item, self));
                        }
                    }
                    Err(lost) => return Some(self.lost(lost)),
                },
            }
        }
    }

    fn lost(mut self, lost: Lost) -> Step {
        match lost {
            Lost::Refused(why) => (Err(SocketError::Refused(self.shown(why))), self),
            Lost::Gap(why) => {
                let why = self.shown(why);
                let retry_in = self
                    .delays
                    .next()
                    .unwrap_or(*self.subscription.retry_delay.end());
                tracing::debug!(why, ?retry_in, "the websocket is down");
                self.state = State::Wait(retry_in);
                (Ok(SocketItem::Gap(Gap { why, retry_in })), self)
            }
        }
    }

    /// What may quote the server, as it may be told.
    fn shown(&self, why: String) -> String {
        let secrets = self.client.transport().secrets();
        presentable(&secrets.cleared(why))
    }

    /// Any frame shows a server that works, so the delays start over.
    fn read(&mut self, frame: &Frame) -> Option<Result<SocketItem, SocketError>> {
        self.delays = self.subscription.delays();
        let Frame::Text(text) = frame else {
            return None;
        };
        let secrets = self.client.transport().secrets();
        Some(match Event::parse(text.as_bytes()) {
            Ok(event) => Ok(SocketItem::Event(Box::new(event.without(secrets)))),
            Err(error) => Err(error.without(secrets).into()),
        })
    }
}

async fn connect(
    client: &WahaClient,
    subscription: &Subscription,
) -> Result<(Box<Socket>, Option<Frame>), Lost> {
    let quick = client.timeouts().quick;
    let upgraded = client
        .transport()
        .upgrade("/ws", &subscription.query(), quick)
        .await
        .map_err(|error| {
            if error.is_unauthorized() || error.is_forbidden() {
                Lost::Refused(error.to_string())
            } else {
                Lost::Gap(error.to_string())
            }
        })?;
    let mut socket = Box::new(WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await);
    match timeout(REFUSAL_WAIT, next_frame(&mut socket, SILENCE_MAX)).await {
        Ok(first) => Ok((socket, Some(first?))),
        Err(_) => Ok((socket, None)),
    }
}

async fn next_frame(socket: &mut Socket, silence_max: Duration) -> Result<Frame, Lost> {
    // Nobody hears what the websocket library logs: frames as they came, with people's words and whatever a server quotes.
    let frame = socket.next().with_subscriber(Dispatch::none());
    match timeout(silence_max, frame).await {
        Err(_) => Err(Lost::Gap("the server has fallen silent".to_owned())),
        Ok(None) => Err(Lost::Gap("the connection has ended".to_owned())),
        Ok(Some(Ok(Frame::Close(close)))) => Err(closed(close)),
        Ok(Some(Ok(frame))) => Ok(frame),
        Ok(Some(Err(error))) => Err(Lost::Gap(failed(&error))),
    }
}

/// 1008 is WAHA's answer to a key it does not accept ("Unauthorized", "Forbidden").
fn closed(close: Option<CloseFrame>) -> Lost {
    match close {
        Some(frame) if frame.code == CloseCode::Policy => Lost::Refused(frame.reason.to_string()),
        Some(frame) => Lost::Gap(format!("the server closed it ({})", u16::from(frame.code))),
        None => Lost::Gap("the server closed it".to_owned()),
    }
}

fn failed(error: &tungstenite::Error) -> String {
    format!("the connection was lost: {error}")
}
