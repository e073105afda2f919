//! What `doctor` finds, and what to do about it.

use std::time::Duration;

use campaign_core::message::MessageKind;

use super::say;
use crate::language::finding::{Evidence, Finding, Ids, Mark};
use crate::language::size;

pub(super) fn mark(mark: Mark) -> &'static str {
    mark.name()
}

/// What was found, and the remedy where there is one.
pub(in crate::language) fn finding(finding: &Finding) -> (String, Option<String>) {
    let fine = |what: String| (what, None);
    let with = |what: String, remedy: &str| (what, Some(remedy.to_owned()));
    match finding {
        Finding::ServerAnswers { url, version, engine } => {
            fine(format!("{url} answers: WAHA {version}, {engine}"))
        }
        Finding::ServerFails { why } | Finding::SessionFails { why } | Finding::DatabaseFails { why } => fine(say(why)),
        Finding::AccessClosed => fine("whoever has no key is turned away".into()),
        Finding::AccessOpen { url } => with(
            format!("{url} answers without a key: whoever reaches it can write to everybody as you"),
            "set WAHA_API_KEY at the server, or close the port",
        ),
        Finding::AccessByProxy { url } => with(
            format!("{url} asks for no key: whoever has the proxy's password, or gets past the proxy, can write to everybody as you"),
            "set WAHA_API_KEY at the server",
        ),
        Finding::AccessUnknown { why } => with(
            format!("whether it answers without a key could not be seen: {why}"),
            "look again once the server, or the proxy before it, is well",
        ),
        Finding::KeyOwn => fine("the server takes none of the keys that are printed in WAHA's documentation".into()),
        Finding::KeyPublic => with(
            "the server takes a key that is printed in WAHA's documentation".into(),
            "give it one of its own: openssl rand -hex 32",
        ),
        Finding::KeyShort => with(
            "the key is short enough to be guessed".into(),
            "take a longer one: openssl rand -hex 32",
        ),
        Finding::KeyUnknown { why } => with(
            format!("whether it takes a key that is printed in WAHA's documentation could not be seen: {why}"),
            "look again once the server, or the proxy before it, is well",
        ),
        Finding::ClockInStep { apart } => fine(format!("the server's clock and this one agree ({})", length(*apart))),
        Finding::ClockApart { apart, server_is_ahead } => {
            let ahead = if *server_is_ahead { "ahead of" } else { "behind" };
            with(
                format!("the server's clock is {} {ahead} this one", length(*apart)),
                "let both follow a time server (timedatectl set-ntp true): hours, expiry and look-ups go by them",
            )
        }
        Finding::ClockUnknown => fine("the server does not tell its time".into()),
        Finding::IdleCloses { after } => fine(format!("idle connections are closed after {}; ours go before that", length(*after))),
        Finding::IdleShort { after } => with(
            format!("idle connections are closed after {}, before ours are dropped: sends will fail and be tried again", length(*after)),
            "raise the idle time-out of the proxy before the server to 10 s",
        ),
        Finding::IdleStays { at_least } => fine(format!("idle connections stay open for {} at least", length(*at_least))),
        Finding::IdleNotKept => fine("each connection is closed after its answer, so none is ever idle".into()),
        Finding::IdleUnknown { why } => fine(format!("how long idle connections stay open was not measured: {why}")),
        Finding::SessionWorks { name, account } => {
            let account = account.as_ref().map(|number| format!(", {number}")).unwrap_or_default();
            fine(format!("{name} is WORKING{account}"))
        }
        Finding::Restricted { until } => {
            let until = until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
            with(
                format!("WhatsApp lets this account write only to people who wrote to it{until} (463)"),
                "wait for the end: replies go on, and each further message to a stranger makes it worse",
            )
        }
        Finding::NewChats { used, total, renews, .. } => {
            let renews = renews.as_ref().map(|renews| format!("; the next cycle begins {renews}")).unwrap_or_default();
            fine(format!("{used} of {total} new chats that WhatsApp allows are used{renews}"))
        }
        Finding::Held(waits) => fine(super::wait(waits)),
        Finding::KeepsMessages => fine("the session keeps its messages: what had no answer can be looked up".into()),
        Finding::KeepsNone { name } => with(
            format!("the session {name} keeps no messages: what had no answer cannot be looked up"),
            "turn the message store on in WAHA (config.noweb.store.enabled), or delete the session and make it with session create",
        ),
        Finding::KeepsUnknown => with(
            "whether the session keeps its messages could not be seen".into(),
            "look at its configuration in WAHA's dashboard: the message store must be on",
        ),
        Finding::EventsArrive => fine("the websocket connects: acknowledgements arrive as they happen".into()),
        Finding::EventsRefused { why } => with(
            format!("the server refuses the websocket: {why}"),
            "give the key the right to events, and let the proxy pass the query of /ws on",
        ),
        Finding::EventsAway { why } => with(
            format!("the websocket does not connect: {why}"),
            "let the proxy before the server pass upgrades of /ws; until then acknowledgements are looked up",
        ),
        Finding::Phone => fine(
            "look yourself: the phone is online at least every two weeks, and WAHA stands in its list of linked devices".into(),
        ),
        Finding::NoDatabase { path } => fine(format!("there is none yet; the first start makes {path}")),
        Finding::DatabaseHolds { path, bytes, campaigns, deliveries } => fine(format!(
            "{path}: {campaigns} campaigns, {deliveries} deliveries, {}",
            size(*bytes)
        )),
        Finding::DatabaseMoved { path, to } => with(
            format!("{path} was moved to {to}: nothing is sent from it any more"),
            "name that database with --db, or set it",
        ),
        Finding::DatabaseOnServer { place, bytes, campaigns, deliveries } => fine(format!(
            "{place}: {campaigns} campaigns, {deliveries} deliveries, {}",
            size(*bytes)
        )),
        Finding::NoTables { place } => fine(format!("{place} is empty yet; the first start makes its tables")),
        Finding::DatabaseDamaged { path, findings } => with(
            format!("{path} is damaged: {findings}"),
            "bring a backup back with waha-campaign restore FILE --replace, which keeps the damaged one beside it",
        ),
        Finding::SchemaIs { schema, is_newest: true } => fine(format!("version {schema}, as this program has it")),
        Finding::SchemaIs { schema, is_newest: false } => {
            fine(format!("version {schema}; the next command brings it up to date, after a copy"))
        }
        Finding::Durable { is_wal: true } => fine("every batch survives a loss of power (WAL, synchronous=FULL)".into()),
        Finding::Durable { is_wal: false } => {
            fine("every batch survives a loss of power (synchronous=FULL; WAL from the next command on)".into())
        }
        Finding::DurableOnServer => fine("every batch survives a loss of power, as far as the server's disk does".into()),
        Finding::ForgetfulServer => with(
            "the server does not wait for its disk: after a loss of power somebody may get a message twice".into(),
            "let fsync and full_page_writes be on in postgresql.conf",
        ),
        Finding::DiskFree { bytes } => fine(format!("{} free", size(*bytes))),
        Finding::DiskLow { bytes } => with(
            format!("only {} free where the database is", size(*bytes)),
            "free some space before you start anything",
        ),
        Finding::DiskUnknown => fine("how much is free could not be seen".into()),
        Finding::Whole => fine("every page was read, and nothing is broken".into()),
        Finding::PagesOnServer => fine("pages are the server's own to read (pg_amcheck); none was read here".into()),
        Finding::Runner { holder: Some(holder) } => fine(format!("{holder} is sending")),
        Finding::Runner { holder: None } => fine("nobody sends at this moment".into()),
        Finding::Doubts(evidence) => doubts(evidence),
    }
}

