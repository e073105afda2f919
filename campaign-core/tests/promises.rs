//! The table in README.md names tests that are there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

/// What stands between ``[` `` and `` `]( `` and what follows up to `)`: the test, and the file it is in.
fn links(text: &str) -> Vec<(&str, &str)> {
    text.split("[`")
        .skip(1)
        .map(|part| {
            let (name, rest) = part.split_once("`](").unwrap();
            let (file, _) = rest.split_once(')').unwrap();
            (name, file)
        })
        .collect()
}

#[test]
fn every_promise_stands_with_tests_that_are_there() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(crate_folder.join("README.md")).unwrap();
    for promise in 1..=10 {
        let row = readme
            .lines()
            .find(|line| line.starts_with(&format!("| P{promise} ")));
        let row = row.unwrap_or_else(|| panic!("P{promise} has no row"));
        let links = links(row);
        assert!(!links.is_empty(), "P{promise} has no test");
        for (name, file) in links {
            let path = crate_folder.join(file);
            let source = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("P{promise}: {}: {error}", path.display()));
            assert!(
                source.contains(&format!("fn {name}(")),
                "P{promise}: {file} has no test {name}"
            );
        }
    }
}
