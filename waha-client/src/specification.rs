//! Which operations of WAHA's specification this client has, and whether that is all of them.
//!
//! The specification is a server's own `openapi.json`; WAHA serves it at `/-json`. One command compares them:
//! `cargo run -p waha-client --example coverage -- http://localhost:3000` (or a file).

use std::collections::BTreeSet;

use serde_json::Value;

/// One operation: a method and a path with names in the places of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// Such as `GET`.
    pub method: &'static str,
    /// Such as `/api/{session}/chats`.
    pub path: &'static str,
}

const fn op(method: &'static str, path: &'static str) -> Operation {
    Operation { method, path }
}

/// The operations of WAHA's specification of 2026.7 that this client has on purpose not, and why.
pub const LEFT_OUT: [(Operation, &str); 5] = [
    (
        op("POST", "/mcp"),
        "a protocol of its own, for language models",
    ),
    (
        op("GET", "/api/server/environment"),
        "its answer holds the server's secrets",
    ),
    (
        op("GET", "/api/server/debug/cpu"),
        "for who debugs the server itself",
    ),
    (
        op("GET", "/api/server/debug/heapsnapshot"),
        "for who debugs the server itself",
    ),
    (
        op("GET", "/api/server/debug/browser/trace/{session}"),
        "for who debugs the server itself",
    ),
];

/// The operations that this client has and the specification of 2026.7 lacks: later servers have them (WAHA source).
pub const UNPUBLISHED: [Operation; 2] = [
    op("GET", "/api/sessions/{session}/capping"),
    op("GET", "/api/sessions/{session}/timelock"),
];

/// How a specification and this client differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coverage {
    /// How many of its operations this client has.
    pub covered: usize,
    /// How many of its operations are in [`LEFT_OUT`].
    pub left_out: usize,
    /// Its operations that this client neither has nor names, as `GET /path`.
    pub missing: Vec<String>,
    /// Operations of this client that it does not have: older servers lack some, newer ones drop deprecated ones.
    pub extra: Vec<Operation>,
}

impl Coverage {
    /// Whether nothing is missing and nothing is extra.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty()
    }
}

/// Compares an OpenAPI document with what this client has. `None` for a document without paths.
pub fn compare(specification: &Value) -> Option<Coverage> {
    /// What WAHA's specification uses of OpenAPI's methods, and `patch`.
    const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
    let paths = specification.get("paths")?.as_object()?;
    let mut coverage = Coverage::default();
    let mut published = BTreeSet::new();
    for (path, methods) in paths {
        let methods = methods.as_object().into_iter().flatten();
        for (method, _) in methods.filter(|(method, _)| METHODS.contains(&method.as_str())) {
            let method = method.to_ascii_uppercase();
            let is_this = |it: &Operation| it.method == method && it.path == path;
            if OPERATIONS.iter().any(is_this) {
                coverage.covered += 1;
            } else if LEFT_OUT.iter().any(|(it, _)| is_this(it)) {
                coverage.left_out += 1;
            } else {
                coverage.missing.push(format!("{method} {path}"));
            }
            published.insert((method, path.clone()));
        }
    }
    let ours = OPERATIONS.iter().filter(|it| !UNPUBLISHED.contains(it));
    let is_published =
        |it: &Operation| published.contains(&(it.method.to_owned(), it.path.to_owned()));
    coverage.extra = ours.filter(|it| !is_published(it)).copied().collect();
    Some(coverage)
}

