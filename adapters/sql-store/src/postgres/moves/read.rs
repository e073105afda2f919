//! Reads what a run of changes is about: once, and everything of one kind together.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use campaign_core::clock::Stamp;
use campaign_core::consent::{Rules, Written};
use campaign_core::delivery::{CampaignId, DeliveryId, Happening, State};
use campaign_core::store::{Change, Epoch, LaneId};
use tokio_postgres::Row as Columned;

use super::person::{Known, Person};
use super::{Attempt, Campaign, Chat, Delivery, Differences, Doubt, Lane, Moves, Row};
use crate::codes::{self, GENERATIONS, REMARKED, SUPERSEDED};
use crate::postgres::consent::rules_in;
use crate::postgres::fault::{Fault, Result};
use crate::postgres::transaction::{Columns, Tx, int};

/// What a run of changes is about.
#[derive(Debug, Default)]
pub(in crate::postgres) struct Wanted {
    /// The first generation's number of each recipient: all their generations are read.
    recipients: BTreeSet<i64>,
    lanes: BTreeSet<LaneId>,
    campaigns: BTreeSet<CampaignId>,
    /// From which lanes attempts are to be put on record, to which recipients.
    journals: Vec<(LaneId, i64)>,
    /// Lanes that may write only to who has written to them of late.
    listening: BTreeSet<LaneId>,
    /// Deliveries to which more happens than that the server accepts them.
    others: BTreeSet<DeliveryId>,
}

impl Wanted {
    pub(in crate::postgres) fn by<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Self {
        let mut wanted = Self::default();
        for change in changes {
            match change {
                Change::Journal(journal) => {
                    wanted.delivery(journal.delivery);
                    wanted.others.insert(journal.delivery);
                    wanted.lanes.insert(journal.lane);
                    if journal.if_heard_since.is_some() {
                        wanted.listening.insert(journal.lane);
                    }
                    let recipient = codes::number(journal.delivery) & !GENERATIONS;
                    wanted.journals.push((journal.lane, recipient));
                }
                Change::Happened(happened) => {
                    wanted.delivery(happened.delivery);
                    if happened.happening != Happening::Accepted {
                        wanted.others.insert(happened.delivery);
                    }
                }
                Change::Looked { delivery, .. } | Change::NewGeneration { delivery } => {
                    wanted.delivery(*delivery);
                    wanted.others.insert(*delivery);
                }
                Change::Lane(note) => {
                    wanted.lanes.insert(note.lane);
                }
                _ => {}
            }
        }
        wanted
    }

    pub(in crate::postgres) fn these(deliveries: impl IntoIterator<Item = DeliveryId>) -> Self {
        let mut wanted = Self::default();
        for delivery in deliveries {
            wanted.delivery(delivery);
            wanted.others.insert(delivery);
        }
        wanted
    }

    /// Whether anything of the person depends on what happens to this delivery: nothing does when what is under way is accepted.
    fn is_about_person(&self, row: &Row) -> bool {
        row.standing.state != State::Sending || self.others.contains(&row.id)
    }

    fn delivery(&mut self, delivery: DeliveryId) {
        self.recipients
            .insert(codes::number(delivery) & !GENERATIONS);
        self.campaigns.insert(delivery.campaign());
    }
}

