//! Several processes that send from one database. Each is a worker: it attends some of the sessions, alone, for as long as its lease lasts.
//!
//! A lease is judged by the database's clock, and so is everything that workers put on record. What a worker attends is its own until it lets
//! go of it, or until its lease is over: then others take it up, with a new epoch, and the store takes nothing more of the earlier one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Change, Effect, Store, StoreError, Sweep, TakeOver};
use crate::clock::Stamp;
use crate::consent::Wish;
use crate::delivery::CampaignId;
use crate::gateway::{Account, Session};
use crate::limits::Slot;
use crate::phone::PhoneNumber;

/// For how long a worker has its lease from when it renewed it, where the store is not told otherwise.
pub const LEASE: Duration = Duration::from_secs(45);

/// An account that cannot send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldAccount {
    /// Whose.
    pub account: Account,
    /// In which of its slots.
    pub slot: Slot,
    /// Since when.
    pub since: Stamp,
}

/// What a worker does from here on, and what the others do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// When the lease was renewed, by the database's clock.
    pub at: Stamp,
    /// How long it lasts from then.
    pub lease: Duration,
    /// The sessions that the worker attends. Of what it attended before and is not among them, it lets go.
    pub sessions: BTreeSet<Session>,
    /// Whose the sessions are, also those of others, as far as that is on record.
    pub accounts: BTreeMap<Session, Account>,
    /// Accounts of others that cannot send.
    pub held: Vec<HeldAccount>,
    /// How many workers there are, without those that are about to leave.
    pub workers: u32,
    /// Which of them this one is, counted from zero; for one that is about to leave, none of them.
    pub place: u32,
}

impl Roster {
    /// How long after it asked for it a worker renews its lease: of 45 s, after 10.
    pub fn renew_after(&self) -> Duration {
        self.lease * 2 / 9
    }

    /// For how long after it asked for it a worker may write requests: of 45 s, for 30. The rest is longer than WAHA keeps an idle connection
    /// (5 s) and than writing takes, so that nothing of it is on its way when somebody else takes over.
    pub fn send_for(&self) -> Duration {
        self.lease * 2 / 3
    }
}

/// What others have changed that a worker has in memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// There are sessions that nobody attends, or will be: the lease is worth renewing at once.
    Roster,
    /// A campaign stands elsewhere, says something else, or has something to send again.
    Campaign(CampaignId),
    /// An account has other limits.
    Limits(Account),
    /// Look-ups are due that were not.
    Doubts,
    /// Somebody asked for something that they had not asked for before.
    Wished(PhoneNumber, Wish),
    /// Somebody opted out whose phone is not known, or it is found out, or is of no concern any more.
    Hidden,
}

impl News {
    /// What a change that had this effect is to others, if it is anything.
    pub fn of(change: &Change, effect: &Effect) -> Option<News> {
        match (change, effect) {
            (_, Effect::Lost(_)) => None,
            (_, Effect::Wished(phone, wish)) => Some(News::Wished(*phone, *wish)),
            (_, Effect::HiddenOptOut) | (Change::Lid { .. } | Change::Dismiss { .. }, _) => {
                Some(News::Hidden)
            }
            (
                Change::Campaign { campaign, .. }
                | Change::Message { campaign, .. }
                | Change::Share { campaign, .. },
                _,
            ) => Some(News::Campaign(*campaign)),
            (
                Change::Sweep {
                    campaign,
                    what: Sweep::Retry(_),
                    ..
                },
                Effect::Swept(1..),
            ) => Some(News::Campaign(*campaign)),
            (Change::NewGeneration { delivery }, _) => Some(News::Campaign(delivery.campaign())),
            (Change::LookNow { .. }, _) => Some(News::Doubts),
            (Change::Limits { account, .. }, _) => Some(News::Limits(*account)),
            _ => None,
        }
    }
}

