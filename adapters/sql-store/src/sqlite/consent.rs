//! Whom nothing may be sent to, and why: what people asked for, agreed to, and had lately. The judgement is the core's; here is what it is made
//! of, read and written in the transaction that asks.

use campaign_core::campaign::Category;
use campaign_core::consent::{
    Barred, Consent, DueConfirmation, Lid, OPTED_IN_TO, Origin, Person, Rules, Terms, Wish,
    Written, bar,
};
use campaign_core::delivery::{CampaignId, DeliveryId};
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::Slot;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    Effect, HiddenOptOut, HiddenReply, Inquiry, Journal, MayNot, REPLIES_KEPT_FOR, Reply,
    Suppression,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::Database;
use super::fault::{Fault, Result};
use super::people;
use super::rows::{self, CONFIRMED_WITHIN, category, lid, lid_number, origin};

impl Database {
    pub(super) fn rules(&self) -> Result<Rules> {
        rules(&self.connection)
    }

    pub(super) fn set_rules(&self, rules: &Rules) -> Result<()> {
        self.together(|| {
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO consent_rules (one, rules) VALUES (1, ?)")?
                .execute([serde_json::to_string(rules)?])?;
            Ok(())
        })
    }

    pub(super) fn suppress(&self, numbers: &[Suppression]) -> Result<()> {
        self.together(|| {
            for number in numbers {
                suppress(&self.connection, number)?;
            }
            Ok(())
        })
    }

    pub(super) fn unsuppress(&self, numbers: &[PhoneNumber]) -> Result<u64> {
        self.together(|| {
            let mut removed = 0;
            for number in numbers {
                let phone = [rows::digits(*number)];
                self.connection
                    .prepare_cached("DELETE FROM wish WHERE phone = ? AND is_opt_out = 1")?
                    .execute(phone)?;
                removed += self
                    .connection
                    .prepare_cached("DELETE FROM suppression WHERE phone = ?")?
                    .execute(phone)?;
            }
            u64::try_from(removed).map_err(Fault::unreadable)
        })
    }

