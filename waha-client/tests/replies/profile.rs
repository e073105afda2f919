//! The account's own profile.

use serde_json::json;
use waha_client::api::profile;

use crate::{read, session};

#[tokio::test]
async fn a_profile_reads_without_a_picture() {
    let body = json!({"id": "6281200000001@c.us", "name": "Rig Phone", "picture": null});
    let mine = read(profile::get(&session()), body).await;
    assert_eq!(mine.id.as_str(), "6281200000001@c.us");
    assert_eq!(mine.name.as_deref(), Some("Rig Phone"));
    assert!(mine.picture.is_none() && mine.extra.is_empty());
    let body = json!({"id": "6281200000001:3@s.whatsapp.net", "picture": "https://h/p.jpg"});
    let mine = read(profile::get(&session()), body).await;
    assert_eq!(mine.id.as_str(), "6281200000001@c.us");
    assert!(mine.name.is_none() && mine.picture.is_some());
}

#[tokio::test]
async fn a_change_of_the_profile_may_fail_in_words() {
    let changed = read(
        profile::set_name(&session(), "Me"),
        json!({"success": true}),
    )
    .await;
    assert!(changed);
    let changed = read(
        profile::delete_picture(&session()),
        json!({"success": false}),
    )
    .await;
    assert!(!changed);
}
