//! Which session a request is about, for whoever traces it or routes it.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use super::Request;

impl Request {
    /// The session the call is about: named in its path, its query or its body. Reads as much of the body as it takes to find
    /// the name.
    pub(crate) fn session(&self) -> Option<Cow<'_, str>> {
        let mut segments = self.template.split('/').zip(self.path.split('/'));
        if let Some((_, id)) = segments.find(|(name, _)| *name == "{session}") {
            return Some(percent_decode_str(id).decode_utf8_lossy());
        }
        if let Some((_, value)) = self.query.iter().find(|(name, _)| *name == "session") {
            return Some(Cow::Borrowed(value));
        }
        // Calls about sessions themselves give the name as the name of what they are about.
        let field = match self.template.starts_with("/api/sessions") {
            true => "name",
            false => "session",
        };
        field_of(self.body.as_ref()?, field).map(Cow::Owned)
    }
}

/// The text of a field at the top of a JSON object. Reads no further than to it.
fn field_of(body: &[u8], field: &'static str) -> Option<String> {
    let mut found = None;
    let seed = FieldSeed {
        field,
        found: &mut found,
    };
    // Stopped at the field, the reader reports a rest that was not read.
    let _ = seed.deserialize(&mut serde_json::Deserializer::from_slice(body));
    found
}

struct FieldSeed<'a> {
    field: &'static str,
    found: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == self.field {
                *self.found = map.next_value().ok();
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use crate::endpoint::{Endpoint, nothing};

    #[test]
    fn the_session_of_a_call_is_found_in_its_path_query_or_body() {
        let post = |template| Endpoint::post(template, &[], nothing);
        for (endpoint, session) in [
            (
                Endpoint::get("/api/{session}/chats", &["sales"], nothing),
                Some("sales"),
            ),
            (
                Endpoint::get("/api/sessions/{session}", &["sales"], nothing),
                Some("sales"),
            ),
            (
                Endpoint::get("/api/contacts", &[], nothing).query("session", "sales"),
                Some("sales"),
            ),
            (
                post("/api/sendText").json(&json!({"chatId": "1@c.us", "session": "sales"})),
                Some("sales"),
            ),
            (
                post("/api/sessions").json(&json!({"name": "sales", "config": {}})),
                Some("sales"),
            ),
            (post("/api/apps").json(&json!({"name": "sales"})), None),
            (
                post("/api/apps").json(&json!({"inner": {"session": "sales"}})),
                None,
            ),
            (post("/api/apps").json(&json!(["session"])), None),
            (post("/api/apps").json(&json!({"session": 7})), None),
            (Endpoint::get("/ping", &[], nothing), None),
        ] {
            let request = endpoint.request.unwrap();
            assert_eq!(
                request.session().as_deref(),
                session,
                "{}",
                request.template
            );
        }
    }
}