    pub(super) fn suppressed(
        &self,
        after: Option<PhoneNumber>,
        limit: u32,
    ) -> Result<Vec<Suppression>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT phone, origin, source, since FROM suppression WHERE phone > ? ORDER BY phone LIMIT ?",
        )?;
        let mut found = statement.query(params![after.map_or(0, rows::digits), limit])?;
        let mut page = Vec::new();
        while let Some(row) = found.next()? {
            page.push(Suppression {
                phone: rows::phone(row.get(0)?)?,
                origin: origin(row.get(1)?)?,
                source: row.get(2)?,
                since: rows::moment(row.get(3)?)?,
            });
        }
        Ok(page)
    }

    pub(super) fn record_consents(&self, consents: &[Consent]) -> Result<()> {
        self.together(|| {
            consents
                .iter()
                .try_for_each(|consent| record_consent(&self.connection, consent))
        })
    }

    pub(super) fn consents(
        &self,
        after: Option<(PhoneNumber, Category)>,
        limit: u32,
    ) -> Result<Vec<Consent>> {
        let after = after.map_or((0, 0), |(phone, category)| {
            (rows::digits(phone), category as u8)
        });
        let mut statement = self.connection.prepare_cached(
            "SELECT phone, category, is_granted, origin, source, since FROM consent
             WHERE (phone, category) > (?, ?) ORDER BY phone, category LIMIT ?",
        )?;
        let mut found = statement.query(params![after.0, after.1, limit])?;
        let mut page = Vec::new();
        while let Some(row) = found.next()? {
            page.push(Consent {
                phone: rows::phone(row.get(0)?)?,
                category: category(row.get(1)?)?,
                is_granted: row.get(2)?,
                origin: origin(row.get(3)?)?,
                source: row.get(4)?,
                since: rows::moment(row.get(5)?)?,
            });
        }
        Ok(page)
    }

    pub(super) fn may_not(&self, inquiries: &[Inquiry], now: Timestamp) -> Result<Vec<MayNot>> {
        let rules = self.rules()?;
        let Some(nowhere) = DeliveryId::new(CampaignId::MAX, 0) else {
            return Err(Fault::unreadable("the last campaign there can be"));
        };
        let answers = inquiries.iter().map(|inquiry| {
            let phone = rows::digits(inquiry.phone);
            let facts = Facts::of(&self.connection, phone, inquiry.terms.category)?;
            let message = (nowhere, inquiry.text_hash);
            let person = facts.person(false);
            Ok(bar(inquiry.terms, inquiry.slot, message, person, &rules, now).err())
        });
        answers.collect()
    }

    pub(super) fn due_confirmations(&self, limit: u32) -> Result<Vec<DueConfirmation>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT phone, account, message_id, at, session FROM wish JOIN lane USING (account)
             WHERE is_to_be_confirmed = 1 ORDER BY phone LIMIT ?",
        )?;
        let mut found = statement.query([limit])?;
        let mut due = Vec::new();
        while let Some(row) = found.next()? {
            due.push(DueConfirmation {
                phone: rows::phone(row.get(0)?)?,
                account: Account(rows::phone(row.get(1)?)?),
                message_id: row.get(2)?,
                since: rows::moment(row.get(3)?)?,
                session: Session::new(&row.get::<_, String>(4)?),
            });
        }
        Ok(due)
    }

    pub(super) fn hidden_opt_outs(&self) -> Result<Vec<HiddenOptOut>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT lid, account, since, session FROM hidden_opt_out JOIN lane USING (account)
             ORDER BY since, lid",
        )?;
        let mut found = statement.query([])?;
        let mut hidden = Vec::new();
        while let Some(row) = found.next()? {
            hidden.push(HiddenOptOut {
                lid: lid(row.get(0)?)?,
                account: Account(rows::phone(row.get(1)?)?),
                since: rows::moment(row.get(2)?)?,
                session: Session::new(&row.get::<_, String>(3)?),
            });
        }
        Ok(hidden)
    }

    /// Forgets who was written to longer ago than any rule asks, and what nobody could be told of for as long as replies are kept.
    pub(super) fn forget_what_is_over(&self, now: Timestamp) -> Result<()> {
        let written_since = now.checked_sub(self.rules()?.remember_for());
        let heard_since = now.checked_sub(REPLIES_KEPT_FOR);
        let statements = [
            ("DELETE FROM written WHERE at < ?", written_since),
            (
                "DELETE FROM hidden_reply WHERE received_at < ?",
                heard_since,
            ),
        ];
        for (sql, since) in statements {
            let since = since.map_or(i64::MIN, rows::micros);
            self.connection.execute(sql, [since])?;
        }
        Ok(())
    }
}

pub(super) fn rules(connection: &Connection) -> Result<Rules> {
    let rules: Option<String> = connection
        .prepare_cached("SELECT rules FROM consent_rules")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(match rules {
        Some(rules) => serde_json::from_str(&rules)?,
        None => Rules::default(),
    })
}

/// What is known of a person, read.
pub(super) struct Facts {
    suppressed: Option<Origin>,
    consent: Option<bool>,
    /// Whose account knows them.
    pub(super) known: Option<i64>,
    written: Vec<Written>,
}

impl Facts {
    fn of(connection: &Connection, phone: i64, category: Category) -> Result<Self> {
        let (suppressed, consent, known): (Option<u8>, _, _) = connection
            .prepare_cached(
                "SELECT (SELECT origin FROM suppression WHERE phone = ?1),
                        (SELECT is_granted FROM consent WHERE phone = ?1 AND category = ?2),
                        (SELECT account FROM known WHERE phone = ?1)",
            )?
            .query_row(params![phone, category as u8], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let mut statement = connection.prepare_cached(
            "SELECT delivery, at, category, text_hash FROM written WHERE phone = ?",
        )?;
        let mut found = statement.query([phone])?;
        let mut written = Vec::new();
        while let Some(row) = found.next()? {
            written.push(Written {
                delivery: rows::delivery(row.get(0)?)?,
                at: rows::moment(row.get(1)?)?,
                category: rows::category(row.get(2)?)?,
                text_hash: row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned),
            });
        }
        Ok(Self {
            suppressed: suppressed.map(origin).transpose()?,
            consent,
            known,
            written,
        })
    }

    fn person(&self, may_be_hidden: bool) -> Person<'_> {
        Person {
            suppressed: self.suppressed,
            may_be_hidden,
            consent: self.consent,
            written: &self.written,
        }
    }
}

