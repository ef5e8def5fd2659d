//! For tests of this and other crates: a simulated world in which replicas run on virtual time,
//! with a disk that can crash and lines that can be cut at any moment, messages that attack, and
//! collections of many records.

pub mod collection;
pub mod disk;
pub mod hostile;
pub mod simulation;
