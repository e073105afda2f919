//! `/simulator/...`: what a real server does not have. The ledger, its verdict, faults at run
//! time, and the hand on the phone.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::faults::{Fault, FaultRates, Faults};
use crate::inbound::Incoming;
use crate::ledger::verdict::hex;
use crate::ledger::{Entry, Question};
use crate::limits::{Quota, Restriction};
use crate::presence::Presence;
use crate::request::Request;
use crate::routes::{Outcome, not_routed};
use crate::sessions::{Account, Session};
use crate::world::World;

pub(crate) fn route(world: &Arc<World>, request: &Request, method: &str, path: &[&str]) -> Outcome {
    match (method, path) {
        ("GET", ["ledger"]) => Ok(ledger(world, request)),
        ("GET", ["ledger", "verdict"]) => verdict(world, request),
        ("GET", ["faults"]) => Ok(faults(&world.faults)),
        ("PUT", ["faults"]) => set_faults(world, request),
        ("POST", ["restart"]) => {
            world.replace_process();
            world.restart_sessions();
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        ("POST", ["sessions", name, act]) => act_on(world, request, name, act),
        _ => Err(not_routed(request)),
    }
}

fn ledger(world: &World, request: &Request) -> Answer {
    let number = |name: &str| {
        request
            .query(name)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let (from, limit) = (number("from").unwrap_or(0), number("limit").unwrap_or(1000));
    let body = world.book.with(|ledger| {
        let entries: Vec<_> = ledger
            .entries()
            .skip(from)
            .take(limit)
            .map(|entry| entry_json(&entry))
            .collect();
        json!({"total": ledger.len(), "from": from, "entries": entries})
    });
    Answer::ok(&body)
}

/// One entry as JSON, with the stamps both ways.
pub(crate) fn entry_json(entry: &Entry<'_>) -> Value {
    json!({
        "receivedUs": entry.received_us(),
        "handedUs": entry.handed_us(),
        "receivedWallUs": entry.wall_us(entry.received_us()),
        "handedWallUs": entry.handed_us().map(|at| entry.wall_us(at)),
        "account": entry.account(),
        "session": entry.session(),
        "chat": entry.chat(),
        "id": entry.id(),
        "bodyHash": hex(&entry.body_hash()),
        "kind": entry.kind().name(),
        "fate": entry.fate().name(),
    })
}

/// `?window_ms=60000&window_ms=3600000&zone=Asia/Jakarta`
fn verdict(world: &World, request: &Request) -> Outcome {
    let mut windows = Vec::new();
    for text in request.queries("window_ms") {
        let window = text.parse().map_err(|_| {
            Answer::invalid(vec![
                "window_ms must be a number of milliseconds".to_owned(),
            ])
        })?;
        windows.push(Duration::from_millis(window));
    }
    let zone = request.query("zone").map(str::to_owned);
    if let Some(name) = &zone
        && jiff::tz::TimeZone::get(name).is_err()
    {
        return Err(Answer::invalid(vec![
            "zone must be an IANA zone name".to_owned(),
        ]));
    }
    let verdict = world.book.snapshot().verdict(&Question { windows, zone });
    Ok(Answer::ok(&verdict.to_json()))
}

fn faults(faults: &Faults) -> Answer {
    let (rates, counts) = (faults.rates(), faults.counts());
    let list: Map<String, Value> = Fault::ALL
        .iter()
        .map(|fault| {
            let one = json!({
                "rate": rates.rate(*fault),
                "happened": counts.get(fault),
                "what": fault.describe(),
            });
            (fault.name().to_owned(), one)
        })
        .collect();
    Answer::ok(&list.into())
}

/// `{"answer-lost": 0.02}`: what is not named is 0.
fn set_faults(world: &World, request: &Request) -> Outcome {
    let mut rates = FaultRates::none();
    let named = request.parsed_body().and_then(Value::as_object);
    for (name, rate) in named.into_iter().flatten() {
        let fault: Fault = name
            .parse()
            .map_err(|problem| Answer::invalid(vec![problem]))?;
        let rate = rate
            .as_f64()
            .filter(|rate| (0.0..=1.0).contains(rate))
            .ok_or_else(|| Answer::invalid(vec![format!("{name} must be a rate from 0 to 1")]))?;
        rates = rates.with(fault, rate);
    }
    world.faults.set(rates);
    Ok(faults(&world.faults))
}

fn act_on(world: &Arc<World>, request: &Request, name: &str, act: &str) -> Outcome {
    let session = world
        .session(name)
        .ok_or_else(|| Answer::not_found("Session not found"))?;
    match act {
        "pair" => {
            if !world.scanned(&session, Account::new(text(request, "phone"))) {
                return Err(Answer::unprocessable("The session has no QR code to scan"));
            }
        }
        "unlink" => world.unlinked(&session),
        "flap" => world.link_lost(&session, Duration::from_secs(3)),
        "restrict" => world.restrict(&session, &restriction(request)),
        "lift" => world.lift_restriction(&session),
        "quota" => world.set_quota(&session, quota(request)?),
        "presence" => {
            let presence = Presence::named(text(request, "presence")).ok_or_else(|| {
                Answer::invalid(vec![
                    "presence must be offline, online, typing, recording or paused".to_owned(),
                ])
            })?;
            let told = world.seen_to_be(&session, text(request, "from"), presence);
            return Ok(Answer::created(&json!({"told": told})));
        }
        "inbound" | "vote" | "react" | "phone" => {
            let Some(account) = session.account() else {
                return Err(Answer::unprocessable("The session is not paired"));
            };
            let id = somebody_acts(world, request, &session, &account, act);
            return Ok(Answer::created(&json!({"id": id})));
        }
        _ => return Err(not_routed(request)),
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// The id of what came in; null from somebody who is blocked.
fn somebody_acts(
    world: &Arc<World>,
    request: &Request,
    session: &Arc<Session>,
    account: &Arc<Account>,
    act: &str,
) -> Option<String> {
    let from = text(request, "from");
    match act {
        "vote" => {
            let options: Vec<&str> = request
                .field("options")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            Some(world.votes(session, account, from, text(request, "poll"), &options))
        }
        "react" => {
            let (message, reaction) = (text(request, "message"), text(request, "reaction"));
            Some(world.reacts(session, account, from, message, reaction))
        }
        "phone" => {
            let (chat, words) = (text(request, "chat"), text(request, "text"));
            Some(world.typed_on_phone(session, account, chat, words))
        }
        _ => world.comes_in(session, account, incoming(request, from)),
    }
}

/// `{"from", "name", "text"}`, and instead of the text `"button": {"id", "text"}`,
/// `"row": {"id", "title"}` or `"location": {"latitude", "longitude"}`; `"group"` and
/// `"answering"` besides.
fn incoming(request: &Request, from: &str) -> Incoming {
    let part = |of: &Value, key: &str| {
        of.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let object = |key: &str| request.field(key).filter(|value| value.is_object());
    let mut incoming = if let Some(button) = object("button") {
        Incoming::button(from, part(button, "id"), part(button, "text"))
    } else if let Some(row) = object("row") {
        Incoming::row(from, part(row, "id"), part(row, "title"))
    } else if let Some(place) = object("location") {
        let degrees = |key: &str| place.get(key).and_then(Value::as_f64).unwrap_or_default();
        Incoming::location(from, degrees("latitude"), degrees("longitude"))
    } else {
        Incoming::text(from, text(request, "text"))
    };
    incoming = incoming.named(text(request, "name"));
    for (key, with) in [
        (
            "group",
            Incoming::in_group as fn(Incoming, String) -> Incoming,
        ),
        ("answering", Incoming::answering),
    ] {
        if let Some(id) = request.field(key).and_then(Value::as_str) {
            incoming = with(incoming, id.to_owned());
        }
    }
    incoming
}

/// `{"lasts_ms", "shown"}`; open-ended and shown unless told.
fn restriction(request: &Request) -> Restriction {
    let lasts_ms = request.field("lasts_ms").and_then(Value::as_u64);
    let restriction = lasts_ms.map_or_else(Restriction::open_ended, |lasts_ms| {
        Restriction::lasting(Duration::from_millis(lasts_ms))
    });
    if request.field("shown") == Some(&Value::Bool(false)) {
        restriction.unseen()
    } else {
        restriction
    }
}

/// `{"new_chats", "first_warning", "second_warning", "cycle_ms"}`; without `new_chats` no quota.
fn quota(request: &Request) -> Result<Option<Quota>, Answer> {
    let number = |key: &str| match request.field(key) {
        None | Some(Value::Null) => Ok(None),
        Some(number) => number
            .as_u64()
            .map(Some)
            .ok_or_else(|| Answer::invalid(vec![format!("{key} must be a whole number")])),
    };
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let Some(new_chats) = number("new_chats")? else {
        return Ok(None);
    };
    let mut quota = Quota::of(small(new_chats));
    if let (Some(first), Some(second)) = (number("first_warning")?, number("second_warning")?) {
        quota = quota.warning_at(small(first), small(second));
    }
    if let Some(cycle_ms) = number("cycle_ms")? {
        quota = quota.per(Duration::from_millis(cycle_ms));
    }
    Ok(Some(quota))
}

fn text<'a>(request: &'a Request, field: &str) -> &'a str {
    request
        .field(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
