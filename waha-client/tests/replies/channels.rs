//! Channels: an empty list as recorded, the rest as WAHA's specification and, per engine, its source have it.

use serde_json::json;
use waha_client::ChatId;
use waha_client::api::channels::{self, ChannelRole, ChannelsByText, PreviewQuery};

use crate::{answered, ok, read, session};

#[tokio::test]
async fn a_list_of_channels_may_be_empty() {
    let none = answered(channels::list(&session(), None), ok(json!([])));
    assert!(none.await.unwrap().is_empty());
}

#[tokio::test]
async fn a_channel_reads_with_what_is_new_absent_or_null() {
    let body = json!([
        {
            "id": "123@newsletter", "name": "C", "invite": "https://www.whatsapp.com/channel/0029Va",
            "preview": null, "picture": "https://h/a.jpg", "role": "OWNER", "description": "D",
            "verified": false, "subscribersCount": "12", "later": 1,
        },
        {"id": "124@newsletter", "role": "MODERATOR"},
    ]);
    let channels = answered(channels::list(&session(), None), ok(body))
        .await
        .unwrap();
    assert_eq!(channels[0].id, ChatId::channel("123").unwrap());
    assert_eq!(channels[0].role, Some(ChannelRole::Owner));
    assert_eq!(channels[0].subscribers_count, Some(12));
    assert_eq!(channels[0].extra["later"], 1);
    assert_eq!(
        channels[1].role,
        Some(ChannelRole::Unknown("MODERATOR".into()))
    );
    assert!(channels[1].name.is_none() && channels[1].verified.is_none());
}

#[tokio::test]
async fn a_page_of_a_search_says_where_the_next_begins() {
    let body = json!({
        "page": {"startCursor": null, "endCursor": "c1", "hasNextPage": true, "hasPreviousPage": false},
        "channels": [{"id": "123@newsletter", "name": "C", "verified": true, "subscribersCount": 5}],
    });
    let search = channels::search_by_text(&session(), &ChannelsByText::new("news"));
    let found = answered(search, ok(body)).await.unwrap();
    assert_eq!(found.channels.len(), 1);
    assert!(found.channels[0].role.is_none());
    let page = found.page.unwrap();
    assert_eq!(page.end_cursor.as_deref(), Some("c1"));
    assert_eq!((page.start_cursor, page.has_next_page), (None, Some(true)));
}

#[tokio::test]
async fn a_channels_messages_come_with_what_became_of_them() {
    let body = json!([{
        "reactions": {"👍": 10}, "viewCount": 7,
        "message": {"id": "false_123@newsletter_AA", "timestamp": 5, "body": "hi", "_data": {"a": 1}},
    }]);
    let preview = channels::preview_messages(&session(), "0029Va", &PreviewQuery::new());
    let messages = answered(preview, ok(body)).await.unwrap();
    assert_eq!(messages[0].message.body.as_deref(), Some("hi"));
    assert_eq!(messages[0].reactions.as_ref().unwrap()["👍"], 10);
    assert_eq!(messages[0].view_count, Some(7));
}

#[tokio::test]
async fn what_a_search_can_be_limited_to_reads() {
    let s = session();
    let views = json!([{"value": "RECOMMENDED", "name": "Recommended"}]);
    let views = answered(channels::search_views(&s), ok(views));
    assert_eq!(views.await.unwrap()[0].value, "RECOMMENDED");
    let countries = json!([{"code": "ID", "name": "Indonesia"}]);
    let countries = answered(channels::search_countries(&s), ok(countries));
    assert_eq!(countries.await.unwrap()[0].code, "ID");
    let categories = json!([{"value": "NEWS", "name": "News"}]);
    let categories = answered(channels::search_categories(&s), ok(categories));
    assert_eq!(categories.await.unwrap()[0].value, "NEWS");
}

