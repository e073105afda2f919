//! Downloads against a server of raw sockets: where the key goes, breaks, resumptions, changes, lengths, limits, disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use waha_client::api::media::{Download, DownloadError, DownloadOptions};
use waha_client::types::{Media, StoredFile};
use waha_client::{RetryPolicy, SessionName, Shape, WahaClient};

const KEY: &str = "s3cret";
const FILE: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCD";
const NEWER: &[u8] = b"a newer file";
const WEAK: &str = "W/\"28-1a1fb8081df\"";

/// A request's head, in small letters.
#[derive(Clone, Debug)]
struct Asked(String);

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The first byte that a range asks for.
    fn from(&self) -> Option<usize> {
        let range = self.header("range")?.strip_prefix("bytes=")?;
        range.strip_suffix('-')?.parse().ok()
    }
}

/// What to write, and whether to be silent afterwards instead of closing.
struct Act {
    bytes: Vec<u8>,
    then_silent: bool,
}

fn sends(head: &str, body: &[u8]) -> Act {
    let bytes = [head.as_bytes(), b"\r\nconnection: close\r\n\r\n", body].concat();
    Act {
        bytes,
        then_silent: false,
    }
}

type Log = Arc<Mutex<Vec<Asked>>>;

/// Answers the n-th request, from 0, as `answer` says.
async fn server(mut answer: impl FnMut(usize, &Asked) -> Act + Send + 'static) -> (String, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let log = Log::default();
    let asked = log.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            let head = Asked(String::from_utf8(head).unwrap().to_lowercase());
            let number = asked.lock().unwrap().len();
            let act = answer(number, &head);
            asked.lock().unwrap().push(head);
            tokio::spawn(async move {
                let _ = stream.write_all(&act.bytes).await;
                if act.then_silent {
                    let _ = stream.read_u8().await;
                }
                let _ = stream.shutdown().await;
            });
        }
    });
    (address, log)
}

fn ok(body: &[u8], validator: &str, sent: usize) -> Act {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n{validator}\r\ncontent-length: {}",
        body.len()
    );
    sends(&head, &body[..sent.min(body.len())])
}

fn part(body: &[u8], validator: &str, from: usize, sent: usize) -> Act {
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\n{validator}\r\ncontent-length: {}\r\ncontent-range: bytes {from}-{}/{}",
        body.len() - from,
        body.len() - 1,
        body.len()
    );
    sends(&head, &body[from..(from + sent).min(body.len())])
}

fn status(status: u16, body: &str) -> Act {
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {}",
        body.len()
    );
    sends(&head, body.as_bytes())
}

