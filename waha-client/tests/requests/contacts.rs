//! People.

use serde_json::json;
use waha_client::api::contacts::{self, ContactQuery, ContactSort, LidQuery};
use waha_client::types::PictureSource;
use waha_client::{ChatId, Repeat, Wait};

use crate::{Expected, chat, get, is_not_sent, post, put, puts, session};

const WAIT: Wait = Wait::Session;

#[tokio::test]
async fn numbers_and_lids() {
    let s = session();
    let expected = "/api/contacts/check-exists?phone=6281200000002&session=s_1";
    let check = contacts::check_exists(&s, "6281200000002");
    let once = Expected {
        repeat: Repeat::Never,
        ..get(expected, Wait::Session)
    };
    puts(check, once).await;

    let lid = contacts::lid_of_phone(&s, "6281200000002");
    puts(lid, get("/api/s_1/lids/pn/6281200000002", Wait::Session)).await;

    let lid = ChatId::lid("111").unwrap();
    puts(
        contacts::phone_of_lid(&s, &lid),
        get("/api/s_1/lids/111@lid", WAIT),
    )
    .await;
    is_not_sent(contacts::phone_of_lid(&s, &chat())).await;
    puts(
        contacts::lids(&s, LidQuery::new()),
        get("/api/s_1/lids", WAIT),
    )
    .await;
    puts(
        contacts::lids(&s, LidQuery::new().limit(10).offset(20)),
        get("/api/s_1/lids?limit=10&offset=20", WAIT),
    )
    .await;
    puts(contacts::lid_count(&s), get("/api/s_1/lids/count", WAIT)).await;
}

#[tokio::test]
async fn lists() {
    let s = session();
    puts(
        contacts::list(&s, ContactQuery::new()),
        get("/api/contacts/all?session=s_1", WAIT),
    )
    .await;
    let query = ContactQuery::new().limit(5).offset(10);
    for (query, path) in [
        (
            query.ascending(ContactSort::Name),
            "/api/contacts/all?session=s_1&sortBy=name&sortOrder=asc&limit=5&offset=10",
        ),
        (
            query.descending(ContactSort::Id),
            "/api/contacts/all?session=s_1&sortBy=id&sortOrder=desc&limit=5&offset=10",
        ),
    ] {
        puts(contacts::list(&s, query), get(path, WAIT)).await;
    }
}

#[tokio::test]
async fn one_person() {
    let (s, c) = (session(), chat());
    puts(
        contacts::get(&s, &c),
        get("/api/s_1/contacts/6281200000002@c.us", WAIT),
    )
    .await;
    puts(
        contacts::get_by_query(&s, &c),
        get(
            "/api/contacts?contactId=6281200000002%40c.us&session=s_1",
            WAIT,
        ),
    )
    .await;
    puts(
        contacts::about(&s, &c),
        get(
            "/api/contacts/about?contactId=6281200000002%40c.us&session=s_1",
            WAIT,
        ),
    )
    .await;
    for (source, path) in [
        (
            PictureSource::Cache,
            "/api/contacts/profile-picture?contactId=6281200000002%40c.us&session=s_1",
        ),
        (
            PictureSource::WhatsApp,
            "/api/contacts/profile-picture?contactId=6281200000002%40c.us&session=s_1&refresh=true",
        ),
    ] {
        puts(contacts::profile_picture(&s, &c, source), get(path, WAIT)).await;
    }
}

#[tokio::test]
async fn changes() {
    let (s, c) = (session(), chat());
    let body = json!({"firstName": "Jane", "lastName": "Doe"});
    puts(
        contacts::update(&s, &c, "Jane", "Doe"),
        put("/api/s_1/contacts/6281200000002@c.us", Some(body), WAIT),
    )
    .await;
    let body = json!({"session": "s_1", "contactId": "6281200000002@c.us"});
    puts(
        contacts::block(&s, &c),
        post("/api/contacts/block", Some(body.clone()), WAIT),
    )
    .await;
    puts(
        contacts::unblock(&s, &c),
        post("/api/contacts/unblock", Some(body), WAIT),
    )
    .await;
}
