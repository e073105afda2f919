//! Channels that the account does not follow: found by what WhatsApp shows, or by text. The types are those of WAHA's
//! specification.

use serde::{Deserialize, Serialize};

use super::{Channel, Channels};
use crate::endpoint::{Endpoint, Wait, json};
use crate::error::Error;
use crate::ids::SessionName;
use crate::types::Extra;

/// A page of a search for channels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct FoundChannels {
    /// The channels on it.
    pub channels: Vec<Channel>,
    /// Where it stands among the pages.
    #[serde(default)]
    pub page: Option<ChannelPage>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where a page stands in a search for channels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChannelPage {
    /// What its first channel is found by.
    #[serde(default)]
    pub start_cursor: Option<String>,
    /// What its last channel is found by: the cursor that the next page is asked with.
    #[serde(default)]
    pub end_cursor: Option<String>,
    /// Whether there are more after it.
    #[serde(default)]
    pub has_next_page: Option<bool>,
    /// Whether there are some before it.
    #[serde(default)]
    pub has_previous_page: Option<bool>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A view that channels can be searched by, such as those WhatsApp recommends.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ChannelView {
    /// What a search takes: `RECOMMENDED`.
    pub value: String,
    /// Its name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A country that a view can be limited to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ChannelCountry {
    /// What a search takes: `US`.
    pub code: String,
    /// Its name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A category that a search can be limited to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ChannelCategory {
    /// What a search takes.
    pub value: String,
    /// Its name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A search for channels by view. Borrows its parts.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct ChannelsByView<'a> {
    view: &'a str,
    countries: &'a [&'a str],
    categories: &'a [&'a str],
    limit: u32,
    start_cursor: &'a str,
}

impl<'a> ChannelsByView<'a> {
    /// The first fifty of a view ([`Channels::search_views`]), in these countries ([`Channels::search_countries`]).
    pub fn new(view: &'a str, countries: &'a [&'a str]) -> Self {
        Self {
            view,
            countries,
            categories: &[],
            limit: 50,
            start_cursor: "",
        }
    }

    /// Only these categories ([`Channels::search_categories`]).
    pub fn categories(mut self, categories: &'a [&'a str]) -> Self {
        self.categories = categories;
        self
    }

    /// How many at most.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Those after the page that ended with this cursor.
    pub fn after(mut self, end_cursor: &'a str) -> Self {
        self.start_cursor = end_cursor;
        self
    }
}

/// A search for channels by words. Borrows its parts.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct ChannelsByText<'a> {
    text: &'a str,
    categories: &'a [&'a str],
    limit: u32,
    start_cursor: &'a str,
}

impl<'a> ChannelsByText<'a> {
    /// The first fifty that these words find.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            categories: &[],
            limit: 50,
            start_cursor: "",
        }
    }

    /// Only these categories ([`Channels::search_categories`]).
    pub fn categories(mut self, categories: &'a [&'a str]) -> Self {
        self.categories = categories;
        self
    }

    /// How many at most.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Those after the page that ended with this cursor.
    pub fn after(mut self, end_cursor: &'a str) -> Self {
        self.start_cursor = end_cursor;
        self
    }
}

impl Channels<'_> {
    /// Searches all channels by view.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING. Repeated as look-ups are. 501 on an engine without
    /// [`Feature::SearchChannelsByView`](crate::Feature::SearchChannelsByView).
    pub async fn search_by_view(
        &self,
        session: &SessionName,
        search: &ChannelsByView<'_>,
    ) -> Result<FoundChannels, Error> {
        self.0.call(search_by_view(session, search)).await
    }

    /// Searches all channels by words.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING. Repeated as look-ups are.
    pub async fn search_by_text(
        &self,
        session: &SessionName,
        search: &ChannelsByText<'_>,
    ) -> Result<FoundChannels, Error> {
        self.0.call(search_by_text(session, search)).await
    }

    /// The views a search can have.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn search_views(&self, session: &SessionName) -> Result<Vec<ChannelView>, Error> {
        self.0.call(search_views(session)).await
    }

    /// The countries a search by view can have.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn search_countries(
        &self,
        session: &SessionName,
    ) -> Result<Vec<ChannelCountry>, Error> {
        self.0.call(search_countries(session)).await
    }

    /// The categories a search can have.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn search_categories(
        &self,
        session: &SessionName,
    ) -> Result<Vec<ChannelCategory>, Error> {
        self.0.call(search_categories(session)).await
    }
}

/// `POST /api/{session}/channels/search/by-view`. A question, so it may be repeated. Needs
/// [`Feature::SearchChannelsByView`](crate::Feature::SearchChannelsByView). WAHA's specification.
pub fn search_by_view(
    session: &SessionName,
    search: &ChannelsByView<'_>,
) -> Endpoint<FoundChannels> {
    const PATH: &str = "/api/{session}/channels/search/by-view";
    Endpoint::post(PATH, &[session.as_str()], json)
        .json(search)
        .waiting(Wait::Session)
        .repeatable()
}

/// `POST /api/{session}/channels/search/by-text`. A question, so it may be repeated. WAHA's specification.
pub fn search_by_text(
    session: &SessionName,
    search: &ChannelsByText<'_>,
) -> Endpoint<FoundChannels> {
    const PATH: &str = "/api/{session}/channels/search/by-text";
    Endpoint::post(PATH, &[session.as_str()], json)
        .json(search)
        .waiting(Wait::Session)
        .repeatable()
}

/// `GET /api/{session}/channels/search/views`. WAHA's specification.
pub fn search_views(session: &SessionName) -> Endpoint<Vec<ChannelView>> {
    const PATH: &str = "/api/{session}/channels/search/views";
    Endpoint::get(PATH, &[session.as_str()], json).waiting(Wait::Session)
}

/// `GET /api/{session}/channels/search/countries`. WAHA's specification.
pub fn search_countries(session: &SessionName) -> Endpoint<Vec<ChannelCountry>> {
    const PATH: &str = "/api/{session}/channels/search/countries";
    Endpoint::get(PATH, &[session.as_str()], json).waiting(Wait::Session)
}

/// `GET /api/{session}/channels/search/categories`. WAHA's specification.
pub fn search_categories(session: &SessionName) -> Endpoint<Vec<ChannelCategory>> {
    const PATH: &str = "/api/{session}/channels/search/categories";
    Endpoint::get(PATH, &[session.as_str()], json).waiting(Wait::Session)
}
