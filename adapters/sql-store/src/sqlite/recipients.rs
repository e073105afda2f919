//! Who is on a campaign's list already, while the list comes in.
//!
//! The table of recipients is in the order of phones, a list is not: put in row by row, each would rewrite a page of the
//! table for itself. So the latest ones wait in memory and go in by tens of thousands, in order. Those that wait are the
//! last deliveries of the campaign, as many as the table lacks: whoever finds the import half-way can tell them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use campaign_core::delivery::CampaignId;
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Result;
use super::rows;

/// So many wait at most, in a few megabytes.
const WAITING_MAX: usize = 50_000;
/// Words of the filter: 2 MiB, which tell a million recipients apart with one needless look in two hundred.
const FILTER_WORDS_BITS: u32 = 18;

/// The recipients of one campaign that is being imported.
#[derive(Debug)]
pub(super) struct Recipients {
    campaign: CampaignId,
    /// What was read of the campaign when this was true: its import, and where it goes on.
    as_of: (i64, u32),
    waiting: HashMap<Identity, Waiting>,
    /// `None` for those that somebody else put into the table: then each is looked for.
    filter: Option<Filter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Identity {
    phone: i64,
    key: Box<str>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    delivery: i64,
    row: i64,
}

impl Recipients {
    /// Reads how far the table of recipients has come.
    pub(super) fn load(
        connection: &Connection,
        campaign: CampaignId,
        as_of: (i64, u32),
    ) -> Result<Self> {
        let written: i64 = connection
            .prepare_cached("SELECT count(*) FROM recipient WHERE campaign = ?")?
            .query_row([campaign.number()], |row| row.get(0))?;
        let mut recipients = Self {
            campaign,
            as_of,
            waiting: HashMap::new(),
            filter: (written == 0).then(Filter::new),
        };
        let (first, last) = rows::range(campaign);
        let waits: Option<i64> = connection
            .prepare_cached(
                "SELECT id FROM delivery WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?",
            )?
            .query_row([first, last, written], |row| row.get(0))
            .optional()?;
        let mut statement = connection.prepare_cached(
            "SELECT delivery.id, phone, key, row FROM delivery JOIN delivery_content USING (id)
             WHERE delivery.id BETWEEN ? AND ?",
        )?;
        let mut found = statement.query([waits.unwrap_or(last + 1), last])?;
        while let Some(row) = found.next()? {
            let key: Option<String> = row.get(2)?;
            let identity = Identity::new(row.get(1)?, key.as_deref());
            let waiting = Waiting {
                delivery: row.get(0)?,
                row: row.get(3)?,
            };
            recipients.waiting.insert(identity, waiting);
        }
        Ok(recipients)
    }

    /// Whether nobody else has gone on with the import since.
    pub(super) fn are_as_of(&self, as_of: (i64, u32)) -> bool {
        self.as_of == as_of
    }

    /// The row of an earlier recipient of the same identity; `None` when there is none, and this one is taken in.
    pub(super) fn first_row(
        &mut self,
        connection: &Connection,
        phone: i64,
        key: Option<&str>,
        delivery: i64,
        row: i64,
    ) -> Result<Option<i64>> {
        let identity = Identity::new(phone, key);
        if let Some(earlier) = self.waiting.get(&identity) {
            return Ok(Some(earlier.row));
        }
        let may_be_written = self
            .filter
            .as_ref()
            .is_none_or(|filter| filter.may_hold(&identity));
        if may_be_written {
            let earlier = connection
                .prepare_cached(
                    "SELECT row FROM recipient JOIN delivery_content ON id = delivery
                     WHERE campaign = ? AND phone = ? AND recipient.key = ?",
                )?
                .query_row(
                    params![self.campaign.number(), phone, identity.key],
                    |row| row.get(0),
                )
                .optional()?;
            if earlier.is_some() {
                return Ok(earlier);
            }
        }
        self.waiting.insert(identity, Waiting { delivery, row });
        Ok(None)
    }

