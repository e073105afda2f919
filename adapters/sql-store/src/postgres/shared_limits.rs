//! Limits above the accounts, and what was sent under them.

use campaign_core::limits::{Scope, SharedLimits, SharedPast, SharedRecord};

use super::fault::Result;
use super::transaction::{Columns, Tx};

pub(super) async fn all(tx: &Tx<'_>) -> Result<Vec<SharedRecord>> {
    let found = tx
        .rows("SELECT scope, limits, past FROM shared_limits", &[])
        .await?;
    let mut all = Vec::with_capacity(found.len());
    for row in found {
        let past: Option<&str> = row.at(2)?;
        all.push(SharedRecord {
            scope: serde_json::from_str(row.at(0)?)?,
            limits: serde_json::from_str(row.at(1)?)?,
            past: past.map(serde_json::from_str).transpose()?,
        });
    }
    all.sort_by(|one, other| one.scope.cmp(&other.scope));
    Ok(all)
}

pub(super) async fn set(tx: &Tx<'_>, scope: &Scope, limits: Option<&SharedLimits>) -> Result<()> {
    let scope = serde_json::to_string(scope)?;
    match limits {
        Some(limits) => {
            tx.execute(
                "INSERT INTO shared_limits (scope, limits) VALUES ($1, $2)
                 ON CONFLICT (scope) DO UPDATE SET limits = excluded.limits",
                &[&scope, &serde_json::to_string(limits)?],
            )
            .await?
        }
        None => {
            tx.execute("DELETE FROM shared_limits WHERE scope = $1", &[&scope])
                .await?
        }
    };
    Ok(())
}

pub(super) async fn keep_past(tx: &Tx<'_>, scope: &Scope, past: &SharedPast) -> Result<()> {
    tx.execute(
        "UPDATE shared_limits SET past = $2 WHERE scope = $1",
        &[
            &serde_json::to_string(scope)?,
            &serde_json::to_string(past)?,
        ],
    )
    .await?;
    Ok(())
}
