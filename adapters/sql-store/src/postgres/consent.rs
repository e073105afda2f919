//! Whom nothing may be sent to, and why: what people agreed to, and what they asked for. The judgement is the core's.

use std::collections::{BTreeMap, BTreeSet};

use campaign_core::campaign::Category;
use campaign_core::consent::{Consent, DueConfirmation, OPTED_IN_TO, Origin, Rules, Wish};
use campaign_core::delivery::{CampaignId, DeliveryId};
use campaign_core::gateway::{Account, Session};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{Effect, Inquiry, MayNot, REPLIES_KEPT_FOR, Reply, Suppression};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::fault::{Fault, Result};
pub(super) use super::hidden::{dismiss, keep_hidden, learn_lid};
use super::moves::judged_persons;
use super::transaction::{Columns, Tx, text};
use crate::codes::{self, CONFIRMED_WITHIN};

pub(super) async fn rules(tx: &Tx<'_>) -> Result<Rules> {
    let found = tx.maybe("SELECT rules FROM consent_rules", &[]).await?;
    match found {
        Some(row) => rules_in(row.at(0)?),
        None => Ok(Rules::default()),
    }
}

/// As they are kept; nothing is where the default ones hold.
pub(super) fn rules_in(column: Option<&str>) -> Result<Rules> {
    match column {
        Some(text) => Ok(serde_json::from_str(text)?),
        None => Ok(Rules::default()),
    }
}

pub(super) async fn set_rules(tx: &Tx<'_>, rules: &Rules) -> Result<()> {
    tx.execute(
        "INSERT INTO consent_rules (one, rules) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET rules = excluded.rules",
        &[&serde_json::to_string(rules)?],
    )
    .await?;
    Ok(())
}

