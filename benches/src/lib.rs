//! What the benches share: a table, processes of their own, the server that is sent to, a bare loop, and the whole path
//! from a campaign in a database to that server. Each bench answers one question and prints one table; README.md holds the last run.
#![allow(clippy::print_stdout, reason = "benches print tables")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub mod bare;
pub mod base;
pub mod handed_over;
pub mod list;
pub mod node;
pub mod posts;
pub mod process;
pub mod python;
pub mod receiver;
pub mod sink;
pub mod table;
pub mod time;
pub mod whole_path;

/// What a bench ends with when something it needs fails.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A number from the environment, or the usual one.
///
/// # Errors
/// When the variable is set to something that is no number.
pub fn setting(name: &str, usual: u32) -> Result<u32, Failure> {
    match std::env::var(name) {
        Ok(text) => text
            .replace('_', "")
            .parse()
            .map_err(|_| format!("{name}={text} is not a number").into()),
        Err(_) => Ok(usual),
    }
}

/// The middle one; of an even number the lower of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values
        .get(values.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}

/// The value below which so many of a hundred lie; they must be in order.
pub fn percentile(sorted: &[f64], hundredths: f64) -> f64 {
    let place = (sorted.len() as f64 * hundredths / 100.0).ceil() as usize;
    let value = sorted.get(place.saturating_sub(1));
    value.copied().unwrap_or(f64::NAN)
}

/// The command line program of the same build.
///
/// # Errors
/// When it has not been built.
pub fn program() -> Result<PathBuf, Failure> {
    let here = std::env::current_exe()?;
    let name = format!("waha-campaign{}", std::env::consts::EXE_SUFFIX);
    // Benches are built into `deps`, programs beside that folder.
    let program = here.ancestors().nth(2).map(|folder| folder.join(name));
    program.filter(|program| program.exists()).ok_or_else(|| {
        "waha-campaign is not built: run `cargo build --release -p waha-campaign` first, or `make bench`".into()
    })
}

/// That program in a folder, at a server, with nothing of this machine's settings.
///
/// # Errors
/// When it has not been built.
pub fn command(folder: &Path, url: &str) -> Result<Command, Failure> {
    let mut command = Command::new(program()?);
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("WAHA_URL", url)
        .env("WAHA_API_KEY", sink::KEY)
        .stdin(Stdio::null());
    Ok(command)
}

/// The exit code of a campaign that has more to send.
pub const UNFINISHED: i32 = 7;
