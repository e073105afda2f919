//! SQL stores of the campaign engine.
//!
//! [`SqliteStore`] keeps campaigns in one file beside the program: one process sends, any other may read and
//! leave commands. What a store promises is told by [`campaign_core::store::Store`] and checked by its contract.

#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
pub use self::sqlite::{
    CampaignSince, Depth, Durability, Existing, HoldSeen, Inspection, LaneSeen, Options, Prunable,
    Pruning, Restored, Since, SqliteStore, Trouble, TroubleKind, inspect, restore,
};
