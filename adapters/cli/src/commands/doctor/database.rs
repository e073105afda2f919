//! The database: what it holds, how safe that is, and whether there is space for more. No file is opened for writing.

use std::path::{Path, PathBuf};

use campaign_core::store::StoreError;
use secrecy::{ExposeSecret as _, SecretString};
use sql_store::{Depth, LaneSeen, PostgresStore, Trouble, TroubleKind};

use super::Report;
use crate::exit::Failure;
use crate::language::{Finding, Text};
use crate::settings::Place;

/// Less free space than this, or than the database would need twice, is little.
const FREE_MIN: u64 = 500_000_000;

/// Returns what it knows of accounts.
pub(super) async fn look(
    report: &mut Report<'_>,
    thorough: bool,
) -> Result<Vec<LaneSeen>, Failure> {
    match report.setup.settings.db.value.clone() {
        Place::File(path) => in_file(report, path, thorough).await,
        Place::Server { url, shown } => Ok(on_server(report, &url, shown, thorough).await),
    }
}

async fn in_file(
    report: &mut Report<'_>,
    path: PathBuf,
    thorough: bool,
) -> Result<Vec<LaneSeen>, Failure> {
    // One that may not be looked at is told of below, with the reason.
    let is_missing = matches!(path.try_exists(), Ok(false));
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
        Ok(Some(found)) => found,
        Ok(None) => {
            let place = path.display().to_string();
            nothing_yet(report, &path, Finding::NoTables { place });
            return Ok(Vec::new());
        }
        Err(error) if is_missing && Trouble::kind_of(&error) != Some(TroubleKind::Lost) => {
            let shown = path.display().to_string();
            nothing_yet(report, &path, Finding::NoDatabase { path: shown });
            return Ok(Vec::new());
        }
        Err(error) => {
            report.add(fails(error, &path, thorough));
            report.add(disk(&path, 0));
            return Ok(Vec::new());
        }
    };
    report.add(Finding::DatabaseHolds {
        path: path.display().to_string(),
        bytes: found.bytes,
        campaigns: found.campaigns,
        deliveries: found.deliveries,
    });
    if let Some(to) = found.moved_to {
        let path = path.display().to_string();
        report.add(Finding::DatabaseMoved { path, to });
    }
    rights(report, &path);
    report.add(Finding::SchemaIs {
        schema: found.schema,
        is_newest: found.is_newest,
    });
    report.add(Finding::Durable {
        is_wal: found.is_wal,
    });
    report.add(disk(&path, found.bytes));
    if !found.damage.is_empty() {
        report.add(Finding::DatabaseDamaged {
            path: path.display().to_string(),
            findings: found.damage.join("; "),
        });
    } else if thorough {
        report.add(Finding::Whole);
    }
    report.add(Finding::Runner {
        holder: found.runner,
    });
    Ok(found.lanes)
}

async fn on_server(
    report: &mut Report<'_>,
    url: &SecretString,
    place: String,
    thorough: bool,
) -> Vec<LaneSeen> {
    let found = match PostgresStore::inspect(url.expose_secret()).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            report.add(Finding::NoTables { place });
            return Vec::new();
        }
        Err(error) => {
            let why = Failure::from(error).text;
            report.add(Finding::DatabaseFails { why });
            return Vec::new();
        }
    };
    report.add(Finding::DatabaseOnServer {
        place,
        bytes: found.bytes,
        campaigns: found.campaigns,
        deliveries: found.deliveries,
    });
    report.add(Finding::SchemaIs {
        schema: found.schema,
        is_newest: found.is_newest,
    });
    report.add(match found.is_durable {
        true => Finding::DurableOnServer,
        false => Finding::ForgetfulServer,
    });
    if thorough {
        report.add(Finding::PagesOnServer);
    }
    report.add(Finding::Runner {
        holder: found.runner,
    });
    found.lanes
}

fn nothing_yet(report: &mut Report<'_>, path: &Path, finding: Finding) {
    report.add(finding);
    rights(report, path);
    report.add(disk(path, 0));
}

/// A database that can be read and not written looks well, and nothing can be sent from it.
fn rights(report: &mut Report<'_>, path: &Path) {
    if let Err(error) = sql_store::may_write(path) {
        let why = Failure::from(error).text;
        report.add(Finding::DatabaseFails { why });
    }
}

fn fails(error: StoreError, path: &Path, thorough: bool) -> Finding {
    let path = path.display().to_string();
    let why = match error {
        StoreError::TooNew { found, known } => Text::DatabaseTooNew { path, found, known },
        StoreError::Refused(_) => Text::DatabaseForeign { path },
        other => match Trouble::of(&other) {
            // Elsewhere it is said that this look shows more.
            Some(trouble) if thorough && trouble.kind() == TroubleKind::Damaged => {
                let findings = trouble.detail().to_owned();
                return Finding::DatabaseDamaged { path, findings };
            }
            _ => *Failure::from(other).text,
        },
    };
    Finding::DatabaseFails { why: Box::new(why) }
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn less_space_than_twice_the_database_is_little() {
        let here = std::env::temp_dir();
        assert!(matches!(disk(&here, u64::MAX / 4), Finding::DiskLow { .. }));
        assert!(matches!(
            disk(&here.join("missing/campaigns.db"), u64::MAX / 4),
            Finding::DiskLow { .. }
        ));
    }
}
