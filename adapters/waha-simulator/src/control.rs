//! `/simulator/...`: what a real server does not have. The ledger, its verdict, faults at run
//! time, and the hand on the phone.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::faults::{Fault, FaultRates, Faults};
use crate::ledger::verdict::hex;
use crate::ledger::{Entry, Question};
use crate::request::Request;
use crate::routes::not_routed;
use crate::sessions::Account;
use crate::world::World;

type Outcome = Result<Answer, Answer>;

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
    let text = |field: &str| {
        request
            .field(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match act {
        "pair" => world.scanned(&session, Account::new(text("phone"))),
        "unlink" => world.unlinked(&session),
        "flap" => world.link_lost(&session, Duration::from_secs(3)),
        "inbound" => {
            let Some(account) = session.account() else {
                return Err(Answer::unprocessable("The session is not paired"));
            };
            let id = world.comes_in(&session, &account, text("from"), text("name"), text("text"));
            return Ok(Answer::created(&json!({"id": id})));
        }
        _ => return Err(not_routed(request)),
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}
