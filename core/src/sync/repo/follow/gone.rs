//! Documents that the server lists no more.
//!
//! Either it has lost them, and is sent them again; or this device is to have them no more, and
//! removes them. What the server has not got yet is not removed with them: it is sent, and when the
//! server does not take it, it stays beside the document until a person has decided.

use crate::id::DocumentId;
use crate::sync::document::{Document, Phase};
use crate::sync::output::Output;
use crate::sync::policy::Policy;
use crate::sync::repo::{Effect, Repo, new_actor};
use crate::sync::storage::{CatalogueEntry, StorageRequest, Synced, WriteBatch};
use crate::wire::frame::Reason;

impl<P: Policy> Repo<P> {
    /// Whether it has to be found out why the server says nothing more of a document that it was
    /// known to have and that is here; then it is asked.
    pub(super) fn doubts(&mut self, id: DocumentId) -> bool {
        let here = self.documents.get(&id);
        let here = here.is_some_and(|d| d.is_found() && !d.synced.is_empty());
        let Some(follow) = self.follow.as_mut().filter(|_| here) else {
            return false;
        };
        if !follow.gone.contains(&id) {
            follow.doubted.insert(id);
        }
        true
    }

    /// The server has said that it does not have a document. If it has had it, it has lost it: it
    /// is sent all of it again. Returns whether that is so.
    pub(super) fn is_lost_there(&mut self, id: DocumentId) -> bool {
        let doubted = self.follow.as_mut().is_some_and(|f| f.doubted.remove(&id));
        if doubted {
            self.forget_one(id);
        }
        doubted
    }

    /// The server does not have a document any more.
    pub(super) fn forget_one(&mut self, id: DocumentId) {
        self.catalogue.set_synced(id, Vec::new(), None);
        self.mirror_changed(id);
    }

    /// The server has said that this device is to have a document no more.
    pub(super) fn gone(&mut self, id: DocumentId) {
        let Some(follow) = &mut self.follow else {
            return;
        };
        follow.doubted.remove(&id);
        follow.wants.remove(&id);
        follow.gone.insert(id);
        self.touched.insert(id);
        self.remove_gone(id);
    }

    /// Removes a document that is to be here no more, unless something of it is not on the server
    /// or is under way. Returns whether it was removed.
    pub(in crate::sync::repo) fn remove_gone(&mut self, id: DocumentId) -> bool {
        if !self.follow.as_ref().is_some_and(|f| f.gone.contains(&id)) {
            return false;
        }
        let heads = match self.documents.get(&id) {
            Some(document) if !is_removable(document) => return false,
            Some(document) => document.doc.get_heads(),
            None => Vec::new(),
        };
        self.remove(id);
        if let Some(follow) = &mut self.follow {
            follow.removed.insert(id, heads);
        }
        true
    }

    /// Removes a document from memory and disk.
    pub(in crate::sync::repo) fn remove(&mut self, id: DocumentId) {
        let chunks = self.documents.get(&id).map(|document| &document.chunks);
        let removed = chunks.map_or_else(Vec::new, |all| all.keys().copied().collect());
        self.drop_document(id);
        // Should it be begun anew: what was removed may be kept by others, or stay on this disk.
        self.actor = new_actor(&mut self.random);
        let synced = Synced {
            heads: vec![(id, Vec::new())],
            cursor: None,
        };
        self.request(Effect::Synced, StorageRequest::Synced(synced));
        let batch = WriteBatch {
            document: id,
            put: Vec::new(),
            remove: removed,
            entry: Some(CatalogueEntry::unknown(id)),
        };
        // If that fails the disk still has the document: it is asked about, or decided on, again.
        self.request(Effect::Remove(id), StorageRequest::Write(batch));
    }

    /// Another process has removed a document from the storage that this one shares. What was
    /// entered here since, and is not on the disk, keeps it.
    pub(in crate::sync::repo) fn removed_elsewhere(&mut self, id: DocumentId) {
        let kept = self.documents.get_mut(&id);
        if let Some(document) = kept.filter(|d| d.phase != Phase::Ready || !d.is_saved()) {
            // Nothing of it is on the disk: the next write is all of it.
            document.chunks.clear();
            document.on_disk.clear();
            document.rewrite = true;
            self.pump(id);
            return;
        }
        self.drop_document(id);
    }

    /// Another process has written a document, which may be one that was removed: it was on its way
    /// to the disk when it was. What the server had of it the server still has.
    pub(in crate::sync::repo) fn written_after_removal(&mut self, id: DocumentId) {
        let removed = self.follow.as_ref().and_then(|f| f.removed.get(&id));
        if let (Some(heads), Some(document)) = (removed, self.documents.get_mut(&id)) {
            document.add_synced_here(heads);
        }
    }

    /// Nothing of a document is known in memory any more.
    fn drop_document(&mut self, id: DocumentId) {
        self.documents.remove(&id);
        self.catalogue.remove(&id);
        self.learned.heads.retain(|(document, _)| *document != id);
        self.unsaved.remove(&id);
        self.waiting.remove(&id);
        self.refused_whole.remove(&id);
        if let Some(follow) = &mut self.follow {
            follow.sends.remove(&id);
            follow.sent.remove(&id);
            follow.take_up(&id);
        }
        self.resolve(|notice| notice.document != Some(id));
        self.status_changed = true;
        self.outputs.push_back(Output::Changed {
            document: id,
            local: false,
        });
    }
}

/// Why the server does not take edits of a document that this device is to have no more.
pub(super) fn reason() -> Reason {
    Reason {
        code: "not-allowed".to_owned(),
        message: "you may not see this record any more; what you last wrote in it was not taken, \
                  ask a coordinator"
            .to_owned(),
    }
}

/// Whether nothing of a document would be lost with it, and nothing of it is under way.
fn is_removable(document: &Document) -> bool {
    document.phase == Phase::Ready
        && document.compaction.is_none()
        && document.inbox.is_empty()
        && document.aside.is_none()
        && document.refusal.is_none()
        && !document.is_ahead()
}
