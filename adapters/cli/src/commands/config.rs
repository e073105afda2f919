//! `config`: the settings in force, and where each comes from.

use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::setup::Setup;

/// Show the settings in force, and where each comes from
///
/// A flag comes before the environment, that before ./waha-campaign.toml, that before the user's configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign config
  waha-campaign config --json")]
pub(crate) struct Args {}

pub(crate) fn run(setup: &Setup, Args {}: Args) -> Result<Exit, Failure> {
    let settings = show(setup);
    setup.output.json(&settings);
    Ok(Exit::Done)
}

/// Says what they are, and returns them for programs.
pub(super) fn show(setup: &Setup) -> serde_json::Map<String, serde_json::Value> {
    let shown = setup.settings.shown();
    for setting in &shown {
        setup.output.say(&Text::ConfigLine {
            name: setting.name,
            value: setting.value.clone(),
            origin: setting.origin.clone(),
        });
    }
    let settings = shown.into_iter().map(|setting| {
        let origin = setting.origin.to_string();
        (
            setting.name,
            json!({"value": setting.value, "origin": origin}),
        )
    });
    settings
        .map(|(name, setting)| (name.to_owned(), setting))
        .collect()
}
