//! The accounts that a campaign is sent from.

use campaign_core::campaign::{PoolPolicy, Sessions};
use campaign_core::gateway::Session;
use clap::Args;

use super::refused;
use crate::exit::Failure;
use crate::language::Cause;
use crate::limits::duration;
use crate::settings::Settings;

/// Which sessions.
#[derive(Debug, Clone, Args)]
pub(crate) struct PoolArgs {
    /// The WhatsApp session to send from (default unless told); several share the campaign: --session toko --session toko2
    #[arg(long = "session", value_name = "NAME", value_delimiter = ',')]
    sessions: Vec<String>,
    /// With several sessions: what happens to people whom one account knows while it cannot send. "wait", or "move-after=30m": after half
    /// an hour of this command another account writes to them (wait, unless told)
    #[arg(long, value_name = "POLICY")]
    if_held: Option<String>,
}

impl PoolArgs {
    /// # Errors
    /// When a session is named twice.
    pub(crate) fn sessions(&self, settings: &Settings) -> Result<Sessions, Failure> {
        let names = settings.sessions(&self.sessions).value;
        let sessions = names.iter().map(|name| Session::new(name.trim()));
        Sessions::new(sessions).map_err(|error| refused(Cause::Words(error.to_string())))
    }

    /// One session has nowhere to move to, whatever the settings say.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn policy(
        &self,
        sessions: &Sessions,
        settings: &Settings,
    ) -> Result<PoolPolicy, Failure> {
        let Some(set) = settings.if_held(&self.if_held) else {
            return Ok(PoolPolicy::default());
        };
        let policy = policy(&set.value)
            .ok_or_else(|| set.wrong("if_held", Cause::Example("wait or move-after=30m")))?;
        Ok(match sessions.are_pool() {
            true => policy,
            false => PoolPolicy::default(),
        })
    }
}

fn policy(text: &str) -> Option<PoolPolicy> {
    let text = text.trim();
    match text.strip_prefix("move-after=") {
        Some(time) => duration(time).map(PoolPolicy::MoveAfter),
        None => (text == "wait").then_some(PoolPolicy::Wait),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_policy_is_wait_or_names_a_time() {
        let half_an_hour = PoolPolicy::MoveAfter(Duration::from_secs(1_800));
        assert_eq!(policy("wait"), Some(PoolPolicy::Wait));
        assert_eq!(policy("move-after=30m"), Some(half_an_hour));
        assert_eq!(policy("move-after=1800"), Some(half_an_hour));
        for wrong in ["", "move", "move-after", "move-after=", "waits"] {
            assert_eq!(policy(wrong), None, "{wrong}");
        }
    }
}
