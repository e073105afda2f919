//! What people do to an account: they write, press buttons, choose rows, vote, react. The shapes
//! of messages and reactions are recorded, those of answers and votes follow WAHA's source.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::acks::Ack;
use crate::messages::{Content, Message, MessageKey, Rich};
use crate::sending::new_id;
use crate::sessions::{Account, Session};
use crate::settings::Engine;
use crate::shapes::{self, Form, c_us, s_whatsapp};
use crate::world::{World, lock};

/// Something that somebody writes to an account; see [`Simulator::receive`](crate::Simulator::receive).
///
/// ```
/// use waha_simulator::Incoming;
///
/// let answer = Incoming::button("6281200000005", "pay", "Pay now")
///     .named("Ani")
///     .answering("3EB0923B0F336964E9596A");
/// ```
#[derive(Debug, Clone)]
pub struct Incoming {
    from: String,
    name: String,
    group: Option<String>,
    answers: Option<String>,
    body: String,
    content: Content,
}

impl Incoming {
    /// A text.
    pub fn text(from: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            from: from.into(),
            name: String::new(),
            group: None,
            answers: None,
            body: text.into(),
            content: Content::Text,
        }
    }

    /// A button was pressed: its id, and what stands on it. WAHA shows the latter as the body.
    pub fn button(from: impl Into<String>, id: impl Into<String>, text: impl Into<String>) -> Self {
        let (id, text) = (id.into(), text.into());
        Self::rich(from, Rich::ButtonAnswer { id, text })
    }

    /// A row of a list was chosen: its id, and its title, which WAHA shows as the body.
    pub fn row(from: impl Into<String>, id: impl Into<String>, title: impl Into<String>) -> Self {
        let rich = Rich::RowAnswer {
            id: id.into(),
            title: title.into(),
            description: None,
        };
        Self::rich(from, rich)
    }

    /// A place, in degrees.
    pub fn location(from: impl Into<String>, latitude: f64, longitude: f64) -> Self {
        let rich = Rich::Location {
            latitude: latitude.into(),
            longitude: longitude.into(),
            name: None,
        };
        Self::rich(from, rich)
    }

    /// A contact, as a vcard.
    pub fn contact(from: impl Into<String>, vcard: impl Into<String>) -> Self {
        Self::rich(from, Rich::Contacts(vec![vcard.into()]))
    }

    fn rich(from: impl Into<String>, rich: Rich) -> Self {
        Self {
            content: Content::rich(rich),
            ..Self::text(from, "")
        }
    }

    /// What the person calls himself.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Into a group, not to the account alone.
    #[must_use]
    pub fn in_group(mut self, jid: impl Into<String>) -> Self {
        self.group = Some(jid.into());
        self
    }

    /// As an answer to a message, by its bare or its full id. One that is not in the store is
    /// answered without being quoted.
    #[must_use]
    pub fn answering(mut self, id: impl Into<String>) -> Self {
        self.answers = Some(id.into());
        self
    }
}

/// What somebody did to an account whose session was away: WhatsApp keeps it for the device.
pub(crate) struct Missed {
    account: Arc<Account>,
    work: Box<Work>,
}

type Work = dyn FnOnce(&Arc<World>, &Arc<Session>, &Account) + Send;

impl World {
    /// Does it now, or once the session is connected again.
    fn when_connected(
        self: &Arc<Self>,
        session: &Arc<Session>,
        account: &Arc<Account>,
        work: impl FnOnce(&Arc<Self>, &Arc<Session>, &Account) + Send + 'static,
    ) {
        if session.is_connected() && lock(&session.missed).is_empty() {
            work(self, session, account);
            return;
        }
        lock(&session.missed).push(Missed {
            account: account.clone(),
            work: Box::new(work),
        });
        // Which it may be since the look at it.
        if session.is_connected() {
            self.catch_up(session);
        }
    }

    /// What WhatsApp kept for the device comes; not what it kept for another account.
    pub(crate) fn catch_up(self: &Arc<Self>, session: &Arc<Session>) {
        let missed = std::mem::take(&mut *lock(&session.missed));
        for Missed { account, work } in missed {
            if session
                .account()
                .is_some_and(|now| now.phone == account.phone)
            {
                work(self, session, &account);
            }
        }
    }

