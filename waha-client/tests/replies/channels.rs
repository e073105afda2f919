//! Channels: an empty list as recorded, the rest as WAHA's specification has it.

use serde_json::json;
use waha_client::ChatId;
use waha_client::api::channels::{self, ChannelRole, ChannelsByText, PreviewQuery};

use crate::{answered, ok, session};

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
