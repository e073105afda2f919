//! What a look at the installation finds, and how bad that is.

use std::time::Duration;

use campaign_core::message::MessageKind;

use super::{Text, WaitText};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    Fine,
    Warning,
    Problem,
}

impl Mark {
    /// As programs read it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mark::Fine => "ok",
            Mark::Warning => "warning",
            Mark::Problem => "problem",
        }
    }
}

/// What is known of the ids that we give messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ids {
    /// They came back as given, for these kinds of message.
    Proved(Vec<MessageKind>),
    /// This server can honour them; nothing was sent that would show it.
    Unproved,
    /// This server gives messages ids of its own.
    Ignored { platform: String },
}

/// What settles a message that had no answer, as far as this installation has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) ids: Ids,
    pub(crate) keeps_messages: Option<bool>,
    pub(crate) events: bool,
}

impl Evidence {
    /// Whether no person is needed, once ids have proved themselves.
    pub(crate) fn is_whole(&self) -> bool {
        let can_prove = matches!(self.ids, Ids::Proved(_) | Ids::Unproved);
        can_prove && self.keeps_messages == Some(true) && self.events
    }
}

/// What one check found.
#[derive(Debug, Clone)]
pub(crate) enum Finding {
    ServerAnswers {
        url: String,
        version: String,
        engine: String,
    },
    /// It does not, for this reason.
    ServerFails {
        why: Box<Text>,
    },
    AccessClosed,
    /// Whoever reaches it may send.
    AccessOpen {
        url: String,
    },
    /// The server asks for no key; a proxy before it asks for its password.
    AccessByProxy {
        url: String,
    },
    AccessUnknown {
        why: String,
    },
    KeyOwn,
    /// The server takes a key that stands in WAHA's documentation.
    KeyPublic,
    KeyShort,
    /// The server could not be asked whether it takes a key that is printed.
    KeyUnknown {
        why: String,
    },
    ClockInStep {
        apart: Duration,
    },
    ClockApart {
        apart: Duration,
        server_is_ahead: bool,
    },
    ClockUnknown,
    IdleCloses {
        after: Duration,
    },
    /// Sooner than this program drops a connection by itself.
    IdleShort {
        after: Duration,
    },
    IdleStays {
        at_least: Duration,
    },
    /// Each connection ends with its answer.
    IdleNotKept,
    IdleUnknown {
        why: String,
    },
    SessionWorks {
        name: String,
        account: Option<String>,
    },
    SessionFails {
        why: Box<Text>,
    },
    /// WhatsApp forbids writing to strangers.
    Restricted {
        until: Option<String>,
    },
    /// WhatsApp's quota of new chats, as the server tells of it.
    NewChats {
        used: u32,
        total: u32,
        has_warned: bool,
        renews: Option<String>,
    },
    /// What the account waits for, by the database.
    Held(WaitText),
    KeepsMessages,
    KeepsNone {
        name: String,
    },
    KeepsUnknown,
    EventsArrive,
    EventsRefused {
        why: String,
    },
    EventsAway {
        why: String,
    },
    /// What nobody but a person can see.
    Phone,
    NoDatabase {
        path: String,
    },
    DatabaseHolds {
        path: String,
        bytes: u64,
        campaigns: u64,
        deliveries: u64,
    },
    /// It went to a server: nothing is sent from it any more.
    DatabaseMoved {
        path: String,
        to: String,
    },
    DatabaseOnServer {
        place: String,
        bytes: u64,
        campaigns: u64,
        deliveries: u64,
    },
    /// The database is there, and nothing is in it yet.
    NoTables {
        place: String,
    },
    DatabaseFails {
        why: Box<Text>,
    },
    DatabaseDamaged {
        path: String,
        findings: String,
    },
    SchemaIs {
        schema: u32,
        is_newest: bool,
    },
    Durable {
        is_wal: bool,
    },
    DurableOnServer,
    /// The server says that something is written when it is not yet.
    ForgetfulServer,
    DiskFree {
        bytes: u64,
    },
    DiskLow {
        bytes: u64,
    },
    DiskUnknown,
    Whole,
    /// A server's pages cannot be read from here.
    PagesOnServer,
    Runner {
        holder: Option<String>,
    },
    Doubts(Evidence),
}