fn chunked(validator: &str, body: &[u8], is_whole: bool) -> Act {
    let head = format!("HTTP/1.1 200 OK\r\n{validator}\r\ntransfer-encoding: chunked");
    let mut bytes = format!("{:x}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(if is_whole { b"\r\n0\r\n\r\n" } else { b"\r\n" });
    sends(&head, &bytes)
}

fn client(address: &str) -> WahaClient {
    let mut policy = RetryPolicy::default();
    policy.delay_min = Duration::from_millis(1);
    WahaClient::builder(address)
        .api_key(KEY)
        .retry(policy)
        .build()
        .unwrap()
}

fn file() -> StoredFile {
    StoredFile::new(&SessionName::new("s1").unwrap(), "3EB0A1.png").unwrap()
}

async fn download(address: &str) -> Result<Download, DownloadError> {
    client(address).media().download(&file()).await
}

async fn fetched(address: &str) -> Result<Bytes, DownloadError> {
    download(address).await?.to_bytes(1000).await
}

fn tag(etag: &str) -> String {
    format!("etag: {etag}")
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn a_file_comes_from_the_clients_own_address_whatever_host_its_url_names() {
    let (elsewhere, never) = server(|_, _| status(500, "")).await;
    let (address, log) = server(|_, _| ok(FILE, &tag(WEAK), 99)).await;
    let waha = client(&format!("{address}/waha/"));
    for host in [
        "http://localhost:1",
        "http://waha:3000/other",
        elsewhere.as_str(),
    ] {
        let media = serde_json::json!({"url": format!("{host}/api/files/s1/a%20b.png?v=1")});
        let media: Media = serde_json::from_value(media).unwrap();
        let file = media.stored_file().unwrap();
        let mut download = waha.media().download(&file).await.unwrap();
        assert_eq!(download.size(), Some(FILE.len() as u64));
        assert_eq!(download.content_type(), Some("image/png"));
        let mut all = Vec::new();
        while let Some(chunk) = download.chunk().await.unwrap() {
            all.extend_from_slice(&chunk);
        }
        assert_eq!(all, FILE);
        assert_eq!(download.received(), FILE.len() as u64);
        assert!(download.chunk().await.unwrap().is_none());
        let asked = log.lock().unwrap().pop().unwrap();
        assert!(
            asked.0.starts_with("get /waha/api/files/s1/a%20b.png?v=1 "),
            "{}",
            asked.0
        );
        assert_eq!(asked.header("x-api-key"), Some(KEY));
        assert_eq!(asked.header("accept-encoding"), Some("identity"));
    }
    assert!(never.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, never) = server(|_, _| ok(FILE, &tag(WEAK), 99)).await;
    let to = format!("HTTP/1.1 302 Found\r\nlocation: {elsewhere}/x\r\ncontent-length: 0");
    let (address, log) = server(move |_, _| sends(&to, b"")).await;
    let error = fetched(&address).await.unwrap_err();
    let DownloadError::Request(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.answer().unwrap().shape(), &Shape::Redirect);
    assert_eq!(log.lock().unwrap().len(), 1);
    assert!(never.lock().unwrap().is_empty());
}

/// How a server deals with ranges.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Style {
    Ranges,
    /// Answers with the whole file always.
    WholeOnly,
    /// Has nothing to tell versions by.
    NoValidator,
}

#[tokio::test]
async fn a_file_that_breaks_anywhere_comes_whole_from_every_kind_of_server() {
    for style in [Style::Ranges, Style::WholeOnly, Style::NoValidator] {
        for validator in ["\"28-strong\"", WEAK] {
            for cut in 0..FILE.len() {
                let line = match style {
                    Style::NoValidator => "x-none: 1".to_owned(),
                    _ => tag(validator),
                };
                let (address, log) = server(move |number, asked| match asked.from() {
                    Some(from) if style == Style::Ranges => part(FILE, &line, from, 99),
                    _ => ok(FILE, &line, if number == 0 { cut } else { 99 }),
                })
                .await;
                let download = download(&address).await.unwrap();
                let all = download.to_bytes(FILE.len()).await.unwrap();
                assert_eq!(all, FILE, "{style:?} {validator} {cut}");
                let log = log.lock().unwrap();
                assert_eq!(log.len(), 2, "{style:?} {validator} {cut}");
                let from = (cut > 0 && style != Style::NoValidator).then_some(cut);
                assert_eq!(log[1].from(), from, "{style:?} {validator} {cut}");
                let condition = from.filter(|_| validator != WEAK).map(|_| validator);
                assert_eq!(log[1].header("if-range"), condition);
            }
        }
    }
}

#[tokio::test]
async fn a_changed_file_is_told_to_whoever_has_pieces_of_the_former_one() {
    let (address, _) = server(|number, asked| match (number, asked.from()) {
        (0, _) => ok(FILE, &tag(WEAK), 10),
        (_, Some(from)) => part(NEWER, &tag("W/\"newer\""), from, 99),
        (_, None) => ok(NEWER, &tag("W/\"newer\""), 99),
    })
    .await;
    let mut download = download(&address).await.unwrap();
    assert_eq!(download.chunk().await.unwrap().unwrap(), FILE[..10]);
    let error = download.chunk().await.unwrap_err();
    assert!(
        matches!(error, DownloadError::Changed { received: 10 }),
        "{error}"
    );
    assert_eq!(download.chunk().await.unwrap().unwrap(), NEWER);
    assert!(download.chunk().await.unwrap().is_none());
}

#[tokio::test]
async fn whoever_takes_it_whole_gets_the_changed_file_from_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let changing = || {
        server(|number, _| match number % 2 {
            0 => ok(FILE, &tag("\"1\""), 10),
            _ => ok(NEWER, &tag("\"2\""), 99),
        })
    };
    let (address, log) = changing().await;
    assert_eq!(fetched(&address).await.unwrap(), NEWER);
    assert_eq!(log.lock().unwrap()[1].header("if-range"), Some("\"1\""));
    let (address, _) = changing().await;
    let size = download(&address)
        .await
        .unwrap()
        .to_path(&path)
        .await
        .unwrap();
    assert_eq!(size, NEWER.len() as u64);
    assert_eq!(std::fs::read(&path).unwrap(), NEWER);
    assert_eq!(entries(folder.path()), 1);
}

