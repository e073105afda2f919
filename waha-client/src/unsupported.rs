//! What a server lacks, read from the sentence it refuses with: its engine does not have the method, or its edition does not.
//!
//! The two are kept apart because the remedies differ: another engine, or a newer (or paid) server. What an engine lacks can
//! be known before it is asked: see [`Feature`](crate::Feature).

use std::fmt;

use crate::answer::{Answer, Shape};
use crate::error::Error;
use crate::types::Engine;

/// A call that this server cannot do, whoever asks and whenever.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unsupported {
    /// The engine that the server names; `None` when it names none.
    pub engine: Option<Engine>,
    /// What is missing.
    pub lack: Lack,
}

/// What a server lacks for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lack {
    /// The engine does not have the method: try another engine.
    Method,
    /// The engine has the method, but not for a value in the request, such as a kind of presence.
    Value,
    /// The edition does not have the feature: use a server since 2026.6.1, where all editions have it, or a paid one.
    Edition,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = self.engine.as_ref().map_or("this", Engine::as_str);
        match self.lack {
            Lack::Method => write!(f, "{engine} engine does not have this method"),
            Lack::Value => write!(f, "{engine} engine does not know a value in the request"),
            Lack::Edition => f.write_str(
                "this edition of the server does not have the feature: it needs WAHA 2026.6.1 or later, or Plus",
            ),
        }
    }
}

impl Error {
    /// What the server lacks for this call, when that is why it refused: no repetition helps.
    ///
    /// Read from the sentences of WAHA: 501 and, on servers of 2024, 422 for a method that the engine does not have; 422 for
    /// what a free edition before 2026.6.1 does not have (all recorded but the 422 of 2024, which is from WAHA's source).
    ///
    /// ```
    /// # use waha_client::{Error, Lack};
    /// # fn decide(error: Error) {
    /// match error.unsupported() {
    ///     Some(what) if what.lack == Lack::Edition => println!("update the server"),
    ///     Some(what) => println!("use another engine: {what}"),
    ///     None => println!("something else: {error}"),
    /// }
    /// # }
    /// ```
    pub fn unsupported(&self) -> Option<Unsupported> {
        self.answer().and_then(Answer::unsupported)
    }
}

impl Answer {
    /// What the server says that it lacks ([`Error::unsupported`]).
    pub fn unsupported(&self) -> Option<Unsupported> {
        let Shape::Http { messages } = self.shape() else {
            return None;
        };
        if !matches!(self.status(), 422 | 501) {
            return None;
        }
        let said = messages.iter().find_map(|text| said(text));
        // A 501 without a known sentence says the same in its status; a 422 says nothing by itself.
        said.or_else(|| (self.status() == 501).then_some((Lack::Method, None)))
            .map(|(lack, engine)| Unsupported { engine, lack })
    }
}

fn said(text: &str) -> Option<(Lack, Option<Engine>)> {
    /// Recorded, with 501.
    const METHOD: &str = "The method is not implemented by '";
    /// Recorded, before 2026.6.1.
    const PLUS: &str = "The feature is available only in Plus version";
    /// Recorded, on NOWEB.
    const NO_BROWSER: &str = "Can not get screenshot for non chrome based engine";
    if text.starts_with(NO_BROWSER) {
        return Some((Lack::Method, None));
    }
    if let Some((before, after)) = text.split_once(METHOD) {
        let lack = if before.trim().is_empty() {
            Lack::Method
        } else {
            Lack::Value
        };
        return Some((lack, quoted(after)));
    }
    if let Some((_, after)) = text.split_once(PLUS) {
        let engine = after.strip_prefix(" for '").and_then(quoted);
        return Some((Lack::Edition, engine));
    }
    let edition = text.contains("is not available in this edition")
        || text.starts_with("WAHA Core support only 'default' session");
    edition.then_some((Lack::Edition, None))
}

fn quoted(rest: &str) -> Option<Engine> {
    let (name, _) = rest.split_once('\'')?;
    (!name.is_empty()).then(|| Engine::from(name))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(status: u16, body: &str) -> Option<Unsupported> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let answer = Answer::refused(status, body, false, None);
        Error::Answered(Box::new(answer)).unsupported()
    }

    fn of(status: u16, sentence: &str) -> Option<(Lack, Option<Engine>)> {
        let body = serde_json::json!({"message": sentence, "statusCode": status}).to_string();
        read(status, &body).map(|what| (what.lack, what.engine))
    }

    #[test]
    fn the_sentence_says_what_is_missing_and_in_which_engine() {
        use Lack::{Edition, Method, Value};
        const METHOD: &str = "The method is not implemented by 'NOWEB' engine. Check the docs and try another engine: https://waha.devlike.pro/";
        const VALUE: &str = "NOWEB engine doesn't support 'nope' presence. The method is not implemented by 'NOWEB' engine. Check";
        const PLUS: &str = "The feature is available only in Plus version for 'WEBJS' engine. Check this out: https://waha.devlike.pro/";
        const KEYS: &str =
            "API key management is not available in this edition. See https://waha.devlike.pro/";
        const CORE: &str = "WAHA Core support only 'default' session. You tried to access 'other' session (base64: b3RoZXI=).";
        let next = "The method is not implemented by 'NEXT' engine.";
        let noweb = || Some(Engine::Noweb);
        for (status, sentence, expected) in [
            (501, METHOD, Some((Method, noweb()))),
            (422, METHOD, Some((Method, noweb()))),
            (501, VALUE, Some((Value, noweb()))),
            (422, PLUS, Some((Edition, Some(Engine::Webjs)))),
            (422, KEYS, Some((Edition, None))),
            (422, CORE, Some((Edition, None))),
            (501, next, Some((Method, Some(Engine::from("NEXT"))))),
            (501, "Not yet", Some((Method, None))),
            (
                501,
                "The method is not implemented by '",
                Some((Method, None)),
            ),
            (
                422,
                "Can not get screenshot for non chrome based engine.",
                Some((Method, None)),
            ),
            (422, "Message with id 'x' not found", None),
            (500, METHOD, None),
            (400, PLUS, None),
        ] {
            assert_eq!(of(status, sentence), expected, "{status} {sentence}");
        }
    }

    #[test]
    fn a_proxy_that_says_501_is_not_believed() {
        assert_eq!(read(501, "<html>Not Implemented</html>"), None);
        assert_eq!(read(501, ""), None);
    }

    #[test]
    fn it_is_told_in_words() {
        let what = read(
            501,
            r#"{"message":"The method is not implemented by 'GOWS' engine."}"#,
        );
        let text = what.map(|what| what.to_string()).unwrap_or_default();
        assert!(text.contains("GOWS engine"), "{text}");
    }
}