impl Finding {
    /// The check that found it.
    pub(crate) fn check(&self) -> &'static str {
        use Finding as F;
        match self {
            F::ServerAnswers { .. } | F::ServerFails { .. } => "server",
            F::AccessClosed
            | F::AccessOpen { .. }
            | F::AccessByProxy { .. }
            | F::AccessUnknown { .. } => "access",
            F::KeyOwn | F::KeyPublic | F::KeyShort | F::KeyUnknown { .. } => "key",
            F::ClockInStep { .. } | F::ClockApart { .. } | F::ClockUnknown => "clock",
            F::IdleCloses { .. }
            | F::IdleShort { .. }
            | F::IdleStays { .. }
            | F::IdleNotKept
            | F::IdleUnknown { .. } => "connections",
            F::SessionWorks { .. } | F::SessionFails { .. } => "session",
            F::Restricted { .. } => "restriction",
            F::NewChats { .. } => "new chats",
            F::Held(_) => "hold",
            F::KeepsMessages | F::KeepsNone { .. } | F::KeepsUnknown => "messages",
            F::EventsArrive | F::EventsRefused { .. } | F::EventsAway { .. } => "events",
            F::Phone => "phone",
            F::NoDatabase { .. }
            | F::DatabaseHolds { .. }
            | F::DatabaseMoved { .. }
            | F::DatabaseOnServer { .. }
            | F::NoTables { .. }
            | F::DatabaseFails { .. }
            | F::DatabaseDamaged { .. } => "database",
            F::SchemaIs { .. } => "schema",
            F::Durable { .. } | F::DurableOnServer | F::ForgetfulServer => "durability",
            F::DiskFree { .. } | F::DiskLow { .. } | F::DiskUnknown => "disk",
            F::Whole | F::PagesOnServer => "integrity",
            F::Runner { .. } => "runner",
            F::Doubts(_) => "doubts",
        }
    }

    /// How bad it is.
    pub(crate) fn mark(&self) -> Mark {
        use Finding as F;
        match self {
            F::ServerFails { .. }
            | F::AccessOpen { .. }
            | F::KeyPublic
            | F::SessionFails { .. }
            | F::EventsRefused { .. }
            | F::DatabaseMoved { .. }
            | F::DatabaseFails { .. }
            | F::DatabaseDamaged { .. } => Mark::Problem,
            F::AccessByProxy { .. }
            | F::AccessUnknown { .. }
            | F::KeyShort
            | F::KeyUnknown { .. }
            | F::ClockApart { .. }
            | F::IdleShort { .. }
            | F::Restricted { .. }
            | F::Held(_)
            | F::KeepsNone { .. }
            | F::KeepsUnknown
            | F::EventsAway { .. }
            | F::ForgetfulServer
            | F::DiskLow { .. } => Mark::Warning,
            F::NewChats {
                used,
                total,
                has_warned,
                ..
            } if *has_warned || used >= total => Mark::Warning,
            F::Doubts(evidence) if !evidence.is_whole() => Mark::Warning,
            F::ServerAnswers { .. }
            | F::AccessClosed
            | F::KeyOwn
            | F::ClockInStep { .. }
            | F::ClockUnknown
            | F::IdleCloses { .. }
            | F::IdleStays { .. }
            | F::IdleNotKept
            | F::IdleUnknown { .. }
            | F::SessionWorks { .. }
            | F::NewChats { .. }
            | F::KeepsMessages
            | F::EventsArrive
            | F::Phone
            | F::NoDatabase { .. }
            | F::DatabaseHolds { .. }
            | F::DatabaseOnServer { .. }
            | F::NoTables { .. }
            | F::SchemaIs { .. }
            | F::Durable { .. }
            | F::DurableOnServer
            | F::DiskFree { .. }
            | F::DiskUnknown
            | F::Whole
            | F::PagesOnServer
            | F::Runner { .. }
            | F::Doubts(_) => Mark::Fine,
        }
    }

    /// Whether nothing can be sent before it is mended.
    pub(crate) fn is_not_ready(&self) -> bool {
        matches!(
            self,
            Finding::ServerFails { .. } | Finding::SessionFails { .. }
        )
    }
}
