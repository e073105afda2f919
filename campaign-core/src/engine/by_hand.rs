//! What a person sends from an account: on record first, so that it counts once and in every process, then in the lane's limits.

use super::Engine;
use crate::clock::Now;
use crate::gateway::Account;
use crate::limits::SentByHand;
use crate::store::{ByHand, Change};

/// Messages of accounts whose lane is not open yet.
const PARKED_MAX: usize = 1_024;

impl Engine {
    pub(super) fn sent_by_hand(&mut self, sent: ByHand) {
        match self.lanes.of_account(sent.account) {
            Some(lane) if lane.pacer.limits().counts_by_hand => {
                self.changes.push(Change::ByHand(sent));
            }
            Some(_) => {}
            // A lane that is being read now may have been read before this, and would not know of it.
            None if self.early_by_hand.len() < PARKED_MAX => self.early_by_hand.push(sent),
            None => {}
        }
    }

    /// The lane of an account is open now.
    pub(super) fn lane_counts_by_hand(&mut self, account: Account) {
        let (of_it, others) = std::mem::take(&mut self.early_by_hand)
            .into_iter()
            .partition(|sent| sent.account == account);
        self.early_by_hand = others;
        let of_it: Vec<ByHand> = of_it;
        for sent in of_it {
            self.sent_by_hand(sent);
        }
    }

    /// It is on record, and was not before.
    pub(super) fn counted(&mut self, account: Account, sent: SentByHand, now: Now) {
        if let Some(lane) = self.lanes.of_account_mut(account) {
            lane.pacer.sent_by_hand(sent, now);
        }
    }
}
