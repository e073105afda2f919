//! Labels of a session and of its chats. The empty list and the refusal without a store are
//! recorded, and so is the event; the rest follows WAHA's source.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::request::Request;
use crate::routes::{Outcome, not_routed};
use crate::sessions::Session;
use crate::settings::Engine;
use crate::shapes::{c_us, s_whatsapp};
use crate::world::{World, lock};

/// WhatsApp's own colours, in its order.
const COLOURS: [&str; 20] = [
    "#ff9485", "#64c4ff", "#ffd429", "#dfaef0", "#99b6c1", "#55ccb3", "#ff9dff", "#d3a91d",
    "#6d7cce", "#d7e752", "#00d0e2", "#ffc5c7", "#93ceac", "#f74848", "#00a0f2", "#83e422",
    "#ffaf04", "#b5ebff", "#9ba6ff", "#9368cf",
];
const LABELS_MAX: usize = 20;

#[derive(Debug, Default)]
pub(crate) struct Labels {
    labels: BTreeMap<u32, Label>,
    /// Label and chat.
    put: BTreeSet<(u32, String)>,
}

#[derive(Debug, Clone)]
struct Label {
    id: u32,
    name: String,
    colour: usize,
}

impl Label {
    fn to_json(&self) -> Value {
        json!({
            "id": self.id.to_string(),
            "name": self.name,
            "color": self.colour,
            "colorHex": COLOURS.get(self.colour),
        })
    }
}

/// `/api/{session}/labels...`
pub(crate) async fn route(
    world: &Arc<World>,
    request: &Request,
    method: &str,
    name: &str,
    path: &[&str],
) -> Outcome {
    let known = matches!(
        (method, path),
        ("GET" | "POST", [])
            | ("PUT" | "DELETE", [_])
            | ("GET" | "PUT", ["chats", _])
            | ("GET", [_, "chats"])
    );
    if !known {
        return Err(not_routed(request));
    }
    let session = world.with_store(name).await?;
    match (method, path) {
        ("GET", []) => {
            let labels = lock(&session.labels);
            let list: Vec<_> = labels.labels.values().map(Label::to_json).collect();
            Ok(Answer::ok(&list.into()))
        }
        ("POST", []) => create(world, request, &session),
        ("PUT", [id]) => update(world, request, &session, id),
        ("DELETE", [id]) => delete(world, &session, id),
        ("GET", ["chats", chat]) => Ok(labels_of(&session, chat)),
        ("PUT", ["chats", chat]) => put(world, request, &session, chat),
        (_, [id, _]) => Ok(chats_of(world, &session, id)),
        _ => Err(not_routed(request)),
    }
}

fn create(world: &Arc<World>, request: &Request, session: &Arc<Session>) -> Outcome {
    let (name, colour) = body(request)?;
    let label = {
        let mut labels = lock(&session.labels);
        if labels.labels.len() >= LABELS_MAX {
            return Err(Answer::unprocessable("Maximum 20 labels allowed"));
        }
        refuse_twice(&labels, &name)?;
        let id = labels.labels.keys().last().map_or(1, |last| last + 1);
        let label = Label { id, name, colour };
        labels.labels.insert(id, label.clone());
        label
    };
    let shown = label.to_json();
    world.emit(session, "label.upsert", || shown.to_string());
    Ok(Answer::created(&shown))
}

fn update(world: &Arc<World>, request: &Request, session: &Arc<Session>, id: &str) -> Outcome {
    let (name, colour) = body(request)?;
    let label = {
        let mut labels = lock(&session.labels);
        let id = known(&labels, id)?;
        // Its own name counts as taken, too (WAHA source).
        refuse_twice(&labels, &name)?;
        let label = Label { id, name, colour };
        labels.labels.insert(id, label.clone());
        label
    };
    let shown = label.to_json();
    world.emit(session, "label.upsert", || shown.to_string());
    Ok(Answer::ok(&shown))
}

