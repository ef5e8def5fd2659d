//! What becomes of edits that the server refuses.

use automerge::{Automerge, ChangeHash};

use crate::id::DocumentId;
use crate::sync::document::from_raw;
use crate::sync::output::Output;
use crate::sync::policy::Policy;
use crate::sync::repo::Repo;
use crate::sync::status::RefusedEdits;
use crate::sync::storage::{ChunkKind, StoredChunk};
use crate::wire::frame::Reason;

impl<P: Policy> Repo<P> {
    /// Puts beside the document what the server does not take, as soon as no write is under way.
    /// Returns whether there is an accepted version to go back to.
    pub(super) fn set_aside(&mut self, id: DocumentId, reason: Reason) -> bool {
        let mirror = self.catalogue.get(&id).map(|entry| from_raw(&entry.synced));
        let Some(document) = self.documents.get_mut(&id) else {
            return false;
        };
        let mut accepted = document.synced.clone();
        accepted.extend(mirror.unwrap_or_default());
        if !accepted.iter().any(|head| document.has(head)) {
            return false;
        }
        document.refusal = Some((accepted, reason));
        self.pump(id);
        true
    }

    /// Does what [`Self::set_aside`] has put off. Called while no write is under way.
    pub(super) fn aside_now(&mut self, id: DocumentId) {
        let now = self.now;
        let Some(document) = self.documents.get_mut(&id) else {
            return;
        };
        let Some((accepted, reason)) = document.refusal.take() else {
            return;
        };
        // Edits that cannot be taken apart stay in the document; they are refused again next time.
        if document.set_aside(&accepted, reason, now) == Ok(true) {
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
            && let Some(reason) = document.aside.as_ref().map(|aside| aside.reason.clone())
        {
            document.refusal = Some((heads, reason));
        }
    }

    /// Takes refused edits into their document again, to be sent once more, or drops them.
    /// Returns whether there were any.
    pub(super) fn end_aside(&mut self, id: DocumentId, again: bool) -> bool {
        let Some(document) = self.documents.get_mut(&id).filter(|d| d.aside.is_some()) else {
            return false;
        };
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
                    changes: aside.count,
                })
            })
            .collect()
    }

    /// A document as it would be with its refused edits.
    pub fn with_refused(&self, id: &DocumentId) -> Option<Automerge> {
        self.documents.get(id)?.with_aside()
    }
}
