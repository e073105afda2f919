//! Makes the confirmations of opt-outs: each a campaign of one recipient, named by the message that it answers, so that whatever crashes it is
//! made once.

use super::{Confirmation, DueConfirmation};
use crate::campaign::CampaignState;
use crate::clock::{BootId, Now};
use crate::store::{Batch, Change, Command, Created, NewRecipient, Store, StoreError};

/// Confirmations made at a time.
const PAGE: u32 = 100;

/// Makes and starts the confirmations that are due: what [`crate::engine::Step::Confirm`] asks for, and what a runner does once at its start.
/// One at a time in a process.
///
/// # Errors
/// When the store fails: what was not made is due still.
pub async fn make_confirmations(
    store: &dyn Store,
    now: Now,
    boot: BootId,
) -> Result<(), StoreError> {
    loop {
        let due = store.due_confirmations(PAGE).await?;
        if due.is_empty() {
            return Ok(());
        }
        let confirmation = store.rules().await?.confirmation;
        for opt_out in due {
            if let Some(confirmation) = &confirmation {
                make(store, &opt_out, confirmation, now).await?;
            }
            let confirmed = Change::Confirmed {
                phone: opt_out.phone,
            };
            let batch = Batch {
                at: now.stamp(boot),
                changes: vec![confirmed],
            };
            store.commit(batch.into()).await?;
        }
    }
}

async fn make(
    store: &dyn Store,
    opt_out: &DueConfirmation,
    confirmation: &Confirmation,
    now: Now,
) -> Result<(), StoreError> {
    let Ok(definition) = opt_out.definition(confirmation) else {
        // The text was checked when it was set; without one there is nothing to send.
        return Ok(());
    };
    let recipient = NewRecipient::new(1, opt_out.phone, Vec::<Box<str>>::new());
    let created = store
        .create_whole(&definition, &[], vec![recipient], now)
        .await?;
    let campaign = match created {
        Created::New(campaign) => campaign,
        Created::There(campaign) => {
            let record = store.campaign(&definition.name).await?;
            if record.is_none_or(|record| record.state != CampaignState::Frozen) {
                return Ok(());
            }
            campaign
        }
    };
    store.submit(&Command::Start { campaign }).await?;
    Ok(())
}
