//! The pairs of phone number and LID within events. Engines put them in different places of their own form of a message.
//!
//! A wrong pair is worse than none: somebody's reply would count as somebody else's. So Baileys' `remoteJidAlt` is not read
//! from own messages, where it can be the writer's number beside the reader's chat, and the account's own number or LID is
//! paired with the account's other one alone.

use serde::Deserialize;
use serde_json::Value;

use crate::api::groups::GroupParticipant;
use crate::events::{Event, Payload};
use crate::ids::ChatId;
use crate::types::{Me, Message, Raw, readable};

/// The pairs that an event carries, not all of them one number and one LID.
pub(super) fn pairs(event: &Event) -> Vec<(ChatId, ChatId)> {
    let mut pairs = Pairs::default();
    match &event.payload {
        Payload::Message(message)
        | Payload::AnyMessage(message)
        | Payload::WaitingMessage(message) => {
            pairs.of_message(message);
        }
        Payload::GroupJoined(change)
        | Payload::GroupLeft(change)
        | Payload::GroupUpdated(change) => {
            pairs.of_people(change.group.participants.as_deref().unwrap_or_default());
        }
        Payload::GroupParticipants(change) => {
            pairs.of_people(change.group.participants.as_deref().unwrap_or_default());
            pairs.of_people(&change.participants);
        }
        _ => {}
    }
    let mut pairs = pairs.0;
    if let Some(me) = &event.me {
        pairs.retain(|(one, other)| is_own(me, one) == is_own(me, other));
        pairs.extend(me.lid.clone().map(|lid| (me.id.clone(), lid)));
    }
    pairs
}

fn is_own(me: &Me, id: &ChatId) -> bool {
    *id == me.id || me.lid.as_ref() == Some(id)
}

#[derive(Default)]
struct Pairs(Vec<(ChatId, ChatId)>);

impl Pairs {
    fn add(&mut self, one: Option<&ChatId>, other: Option<&ChatId>) {
        if let (Some(one), Some(other)) = (one, other)
            && one != other
        {
            self.0.push((one.clone(), other.clone()));
        }
    }

    fn of_people(&mut self, people: &[GroupParticipant]) {
        for person in people {
            self.add(Some(&person.id), person.phone.as_ref());
            let lid = person.extra.get("lid").and_then(Value::as_str);
            self.add(Some(&person.id), lid.map(ChatId::lenient).as_ref());
        }
    }

    fn of_message(&mut self, message: &Message) {
        let read = message.data.as_ref().map(Raw::read::<EngineMessage>);
        let Some(Ok(engine)) = read else {
            return;
        };
        if let Some(key) = &engine.key {
            let participant = key.participant.as_ref();
            for other in [
                &key.participant_alt,
                &key.participant_pn,
                &key.participant_lid,
            ] {
                self.add(participant, other.as_ref());
            }
            if !message.is_from_me() && participant.is_none() {
                for other in [&key.remote_alt, &key.sender_pn, &key.sender_lid] {
                    self.add(key.remote.as_ref(), other.as_ref());
                }
            }
        }
        if let Some(info) = &engine.info {
            self.add(info.sender.as_ref(), info.sender_alt.as_ref());
            if message.is_from_me() {
                self.add(info.chat.as_ref(), info.recipient_alt.as_ref());
            }
        }
    }
}

/// What NOWEB (Baileys) and GOWS (whatsmeow) tell of who wrote to whom.
#[derive(Deserialize)]
struct EngineMessage {
    #[serde(default, deserialize_with = "readable")]
    key: Option<BaileysKey>,
    #[serde(rename = "Info", default, deserialize_with = "readable")]
    info: Option<WhatsmeowInfo>,
}