#[tokio::test]
async fn a_part_that_was_not_asked_for_is_not_used() {
    let (address, log) = server(|number, asked| match (number, asked.from()) {
        (0, _) => ok(FILE, &tag(WEAK), 10),
        (_, Some(_)) => part(FILE, &tag(WEAK), 5, 99),
        (_, None) => ok(FILE, &tag(WEAK), 99),
    })
    .await;
    assert_eq!(fetched(&address).await.unwrap(), FILE);
    let asked: Vec<_> = log.lock().unwrap().iter().map(Asked::from).collect();
    assert_eq!(asked, [None, Some(10), None]);
    let (address, log) = server(|number, asked| match number {
        0 => ok(FILE, &tag(WEAK), 10),
        _ => part(
            FILE,
            &tag(WEAK),
            if asked.from().is_some() { 5 } else { 6 },
            99,
        ),
    })
    .await;
    let error = fetched(&address).await.unwrap_err();
    assert!(matches!(error, DownloadError::Unexpected(_)), "{error}");
    assert_eq!(log.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_file_of_unknown_length_that_lacks_only_its_end_is_complete() {
    let nothing_more = format!(
        "HTTP/1.1 416 No\r\ncontent-range: bytes */{}\r\ncontent-length: 0",
        FILE.len()
    );
    let (address, log) = server(move |number, _| match number {
        0 => chunked(&tag(WEAK), FILE, false),
        _ => sends(&nothing_more, b""),
    })
    .await;
    assert_eq!(fetched(&address).await.unwrap(), FILE);
    assert_eq!(log.lock().unwrap()[1].from(), Some(FILE.len()));
}

#[tokio::test]
async fn resumptions_are_bounded_in_all_and_without_a_byte() {
    let (address, log) = server(|_, asked| match asked.from() {
        Some(from) => part(FILE, &tag(WEAK), from, 1),
        None => ok(FILE, &tag(WEAK), 1),
    })
    .await;
    let options = DownloadOptions::new().resumptions_max(3);
    let waha = client(&address);
    let mut download = waha.media().download_with(&file(), options).await.unwrap();
    let mut received = 0;
    let error = loop {
        match download.chunk().await {
            Ok(chunk) => received += chunk.unwrap().len(),
            Err(error) => break error,
        }
    };
    assert_eq!(received, 4);
    assert!(
        matches!(
            error,
            DownloadError::Broken {
                received: 4,
                resumptions: 3,
                ..
            }
        ),
        "{error}"
    );
    // An end is never made up afterwards.
    assert!(download.chunk().await.is_err());
    assert_eq!(log.lock().unwrap().len(), 4);

    let (address, log) = server(|number, asked| match asked.from() {
        Some(from) => part(FILE, &tag(WEAK), from, 0),
        None => ok(FILE, &tag(WEAK), if number == 0 { 5 } else { 0 }),
    })
    .await;
    let error = fetched(&address).await.unwrap_err();
    assert!(
        matches!(error, DownloadError::Broken { received: 5, .. }),
        "{error}"
    );
    // The first, and two more as the policy of three tries has it.
    assert_eq!(log.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_allowed_are_told_at_once() {
    const GONE: &str = r#"{"message":"ENOENT: no such file or directory, stat '/app/media/index.html'","error":"Not Found","statusCode":404}"#;
    let (address, log) = server(|_, _| status(404, GONE)).await;
    let error = fetched(&address).await.unwrap_err();
    assert!(matches!(error, DownloadError::Gone(_)), "{error}");
    assert_eq!(log.lock().unwrap().len(), 1);
    for refused in [401, 403] {
        let body = format!(r#"{{"message":"Unauthorized","statusCode":{refused}}}"#);
        let (address, log) = server(move |_, _| status(refused, &body)).await;
        let error = fetched(&address).await.unwrap_err();
        assert!(matches!(error, DownloadError::Unauthorized(_)), "{error}");
        assert_eq!(log.lock().unwrap().len(), 1);
    }
    // Expired between two parts.
    let (address, _) = server(|number, _| match number {
        0 => ok(FILE, &tag(WEAK), 10),
        _ => status(404, GONE),
    })
    .await;
    let error = fetched(&address).await.unwrap_err();
    assert!(matches!(error, DownloadError::Gone(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_fails_for_a_moment_is_asked_again_and_one_that_is_absent_is_told() {
    let (address, log) = server(|number, _| match number {
        0 => status(503, ""),
        _ => ok(FILE, &tag(WEAK), 99),
    })
    .await;
    assert_eq!(fetched(&address).await.unwrap(), FILE);
    assert_eq!(log.lock().unwrap().len(), 2);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = fetched(&address).await.unwrap_err();
    assert!(
        matches!(&error, DownloadError::Request(error) if error.is_not_sent()),
        "{error}"
    );
}

#[tokio::test]
async fn silence_counts_as_a_break_before_the_answer_and_within_it() {
    let (address, log) = server(|number, asked| match (number, asked.from()) {
        (0, _) => Act {
            bytes: Vec::new(),
            then_silent: true,
        },
        (1, _) => Act {
            then_silent: true,
            ..ok(FILE, &tag(WEAK), 10)
        },
        (_, from) => part(FILE, &tag(WEAK), from.unwrap(), 99),
    })
    .await;
    let options = DownloadOptions::new().silence_max(Duration::from_millis(200));
    let waha = client(&address);
    let download = waha.media().download_with(&file(), options).await.unwrap();
    assert_eq!(download.to_bytes(1000).await.unwrap(), FILE);
    assert_eq!(log.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_piece_that_is_waited_for_again_and_again_costs_no_resumption() {
    let (address, log) = server(|number, asked| match (number, asked.from()) {
        (0, _) => ok(FILE, &tag(WEAK), 10),
        (1..=5, _) => Act {
            bytes: Vec::new(),
            then_silent: true,
        },
        (_, from) => part(FILE, &tag(WEAK), from.unwrap(), 99),
    })
    .await;
    let mut download = download(&address).await.unwrap();
    assert_eq!(download.chunk().await.unwrap().unwrap(), FILE[..10]);
    // Each time the wait is dropped once the server was asked.
    for asked in 2..=6 {
        tokio::select! {
            piece = download.chunk() => panic!("{piece:?}"),
            () = async { while log.lock().unwrap().len() < asked { tokio::task::yield_now().await } } => {}
        }
    }
    assert_eq!(download.chunk().await.unwrap().unwrap(), FILE[10..]);
    assert_eq!(download.resumptions(), 1);
}

#[tokio::test]
async fn a_limit_is_kept_whether_or_not_the_server_tells_the_size() {
    let (address, _) = server(|_, _| ok(FILE, &tag(WEAK), 0)).await;
    let limit = FILE.len() - 1;
    let error = download(&address)
        .await
        .unwrap()
        .to_bytes(limit)
        .await
        .unwrap_err();
    let told = Some(FILE.len() as u64);
    assert!(
        matches!(error, DownloadError::TooLarge { bytes, .. } if bytes == told),
        "{error}"
    );
    let (address, _) = server(|_, _| chunked(&tag(WEAK), FILE, true)).await;
    let error = download(&address)
        .await
        .unwrap()
        .to_bytes(limit)
        .await
        .unwrap_err();
    assert!(
        matches!(error, DownloadError::TooLarge { bytes: None, .. }),
        "{error}"
    );
    let (address, _) = server(|_, _| chunked(&tag(WEAK), FILE, true)).await;
    assert_eq!(
        download(&address)
            .await
            .unwrap()
            .to_bytes(FILE.len())
            .await
            .unwrap(),
        FILE
    );
}

#[tokio::test]
async fn more_bytes_than_announced_and_compressed_ones_are_refused() {
    let (address, _) = server(|number, _| match number {
        0 => ok(FILE, &tag(WEAK), 10),
        _ => {
            let act = chunked(&tag(WEAK), &FILE[9..], true);
            let text = String::from_utf8(act.bytes).unwrap();
            let range = format!(
                "206 Partial\r\ncontent-range: bytes 10-{}/{}",
                FILE.len() - 1,
                FILE.len()
            );
            Act {
                bytes: text.replace("200 OK", &range).into_bytes(),
                then_silent: false,
            }
        }
    })
    .await;
    let error = fetched(&address).await.unwrap_err();
    assert!(
        matches!(
            error,
            DownloadError::WrongLength {
                received: 41,
                expected: 40
            }
        ),
        "{error}"
    );
    let (address, _) = server(|_, _| ok(FILE, "content-encoding: gzip", 99)).await;
    let error = fetched(&address).await.unwrap_err();
    assert!(matches!(error, DownloadError::Unexpected(_)), "{error}");
}

#[tokio::test]
async fn an_answer_that_ends_in_good_order_but_early_is_not_taken_for_whole() {
    let (address, log) = server(|number, asked| match number {
        0 => ok(FILE, &tag(WEAK), 10),
        1 => {
            let act = chunked(&tag(WEAK), &FILE[10..15], true);
            let text = String::from_utf8(act.bytes).unwrap();
            let range = format!(
                "206 Partial\r\ncontent-range: bytes 10-{}/{}",
                FILE.len() - 1,
                FILE.len()
            );
            Act {
                bytes: text.replace("200 OK", &range).into_bytes(),
                then_silent: false,
            }
        }
        _ => part(FILE, &tag(WEAK), asked.from().unwrap(), 99),
    })
    .await;
    assert_eq!(fetched(&address).await.unwrap(), FILE);
    assert_eq!(log.lock().unwrap()[2].from(), Some(15));
}

/// The recorded answers of WAHA's folder of files.
#[tokio::test]
async fn recorded_answers_read_as_a_file_to_go_on_with_and_as_typed_errors() {
    let Some(folder) = std::env::var_os("WAHA_RECORDINGS") else {
        println!("skipped: WAHA_RECORDINGS is not set");
        return;
    };
    let recorded = |name: &str| {
        let path = Path::new(&folder).join("exchanges/2026.4").join(name);
        let exchange: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let response = &exchange["response"];
        let mut head = format!("HTTP/1.1 {} Recorded", response["status"]);
        for (name, value) in response["headers"].as_object().unwrap() {
            if name != "Connection" && name != "Keep-Alive" {
                head.push_str(&format!("\r\n{name}: {}", value.as_str().unwrap()));
            }
        }
        let body = &response["body"];
        let body = match body["first_bytes_base64"].as_str() {
            Some(text) => STANDARD.decode(text).unwrap(),
            None => body.to_string().into_bytes(),
        };
        sends(&head, &body)
    };
    // Of 70 bytes only the first are recorded, so that it breaks and is asked for behind them.
    let (address, log) = server({
        let whole = Mutex::new(Some(recorded("6-40-media-download.json")));
        move |_, _| {
            whole
                .lock()
                .unwrap()
                .take()
                .unwrap_or_else(|| status(404, ""))
        }
    })
    .await;
    let mut download = download(&address).await.unwrap();
    assert_eq!(
        (download.size(), download.content_type()),
        (Some(70), Some("image/png"))
    );
    let had = download.chunk().await.unwrap().unwrap().len();
    assert!(matches!(
        download.chunk().await,
        Err(DownloadError::Gone(_))
    ));
    assert_eq!(log.lock().unwrap()[1].from(), Some(had));
    for (name, is_gone) in [
        ("6-41-media-nokey.json", false),
        ("6-42-media-missing.json", true),
    ] {
        let act = Mutex::new(Some(recorded(name)));
        let (address, _) = server(move |_, _| act.lock().unwrap().take().unwrap()).await;
        let error = fetched(&address).await.unwrap_err();
        let expected = match is_gone {
            true => matches!(error, DownloadError::Gone(_)),
            false => matches!(error, DownloadError::Unauthorized(_)),
        };
        assert!(expected, "{name}: {error}");
    }
    let (address, _) = server({
        let part = Mutex::new(Some(recorded("6-43-media-range.json")));
        move |_, _| part.lock().unwrap().take().unwrap()
    })
    .await;
    let error = fetched(&address).await.unwrap_err();
    assert!(matches!(error, DownloadError::Unexpected(_)), "{error}");
}

#[tokio::test]
async fn a_file_on_disk_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    std::fs::write(&path, "former").unwrap();
    let (address, _) = server(|number, _| match number {
        0 => ok(FILE, &tag(WEAK), 10),
        _ => status(404, ""),
    })
    .await;
    let error = download(&address)
        .await
        .unwrap()
        .to_path(&path)
        .await
        .unwrap_err();
    assert!(matches!(error, DownloadError::Gone(_)), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"former");
    assert_eq!(entries(folder.path()), 1);

    let (address, _) = server(|_, asked| match asked.from() {
        Some(from) => part(FILE, &tag(WEAK), from, 99),
        None => ok(FILE, &tag(WEAK), 10),
    })
    .await;
    let size = download(&address)
        .await
        .unwrap()
        .to_path(&path)
        .await
        .unwrap();
    assert_eq!(size, FILE.len() as u64);
    assert_eq!(std::fs::read(&path).unwrap(), FILE);
    assert_eq!(entries(folder.path()), 1);

    let nowhere = folder.path().join("no/folder/a.png");
    let error = download(&address)
        .await
        .unwrap()
        .to_path(&nowhere)
        .await
        .unwrap_err();
    assert!(matches!(error, DownloadError::Disk { .. }), "{error}");
}

#[tokio::test]
async fn a_download_that_is_dropped_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let (address, _) = server(|_, _| Act {
        then_silent: true,
        ..ok(FILE, &tag(WEAK), 10)
    })
    .await;
    let download = download(&address).await.unwrap();
    let mut writing = Box::pin(download.to_path(&path));
    // Polled until the temporary file is there.
    tokio::select! {
        done = &mut writing => panic!("{done:?}"),
        () = async { while entries(folder.path()) == 0 { tokio::task::yield_now().await } } => {}
    }
    drop(writing);
    assert_eq!(entries(folder.path()), 0);
}

#[tokio::test]
async fn no_text_of_a_download_shows_the_key() {
    let (address, _) = server(|_, _| ok(FILE, &tag(WEAK), 10)).await;
    let url = "http://h/api/files/s1/true_6281200000002@c.us_A.png?x-api-key=s3cret";
    let waha = client(&address);
    let download = waha
        .media()
        .download(&StoredFile::from_url(url).unwrap())
        .await
        .unwrap();
    let shown = format!("{download:?}");
    let error = download.to_bytes(1000).await.unwrap_err();
    for text in [shown, format!("{error} {error:?}")] {
        assert!(
            !text.contains(KEY) && !text.contains("6281200000002"),
            "{text}"
        );
    }
}
