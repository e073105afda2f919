//! Pairing step by step, against a server that goes through a script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use waha_client::api::pairing::{PairingError, PairingOptions, PairingSteps, Step};
use waha_client::{ChatId, RetryPolicy, SessionName, SessionStatus, WahaClient};
use wiremock::matchers::{body_json, method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// Answers in order, the last one again and again.
struct Script(Mutex<VecDeque<ResponseTemplate>>);

impl Respond for Script {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let mut answers = self.0.lock().unwrap();
        match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        }
    }
}

struct Server {
    mock: MockServer,
    waha: WahaClient,
}

impl Server {
    async fn start() -> Self {
        let mock = MockServer::start().await;
        let waha = WahaClient::builder(mock.uri())
            .retry(RetryPolicy::never())
            .build()
            .unwrap();
        Self { mock, waha }
    }

    async fn answers(&self, verb: &str, at: &str, answers: Vec<ResponseTemplate>) -> &Self {
        Mock::given(method(verb))
            .and(path(at))
            .respond_with(Script(Mutex::new(answers.into())))
            .mount(&self.mock)
            .await;
        self
    }

    async fn session_is(&self, statuses: &[&str]) -> &Self {
        let answers = statuses.iter().map(|status| info(status)).collect();
        self.answers("GET", "/api/sessions/s_1", answers).await
    }

    fn steps(&self, options: PairingOptions) -> PairingSteps {
        self.waha.pairing().steps(&session(), quick(options))
    }

    async fn asked(&self, at: &str) -> usize {
        let requests = self.mock.received_requests().await.unwrap();
        requests.iter().filter(|one| one.url.path() == at).count()
    }
}

/// A session of this status; `WORKING-` has no account yet.
fn info(status: &str) -> ResponseTemplate {
    // While it waits for a phone, NOWEB may tell a bogus account (recorded).
    let me = match status {
        "WORKING" => json!({"id": "6281200000001@c.us", "pushName": "Me"}),
        "SCAN_QR_CODE" => json!({"id": "6299999999999@c.us", "pushName": "~", "lid": ""}),
        _ => json!(null),
    };
    let status = status.trim_end_matches('-');
    ok(&json!({"name": "s_1", "status": status, "me": me}))
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn moved_on() -> ResponseTemplate {
    ResponseTemplate::new(422).set_body_json(json!({
        "error": "Session status is not as expected. Try again later or restart the session",
        "session": "s_1", "status": "STARTING", "expected": ["SCAN_QR_CODE"],
    }))
}

fn session() -> SessionName {
    SessionName::new("s_1").unwrap()
}

fn quick(options: PairingOptions) -> PairingOptions {
    options
        .poll_every(Duration::from_millis(10))
        .within(Duration::from_secs(20))
}

fn by_code() -> PairingOptions {
    PairingOptions::code(ChatId::phone("6281200000001").unwrap())
}

fn told(step: &Step) -> String {
    match step {
        Step::Status(status) => status.to_string(),
        Step::Qr(text) => format!("qr {text}"),
        Step::QrImage(image) => format!("image {}", image.base64()),
        Step::Code(code) => format!("code {code}"),
        Step::Passkey(challenge) => format!("sign {}", challenge.challenge),
        Step::PasskeyCode(code) => format!("compare {code}"),
        Step::Away(error) => format!("away {:?}", error.status()),
        Step::Working(me) => format!("working as {}", me.id),
        other => panic!("{other:?}"),
    }
}

/// All steps, and the error they ended in.
async fn all(mut steps: PairingSteps) -> (Vec<String>, Option<PairingError>) {
    let mut seen = Vec::new();
    while let Some(step) = steps.next().await {
        match step {
            Ok(step) => seen.push(told(&step)),
            Err(error) => {
                assert!(steps.next().await.is_none(), "nothing comes after an error");
                return (seen, Some(error));
            }
        }
    }
    assert!(steps.next().await.is_none(), "nothing comes after the end");
    (seen, None)
}

const QR: &str = "/api/s_1/auth/qr";
const CODE: &str = "/api/s_1/auth/request-code";

#[tokio::test]
async fn every_new_qr_code_is_handed_over_once_until_the_account_is_there() {
    let server = Server::start().await;
    let qr = |text: &str| ok(&json!({"value": text}));
    let mut statuses = vec!["STARTING"];
    statuses.extend(["SCAN_QR_CODE"; 6]);
    statuses.extend(["STARTING", "WORKING-", "WORKING-", "WORKING"]);
    server
        .session_is(&statuses)
        .await
        .answers("GET", QR, vec![qr("2@a"), qr("2@a"), qr("2@b"), moved_on()])
        .await;
    let (seen, error) = all(server.steps(PairingOptions::qr())).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        seen,
        [
            "STARTING",
            "SCAN_QR_CODE",
            "qr 2@a",
            "qr 2@b",
            "STARTING",
            "WORKING",
            "working as 6281200000001@c.us",
        ]
    );
}

