//! Groups, as NOWEB was recorded to describe them, and what all engines answer alike.

use serde_json::json;
use waha_client::ChatId;
use waha_client::api::groups::{self, Group, GroupParticipant, GroupQuery, GroupRole};
use waha_client::types::PictureSource;
use wiremock::ResponseTemplate;

use crate::{answered, ok, session};

fn group() -> ChatId {
    ChatId::group("120363000000000001").unwrap()
}

fn chat(text: &str) -> ChatId {
    ChatId::parse(text).unwrap()
}

#[tokio::test]
async fn a_group_just_made_reads() {
    let answer = ResponseTemplate::new(201).set_body_json(json!({
        "id": "12036301795220965814@g.us", "subject": "G", "owner": "6281200000001@s.whatsapp.net",
        "creation": 1_795_220_965, "size": 2,
        "participants": [
            {"id": "6281200000001@s.whatsapp.net", "admin": "superadmin"},
            {"id": "6281200000002@c.us", "admin": null},
        ],
    }));
    let people = [chat("6281200000002@c.us")];
    let group = answered(groups::create(&session(), "G", &people), answer)
        .await
        .unwrap();
    assert_eq!(group.id.as_str(), "12036301795220965814@g.us");
    assert_eq!(group.subject.as_deref(), Some("G"));
    assert_eq!(group.owner, Some(chat("6281200000001@c.us")));
    assert_eq!(
        (group.created_s, group.size),
        (Some(1_795_220_965), Some(2))
    );
    let people = group.participants.unwrap();
    let roles: Vec<_> = people.iter().map(|person| person.role.as_str()).collect();
    assert_eq!(roles, ["superadmin", "participant"]);
    assert_eq!(people[1].id, chat("6281200000002@c.us"));
    assert!(group.extra.is_empty());
}

#[tokio::test]
async fn groups_come_by_id_or_as_an_array() {
    let one = json!({
        "id": "120363000000000001@g.us", "subject": "Rig Group", "owner": "6281200000001@s.whatsapp.net",
        "creation": 1_700_000_000, "size": 2, "desc": "desc", "addressingMode": "pn",
        "participants": [{"id": "6281200000001@s.whatsapp.net", "admin": "superadmin"}],
    });
    let other = json!({"id": "12036301795220965814@g.us", "subject": "G", "size": 2});
    let by_id = json!({"120363000000000001@g.us": one, "12036301795220965814@g.us": other});
    let array = json!([one, other]);
    for body in [by_id, array] {
        let mut groups = answered(groups::list(&session(), &GroupQuery::new()), ok(body))
            .await
            .unwrap();
        groups.sort_by_key(|group| group.description.is_none());
        let [rig, bare] = groups.as_slice() else {
            panic!("two groups, not {}", groups.len())
        };
        assert_eq!(rig.subject.as_deref(), Some("Rig Group"));
        assert_eq!(rig.description.as_deref(), Some("desc"));
        assert_eq!(rig.extra["addressingMode"], "pn");
        assert!(bare.participants.is_none());
    }
    let none = answered(groups::list(&session(), &GroupQuery::new()), ok(json!([])));
    assert!(none.await.unwrap().is_empty());
    let odd = answered(
        groups::list(&session(), &GroupQuery::new()),
        ok(json!("no")),
    );
    assert!(odd.await.is_err());
}

#[test]
fn what_has_no_id_is_no_group_and_nobody() {
    assert!(serde_json::from_value::<Group>(json!({"subject": "G"})).is_err());
    assert!(serde_json::from_value::<GroupParticipant>(json!({"role": "admin"})).is_err());
}

#[tokio::test]
async fn people_read_in_the_form_for_all_engines() {
    let body = json!([
        {"id": "1@lid", "pn": "6281200000002@c.us", "role": "admin"},
        {"id": "6281200000003@c.us", "role": "left"},
        {"id": "6281200000004@c.us", "pn": null, "role": "guest", "later": 1},
    ]);
    let people = answered(groups::participants(&session(), &group()), ok(body))
        .await
        .unwrap();
    assert_eq!(people[0].phone, Some(chat("6281200000002@c.us")));
    assert_eq!(people[1].role, GroupRole::Left);
    assert_eq!(people[2].role, GroupRole::Unknown("guest".into()));
    assert_eq!(people[2].extra["later"], 1);
}

