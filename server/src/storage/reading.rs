//! From the parts in a database to chunks and the catalogue. The same for every database.

use std::collections::BTreeSet;

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{CatalogueEntry, ChunkKey, Loaded, StoredChunk};

use super::entry;
use super::part::{Assembly, Holds, Name};

/// Puts the chunks of one document together. Their parts come in order of their keys.
#[derive(Default)]
pub(crate) struct Chunks {
    loaded: Loaded,
    current: Option<(ChunkKey, Name, Assembly)>,
}

impl Chunks {
    /// Adds the part under this key.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) {
        let Some((name, chunk)) = Name::from_key(key).and_then(|n| Some((n, n.chunk_key()?)))
        else {
            return;
        };
        if self.current.as_ref().is_none_or(|(_, n, _)| *n != name) {
            let ended = self.current.replace((chunk, name, Assembly::default()));
            self.end(ended);
        }
        if let Some((_, _, assembly)) = &mut self.current {
            assembly.add(&name, value);
        }
    }

    fn end(&mut self, ended: Option<(ChunkKey, Name, Assembly)>) {
        if let Some((key, _, assembly)) = ended {
            match assembly.finish() {
                Some(bytes) => self.loaded.chunks.push(StoredChunk { key, bytes }),
                None => self.loaded.damaged.push(key),
            }
        }
    }

    /// All chunks, whole and damaged.
    pub(crate) fn finish(mut self) -> Loaded {
        let last = self.current.take();
        self.end(last);
        self.loaded
    }
}

/// Puts the entries of the catalogue together. Their parts come in order of their keys.
#[derive(Default)]
pub(crate) struct Entries {
    entries: Vec<CatalogueEntry>,
    current: Option<(Name, Assembly)>,
}

impl Entries {
    /// Adds the part under this key.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) {
        let Some(name) = Name::from_key(key).filter(|name| name.holds == Holds::Entry) else {
            return;
        };
        if self.current.as_ref().is_none_or(|(n, _)| *n != name) {
            let ended = self.current.replace((name, Assembly::default()));
            self.end(ended);
        }
        if let Some((_, assembly)) = &mut self.current {
            assembly.add(&name, value);
        }
    }

    fn end(&mut self, ended: Option<(Name, Assembly)>) {
        if let Some((Name { document, .. }, assembly)) = ended {
            let entry = assembly
                .finish()
                .and_then(|bytes| entry::decode(document, &bytes));
            self.entries
                .push(entry.unwrap_or_else(|| CatalogueEntry::unknown(document)));
        }
    }

    /// The catalogue: all entries, and one for each document that has chunks and no entry, because
    /// that was damaged beyond being found.
    pub(crate) fn finish(mut self, with_chunks: Vec<DocumentId>) -> Vec<CatalogueEntry> {
        let last = self.current.take();
        self.end(last);
        let mut entries = self.entries;
        let listed: BTreeSet<DocumentId> = entries.iter().map(|e| e.document).collect();
        let unlisted = with_chunks.into_iter().filter(|id| !listed.contains(id));
        entries.extend(unlisted.map(CatalogueEntry::unknown));
        entries
    }
}
