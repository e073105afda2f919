//! Every operation of WAHA's specification has a call or a reason, and every call a request test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};
use waha_client::Endpoint;
use waha_client::specification::{LEFT_OUT, OPERATIONS, compare};

/// Where the request tests write which operation they ask for.
const NOTED: &str = "WAHA_CLIENT_NOTED_OPERATIONS";

pub(crate) fn note<T>(endpoint: &Endpoint<T>) {
    let Some(file) = std::env::var_os(NOTED) else {
        return;
    };
    let (Some(method), Some(path)) = (endpoint.method(), endpoint.template()) else {
        return;
    };
    let mut file = OpenOptions::new().append(true).open(file).unwrap();
    let reads = std::any::type_name::<T>();
    file.write_all(format!("{method} {path}\t{reads}\n").as_bytes())
        .unwrap();
}

#[test]
fn every_operation_has_a_request_test() {
    let noted = tempfile::NamedTempFile::new().unwrap();
    let tests = Command::new(std::env::current_exe().unwrap())
        .args(["--skip", "coverage::"])
        .env(NOTED, noted.path())
        .output()
        .unwrap();
    assert!(tests.status.success(), "the request tests fail");
    let noted = std::fs::read_to_string(noted.path()).unwrap();
    let noted: BTreeMap<&str, &str> = noted.lines().filter_map(|it| it.split_once('\t')).collect();
    let asked: BTreeSet<&str> = noted.keys().copied().collect();
    let ours = OPERATIONS.map(|it| format!("{} {}", it.method, it.path));
    let ours: BTreeSet<&str> = ours.iter().map(String::as_str).collect();
    let untested: Vec<_> = ours.difference(&asked).collect();
    let unlisted: Vec<_> = asked.difference(&ours).collect();
    assert!(untested.is_empty(), "without a request test: {untested:#?}");
    let raw: Vec<_> = noted
        .iter()
        .filter(|(_, reads)| reads.contains("::Raw"))
        .collect();
    println!(
        "{} of {} operations answer as the engine says, because no shape is known: {:?}",
        raw.len(),
        noted.len(),
        raw.iter()
            .map(|(operation, _)| operation)
            .collect::<Vec<_>>()
    );
    assert!(
        unlisted.is_empty(),
        "not in the table of operations: {unlisted:#?}"
    );
}

#[test]
fn every_published_operation_has_a_call_or_a_reason() {
    let Some(folder) = std::env::var_os("WAHA_RECORDINGS") else {
        println!("skipped: WAHA_RECORDINGS is not set");
        return;
    };
    let file = std::path::Path::new(&folder).join("openapi.json");
    let specification: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let coverage = compare(&specification).unwrap();
    println!(
        "{} of {} operations have a call, {} a reason to have none: {LEFT_OUT:?}",
        coverage.covered,
        coverage.covered + coverage.left_out + coverage.missing.len(),
        coverage.left_out,
    );
    assert!(coverage.is_whole(), "{coverage:#?}");
    assert_eq!(coverage.covered + coverage.left_out, 162);
}

#[test]
fn what_is_missing_and_what_is_extra_is_told() {
    let mut paths = serde_json::Map::new();
    for operation in OPERATIONS.iter().skip(1) {
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        methods[operation.method.to_ascii_lowercase()] = json!({});
    }
    paths.insert(
        "/api/tomorrow".into(),
        json!({"patch": {}, "parameters": []}),
    );
    paths.insert("/mcp".into(), json!({"post": {}}));
    let coverage = compare(&json!({"paths": paths})).unwrap();
    assert_eq!(coverage.covered, OPERATIONS.len() - 1);
    assert_eq!(coverage.left_out, 1);
    assert_eq!(coverage.missing, ["PATCH /api/tomorrow"]);
    assert_eq!(coverage.extra, [OPERATIONS[0]]);
    assert_eq!(compare(&json!({"openapi": "3.0.0"})), None);
}
