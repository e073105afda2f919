//! What is held in memory of one run of changes: rows as they are now, and what of them was read.

use campaign_core::campaign::{CampaignState, Category};
use campaign_core::delivery::{DeliveryId, Standing, State};
use campaign_core::limits::Slot;
use campaign_core::store::{Epoch, LaneId, LaneNote};

/// A delivery as its row has it, and what hangs on it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: DeliveryId,
    pub(super) phone: i64,
    pub(super) standing: Standing,
    pub(super) is_superseded: bool,
    pub(super) is_remarked: bool,
    pub(super) changed_at: i64,
    pub(super) attempt: Option<Attempt>,
    pub(super) doubt: Option<Doubt>,
}

/// The latest attempt of a delivery.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) seq: i64,
    pub(super) lane: LaneId,
    pub(super) slot: Slot,
    pub(super) text_hash: u64,
    pub(super) started_at: i64,
}

/// When a doubtful delivery is looked up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Doubt {
    pub(super) next_look: Option<i64>,
    pub(super) restoration: Option<i64>,
    pub(super) looks: u8,
    pub(super) missing: Option<String>,
}

/// A delivery as it is now, and as it was read.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) row: Row,
    /// `None`: it was not there.
    pub(super) was: Option<State>,
    pub(super) was_in_doubt: bool,
    pub(super) is_moved: bool,
    pub(super) is_doubt_changed: bool,
}

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) account: i64,
    pub(super) epoch: Epoch,
    /// Somebody whom the account knows by a LID alone has opted out.
    pub(super) has_hidden_opt_out: bool,
    pub(super) newest_cold: Option<i64>,
    pub(super) newest_reply: Option<i64>,
    pub(super) note: Option<LaneNote>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Campaign {
    pub(super) state: CampaignState,
    pub(super) category: Category,
    /// Those below it may have been given before, in what an older copy does not know.
    pub(super) first_generation: u8,
}

/// Whose open attempt a chat has, and had.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chat {
    pub(super) delivery: Option<i64>,
    pub(super) was: Option<i64>,
}

/// An attempt that goes on record.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) seq: i64,
    pub(super) delivery: i64,
    pub(super) previous: Option<i64>,
    pub(super) lane: LaneId,
    pub(super) epoch: Epoch,
    pub(super) slot: Slot,
    pub(super) kind: u8,
    pub(super) text_hash: u64,
}

/// An attempt's end, unless it ended before.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) outcome: u8,
    pub(super) message: Option<String>,
}
