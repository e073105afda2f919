//! The guard of a send, and the request body that asks it.
//!
//! The body asks in the same poll that yields its bytes, so nothing can change between the answer and the write.
//! A body that was withheld, or that was given up before it was asked for, can never reach the server: the hand-over
//! is decided once, by one atomic step. What the guard checks is the caller's business.
//!
//! A request without a body has an empty one here. hyper asks it whether it has ended before it makes the head, in the poll
//! that writes (hyper source), so that is where its hand-over is decided. When the answer is no, it pretends to have a byte
//! and fails in the place of that byte: hyper asks for it before it writes anything, and drops the connection.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Asked at the last moment before a request body is written to its connection; before its head, when it has no body.
///
/// It is asked at most once per request, on the thread that writes, so it must be quick and must not block.
/// Any `Fn() -> Result<(), GuardRefusal>` is a guard.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use waha_client::{GuardRefusal, SendGuard};
///
/// let paused = Arc::new(AtomicBool::new(true));
/// let seen = paused.clone();
/// let guard = move || match seen.load(Ordering::Acquire) {
///     true => Err(GuardRefusal::new("the campaign is paused")),
///     false => Ok(()),
/// };
/// assert!(guard.allow().is_err());
/// ```
pub trait SendGuard: Send + Sync + 'static {
    /// Says whether the body may be written now.
    ///
    /// # Errors
    ///
    /// The refusal comes back to the sender as [`NotSent::Withheld`](crate::NotSent::Withheld).
    fn allow(&self) -> Result<(), GuardRefusal>;
}

impl<F> SendGuard for F
where
    F: Fn() -> Result<(), GuardRefusal> + Send + Sync + 'static,
{
    fn allow(&self) -> Result<(), GuardRefusal> {
        self()
    }
}

/// Why a guard withheld a request body; holds the guard's own error.
#[derive(Clone)]
pub struct GuardRefusal(Arc<dyn StdError + Send + Sync>);

impl GuardRefusal {
    /// A refusal for a stated reason: a text, or an error of the guard's own type.
    pub fn new(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Arc::from(reason.into()))
    }

    /// The guard's own error, when it is of type `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for GuardRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GuardRefusal").field(&self.0).finish()
    }
}

impl fmt::Display for GuardRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for GuardRefusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

/// What became of a request body.
#[derive(Debug)]
pub(crate) enum HandOver {
    /// The connection never asked for it, and never will: it is given up.
    Never,
    /// The guard refused.
    Withheld(GuardRefusal),
    /// The connection has it; how much of the request was written is not known.
    Yielded,
}

/// Ours: nobody has asked for it so far.
const WAITING: u8 = 0;
/// Ours: the connection has it.
const YIELDED: u8 = 1;
/// Ours: its guard said no.
const WITHHELD: u8 = 2;
/// Ours: its sender gave it up.
const GIVEN_UP: u8 = 3;

#[derive(Debug, Default)]
struct Ticket {
    state: AtomicU8,
    refusal: OnceLock<GuardRefusal>,
}

