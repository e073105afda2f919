//! The same job in Python, by a script beside Cargo.toml: arguments in, JSON out.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;

/// What a script prints when it is told `question` on its standard input.
///
/// # Errors
/// When Python is not there, when the script fails (with its last words), or when it prints something else.
pub fn ask<T: DeserializeOwned>(script: &str, question: &impl Serialize) -> Result<T, Failure> {
    answer(command(script), &serde_json::to_vec(question)?)
}

/// What a script prints when it is run with these arguments.
///
/// # Errors
/// As of [`ask`].
pub fn run<T: DeserializeOwned>(
    script: &str,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<T, Failure> {
    let mut command = command(script);
    command.args(arguments);
    answer(command, b"")
}

fn command(script: &str) -> Command {
    let python = std::env::var_os("PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script));
    command
}

fn answer<T: DeserializeOwned>(mut command: Command, question: &[u8]) -> Result<T, Failure> {
    let mut running = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))?;
    // A script that ends before it has read everything says why on its standard error.
    let told = running
        .stdin
        .take()
        .map_or(Ok(()), |mut input| input.write_all(question));
    let run = running.wait_with_output()?;
    if !run.status.success() {
        let said = String::from_utf8_lossy(&run.stderr);
        let last = said.lines().last().unwrap_or("it failed without a word");
        return Err(last.to_owned().into());
    }
    told?;
    Ok(serde_json::from_slice(&run.stdout)?)
}