/// A store that several workers share.
///
/// A handle that has [joined](Workers::join) is a worker's. [`Store::commit`] and [`Store::lane`] of such a handle take nothing once its lease is
/// over ([`StoreError::Dismissed`]), and [`Store::step_down`] leaves: others take up at once what it attended. Sessions are those of all live
/// campaigns. The sessions of one account are attended by one worker.
#[async_trait]
pub trait Workers: Store {
    /// Becomes a worker. When no other one lives, this does what [`Store::take_over`] does; otherwise nothing is changed. The worker attends
    /// nothing before it has renewed its lease. [`TakeOver::at`] is the database's clock, by which all that workers put on record is stamped.
    ///
    /// # Errors
    /// [`StoreError::RunnerBusy`] while a process runs that wants to be the only one.
    async fn join(&self, now: Stamp) -> Result<TakeOver, StoreError>;

    /// Renews the worker's lease, tells which of its accounts cannot send, and takes up sessions that nobody attends, up to its fair share.
    /// With a session goes the lane that was opened through it last: its epoch rises, and what was left in `sending` is `unconfirmed`.
    ///
    /// # Errors
    /// [`StoreError::Dismissed`] when the lease was over: the worker may join again.
    async fn renew(&self, held: &[HeldAccount]) -> Result<Roster, StoreError>;

    /// The worker is about to leave: it takes up nothing more, and is not counted any more. Its roster names no session from here on, so that it
    /// lets go of each as soon as nothing is under way through it.
    ///
    /// # Errors
    /// [`StoreError::Dismissed`] when its lease is over.
    async fn retire(&self) -> Result<(), StoreError>;

    /// Lets go of sessions through which nothing of this worker is under way any more.
    async fn let_go(&self, sessions: &[Session]) -> Result<(), StoreError>;

    /// What others have changed since this was asked last, or since the worker joined. No news is told twice.
    async fn news(&self) -> Result<BTreeSet<News>, StoreError>;
}

/// How many sessions a worker is to have that has `own`, beside others that have so many each, of `all` that there are: in the end nobody has
/// two more than somebody else, and nothing moves that need not.
pub fn fair_share(own: usize, others: &[usize], all: usize) -> usize {
    let workers = others.len() + 1;
    let (least, most) = (all / workers, all.div_ceil(workers));
    let free = all.saturating_sub(own + others.iter().sum::<usize>());
    let wanted: usize = others.iter().map(|it| least.saturating_sub(*it)).sum();
    // Beyond what everybody has at least, it takes what nobody else wants.
    let to_least = least.saturating_sub(own).min(free);
    let beyond = most.saturating_sub(own.max(least));
    let taken = to_least + beyond.min((free - to_least).saturating_sub(wanted));
    if taken > 0 {
        return own + taken;
    }
    let spared = wanted.saturating_sub(free).min(own.saturating_sub(least));
    own - spared.max(own.saturating_sub(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{BootId, Elapsed};

    #[test]
    fn a_lease_leaves_time_to_renew_it_and_for_what_is_on_its_way() {
        let roster = Roster {
            at: Stamp {
                elapsed: Elapsed::default(),
                wall: jiff::Timestamp::UNIX_EPOCH,
                boot: BootId(0),
            },
            lease: LEASE,
            sessions: BTreeSet::new(),
            accounts: BTreeMap::new(),
            held: Vec::new(),
            workers: 1,
            place: 0,
        };
        assert_eq!(roster.renew_after(), Duration::from_secs(10));
        assert_eq!(roster.send_for(), Duration::from_secs(30));
    }

    #[test]
    fn shares_are_fair_and_stay_where_they_are() {
        for (own, others, all, share) in [
            (0, &[][..], 5, 5),
            (5, &[], 5, 5),
            (4, &[0], 4, 2),
            // They have to let go of some first.
            (0, &[4], 4, 0),
            (3, &[2], 5, 3),
            (2, &[3], 5, 2),
            (2, &[2, 0], 4, 1),
            (2, &[0, 2], 4, 1),
            (0, &[1, 2], 4, 1),
            // What somebody has just let go of is for whoever has less.
            (1, &[2, 0], 4, 1),
            (0, &[2, 1], 4, 1),
            // Somebody died, and what he had is for whoever has least.
            (2, &[2], 6, 3),
            // More workers than sessions.
            (1, &[1, 0, 0], 2, 1),
            (0, &[1, 1, 0], 2, 0),
            (0, &[0], 0, 0),
        ] {
            let found = fair_share(own, others, all);
            assert_eq!(found, share, "{own} beside {others:?} of {all}");
        }
    }
}
