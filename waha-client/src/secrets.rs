//! What must not come back in an error because a server, or a proxy before it, quotes what it was sent: the client's key and
//! basic authentication, and what is secret in the body of a request, such as the key of a webhook or the password of a proxy.
//!
//! It is taken out of every error where the transport hands it on ([`Error::without`](crate::Error)). A good answer is what was
//! asked for, and stays as it came.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::answer::KEPT_BYTES_MAX;

/// Ours: stands for what was left out.
pub(crate) const LEFT_OUT: &str = "***";
/// A secret of this length is taken out wherever it stands. Ours: a shorter one is found in the midst of words, so it is taken
/// out as a word of its own only. Sentences stay readable, and so does what is judged by them; whoever wants so short a secret
/// guesses it anyway.
const TELLING_CHARS: usize = 8;
/// The headers that a webhook's deliveries carry (WAHA specification).
pub(crate) const HEADERS: &str = "customHeaders";

/// Texts to be kept out of errors.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(crate) fn add(&mut self, secret: &str) {
        if !secret.is_empty() {
            self.0.push(secret.into());
        }
    }

    /// With those that a JSON body holds by their places ([`for_each`]).
    pub(crate) fn with_those_in(&self, body: &[u8], names_keys: bool) -> Self {
        let mut all = self.clone();
        // No configuration is larger than what is kept of an answer; messages with files are, and hold no secrets.
        if body.len() <= KEPT_BYTES_MAX
            && let Ok(mut body) = serde_json::from_slice(body)
        {
            for_each(&mut body, names_keys, &mut |secret| {
                if let Value::String(secret) = secret {
                    all.add(secret);
                }
            });
        }
        all
    }

    /// The bytes without any of the secrets; `None` when they hold none.
    ///
    /// Each character of a secret is also found in the forms in which URLs, JSON and HTML write it.
    pub(crate) fn left_out_of(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut rest = Vec::with_capacity(bytes.len());
        let mut hidden_to = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if let Some(end) = self.end_of_one_at(bytes, at) {
                if at >= hidden_to {
                    rest.extend_from_slice(LEFT_OUT.as_bytes());
                }
                hidden_to = hidden_to.max(end);
            }
            if at >= hidden_to {
                rest.push(*byte);
            }
        }
        (hidden_to > 0).then_some(rest)
    }

    /// The text without any of the secrets.
    pub(crate) fn cleared(&self, text: String) -> String {
        match self.left_out_of(text.as_bytes()) {
            Some(rest) => String::from_utf8_lossy(&rest).into_owned(),
            None => text,
        }
    }

    /// Where the longest of the secrets that begin here ends.
    fn end_of_one_at(&self, bytes: &[u8], start: usize) -> Option<usize> {
        let secrets = self.0.iter().map(|secret| secret.expose_secret());
        let ends = secrets.flat_map(|secret| {
            let is_telling = secret.chars().nth(TELLING_CHARS - 1).is_some();
            let is_word = move |end: &usize| is_telling || is_alone(bytes, start, *end);
            ends(bytes, start, secret).into_iter().filter(is_word)
        });
        ends.max()
    }
}

/// Whether neither a letter nor a digit stands before or behind.
fn is_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|before| bytes.get(before));
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    !before.is_some_and(is_word) && !bytes.get(end).is_some_and(is_word)
}

/// Where a secret that begins here may end: in more than one place when it looks like an escape itself.
fn ends(bytes: &[u8], start: usize, secret: &str) -> Vec<usize> {
    let mut reached = Vec::new();
    for (nth, c) in secret.chars().enumerate() {
        if nth == 0 {
            reached.extend(lengths(&bytes[start..], c).map(|length| start + length));
        } else {
            let further = |at: usize| lengths(&bytes[at..], c).map(move |length| at + length);
            reached = reached.into_iter().flat_map(further).collect();
            reached.dedup();
        }
        if reached.is_empty() {
            break;
        }
    }
    reached
}

/// How many bytes stand for this character at the beginning of these: as it is, and escaped.
fn lengths(bytes: &[u8], c: char) -> impl Iterator<Item = usize> + use<> {
    let mut buffer = [0; 4];
    let utf8 = c.encode_utf8(&mut buffer).as_bytes();
    let plain = bytes.starts_with(utf8).then_some(utf8.len());
    let escaped = match bytes.first() {
        Some(b'%') => begins_with(bytes, utf8.iter().map(|byte| format!("%{byte:02x}"))),
        Some(b'+') => (c == ' ').then_some(1),
        Some(b'\\') if bytes.get(1) == Some(&b'u') => {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            begins_with(bytes, units.iter().map(|unit| format!("\\u{unit:04x}")))
        }
        Some(b'\\') => {
            (matches!(c, '"' | '\\' | '/' | '\'') && bytes.get(1) == utf8.first()).then_some(2)
        }
        Some(b'&') => entity(bytes)
            .filter(|(said, _)| *said == c)
            .map(|(_, length)| length),
        _ => None,
    };
    plain.into_iter().chain(escaped)
}

/// The length of what the parts make together, when the bytes begin with it, in whatever case.
fn begins_with(bytes: &[u8], parts: impl Iterator<Item = String>) -> Option<usize> {
    let escape: String = parts.collect();
    let begins = bytes
        .get(..escape.len())?
        .eq_ignore_ascii_case(escape.as_bytes());
    begins.then_some(escape.len())
}