/// Baileys 7 has the `Alt` fields, versions before it those named by what they hold.
#[derive(Default, Deserialize)]
#[serde(default)]
struct BaileysKey {
    #[serde(rename = "remoteJid", deserialize_with = "readable")]
    remote: Option<ChatId>,
    #[serde(rename = "remoteJidAlt", deserialize_with = "readable")]
    remote_alt: Option<ChatId>,
    #[serde(rename = "senderPn", deserialize_with = "readable")]
    sender_pn: Option<ChatId>,
    #[serde(rename = "senderLid", deserialize_with = "readable")]
    sender_lid: Option<ChatId>,
    #[serde(deserialize_with = "readable")]
    participant: Option<ChatId>,
    #[serde(rename = "participantAlt", deserialize_with = "readable")]
    participant_alt: Option<ChatId>,
    #[serde(rename = "participantPn", deserialize_with = "readable")]
    participant_pn: Option<ChatId>,
    #[serde(rename = "participantLid", deserialize_with = "readable")]
    participant_lid: Option<ChatId>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct WhatsmeowInfo {
    #[serde(deserialize_with = "readable")]
    chat: Option<ChatId>,
    #[serde(deserialize_with = "readable")]
    sender: Option<ChatId>,
    #[serde(deserialize_with = "readable")]
    sender_alt: Option<ChatId>,
    #[serde(deserialize_with = "readable")]
    recipient_alt: Option<ChatId>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;
    use tokio::time::Instant;

    use super::*;
    use crate::lids::{LidCache, Remembered};

    /// The pairs learnt from an event, as (LID, phone) of the asked LIDs.
    fn learnt(kind: &str, me: &Value, payload: &Value) -> Vec<(String, String)> {
        let event = json!({"id": "evt_1", "event": kind, "session": "default", "me": me, "payload": payload});
        let event = Event::parse(event.to_string().as_bytes()).unwrap();
        assert!(!matches!(event.payload, Payload::Unknown(_)), "{payload}");
        let mut cache = LidCache::new(10);
        cache.learn_from(&event);
        let mut pairs = Vec::new();
        for number in ["1", "2", "3"] {
            let lid = ChatId::lid(number).unwrap();
            if let Remembered::As(phone) = cache.phone_of(&lid, Instant::now()) {
                pairs.push((number.to_owned(), phone.user().to_owned()));
            }
        }
        assert_eq!(pairs.len(), cache.len(), "{payload}");
        pairs
    }

    fn message(from_me: bool, data: &Value) -> Value {
        json!({"id": format!("{from_me}_1@lid_3EB0"), "timestamp": 1, "from": "1@lid", "fromMe": from_me, "_data": data})
    }

    #[test]
    fn pairs_are_found_in_the_messages_of_each_engine() {
        const A: &str = "6281200000001";
        const B: &str = "6281200000002";
        let pn = |digits: &str| format!("{digits}:12@s.whatsapp.net");
        let key = |key: Value| json!({"key": key});
        let info = |info: Value| json!({"Info": info});
        for (from_me, data, pairs) in [
            (
                false,
                key(json!({"remoteJid": "1@lid", "remoteJidAlt": pn(A), "participant": null})),
                vec![("1", A)],
            ),
            (
                false,
                key(json!({"remoteJid": pn(A), "remoteJidAlt": "1@lid"})),
                vec![("1", A)],
            ),
            (
                false,
                key(json!({"remoteJid": "1@lid", "senderPn": pn(A)})),
                vec![("1", A)],
            ),
            (
                false,
                key(json!({"remoteJid": pn(A), "senderLid": "1@lid"})),
                vec![("1", A)],
            ),
            (
                true,
                key(json!({"remoteJid": "1@lid", "remoteJidAlt": pn(B)})),
                vec![],
            ),
            (
                false,
                key(
                    json!({"remoteJid": "9@g.us", "participant": "2@lid", "participantAlt": pn(B)}),
                ),
                vec![("2", B)],
            ),
            (
                false,
                key(json!({"remoteJid": "9@g.us", "participant": "2@lid", "participantPn": pn(B)})),
                vec![("2", B)],
            ),
            (
                false,
                info(
                    json!({"Chat": "1@lid", "Sender": "1:7@lid", "SenderAlt": pn(A), "RecipientAlt": ""}),
                ),
                vec![("1", A)],
            ),
            (
                true,
                info(
                    json!({"Chat": "1@lid", "Sender": "2@lid", "SenderAlt": pn(B), "RecipientAlt": pn(A)}),
                ),
                vec![("1", A), ("2", B)],
            ),
            (
                false,
                key(json!({"remoteJid": 7, "remoteJidAlt": pn(A)})),
                vec![],
            ),
            (false, json!({"key": "odd", "Info": []}), vec![]),
            (false, json!([]), vec![]),
            (false, json!(null), vec![]),
        ] {
            let found = learnt("message.any", &json!(null), &message(from_me, &data));
            let found: Vec<_> = found.iter().map(|(lid, pn)| (&**lid, &**pn)).collect();
            assert_eq!(found, pairs, "{data}");
        }
    }

    #[test]
    fn the_account_is_paired_with_itself_alone() {
        let with_lid = json!({"id": "6281200000009@c.us", "lid": "3@lid"});
        let without = json!({"id": "6281200000009@c.us"});
        let own_number =
            json!({"key": {"remoteJid": "1@lid", "remoteJidAlt": "6281200000009@s.whatsapp.net"}});
        let found = learnt("message", &with_lid, &message(false, &own_number));
        assert_eq!(found, [("3".to_owned(), "6281200000009".to_owned())]);
        let found = learnt("message", &without, &message(false, &own_number));
        assert_eq!(found, []);
    }

    #[test]
    fn people_of_groups_tell_their_pairs() {
        let people = json!([
            {"id": "1@lid", "pn": "6281200000001@c.us", "role": "admin"},
            {"id": "6281200000002@c.us", "lid": "2@lid", "role": "participant"},
            {"id": "6281200000003@c.us", "role": "participant"},
        ]);
        let group = json!({"timestamp": 1, "group": {"id": "9@g.us", "participants": people}});
        let change = json!({"type": "join", "timestamp": 1, "group": {"id": "9@g.us"}, "participants": people});
        for (kind, payload) in [("group.v2.join", group), ("group.v2.participants", change)] {
            let found = learnt(kind, &json!(null), &payload);
            assert_eq!(found.len(), 2, "{kind}");
        }
    }
}
