//! Several servers as one, each answered by a script.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use serde_json::{Value, json};
use waha_client::fleet::{Fleet, FleetError, FleetMap, ServerName};
use waha_client::testing::{Failure, Reply, Script};
use waha_client::{NewSession, NotSent, RetryPolicy, SessionName, WahaClient, api};

struct World {
    a: Script,
    b: Script,
    fleet: Fleet,
}

fn client(address: &str, script: &Script) -> WahaClient {
    WahaClient::builder(address)
        .api_key("s3cret")
        .retry(RetryPolicy::never())
        .transport(script)
        .build()
        .unwrap()
}

/// Servers a and b with two places each.
fn world() -> World {
    let (a, b) = (Script::new(), Script::new());
    let fleet = Fleet::builder()
        .server("a", client("http://me:hidden@host-a", &a), 2)
        .server("b", client("http://host-b", &b), 2)
        .build()
        .unwrap();
    World { a, b, fleet }
}

fn session(name: &str) -> SessionName {
    SessionName::new(name).unwrap()
}

fn server(name: &str) -> ServerName {
    ServerName::new(name).unwrap()
}

fn list(names: &[&str]) -> Reply {
    let all = names.iter().map(|name| info(name));
    Reply::json(200, all.collect())
}

fn info(name: &str) -> Value {
    json!({"name": name, "status": "WORKING"})
}

/// Both servers say once which sessions they have.
async fn discovered(a: &[&str], b: &[&str]) -> World {
    let world = world();
    world.a.on("GET", "/api/sessions").answers(list(a));
    world.b.on("GET", "/api/sessions").answers(list(b));
    world.fleet.discover().await.unwrap();
    world
}

fn home(fleet: &Fleet, name: &str) -> Option<String> {
    let server = fleet.server_of(&session(name))?;
    Some(server.to_string())
}

#[tokio::test]
async fn calls_go_to_the_home_of_their_session_and_nowhere_else() {
    let world = discovered(&["x"], &["y"]).await;
    let get = |name: &str| api::sessions::get(&session(name));
    world
        .b
        .on("GET", "/api/sessions/y")
        .answers(Reply::json(200, info("y")));
    let found = world.fleet.call(&session("y"), get("y")).await.unwrap();
    assert_eq!(found.name, session("y"));

    world.a.on("GET", "/api/sessions/x").fails(Failure::Refused);
    let error = world.fleet.call(&session("x"), get("x")).await.unwrap_err();
    assert_eq!(error.server(), Some(&server("a")));
    assert!(error.call_error().is_some_and(|error| error.is_not_sent()));
    let text = error.to_string();
    assert!(
        text.starts_with("server a: not sent: no connection"),
        "{text}"
    );

    let error = world.fleet.call(&session("z"), get("z")).await.unwrap_err();
    assert!(matches!(error, FleetError::UnknownSession(_)));
    // Each was asked for its list, and once for its own session.
    assert_eq!((world.a.calls().len(), world.b.calls().len()), (2, 2));
    world.a.check().unwrap();
    world.b.check().unwrap();
}

#[tokio::test]
async fn a_call_about_another_session_than_it_is_routed_by_is_refused() {
    let world = discovered(&["x"], &["6281200000002"]).await;
    let (x, numbered) = (session("x"), session("6281200000002"));
    let error = world
        .fleet
        .call(&x, api::sessions::get(&numbered))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a call about session 628…02 was routed by session x"
    );
    assert!(!format!("{error:?}").contains("81200000"), "{error:?}");
    assert_eq!(world.a.calls().len(), 1, "the list alone");
    world
        .a
        .on("GET", "/ping")
        .answers(Reply::json(200, json!({})));
    world.fleet.call(&x, api::server::ping()).await.unwrap();
}

#[tokio::test]
async fn a_session_on_two_servers_is_told_and_changes_nothing() {
    let world = discovered(&["x"], &["y"]).await;
    world
        .a
        .on("GET", "/api/sessions")
        .answers(list(&["x", "y"]));
    world
        .b
        .on("GET", "/api/sessions")
        .answers(list(&["y", "new"]));
    let error = world.fleet.discover().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "session y lives on server a and on server b"
    );
    assert_eq!(home(&world.fleet, "y").unwrap(), "b");
    assert_eq!(home(&world.fleet, "new"), None);
}

#[tokio::test]
async fn a_silent_server_keeps_its_sessions_and_is_named() {
    let world = discovered(&["x"], &["y"]).await;
    world
        .a
        .on("GET", "/api/sessions")
        .query("all", "true")
        .answers(list(&["x2"]));
    world
        .b
        .on("GET", "/api/sessions")
        .fails(Failure::ResetAfterBody);
    let discovery = world.fleet.discover().await.unwrap();
    assert_eq!(discovery.found, [(session("x2"), server("a"))]);
    assert_eq!(discovery.gone, [(session("x"), server("a"))]);
    assert_eq!(discovery.unanswered[0].server(), Some(&server("b")));
    assert_eq!(home(&world.fleet, "y").unwrap(), "b");
}

