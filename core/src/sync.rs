//! The sync engine: everything between a frame, a disk and a document.
//!
//! Sans-IO: [`repo::Repo::handle`] takes an [`input::Input`] and the time, and
//! the caller drains [`repo::Repo::poll`] until it is empty. What a record
//! is, this module does not know; a [`policy::Policy`] is handed in.

pub mod admission;
mod allowance;
pub mod author;
mod catalogue;
pub mod closing;
mod document;
pub mod input;
pub mod metrics;
pub mod output;
mod peer;
pub mod policy;
pub mod reconcile;
pub mod repo;
pub mod status;
pub mod storage;