    /// A page has come in; writes those that wait when there are many.
    pub(super) fn end_page(&mut self, connection: &Connection, as_of: (i64, u32)) -> Result<()> {
        self.as_of = as_of;
        if self.waiting.len() < WAITING_MAX {
            return Ok(());
        }
        self.write(connection)
    }

    /// Writes all that wait, in the order of the table.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<()> {
        let mut waiting: Vec<(Identity, Waiting)> = self.waiting.drain().collect();
        waiting.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut insert = connection.prepare_cached(
            "INSERT INTO recipient (campaign, phone, key, delivery) VALUES (?, ?, ?, ?)",
        )?;
        for (identity, Waiting { delivery, .. }) in waiting {
            insert.execute(params![
                self.campaign.number(),
                identity.phone,
                identity.key,
                delivery
            ])?;
            if let Some(filter) = &mut self.filter {
                filter.add(&identity);
            }
        }
        Ok(())
    }
}

impl Identity {
    fn new(phone: i64, key: Option<&str>) -> Self {
        Self {
            phone,
            key: rows::recipient_key(key),
        }
    }
}

/// Tells most of those that are not in the table from those that may be (a Bloom filter of one word for each). A list far beyond a
/// million fills it, and then it saves less.
#[derive(Debug)]
struct Filter(Vec<u64>);

impl Filter {
    fn new() -> Self {
        Self(vec![0; 1 << FILTER_WORDS_BITS])
    }

