//! Phone numbers and LIDs: what is asked of the server, and what is not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::poll;
use serde_json::{Value, json};
use waha_client::lids::Remembered;
use waha_client::{ChatId, LidCache, LidResolver, RetryPolicy, SessionName, WahaClient};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const LID: &str = "/api/s_1/lids/111@lid";
const PHONE: &str = "/api/s_1/lids/pn/6281200000002";

fn phone() -> ChatId {
    ChatId::phone("6281200000002").unwrap()
}

fn lid() -> ChatId {
    ChatId::lid("111").unwrap()
}

fn pair() -> Value {
    json!({"lid": "111@lid", "pn": "6281200000002@c.us"})
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

async fn resolver(server: &MockServer) -> Arc<LidResolver> {
    let waha = WahaClient::builder(server.uri())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let session = SessionName::new("s_1").unwrap();
    Arc::new(LidResolver::new(&waha, &session))
}

async fn serving(at: &str, answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path(at))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn one_answer_serves_both_ways_from_then_on() {
    let server = serving(LID, ok(&pair())).await;
    let people = resolver(&server).await;
    assert_eq!(people.remembered_phone_of(&lid()), Remembered::Nothing);
    for _ in 0..3 {
        assert_eq!(people.phone_of(&lid()).await.unwrap(), Some(phone()));
        assert_eq!(people.lid_of(&phone()).await.unwrap(), Some(lid()));
    }
    assert_eq!(requests(&server).await, 1);
    assert!(!format!("{people:?}").contains("81200000"));
    assert_eq!(people.remembered_phone_of(&lid()), Remembered::As(phone()));
}

#[tokio::test]
async fn callers_who_ask_at_once_share_one_request() {
    let slow = ok(&pair()).set_delay(Duration::from_millis(100));
    let server = serving(PHONE, slow).await;
    let people = resolver(&server).await;
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let people = people.clone();
            tokio::spawn(async move { people.lid_of(&phone()).await })
        })
        .collect();
    for asked in asking {
        assert_eq!(asked.await.unwrap().unwrap(), Some(lid()));
    }
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn callers_who_ask_at_once_share_an_error_and_the_next_asks_anew() {
    let slow = ResponseTemplate::new(500).set_delay(Duration::from_millis(100));
    let server = serving(PHONE, slow).await;
    let people = resolver(&server).await;
    let (p1, p2) = (phone(), phone());
    let (one, two) = tokio::join!(people.lid_of(&p1), people.lid_of(&p2));
    assert_eq!(one.unwrap_err().status(), Some(500));
    assert_eq!(two.unwrap_err().status(), Some(500));
    assert_eq!(requests(&server).await, 1);
    people.lid_of(&phone()).await.unwrap_err();
    assert_eq!(requests(&server).await, 2);
}

#[tokio::test]
async fn who_stops_waiting_takes_the_answer_from_nobody() {
    let slow = ok(&pair()).set_delay(Duration::from_millis(200));
    let server = serving(PHONE, slow).await;
    let people = resolver(&server).await;
    let first = tokio::spawn({
        let people = people.clone();
        async move { people.lid_of(&phone()).await }
    });
    while requests(&server).await == 0 {
        tokio::task::yield_now().await;
    }
    let asked = phone();
    let mut second = pin!(people.lid_of(&asked));
    assert!(poll!(&mut second).is_pending());
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(second.await.unwrap(), Some(lid()));
}

#[tokio::test]
async fn what_the_session_does_not_know_is_asked_again_only_after_a_while() {
    let half = json!({"lid": "111@lid", "pn": null});
    let server = serving(LID, ok(&half)).await;
    let people = resolver(&server).await;
    for _ in 0..3 {
        assert_eq!(people.phone_of(&lid()).await.unwrap(), None);
    }
    assert_eq!(requests(&server).await, 1);

    let session = SessionName::new("s_1").unwrap();
    let waha = WahaClient::builder(server.uri()).build().unwrap();
    let forgetful = LidResolver::new(&waha, &session).unknown_for(Duration::ZERO);
    for _ in 0..3 {
        assert_eq!(forgetful.phone_of(&lid()).await.unwrap(), None);
    }
    assert_eq!(requests(&server).await, 4);
    forgetful.learn(&phone(), &lid());
    assert_eq!(forgetful.phone_of(&lid()).await.unwrap(), Some(phone()));
    assert_eq!(requests(&server).await, 4);
}

#[tokio::test]
async fn what_is_learnt_while_the_session_says_that_it_does_not_know_is_the_answer() {
    let slow = ok(&json!({"lid": "111@lid", "pn": null})).set_delay(Duration::from_millis(200));
    let server = serving(LID, slow).await;
    let people = resolver(&server).await;
    let asked = lid();
    let learning = async {
        while requests(&server).await == 0 {
            tokio::task::yield_now().await;
        }
        people.learn(&phone(), &lid());
    };
    let (answer, ()) = tokio::join!(people.phone_of(&asked), learning);
    assert_eq!(answer.unwrap(), Some(phone()));
}

#[tokio::test]
async fn what_is_known_beforehand_or_cannot_be_asked_is_not_asked() {
    let server = MockServer::start().await;
    let waha = WahaClient::builder(server.uri()).build().unwrap();
    let session = SessionName::new("s_1").unwrap();
    let mut cache = LidCache::new(10);
    cache.learn(&phone(), &lid());
    let people = LidResolver::new(&waha, &session).with_cache(cache);
    assert_eq!(people.lid_of(&phone()).await.unwrap(), Some(lid()));
    assert!(people.lid_of(&lid()).await.unwrap_err().is_not_sent());
    assert!(people.phone_of(&phone()).await.unwrap_err().is_not_sent());
    assert_eq!(requests(&server).await, 0);
}
