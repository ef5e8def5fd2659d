//! What a replica knows of every document without loading it.
//!
//! On a server the order of writes is kept, so that a device can be told what is new since it was
//! last here. On a device the entries mirror the server's: what the server has is known for all
//! documents, also for those that are not here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::id::DocumentId;
use crate::order;
use crate::sync::reconcile::{self, SetSum};
use crate::sync::storage::CatalogueEntry;
use crate::wire::exchange::{Hash, Stored};

/// All entries.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    entries: BTreeMap<DocumentId, CatalogueEntry>,
    by_seq: BTreeMap<u64, DocumentId>,
    newest: u64,
    /// The digest of what is here, by label.
    sums: BTreeMap<Option<String>, SetSum>,
    /// Numbers of writes that are under way.
    under_way: BTreeSet<u64>,
    /// Heads that entries name and that the disk could not give back.
    lost: BTreeMap<DocumentId, Vec<Hash>>,
}

impl Catalogue {
    pub(super) fn new(entries: Vec<CatalogueEntry>) -> Self {
        let mut catalogue = Self::default();
        for entry in entries {
            catalogue.insert(entry);
        }
        catalogue
    }

    pub(super) fn get(&self, document: &DocumentId) -> Option<&CatalogueEntry> {
        self.entries.get(document)
    }

