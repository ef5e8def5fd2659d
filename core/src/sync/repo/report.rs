//! What the replica says of itself: counts, notices, status.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::DocumentId;
use crate::order;
use crate::sync::document::{Document, Phase};
use crate::sync::metrics::Metrics;
use crate::sync::policy::Policy;
use crate::sync::repo::Repo;
use crate::sync::repo::follow::Follow;
use crate::sync::status::{Notice, NoticeCode, Progress, SyncStatus};
use crate::wire::limits::NOTICES;

impl<P: Policy> Repo<P> {
    pub(super) fn report(&self) -> SyncStatus {
        let loading = (self.config.follows_all && !self.is_ready()).then(|| Progress {
            done: self.documents.values().filter(|d| d.is_loaded()).count() as u64,
            of: self.documents.len() as u64,
        });
        SyncStatus {
            line: self.line.view(|at| self.shown(at)),
            unsaved: self.unsaved.values().sum(),
            waiting: self.waiting.values().sum(),
            waiting_documents: self.waiting.len() as u64,
            synced_at: self.synced_at.map(|at| self.shown(at)),
            loading,
            receiving: self.follow.as_ref().and_then(Follow::receiving),
            refused: self.refused_edits(),
            notices: self.notices.iter().cloned().collect(),
        }
    }

    /// The documents with changes that the server is not known to have, the refused ones included.
    pub fn unsent(&self) -> BTreeSet<DocumentId> {
        let refused = self.refused_edits().into_iter().map(|edits| edits.document);
        order::set(self.waiting.keys().copied().chain(refused))
    }

    /// Counts again what is unsaved and unsynced in the documents of this step.
    ///
    /// Only a replica that follows all has a server to wait for.
    pub(super) fn recount(&mut self) {
        for id in std::mem::take(&mut self.touched) {
            let (unsaved, waiting, refused) = match self.documents.get(&id) {
                Some(d) if d.is_loaded() => {
                    let unsaved = d.count_since(&d.on_disk);
                    let follows = self.config.follows_all;
                    let unsent = if follows { d.count_since(&d.synced) } else { 0 };
                    // What was refused as a whole is told as that.
                    match d.is_refused_whole() {
                        true => (unsaved, 0, unsent),
                        false => (unsaved, unsent, 0),
                    }
                }
                // What is in it that the server lacks is not known: it counts as one change.
                Some(d) if self.config.follows_all && matches!(d.phase, Phase::Unread { .. }) => {
                    (0, 1, 0)
                }
                _ => continue,
            };
            self.status_changed |= set(&mut self.unsaved, id, unsaved);
            self.status_changed |= set(&mut self.waiting, id, waiting);
            self.status_changed |= set(&mut self.refused_whole, id, refused);
        }
        // The server has everything, and has said so.
        if self.waiting.is_empty() && self.follow.as_ref().is_some_and(Follow::is_live) {
            self.synced_at = Some(self.now);
        }
    }

    /// Puts a notice on the list, unless the same one is on it already.
    pub(super) fn notice(
        &mut self,
        code: NoticeCode,
        document: Option<DocumentId>,
        message: impl Into<String>,
    ) {
        if self
            .notices
            .iter()
            .any(|n| n.code == code && n.document == document)
        {
            return;
        }
        if self.notices.len() == NOTICES {
            self.notices.pop_front();
        }
        self.notices.push_back(Notice {
            code,
            document,
            message: message.into(),
        });
        self.status_changed = true;
    }

    /// Takes notices off that no longer hold.
    pub(super) fn resolve(&mut self, holds: impl Fn(&Notice) -> bool) {
        let before = self.notices.len();
        self.notices.retain(holds);
        self.status_changed |= self.notices.len() != before;
    }

    pub(super) fn dismiss(&mut self, notice: usize) {
        if notice < self.notices.len() {
            self.notices.remove(notice);
            self.status_changed = true;
        }
    }

    /// What this replica has counted.
    pub fn metrics(&self) -> Metrics {
        Metrics {
            documents: self.catalogue.iter().count() as u64,
            loaded: self.documents.len() as u64,
            connections: self.peers.len() as u64,
            ..self.counts.clone()
        }
    }

    /// Whether no document's last write failed.
    pub fn disk_works(&self) -> bool {
        !self.documents.values().any(Document::write_failed)
    }
}

/// Sets a count, dropping it at zero. Returns whether it changed.
fn set(counts: &mut BTreeMap<DocumentId, u64>, id: DocumentId, count: u64) -> bool {
    let before = if count == 0 {
        counts.remove(&id)
    } else {
        counts.insert(id, count)
    };
    before.unwrap_or(0) != count
}