impl Moves {
    pub(in crate::postgres) async fn read(tx: &Tx<'_>, at: Stamp, wanted: &Wanted) -> Result<Self> {
        let is_judged = !wanted.journals.is_empty();
        let (deliveries, lanes, (campaigns, rules), numbers) = tokio::try_join!(
            biased;
            deliveries(tx, wanted),
            lanes(tx, wanted),
            campaigns(tx, wanted),
            numbers(tx, wanted.journals.len()),
        )?;
        let rows = deliveries.values().map(|found| &found.row);
        let phones = rows.filter(|row| wanted.is_about_person(row));
        let phones: BTreeSet<i64> = phones.map(|row| row.phone).collect();
        let chats = chats_of(wanted, &deliveries);
        let (persons, chats) = tokio::try_join!(
            biased;
            async {
                if is_judged {
                    judged_persons(tx, &phones, &listening(wanted, &lanes)).await
                } else {
                    persons(tx, &phones).await
                }
            },
            open_chats(tx, &chats),
        )?;
        Ok(Self {
            at,
            keeps_time: false,
            failed: Vec::new(),
            deliveries,
            persons,
            lanes,
            campaigns,
            chats,
            rules,
            numbers,
            begun: Vec::new(),
            ended: BTreeMap::new(),
            accepted_late: BTreeSet::new(),
            claims: Vec::new(),
            ready: BTreeMap::new(),
            remarks: BTreeMap::new(),
            counts: Differences::new(),
            renewed: BTreeSet::new(),
        })
    }
}

/// The accounts that may write only to who has written to them of late.
fn listening(wanted: &Wanted, lanes: &BTreeMap<LaneId, Lane>) -> Vec<i64> {
    let lanes = wanted.listening.iter().filter_map(|id| lanes.get(id));
    lanes.map(|lane| lane.account).collect()
}

async fn deliveries(tx: &Tx<'_>, wanted: &Wanted) -> Result<BTreeMap<i64, Delivery>> {
    if wanted.recipients.is_empty() {
        return Ok(BTreeMap::new());
    }
    let recipients: Vec<i64> = wanted.recipients.iter().copied().collect();
    let found = tx
        .rows(
            "SELECT d.state, d.reason, d.attempts, d.flags, d.id, d.phone, d.changed_at,
                    a.seq, a.lane, a.slot, a.text_hash, a.started_wall,
                    u.delivery IS NOT NULL, u.next_look, u.restoration, u.looks, u.missing
             FROM unnest($1::bigint[]) AS w (first)
             CROSS JOIN LATERAL (SELECT * FROM delivery WHERE id BETWEEN w.first AND w.first + 63 OFFSET 0) AS d
             LEFT JOIN LATERAL (SELECT * FROM attempt WHERE seq = d.attempt OFFSET 0) AS a ON true
             LEFT JOIN LATERAL (SELECT * FROM doubt WHERE delivery = d.id OFFSET 0) AS u ON true",
            &[&recipients],
        )
        .await?;
    found.iter().map(delivery).collect()
}

fn delivery(row: &Columned) -> Result<(i64, Delivery)> {
    let flags = row.byte(3)?;
    let standing = codes::standing((row.byte(0)?, row.byte(1)?, row.byte(2)?, flags))?;
    let number: i64 = row.at(4)?;
    let is_in_doubt: bool = row.at(12)?;
    let doubt = if is_in_doubt {
        Some(Doubt {
            next_look: row.at(13)?,
            restoration: row.at(14)?,
            looks: row.byte(15)?,
            missing: row.at(16)?,
        })
    } else {
        None
    };
    let delivery = Delivery {
        row: Row {
            id: codes::delivery(number)?,
            phone: row.at(5)?,
            standing,
            is_superseded: flags & SUPERSEDED != 0,
            is_remarked: flags & REMARKED != 0,
            changed_at: row.at(6)?,
            attempt: attempt(row)?,
            doubt,
        },
        was: Some(standing.state),
        was_in_doubt: is_in_doubt,
        is_moved: false,
        is_doubt_changed: false,
    };
    Ok((number, delivery))
}

fn attempt(row: &Columned) -> Result<Option<Attempt>> {
    let Some(seq) = row.at::<Option<i64>>(7)? else {
        return Ok(None);
    };
    Ok(Some(Attempt {
        seq,
        lane: LaneId(row.count(8)?),
        slot: codes::slot(row.byte(9)?)?,
        text_hash: row.at::<i64>(10)?.cast_unsigned(),
        started_at: row.at(11)?,
    }))
}

