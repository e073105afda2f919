//! Media: fetching what came with messages, and converting to what WhatsApp plays without sending it.
//!
//! A received file lies on the server for a while (180 s by WAHA's default, WAHA documentation):
//! [`StoredFile`](crate::types::StoredFile) names it, and [`Media::download`] fetches it.

mod download;
mod resume;

use bytes::Bytes;

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait};
use crate::error::Error;
use crate::ids::SessionName;
use crate::transport::Reply;
use crate::types::File;

pub use download::{Download, DownloadError, DownloadOptions};

/// The group of media calls.
#[derive(Debug, Clone, Copy)]
pub struct Media<'a>(pub(crate) &'a WahaClient);

impl Media<'_> {
    /// A recording as a voice message plays it: `audio/ogg; codecs=opus`. The file's kind and name are not sent.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn convert_voice(&self, session: &SessionName, file: &File) -> Result<Bytes, Error> {
        self.0.call(convert_voice(session, file)).await
    }

    /// A video as WhatsApp plays it: `video/mp4`. The file's kind and name are not sent.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn convert_video(&self, session: &SessionName, file: &File) -> Result<Bytes, Error> {
        self.0.call(convert_video(session, file)).await
    }
}

/// `POST /api/{session}/media/convert/voice`. WAHA's specification.
pub fn convert_voice(session: &SessionName, file: &File) -> Endpoint<Bytes> {
    const PATH: &str = "/api/{session}/media/convert/voice";
    Endpoint::post(PATH, &[session.as_str()], whole)
        .json(file.content())
        .accepting("audio/ogg")
        .waiting(Wait::Media)
}

/// `POST /api/{session}/media/convert/video`. WAHA's specification.
pub fn convert_video(session: &SessionName, file: &File) -> Endpoint<Bytes> {
    const PATH: &str = "/api/{session}/media/convert/video";
    Endpoint::post(PATH, &[session.as_str()], whole)
        .json(file.content())
        .accepting("video/mp4")
        .waiting(Wait::Media)
}

fn whole(reply: Reply) -> Result<Bytes, String> {
    if reply.body.is_empty() {
        return Err("an empty file".to_owned());
    }
    Ok(reply.body)
}
