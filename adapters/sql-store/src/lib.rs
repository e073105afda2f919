//! SQL stores of the campaign engine.
//!
//! [`SqliteStore`] keeps campaigns in one file beside the program: one process sends, any other may read and
//! leave commands. What a store promises is told by [`campaign_core::store::Store`] and checked by its contract.

#[cfg(feature = "sqlite")]
mod codes;
#[cfg(feature = "sqlite")]
mod holder;
#[cfg(feature = "sqlite")]
mod options;
#[cfg(feature = "sqlite")]
mod random;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
pub use self::options::{Durability, Options};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{
    CampaignSince, Depth, Existing, HoldSeen, Inspection, LaneSeen, Prunable, Pruning, Restored,
    Since, SqliteStore, Trouble, TroubleKind, inspect, restore,
};