fn delete(world: &Arc<World>, session: &Arc<Session>, id: &str) -> Outcome {
    let label = {
        let mut labels = lock(&session.labels);
        let id = known(&labels, id)?;
        labels.put.retain(|(label, _)| *label != id);
        labels.labels.remove(&id)
    };
    if let Some(label) = label {
        world.emit(session, "label.deleted", || label.to_json().to_string());
    }
    Ok(Answer::ok(&json!({"result": true})))
}

fn labels_of(session: &Session, chat: &str) -> Answer {
    let jid = s_whatsapp(chat);
    let labels = lock(&session.labels);
    let list: Vec<_> = labels
        .labels
        .values()
        .filter(|label| labels.put.contains(&(label.id, jid.clone())))
        .map(Label::to_json)
        .collect();
    Answer::ok(&list.into())
}

/// The list is the whole truth: what is not in it comes off.
fn put(world: &Arc<World>, request: &Request, session: &Arc<Session>, chat: &str) -> Outcome {
    let jid = s_whatsapp(chat);
    let wanted: BTreeSet<u32> = request
        .field("labels")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|label| label.get("id")?.as_str()?.parse().ok())
        .collect();
    let mut told = Vec::new();
    {
        let mut labels = lock(&session.labels);
        let ids: Vec<u32> = labels.labels.keys().copied().collect();
        for id in ids {
            let pair = (id, jid.clone());
            let event = match (wanted.contains(&id), labels.put.contains(&pair)) {
                (true, false) => {
                    labels.put.insert(pair);
                    "label.chat.added"
                }
                (false, true) => {
                    labels.put.remove(&pair);
                    "label.chat.deleted"
                }
                _ => continue,
            };
            let label = labels.labels.get(&id).map(Label::to_json);
            told.push((
                event,
                json!({"labelId": id.to_string(), "chatId": c_us(&jid), "label": label}),
            ));
        }
    }
    for (event, payload) in told {
        world.emit(session, event, || payload.to_string());
    }
    Ok(Answer::empty(StatusCode::OK))
}

fn chats_of(world: &World, session: &Session, id: &str) -> Answer {
    let labels = lock(&session.labels);
    let id = id.parse().unwrap_or(0);
    let list: Vec<_> = labels
        .put
        .iter()
        .filter(|(label, _)| *label == id)
        .map(|(_, jid)| match world.settings.engine {
            Engine::Noweb => json!({"id": jid}),
            _ => json!({"id": c_us(jid)}),
        })
        .collect();
    Answer::ok(&list.into())
}

fn known(labels: &Labels, id: &str) -> Result<u32, Answer> {
    id.parse()
        .ok()
        .filter(|id| labels.labels.contains_key(id))
        .ok_or_else(|| Answer::not_found("Label not found"))
}

fn refuse_twice(labels: &Labels, name: &str) -> Result<(), Answer> {
    match labels.labels.values().find(|label| label.name == name) {
        Some(taken) => Err(Answer::unprocessable(&format!(
            "Label with '{}' already exists, id: {}",
            taken.name, taken.id
        ))),
        None => Ok(()),
    }
}

/// A colour is a number or one of WhatsApp's own in hex. How WAHA refuses others is not known:
/// here as an unprocessable body.
fn body(request: &Request) -> Result<(String, usize), Answer> {
    let name = request
        .field("name")
        .and_then(Value::as_str)
        .ok_or_else(|| Answer::invalid(vec!["name must be a string".to_owned()]))?;
    let number = request.field("color").and_then(Value::as_u64);
    let hex = request.field("colorHex").and_then(Value::as_str);
    let colour = match (number, hex) {
        (Some(number), _) => usize::try_from(number)
            .ok()
            .filter(|number| *number < COLOURS.len()),
        (None, Some(hex)) => COLOURS
            .iter()
            .position(|colour| colour.eq_ignore_ascii_case(hex)),
        (None, None) => Some(0),
    };
    let colour = colour.ok_or_else(|| Answer::unprocessable("Invalid label color"))?;
    Ok((name.to_owned(), colour))
}
