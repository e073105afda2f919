//! WAHA's events as the engine's notices: acks and echoes of our own messages, and what sessions do.

use std::time::Duration;

use campaign_core::consent::Lid;
use campaign_core::driver::Handle;
use campaign_core::gateway::{Account, Notice, Session};
use campaign_core::message::{MessageKind, text_hash};
use campaign_core::phone::PhoneNumber;
use futures_util::stream::{BoxStream, StreamExt, iter, select_all, unfold};
use jiff::{SignedDuration, Timestamp};
use waha_client::events::{Event, EventStream, Payload, SocketError, SocketItem, Subscription};
use waha_client::lids::Remembered;
use waha_client::types::MessageSource;
use waha_client::{ChatId, ChatKind, Message, SessionName};

use crate::WahaGateway;
use crate::find::acknowledged;
use crate::lids::lid_in;
use crate::observe::{account_in, account_of, readiness};

/// The events that tell of own messages and of sessions.
const EVENTS: [&str; 4] = [
    "session.status",
    "message.any",
    "message.ack",
    "message.ack.group",
];
/// How long to wait before asking again a server that refused the key of a websocket.
const REFUSED_WAIT: Duration = Duration::from_secs(60);

/// Whether it is an own message that was sent through the API, not typed on the phone.
fn is_echo(message: &Message) -> bool {
    message.is_from_me() && message.source == Some(MessageSource::Api)
}

/// Whether a person sent it, on the phone or in WhatsApp Web.
fn is_by_hand(message: &Message) -> bool {
    message.is_from_me() && message.source == Some(MessageSource::App)
}

/// Whose chat an own message is in. `from` is the chat, also of own messages (recorded on NOWEB); the browser engines'
/// `from` is the account, so the id's chat comes first.
fn receiver_of(message: &Message, account: Option<Account>) -> Option<PhoneNumber> {
    let chat = message.id.chat().or(message.from.as_ref())?;
    if let Some(digits) = chat.phone_digits() {
        return PhoneNumber::from_e164_digits(digits).ok();
    }
    if chat.kind() != ChatKind::Lid {
        return None;
    }
    // Baileys 7 names a phone beside a LID, which can be the writer's, as the client's own learning knows.
    let data = message.data.as_ref()?.to_value();
    let phone = data.get("key")?.get("remoteJidAlt")?.as_str()?;
    let digits = phone.strip_suffix("@s.whatsapp.net")?;
    PhoneNumber::from_e164_digits(digits)
        .ok()
        .filter(|phone| account != Some(Account(*phone)))
}

/// Its kind, where the engine's own form of it tells: Baileys and whatsmeow name the part that it has, WEBJS and WPP
/// its type.
fn kind_of(message: &Message) -> Option<MessageKind> {
    let data = message.data.as_ref().map(|data| data.to_value());
    let data = data.as_ref();
    let parts = data.and_then(|data| data.get("message").or_else(|| data.get("Message")));
    let has =
        |part: &str| parts.is_some_and(|parts| parts.get(part).is_some_and(|it| !it.is_null()));
    let kind = data
        .and_then(|data| data.get("type"))
        .and_then(|kind| kind.as_str());
    if has("imageMessage") || kind == Some("image") {
        Some(MessageKind::Image)
    } else if has("documentMessage")
        || has("documentWithCaptionMessage")
        || kind == Some("document")
    {
        Some(MessageKind::File)
    } else if has("conversation")
        || has("extendedTextMessage")
        || kind == Some("chat")
        || (message.has_media == Some(false) && message.location.is_none())
    {
        Some(MessageKind::Text)
    } else {
        None
    }
}

/// Brings the events of these sessions (of all, when none is named) to a driver, until it is dropped or its task aborted.
///
/// As [`WahaGateway::listen`], whose notices these are.
pub async fn pump(gateway: WahaGateway, handle: Handle, sessions: Vec<Session>) {
    let mut notices = gateway.listen(&sessions);
    while let Some(notice) = notices.next().await {
        handle.notify(notice).await;
    }
}

