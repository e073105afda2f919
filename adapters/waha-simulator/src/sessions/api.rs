//! The session calls: list, create, start, stop and the rest, deprecated ones included.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::config::{config_problems, kept, name_problems};
use super::{Session, Status};
use crate::abilities::Ability;
use crate::answer::{Answer, Thrown};
use crate::request::Request;
use crate::routes::{Outcome, not_routed};
use crate::world::{World, lock, read, write};

/// A call that waits longer than this for its turn fails.
const TURN_WAIT_MAX: Duration = Duration::from_secs(5);

/// `/api/sessions...`
pub(crate) async fn route(
    world: &Arc<World>,
    request: &Request,
    method: &str,
    path: &[&str],
) -> Outcome {
    match (method, path) {
        ("GET", []) => list(world, request),
        ("POST", []) => create(world, request),
        ("POST", ["start"]) => deprecated_start(world, request),
        ("POST", ["stop"]) => deprecated_stop(world, request, false).await,
        ("POST", ["logout"]) => deprecated_stop(world, request, true).await,
        ("GET", [name]) => show(world, name),
        ("PUT", [name]) => update(world, request, name).await,
        ("DELETE", [name]) => delete(world, request, name).await,
        ("GET", [name, "me"]) => me(world, name),
        ("GET", [name, "capping"]) if world.settings.tells_limits() => capping(world, name).await,
        ("POST", [name, "start"]) => start(world, request, name).await,
        ("POST", [name, "stop"]) => stop(world, request, name).await,
        ("POST", [name, "restart"]) => restart(world, request, name).await,
        ("POST", [name, "logout"]) => logout(world, request, name).await,
        _ => Err(not_routed(request)),
    }
}

fn list(world: &World, request: &Request) -> Outcome {
    let all = match request.query("all") {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => {
            return Err(Answer::invalid(vec![
                "all must be a boolean value".to_owned(),
            ]));
        }
    };
    let list: Vec<Value> = read(&world.sessions)
        .values()
        .filter(|session| all || session.status() != Status::Stopped)
        .map(|session| {
            let mut item = info(world, session);
            if let Some(item) = item.as_object_mut() {
                item.remove("engine");
                if session.status() != Status::Stopped {
                    item.insert(
                        "assignedWorker".to_owned(),
                        world.settings.worker.clone().into(),
                    );
                }
            }
            item
        })
        .collect();
    Ok(Answer::ok(&list.into()))
}

fn show(world: &World, name: &str) -> Outcome {
    let session = known(world, name)?;
    Ok(Answer::ok(&info(world, &session)))
}

fn me(world: &World, name: &str) -> Outcome {
    let session = world
        .session(name)
        .filter(|session| session.status() != Status::Stopped)
        .ok_or_else(|| {
            Answer::not_found(&format!(
                "We didn't find a session with name '{name}'.\nPlease start it first by using \
                 POST /api/sessions/{name}/start request"
            ))
        })?;
    Ok(match session.me() {
        Some(me) => Answer::ok(&world.me_json(&me)),
        None => Answer::empty(StatusCode::OK),
    })
}

/// The quota of new chats, asked of WhatsApp at once.
async fn capping(world: &Arc<World>, name: &str) -> Outcome {
    let session = world.ready(name, &[Status::Working]).await?;
    world.able(Ability::Capping)?;
    let Some(account) = session.account() else {
        return Err(Answer::not_found("Session not found"));
    };
    Ok(Answer::ok(&world.capping(&account)))
}

fn create(world: &Arc<World>, request: &Request) -> Outcome {
    let mut problems = name_problems(request.field("name"));
    problems.extend(config_problems(request.field("config")));
    let start = match request.field("start") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(start)) => *start,
        Some(_) => {
            problems.push("start must be a boolean value".to_owned());
            false
        }
    };
    if !problems.is_empty() {
        return Err(Answer::invalid(problems));
    }
    let name = match request.field("name").and_then(Value::as_str) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => format!("session_{}", crate::events::ulid(world)),
    };
    let session = world
        .add_session(&name, kept(request.field("config")))
        .ok_or_else(|| {
            Answer::unprocessable(&format!(
                "Session '{name}' already exists. Use PUT to update it."
            ))
        })?;
    if start {
        world.begin(&session);
    }
    Ok(Answer::created(&info(world, &session)))
}