/// Whether an attempt may be put on record, as far as the person goes.
pub(super) fn judge(
    connection: &Connection,
    journal: &Journal,
    phone: i64,
    has_hidden_opt_out: bool,
    rules: &Rules,
    now: Timestamp,
) -> Result<std::result::Result<Facts, Barred>> {
    let facts = Facts::of(connection, phone, journal.terms.category)?;
    let may_be_hidden =
        journal.slot == Slot::Cold && has_hidden_opt_out && !has_lid(connection, phone)?;
    let message = (journal.delivery, journal.text_hash);
    let person = facts.person(may_be_hidden);
    let judged = bar(journal.terms, journal.slot, message, person, rules, now);
    Ok(judged.map(|()| facts))
}

fn has_lid(connection: &Connection, phone: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM lid WHERE phone = ?)")?
        .query_row([phone], |row| row.get(0))?)
}

/// Counts an attempt in what the person had; what no rule asks for any more is forgotten at the opportunity.
pub(super) fn charge(
    connection: &Connection,
    journal: &Journal,
    phone: i64,
    facts: &Facts,
    rules: &Rules,
    at: Timestamp,
) -> Result<()> {
    if let Ok(since) = at.checked_sub(rules.remember_for())
        && facts.written.iter().any(|written| written.at < since)
    {
        connection
            .prepare_cached("DELETE FROM written WHERE phone = ? AND at < ?")?
            .execute([phone, rows::micros(since)])?;
    }
    let hash = Terms::hash_to_keep(journal.slot, journal.text_hash);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO written (phone, delivery, at, category, text_hash) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            phone,
            rows::number(journal.delivery),
            rows::micros(at),
            journal.terms.category as u8,
            hash.map(u64::cast_signed)
        ])?;
    Ok(())
}

/// A message is proved not to have been handed over: the person did not have it.
pub(super) fn give_back(connection: &Connection, phone: i64, delivery: DeliveryId) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM written WHERE phone = ? AND delivery = ?")?
        .execute([phone, rows::number(delivery)])?;
    Ok(())
}

/// WhatsApp refused a message: it counts in the caps, because later evidence may know better, but saying the same is no repetition.
pub(super) fn did_not_read(
    connection: &Connection,
    phone: i64,
    delivery: DeliveryId,
) -> Result<()> {
    connection
        .prepare_cached("UPDATE written SET text_hash = NULL WHERE phone = ? AND delivery = ?")?
        .execute([phone, rows::number(delivery)])?;
    Ok(())
}

/// A message turned out to have arrived that was not thought to: the person had it.
pub(super) fn had_it(
    connection: &Connection,
    phone: i64,
    delivery: DeliveryId,
    at: Timestamp,
) -> Result<()> {
    let attempt: Option<(u8, i64, i64)> = connection
        .prepare_cached(
            "SELECT slot, attempt.text_hash, started_wall FROM delivery JOIN attempt ON attempt.seq = delivery.attempt
             WHERE delivery.id = ?",
        )?
        .query_row([rows::number(delivery)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let definition: Option<String> = connection
        .prepare_cached("SELECT json_extract(definition, '$.category') FROM campaign WHERE id = ?")?
        .query_row([delivery.campaign().number()], |row| row.get(0))?;
    let named = |name: String| Category::ALL.into_iter().find(|it| it.name() == name);
    let category = definition.and_then(named).unwrap_or_default();
    let (slot, hash, at) = attempt.unwrap_or((Slot::Reply as u8, 0, rows::micros(at)));
    let slot = Slot::from_number(slot).unwrap_or(Slot::Reply);
    let hash = Terms::hash_to_keep(slot, hash.cast_unsigned());
    connection
        .prepare_cached(
            "INSERT INTO written (phone, delivery, at, category, text_hash) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (phone, delivery) DO UPDATE SET text_hash = excluded.text_hash",
        )?
        .execute(params![
            phone,
            rows::number(delivery),
            at,
            category as u8,
            hash.map(u64::cast_signed)
        ])?;
    Ok(())
}

pub(super) fn suppress(connection: &Connection, number: &Suppression) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO suppression (phone, origin, source, since) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (phone) DO UPDATE
             SET origin = excluded.origin, source = excluded.source, since = excluded.since
             WHERE suppression.origin = ?5 AND excluded.origin <> ?5",
        )?
        .execute(params![
            rows::digits(number.phone),
            number.origin as u8,
            number.source,
            rows::micros(number.since),
            Origin::Reply as u8
        ])?;
    Ok(())
}