impl WahaGateway {
    /// The notices of these sessions' events (of all, when none is named), over websockets. Endless; does nothing unless
    /// polled, and closes its connections when dropped.
    ///
    /// A connection that breaks is made again; a server that refuses the key is asked again every minute. WAHA replays
    /// nothing, so there is a [`Notice::Gap`] when an interruption begins, and one when events flow again, the first time
    /// included.
    pub fn listen(&self, sessions: &[Session]) -> BoxStream<'static, Notice> {
        let scopes: Vec<Option<Session>> = if sessions.is_empty() {
            vec![None]
        } else {
            sessions.iter().cloned().map(Some).collect()
        };
        let feeds = scopes.into_iter().map(|session| {
            let feed = Feed {
                gateway: self.clone(),
                session,
                events: None,
                is_down: true,
            };
            unfold(feed, Feed::step).flat_map(iter).boxed()
        });
        select_all(feeds).boxed()
    }

    /// What an event of a verified webhook means to the engine: nothing, for most events. What it tells of LIDs is remembered, so that
    /// look-ups search both of a person's chats. [`WahaGateway::listen`] does the same with what comes over a websocket.
    pub fn notices(&self, event: &Event) -> Vec<Notice> {
        self.0.lids.learn_from(event);
        let session = Session::new(event.session.as_str());
        let account = account_in(event.me.as_ref());
        let notice = match &event.payload {
            Payload::Ack(ack) | Payload::GroupAck(ack) if ack.is_from_me() => acknowledged(ack.ack)
                .map(|level| Notice::Ack {
                    session,
                    account,
                    message_id: ack.id.bare().into(),
                    ack: level,
                }),
            Payload::AnyMessage(message) if is_echo(message) => Some(Notice::Echo {
                session,
                account,
                message_id: message.id.bare().into(),
                to: receiver_of(message, account),
                kind: kind_of(message),
                text_hash: text_hash(message.body.as_deref().unwrap_or_default()),
            }),
            Payload::AnyMessage(message) if is_by_hand(message) => account
                .zip(self.partner_of(&event.session, message))
                .and_then(|(account, partner)| match partner {
                    Partner::Phone(to) => Some(Notice::ByHand {
                        session,
                        account,
                        to,
                        at: self.sent_at(message),
                        message_id: message.id.bare().into(),
                    }),
                    Partner::Hidden(_) => None,
                }),
            Payload::AnyMessage(message) if !message.is_from_me() => account
                .zip(self.partner_of(&event.session, message))
                .map(|(account, sender)| self.reply(session, account, message, sender)),
            Payload::SessionStatus(change) => Some(Notice::Status {
                session,
                readiness: readiness(&change.status),
                account: account_of(event.me.as_ref(), &change.status),
            }),
            _ => None,
        };
        notice.into_iter().collect()
    }

    /// By the server's clock, which is the true time; beside a clock that runs fast that would be no time of ours.
    fn received_at(&self, message: &Message) -> Timestamp {
        if self.0.options.clock_speed != 1.0 {
            return self.0.clock.now().wall;
        }
        Timestamp::from_second(message.timestamp_s).unwrap_or_default()
    }

    /// As [`Self::received_at`]. WAHA tells whole seconds: the end of that one, so that nothing is thought to be over too early.
    fn sent_at(&self, message: &Message) -> Timestamp {
        let told = self.received_at(message);
        let end = told.checked_add(SignedDuration::from_secs(1));
        end.unwrap_or(told).min(self.0.clock.now().wall.max(told))
    }

    fn reply(
        &self,
        session: Session,
        account: Account,
        message: &Message,
        sender: Partner,
    ) -> Notice {
        let message_id = message.id.bare().into();
        let received_at = self.received_at(message);
        let text = message.body.as_deref().unwrap_or_default().into();
        match sender {
            Partner::Phone(from) => Notice::Reply {
                session,
                account,
                message_id,
                from,
                received_at,
                text,
            },
            Partner::Hidden(lid) => Notice::HiddenReply {
                session,
                account,
                message_id,
                lid,
                received_at,
                text,
            },
        }
    }

    /// Whose chat it is in: who wrote to the account, or was written to, where it is a person.
    fn partner_of(&self, session: &SessionName, message: &Message) -> Option<Partner> {
        let chat = message.id.chat().or(message.from.as_ref())?;
        let phone = |chat: &ChatId| {
            let digits = chat.phone_digits()?;
            PhoneNumber::from_e164_digits(digits).ok()
        };
        if chat.kind() != ChatKind::Lid {
            return phone(chat).map(Partner::Phone);
        }
        match self.0.lids.of(session).remembered_phone_of(chat) {
            Remembered::As(known) => phone(&known).map(Partner::Phone),
            Remembered::Unknown | Remembered::Nothing => lid_in(chat).map(Partner::Hidden),
        }
    }
}

/// The other side of a chat.
enum Partner {
    Phone(PhoneNumber),
    /// Whose phone nobody has told.
    Hidden(Lid),
}

/// One websocket and what is known of it.
struct Feed {
    gateway: WahaGateway,
    /// One session, or all.
    session: Option<Session>,
    events: Option<EventStream>,
    /// No events flow, and whoever listens knows.
    is_down: bool,
}

impl Feed {
    /// Goes on until there is something to tell.
    async fn step(mut self) -> Option<(Vec<Notice>, Self)> {
        loop {
            let events = match &mut self.events {
                Some(events) => events,
                None => self
                    .events
                    .insert(self.gateway.subscribe(self.session.as_ref())?),
            };
            let notices = match events.next().await {
                Some(Ok(SocketItem::Event(event))) => self.gateway.notices(&event),
                Some(Ok(SocketItem::Connected)) => {
                    self.is_down = false;
                    vec![self.gap()]
                }
                Some(Ok(SocketItem::Gap(gap))) => {
                    tracing::debug!(why = gap.why, "events may be missed");
                    self.down()
                }
                Some(Err(error @ SocketError::NotAnEvent(_))) => {
                    tracing::warn!(%error, "a frame of the websocket was left out");
                    Vec::new()
                }
                Some(Ok(_)) => Vec::new(),
                Some(Err(error)) => {
                    tracing::warn!(%error, "no events come until this is mended");
                    self.down()
                }
                // At an end after a refusal: after a while the key may be right.
                None => {
                    tokio::time::sleep(REFUSED_WAIT).await;
                    self.events = None;
                    Vec::new()
                }
            };
            if !notices.is_empty() {
                return Some((notices, self));
            }
        }
    }

    fn down(&mut self) -> Vec<Notice> {
        if std::mem::replace(&mut self.is_down, true) {
            return Vec::new();
        }
        vec![self.gap()]
    }

    fn gap(&self) -> Notice {
        Notice::Gap {
            session: self.session.clone(),
        }
    }
}

impl WahaGateway {
    /// `None` for a session whose name WAHA does not allow: it has no events.
    fn subscribe(&self, session: Option<&Session>) -> Option<EventStream> {
        let mut subscription = Subscription::new().events(EVENTS);
        let any = Session::new("*");
        if let Some(session) = session {
            subscription = subscription.session(&SessionName::new(&*session.0).ok()?);
        }
        let client = self.client_of(session.unwrap_or(&any));
        Some(client.listen(subscription))
    }
}
