//! `session list` and `session me`: how sessions stand, and whose they are.

use campaign_core::gateway::{Gateway, Session};
use serde_json::{Value, json};
use waha_client::{Listing, SessionInfo, SessionStatus};

use super::{AccountWords, Desk, failure};
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::setup::{Setup, without_secrets};

/// All sessions of the server, one after the other.
pub(super) async fn list(setup: &Setup) -> Result<Exit, Failure> {
    let client = setup.checked_client().await?;
    let infos = client.sessions().list(Listing::All).await;
    let infos = infos.map_err(|error| {
        let url = without_secrets(&setup.settings.url.value);
        failure::of(&error, &url, None)
    })?;
    let gateway = setup.gateway_over(client, setup.clock());
    let mut values = Vec::new();
    for info in &infos {
        // As the engine sees it: what counts is whether a lost answer could be looked up.
        let observation = gateway.observe(&Session::new(info.name.as_str())).await;
        values.push(to_json(info, observation.store_on));
        say(setup, info, observation.store_on);
    }
    if infos.is_empty() {
        setup.output.say(&Text::SessionNone);
    }
    setup.output.json(&json!({"sessions": values}));
    Ok(Exit::Done)
}

/// The account of a session that works.
pub(super) async fn me(desk: &Desk<'_>) -> Result<Exit, Failure> {
    let info = desk.look().await?;
    if info.status != SessionStatus::Working {
        return Err(Failure::new(
            Exit::NotReady,
            Text::SessionStands {
                name: desk.name(),
                status: info.status.to_string(),
            },
        ));
    }
    let account = account(desk, &info).await;
    desk.setup.output.json(&json!({
        "name": info.name,
        "status": info.status,
        "account": account.number,
        "push_name": account.push_name,
    }));
    desk.setup.output.say(&Text::PairDone {
        name: desk.name(),
        account: account.number,
        push_name: account.push_name,
    });
    Ok(Exit::Done)
}

/// The account of a session that works, asked for where its description does not have it yet.
pub(super) async fn account(desk: &Desk<'_>, info: &SessionInfo) -> AccountWords {
    if info.me.is_some() {
        return AccountWords::of(info);
    }
    let me = desk.client.sessions().me(&desk.name).await;
    AccountWords::of_me(me.ok().flatten().as_ref())
}

/// How one session stands after something was done to it.
pub(super) async fn show(desk: &Desk<'_>, info: &SessionInfo) {
    let gateway = desk
        .setup
        .gateway_over(desk.client.clone(), desk.clock.clone());
    let observation = gateway.observe(&Session::new(desk.name.as_str())).await;
    desk.setup.output.json(&to_json(info, observation.store_on));
    say(desk.setup, info, observation.store_on);
}

fn say(setup: &Setup, info: &SessionInfo, keeps_messages: Option<bool>) {
    let name = info.name.to_string();
    let status = info.status.to_string();
    let account = AccountWords::of(info);
    setup.output.say(&Text::SessionLine {
        name: name.clone(),
        status: status.clone(),
        account: account.number,
        push_name: account.push_name,
        keeps_messages,
    });
    if info.status != SessionStatus::Working {
        setup.output.say(&Text::SessionNext {
            name: name.clone(),
            status,
        });
    }
    if keeps_messages == Some(false) {
        setup.output.say(&Text::SessionKeepsNone { name });
    }
}

fn to_json(info: &SessionInfo, keeps_messages: Option<bool>) -> Value {
    let account = AccountWords::of(info);
    json!({
        "name": info.name,
        "status": info.status,
        "account": account.number,
        "push_name": account.push_name,
        "message_store": keeps_messages,
        "next": next(info),
    })
}

/// The command that brings a session nearer to WORKING.
fn next(info: &SessionInfo) -> Option<String> {
    let word = match info.status {
        SessionStatus::Stopped => "start",
        SessionStatus::ScanQrCode => "qr",
        SessionStatus::Failed => "restart",
        _ => return None,
    };
    Some(format!("waha-campaign session {word} {}", info.name))
}
