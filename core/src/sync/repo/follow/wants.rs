//! The documents a device still has to ask for, in the order in which it asks.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::DocumentId;

/// Documents to ask for: those people have open first, then the smallest.
#[derive(Debug, Default)]
pub(super) struct Wants {
    order: BTreeSet<Want>,
    by_document: BTreeMap<DocumentId, Want>,
}

/// Whether nobody has it open, its size, the document.
type Want = (bool, u64, DocumentId);

impl Wants {
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Adds a document. Returns whether it was not there yet.
    pub(super) fn add(&mut self, document: DocumentId, size: u64, open: bool) -> bool {
        if self.by_document.contains_key(&document) {
            return false;
        }
        let want = (!open, size, document);
        self.by_document.insert(document, want);
        self.order.insert(want)
    }

    /// A person opened a document: it comes before the others.
    pub(super) fn hurry(&mut self, document: &DocumentId) {
        if let Some(want) = self.remove(document) {
            self.add(want.2, want.1, true);
        }
    }

    pub(super) fn remove(&mut self, document: &DocumentId) -> Option<Want> {
        let want = self.by_document.remove(document)?;
        self.order.remove(&want);
        Some(want)
    }

    /// Takes the next one: its size, and which.
    pub(super) fn next(&mut self) -> Option<(u64, DocumentId)> {
        let (_, size, document) = self.order.pop_first()?;
        self.by_document.remove(&document);
        Some((size, document))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_is_open_comes_first_and_the_largest_last() {
        let document = |n| DocumentId::from_bytes([n; 16]);
        let mut wants = Wants::default();
        for (n, size) in [(1, 500), (2, 20), (3, 9_000), (4, 300)] {
            assert!(wants.add(document(n), size, false));
        }
        assert!(!wants.add(document(1), 1, true), "once is enough");
        wants.hurry(&document(3));
        wants.remove(&document(4));
        let order: Vec<_> = std::iter::from_fn(|| wants.next())
            .map(|(_, d)| d)
            .collect();
        assert_eq!(order, [document(3), document(2), document(1)]);
        assert!(wants.is_empty());
    }
}
