//! Every endpoint, type of the wire and constant of this crate says in its docs where the knowledge comes from, in a word of a
//! small vocabulary (CONTRIBUTING.md explains it). Reads the source files themselves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod reader;
mod recordings;
mod snippets;
mod told;
mod words;

use std::collections::BTreeSet;
use std::path::PathBuf;

use reader::read_crate;
use told::{Kind, Told};
use waha_client::specification::OPERATIONS;
use words::says_recorded;

#[test]
fn every_endpoint_type_and_constant_says_where_it_is_known_from() {
    let found = read_crate();
    let count = |kind| found.items.iter().filter(|it| it.kind == kind).count();
    let counts = [
        (Kind::Endpoint, 160),
        (Kind::Performing, 150),
        (Kind::Method, 8),
        (Kind::Type, 100),
        (Kind::Constant, 40),
    ];
    for (kind, at_least) in counts {
        println!("{} of {kind:?}", count(kind));
        assert!(count(kind) >= at_least, "only {} of {kind:?}", count(kind));
    }
    let wrong = found.complaints();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_docs_of_endpoints_name_every_operation_and_nothing_else() {
    let found = read_crate();
    let named: BTreeSet<_> = found.items.iter().filter_map(Told::operation).collect();
    let expected: BTreeSet<_> = OPERATIONS.iter().map(|op| (op.method, op.path)).collect();
    assert_eq!(named, expected);
}

/// With recordings at hand: whoever says "recorded" of an endpoint must have a good answer of it among them, or name the
/// status that is; and whoever has one must say so.
#[test]
fn what_is_called_recorded_is_among_the_recordings() {
    let Some(folder) = std::env::var_os("WAHA_RECORDINGS") else {
        println!("skipped: WAHA_RECORDINGS names no folder of recorded exchanges");
        return;
    };
    let recorded = recordings::statuses(&PathBuf::from(folder).join("exchanges"));
    assert!(recorded.len() > 70, "only {} operations", recorded.len());
    let nothing = BTreeSet::new();
    let mut wrong = Vec::new();
    for it in read_crate().items {
        let Some(operation) = it.operation() else {
            continue;
        };
        let statuses = recorded.get(&operation).unwrap_or(&nothing);
        let is_good = statuses.iter().any(|status| (200..300).contains(status));
        let says = says_recorded(&it.docs);
        let names_one = statuses
            .iter()
            .any(|status| it.docs.contains(&status.to_string()));
        if says != is_good && !(says && names_one) {
            wrong.push(format!("{it}: recorded are the statuses {statuses:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
