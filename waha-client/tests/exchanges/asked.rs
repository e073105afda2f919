//! A recorded request, and what the client makes of the same wish.

use std::cell::Cell;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use waha_client::{ChatId, Endpoint, Error, File, MessageId, SessionName, WahaClient};

/// A request as it was recorded. What it lacks is replaced, which is remembered.
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Decoded, in segments.
    pub(crate) path: Vec<String>,
    /// Decoded, in the order of names.
    query: Vec<(String, String)>,
    pub(crate) body: Value,
    lacks: Cell<bool>,
}

impl Asked {
    pub(crate) fn new(method: &str, path_and_query: &str, body: &Value) -> Self {
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        let mut query: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        query.sort();
        Self {
            method: method.to_owned(),
            path: decoded(path),
            query,
            body: body.clone(),
            lacks: Cell::new(false),
        }
    }

    /// Its method and path, for a match.
    pub(crate) fn route(&self) -> (&str, Vec<&str>) {
        let path = self.path.iter().map(String::as_str).collect();
        (&self.method, path)
    }

    /// Whether something had to be replaced, because it is missing or of another type than the client takes.
    pub(crate) fn lacks(&self) -> bool {
        self.lacks.get()
    }

    fn or<T>(&self, value: Option<T>, replacement: impl FnOnce() -> T) -> T {
        value.unwrap_or_else(|| {
            self.lacks.set(true);
            replacement()
        })
    }

    /// The session that the path names.
    pub(crate) fn session_at(&self, place: usize) -> SessionName {
        let name = SessionName::new(&*self.path[place]).ok();
        self.or(name, default_session)
    }

    /// The session that the body or the query names.
    pub(crate) fn session(&self) -> SessionName {
        let name = self.maybe("session").or_else(|| self.maybe("name"));
        self.or(
            name.and_then(|it| SessionName::new(it).ok()),
            default_session,
        )
    }

    pub(crate) fn chat_at(&self, place: usize) -> ChatId {
        self.or(ChatId::parse(&self.path[place]).ok(), own_chat)
    }

    pub(crate) fn chat(&self, name: &str) -> ChatId {
        let chat = self.maybe(name).and_then(|it| ChatId::parse(&it).ok());
        self.or(chat, own_chat)
    }

    pub(crate) fn message_at(&self, place: usize) -> MessageId {
        MessageId::parse(&self.path[place])
    }

    pub(crate) fn message(&self, name: &str) -> MessageId {
        let id = self.maybe(name).map(|id| MessageId::parse(&id));
        self.or(id, || MessageId::parse("true_6281200000002@c.us_3EB0AA"))
    }

    /// A text of the query or, by a path such as `message.title`, of the body.
    pub(crate) fn maybe(&self, name: &str) -> Option<String> {
        let asked = self.query.iter().find(|(key, _)| key == name);
        let pointer = format!("/{}", name.replace('.', "/"));
        let told = || Some(self.body.pointer(&pointer)?.as_str()?.to_owned());
        asked.map(|(_, value)| value.clone()).or_else(told)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.or(self.maybe(name), String::new)
    }

    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        let (_, value) = self.query.iter().find(|(key, _)| key == name)?;
        let number = value.parse().ok();
        if number.is_none() {
            self.lacks.set(true);
        }
        number
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.number(name).or_else(|| self.body[name].as_bool())
    }

    /// The texts of a list in the body.
    pub(crate) fn texts(&self, pointer: &str) -> Vec<String> {
        let list = self.body.pointer(pointer).and_then(Value::as_array);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let texts = list.map(|list| list.iter().filter_map(text).collect());
        self.or(texts, Vec::new)
    }

    pub(crate) fn file(&self) -> File {
        let file = &self.body["file"];
        let text = |name: &str| file[name].as_str().map(str::to_owned);
        let mimetype = self.or(text("mimetype"), || "image/png".to_owned());
        let built = match (text("data"), text("url")) {
            (Some(data), _) => {
                let bytes = super::base64(&data);
                File::from_bytes(mimetype, self.or(bytes, Vec::new))
            }
            (None, url) => File::from_url(mimetype, self.or(url, String::new)),
        };
        match text("filename") {
            Some(name) => built.named(name),
            None => built,
        }
    }
}

pub(crate) fn default_session() -> SessionName {
    SessionName::new("default").unwrap()
}

pub(crate) fn own_chat() -> ChatId {
    ChatId::phone("6281200000002").unwrap()
}

fn decoded(path: &str) -> Vec<String> {
    let segments = path.trim_start_matches('/').split('/');
    segments
        .map(|it| percent_decode_str(it).decode_utf8().unwrap().into_owned())
        .collect()
}

/// What the client built, and what it made of the recorded answer.
pub(crate) struct Replayed {
    /// `None` for a request that the client refuses to make.
    pub(crate) built: Option<Asked>,
    /// Whether what was read passes its check.
    pub(crate) outcome: Result<bool, Error>,
}

impl Replayed {
    /// How what was built differs from what was recorded.
    pub(crate) fn difference(&self, asked: &Asked) -> Option<String> {
        let Some(built) = &self.built else {
            return Some("refused by the client".to_owned());
        };
        let pairs = [
            (
                format!("{} {:?}", built.method, built.path),
                format!("{} {:?}", asked.method, asked.path),
            ),
            (format!("{:?}", built.query), format!("{:?}", asked.query)),
            (shown(&built.body), shown(&asked.body)),
        ];
        let differs = |(ours, theirs): &&(String, String)| ours != theirs;
        let (ours, theirs) = pairs.iter().find(differs)?;
        Some(format!("built {ours}, recorded {theirs}"))
    }
}

/// JSON has one kind of number: 3 and 3.0 are the same.
fn shown(body: &Value) -> String {
    body.to_string().replace(".0,", ",").replace(".0}", "}")
}

/// Makes a call at a server that gives the recorded answer.
pub(crate) async fn perform<T>(
    waha: &WahaClient,
    endpoint: Endpoint<T>,
    check: impl Fn(&T) -> bool,
) -> Replayed {
    let built = endpoint.method().map(|method| {
        let mut query: Vec<(String, String)> = endpoint
            .query_pairs()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        query.sort();
        let body = endpoint.body();
        Asked {
            method: method.to_owned(),
            path: decoded(endpoint.path().unwrap()),
            query,
            body: body.map_or(Value::Null, |it| serde_json::from_slice(it).unwrap()),
            lacks: Cell::new(false),
        }
    });
    let outcome = waha.call(endpoint).await.map(|value| check(&value));
    Replayed { built, outcome }
}
