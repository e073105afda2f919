//! What our crates log, in Python's `logging`: `waha_client::client` is the logger `waha_campaign.waha_client.client` there.
//!
//! Whoever logs never waits for the interpreter: lines go into a queue, and one task hands on whatever has gathered, so that handlers, which may be
//! slow, run in a thread that nothing else waits for. Phone numbers lose their middle, whoever wrote them.

use std::cell::OnceCell;
use std::fmt::{Debug, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use campaign_core::phone::masked;
use pyo3::prelude::*;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, Subscriber, set_global_default};
use tracing::{Event, Level, Metadata};

use crate::runtime::Interpreter;

/// The crates whose lines are meant for people; libraries below have words of their own, and no care for numbers.
const CRATES: [&str; 4] = ["campaign_core", "sql_store", "waha_client", "waha_gateway"];
/// Lines that wait. Beyond that they are left out: a program that holds the interpreter must not run out of memory.
const LINES_MAX: usize = 1_024;
/// Lines that are handed on at once.
const BATCH_MAX: usize = 64;
/// The end of the interpreter waits for what was logged before it no longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

thread_local! {
    /// Where lines of this thread go. Threads of the runtime have it, and a forked child has other ones than its parent.
    static LINES: OnceCell<Lines> = const { OnceCell::new() };
}

/// The way of lines to Python.
#[derive(Clone)]
pub(crate) struct Lines(Sender<Item>);

enum Item {
    Line {
        level: Level,
        target: &'static str,
        text: String,
    },
    /// Whoever waits until everything before it was handed on.
    Flush(SyncSender<()>),
}

/// Lines that are to be handed on.
pub(crate) struct Waiting(Receiver<Item>);

impl Lines {
    pub(crate) fn new() -> (Self, Waiting) {
        let (lines, waiting) = channel(LINES_MAX);
        (Self(lines), Waiting(waiting))
    }

    /// Takes what this thread logs.
    pub(crate) fn take_from_here(&self) {
        LINES.with(|lines| {
            let _ = lines.set(self.clone());
        });
    }

    /// Waits until Python has what was logged before, if that does not take long.
    pub(crate) fn flush(&self) {
        let (told, is_done) = sync_channel(1);
        if self.0.try_send(Item::Flush(told)).is_ok() {
            let _ = is_done.recv_timeout(PATIENCE);
        }
    }
}

impl Waiting {
    /// Hands on what comes, until the process ends.
    pub(crate) async fn hand_on(mut self, interpreter: Interpreter) {
        loop {
            let mut batch = Vec::new();
            if self.0.recv_many(&mut batch, BATCH_MAX).await == 0 {
                return;
            }
            let handed_on = tokio::task::spawn_blocking(move || {
                interpreter.with(|py| batch.into_iter().for_each(|item| item.hand_on(py)))
            });
            // A handler that fails is `logging`'s to tell of.
            let _ = handed_on.await;
        }
    }
}

impl Item {
    fn hand_on(self, py: Python<'_>) {
        match self {
            Self::Line {
                level,
                target,
                text,
            } => {
                if let Err(error) = log(py, level, target, &text) {
                    error.write_unraisable(py, None);
                }
            }
            // Whoever waited may have left.
            Self::Flush(told) => drop(told.try_send(())),
        }
    }
}

fn log(py: Python<'_>, level: Level, target: &str, text: &str) -> PyResult<()> {
    let name = format!("waha_campaign.{}", target.replace("::", "."));
    let level = match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        _ => 10,
    };
    let logger = py.import("logging")?.call_method1("getLogger", (name,))?;
    logger.call_method1("log", (level, "%s", text))?;
    Ok(())
}

/// Begins to listen to our crates, once for the process. Nobody else can have begun: what is linked into this module is its own.
pub(crate) fn begin() {
    let _ = set_global_default(Ours);
}

struct Ours;

impl Subscriber for Ours {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match self.enabled(metadata) {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let of = metadata.target().split("::").next();
        metadata.is_event()
            && *metadata.level() <= Level::DEBUG
            && of.is_some_and(|of| CRATES.contains(&of))
    }

    fn event(&self, event: &Event<'_>) {
        LINES.with(|lines| {
            if let Some(lines) = lines.get() {
                let mut told = Told::default();
                event.record(&mut told);
                // There are too many, or the process ends.
                let _ = lines.0.try_send(Item::Line {
                    level: *event.metadata().level(),
                    target: event.metadata().target(),
                    text: masked(&told.line()),
                });
            }
        });
    }

    /// No span is enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What an event says: its message, and its fields.
#[derive(Default)]
struct Told {
    message: String,
    fields: String,
}

impl Told {
    fn line(self) -> String {
        match self.fields.is_empty() {
            true => self.message,
            false => format!("{}:{}", self.message, self.fields),
        }
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing into a text cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value}"),
            name => write!(self.fields, " {name}={value}"),
        };
    }
}
