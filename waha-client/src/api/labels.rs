//! Labels, by which business accounts sort their chats: list, create, change, delete; which chat has which.
//!
//! On NOWEB these need the session's store ([`SessionConfig::with_noweb_store`](crate::types::SessionConfig::with_noweb_store));
//! without it they are answered 400 ([`Error::is_store_disabled`], recorded). WAHA gives labels one form for all engines,
//! but for the label within WPP's events, which is wa-js' own (WAHA source); both read.

use serde::{Deserialize, Serialize};

use crate::api::chats::Chat;
use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, json, nothing};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::types::{Extra, optional_number, text, text_or_number};

/// The group of label calls.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a>(pub(crate) &'a WahaClient);

/// A label.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "LabelFields")]
#[non_exhaustive]
pub struct Label {
    /// Its id: a small number, as text.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its colour: a place in WhatsApp's own list of colours.
    pub color: Option<i64>,
    /// The same colour as `#64c4ff`.
    pub color_hex: Option<String>,
    /// Whatever else came.
    pub extra: Extra,
}

/// WAHA's names, and wa-js' `colorIndex` and `hexColor`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LabelFields {
    #[serde(deserialize_with = "text_or_number")]
    id: String,
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "optional_number")]
    color: Option<i64>,
    #[serde(default, deserialize_with = "optional_number")]
    color_index: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    color_hex: Option<String>,
    #[serde(default, deserialize_with = "text")]
    hex_color: Option<String>,
    #[serde(flatten)]
    extra: Extra,
}

impl From<LabelFields> for Label {
    fn from(fields: LabelFields) -> Self {
        Self {
            id: fields.id,
            name: fields.name,
            color: fields.color_index.or(fields.color),
            color_hex: fields.color_hex.or(fields.hex_color),
            extra: fields.extra,
        }
    }
}

/// A label to create, or what one shall become. Borrows its parts.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct NewLabel<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color_hex: Option<&'a str>,
}

impl<'a> NewLabel<'a> {
    /// A label by its name.
    pub fn new(name: &'a str) -> Self {
        Self {
            name,
            color: None,
            color_hex: None,
        }
    }

    /// Its colour: a place in WhatsApp's own list of colours.
    pub fn color(mut self, color: u32) -> Self {
        self.color = Some(color);
        self
    }

    /// Its colour as `#64c4ff`. WhatsApp has a list of colours, and takes no others.
    pub fn color_hex(mut self, color_hex: &'a str) -> Self {
        self.color_hex = Some(color_hex);
        self
    }
}

#[derive(Serialize)]
struct LabelId<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct LabelIds<'a> {
    labels: Vec<LabelId<'a>>,
}

impl Labels<'_> {
    /// The labels of the account.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING; 400 without a store on NOWEB.
    pub async fn list(&self, session: &SessionName) -> Result<Vec<Label>, Error> {
        self.0.call(list(session)).await
    }

    /// Makes a label.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING, and when there is a label of this name (WAHA source).
    pub async fn create(&self, session: &SessionName, new: &NewLabel<'_>) -> Result<Label, Error> {
        self.0.call(create(session, new)).await
    }

    /// Changes a label's name and colour.
    ///
    /// # Errors
    ///
    /// 404 when there is none of this id; 422 as [`Labels::create`] (WAHA source).
    pub async fn update(
        &self,
        session: &SessionName,
        label_id: &str,
        label: &NewLabel<'_>,
    ) -> Result<Label, Error> {
        self.0.call(update(session, label_id, label)).await
    }

    /// Deletes a label; the chats that had it stay.
    ///
    /// # Errors
    ///
    /// 404 when there is none of this id (WAHA source); 422 when the session is not WORKING.
    pub async fn delete(&self, session: &SessionName, label_id: &str) -> Result<(), Error> {
        self.0.call(delete(session, label_id)).await
    }

    /// The labels of a chat.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING; 400 without a store on NOWEB.
    pub async fn of_chat(&self, session: &SessionName, chat: &ChatId) -> Result<Vec<Label>, Error> {
        self.0.call(of_chat(session, chat)).await
    }

    /// Gives a chat these labels and takes all others from it.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING; 400 without a store on NOWEB.
    pub async fn set_of_chat(
        &self,
        session: &SessionName,
        chat: &ChatId,
        label_ids: &[&str],
    ) -> Result<(), Error> {
        self.0.call(set_of_chat(session, chat, label_ids)).await
    }

    /// The chats that have a label, as the engine lists its chats; GOWS tells their ids alone (WAHA source).
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING; 400 without a store on NOWEB.
    pub async fn chats(&self, session: &SessionName, label_id: &str) -> Result<Vec<Chat>, Error> {
        self.0.call(chats(session, label_id)).await
    }
}

/// `GET /api/{session}/labels`. Recorded is an empty list; what stands in one is WAHA's specification.
pub fn list(session: &SessionName) -> Endpoint<Vec<Label>> {
    Endpoint::get("/api/{session}/labels", &[session.as_str()], json).waiting(Wait::Session)
}

/// `POST /api/{session}/labels`. WAHA's specification.
pub fn create(session: &SessionName, new: &NewLabel<'_>) -> Endpoint<Label> {
    Endpoint::post("/api/{session}/labels", &[session.as_str()], json)
        .json(new)
        .waiting(Wait::Session)
}

/// `PUT /api/{session}/labels/{labelId}`. WAHA's specification.
pub fn update(session: &SessionName, label_id: &str, label: &NewLabel<'_>) -> Endpoint<Label> {
    const PATH: &str = "/api/{session}/labels/{labelId}";
    Endpoint::put(PATH, &[session.as_str(), label_id], json)
        .json(label)
        .waiting(Wait::Session)
}

/// `DELETE /api/{session}/labels/{labelId}`. WAHA's specification, which leaves the answer open.
pub fn delete(session: &SessionName, label_id: &str) -> Endpoint<()> {
    const PATH: &str = "/api/{session}/labels/{labelId}";
    Endpoint::delete(PATH, &[session.as_str(), label_id], nothing).waiting(Wait::Session)
}

/// `GET /api/{session}/labels/chats/{chatId}`. WAHA's specification.
pub fn of_chat(session: &SessionName, chat: &ChatId) -> Endpoint<Vec<Label>> {
    const PATH: &str = "/api/{session}/labels/chats/{chatId}";
    Endpoint::get(PATH, &[session.as_str(), chat.as_str()], json).waiting(Wait::Session)
}

/// `PUT /api/{session}/labels/chats/{chatId}`. WAHA's specification, which leaves the answer open.
pub fn set_of_chat(session: &SessionName, chat: &ChatId, label_ids: &[&str]) -> Endpoint<()> {
    const PATH: &str = "/api/{session}/labels/chats/{chatId}";
    let labels = label_ids.iter().map(|&id| LabelId { id }).collect();
    Endpoint::put(PATH, &[session.as_str(), chat.as_str()], nothing)
        .json(&LabelIds { labels })
        .waiting(Wait::Session)
}

/// `GET /api/{session}/labels/{labelId}/chats`. WAHA's specification leaves the answer open; its form is WAHA source's.
pub fn chats(session: &SessionName, label_id: &str) -> Endpoint<Vec<Chat>> {
    const PATH: &str = "/api/{session}/labels/{labelId}/chats";
    Endpoint::get(PATH, &[session.as_str(), label_id], json).waiting(Wait::Session)
}