    /// A message comes in: stored and told as WAHA tells it. Its id; `None` from who is blocked.
    pub(crate) fn comes_in(
        self: &Arc<Self>,
        session: &Arc<Session>,
        account: &Arc<Account>,
        incoming: Incoming,
    ) -> Option<String> {
        let person = s_whatsapp(&incoming.from);
        if lock(&session.contacts).is_blocked(&person) {
            return None;
        }
        let jid = incoming.group.as_deref().map_or(person.clone(), s_whatsapp);
        let quoted = incoming
            .answers
            .filter(|_| session.store_on())
            .and_then(|id| session.store.look_up(&id))
            .map(Box::new);
        let message = Message {
            id: new_id(&mut self.serial_draws("inbound")).into(),
            participant: incoming.group.is_some().then(|| person.as_str().into()),
            jid: jid.into(),
            from_me: false,
            at_s: self.clock.wall_ms() / 1000,
            by_api: false,
            body: incoming.body.into(),
            content: incoming.content,
            forwarded: false,
            mentions: Vec::new(),
            quoted,
            push_name: Some(incoming.name.as_str().into()),
            ack: Ack::Device,
            receipts: Vec::new(),
        };
        self.wrote(account, &message.jid);
        let (id, name) = (message.id.to_string(), incoming.name);
        self.when_connected(session, account, move |world, session, account| {
            if session.store_on() {
                lock(&session.contacts).wrote(&person, &name);
                session.store.keep(message.clone());
            }
            let message = world.as_told(message);
            for event in ["message", "message.any"] {
                world.emit(session, event, || {
                    shapes::wa_message(world.settings.engine, account, &message, Form::Event, None)
                        .to_string()
                });
            }
        });
        Some(id)
    }

    /// The owner writes on the phone itself: one more message of the account that no call sent.
    pub(crate) fn typed_on_phone(
        self: &Arc<Self>,
        session: &Arc<Session>,
        account: &Arc<Account>,
        chat: &str,
        text: &str,
    ) -> String {
        let message = Message {
            id: new_id(&mut self.serial_draws("phone")).into(),
            jid: s_whatsapp(chat).into(),
            participant: None,
            from_me: true,
            at_s: self.clock.wall_ms() / 1000,
            by_api: false,
            body: text.into(),
            content: Content::Text,
            forwarded: false,
            mentions: Vec::new(),
            quoted: None,
            push_name: Some(account.push_name.as_str().into()),
            ack: Ack::Server,
            receipts: Vec::new(),
        };
        self.phone_wrote(session, account, &message.jid);
        let id = message.id.to_string();
        self.when_connected(session, account, move |world, session, account| {
            if session.store_on() {
                session.store.keep(message.clone());
            }
            let message = world.as_told(message);
            world.emit(session, "message.any", || {
                shapes::wa_message(world.settings.engine, account, &message, Form::Event, None)
                    .to_string()
            });
        });
        id
    }

