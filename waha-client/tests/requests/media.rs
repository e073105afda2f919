//! Converting media.

use serde_json::json;
use waha_client::api::media;
use waha_client::{File, Wait};

use crate::{accepted, post, puts, session};

#[tokio::test]
async fn files_to_convert_go_without_their_kind() {
    let s = session();
    let voice = File::from_bytes("audio/mpeg", [1, 2, 3]).named("a.mp3");
    puts(
        media::convert_voice(&s, &voice),
        post(
            "/api/s_1/media/convert/voice",
            Some(json!({"data": "AQID"})),
            Wait::Media,
        ),
    )
    .await;
    let video = File::from_url("video/quicktime", "https://h/a.mov");
    puts(
        media::convert_video(&s, &video),
        post(
            "/api/s_1/media/convert/video",
            Some(json!({"url": "https://h/a.mov"})),
            Wait::Media,
        ),
    )
    .await;
    assert_eq!(
        accepted(media::convert_voice(&s, &voice)).await,
        "audio/ogg"
    );
    assert_eq!(
        accepted(media::convert_video(&s, &video)).await,
        "video/mp4"
    );
}