impl Ticket {
    fn settle(&self, outcome: u8) -> bool {
        self.state
            .compare_exchange(WAITING, outcome, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// The sender's half of a guarded body. Dropping it gives the body up, so a cancelled call writes nothing afterwards.
#[derive(Debug)]
pub(crate) struct BodyHandle(Arc<Ticket>);

impl BodyHandle {
    /// Gives the body up unless it was already handed over, and says which.
    pub(crate) fn give_up(&self) -> HandOver {
        if self.0.settle(GIVEN_UP) {
            return HandOver::Never;
        }
        match self.0.state.load(Ordering::Acquire) {
            YIELDED => HandOver::Yielded,
            WITHHELD => match self.0.refusal.get() {
                Some(refusal) => HandOver::Withheld(refusal.clone()),
                None => HandOver::Never,
            },
            _ => HandOver::Never,
        }
    }
}

impl Drop for BodyHandle {
    fn drop(&mut self) {
        self.0.settle(GIVEN_UP);
    }
}

/// A request body of one frame, or of none, that asks its guard in the poll that yields it.
pub(crate) struct GuardedBody {
    /// `None` when the request has no body.
    bytes: Option<Bytes>,
    guard: Option<Arc<dyn SendGuard>>,
    ticket: Arc<Ticket>,
    /// Whether it was asked for, and has no more to say.
    has_ended: bool,
}

impl GuardedBody {
    /// The body of a request; `None` for one that has none.
    pub(crate) fn new(
        bytes: Option<Bytes>,
        guard: Option<Arc<dyn SendGuard>>,
    ) -> (Self, BodyHandle) {
        let ticket = Arc::new(Ticket::default());
        let handle = BodyHandle(ticket.clone());
        let body = Self {
            bytes,
            guard,
            ticket,
            has_ended: false,
        };
        (body, handle)
    }

    /// Puts another guard in the place of the caller's, which is then not asked.
    #[cfg(feature = "testing")]
    pub(crate) fn guarded_by(mut self, guard: Arc<dyn SendGuard>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// Asks for the body as a connection does. `Err` is the guard's refusal.
    #[cfg(feature = "testing")]
    pub(crate) fn hand_over(mut self) -> Result<(), GuardRefusal> {
        if self.is_end_stream() {
            return Ok(());
        }
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut self).poll_frame(&mut cx) {
            Poll::Ready(Some(Err(refusal))) => Err(refusal),
            _ => Ok(()),
        }
    }
}

impl GuardedBody {
    /// Decides whether the connection gets the body. Asks the guard unless it is decided already.
    fn decide(&self) -> Result<(), GuardRefusal> {
        if self.ticket.state.load(Ordering::Acquire) == WAITING {
            let allowed = self.guard.as_ref().map_or(Ok(()), |guard| guard.allow());
            if let Err(refusal) = allowed {
                // Stored before the state says so: whoever reads WITHHELD finds the refusal.
                let _ = self.ticket.refusal.set(refusal);
                self.ticket.settle(WITHHELD);
            } else {
                self.ticket.settle(YIELDED);
            }
        }
        match self.ticket.state.load(Ordering::Acquire) {
            YIELDED => Ok(()),
            _ => Err(self.ticket.refusal.get().cloned().unwrap_or_else(|| {
                GuardRefusal::new("the caller gave the request up before it was written")
            })),
        }
    }
}

impl Body for GuardedBody {
    type Data = Bytes;
    type Error = GuardRefusal;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, GuardRefusal>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        self.has_ended = true;
        let decided = self.decide();
        let frame = decided.map(|()| self.bytes.take().map(Frame::data));
        Poll::Ready(frame.transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || (self.bytes.is_none() && self.decide().is_ok())
    }

    fn size_hint(&self) -> SizeHint {
        let bytes = match &self.bytes {
            _ if self.has_ended => 0,
            Some(bytes) => bytes.len() as u64,
            // The byte that never comes.
            None => u64::from(self.ticket.state.load(Ordering::Acquire) >= WITHHELD),
        };
        SizeHint::with_exact(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn poll(body: &mut GuardedBody) -> Option<Result<Bytes, GuardRefusal>> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(body).poll_frame(&mut cx) {
            Poll::Ready(frame) => frame.map(|frame| frame.map(|f| f.into_data().unwrap())),
            Poll::Pending => panic!("the body is never pending"),
        }
    }

    #[test]
    fn an_allowed_body_yields_everything_once_and_asks_once() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let guard = move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let (mut body, handle) =
            GuardedBody::new(Some(Bytes::from_static(b"{}")), Some(Arc::new(guard)));
        assert_eq!(body.size_hint().exact(), Some(2));
        assert_eq!(poll(&mut body).unwrap().unwrap(), "{}");
        assert!(poll(&mut body).is_none());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(matches!(handle.give_up(), HandOver::Yielded));
    }

    #[test]
    fn a_refused_body_yields_nothing_ever_and_keeps_the_reason() {
        let guard = || Err(GuardRefusal::new(std::fmt::Error));
        let (mut body, handle) =
            GuardedBody::new(Some(Bytes::from_static(b"{}")), Some(Arc::new(guard)));
        assert!(poll(&mut body).unwrap().is_err());
        assert!(poll(&mut body).is_none());
        let HandOver::Withheld(refusal) = handle.give_up() else {
            panic!("expected a refusal")
        };
        assert!(refusal.downcast_ref::<std::fmt::Error>().is_some());
    }

    #[test]
    fn a_body_given_up_before_it_was_asked_for_is_never_written() {
        let (mut body, handle) = GuardedBody::new(Some(Bytes::from_static(b"{}")), None);
        assert!(matches!(handle.give_up(), HandOver::Never));
        assert!(poll(&mut body).unwrap().is_err());

        let (mut body, handle) = GuardedBody::new(Some(Bytes::from_static(b"{}")), None);
        drop(handle);
        assert!(poll(&mut body).unwrap().is_err());
    }

    #[test]
    fn an_empty_body_asks_when_it_is_asked_whether_it_has_ended_and_then_ends_or_fails() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let allow = move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let (body, handle) = GuardedBody::new(None, Some(Arc::new(allow)));
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.is_end_stream() && body.is_end_stream());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(matches!(handle.give_up(), HandOver::Yielded));

        let refuse = || Err(GuardRefusal::new(std::fmt::Error));
        let (mut body, handle) = GuardedBody::new(None, Some(Arc::new(refuse)));
        assert!(!body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(1));
        assert!(poll(&mut body).unwrap().is_err());
        assert!(matches!(handle.give_up(), HandOver::Withheld(_)));

        let (mut body, handle) = GuardedBody::new(None, None);
        assert!(matches!(handle.give_up(), HandOver::Never));
        assert!(!body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(1));
        assert!(poll(&mut body).unwrap().is_err());
    }
}