/// Numbers that are there already stay as they are, unless they were there by a reply alone.
pub(super) async fn suppress(tx: &Tx<'_>, numbers: &[Suppression]) -> Result<()> {
    let mut wanted: BTreeMap<i64, &Suppression> = BTreeMap::new();
    for number in numbers {
        let there = wanted.entry(codes::digits(number.phone)).or_insert(number);
        if there.origin == Origin::Reply && number.origin != Origin::Reply {
            *there = number;
        }
    }
    let phones: Vec<i64> = wanted.keys().copied().collect();
    let origins: Vec<i16> = wanted.values().map(|it| (it.origin as u8).into()).collect();
    let sources: Vec<String> = wanted.values().map(|it| text(&it.source)).collect();
    let since: Vec<i64> = wanted.values().map(|it| codes::micros(it.since)).collect();
    tx.execute(
        "INSERT INTO suppression (phone, origin, source, since)
         SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::bigint[])
         ON CONFLICT (phone) DO UPDATE
         SET origin = excluded.origin, source = excluded.source, since = excluded.since
         WHERE suppression.origin = $5 AND excluded.origin <> $5",
        &[
            &phones,
            &origins,
            &sources,
            &since,
            &i16::from(Origin::Reply as u8),
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn unsuppress(tx: &Tx<'_>, numbers: &[PhoneNumber]) -> Result<u64> {
    let numbers: Vec<i64> = numbers.iter().map(|phone| codes::digits(*phone)).collect();
    tx.execute(
        "DELETE FROM wish WHERE phone = ANY($1) AND is_opt_out",
        &[&numbers],
    )
    .await?;
    tx.execute("DELETE FROM suppression WHERE phone = ANY($1)", &[&numbers])
        .await
}

pub(super) async fn suppressed(
    tx: &Tx<'_>,
    after: Option<PhoneNumber>,
    limit: u32,
) -> Result<Vec<Suppression>> {
    let found = tx
        .rows(
            "SELECT phone, origin, source, since FROM suppression WHERE phone > $1 ORDER BY phone LIMIT $2",
            &[&after.map_or(0, codes::digits), &i64::from(limit)],
        )
        .await?;
    let suppression = |row: &Row| {
        Ok(Suppression {
            phone: codes::phone(row.at(0)?)?,
            origin: codes::origin(row.byte(1)?)?,
            source: row.at::<String>(2)?.into(),
            since: codes::moment(row.at(3)?)?,
        })
    };
    found.iter().map(suppression).collect()
}

pub(super) async fn record_consents(tx: &Tx<'_>, consents: &[Consent]) -> Result<()> {
    // Of one person's words about one category the last one counts.
    let last: BTreeMap<(i64, i16), &Consent> = consents
        .iter()
        .map(|it| ((codes::digits(it.phone), (it.category as u8).into()), it))
        .collect();
    let (phones, categories): (Vec<i64>, Vec<i16>) = last.keys().copied().unzip();
    let granted: Vec<bool> = last.values().map(|it| it.is_granted).collect();
    let origins: Vec<i16> = last.values().map(|it| (it.origin as u8).into()).collect();
    let sources: Vec<String> = last.values().map(|it| text(&it.source)).collect();
    let since: Vec<i64> = last.values().map(|it| codes::micros(it.since)).collect();
    tx.execute(
        "INSERT INTO consent (phone, category, is_granted, origin, source, since)
         SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::boolean[], $4::smallint[], $5::text[], $6::bigint[])
         ON CONFLICT (phone, category) DO UPDATE SET is_granted = excluded.is_granted, origin = excluded.origin,
             source = excluded.source, since = excluded.since",
        &[&phones, &categories, &granted, &origins, &sources, &since],
    )
    .await?;
    Ok(())
}

pub(super) async fn consents(
    tx: &Tx<'_>,
    after: Option<(PhoneNumber, Category)>,
    limit: u32,
) -> Result<Vec<Consent>> {
    let after = after.map_or((0, 0), |(phone, category)| {
        (codes::digits(phone), i16::from(category as u8))
    });
    let found = tx
        .rows(
            "SELECT phone, category, is_granted, origin, source, since FROM consent
             WHERE (phone, category) > ($1, $2) ORDER BY phone, category LIMIT $3",
            &[&after.0, &after.1, &i64::from(limit)],
        )
        .await?;
    let consent = |row: &Row| {
        Ok(Consent {
            phone: codes::phone(row.at(0)?)?,
            category: codes::category(row.byte(1)?)?,
            is_granted: row.at(2)?,
            origin: codes::origin(row.byte(3)?)?,
            source: row.at::<String>(4)?.into(),
            since: codes::moment(row.at(5)?)?,
        })
    };
    found.iter().map(consent).collect()
}

pub(super) async fn may_not(
    tx: &Tx<'_>,
    inquiries: &[Inquiry],
    now: Timestamp,
) -> Result<Vec<MayNot>> {
    let rules = rules(tx).await?;
    let Some(nowhere) = DeliveryId::new(CampaignId::MAX, 0) else {
        return Err(Fault::unreadable("the last campaign there can be"));
    };
    let phones: BTreeSet<i64> = inquiries
        .iter()
        .map(|inquiry| codes::digits(inquiry.phone))
        .collect();
    let persons = judged_persons(tx, &phones, &[]).await?;
    let answers = inquiries.iter().map(|inquiry| {
        let person = persons.get(&codes::digits(inquiry.phone))?;
        person.may_not(inquiry, nowhere, &rules, now)
    });
    Ok(answers.collect())
}

pub(super) async fn due_confirmations(tx: &Tx<'_>, limit: u32) -> Result<Vec<DueConfirmation>> {
    let found = tx
        .rows(
            "SELECT phone, account, message_id, at, session FROM wish JOIN lane USING (account)
             WHERE is_to_be_confirmed ORDER BY phone LIMIT $1",
            &[&i64::from(limit)],
        )
        .await?;
    let due = |row: &Row| {
        Ok(DueConfirmation {
            phone: codes::phone(row.at(0)?)?,
            account: Account(codes::phone(row.at(1)?)?),
            message_id: row.at::<String>(2)?.into(),
            since: codes::moment(row.at(3)?)?,
            session: Session::new(row.at::<&str>(4)?),
        })
    };
    found.iter().map(due).collect()
}

/// Forgets who was written to longer ago than any rule asks, and what nobody could be told of for as long as replies are kept.
pub(super) async fn forget_what_is_over(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    let since = now.checked_sub(rules(tx).await?.remember_for());
    let since = since.map_or(i64::MIN, codes::micros);
    tx.execute("DELETE FROM written WHERE at < $1", &[&since])
        .await?;
    let since = now.checked_sub(REPLIES_KEPT_FOR);
    let since = since.map_or(i64::MIN, codes::micros);
    tx.execute("DELETE FROM hidden_reply WHERE received_at < $1", &[&since])
        .await?;
    Ok(())
}

/// What a reply asks for is done, unless a later word said otherwise. Whether the person had not asked for it before.
pub(super) async fn take_wish(tx: &Tx<'_>, reply: &Reply, now: Timestamp) -> Result<Effect> {
    let rules = rules(tx).await?;
    let Some(wish) = rules.words.read(&reply.text) else {
        return Ok(Effect::Done);
    };
    Ok(if wished(tx, reply, wish, &rules, now).await? {
        Effect::Wished(reply.from, wish)
    } else {
        Effect::Done
    })
}

pub(super) async fn wished(
    tx: &Tx<'_>,
    reply: &Reply,
    wish: Wish,
    rules: &Rules,
    now: Timestamp,
) -> Result<bool> {
    let phone = codes::digits(reply.from);
    let message_id = text(&reply.message_id);
    let last = tx
        .maybe(
            "SELECT is_opt_out, at, message_id FROM wish WHERE phone = $1",
            &[&phone],
        )
        .await?;
    let last: Option<(bool, i64, String)> = match last {
        Some(row) => Some((row.at(0)?, row.at(1)?, row.at(2)?)),
        None => None,
    };
    // A clock that was put back since makes no later word an earlier one.
    let latest = match &last {
        Some((_, last_at, _)) => codes::moment(*last_at)?.max(now),
        None => now,
    };
    let at = reply.received_at.min(latest);
    let micros = codes::micros(at);
    if last.as_ref().is_some_and(|(_, last_at, last_id)| {
        *last_at > micros || (*last_at == micros && *last_id == message_id)
    }) {
        return Ok(false);
    }
    let is_opt_out = wish == Wish::OptOut;
    let is_news = last.is_none_or(|(was_opt_out, ..)| was_opt_out != is_opt_out);
    if is_opt_out {
        opt_out(tx, reply, at).await?;
    } else {
        opt_in(tx, reply, at, is_news).await?;
    }
    if !is_news {
        // Who repeats it gets no other answer.
        tx.execute(
            "UPDATE wish SET at = $2 WHERE phone = $1",
            &[&phone, &micros],
        )
        .await?;
        return Ok(false);
    }
    let is_by_reply: bool = tx
        .one(
            "SELECT EXISTS (SELECT 1 FROM suppression WHERE phone = $1 AND origin = $2)",
            &[&phone, &i16::from(Origin::Reply as u8)],
        )
        .await?
        .at(0)?;
    let is_to_be_confirmed = is_opt_out
        && is_by_reply
        && rules.confirmation.is_some()
        && now.duration_since(at) < CONFIRMED_WITHIN;
    tx.execute(
        "INSERT INTO wish (phone, is_opt_out, at, account, message_id, is_to_be_confirmed) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (phone) DO UPDATE SET is_opt_out = excluded.is_opt_out, at = excluded.at, account = excluded.account,
             message_id = excluded.message_id, is_to_be_confirmed = excluded.is_to_be_confirmed",
        &[
            &phone,
            &is_opt_out,
            &micros,
            &codes::digits(reply.account.0),
            &message_id,
            &is_to_be_confirmed,
        ],
    )
    .await?;
    Ok(true)
}

async fn opt_out(tx: &Tx<'_>, reply: &Reply, at: Timestamp) -> Result<()> {
    let suppression = Suppression {
        phone: reply.from,
        origin: Origin::Reply,
        source: reply.message_id.clone(),
        since: at,
    };
    suppress(tx, &[suppression]).await?;
    let granted = tx
        .rows(
            "SELECT category FROM consent WHERE phone = $1 AND is_granted",
            &[&codes::digits(reply.from)],
        )
        .await?;
    let withdrawn = granted
        .iter()
        .map(|row| Ok(by_reply(reply, codes::category(row.byte(0)?)?, false, at)));
    let withdrawn: Vec<Consent> = withdrawn.collect::<Result<_>>()?;
    record_consents(tx, &withdrawn).await
}

async fn opt_in(tx: &Tx<'_>, reply: &Reply, at: Timestamp, is_news: bool) -> Result<()> {
    tx.execute(
        "DELETE FROM suppression WHERE phone = $1 AND origin = $2",
        &[&codes::digits(reply.from), &i16::from(Origin::Reply as u8)],
    )
    .await?;
    if !is_news {
        return Ok(());
    }
    let granted = OPTED_IN_TO.map(|category| by_reply(reply, category, true, at));
    record_consents(tx, &granted).await
}

fn by_reply(reply: &Reply, category: Category, is_granted: bool, since: Timestamp) -> Consent {
    Consent {
        phone: reply.from,
        category,
        is_granted,
        origin: Origin::Reply,
        source: reply.message_id.clone(),
        since,
    }
}

pub(super) async fn confirmed(tx: &Tx<'_>, phone: PhoneNumber) -> Result<()> {
    tx.execute(
        "UPDATE wish SET is_to_be_confirmed = false WHERE phone = $1",
        &[&codes::digits(phone)],
    )
    .await?;
    Ok(())
}

pub(super) async fn has_opted_out(tx: &Tx<'_>, phone: PhoneNumber) -> Result<bool> {
    tx.one(
        "SELECT EXISTS (SELECT 1 FROM wish WHERE phone = $1 AND is_opt_out)",
        &[&codes::digits(phone)],
    )
    .await?
    .at(0)
}
