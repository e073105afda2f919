//! Groups, as each engine shows them.

use serde_json::json;
use waha_simulator::Engine;

use crate::{get, post, simulator};

const GROUP: &str = "120363000000000001@g.us";

#[tokio::test]
async fn a_group_is_shown_as_the_engine_keeps_it() {
    for (engine, id, subject, members) in [
        (Engine::Noweb, "/id", "/subject", "/participants"),
        (Engine::Gows, "/JID", "/Name", "/Participants"),
        (
            Engine::Webjs,
            "/id/_serialized",
            "/name",
            "/groupMetadata/participants",
        ),
    ] {
        let simulator = simulator()
            .engine(engine)
            .group(GROUP, &["6281200000002@c.us"])
            .start()
            .await
            .unwrap();
        let (_, group) = get(&simulator, &format!("/api/default/groups/{GROUP}")).await;
        assert_eq!(group.pointer(id), Some(&json!(GROUP)), "{engine}");
        assert!(group.pointer(subject).unwrap().is_string(), "{engine}");
        assert_eq!(
            group.pointer(members).unwrap().as_array().unwrap().len(),
            2,
            "{engine}"
        );

        let (_, list) = get(&simulator, "/api/default/groups").await;
        let listed = if engine == Engine::Noweb {
            &list[GROUP]
        } else {
            &list[0]
        };
        assert_eq!(listed, &group, "{engine}");
        let (_, bare) = get(&simulator, "/api/default/groups?exclude=participants").await;
        let bare = if engine == Engine::Noweb {
            &bare[GROUP]
        } else {
            &bare[0]
        };
        assert_eq!(bare.pointer(members), None, "{engine}");

        let (_, raw) = get(
            &simulator,
            &format!("/api/default/groups/{GROUP}/participants"),
        )
        .await;
        assert_eq!(Some(&raw), group.pointer(members), "{engine}");
        let (_, people) = get(
            &simulator,
            &format!("/api/default/groups/{GROUP}/participants/v2"),
        )
        .await;
        assert_eq!(
            people,
            json!([
                {"id": "6281200000001@c.us", "pn": "6281200000001@c.us", "role": "superadmin"},
                {"id": "6281200000002@c.us", "pn": "6281200000002@c.us", "role": "participant"},
            ]),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn small_questions_about_groups() {
    let simulator = simulator().group(GROUP, &[]).start().await.unwrap();
    let code = format!("/api/default/groups/{GROUP}/invite-code");
    let (_, first) = get(&simulator, &code).await;
    assert_eq!(first.as_str().map(str::len), Some(22));
    assert_eq!(get(&simulator, &code).await.1, first);
    assert_eq!(
        get(&simulator, "/api/default/groups/count").await.1,
        json!({"count": 1})
    );
    assert_eq!(
        post(&simulator, "/api/default/groups/refresh", json!({})).await,
        (200, json!({"success": true}))
    );
    for path in ["1@g.us", "1@g.us/participants", "1@g.us/invite-code"] {
        let (status, answer) = get(&simulator, &format!("/api/default/groups/{path}")).await;
        assert_eq!(status, 500, "{path}");
        assert_eq!(
            answer["exception"]["message"],
            "Group with id '1@g.us' not found"
        );
    }
    assert_eq!(get(&simulator, "/api/default/groups?limit=x").await.0, 400);
    assert_eq!(
        get(&simulator, &format!("/api/default/groups/{GROUP}/moon"))
            .await
            .0,
        404
    );
}
