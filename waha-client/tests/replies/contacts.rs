//! People: NOWEB as recorded, the other engines as the sources of WAHA and of the engines have them.

use serde_json::json;
use waha_client::ChatId;
use waha_client::api::contacts::{self, ContactQuery, LidQuery};
use waha_client::types::PictureSource;

use crate::{chat, read, read_empty, session};

#[tokio::test]
async fn contacts_read_from_every_engine() {
    let body = json!([
        {"id": "6281200000002@c.us", "pushname": "Alice"},
        {"id": "6281200000002@c.us", "name": "A", "pushname": null},
        {
            "id": {"server": "c.us", "user": "6281200000002"}, "name": null, "shortName": "Al", "isMyContact": true,
        },
    ]);
    let list = read(contacts::list(&session(), ContactQuery::new()), body).await;
    assert!(list.iter().all(|contact| contact.id == chat()));
    assert_eq!(list[0].pushname.as_deref(), Some("Alice"));
    assert_eq!(list[1].name.as_deref(), Some("A"));
    assert_eq!(list[2].extra["isMyContact"], true);
}

#[tokio::test]
async fn a_person_reads_the_same_whatever_the_engine() {
    for (engine, body, name, is_blocked) in [
        (
            "NOWEB",
            json!({"id": "6281200000002@c.us", "name": "Alice", "pushname": "Al"}),
            Some("Alice"),
            None,
        ),
        (
            "GOWS",
            json!({"id": "6281200000002@c.us", "name": "", "pushname": "Al"}),
            None,
            None,
        ),
        (
            "WEBJS",
            json!({
                "id": "6281200000002@c.us", "number": "6281200000002", "name": "Alice", "pushname": "Al", "shortName": "Al",
                "type": "in", "isBusiness": false, "isUser": true, "isGroup": false, "isMyContact": true, "isBlocked": true,
            }),
            Some("Alice"),
            Some(true),
        ),
        (
            "WPP",
            json!({
                "id": "6281200000002@c.us", "name": "Alice", "pushname": "Al", "formattedName": "Alice", "type": "in",
                "isMyContact": true, "isWAContact": true, "profilePicThumbObj": {"eurl": "https://h/p.jpg"}, "msgs": null,
            }),
            Some("Alice"),
            None,
        ),
        (
            "one odd field",
            json!({"id": "6281200000002@c.us", "name": {}, "pushname": "Al", "isBlocked": "?"}),
            None,
            None,
        ),
    ] {
        let list = read(
            contacts::list(&session(), ContactQuery::new()),
            json!([body]),
        )
        .await;
        let one = read(contacts::get(&session(), &chat()), body)
            .await
            .unwrap();
        assert_eq!(list.as_slice(), std::slice::from_ref(&one), "{engine}");
        assert_eq!(
            (&one.id, one.id.phone_digits()),
            (&chat(), Some("6281200000002")),
            "{engine}"
        );
        assert_eq!(
            (one.name.as_deref(), one.pushname.as_deref()),
            (name, Some("Al")),
            "{engine}"
        );
        assert_eq!(one.is_blocked, is_blocked, "{engine}");
    }
}

#[tokio::test]
async fn whether_a_number_exists_reads_the_same_whatever_the_engine() {
    for (engine, body, exists) in [
        (
            "NOWEB, WEBJS, WPP",
            json!({"numberExists": true, "chatId": "6281200000002@c.us"}),
            true,
        ),
        (
            "GOWS",
            json!({"numberExists": true, "chatId": "6281200000002@s.whatsapp.net"}),
            true,
        ),
        ("NOWEB, WEBJS, WPP", json!({"numberExists": false}), false),
        (
            "GOWS",
            json!({"numberExists": false, "chatId": null}),
            false,
        ),
        ("GOWS", json!({"numberExists": false, "chatId": ""}), false),
    ] {
        let status = read(contacts::check_exists(&session(), "6281200000002"), body).await;
        assert_eq!(status.number_exists, exists, "{engine}");
        assert_eq!(status.chat_id, exists.then(chat), "{engine}");
    }
}

#[tokio::test]
async fn an_unknown_contact_is_none() {
    let (s, c) = (session(), chat());
    assert!(read_empty(contacts::get_by_query(&s, &c)).await.is_none());
    assert!(read_empty(contacts::get(&s, &c)).await.is_none());
    assert!(read(contacts::get(&s, &c), json!(null)).await.is_none());
    let body = json!({"id": "6281200000002@c.us", "name": null, "pushname": "Alice"});
    let contact = read(contacts::get(&s, &c), body).await.unwrap();
    assert_eq!(contact.pushname.as_deref(), Some("Alice"));
}

#[tokio::test]
async fn what_a_person_does_not_show_is_none() {
    let (s, c) = (session(), chat());
    let picture = || contacts::profile_picture(&s, &c, PictureSource::Cache);
    assert_eq!(
        read(picture(), json!({"profilePictureURL": null})).await,
        None
    );
    let url = read(picture(), json!({"profilePictureURL": "https://h/p.jpg"})).await;
    assert_eq!(url.as_deref(), Some("https://h/p.jpg"));
    assert_eq!(
        read(contacts::about(&s, &c), json!({"about": null})).await,
        None
    );
    assert_eq!(read(contacts::about(&s, &c), json!(null)).await, None);
    assert_eq!(read_empty(contacts::about(&s, &c)).await, None);
    // WEBJS leaves out what it does not find.
    assert_eq!(read(picture(), json!({})).await, None);
    assert_eq!(read(contacts::about(&s, &c), json!({})).await, None);
    let about = read(contacts::about(&s, &c), json!({"about": "Hi"})).await;
    assert_eq!(about.as_deref(), Some("Hi"));
}

#[tokio::test]
async fn lids_and_phone_numbers_go_together_as_far_as_known() {
    let s = session();
    let lid = ChatId::lid("111").unwrap();
    let half = json!({"lid": null, "pn": "6281200000002@c.us"});
    let endpoint = contacts::lid_of_phone(&s, "6281200000002");
    assert_eq!(read(endpoint, half).await, None);
    let whole = json!({"lid": "111@lid", "pn": "6281200000002@s.whatsapp.net"});
    let phone = read(contacts::phone_of_lid(&s, &lid), whole.clone()).await;
    assert_eq!(phone, Some(chat()));
    let half = json!({"lid": "111@lid", "pn": null});
    assert_eq!(read(contacts::phone_of_lid(&s, &lid), half).await, None);
    for unknown in [
        json!({"lid": "111@lid"}),
        json!({"lid": "111@lid", "pn": ""}),
    ] {
        assert_eq!(read(contacts::phone_of_lid(&s, &lid), unknown).await, None);
    }

    let pairs = read(contacts::lids(&s, LidQuery::new()), json!([whole])).await;
    assert_eq!(
        (&pairs[0].lid, &pairs[0].phone),
        (&Some(lid), &Some(chat()))
    );
    assert!(
        read(contacts::lids(&s, LidQuery::new()), json!([]))
            .await
            .is_empty()
    );
    assert_eq!(read(contacts::lid_count(&s), json!({"count": 7})).await, 7);
}
