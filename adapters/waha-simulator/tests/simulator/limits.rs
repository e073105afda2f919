//! The quota of new chats, the restriction, and the removal of the device.

use std::time::Duration;

use serde_json::{Value, json};
use waha_simulator::ledger::Fate;
use waha_simulator::{AckTiming, Builder, Engine, Quota, Refusal, Restriction, Simulator, Status};

use crate::{Listener, get, listened_to, post, send, send_to, simulator};

fn told(quota: u32) -> Builder {
    listened_to()
        .version("2026.7.2")
        .acks(AckTiming::none())
        .quota(Quota::of(quota).warning_at(2, 3))
}

fn person(nth: u64) -> String {
    format!("62812000001{nth:02}@c.us")
}

async fn capping(simulator: &Simulator) -> (Value, Value) {
    let (_, me) = get(simulator, "/api/sessions/default/me").await;
    let capping = &me["messageCapping"];
    (
        capping["cappingStatus"].clone(),
        capping["usedQuota"].clone(),
    )
}

#[tokio::test]
async fn new_chats_count_warnings_are_told_and_then_463() {
    for engine in [Engine::Noweb, Engine::Gows, Engine::Webjs] {
        let simulator = told(4).engine(engine).start().await.unwrap();
        let mut events = Listener::new(&simulator, "events=session.status").await;
        simulator
            .inbound("default", "6281200000199", "Ani", "halo")
            .unwrap();
        assert_eq!(capping(&simulator).await, (json!("NONE"), json!(0)));
        // To whom, the answer, the status afterwards, and how many are used.
        let table = [
            (1, 201, "NONE", 1, false),
            (1, 201, "NONE", 1, false),
            (99, 201, "NONE", 1, false),
            (2, 201, "FIRST_WARNING", 2, true),
            (3, 201, "SECOND_WARNING", 3, true),
            (4, 201, "CAPPED", 4, true),
            (5, 500, "CAPPED", 4, false),
            (4, 201, "CAPPED", 4, false),
            (99, 201, "CAPPED", 4, false),
        ];
        for (nth, answer, status, used, changes) in table {
            let (found, body) = send_to(&simulator, &person(nth), "halo").await;
            assert_eq!(found, answer, "{engine} {nth}: {body}");
            assert_eq!(
                capping(&simulator).await,
                (json!(status), json!(used)),
                "{engine} {nth}"
            );
            if answer == 500 {
                let text = body["exception"]["message"].as_str().unwrap();
                assert!(text.contains("463"), "{engine}: {text}");
            }
            if changes {
                let payload = events.next().await.unwrap()["payload"].clone();
                assert_eq!(payload["status"], "WORKING", "{engine}");
                let data = &payload["data"]["messageCapping"];
                assert_eq!(data["cappingStatus"], status, "{engine} {nth}");
                assert_eq!(data["totalQuota"], 4, "{engine}");
            }
        }
        // Who wrote is no stranger any more.
        simulator
            .inbound("default", "6281200000105", "Tono", "halo")
            .unwrap();
        assert_eq!(
            send_to(&simulator, &person(5), "halo").await.0,
            201,
            "{engine}"
        );
        let (status, answer) = get(&simulator, "/api/sessions/default/capping").await;
        if engine == Engine::Gows {
            assert_eq!((status, &answer["usedQuota"]), (200, &json!(4)));
        } else {
            assert_eq!(status, 501, "{engine}");
        }
        let refused = simulator.ledger().entries().nth(6).unwrap().fate();
        assert_eq!(refused, Fate::NotSent, "{engine}");
        assert_eq!(simulator.new_chats_used("default").unwrap(), 4);
    }
}

#[tokio::test]
async fn a_cycle_ends_and_the_quota_is_whole_again() {
    let simulator = listened_to()
        .version("2026.7.2")
        .speed(1.0)
        .acks(AckTiming::none())
        .start()
        .await
        .unwrap();
    let mut events = Listener::new(&simulator, "events=session.status").await;
    let quota = Quota::of(1).per(Duration::from_millis(300));
    simulator.set_quota("default", Some(quota)).unwrap();
    let told = events.next().await.unwrap();
    let cycle = &told["payload"]["data"]["messageCapping"];
    assert_eq!(cycle["totalQuota"], 1);
    assert_eq!(send_to(&simulator, &person(1), "x").await.0, 201);
    while simulator.new_chats_used("default").unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(send_to(&simulator, &person(2), "x").await.0, 201);
}

