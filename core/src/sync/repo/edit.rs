//! Changes that this replica makes itself.

use automerge::Automerge;

use crate::id::DocumentId;
use crate::sync::admission;
use crate::sync::author;
use crate::sync::document::Document;
use crate::sync::output::Output;
use crate::sync::policy::{Policy, Refusal};
use crate::sync::repo::Repo;
use crate::time::Timestamp;
use crate::wire::limits::CHANGE_OPERATIONS;

impl<P: Policy> Repo<P> {
    /// Changes a document. `edit` gets it with an actor of whoever works here; it may be empty.
    ///
    /// If `edit` fails, or the result is refused, the document stays as it was.
    ///
    /// # Errors
    /// What `edit` returns, or [`EditError`].
    pub fn edit<R, E: From<EditError>>(
        &mut self,
        now: Timestamp,
        id: DocumentId,
        edit: impl FnOnce(&mut Automerge) -> Result<R, E>,
    ) -> Result<R, E> {
        self.advance(now);
        let (actor, entry) = (&self.actor, self.catalogue.get(&id));
        // A replica that follows all has loaded what is on its disk: what it knows of the rest is
        // that the server has it.
        let entry = entry.filter(|_| !self.config.follows_all);
        let loaded = self.documents.get(&id).map(Document::is_loaded);
        if loaded == Some(false) || (loaded.is_none() && (entry.is_some() || !self.catalogue_read))
        {
            return Err(EditError::NotLoaded(id).into());
        }
        let document = self
            .documents
            .entry(id)
            .or_insert_with(|| Document::new(id, actor, entry));
        let before = document.doc.get_heads();
        let mut doc = document.doc.clone();
        author::sign(&mut doc, self.author.as_ref());
        let result = edit(&mut doc);
        let changed = result.is_ok() && doc.get_heads() != before;
        // What no server would take is not begun with. In a document that has been accepted it
        // would go aside; in a new one there is nothing to go back to.
        let made = doc.get_changes_meta(&before);
        if changed
            && before.is_empty()
            && made
                .iter()
                .any(|c| c.max_op + 1 - c.start_op > CHANGE_OPERATIONS)
        {
            return Err(EditError::Refused(admission::too_many_in_change()).into());
        }
        if changed {
            match self.policy.check(&id, &doc, document.label.is_some()) {
                Ok(label) => {
                    document.doc = doc;
                    document.label = label;
                    document.given_up = false;
                }
                Err(refusal) => return Err(EditError::Refused(refusal).into()),
            }
            self.outputs.push_back(Output::Changed {
                document: id,
                local: true,
            });
            // Two devices that begin the same record make the same first changes.
            self.mirror_reached(id);
            self.pump(id);
        } else if document.doc.get_heads().is_empty() && document.peers.is_empty() {
            self.documents.remove(&id);
        }
        self.settle();
        result
    }
}

/// Why a document cannot be changed by this replica.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is on the disk but not in memory.
    #[error("document {0} is not loaded")]
    NotLoaded(DocumentId),
    /// The result would not be a valid document.
    #[error("{0}")]
    Refused(Refusal),
}