async fn update(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let session = known(world, name)?;
    let problems = config_problems(request.field("config"));
    if !problems.is_empty() {
        return Err(Answer::invalid(problems));
    }
    in_turn(world, request, &session, async {
        let running = session.status() != Status::Stopped;
        world.halt(&session).await;
        session.set_config(world, kept(request.field("config")));
        if running {
            world.begin(&session);
        }
        Ok(Answer::ok(&info(world, &session)))
    })
    .await
}

/// Idempotent since 2026.6: what already runs, or has FAILED, stays as it is.
async fn start(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let session = known(world, name)?;
    in_turn(world, request, &session, async {
        if session.status() == Status::Stopped {
            world.begin(&session);
        }
        Ok(Answer::created(&info(world, &session)))
    })
    .await
}

async fn stop(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let Some(session) = world.session(name) else {
        return Ok(Answer::empty(StatusCode::CREATED));
    };
    in_turn(world, request, &session, async {
        world.halt(&session).await;
        Ok(Answer::created(&info(world, &session)))
    })
    .await
}

async fn restart(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let session = known(world, name)?;
    in_turn(world, request, &session, async {
        world.halt(&session).await;
        world.begin(&session);
        Ok(Answer::created(&info(world, &session)))
    })
    .await
}

async fn logout(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let session = known(world, name)?;
    in_turn(world, request, &session, async {
        let running = session.status() != Status::Stopped;
        world.forget(&session).await;
        if running {
            world.begin(&session);
        }
        Ok(Answer::created(&info(world, &session)))
    })
    .await
}

async fn delete(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    if let Some(session) = world.session(name) {
        in_turn(world, request, &session, async {
            world.forget(&session).await;
            write(&world.sessions).remove(name);
            Ok(Answer::empty(StatusCode::OK))
        })
        .await?;
    }
    Ok(Answer::empty(StatusCode::OK))
}

/// `POST /api/sessions/start` (deprecated): creates what is missing, refuses what runs.
fn deprecated_start(world: &Arc<World>, request: &Request) -> Outcome {
    let name = deprecated_name(request)?;
    let new = world.add_session(name, kept(request.field("config")));
    let session = new
        .or_else(|| world.session(name))
        .filter(|session| session.status() == Status::Stopped)
        .ok_or_else(|| Answer::unprocessable(&format!("Session '{name}' is already started.")))?;
    world.begin(&session);
    Ok(Answer::created(&json!({
        "name": name,
        "status": session.status().name(),
        "config": session.config(),
    })))
}

/// `POST /api/sessions/stop` and `/logout` (deprecated): the session is deleted as well, unless
/// `stop` is told `logout: false` (recorded: the default deletes).
async fn deprecated_stop(world: &Arc<World>, request: &Request, logout: bool) -> Outcome {
    let name = deprecated_name(request)?;
    let logout = logout || request.field("logout") != Some(&Value::Bool(false));
    if logout {
        delete(world, request, name).await?;
    } else {
        stop(world, request, name).await?;
    }
    Ok(Answer::empty(StatusCode::CREATED))
}

fn deprecated_name(request: &Request) -> Result<&str, Answer> {
    request
        .field("name")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Answer::bad_request("Session name is required"))
}

fn known(world: &World, name: &str) -> Result<Arc<Session>, Answer> {
    world
        .session(name)
        .ok_or_else(|| Answer::not_found("Session not found"))
}

/// Calls that change a session take turns; who waits too long for his gets a 500.
async fn in_turn(
    world: &World,
    request: &Request,
    session: &Session,
    work: impl Future<Output = Outcome>,
) -> Outcome {
    let turn = session.turn.clone();
    let wait = world.clock.scaled(TURN_WAIT_MAX);
    // The own timer first: a free turn must cost nothing.
    let Ok(_turn) = tokio::time::timeout(wait, turn.lock_owned()).await else {
        let message = format!("async-lock timed out in queue {}", session.name);
        return Err(Answer::thrown(world, request, Thrown::error(message)));
    };
    work.await
}

fn info(world: &World, session: &Session) -> Value {
    let running = session.status() != Status::Stopped;
    json!({
        "name": session.name,
        "status": session.status().name(),
        "config": session.config(),
        "me": session.me().map(|me| world.me_json(&me)),
        "presence": lock(&session.presences).own(),
        "timestamps": if running { json!({}) } else { json!({"activity": null}) },
        "engine": if running { json!({"engine": world.settings.engine.name()}) } else { json!({}) },
    })
}
