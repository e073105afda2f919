//! Moves a database from its SQLite file to a PostgreSQL server, whole: what was in doubt stays in doubt, and nobody is sent to from both.
//! The tables here are all that goes along; a test holds them to both schemas.

use campaign_core::store::StoreError;

use crate::postgres::{PostgresStore, ServerInspection, arrive};
use crate::sqlite::SqliteStore;

/// A table that both databases have, with the columns that go along under their names.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
}

const fn table(name: &'static str, columns: &'static [&'static str]) -> Table {
    Table { name, columns }
}

/// What goes along row by row. Of `meta` goes what [`crate::sqlite::Origin`] holds. What stays behind is of the place alone: who runs (`runner`),
/// which file this is and how many batches it has seen, and where it went (`moved`).
pub(crate) const TABLES: &[Table] = &[
    table(
        "campaign",
        &[
            "id",
            "name",
            "session",
            "kind",
            "category",
            "definition",
            "columns",
            "state",
            "created_at",
            "rejected",
            "first_ordinal",
            "next_ordinal",
            "import",
            "pruned_at",
            "first_generation",
        ],
    ),
    table(
        "earlier_message",
        &["campaign", "version", "message", "replaced_at", "past"],
    ),
    table("campaign_count", &["campaign", "state", "reason", "n"]),
    table(
        "delivery",
        &[
            "id",
            "phone",
            "state",
            "reason",
            "attempts",
            "flags",
            "attempt",
            "changed_at",
        ],
    ),
    table("delivery_content", &["id", "row", "key", "values"]),
    table("remark", &["delivery", "message"]),
    table("recipient", &["campaign", "phone", "key", "delivery"]),
    table(
        "attempt",
        &[
            "seq",
            "delivery",
            "previous",
            "lane",
            "epoch",
            "kind",
            "slot",
            "text_hash",
            "started_elapsed",
            "started_wall",
            "started_boot",
            "ended_elapsed",
            "ended_wall",
            "ended_boot",
            "outcome",
            "foreign_id",
            "message",
        ],
    ),
    table("foreign_id", &["id", "delivery"]),
    table("ready", &["delivery", "not_before"]),
    table(
        "doubt",
        &["delivery", "next_look", "looks", "missing", "restoration"],
    ),
    table(
        "restoration",
        &[
            "id",
            "started_elapsed",
            "started_wall",
            "started_boot",
            "ended_elapsed",
            "ended_wall",
            "ended_boot",
            "attempt_max",
        ],
    ),
    table("unheard", &["attempt"]),
    table("open_chat", &["lane", "phone", "delivery"]),
    table(
        "lane",
        &[
            "id",
            "account",
            "session",
            "limits",
            "epoch",
            "day",
            "day_sends",
            "day_cold",
            "warmth",
            "hold",
            "hold_until",
            "hold_told",
            "cold_hold",
            "cold_hold_until",
            "cold_hold_told",
            "newest_cold",
            "newest_reply",
            "trusted",
            "store_on",
            "health",
        ],
    ),
    table("early_limits", &["account", "limits"]),
    table("shared_limits", &["scope", "limits", "past"]),
    table("command", &["id", "body", "answer"]),
    table("presence", &["phone", "is_on_whatsapp", "checked_at"]),
    table(
        "reply",
        &[
            "seq",
            "account",
            "message_id",
            "phone",
            "received_at",
            "text",
            "campaign",
        ],
    ),
    table("heard", &["account", "phone", "heard_at"]),
    table("by_hand", &["account", "message_id", "sent_at", "slot"]),
    table("suppression", &["phone", "source", "since", "origin"]),
    table("consent_rules", &["one", "rules"]),
    table(
        "wish",
        &[
            "phone",
            "is_opt_out",
            "at",
            "account",
            "message_id",
            "is_to_be_confirmed",
        ],
    ),
    table(
        "consent",
        &[
            "phone",
            "category",
            "is_granted",
            "origin",
            "source",
            "since",
        ],
    ),
    table(
        "written",
        &["phone", "delivery", "at", "category", "text_hash"],
    ),
    table(
        "known",
        &[
            "phone",
            "account",
            "at",
            "delivery",
            "was_account",
            "was_at",
        ],
    ),
    table("lid", &["lid", "phone"]),
    table(
        "hidden_reply",
        &["seq", "account", "message_id", "lid", "received_at", "text"],
    ),
    table("hidden_opt_out", &["account", "lid", "since", "message_id"]),
];

impl Table {
    /// How the file says a column.
    pub(crate) fn said_by_file(&self, column: &str) -> String {
        match (self.name, column) {
            // The server has a column for what the file leaves in the definition.
            ("campaign", "category") => "CASE json_extract(definition, '$.category')
                 WHEN 'utility' THEN 1 WHEN 'authentication' THEN 2 WHEN 'service' THEN 3 ELSE 0 END"
                .to_owned(),
            _ => format!("\"{column}\""),
        }
    }

    /// The columns as SQL lists them.
    pub(crate) fn listed(&self) -> String {
        let quoted = self.columns.iter().map(|column| format!("\"{column}\""));
        quoted.collect::<Vec<_>>().join(", ")
    }
}

/// Rows on their way, as COPY takes them: a line for each.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) lines: Vec<u8>,
    pub(crate) rows: u64,
}

/// What was moved.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Migrated {
    /// What the server's database holds now.
    pub inspection: ServerInspection,
    /// Rows that were copied.
    pub rows: u64,
    /// Whether an earlier call had copied everything, and was stopped before it could say so: nothing was copied again.
    pub had_arrived: bool,
}

/// Moves the database in a file to a server's, which must be empty. `progress` is told how many rows have been copied so far.
///
/// Everything goes along, with its numbers: campaigns and what became of everybody in them, messages on their way or in doubt, accounts with
/// their limits, holds and epochs, whom nothing may be sent to, commands and answers, and the key by which message ids are read back. The file
/// is left as it is, but for a mark that says where it went: it can be read as before, and refuses to be sent from or changed.
///
/// Nobody sends from either while this goes on, and others who write to the file wait. It may be stopped at any moment and called again:
///
/// - before the mark is written, nothing has happened: the server's database is empty as before;
/// - between the mark and the server's COMMIT, neither is sent from: the file refuses, the server's is empty, and calling this again copies
///   everything anew;
/// - after the COMMIT everything is there. Where its answer was lost, calling this again says so, and copies nothing.
///
/// A file that has gone to one database goes to no other. Where that one is lost for good, [`crate::restore`] brings the file back as the older
/// copy that it is: everything open in it is looked up before anything is sent.
///
/// # Errors
/// [`StoreError::RunnerBusy`] while a process sends from either; [`StoreError::Refused`] when the server's database holds something, or the file
/// was moved to another one; [`StoreError::Unknown`] when the COMMIT's answer was lost and the server cannot be asked: call it again;
/// [`StoreError::Failed`] when either cannot be read or written. Unless it is unknown, nothing has happened then.
pub async fn migrate(
    from: SqliteStore,
    to: &PostgresStore,
    mut progress: impl FnMut(u64) + Send,
) -> Result<Migrated, StoreError> {
    arrive(&from, to, &mut progress).await
}
