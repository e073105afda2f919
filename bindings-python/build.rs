//! Takes the documentation of the module from its stubs, so that an editor and `help()` say the same: a file for each docstring, named after
//! what it documents (`normalize`, `Numbers.phones`).

use std::path::Path;
use std::{env, fs, io};

/// Beside this file in the repository; in a source distribution, Python is at the top, above the crates.
const FOLDERS: [&str; 2] = ["python/waha_campaign", "../python/waha_campaign"];
const STUBS: [&str; 2] = ["_native.pyi", "client.pyi"];
const QUOTES: &str = "\"\"\"";

fn main() -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let folder = FOLDERS.into_iter().find(|it| Path::new(it).exists());
    let folder = folder.ok_or(io::ErrorKind::NotFound)?;
    for stub in STUBS {
        println!("cargo::rerun-if-changed={folder}/{stub}");
        let stub = fs::read_to_string(Path::new(folder).join(stub))?;
        for (name, text) in docstrings(&stub) {
            fs::write(Path::new(&out).join(name), text)?;
        }
    }
    Ok(())
}

fn docstrings(stub: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (mut class, mut name) = ("", String::new());
    let mut lines = stub.lines();
    while let Some(line) = lines.next() {
        let inner = line.trim_start();
        if let Some(declared) = inner.strip_prefix("class ") {
            class = identifier(declared);
            name = class.to_owned();
        } else if let Some(declared) = inner.strip_prefix("def ") {
            name = match inner == line {
                true => identifier(declared).to_owned(),
                false => format!("{class}.{}", identifier(declared)),
            };
        } else if let Some(first) = inner.strip_prefix(QUOTES) {
            let indent = line.len() - inner.len();
            let text = match first.strip_suffix(QUOTES) {
                Some(whole) => whole.to_owned(),
                None => {
                    let more = lines.by_ref().take_while(|line| line.trim() != QUOTES);
                    let more = more.map(|line| line.get(indent..).unwrap_or_default());
                    std::iter::once(first)
                        .chain(more)
                        .collect::<Vec<_>>()
                        .join("\n")
                }
            };
            found.push((name.clone(), text));
        }
    }
    found
}

fn identifier(declared: &str) -> &str {
    let end = declared.find(|c: char| !c.is_alphanumeric() && c != '_');
    &declared[..end.unwrap_or(declared.len())]
}
