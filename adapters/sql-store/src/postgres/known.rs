//! Who knows whom: the account that last wrote to a person, or that they wrote to. What attempts bring about is in `moves/person.rs`.

use std::collections::BTreeMap;

use campaign_core::gateway::{Account, Session};

use super::fault::Result;
use super::transaction::{Columns, Tx};
use crate::codes;

/// Whose the sessions were when a lane was last opened through them. Of several lanes of one session, the last to send.
pub(super) async fn accounts(tx: &Tx<'_>) -> Result<BTreeMap<Session, Account>> {
    let found = tx
        .rows(
            "SELECT session, account FROM lane ORDER BY greatest(coalesce(newest_cold, 0), coalesce(newest_reply, 0)), id",
            &[],
        )
        .await?;
    let mut accounts = BTreeMap::new();
    for row in found {
        let account = Account(codes::phone(row.at(1)?)?);
        accounts.insert(Session::new(row.at::<&str>(0)?), account);
    }
    Ok(accounts)
}

/// The person has written to the account.
pub(super) async fn heard(tx: &Tx<'_>, phone: i64, account: i64, at: i64) -> Result<()> {
    tx.execute(
        "INSERT INTO known (phone, account, at) VALUES ($1, $2, $3)
         ON CONFLICT (phone) DO UPDATE SET account = excluded.account, at = excluded.at,
             delivery = NULL, was_account = NULL, was_at = NULL
         WHERE known.at <= excluded.at",
        &[&phone, &account, &at],
    )
    .await?;
    Ok(())
}