async fn lanes(tx: &Tx<'_>, wanted: &Wanted) -> Result<BTreeMap<LaneId, Lane>> {
    if wanted.lanes.is_empty() {
        return Ok(BTreeMap::new());
    }
    // A number beyond the column's is no lane's.
    let ids = wanted.lanes.iter().filter_map(|lane| int(lane.0).ok());
    let ids: Vec<i32> = ids.collect();
    let found = tx
        .rows(
            "SELECT id, account, epoch, EXISTS (SELECT 1 FROM hidden_opt_out h WHERE h.account = l.account)
             FROM lane l WHERE id = ANY($1)",
            &[&ids],
        )
        .await?;
    let lane = |row: &Columned| {
        let lane = Lane {
            account: row.at(1)?,
            epoch: Epoch(row.count(2)?),
            has_hidden_opt_out: row.at(3)?,
            newest_cold: None,
            newest_reply: None,
            note: None,
        };
        Ok((LaneId(row.count(0)?), lane))
    };
    found.iter().map(lane).collect()
}

/// The campaigns, and the rules that hold over all of them.
async fn campaigns(
    tx: &Tx<'_>,
    wanted: &Wanted,
) -> Result<(BTreeMap<CampaignId, Campaign>, Rules)> {
    if wanted.campaigns.is_empty() {
        return Ok(Default::default());
    }
    let ids = wanted.campaigns.iter().map(|id| int(id.number()));
    let ids: Vec<i32> = ids.collect::<Result<_>>()?;
    let found = tx
        .rows(
            "SELECT id, state, category, first_generation, (SELECT rules FROM consent_rules) FROM campaign WHERE id = ANY($1)",
            &[&ids],
        )
        .await?;
    let campaign = |row: &Columned| {
        let campaign = Campaign {
            state: codes::campaign_state(row.byte(1)?)?,
            category: codes::category(row.byte(2)?)?,
            first_generation: row.byte(3)?,
        };
        Ok((codes::campaign(row.at::<i32>(0)?.into())?, campaign))
    };
    let rules = match found.first() {
        Some(row) => rules_in(row.at(4)?)?,
        None => Rules::default(),
    };
    let campaigns = found.iter().map(campaign).collect::<Result<_>>()?;
    Ok((campaigns, rules))
}

/// Numbers for so many attempts.
async fn numbers(tx: &Tx<'_>, count: usize) -> Result<VecDeque<i64>> {
    if count == 0 {
        return Ok(VecDeque::new());
    }
    let count = i64::try_from(count).map_err(Fault::unreadable)?;
    let found = tx
        .rows(
            "SELECT nextval('attempt_seq') FROM generate_series(1, $1::bigint)",
            &[&count],
        )
        .await?;
    let mut numbers: Vec<i64> = found.iter().map(|row| row.at(0)).collect::<Result<_>>()?;
    numbers.sort_unstable();
    Ok(numbers.into())
}

/// The chats that attempts of these deliveries are open in, or would be.
fn chats_of(wanted: &Wanted, deliveries: &BTreeMap<i64, Delivery>) -> BTreeSet<(LaneId, i64)> {
    let theirs = deliveries.values().filter_map(|found| {
        let attempt = found.row.attempt?;
        let is_open = found.row.standing.state.is_open() || found.was == Some(State::Sending);
        is_open.then_some((attempt.lane, found.row.phone))
    });
    let wanted = wanted.journals.iter().filter_map(|(lane, recipient)| {
        let found = deliveries.get(recipient)?;
        Some((*lane, found.row.phone))
    });
    theirs.chain(wanted).collect()
}

