//! What a ledger proves: who got a message twice, the smallest gaps, the fullest windows and days.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::{Value, json};

use super::{BodyHash, Entry, Fate, Ledger};

/// Which of an entry's two times a measure is taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// The request was complete at the server.
    Received,
    /// The message was handed to WhatsApp. Requests that sent nothing do not count.
    Handed,
}

/// A message somebody got more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The phone number of the sending account.
    pub account: String,
    /// Digits of the phone number, or the chat id.
    pub chat: String,
    /// See [`BodyHash`].
    pub body_hash: BodyHash,
    /// How often the recipient has it.
    pub times: usize,
    /// The message ids.
    pub ids: Vec<String>,
}

/// What to work out.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Lengths of sliding windows to count the most sends in.
    pub windows: Vec<Duration>,
    /// An IANA zone name for sends per day; UTC when `None`.
    pub zone: Option<String>,
}

/// The measures of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountMeasures {
    /// Messages handed to WhatsApp.
    pub handed: usize,
    /// The smallest time between two consecutive requests.
    pub smallest_gap_received: Option<Duration>,
    /// The smallest time between two consecutive messages handed to WhatsApp.
    pub smallest_gap_handed: Option<Duration>,
    /// For each asked window, the most messages handed over within it.
    pub most_in_window: Vec<(Duration, usize)>,
    /// Messages handed over per local day, `YYYY-MM-DD`.
    pub per_day: BTreeMap<String, usize>,
}

/// What the ledger proves.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Send requests, also those that sent nothing.
    pub requests: usize,
    /// Messages handed to WhatsApp.
    pub handed: usize,
    /// Messages that somebody has.
    pub received: usize,
    /// Same account, same chat, same body, more than once.
    pub duplicates: Vec<Duplicate>,
    /// Per account.
    pub accounts: BTreeMap<String, AccountMeasures>,
}

