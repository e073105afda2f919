//! Who knows whom: the account that last wrote to a phone, or that it wrote to.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::delivery::DeliveryId;
use crate::gateway::Account;
use crate::phone::PhoneNumber;

/// The accounts by the phones that they know.
#[derive(Clone, Default)]
pub(super) struct Known(BTreeMap<PhoneNumber, Row>);

#[derive(Clone)]
struct Row {
    account: Account,
    at: Timestamp,
    /// The delivery whose attempt brought it about, and who knew the phone before: for when nothing was sent after all.
    by: Option<(DeliveryId, Option<(Account, Timestamp)>)>,
}

impl Known {
    pub(super) fn account(&self, phone: PhoneNumber) -> Option<Account> {
        Some(self.0.get(&phone)?.account)
    }

    /// An attempt is on record.
    pub(super) fn written(
        &mut self,
        phone: PhoneNumber,
        account: Account,
        by: DeliveryId,
        at: Timestamp,
    ) {
        match self.0.get_mut(&phone) {
            Some(row) if row.account == account => row.at = row.at.max(at),
            before => {
                let before = before.map(|row| (row.account, row.at));
                let by = Some((by, before));
                self.0.insert(phone, Row { account, at, by });
            }
        }
    }

    /// The person has written to the account.
    pub(super) fn heard(&mut self, phone: PhoneNumber, account: Account, at: Timestamp) {
        if self.0.get(&phone).is_none_or(|row| row.at <= at) {
            let by = None;
            self.0.insert(phone, Row { account, at, by });
        }
    }

    /// Nothing was sent.
    pub(super) fn give_back(&mut self, phone: PhoneNumber, delivery: DeliveryId) {
        let Some(row) = self.0.get_mut(&phone) else {
            return;
        };
        match row.by {
            Some((by, Some((account, at)))) if by == delivery => {
                let by = None;
                *row = Row { account, at, by };
            }
            Some((by, None)) if by == delivery => {
                self.0.remove(&phone);
            }
            _ => {}
        }
    }
}
