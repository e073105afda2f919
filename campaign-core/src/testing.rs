//! For tests of the engine and of stores, ours and users': a clock set by hand, a store in memory, a gateway that follows a
//! script, and the contract every store must fulfil.

mod manual_clock;
mod memory_store;
mod scripted_gateway;
pub mod store_contract;

pub use self::manual_clock::ManualClock;
pub use self::memory_store::{CommitFault, MemoryStore, Snapshot};
pub use self::scripted_gateway::{Hold, Play, Receipt, ScriptedGateway, Sent};
