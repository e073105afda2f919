//! The server itself.

use serde_json::json;
use waha_client::api::server::{self, Stop};

use crate::{read, read_empty};

#[tokio::test]
async fn a_server_stops_unless_it_says_that_it_does_not() {
    assert!(read(server::stop(Stop::Gracefully), json!({"stopping": true})).await);
    assert!(!read(server::stop(Stop::AtOnce), json!({"stopping": false})).await);
    assert!(read_empty(server::stop(Stop::AtOnce)).await);
}

#[tokio::test]
#[allow(deprecated)]
async fn the_version_reads_from_its_old_path_too() {
    let body = json!({
        "version": "2026.7.1", "engine": "NOWEB", "tier": "CORE", "browser": null, "platform": "linux/x64",
        "worker": {"id": "rig"},
    });
    let environment = read(server::version_by_old_path(), body).await;
    assert_eq!(environment.version, "2026.7.1");
    assert!(environment.extra.is_empty());
}