#[tokio::test]
async fn older_versions_hold_to_the_quota_and_say_nothing_of_it() {
    let simulator = simulator()
        .version("2026.7.1")
        .quota(Quota::of(1))
        .start()
        .await
        .unwrap();
    assert_eq!(send_to(&simulator, &person(1), "x").await.0, 201);
    assert_eq!(send_to(&simulator, &person(2), "x").await.0, 500);
    let (_, me) = get(&simulator, "/api/sessions/default/me").await;
    assert_eq!(me.as_object().unwrap().len(), 3, "{me}");
    assert_eq!(
        get(&simulator, "/api/sessions/default/capping").await.0,
        404
    );
}

#[tokio::test]
async fn a_restriction_is_shown_until_it_ends() {
    let simulator = told(100).start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=session.status").await;
    simulator
        .inbound("default", "6281200000101", "Ani", "halo")
        .unwrap();
    // Two seconds of WhatsApp's, a tenth of one here.
    simulator
        .restrict("default", &Restriction::lasting(Duration::from_secs(2)))
        .unwrap();
    let begun = events.next().await.unwrap()["payload"].clone();
    assert_eq!(begun["status"], "WORKING");
    let timelock = &begun["data"]["reachoutTimelock"];
    assert_eq!(timelock["isActive"], true);
    assert_eq!(timelock["enforcementType"], "RESTRICT_ALL_COMPANIONS");
    assert!(timelock["timeEnforcementEnds"].is_u64());
    let over = events.next().await.unwrap()["payload"].clone();
    assert_eq!(over["data"]["reachoutTimelock"]["isActive"], false);

    simulator
        .restrict("default", &Restriction::open_ended())
        .unwrap();
    let (_, me) = get(&simulator, "/api/sessions/default/me").await;
    assert_eq!(me["reachoutTimelock"]["isActive"], true);
    assert_eq!(send_to(&simulator, &person(1), "reply").await.0, 201);
    assert_eq!(send_to(&simulator, &person(2), "cold").await.0, 500);
    simulator.lift_restriction("default").unwrap();
    assert_eq!(send_to(&simulator, &person(2), "cold").await.0, 201);
}

#[tokio::test]
async fn a_463_can_come_while_nothing_is_shown() {
    let simulator = told(100).start().await.unwrap();
    simulator
        .restrict("default", &Restriction::open_ended().unseen())
        .unwrap();
    let (_, me) = get(&simulator, "/api/sessions/default/me").await;
    assert_eq!(me["reachoutTimelock"], Value::Null);
    let (status, body) = send_to(&simulator, &person(1), "cold").await;
    assert_eq!((status, &body["exception"]["data"]), (500, &json!(463)));
}

#[tokio::test]
async fn who_goes_on_writing_to_strangers_loses_the_device() {
    let simulator = told(100).device_removed_after(3).start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=session.status").await;
    simulator
        .inbound("default", "6281200000199", "Ani", "halo")
        .unwrap();
    simulator
        .restrict("default", &Restriction::open_ended().unseen())
        .unwrap();
    for nth in 1..=2 {
        assert_eq!(send_to(&simulator, &person(nth), "cold").await.0, 500);
        // Replies are harmless.
        assert_eq!(send_to(&simulator, &person(99), "reply").await.0, 201);
        assert_eq!(simulator.status("default"), Some(Status::Working));
    }
    assert_eq!(send_to(&simulator, &person(1), "cold").await.0, 500);
    assert_eq!(simulator.status("default"), Some(Status::Failed));
    assert_eq!(events.next().await.unwrap()["payload"]["status"], "FAILED");
    let (status, _) = send_to(&simulator, &person(99), "reply").await;
    assert_eq!(status, 422);
    assert_eq!(simulator.ledger().handed(), 2);
}