    pub(super) fn contains(&self, document: &DocumentId) -> bool {
        self.entries.contains_key(document)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &CatalogueEntry> {
        self.entries.values()
    }

    /// Puts an entry in the place of an older one of the same document.
    pub(super) fn insert(&mut self, entry: CatalogueEntry) {
        self.newest = self.newest.max(entry.seq);
        if let Some(old) = self.entries.get(&entry.document)
            && self.by_seq.get(&old.seq) == Some(&entry.document)
        {
            self.by_seq.remove(&old.seq);
        }
        let document = entry.document;
        self.count(&document, SetSum::remove);
        // What was never numbered comes before everything that was.
        if entry.seq > 0 {
            self.by_seq.insert(entry.seq, entry.document);
        }
        self.entries.insert(document, entry);
        self.count(&document, SetSum::add);
    }

    /// Takes a document out.
    pub(super) fn remove(&mut self, document: &DocumentId) {
        self.count(document, SetSum::remove);
        if let Some(entry) = self.entries.remove(document) {
            self.by_seq.remove(&entry.seq);
        }
        self.lost.remove(document);
    }

    /// Takes a document into the digest of its label, or out of it.
    fn count(&mut self, document: &DocumentId, change: impl FnOnce(&mut SetSum, &Hash)) {
        let Some(entry) = self.entries.get(document) else {
            return;
        };
        let heads = self.shown(entry);
        if heads.is_empty() {
            return;
        }
        let item = reconcile::item(document, &heads);
        match self.sums.get_mut(&entry.label) {
            Some(sum) => change(sum, &item),
            None => change(self.sums.entry(entry.label.clone()).or_default(), &item),
        }
    }

    /// The digest of all documents that are here and have such a label.
    pub(super) fn sum(&self, label: impl Fn(Option<&str>) -> bool) -> SetSum {
        let mut all = SetSum::default();
        for (_, sum) in self.sums.iter().filter(|(l, _)| label(l.as_deref())) {
            all.merge(sum);
        }
        all
    }

    /// How many documents are known.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many documents are here of each label.
    pub(super) fn labels(&self) -> impl Iterator<Item = (Option<&str>, u64)> {
        let sums = self.sums.iter();
        sums.map(|(label, sum)| (label.as_deref(), sum.count()))
    }

    /// Notes what the server has of a document. Returns whether that is news.
    pub(super) fn set_synced(
        &mut self,
        document: DocumentId,
        heads: Vec<Hash>,
        size: Option<u64>,
    ) -> bool {
        let entry = self
            .entries
            .entry(document)
            .or_insert_with(|| CatalogueEntry::unknown(document));
        if entry.heads.is_empty() {
            entry.size = size.unwrap_or(entry.size);
        }
        let news = entry.synced != heads;
        entry.synced = heads;
        news
    }

    /// Notes which heads of a document are lost, so that nobody is told they were here.
    pub(super) fn set_lost(&mut self, document: DocumentId, lost: Vec<Hash>) {
        if lost.is_empty() && !self.lost.contains_key(&document) {
            return;
        }
        self.count(&document, SetSum::remove);
        if lost.is_empty() {
            self.lost.remove(&document);
        } else {
            self.lost.insert(document, lost);
        }
        self.count(&document, SetSum::add);
    }

    /// The heads of an entry that are known to be here.
    pub(super) fn shown<'a>(&self, entry: &'a CatalogueEntry) -> Cow<'a, [Hash]> {
        match self.lost.get(&entry.document) {
            None => Cow::Borrowed(&entry.heads),
            Some(lost) => {
                let heads = entry.heads.iter().filter(|head| !lost.contains(head));
                Cow::Owned(heads.copied().collect())
            }
        }
    }

    /// What a device is told of an entry.
    pub(super) fn stored(&self, entry: &CatalogueEntry) -> Stored {
        Stored {
            document: entry.document,
            heads: self.shown(entry).into_owned(),
            size: entry.size,
        }
    }

    /// The number of the next write, which is under way from now on.
    pub(super) fn begin_write(&mut self) -> u64 {
        self.newest += 1;
        self.under_way.insert(self.newest);
        self.newest
    }

    /// A write has ended, one way or the other.
    pub(super) fn end_write(&mut self, seq: u64) {
        self.under_way.remove(&seq);
    }

    /// Everything up to this number is in the catalogue.
    pub(super) fn settled(&self) -> u64 {
        self.under_way
            .first()
            .map_or(self.newest, |first| first - 1)
    }

    /// Entries written after `seq`, oldest first; all of them from 0.
    pub(super) fn since(&self, seq: u64) -> Vec<&CatalogueEntry> {
        if seq == 0 {
            let mut all: Vec<_> = self.entries.values().collect();
            order::sort_by(&mut all, |a, b| a.seq.cmp(&b.seq));
            return all;
        }
        let after = self.by_seq.range(seq + 1..).map(|(_, document)| document);
        after.filter_map(|id| self.entries.get(id)).collect()
    }

    /// The digest of what the server has, as this device knows it.
    pub(super) fn mirror(&self) -> SetSum {
        let mut sum = SetSum::default();
        for (_, item) in self.mirrored() {
            sum.add(&item);
        }
        sum
    }

    /// Items of what the server has, as this device knows it.
    pub(super) fn mirrored(&self) -> impl Iterator<Item = (&DocumentId, Hash)> {
        let known = self.entries.values().filter(|e| !e.synced.is_empty());
        known.map(|e| (&e.document, reconcile::item(&e.document, &e.synced)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn entry(document: u8, seq: u64) -> CatalogueEntry {
        let heads = vec![[seq as u8; 32]];
        CatalogueEntry {
            heads,
            seq,
            ..CatalogueEntry::unknown(DocumentId::from_bytes([document; 16]))
        }
    }

    fn numbers(catalogue: &Catalogue, since: u64) -> Vec<u64> {
        catalogue.since(since).iter().map(|e| e.seq).collect()
    }

    #[test]
    fn what_is_new_is_listed_once_in_the_order_of_writing() {
        let mut catalogue = Catalogue::new(vec![entry(1, 5), entry(2, 3), entry(3, 0)]);
        assert_eq!(numbers(&catalogue, 0), [0, 3, 5]);
        catalogue.insert(entry(2, 6));
        assert_eq!(numbers(&catalogue, 4), [5, 6]);
        assert_eq!(numbers(&catalogue, 6), [0u64; 0]);
    }

    #[test]
    fn the_digest_is_that_of_what_is_here_and_not_lost() {
        let mut catalogue = Catalogue::new(vec![entry(1, 5), entry(2, 3)]);
        catalogue.insert(entry(2, 6));
        catalogue.set_synced(DocumentId::from_bytes([4; 16]), vec![[1; 32]], None);
        let expected = |entries: &[CatalogueEntry]| {
            let mut sum = SetSum::default();
            for entry in entries {
                sum.add(&reconcile::item(&entry.document, &entry.heads));
            }
            sum
        };
        let both = expected(&[entry(1, 5), entry(2, 6)]);
        assert_eq!(catalogue.sum(|_| true), both);
        assert_eq!(catalogue.sum(|label| label.is_some()), SetSum::default());
        catalogue.set_lost(entry(1, 5).document, entry(1, 5).heads);
        assert_eq!(catalogue.sum(|_| true), expected(&[entry(2, 6)]));
        catalogue.set_lost(entry(1, 5).document, Vec::new());
        assert_eq!(catalogue.sum(|_| true), both);
    }

    #[test]
    fn a_number_counts_when_all_before_it_do() {
        let mut catalogue = Catalogue::new(vec![entry(1, 5)]);
        let (first, second) = (catalogue.begin_write(), catalogue.begin_write());
        catalogue.end_write(second);
        assert_eq!(catalogue.settled(), 5, "the first is still under way");
        catalogue.end_write(first);
        assert_eq!(catalogue.settled(), second);
    }
}
