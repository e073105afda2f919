//! A database that was moved to a server: it can be read as before, and is neither sent from nor changed.

use campaign_core::store::StoreError;
use rusqlite::OptionalExtension;

use super::fault::Result;
use super::{Database, SqliteStore};

/// Where a database went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Which database that is.
    pub(crate) place: String,
    /// What people call it.
    pub(crate) name: String,
}

impl Mark {
    fn refusal(&self) -> StoreError {
        StoreError::Refused(format!(
            "this database was moved to {}, and nothing is sent or changed here any more: name that one; \
             should nothing be in it, the move was stopped half-way: migrate once more",
            self.name
        ))
    }
}

impl SqliteStore {
    /// Where this database was moved to by `migrate`, as of its opening: it can be read, and not be changed.
    pub fn moved_to(&self) -> Option<&str> {
        self.moved_to.as_deref()
    }
}

impl Database {
    pub(super) fn went_to(&self) -> Result<Option<Mark>> {
        let mark = self
            .connection
            .prepare_cached("SELECT place, name FROM moved")?
            .query_row([], |row| {
                Ok(Mark {
                    place: row.get(0)?,
                    name: row.get(1)?,
                })
            })
            .optional()?;
        Ok(mark)
    }

    /// Nothing is changed in a database that went elsewhere.
    pub(super) fn refuse_if_moved(&self) -> Result<()> {
        match self.went_to()? {
            Some(mark) => Err(mark.refusal().into()),
            None => Ok(()),
        }
    }
}
