//! Groups in the words of NOWEB (recorded) and of GOWS (WAHA source).

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Group, GroupParticipant, GroupRole};
use crate::ids::ChatId;
use crate::types::{Extra, optional_number};

/// An array of groups, or NOWEB's object of groups by id.
pub(super) struct GroupList(pub(super) Vec<Group>);

impl<'de> Deserialize<'de> for GroupList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = GroupList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("groups, as an array or by id")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<GroupList, A::Error> {
                let mut groups = Vec::new();
                while let Some(group) = seq.next_element()? {
                    groups.push(group);
                }
                Ok(GroupList(groups))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GroupList, A::Error> {
                let mut groups = Vec::new();
                while let Some((_, group)) = map.next_entry::<String, _>()? {
                    groups.push(group);
                }
                Ok(GroupList(groups))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// The names of NOWEB and the specification in small letters, those of GOWS in capitals.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GroupFields {
    id: Option<ChatId>,
    #[serde(rename = "JID")]
    jid: Option<ChatId>,
    subject: Option<String>,
    name: Option<String>,
    #[serde(rename = "Name")]
    gows_name: Option<String>,
    desc: Option<String>,
    description: Option<String>,
    #[serde(rename = "Topic")]
    topic: Option<String>,
    owner: Option<ChatId>,
    #[serde(rename = "OwnerJID")]
    owner_jid: Option<ChatId>,
    #[serde(deserialize_with = "optional_number")]
    creation: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    size: Option<i64>,
    participants: Option<Vec<GroupParticipant>>,
    #[serde(rename = "Participants")]
    gows_participants: Option<Vec<GroupParticipant>>,
    restrict: Option<bool>,
    #[serde(rename = "IsLocked")]
    is_locked: Option<bool>,
    announce: Option<bool>,
    #[serde(rename = "IsAnnounce")]
    is_announce: Option<bool>,
    #[serde(flatten)]
    extra: Extra,
}

impl TryFrom<GroupFields> for Group {
    type Error = &'static str;

    fn try_from(fields: GroupFields) -> Result<Self, Self::Error> {
        Ok(Self {
            id: fields.id.or(fields.jid).ok_or("a group without an id")?,
            subject: fields.subject.or(fields.gows_name).or(fields.name),
            description: fields.desc.or(fields.description).or(fields.topic),
            owner: named(fields.owner.or(fields.owner_jid)),
            created_s: fields.creation,
            size: fields.size,
            participants: fields.participants.or(fields.gows_participants),
            info_admins_only: fields.restrict.or(fields.is_locked),
            messages_admins_only: fields.announce.or(fields.is_announce),
            extra: fields.extra,
        })
    }
}

/// `role` and `pn` are the specification's, `admin` and `phoneNumber` NOWEB's own, capitals GOWS's own.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ParticipantFields {
    id: Option<ChatId>,
    #[serde(rename = "JID")]
    jid: Option<ChatId>,
    pn: Option<ChatId>,
    #[serde(rename = "phoneNumber")]
    phone_number: Option<ChatId>,
    #[serde(rename = "PhoneNumber")]
    gows_phone_number: Option<ChatId>,
    role: Option<GroupRole>,
    admin: Option<GroupRole>,
    #[serde(rename = "IsAdmin")]
    is_admin: Option<bool>,
    #[serde(rename = "IsSuperAdmin")]
    is_super_admin: Option<bool>,
    #[serde(flatten)]
    extra: Extra,
}

impl TryFrom<ParticipantFields> for GroupParticipant {
    type Error = &'static str;

    fn try_from(fields: ParticipantFields) -> Result<Self, Self::Error> {
        let id = fields.id.or(fields.jid);
        let phone = named(fields.pn)
            .or(named(fields.phone_number))
            .or(named(fields.gows_phone_number));
        let by_flags = match (fields.is_super_admin, fields.is_admin) {
            (Some(true), _) => GroupRole::Superadmin,
            (_, Some(true)) => GroupRole::Admin,
            _ => GroupRole::Participant,
        };
        Ok(Self {
            id: id.ok_or("a participant without an id")?,
            phone,
            role: fields.role.or(fields.admin).unwrap_or(by_flags),
            extra: fields.extra,
        })
    }
}

/// GOWS writes an empty text where it has no id.
fn named(id: Option<ChatId>) -> Option<ChatId> {
    id.filter(|id| !id.as_str().is_empty())
}