    fn add(&mut self, identity: &Identity) {
        let (word, bits) = Self::place(identity);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bits;
        }
    }

    fn may_hold(&self, identity: &Identity) -> bool {
        let (word, bits) = Self::place(identity);
        self.0.get(word).is_none_or(|word| word & bits == bits)
    }

    /// Four bits of one word.
    fn place(identity: &Identity) -> (usize, u64) {
        let mut hasher = DefaultHasher::new();
        identity.hash(&mut hasher);
        let hash = hasher.finish();
        let bits = (0..4).fold(0, |bits, nth| bits | 1 << ((hash >> (6 * nth)) & 63));
        ((hash >> (64 - FILTER_WORDS_BITS)) as usize, bits)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use campaign_core::campaign::CampaignState;
    use campaign_core::clock::{BootId, Elapsed, Now, Stamp};
    use campaign_core::phone::PhoneNumber;
    use campaign_core::store::{Batch, Change, Effect, Imported, NewRecipient};
    use jiff::Timestamp;

    use super::super::tests::definition;
    use super::super::{Database, Options};
    use super::*;

    const NOW: Now = Now {
        elapsed: Elapsed::from_micros(0),
        wall: Timestamp::UNIX_EPOCH,
    };

    fn begun(folder: &tempfile::TempDir) -> (Database, CampaignId) {
        let mut database = opened(folder);
        let campaign = database.create(&definition(), &[], NOW).unwrap();
        (database, campaign)
    }

    fn opened(folder: &tempfile::TempDir) -> Database {
        Database::open(&folder.path().join("campaigns.db"), &Options::default()).unwrap()
    }

    fn page(first: u64, count: u64, key: Option<&str>) -> Vec<NewRecipient> {
        let recipient = |number: u64| NewRecipient {
            row: number,
            phone: PhoneNumber::from_digits(6_281_200_000_000 + number * 7_919 % 1_000_000)
                .unwrap(),
            key: key.map(Box::from),
            values: [].into(),
            skip: None,
            was_rejected: false,
        };
        (first..first + count).map(recipient).collect()
    }

    fn import(
        database: &mut Database,
        campaign: CampaignId,
        page: &[NewRecipient],
    ) -> Vec<Option<u64>> {
        let imported = database.import(campaign, page, 0).unwrap();
        let first_row = |imported: &Imported| match imported {
            Imported::Added(_) => None,
            Imported::Duplicate { first_row } => Some(*first_row),
        };
        imported.iter().map(first_row).collect()
    }

    fn written(database: &Database) -> i64 {
        let sql = "SELECT count(*) FROM recipient";
        database
            .connection
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    }

    fn freeze(database: &mut Database, campaign: CampaignId) {
        let batch = Batch {
            at: Stamp {
                elapsed: NOW.elapsed,
                wall: NOW.wall,
                boot: BootId(1),
            },
            changes: vec![Change::Campaign {
                campaign,
                from: CampaignState::Importing,
                to: CampaignState::Frozen,
            }],
        };
        assert_eq!(database.commit(&batch).unwrap(), [Effect::Done]);
    }

    #[test]
    fn a_duplicate_is_found_among_those_that_wait_and_among_those_that_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let (mut database, campaign) = begun(&folder);
        for key in [None, Some(""), Some("INV-1")] {
            assert_eq!(import(&mut database, campaign, &page(1, 3, key)), [None; 3]);
        }
        let again = page(2, 3, Some(""));
        assert_eq!(
            import(&mut database, campaign, &again),
            [Some(2), Some(3), None]
        );
        assert_eq!(written(&database), 0);
        let recipients = database.recipients.get_mut(&campaign).unwrap();
        recipients.write(&database.connection).unwrap();
        assert_eq!(written(&database), 10);
        assert_eq!(
            import(&mut database, campaign, &again),
            [Some(2), Some(3), Some(4)]
        );
        assert_eq!(import(&mut database, campaign, &page(4, 1, None)), [None]);
    }

    #[test]
    fn many_go_into_the_table_and_all_do_when_the_audience_is_frozen() {
        let folder = tempfile::tempdir().unwrap();
        let (mut database, campaign) = begun(&folder);
        let many = WAITING_MAX as u64;
        assert!(
            import(&mut database, campaign, &page(1, many, None))
                .iter()
                .all(Option::is_none)
        );
        assert_eq!(written(&database), many.cast_signed());
        assert_eq!(
            import(&mut database, campaign, &page(many, 2, None)),
            [Some(many), None]
        );
        assert_eq!(written(&database), many.cast_signed());
        freeze(&mut database, campaign);
        assert_eq!(written(&database), many.cast_signed() + 1);
    }

    #[test]
    fn another_process_that_goes_on_knows_who_waits_and_so_does_the_first_one_then() {
        let folder = tempfile::tempdir().unwrap();
        let (mut first, campaign) = begun(&folder);
        import(&mut first, campaign, &page(1, 3, None));
        first
            .recipients
            .get_mut(&campaign)
            .unwrap()
            .write(&first.connection)
            .unwrap();
        import(&mut first, campaign, &page(4, 2, None));
        let mut second = opened(&folder);
        assert_eq!(
            import(&mut second, campaign, &page(3, 4, None)),
            [Some(3), Some(4), Some(5), None]
        );
        assert_eq!(
            import(&mut first, campaign, &page(5, 3, None)),
            [Some(5), Some(6), None]
        );
        freeze(&mut second, campaign);
        assert_eq!(written(&second), 7);
    }

    #[test]
    fn a_page_that_failed_has_not_come_in() {
        let folder = tempfile::tempdir().unwrap();
        let (mut database, campaign) = begun(&folder);
        import(&mut database, campaign, &page(1, 2, None));
        database
            .connection
            .execute_batch("CREATE TEMP TRIGGER full BEFORE INSERT ON main.ready BEGIN SELECT raise(ABORT, 'full'); END")
            .unwrap();
        assert!(database.import(campaign, &page(3, 2, None), 0).is_err());
        database
            .connection
            .execute_batch("DROP TRIGGER full")
            .unwrap();
        assert_eq!(
            import(&mut database, campaign, &page(2, 3, None)),
            [Some(2), None, None]
        );
        freeze(&mut database, campaign);
        assert_eq!(written(&database), 4);
    }
}