#[tokio::test]
async fn a_qr_code_comes_as_a_picture_when_wanted() {
    let server = Server::start().await;
    let image = |data: &str| ok(&json!({"mimetype": "image/png", "data": data}));
    let statuses = ["SCAN_QR_CODE", "SCAN_QR_CODE", "SCAN_QR_CODE", "WORKING"];
    server
        .session_is(&statuses)
        .await
        .answers("GET", QR, vec![image("YQ"), image("YQ")])
        .await;
    let (seen, _) = all(server.steps(PairingOptions::qr_image())).await;
    assert_eq!(seen[..2], ["SCAN_QR_CODE", "image YQ"]);
    assert_eq!(seen[2..], ["WORKING", "working as 6281200000001@c.us"]);
}

#[tokio::test]
async fn a_code_is_asked_for_once() {
    let server = Server::start().await;
    let mut statuses = vec!["SCAN_QR_CODE"; 10];
    statuses.push("WORKING");
    Mock::given(method("POST"))
        .and(path(CODE))
        .and(body_json(json!({"phoneNumber": "6281200000001"})))
        .respond_with(ResponseTemplate::new(201).set_body_json(json!({"code": "ABCD-EFGH"})))
        .expect(1)
        .mount(&server.mock)
        .await;
    server.session_is(&statuses).await;
    let (seen, _) = all(server.steps(by_code())).await;
    assert_eq!(seen[..2], ["SCAN_QR_CODE", "code ABCD-EFGH"]);
    assert_eq!(seen.len(), 4, "{seen:?}");
    assert_eq!(server.asked(QR).await, 0);
}

#[tokio::test]
async fn a_session_that_begins_anew_needs_another_code() {
    let server = Server::start().await;
    let mut statuses = vec!["SCAN_QR_CODE"; 3];
    statuses.push("STARTING");
    statuses.extend(["SCAN_QR_CODE"; 10]);
    statuses.push("WORKING");
    let code = |code: &str| ResponseTemplate::new(201).set_body_json(json!({"code": code}));
    server
        .session_is(&statuses)
        .await
        .answers("POST", CODE, vec![code("A"), code("B")])
        .await;
    let (seen, _) = all(server.steps(by_code())).await;
    let codes = seen.iter().filter(|step| step.starts_with("code"));
    assert_eq!(codes.collect::<Vec<_>>(), ["code A", "code B"]);
}

#[tokio::test]
async fn a_code_that_cannot_be_had_is_not_asked_for_without_end() {
    let server = Server::start().await;
    let refused = |status| {
        let exception = json!({"exception": {"message": "Connection Closed"}});
        ResponseTemplate::new(status).set_body_json(exception)
    };
    let wrong_status = json!({"message": "Can request code only in SCAN_QR_CODE status. The current status is STARTING", "statusCode": 422});
    let wrong_status = ResponseTemplate::new(422).set_body_json(wrong_status);
    server
        .session_is(&["SCAN_QR_CODE"])
        .await
        .answers("POST", CODE, vec![wrong_status, refused(500)])
        .await;
    let (seen, error) = all(server.steps(by_code())).await;
    assert_eq!(seen, ["SCAN_QR_CODE", "away Some(500)"]);
    assert!(
        matches!(&error, Some(PairingError::Refused(error)) if error.status() == Some(500)),
        "{error:?}"
    );
    assert_eq!(server.asked(CODE).await, 3);
}

#[tokio::test]
async fn a_code_for_what_is_no_phone_is_refused_at_once() {
    let server = Server::start().await;
    server.session_is(&["SCAN_QR_CODE"]).await;
    let options = PairingOptions::code(ChatId::group("12036300").unwrap());
    let (_, error) = all(server.steps(options)).await;
    assert!(matches!(error, Some(PairingError::Refused(_))), "{error:?}");
    assert_eq!(server.asked(CODE).await, 0);
}

#[tokio::test]
async fn a_passkey_is_asked_for_and_its_code_compared() {
    let server = Server::start().await;
    let statuses = [
        "PASSKEY_REQUIRED",
        "PASSKEY_REQUIRED",
        "PASSKEY_REQUIRED",
        "PASSKEY_CONFIRMATION_REQUIRED",
        "PASSKEY_CONFIRMATION_REQUIRED",
        "PASSKEY_CONFIRMATION_REQUIRED",
        "WORKING",
    ];
    let challenge = ok(&json!({"challenge": "Y2g", "rpId": "web.whatsapp.com"}));
    let code = ok(&json!({"code": "1234"}));
    server
        .session_is(&statuses)
        .await
        .answers("GET", "/api/s_1/auth/passkey/challenge", vec![challenge])
        .await
        .answers("GET", "/api/s_1/auth/passkey/confirmation", vec![code])
        .await;
    let (seen, _) = all(server.steps(PairingOptions::qr())).await;
    assert_eq!(
        seen,
        [
            "PASSKEY_REQUIRED",
            "sign Y2g",
            "PASSKEY_CONFIRMATION_REQUIRED",
            "compare 1234",
            "WORKING",
            "working as 6281200000001@c.us",
        ]
    );
}