#[tokio::test(start_paused = true)]
async fn what_is_placed_while_servers_are_asked_is_not_lost() {
    let world = world();
    let slow = || list(&[]).after(Duration::from_secs(1));
    world.a.on("GET", "/api/sessions").answers(slow());
    world.b.on("GET", "/api/sessions").answers(slow());
    let (discovery, ()) = tokio::join!(world.fleet.discover(), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.fleet.place(&session("new")).unwrap();
    });
    assert!(discovery.unwrap().gone.is_empty());
    assert_eq!(home(&world.fleet, "new").unwrap(), "a");
}

#[tokio::test(start_paused = true)]
async fn what_a_server_says_that_has_left_meanwhile_is_not_said_by_the_next_of_its_name() {
    let world = world();
    let slow = list(&["x"]).after(Duration::from_secs(1));
    world.a.on("GET", "/api/sessions").answers(slow);
    world.b.on("GET", "/api/sessions").answers(list(&[]));
    let (discovery, ()) = tokio::join!(world.fleet.discover(), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.fleet.remove(&server("a")).unwrap();
        let next = client("http://host-next", &Script::new());
        world.fleet.add("a", next, 2).unwrap();
    });
    assert!(discovery.unwrap().found.is_empty());
    assert_eq!(home(&world.fleet, "x"), None);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_moves_while_it_is_deleted_on_its_old_server_keeps_its_new_home() {
    let world = discovered(&["x"], &[]).await;
    let slow = Reply::empty(200).after(Duration::from_secs(2));
    world.a.on("DELETE", "/api/sessions/x").answers(slow);
    let x = session("x");
    let (deleted, ()) = tokio::join!(world.fleet.delete(&x), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.fleet.assign(&x, &server("b")).unwrap();
    });
    deleted.unwrap();
    assert_eq!(home(&world.fleet, "x").unwrap(), "b");
}

#[tokio::test]
async fn a_new_session_goes_where_most_is_free_and_its_place_comes_back_only_when_that_is_certain()
{
    let world = discovered(&["x"], &[]).await;
    let create = |name: &str| {
        let new = NewSession::started(session(name));
        let fleet = world.fleet.clone();
        async move { fleet.create(&new).await }
    };
    let on_create = || world.b.on("POST", "/api/sessions");
    on_create().fails(Failure::Refused);
    let error = create("new").await.unwrap_err();
    assert_eq!(error.server(), Some(&server("b")));
    assert_eq!(home(&world.fleet, "new"), None);

    on_create().answers(Reply::json(
        422,
        json!({"statusCode": 422, "message": "Session 'new' already exists. Use PUT to update it."}),
    ));
    create("new").await.unwrap_err();
    assert_eq!(home(&world.fleet, "new"), None);

    on_create().answers(Reply::json(201, info("new")));
    create("new").await.unwrap();
    assert_eq!(home(&world.fleet, "new").unwrap(), "b");

    world
        .a
        .on("POST", "/api/sessions")
        .body(|body| body["name"] == "doubtful")
        .fails(Failure::TimeoutAfterBody);
    create("doubtful").await.unwrap_err();
    assert_eq!(home(&world.fleet, "doubtful").unwrap(), "a");

    let error = create("new").await.unwrap_err();
    assert_eq!(error.to_string(), "session new lives on server b");
    on_create().answers(Reply::json(201, info("last")));
    create("last").await.unwrap();
    let error = create("more").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no server takes a new session: a is full, b is full"
    );
    assert!(matches!(
        world.fleet.create(&NewSession::default()).await,
        Err(FleetError::Unnamed)
    ));
    world.b.check().unwrap();

    world
        .b
        .on("DELETE", "/api/sessions/last")
        .fails(Failure::Refused);
    world.fleet.delete(&session("last")).await.unwrap_err();
    assert_eq!(home(&world.fleet, "last").unwrap(), "b");
    world
        .b
        .on("DELETE", "/api/sessions/last")
        .answers(Reply::empty(200));
    world.fleet.delete(&session("last")).await.unwrap();
    assert_eq!(home(&world.fleet, "last"), None);
}

