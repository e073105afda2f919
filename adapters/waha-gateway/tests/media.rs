//! Images and files on their way into a request.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use campaign_core::failure::Outcome;
use campaign_core::gateway::Gateway;
use campaign_core::message::{MediaSource, RenderedMessage};
use serde_json::{Value, json};
use waha_gateway::{Options, WahaGateway};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use scene::{ID, PHONE, gateway_with, open, sending};

async fn server() -> MockServer {
    let server = MockServer::start().await;
    let accepted = ResponseTemplate::new(201).set_body_json(json!({}));
    Mock::given(any())
        .respond_with(accepted)
        .mount(&server)
        .await;
    server
}

async fn send(gateway: &WahaGateway, message: RenderedMessage) -> Outcome {
    gateway.send(&sending(message), open()).await
}

async fn requests(server: &MockServer) -> Vec<(String, Value)> {
    let requests = server.received_requests().await.unwrap();
    let read = |request: &wiremock::Request| {
        let body = serde_json::from_slice(&request.body).unwrap();
        (request.url.path().to_owned(), body)
    };
    requests.iter().map(read).collect()
}

fn path(path: &str) -> MediaSource {
    MediaSource::Path(PathBuf::from(path))
}

#[tokio::test]
async fn each_kind_goes_its_own_way_with_our_id_and_no_preview() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tagihan.pdf"), b"%PDF").unwrap();
    let server = server().await;
    let options = Options {
        media_folder: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let gateway = gateway_with(&server.uri(), options);
    let url = MediaSource::Url("https://toko.example/a/promo.png?v=2".into());
    for message in [
        RenderedMessage::text("Halo"),
        RenderedMessage::image(url, ""),
        RenderedMessage::file(path("tagihan.pdf"), "Tagihan Anda"),
    ] {
        let outcome = send(&gateway, message).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }
    let chat = format!("{PHONE}@c.us");
    assert_eq!(
        requests(&server).await,
        [
            (
                "/api/sendText".to_owned(),
                json!({"session": "default", "chatId": chat, "text": "Halo", "id": ID, "linkPreview": false})
            ),
            (
                "/api/sendImage".to_owned(),
                json!({"session": "default", "chatId": chat, "id": ID,
                "file": {"mimetype": "image/png", "filename": "promo.png", "url": "https://toko.example/a/promo.png?v=2"}})
            ),
            (
                "/api/sendFile".to_owned(),
                json!({"session": "default", "chatId": chat, "id": ID, "caption": "Tagihan Anda",
                "file": {"mimetype": "application/pdf", "filename": "tagihan.pdf", "data": "JVBERg=="}})
            ),
        ]
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_sent_is_refused_before_any_request() {
    let folder = tempfile::tempdir().unwrap();
    let large = std::fs::File::create(folder.path().join("large.bin")).unwrap();
    large.set_len(40 * 1024 * 1024).unwrap();
    std::fs::File::create(folder.path().join("empty.pdf")).unwrap();
    let server = server().await;
    let options = Options {
        media_folder: Some(folder.path().to_owned()),
        ..Options::default()
    };
    let gateway = gateway_with(&server.uri(), options);
    for (name, word) in [
        ("none.pdf", "no file"),
        (".", "not a file"),
        ("large.bin", "smaller"),
        ("empty.pdf", "empty"),
    ] {
        match send(&gateway, RenderedMessage::file(path(name), "")).await {
            Outcome::Refused { message } => assert!(message.contains(word), "{message}"),
            outcome => panic!("{name}: {outcome:?}"),
        }
    }
    assert_eq!(requests(&server).await, []);
}

#[tokio::test]
async fn a_file_is_what_its_bytes_say_and_a_picture_of_no_type_is_jpeg() {
    let folder = tempfile::tempdir().unwrap();
    let server = server().await;
    let gateway = gateway_with(&server.uri(), Options::default());
    for (name, bytes, image, file) in [
        (
            "promo.jpg",
            b"\x89PNG\r\n\x1a\n".as_slice(),
            "image/png",
            "image/png",
        ),
        ("promo.png", b"?", "image/png", "image/png"),
        ("promo", b"?", "image/jpeg", "application/octet-stream"),
    ] {
        let at = folder.path().join(name);
        std::fs::write(&at, bytes).unwrap();
        let source = || MediaSource::Path(at.clone());
        send(&gateway, RenderedMessage::image(source(), "")).await;
        send(&gateway, RenderedMessage::file(source(), "")).await;
        let requests = requests(&server).await;
        let types: Vec<_> = requests[requests.len() - 2..]
            .iter()
            .map(|(_, body)| body["file"]["mimetype"].as_str().unwrap())
            .collect();
        assert_eq!(types, [image, file], "{name}");
    }
}

#[tokio::test]
async fn a_file_that_changes_on_disk_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("promo.png");
    let server = server().await;
    let gateway = gateway_with(&server.uri(), Options::default());
    let write = |bytes: &[u8], age_s: u64| {
        std::fs::write(&file, bytes).unwrap();
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + age_s);
        let handle = std::fs::File::options().append(true).open(&file).unwrap();
        handle.set_modified(modified).unwrap();
    };
    let source = || MediaSource::Path(file.clone());
    // The same size and time: taken as unchanged, which shows that it was kept.
    for (bytes, age_s, sent) in [
        (b"aaa", 1, "YWFh"),
        (b"bbb", 1, "YWFh"),
        (b"ccc", 2, "Y2Nj"),
    ] {
        write(bytes, age_s);
        send(&gateway, RenderedMessage::image(source(), "")).await;
        let (_, body) = requests(&server).await.pop().unwrap();
        assert_eq!(body["file"]["data"], sent);
    }
}
