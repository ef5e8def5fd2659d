//! What a replica counts of its own work, for whoever runs it.

use std::collections::BTreeMap;

/// Counts since the replica was started, and what there is now. No names and no contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Documents on the disk, now.
    pub documents: u64,
    /// Documents in memory, now.
    pub loaded: u64,
    /// Open connections, now.
    pub connections: u64,
    /// Frames received.
    pub frames: u64,
    /// Bytes of these frames.
    pub bytes: u64,
    /// Writes that the disk has answered.
    pub writes: u64,
    /// Documents that the library has failed at and that are shut.
    pub shut: u64,
    /// Changes of peers that were refused, by code.
    pub refusals: BTreeMap<&'static str, u64>,
    /// Connections that this replica closed, by the code of [`super::closing::Closing`].
    pub closings: BTreeMap<&'static str, u64>,
}