#[tokio::test]
async fn a_refusal_can_come_as_an_acknowledgement() {
    for (version, tells) in [("2026.7.2", true), ("2026.7.1", false)] {
        let simulator = listened_to()
            .version(version)
            .refusal(Refusal::Ack)
            .start()
            .await
            .unwrap();
        simulator
            .restrict(
                "default",
                &Restriction::lasting(Duration::from_secs(3_600_000)),
            )
            .unwrap();
        let mut events = Listener::new(&simulator, "events=message.ack").await;
        let (status, answer) = send_to(&simulator, &person(1), "cold").await;
        assert_eq!(status, 201);
        let ack = events.next().await.unwrap()["payload"].clone();
        assert!(
            ack["id"]
                .as_str()
                .unwrap()
                .ends_with(answer["key"]["id"].as_str().unwrap())
        );
        assert_eq!(ack["ackName"], "ERROR");
        if tells {
            let error = &ack["error"];
            assert_eq!(
                (&error["code"], &error["reason"], &error["blocked"]),
                (&json!("463"), &json!("account_restricted"), &json!(true))
            );
            assert!(error["until"].as_str().unwrap().ends_with('Z'));
            assert_eq!(error["enforcementType"], "RESTRICT_ALL_COMPANIONS");
        } else {
            assert_eq!(ack.get("error"), None);
        }
        let fate = simulator.ledger().entries().next().unwrap().fate();
        assert_eq!(fate, Fate::NotDelivered);
    }
}

#[tokio::test]
async fn what_the_owner_types_uses_the_quota_as_well() {
    let simulator = told(1).start().await.unwrap();
    simulator
        .type_on_phone("default", &person(1), "hi")
        .unwrap();
    assert_eq!(simulator.new_chats_used("default").unwrap(), 1);
    assert_eq!(send_to(&simulator, &person(1), "x").await.0, 201);
    assert_eq!(send_to(&simulator, &person(2), "x").await.0, 500);
}

#[tokio::test]
async fn a_lid_and_a_phone_are_one_new_chat() {
    let simulator = told(5).lid_chats(["6281200000101"]).start().await.unwrap();
    send_to(&simulator, &person(1), "x").await;
    let (_, pair) = get(&simulator, "/api/default/lids/pn/6281200000101").await;
    send_to(&simulator, pair["lid"].as_str().unwrap(), "y").await;
    assert_eq!(simulator.new_chats_used("default").unwrap(), 1);
}

#[tokio::test]
async fn limits_are_set_over_http() {
    let simulator = simulator().version("2026.7.2").start().await.unwrap();
    let act = |act: &str| format!("/simulator/sessions/default/{act}");
    assert_eq!(capping(&simulator).await, (json!("NONE"), json!(0)));
    let (_, me) = get(&simulator, "/api/sessions/default/me").await;
    assert_eq!(me["messageCapping"]["totalQuota"], -1);
    let quota =
        json!({"new_chats": 1, "first_warning": 1, "second_warning": 1, "cycle_ms": 9e9 as u64});
    assert_eq!(post(&simulator, &act("quota"), quota).await.0, 204);
    assert_eq!(send_to(&simulator, &person(1), "x").await.0, 201);
    assert_eq!(send_to(&simulator, &person(2), "x").await.0, 500);
    assert_eq!(post(&simulator, &act("quota"), json!({})).await.0, 204);
    assert_eq!(send_to(&simulator, &person(2), "x").await.0, 201);
    let restriction = json!({"lasts_ms": 3_600_000_000_u64, "shown": false});
    assert_eq!(post(&simulator, &act("restrict"), restriction).await.0, 204);
    assert_eq!(send_to(&simulator, &person(2), "x").await.0, 500);
    assert_eq!(post(&simulator, &act("lift"), json!({})).await.0, 204);
    assert_eq!(send_to(&simulator, &person(2), "x").await.0, 201);
    assert_eq!(
        post(&simulator, &act("quota"), json!({"new_chats": -1}))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn limits_beyond_all_measure_are_taken() {
    let simulator = simulator().version("2026.7.2").start().await.unwrap();
    for (act, body) in [
        ("restrict", json!({"lasts_ms": u64::MAX})),
        (
            "quota",
            json!({"new_chats": u64::MAX, "cycle_ms": u64::MAX}),
        ),
    ] {
        let path = format!("/simulator/sessions/default/{act}");
        assert_eq!(post(&simulator, &path, body).await.0, 204, "{act}");
    }
    let (status, me) = crate::get(&simulator, "/api/sessions/default/me").await;
    assert_eq!(
        (status, &me["reachoutTimelock"]["isActive"]),
        (200, &json!(true))
    );
    assert_eq!(send(&simulator, "x").await.unwrap().0, 500);
}
