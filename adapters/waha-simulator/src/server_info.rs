//! What a server says of itself.

use std::sync::Arc;

use http::{HeaderValue, header};
use serde_json::json;

use crate::answer::Answer;
use crate::sending::new_id;
use crate::sessions::Status;
use crate::world::World;

pub(crate) async fn message_id(world: &Arc<World>, name: &str) -> Result<Answer, Answer> {
    world.ready(name, &[Status::Working]).await?;
    let id = new_id(&mut world.serial_draws("new-message-id"));
    Ok(Answer::ok(&json!({"id": id})))
}

pub(crate) fn health() -> Answer {
    let space = |path: &str| {
        json!({
            "status": "up",
            "path": path,
            "diskPath": "/",
            "free": 74_188_742_656_u64,
            "threshold": 104_857_600,
        })
    };
    let checks = json!({
        "mediaFiles.space": space("/app/media"),
        "sessionsFiles.space": space("/app/sessions"),
    });
    Answer::ok(&json!({"status": "ok", "info": checks, "error": {}, "details": checks})).with(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store, must-revalidate"),
    )
}

pub(crate) fn status(world: &World) -> Answer {
    let started = world.started_ms();
    Answer::ok(&json!({
        "startTimestamp": started,
        "uptime": world.clock.wall_ms().saturating_sub(started),
        "worker": {"id": world.settings.worker},
    }))
}

/// A real server shows its secrets here; this one has none worth hiding, and shows none.
pub(crate) fn environment(world: &World) -> Answer {
    Answer::ok(&json!({
        "WAHA_API_KEY": "***",
        "WAHA_WORKER_ID": world.settings.worker,
        "WHATSAPP_DEFAULT_ENGINE": world.settings.engine.name(),
    }))
}
