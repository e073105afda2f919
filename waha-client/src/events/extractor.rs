//! A verified event as an extractor for axum.

use std::time::SystemTime;

use axum_core::extract::rejection::BytesRejection;
use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;

use super::{Event, Webhook, WebhookError};

/// The event of a webhook delivery, once its signature fits and it is fresh. The state must hold the [`Webhook`] that opens it, alone or as a
/// part ([`FromRef`]).
///
/// axum reads bodies of up to 2 MB unless `DefaultBodyLimit` says otherwise; a message with media in its engine's own form can be larger.
///
/// ```
/// use axum::Router;
/// use axum::routing::post;
/// use waha_client::events::{SignedEvent, Webhook};
///
/// async fn receive(SignedEvent(event): SignedEvent) {
///     println!("{} in {}", event.payload.kind(), event.session);
/// }
///
/// let app: Router = Router::new()
///     .route("/waha", post(receive))
///     .with_state(Webhook::new("my-secret-key"));
/// ```
#[derive(Debug, Clone)]
pub struct SignedEvent(pub Event);

/// Why a delivery was refused. As an answer it is 401, 400 for what is signed and no event, or what axum says of a body that it does not read.
/// WAHA repeats a delivery after each of them.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignedEventRejection {
    /// The body could not be read.
    Body(BytesRejection),
    /// It is not to be believed, or no event.
    Webhook(WebhookError),
}

impl<S> FromRequest<S> for SignedEvent
where
    S: Send + Sync,
    Webhook: FromRef<S>,
{
    type Rejection = SignedEventRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state)
            .await
            .map_err(SignedEventRejection::Body)?;
        let webhook = Webhook::from_ref(state);
        webhook
            .open(&headers, &body, SystemTime::now())
            .map(Self)
            .map_err(SignedEventRejection::Webhook)
    }
}

impl IntoResponse for SignedEventRejection {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Body(rejection) => return rejection.into_response(),
            Self::Webhook(error) => error,
        };
        let status = match error {
            WebhookError::NotAnEvent(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNAUTHORIZED,
        };
        (status, error.to_string()).into_response()
    }
}
