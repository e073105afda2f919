//! Readers for numbers that come as numbers, as strings, or not at all, depending on the engine; and for what may have any shape.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

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

/// What reads as a `T`; `None` for null and for anything else. For what stands beside the point: it must not cost the rest.
pub(crate) fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
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
}
