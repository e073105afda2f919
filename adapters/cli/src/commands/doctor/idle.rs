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

/// What an idle connection came to.
#[derive(Debug, PartialEq)]
enum Idle {
    Closed(Duration),
    Stays,
    /// The other side keeps no connection after its answer.
    NotKept,
}

pub(super) async fn measure(address: &Url) -> Finding {
    if address.scheme() != "http" {
        let why = "the connection is encrypted".to_owned();
        return Finding::IdleUnknown { why };
    }
    match idle(address, PATIENCE).await {
        Ok(Idle::Closed(after)) if after <= OURS => Finding::IdleShort { after },
        Ok(Idle::Closed(after)) => Finding::IdleCloses { after },
        Ok(Idle::Stays) => Finding::IdleStays { at_least: PATIENCE },
        Ok(Idle::NotKept) => Finding::IdleNotKept,
        Err(error) => Finding::IdleUnknown {
            why: error.to_string(),
        },
    }
}

/// One question, one answer, and then nothing, until the other side has had enough.
async fn idle(address: &Url, patience: Duration) -> io::Result<Idle> {
    let sockets = address.socket_addrs(|| None)?;
    let mut stream = tokio::time::timeout(OURS, TcpStream::connect(&*sockets)).await??;
    let host = address.host_str().unwrap_or_default();
    let question = format!("GET /ping HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    let mut answer = Vec::new();
    let first = tokio::time::timeout(patience, stream.read_buf(&mut answer)).await;
    // Only an answer makes a connection idle.
    if first.map_err(|_| io::Error::other("no answer came"))?? == 0 {
        let why = "the connection was closed without an answer";
        return Err(io::Error::other(why));
    }
    let mut since = Instant::now();
    let is_closed = loop {
        match tokio::time::timeout(patience, stream.read_buf(&mut answer)).await {
            Ok(Ok(1..)) => since = Instant::now(),
            Ok(_) => break true,
            Err(_) => break false,
        }
    };
    Ok(match is_closed {
        _ if !keeps_alive(&answer) => Idle::NotKept,
        true => Idle::Closed(since.elapsed()),
        false => Idle::Stays,
    })
}

/// Whether the connection is to be used again after this answer (RFC 9112, section 9.3).
fn keeps_alive(answer: &[u8]) -> bool {
    let answer = String::from_utf8_lossy(answer);
    let mut head = answer.lines().take_while(|line| !line.is_empty());
    let is_old = head.next().is_some_and(|line| line.starts_with("HTTP/1.0"));
    let options = head.filter_map(|line| line.split_once(':'));
    let mut options = options
        .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
        .flat_map(|(_, options)| options.split(','))
        .map(str::trim);
    match is_old {
        true => options.any(|option| option.eq_ignore_ascii_case("keep-alive")),
        false => !options.any(|option| option.eq_ignore_ascii_case("close")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use tokio::net::TcpListener;

    use super::*;

    /// What is seen of a server that gives this answer and then closes the connection; of one that says nothing and keeps it.
    async fn seen(answer: Option<&'static str>, patience: Duration) -> io::Result<Idle> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 1_024];
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => std::future::pending().await,
            }
        });
        idle(&Url::parse(&url).unwrap(), patience).await
    }

    #[tokio::test]
    async fn only_a_connection_that_was_answered_and_kept_is_idle() {
        let kept = [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
        ];
        for answer in kept {
            let seen = seen(Some(answer), PATIENCE).await.unwrap();
            assert!(matches!(seen, Idle::Closed(_)), "{answer}: {seen:?}");
        }
        let not_kept = [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: Close\r\n\r\nok",
            "HTTP/1.0 200 OK\r\n\r\nok",
        ];
        for answer in not_kept {
            let seen = seen(Some(answer), PATIENCE).await.unwrap();
            assert_eq!(seen, Idle::NotKept, "{answer}");
        }
        let hung_up = seen(Some(""), PATIENCE).await.unwrap_err();
        assert!(
            hung_up.to_string().contains("without an answer"),
            "{hung_up}"
        );
        let silent = seen(None, Duration::from_millis(1)).await.unwrap_err();
        assert!(silent.to_string().contains("no answer"), "{silent}");
    }
}
