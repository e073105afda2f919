//! What the tests have on stage: a gateway on a manual clock, a message to send, a guard.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use campaign_core::clock::{Clock, Elapsed};
use campaign_core::delivery::{CampaignId, DeliveryId};
use campaign_core::gateway::{Control, Finding, Guard, Sending, Session};
use campaign_core::message::RenderedMessage;
use campaign_core::phone::PhoneNumber;
use campaign_core::testing::ManualClock;
use waha_client::{RetryPolicy, WahaClient};
use waha_gateway::{Options, WahaGateway};

pub(crate) const PHONE: &str = "6281234567890";
pub(crate) const OTHER_PHONE: &str = "6281234567891";
pub(crate) const ID: &str = "3EB0000000000000000001";
pub(crate) const OTHER_ID: &str = "3EB0000000000000000002";

pub(crate) fn clock() -> ManualClock {
    ManualClock::at("2026-11-21T02:00:00Z".parse().unwrap())
}

pub(crate) fn client(address: &str, key: &str) -> WahaClient {
    WahaClient::builder(address)
        .api_key(key)
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

pub(crate) fn gateway(address: &str) -> WahaGateway {
    gateway_with(address, Options::default())
}

pub(crate) fn gateway_with(address: &str, options: Options) -> WahaGateway {
    WahaGateway::new(client(address, "the-key"), Arc::new(clock()), options)
}

/// Times short enough for a server that never answers.
pub(crate) fn hasty() -> Options {
    let mut options = Options::default();
    options.timeouts.text = Duration::from_millis(100);
    options.timeouts.media = Duration::from_millis(100);
    options.timeouts.look_up = Duration::from_millis(100);
    options
}

pub(crate) fn session() -> Session {
    Session::new("default")
}

pub(crate) fn phone(digits: &str) -> PhoneNumber {
    digits.parse().unwrap()
}

pub(crate) fn delivery() -> DeliveryId {
    DeliveryId::new(CampaignId::new(1).unwrap(), 7).unwrap()
}

pub(crate) fn sending(message: RenderedMessage) -> Sending {
    Sending {
        delivery: delivery(),
        session: session(),
        to: phone(PHONE),
        message_id: ID.to_owned(),
        message,
        deadline: Elapsed::NEVER,
    }
}

pub(crate) fn text() -> Sending {
    sending(RenderedMessage::text("Halo Budi"))
}

pub(crate) fn finding(control: bool) -> Finding {
    Finding {
        delivery: delivery(),
        session: session(),
        to: phone(PHONE),
        message_id: ID.to_owned(),
        control: control.then(|| Control {
            to: phone(OTHER_PHONE),
            message_id: OTHER_ID.to_owned(),
        }),
    }
}

/// A guard that allows.
pub(crate) fn open() -> Guard {
    guard(false)
}

/// A guard that refuses: its campaign is paused.
pub(crate) fn closed() -> Guard {
    guard(true)
}

fn guard(is_closed: bool) -> Guard {
    let closed = Arc::new(AtomicBool::new(is_closed));
    Guard::new(Arc::new(clock()), Elapsed::NEVER, closed)
}

/// A guard whose deadline has passed.
pub(crate) fn late() -> Guard {
    let clock = clock();
    let deadline = clock.now().elapsed;
    clock.advance(Duration::from_secs(1));
    Guard::new(Arc::new(clock), deadline, Arc::default())
}
