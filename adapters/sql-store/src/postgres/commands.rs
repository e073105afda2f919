//! Commands and their answers, and the runner's word: what other processes write beside the runner.

use campaign_core::store::{Answer, Command, CommandId, RunnerWord};

use super::fault::Result;
use super::transaction::{Columns, Tx, text};
use super::{lock, workers};

/// A hint to whoever waits for commands; nothing depends on its being heard.
const TOLD: &str = "NOTIFY waha_campaign_command";

pub(super) async fn submit(tx: &Tx<'_>, command: &Command) -> Result<CommandId> {
    let row = tx
        .one(
            "INSERT INTO command (body) VALUES ($1) RETURNING id",
            &[&serde_json::to_string(command)?],
        )
        .await?;
    tx.batch(TOLD).await?;
    Ok(CommandId(row.at::<i64>(0)?.cast_unsigned()))
}

/// Those without an answer, the oldest first.
pub(super) async fn open(tx: &Tx<'_>) -> Result<Vec<(CommandId, Command)>> {
    let found = tx
        .rows(
            "SELECT id, body FROM command WHERE answer IS NULL ORDER BY id",
            &[],
        )
        .await?;
    let mut commands = Vec::with_capacity(found.len());
    for row in found {
        let id = CommandId(row.at::<i64>(0)?.cast_unsigned());
        commands.push((id, serde_json::from_str(row.at(1)?)?));
    }
    Ok(commands)
}

/// Whether there is such a command.
pub(super) async fn answer(tx: &Tx<'_>, command: CommandId, answer: &Answer) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE command SET answer = $2 WHERE id = $1",
            &[&command.0.cast_signed(), &serde_json::to_string(answer)?],
        )
        .await?;
    Ok(changed > 0)
}

/// This is an older copy: what it holds open may have been done in the time that it does not know of.
pub(super) async fn refuse_what_sends_again(tx: &Tx<'_>) -> Result<()> {
    for (id, command) in open(tx).await? {
        if command.sends_again() {
            answer(tx, id, &Answer::may_have_been_done()).await?;
        }
    }
    Ok(())
}

pub(super) async fn answer_to(tx: &Tx<'_>, command: CommandId) -> Result<Option<Answer>> {
    let found = tx
        .maybe(
            "SELECT answer FROM command WHERE id = $1",
            &[&command.0.cast_signed()],
        )
        .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    let answer: Option<&str> = row.at(0)?;
    Ok(answer.map(serde_json::from_str).transpose()?)
}

pub(super) async fn publish(tx: &Tx<'_>, word: &str) -> Result<()> {
    tx.execute("UPDATE runner SET word = $1", &[&text(word)])
        .await?;
    Ok(())
}

pub(super) async fn runner(tx: &Tx<'_>) -> Result<Option<RunnerWord>> {
    if !lock::is_held(tx).await? {
        return workers::word(tx).await;
    }
    let found = tx.maybe("SELECT holder, word FROM runner", &[]).await?;
    let Some(row) = found else {
        return Ok(None);
    };
    Ok(Some(RunnerWord {
        holder: row.at(0)?,
        word: row.at(1)?,
    }))
}