/// The character that an entity of HTML stands for, and the entity's length.
fn entity(bytes: &[u8]) -> Option<(char, usize)> {
    /// Ours: as long as `&#x10FFFF;`, the last character there is.
    const LENGTH_MAX: usize = 10;
    let end = bytes
        .iter()
        .take(LENGTH_MAX)
        .position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(bytes.get(1..end)?).ok()?;
    let number = name.strip_prefix('#');
    let hex = number.and_then(|number| number.strip_prefix(['x', 'X']));
    let c = match (name, number, hex) {
        ("amp", ..) => '&',
        ("lt", ..) => '<',
        ("gt", ..) => '>',
        ("quot", ..) => '"',
        ("apos", ..) => '\'',
        (_, _, Some(hex)) => char::from_u32(u32::from_str_radix(hex, 16).ok()?)?,
        (_, Some(number), None) => char::from_u32(number.parse().ok()?)?,
        _ => return None,
    };
    Some((c, end + 1))
}

/// Shows whatever is a secret by its place in a body: passwords, tokens, keys of webhooks and the headers of their deliveries.
///
/// `names_keys`: the body is of a call about API keys, the only ones with a secret that is named `key` and nothing else.
pub(crate) fn for_each(value: &mut Value, names_keys: bool, show: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Array(items) => {
            for item in items {
                for_each(item, names_keys, show);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let is_hmac = name.eq_ignore_ascii_case("hmac");
                match field {
                    Value::String(_) if is_hmac || is_secret(name, names_keys) => show(field),
                    Value::Array(headers) if name == HEADERS => {
                        let values = headers.iter_mut();
                        values
                            .filter_map(|header| header.get_mut("value"))
                            .for_each(&mut *show);
                    }
                    _ => for_each(field, names_keys || is_hmac, show),
                }
            }
        }
        _ => {}
    }
}

/// Whether a field of this name holds a secret; `key` does within an `hmac` and in calls about keys.
pub(crate) fn is_secret(name: &str, names_keys: bool) -> bool {
    let name = name.to_ascii_lowercase();
    (names_keys && name == "key")
        || ["password", "secret", "token", "apikey", "api_key"]
            .iter()
            .any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn secrets(of: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        of.iter().for_each(|secret| secrets.add(secret));
        secrets
    }

    fn shown(secret: &str, text: &str) -> String {
        secrets(&[secret]).cleared(text.to_owned())
    }

    #[test]
    fn a_secret_is_found_in_every_form_and_nothing_else_is_touched() {
        for (secret, text, expected) in [
            (
                "long-key",
                "with long-key, not longkey",
                "with ***, not longkey",
            ),
            ("long-key", "long-keylong-key", "******"),
            ("long-key", "", ""),
            ("a b&c/d\"e", "x a+b%26c%2fd%22e y", "x *** y"),
            ("a b&c/d\"e", "x a%20b%26c/d%22e y", "x *** y"),
            ("a b&c/d\"e", r#"x a b&c\/d\"e y"#, "x *** y"),
            ("a b&c/d\"e", r"x a b\u0026c\u002Fd\u0022e y", "x *** y"),
            ("a b&c/d\"e", "x a b&amp;c&#x2F;d&quot;e y", "x *** y"),
            ("a b&c/d\"e", "x a b&#38;c&#047;d&#34;e y", "x *** y"),
            ("clé-😀-clé", "cl%C3%A9-%f0%9f%98%80-clé", "***"),
            ("clé-😀-clé", r"cl\u00e9-\ud83d\uDE00-cl\u00E9", "***"),
            // A secret that looks like an escape itself, as it is and escaped.
            ("100%25 \\\\", r"100%25 \\", "***"),
            ("100%25 \\\\", r"100%2525 \\\\", "***"),
            ("long-key", "long-ke", "long-ke"),
            ("long-key", "long%2-key", "long%2-key"),
            ("", "anything", "anything"),
        ] {
            assert_eq!(shown(secret, text), expected, "{secret} {text}");
        }
    }

    #[test]
    fn a_short_secret_is_left_out_as_a_word_of_its_own_only() {
        for (secret, text, expected) in [
            ("chat", "chat", "***"),
            (
                "chat",
                "/ws?x-api-key=chat&a=chats",
                "/ws?x-api-key=***&a=chats",
            ),
            (
                "chat",
                "a chat, no chats or livechat",
                "a ***, no chats or livechat",
            ),
            ("1", "status 1, not 21", "status ***, not 21"),
            ("ca", "ça ca", "ça ***"),
        ] {
            assert_eq!(shown(secret, text), expected, "{secret} {text}");
        }
    }

    #[test]
    fn secrets_that_overlap_leave_no_part_of_either() {
        let both = secrets(&["secret-one", "one-secret"]);
        assert_eq!(both.cleared("a secret-one-secret b".to_owned()), "a *** b");
    }

    #[test]
    fn a_secret_is_known_by_its_place() {
        let body = json!({
            "name": "sales", "token": 7, "key": "seen",
            "config": {
                "proxy": {"server": "p:1", "password": "hidden-1"},
                "webhooks": [{"hmac": {"key": "hidden-2"}, "customHeaders": [{"name": "X", "value": "hidden-3"}]}],
                "other": {"hmac": "hidden-4", "accountToken": "hidden-5", "WAHA_API_KEY": "hidden-6"},
            },
        });
        let of = |names_keys| {
            Secrets::default()
                .with_those_in(body.to_string().as_bytes(), names_keys)
                .cleared(body.to_string())
        };
        assert_eq!(of(false).matches(LEFT_OUT).count(), 6, "{}", of(false));
        assert!(!of(false).contains("hidden") && of(false).contains("seen"));
        assert!(!of(true).contains("seen"), "{}", of(true));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_left_of_any_bytes_has_no_secret(secret in "[^*]{8,20}", parts in prop::collection::vec(any::<Vec<u8>>(), 1..5)) {
            let bytes = parts.join(secret.as_bytes());
            let rest = secrets(&[&secret]).left_out_of(&bytes).unwrap_or(bytes);
            prop_assert!(!rest.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
}
