//! Each kind of failure on a real socket: its class, and whether a look-up and a send may be made again after it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod server;

use std::time::Duration;

use server::{Act, Server, answer};
use waha_client::{
    CallOptions, ChatId, Error, Next, Repeat, RetryPolicy, SessionName, Shape, TextMessage,
    WahaClient,
};

/// How far the request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    NotSent,
    MaybeSent,
    /// With this status, and in this shape.
    Answered(u16, &'static str),
}
use Class::{Answered, MaybeSent, NotSent};

fn class(error: &Error) -> Class {
    match error {
        Error::NotSent { .. } => NotSent,
        Error::MaybeSent { .. } => MaybeSent,
        Error::Answered(answer) => Answered(
            answer.status(),
            match answer.shape() {
                Shape::Http { .. } => "http",
                Shape::SessionStatus { .. } => "session status",
                Shape::UnknownSession { .. } => "unknown session",
                Shape::Exception(_) => "exception",
                Shape::Redirect => "redirect",
                Shape::Html => "page",
                Shape::Cut => "cut",
                Shape::Unexpected { .. } => "unexpected",
                Shape::Empty => "empty",
                _ => "other",
            },
        ),
        other => panic!("{other:?}"),
    }
}

/// Where a request goes.
enum To {
    /// A server that does this to every request.
    Server(Act),
    /// An address at which nobody listens.
    Nobody,
    /// A name that no server has.
    NoName,
    /// A port that answers the handshake of TLS with something else.
    NoTls,
    /// A port at which the handshake of TLS is cut.
    CutTls,
    /// A port at which the handshake of TLS never ends.
    SilentTls,
}

struct Case {
    what: &'static str,
    to: To,
    class: Class,
    /// Whether a message may be out.
    may_be_out: bool,
    /// Whether a look-up is made again.
    is_asked_again: bool,
}

fn case(what: &'static str, to: To, class: Class, may_be_out: bool, is_asked_again: bool) -> Case {
    Case {
        what,
        to,
        class,
        may_be_out,
        is_asked_again,
    }
}

fn replies(status: u16, body: &str) -> To {
    To::Server(Act::Reply(answer(status, body)))
}

fn headed(status: u16, header: &str, body: &str) -> To {
    let reply = answer(status, body).replacen("\r\n", &format!("\r\n{header}\r\n"), 1);
    To::Server(Act::Reply(reply))
}

const STOPPED: &str = r#"{"error":"Session status is not as expected.","session":"s1","status":"STOPPED","expected":["WORKING"]}"#;
const NO_SESSION: &str = r#"{"error":"Session \"x\" does not exist","session":"x"}"#;
const TIMED_OUT: &str =
    r#"{"statusCode":500,"exception":{"message":"Timed Out","isBoom":true,"data":null}}"#;
const BEFORE_ENGINE: &str = r#"{"statusCode":500,"exception":{"message":"Cannot read properties of undefined (reading 'includes')","name":"TypeError","stack":"TypeError: Cannot\n    at ensureSuffix (/app/dist/core/abc/session.abc.js:35:15)"}}"#;
const LOCKED: &str =
    r#"{"statusCode":500,"exception":{"message":"async-lock timed out in queue default"}}"#;
