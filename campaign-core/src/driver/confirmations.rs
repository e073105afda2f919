//! Makes the confirmations of opt-outs: each a campaign of one recipient, named by the message that it answers, so that whatever crashes it is
//! made once.

use crate::campaign::CampaignState;
use crate::clock::Clock;
use crate::consent::{Confirmation, DueConfirmation};
use crate::store::{Batch, Change, Command, NewRecipient, Store, StoreError};

/// Confirmations made at a time.
const PAGE: u32 = 100;

/// Makes and starts those that are due.
///
/// # Errors
/// When the store fails: what was not made is due still.
pub(super) async fn make(store: &dyn Store, clock: &dyn Clock) -> Result<(), StoreError> {
    loop {
        let due = store.due_confirmations(PAGE).await?;
        if due.is_empty() {
            return Ok(());
        }
        let confirmation = store.rules().await?.confirmation;
        for opt_out in due {
            if let Some(confirmation) = &confirmation {
                confirm(store, clock, &opt_out, confirmation).await?;
            }
            let confirmed = Change::Confirmed {
                phone: opt_out.phone,
            };
            let batch = Batch {
                at: clock.now().stamp(clock.boot()),
                changes: vec![confirmed],
            };
            store.commit(batch.into()).await?;
        }
    }
}

async fn confirm(
    store: &dyn Store,
    clock: &dyn Clock,
    opt_out: &DueConfirmation,
    confirmation: &Confirmation,
) -> Result<(), StoreError> {
    let now = clock.now();
    let Ok(definition) = opt_out.definition(confirmation) else {
        // The text was checked when it was set; without one there is nothing to send.
        return Ok(());
    };
    let found = store.campaign(&definition.name).await?;
    let (campaign, state) = match found.filter(|it| it.state > CampaignState::Importing) {
        Some(record) => (record.id, record.state),
        None => {
            let campaign = store.create(&definition, &[], now).await?;
            let recipient = NewRecipient::new(1, opt_out.phone, Vec::<Box<str>>::new());
            store.import(campaign, vec![recipient], 0).await?;
            store.freeze(campaign, now.stamp(clock.boot())).await?;
            (campaign, CampaignState::Frozen)
        }
    };
    if state == CampaignState::Frozen {
        store.submit(&Command::Start { campaign }).await?;
    }
    Ok(())
}