impl Verdict {
    /// The same as JSON; chats are shown in full, so keep it out of logs.
    pub fn to_json(&self) -> Value {
        let us = |gap: Option<Duration>| gap.map(|gap| gap.as_micros() as u64);
        json!({
            "requests": self.requests,
            "handed": self.handed,
            "received": self.received,
            "duplicates": self.duplicates.len(),
            "duplicate": self.duplicates.iter().take(100).map(|found| json!({
                "account": found.account,
                "chat": found.chat,
                "bodyHash": hex(&found.body_hash),
                "times": found.times,
                "ids": found.ids,
            })).collect::<Vec<_>>(),
            "accounts": self.accounts.iter().map(|(account, measures)| (account.clone(), json!({
                "handed": measures.handed,
                "smallestGapReceivedUs": us(measures.smallest_gap_received),
                "smallestGapHandedUs": us(measures.smallest_gap_handed),
                "mostInWindow": measures.most_in_window.iter().map(|(window, most)| json!({
                    "windowMs": window.as_millis() as u64, "most": most,
                })).collect::<Vec<_>>(),
                "perDay": measures.per_day,
            }))).collect::<serde_json::Map<_, _>>(),
        })
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Ledger {
    /// Messages that the same chat has more than once from the same account, with the same body.
    pub fn duplicates(&self) -> Vec<Duplicate> {
        self.duplicates_by(|entry| Some((entry.row.account, entry.row.chat, entry.row.hash)))
    }

    /// Received messages that share a key of the caller's making, such as campaign and recipient.
    /// Entries without a key are left out, as is what nobody has.
    pub fn duplicates_by<K: std::hash::Hash + Eq>(
        &self,
        key: impl Fn(&Entry<'_>) -> Option<K>,
    ) -> Vec<Duplicate> {
        let mut groups: HashMap<K, (Entry<'_>, Vec<String>)> = HashMap::new();
        let mut found = Vec::new();
        for entry in self
            .entries()
            .filter(|entry| entry.fate() == Fate::Received)
        {
            let Some(key) = key(&entry) else { continue };
            groups
                .entry(key)
                .or_insert_with(|| (entry, Vec::new()))
                .1
                .push(entry.id().to_owned());
        }
        for (first, ids) in groups.into_values() {
            if ids.len() > 1 {
                found.push(Duplicate {
                    account: first.account().to_owned(),
                    chat: first.chat(),
                    body_hash: first.body_hash(),
                    times: ids.len(),
                    ids,
                });
            }
        }
        found.sort_by(|a, b| {
            (&a.account, &a.chat, a.body_hash).cmp(&(&b.account, &b.chat, b.body_hash))
        });
        found
    }

    /// The smallest time between two consecutive stamps of an account.
    pub fn smallest_gap(&self, account: &str, stamp: Stamp) -> Option<Duration> {
        smallest_gap(&self.stamps(account, stamp))
    }

    /// The most messages an account handed over in any sliding window of that length. The window
    /// is half open: two sends exactly a window apart are not in the same one.
    pub fn most_in_window(&self, account: &str, window: Duration) -> usize {
        most_in_window(&self.stamps(account, Stamp::Handed), window)
    }

    /// Everything a [`Question`] asks, for every account.
    pub fn verdict(&self, question: &Question) -> Verdict {
        let zone = question
            .zone
            .as_deref()
            .and_then(|name| jiff::tz::TimeZone::get(name).ok())
            .unwrap_or(jiff::tz::TimeZone::UTC);
        let mut by_account: BTreeMap<&str, (Vec<u64>, Vec<u64>)> = BTreeMap::new();
        for entry in self.entries() {
            let (received, handed) = by_account.entry(entry.account()).or_default();
            received.push(entry.received_us());
            handed.extend(entry.handed_us());
        }
        let accounts = by_account
            .into_iter()
            .map(|(account, (mut received, mut handed))| {
                received.sort_unstable();
                handed.sort_unstable();
                let mut per_day = BTreeMap::new();
                for at in &handed {
                    let wall = i64::try_from(self.wall_start_us + at).unwrap_or(i64::MAX);
                    if let Ok(at) = jiff::Timestamp::from_microsecond(wall) {
                        let day = at.to_zoned(zone.clone()).date().to_string();
                        *per_day.entry(day).or_insert(0) += 1;
                    }
                }
                let measures = AccountMeasures {
                    handed: handed.len(),
                    smallest_gap_received: smallest_gap(&received),
                    smallest_gap_handed: smallest_gap(&handed),
                    most_in_window: question
                        .windows
                        .iter()
                        .map(|window| (*window, most_in_window(&handed, *window)))
                        .collect(),
                    per_day,
                };
                (account.to_owned(), measures)
            })
            .collect();
        Verdict {
            requests: self.len(),
            handed: self.handed(),
            received: self
                .entries()
                .filter(|entry| entry.fate() == Fate::Received)
                .count(),
            duplicates: self.duplicates(),
            accounts,
        }
    }

    fn stamps(&self, account: &str, stamp: Stamp) -> Vec<u64> {
        let mut stamps: Vec<u64> = self
            .entries()
            .filter(|entry| entry.account() == account)
            .filter_map(|entry| match stamp {
                Stamp::Received => Some(entry.received_us()),
                Stamp::Handed => entry.handed_us(),
            })
            .collect();
        stamps.sort_unstable();
        stamps
    }
}

fn smallest_gap(sorted: &[u64]) -> Option<Duration> {
    sorted
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .min()
        .map(Duration::from_micros)
}

fn most_in_window(sorted: &[u64], window: Duration) -> usize {
    let window = window.as_micros() as u64;
    let mut most = 0;
    let mut first = 0;
    for (last, at) in sorted.iter().enumerate() {
        while at - sorted[first] >= window && first < last {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Book, Kind, Received, text_hash};

    fn sent(book: &Book, account: &str, chat: &str, text: &str, at_us: u64, fate: Fate) {
        let place = book.received(&Received {
            at_us,
            account,
            session: "default",
            chat,
            hash: text_hash(text),
            kind: Kind::Text,
        });
        if fate != Fate::NotSent {
            book.handed(place, at_us + 10, account, &format!("ID{at_us}"), fate);
        }
    }

    #[test]
    fn a_duplicate_is_found_and_only_that() {
        let book = Book::new(0);
        sent(&book, "1", "62811@c.us", "a", 0, Fate::Received);
        sent(&book, "1", "62811@s.whatsapp.net", "a", 1, Fate::Received);
        sent(&book, "1", "62811@c.us", "b", 2, Fate::Received);
        sent(&book, "2", "62811@c.us", "a", 3, Fate::Received);
        sent(&book, "1", "62812@c.us", "a", 4, Fate::Received);
        sent(&book, "1", "62812@c.us", "a", 5, Fate::NotSent);
        sent(&book, "1", "62812@c.us", "a", 6, Fate::NotDelivered);
        let found = book.snapshot().duplicates();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].chat.as_str(), found[0].times), ("62811", 2));
        assert_eq!(found[0].ids, ["ID0", "ID1"]);
    }

    #[test]
    fn duplicates_by_a_key_of_the_test() {
        let book = Book::new(0);
        sent(&book, "1", "62811", "invoice 1", 0, Fate::Received);
        sent(&book, "1", "62811", "invoice 2", 1, Fate::Received);
        let ledger = book.snapshot();
        assert!(ledger.duplicates().is_empty());
        assert_eq!(ledger.duplicates_by(|entry| Some(entry.chat())).len(), 1);
    }

    #[test]
    fn gaps_and_windows_are_per_account_and_exact() {
        let book = Book::new(0);
        for at in [0, 1_000_000, 1_900_000, 5_000_000] {
            sent(&book, "1", "62811", &at.to_string(), at, Fate::Received);
        }
        sent(&book, "2", "62811", "x", 1_900_001, Fate::Received);
        let ledger = book.snapshot();
        let gap = |stamp| ledger.smallest_gap("1", stamp);
        assert_eq!(gap(Stamp::Received), Some(Duration::from_millis(900)));
        assert_eq!(gap(Stamp::Handed), Some(Duration::from_millis(900)));
        assert_eq!(ledger.smallest_gap("2", Stamp::Handed), None);
        assert_eq!(ledger.most_in_window("1", Duration::from_millis(1_900)), 2);
        assert_eq!(
            ledger.most_in_window("1", Duration::from_micros(1_900_001)),
            3
        );
        assert_eq!(ledger.most_in_window("1", Duration::from_secs(1)), 2);
        assert_eq!(ledger.most_in_window("1", Duration::from_micros(1)), 1);
    }

    #[test]
    fn days_are_local() {
        // 2026-01-01 16:59:59.9 UTC is just before midnight in Jakarta.
        let book = Book::new(1_767_286_799_900_000);
        sent(&book, "1", "62811", "a", 0, Fate::Received);
        sent(&book, "1", "62811", "b", 200_000, Fate::Received);
        let days = |zone: &str| {
            let question = Question {
                zone: Some(zone.to_owned()),
                ..Question::default()
            };
            book.snapshot().verdict(&question).accounts["1"]
                .per_day
                .clone()
        };
        assert_eq!(days("Asia/Jakarta").len(), 2);
        assert_eq!(days("UTC").len(), 1);
    }
}
