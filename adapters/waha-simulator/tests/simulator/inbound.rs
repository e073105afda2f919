//! What people do: they write, answer, press buttons, choose rows, vote and react.

use serde_json::{Value, json};
use waha_simulator::{AckTiming, Builder, Engine, Incoming};

use crate::{CHAT, Listener, get, listened_to, post, send};

const ANI: &str = "6281200000002";

fn with_store() -> Builder {
    listened_to().store_default(true).acks(AckTiming::none())
}

#[tokio::test]
async fn what_comes_in_is_told_twice_and_lands_in_the_chat() {
    let vcard = "BEGIN:VCARD\nFN:Jane\nEND:VCARD";
    let message = "/_data/message";
    let table: Vec<(Incoming, &str, String, Value)> = vec![
        (
            Incoming::text(ANI, "halo"),
            "halo",
            format!("{message}/conversation"),
            json!("halo"),
        ),
        (
            Incoming::button(ANI, "pay", "Pay now"),
            "Pay now",
            format!("{message}/buttonsResponseMessage/selectedButtonId"),
            json!("pay"),
        ),
        (
            Incoming::row(ANI, "r1", "First"),
            "First",
            format!("{message}/listResponseMessage/singleSelectReply/selectedRowId"),
            json!("r1"),
        ),
        (
            Incoming::location(ANI, -6.2, 106.8),
            "",
            "/location/latitude".into(),
            json!("-6.2"),
        ),
        (
            Incoming::contact(ANI, vcard),
            "",
            "/vCards/0".into(),
            json!(vcard),
        ),
    ];
    let simulator = with_store().start().await.unwrap();
    let mut events = Listener::new(&simulator, "session=default").await;
    for (incoming, body, pointer, value) in table {
        let id = simulator.receive("default", incoming.named("Ani")).unwrap();
        let (told, any) = (events.next().await.unwrap(), events.next().await.unwrap());
        assert_eq!(
            (&told["event"], &any["event"]),
            (&json!("message"), &json!("message.any"))
        );
        assert_eq!(told["payload"], any["payload"]);
        let payload = &told["payload"];
        assert_eq!(payload["id"], format!("false_{CHAT}_{id}"));
        assert_eq!(
            payload["body"].as_str().unwrap_or_default(),
            body,
            "{pointer}"
        );
        assert_eq!(payload.pointer(&pointer), Some(&value), "{pointer}");
        assert_eq!(payload["_data"]["pushName"], "Ani");
        let (_, stored) = get(
            &simulator,
            &format!("/api/default/chats/{CHAT}/messages?limit=1"),
        )
        .await;
        assert_eq!(stored[0].pointer(&pointer), Some(&value), "{pointer}");
    }
}

#[tokio::test]
async fn an_answer_quotes_what_it_answers() {
    let simulator = with_store().start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=message").await;
    send(&simulator, "pay?").await.unwrap();
    let id = simulator.ledger().entries().next().unwrap().id().to_owned();
    let button = Incoming::button(ANI, "yes", "Yes").answering(&id);
    simulator.receive("default", button).unwrap();
    let told = events.next().await.unwrap();
    assert_eq!(
        (
            &told["payload"]["replyTo"]["id"],
            &told["payload"]["replyTo"]["body"]
        ),
        (&json!(id), &json!("pay?"))
    );
    let context = "/payload/_data/message/buttonsResponseMessage/contextInfo/participant";
    assert_eq!(
        told.pointer(context),
        Some(&json!("6281200000001@s.whatsapp.net"))
    );
}

#[tokio::test]
async fn a_member_writes_into_a_group() {
    let group = "120363000000000001@g.us";
    let simulator = with_store().group(group, &[ANI]).start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=message").await;
    let incoming = Incoming::text(ANI, "all").named("Ani").in_group(group);
    let id = simulator.receive("default", incoming).unwrap();
    let payload = events.next().await.unwrap()["payload"].clone();
    assert_eq!(payload["id"], format!("false_{group}_{id}_{CHAT}"));
    assert_eq!(
        (&payload["from"], &payload["participant"]),
        (&json!(group), &json!(CHAT))
    );
}

