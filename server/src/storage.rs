//! Where a server keeps documents. The contract is [`meltemi_core::sync::storage`].

mod backlog;
pub(crate) mod beside;
pub(crate) mod database;
pub(crate) mod entry;
pub(crate) mod failure;
pub(crate) mod flush_mark;
pub mod memory;
pub(crate) mod part;
pub mod place;
pub(crate) mod reading;
pub mod redb;
pub(crate) mod rescue;
pub(crate) mod salvage;
pub mod sled;
pub(crate) mod thread;
