//! A list into the store, page by page: memory holds one page, whatever the length of the list.

use campaign_core::audience::{Page, Recipient};
use campaign_core::clock::{Clock, Now};
use campaign_core::delivery::{CampaignId, DeliveryId};
use campaign_core::store::{Imported, NewRecipient, Store, StoreError};

use crate::exit::Failure;
use crate::inputs::Inputs;
use crate::language::Text;
use crate::output::Output;
use crate::progress::Counter;
use crate::rows::{Check, Checked, Rejects};

/// What an import came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) deliveries: u64,
    pub(crate) skipped: u64,
    pub(crate) rejected: u64,
}

/// Imports the whole list. The campaign stays in `importing`.
///
/// # Errors
/// When the message cannot be made for a row, or a file or the store fails. The campaign is imported anew the next time.
pub(crate) async fn import(
    output: &Output,
    store: &dyn Store,
    clock: &dyn Clock,
    inputs: &mut Inputs,
    rejects: &mut Rejects,
) -> Result<(CampaignId, Totals), Failure> {
    let now: Now = clock.now();
    let columns = inputs.audience.columns().variables().clone();
    let campaign = store.create(&inputs.definition, &columns, now).await?;
    let mut import = Import {
        store,
        campaign,
        check: Check::new(&inputs.message, inputs.definition.missing),
        rejects,
        left: u64::from(inputs.definition.source.limit.unwrap_or(u32::MAX)),
        totals: Totals::default(),
        untold: 0,
    };
    let mut counter = Counter::new(output);
    let mut rows = 0;
    while import.left > 0 {
        // Reading a file keeps the thread for as long as a page takes.
        let Some(page) = tokio::task::block_in_place(|| inputs.audience.next()) else {
            break;
        };
        let page = page.map_err(|error| Failure::refused(Text::Cause(error.into())))?;
        rows += page.rows() as u64;
        counter.show(rows);
        import.page(page).await?;
    }
    drop(counter);
    store.import(campaign, Vec::new(), import.untold).await?;
    import.rejects.finish()?;
    import.check.faults.refuse()?;
    Ok((campaign, import.totals))
}

struct Import<'a> {
    store: &'a dyn Store,
    campaign: CampaignId,
    check: Check<'a>,
    rejects: &'a mut Rejects,
    /// How many may still come in.
    left: u64,
    totals: Totals,
    /// Rejected rows that the store has not been told of.
    untold: u64,
}

impl Import<'_> {
    async fn page(&mut self, mut page: Page) -> Result<(), Failure> {
        let recipients = std::mem::take(&mut page.recipients);
        let mut first_rows = vec![None; recipients.len()];
        let mut last_row = None;
        let mut begun = 0;
        // Under a limit the duplicates among the last ones make room for others.
        while begun < recipients.len() && self.left > 0 {
            let room = usize::try_from(self.left).unwrap_or(usize::MAX);
            let end = recipients.len().min(begun.saturating_add(room));
            let part = &recipients[begun..end];
            let imported = self.add(part).await?;
            for (place, imported) in (begun..end).zip(&imported) {
                if let Imported::Duplicate { first_row } = imported {
                    first_rows[place] = Some(*first_row);
                }
            }
            last_row = part.last().map(|recipient| recipient.row);
            begun = end;
        }
        page.refuse_duplicates(first_rows);
        if self.left == 0 {
            // What stands below the last one that came in was not looked at.
            page.rejects
                .retain(|reject| last_row.is_some_and(|last| reject.row < last));
        }
        self.rejects.write(&mut page.rejects)?;
        self.untold += page.rejects.len() as u64;
        self.totals.rejected += page.rejects.len() as u64;
        Ok(())
    }

    async fn add(&mut self, recipients: &[Recipient]) -> Result<Vec<Imported>, Failure> {
        let mut new = Vec::with_capacity(recipients.len());
        let mut skipped = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let skip = match self.check.check(recipient) {
                Checked::Skip(reason) => Some(reason),
                // A fault refuses the whole input at the end; until then every row is looked at.
                Checked::Message(_) | Checked::Fault => None,
            };
            skipped.push(skip.is_some());
            new.push(NewRecipient {
                row: recipient.row,
                phone: recipient.phone,
                key: recipient.key.clone(),
                values: recipient.values.clone(),
                skip,
            });
        }
        let untold = std::mem::take(&mut self.untold);
        let imported = self
            .store
            .import(self.campaign, new, untold)
            .await
            .map_err(too_many)?;
        for (imported, is_skipped) in imported.iter().zip(skipped) {
            if matches!(imported, Imported::Added(_)) {
                self.totals.deliveries += 1;
                self.totals.skipped += u64::from(is_skipped);
                self.left -= 1;
            }
        }
        Ok(imported)
    }
}

fn too_many(error: StoreError) -> Failure {
    match error {
        StoreError::Refused(why) if why.contains("recipients") => {
            Failure::refused(Text::TooManyRows {
                most: DeliveryId::RECIPIENTS_MAX,
            })
        }
        error => error.into(),
    }
}