#[tokio::test]
async fn a_server_that_is_away_for_a_while_is_told_once_and_waited_for() {
    let server = Server::start().await;
    let away = || ResponseTemplate::new(503);
    let answers = vec![
        away(),
        ResponseTemplate::new(502).set_body_string("<html>"),
        info("STARTING"),
        info("STARTING"),
        ResponseTemplate::new(429).insert_header("retry-after", "0"),
        away(),
        info("WORKING"),
    ];
    server.answers("GET", "/api/sessions/s_1", answers).await;
    let (seen, error) = all(server.steps(PairingOptions::qr())).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        seen,
        [
            "away Some(503)",
            "STARTING",
            "away Some(429)",
            "WORKING",
            "working as 6281200000001@c.us",
        ]
    );
}

#[tokio::test]
async fn what_waiting_does_not_cure_ends_it_with_its_reason() {
    let missing = json!({"message": "Session not found", "error": "Not Found", "statusCode": 404});
    let missing = ResponseTemplate::new(404).set_body_json(missing);
    let unauthorized = json!({"message": "Unauthorized", "statusCode": 401});
    let unauthorized = ResponseTemplate::new(401).set_body_json(unauthorized);
    for (answer, is_it) in [
        (
            missing,
            (|error| matches!(error, PairingError::UnknownSession(_))) as fn(&PairingError) -> bool,
        ),
        (unauthorized, |error| {
            matches!(error, PairingError::Unauthorized(_))
        }),
        (ResponseTemplate::new(403), |error| {
            matches!(error, PairingError::Unauthorized(_))
        }),
        (ResponseTemplate::new(400), |error| {
            matches!(error, PairingError::Refused(_))
        }),
        (info("FAILED"), |error| {
            matches!(error, PairingError::Ended(SessionStatus::Failed))
        }),
    ] {
        let server = Server::start().await;
        server
            .answers("GET", "/api/sessions/s_1", vec![answer])
            .await;
        let (_, error) = all(server.steps(PairingOptions::qr())).await;
        let error = error.unwrap();
        assert!(is_it(&error), "{error:?}");
    }
}

#[tokio::test]
async fn the_callers_deadline_ends_it_and_tells_the_last_status() {
    let server = Server::start().await;
    server
        .session_is(&["SCAN_QR_CODE"])
        .await
        .answers("GET", QR, vec![ok(&json!({"value": "2@a"}))])
        .await;
    let short = quick(PairingOptions::qr()).within(Duration::from_millis(300));
    let mut seen = Vec::new();
    let error = server
        .waha
        .pairing()
        .wait_until_working(&session(), short, |step| seen.push(told(&step)))
        .await
        .unwrap_err();
    assert_eq!(seen, ["SCAN_QR_CODE", "qr 2@a"]);
    assert!(
        matches!(
            &error,
            PairingError::TimedOut {
                status: Some(SessionStatus::ScanQrCode)
            }
        ),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "time ran out while the session was SCAN_QR_CODE"
    );
}

#[tokio::test]
async fn callbacks_get_every_step_and_the_account_is_returned() {
    let server = Server::start().await;
    server
        .session_is(&["SCAN_QR_CODE", "SCAN_QR_CODE", "WORKING"])
        .await
        .answers("GET", QR, vec![ok(&json!({"value": "2@a"}))])
        .await;
    let waha = server.waha.clone();
    let waiting = tokio::spawn(async move {
        let mut seen = Vec::new();
        let options = quick(PairingOptions::qr());
        let me = waha
            .pairing()
            .wait_until_working(&session(), options, |step| seen.push(told(&step)))
            .await;
        (me, seen)
    });
    let (me, seen) = waiting.await.unwrap();
    assert_eq!(me.unwrap().push_name.as_deref(), Some("Me"));
    assert_eq!(seen, ["SCAN_QR_CODE", "qr 2@a", "WORKING"]);
}

#[tokio::test]
async fn a_dropped_wait_for_a_step_loses_none() {
    let server = Server::start().await;
    server
        .session_is(&["SCAN_QR_CODE"])
        .await
        .answers("GET", QR, vec![ok(&json!({"value": "2@a"}))])
        .await;
    let mut steps = server.steps(PairingOptions::qr());
    let mut seen = Vec::new();
    for patience_ms in 0.. {
        tokio::select! {
            step = steps.next() => seen.push(told(&step.unwrap().unwrap())),
            () = tokio::time::sleep(Duration::from_millis(patience_ms)) => {}
        }
        if seen.len() == 2 {
            break;
        }
    }
    assert_eq!(seen, ["SCAN_QR_CODE", "qr 2@a"]);
}

#[test]
fn no_code_is_shown_by_debug() {
    for step in [
        Step::Qr("2@secret".into()),
        Step::Code("SECRET".into()),
        Step::PasskeyCode("secret".into()),
    ] {
        let shown = format!("{step:?}").to_lowercase();
        assert!(!shown.contains("secret"), "{shown}");
    }
}
