//! A receiver of webhooks, as little as one needs: it verifies the signature of the raw body, reads the event, hands what it means to whoever
//! keeps it, and answers when that is on record. In a process of its own.

mod by_driver;
mod by_store;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use campaign_core::clock::SystemClock;
use campaign_core::gateway::Notice;
use campaign_core::message_id::MessageIds;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use waha_client::WahaClient;
use waha_client::events::{Webhook, WebhookError};
use waha_gateway::{Options, WahaGateway};

use self::by_driver::ByDriver;
use self::by_store::ByStore;
use crate::base::Base;
use crate::process::{Peer, until_let_go};
use crate::{Failure, sink};

/// The role of the process.
pub const ROLE: &str = "receiver";
/// What deliveries are signed with.
pub const KEY: &str = "bench-webhook-key";
/// No event of WAHA is nearly as long.
const BODY_MAX: usize = 1 << 20;
/// WAHA repeats what is not answered, long after this.
const KEPT_WITHIN: Duration = Duration::from_secs(10);

/// Who puts on record what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The driver of this process, as where the server sends as well: it judges each event, and tells what has become durable.
    Driver,
    /// The store alone, in batches of whatever came while the one before was made.
    Store,
}

impl Way {
    const ALL: [Way; 2] = [Way::Driver, Way::Store];

    fn name(self) -> &'static str {
        match self {
            Self::Driver => "driver",
            Self::Store => "store",
        }
    }
}

/// Starts a receiver for a database, which says its address first. `url` is the WAHA server of its sessions.
///
/// # Errors
/// When the process cannot be started.
pub fn start(way: Way, base: &Base, url: &str, message_key: [u8; 16]) -> Result<Peer, Failure> {
    let key = format!("{:032x}", u128::from_be_bytes(message_key));
    Peer::start(ROLE, [way.name(), &base.argument()?, url, &key])
}

/// Receives until it is let go.
///
/// # Errors
/// When it cannot listen, or the store fails.
pub fn serve(way: &str, base: &str, url: &str, message_key: &str) -> Result<(), Failure> {
    let way = Way::ALL.into_iter().find(|it| it.name() == way);
    let way = way.ok_or("no such way to keep what comes")?;
    let base = Base::named(base);
    let key = u128::from_str_radix(message_key, 16)?.to_be_bytes();
    let ids = MessageIds::new(key);
    let runtime = tokio::runtime::Runtime::new()?;
    let keeper: Arc<dyn Keeper> = runtime.block_on(async {
        Ok::<_, Failure>(match way {
            Way::Driver => Arc::new(ByDriver::start(&base, url, ids).await?) as Arc<dyn Keeper>,
            Way::Store => Arc::new(ByStore::start(&base, ids).await?),
        })
    })?;
    let client = WahaClient::builder(url).api_key(sink::KEY).build()?;
    let clock = Arc::new(SystemClock::new());
    let receiver = Arc::new(Receiver {
        webhook: Webhook::new(KEY),
        gateway: WahaGateway::new(client, clock, Options::default()),
        keeper,
    });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    println!("http://{}", listener.local_addr()?);
    let server = runtime.spawn(run(listener, Arc::clone(&receiver)));
    until_let_go();
    server.abort();
    runtime.block_on(receiver.keeper.stop());
    Ok(())
}

/// Puts on record what events tell.
#[async_trait]
trait Keeper: Send + Sync {
    /// Returns when it is durable.
    async fn keep(&self, notice: Notice) -> Result<(), Failure>;

    /// Gives the store back.
    async fn stop(&self);
}

struct Receiver {
    webhook: Webhook,
    gateway: WahaGateway,
    keeper: Arc<dyn Keeper>,
}

async fn run(listener: TcpListener, receiver: Arc<Receiver>) -> Result<(), Failure> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let receiver = Arc::clone(&receiver);
        let service = service_fn(move |request| {
            let receiver = Arc::clone(&receiver);
            async move { Ok::<_, Infallible>(receiver.answer(request).await) }
        });
        // A connection that ends is nobody's news.
        tokio::spawn(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service),
        );
    }
}

impl Receiver {
    async fn answer(&self, request: Request<Incoming>) -> Response<Empty<Bytes>> {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = self.take(request).await;
        response
    }

    async fn take(&self, request: Request<Incoming>) -> StatusCode {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
            return StatusCode::PAYLOAD_TOO_LARGE;
        };
        let opened = self
            .webhook
            .open(&head.headers, &body.to_bytes(), SystemTime::now());
        let event = match opened {
            Ok(event) => event,
            Err(WebhookError::NotAnEvent(_)) => return StatusCode::BAD_REQUEST,
            Err(_) => return StatusCode::UNAUTHORIZED,
        };
        for notice in self.gateway.notices(&event) {
            let kept = tokio::time::timeout(KEPT_WITHIN, self.keeper.keep(notice));
            if !matches!(kept.await, Ok(Ok(()))) {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
        }
        StatusCode::OK
    }
}