pub(super) fn record_consent(connection: &Connection, consent: &Consent) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO consent (phone, category, is_granted, origin, source, since)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            rows::digits(consent.phone),
            consent.category as u8,
            consent.is_granted,
            consent.origin as u8,
            consent.source,
            rows::micros(consent.since)
        ])?;
    Ok(())
}

/// What a reply asks for is done, unless a later word said otherwise. Whether the person had not asked for it before.
pub(super) fn take_wish(connection: &Connection, reply: &Reply, now: Timestamp) -> Result<Effect> {
    let rules = rules(connection)?;
    let Some(wish) = rules.words.read(&reply.text) else {
        return Ok(Effect::Done);
    };
    Ok(if wished(connection, reply, wish, &rules, now)? {
        Effect::Wished(reply.from, wish)
    } else {
        Effect::Done
    })
}

fn wished(
    connection: &Connection,
    reply: &Reply,
    wish: Wish,
    rules: &Rules,
    now: Timestamp,
) -> Result<bool> {
    let phone = rows::digits(reply.from);
    let last: Option<(bool, i64, String)> = connection
        .prepare_cached("SELECT is_opt_out, at, message_id FROM wish WHERE phone = ?")?
        .query_row([phone], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    // A clock that was put back since makes no later word an earlier one.
    let known = last.as_ref();
    let known = known
        .map(|(_, last_at, _)| rows::moment(*last_at))
        .transpose()?;
    let latest = known.map_or(now, |last_at| last_at.max(now));
    let at = reply.received_at.min(latest);
    let micros = rows::micros(at);
    if last.as_ref().is_some_and(|(_, last_at, message_id)| {
        *last_at > micros || (*last_at == micros && **message_id == *reply.message_id)
    }) {
        return Ok(false);
    }
    let is_opt_out = wish == Wish::OptOut;
    let is_news = last.is_none_or(|(was_opt_out, ..)| was_opt_out != is_opt_out);
    let consent = |category| Consent {
        phone: reply.from,
        category,
        is_granted: !is_opt_out,
        origin: Origin::Reply,
        source: reply.message_id.clone(),
        since: at,
    };
    if is_opt_out {
        suppress(
            connection,
            &Suppression {
                phone: reply.from,
                origin: Origin::Reply,
                source: reply.message_id.clone(),
                since: at,
            },
        )?;
        for category in granted(connection, phone)? {
            record_consent(connection, &consent(category))?;
        }
    } else {
        connection
            .prepare_cached("DELETE FROM suppression WHERE phone = ? AND origin = ?")?
            .execute(params![phone, Origin::Reply as u8])?;
        for category in OPTED_IN_TO.into_iter().filter(|_| is_news) {
            record_consent(connection, &consent(category))?;
        }
    }
    if !is_news {
        // Who repeats it gets no other answer.
        connection
            .prepare_cached("UPDATE wish SET at = ? WHERE phone = ?")?
            .execute([micros, phone])?;
        return Ok(false);
    }
    let is_by_reply: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM suppression WHERE phone = ? AND origin = ?)")?
        .query_row(params![phone, Origin::Reply as u8], |row| row.get(0))?;
    let is_to_be_confirmed = is_opt_out
        && is_by_reply
        && rules.confirmation.is_some()
        && now.duration_since(at) < CONFIRMED_WITHIN;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO wish (phone, is_opt_out, at, account, message_id, is_to_be_confirmed)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            phone,
            is_opt_out,
            micros,
            rows::digits(reply.account.0),
            reply.message_id,
            is_to_be_confirmed
        ])?;
    Ok(true)
}

fn granted(connection: &Connection, phone: i64) -> Result<Vec<Category>> {
    let mut statement = connection
        .prepare_cached("SELECT category FROM consent WHERE phone = ? AND is_granted = 1")?;
    let mut found = statement.query([phone])?;
    let mut granted = Vec::new();
    while let Some(row) = found.next()? {
        granted.push(category(row.get(0)?)?);
    }
    Ok(granted)
}

