//! The socket side: connections that can be reset, kept alive for 5 s as Node does, and the order
//! in which a request passes CORS, body parsers and authentication.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::answer::{Answer, Cut};
use crate::request::{self, Body, Request};
use crate::world::World;
use crate::{routes, websocket};

/// Node's keep-alive (recorded: `timeout=5`, closed after 5 to 6 s). Sockets live in real time.
const IDLE_MAX: Duration = Duration::from_secs(5);

/// Accepts connections until the simulator ends.
pub(crate) async fn run(world: Arc<World>, listener: TcpListener) {
    let end = world.end.clone();
    end.run_until_cancelled(async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (process, tracker) = (world.process_token(), world.connections.clone());
                    let connection = connection(world.clone(), stream);
                    tracker.spawn(process.run_until_cancelled_owned(connection));
                }
                // Out of file handles, as a rule; it passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    })
    .await;
}

async fn connection(world: Arc<World>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let socket = Socket {
        stream,
        reset: reset.clone(),
    };
    let service = service_fn(move |request| {
        let (world, reset) = (world.clone(), reset.clone());
        async move {
            let answer = serve(world, request).await;
            if matches!(answer, Err(Cut::Reset)) {
                reset.store(true, Ordering::Release);
            }
            answer
        }
    });
    // An error here is a connection that ended, which is nobody's news.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_MAX)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades()
        .await;
}

async fn serve(
    world: Arc<World>,
    request: hyper::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Cut> {
    if request.method() == Method::OPTIONS {
        return preflight(request.headers()).into_response(None);
    }
    if request.uri().path() == "/ws" && websocket::is_upgrade(&request) {
        return Ok(websocket::upgrade(world, request));
    }
    let (head, body) = request.into_parts();
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    let query = head.uri.query().unwrap_or_default();
    let mut request = Request {
        path: request::segments(head.uri.path()),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        method: head.method,
        target,
        headers: head.headers,
        body: Body::Absent,
        received_us: 0,
    };
    let body = match request::read_body(&request.headers, body).await {
        Ok(body) => request::parse_body(&request.headers, &body),
        Err(unreadable) => Err(unreadable),
    };
    request.received_us = world.clock.now_us();
    let if_none_match = request.header("if-none-match").map(str::to_owned);
    let answer = match body {
        // Parsers come before authentication (recorded).
        Err(unreadable) => unreadable.answer(&world, &request),
        Ok(body) => {
            request.body = body;
            match refused(&world, &request) {
                Some(answer) => answer,
                None => answer(world, request).await,
            }
        }
    };
    answer.into_response(if_none_match.as_deref())
}

/// Begins at once; whatever then has to wait goes on alone, so that a client that hangs up
/// changes nothing (recorded: the message is sent all the same).
async fn answer(world: Arc<World>, request: Request) -> Answer {
    let mut work = Box::pin({
        let world = world.clone();
        async move { routes::route(&world, &request).await }
    });
    let first = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
    match first {
        Poll::Ready(answer) => answer,
        Poll::Pending => match world.spawn(work).await {
            Ok(Some(answer)) => answer,
            // The process ended under it.
            _ => Answer::Reset,
        },
    }
}

/// Who may not come in, and how he is told.
fn refused(world: &World, request: &Request) -> Option<Answer> {
    let path = request.target.split('?').next().unwrap_or_default();
    let inside = |root: &str| {
        path.strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if inside("/ping") {
        return None;
    }
    if !["/api", "/health", "/ws", "/simulator"]
        .into_iter()
        .any(inside)
    {
        return Some(Answer::basic_auth());
    }
    let given = request
        .header("x-api-key")
        .or_else(|| request.query("x-api-key"));
    (given != Some(world.settings.key.as_str())).then(Answer::unauthorized)
}

fn preflight(headers: &http::HeaderMap) -> Answer {
    let mut answer = Answer::empty(StatusCode::NO_CONTENT)
        .with(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE"),
        )
        .with(
            header::VARY,
            HeaderValue::from_static("Access-Control-Request-Headers"),
        );
    if let Some(asked) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer = answer.with(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    answer
}

/// A TCP stream that ends with a reset when it is told so.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Acquire) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
