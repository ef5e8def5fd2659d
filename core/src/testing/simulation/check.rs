//! What must hold in a simulated world that has come to rest.

use std::collections::BTreeMap;

use super::{SERVER, Simulation};
use crate::id::DocumentId;

impl Simulation {
    /// All replicas hold the same, nothing saved is lost, and nothing waits.
    pub(super) fn check_equal(&mut self) {
        let mut all: Vec<BTreeMap<DocumentId, Vec<String>>> = Vec::new();
        for (number, replica) in self.replicas.iter().enumerate() {
            let workspace = replica
                .running
                .as_ref()
                .expect("all replicas run when faults are over");
            for (document, hashes) in &replica.promised {
                let hashes: Vec<_> = hashes.iter().copied().collect();
                assert!(
                    replica.disk.has(document, &hashes),
                    "replica {number} has lost a saved change of {document}"
                );
            }
            if number != SERVER {
                let status = workspace.status();
                assert_eq!((status.unsaved, status.waiting), (0, 0), "replica {number}");
            }
            all.push(
                workspace
                    .catalogue()
                    .map(|e| (e.document, e.heads.iter().map(hex::encode).collect()))
                    .collect(),
            );
        }
        assert_eq!(all[0], all[1], "server and first device differ");
        assert_eq!(all[0], all[2], "server and second device differ");
        self.tally.heads = all.swap_remove(0);
    }
}
