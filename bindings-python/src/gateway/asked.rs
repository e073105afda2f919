//! One thing that is asked of a Python object, and who waits for the answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use campaign_core::delivery::Ack;
use campaign_core::gateway::{Guard, Sending, Session};
use campaign_core::phone::PhoneNumber;
use pyo3::prelude::*;
use tokio::sync::oneshot;
use waha_client::MessageId;

use super::OwnGateway;
use super::answer::Answer;
use crate::call::Gate;

/// What is asked.
pub(super) enum Given {
    Send(Box<Sending>, Guard),
    Find {
        session: Session,
        to: PhoneNumber,
        message_id: String,
    },
    Check(Session, PhoneNumber),
    Observe(Session),
}

/// Says that a message is under way, for as long as it lives.
pub(super) struct UnderWay {
    all: Arc<Mutex<BTreeSet<String>>>,
    message_id: String,
}

impl UnderWay {
    pub(super) fn new(all: &Arc<Mutex<BTreeSet<String>>>, message_id: &str) -> Self {
        let mut under_way = all.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.insert(message_id.to_owned());
        Self {
            all: all.clone(),
            message_id: message_id.to_owned(),
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.message_id);
    }
}

/// Tells one from another.
pub(super) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Something that is asked of a gateway.
#[pyclass(frozen, name = "_Asked", module = "waha_campaign._native")]
pub(crate) struct Asked {
    number: u64,
    given: Given,
    gateway: OwnGateway,
    /// Whether the method may still be called.
    gate: Arc<Gate>,
    /// Who waits.
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
    under_way: Mutex<Option<UnderWay>>,
}

impl Asked {
    pub(super) fn new(
        number: u64,
        given: Given,
        gateway: OwnGateway,
        gate: Arc<Gate>,
        answer: oneshot::Sender<Answer>,
    ) -> Self {
        let under_way = match &given {
            Given::Send(sending, _) => {
                Some(UnderWay::new(&gateway.0.under_way, &sending.message_id))
            }
            _ => None,
        };
        Self {
            number,
            given,
            gateway,
            gate,
            answer: Mutex::new(Some(answer)),
            under_way: Mutex::new(under_way),
        }
    }

    fn end(&self, answer: Answer) {
        let under_way = self.under_way.lock();
        drop(under_way.unwrap_or_else(PoisonError::into_inner).take());
        let waiting = self.answer.lock();
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner).take();
        let late = waiting.and_then(|waiting| waiting.send(answer).err());
        // Nobody waits for it any more, and it may be all that is ever heard of the message.
        if let (Given::Send(sending, _), Some("accepted")) =
            (&self.given, late.as_ref().map(|it| &*it.word))
        {
            self.gateway
                .tell(&sending.session, &sending.message_id, Ack::Pending);
        }
    }
}

#[pymethods]
impl Asked {
    /// Tells it from others.
    #[getter]
    fn number(&self) -> u64 {
        self.number
    }

    /// The name of the method.
    #[getter]
    fn what(&self) -> &'static str {
        match &self.given {
            Given::Send(..) => "send",
            Given::Find { .. } => "find",
            Given::Check(..) => "check",
            Given::Observe(_) => "observe",
        }
    }

    /// Whom and what it is about, for logs.
    #[getter]
    fn about(&self) -> String {
        match &self.given {
            Given::Send(sending, _) => {
                format!("message {} to {}", sending.message_id, sending.to.masked())
            }
            Given::Find { to, message_id, .. } => {
                format!("message {message_id} to {}", to.masked())
            }
            Given::Check(_, phone) => phone.masked().to_string(),
            Given::Observe(session) => format!("session {session}"),
        }
    }

    /// What the method is given.
    fn given<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let given = match &self.given {
            Given::Send(sending, _) => {
                let media = sending.message.media.as_ref().map(ToString::to_string);
                let whom = (sending.session.to_string(), sending.to.to_string());
                let what = (sending.message.kind.as_str(), &*sending.message.text, media);
                (&*sending.message_id, whom.0, whom.1, what.0, what.1, what.2)
                    .into_pyobject(py)?
                    .into_any()
            }
            Given::Find {
                session,
                to,
                message_id,
            } => (&**message_id, session.to_string(), to.to_string())
                .into_pyobject(py)?
                .into_any(),
            Given::Check(session, phone) => (session.to_string(), phone.to_string())
                .into_pyobject(py)?
                .into_any(),
            Given::Observe(session) => (session.to_string(),).into_pyobject(py)?.into_any(),
        };
        Ok(given)
    }

    /// Whether the method is to be called: asked right before that. Once it is, what becomes of the message is not known until it is told.
    fn begin(&self) -> bool {
        if let Given::Send(_, guard) = &self.given
            && let Err(withheld) = guard.ask()
        {
            if self.gate.close() {
                self.end(Answer::withheld(&withheld.to_string()));
            }
            return false;
        }
        self.gate.pass().is_ok()
    }

    /// Tells what became of it.
    #[pyo3(signature = (word, text = None, number = None, flag = None))]
    fn answer(&self, word: String, text: Option<String>, number: Option<f64>, flag: Option<bool>) {
        // The form that WAHA's own answers have names chat and sender besides.
        let text = match &*word {
            "accepted" => text.map(|id| MessageId::parse(&id).bare().to_owned()),
            _ => text,
        };
        self.end(Answer {
            word,
            text,
            number,
            flag,
        });
    }
}