fn doubts(evidence: &Evidence) -> (String, Option<String>) {
    let ids = match &evidence.ids {
        Ids::Proved(kinds) => {
            let kinds: Vec<&str> = kinds.iter().map(|it| kind(*it)).collect();
            format!("ids are honoured ({})", kinds.join(", "))
        }
        Ids::Unproved => "the first messages will show whether ids are honoured".into(),
        Ids::Ignored { platform } => format!("{platform} gives messages ids of its own"),
    };
    if evidence.is_whole() {
        return (
            format!(
                "a message whose answer is lost is settled without you: {ids}, the session keeps its messages, events arrive"
            ),
            None,
        );
    }
    let mut why = vec![ids];
    match evidence.keeps_messages {
        Some(true) => {}
        Some(false) => why.push("the session keeps no messages".into()),
        None => why.push("it is not known whether the session keeps its messages".into()),
    }
    if !evidence.events {
        why.push("events do not arrive".into());
    }
    let what = format!(
        "a message whose answer is lost may have to wait for you: {}",
        why.join("; ")
    );
    let remedy = "mend what is named above; until then: waha-campaign unconfirmed list";
    (what, Some(remedy.to_owned()))
}

fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "text",
        MessageKind::Image => "image",
        MessageKind::File => "file",
    }
}

fn length(time: Duration) -> String {
    super::length(time)
}
