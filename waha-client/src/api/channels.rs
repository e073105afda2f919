//! Channels, which WhatsApp also calls newsletters: list, create, delete, follow, mute, look into, search.
//!
//! Posting in a channel is left out: that is [`chatting`](super::chatting) with the channel's id. WAHA gives channels one form
//! for all engines (the types are those of WAHA's specification and source; only an empty list was recorded), and each leaves out
//! something else.

mod search;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::search::{
    ChannelCategory, ChannelCountry, ChannelPage, ChannelView, ChannelsByText, ChannelsByView,
    FoundChannels, search_by_text, search_by_view, search_categories, search_countries,
    search_views,
};
use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, json, nothing};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::transport::Reply;
use crate::types::{Extra, File, Message, optional_number, readable, text, text_enum};

/// The group of channel calls.
#[derive(Debug, Clone, Copy)]
pub struct Channels<'a>(pub(crate) &'a WahaClient);

text_enum! {
    /// What the account is in a channel.
    ChannelRole {
        /// Made it.
        Owner = "OWNER",
        /// May post in it.
        Admin = "ADMIN",
        /// Follows it.
        Subscriber = "SUBSCRIBER",
        /// Has nothing to do with it. Not a filter for lists.
        Guest = "GUEST",
    }
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Channel {
    /// Its id, `..@newsletter`.
    pub id: ChatId,
    /// Its name.
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    /// The link to it. WPP does not tell it in lists (WAHA source).
    #[serde(default, deserialize_with = "text")]
    pub invite: Option<String>,
    /// Where a small form of its picture can be fetched.
    #[serde(default, deserialize_with = "text")]
    pub preview: Option<String>,
    /// Where its picture can be fetched.
    #[serde(default, deserialize_with = "text")]
    pub picture: Option<String>,
    /// What it says of itself.
    #[serde(default, deserialize_with = "text")]
    pub description: Option<String>,
    /// Whether WhatsApp vouches for who is behind it. WPP says no in lists whatever it is (WAHA source).
    #[serde(default, deserialize_with = "readable")]
    pub verified: Option<bool>,
    /// How many follow it. WEBJS does not tell in lists, and WPP says 0 there whatever it is (WAHA source).
    #[serde(default, deserialize_with = "optional_number")]
    pub subscribers_count: Option<i64>,
    /// What the account is in it; searches leave it out. WPP's lists say owner wherever the account may post (WAHA source).
    #[serde(default, deserialize_with = "readable")]
    pub role: Option<ChannelRole>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A message in a channel, with what became of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Told")]
#[non_exhaustive]
pub struct ChannelMessage {
    /// The message.
    pub message: Message,
    /// How many gave which reaction; always none on WPP (WAHA source).
    pub reactions: Option<BTreeMap<String, i64>>,
    /// How many saw it; always 0 on WPP (WAHA source).
    pub view_count: Option<i64>,
    /// Whatever else came.
    pub extra: Extra,
}

/// NOWEB and GOWS leave the message out, or null, where what was posted is none: a change of the channel (WAHA source).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(default)]
    message: Option<Message>,
    #[serde(default, deserialize_with = "readable")]
    reactions: Option<BTreeMap<String, i64>>,
    #[serde(default, deserialize_with = "optional_number")]
    view_count: Option<i64>,
    #[serde(flatten)]
    extra: Extra,
}

impl TryFrom<Told> for ChannelMessage {
    type Error = &'static str;

    fn try_from(told: Told) -> Result<Self, Self::Error> {
        Ok(Self {
            message: told.message.ok_or("no message")?,
            reactions: told.reactions,
            view_count: told.view_count,
            extra: told.extra,
        })
    }
}

/// A channel to create. Borrows its parts.
#[derive(Clone, Serialize)]
#[must_use]
pub struct NewChannel<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'a File>,
}

impl<'a> NewChannel<'a> {
    /// A channel by its name.
    pub fn new(name: &'a str) -> Self {
        Self {
            name,
            description: None,
            picture: None,
        }
    }

    /// What it says of itself.
    pub fn description(mut self, description: &'a str) -> Self {
        self.description = Some(description);
        self
    }

    /// Its picture.
    pub fn picture(mut self, picture: &'a File) -> Self {
        self.picture = Some(picture);
        self
    }
}

/// Which messages of a channel are looked into: the ten newest, without downloading media, unless told.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct PreviewQuery {
    limit: u32,
    download_media: bool,
}

impl Default for PreviewQuery {
    fn default() -> Self {
        Self {
            limit: 10,
            download_media: false,
        }
    }
}

impl PreviewQuery {
    /// The ten newest.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many at most.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Has the server download media first.
    pub fn download_media(mut self, wanted: bool) -> Self {
        self.download_media = wanted;
        self
    }
}

