//! A fleet of three servers that behave like WAHA: one goes away and one is drained in the midst of traffic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use waha_client::fleet::{Fleet, FleetError, ServerName};
use waha_client::{
    ChatId, NewSession, RetryPolicy, Sent, SessionName, TextMessage, WahaClient, api,
};
use waha_simulator::{Simulator, Status};

const SESSIONS: [(&str, usize); 6] = [
    ("north", 0),
    ("south", 0),
    ("east", 1),
    ("west", 1),
    ("hill", 2),
    ("lake", 2),
];
const NAMES: [&str; 3] = ["one", "two", "three"];

/// Three servers with two working sessions each.
async fn servers() -> Vec<Simulator> {
    let mut servers = Vec::new();
    for at in 0..3 {
        let mut builder = Simulator::builder()
            .seed(at as u64)
            .speed(50.0)
            .key(format!("key-of-{at}"));
        for (number, (name, _)) in SESSIONS.iter().enumerate().filter(|(_, s)| s.1 == at) {
            builder = builder.session(*name, format!("628120000000{number}"));
        }
        servers.push(builder.start().await.unwrap());
    }
    servers
}

fn client(server: &Simulator) -> WahaClient {
    WahaClient::builder(server.url())
        .api_key(server.key().to_owned())
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

fn session(name: &str) -> SessionName {
    SessionName::new(name).unwrap()
}

fn server(at: usize) -> ServerName {
    ServerName::new(NAMES[at]).unwrap()
}

async fn send(fleet: &Fleet, name: &str, person: u32) -> Result<Sent, FleetError> {
    let session = session(name);
    let chat = ChatId::phone(&format!("62813100{person:05}")).unwrap();
    let message = TextMessage::new(&session, &chat, "Halo");
    let endpoint = api::chatting::send_text(&message);
    fleet.call(&session, endpoint).await
}

/// Whom a server's ledger knows.
fn reached(server: &Simulator) -> BTreeSet<String> {
    let ledger = server.ledger();
    ledger.entries().map(|entry| entry.chat()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_keep_to_their_servers_when_one_goes_away_and_one_is_drained() {
    let mut servers = servers().await;
    let mut builder = Fleet::builder().unhealthy_after(1);
    for (at, one) in servers.iter().enumerate() {
        builder = builder.server(NAMES[at], client(one), 3);
    }
    let fleet = builder.build().unwrap();
    let discovery = fleet.discover().await.unwrap();
    assert_eq!(discovery.found.len(), SESSIONS.len());
    for (name, at) in SESSIONS {
        assert_eq!(fleet.server_of(&session(name)), Some(server(at)));
    }

    // Traffic over all sessions; after a third of it one server is drained, after two thirds another goes away.
    let mut expected = [BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    let mut before_the_end = BTreeSet::new();
    for person in 0..60 {
        let (name, at) = SESSIONS[person as usize % SESSIONS.len()];
        if person == 20 {
            fleet.drain(&server(1)).unwrap();
        }
        if person == 40 {
            before_the_end = reached(&servers[2]);
            servers.remove(2).shutdown().await;
        }
        let result = send(&fleet, name, person).await;
        if at == 2 && person >= 40 {
            let error = result.unwrap_err();
            assert_eq!(error.server(), Some(&server(2)), "{error}");
            assert!(error.to_string().starts_with("server three: "), "{error}");
        } else {
            result.unwrap();
            expected[at].insert(format!("62813100{person:05}"));
        }
    }
    assert_eq!(reached(&servers[0]), expected[0]);
    assert_eq!(reached(&servers[1]), expected[1]);
    assert_eq!(before_the_end, expected[2]);

    // A new session goes to the only server that takes one, and works there.
    let failures = fleet.probe().await;
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].server(), Some(&server(2)));
    let river = session("river");
    fleet
        .create(&NewSession::started(river.clone()))
        .await
        .unwrap();
    assert_eq!(fleet.server_of(&river), Some(server(0)));
    servers[0]
        .wait_for("river", Status::ScanQrCode)
        .await
        .unwrap();
    servers[0].pair("river", "6281200000009").unwrap();
    servers[0].wait_for("river", Status::Working).await.unwrap();
    send(&fleet, "river", 99).await.unwrap();
    assert!(reached(&servers[0]).contains("6281310000099"));
    let error = fleet.place(&session("more")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no server takes a new session: one is full, three does not answer, two is being drained"
    );

    // What was known of the silent server stays, and the drained one leaves when its sessions are gone.
    let discovery = fleet.discover().await.unwrap();
    assert_eq!(discovery.unanswered.len(), 1);
    assert_eq!(fleet.server_of(&session("lake")), Some(server(2)));
    assert!(fleet.remove(&server(1)).is_err());
    for name in ["east", "west"] {
        fleet.delete(&session(name)).await.unwrap();
    }
    fleet.remove(&server(1)).unwrap();
    let homeless = fleet.remove_with_sessions(&server(2)).unwrap();
    assert_eq!(homeless, [session("hill"), session("lake")]);

    // A session that is made on two servers behind the fleet's back is found out.
    let other = Simulator::builder()
        .session("river", "6281200000008")
        .start()
        .await
        .unwrap();
    fleet.add("four", client(&other), 5).unwrap();
    let error = tokio::time::timeout(Duration::from_secs(10), fleet.discover())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "session river lives on server four and on server one"
    );
}
