//! Holds requests until several are there (or the first has waited long enough), then lets all
//! of them through at once: the burst a server makes after it was stuck.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::world::lock;

pub(crate) struct Gate {
    together: usize,
    patience: Duration,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    count: usize,
    open: Arc<Notify>,
}

impl Gate {
    pub(crate) fn new((together, patience): (usize, Duration)) -> Self {
        Self {
            together: together.max(1),
            patience,
            held: Mutex::default(),
        }
    }

    pub(crate) async fn pass(&self, clock: &Clock) {
        let (open, first) = {
            let mut held = lock(&self.held);
            held.count += 1;
            if held.count >= self.together {
                held.release();
                return;
            }
            // Registered under the lock, so that no release can come in between.
            (held.open.clone().notified_owned(), held.count == 1)
        };
        if !first {
            return open.await;
        }
        tokio::select! {
            () = open => {}
            () = clock.pause(self.patience) => lock(&self.held).release(),
        }
    }

    /// Who waited is gone with the process that held him, and nobody may wait for him.
    pub(crate) fn reset(&self) {
        lock(&self.held).release();
    }
}

impl Held {
    fn release(&mut self) {
        self.count = 0;
        std::mem::take(&mut self.open).notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_those_whose_process_has_ended() {
        let (gate, clock) = (Gate::new((3, Duration::from_secs(20))), Clock::new(1.0));
        {
            let mut gone = pin!(gate.pass(&clock));
            assert!(poll!(&mut gone).is_pending());
        }
        gate.reset();
        // Let through by its own patience: it is the first again.
        let passed = tokio::time::timeout(Duration::from_secs(21), gate.pass(&clock));
        assert!(passed.await.is_ok());
    }
}