impl Channels<'_> {
    /// The channels the session knows, or only those in which the account has this role.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn list(
        &self,
        session: &SessionName,
        role: Option<&ChannelRole>,
    ) -> Result<Vec<Channel>, Error> {
        self.0.call(list(session, role)).await
    }

    /// Makes a channel.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING. Never repeated: a second call makes a second channel. 501 on an engine without
    /// [`Feature::CreateChannel`](crate::Feature::CreateChannel).
    pub async fn create(
        &self,
        session: &SessionName,
        new: &NewChannel<'_>,
    ) -> Result<Channel, Error> {
        self.0.call(create(session, new)).await
    }

    /// Deletes a channel of one's own.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING. 501 on an engine without
    /// [`Feature::DeleteChannel`](crate::Feature::DeleteChannel).
    pub async fn delete(&self, session: &SessionName, channel: &ChatId) -> Result<(), Error> {
        self.0.call(delete(session, channel)).await
    }

    /// One channel, by its id, its invite code, or its link (WAHA source; the specification leaves out the link).
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING. On WPP 501 for a code or link, and 404 for the id of a channel that is not in its
    /// list (WAHA source).
    pub async fn get(&self, session: &SessionName, id_or_code: &str) -> Result<Channel, Error> {
        self.0.call(get(session, id_or_code)).await
    }

    /// Messages of a channel, by its id, its invite code, or its link; it need not be followed. WPP takes its id alone (WAHA
    /// source). What WAHA tells of without a message, such as a change of the channel, is left out.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn preview_messages(
        &self,
        session: &SessionName,
        id_or_code: &str,
        query: &PreviewQuery,
    ) -> Result<Vec<ChannelMessage>, Error> {
        self.0
            .call(preview_messages(session, id_or_code, query))
            .await
    }

    /// Follows a channel.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn follow(&self, session: &SessionName, channel: &ChatId) -> Result<(), Error> {
        self.0.call(follow(session, channel)).await
    }

    /// Stops following a channel.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn unfollow(&self, session: &SessionName, channel: &ChatId) -> Result<(), Error> {
        self.0.call(unfollow(session, channel)).await
    }

    /// Has the phone say nothing of a channel's messages.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn mute(&self, session: &SessionName, channel: &ChatId) -> Result<(), Error> {
        self.0.call(mute(session, channel)).await
    }

    /// Undoes [`Channels::mute`].
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn unmute(&self, session: &SessionName, channel: &ChatId) -> Result<(), Error> {
        self.0.call(unmute(session, channel)).await
    }
}

/// `GET /api/{session}/channels`. Recorded is an empty list; what stands in one is WAHA's specification.
pub fn list(session: &SessionName, role: Option<&ChannelRole>) -> Endpoint<Vec<Channel>> {
    Endpoint::get("/api/{session}/channels", &[session.as_str()], json)
        .query_if("role", role)
        .waiting(Wait::Session)
}

/// `POST /api/{session}/channels`. Needs [`Feature::CreateChannel`](crate::Feature::CreateChannel). WAHA's specification.
pub fn create(session: &SessionName, new: &NewChannel<'_>) -> Endpoint<Channel> {
    let wait = match new.picture {
        Some(_) => Wait::Media,
        None => Wait::Session,
    };
    Endpoint::post("/api/{session}/channels", &[session.as_str()], json)
        .json(new)
        .waiting(wait)
}

/// `DELETE /api/{session}/channels/{id}`. Needs [`Feature::DeleteChannel`](crate::Feature::DeleteChannel). WAHA's
/// specification, which leaves the answer open.
pub fn delete(session: &SessionName, channel: &ChatId) -> Endpoint<()> {
    const PATH: &str = "/api/{session}/channels/{id}";
    Endpoint::delete(PATH, &[session.as_str(), channel.as_str()], nothing).waiting(Wait::Session)
}

/// `GET /api/{session}/channels/{id}`. WAHA's specification.
pub fn get(session: &SessionName, id_or_code: &str) -> Endpoint<Channel> {
    const PATH: &str = "/api/{session}/channels/{id}";
    Endpoint::get(PATH, &[session.as_str(), id_or_code], json).waiting(Wait::Session)
}

/// `GET /api/{session}/channels/{id}/messages/preview`. WAHA's specification.
pub fn preview_messages(
    session: &SessionName,
    id_or_code: &str,
    query: &PreviewQuery,
) -> Endpoint<Vec<ChannelMessage>> {
    const PATH: &str = "/api/{session}/channels/{id}/messages/preview";
    let wait = if query.download_media {
        Wait::Media
    } else {
        Wait::Session
    };
    Endpoint::get(PATH, &[session.as_str(), id_or_code], messages_only)
        .query_if("downloadMedia", Some(query.download_media))
        .query_if("limit", Some(query.limit))
        .waiting(wait)
}

fn messages_only(reply: Reply) -> Result<Vec<ChannelMessage>, String> {
    let posted: Vec<Told> = json(reply)?;
    let messages = posted.into_iter().map(ChannelMessage::try_from);
    Ok(messages.filter_map(Result::ok).collect())
}

/// `POST /api/{session}/channels/{id}/follow`. WAHA's specification, which leaves the answer open.
pub fn follow(session: &SessionName, channel: &ChatId) -> Endpoint<()> {
    change("/api/{session}/channels/{id}/follow", session, channel)
}

/// `POST /api/{session}/channels/{id}/unfollow`. WAHA's specification, which leaves the answer open.
pub fn unfollow(session: &SessionName, channel: &ChatId) -> Endpoint<()> {
    change("/api/{session}/channels/{id}/unfollow", session, channel)
}

/// `POST /api/{session}/channels/{id}/mute`. WAHA's specification, which leaves the answer open.
pub fn mute(session: &SessionName, channel: &ChatId) -> Endpoint<()> {
    change("/api/{session}/channels/{id}/mute", session, channel)
}

/// `POST /api/{session}/channels/{id}/unmute`. WAHA's specification, which leaves the answer open.
pub fn unmute(session: &SessionName, channel: &ChatId) -> Endpoint<()> {
    change("/api/{session}/channels/{id}/unmute", session, channel)
}

fn change(path: &'static str, session: &SessionName, channel: &ChatId) -> Endpoint<()> {
    Endpoint::post(path, &[session.as_str(), channel.as_str()], nothing).waiting(Wait::Session)
}
