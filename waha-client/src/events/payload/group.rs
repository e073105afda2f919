//! What happened to groups. The types are those of WAHA's specification; that of people who came or went is also recorded.

use serde::Deserialize;

use crate::api::groups::GroupParticipant;
use crate::ids::{ChatId, any_chat};
use crate::types::{Extra, Raw, instant_ms, list, readable, text, text_enum};

text_enum! {
    /// What happened to people of a group.
    ParticipantsChangeKind {
        /// They came in.
        Join = "join",
        /// They left, or were removed.
        Leave = "leave",
        /// They are admins now.
        Promote = "promote",
        /// They are admins no more.
        Demote = "demote",
    }
}

/// The account came into a group, left it, or the group itself was changed.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct GroupChange {
    /// When, Unix milliseconds, unlike the seconds of messages (NOWEB recorded). WEBJS and WPP write seconds (WAHA source),
    /// which become milliseconds here.
    #[serde(rename = "timestamp", default, deserialize_with = "instant_ms")]
    pub timestamp_ms: i64,
    /// The group: all of it when the account came in, what was changed when it was changed, the id alone when it left.
    pub group: ChangedGroup,
    /// The engine's own form of it.
    #[serde(default, rename = "_data")]
    pub data: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A group as an event describes it: as much of it as the event is about.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChangedGroup {
    /// Its id.
    #[serde(default, deserialize_with = "any_chat")]
    pub id: Option<ChatId>,
    /// Its name.
    #[serde(default, deserialize_with = "text")]
    pub subject: Option<String>,
    /// Its description; empty when it has none any more.
    #[serde(default, deserialize_with = "readable")]
    pub description: Option<String>,
    /// The link by which people come in; on WEBJS its code alone (WAHA source).
    #[serde(default, deserialize_with = "text")]
    pub invite: Option<String>,
    /// Whether everybody may add people.
    #[serde(default, deserialize_with = "readable")]
    pub members_can_add_new_member: Option<bool>,
    /// Whether everybody may write. WPP and GOWS's updates say so; NOWEB, WEBJS and GOWS when the account came in say the
    /// opposite, whether only admins may (WAHA source). Ask [`Groups::messages_admins_only`](crate::api::groups::Groups::messages_admins_only).
    #[serde(default, deserialize_with = "readable")]
    pub members_can_send_messages: Option<bool>,
    /// Whether an admin must let new people in.
    #[serde(default, deserialize_with = "readable")]
    pub new_members_approval_required: Option<bool>,
    /// Its people.
    #[serde(default, deserialize_with = "readable")]
    pub participants: Option<Vec<GroupParticipant>>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// People came into a group, left it, or became or ceased to be its admins.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct ParticipantsChange {
    /// What happened to them.
    #[serde(rename = "type")]
    pub kind: ParticipantsChangeKind,
    /// When, Unix milliseconds, as in [`GroupChange::timestamp_ms`].
    #[serde(rename = "timestamp", default, deserialize_with = "instant_ms")]
    pub timestamp_ms: i64,
    /// The group, by its id.
    pub group: ChangedGroup,
    /// Whom it happened to.
    #[serde(default, deserialize_with = "list")]
    pub participants: Vec<GroupParticipant>,
    /// The engine's own form of it.
    #[serde(default, rename = "_data")]
    pub data: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}
