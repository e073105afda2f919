//! Groups.

use serde_json::json;
use waha_client::api::groups::{self, GroupQuery, GroupSort};
use waha_client::types::PictureSource;
use waha_client::{ChatId, File, SessionName, Wait};

use crate::{chat, delete, get, post, put, puts, session};

const WAIT: Wait = Wait::Session;

fn session_and_group() -> (SessionName, ChatId) {
    (session(), ChatId::group("120363000000000001").unwrap())
}

#[tokio::test]
async fn groups_are_made_listed_and_counted() {
    let s = session();
    let people = [chat(), ChatId::lid("111").unwrap()];
    let body =
        json!({"name": "G", "participants": [{"id": "6281200000002@c.us"}, {"id": "111@lid"}]});
    let expected = post("/api/s_1/groups", Some(body), WAIT);
    puts(groups::create(&s, "G", &people), expected).await;

    let all = GroupQuery::new();
    puts(groups::list(&s, &all), get("/api/s_1/groups", WAIT)).await;
    let some = GroupQuery::new()
        .limit(10)
        .offset(20)
        .descending_by(GroupSort::Subject)
        .without_participants();
    let full =
        "/api/s_1/groups?sortBy=subject&sortOrder=desc&limit=10&offset=20&exclude=participants";
    puts(groups::list(&s, &some), get(full, WAIT)).await;
    let sorted = GroupQuery::new().ascending_by(GroupSort::Id);
    let by_id = "/api/s_1/groups?sortBy=id&sortOrder=asc";
    puts(groups::list(&s, &sorted), get(by_id, WAIT)).await;

    puts(groups::count(&s), get("/api/s_1/groups/count", WAIT)).await;
    let expected = post("/api/s_1/groups/refresh", None, WAIT);
    puts(groups::refresh(&s), expected).await;
}

#[tokio::test]
async fn groups_are_joined_by_code_or_link_and_left() {
    let (s, g) = session_and_group();
    let link = "https://chat.whatsapp.com/AbC";
    let expected = "/api/s_1/groups/join-info?code=https%3A%2F%2Fchat.whatsapp.com%2FAbC";
    puts(groups::join_info(&s, link), get(expected, WAIT)).await;
    let body = Some(json!({"code": "AbC"}));
    let expected = post("/api/s_1/groups/join", body, WAIT);
    puts(groups::join(&s, "AbC"), expected).await;

    let path = "/api/s_1/groups/120363000000000001@g.us";
    puts(groups::get(&s, &g), get(path, WAIT)).await;
    puts(groups::delete(&s, &g), delete(path, WAIT)).await;
    let path = "/api/s_1/groups/120363000000000001@g.us/leave";
    puts(groups::leave(&s, &g), post(path, None, WAIT)).await;
}

#[tokio::test]
async fn a_groups_picture_and_texts() {
    let (s, g) = session_and_group();
    let path = "/api/s_1/groups/120363000000000001@g.us/picture";
    let cached = groups::picture(&s, &g, PictureSource::Cache);
    puts(cached, get(path, WAIT)).await;
    let fresh = groups::picture(&s, &g, PictureSource::WhatsApp);
    let refreshed = "/api/s_1/groups/120363000000000001@g.us/picture?refresh=true";
    puts(fresh, get(refreshed, WAIT)).await;
    let file = File::from_url("image/jpeg", "https://h/a.jpg");
    let body = json!({"file": {"mimetype": "image/jpeg", "url": "https://h/a.jpg"}});
    let expected = put(path, Some(body), Wait::Media);
    puts(groups::set_picture(&s, &g, &file), expected).await;
    puts(groups::delete_picture(&s, &g), delete(path, WAIT)).await;

    let path = "/api/s_1/groups/120363000000000001@g.us/description";
    let expected = put(path, Some(json!({"description": "D"})), WAIT);
    puts(groups::set_description(&s, &g, "D"), expected).await;
    let path = "/api/s_1/groups/120363000000000001@g.us/subject";
    let expected = put(path, Some(json!({"subject": "S"})), WAIT);
    puts(groups::set_subject(&s, &g, "S"), expected).await;
}

#[tokio::test]
async fn who_may_do_what_in_a_group() {
    let (s, g) = session_and_group();
    let path = "/api/s_1/groups/120363000000000001@g.us/settings/security/info-admin-only";
    puts(groups::info_admins_only(&s, &g), get(path, WAIT)).await;
    let expected = put(path, Some(json!({"adminsOnly": true})), WAIT);
    puts(groups::set_info_admins_only(&s, &g, true), expected).await;
    let path = "/api/s_1/groups/120363000000000001@g.us/settings/security/messages-admin-only";
    puts(groups::messages_admins_only(&s, &g), get(path, WAIT)).await;
    let expected = put(path, Some(json!({"adminsOnly": false})), WAIT);
    puts(groups::set_messages_admins_only(&s, &g, false), expected).await;

    let path = "/api/s_1/groups/120363000000000001@g.us/invite-code";
    puts(groups::invite_code(&s, &g), get(path, WAIT)).await;
    let path = "/api/s_1/groups/120363000000000001@g.us/invite-code/revoke";
    puts(groups::revoke_invite_code(&s, &g), post(path, None, WAIT)).await;
}

#[tokio::test]
async fn a_groups_people() {
    let (s, g) = session_and_group();
    let path = "/api/s_1/groups/120363000000000001@g.us/participants/v2";
    puts(groups::participants(&s, &g), get(path, WAIT)).await;
    let path = "/api/s_1/groups/120363000000000001@g.us/participants";
    puts(groups::engine_participants(&s, &g), get(path, WAIT)).await;

    let people = [chat()];
    let body = || Some(json!({"participants": [{"id": "6281200000002@c.us"}]}));
    let path = "/api/s_1/groups/120363000000000001@g.us/participants/add";
    let add = groups::add_participants(&s, &g, &people);
    puts(add, post(path, body(), WAIT)).await;
    let path = "/api/s_1/groups/120363000000000001@g.us/participants/remove";
    let remove = groups::remove_participants(&s, &g, &people);
    puts(remove, post(path, body(), WAIT)).await;
    let path = "/api/s_1/groups/120363000000000001@g.us/admin/promote";
    let promote = groups::promote(&s, &g, &people);
    puts(promote, post(path, body(), WAIT)).await;
    let path = "/api/s_1/groups/120363000000000001@g.us/admin/demote";
    let demote = groups::demote(&s, &g, &people);
    puts(demote, post(path, body(), WAIT)).await;
}
