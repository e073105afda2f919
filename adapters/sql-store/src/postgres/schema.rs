//! The schema: made in an empty one, brought up to date, and refused where it is somebody else's.

use campaign_core::store::StoreError;

use super::fault::{Fault, Result};
use super::transaction::{Columns, Tx};
use super::{doubts, workers};
use crate::random::random;

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_campaigns.sql"),
    include_str!("../../migrations/postgres/0002_workers.sql"),
];
/// The first version that has them.
pub(super) const WORKERS_SINCE: u32 = 2;
/// `to_regclass` and `pg_xact_status` as used here are of this version.
const SERVER_MIN: i32 = 140_000;

/// What a connection finds before anything else.
pub(super) async fn check_server(tx: &Tx<'_>) -> Result<()> {
    let row = tx
        .one(
            "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_schema()::text",
            &[],
        )
        .await?;
    if row.at::<i32>(0)? < SERVER_MIN {
        return Err(Fault::refused(
            "this PostgreSQL is too old: version 14 or later is needed",
        ));
    }
    if row.at::<String>(1)? != "UTF8" {
        return Err(Fault::refused(
            "the database's encoding is not UTF8: create one with ENCODING 'UTF8'",
        ));
    }
    if row.at::<Option<String>>(2)?.is_none() {
        return Err(Fault::refused(
            "the connection's search_path names no schema that exists: create the schema first",
        ));
    }
    Ok(())
}

/// Whether the schema is the newest that this program knows.
pub(super) async fn is_up_to_date(tx: &Tx<'_>) -> Result<bool> {
    Ok(version(tx).await? == Some(newest()))
}

/// Makes the schema, or brings it up to date.
pub(super) async fn migrate(tx: &Tx<'_>) -> Result<()> {
    let found = match version(tx).await? {
        Some(found) => found,
        None => {
            refuse_others(tx).await?;
            0
        }
    };
    for migration in MIGRATIONS.iter().skip(found as usize) {
        tx.batch(migration).await?;
    }
    if found == 0 {
        tx.batch("CREATE TABLE waha_campaign_schema (version integer NOT NULL)")
            .await?;
        tx.execute("INSERT INTO waha_campaign_schema (version) VALUES (0)", &[])
            .await?;
        let key = random()?;
        tx.execute(
            "INSERT INTO meta (one, message_key) VALUES (1, $1)",
            &[&key.as_slice()],
        )
        .await?;
    }
    if found < WORKERS_SINCE {
        workers::find_sessions(tx).await?;
        doubts::find_lanes(tx).await?;
    }
    let version = i32::try_from(newest()).map_err(Fault::unreadable)?;
    tx.execute("UPDATE waha_campaign_schema SET version = $1", &[&version])
        .await?;
    Ok(())
}

pub(super) fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// `None` where the schema is not ours.
pub(super) async fn version(tx: &Tx<'_>) -> Result<Option<u32>> {
    let is_ours: bool = tx
        .one(
            "SELECT to_regclass(quote_ident(current_schema()) || '.waha_campaign_schema') IS NOT NULL",
            &[],
        )
        .await?
        .at(0)?;
    if !is_ours {
        return Ok(None);
    }
    let row = tx
        .one("SELECT version FROM waha_campaign_schema", &[])
        .await?;
    let (found, known) = (row.count(0)?, newest());
    if found > known {
        return Err(StoreError::TooNew { found, known }.into());
    }
    Ok(Some(found))
}

/// What an extension brought along belongs to nobody.
pub(super) async fn refuse_others(tx: &Tx<'_>) -> Result<()> {
    let row = tx
        .one(
            "SELECT EXISTS (SELECT 1 FROM pg_class c WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v')
                 AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e'))",
            &[],
        )
        .await?;
    if row.at(0)? {
        return Err(Fault::refused(
            "the schema holds tables of another program: name another database, or another schema by the search_path",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use campaign_core::delivery::{Reason, State};

    use super::MIGRATIONS;
    use crate::codes::{fits, reason_number};

    /// Whether the schema's CHECK takes a reason in a state.
    fn is_taken(check: &str, reason: u8) -> bool {
        let numbers = check.split(|letter: char| !letter.is_ascii_digit());
        let numbers: Vec<u8> = numbers.filter_map(|number| number.parse().ok()).collect();
        match check {
            check if check.contains("BETWEEN") => (numbers[0]..=numbers[1]).contains(&reason),
            _ => numbers.contains(&reason),
        }
    }

    #[test]
    fn the_schema_takes_the_reasons_that_fit() {
        let schema = MIGRATIONS.join("\n");
        for state in State::ALL {
            let when = format!("        WHEN {} THEN ", state as u8);
            let check = schema.lines().find_map(|line| line.strip_prefix(&when));
            let check = check.unwrap();
            for reason in Reason::ALL.iter().copied().map(Some).chain([None]) {
                let number = reason_number(reason);
                assert_eq!(
                    is_taken(check, number),
                    fits(state, reason),
                    "{state} {reason:?}: {check}"
                );
            }
        }
    }
}
