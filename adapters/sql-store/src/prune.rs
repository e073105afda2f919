//! Taking people out of campaigns that are long over, whatever the database: what is over, and in which steps it goes. A campaign's own row, its
//! definition and its counts stay.

use async_trait::async_trait;
use campaign_core::campaign::CampaignState;
use campaign_core::delivery::{CampaignId, State};
use campaign_core::store::StoreError;
use jiff::Timestamp;

use crate::codes::{self, Unreadable};

/// Deliveries in one transaction: their attempts and contents go with them.
pub(crate) const PAGE: i64 = 2_000;

/// Campaigns that are over.
pub(crate) const OVER: [CampaignState; 2] = [CampaignState::Settled, CampaignState::Cancelled];

/// Deliveries that may still come to something.
pub(crate) const OPEN: [State; 3] = [State::Scheduled, State::Sending, State::Unconfirmed];

/// A campaign whose people can be taken out.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Prunable {
    /// Which.
    pub campaign: CampaignId,
    /// Its name.
    pub name: String,
    /// Recipients in it.
    pub deliveries: u64,
    /// When something of it last changed.
    pub last_change: Timestamp,
}

/// A store that people can be taken out of.
#[async_trait]
pub trait Prune: Send + Sync {
    /// Campaigns that are settled or cancelled, with nothing scheduled, sending or unconfirmed, and that nothing has happened to since
    /// `before`; and those whose pruning was begun and not finished. Oldest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the database cannot be read.
    async fn prunable(&self, before: Timestamp) -> Result<Vec<Prunable>, StoreError>;

    /// Begins to take people out of campaigns.
    ///
    /// # Errors
    /// [`StoreError::RunnerBusy`] while a process sends; [`StoreError::Refused`] when the database was moved elsewhere.
    async fn begin_prune(&self) -> Result<Box<dyn Pruning + '_>, StoreError>;
}

/// Takes people out of campaigns. As long as this is there, nobody sends from the database.
#[async_trait]
pub trait Pruning: Send + Sync {
    /// Takes the next people of a campaign out, in one short transaction; with the first ones the campaign becomes a pruned one. Returns how
    /// many deliveries went, and nothing when all has gone. Stopped half-way, it can be gone on with at any time.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the campaign is not over; [`StoreError::Failed`] when the database fails.
    async fn page(&self, campaign: CampaignId, now: Timestamp) -> Result<Option<u64>, StoreError>;

    /// Gives the space back to the system, so that nothing of these people is left in the database's files, and says how many bytes that is. It
    /// needs as much again for a while; `None` where that is missing: the people are out all the same, and the space is used for what comes.
    /// On a server, what somebody was still reading meanwhile is let go of by the server itself, later.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the database fails.
    async fn shrink(&self) -> Result<Option<u64>, StoreError>;
}

/// A campaign that is over, as the database keeps it.
pub(crate) struct Ended {
    pub(crate) campaign: CampaignId,
    pub(crate) name: String,
    pub(crate) deliveries: i64,
    pub(crate) created: i64,
    /// When the last of its people changed who are still there.
    pub(crate) changed: Option<i64>,
    pub(crate) was_begun: bool,
}

impl Ended {
    /// `None` where it is too young, or has been pruned already.
    pub(crate) fn prunable(self, before: Timestamp) -> Result<Option<Prunable>, Unreadable> {
        let last_change = codes::moment(self.changed.unwrap_or(self.created).max(self.created))?;
        let is_due = match self.was_begun {
            true => self.changed.is_some(),
            false => last_change < before,
        };
        Ok(is_due.then(|| Prunable {
            campaign: self.campaign,
            name: self.name,
            deliveries: self.deliveries.cast_unsigned(),
            last_change,
        }))
    }
}

pub(crate) fn not_over() -> StoreError {
    let why = "only a campaign that is over, with nothing unconfirmed, can be pruned";
    StoreError::Refused(why.into())
}
