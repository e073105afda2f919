//! Converted media.

use waha_client::File;
use waha_client::api::media;

use crate::{read_bytes, session};

#[tokio::test]
async fn a_converted_file_is_what_came_and_never_empty() {
    let s = session();
    let file = File::from_bytes("audio/mpeg", [1]);
    let ogg = read_bytes(media::convert_voice(&s, &file), b"OggS\0\xff").await;
    assert_eq!(&*ogg.unwrap(), b"OggS\0\xff");
    let error = read_bytes(media::convert_video(&s, &file), b"").await;
    assert!(error.unwrap_err().to_string().contains("empty"));
}
