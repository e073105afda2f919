//! Limits above the accounts, and what was sent under them.

use campaign_core::limits::{Scope, SharedLimits, SharedPast, SharedRecord};
use rusqlite::{Connection, params};

use super::Database;
use super::fault::Result;

impl Database {
    pub(super) fn shared_limits(&self) -> Result<Vec<SharedRecord>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT scope, limits, past FROM shared_limits")?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let past: Option<String> = row.get(2)?;
            all.push(SharedRecord {
                scope: serde_json::from_str(&row.get::<_, String>(0)?)?,
                limits: serde_json::from_str(&row.get::<_, String>(1)?)?,
                past: past.map(|past| serde_json::from_str(&past)).transpose()?,
            });
        }
        all.sort_by(|one, other| one.scope.cmp(&other.scope));
        Ok(all)
    }
}

pub(super) fn set(
    connection: &Connection,
    scope: &Scope,
    limits: Option<&SharedLimits>,
) -> Result<()> {
    let scope = serde_json::to_string(scope)?;
    match limits {
        Some(limits) => connection
            .prepare_cached(
                "INSERT INTO shared_limits (scope, limits) VALUES (?1, ?2)
                 ON CONFLICT (scope) DO UPDATE SET limits = excluded.limits",
            )?
            .execute(params![scope, serde_json::to_string(limits)?])?,
        None => connection
            .prepare_cached("DELETE FROM shared_limits WHERE scope = ?")?
            .execute([scope])?,
    };
    Ok(())
}

pub(super) fn keep_past(connection: &Connection, scope: &Scope, past: &SharedPast) -> Result<()> {
    connection
        .prepare_cached("UPDATE shared_limits SET past = ?2 WHERE scope = ?1")?
        .execute(params![
            serde_json::to_string(scope)?,
            serde_json::to_string(past)?
        ])?;
    Ok(())
}
