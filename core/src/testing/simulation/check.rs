//! What must hold in a simulated world that has come to rest.

use std::collections::BTreeMap;

use automerge::{Automerge, ROOT, ReadDoc};

use super::people::hidden;
use super::policy::{FORBIDDEN, is_blind};
use super::{PLAIN, SERVER, Simulation};
use crate::id::DocumentId;
use crate::sync::input::Input;

/// Bytes that a device and the server may use to find out that nothing has changed.
const GREETING: u64 = 800;

impl Simulation {
    /// All replicas hold the same, nothing saved is lost, and nothing waits.
    pub(super) fn check_equal(&mut self) {
        let mut all: Vec<BTreeMap<DocumentId, Vec<String>>> = Vec::new();
        for (number, replica) in self.replicas.iter().enumerate() {
            let repo = replica
                .running
                .as_ref()
                .expect("all replicas run when faults are over");
            for (document, hashes) in &replica.promised {
                assert!(
                    replica.disk.has(document, hashes),
                    "replica {number} has lost a saved change of {document}"
                );
                assert!(
                    number == SERVER || self.replicas[SERVER].disk.has(document, hashes),
                    "the server lacks a change of {document} that replica {number} saved"
                );
            }
            if number != SERVER {
                let status = repo.status();
                assert_eq!((status.unsaved, status.waiting), (0, 0), "replica {number}");
                assert_eq!(status.receiving, None, "replica {number}");
            }
            repo.loaded().for_each(|(id, doc)| sound(id, doc));
            all.push(
                repo.catalogue()
                    // What nobody has any more after the server was restored.
                    .filter(|e| !e.says_nothing())
                    .map(|e| (e.document, e.heads.iter().map(hex::encode).collect()))
                    .collect(),
            );
        }
        for (document, heads) in &self.acknowledged {
            assert!(
                self.replicas[SERVER].disk.has(document, heads),
                "the server has lost acknowledged changes of {document}"
            );
        }
        assert_eq!(all[0], all[1], "server and first device differ");
        let mut visible = all[0].clone();
        visible.retain(|document, _| !is_blind(2) || *document != hidden());
        assert_eq!(visible, all[2], "server and second device differ");
        if self.plan.plain {
            self.check_plain(&visible);
        }
        self.tally.heads = all.swap_remove(0);
    }

    fn check_plain(&self, visible: &BTreeMap<DocumentId, Vec<String>>) {
        let plain: BTreeMap<_, Vec<_>> = self
            .plain
            .documents()
            .map(|(id, doc)| {
                (
                    *id,
                    doc.get_heads().iter().map(|h| hex::encode(h.0)).collect(),
                )
            })
            .collect();
        assert_eq!(*visible, plain, "server and plain client differ");
    }

    /// Devices that have nothing new only greet.
    pub(super) fn check_greeting(&mut self) {
        let devices = [1, 2];
        for device in devices {
            self.cut_lines(device);
        }
        self.run_for(1_000);
        for device in devices {
            self.feed(device, Input::Reconnect);
        }
        self.run_for(5_000);
        for (connection, line) in &self.lines {
            if line.device == PLAIN {
                continue;
            }
            assert_eq!(
                line.watch.substance, 0,
                "a device that has nothing new said more than hello on {connection:?}"
            );
            assert!(
                line.watch.bytes <= GREETING,
                "{} bytes to find out that nothing has changed",
                line.watch.bytes
            );
        }
        let online = devices.iter().all(|device| {
            let mut lines = self.lines.values();
            lines.any(|line| line.device == *device)
        });
        assert!(online, "a device did not come back");
    }
}

/// Nothing is kept of what was refused or given up.
fn sound(id: &DocumentId, doc: &Automerge) {
    for key in [FORBIDDEN, "half"] {
        let found = doc.get(ROOT, key);
        assert!(
            matches!(found, Ok(None)),
            "{id} has kept a change that was refused or given up"
        );
    }
}
