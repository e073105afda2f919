//! What can be seen of an account in a database, of either kind, without sending from it.

use campaign_core::failure::Trouble;
use campaign_core::gateway::{Account, Session};
use campaign_core::store::{LaneHealth, StoreOn, Trusted};
use jiff::Timestamp;

use crate::codes::{self, Unreadable};

/// What a database knows of an account.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LaneSeen {
    /// Whose lane.
    pub account: Account,
    /// The session it was last opened through.
    pub session: Session,
    /// Where message ids have proved to be honoured.
    pub trusted: Trusted,
    /// Where its messages are kept.
    pub store_on: Option<StoreOn>,
    /// Why nothing is sent, or was when that was last noted: for the whole account, for strangers, and for what went wrong.
    pub holds: Vec<HoldSeen>,
}

/// A hold that is on record. One whose end has passed may be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldSeen {
    /// Why.
    pub trouble: Trouble,
    /// Since when, where that is on record.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
}

/// A lane's columns.
pub(crate) struct LaneColumns {
    pub(crate) account: i64,
    pub(crate) session: String,
    pub(crate) trusted: String,
    pub(crate) store_on: Option<String>,
    /// Why, and until when: for the whole account, and for strangers.
    pub(crate) holds: [(Option<String>, Option<i64>); 2],
    pub(crate) health: Option<String>,
}

impl LaneColumns {
    pub(crate) fn seen(self) -> Result<LaneSeen, Unreadable> {
        let mut holds = Vec::new();
        for hold in self.holds {
            if let (Some(trouble), Some(until)) = hold {
                holds.push(HoldSeen {
                    trouble: serde_json::from_str(&trouble)?,
                    since: None,
                    until: codes::moment(until)?,
                });
            }
        }
        let health = self.health.as_deref().map(serde_json::from_str);
        let health: LaneHealth = health.transpose()?.unwrap_or_default();
        let unwell = [health.session, health.cold, health.reply].into_iter();
        holds.extend(unwell.filter_map(|it| it.unwell).map(|unwell| HoldSeen {
            trouble: unwell.trouble,
            since: Some(unwell.since),
            until: unwell.until,
        }));
        let store_on = self.store_on.as_deref().map(serde_json::from_str);
        Ok(LaneSeen {
            account: Account(codes::phone(self.account)?),
            session: Session::new(&self.session),
            trusted: serde_json::from_str(&self.trusted)?,
            store_on: store_on.transpose()?,
            holds,
        })
    }
}
