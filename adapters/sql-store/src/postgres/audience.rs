//! How a campaign's audience comes in: page by page, each in one transaction of a few statements.

mod page;

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::Now;
use campaign_core::delivery::CampaignId;
use campaign_core::store::{Created, Imported, NewRecipient, News, StoreError};

use self::page::Page;
use super::fault::{Fault, Result};
use super::transaction::{Columns, Tx, int, text};
use super::{campaigns, workers};
use crate::codes;

/// How people come in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Door {
    /// With the list that makes the audience, which was begun as this import here, where it was begun here.
    Import { begun: Option<i32> },
    /// Later, at this moment, by an explicit act, of a worker or somebody else.
    Addition { at: i64, worker: Option<i32> },
}

impl Door {
    fn admits(self, state: CampaignState) -> Result<()> {
        let why = match self {
            Door::Import { .. } if state != CampaignState::Importing => {
                format!("the audience of a campaign that is {state} is complete")
            }
            Door::Addition { .. } if !state.may_be_changed() => {
                format!("nobody can be added to a campaign that is {state}")
            }
            _ => return Ok(()),
        };
        Err(Fault::refused(why))
    }
}

/// Creates a campaign that is being imported, and tells which import of it this is.
pub(super) async fn create(
    tx: &Tx<'_>,
    definition: &Definition,
    columns: &[Box<str>],
    now: Now,
    worker: Option<i32>,
) -> Result<(CampaignId, i32)> {
    let there = named(tx, &definition.name).await?;
    if let Some((_, state)) = there.filter(|(_, state)| *state > CampaignState::Importing) {
        return Err(Fault::refused(format!(
            "campaign {:?} exists and is {state}: go on with it, or take another name",
            definition.name
        )));
    }
    let there = there.map(|(id, _)| id);
    let (id, import, _) = write_anew(tx, there, definition, columns, now, worker).await?;
    Ok((id, import))
}

pub(super) async fn create_whole(
    tx: &Tx<'_>,
    definition: &Definition,
    columns: &[Box<str>],
    recipients: &[NewRecipient],
    now: Now,
    worker: Option<i32>,
) -> Result<Created> {
    let there = named(tx, &definition.name).await?;
    if let Some((id, _)) = there.filter(|(_, state)| *state > CampaignState::Importing) {
        return Ok(Created::There(id));
    }
    let there = there.map(|(id, _)| id);
    let (id, _, next) = write_anew(tx, there, definition, columns, now, worker).await?;
    let mut page = Page::new(id, next, codes::micros(now.wall));
    page.take(tx, recipients).await?;
    page.write(tx).await?;
    tx.execute(
        "UPDATE campaign SET next_ordinal = $2, state = $3 WHERE id = $1",
        &[
            &int(id.number())?,
            &int(page.next)?,
            &i16::from(CampaignState::Frozen as u8),
        ],
    )
    .await?;
    Ok(Created::New(id))
}

pub(super) async fn take_in(
    tx: &Tx<'_>,
    campaign: CampaignId,
    recipients: &[NewRecipient],
    rejected: u64,
    door: Door,
) -> Result<Vec<Imported>> {
    let number = int(campaign.number())?;
    let found = tx
        .maybe(
            "SELECT state, import, next_ordinal, created_at, pruned_at IS NOT NULL FROM campaign WHERE id = $1
             FOR NO KEY UPDATE",
            &[&number],
        )
        .await?;
    let Some(row) = found else {
        return Err(StoreError::NotFound {
            what: format!("campaign number {}", campaign.number()),
        }
        .into());
    };
    let state = codes::campaign_state(row.byte(0)?)?;
    door.admits(state)?;
    if row.at(4)? {
        return Err(Fault::refused(
            "the people of this campaign were taken out of the database: nobody can be told from those who had it",
        ));
    }
    let import: i32 = row.at(1)?;
    let at = match door {
        Door::Import { begun } if begun.is_some_and(|begun| begun != import) => {
            return Err(Fault::refused(
                "this campaign is being imported anew by another process",
            ));
        }
        Door::Import { .. } => row.at(3)?,
        Door::Addition { at, .. } => at,
    };
    let mut page = Page::new(campaign, row.count(2)?, at);
    let imported = page.take(tx, recipients).await?;
    page.write(tx).await?;
    let mended = recipients.iter().zip(&imported);
    let mended = mended.filter(|(recipient, imported)| {
        recipient.was_rejected && matches!(imported, Imported::Added(_))
    });
    let rejected = rejected.cast_signed() - mended.count() as i64;
    tx.execute(
        "UPDATE campaign SET next_ordinal = $2, rejected = greatest(0, rejected + $3) WHERE id = $1",
        &[&number, &int(page.next)?, &rejected],
    )
    .await?;
    if let Door::Addition { worker, .. } = door {
        run_again(tx, number, state).await?;
        workers::tell(tx, worker, [News::Campaign(campaign)]).await?;
    }
    Ok(imported)
}

