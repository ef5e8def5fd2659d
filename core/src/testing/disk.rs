//! A disk in memory that keeps the storage contract and can be looked into.

use std::collections::BTreeMap;

use automerge::{Automerge, ChangeHash, TextEncoding};

use crate::id::DocumentId;
use crate::sync::storage::{
    CatalogueEntry, ChunkKey, ChunkKind, Cursor, Listing, Loaded, StorageAnswer, StorageError,
    StorageRequest, StoredChunk, WriteBatch,
};

/// What survives a crash.
#[derive(Debug, Default, Clone)]
pub struct Disk {
    chunks: BTreeMap<(DocumentId, ChunkKey), Vec<u8>>,
    catalogue: BTreeMap<DocumentId, CatalogueEntry>,
    cursor: Option<Cursor>,
    /// While set, writes fail as on a full disk.
    pub full: bool,
}

impl Disk {
    /// Carries out a request as a whole, or not at all.
    ///
    /// # Errors
    /// [`StorageError::Full`] for writes while [`Self::full`] is set.
    pub fn answer(&mut self, request: &StorageRequest) -> Result<StorageAnswer, StorageError> {
        match request {
            StorageRequest::Catalogue => Ok(StorageAnswer::Catalogue(Listing {
                entries: self.catalogue.values().cloned().collect(),
                cursor: self.cursor.clone(),
            })),
            StorageRequest::Load(document) => Ok(StorageAnswer::Loaded(self.load(document))),
            StorageRequest::Write(batch) if self.full => Err(StorageError::Full {
                document: batch.document,
                detail: "the simulated disk is full".to_owned(),
            }),
            StorageRequest::Write(batch) => {
                self.write(batch);
                Ok(StorageAnswer::Written)
            }
            StorageRequest::Synced(synced) => {
                for (document, heads) in &synced.heads {
                    let entry = self.catalogue.entry(*document);
                    let entry = entry.or_insert_with(|| CatalogueEntry::unknown(*document));
                    entry.synced.clone_from(heads);
                }
                if synced.cursor.is_some() {
                    self.cursor.clone_from(&synced.cursor);
                }
                Ok(StorageAnswer::Noted)
            }
        }
    }

    fn write(&mut self, batch: &WriteBatch) {
        for chunk in &batch.put {
            self.chunks
                .insert((batch.document, chunk.key), chunk.bytes.clone());
        }
        for key in &batch.remove {
            self.chunks.remove(&(batch.document, *key));
        }
        if let Some(entry) = &batch.entry {
            self.catalogue.insert(batch.document, entry.clone());
        }
    }

    fn load(&self, document: &DocumentId) -> Loaded {
        let first = ChunkKey {
            kind: ChunkKind::Snapshot,
            hash: [0; 32],
        };
        let chunks = self
            .chunks
            .range((*document, first)..)
            .take_while(|((id, _), _)| id == document)
            .map(|((_, key), bytes)| StoredChunk {
                key: *key,
                bytes: bytes.clone(),
            })
            .collect();
        Loaded {
            chunks,
            damaged: Vec::new(),
        }
    }

    /// Removes everything of a document.
    pub fn forget(&mut self, document: &DocumentId) {
        self.chunks.retain(|(id, _), _| id != document);
        self.catalogue.remove(document);
    }

    /// Whether all of `changes` are on this disk.
    pub fn has(&self, document: &DocumentId, changes: &[[u8; 32]]) -> bool {
        let mut doc = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit);
        let mut chunks = self.load(document).chunks;
        chunks.sort_by_key(|chunk| chunk.key);
        for chunk in chunks {
            doc.load_incremental(&chunk.bytes)
                .expect("the engine writes readable chunks");
        }
        changes
            .iter()
            .all(|hash| doc.get_change_meta_by_hash(&ChangeHash(*hash)).is_some())
    }
}