async fn open_chats(
    tx: &Tx<'_>,
    chats: &BTreeSet<(LaneId, i64)>,
) -> Result<BTreeMap<(LaneId, i64), Chat>> {
    if chats.is_empty() {
        return Ok(BTreeMap::new());
    }
    let known = chats
        .iter()
        .filter_map(|(lane, phone)| Some((int(lane.0).ok()?, *phone)));
    let (lanes, phones): (Vec<i32>, Vec<i64>) = known.unzip();
    let found = tx
        .rows(
            "SELECT o.lane, o.phone, o.delivery
             FROM unnest($1::integer[], $2::bigint[]) AS w (lane, phone)
             CROSS JOIN LATERAL (SELECT * FROM open_chat WHERE lane = w.lane AND phone = w.phone OFFSET 0) AS o",
            &[&lanes, &phones],
        )
        .await?;
    let chat = |row: &Columned| {
        let delivery: i64 = row.at(2)?;
        let chat = Chat {
            delivery: Some(delivery),
            was: Some(delivery),
        };
        Ok(((LaneId(row.count(0)?), row.at(1)?), chat))
    };
    found.iter().map(chat).collect()
}

/// What these people had, and who knows them.
async fn persons(tx: &Tx<'_>, phones: &BTreeSet<i64>) -> Result<BTreeMap<i64, Person>> {
    let mut persons: BTreeMap<i64, Person> = BTreeMap::new();
    if phones.is_empty() {
        return Ok(persons);
    }
    let phones: Vec<i64> = phones.iter().copied().collect();
    let phones: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&phones];
    let (written, known) = tokio::try_join!(
        biased;
        tx.rows(
            "SELECT phone, delivery, at, category, text_hash FROM written WHERE phone = ANY($1)",
            &phones,
        ),
        tx.rows(
            "SELECT phone, account, at, delivery, was_account, was_at FROM known WHERE phone = ANY($1)",
            &phones,
        ),
    )?;
    for row in written {
        let person = persons.entry(row.at(0)?).or_default();
        person.written.push(Written {
            delivery: codes::delivery(row.at(1)?)?,
            at: codes::moment(row.at(2)?)?,
            category: codes::category(row.byte(3)?)?,
            text_hash: row.at::<Option<i64>>(4)?.map(i64::cast_unsigned),
        });
    }
    for row in known {
        let (was_account, was_at): (Option<i64>, Option<i64>) = (row.at(4)?, row.at(5)?);
        persons.entry(row.at(0)?).or_default().known = Some(Known {
            account: row.at(1)?,
            at: row.at(2)?,
            delivery: row.at(3)?,
            was: was_account.zip(was_at),
        });
    }
    Ok(persons)
}

/// The same, with what decides whether they may be written to, and when they last wrote to these accounts.
pub(in crate::postgres) async fn judged_persons(
    tx: &Tx<'_>,
    phones: &BTreeSet<i64>,
    accounts: &[i64],
) -> Result<BTreeMap<i64, Person>> {
    let listed: Vec<i64> = phones.iter().copied().collect();
    let listed: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&listed];
    let of_accounts: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [listed[0], &accounts];
    let (mut persons, barring, heard) = tokio::try_join!(
        biased;
        persons(tx, phones),
        // Most people are in none of them.
        tx.rows(
            "SELECT phone, origin, NULL::smallint, NULL::boolean FROM suppression WHERE phone = ANY($1)
             UNION ALL SELECT phone, NULL, category, is_granted FROM consent WHERE phone = ANY($1)
             UNION ALL SELECT phone, NULL, NULL, NULL FROM lid WHERE phone = ANY($1)",
            &listed,
        ),
        async {
            if accounts.is_empty() {
                return Ok(Vec::new());
            }
            tx.rows(
                "SELECT phone, account, heard_at FROM heard WHERE phone = ANY($1) AND account = ANY($2)",
                &of_accounts,
            )
            .await
        },
    )?;
    for phone in phones {
        persons.entry(*phone).or_default();
    }
    for row in barring {
        let person = persons.entry(row.at(0)?).or_default();
        match (row.byte_or_none(1)?, row.byte_or_none(2)?) {
            (Some(origin), _) => person.suppressed = Some(codes::origin(origin)?),
            (None, Some(category)) => {
                person.consents.insert(category, row.at(3)?);
            }
            (None, None) => person.has_lid = true,
        }
    }
    for row in heard {
        let person = persons.entry(row.at(0)?).or_default();
        person.heard.insert(row.at(1)?, row.at(2)?);
    }
    Ok(persons)
}