#[tokio::test]
async fn short_answers_about_groups_read() {
    let (s, g) = (session(), group());
    let refreshed = answered(groups::refresh(&s), ok(json!({"success": true})));
    assert!(refreshed.await.unwrap());
    let count = answered(groups::count(&s), ok(json!({"count": 2})));
    assert_eq!(count.await.unwrap(), 2);
    let joined = answered(groups::join(&s, "AbC"), ok(json!({"id": "1@g.us"})));
    assert_eq!(joined.await.unwrap(), chat("1@g.us"));
    let joined = answered(
        groups::join(&s, "AbC"),
        ok(json!({"id": {"server": "g.us", "user": "1"}})),
    );
    assert_eq!(joined.await.unwrap(), chat("1@g.us"));
    let admins = answered(
        groups::info_admins_only(&s, &g),
        ok(json!({"adminsOnly": true})),
    );
    assert_eq!(admins.await.unwrap(), Some(true));
    let unsaid = answered(groups::messages_admins_only(&s, &g), ok(json!({})));
    assert_eq!(unsaid.await.unwrap(), None);
    let url = || groups::picture(&s, &g, PictureSource::Cache);
    let hidden = answered(url(), ok(json!({"url": null}))).await.unwrap();
    assert_eq!(hidden, None);
    let shown = answered(url(), ok(json!({"url": "https://h/a.jpg"})));
    assert_eq!(shown.await.unwrap().as_deref(), Some("https://h/a.jpg"));
}

#[tokio::test]
async fn a_change_says_yes_no_or_nothing() {
    for (body, verdict) in [
        ("true", Some(true)),
        ("false", Some(false)),
        ("", None),
        ("{}", None),
    ] {
        let answer = ResponseTemplate::new(200).set_body_string(body);
        let endpoint = groups::set_subject(&session(), &group(), "S");
        assert_eq!(answered(endpoint, answer).await.unwrap(), verdict, "{body}");
    }
    let people = [chat("628@c.us")];
    let empty = groups::promote(&session(), &group(), &people);
    let answer = answered(empty, ResponseTemplate::new(200)).await.unwrap();
    assert!(answer.is_none());
    let body = json!([{"status": "200", "jid": "628@s.whatsapp.net"}]);
    let each = groups::add_participants(&session(), &group(), &people);
    let answer = answered(each, ok(body.clone())).await.unwrap().unwrap();
    assert_eq!(answer.to_value(), body);
}

#[tokio::test]
async fn an_invite_code_reads_with_and_without_quotes_and_nothing_else_is_one() {
    for (body, code) in [
        ("AbC123", Some("AbC123")),
        ("\"AbC123\"", Some("AbC123")),
        (
            "https://chat.whatsapp.com/AbC\n",
            Some("https://chat.whatsapp.com/AbC"),
        ),
        ("123", Some("123")),
        ("", None),
        ("\"\"", None),
        ("\" \"", None),
        ("{}", None),
        ("<html>", None),
        ("not now", None),
    ] {
        let answer = ResponseTemplate::new(200).set_body_string(body);
        let read = answered(groups::invite_code(&session(), &group()), answer).await;
        assert_eq!(read.ok().as_deref(), code, "{body}");
    }
}

#[tokio::test]
async fn an_unknown_group_is_the_engines_error() {
    let answer = ResponseTemplate::new(500).set_body_json(json!({
        "statusCode": 500, "timestamp": "2026-11-21T00:20:11.111Z",
        "exception": {
            "message": "Group with id '120363000000009999@g.us' not found", "name": "Error", "stack": "Error: ...",
        },
        "request": {"path": "/api/default/groups/120363000000009999@g.us", "method": "GET", "query": {}},
        "version": {"version": "2026.7.1", "engine": "NOWEB", "tier": "CORE"},
    }));
    let error = answered(groups::get(&session(), &group()), answer)
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(500));
    assert!(error.server_message().unwrap().contains("not found"));
}
