//! Which documents stay in memory.
//!
//! A replica that follows all keeps them all. A server keeps those that something is under way
//! with, and of the others those that were of use last.

use crate::id::DocumentId;
use crate::order;
use crate::sync::document::{Document, DocumentPeer, Phase};
use crate::sync::policy::Policy;
use crate::sync::repo::Repo;

impl<P: Policy> Repo<P> {
    /// Puts documents out of memory when there are more than are to be kept.
    pub(super) fn evict(&mut self) {
        // A quarter more before anything is done, so that the search is worth it.
        let limit = self.config.kept + self.config.kept / 4;
        if self.config.follows_all || self.documents.len() <= limit {
            return;
        }
        let mut idle: Vec<(u64, DocumentId)> = self
            .documents
            .values()
            .filter(|document| document.used < self.step && is_idle(document))
            .map(|document| (document.used, document.id))
            .collect();
        order::sort_by(&mut idle, Ord::cmp);
        let surplus = self.documents.len() - self.config.kept;
        for (_, id) in idle.into_iter().take(surplus) {
            if let Some(document) = self.documents.remove(&id)
                && !document.peers.is_empty()
            {
                let peers = document.peers.into_keys().collect();
                self.sleeping.insert(id, peers);
            }
        }
    }

    /// Puts documents of this step out of memory that turned out not to exist. Plain peers that
    /// asked for them are told when they come.
    pub(super) fn forget_empty(&mut self) {
        if self.config.follows_all {
            return;
        }
        for id in &self.touched {
            let listed = self.catalogue.contains(id);
            let document = self.documents.get(id);
            if listed || !document.is_some_and(Document::is_empty) {
                continue;
            }
            if let Some(document) = self.documents.remove(id)
                && !document.peers.is_empty()
            {
                let peers = document.peers.into_keys().collect();
                self.sleeping.insert(*id, peers);
            }
        }
    }
}

/// Whether nothing is lost and nobody is kept waiting when a document goes out of memory.
fn is_idle(document: &Document) -> bool {
    let heads = document.doc.get_heads();
    let agreed = |peer: &DocumentPeer| {
        peer.missing.is_empty()
            && peer.shown == heads
            && peer.state.their_heads.as_ref() == Some(&heads)
    };
    document.phase == Phase::Ready
        && (document.is_found() || document.peers.is_empty())
        && !document.is_dirty()
        && document.missing.is_empty()
        && document.compaction.is_none()
        && document.inbox.is_empty()
        && document.wanted.is_empty()
        && document.peers.values().all(agreed)
}