    /// Somebody votes in a poll. Without the poll in the store WAHA cannot tell what was chosen.
    pub(crate) fn votes(
        self: &Arc<Self>,
        session: &Arc<Session>,
        account: &Arc<Account>,
        from: &str,
        poll: &str,
        options: &[&str],
    ) -> String {
        let voter = s_whatsapp(from);
        self.wrote(account, &voter);
        let id = new_id(&mut self.serial_draws("vote"));
        let vote = Vote {
            id: id.clone(),
            voter,
            poll: poll.to_owned(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        };
        self.when_connected(session, account, move |world, session, account| {
            world.counts(session, account, &vote);
        });
        id
    }

    fn counts(self: &Arc<Self>, session: &Arc<Session>, account: &Account, vote: &Vote) {
        let Vote {
            id,
            voter,
            poll,
            options,
        } = vote;
        let stored = session
            .store_on()
            .then(|| session.store.look_up(poll))
            .flatten();
        let known = stored.as_ref().and_then(|message| match message.rich() {
            Some(Rich::Poll { options, .. }) => Some(options.clone()),
            _ => None,
        });
        let chat = stored
            .as_ref()
            .map_or(voter.clone(), |message| message.jid.to_string());
        let poll_id = stored
            .as_ref()
            .map_or(poll.as_str(), |message| &*message.id)
            .to_owned();
        let is_group = chat.ends_with("@g.us");
        let event = if known.is_some() {
            "poll.vote"
        } else {
            "poll.vote.failed"
        };
        self.emit(session, event, || {
            let shown = self.event_chat(&chat);
            let chosen: Vec<&str> = options
                .iter()
                .map(String::as_str)
                .filter(|option| {
                    known
                        .as_ref()
                        .is_some_and(|known| known.iter().any(|one| one == option))
                })
                .collect();
            let end = Destination {
                engine: self.settings.engine,
                chat: &shown,
                is_group,
                me: &format!("{}@c.us", account.phone),
            };
            let voter = self.event_chat(voter);
            let mut vote = end.of(id, false, &voter);
            vote["selectedOptions"] = chosen.into();
            vote["timestamp"] = self.clock.wall_ms().into();
            json!({"vote": vote, "poll": end.of(&poll_id, true, &voter), "_data": {}}).to_string()
        });
    }

    /// Somebody reacts to a message, by its bare or its full id.
    pub(crate) fn reacts(
        self: &Arc<Self>,
        session: &Arc<Session>,
        account: &Arc<Account>,
        from: &str,
        id: &str,
        text: &str,
    ) -> String {
        let person = s_whatsapp(from);
        self.wrote(account, &person);
        let stored = session
            .store_on()
            .then(|| session.store.look_up(id))
            .flatten();
        let of = MessageKey::parse(id).unwrap_or_else(|| MessageKey {
            from_me: stored.as_ref().is_none_or(|message| message.from_me),
            jid: stored
                .as_ref()
                .map_or(person.clone(), |message| message.jid.to_string()),
            id: id.to_owned(),
            participant: None,
        });
        let message = Message {
            id: new_id(&mut self.serial_draws("reaction")).into(),
            participant: of.jid.ends_with("@g.us").then(|| person.as_str().into()),
            jid: of.jid.as_str().into(),
            from_me: false,
            at_s: self.clock.wall_ms() / 1000,
            by_api: false,
            body: "".into(),
            content: Content::Text,
            forwarded: false,
            mentions: Vec::new(),
            quoted: None,
            push_name: None,
            ack: Ack::Device,
            receipts: Vec::new(),
        };
        let message = self.as_told(message);
        let of = MessageKey {
            jid: self.lid_for(&of.jid).unwrap_or(of.jid),
            ..of
        };
        let (reaction_id, text) = (message.id.to_string(), text.to_owned());
        self.when_connected(session, account, move |world, session, _| {
            world.emit(session, "message.reaction", || {
                shapes::reaction(&message, &of, &text).to_string()
            });
        });
        reaction_id
    }

    /// A message as events have it: under the LID, where its chat comes under one. The store has
    /// it under the phone, as WAHA merges the two when it reads.
    fn as_told(&self, mut message: Message) -> Message {
        if let Some(lid) = self.lid_for(&message.jid) {
            message.jid = lid.into();
        }
        message
    }
}

/// Somebody's choice in a poll.
struct Vote {
    id: String,
    voter: String,
    poll: String,
    options: Vec<String>,
}

/// Both ends of a vote or of a poll.
struct Destination<'a> {
    engine: Engine,
    chat: &'a str,
    is_group: bool,
    me: &'a str,
}

impl Destination<'_> {
    /// NOWEB calls the account itself "me"; GOWS names only the chat (sources).
    fn of(&self, id: &str, from_me: bool, voter: &str) -> Value {
        let chat = c_us(self.chat);
        let full = if self.is_group && !from_me {
            format!("{from_me}_{chat}_{id}_{voter}")
        } else {
            format!("{from_me}_{chat}_{id}")
        };
        let me = match self.engine {
            Engine::Noweb | Engine::Gows => "me",
            Engine::Webjs | Engine::Wpp => self.me,
        };
        let person = if self.is_group { voter } else { &chat };
        let (from, to): (Value, Value) = match (self.engine, from_me) {
            (Engine::Gows, false) => (
                chat.clone().into(),
                if self.is_group {
                    voter.into()
                } else {
                    Value::Null
                },
            ),
            (_, true) => (me.into(), chat.clone().into()),
            (_, false) if self.is_group => (person.into(), chat.clone().into()),
            (_, false) => (person.into(), me.into()),
        };
        let mut end = json!({"id": full, "from": from, "to": to, "fromMe": from_me});
        if self.engine == Engine::Gows && !from_me {
            end["participant"] = if self.is_group {
                voter.into()
            } else {
                Value::Null
            };
        }
        end
    }
}
