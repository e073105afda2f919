//! Asking for files, which come piece by piece.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderMap;
use url::Url;

use super::Transport;
use super::reading::{refusal, unanswered};
use crate::answer::{Answer, Shape};
use crate::error::{Error, MaybeSent};
use crate::guard::GuardedBody;
#[cfg(feature = "testing")]
use crate::testing::TestTransport;
use crate::types::StoredFile;

impl Transport {
    /// Where a stored file lies on this server, whatever host its own URL named.
    pub(crate) fn file_url(&self, file: &StoredFile) -> Url {
        let mut url = self.at(file.path());
        url.set_query(file.query());
        url
    }

    /// Asks for a file once. `silence_max` bounds the wait for the answer to begin.
    ///
    /// 416 is handed over like 200 and 206: it answers a question about a range.
    pub(crate) async fn open(
        &self,
        file: &StoredFile,
        headers: HeaderMap,
        silence_max: Duration,
    ) -> Result<Pieces, Error> {
        let opened = self.open_quoting(file, headers, silence_max).await;
        opened.map_err(|error| error.without(&self.secrets))
    }

    /// As [`Transport::open`], with errors that may quote secrets.
    async fn open_quoting(
        &self,
        file: &StoredFile,
        headers: HeaderMap,
        silence_max: Duration,
    ) -> Result<Pieces, Error> {
        #[cfg(feature = "testing")]
        if self
            .stand_in
            .as_ref()
            .is_some_and(TestTransport::is_offline)
        {
            return Err(Error::invalid("a client without a server has no files"));
        }
        let (body, handle) = GuardedBody::new(None, None);
        let request = self.files.get(self.file_url(file)).headers(headers);
        let answered = async {
            let request = request.body(reqwest::Body::wrap(body));
            let response = match request.send().await {
                Ok(response) => response,
                Err(error) => return Err(unanswered(error.into(), &handle, silence_max)),
            };
            match response.status() {
                StatusCode::OK
                | StatusCode::PARTIAL_CONTENT
                | StatusCode::RANGE_NOT_SATISFIABLE => Ok(Pieces(response)),
                status if status.is_success() => {
                    let what = "neither a file nor a part of one".to_owned();
                    let shape = Shape::Unexpected { what };
                    let answer = Answer::unreadable(status.as_u16(), &Bytes::new(), shape);
                    Err(Error::Answered(Box::new(answer)))
                }
                _ => Err(refusal(response).await),
            }
        };
        match tokio::time::timeout(silence_max, answered).await {
            Ok(answered) => answered,
            Err(elapsed) => Err(unanswered(elapsed.into(), &handle, silence_max)),
        }
    }
}

/// An answer whose body is taken piece by piece.
pub(crate) struct Pieces(reqwest::Response);

impl Pieces {
    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The next piece; `None` at the end. An error when nothing comes for `silence_max` or the connection breaks.
    pub(crate) async fn next(&mut self, silence_max: Duration) -> Result<Option<Bytes>, Error> {
        match tokio::time::timeout(silence_max, self.0.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(_)) => Err(cut(self.status())),
            Err(_) => Err(Error::MaybeSent {
                why: MaybeSent::TimedOut { after: silence_max },
            }),
        }
    }
}

/// The connection was lost within a body.
pub(crate) fn cut(status: u16) -> Error {
    let answer = Answer::unreadable(status, &Bytes::new(), Shape::Cut);
    Error::Answered(Box::new(answer))
}
