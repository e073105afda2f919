//! A server of raw sockets that does to each request what it is told, and counts what reaches it.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What to do with one request, after it was read whole.
#[derive(Clone)]
pub(crate) enum Act {
    /// Write this and close.
    Reply(String),
    /// Write these bytes and close.
    Bytes(Vec<u8>),
    /// Write this and wait for the next request on the same connection.
    ReplyAndStay(String),
    /// Write this, say nothing of closing, and close.
    ReplyThenClose(String),
    /// Close without an answer.
    CloseAfterBody,
    /// Reset the connection without an answer.
    ResetAfterBody,
    /// Never answer.
    Hang,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
    bodies: AtomicUsize,
    body_bytes: AtomicUsize,
    whole_body_bytes: AtomicUsize,
    texts: Mutex<Vec<String>>,
}

pub(crate) struct Server {
    pub(crate) address: String,
    seen: Arc<Seen>,
    ended: watch::Receiver<usize>,
}

/// An answer with its length, after which the connection closes.
pub(crate) fn answer(status: u16, body: &str) -> String {
    let kind = if body.starts_with('<') {
        "text/html"
    } else {
        "application/json"
    };
    format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

impl Server {
    pub(crate) async fn start(acts: Vec<Act>) -> Self {
        let mut acts = VecDeque::from(acts);
        Self::start_with(move || acts.pop_front().unwrap_or(Act::Hang)).await
    }

    /// Does to each request what `choose` says.
    pub(crate) async fn start_with(choose: impl FnMut() -> Act + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let acts: Choice = Arc::new(Mutex::new(choose));
        let (end, ended) = watch::channel(0);
        let counted = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, acts, end) = (counted.clone(), acts.clone(), end.clone());
                tokio::spawn(async move {
                    serve(stream, &seen, &acts).await;
                    end.send_modify(|count| *count += 1);
                });
            }
        });
        Self {
            address,
            seen,
            ended,
        }
    }

    /// Waits until this many connections have ended.
    pub(crate) async fn settled(&self, connections: usize) {
        let mut ended = self.ended.clone();
        ended.wait_for(|count| *count >= connections).await.unwrap();
    }

    /// Waits until a connection has ended on this side.
    pub(crate) async fn closed_one(&self) {
        self.settled(1).await;
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Request heads that arrived whole.
    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }

    /// Requests that arrived whole with a body.
    pub(crate) fn bodies(&self) -> usize {
        self.seen.bodies.load(Ordering::SeqCst)
    }

    /// The bodies that arrived whole.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.seen.texts.lock().unwrap().clone()
    }

    /// Body bytes that arrived at all.
    pub(crate) fn body_bytes(&self) -> usize {
        self.seen.body_bytes.load(Ordering::SeqCst)
    }

    /// Body bytes of requests that arrived whole.
    pub(crate) fn whole_body_bytes(&self) -> usize {
        self.seen.whole_body_bytes.load(Ordering::SeqCst)
    }
}

type Choice = Arc<Mutex<dyn FnMut() -> Act + Send>>;

async fn serve(mut stream: TcpStream, seen: &Seen, acts: &Choice) {
    while request(&mut stream, seen).await {
        let act = acts.lock().unwrap()();
        match act {
            Act::Reply(text) | Act::ReplyThenClose(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.shutdown().await;
                return;
            }
            Act::Bytes(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Act::ReplyAndStay(text) => {
                let text = text.replace("connection: close", "connection: keep-alive");
                let _ = stream.write_all(text.as_bytes()).await;
            }
            Act::CloseAfterBody => return,
            Act::ResetAfterBody => {
                let _ = stream.set_zero_linger();
                return;
            }
            Act::Hang => {
                let mut rest = [0; 64];
                while matches!(stream.read(&mut rest).await, Ok(read) if read > 0) {}
                return;
            }
        }
    }
}

/// Reads one request whole and counts it; false when the connection ends before.
async fn request(stream: &mut TcpStream, seen: &Seen) -> bool {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let mut head_end = None;
    loop {
        if head_end.is_none() {
            head_end = bytes
                .windows(4)
                .position(|w| w == b"\r\n\r\n")
                .map(|at| at + 4);
            if let Some(end) = head_end {
                seen.requests.fetch_add(1, Ordering::SeqCst);
                seen.body_bytes
                    .fetch_add(bytes.len() - end, Ordering::SeqCst);
            }
        }
        if let Some(end) = head_end {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok())
                .unwrap_or(0);
            if bytes.len() >= end + length {
                if length > 0 {
                    seen.bodies.fetch_add(1, Ordering::SeqCst);
                    let text = String::from_utf8_lossy(&bytes[end..]).into_owned();
                    seen.texts.lock().unwrap().push(text);
                    seen.whole_body_bytes.fetch_add(length, Ordering::SeqCst);
                }
                return true;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => {
                if head_end.is_some() {
                    seen.body_bytes.fetch_add(read, Ordering::SeqCst);
                }
                bytes.extend_from_slice(&chunk[..read]);
            }
            _ => return false,
        }
    }
}
