//! Where a server keeps documents. The contract is [`meltemi_core::sync::storage`].

pub(crate) mod database;
pub(crate) mod entry;
pub(crate) mod flush_mark;
pub mod memory;
pub(crate) mod part;
pub(crate) mod rescue;
pub(crate) mod salvage;
pub mod sled;
pub(crate) mod thread;
