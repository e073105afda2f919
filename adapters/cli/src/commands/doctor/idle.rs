//! How long the server, or a proxy before it, leaves a connection open on which nothing happens.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::language::Finding;

/// The client drops its own after 4 s.
const OURS: Duration = Duration::from_secs(4);
/// Waited for at most.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn measure(address: &Url) -> Finding {
    if address.scheme() != "http" {
        let why = "the connection is encrypted".to_owned();
        return Finding::IdleUnknown { why };
    }
    match idle(address).await {
        Ok(Some(after)) if after <= OURS => Finding::IdleShort { after },
        Ok(Some(after)) => Finding::IdleCloses { after },
        Ok(None) => Finding::IdleStays { at_least: PATIENCE },
        Err(error) => Finding::IdleUnknown {
            why: error.to_string(),
        },
    }
}

/// One question, one answer, and then nothing, until the other side has had enough.
async fn idle(address: &Url) -> io::Result<Option<Duration>> {
    let sockets = address.socket_addrs(|| None)?;
    let mut stream = tokio::time::timeout(OURS, TcpStream::connect(&*sockets)).await??;
    let host = address.host_str().unwrap_or_default();
    let question = format!("GET /ping HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    let mut since = None;
    let mut bytes = [0; 4_096];
    loop {
        match tokio::time::timeout(PATIENCE, stream.read(&mut bytes)).await {
            Err(_) => return Ok(None),
            Ok(Ok(0)) => return Ok(since.map(|since: Instant| since.elapsed())),
            Ok(Ok(_)) => since = Some(Instant::now()),
            Ok(Err(error)) => match since {
                Some(since) => return Ok(Some(since.elapsed())),
                None => return Err(error),
            },
        }
    }
}