/// A campaign that people were added to.
async fn run_again(tx: &Tx<'_>, campaign: i32, state: CampaignState) -> Result<()> {
    let to = state.once_grown(campaigns::has_more(tx, campaign).await?);
    if to != state {
        tx.execute(
            "UPDATE campaign SET state = $2 WHERE id = $1",
            &[&campaign, &i16::from(to as u8)],
        )
        .await?;
    }
    Ok(())
}

async fn named(tx: &Tx<'_>, name: &str) -> Result<Option<(CampaignId, CampaignState)>> {
    let found = tx
        .maybe(
            "SELECT id, state FROM campaign WHERE name = $1",
            &[&text(name)],
        )
        .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    Ok(Some((
        codes::campaign(row.at::<i32>(0)?.into())?,
        codes::campaign_state(row.byte(1)?)?,
    )))
}

/// Writes a campaign that is being imported, in the place of one of its name that never got further: which it is, which import of it, and its
/// first recipient's place.
async fn write_anew(
    tx: &Tx<'_>,
    there: Option<CampaignId>,
    definition: &Definition,
    columns: &[Box<str>],
    now: Now,
    worker: Option<i32>,
) -> Result<(CampaignId, i32, u32)> {
    let id = match there {
        Some(id) => {
            empty(tx, id).await?;
            id
        }
        None => {
            let next = tx
                .one(
                    "UPDATE meta SET next_campaign = next_campaign + 1 RETURNING next_campaign - 1",
                    &[],
                )
                .await?;
            let id = codes::campaign(next.at::<i32>(0)?.into())
                .map_err(|_| Fault::refused("there are too many campaigns"))?;
            tx.execute(
                "INSERT INTO campaign (id, name, session, kind, category, definition, columns, state, created_at, import)
                 VALUES ($1, $2, '', 0, 0, '', '', $3, 0, 0)",
                &[
                    &int(id.number())?,
                    &text(&definition.name),
                    &i16::from(CampaignState::Importing as u8),
                ],
            )
            .await?;
            id
        }
    };
    let sessions = definition.sessions.iter();
    let sessions: Vec<String> = sessions.map(|session| text(&session.0)).collect();
    let row = tx
        .one(
            "WITH new AS (INSERT INTO session (name) SELECT unnest($9::text[]) ON CONFLICT (name) DO NOTHING RETURNING 1)
             UPDATE campaign SET session = $2, kind = $3, category = $4, definition = $5, columns = $6, state = $7, created_at = $8,
                    rejected = 0, next_ordinal = first_ordinal, import = import + 1
             WHERE id = $1 RETURNING import, next_ordinal, EXISTS (SELECT 1 FROM new)",
            &[
                &int(id.number())?,
                &text(&definition.sessions.first().0),
                &i16::from(definition.message.kind() as u8),
                &i16::from(definition.category as u8),
                &serde_json::to_string(definition)?,
                &serde_json::to_string(columns)?,
                &i16::from(CampaignState::Importing as u8),
                &codes::micros(now.wall),
                &sessions,
            ],
        )
        .await?;
    if row.at(2)? {
        workers::tell(tx, worker, [News::Roster]).await?;
    }
    Ok((id, row.at(0)?, row.count(1)?))
}

async fn empty(tx: &Tx<'_>, campaign: CampaignId) -> Result<()> {
    let (first, last) = codes::range(campaign);
    for sql in [
        "DELETE FROM delivery WHERE id BETWEEN $1 AND $2",
        "DELETE FROM delivery_content WHERE id BETWEEN $1 AND $2",
        "DELETE FROM ready WHERE delivery BETWEEN $1 AND $2",
        "DELETE FROM doubt WHERE delivery BETWEEN $1 AND $2",
        "DELETE FROM remark WHERE delivery BETWEEN $1 AND $2",
    ] {
        tx.execute(sql, &[&first, &last]).await?;
    }
    let number = int(campaign.number())?;
    for sql in [
        "DELETE FROM recipient WHERE campaign = $1",
        "DELETE FROM campaign_count WHERE campaign = $1",
    ] {
        tx.execute(sql, &[&number]).await?;
    }
    Ok(())
}
