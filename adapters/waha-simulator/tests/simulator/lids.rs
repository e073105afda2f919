//! Chats whose events come keyed by LID: only the calls of `lids` say whose they are.

use serde_json::{Value, json};
use waha_simulator::{AckTiming, Builder, Incoming};

use crate::{CHAT, Listener, get, listened_to, send, send_to, simulator};

const ANI: &str = "6281200000002";
const TONO: &str = "6281200000003@c.us";

fn with_lid() -> Builder {
    listened_to()
        .store_default(true)
        .lid_chats([ANI])
        .acks(AckTiming {
            device_rate: 0.0,
            ..AckTiming::default()
        })
}

#[tokio::test]
async fn acknowledgements_and_replies_come_keyed_by_lid_and_can_be_traced() {
    let simulator = with_lid().start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=message.ack,message").await;
    let (_, answer) = send(&simulator, "halo").await.unwrap();
    assert_eq!(answer["key"]["remoteJid"], "6281200000002@s.whatsapp.net");
    let id = answer["key"]["id"].as_str().unwrap();
    let ack = events.next().await.unwrap()["payload"].clone();
    let lid = ack["from"].as_str().unwrap().to_owned();
    assert!(lid.ends_with("@lid"), "{lid}");
    assert_eq!(ack["id"], format!("true_{lid}_{id}"));

    simulator.inbound("default", ANI, "Ani", "STOP").unwrap();
    let reply = events.next().await.unwrap()["payload"].clone();
    assert_eq!(reply["from"], lid.as_str());
    assert_eq!(reply["_data"]["key"]["remoteJid"], lid.as_str());
    assert!(
        !reply.to_string().contains(ANI),
        "the phone is nowhere in it"
    );

    let pair = json!({"lid": lid, "pn": CHAT});
    let user = lid.split('@').next().unwrap();
    for path in [
        lid.as_str(),
        user,
        &format!("pn/{ANI}"),
        &format!("pn/{CHAT}"),
    ] {
        assert_eq!(
            get(&simulator, &format!("/api/default/lids/{path}")).await,
            (200, pair.clone()),
            "{path}"
        );
    }
    assert_eq!(get(&simulator, "/api/default/lids").await.1, json!([pair]));
    assert_eq!(
        get(&simulator, "/api/default/lids/count").await.1,
        json!({"count": 1})
    );

    // Both names lead to the same chat.
    for chat in [CHAT, &lid] {
        let (_, messages) = get(&simulator, &format!("/api/default/chats/{chat}/messages")).await;
        assert_eq!(messages.as_array().unwrap().len(), 2, "{chat}");
    }
}

#[tokio::test]
async fn other_chats_keep_their_phone() {
    let simulator = with_lid().start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=message.ack,message").await;
    send_to(&simulator, TONO, "halo").await;
    assert_eq!(events.next().await.unwrap()["payload"]["from"], TONO);
    simulator
        .receive("default", Incoming::text("6281200000003", "hi"))
        .unwrap();
    assert_eq!(events.next().await.unwrap()["payload"]["from"], TONO);
    let table = [
        ("pn/6281200000003", 200, json!({"lid": null, "pn": TONO})),
        ("1@lid", 200, json!({"lid": "1@lid", "pn": null})),
        ("pn/1@lid", 200, json!({"lid": "1@lid", "pn": null})),
    ];
    for (path, status, body) in table {
        let found = get(&simulator, &format!("/api/default/lids/{path}")).await;
        assert_eq!(found, (status, body), "{path}");
    }
    let (status, answer) = get(&simulator, "/api/default/lids/1@c.us").await;
    assert_eq!(
        (status, &answer["message"]),
        (422, &json!("Invalid LID - it must end with @lid"))
    );
}

#[tokio::test]
async fn the_ledger_sees_that_a_lid_and_a_phone_are_one_person() {
    let simulator = with_lid().start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=message.ack").await;
    send(&simulator, "once").await.unwrap();
    let lid = events.next().await.unwrap()["payload"]["from"].clone();
    send_to(&simulator, lid.as_str().unwrap(), "once").await;
    let duplicates = simulator.ledger().duplicates();
    assert_eq!(duplicates.len(), 1);
    assert_eq!((duplicates[0].chat.as_str(), duplicates[0].times), (ANI, 2));
}

#[tokio::test]
async fn a_share_of_all_chats_is_drawn_by_the_seed() {
    let drawn = |seed: u64| async move {
        let simulator = simulator().seed(seed).lid_share(0.5).start().await.unwrap();
        let mut lids = Vec::new();
        for nth in 0..40 {
            let path = format!("/api/default/lids/pn/62812000001{nth:02}");
            let (_, pair) = get(&simulator, &path).await;
            lids.push(pair["lid"] != Value::Null);
        }
        lids
    };
    let first = drawn(1).await;
    let keyed = first.iter().filter(|keyed| **keyed).count();
    assert!((10..30).contains(&keyed), "{keyed}");
    assert_eq!(first, drawn(1).await);
    assert_ne!(first, drawn(2).await);
}
