//! Events of groups, labels, presences, calls and polls as each engine builds them: NOWEB as recorded, the others as WAHA's
//! source has them.

use serde_json::json;
use waha_client::ChatId;
use waha_client::api::groups::GroupRole;
use waha_client::api::presence::PresenceStatus;
use waha_client::events::{ParticipantsChangeKind, Payload};

use crate::{chat, event};

fn group() -> ChatId {
    ChatId::group("120363000000000001").unwrap()
}

#[test]
fn a_change_of_a_groups_people_reads_the_same_whatever_the_engine() {
    let person = "6281200000002@c.us";
    for (engine, id, time, pn) in [
        (
            "NOWEB",
            json!("120363000000000001@g.us"),
            json!(1_795_220_409_123_i64),
            json!(person),
        ),
        (
            "GOWS",
            json!("120363000000000001@g.us"),
            json!(1_795_220_409_123_i64),
            json!(person),
        ),
        (
            "WEBJS",
            json!({"server": "g.us", "user": "120363000000000001"}),
            json!(1_795_220_409),
            json!(person),
        ),
        (
            "WPP",
            json!("120363000000000001@g.us"),
            json!(1_795_220_409),
            json!(null),
        ),
    ] {
        let payload = json!({
            "group": {"id": id}, "type": "promote", "timestamp": time,
            "participants": [{"id": person, "pn": pn, "role": "admin"}], "_data": {},
        });
        let Payload::GroupParticipants(read) = event("group.v2.participants", &payload).payload
        else {
            panic!("{engine}: not a change of people")
        };
        assert_eq!(
            (read.group.id, read.kind),
            (Some(group()), ParticipantsChangeKind::Promote),
            "{engine}"
        );
        assert_eq!(read.timestamp_ms / 1000, 1_795_220_409, "{engine}");
        let [one] = read.participants.as_slice() else {
            panic!("{engine}: one person")
        };
        assert_eq!(
            (&one.id, &one.phone, &one.role),
            (&chat(), &Some(chat()), &GroupRole::Admin),
            "{engine}"
        );
    }
}

#[test]
fn coming_into_a_group_and_its_changes_read_the_same_whatever_the_engine() {
    let people = json!([{"id": "6281200000002@c.us", "pn": null, "role": "superadmin"}]);
    for (engine, time, invite, can_add) in [
        (
            "NOWEB",
            json!(1_795_220_409_123_i64),
            json!("https://chat.whatsapp.com/AbC"),
            json!(true),
        ),
        (
            "GOWS",
            json!(1_795_220_409_123_i64),
            json!(null),
            json!(true),
        ),
        (
            "WEBJS",
            json!(1_795_220_409),
            json!("AbC"),
            json!("all_member_add"),
        ),
        ("WPP", json!(1_795_220_409), json!(null), json!(true)),
    ] {
        let payload = json!({
            "timestamp": time, "_data": {},
            "group": {
                "id": "120363000000000001@g.us", "subject": "G", "description": "", "invite": invite, "participants": people,
                "membersCanAddNewMember": can_add, "membersCanSendMessages": true, "newMembersApprovalRequired": false,
            },
        });
        for kind in ["group.v2.join", "group.v2.update", "group.v2.leave"] {
            let (Payload::GroupJoined(read)
            | Payload::GroupUpdated(read)
            | Payload::GroupLeft(read)) = event(kind, &payload).payload
            else {
                panic!("{engine}: {kind}")
            };
            assert_eq!(read.timestamp_ms / 1000, 1_795_220_409, "{engine}");
            let told = &read.group;
            assert_eq!(
                (told.id.as_ref(), told.subject.as_deref()),
                (Some(&group()), Some("G")),
                "{engine}"
            );
            assert_eq!(told.description.as_deref(), Some(""), "{engine}");
            assert_eq!(told.new_members_approval_required, Some(false), "{engine}");
            let people = told.participants.as_deref().unwrap();
            assert_eq!(
                (&people[0].id, &people[0].role),
                (&chat(), &GroupRole::Superadmin),
                "{engine}"
            );
        }
    }
}

