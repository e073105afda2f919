//! The report: who got it, and what became of everybody else.

use jiff::Timestamp;

use super::{Store, StoreError};
use crate::delivery::{CampaignId, DeliveryId, Standing, State};
use crate::gateway::Account;
use crate::phone::PhoneNumber;

/// Rows in a page, unless told otherwise.
const PAGE: u32 = 1_000;

/// A row of the report: a recipient and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// The row in its file.
    pub row: u64,
    /// To whom.
    pub phone: PhoneNumber,
    /// The value of the key column.
    pub key: Option<Box<str>>,
    /// The values of the campaign's columns.
    pub values: Box<[Box<str>]>,
    /// Where it stands.
    pub standing: Standing,
    /// When it came to stand there.
    pub changed_at: Timestamp,
    /// The account that its latest attempt went from.
    pub account: Option<Account>,
    /// The server's words, or what is missing to settle it.
    pub message: Option<Box<str>>,
}

/// Asks for a page of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportQuery {
    /// Of which campaign.
    pub campaign: CampaignId,
    /// After this one, in key order.
    pub after: Option<DeliveryId>,
    /// Only these states; empty is all.
    pub states: Vec<State>,
    /// At most so many.
    pub limit: u32,
}

impl ReportQuery {
    /// The first page, of a thousand rows, in whatever state they are.
    pub fn of(campaign: CampaignId) -> Self {
        Self {
            campaign,
            after: None,
            states: Vec::new(),
            limit: PAGE,
        }
    }
}

/// A report page by page, in the memory of one page.
///
/// ```
/// # async fn count(store: &dyn campaign_core::store::Store, campaign: campaign_core::delivery::CampaignId) -> Result<usize, campaign_core::store::StoreError> {
/// use campaign_core::store::{ReportPages, ReportQuery};
///
/// let mut pages = ReportPages::new(store, ReportQuery::of(campaign));
/// let mut handed_over = 0;
/// while let Some(page) = pages.next().await? {
///     handed_over += page.iter().filter(|row| row.standing.state.is_handed_over()).count();
/// }
/// # Ok(handed_over)
/// # }
/// ```
pub struct ReportPages<'a> {
    store: &'a dyn Store,
    /// What is asked for next; `None` after the last page.
    query: Option<ReportQuery>,
}

impl<'a> ReportPages<'a> {
    /// The pages from this one on.
    pub fn new(store: &'a dyn Store, query: ReportQuery) -> Self {
        let query = (query.limit > 0).then_some(query);
        Self { store, query }
    }

    /// The next page, never an empty one; `None` after the last. A failed call can be made again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next(&mut self) -> Result<Option<Vec<ReportRow>>, StoreError> {
        let Some(query) = &mut self.query else {
            return Ok(None);
        };
        let page = self.store.report(query.clone()).await?;
        match page.last() {
            Some(last) if page.len() >= query.limit as usize => query.after = Some(last.delivery),
            _ => self.query = None,
        }
        Ok((!page.is_empty()).then_some(page))
    }
}
