//! The database: what it holds, how safe that is, and whether there is space for more. No file is opened for writing.

use std::path::Path;

use campaign_core::store::{CampaignQuery, StoreError};
use sql_store::{Depth, Inspection, Trouble};

use super::Report;
use crate::exit::Failure;
use crate::language::{Finding, Text};
use crate::settings::Place;
use crate::setup::Setup;

/// Less free space than this, or than the database would need twice, is little.
const FREE_MIN: u64 = 500_000_000;

pub(super) async fn look(
    report: &mut Report<'_>,
    thorough: bool,
) -> Result<Option<Inspection>, Failure> {
    let path = match &report.setup.settings.db.value {
        Place::File(path) => path.clone(),
        Place::Server { shown, .. } => {
            let place = shown.clone();
            report.add(on_server(report.setup, place).await);
            return Ok(None);
        }
    };
    if !path.exists() {
        report.add(Finding::NoDatabase {
            path: path.display().to_string(),
        });
        report.add(disk(&path, 0));
        return Ok(None);
    }
    let depth = match thorough {
        true => Depth::Thorough,
        false => Depth::Quick,
    };
    let inspected = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || sql_store::inspect(path, depth))
            .await
            .map_err(Failure::other)?
    };
    let found = match inspected {
        Ok(found) => found,
        Err(error) => {
            let why = Box::new(wrong(error, &path));
            report.add(Finding::DatabaseFails { why });
            report.add(disk(&path, 0));
            return Ok(None);
        }
    };
    report.add(Finding::DatabaseHolds {
        path: path.display().to_string(),
        bytes: found.bytes,
        campaigns: found.campaigns,
        deliveries: found.deliveries,
    });
    report.add(Finding::SchemaIs {
        schema: found.schema,
        is_newest: found.is_newest,
    });
    report.add(Finding::Durable {
        is_wal: found.is_wal,
    });
    report.add(disk(&path, found.bytes));
    if !found.damage.is_empty() {
        let why = Box::new(Text::DatabaseTrouble {
            kind: sql_store::TroubleKind::Damaged,
            path: path.display().to_string(),
            detail: found.damage.join("; "),
        });
        report.add(Finding::DatabaseFails { why });
    } else if thorough {
        report.add(Finding::Whole);
    }
    report.add(Finding::Runner {
        holder: found.runner.clone(),
    });
    Ok(Some(found))
}

/// Whether it can be used: tables that are not there are made.
async fn on_server(setup: &Setup, place: String) -> Finding {
    let counted = async {
        let campaigns = setup.store().await?.campaigns(&CampaignQuery::All).await?;
        Ok::<_, Failure>(campaigns.len())
    };
    match counted.await {
        Ok(campaigns) => Finding::DatabaseOnServer { place, campaigns },
        Err(failure) => Finding::DatabaseFails { why: failure.text },
    }
}

fn wrong(error: StoreError, path: &Path) -> Text {
    let path = path.display().to_string();
    match error {
        StoreError::TooNew { found, known } => Text::DatabaseTooNew { path, found, known },
        StoreError::Refused(_) if Trouble::of(&error).is_none() => Text::DatabaseForeign { path },
        other => *Failure::from(other).text,
    }
}

fn disk(path: &Path, database: u64) -> Finding {
    match free(path) {
        None => Finding::DiskUnknown,
        Some(bytes) if bytes < FREE_MIN.max(2 * database) => Finding::DiskLow { bytes },
        Some(bytes) => Finding::DiskFree { bytes },
    }
}

/// What this user can still write where the database is, or would be.
#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find(|folder| folder.exists())?;
    let space = rustix::fs::statvfs(there).ok()?;
    space.f_bavail.checked_mul(space.f_frsize)
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}