#[tokio::test(start_paused = true)]
async fn a_watched_server_counts_as_down_after_some_failures_and_is_back_after_one_answer() {
    let world = discovered(&[], &["y"]).await;
    world
        .b
        .on("GET", "/ping")
        .always()
        .answers(Reply::json(200, json!({})));
    let on_ping = || world.a.on("GET", "/ping");
    on_ping().answers(Reply::json(200, json!({})));
    on_ping().times(3).fails(Failure::Refused);
    on_ping().answers(Reply::json(200, json!({})));
    on_ping().fails(Failure::Refused);

    let watched = world.fleet.clone();
    let watch = tokio::spawn(async move { watched.watch(Duration::from_secs(10)).await });
    let mut healthy = Vec::new();
    tokio::time::sleep(Duration::from_secs(5)).await;
    for round in 0..6 {
        healthy.push(world.fleet.servers()[0].is_healthy);
        if round == 3 {
            let placed = world.fleet.place(&session("new")).unwrap();
            assert_eq!(placed, server("b"), "a has more room and does not answer");
            world.fleet.forget(&session("new"));
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    watch.abort();
    assert_eq!(healthy, [true, true, true, false, true, true]);
}

#[tokio::test]
async fn a_draining_server_serves_on_takes_nothing_new_and_leaves_when_it_is_empty() {
    let world = discovered(&["x"], &["y"]).await;
    let (a, b) = (server("a"), server("b"));
    world.fleet.drain(&a).unwrap();
    assert_eq!(world.fleet.place(&session("new")).unwrap(), b);
    let error = world.fleet.place(&session("more")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no server takes a new session: a is being drained, b is full"
    );
    world
        .a
        .on("GET", "/api/sessions/x")
        .answers(Reply::json(200, info("x")));
    let get = api::sessions::get(&session("x"));
    world.fleet.call(&session("x"), get).await.unwrap();

    let error = world.fleet.remove(&a).unwrap_err();
    assert_eq!(error.to_string(), "server a is home to 1 sessions");
    assert_eq!(
        world.fleet.assign(&session("x"), &b).unwrap(),
        Some(a.clone())
    );
    world.fleet.remove(&a).unwrap();
    assert!(matches!(
        world.fleet.remove(&a),
        Err(FleetError::UnknownServer(_))
    ));
    assert_eq!(
        world.fleet.remove_with_sessions(&b).unwrap(),
        [session("new"), session("x"), session("y")]
    );
    assert!(world.fleet.client_of(&session("x")).is_err());
    assert!(world.fleet.servers().is_empty());
}

#[tokio::test]
async fn the_table_is_kept_as_text_and_taken_over_again() {
    let world = discovered(&["x"], &["y"]).await;
    world.fleet.drain(&server("a")).unwrap();
    world.fleet.set_capacity(&server("b"), 7).unwrap();
    let text = serde_json::to_string(&world.fleet.map()).unwrap();
    assert!(
        !text.contains("host-a") && !text.contains("s3cret"),
        "{text}"
    );
    let map: FleetMap = serde_json::from_str(&text).unwrap();

    let again = Fleet::builder()
        .server("a", client("http://host-a", &world.a), 2)
        .server("b", client("http://host-b", &world.b), 2)
        .map(map.clone())
        .build()
        .unwrap();
    assert_eq!(again.servers(), world.fleet.servers());
    assert_eq!(again.map(), map);
    let one = Fleet::builder().server("a", client("http://host-a", &world.a), 2);
    let error = one.map(map).build().unwrap_err();
    assert_eq!(error.to_string(), "the fleet has no server b");
    let bad: Result<FleetMap, _> =
        serde_json::from_str(r#"{"servers":{},"sessions":{"x":"http://me:pass@h"}}"#);
    assert!(bad.is_err());
}

#[tokio::test]
async fn servers_are_named_once_and_no_text_shows_their_address() {
    let world = world();
    let more = |name: &str, address: &str| {
        world
            .fleet
            .add(name, client(address, &Script::new()), 1)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        more("a", "http://elsewhere"),
        "the fleet has a server a already"
    );
    assert_eq!(
        more("c", "http://host-a"),
        "servers c and a have the same address"
    );
    assert!(more("http://me:hidden@host", "http://c").starts_with("a server's name has"));
    world
        .fleet
        .add("c", client("http://c", &Script::new()), 1)
        .unwrap();
    assert_eq!(world.fleet.servers().len(), 3);
    world.a.on("GET", "/ping").fails(Failure::Refused);
    let failures = world.fleet.probe().await;
    let texts = format!("{:?} {failures:?} {}", world.fleet, failures[0]);
    for secret in ["hidden", "host-a", "s3cret"] {
        assert!(!texts.contains(secret), "{texts}");
    }
    assert!(matches!(
        failures[0].call_error(),
        Some(waha_client::Error::NotSent {
            why: NotSent::Unreachable(_)
        })
    ));
}
