//! What becomes of edits that the server refuses.

use automerge::{Automerge, ChangeHash};

use crate::id::DocumentId;
use crate::sync::document::{Document, from_raw};
use crate::sync::output::Output;
use crate::sync::policy::Policy;
use crate::sync::repo::Repo;
use crate::sync::status::{NoticeCode, RefusedEdits};
use crate::sync::storage::{ChunkKind, StoredChunk};
use crate::wire::frame::Reason;

impl<P: Policy> Repo<P> {
    /// Puts beside the document what the server does not take, as soon as no write is under way.
    /// Returns whether there is an accepted version to go back to; without one the document is
    /// kept as it is, with the reason.
    pub(super) fn set_aside(&mut self, id: DocumentId, reason: Reason) -> bool {
        let accepted = self.accepted(&id);
        let goes_back = !accepted.is_empty();
        let Some(document) = self.documents.get_mut(&id) else {
            return false;
        };
        document.refusal = Some((accepted, reason));
        self.pump(id);
        goes_back
    }

    /// What the server has of a document, as far as it is here.
    fn accepted(&self, id: &DocumentId) -> Vec<ChangeHash> {
        let mirror = self.catalogue.get(id).map(|entry| from_raw(&entry.synced));
        let Some(document) = self.documents.get(id) else {
            return Vec::new();
        };
        let known = document.synced.iter().copied();
        let all = known.chain(mirror.into_iter().flatten());
        all.filter(|head| document.has(head)).collect()
    }

    /// Does what [`Self::set_aside`] has put off. Called while no write is under way.
    pub(super) fn aside_now(&mut self, id: DocumentId) {
        let now = self.now;
        let refusal = self.documents.get_mut(&id).and_then(|d| d.refusal.take());
        let Some((mut accepted, reason)) = refusal else {
            return;
        };
        // What the server was heard to have since must not go with what it refused.
        accepted.extend(self.accepted(&id));
        let Some(document) = self.documents.get_mut(&id) else {
            return;
        };
        let message = reason.message.clone();
        // Edits that cannot be taken apart stay in the document; they are refused again next time.
        if document.set_aside(&accepted, reason, now) == Ok(true) {
            if accepted.is_empty() && !document.is_refused_whole() {
                // Other edits are beside it already, with the reason of those.
                self.notice(NoticeCode::Refused, Some(id), message);
            }
            self.status_changed = true;
            self.outputs.push_back(Output::Changed {
                document: id,
                local: false,
            });
        }
    }

    /// Another process that shares this storage has put edits beside a document: here they go
    /// with everything that was built on them since.
    pub(super) fn aside_elsewhere(&mut self, id: DocumentId, chunks: &[StoredChunk]) {
        if !chunks
            .iter()
            .any(|chunk| chunk.key.kind == ChunkKind::Refused)
        {
            return;
        }
        let snapshot = chunks.iter().find(|c| c.key.kind == ChunkKind::Snapshot);
        let heads: Vec<ChangeHash> = snapshot
            .and_then(|chunk| Automerge::load(&chunk.bytes).ok())
            .map(|doc| doc.get_heads())
            .unwrap_or_default();
        if let Some(document) = self.documents.get_mut(&id)
            && let Some(aside) = document.aside.as_ref().filter(|aside| !aside.is_whole())
        {
            let reason = aside.reason.clone();
            document.refusal = Some((heads, reason));
        }
    }

    /// Takes refused edits into their document again, to be sent once more, or drops them; with
    /// them a document that was refused as a whole. Returns whether there were any.
    pub(super) fn end_aside(&mut self, id: DocumentId, again: bool) -> bool {
        let Some(document) = self.documents.get_mut(&id).filter(|d| d.aside.is_some()) else {
            return false;
        };
        if document.is_refused_whole() && !again {
            document.given_up = true;
            self.pump(id);
            return true;
        }
        if !document.end_aside(again) {
            return false;
        }
        if let Some(follow) = &mut self.follow {
            follow.take_up(&id);
        }
        self.status_changed = true;
        self.outputs.push_back(Output::Changed {
            document: id,
            local: false,
        });
        self.pump(id);
        true
    }

    /// A person at another tab has decided about refused edits. A document that is given up there
    /// is removed there, and this replica is told of that.
    pub(super) fn end_aside_elsewhere(&mut self, id: DocumentId, again: bool) {
        if again || !self.is_refused_whole(&id) {
            self.end_aside(id, again);
        }
    }

    /// Whether the server has refused a document that is in memory, all of it as far as is known.
    pub(super) fn is_left_refused(&self, id: &DocumentId) -> bool {
        let document = self.documents.get(id);
        document.is_some_and(|d| d.is_refused_whole() || d.refusal.is_some())
    }

    /// Whether the server has refused all of a document that is in memory.
    pub(super) fn is_refused_whole(&self, id: &DocumentId) -> bool {
        let document = self.documents.get(id);
        document.is_some_and(Document::is_refused_whole)
    }

    /// The server has taken a document after all, or has begun one of that id: what else there is
    /// in this one is sent again.
    pub(super) fn drop_whole(&mut self, id: DocumentId) {
        let document = self.documents.get_mut(&id);
        if document.is_some_and(Document::drop_whole) {
            self.status_changed = true;
            if let Some(follow) = &mut self.follow {
                follow.take_up(&id);
            }
        }
    }

    /// Removes a document that a person has given up, of which the server has nothing. Called while
    /// no write is under way. Returns whether it was removed.
    pub(super) fn remove_given_up(&mut self, id: DocumentId) -> bool {
        let entry = self.catalogue.get(&id);
        let listed = entry.is_some_and(|entry| !entry.synced.is_empty());
        let Some(document) = self.documents.get_mut(&id).filter(|d| d.given_up) else {
            return false;
        };
        // Others may have begun the same record meanwhile, and the server has taken theirs.
        document.given_up = document.is_refused_whole() && document.inbox.is_empty() && !listed;
        let gives_up = document.given_up && document.compaction.is_none();
        if gives_up {
            self.remove(id);
        }
        gives_up
    }

    /// All refused edits that wait for a person.
    pub fn refused_edits(&self) -> Vec<RefusedEdits> {
        let documents = self.documents.values();
        documents
            .filter_map(|document| {
                let aside = document.aside.as_ref()?;
                Some(RefusedEdits {
                    document: document.id,
                    code: aside.reason.code.clone(),
                    message: aside.reason.message.clone(),
                    at: aside.at,
                    changes: self
                        .refused_whole
                        .get(&document.id)
                        .copied()
                        .unwrap_or(aside.count),
                    whole: aside.is_whole(),
                })
            })
            .collect()
    }

    /// A document as it would be with its refused edits.
    pub fn with_refused(&self, id: &DocumentId) -> Option<Automerge> {
        self.documents.get(id)?.with_aside()
    }
}
