//! `migrate`: moves the database from its file to a PostgreSQL server.

use std::path::PathBuf;

use campaign_core::store::StoreError;
use serde_json::json;
use sql_store::Migrated;

use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::progress::Counter;
use crate::settings::Place;
use crate::setup::{Setup, on_server};

/// Move the database from its file to a PostgreSQL server
///
/// Everything goes along: campaigns and what became of everybody in them, what is unconfirmed, limits and what they have counted, and whom
/// nobody writes to. The server's database must be empty, and nothing may be sending. The file stays, can be read as before, and is neither
/// sent from nor changed any more. Stopped at any moment, the same command goes on. The password comes from WAHA_CAMPAIGN_DB_PASSWORD or a file
/// (--db-password-file).
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign migrate --to 'postgres://app@db.example/campaigns?sslmode=verify-full'
  waha-campaign migrate --db toko.sqlite --to postgres://app@localhost/campaigns --db-password-file password.txt")]
pub(crate) struct Args {
    /// The server's database: postgres://user@host/name
    #[arg(long, value_name = "URL")]
    to: PathBuf,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let Place::Server { url, shown } = setup.settings.place(&args.to)? else {
        return Err(Failure::new(Exit::Usage, Text::MigrateToFile));
    };
    if let Place::Server { shown, .. } = &setup.settings.db.value {
        let place = shown.clone();
        return Err(Failure::new(Exit::Usage, Text::MigrateFromServer { place }));
    }
    let file = setup.existing_database()?;
    let path = file.path().display().to_string();
    let server = on_server(&url).await?;
    let moved = {
        let mut counter = Counter::new(&setup.output);
        let show = |rows| counter.show_text(&Text::Migrating { rows });
        sql_store::migrate(file, &server, show).await
    };
    let Migrated {
        inspection,
        rows,
        had_arrived,
        ..
    } = moved.map_err(failed)?;
    setup.output.say(&Text::Migrated {
        to: shown.clone(),
        campaigns: inspection.campaigns,
        deliveries: inspection.deliveries,
        had_arrived,
    });
    setup.output.say(&Text::MigrateNext {
        path: path.clone(),
        // As it was given, so that it can be used as it stands: a password in it was refused.
        to: args.to.display().to_string(),
    });
    setup.output.json(&json!({
        "from": path,
        "to": shown,
        "rows": rows,
        "had_arrived": had_arrived,
        "campaigns": inspection.campaigns,
        "deliveries": inspection.deliveries,
        "bytes": inspection.bytes,
        "last_change": inspection.last_change,
    }));
    Ok(Exit::Done)
}

fn failed(error: StoreError) -> Failure {
    match error {
        StoreError::Unknown(why) => {
            let why = why.to_string();
            Failure::new(Exit::Unfinished, Text::MigrateUnknown { why })
        }
        other => other.into(),
    }
}