pub(super) fn confirmed(connection: &Connection, phone: PhoneNumber) -> Result<()> {
    connection
        .prepare_cached("UPDATE wish SET is_to_be_confirmed = 0 WHERE phone = ?")?
        .execute([rows::digits(phone)])?;
    Ok(())
}

/// Keeps what somebody wrote whose phone nobody told, and an opt-out among it.
pub(super) fn keep_hidden(
    connection: &Connection,
    reply: &HiddenReply,
    now: Timestamp,
) -> Result<Effect> {
    let number = lid_number(reply.lid);
    let phone: Option<i64> = connection
        .prepare_cached("SELECT phone FROM lid WHERE lid = ?")?
        .query_row([number], |row| row.get(0))
        .optional()?;
    if let Some(phone) = phone {
        return people::keep_reply(connection, &reply.of(rows::phone(phone)?), now);
    }
    let account = rows::digits(reply.account.0);
    let kept = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO hidden_reply (account, message_id, lid, received_at, text) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            account,
            reply.message_id,
            number,
            rows::micros(reply.received_at),
            reply.text
        ])?;
    if kept == 0 {
        return Ok(Effect::Done);
    }
    let received_at = rows::micros(reply.received_at.min(now));
    match rules(connection)?.words.read(&reply.text) {
        Some(Wish::OptOut) => {
            connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO hidden_opt_out (account, lid, since, message_id) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![account, number, received_at, reply.message_id])?;
            Ok(Effect::HiddenOptOut)
        }
        Some(Wish::OptIn) => {
            connection
                .prepare_cached("DELETE FROM hidden_opt_out WHERE lid = ? AND since <= ?")?
                .execute([number, received_at])?;
            Ok(Effect::Done)
        }
        None => Ok(Effect::Done),
    }
}

/// Keeps whose phone belongs to a LID: what was written under it is what that person wrote.
pub(super) fn learn_lid(
    connection: &Connection,
    lid: Lid,
    phone: PhoneNumber,
    now: Timestamp,
) -> Result<Effect> {
    let had_opted_out = has_opted_out(connection, phone)?;
    let number = lid_number(lid);
    connection
        .prepare_cached("INSERT OR REPLACE INTO lid (lid, phone) VALUES (?, ?)")?
        .execute([number, rows::digits(phone)])?;
    let rules = rules(connection)?;
    for opt_out in hidden(
        connection,
        "SELECT account, message_id, since, '' FROM hidden_opt_out WHERE lid = ? ORDER BY account",
        number,
    )? {
        let reply = Reply {
            from: phone,
            ..opt_out
        };
        wished(connection, &reply, Wish::OptOut, &rules, now)?;
    }
    for reply in hidden(
        connection,
        "SELECT account, message_id, received_at, text FROM hidden_reply WHERE lid = ? ORDER BY seq",
        number,
    )? {
        let reply = Reply {
            from: phone,
            ..reply
        };
        people::keep_reply(connection, &reply, now)?;
    }
    dismiss(connection, lid)?;
    connection
        .prepare_cached("DELETE FROM hidden_reply WHERE lid = ?")?
        .execute([number])?;
    Ok(if !had_opted_out && has_opted_out(connection, phone)? {
        Effect::Wished(phone, Wish::OptOut)
    } else {
        Effect::Done
    })
}

/// Rows of what was written under a LID, of nobody yet.
fn hidden(connection: &Connection, sql: &str, lid: i64) -> Result<Vec<Reply>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query([lid])?;
    let mut replies = Vec::new();
    while let Some(row) = found.next()? {
        let account = rows::phone(row.get(0)?)?;
        replies.push(Reply {
            account: Account(account),
            message_id: row.get(1)?,
            from: account,
            received_at: rows::moment(row.get(2)?)?,
            text: row.get(3)?,
        });
    }
    Ok(replies)
}

pub(super) fn dismiss(connection: &Connection, lid: Lid) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM hidden_opt_out WHERE lid = ?")?
        .execute([lid_number(lid)])?;
    Ok(())
}

fn has_opted_out(connection: &Connection, phone: PhoneNumber) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM wish WHERE phone = ? AND is_opt_out = 1)")?
        .query_row([rows::digits(phone)], |row| row.get(0))?)
}
