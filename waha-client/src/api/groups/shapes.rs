//! Groups in the words of NOWEB (recorded), GOWS, WEBJS and WPP (sources of WAHA, whatsmeow, whatsapp-web.js and wa-js).

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Group, GroupParticipant, GroupRole};
use crate::ids::{ChatId, any_chat};
use crate::types::{Extra, optional_number, readable, text};

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

/// One field for each name that an engine has for a thing: small letters are NOWEB's, whatsapp-web.js' and the
/// specification's, capitals whatsmeow's.
///
/// WEBJS and WPP tell of a group as of a chat, with what makes it a group in `groupMetadata`, under NOWEB's names.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GroupFields {
    #[serde(deserialize_with = "any_chat")]
    id: Option<ChatId>,
    #[serde(rename = "JID", deserialize_with = "any_chat")]
    jid: Option<ChatId>,
    /// What WEBJS and WPP call the id of a group they have just made.
    #[serde(deserialize_with = "any_chat")]
    gid: Option<ChatId>,
    #[serde(deserialize_with = "text")]
    subject: Option<String>,
    #[serde(rename = "Name", deserialize_with = "text")]
    gows_name: Option<String>,
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    title: Option<String>,
    #[serde(deserialize_with = "text")]
    desc: Option<String>,
    #[serde(deserialize_with = "text")]
    description: Option<String>,
    #[serde(rename = "Topic", deserialize_with = "text")]
    topic: Option<String>,
    #[serde(deserialize_with = "any_chat")]
    owner: Option<ChatId>,
    #[serde(rename = "OwnerJID", deserialize_with = "any_chat")]
    owner_jid: Option<ChatId>,
    #[serde(deserialize_with = "optional_number")]
    creation: Option<i64>,
    #[serde(rename = "GroupCreated", deserialize_with = "readable")]
    created: Option<jiff::Timestamp>,
    #[serde(deserialize_with = "optional_number")]
    size: Option<i64>,
    #[serde(rename = "ParticipantCount", deserialize_with = "optional_number")]
    participant_count: Option<i64>,
    participants: Option<People>,
    #[serde(rename = "Participants")]
    gows_participants: Option<People>,
    #[serde(deserialize_with = "readable")]
    restrict: Option<bool>,
    #[serde(rename = "IsLocked", deserialize_with = "readable")]
    is_locked: Option<bool>,
    #[serde(deserialize_with = "readable")]
    announce: Option<bool>,
    #[serde(rename = "IsAnnounce", deserialize_with = "readable")]
    is_announce: Option<bool>,
    #[serde(rename = "groupMetadata", deserialize_with = "readable")]
    metadata: Option<Box<GroupFields>>,
    #[serde(flatten)]
    extra: Extra,
}

impl TryFrom<GroupFields> for Group {
    type Error = &'static str;

    fn try_from(fields: GroupFields) -> Result<Self, Self::Error> {
        let metadata = *fields.metadata.unwrap_or_default();
        let mut extra = fields.extra;
        if !metadata.extra.is_empty() {
            extra.insert("groupMetadata".to_owned(), metadata.extra.into());
        }
        let people = fields
            .participants
            .or(fields.gows_participants)
            .or(metadata.participants);
        let participants = match people {
            Some(People::List(people)) => Some(people),
            Some(People::Other(other)) => {
                extra.insert("participants".to_owned(), other);
                None
            }
            None => None,
        };
        let count = participants.as_ref().map(Vec::len);
        let id = fields.id.or(fields.jid).or(fields.gid).or(metadata.id);
        Ok(Self {
            id: id.ok_or("a group without an id")?,
            subject: fields
                .subject
                .or(fields.gows_name)
                .or(metadata.subject)
                .or(fields.name)
                .or(fields.title),
            description: fields
                .desc
                .or(fields.description)
                .or(fields.topic)
                .or(metadata.desc),
            owner: fields.owner.or(fields.owner_jid).or(metadata.owner),
            created_s: fields
                .creation
                .or(fields.created.map(jiff::Timestamp::as_second))
                .or(metadata.creation)
                .filter(|created_s| *created_s > 0),
            size: fields
                .size
                .or(fields.participant_count)
                .or(metadata.size)
                .or(count.and_then(|count| i64::try_from(count).ok())),
            participants,
            info_admins_only: fields.restrict.or(fields.is_locked).or(metadata.restrict),
            messages_admins_only: fields.announce.or(fields.is_announce).or(metadata.announce),
            extra,
        })
    }
}

/// Who is in a group, or what else an engine writes there: WEBJS and WPP tell of a group they have just made what became of
/// whom, which does not mean that they are in it.
#[derive(Deserialize)]
#[serde(untagged)]
enum People {
    List(Vec<GroupParticipant>),
    Other(Value),
}

/// `role` and `pn` are the specification's, `admin` and `phoneNumber` NOWEB's own, the flags whatsapp-web.js' (WEBJS, WPP)
/// and, in capitals, whatsmeow's (GOWS).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ParticipantFields {
    #[serde(deserialize_with = "any_chat")]
    id: Option<ChatId>,
    #[serde(rename = "JID", deserialize_with = "any_chat")]
    jid: Option<ChatId>,
    #[serde(deserialize_with = "any_chat")]
    pn: Option<ChatId>,
    #[serde(rename = "phoneNumber", deserialize_with = "any_chat")]
    phone_number: Option<ChatId>,
    #[serde(rename = "PhoneNumber", deserialize_with = "any_chat")]
    gows_phone_number: Option<ChatId>,
    #[serde(deserialize_with = "readable")]
    role: Option<GroupRole>,
    #[serde(deserialize_with = "readable")]
    admin: Option<GroupRole>,
    #[serde(rename = "isAdmin", deserialize_with = "readable")]
    is_admin: Option<bool>,
    #[serde(rename = "isSuperAdmin", deserialize_with = "readable")]
    is_super_admin: Option<bool>,
    #[serde(rename = "IsAdmin", deserialize_with = "readable")]
    gows_is_admin: Option<bool>,
    #[serde(rename = "IsSuperAdmin", deserialize_with = "readable")]
    gows_is_super_admin: Option<bool>,
    #[serde(flatten)]
    extra: Extra,
}

impl TryFrom<ParticipantFields> for GroupParticipant {
    type Error = &'static str;

    fn try_from(fields: ParticipantFields) -> Result<Self, Self::Error> {
        let id = fields
            .id
            .or(fields.jid)
            .ok_or("a participant without an id")?;
        let phone = fields
            .pn
            .or(fields.phone_number)
            .or(fields.gows_phone_number)
            .or_else(|| id.phone_digits().is_some().then(|| id.clone()));
        let is_super_admin = fields.is_super_admin.or(fields.gows_is_super_admin);
        let by_flags = match (is_super_admin, fields.is_admin.or(fields.gows_is_admin)) {
            (Some(true), _) => GroupRole::Superadmin,
            (_, Some(true)) => GroupRole::Admin,
            _ => GroupRole::Participant,
        };
        Ok(Self {
            id,
            phone,
            role: fields.role.or(fields.admin).unwrap_or(by_flags),
            extra: fields.extra,
        })
    }
}
