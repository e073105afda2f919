//! A session's configuration as WAHA takes it: known fields kept, others dropped without a word,
//! wrong ones named in a list (recorded).

use serde_json::{Map, Value, json};

/// Every event a webhook may ask for, in the order WAHA lists them.
const EVENTS: &[&str] = &[
    "session.status",
    "message",
    "message.reaction",
    "message.any",
    "message.ack",
    "message.ack.group",
    "message.waiting",
    "message.revoked",
    "message.edited",
    "state.change",
    "group.join",
    "group.leave",
    "group.v2.join",
    "group.v2.leave",
    "group.v2.update",
    "group.v2.participants",
    "presence.update",
    "poll.vote",
    "poll.vote.failed",
    "chat.archive",
    "call.received",
    "call.accepted",
    "call.rejected",
    "label.upsert",
    "label.deleted",
    "label.chat.added",
    "label.chat.deleted",
    "event.response",
    "event.response.failed",
    "engine.event",
    "*",
];

const KNOWN: &[&str] = &[
    "metadata", "proxy", "debug", "ignore", "client", "noweb", "gows", "webjs", "webhooks",
];

const NAME_LENGTH_MAX: usize = 54;

/// What is wrong with a session's name, if anything.
pub(super) fn name_problems(name: Option<&Value>) -> Vec<String> {
    let mut problems = Vec::new();
    let text = match name {
        None | Some(Value::Null) => return problems,
        Some(Value::String(text)) => Some(text.as_str()),
        Some(_) => {
            problems.push("name must be a string".to_owned());
            None
        }
    };
    if text.is_none_or(|text| text.len() > NAME_LENGTH_MAX) {
        problems.push(format!(
            "name must be shorter than or equal to {NAME_LENGTH_MAX} characters"
        ));
    }
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if !text.is_some_and(plain) {
        problems.push(
            "Session name can only contain alphanumeric characters, hyphens, and underscores \
             (a-z, A-Z, 0-9, -, _) or be empty"
                .to_owned(),
        );
    }
    problems
}

pub(super) fn config_problems(config: Option<&Value>) -> Vec<String> {
    let mut problems = Vec::new();
    let hooks = config
        .and_then(|config| config.get("webhooks"))
        .and_then(Value::as_array);
    for (nth, hook) in hooks.into_iter().flatten().enumerate() {
        let url = hook.get("url").and_then(Value::as_str).unwrap_or_default();
        if !url::Url::parse(url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        {
            problems.push(format!("config.webhooks.{nth}.url must be a URL address"));
        }
        let events = hook.get("events").and_then(Value::as_array);
        let known = |event: &Value| event.as_str().is_some_and(|event| EVENTS.contains(&event));
        if events.is_none_or(|events| !events.iter().all(known)) {
            problems.push(format!(
                "config.webhooks.{nth}.each value in events must be one of the following values: {}",
                EVENTS.join(", ")
            ));
        }
    }
    problems
}

/// Known fields only, with the defaults WAHA's classes fill in.
pub(crate) fn kept(config: Option<&Value>) -> Value {
    let Some(config) = config.and_then(Value::as_object) else {
        return json!({});
    };
    let mut kept: Map<String, Value> = config
        .iter()
        .filter(|(key, value)| KNOWN.contains(&key.as_str()) && !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if let Some(noweb) = kept.get_mut("noweb").and_then(Value::as_object_mut) {
        noweb.entry("markOnline").or_insert(true.into());
        if let Some(store) = noweb.get_mut("store").and_then(Value::as_object_mut) {
            store.entry("fullSync").or_insert(false.into());
        }
    }
    kept.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_bodies_are_named_as_recorded() {
        assert_eq!(name_problems(Some(&json!(123))).len(), 3);
        assert_eq!(name_problems(Some(&json!("bad name!"))).len(), 1);
        assert_eq!(name_problems(Some(&json!("s-1_a"))), Vec::<String>::new());
        assert_eq!(name_problems(None), Vec::<String>::new());
        let bad = json!({"webhooks": [{"url": "notaurl", "events": ["nope"]}]});
        assert_eq!(config_problems(Some(&bad)).len(), 2);
        let good = json!({"webhooks": [{"url": "http://localhost:1/x", "events": ["*"]}]});
        assert_eq!(config_problems(Some(&good)), Vec::<String>::new());
    }

    #[test]
    fn unknown_fields_are_dropped() {
        let config =
            json!({"bogus": true, "metadata": {"a": "b"}, "noweb": {"store": {"enabled": true}}});
        assert_eq!(
            kept(Some(&config)),
            json!({
                "metadata": {"a": "b"},
                "noweb": {"markOnline": true, "store": {"enabled": true, "fullSync": false}},
            })
        );
    }
}
