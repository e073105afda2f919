//! SQL stores of the campaign engine.
//!
//! [`SqliteStore`] keeps campaigns in one file beside the program: one process sends, any other may read and
//! leave commands. `PostgresStore` (feature `postgres`) keeps them in a PostgreSQL database, for one process that sends as well, or for several
//! workers that share its sessions ([`campaign_core::store::Workers`]).
//! `migrate` moves a database from the one to the other. [`Prune`] takes people out of campaigns that are over, in both.
//! What a store promises is told by [`campaign_core::store::Store`] and checked by its contract.
#![forbid(unsafe_code)]

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod codes;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod doubt;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod holder;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod migrate;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod options;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod prune;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod random;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod seen;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(all(feature = "sqlite", feature = "postgres"))]
pub use self::migrate::{Migrated, migrate};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::options::{Durability, Options};
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresStore, ServerInspection};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::prune::{Prunable, Prune, Pruning};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::seen::{HoldSeen, LaneSeen};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{
    CampaignSince, Depth, Existing, Inspection, Restored, Since, SqliteStore, Trouble, TroubleKind,
    inspect, may_write, restore,
};
