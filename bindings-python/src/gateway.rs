//! A gateway that a Python program has made: whatever the engine asks of it is asked of a Python object.
//!
//! Its methods run in threads that Python has made (`_calling.py`), and never in one of the runtime's. They may take as long as they like, and the
//! interpreter may end meanwhile: a thread of Python's own is let go then, a foreign one would take the process with it, or keep it from
//! ending. What passes between both sides is an [`Asked`].

mod answer;
mod asked;

pub(crate) use self::asked::Asked;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use campaign_core::clock::Clock;
use campaign_core::delivery::Ack;
use campaign_core::engine::Settings;
use campaign_core::failure::Outcome;
use campaign_core::gateway::{
    Finding, Found, Gateway, Guard, Notice, NumberStatus, Observation, Sending, Session,
};
use campaign_core::phone::PhoneNumber;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use pyo3::prelude::*;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use waha_client::MessageId;

use self::answer::Answer;
use self::asked::Given;
use crate::call::Gate;
use crate::runtime::Interpreter;

/// What only asks is waited for no longer than this: what WAHA's own look-ups are given.
const LOOK_UP_MAX: Duration = Duration::from_secs(30);
/// The engine's own share between the time that a server may hold a file and a text.
const MEDIA_FACTOR: u32 = 5;

/// The gateway to whatever a Python object sends through. Clones are the same one.
#[derive(Clone)]
pub(crate) struct OwnGateway(Arc<Inner>);

struct Inner {
    /// A `waha_campaign._calling.Calling`.
    calling: Py<PyAny>,
    facts: Facts,
    timeout: Duration,
    absence_horizon: Duration,
    interpreter: Interpreter,
    clock: Arc<dyn Clock>,
    /// Messages whose `send` has not returned, even if nobody waits for it any more.
    under_way: Arc<Mutex<BTreeSet<String>>>,
    /// Where what it tells goes while somebody sends.
    listener: Mutex<Option<mpsc::UnboundedSender<Notice>>>,
}

/// What its class says of it.
#[derive(FromPyObject)]
struct Facts {
    name: String,
    timeout: f64,
    absence_horizon: f64,
    /// Whether it has a look-up of its own.
    has_find: bool,
    has_check: bool,
}

/// How asking ended.
enum Ended {
    Answered(Answer),
    /// The method was not called, and will not be.
    NotBegun,
    /// It was called, and gave no answer in time.
    Unanswered,
}

impl OwnGateway {
    /// A gateway over a `Calling`; `clock` is the engine's.
    pub(crate) fn new(calling: &Bound<'_, PyAny>, clock: Arc<dyn Clock>) -> PyResult<Self> {
        let facts: Facts = calling.extract()?;
        // They were checked, and a wait that is too long for a clock is one without end.
        let seconds = |given| Duration::try_from_secs_f64(given).unwrap_or(Duration::MAX);
        Ok(Self(Arc::new(Inner {
            calling: calling.clone().unbind(),
            timeout: seconds(facts.timeout),
            absence_horizon: seconds(facts.absence_horizon),
            facts,
            interpreter: Interpreter::of(calling.py())?,
            clock,
            under_way: Arc::default(),
            listener: Mutex::default(),
        })))
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.0.facts.name
    }

    /// The engine's waits, as far as they are those of whatever it sends through.
    pub(crate) fn waits(&self, settings: Settings) -> Settings {
        let horizon = self.0.absence_horizon;
        Settings {
            absence_horizon_text: horizon,
            absence_horizon_media: horizon.saturating_mul(MEDIA_FACTOR),
            ..settings
        }
    }

