//! From the parts in a database to chunks and the catalogue. The same for every database.

use std::collections::BTreeSet;

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{CatalogueEntry, ChunkKey, Loaded, StoredChunk};

use super::part::{Assembly, Name};

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

/// The catalogue, from the documents that have an entry (nothing when it is damaged) and those
/// that have chunks.
pub(crate) fn catalogue(
    entries: Vec<(DocumentId, Option<CatalogueEntry>)>,
    with_chunks: Vec<DocumentId>,
) -> Vec<CatalogueEntry> {
    let listed: BTreeSet<DocumentId> = entries.iter().map(|(document, _)| *document).collect();
    // Chunks without an entry: the entry was damaged beyond being found.
    let unlisted = with_chunks
        .into_iter()
        .filter(|document| !listed.contains(document))
        .map(CatalogueEntry::unknown);
    entries
        .into_iter()
        .map(|(document, entry)| entry.unwrap_or_else(|| CatalogueEntry::unknown(document)))
        .chain(unlisted)
        .collect()
}
