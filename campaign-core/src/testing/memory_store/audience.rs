//! Campaigns and recipients on the way in.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::tables::{AT_ONCE, Campaign, Delivery, Recipient, Tables, count, ids_of};
use crate::campaign::{CampaignState, Definition};
use crate::clock::Now;
use crate::delivery::{CampaignId, DeliveryId, Happening, Standing, State, apply};
use crate::store::{Counts, Created, Imported, NewRecipient, StoreError};

impl Tables {
    pub(super) fn create(
        &mut self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId, StoreError> {
        let id = match self.names.get(&definition.name).copied() {
            Some(id) => {
                let state = self.campaigns.get(&id).map(|campaign| campaign.state);
                if let Some(state) = state.filter(|state| *state > CampaignState::Importing) {
                    return Err(StoreError::Refused(format!(
                        "campaign {:?} exists and is {state}: go on with it, or take another name",
                        definition.name
                    )));
                }
                self.empty(id);
                id
            }
            None => (self.campaigns.last_key_value())
                .map_or(0, |(last, _)| last.number())
                .max(self.campaigns_left_out)
                .checked_add(1)
                .and_then(CampaignId::new)
                .ok_or_else(|| StoreError::Refused("there are too many campaigns".into()))?,
        };
        self.names.insert(definition.name.clone(), id);
        let campaign = Campaign {
            definition: Arc::new(definition.clone()),
            columns: columns.into(),
            state: CampaignState::Importing,
            created_at: now.wall,
            rejected: 0,
            first_generation: 0,
            counts: Counts::default(),
            earlier_messages: Vec::new(),
            recipients: Vec::new(),
            rows: BTreeMap::new(),
        };
        self.campaigns.insert(id, campaign);
        Ok(id)
    }

    pub(super) fn create_whole(
        &mut self,
        definition: &Definition,
        columns: &[Box<str>],
        recipients: Vec<NewRecipient>,
        now: Now,
    ) -> Result<Created, StoreError> {
        let known = self.names.get(&definition.name).copied();
        let state = known.and_then(|id| Some(self.campaigns.get(&id)?.state));
        if let Some(id) = known.filter(|_| state > Some(CampaignState::Importing)) {
            return Ok(Created::There(id));
        }
        let id = self.create(definition, columns, now)?;
        self.take_in(id, recipients, now.wall);
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.state = CampaignState::Frozen;
        }
        Ok(Created::New(id))
    }

    fn empty(&mut self, campaign: CampaignId) {
        let of_it = self.deliveries.range(ids_of(campaign));
        let ids: Vec<DeliveryId> = of_it.map(|(id, _)| *id).collect();
        for id in ids {
            self.no_longer_ready(id);
            self.no_longer_doubted(id);
            self.deliveries.remove(&id);
        }
    }

    pub(super) fn import(
        &mut self,
        id: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
    ) -> Result<Vec<Imported>, StoreError> {
        let campaign = self.campaign_for(id, recipients.len())?;
        if campaign.state != CampaignState::Importing {
            return Err(StoreError::Refused(format!(
                "the audience of a campaign that is {} is complete",
                campaign.state
            )));
        }
        campaign.rejected += rejected;
        let at = campaign.created_at;
        Ok(self.take_in(id, recipients, at))
    }

    pub(super) fn add(
        &mut self,
        id: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
        now: Now,
    ) -> Result<Vec<Imported>, StoreError> {
        let campaign = self.campaign_for(id, recipients.len())?;
        if !campaign.state.may_be_changed() {
            return Err(StoreError::Refused(format!(
                "nobody can be added to a campaign that is {}",
                campaign.state
            )));
        }
        campaign.rejected += rejected;
        let were_rejected: Vec<bool> = recipients.iter().map(|it| it.was_rejected).collect();
        let imported = self.take_in(id, recipients, now.wall);
        let mended = imported.iter().zip(were_rejected);
        let mended = mended.filter(|(it, was)| *was && matches!(it, Imported::Added(_)));
        let mended = mended.count() as u64;
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.rejected = campaign.rejected.saturating_sub(mended);
            let has_more = campaign.counts.of(State::Scheduled) > 0;
            campaign.state = campaign.state.once_grown(has_more);
        }
        Ok(imported)
    }

    fn campaign_for(&mut self, id: CampaignId, more: usize) -> Result<&mut Campaign, StoreError> {
        let campaign = self.campaigns.get_mut(&id);
        let campaign = campaign.ok_or_else(|| StoreError::NotFound {
            what: format!("campaign number {}", id.number()),
        })?;
        let ordinal_max = campaign.recipients.len() + more;
        if ordinal_max > DeliveryId::RECIPIENTS_MAX as usize {
            return Err(StoreError::Refused(format!(
                "a campaign has at most {} recipients",
                DeliveryId::RECIPIENTS_MAX
            )));
        }
        Ok(campaign)
    }

    fn take_in(
        &mut self,
        id: CampaignId,
        recipients: Vec<NewRecipient>,
        at: Timestamp,
    ) -> Vec<Imported> {
        recipients
            .into_iter()
            .filter_map(|recipient| self.import_one(id, recipient, at))
            .collect()
    }

    fn import_one(&mut self, id: CampaignId, new: NewRecipient, at: Timestamp) -> Option<Imported> {
        let campaign = self.campaigns.get_mut(&id)?;
        let identity = (new.phone, new.key.clone());
        if let Some(first_row) = campaign.rows.get(&identity) {
            let first_row = *first_row;
            return Some(Imported::Duplicate { first_row });
        }
        campaign.rows.insert(identity, new.row);
        let ordinal = u32::try_from(campaign.recipients.len()).ok()?;
        let delivery = DeliveryId::new(id, ordinal)?;
        campaign.recipients.push(Recipient {
            row: new.row,
            phone: new.phone,
            key: new.key,
            values: new.values.into(),
            current: delivery,
            newest: delivery,
        });
        count(&mut campaign.counts, Standing::NEW, 1);
        self.deliveries.insert(delivery, Delivery::new(at));
        self.make_ready(delivery, AT_ONCE);
        if let Some(reason) = new.skip
            && let Ok(skipped) = apply(Standing::NEW, Happening::Skipped(reason))
        {
            self.stand(delivery, skipped, AT_ONCE, None, at);
        }
        Some(Imported::Added(delivery))
    }
}