    /// What it tells from now on. Whoever listened before hears nothing any more.
    pub(crate) fn listen(&self) -> BoxStream<'static, Notice> {
        let (told, notices) = mpsc::unbounded_channel();
        *self.listener() = Some(told);
        let next = |mut notices: mpsc::UnboundedReceiver<Notice>| async move {
            Some((notices.recv().await?, notices))
        };
        unfold(notices, next).boxed()
    }

    /// How far a message got. Nobody hears it while nobody sends.
    fn tell(&self, session: &Session, message_id: &str, ack: Ack) {
        if let Some(listener) = &*self.listener() {
            let _ = listener.send(Notice::Ack {
                session: session.clone(),
                account: None,
                message_id: MessageId::parse(message_id).bare().into(),
                ack,
            });
        }
    }

    fn listener(&self) -> std::sync::MutexGuard<'_, Option<mpsc::UnboundedSender<Notice>>> {
        let listener = self.0.listener.lock();
        listener.unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the Python object something, and waits for its answer.
    async fn ask(&self, given: Given, patience: Duration) -> Ended {
        let (tell, answer) = oneshot::channel();
        let gate = Arc::new(Gate::default());
        let number = asked::number();
        let asked = Asked::new(number, given, self.clone(), gate.clone(), tell);
        let inner = self.0.clone();
        // It waits for the interpreter, which may be held for a while.
        tokio::task::spawn_blocking(move || {
            inner.interpreter.with(|py| {
                let begun = inner.calling.call_method1(py, "begin", (asked,));
                // It tells `logging` itself what kept it from that; then nothing was begun.
                drop(begun);
            })
        });
        match timeout(patience, answer).await {
            Ok(Ok(answer)) => Ended::Answered(answer),
            _ if gate.close() => Ended::NotBegun,
            Ok(Err(_)) => Ended::Unanswered,
            Err(_) => {
                let inner = self.0.clone();
                tokio::task::spawn_blocking(move || {
                    inner.interpreter.with(|py| {
                        let told = inner.calling.call_method1(py, "give_up", (number,));
                        drop(told);
                    })
                });
                Ended::Unanswered
            }
        }
    }

    async fn look_up(&self, session: &Session, to: PhoneNumber, message_id: &str) -> Found {
        let given = Given::Find {
            session: session.clone(),
            to,
            message_id: message_id.to_owned(),
        };
        match self.ask(given, self.look_up_patience()).await {
            Ended::Answered(answer) => answer.found(),
            Ended::NotBegun | Ended::Unanswered => unknown("its find() gave no answer"),
        }
    }

    /// Tells how far a message got, in the words of reports; whether there is such a word.
    pub(crate) fn told(&self, session: &str, message_id: &str, word: &str) -> bool {
        let ack = answer::ack(word);
        if let Some(ack) = ack {
            self.tell(&Session::new(session), message_id, ack);
        }
        ack.is_some()
    }

    fn look_up_patience(&self) -> Duration {
        self.0.timeout.min(LOOK_UP_MAX)
    }

    fn is_under_way(&self, message_id: &str) -> bool {
        let under_way = self.0.under_way.lock();
        let under_way = under_way.unwrap_or_else(PoisonError::into_inner);
        under_way.contains(message_id)
    }
}

#[async_trait]
impl Gateway for OwnGateway {
    async fn send(&self, sending: &Sending, guard: Guard) -> Outcome {
        let given = Given::Send(Box::new(sending.clone()), guard);
        match self.ask(given, self.0.timeout).await {
            Ended::Answered(answer) => answer.outcome(),
            Ended::NotBegun => Answer::not_begun("the gateway was not ready to send it").outcome(),
            Ended::Unanswered => Answer::maybe("its send() gave no answer").outcome(),
        }
    }

    async fn find(&self, finding: &Finding) -> Found {
        if self.is_under_way(&finding.message_id) {
            return unknown("its send() has not returned yet");
        }
        if !self.0.facts.has_find {
            return unknown(
                "the gateway cannot look messages up: only the provider or the recipient can tell",
            );
        }
        let session = &finding.session;
        let found = self.look_up(session, finding.to, &finding.message_id).await;
        let (Found::Absent { .. }, Some(control)) = (&found, &finding.control) else {
            return found;
        };
        // What cannot find a message that was accepted proves nothing of one that may not have been.
        match self.look_up(session, control.to, &control.message_id).await {
            Found::Found(_) => Found::Absent { complete: true },
            other => other,
        }
    }

    async fn check(&self, session: &Session, phone: PhoneNumber) -> NumberStatus {
        if !self.0.facts.has_check {
            return NumberStatus::Unknown;
        }
        let given = Given::Check(session.clone(), phone);
        match self.ask(given, self.look_up_patience()).await {
            Ended::Answered(answer) => answer.number_status(),
            Ended::NotBegun | Ended::Unanswered => NumberStatus::Unknown,
        }
    }

    async fn observe(&self, session: &Session) -> Observation {
        let given = Given::Observe(session.clone());
        let answer = match self.ask(given, self.look_up_patience()).await {
            Ended::Answered(answer) => answer,
            Ended::NotBegun | Ended::Unanswered => Answer::unreachable(),
        };
        let seen = answer.observation(self.0.clock.now());
        Observation {
            // What was learnt about ids holds for this gateway.
            platform: Some(format!("Python {}", self.0.facts.name).into()),
            // Without a look-up there is nothing to be looked up in.
            store_on: match self.0.facts.has_find {
                true => seen.store_on,
                false => Some(false),
            },
            ..seen
        }
    }
}

fn unknown(why: &str) -> Found {
    Found::Unknown { why: why.into() }
}
