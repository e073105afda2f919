//! The simulator's own requests: webhooks, and media it is told to fetch. Plain http only.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

pub(crate) struct Outbound(Client<HttpConnector, Full<Bytes>>);

impl Outbound {
    pub(crate) fn new() -> Self {
        let client = Client::builder(TokioExecutor::new())
            // A repeat that nobody asked for would falsify the count of deliveries.
            .retry_canceled_requests(false)
            .pool_idle_timeout(std::time::Duration::from_secs(4))
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .build_http();
        Self(client)
    }

    /// The answer's head, its body read and dropped; the error is the transport's.
    pub(crate) async fn post(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<()>, hyper_util::client::legacy::Error> {
        let (head, mut body) = self.0.request(request).await?.into_parts();
        while let Some(Ok(_)) = body.frame().await {}
        Ok(Response::from_parts(head, ()))
    }

    /// The bytes behind an address.
    pub(crate) async fn fetch(&self, url: &str) -> Result<Bytes, FetchFailure> {
        // `AxiosError.from` wraps what the socket says (recorded), `settle` judges the status (axios
        // source).
        let from = |code, message: &str| FetchFailure {
            code,
            message: message.to_owned(),
            by: "AxiosError.from",
        };
        let target: http::Uri = url
            .parse()
            .map_err(|_| from("ERR_INVALID_URL", "Invalid URL"))?;
        let authority = target
            .authority()
            .map(|authority| {
                let port = authority.port_u16().unwrap_or(80);
                format!("{}:{port}", authority.host())
            })
            .unwrap_or_default();
        let refused = |_| from("ECONNREFUSED", &format!("connect ECONNREFUSED {authority}"));
        let answer = self.0.get(target).await.map_err(refused)?;
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(FetchFailure {
                code: if status.is_server_error() {
                    "ERR_BAD_RESPONSE"
                } else {
                    "ERR_BAD_REQUEST"
                },
                message: format!("Request failed with status code {}", status.as_u16()),
                by: "settle",
            });
        }
        let body = answer.into_body().collect().await;
        body.map(http_body_util::Collected::to_bytes)
            .map_err(|_| from("ECONNRESET", "aborted"))
    }
}

/// What axios would say of a file that cannot be fetched.
#[derive(Debug)]
pub(crate) struct FetchFailure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// The function of axios that makes the error.
    pub(crate) by: &'static str,
}
