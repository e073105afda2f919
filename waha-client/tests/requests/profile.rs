//! The account's own profile.

use serde_json::json;
use waha_client::api::profile;
use waha_client::{File, Wait};

use crate::{delete, get, put, puts, session};

#[tokio::test]
async fn profile_calls() {
    let s = session();
    puts(profile::get(&s), get("/api/s_1/profile", Wait::Session)).await;
    puts(
        profile::set_name(&s, "Me"),
        put(
            "/api/s_1/profile/name",
            Some(json!({"name": "Me"})),
            Wait::Session,
        ),
    )
    .await;
    puts(
        profile::set_status(&s, "Hi"),
        put(
            "/api/s_1/profile/status",
            Some(json!({"status": "Hi"})),
            Wait::Session,
        ),
    )
    .await;
    let picture = File::from_url("image/jpeg", "https://h/a.jpg");
    let body = json!({"file": {"mimetype": "image/jpeg", "url": "https://h/a.jpg"}});
    puts(
        profile::set_picture(&s, &picture),
        put("/api/s_1/profile/picture", Some(body), Wait::Media),
    )
    .await;
    puts(
        profile::delete_picture(&s),
        delete("/api/s_1/profile/picture", Wait::Session),
    )
    .await;
}
