//! Sending again: one generation of a recipient counts, and what arrived is preferred to what waits.

use jiff::Timestamp;

use super::changes::swept_effect;
use super::tables::{AT_ONCE, Delivery, Tables, ids_of};
use crate::campaign::CampaignState;
use crate::clock::Stamp;
use crate::delivery::{CampaignId, DeliveryId, Happening, Illegal, Reason, Standing, State, apply};
use crate::store::{Effect, Lost};

impl Tables {
    /// A generation that another one has replaced is never scheduled again.
    pub(super) fn judge(
        &self,
        id: DeliveryId,
        from: Standing,
        happening: Happening,
    ) -> Result<Standing, Illegal> {
        let to = apply(from, happening)?;
        if to.state == State::Scheduled && !self.is_current(id) {
            return apply(from, Happening::ProvedAbsentForGood(Reason::EarlierArrived));
        }
        Ok(to)
    }

    /// When one generation of a recipient has been handed over, a later one is not sent any more, and the report shows the one
    /// that was. What is under way has to end first.
    pub(super) fn prefer_what_arrived(&mut self, id: DeliveryId, at: Timestamp) {
        let Some(recipient) = self.recipient(id) else {
            return;
        };
        let (current, newest) = (recipient.current, recipient.newest);
        let Some(standing) = self.standing_of(current) else {
            return;
        };
        if newest.generation() == 0 || standing.state.is_handed_over() || standing.state.is_open() {
            return;
        }
        let first = newest.number() - u64::from(newest.generation());
        let arrived = (first..=newest.number())
            .rev()
            .filter_map(DeliveryId::from_number)
            .find(|id| self.state_of(*id).is_some_and(State::is_handed_over));
        let Some(arrived) = arrived else { return };
        if standing.state == State::Scheduled {
            let cancelled = Standing {
                state: State::Cancelled,
                reason: Some(Reason::EarlierArrived),
                ..standing
            };
            self.stand(current, cancelled, AT_ONCE, None, at);
        }
        self.make_current(arrived);
    }

    pub(super) fn new_generation(&mut self, id: DeliveryId, at: Stamp) -> Result<DeliveryId, Lost> {
        let standing = self.standing_of(id).ok_or(Lost::NotFound)?;
        if !matches!(standing.state, State::Failed | State::Unconfirmed) || !self.is_current(id) {
            return Err(Lost::Delivery(standing));
        }
        self.may_send_again(id.campaign())?;
        let next = self.next_generation(id).ok_or(Lost::NoGeneration)?;
        let recipient = self.recipient_mut(id).ok_or(Lost::NotFound)?;
        recipient.newest = next;
        // Who sends again does not wait for the doubt; its evidence still counts.
        self.free_chat(id);
        self.deliveries.insert(next, Delivery::new(at.wall));
        self.make_ready(next, AT_ONCE);
        self.make_current(next);
        if let Some(campaign) = self.campaigns.get_mut(&id.campaign()) {
            campaign.state = campaign.state.once_renewed();
        }
        Ok(next)
    }

    fn next_generation(&self, id: DeliveryId) -> Option<DeliveryId> {
        let first = self.campaigns.get(&id.campaign())?.first_generation;
        self.recipient(id)?.newest.next_generation_from(first)
    }

    /// What was called off stays so.
    pub(super) fn may_send_again(&self, campaign: CampaignId) -> Result<(), Lost> {
        match self.campaigns.get(&campaign) {
            None => Err(Lost::NotFound),
            Some(it) if it.state == CampaignState::Cancelled => Err(Lost::Campaign(it.state)),
            Some(_) => Ok(()),
        }
    }

    pub(super) fn retry(
        &mut self,
        campaign: CampaignId,
        reason: Option<Reason>,
        max: usize,
        at: Stamp,
    ) -> Effect {
        let is_meant = |id: &&DeliveryId| {
            let failed_for = self.standing_of(**id).and_then(|standing| standing.reason);
            self.next_generation(**id).is_some()
                && match reason {
                    Some(reason) => failed_for == Some(reason),
                    None => failed_for != Some(Reason::GivenUp),
                }
        };
        let failed = self.failed.range(ids_of(campaign)).filter(is_meant);
        let meant: Vec<DeliveryId> = failed.copied().take(max).collect();
        let renewed = meant
            .into_iter()
            .filter(|id| self.new_generation(*id, at).is_ok());
        swept_effect(renewed.count())
    }
}
