//! What changes a session: create, start, stop, restart, log out, delete.
//!
//! A configuration is set when a session is made, and never after: WAHA takes it as a whole and restarts the session for it.

use std::time::Duration;

use serde_json::json;
use waha_client::types::SessionConfig;
use waha_client::{Error, NewSession, SessionInfo, SessionStatus};

use super::show::show;
use super::{AccountWords, Desk, failure};
use crate::confirm::{can_ask, is_agreed};
use crate::exit::{Exit, Failure};
use crate::language::{Loss, Text};
use crate::signals::Signals;

/// How long a session that starts is waited for: NOWEB takes seconds, a browser half a minute.
const SETTLE_TIME: Duration = Duration::from_secs(45);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What loses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Start,
    Stop,
    Restart,
}

/// Makes a session. One that is there already stays as it is.
pub(super) async fn create(desk: &Desk<'_>, starts: bool) -> Result<Exit, Failure> {
    match desk.client.sessions().get(&desk.name).await {
        Ok(info) => return Err(exists(desk, &info)),
        Err(error) if error.is_unknown_session() => {}
        Err(error) => return Err(desk.failure(&error)),
    }
    let config = SessionConfig::default().with_noweb_store(false);
    let mut new = NewSession::started(desk.name.clone()).with_config(config);
    new.start = Some(starts);
    match desk.client.sessions().create(&new).await {
        Ok(_) => {}
        Err(error) => {
            // Somebody else may have made it since.
            return Err(match desk.client.sessions().get(&desk.name).await {
                Ok(info) if error.status() == Some(422) => exists(desk, &info),
                _ => changed(desk, &error),
            });
        }
    }
    desk.setup
        .output
        .say(&Text::SessionCreated { name: desk.name() });
    settle(desk).await
}

/// Starts, stops or restarts a session.
pub(super) async fn act(desk: &Desk<'_>, act: Act) -> Result<Exit, Failure> {
    let info = desk.look().await?;
    let is_stopped = info.status == SessionStatus::Stopped;
    let stands = || Text::SessionStands {
        name: desk.name(),
        status: info.status.to_string(),
    };
    match act {
        // WAHA would answer well and leave it as it is.
        Act::Start if info.status == SessionStatus::Failed => {
            return Err(Failure::new(Exit::NotReady, stands()));
        }
        Act::Start if !is_stopped => already(desk, &info),
        Act::Stop if is_stopped => already(desk, &info),
        Act::Start => {
            let done = desk.client.sessions().start(&desk.name).await;
            done.map_err(|error| changed(desk, &error))?;
        }
        Act::Stop => {
            let done = desk.client.sessions().stop(&desk.name).await;
            done.map_err(|error| changed(desk, &error))?;
        }
        Act::Restart => {
            let done = desk.client.sessions().restart(&desk.name).await;
            done.map_err(|error| changed(desk, &error))?;
        }
    }
    settle(desk).await
}

/// Logs a session out or deletes it, once that was agreed to.
pub(super) async fn lose(desk: &Desk<'_>, loss: Loss, yes: bool) -> Result<Exit, Failure> {
    let info = desk.look().await?;
    if !yes {
        agree(desk, &info, loss).await?;
    }
    match loss {
        Loss::Logout => {
            let done = desk.client.sessions().logout(&desk.name).await;
            done.map_err(|error| changed(desk, &error))?;
            settle(desk).await
        }
        Loss::Delete => {
            let done = desk.client.sessions().delete(&desk.name).await;
            done.map_err(|error| changed(desk, &error))?;
            let output = &desk.setup.output;
            output.json(&json!({"name": desk.name, "deleted": true}));
            output.say(&Text::SessionDeleted { name: desk.name() });
            Ok(Exit::Done)
        }
    }
}

async fn agree(desk: &Desk<'_>, info: &SessionInfo, loss: Loss) -> Result<(), Failure> {
    let output = &desk.setup.output;
    let name = desk.name();
    let account = AccountWords::of(info).number;
    if !can_ask(output) {
        let text = Text::SessionNeedsYes {
            name,
            account,
            loss,
        };
        return Err(Failure::new(Exit::Usage, text));
    }
    let question = Text::SessionConfirm {
        name: name.clone(),
        account,
        loss,
    };
    if is_agreed(output, &question).await? {
        Ok(())
    } else {
        Err(Failure::new(Exit::Unfinished, Text::SessionKept { name }))
    }
}

/// Waits until a session that starts has become something else, and shows it.
async fn settle(desk: &Desk<'_>) -> Result<Exit, Failure> {
    let mut signals = Signals::listen().map_err(Failure::other)?;
    let settled = async {
        loop {
            let info = desk.look().await?;
            if info.status != SessionStatus::Starting {
                return Ok::<_, Failure>(info);
            }
            desk.pause(LOOK_EVERY).await;
        }
    };
    let info = tokio::select! {
        info = settled => info?,
        () = signals.next() => return Err(waits(desk)),
        () = desk.pause(SETTLE_TIME) => return Err(waits(desk)),
    };
    show(desk, &info).await;
    Ok(match info.status {
        SessionStatus::Failed => Exit::NotReady,
        _ => Exit::Done,
    })
}

fn already(desk: &Desk<'_>, info: &SessionInfo) {
    desk.setup.output.say(&Text::SessionAlready {
        name: desk.name(),
        status: info.status.to_string(),
    });
}

fn exists(desk: &Desk<'_>, info: &SessionInfo) -> Failure {
    Failure::refused(Text::SessionExists {
        name: desk.name(),
        status: info.status.to_string(),
    })
}

fn waits(desk: &Desk<'_>) -> Failure {
    Failure::new(Exit::Unfinished, Text::SessionWaits { name: desk.name() })
}

fn changed(desk: &Desk<'_>, error: &Error) -> Failure {
    failure::of_change(error, &desk.url(), &desk.name)
}
