//! Changing a part of a session's configuration. WAHA takes a configuration only as a whole, and restarts a running session
//! for it (recorded): so it is read, changed and written whole, and only when something changed.

use serde_json::Value;

use super::Sessions;
use crate::error::Error;
use crate::ids::SessionName;
use crate::types::{SessionConfig, SessionInfo, SessionStatus};

/// What [`Sessions::change_config`] did.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConfigChange {
    /// What became of the session.
    pub effect: ConfigEffect,
    /// The session: as it answered the change, or as it was read when nothing was written. Its configuration holds secrets
    /// in clear, as WAHA gives them; `Debug` hides them.
    pub session: SessionInfo,
}

/// What a change of configuration did to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigEffect {
    /// Nothing: the configuration was so already, and was not written.
    Unchanged,
    /// It was written. The session was stopped, and has it when it starts.
    Saved,
    /// It was written, and the session was stopped and started for it: it is on its way to WORKING again.
    Restarted,
}

impl Sessions<'_> {
    /// Changes a part of a session's configuration: reads it, has `change` make another of it, and writes that whole. Fields
    /// that this version does not know survive, as do signing keys, which WAHA tells in clear (recorded). When nothing
    /// changed, nothing is written and the session is not restarted.
    ///
    /// WAHA has no way to write only if nobody else has: of two who change a session at once, one is lost. After an error
    /// that leaves open whether it was written ([`Error::may_have_been_sent`]), call it again: it reads first, and writes
    /// only what is not there yet, as long as `change` asks for a state ("this webhook") and not for a step ("one more").
    ///
    /// ```no_run
    /// # async fn run(waha: waha_client::WahaClient, session: waha_client::SessionName) -> Result<(), waha_client::Error> {
    /// use waha_client::api::sessions::ConfigEffect;
    ///
    /// let changed = waha.sessions().change_config(&session, |config| config.with_noweb_store(false)).await?;
    /// if changed.effect == ConfigEffect::Restarted {
    ///     println!("the session connects again");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// 404 when there is none of this name, 400 when the configuration is refused.
    pub async fn change_config(
        &self,
        session: &SessionName,
        change: impl FnOnce(SessionConfig) -> SessionConfig,
    ) -> Result<ConfigChange, Error> {
        let found = self.get(session).await?;
        let before = found.config.clone().unwrap_or_default();
        let unchanged = as_written(&before)?;
        let config = change(before);
        if as_written(&config)? == unchanged {
            return Ok(ConfigChange {
                effect: ConfigEffect::Unchanged,
                session: found,
            });
        }
        let session = self.update(session, &config).await?;
        let effect = match found.status {
            SessionStatus::Stopped => ConfigEffect::Saved,
            _ => ConfigEffect::Restarted,
        };
        Ok(ConfigChange { effect, session })
    }
}

fn as_written(config: &SessionConfig) -> Result<Value, Error> {
    serde_json::to_value(config).map_err(|error| Error::invalid(format!("its body: {error}")))
}
