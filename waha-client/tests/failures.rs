//! How far a request got, for each way it can fail, on real sockets: a small server that counts every request head and
//! every body byte that reaches it, and does to the connection what the case asks for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use server::{Act, Server, answer};
use waha_client::{
    CallOptions, ChatId, Endpoint, Error, GuardRefusal, MaybeSent, NotSent, RetryPolicy, Sent,
    SessionName, Shape, TextMessage, WahaClient,
};

const OK: &str = r#"{"key":{"remoteJid":"6281200000002@s.whatsapp.net","fromMe":true,"id":"3EB0AA"},"status":"PENDING"}"#;
const EXCEPTION_BEFORE_ENGINE: &str = r#"{"statusCode":500,"exception":{"message":"Cannot read properties of undefined (reading 'includes')","name":"TypeError","stack":"TypeError: Cannot\n    at ensureSuffix (/app/dist/core/abc/session.abc.js:35:15)\n    at x (y)"},"request":{"path":"/api/sendText","body":{"text":"private words"}}}"#;
const SAME_TEXT_ELSEWHERE: &str = r#"{"statusCode":500,"exception":{"message":"Cannot read properties of undefined (reading 'includes')","name":"TypeError","stack":"TypeError: Cannot\n    at afterSend (/app/dist/other.js:35:15)"}}"#;

fn client(address: &str) -> WahaClient {
    WahaClient::builder(address)
        .api_key("s3cret-key")
        .build()
        .unwrap()
}

async fn send(client: &WahaClient, options: CallOptions) -> Result<Sent, Error> {
    let session = SessionName::new("default").unwrap();
    let chat = ChatId::phone("6281200000002").unwrap();
    let message = TextMessage::new(&session, &chat, "private words").id("3EB0AA");
    client.chatting().send_text_with(&message, options).await
}

/// Sends once to a server that acts like this, and returns the result with what reached the server.
async fn send_to(acts: Vec<Act>) -> (Result<Sent, Error>, Server) {
    let server = Server::start(acts).await;
    let result = send(&client(&server.address), CallOptions::new()).await;
    (result, server)
}

#[derive(Debug, thiserror::Error)]
#[error("the lease ended at {0}")]
struct LeaseEnded(u64);

#[tokio::test]
async fn a_withheld_body_executes_nothing_and_tells_the_guards_own_error() {
    let server = Server::start(vec![Act::Reply(answer(201, OK)); 4]).await;
    let waha = client(&server.address);
    let asked = Arc::new(AtomicUsize::new(0));
    for round in 1..=3 {
        let count = asked.clone();
        let guard = move || {
            count.fetch_add(1, Ordering::Relaxed);
            Err(GuardRefusal::new(LeaseEnded(42)))
        };
        let error = send(&waha, CallOptions::new().guarded_by(guard))
            .await
            .unwrap_err();
        assert!(error.is_not_sent() && !error.may_have_been_sent());
        let refusal = error.refusal().expect("withheld");
        assert_eq!(refusal.downcast_ref::<LeaseEnded>().unwrap().0, 42);
        let mut source: &dyn std::error::Error = &error;
        while let Some(inner) = source.source() {
            source = inner;
        }
        assert_eq!(source.downcast_ref::<LeaseEnded>().unwrap().0, 42);
        assert_eq!(
            asked.load(Ordering::Relaxed),
            round,
            "asked once per request"
        );
    }
    send(&waha, CallOptions::new().guarded_by(|| Ok(())))
        .await
        .unwrap();
    server.settled(4).await;
    assert_eq!(server.bodies(), 1, "only the allowed request has a body");
    assert_eq!(
        server.body_bytes(),
        server.whole_body_bytes(),
        "no byte of a withheld body"
    );
}

