//! How chat ids are read: as text, or as the object that the browser engines write, which WhatsApp Web changes at times.

use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ChatId;

impl<'de> Deserialize<'de> for ChatId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = ChatId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a chat id")
            }

            fn visit_str<E>(self, text: &str) -> Result<ChatId, E> {
                Ok(ChatId::lenient(text))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ChatId, A::Error> {
                of_parts(map)?.ok_or_else(|| de::Error::custom("a chat id without user and server"))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

/// A chat id as text or as an object; `None` for an empty text and for anything else. For ids that may be missing.
pub(crate) fn any_chat<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ChatId>, D::Error> {
    struct Any;

    impl<'de> Visitor<'de> for Any {
        type Value = Option<ChatId>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a chat id, or anything else")
        }

        fn visit_str<E>(self, text: &str) -> Result<Option<ChatId>, E> {
            Ok((!text.is_empty()).then(|| ChatId::lenient(text)))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<ChatId>, A::Error> {
            of_parts(map)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<ChatId>, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }

        fn visit_unit<E>(self) -> Result<Option<ChatId>, E> {
            Ok(None)
        }

        fn visit_bool<E>(self, _: bool) -> Result<Option<ChatId>, E> {
            Ok(None)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Option<ChatId>, E> {
            Ok(None)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Option<ChatId>, E> {
            Ok(None)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Option<ChatId>, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(Any)
}

/// The browser engines write an id as `{"server","user","_serialized"}`.
fn of_parts<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<ChatId>, A::Error> {
    let (mut user, mut server, mut whole, mut renamed) = (None, None, None, None);
    while let Some(key) = map.next_key::<String>()? {
        let part = match key.as_str() {
            "user" => &mut user,
            "server" => &mut server,
            "_serialized" => &mut whole,
            // WhatsApp Web calls it `$1` since July 2026, and may call it otherwise tomorrow.
            _ => &mut renamed,
        };
        if let Value::String(text) = map.next_value()? {
            let is_id =
                !text.is_empty() && (key == "user" || key == "server" || text.contains('@'));
            *part = Some(text).filter(|_| is_id).or(part.take());
        }
    }
    let joined = user
        .zip(server)
        .map(|(user, server)| format!("{user}@{server}"));
    let whole = whole.or(joined).or(renamed);
    Ok(whole.map(|whole| ChatId::lenient(&whole)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn where_an_id_may_be_missing_anything_else_is_none() {
        #[derive(Deserialize)]
        struct Holder {
            #[serde(default, deserialize_with = "any_chat")]
            id: Option<ChatId>,
        }

        for (json, id) in [
            (r#"{"id":"628@s.whatsapp.net"}"#, Some("628@c.us")),
            (
                r#"{"id":{"server":"g.us","user":"1","_serialized":"1@g.us"}}"#,
                Some("1@g.us"),
            ),
            (r#"{"id":{"$1":"1@g.us"}}"#, Some("1@g.us")),
            (r#"{"id":""}"#, None),
            (r#"{"id":{"_serialized":7,"user":null}}"#, None),
            (r#"{"id":["1@g.us",{}]}"#, None),
            (r#"{"id":1}"#, None),
            (r#"{"id":-1.5}"#, None),
            (r#"{"id":false}"#, None),
            (r#"{"id":null}"#, None),
            (r#"{}"#, None),
        ] {
            let read: Holder = serde_json::from_str(json).unwrap();
            assert_eq!(read.id.as_ref().map(ChatId::as_str), id, "{json}");
        }
    }
}
