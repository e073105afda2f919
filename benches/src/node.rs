//! The same job in Node, by a script beside Cargo.toml.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::process::Peer;
use crate::receiver;

/// Names the folder that a script's modules are installed in.
const FOLDER: &str = "NODE_PEERS";

/// Starts a script.
///
/// # Errors
/// When Node or a module is not there.
pub fn start(
    script: &str,
    modules: &[&str],
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<Peer, Failure> {
    let folder = std::env::var_os(FOLDER).map(PathBuf::from);
    let has = |module: &&str| {
        let folder = folder.as_ref();
        folder.is_some_and(|it| it.join("node_modules").join(module).exists())
    };
    if let Some(missing) = modules.iter().find(|module| !has(module)) {
        return Err(
            format!("{missing} is not installed in {FOLDER}: `make bench` does that").into(),
        );
    }
    let program = std::env::var_os("NODE").unwrap_or_else(|| "node".into());
    let mut command = Command::new(&program);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
        .args(arguments)
        .env("WEBHOOK_KEY", receiver::KEY);
    Peer::spawn(command).map_err(|error| format!("{}: {error}", program.to_string_lossy()).into())
}
