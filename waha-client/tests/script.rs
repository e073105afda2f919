//! What a script promises to tests: the errors of production, in the order it says, and nothing by accident.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use waha_client::testing::{Failure, Reply, Script};
use waha_client::{
    CallOptions, ChatId, Error, GuardRefusal, Listing, MaybeSent, NotSent, RetryPolicy, Sent,
    SessionName, Shape, TextMessage, WahaClient,
};

const SEND: (&str, &str) = ("POST", "/api/sendText");

fn sent() -> Reply {
    Reply::json(201, json!({"id": "3EB0AA"}))
}

fn session() -> SessionName {
    SessionName::new("default").unwrap()
}

async fn send(client: &WahaClient, options: CallOptions) -> Result<Sent, Error> {
    let (session, chat) = (session(), ChatId::phone("6281200000002").unwrap());
    let message = TextMessage::new(&session, &chat, "private words");
    client.chatting().send_text_with(&message, options).await
}

/// One word per class of error.
fn class(error: &Error) -> &'static str {
    match error {
        Error::NotSent { why } => match why {
            NotSent::Withheld(_) => "withheld",
            NotSent::Unreachable(_) => "unreachable",
            NotSent::Dropped(_) => "dropped",
            NotSent::TimedOut => "timed out before",
            NotSent::Invalid(_) => "invalid",
            _ => "other",
        },
        Error::MaybeSent { why } => match why {
            MaybeSent::TimedOut { .. } => "timed out after",
            MaybeSent::ConnectionLost(_) => "lost",
            _ => "other",
        },
        Error::Answered(_) => "answered",
        _ => "other",
    }
}

#[tokio::test]
async fn every_failure_is_the_error_it_is_in_production() {
    let script = Script::new();
    let client = WahaClient::builder("http://script")
        .transport(&script)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    for (failure, expected) in [
        (Failure::Refused, "unreachable"),
        (Failure::ResetBeforeBody, "dropped"),
        (Failure::ResetAfterBody, "lost"),
        (Failure::TimeoutBeforeBody, "timed out before"),
        (Failure::TimeoutAfterBody, "timed out after"),
        (Failure::Withheld, "withheld"),
    ] {
        script.on(SEND.0, SEND.1).fails(failure);
        let error = send(&client, CallOptions::new()).await.unwrap_err();
        assert_eq!(class(&error), expected, "{failure:?}");
        let handed_over = script.calls().last().unwrap().handed_over;
        assert_eq!(handed_over, error.may_have_been_sent(), "{failure:?}");

        script.on("GET", "/api/server/version").fails(failure);
        let error = client.server().version().await.unwrap_err();
        assert_eq!(class(&error), expected, "{failure:?}");
    }
    script.check().unwrap();
}

