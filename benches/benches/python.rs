//! What does the Python package take for the everyday work of a Python program, beside the libraries that are used for it today?
//!
//! All of it is measured within Python, by `python.py`: what counts is what a program waits for.

use std::collections::BTreeMap;

use benches::sink::{self, Kind, Sink};
use benches::table::{Table, thousands};
use benches::{Failure, list, python, setting};
use serde::{Deserialize, Serialize};

use crate::templates;

/// How many different numbers the column has.
const PHONES: u32 = 10_000;

#[derive(Serialize)]
struct Question<'a> {
    phones: Vec<String>,
    numbers: u32,
    template: &'a str,
    row: BTreeMap<&'a str, &'a str>,
    messages: u32,
    url: &'a str,
    key: &'a str,
    sends: u32,
    in_flight: u32,
    rounds: u32,
}

/// Seconds of each contender, by name.
type Taken = BTreeMap<String, f64>;

#[derive(Deserialize)]
struct Answer {
    numbers: Taken,
    messages: Taken,
    one_by_one: Taken,
    together: Taken,
}

pub(crate) fn bench() -> Result<(), Failure> {
    let numbers = setting("BENCH_PYTHON_ROWS", 1_000_000)?;
    let messages = 100_000;
    let sends = setting("BENCH_MESSAGES", 5_000)?;
    let in_flight = setting("BENCH_IN_FLIGHT", 64)?;
    let rounds = setting("BENCH_ROUNDS", 5)?;
    let server = Sink::start(Kind::Plain)?;
    println!(
        "python: {} numbers once; {} messages and {} sends, medians of {rounds} rounds\n",
        thousands(numbers.into()),
        thousands(messages.into()),
        thousands(sends.into())
    );
    let asked = python::ask::<Answer>(
        "python.py",
        &Question {
            phones: list::plain_phones(PHONES),
            numbers,
            template: templates::TEXT,
            row: BTreeMap::from(templates::ROW),
            messages,
            url: server.url(),
            key: sink::KEY,
            sends,
            in_flight,
            rounds,
        },
    );
    let answer = match asked {
        Ok(answer) => answer,
        Err(why) => {
            println!("skipped: the Python package beside other libraries: {why}\n");
            return Ok(());
        }
    };
    let mut table = Table::new(&["", "a second", "us each", "to the other"]);
    for (what, times, taken) in [
        ("numbers read, as a column", numbers, answer.numbers),
        ("messages written, one by one", messages, answer.messages),
        ("messages sent, one by one", sends, answer.one_by_one),
        ("messages sent, many at a time", sends, answer.together),
    ] {
        let ours = taken.get("ours").copied().unwrap_or(f64::NAN);
        for (name, seconds) in &taken {
            table.row([
                format!("{what}: {name}"),
                thousands(f64::from(times) / seconds),
                format!("{:.2}", seconds * 1_000_000.0 / f64::from(times)),
                match name.as_str() {
                    "ours" => String::new(),
                    _ => format!("{:.1}", seconds / ours),
                },
            ]);
        }
    }
    table.print();
    Ok(())
}
