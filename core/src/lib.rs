//! Meltemi's core: records as Automerge documents, and the engine that syncs them.
//!
//! Nothing in this crate does input or output: time, randomness, storage and
//! network come in as values and go out as effects, so that the same code runs
//! in the server, in the browser and in a simulation.

pub mod access;
pub mod command;
pub mod conflict;
pub mod genesis;
pub mod id;
pub mod indicator;
pub mod order;
pub mod record;
pub mod sensitive;
pub mod sync;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod view;
pub mod wire;
pub mod workspace;
