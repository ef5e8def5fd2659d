//! A storage that forgets: for tests, and for reading what was saved of a damaged database.

use std::collections::BTreeMap;

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{
    CatalogueEntry, ChunkKey, Cursor, Listing, Loaded, StorageAdapter, StorageError, StoredChunk,
    Synced, WriteBatch,
};

use super::salvage::Salvage;

/// Documents in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryStorage {
    id: Option<String>,
    documents: BTreeMap<DocumentId, Kept>,
    cursor: Option<Cursor>,
}

#[derive(Debug, Clone)]
struct Kept {
    chunks: BTreeMap<ChunkKey, Vec<u8>>,
    damaged: Vec<ChunkKey>,
    entry: CatalogueEntry,
}

impl Kept {
    fn new(entry: CatalogueEntry) -> Self {
        Self {
            chunks: BTreeMap::new(),
            damaged: Vec::new(),
            entry,
        }
    }
}

impl MemoryStorage {
    /// With everything that could be saved.
    pub(crate) fn of_salvage(salvage: &Salvage) -> std::io::Result<Self> {
        let mut storage = Self::default();
        for entry in salvage.catalogue()? {
            let Loaded { chunks, damaged } = salvage.load(&entry.document)?;
            let chunks = chunks
                .into_iter()
                .map(|chunk| (chunk.key, chunk.bytes))
                .collect();
            storage.documents.insert(
                entry.document,
                Kept {
                    chunks,
                    damaged,
                    entry,
                },
            );
        }
        Ok(storage)
    }
}

impl StorageAdapter for MemoryStorage {
    fn catalogue(&self) -> Result<Listing, StorageError> {
        Ok(Listing {
            entries: self.documents.values().map(|k| k.entry.clone()).collect(),
            cursor: self.cursor.clone(),
        })
    }

    fn load(&self, document: &DocumentId) -> Result<Loaded, StorageError> {
        let Some(kept) = self.documents.get(document) else {
            return Ok(Loaded::default());
        };
        let chunk = |(key, bytes): (&ChunkKey, &Vec<u8>)| StoredChunk {
            key: *key,
            bytes: bytes.clone(),
        };
        Ok(Loaded {
            chunks: kept.chunks.iter().map(chunk).collect(),
            damaged: kept.damaged.clone(),
        })
    }

    fn write(&mut self, batches: &[WriteBatch]) -> Vec<Result<(), StorageError>> {
        for batch in batches {
            let kept = self.documents.entry(batch.document);
            let kept = kept.or_insert_with(|| Kept::new(CatalogueEntry::unknown(batch.document)));
            for key in &batch.remove {
                kept.chunks.remove(key);
            }
            for chunk in &batch.put {
                kept.chunks.insert(chunk.key, chunk.bytes.clone());
            }
            if let Some(entry) = &batch.entry {
                kept.entry.clone_from(entry);
                if entry.says_nothing() && kept.chunks.is_empty() {
                    self.documents.remove(&batch.document);
                }
            }
        }
        vec![Ok(()); batches.len()]
    }

    fn synced(&mut self, synced: &Synced) -> Result<(), StorageError> {
        for (document, heads) in &synced.heads {
            let kept = self.documents.entry(*document);
            let kept = kept.or_insert_with(|| Kept::new(CatalogueEntry::unknown(*document)));
            kept.entry.synced.clone_from(heads);
        }
        if synced.cursor.is_some() {
            self.cursor.clone_from(&synced.cursor);
        }
        Ok(())
    }

    fn storage_id(&mut self, fresh: &str) -> Result<String, StorageError> {
        Ok(self.id.get_or_insert_with(|| fresh.to_owned()).clone())
    }
}