const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\nconnection: close\r\n\r\n[{\"name\":\"a\"";

fn cases() -> Vec<Case> {
    let refusal = |status, text: &str| {
        let body = format!(r#"{{"message":"{text}","statusCode":{status}}}"#);
        replies(status, &body)
    };
    vec![
        case("refused", To::Nobody, NotSent, false, true),
        case("no such name", To::NoName, NotSent, false, true),
        case("no TLS", To::NoTls, NotSent, false, true),
        case("reset before the body", To::CutTls, NotSent, false, true),
        case(
            "time-out before the body",
            To::SilentTls,
            NotSent,
            false,
            true,
        ),
        case(
            "closed after the body",
            To::Server(Act::CloseAfterBody),
            MaybeSent,
            true,
            true,
        ),
        case(
            "reset after the body",
            To::Server(Act::ResetAfterBody),
            MaybeSent,
            true,
            true,
        ),
        case(
            "time-out after the body",
            To::Server(Act::Hang),
            MaybeSent,
            true,
            true,
        ),
        case(
            "502 with a page",
            replies(502, "<html>Bad Gateway</html>"),
            Answered(502, "page"),
            true,
            true,
        ),
        case(
            "an answer that is cut",
            To::Server(Act::Reply(CUT.into())),
            Answered(200, "cut"),
            true,
            true,
        ),
        case(
            "truncated JSON",
            replies(200, r#"[{"name":"a""#),
            Answered(200, "unexpected"),
            true,
            false,
        ),
        case(
            "a redirect",
            headed(307, "location: http://elsewhere/", ""),
            Answered(307, "redirect"),
            false,
            false,
        ),
        case(
            "400",
            refusal(400, "text must be a string"),
            Answered(400, "http"),
            false,
            false,
        ),
        case(
            "401",
            refusal(401, "Unauthorized"),
            Answered(401, "http"),
            false,
            false,
        ),
        case(
            "403",
            refusal(403, "Forbidden"),
            Answered(403, "http"),
            false,
            false,
        ),
        case(
            "404",
            refusal(404, "Session not found"),
            Answered(404, "http"),
            false,
            false,
        ),
        case(
            "422, the session does not work",
            replies(422, STOPPED),
            Answered(422, "session status"),
            false,
            false,
        ),
        case(
            "422, there is no such session",
            replies(422, NO_SESSION),
            Answered(422, "unknown session"),
            false,
            false,
        ),
        case(
            "429, to wait 1 s",
            headed(429, "retry-after: 1", "slow down"),
            Answered(429, "other"),
            false,
            true,
        ),
        case(
            "429, to wait an hour",
            headed(429, "retry-after: 3600", "slow down"),
            Answered(429, "other"),
            false,
            false,
        ),
        case(
            "500 of the engine",
            replies(500, TIMED_OUT),
            Answered(500, "exception"),
            true,
            false,
        ),
        case(
            "500 before the engine",
            replies(500, BEFORE_ENGINE),
            Answered(500, "exception"),
            false,
            false,
        ),
        case(
            "500 of a lock",
            replies(500, LOCKED),
            Answered(500, "exception"),
            true,
            true,
        ),
        case(
            "501",
            refusal(501, "The method is not implemented by 'NOWEB' engine."),
            Answered(501, "http"),
            false,
            false,
        ),
        case("503", replies(503, ""), Answered(503, "empty"), true, true),
    ]
}

/// A port that does this to each connection.
async fn port(first: Option<&'static [u8]>, stays: bool) -> String {
    use tokio::io::AsyncWriteExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if let Some(bytes) = first {
                let _gone = stream.write_all(bytes).await;
            }
            match stays {
                true => kept.push(stream),
                false => {
                    let _reset = stream.set_zero_linger();
                }
            }
        }
    });
    address
}

/// An address that does what the case says, and the server behind it if it has to be kept.
async fn address(to: &To) -> (String, Option<Server>) {
    match to {
        To::Server(act) => {
            let act = act.clone();
            let server = Server::start_with(move || act.clone()).await;
            (server.address.clone(), Some(server))
        }
        To::Nobody => {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            (format!("http://{}", listener.local_addr().unwrap()), None)
        }
        To::NoName => ("http://no-such-host.invalid".to_owned(), None),
        To::NoTls => (
            port(Some(b"HTTP/1.1 400 Bad Request\r\n\r\n"), true).await,
            None,
        ),
        To::CutTls => (port(None, false).await, None),
        To::SilentTls => (port(None, true).await, None),
    }
}

fn client(address: &str, retry: RetryPolicy) -> WahaClient {
    WahaClient::builder(address).retry(retry).build().unwrap()
}

/// The look-up's error, and the send's.
async fn failures(address: &str) -> (Error, Option<Error>) {
    let waha = client(address, RetryPolicy::never());
    let session = SessionName::new("default").unwrap();
    let options = || CallOptions::new().response_timeout(Duration::from_millis(300));
    let list = waha_client::api::sessions::list(waha_client::Listing::All);
    let asked = waha.call_with(list, options()).await.err().unwrap();
    let chat = ChatId::phone("6281200000002").unwrap();
    let message = TextMessage::new(&session, &chat, "hello");
    let sent = waha.chatting().send_text_with(&message, options()).await;
    (asked, sent.err())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_failure_has_its_class_and_says_what_may_be_made_again() {
    let policy = RetryPolicy::default();
    for case in cases() {
        let what = case.what;
        let (address, _server) = address(&case.to).await;
        let (asked, sent) = failures(&address).await;
        assert_eq!(class(&asked), case.class, "{what}: {asked:?}");
        let again = policy.after(Repeat::Safe, &asked, 1, 0);
        assert_eq!(again != Next::Stop, case.is_asked_again, "{what}");

        // A send reads any good answer as "accepted", also one without an id.
        let Some(sent) = sent else {
            assert_eq!(what, "truncated JSON");
            continue;
        };
        assert_eq!(class(&sent), case.class, "{what}: {sent:?}");
        assert_eq!(sent.may_have_been_sent(), case.may_be_out, "{what}");
        assert_eq!(
            policy.after(Repeat::Never, &sent, 1, 0),
            Next::Stop,
            "{what}"
        );
        println!(
            "{what}: {:?}, the message {}, a look-up is {}",
            case.class,
            if case.may_be_out {
                "may be out"
            } else {
                "is not out"
            },
            if case.is_asked_again {
                "made again"
            } else {
                "not made again"
            },
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_a_send_reaches_the_server_once() {
    let mut policy = RetryPolicy::default();
    policy.delay_min = Duration::from_millis(1);
    for case in cases() {
        let (address, Some(server)) = address(&case.to).await else {
            continue;
        };
        let session = SessionName::new("default").unwrap();
        let chat = ChatId::phone("6281200000002").unwrap();
        let message = TextMessage::new(&session, &chat, "hello");
        let options = CallOptions::new().response_timeout(Duration::from_millis(300));
        let waha = client(&address, policy);
        let _either = waha.chatting().send_text_with(&message, options).await;
        assert_eq!(server.bodies(), 1, "{}", case.what);
    }
}
