//! The address book: who is in it, and what each engine says of them.

use serde_json::{Value, json};
use waha_simulator::Engine;

use crate::{get, post, put, simulator};

const ANI: &str = "6281200000005";

#[tokio::test]
async fn people_are_known_who_were_named_and_who_wrote() {
    let simulator = simulator()
        .store_default(true)
        .contact("6281200000009", "Tono")
        .start()
        .await
        .unwrap();
    let one = format!("/api/contacts?session=default&contactId={ANI}@c.us");
    assert_eq!(get(&simulator, &one).await, (200, Value::Null));
    simulator.inbound("default", ANI, "Ani", "halo").unwrap();
    let pushed = json!({"id": format!("{ANI}@c.us"), "pushname": "Ani"});
    assert_eq!(get(&simulator, &one).await.1, pushed);

    let path = format!("/api/default/contacts/{ANI}@c.us");
    let names = json!({"firstName": "Ani", "lastName": "Wijaya"});
    assert_eq!(
        put(&simulator, &path, names).await,
        (200, json!({"success": true}))
    );
    assert_eq!(get(&simulator, &path).await.1["name"], "Ani Wijaya");

    let table = [
        ("", vec!["Ani Wijaya", "Tono"]),
        ("&sortBy=name&sortOrder=desc", vec!["Tono", "Ani Wijaya"]),
        ("&limit=1&offset=1", vec!["Tono"]),
        ("&limit=0", vec![]),
    ];
    for (query, names) in table {
        let (_, all) = get(
            &simulator,
            &format!("/api/contacts/all?session=default{query}"),
        )
        .await;
        let shown: Vec<_> = all
            .as_array()
            .unwrap()
            .iter()
            .map(|contact| contact["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(shown, names, "{query}");
    }
    let (_, overview) = get(&simulator, "/api/default/chats/overview").await;
    assert_eq!(overview[0]["name"], "Ani Wijaya");
}

#[tokio::test]
async fn engines_differ_in_what_they_know_and_can() {
    // Path and status on NOWEB, GOWS, WEBJS.
    let table = [
        ("about?contactId=1@c.us&", [501, 501, 200]),
        ("profile-picture?contactId=1@c.us&", [200; 3]),
        ("nonsense?", [404; 3]),
        ("all?sortBy=age&", [400; 3]),
    ];
    for (nth, engine) in [Engine::Noweb, Engine::Gows, Engine::Webjs]
        .into_iter()
        .enumerate()
    {
        let simulator = simulator()
            .engine(engine)
            .store_default(true)
            .start()
            .await
            .unwrap();
        for (path, statuses) in &table {
            let path = format!("/api/contacts/{path}session=default");
            assert_eq!(
                get(&simulator, &path).await.0,
                statuses[nth],
                "{engine} {path}"
            );
        }
        let (_, unknown) = get(&simulator, "/api/contacts?session=default&contactId=1@c.us").await;
        let expected = match engine {
            Engine::Noweb => Value::Null,
            Engine::Gows => json!({"id": "1@c.us", "name": "", "pushname": ""}),
            _ => unknown.clone(),
        };
        assert_eq!(unknown, expected, "{engine}");
        let block = json!({"session": "default", "contactId": format!("{ANI}@c.us")});
        let (status, _) = post(&simulator, "/api/contacts/block", block.clone()).await;
        assert_eq!(status, [501, 501, 201][nth], "{engine}");
        let blocked = simulator.inbound("default", ANI, "Ani", "halo").unwrap();
        assert_eq!(blocked.is_empty(), engine == Engine::Webjs, "{engine}");
        post(&simulator, "/api/contacts/unblock", block).await;
        assert_ne!(
            simulator.inbound("default", ANI, "Ani", "halo").unwrap(),
            ""
        );
    }
}