#[tokio::test]
async fn a_channel_reads_the_same_whatever_the_engine_and_what_one_leaves_out_is_none() {
    let link = "https://www.whatsapp.com/channel/0029Va";
    for (engine, body, has_link, followers) in [
        (
            "NOWEB",
            json!({
                "id": "123@newsletter", "name": "C", "description": "D", "invite": link, "preview": "https://h/p.jpg",
                "picture": "https://h/p.jpg", "verified": true, "role": "SUBSCRIBER", "subscribersCount": 12,
            }),
            true,
            Some(12),
        ),
        (
            "GOWS",
            json!({
                "id": "123@newsletter", "name": "C", "description": "D", "invite": link, "preview": "", "picture": "",
                "verified": true, "role": "SUBSCRIBER", "subscribersCount": "12",
            }),
            true,
            Some(12),
        ),
        (
            "WEBJS, of a list",
            json!({
                "id": "123@newsletter", "name": "C", "description": "D", "invite": link, "preview": null, "picture": null,
                "verified": true, "role": "SUBSCRIBER", "subscribersCount": null,
            }),
            true,
            None,
        ),
        (
            "WPP, of a list",
            json!({
                "id": "123@newsletter", "name": "C", "description": null, "invite": "", "preview": null, "picture": null,
                "verified": false, "role": "SUBSCRIBER", "subscribersCount": 0,
            }),
            false,
            Some(0),
        ),
        (
            "one odd field",
            json!({"id": "123@newsletter", "name": "C", "role": 7, "verified": "VERIFIED", "picture": {"directPath": "/v"}}),
            false,
            None,
        ),
    ] {
        let list = read(channels::list(&session(), None), json!([body])).await;
        let one = read(channels::get(&session(), "123@newsletter"), body).await;
        assert_eq!(list.as_slice(), std::slice::from_ref(&one), "{engine}");
        assert_eq!(one.id, ChatId::channel("123").unwrap(), "{engine}");
        assert_eq!(one.name.as_deref(), Some("C"), "{engine}");
        assert_eq!(one.invite.as_deref(), has_link.then_some(link), "{engine}");
        assert_eq!(one.subscribers_count, followers, "{engine}");
        let role = (engine != "one odd field").then_some(ChannelRole::Subscriber);
        assert_eq!(one.role, role, "{engine}");
        let picture = (engine == "NOWEB").then_some("https://h/p.jpg");
        assert_eq!(
            (one.picture.as_deref(), one.preview.as_deref()),
            (picture, picture),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn what_is_posted_in_a_channel_reads_the_same_whatever_the_engine() {
    let message = |data| {
        json!({
            "id": "false_123@newsletter_AA", "timestamp": 1_795_220_409, "from": "123@newsletter", "fromMe": false,
            "body": "hi", "hasMedia": false, "media": null, "ack": null, "ackName": "UNKNOWN", "_data": data,
        })
    };
    for (engine, body) in [
        (
            "NOWEB",
            json!([
                {"message": message(json!({"key": {"server_id": "101"}})), "reactions": {"👍": 10}, "viewCount": 7},
                {"reactions": {}, "viewCount": 1},
            ]),
        ),
        (
            "GOWS",
            json!([
                {"message": null, "reactions": {}, "viewCount": 1},
                {"message": message(json!({"Info": {"ServerID": 101}})), "reactions": {"👍": 10}, "viewCount": 7},
            ]),
        ),
        (
            "WPP",
            json!([{"message": message(json!({"id": "AA"})), "reactions": {}, "viewCount": 0}]),
        ),
    ] {
        let preview = channels::preview_messages(&session(), "0029Va", &PreviewQuery::new());
        let messages = read(preview, body).await;
        assert_eq!(messages.len(), 1, "{engine}");
        let one = &messages[0];
        assert_eq!(one.message.id.bare(), "AA", "{engine}");
        assert_eq!(one.message.timestamp_s, 1_795_220_409, "{engine}");
        let thumbs = one.reactions.as_ref().unwrap().get("👍").copied();
        let counted = (engine != "WPP").then_some(10);
        assert_eq!(thumbs, counted, "{engine}");
        assert_eq!(
            one.view_count,
            counted.map_or(Some(0), |_| Some(7)),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn a_page_of_a_search_reads_the_same_whatever_the_engine() {
    for (engine, start, picture) in [
        ("NOWEB", json!(null), json!(null)),
        ("GOWS", json!(""), json!("")),
        ("WPP", json!(null), json!({"url": "?"})),
    ] {
        let body = json!({
            "page": {"startCursor": start, "endCursor": "c1", "hasNextPage": true, "hasPreviousPage": false},
            "channels": [{"id": "123@newsletter", "name": "C", "picture": picture, "verified": true, "subscribersCount": 5}],
        });
        let search = channels::search_by_text(&session(), &ChannelsByText::new("news"));
        let found = read(search, body).await;
        assert_eq!(found.channels[0].subscribers_count, Some(5), "{engine}");
        assert_eq!(
            (found.channels[0].verified, &found.channels[0].picture),
            (Some(true), &None),
            "{engine}"
        );
        assert_eq!(
            found.page.unwrap().end_cursor.as_deref(),
            Some("c1"),
            "{engine}"
        );
    }
}