#[tokio::test]
async fn a_guard_that_says_no_on_a_used_connection_withholds_too() {
    let server = Server::start(vec![
        Act::ReplyAndStay(answer(201, OK)),
        Act::Reply(answer(201, OK)),
    ])
    .await;
    let waha = client(&server.address);
    send(&waha, CallOptions::new()).await.unwrap();
    let refuse = || Err(GuardRefusal::new("paused"));
    let error = send(&waha, CallOptions::new().guarded_by(refuse))
        .await
        .unwrap_err();
    assert!(error.refusal().is_some());
    server.settled(1).await;
    assert_eq!(server.bodies(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_body_goes_out_once() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::start(vec![Act::Reply(answer(201, OK))]).await;
        let head = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: {}/api/sendText\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            elsewhere.address
        );
        let (result, server) = send_to(vec![Act::Reply(head.clone()), Act::Reply(head)]).await;
        let error = result.unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.answer().unwrap().shape(), &Shape::Redirect);
        assert!(!error.may_have_been_sent());
        assert_eq!((server.requests(), server.bodies()), (1, 1));
        assert_eq!(elsewhere.connections(), 0, "the key goes nowhere else");
    }
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_leaves_doubt_and_no_second_request() {
    for act in [
        Act::CloseAfterBody,
        Act::ResetAfterBody,
        Act::Reply("HTTP/1.1 201".into()),
    ] {
        let (result, server) = send_to(vec![act, Act::Reply(answer(201, OK))]).await;
        let error = result.unwrap_err();
        assert!(
            matches!(
                error,
                Error::MaybeSent {
                    why: MaybeSent::ConnectionLost(_)
                }
            ),
            "{error:?}"
        );
        assert!(error.may_have_been_sent() && !error.is_not_sent());
        assert_eq!((server.requests(), server.bodies()), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_pooled_connection_never_carries_a_second_body() {
    let (mut sent, mut withdrawn, mut in_doubt) = (0, 0, 0);
    for round in 0..200 {
        let unannounced = answer(201, OK).replace("connection: close", "connection: keep-alive");
        let server = Server::start(vec![
            Act::ReplyThenClose(unannounced),
            Act::Reply(answer(201, OK)),
        ])
        .await;
        let waha = client(&server.address);
        send(&waha, CallOptions::new()).await.unwrap();
        // Every other round races the close; the rest come after it.
        if round % 2 == 0 {
            server.closed_one().await;
        }
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let guard = move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let result = send(&waha, CallOptions::new().guarded_by(guard)).await;
        let bodies = server.bodies();
        let not_sent = usize::from(result.as_ref().is_err_and(Error::is_not_sent));
        assert_eq!(asked.load(Ordering::Relaxed), 1 - not_sent, "{result:?}");
        match result {
            Ok(_) => {
                assert_eq!(bodies, 2, "the first, and the second on a fresh connection");
                sent += 1;
            }
            Err(error) if error.is_not_sent() => {
                assert_eq!(bodies, 1, "{error:?}");
                withdrawn += 1;
            }
            Err(error) => {
                assert!(error.may_have_been_sent(), "{error:?}");
                assert_eq!(bodies, 1, "{error:?}");
                in_doubt += 1;
            }
        }
    }
    println!("second sends: {sent} sent, {withdrawn} not sent, {in_doubt} in doubt");
}

#[tokio::test]
async fn a_pooled_connection_that_closes_on_the_second_body_leaves_doubt_and_no_repetition() {
    let server = Server::start(vec![
        Act::ReplyAndStay(answer(201, OK)),
        Act::CloseAfterBody,
        Act::Reply(answer(201, OK)),
    ])
    .await;
    let waha = client(&server.address);
    send(&waha, CallOptions::new()).await.unwrap();
    let error = send(&waha, CallOptions::new()).await.unwrap_err();
    assert!(matches!(error, Error::MaybeSent { .. }), "{error:?}");
    assert_eq!((server.requests(), server.bodies()), (2, 2));
}

#[tokio::test]
async fn no_connection_is_not_sent() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    for address in [
        format!("http://{closed}"),
        "http://no-such-host.invalid".into(),
    ] {
        let error = send(&client(&address), CallOptions::new())
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                Error::NotSent {
                    why: NotSent::Unreachable(_)
                }
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_failed_tls_handshake_is_not_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let waha = match WahaClient::builder(address).build() {
        Ok(waha) => waha,
        Err(error) => return println!("skipped: {error}"),
    };
    let error = send(&waha, CallOptions::new()).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotSent {
                why: NotSent::Unreachable(_)
            }
        ),
        "{error:?}"
    );
    assert!(!error.is_timeout());
}

#[tokio::test]
async fn a_time_out_after_the_body_leaves_doubt() {
    let server = Server::start(vec![Act::Hang]).await;
    let options = CallOptions::new().response_timeout(Duration::from_millis(300));
    let error = send(&client(&server.address), options).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::MaybeSent {
                why: MaybeSent::TimedOut { .. }
            }
        ),
        "{error:?}"
    );
    assert!(error.is_timeout());
    assert_eq!(server.bodies(), 1);
}

