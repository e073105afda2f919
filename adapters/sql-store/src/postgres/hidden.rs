//! People who are known by a LID alone: what they write is kept until it is found out who they are.

use campaign_core::consent::{Lid, Wish};
use campaign_core::gateway::{Account, Session};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{Effect, HiddenOptOut, HiddenReply, Reply};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::consent::{has_opted_out, rules, wished};
use super::fault::Result;
use super::people;
use super::transaction::{Columns, Tx, text};
use crate::codes;

/// Opt-outs of people whom nobody knows, the earliest first.
pub(super) async fn all_hidden(tx: &Tx<'_>) -> Result<Vec<HiddenOptOut>> {
    let found = tx
        .rows(
            "SELECT lid, account, since, session FROM hidden_opt_out JOIN lane USING (account) ORDER BY since, lid",
            &[],
        )
        .await?;
    let hidden = |row: &Row| {
        Ok(HiddenOptOut {
            lid: codes::lid(row.at(0)?)?,
            account: Account(codes::phone(row.at(1)?)?),
            since: codes::moment(row.at(2)?)?,
            session: Session::new(row.at::<&str>(3)?),
        })
    };
    found.iter().map(hidden).collect()
}

/// Keeps what somebody wrote whose phone nobody told, and an opt-out among it.
pub(super) async fn keep_hidden(
    tx: &Tx<'_>,
    reply: &HiddenReply,
    now: Timestamp,
) -> Result<Effect> {
    let lid = codes::lid_number(reply.lid);
    let known = tx
        .maybe("SELECT phone FROM lid WHERE lid = $1", &[&lid])
        .await?;
    if let Some(row) = known {
        let reply = reply.of(codes::phone(row.at(0)?)?);
        return people::keep_reply(tx, &reply, now).await;
    }
    let (account, message_id) = (codes::digits(reply.account.0), text(&reply.message_id));
    let kept = tx
        .execute(
            "INSERT INTO hidden_reply (account, message_id, lid, received_at, text) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
            &[
                &account,
                &message_id,
                &lid,
                &codes::micros(reply.received_at),
                &text(&reply.text),
            ],
        )
        .await?;
    if kept == 0 {
        return Ok(Effect::Done);
    }
    let received_at = codes::micros(reply.received_at.min(now));
    match rules(tx).await?.words.read(&reply.text) {
        Some(Wish::OptOut) => {
            tx.execute(
                "INSERT INTO hidden_opt_out (account, lid, since, message_id) VALUES ($1, $2, $3, $4)
                 ON CONFLICT DO NOTHING",
                &[&account, &lid, &received_at, &message_id],
            )
            .await?;
            Ok(Effect::HiddenOptOut)
        }
        Some(Wish::OptIn) => {
            tx.execute(
                "DELETE FROM hidden_opt_out WHERE lid = $1 AND since <= $2",
                &[&lid, &received_at],
            )
            .await?;
            Ok(Effect::Done)
        }
        None => Ok(Effect::Done),
    }
}

/// Keeps whose phone belongs to a LID: what was written under it is what that person wrote.
pub(super) async fn learn_lid(
    tx: &Tx<'_>,
    lid: Lid,
    phone: PhoneNumber,
    now: Timestamp,
) -> Result<Effect> {
    let had_opted_out = has_opted_out(tx, phone).await?;
    let (number, digits) = (codes::lid_number(lid), codes::digits(phone));
    tx.execute(
        "DELETE FROM lid WHERE phone = $2 AND lid <> $1",
        &[&number, &digits],
    )
    .await?;
    tx.execute(
        "INSERT INTO lid (lid, phone) VALUES ($1, $2) ON CONFLICT (lid) DO UPDATE SET phone = excluded.phone",
        &[&number, &digits],
    )
    .await?;
    let rules = rules(tx).await?;
    let opt_outs = tx
        .rows(
            "SELECT account, message_id, since, '' FROM hidden_opt_out WHERE lid = $1 ORDER BY account",
            &[&number],
        )
        .await?;
    for row in &opt_outs {
        wished(tx, &written(row, phone)?, Wish::OptOut, &rules, now).await?;
    }
    let replies = tx
        .rows(
            "SELECT account, message_id, received_at, text FROM hidden_reply WHERE lid = $1 ORDER BY seq",
            &[&number],
        )
        .await?;
    for row in &replies {
        people::keep_reply(tx, &written(row, phone)?, now).await?;
    }
    dismiss(tx, lid).await?;
    tx.execute("DELETE FROM hidden_reply WHERE lid = $1", &[&number])
        .await?;
    Ok(if !had_opted_out && has_opted_out(tx, phone).await? {
        Effect::Wished(phone, Wish::OptOut)
    } else {
        Effect::Done
    })
}

/// A row of what was written under a LID, as what a person wrote.
fn written(row: &Row, from: PhoneNumber) -> Result<Reply> {
    Ok(Reply {
        account: Account(codes::phone(row.at(0)?)?),
        message_id: row.at::<String>(1)?.into(),
        from,
        received_at: codes::moment(row.at(2)?)?,
        text: row.at::<String>(3)?.into(),
    })
}

pub(super) async fn dismiss(tx: &Tx<'_>, lid: Lid) -> Result<()> {
    tx.execute(
        "DELETE FROM hidden_opt_out WHERE lid = $1",
        &[&codes::lid_number(lid)],
    )
    .await?;
    Ok(())
}
