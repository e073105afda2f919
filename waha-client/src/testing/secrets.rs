//! What a recording leaves out: keys, passwords, tokens. Numbers and texts of people stay, for they are what is replayed.

use serde_json::Value;

use crate::secrets::{HEADERS, LEFT_OUT, Secrets, for_each, is_secret};

/// Takes out of a body whatever is a secret by its place, and the client's own secrets wherever they are.
///
/// `template` is the call's: only calls about API keys have a secret that is named `key` and nothing else.
pub(super) fn leave_out(body: &mut Value, template: &str, secrets: &Secrets) {
    let names_keys = template.starts_with("/api/keys");
    for_each(body, names_keys, &mut |secret| *secret = LEFT_OUT.into());
    walk(body, secrets);
}

/// As much of a text as has no secret, when it is JSON that was cut and cannot be walked: all before the first name that may
/// have one. Quotes that are escaped shift what is a name and what lies between, so both are looked at.
pub(super) fn before_secrets(text: &str) -> &str {
    if !text.trim_start().starts_with(['{', '[']) {
        return text;
    }
    let mut from = 0_usize;
    for part in text.split('"') {
        if is_secret(part, true) || part == HEADERS {
            return &text[..from.saturating_sub(1)];
        }
        from += part.len() + 1;
    }
    text
}

fn walk(value: &mut Value, secrets: &Secrets) {
    match value {
        Value::String(text) => *text = secrets.cleared(std::mem::take(text)),
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, secrets)),
        Value::Object(fields) => fields.values_mut().for_each(|field| walk(field, secrets)),
        _ => {}
    }
}

/// Whether a body is the recorded one, as far as that was kept.
pub(super) fn is_same(recorded: &Value, asked: &Value) -> bool {
    match (recorded, asked) {
        (Value::String(text), _) if text == LEFT_OUT => true,
        (Value::String(recorded), Value::String(asked)) => is_same_text(recorded, asked),
        (Value::Array(recorded), Value::Array(asked)) => {
            recorded.len() == asked.len() && recorded.iter().zip(asked).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(recorded), Value::Object(asked)) => {
            recorded.len() == asked.len()
                && recorded
                    .iter()
                    .all(|(name, value)| asked.get(name).is_some_and(|asked| is_same(value, asked)))
        }
        _ => recorded == asked,
    }
}

/// The same for a text, where parts may have been left out.
pub(super) fn is_same_text(recorded: &str, asked: &str) -> bool {
    let mut parts = recorded.split(LEFT_OUT);
    let Some(mut rest) = parts.next().and_then(|first| asked.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_left_out_and_what_only_looks_like_one_stays() {
        let mut session = json!({
            "name": "sales",
            "config": {
                "proxy": {"server": "p:1", "username": "u", "password": "hidden-1"},
                "webhooks": [{
                    "url": "http://h/?k=own-api-key",
                    "hmac": {"key": "hidden-2"},
                    "customHeaders": [{"name": "X-Token", "value": "hidden-3"}],
                }],
            },
            "accountToken": "hidden-4",
            "message": {"key": {"id": "3EB0", "remoteJid": "6281200000002@c.us"}},
            "error": {"key": "FILE_NOT_FOUND"},
            "same": "own-api-key",
        });
        let mut own = Secrets::default();
        own.add("own-api-key");
        leave_out(&mut session, "/api/sessions/{session}", &own);
        let text = session.to_string();
        assert!(
            !text.contains("hidden") && !text.contains("own-api-key"),
            "{text}"
        );
        for kept in ["3EB0", "6281200000002@c.us", "FILE_NOT_FOUND", "sales"] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        let mut keys = json!([{"id": "1", "key": "hidden-5"}]);
        leave_out(&mut keys, "/api/keys", &own);
        assert_eq!(keys, json!([{"id": "1", "key": LEFT_OUT}]));
    }

    #[test]
    fn what_was_left_out_equals_anything() {
        for (recorded, asked, same) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a***c", "a-b-c", true),
            ("a***c", "a-b-d", false),
            ("***", "", true),
            ("a***b***c", "a1b2c", true),
            ("a***b***c", "a1c2c", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(is_same_text(recorded, asked), same, "{recorded} {asked}");
        }
        let recorded = json!({"key": LEFT_OUT, "list": [1, "a"]});
        assert!(is_same(
            &recorded,
            &json!({"key": "secret", "list": [1, "a"]})
        ));
        assert!(!is_same(
            &recorded,
            &json!({"key": "secret", "list": [1, "b"]})
        ));
        assert!(!is_same(&recorded, &json!({"list": [1, "a"]})));
    }
}
