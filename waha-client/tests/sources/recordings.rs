//! What was recorded of a real WAHA, by operation.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use waha_client::specification::OPERATIONS;

/// The statuses that were recorded.
pub(crate) fn statuses(folder: &Path) -> BTreeMap<(&'static str, &'static str), BTreeSet<u64>> {
    let mut recorded: BTreeMap<_, BTreeSet<u64>> = BTreeMap::new();
    for version in fs::read_dir(folder).unwrap() {
        for file in fs::read_dir(version.unwrap().path()).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let exchange: Value = serde_json::from_str(&text).unwrap_or_default();
            let request = &exchange["request"];
            let (Some(method), Some(path)) = (request["method"].as_str(), request["path"].as_str())
            else {
                continue;
            };
            let path = path.split('?').next().unwrap_or_default();
            let fitting = OPERATIONS
                .iter()
                .filter(|op| op.method == method && fits(op.path, path));
            let nearest = fitting.min_by_key(|op| op.path.matches('{').count());
            if let (Some(op), Some(status)) = (nearest, exchange["response"]["status"].as_u64()) {
                recorded
                    .entry((op.method, op.path))
                    .or_default()
                    .insert(status);
            }
        }
    }
    recorded
}

fn fits(template: &str, path: &str) -> bool {
    let (wanted, given): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let mut pairs = wanted.iter().zip(&given);
    wanted.len() == given.len() && pairs.all(|(one, other)| one.starts_with('{') || one == other)
}