#[tokio::test]
async fn bad_answers_have_their_shapes_and_headers() {
    let script = Script::new();
    let client = script.client().unwrap();
    let on_send = || script.on(SEND.0, SEND.1);
    let mut shapes = Vec::new();
    on_send().answers(Reply::html(502, "<html>"));
    on_send().answers(Reply::empty(401));
    on_send().answers(Reply::json(201, json!({"id": "3EB0AA"})).cut());
    on_send().answers(Reply::json(
        400,
        json!({"statusCode": 400, "message": "no"}),
    ));
    for _ in 0..4 {
        let error = send(&client, CallOptions::new()).await.unwrap_err();
        shapes.push(error.answer().unwrap().shape().clone());
    }
    let messages = vec!["no".to_owned()];
    assert_eq!(
        shapes,
        [
            Shape::Html,
            Shape::Empty,
            Shape::Cut,
            Shape::Http { messages }
        ]
    );
    on_send().answers(Reply::empty(429).header("retry-after", "7"));
    let error = send(&client, CallOptions::new()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    on_send().answers(Reply::empty(99));
    let error = send(&client, CallOptions::new()).await.unwrap_err();
    assert_eq!(class(&error), "invalid");
}

#[tokio::test]
async fn a_call_that_its_own_guard_withholds_uses_nothing_up() {
    for failure in [None, Some(Failure::ResetAfterBody)] {
        let script = Script::new();
        let client = script.client().unwrap();
        match failure {
            None => script.on(SEND.0, SEND.1).answers(sent()),
            Some(failure) => script.on(SEND.0, SEND.1).fails(failure),
        }
        let refuse = || Err(GuardRefusal::new("paused"));
        let error = send(&client, CallOptions::new().guarded_by(refuse)).await;
        assert_eq!(class(&error.unwrap_err()), "withheld");
        assert!(!script.calls()[0].handed_over);
        assert_eq!(script.unmet(), ["POST /api/sendText (still 1x)"]);

        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let allow = move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let result = send(&client, CallOptions::new().guarded_by(allow)).await;
        assert_eq!(result.is_ok(), failure.is_none());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        script.check().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_later_than_the_time_out_times_out_and_an_earlier_one_takes_its_time() {
    let script = Script::new();
    let client = script.client().unwrap();
    let late = sent().after(Duration::from_secs(60));
    script.on(SEND.0, SEND.1).times(2).answers(late);
    let start = Instant::now();
    let options = CallOptions::new().response_timeout(Duration::from_secs(59));
    let error = send(&client, options).await.unwrap_err();
    assert_eq!(class(&error), "timed out after");
    assert_eq!(start.elapsed().as_secs(), 59);
    send(&client, CallOptions::new()).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 119);
}

#[tokio::test(start_paused = true)]
async fn look_ups_are_repeated_as_ever_and_sends_and_unexpected_calls_are_not() {
    let script = Script::new();
    let client = script.client().unwrap();
    let on_list = || script.on("GET", "/api/sessions");
    on_list().fails(Failure::Refused);
    on_list().answers(Reply::empty(503));
    on_list().answers(Reply::json(200, json!([])));
    client.sessions().list(Listing::All).await.unwrap();
    assert_eq!(script.calls().len(), 3);

    let error = client.sessions().list(Listing::All).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("does not expect GET /api/sessions"), "{text}");
    assert_eq!(script.calls().len(), 4, "asked once");

    script.on(SEND.0, SEND.1).times(2).fails(Failure::Refused);
    send(&client, CallOptions::new()).await.unwrap_err();
    assert_eq!(script.calls().len(), 5);
    let mismatch = script.check().unwrap_err();
    assert_eq!(mismatch.unmet, ["POST /api/sendText (still 1x)"]);
    assert_eq!(mismatch.unexpected.len(), 1);
    assert_eq!(
        mismatch.to_string(),
        "did not come: POST /api/sendText (still 1x); came unexpectedly: GET /api/sessions"
    );
}

#[tokio::test]
async fn expectations_choose_by_query_body_and_session_and_calls_tell_what_was_asked() {
    let script = Script::new();
    let client = script.client().unwrap();
    let stopped = json!([{"name": "a", "status": "STOPPED"}]);
    script
        .on("GET", "/api/sessions")
        .query("all", "true")
        .always()
        .answers(Reply::json(200, stopped));
    script
        .on("get", "/api/sessions")
        .always()
        .answers(Reply::json(200, json!([])));
    script
        .on(SEND.0, SEND.1)
        .body(|body| body["chatId"] == "nobody@c.us")
        .always()
        .fails(Failure::Refused);
    script.on(SEND.0, SEND.1).answers(sent());
    script
        .on("GET", "/api/sessions/other")
        .always()
        .answers(Reply::empty(404));
    let info = json!({"name": "default", "status": "WORKING"});
    script
        .on("GET", "/api/sessions/{session}")
        .answers(Reply::json(200, info));

    assert_eq!(client.sessions().list(Listing::All).await.unwrap().len(), 1);
    assert!(
        client
            .sessions()
            .list(Listing::Running)
            .await
            .unwrap()
            .is_empty()
    );
    send(&client, CallOptions::new()).await.unwrap();
    client.sessions().get(&session()).await.unwrap();
    script.check().unwrap();

    let calls = script.calls();
    assert_eq!(calls[0].query, [("all".to_owned(), "true".to_owned())]);
    assert_eq!(calls[2].body.as_ref().unwrap()["text"], "private words");
    assert_eq!(calls[3].path, "/api/sessions/default");
    assert_eq!(calls[3].to_string(), "GET /api/sessions/{session}");
}

#[tokio::test]
async fn a_script_in_order_takes_no_call_before_its_time() {
    let script = Script::in_order();
    let client = script.client().unwrap();
    script
        .on("GET", "/ping")
        .always()
        .answers(Reply::json(200, json!({})));
    let version = json!({"version": "2026.7.1", "engine": "NOWEB", "tier": "CORE"});
    script
        .on("GET", "/api/server/version")
        .answers(Reply::json(200, version));
    script.on(SEND.0, SEND.1).answers(sent());

    let error = send(&client, CallOptions::new()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("next comes GET /api/server/version"),
        "{error}"
    );
    client.server().ping().await.unwrap();
    client.server().version().await.unwrap();
    client.server().ping().await.unwrap();
    send(&client, CallOptions::new()).await.unwrap();
    assert_eq!(script.unexpected().len(), 1);
    assert!(script.unmet().is_empty());
}

#[cfg(feature = "limit")]
#[tokio::test(start_paused = true)]
async fn a_limited_client_waits_asks_its_guard_afterwards_and_gives_up_without_sending() {
    use waha_client::Limit;

    let script = Script::new();
    let client = WahaClient::builder("http://script")
        .transport(&script)
        .limit(Limit::per_second(1).burst(1))
        .build()
        .unwrap();
    script.on(SEND.0, SEND.1).always().answers(sent());
    let start = Instant::now();
    for _ in 0..5 {
        send(&client.clone(), CallOptions::new()).await.unwrap();
    }
    assert_eq!(start.elapsed().as_secs(), 4);

    let guarded = CallOptions::new().guarded_by(move || match start.elapsed().as_secs() {
        5 => Err(GuardRefusal::new("asked after the wait")),
        other => panic!("asked after {other} s"),
    });
    let error = send(&client, guarded).await.unwrap_err();
    assert_eq!(class(&error), "withheld");

    let calls = script.calls().len();
    let options = CallOptions::new().response_timeout(Duration::from_millis(300));
    let error = send(&client, options).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotSent {
                why: NotSent::Limited { .. }
            }
        ),
        "{error}"
    );
    assert_eq!(script.calls().len(), calls);
}

#[cfg(feature = "socket")]
#[tokio::test]
async fn a_client_without_a_server_has_no_websocket() {
    use waha_client::events::{SocketItem, Subscription};

    let client = Script::new().client().unwrap();
    let mut events = client.listen(Subscription::new());
    match events.next().await {
        Some(Ok(SocketItem::Gap(gap))) => assert!(gap.why.contains("no websocket"), "{gap:?}"),
        other => panic!("{other:?}"),
    }
}
