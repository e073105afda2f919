//! A way that leads nowhere: what carries a command out while nobody sends must not begin to send.

use async_trait::async_trait;
use campaign_core::failure::{NotHandedOver, Outcome};
use campaign_core::gateway::{
    Finding, Found, Gateway, Guard, Observation, Readiness, Sending, Session,
};

/// No session is ready, so that no account is opened and nothing is sent.
pub(super) struct Nowhere;

#[async_trait]
impl Gateway for Nowhere {
    async fn send(&self, _: &Sending, _: Guard) -> Outcome {
        Outcome::NotHandedOver {
            why: NotHandedOver::Withheld,
            retry_after: None,
            message: "".into(),
        }
    }

    async fn find(&self, _: &Finding) -> Found {
        Found::Unknown { why: "".into() }
    }

    async fn observe(&self, _: &Session) -> Observation {
        Observation::only(Readiness::NotReady("OFFLINE".into()))
    }
}