#[test]
fn a_labelled_chat_reads_the_same_whatever_the_engine() {
    for (engine, label_id, label) in [
        (
            "NOWEB, GOWS",
            json!("4"),
            json!({"id": "4", "name": "Lunas", "color": 3, "colorHex": "#64c4ff"}),
        ),
        (
            "WPP",
            json!("4"),
            json!({"id": 4, "name": "Lunas", "colorIndex": 3, "hexColor": "#64c4ff", "count": 2}),
        ),
        ("WPP, without the label", json!(4), json!(null)),
    ] {
        let payload = json!({"labelId": label_id, "chatId": "6281200000002@c.us", "label": label});
        let Payload::LabelAdded(read) = event("label.chat.added", &payload).payload else {
            panic!("{engine}: not a labelled chat")
        };
        assert_eq!(
            (read.label_id.as_str(), &read.chat_id),
            ("4", &chat()),
            "{engine}"
        );
        let told = read
            .label
            .map(|label| (label.id, label.name, label.color, label.color_hex));
        let lunas = (
            "4".to_owned(),
            Some("Lunas".to_owned()),
            Some(3),
            Some("#64c4ff".to_owned()),
        );
        assert_eq!(
            told,
            (engine != "WPP, without the label").then_some(lunas),
            "{engine}"
        );
    }
}

#[test]
fn presences_and_calls_read_the_same_whatever_the_engine() {
    for (engine, last_seen) in [
        ("NOWEB, GOWS, WEBJS", json!(1_795_220_409)),
        ("WPP", json!(null)),
    ] {
        let payload = json!({
            "id": "6281200000002@c.us",
            "presences": [{"participant": "6281200000002@c.us", "lastKnownPresence": "typing", "lastSeen": last_seen}],
        });
        let Payload::Presence(read) = event("presence.update", &payload).payload else {
            panic!("{engine}: not a presence")
        };
        let people = read.presences.unwrap();
        assert_eq!(
            (read.id, &people[0].participant),
            (chat(), &chat()),
            "{engine}"
        );
        assert_eq!(
            people[0].last_known_presence,
            Some(PresenceStatus::Typing),
            "{engine}"
        );
        assert_eq!(people[0].last_seen_s, last_seen.as_i64(), "{engine}");
    }
    for (engine, time, data) in [
        ("NOWEB", json!(1_795_220_409), json!({"status": "offer"})),
        (
            "GOWS",
            json!(1_795_220_409.123),
            json!({"CallID": "CALL1", "Data": {"Attrs": {}}}),
        ),
        (
            "WEBJS",
            json!(1_795_220_409),
            json!({"peerJid": "6281200000002@c.us"}),
        ),
        (
            "WPP",
            json!(1_795_220_409_123_i64),
            json!([{"id": "CALL1"}]),
        ),
    ] {
        let payload = json!({
            "id": "CALL1", "from": "6281200000002@c.us", "timestamp": time, "isVideo": true, "isGroup": false, "_data": data,
        });
        let Payload::CallReceived(read) = event("call.received", &payload).payload else {
            panic!("{engine}: not a call")
        };
        assert_eq!(
            (read.id.as_str(), read.from),
            ("CALL1", Some(chat())),
            "{engine}"
        );
        assert_eq!(
            (read.timestamp_s, read.is_video),
            (1_795_220_409, Some(true)),
            "{engine}"
        );
    }
}

#[test]
fn a_vote_reads_the_same_whatever_the_engine() {
    for (engine, time, options) in [
        ("NOWEB", json!(1_795_220_409_123_i64), json!(["Senin"])),
        ("GOWS", json!("1795220409123"), json!(["Senin"])),
        (
            "GOWS, taken back",
            json!(1_795_220_409_123_i64),
            json!(null),
        ),
        ("WEBJS", json!(1_795_220_409_123_i64), json!(["Senin"])),
        ("WPP", json!(1_795_220_409), json!(["Senin"])),
    ] {
        let destination = json!({"id": "true_6281200000002@c.us_3EB0CC", "from": "me", "fromMe": true, "to": "6281200000002@c.us", "participant": null});
        let payload = json!({
            "poll": destination, "_data": {},
            "vote": {
                "id": "false_6281200000002@c.us_3EB0DD", "from": "6281200000002@c.us", "fromMe": false, "to": "me",
                "selectedOptions": options, "timestamp": time,
            },
        });
        let Payload::PollVote(read) = event("poll.vote", &payload).payload else {
            panic!("{engine}: not a vote")
        };
        assert_eq!(read.poll.id.unwrap().bare(), "3EB0CC", "{engine}");
        assert_eq!(
            (read.vote.from, read.vote.timestamp_ms / 1000),
            (Some(chat()), 1_795_220_409),
            "{engine}"
        );
        let chosen = if engine == "GOWS, taken back" { 0 } else { 1 };
        assert_eq!(read.vote.selected_options.len(), chosen, "{engine}");
    }
}
