//! The guard of a send, and the request body that asks it.
//!
//! The body asks in the same poll that yields its bytes, so nothing can change between the answer and the write.
//! A body that was withheld, or that was given up before it was asked for, can never reach the server: the hand-over
//! is decided once, by one atomic step. What the guard checks is the caller's business.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Asked at the last moment before a request body is written to its connection.
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
    /// The connection has it; how much of it was written is not known.
    Yielded,
}

const WAITING: u8 = 0;
const YIELDED: u8 = 1;
const WITHHELD: u8 = 2;
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

/// A request body of one frame that asks its guard in the poll that yields it.
pub(crate) struct GuardedBody {
    bytes: Option<Bytes>,
    guard: Option<Arc<dyn SendGuard>>,
    ticket: Arc<Ticket>,
}

impl GuardedBody {
    pub(crate) fn new(bytes: Bytes, guard: Option<Arc<dyn SendGuard>>) -> (Self, BodyHandle) {
        let ticket = Arc::new(Ticket::default());
        let handle = BodyHandle(ticket.clone());
        let body = Self {
            bytes: Some(bytes),
            guard,
            ticket,
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
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut self).poll_frame(&mut cx) {
            Poll::Ready(Some(Err(refusal))) => Err(refusal),
            _ => Ok(()),
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
        let Some(bytes) = self.bytes.take() else {
            return Poll::Ready(None);
        };
        let allowed = self.guard.as_ref().map_or(Ok(()), |guard| guard.allow());
        if let Err(refusal) = allowed {
            // Stored before the state says so: whoever reads WITHHELD finds the refusal.
            let _ = self.ticket.refusal.set(refusal.clone());
            self.ticket.settle(WITHHELD);
            return Poll::Ready(Some(Err(refusal)));
        }
        if self.ticket.settle(YIELDED) {
            Poll::Ready(Some(Ok(Frame::data(bytes))))
        } else {
            let gone =
                GuardRefusal::new("the caller gave the request up before its body was written");
            Poll::Ready(Some(Err(gone)))
        }
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
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
        let (mut body, handle) = GuardedBody::new(Bytes::from_static(b"{}"), Some(Arc::new(guard)));
        assert_eq!(body.size_hint().exact(), Some(2));
        assert_eq!(poll(&mut body).unwrap().unwrap(), "{}");
        assert!(poll(&mut body).is_none());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(matches!(handle.give_up(), HandOver::Yielded));
    }

    #[test]
    fn a_refused_body_yields_nothing_ever_and_keeps_the_reason() {
        let guard = || Err(GuardRefusal::new(std::fmt::Error));
        let (mut body, handle) = GuardedBody::new(Bytes::from_static(b"{}"), Some(Arc::new(guard)));
        assert!(poll(&mut body).unwrap().is_err());
        assert!(poll(&mut body).is_none());
        let HandOver::Withheld(refusal) = handle.give_up() else {
            panic!("expected a refusal")
        };
        assert!(refusal.downcast_ref::<std::fmt::Error>().is_some());
    }

    #[test]
    fn a_body_given_up_before_it_was_asked_for_is_never_written() {
        let (mut body, handle) = GuardedBody::new(Bytes::from_static(b"{}"), None);
        assert!(matches!(handle.give_up(), HandOver::Never));
        assert!(poll(&mut body).unwrap().is_err());

        let (mut body, handle) = GuardedBody::new(Bytes::from_static(b"{}"), None);
        drop(handle);
        assert!(poll(&mut body).unwrap().is_err());
    }
}
