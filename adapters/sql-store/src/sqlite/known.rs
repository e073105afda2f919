//! Who knows whom: the account that last wrote to a person, or that they wrote to.

use std::collections::BTreeMap;

use campaign_core::gateway::{Account, Session};
use rusqlite::Connection;

use super::Database;
use super::fault::Result;
use super::rows;

impl Database {
    /// Whose the sessions were when a lane was last opened through them. Of several lanes of one session, the last to send.
    pub(super) fn accounts(&self) -> Result<BTreeMap<Session, Account>> {
        let mut statement = self.connection.prepare(
            "SELECT session, account FROM lane ORDER BY max(coalesce(newest_cold, 0), coalesce(newest_reply, 0)), id",
        )?;
        let mut found = statement.query([])?;
        let mut accounts = BTreeMap::new();
        while let Some(row) = found.next()? {
            let session: String = row.get(0)?;
            let account = Account(rows::phone(row.get(1)?)?);
            accounts.insert(Session::new(&session), account);
        }
        Ok(accounts)
    }
}

/// An attempt of an account is on record.
pub(super) fn written(
    connection: &Connection,
    phone: i64,
    account: i64,
    delivery: i64,
    at: i64,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO known (phone, account, at, delivery) VALUES (?, ?, ?, ?)
             ON CONFLICT (phone) DO UPDATE SET
                 delivery = iif(account = excluded.account, delivery, excluded.delivery),
                 was_account = iif(account = excluded.account, was_account, account),
                 was_at = iif(account = excluded.account, was_at, at),
                 account = excluded.account, at = max(at, excluded.at)",
        )?
        .execute([phone, account, at, delivery])?;
    Ok(())
}

/// The person has written to the account.
pub(super) fn heard(connection: &Connection, phone: i64, account: i64, at: i64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO known (phone, account, at) VALUES (?, ?, ?)
             ON CONFLICT (phone) DO UPDATE SET account = excluded.account, at = excluded.at,
                 delivery = NULL, was_account = NULL, was_at = NULL
             WHERE at <= excluded.at",
        )?
        .execute([phone, account, at])?;
    Ok(())
}

/// Nothing was sent.
pub(super) fn give_back(connection: &Connection, phone: i64, delivery: i64) -> Result<()> {
    let restored = connection
        .prepare_cached(
            "UPDATE known SET account = was_account, at = was_at, delivery = NULL, was_account = NULL, was_at = NULL
             WHERE phone = ? AND delivery = ? AND was_account IS NOT NULL",
        )?
        .execute([phone, delivery])?;
    if restored == 0 {
        connection
            .prepare_cached("DELETE FROM known WHERE phone = ? AND delivery = ?")?
            .execute([phone, delivery])?;
    }
    Ok(())
}
