//! Status posts.

use serde_json::json;
use waha_client::api::status::{self, ImageStatus, TextStatus, VideoStatus, VoiceStatus};
use waha_client::{File, Wait};

use crate::{chat, get, post, puts, session};

#[tokio::test]
async fn texts_are_posted() {
    let s = session();
    let plain = TextStatus::new("hi");
    let body = json!({"text": "hi", "backgroundColor": "#38b42f", "font": 0});
    let expected = post("/api/s_1/status/text", Some(body), Wait::Send);
    puts(status::post_text(&s, &plain), expected).await;

    let contacts = [chat()];
    let full = plain
        .background_color("#000000")
        .font(2)
        .id("3EB0AA")
        .contacts(&contacts)
        .link_preview(false)
        .link_preview_high_quality(true);
    let body = json!({
        "text": "hi", "backgroundColor": "#000000", "font": 2, "id": "3EB0AA",
        "contacts": ["6281200000002@c.us"], "linkPreview": false, "linkPreviewHighQuality": true,
    });
    let expected = post("/api/s_1/status/text", Some(body), Wait::Send);
    puts(status::post_text(&s, &full), expected).await;
}

#[tokio::test]
async fn media_is_posted() {
    let (s, contacts) = (session(), [chat()]);
    let file = File::from_url("image/jpeg", "https://h/a.jpg");
    let image = ImageStatus::new(&file)
        .caption("cap")
        .id("3EB0AA")
        .contacts(&contacts);
    let body = json!({
        "file": {"mimetype": "image/jpeg", "url": "https://h/a.jpg"}, "caption": "cap", "id": "3EB0AA",
        "contacts": ["6281200000002@c.us"],
    });
    let expected = post("/api/s_1/status/image", Some(body), Wait::Media);
    puts(status::post_image(&s, &image), expected).await;

    let file = File::from_url("audio/ogg; codecs=opus", "https://h/a.opus");
    let voice = VoiceStatus::new(&file);
    let body = json!({
        "file": {"mimetype": "audio/ogg; codecs=opus", "url": "https://h/a.opus"},
        "convert": false, "backgroundColor": "#38b42f",
    });
    let expected = post("/api/s_1/status/voice", Some(body), Wait::Media);
    puts(status::post_voice(&s, &voice), expected).await;
    let voice = voice
        .convert(true)
        .background_color("#000000")
        .id("3EB0AB")
        .contacts(&contacts);
    let body = json!({
        "file": {"mimetype": "audio/ogg; codecs=opus", "url": "https://h/a.opus"},
        "convert": true, "backgroundColor": "#000000", "id": "3EB0AB", "contacts": ["6281200000002@c.us"],
    });
    let expected = post("/api/s_1/status/voice", Some(body), Wait::Media);
    puts(status::post_voice(&s, &voice), expected).await;

    let file = File::from_url("video/mp4", "https://h/a.mp4").named("a.mp4");
    let video = VideoStatus::new(&file)
        .convert(true)
        .caption("cap")
        .id("3EB0AC")
        .contacts(&contacts);
    let body = json!({
        "file": {"mimetype": "video/mp4", "filename": "a.mp4", "url": "https://h/a.mp4"},
        "convert": true, "caption": "cap", "id": "3EB0AC", "contacts": ["6281200000002@c.us"],
    });
    let expected = post("/api/s_1/status/video", Some(body), Wait::Media);
    puts(status::post_video(&s, &video), expected).await;
}

#[tokio::test]
async fn posts_are_taken_back_and_named_beforehand() {
    let (s, contacts) = (session(), [chat()]);
    let body = Some(json!({"id": "3EB0AA"}));
    let expected = post("/api/s_1/status/delete", body, Wait::Send);
    puts(status::delete(&s, "3EB0AA", None), expected).await;
    let body = Some(json!({"id": "3EB0AA", "contacts": ["6281200000002@c.us"]}));
    let expected = post("/api/s_1/status/delete", body, Wait::Send);
    puts(status::delete(&s, "3EB0AA", Some(&contacts)), expected).await;

    let expected = get("/api/s_1/status/new-message-id", Wait::Session);
    puts(status::new_message_id(&s), expected).await;
}
