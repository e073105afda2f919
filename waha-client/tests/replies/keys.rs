//! API keys.

use secrecy::ExposeSecret;
use serde_json::json;
use waha_client::api::keys::{self, KeyRequest};
use waha_client::types::StoredFile;
use waha_client::{SessionName, WahaClient};
use wiremock::matchers::{body_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{read, session};

#[tokio::test]
async fn the_secret_of_a_key_is_shown_by_no_debug() {
    let body = json!({
        "id": "key_id_1", "key": "key_s3cret", "isActive": true, "isAdmin": false, "session": "default",
        "actions": {"read": true, "send": false, "fly": true}, "later": 1,
    });
    let key = read(keys::create(&KeyRequest::for_session(&session())), body).await;
    assert!(!format!("{key:?}").contains("s3cret"));
    assert_eq!(key.key.as_ref().unwrap().expose_secret(), "key_s3cret");
    assert_eq!(key.session, Some(session()));
    let actions = key.actions.unwrap();
    assert_eq!(
        (actions.read, actions.send, actions.control),
        (Some(true), Some(false), None)
    );
    assert_eq!(
        (&actions.extra["fly"], &key.extra["later"]),
        (&json!(true), &json!(1))
    );
}

#[tokio::test]
async fn keys_read_with_what_is_absent_or_null() {
    assert!(read(keys::list(), json!([])).await.is_empty());
    let body = json!([
        {"id": "key_id_1", "key": "k", "isActive": true, "isAdmin": true, "session": null, "actions": null},
        {"id": "key_id_2"},
    ]);
    let list = read(keys::list(), body).await;
    assert_eq!(list[0].is_admin, Some(true));
    assert!(list[0].session.is_none() && list[0].actions.is_none());
    assert!(list[1].key.is_none() && list[1].is_active.is_none());
    assert!(read(keys::delete("key_id_1"), json!({"result": true})).await);
}

#[tokio::test]
async fn a_leave_to_fetch_files_gives_urls_of_its_session_and_shows_its_key_only_when_asked() {
    let server = MockServer::start().await;
    let key = json!({"id": "key_id_1", "key": "key_m/edia&1", "isActive": true, "isAdmin": false});
    Mock::given(method("POST"))
        .and(path("/waha/api/keys/media"))
        .and(body_json(json!({"session": session()})))
        .respond_with(ResponseTemplate::new(201).set_body_json(key))
        .mount(&server)
        .await;
    Mock::given(method("DELETE"))
        .and(path("/waha/api/keys/key_id_1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"result": true})))
        .expect(1)
        .mount(&server)
        .await;
    let waha = WahaClient::builder(format!("{}/waha", server.uri()))
        .api_key("the admin's")
        .build()
        .unwrap();
    let access = waha.keys().media_access(&session()).await.unwrap();
    assert_eq!(
        (access.key_id(), access.session()),
        ("key_id_1", &session())
    );
    assert!(!format!("{access:?}").contains("key_m"));
    let (header, secret) = access.header();
    assert_eq!(
        (header, secret.expose_secret()),
        ("X-Api-Key", "key_m/edia&1")
    );

    let at = format!("{}/waha/api/files/{}/a%20b.png", server.uri(), session());
    let file = StoredFile::new(&session(), "a b.png").unwrap();
    assert_eq!(access.url(&file).unwrap().as_str(), at);
    let shown = access.url_with_key(&file).unwrap();
    assert_eq!(
        shown.expose_secret(),
        format!("{at}?x-api-key=key_m%2Fedia%261")
    );
    assert!(!format!("{shown:?}").contains("key_m"));

    let internal = format!("http://localhost/api/files/{}/a%20b.png", session());
    for (query, kept) in [
        ("?x-api-key=admins", ""),
        ("?v=1&X-Api-Key=admins", "?v=1"),
        ("?v=1", "?v=1"),
    ] {
        let file = StoredFile::from_url(&format!("{internal}{query}")).unwrap();
        assert_eq!(access.url(&file).unwrap().as_str(), format!("{at}{kept}"));
        let shown = access.url_with_key(&file).unwrap();
        assert_eq!(shown.expose_secret().matches("x-api-key").count(), 1);
    }
    let other = StoredFile::new(&SessionName::new("other").unwrap(), "a.png").unwrap();
    assert!(access.url(&other).is_none() && access.url_with_key(&other).is_none());
    assert!(waha.keys().revoke_media_access(access).await.unwrap());
}

#[tokio::test]
async fn a_key_without_its_secret_gives_no_leave() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(201).set_body_json(json!({"id": "key_id_1"})))
        .mount(&server)
        .await;
    let waha = WahaClient::builder(server.uri()).build().unwrap();
    let error = waha.keys().media_access(&session()).await.unwrap_err();
    assert!(error.to_string().contains("without its secret"), "{error}");
}