/// The operations that this client has, by path.
#[rustfmt::skip]
pub const OPERATIONS: [Operation; 159] = [
    op("GET", "/api/apps"),
    op("POST", "/api/apps"),
    op("DELETE", "/api/apps/{id}"),
    op("GET", "/api/apps/{id}"),
    op("PUT", "/api/apps/{id}"),
    op("GET", "/api/checkNumberStatus"),
    op("GET", "/api/contacts"),
    op("GET", "/api/contacts/about"),
    op("GET", "/api/contacts/all"),
    op("POST", "/api/contacts/block"),
    op("GET", "/api/contacts/check-exists"),
    op("GET", "/api/contacts/profile-picture"),
    op("POST", "/api/contacts/unblock"),
    op("POST", "/api/forwardMessage"),
    op("GET", "/api/keys"),
    op("POST", "/api/keys"),
    op("POST", "/api/keys/control"),
    op("POST", "/api/keys/media"),
    op("DELETE", "/api/keys/{id}"),
    op("PUT", "/api/keys/{id}"),
    op("GET", "/api/messages"),
    op("PUT", "/api/reaction"),
    op("POST", "/api/reply"),
    op("GET", "/api/screenshot"),
    op("POST", "/api/send/buttons/reply"),
    op("POST", "/api/send/link-custom-preview"),
    op("POST", "/api/sendButtons"),
    op("POST", "/api/sendContactVcard"),
    op("POST", "/api/sendFile"),
    op("POST", "/api/sendImage"),
    op("POST", "/api/sendLinkPreview"),
    op("POST", "/api/sendList"),
    op("POST", "/api/sendLocation"),
    op("POST", "/api/sendPoll"),
    op("POST", "/api/sendPollVote"),
    op("POST", "/api/sendSeen"),
    op("GET", "/api/sendText"),
    op("POST", "/api/sendText"),
    op("POST", "/api/sendVideo"),
    op("POST", "/api/sendVoice"),
    op("GET", "/api/server/status"),
    op("POST", "/api/server/stop"),
    op("GET", "/api/server/version"),
    op("GET", "/api/sessions"),
    op("POST", "/api/sessions"),
    op("POST", "/api/sessions/logout"),
    op("POST", "/api/sessions/start"),
    op("POST", "/api/sessions/stop"),
    op("DELETE", "/api/sessions/{session}"),
    op("GET", "/api/sessions/{session}"),
    op("PUT", "/api/sessions/{session}"),
    op("POST", "/api/sessions/{session}/logout"),
    op("GET", "/api/sessions/{session}/capping"),
    op("GET", "/api/sessions/{session}/me"),
    op("POST", "/api/sessions/{session}/restart"),
    op("POST", "/api/sessions/{session}/start"),
    op("POST", "/api/sessions/{session}/stop"),
    op("GET", "/api/sessions/{session}/timelock"),
    op("PUT", "/api/star"),
    op("POST", "/api/startTyping"),
    op("POST", "/api/stopTyping"),
    op("GET", "/api/version"),
    op("POST", "/api/{session}/auth/passkey"),
    op("GET", "/api/{session}/auth/passkey/challenge"),
    op("POST", "/api/{session}/auth/passkey/confirm"),
    op("GET", "/api/{session}/auth/passkey/confirmation"),
    op("GET", "/api/{session}/auth/qr"),
    op("POST", "/api/{session}/auth/request-code"),
    op("POST", "/api/{session}/calls/reject"),
    op("GET", "/api/{session}/channels"),
    op("POST", "/api/{session}/channels"),
    op("POST", "/api/{session}/channels/search/by-text"),
    op("POST", "/api/{session}/channels/search/by-view"),
    op("GET", "/api/{session}/channels/search/categories"),
    op("GET", "/api/{session}/channels/search/countries"),
    op("GET", "/api/{session}/channels/search/views"),
    op("DELETE", "/api/{session}/channels/{id}"),
    op("GET", "/api/{session}/channels/{id}"),
    op("POST", "/api/{session}/channels/{id}/follow"),
    op("GET", "/api/{session}/channels/{id}/messages/preview"),
    op("POST", "/api/{session}/channels/{id}/mute"),
    op("POST", "/api/{session}/channels/{id}/unfollow"),
    op("POST", "/api/{session}/channels/{id}/unmute"),
    op("GET", "/api/{session}/chats"),
    op("GET", "/api/{session}/chats/overview"),
    op("POST", "/api/{session}/chats/overview"),
    op("DELETE", "/api/{session}/chats/{chatId}"),
    op("POST", "/api/{session}/chats/{chatId}/archive"),
    op("DELETE", "/api/{session}/chats/{chatId}/messages"),
    op("GET", "/api/{session}/chats/{chatId}/messages"),
    op("POST", "/api/{session}/chats/{chatId}/messages/read"),
    op("DELETE", "/api/{session}/chats/{chatId}/messages/{messageId}"),
    op("GET", "/api/{session}/chats/{chatId}/messages/{messageId}"),
    op("PUT", "/api/{session}/chats/{chatId}/messages/{messageId}"),
    op("POST", "/api/{session}/chats/{chatId}/messages/{messageId}/pin"),
    op("POST", "/api/{session}/chats/{chatId}/messages/{messageId}/unpin"),
    op("GET", "/api/{session}/chats/{chatId}/picture"),
    op("POST", "/api/{session}/chats/{chatId}/unarchive"),
    op("POST", "/api/{session}/chats/{chatId}/unread"),
    op("PUT", "/api/{session}/contacts/{chatId}"),
    op("GET", "/api/{session}/contacts/{id}"),
    op("POST", "/api/{session}/events"),
    op("GET", "/api/{session}/groups"),
    op("POST", "/api/{session}/groups"),
    op("GET", "/api/{session}/groups/count"),
    op("POST", "/api/{session}/groups/join"),
    op("GET", "/api/{session}/groups/join-info"),
    op("POST", "/api/{session}/groups/refresh"),
    op("DELETE", "/api/{session}/groups/{id}"),
    op("GET", "/api/{session}/groups/{id}"),
    op("POST", "/api/{session}/groups/{id}/admin/demote"),
    op("POST", "/api/{session}/groups/{id}/admin/promote"),
    op("PUT", "/api/{session}/groups/{id}/description"),
    op("GET", "/api/{session}/groups/{id}/invite-code"),
    op("POST", "/api/{session}/groups/{id}/invite-code/revoke"),
    op("POST", "/api/{session}/groups/{id}/leave"),
    op("GET", "/api/{session}/groups/{id}/participants"),
    op("POST", "/api/{session}/groups/{id}/participants/add"),
    op("POST", "/api/{session}/groups/{id}/participants/remove"),
    op("GET", "/api/{session}/groups/{id}/participants/v2"),
    op("DELETE", "/api/{session}/groups/{id}/picture"),
    op("GET", "/api/{session}/groups/{id}/picture"),
    op("PUT", "/api/{session}/groups/{id}/picture"),
    op("GET", "/api/{session}/groups/{id}/settings/security/info-admin-only"),
    op("PUT", "/api/{session}/groups/{id}/settings/security/info-admin-only"),
    op("GET", "/api/{session}/groups/{id}/settings/security/messages-admin-only"),
    op("PUT", "/api/{session}/groups/{id}/settings/security/messages-admin-only"),
    op("PUT", "/api/{session}/groups/{id}/subject"),
    op("GET", "/api/{session}/labels"),
    op("POST", "/api/{session}/labels"),
    op("GET", "/api/{session}/labels/chats/{chatId}"),
    op("PUT", "/api/{session}/labels/chats/{chatId}"),
    op("DELETE", "/api/{session}/labels/{labelId}"),
    op("PUT", "/api/{session}/labels/{labelId}"),
    op("GET", "/api/{session}/labels/{labelId}/chats"),
    op("GET", "/api/{session}/lids"),
    op("GET", "/api/{session}/lids/count"),
    op("GET", "/api/{session}/lids/pn/{phoneNumber}"),
    op("GET", "/api/{session}/lids/{lid}"),
    op("POST", "/api/{session}/media/convert/video"),
    op("POST", "/api/{session}/media/convert/voice"),
    op("GET", "/api/{session}/new-message-id"),
    op("GET", "/api/{session}/presence"),
    op("POST", "/api/{session}/presence"),
    op("GET", "/api/{session}/presence/{chatId}"),
    op("POST", "/api/{session}/presence/{chatId}/subscribe"),
    op("GET", "/api/{session}/profile"),
    op("PUT", "/api/{session}/profile/name"),
    op("DELETE", "/api/{session}/profile/picture"),
    op("PUT", "/api/{session}/profile/picture"),
    op("PUT", "/api/{session}/profile/status"),
    op("POST", "/api/{session}/status/delete"),
    op("POST", "/api/{session}/status/image"),
    op("GET", "/api/{session}/status/new-message-id"),
    op("POST", "/api/{session}/status/text"),
    op("POST", "/api/{session}/status/video"),
    op("POST", "/api/{session}/status/voice"),
    op("GET", "/health"),
    op("GET", "/ping"),
];
