//! Asks a person at a terminal for a yes. Scripts have nobody to ask.

use std::io::{self, IsTerminal, Write};

use crate::exit::Failure;
use crate::language::Text;
use crate::output::Output;

/// Whether somebody is there to answer.
pub(crate) fn can_ask(output: &Output) -> bool {
    !output.is_json() && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks, and says whether the answer is yes.
///
/// # Errors
/// When the terminal cannot be read.
pub(crate) async fn is_agreed(output: &Output, question: &Text) -> Result<bool, Failure> {
    let question = output.words(question);
    let answer = tokio::task::spawn_blocking(move || {
        let mut stderr = io::stderr().lock();
        let _untold = write!(stderr, "{question}").and_then(|()| stderr.flush());
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map(|_| answer)
    })
    .await
    .map_err(Failure::other)?
    .map_err(Failure::other)?;
    // In either language of the operators.
    Ok(["y", "yes", "ya", "iya"].contains(&answer.trim().to_lowercase().as_str()))
}
