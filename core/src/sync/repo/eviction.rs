//! Which documents stay in memory.
//!
//! A replica that follows all keeps them all. A server keeps those that something is under way
//! with, and of the others those that were of use last.

use crate::id::DocumentId;
use crate::order;
use crate::sync::document::{Document, DocumentPeer, Phase};
use crate::sync::policy::Policy;
use crate::sync::repo::Repo;

/// Documents that are looked at in vain for each step that passes until the next search.
const STEPS: u64 = 64;

impl<P: Policy> Repo<P> {
    /// Puts documents out of memory when there are more than are to be kept.
    pub(super) fn evict(&mut self) {
        // A quarter more before anything is done, so that the search is worth it.
        let count = self.documents.len();
        let limit = self.config.kept + self.config.kept / 4;
        if self.config.follows_all || count <= limit || self.step < self.evicts {
            return;
        }
        // Plain peers that owe an answer keep a document only as long as there are others to go.
        let mut idle: Vec<(bool, u64, DocumentId)> = self
            .documents
            .values()
            .filter(|document| document.used < self.step && is_idle(document))
            .map(|document| (!is_agreed(document), document.used, document.id))
            .collect();
        order::sort_by(&mut idle, Ord::cmp);
        let surplus = count - self.config.kept;
        if idle.len() < surplus {
            // So that a search costs little, however often it finds nothing.
            self.evicts = self.step + 1 + count as u64 / STEPS;
        }
        for (_, _, id) in idle.into_iter().take(surplus) {
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

/// Whether nothing is lost and nobody is kept waiting when a document goes out of memory. What is
/// cheap to find out comes first.
fn is_idle(document: &Document) -> bool {
    let answered = |peer: &DocumentPeer| peer.answered && peer.missing.is_empty();
    document.phase == Phase::Ready
        && document.compaction.is_none()
        && document.inbox.is_empty()
        && document.wanted.is_empty()
        && document.missing.is_empty()
        && document.peers.values().all(answered)
        && (document.is_found() || document.peers.is_empty())
        && !document.is_dirty()
}

/// Whether every plain peer that has it open has said that it has the same.
fn is_agreed(document: &Document) -> bool {
    let heads = document.doc.get_heads();
    let agreed = |peer: &DocumentPeer| {
        peer.shown == heads && peer.state.their_heads.as_ref() == Some(&heads)
    };
    document.peers.values().all(agreed)
}
