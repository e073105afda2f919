//! Pages of deliveries that are due, for everybody or by the account that knows the people.

use campaign_core::gateway::Account;
use campaign_core::store::{PRESENCE_KEPT_FOR, Ready, ReadyPage, ReadyQuery, Whom};
use jiff::Timestamp;
use rusqlite::params;

use super::Database;
use super::fault::Result;
use super::rows::{self, GENERATIONS};

/// Where most people are others, a page is given back after so many deliveries were looked at: other calls wait for it.
const LOOKED_AT_MAX: i64 = 4_096;

/// Whom a page is asked for, as a condition on `known` and its value.
struct Condition {
    account: &'static str,
    sql: &'static str,
    accounts: String,
}

impl Condition {
    /// `None` for everybody.
    fn of(whom: &Whom) -> Result<Option<Self>> {
        let (account, sql, accounts) = match whom {
            Whom::KnownToNone(accounts) if accounts.is_empty() => return Ok(None),
            Whom::KnownToNone(accounts) => (
                "NULL",
                "AND coalesce(k.account NOT IN (SELECT value FROM json_each(?1)), TRUE)",
                accounts,
            ),
            Whom::KnownTo(accounts) => (
                "k.account",
                "AND k.account IN (SELECT value FROM json_each(?1))",
                accounts,
            ),
        };
        let digits: Vec<i64> = accounts.iter().map(|it| rows::digits(it.0)).collect();
        let accounts = serde_json::to_string(&digits)?;
        Ok(Some(Self {
            account,
            sql,
            accounts,
        }))
    }
}

impl Database {
    pub(super) fn ready(&self, query: &ReadyQuery) -> Result<ReadyPage> {
        let condition = Condition::of(&query.whom)?;
        let (first, last) = rows::range_after(query.campaign, query.after);
        let until = match &condition {
            Some(_) => self.looked_at(first, last)?,
            None => None,
        };
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let since = query.due.checked_sub(PRESENCE_KEPT_FOR);
        let since = since.unwrap_or(Timestamp::MIN);
        let (of_known, is_asked) = parts(condition.as_ref());
        let account = condition.as_ref().map_or("NULL", |it| it.account);
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT r.delivery, d.phone, attempts, \"values\", is_on_whatsapp, {account}
             FROM ready r CROSS JOIN delivery d ON d.id = r.delivery {of_known}
             CROSS JOIN delivery_content c ON c.id = r.delivery & ~{GENERATIONS}
             LEFT JOIN presence p ON p.phone = d.phone AND checked_at >= ?2
             WHERE r.delivery BETWEEN ?3 AND ?4 AND not_before <= ?5 {is_asked}
             ORDER BY r.delivery LIMIT ?6"
        ))?;
        let mut found = statement.query(params![
            condition.as_ref().map(|it| &it.accounts),
            rows::micros(since),
            first,
            until.unwrap_or(last),
            rows::micros(query.due),
            i64::from(query.limit) + 1
        ])?;
        let mut page = ReadyPage::default();
        while let Some(row) = found.next()? {
            if page.ready.len() == limit {
                page.has_more = true;
                break;
            }
            let values: String = row.get(3)?;
            let account: Option<i64> = row.get(5)?;
            page.ready.push(Ready {
                delivery: rows::delivery(row.get(0)?)?,
                phone: rows::phone(row.get(1)?)?,
                account: account.map(rows::phone).transpose()?.map(Account),
                attempts: row.get(2)?,
                values: rows::texts(&values)?,
                is_on_whatsapp: row.get(4)?,
            });
        }
        page.read_to = match (page.has_more, until) {
            (true, _) => page.ready.last().map(|ready| ready.delivery),
            (false, Some(until)) => Some(rows::delivery(until)?),
            (false, None) => None,
        };
        page.has_more |= until.is_some();
        page.next_due = self.next_due(query, condition.as_ref(), (first, last))?;
        Ok(page)
    }

    /// The last delivery that is looked at for one page, where more follow it.
    fn looked_at(&self, first: i64, last: i64) -> Result<Option<i64>> {
        let mut ends = self.connection.prepare_cached(
            "SELECT delivery FROM ready WHERE delivery BETWEEN ? AND ? ORDER BY delivery LIMIT 2 OFFSET ?",
        )?;
        let mut found = ends.query(params![first, last, LOOKED_AT_MAX - 1])?;
        let end: Option<i64> = found.next()?.map(|row| row.get(0)).transpose()?;
        Ok(end.filter(|_| matches!(found.next(), Ok(Some(_)))))
    }

    /// When the next one comes due: exactly for everybody, and otherwise among so many that wait, after which one more look is worth it.
    fn next_due(
        &self,
        query: &ReadyQuery,
        condition: Option<&Condition>,
        (first, last): (i64, i64),
    ) -> Result<Option<Timestamp>> {
        let (of_known, is_asked) = parts(condition);
        let waiting = "SELECT delivery, not_before FROM ready INDEXED BY ready_waiting
             WHERE not_before > 0 AND not_before > ?2 AND delivery BETWEEN ?3 AND ?4 ORDER BY not_before";
        let sql = match condition {
            None => format!("SELECT min(not_before) FROM ({waiting} LIMIT 1)"),
            Some(_) => format!(
                "WITH waiting AS MATERIALIZED ({waiting} LIMIT {LOOKED_AT_MAX})
                 SELECT coalesce(
                     (SELECT min(not_before) FROM waiting r CROSS JOIN delivery d ON d.id = r.delivery {of_known}
                      WHERE TRUE {is_asked}),
                     (SELECT iif(count(*) = {LOOKED_AT_MAX}, max(not_before), NULL) FROM waiting))"
            ),
        };
        let next: Option<i64> = self.connection.prepare_cached(&sql)?.query_row(
            params![
                condition.map(|it| &it.accounts),
                rows::micros(query.due),
                first,
                last
            ],
            |row| row.get(0),
        )?;
        Ok(next.map(rows::moment).transpose()?)
    }
}

fn parts(condition: Option<&Condition>) -> (&'static str, &'static str) {
    match condition {
        Some(condition) => ("LEFT JOIN known k ON k.phone = d.phone", condition.sql),
        None => ("", ""),
    }
}
