//! Documents to ask for: those people have open first, then the smallest.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::DocumentId;

/// Documents in the order in which they are asked for.
#[derive(Default)]
pub(super) struct Wants {
    order: BTreeSet<(bool, u64, DocumentId)>,
    places: BTreeMap<DocumentId, (bool, u64)>,
}

impl Wants {
    /// Adds a document unless it is there already. Returns whether it was added.
    pub(super) fn add(&mut self, id: DocumentId, opened: bool, size: u64) -> bool {
        if self.places.contains_key(&id) {
            return false;
        }
        self.places.insert(id, (!opened, size));
        self.order.insert((!opened, size, id))
    }

    /// A person opened a document: if it is there, it comes before the others.
    pub(super) fn opened(&mut self, id: DocumentId) {
        if let Some(size) = self.remove(id) {
            self.add(id, true, size);
        }
    }

    /// Takes a document out. Returns its size if it was there.
    pub(super) fn remove(&mut self, id: DocumentId) -> Option<u64> {
        let (behind, size) = self.places.remove(&id)?;
        self.order.remove(&(behind, size, id));
        Some(size)
    }

    /// Takes out the document that is to be asked for next, and its size.
    pub(super) fn next(&mut self) -> Option<(DocumentId, u64)> {
        let (_, size, id) = self.order.pop_first()?;
        self.places.remove(&id);
        Some((id, size))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}
