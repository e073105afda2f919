//! Readers for what engines write differently: numbers as numbers, as strings, or not at all; instants in seconds or in
//! milliseconds; nothing as null or as an empty text; and what may have any shape.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(untagged)]
enum Number<'a> {
    Integer(i64),
    Fraction(f64),
    Text(#[serde(borrow)] std::borrow::Cow<'a, str>),
    Other(serde::de::IgnoredAny),
}

/// A whole number written as integer, fraction or text; `None` for null and for anything else.
pub(crate) fn optional_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    Ok(match Option::<Number<'de>>::deserialize(deserializer)? {
        Some(Number::Integer(number)) => Some(number),
        Some(Number::Fraction(number)) => whole(number),
        Some(Number::Text(text)) => read_text(&text),
        Some(Number::Other(_)) | None => None,
    })
}

/// Like [`optional_number`], with 0 for what cannot be read: for instants, where 1970 says "unknown" plainly.
pub(crate) fn instant_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(optional_number(deserializer)?.unwrap_or_default())
}

/// A Unix time in seconds. The engines write seconds where they do not write milliseconds: the size tells which.
pub(crate) fn instant_s<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let instant = instant_number(deserializer)?;
    Ok(if is_in_milliseconds(instant) {
        instant / 1000
    } else {
        instant
    })
}

/// A Unix time in milliseconds. Like [`instant_s`].
pub(crate) fn instant_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let instant = instant_number(deserializer)?;
    Ok(if is_in_milliseconds(instant) {
        instant
    } else {
        instant.saturating_mul(1000)
    })
}

/// 10^11 s is in the year 5138, 10^11 ms in 1973: no event of WhatsApp's is between them.
fn is_in_milliseconds(instant: i64) -> bool {
    instant >= 100_000_000_000
}

/// A text; `None` for an empty one, for null and for anything else.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = readable(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// A text that may come as a number: an id that looks like one.
pub(crate) fn text_or_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(serde_json::Number),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Text(text) => text,
        Either::Number(number) => number.to_string(),
    })
}

/// What reads as a `T`; `None` for null and for anything else. For what stands beside the point: it must not cost the rest.
pub(crate) fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// A list; an empty one for null, which is how Go writes that, and for anything else.
pub(crate) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(readable(deserializer)?.unwrap_or_default())
}

/// Like [`readable`], for types that keep a [`Raw`](super::Raw) as it came. Only within JSON that is read directly.
pub(crate) fn readable_raw<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

fn read_text(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().and_then(whole))
}

/// The whole part. Beyond 2^53 a fraction has no exact whole part any more.
fn whole(number: f64) -> Option<i64> {
    /// 2^53 (RFC 8259, section 6: the range in which all agree on the number).
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    (number.abs() <= EXACT_MAX).then_some(number.floor() as i64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[derive(Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "optional_number")]
        n: Option<i64>,
    }

    #[test]
    fn numbers_are_read_from_whatever_they_come_as() {
        for (json, number) in [
            (r#"{"n":1795220089}"#, Some(1_795_220_089)),
            (r#"{"n":"1795220089"}"#, Some(1_795_220_089)),
            (r#"{"n":1795220089.75}"#, Some(1_795_220_089)),
            (r#"{"n":"1795220089.75"}"#, Some(1_795_220_089)),
            (r#"{"n":-1}"#, Some(-1)),
            (r#"{"n":1e300}"#, None),
            (r#"{"n":"soon"}"#, None),
            (r#"{"n":{"low":1,"high":0}}"#, None),
            (r#"{"n":null}"#, None),
            (r#"{}"#, None),
        ] {
            assert_eq!(
                serde_json::from_str::<Holder>(json).unwrap().n,
                number,
                "{json}"
            );
        }
    }

    #[test]
    fn instants_are_told_apart_by_their_size() {
        #[derive(Deserialize)]
        struct Both {
            #[serde(deserialize_with = "instant_s")]
            s: i64,
            #[serde(deserialize_with = "instant_ms")]
            ms: i64,
        }

        for (instant, s, ms) in [
            ("1795220089", 1_795_220_089, 1_795_220_089_000),
            ("1795220089123", 1_795_220_089, 1_795_220_089_123),
            ("1795220089.5", 1_795_220_089, 1_795_220_089_000),
            ("\"1795220089\"", 1_795_220_089, 1_795_220_089_000),
            ("0", 0, 0),
            ("null", 0, 0),
            ("9223372036854775807", 9_223_372_036_854_775, i64::MAX),
            ("-9223372036854775808", i64::MIN, i64::MIN),
        ] {
            let json = format!(r#"{{"s":{instant},"ms":{instant}}}"#);
            let read: Both = serde_json::from_str(&json).unwrap();
            assert_eq!((read.s, read.ms), (s, ms), "{instant}");
        }
    }

    #[test]
    fn a_text_that_says_nothing_is_none() {
        #[derive(Deserialize)]
        struct Texts {
            #[serde(default, deserialize_with = "text")]
            t: Option<String>,
        }

        for (json, text) in [
            (r#"{"t":"G"}"#, Some("G")),
            (r#"{"t":""}"#, None),
            (r#"{"t":null}"#, None),
            (r#"{"t":{"a":1}}"#, None),
            (r#"{}"#, None),
        ] {
            let read: Texts = serde_json::from_str(json).unwrap();
            assert_eq!(read.t.as_deref(), text, "{json}");
        }
    }
}
