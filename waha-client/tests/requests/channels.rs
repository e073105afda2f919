//! Channels.

use serde_json::json;
use waha_client::api::channels::{
    self, ChannelRole, ChannelsByText, ChannelsByView, NewChannel, PreviewQuery,
};
use waha_client::{ChatId, File, Repeat, Wait};

use crate::{Expected, delete, get, post, puts, session};

const WAIT: Wait = Wait::Session;

#[tokio::test]
async fn channels_are_listed_made_and_deleted() {
    let (s, c) = (session(), ChatId::channel("123").unwrap());
    puts(channels::list(&s, None), get("/api/s_1/channels", WAIT)).await;
    let own = channels::list(&s, Some(&ChannelRole::Owner));
    puts(own, get("/api/s_1/channels?role=OWNER", WAIT)).await;

    let bare = post("/api/s_1/channels", Some(json!({"name": "C"})), WAIT);
    puts(channels::create(&s, &NewChannel::new("C")), bare).await;
    let picture = File::from_url("image/jpeg", "https://h/a.jpg");
    let new = NewChannel::new("C").description("D").picture(&picture);
    let body = json!({
        "name": "C", "description": "D",
        "picture": {"mimetype": "image/jpeg", "url": "https://h/a.jpg"},
    });
    let full = post("/api/s_1/channels", Some(body), Wait::Media);
    puts(channels::create(&s, &new), full).await;

    let path = "/api/s_1/channels/123@newsletter";
    puts(channels::delete(&s, &c), delete(path, WAIT)).await;
}

#[tokio::test]
async fn a_channel_is_looked_into_by_id_or_by_invite() {
    let (s, c) = (session(), ChatId::channel("123").unwrap());
    let path = "/api/s_1/channels/123@newsletter";
    puts(channels::get(&s, c.as_str()), get(path, WAIT)).await;
    puts(
        channels::get(&s, "0029Va"),
        get("/api/s_1/channels/0029Va", WAIT),
    )
    .await;

    let ten = channels::preview_messages(&s, c.as_str(), &PreviewQuery::new());
    let path = "/api/s_1/channels/123@newsletter/messages/preview?downloadMedia=false&limit=10";
    puts(ten, get(path, WAIT)).await;
    let query = PreviewQuery::new().limit(2).download_media(true);
    let two = channels::preview_messages(&s, "0029Va", &query);
    let path = "/api/s_1/channels/0029Va/messages/preview?downloadMedia=true&limit=2";
    puts(two, get(path, Wait::Media)).await;
}

#[tokio::test]
async fn channels_are_followed_and_muted() {
    let (s, c) = (session(), ChatId::channel("123").unwrap());
    let path = "/api/s_1/channels/123@newsletter/follow";
    puts(channels::follow(&s, &c), post(path, None, WAIT)).await;
    let path = "/api/s_1/channels/123@newsletter/unfollow";
    puts(channels::unfollow(&s, &c), post(path, None, WAIT)).await;
    let path = "/api/s_1/channels/123@newsletter/mute";
    puts(channels::mute(&s, &c), post(path, None, WAIT)).await;
    let path = "/api/s_1/channels/123@newsletter/unmute";
    puts(channels::unmute(&s, &c), post(path, None, WAIT)).await;
}

#[tokio::test]
async fn a_search_for_channels_may_be_repeated() {
    let s = session();
    let question = |path, body| Expected {
        repeat: Repeat::Safe,
        ..post(path, Some(body), WAIT)
    };
    let first = ChannelsByView::new("RECOMMENDED", &["US"]);
    let body = json!({
        "view": "RECOMMENDED", "countries": ["US"], "categories": [], "limit": 50, "startCursor": "",
    });
    let expected = question("/api/s_1/channels/search/by-view", body);
    puts(channels::search_by_view(&s, &first), expected).await;
    let next = first.categories(&["NEWS"]).limit(5).after("c1");
    let body = json!({
        "view": "RECOMMENDED", "countries": ["US"], "categories": ["NEWS"], "limit": 5, "startCursor": "c1",
    });
    let expected = question("/api/s_1/channels/search/by-view", body);
    puts(channels::search_by_view(&s, &next), expected).await;

    let first = ChannelsByText::new("news");
    let body = json!({"text": "news", "categories": [], "limit": 50, "startCursor": ""});
    let expected = question("/api/s_1/channels/search/by-text", body);
    puts(channels::search_by_text(&s, &first), expected).await;
    let next = first.categories(&["NEWS"]).limit(5).after("c1");
    let body = json!({"text": "news", "categories": ["NEWS"], "limit": 5, "startCursor": "c1"});
    let expected = question("/api/s_1/channels/search/by-text", body);
    puts(channels::search_by_text(&s, &next), expected).await;
}

#[tokio::test]
async fn what_a_search_for_channels_can_be_limited_to() {
    let s = session();
    let path = "/api/s_1/channels/search/views";
    puts(channels::search_views(&s), get(path, WAIT)).await;
    let path = "/api/s_1/channels/search/countries";
    puts(channels::search_countries(&s), get(path, WAIT)).await;
    let path = "/api/s_1/channels/search/categories";
    puts(channels::search_categories(&s), get(path, WAIT)).await;
}