#[tokio::test]
async fn a_time_out_before_the_body_is_not_sent_and_the_body_never_goes_out() {
    // Nobody accepts: the handshake of TLS never ends, so the connection never asks for the body.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let waha = match WahaClient::builder(address).build() {
        Ok(waha) => waha,
        Err(error) => return println!("skipped: {error}"),
    };
    let options = CallOptions::new().response_timeout(Duration::from_millis(200));
    let error = send(&waha, options).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotSent {
                why: NotSent::TimedOut
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_cancelled_call_writes_nothing_afterwards() {
    // One poll hands the request to the idle connection, whose task has not run yet when the call is dropped.
    let server = Server::start(vec![Act::ReplyAndStay(answer(201, OK)); 40]).await;
    let waha = client(&server.address);
    send(&waha, CallOptions::new()).await.unwrap();
    for sent in 1..=20 {
        let mut call = Box::pin(send(&waha, CallOptions::new()));
        assert!(futures_util::poll!(&mut call).is_pending());
        drop(call);
        send(&waha, CallOptions::new()).await.unwrap();
        assert_eq!(server.bodies(), sent + 1);
    }
}

/// Calls without a body that change something, and one that only looks.
fn without_body() -> [(&'static str, Endpoint<()>); 3] {
    use waha_client::api::{presence, server, sessions};
    let session = SessionName::new("default").unwrap();
    let chat = ChatId::phone("6281200000002").unwrap();
    [
        ("DELETE", sessions::delete(&session)),
        ("POST", presence::subscribe(&session, &chat)),
        ("GET", server::ping()),
    ]
}

#[tokio::test]
async fn a_call_without_a_body_that_found_no_connection_in_time_is_not_sent() {
    // Nobody accepts: the handshake of TLS never ends.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let waha = WahaClient::builder(address)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    for (what, endpoint) in without_body() {
        let options = CallOptions::new().response_timeout(Duration::from_millis(200));
        let error = waha.call_with(endpoint, options).await.unwrap_err();
        let is_it = matches!(
            error,
            Error::NotSent {
                why: NotSent::TimedOut
            }
        );
        assert!(is_it, "{what}: {error:?}");
    }
}

#[tokio::test]
async fn a_call_without_a_body_that_reached_the_server_leaves_doubt() {
    for act in [Act::Hang, Act::CloseAfterBody, Act::ResetAfterBody] {
        for (what, endpoint) in without_body() {
            let server = Server::start(vec![act.clone()]).await;
            let waha = WahaClient::builder(&*server.address)
                .retry(RetryPolicy::never())
                .build()
                .unwrap();
            let options = CallOptions::new().response_timeout(Duration::from_millis(300));
            let error = waha.call_with(endpoint, options).await.unwrap_err();
            assert!(
                matches!(error, Error::MaybeSent { .. }),
                "{what}: {error:?}"
            );
            assert_eq!(server.requests(), 1);
        }
    }
}

#[tokio::test]
async fn a_call_without_a_body_that_its_guard_withholds_does_not_reach_the_server() {
    let server = Server::start(vec![Act::ReplyAndStay(answer(200, "")); 6]).await;
    let waha = client(&server.address);
    for round in 1..=2 {
        for (what, endpoint) in without_body() {
            let refuse = || Err(GuardRefusal::new("paused"));
            let options = CallOptions::new().guarded_by(refuse);
            let error = waha.call_with(endpoint, options).await.unwrap_err();
            assert!(error.refusal().is_some(), "{what}: {error:?}");
        }
        // Once on a fresh connection and once on a used one.
        waha.call(without_body().into_iter().next().unwrap().1)
            .await
            .unwrap();
        assert_eq!(server.requests(), round);
    }
}

/// Given up in the moment between the guard's word and the write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_a_body_that_is_dropped_while_its_guard_is_asked_does_not_reach_the_server()
{
    for (what, endpoint) in without_body() {
        let server = Server::start(vec![Act::Hang]).await;
        let waha = client(&server.address);
        let (asked, mut is_asked) = tokio::sync::mpsc::unbounded_channel();
        let (dropped, is_dropped) = std::sync::mpsc::channel::<()>();
        let is_dropped = std::sync::Mutex::new(is_dropped);
        let guard = move || {
            asked.send(()).unwrap();
            let _ended = is_dropped.lock().unwrap().recv();
            Ok(())
        };
        let options = CallOptions::new().guarded_by(guard);
        let call = tokio::spawn(async move { waha.call_with(endpoint, options).await });
        is_asked.recv().await.unwrap();
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        drop(dropped);
        server.settled(1).await;
        assert_eq!(server.requests(), 0, "{what}");
    }
}

/// A stream of numbers from a seed (SplitMix64).
fn numbers(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Guards that refuse, answers, closes, resets and silence, calls that are dropped and calls whose time runs out at any
/// moment, many at once: no text arrives twice, and none arrives whose send said "not sent".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_every_fault_at_once_nothing_arrives_twice_and_nothing_that_was_not_sent() {
    let seed = std::env::var("SEED").map_or(7, |text| text.parse().unwrap());
    println!("SEED={seed}");
    let mut chance = numbers(seed);
    let server = Server::start_with(move || match chance() % 10 {
        0..5 => Act::ReplyAndStay(answer(201, OK)),
        5 => Act::Reply(answer(201, OK)),
        6 => Act::ReplyThenClose(answer(201, OK).replace("connection: close", "x: y")),
        7 => Act::CloseAfterBody,
        8 => Act::ResetAfterBody,
        _ => Act::Hang,
    })
    .await;
    let waha = client(&server.address);
    let mut chance = numbers(!seed);
    let plans: Vec<_> = (0..3000).map(|_| (chance(), chance(), chance())).collect();
    let sends = plans
        .into_iter()
        .enumerate()
        .map(|(index, (guard, limit, drop_after))| {
            let waha = &waha;
            async move {
                let refused = guard % 4 == 0;
                let guard = move || match refused {
                    true => Err(GuardRefusal::new("no")),
                    false => Ok(()),
                };
                let options = CallOptions::new()
                    .guarded_by(guard)
                    .response_timeout(Duration::from_micros(200 + limit % 20_000));
                let session = SessionName::new("default").unwrap();
                let chat = ChatId::phone("6281200000002").unwrap();
                let text = format!("text {index}.");
                let message = TextMessage::new(&session, &chat, &text);
                let chatting = waha.chatting();
                let call = chatting.send_text_with(&message, options);
                let patience = Duration::from_micros(200 + drop_after % 40_000);
                let result = tokio::time::timeout(patience, call).await;
                (text, refused, result)
            }
        });
    let results: Vec<_> = futures_util::stream::iter(sends)
        .buffer_unordered(32)
        .collect()
        .await;
    drop(waha);
    server.settled(server.connections()).await;
    let mut arrived = std::collections::HashMap::<String, usize>::new();
    for body in server.texts() {
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        *arrived
            .entry(body["text"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for (text, refused, result) in &results {
        let times = arrived.get(text).copied().unwrap_or(0);
        assert!(times <= 1, "{text} arrived {times} times, seed {seed}");
        assert!(
            times == 0 || !refused,
            "{text} was withheld and arrived, seed {seed}"
        );
        let outcome = match result {
            Err(_) => "dropped",
            Ok(Ok(_)) => "accepted",
            Ok(Err(error)) if error.refusal().is_some() => "withheld",
            Ok(Err(error)) if error.is_not_sent() => "not sent",
            Ok(Err(_)) => "in doubt",
        };
        assert!(outcome != "accepted" || times == 1, "{text}, seed {seed}");
        assert!(
            outcome != "not sent" || times == 0,
            "{text}: {result:?}, seed {seed}"
        );
        *counts.entry(outcome).or_default() += 1;
    }
    println!("{counts:?}");
    for outcome in ["accepted", "withheld", "not sent", "in doubt", "dropped"] {
        assert!(
            counts.get(outcome).is_some_and(|count| *count > 0),
            "{counts:?}"
        );
    }
}

#[tokio::test]
async fn every_answer_says_what_it_is_and_whether_the_message_may_be_out() {
    struct Case {
        status: u16,
        body: &'static str,
        may_be_sent: bool,
        shape: fn(&Shape) -> bool,
    }
    let http = |shape: &Shape| matches!(shape, Shape::Http { .. });
    let exception = |shape: &Shape| matches!(shape, Shape::Exception(_));
    let cases = [
        Case {
            status: 400,
            body: r#"{"message":["a","b"],"error":"Bad Request","statusCode":400}"#,
            may_be_sent: false,
            shape: http,
        },
        Case {
            status: 401,
            body: r#"{"message":"Unauthorized","statusCode":401}"#,
            may_be_sent: false,
            shape: http,
        },
        Case {
            status: 401,
            body: "",
            may_be_sent: false,
            shape: |s| matches!(s, Shape::Empty),
        },
        Case {
            status: 403,
            body: r#"{"message":"Forbidden","statusCode":403}"#,
            may_be_sent: false,
            shape: http,
        },
        Case {
            status: 404,
            body: r#"{"message":"Cannot GET /x","error":"Not Found","statusCode":404}"#,
            may_be_sent: false,
            shape: http,
        },
        Case {
            status: 404,
            body: r#"{"error":{"code":404,"key":"FILE_NOT_FOUND","message":"File not found"}}"#,
            may_be_sent: false,
            shape: |s| matches!(s, Shape::FileNotFound { .. }),
        },
        Case {
            status: 408,
            body: "",
            may_be_sent: true,
            shape: |s| matches!(s, Shape::Empty),
        },
        Case {
            status: 422,
            body: r#"{"error":"Session status is not as expected.","session":"s1","status":"STOPPED","expected":["WORKING"]}"#,
            may_be_sent: false,
            shape: |s| matches!(s, Shape::SessionStatus { .. }),
        },
        Case {
            status: 422,
            body: r#"{"error":"Session \"x\" does not exist","session":"x"}"#,
            may_be_sent: false,
            shape: |s| matches!(s, Shape::UnknownSession { .. }),
        },
        Case {
            status: 429,
            body: "slow down",
            may_be_sent: false,
            shape: |s| matches!(s, Shape::Other),
        },
        Case {
            status: 500,
            body: r#"{"statusCode":500,"exception":{"message":"Timed Out","isBoom":true,"data":null}}"#,
            may_be_sent: true,
            shape: exception,
        },
        Case {
            status: 500,
            body: EXCEPTION_BEFORE_ENGINE,
            may_be_sent: false,
            shape: exception,
        },
        Case {
            status: 500,
            body: SAME_TEXT_ELSEWHERE,
            may_be_sent: true,
            shape: exception,
        },
        Case {
            status: 501,
            body: r#"{"message":"The method is not implemented by 'NOWEB' engine.","error":"Not Implemented","statusCode":501}"#,
            may_be_sent: false,
            shape: http,
        },
        Case {
            status: 501,
            body: "<html></html>",
            may_be_sent: true,
            shape: |s| matches!(s, Shape::Html),
        },
        Case {
            status: 502,
            body: "<html><body>Bad Gateway</body></html>",
            may_be_sent: true,
            shape: |s| matches!(s, Shape::Html),
        },
        Case {
            status: 503,
            body: "",
            may_be_sent: true,
            shape: |s| matches!(s, Shape::Empty),
        },
        Case {
            status: 504,
            body: "{",
            may_be_sent: true,
            shape: |s| matches!(s, Shape::Other),
        },
    ];
    for case in cases {
        let (result, server) = send_to(vec![Act::Reply(answer(case.status, case.body)); 2]).await;
        let error = result.unwrap_err();
        assert_eq!(error.status(), Some(case.status));
        assert_eq!(
            error.may_have_been_sent(),
            case.may_be_sent,
            "{} {}",
            case.status,
            case.body
        );
        assert!(
            (case.shape)(error.answer().unwrap().shape()),
            "{} {}",
            case.status,
            case.body
        );
        assert!(!error.is_not_sent());
        assert_eq!(
            server.bodies(),
            1,
            "an answer of {} is not repeated",
            case.status
        );
        let shown = format!("{error} {error:?}");
        for hidden in ["private words", "session.abc", "s3cret", "6281200000002"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}

#[tokio::test]
async fn what_a_server_calls_a_status_is_shortened_like_its_sentences() {
    let long = "6281200000002 ".repeat(1000);
    let body = format!(r#"{{"error":"no","session":"s","status":"{long}","expected":["{long}"]}}"#);
    let (result, _server) = send_to(vec![Act::Reply(answer(422, &body))]).await;
    let shown = result.unwrap_err().to_string();
    assert!(
        !shown.contains("6281200000002") && shown.chars().count() < 1000,
        "{shown}"
    );
}

#[tokio::test]
async fn an_error_body_that_is_cut_still_tells_what_it_said_first() {
    let echo = "x".repeat(300_000);
    let body = format!(
        r#"{{"statusCode":500,"exception":{{"message":"rate-overlimit","data":429}},"request":{{"body":"{echo}"}}}}"#
    );
    let (result, _server) = send_to(vec![Act::Reply(answer(500, &body))]).await;
    let error = result.unwrap_err();
    assert_eq!(error.server_message(), Some("rate-overlimit"));
    assert_eq!(error.answer().unwrap().exception().unwrap().data, Some(429));
    assert!(error.answer().unwrap().body().len() <= 64 * 1024);
}

#[tokio::test]
async fn retry_after_is_kept() {
    let head =
        "HTTP/1.1 429 Slow\r\nretry-after: 17\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (result, _server) = send_to(vec![Act::Reply(head.into())]).await;
    assert_eq!(
        result.unwrap_err().retry_after(),
        Some(Duration::from_secs(17))
    );
}

#[tokio::test]
async fn a_good_answer_without_an_id_is_still_sent_and_a_cut_one_leaves_doubt() {
    for body in ["", "OK", "{}", "[]", r#"{"id":null}"#, r#"{"id":7}"#] {
        let (result, _server) = send_to(vec![Act::Reply(answer(201, body))]).await;
        assert_eq!(result.unwrap().id, None, "{body}");
    }
    let cut = "HTTP/1.1 201 Created\r\ncontent-length: 500\r\nconnection: close\r\n\r\n{\"key\"";
    let (result, _server) = send_to(vec![Act::Reply(cut.into())]).await;
    let error = result.unwrap_err();
    assert_eq!(
        (error.status(), error.may_have_been_sent()),
        (Some(201), true)
    );
}

#[tokio::test]
async fn a_good_answer_of_another_server_is_told_from_one_that_does_not_fit() {
    for (body, is_page) in [
        ("<html>It works!</html>", true),
        (" \n<!doctype html>", true),
        ("It works!", false),
        (r#"{"name":7}"#, false),
    ] {
        let server = Server::start(vec![Act::Reply(answer(200, body))]).await;
        let session = SessionName::new("default").unwrap();
        let asked = client(&server.address).sessions().get(&session).await;
        let error = asked.unwrap_err();
        let shape = error.answer().unwrap().shape();
        assert_eq!(matches!(shape, Shape::Html), is_page, "{body}");
        assert_eq!(
            matches!(shape, Shape::Unexpected { .. }),
            !is_page,
            "{body}"
        );
    }
}

#[tokio::test]
async fn look_ups_are_repeated_and_only_they() {
    let policy = {
        let mut policy = RetryPolicy::default();
        policy.delay_min = Duration::from_millis(1);
        policy
    };
    let server = Server::start(vec![
        Act::Reply(answer(502, "<html>")),
        Act::CloseAfterBody,
        Act::Reply(answer(200, "[]")),
    ])
    .await;
    let waha = WahaClient::builder(&*server.address)
        .retry(policy)
        .build()
        .unwrap();
    let sessions = waha
        .sessions()
        .list(waha_client::Listing::All)
        .await
        .unwrap();
    assert!(sessions.is_empty());
    assert_eq!(server.requests(), 3);

    let server = Server::start(vec![Act::Reply(answer(502, "<html>")); 3]).await;
    let waha = WahaClient::builder(&*server.address)
        .retry(policy)
        .build()
        .unwrap();
    let session = SessionName::new("default").unwrap();
    assert!(waha.sessions().restart(&session).await.is_err());
    assert!(send(&waha, CallOptions::new()).await.is_err());
    // Each is a question to WhatsApp, which restricts accounts that ask too many.
    let number = ChatId::phone("6281200000002").unwrap();
    let asked = waha.contacts().check_exists(&session, &number).await;
    assert!(asked.is_err());
    assert_eq!(server.requests(), 3);
}
