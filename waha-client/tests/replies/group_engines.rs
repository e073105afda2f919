//! Groups as each engine describes them: NOWEB as recorded, the others as the sources of WAHA, whatsmeow, whatsapp-web.js,
//! WPPConnect and wa-js have them.

use serde_json::{Value, json};
use waha_client::ChatId;
use waha_client::api::groups::{self, Group, GroupParticipant, GroupQuery, GroupRole};
use wiremock::ResponseTemplate;

use crate::{answered, read, session};

fn group() -> ChatId {
    ChatId::group("120363000000000001").unwrap()
}

fn chat(text: &str) -> ChatId {
    ChatId::parse(text).unwrap()
}

/// The same group as each engine describes it, with its people: who made it, an admin, somebody else.
fn described() -> [(&'static str, Value); 5] {
    let metadata = json!({
        "id": {"server": "g.us", "user": "120363000000000001", "_serialized": "120363000000000001@g.us"},
        "creation": 1_700_000_000, "owner": {"server": "c.us", "user": "6281200000001", "_serialized": "6281200000001@c.us"},
        "subject": "Rig Group", "desc": "desc", "descId": "3EB0", "restrict": true, "announce": false, "size": 3,
        "memberAddMode": "admin_add", "pendingParticipants": [],
        "participants": [
            {"id": {"server": "c.us", "user": "6281200000001", "_serialized": "6281200000001@c.us"}, "isAdmin": true, "isSuperAdmin": true},
            {"id": {"server": "c.us", "user": "6281200000002", "$1": "6281200000002@c.us"}, "isAdmin": true, "isSuperAdmin": false},
            {"id": {"server": "c.us", "user": "6281200000003", "_serialized": "6281200000003@c.us"}, "isAdmin": false, "isSuperAdmin": false},
        ],
    });
    let wid = json!({"server": "g.us", "user": "120363000000000001", "_serialized": "120363000000000001@g.us"});
    [
        (
            "NOWEB",
            json!({
                "id": "120363000000000001@g.us", "addressingMode": "pn", "subject": "Rig Group", "subjectTime": 1_700_000_000,
                "owner": "6281200000001@s.whatsapp.net", "creation": 1_700_000_000, "size": 3, "desc": "desc", "descId": "3EB0",
                "restrict": true, "announce": false, "memberAddMode": false, "joinApprovalMode": false,
                "participants": [
                    {"id": "6281200000001@s.whatsapp.net", "admin": "superadmin"},
                    {"id": "6281200000002@s.whatsapp.net", "admin": "admin"},
                    {"id": "6281200000003@s.whatsapp.net", "admin": null},
                ],
            }),
        ),
        (
            "GOWS",
            json!({
                "JID": "120363000000000001@g.us", "OwnerJID": "6281200000001@s.whatsapp.net", "OwnerPN": "", "Name": "Rig Group",
                "NameSetAt": "2023-11-14T22:13:20Z", "Topic": "desc", "TopicID": "3EB0", "IsLocked": true, "IsAnnounce": false,
                "GroupCreated": "2023-11-15T01:13:20+03:00", "ParticipantCount": 3, "MemberAddMode": "admin_add",
                "Participants": [
                    {"JID": "6281200000001@s.whatsapp.net", "PhoneNumber": "", "LID": "", "IsAdmin": true, "IsSuperAdmin": true},
                    {"JID": "6281200000002:4@s.whatsapp.net", "IsAdmin": true, "IsSuperAdmin": false},
                    {"JID": "6281200000003@s.whatsapp.net", "IsAdmin": false, "IsSuperAdmin": false, "Error": 0, "AddRequest": null},
                ],
            }),
        ),
        (
            "WEBJS",
            json!({
                "groupMetadata": metadata, "id": wid, "name": "Rig Group", "isGroup": true, "isReadOnly": false, "unreadCount": 2,
                "timestamp": 1_795_220_409, "archived": false, "pinned": false, "isMuted": false, "muteExpiration": 0,
            }),
        ),
        (
            "WPP, one of a list",
            json!({
                "id": "120363000000000001@g.us", "t": 1_795_220_409, "unreadCount": 2, "kind": "group", "isGroup": true,
                "contact": {"id": wid, "name": "Rig Group"}, "groupMetadata": metadata, "presence": null, "msgs": null,
            }),
        ),
        (
            "WPP, alone",
            json!({"id": wid, "t": 1_795_220_409, "kind": "group", "isGroup": true, "groupMetadata": metadata, "msgs": null}),
        ),
    ]
}

fn is_the_rig_group(group: &Group, engine: &str) {
    assert_eq!(group.id, self::group(), "{engine}");
    assert_eq!(group.subject.as_deref(), Some("Rig Group"), "{engine}");
    assert_eq!(group.description.as_deref(), Some("desc"), "{engine}");
    assert_eq!(group.owner, Some(chat("6281200000001@c.us")), "{engine}");
    assert_eq!(group.created_s, Some(1_700_000_000), "{engine}");
    assert_eq!(group.size, Some(3), "{engine}");
    assert_eq!(
        (group.info_admins_only, group.messages_admins_only),
        (Some(true), Some(false)),
        "{engine}"
    );
    let people = group.participants.as_deref().unwrap_or_default();
    are_its_people(people, engine);
}

fn are_its_people(people: &[GroupParticipant], engine: &str) {
    let told: Vec<_> = people
        .iter()
        .map(|person| (person.id.as_str(), person.role.as_str()))
        .collect();
    let expected = [
        ("6281200000001@c.us", "superadmin"),
        ("6281200000002@c.us", "admin"),
        ("6281200000003@c.us", "participant"),
    ];
    assert_eq!(told, expected, "{engine}");
    let by_phone = people
        .iter()
        .all(|person| person.phone.as_ref() == Some(&person.id));
    assert!(by_phone, "{engine}");
}

#[tokio::test]
async fn a_group_reads_the_same_whatever_the_engine() {
    let s = session();
    for (engine, body) in described() {
        is_the_rig_group(&read(groups::get(&s, &group()), body.clone()).await, engine);
        let list = match engine {
            "NOWEB" => json!({"120363000000000001@g.us": body}),
            _ => json!([body]),
        };
        let list = read(groups::list(&s, &GroupQuery::new()), list).await;
        assert_eq!(list.len(), 1, "{engine}");
        is_the_rig_group(&list[0], engine);
    }
}

#[tokio::test]
async fn what_an_engine_tells_beyond_that_of_a_group_is_kept() {
    let [noweb, gows, webjs, ..] = described().map(|(_, body)| body);
    let read = |body| serde_json::from_value::<Group>(body).unwrap().extra;
    assert_eq!(read(noweb)["addressingMode"], "pn");
    assert_eq!(read(gows)["MemberAddMode"], "admin_add");
    let webjs = read(webjs);
    assert_eq!(webjs["unreadCount"], 2);
    assert_eq!(webjs["groupMetadata"]["memberAddMode"], "admin_add");
    assert!(webjs["groupMetadata"].get("subject").is_none());
}

#[tokio::test]
async fn one_odd_field_costs_no_list_of_groups() {
    for odd in [
        json!({"id": "120363000000000001@g.us", "subject": "G", "owner": 7, "restrict": "yes", "size": {}}),
        json!({"id": "120363000000000001@g.us", "subject": "G", "participants": [{"admin": "admin"}]}),
        json!({"id": "120363000000000001@g.us", "subject": "G", "groupMetadata": "none"}),
        json!({"JID": "120363000000000001@g.us", "Name": "G", "OwnerJID": "", "GroupCreated": "0001-01-01T00:00:00Z", "Topic": ""}),
    ] {
        let body = json!([odd, {"id": "1@g.us"}]);
        let list = read(groups::list(&session(), &GroupQuery::new()), body).await;
        assert_eq!((&list[0].id, list.len()), (&group(), 2), "{odd}");
        assert_eq!(list[0].subject.as_deref(), Some("G"), "{odd}");
        let nothing = (
            &list[0].owner,
            list[0].created_s,
            list[0].participants.as_ref(),
        );
        assert_eq!(nothing, (&None, None, None), "{odd}");
        assert!(list[0].description.is_none(), "{odd}");
    }
}

#[tokio::test]
async fn what_is_known_of_a_group_before_joining_it_is_a_group() {
    let mut described: Vec<_> = described().into_iter().take(3).collect();
    // Both browser engines tell what makes it a group, without the chat around it: WPP with ids as texts.
    let webjs = described[2].1["groupMetadata"].clone();
    let mut wpp = webjs.clone();
    wpp["id"] = json!("120363000000000001@g.us");
    wpp["owner"] = json!("6281200000001@c.us");
    described[2].1 = webjs;
    described.push(("WPP", wpp));
    for (engine, body) in described {
        is_the_rig_group(
            &read(groups::join_info(&session(), "AbC"), body).await,
            engine,
        );
    }
}

#[tokio::test]
async fn a_group_just_made_has_its_id_whatever_the_engine() {
    let people = [chat("6281200000002@c.us")];
    let wid = json!({"server": "g.us", "user": "120363000000000001", "_serialized": "120363000000000001@g.us"});
    let became = json!({"6281200000002@c.us": {"statusCode": 403, "message": "only by invitation", "isGroupCreator": false}});
    for (engine, body, subject) in [
        (
            "NOWEB",
            json!({"id": "120363000000000001@g.us", "subject": "G"}),
            Some("G"),
        ),
        (
            "GOWS",
            json!({"JID": "120363000000000001@g.us", "Name": "G", "Participants": null}),
            Some("G"),
        ),
        (
            "WEBJS",
            json!({"title": "G", "gid": wid, "participants": became}),
            Some("G"),
        ),
        ("WPP", json!({"gid": wid, "participants": became}), None),
    ] {
        let made = read(groups::create(&session(), "G", &people), body.clone()).await;
        assert_eq!(made.id, group(), "{engine}");
        assert_eq!(made.subject.as_deref(), subject, "{engine}");
        assert!(
            made.participants.is_none() && made.size.is_none(),
            "{engine}"
        );
        let told = made.extra.get("participants");
        assert_eq!(
            told.is_some(),
            matches!(engine, "WEBJS" | "WPP"),
            "{engine}"
        );
    }
    let sentence =
        ResponseTemplate::new(201).set_body_string("CreateGroupError: something went wrong");
    let failed = answered(groups::create(&session(), "G", &people), sentence).await;
    assert!(failed.is_err());
}

#[tokio::test]
async fn people_in_the_engines_own_form_read_as_participants() {
    for (engine, body) in described() {
        let people = match engine {
            "NOWEB" => &body["participants"],
            "GOWS" => &body["Participants"],
            _ => &body["groupMetadata"]["participants"],
        };
        let raw = read(
            groups::engine_participants(&session(), &group()),
            people.clone(),
        )
        .await;
        are_its_people(&raw.read::<Vec<GroupParticipant>>().unwrap(), engine);
    }
}

#[tokio::test]
async fn people_hidden_behind_lids_keep_their_phones_where_the_engine_knows_them() {
    let phone = chat("6281200000002@c.us");
    for (engine, body, known) in [
        (
            "NOWEB",
            json!({"id": "1@lid", "phoneNumber": "6281200000002@s.whatsapp.net", "admin": "admin"}),
            true,
        ),
        (
            "GOWS",
            json!({"JID": "1@lid", "PhoneNumber": "6281200000002:3@s.whatsapp.net", "LID": "1@lid", "IsAdmin": true}),
            true,
        ),
        (
            "GOWS",
            json!({"JID": "1@lid", "PhoneNumber": "", "IsAdmin": true}),
            false,
        ),
        (
            "WEBJS",
            json!({"id": {"server": "lid", "user": "1", "_serialized": "1@lid"}, "isAdmin": true}),
            false,
        ),
        (
            "any, in the form for all",
            json!({"id": "1@lid", "pn": "6281200000002@c.us", "role": "admin"}),
            true,
        ),
        (
            "WPP, in the form for all",
            json!({"id": "1@lid", "pn": null, "role": "admin"}),
            false,
        ),
    ] {
        let people = read(groups::participants(&session(), &group()), json!([body])).await;
        assert_eq!(people[0].id, chat("1@lid"), "{engine}");
        assert_eq!(
            people[0].phone.as_ref(),
            known.then_some(&phone),
            "{engine}"
        );
        assert_eq!(people[0].role, GroupRole::Admin, "{engine}");
    }
}

#[tokio::test]
async fn every_engines_answer_to_a_change_of_people_is_taken() {
    let people = [chat("6281200000002@c.us")];
    for (engine, body) in [
        (
            "NOWEB",
            json!([{"status": "403", "jid": "6281200000002@s.whatsapp.net", "content": {"tag": "participant"}}]),
        ),
        (
            "GOWS",
            json!([{"JID": "6281200000002@s.whatsapp.net", "Error": 403, "AddRequest": {"Code": "AbC"}}]),
        ),
        (
            "WEBJS, added",
            json!({"6281200000002@c.us": {"code": 403, "message": "by invitation", "isInviteV4Sent": true}}),
        ),
        ("WEBJS, otherwise", json!({"status": 200})),
        (
            "WPP, added",
            json!({"6281200000002@c.us": {"wid": "6281200000002@c.us", "code": 403, "invite_code": "AbC"}}),
        ),
        ("WPP, otherwise", json!(true)),
    ] {
        let answer = read(
            groups::add_participants(&session(), &group(), &people),
            body.clone(),
        )
        .await;
        assert_eq!(answer.unwrap().to_value(), body, "{engine}");
    }
}