#[tokio::test]
async fn a_vote_names_the_poll_and_what_it_has_of_the_options() {
    for (engine, from, to) in [
        (Engine::Noweb, json!(CHAT), json!("me")),
        (Engine::Gows, json!(CHAT), Value::Null),
        (Engine::Webjs, json!(CHAT), json!("6281200000001@c.us")),
    ] {
        let simulator = with_store().engine(engine).start().await.unwrap();
        let mut events = Listener::new(&simulator, "events=poll.vote,poll.vote.failed").await;
        let poll = json!({
            "session": "default", "chatId": CHAT,
            "poll": {"name": "q", "options": ["a", "b"], "multipleAnswers": true},
        });
        post(&simulator, "/api/sendPoll", poll).await;
        let id = simulator.ledger().entries().next().unwrap().id().to_owned();
        simulator
            .vote("default", ANI, &id, &["b", "nonsense"])
            .unwrap();
        let told = events.next().await.unwrap();
        assert_eq!(told["event"], "poll.vote", "{engine}");
        let payload = &told["payload"];
        assert_eq!(
            payload["poll"]["id"],
            format!("true_{CHAT}_{id}"),
            "{engine}"
        );
        assert_eq!(payload["vote"]["selectedOptions"], json!(["b"]), "{engine}");
        assert_eq!(
            (&payload["vote"]["from"], &payload["vote"]["to"]),
            (&from, &to),
            "{engine}"
        );

        simulator
            .vote("default", ANI, "3EB0UNKNOWN", &["b"])
            .unwrap();
        let told = events.next().await.unwrap();
        assert_eq!(told["event"], "poll.vote.failed", "{engine}");
        assert_eq!(
            told["payload"]["vote"]["selectedOptions"],
            json!([]),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn without_a_store_noweb_cannot_say_what_was_voted() {
    let simulator = listened_to().start().await.unwrap();
    let mut events = Listener::new(&simulator, "session=default").await;
    simulator.vote("default", ANI, "3EB0A", &["a"]).unwrap();
    assert_eq!(events.next().await.unwrap()["event"], "poll.vote.failed");
}

#[tokio::test]
async fn a_reaction_names_the_message() {
    let simulator = with_store().start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=message.reaction").await;
    send(&simulator, "halo").await.unwrap();
    let id = simulator.ledger().entries().next().unwrap().id().to_owned();
    simulator.react("default", ANI, &id, "❤️").unwrap();
    let payload = events.next().await.unwrap()["payload"].clone();
    let of = json!({"text": "❤️", "messageId": format!("true_{CHAT}_{id}")});
    assert_eq!(
        (&payload["reaction"], &payload["fromMe"]),
        (&of, &json!(false))
    );
}

#[tokio::test]
async fn what_the_owner_types_is_told_and_in_no_ledger() {
    let simulator = with_store().start().await.unwrap();
    let mut events = Listener::new(&simulator, "session=default").await;
    simulator.type_on_phone("default", CHAT, "typed").unwrap();
    let told = events.next().await.unwrap();
    assert_eq!(told["event"], "message.any");
    let payload = &told["payload"];
    assert_eq!(
        (&payload["fromMe"], &payload["source"], &payload["ackName"]),
        (&json!(true), &json!("app"), &json!("SERVER"))
    );
    assert!(simulator.ledger().is_empty());
}

#[tokio::test]
async fn all_of_it_can_be_done_over_http() {
    let simulator = with_store().start().await.unwrap();
    let mut events = Listener::new(&simulator, "session=default").await;
    let act = |act: &str| format!("/simulator/sessions/default/{act}");
    let table = [
        (
            "inbound",
            json!({"from": ANI, "name": "Ani", "text": "halo"}),
            "message",
        ),
        (
            "inbound",
            json!({"from": ANI, "button": {"id": "1", "text": "Yes"}}),
            "message",
        ),
        (
            "inbound",
            json!({"from": ANI, "row": {"id": "1", "title": "Yes"}}),
            "message",
        ),
        (
            "inbound",
            json!({"from": ANI, "location": {"latitude": 1, "longitude": 2}}),
            "message",
        ),
        (
            "vote",
            json!({"from": ANI, "poll": "3EB0A", "options": ["a"]}),
            "poll.vote.failed",
        ),
        (
            "react",
            json!({"from": ANI, "message": "3EB0A", "reaction": "x"}),
            "message.reaction",
        ),
        (
            "phone",
            json!({"chat": CHAT, "text": "typed"}),
            "message.any",
        ),
    ];
    for (path, body, event) in table {
        let (status, answer) = post(&simulator, &act(path), body.clone()).await;
        assert_eq!(status, 201, "{path} {answer}");
        assert!(answer["id"].as_str().unwrap().starts_with("3EB0"), "{path}");
        let told = events.next().await.unwrap();
        assert_eq!(told["event"], event, "{path} {body}");
        if event == "message" {
            assert_eq!(events.next().await.unwrap()["event"], "message.any");
        }
    }
    assert_eq!(post(&simulator, &act("moon"), json!({})).await.0, 404);
    assert_eq!(
        post(&simulator, &act("presence"), json!({"presence": "x"}))
            .await
            .0,
        400
    );
}
