//! For tests of this and other crates: a simulated world in which replicas run on virtual time,
//! with a disk that can crash and lines that can be cut at any moment.

pub mod disk;
pub mod simulation;
