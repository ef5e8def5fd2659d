//! A disk in memory that keeps the storage contract, buffers what is not flushed, loses that in a
//! crash, fails when it is told to, and can be looked into.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::Automerge;

use crate::id::DocumentId;
use crate::sync::admission;
use crate::sync::storage::{
    CatalogueEntry, ChunkKey, ChunkKind, Cursor, Listing, Loaded, StorageAnswer, StorageError,
    StorageRequest, StoredChunk, Synced, WriteBatch,
};

type Hash = [u8; 32];

/// A disk. Its clone is a backup of it.
#[derive(Debug, Default, Clone)]
pub struct Disk {
    chunks: BTreeMap<DocumentId, BTreeMap<ChunkKey, Arc<Chunk>>>,
    catalogue: BTreeMap<DocumentId, CatalogueEntry>,
    cursor: Option<Cursor>,
    /// Changes that can be read of each document.
    changes: BTreeMap<DocumentId, BTreeSet<Hash>>,
    /// The same and what lies beside them, of documents beside which something lies.
    beside: BTreeMap<DocumentId, BTreeSet<Hash>>,
    /// What is not flushed, oldest first.
    buffer: Vec<StorageRequest>,
    /// While set, writes fail as on a full disk.
    pub full: bool,
    /// While set, writes fail for another reason.
    pub fails_writes: bool,
    /// While set, loads fail.
    pub fails_loads: bool,
}

#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    /// Its changes, each with what it builds on.
    changes: Vec<(Hash, Vec<Hash>)>,
}

impl Disk {
    /// Carries out a request and flushes, as a whole or not at all.
    ///
    /// # Errors
    /// As the disk was told to fail.
    pub fn answer(&mut self, request: &StorageRequest) -> Result<StorageAnswer, StorageError> {
        let answer = self.begin(request)?;
        self.flush();
        Ok(answer)
    }

    /// Begins a request: what it writes is in the buffer and may still be lost. A write may be
    /// answered after [`Self::flush`] only.
    ///
    /// # Errors
    /// As the disk was told to fail.
    pub fn begin(&mut self, request: &StorageRequest) -> Result<StorageAnswer, StorageError> {
        let failed = |operation: &str| StorageError::Failed {
            operation: operation.to_owned(),
            detail: "the simulated disk fails".to_owned(),
        };
        match request {
            StorageRequest::Catalogue if self.fails_loads => Err(failed("list the documents")),
            StorageRequest::Catalogue => Ok(StorageAnswer::Catalogue(Listing {
                entries: self.catalogue.values().cloned().collect(),
                cursor: self.cursor.clone(),
            })),
            StorageRequest::Load(_) if self.fails_loads => Err(failed("load a document")),
            StorageRequest::Load(document) => Ok(StorageAnswer::Loaded(self.load(document))),
            StorageRequest::Write(batch) if self.full => Err(StorageError::Full {
                document: batch.document,
                detail: "the simulated disk is full".to_owned(),
            }),
            StorageRequest::Write(_) if self.fails_writes => Err(failed("write a document")),
            StorageRequest::Write(_) => {
                self.buffer.push(request.clone());
                Ok(StorageAnswer::Written)
            }
            StorageRequest::Synced(_) => {
                self.buffer.push(request.clone());
                Ok(StorageAnswer::Noted)
            }
        }
    }

    /// Brings everything in the buffer to where it survives.
    pub fn flush(&mut self) {
        for request in std::mem::take(&mut self.buffer) {
            self.apply(request);
        }
    }

    /// The power is gone: of the buffer, `survives` is asked for each request.
    pub fn crash(&mut self, mut survives: impl FnMut() -> bool) {
        for request in std::mem::take(&mut self.buffer) {
            if survives() {
                self.apply(request);
            }
        }
    }

    /// Changes of a document that survive a crash.
    pub fn changes(&self, document: &DocumentId) -> Option<&BTreeSet<Hash>> {
        self.changes.get(document)
    }

    /// Whether all of `changes` survive a crash.
    pub fn has<'a>(
        &self,
        document: &DocumentId,
        changes: impl IntoIterator<Item = &'a Hash>,
    ) -> bool {
        let here = self.changes.get(document);
        changes
            .into_iter()
            .all(|hash| here.is_some_and(|here| here.contains(hash)))
    }

    /// Whether all of `changes` survive a crash, in the document or among the refused ones beside
    /// it.
    pub fn has_beside<'a>(
        &self,
        document: &DocumentId,
        changes: impl IntoIterator<Item = &'a Hash>,
    ) -> bool {
        let beside = self.beside.get(document);
        let here = beside.or_else(|| self.changes.get(document));
        changes
            .into_iter()
            .all(|hash| here.is_some_and(|here| here.contains(hash)))
    }

    /// Removes what the server has refused.
    pub fn forget_refused(&mut self) {
        for chunks in self.chunks.values_mut() {
            chunks.retain(|key, _| key.kind != ChunkKind::Refused);
        }
        self.beside.clear();
    }

    /// Removes everything of a document.
    pub fn forget(&mut self, document: &DocumentId) {
        self.chunks.remove(document);
        self.changes.remove(document);
        self.beside.remove(document);
        self.catalogue.remove(document);
    }

    /// Makes the catalogue say that the server has everything that is here.
    pub fn pretend_synced(&mut self) {
        for entry in self.catalogue.values_mut() {
            entry.synced.clone_from(&entry.heads);
        }
    }

    fn apply(&mut self, request: StorageRequest) {
        match request {
            StorageRequest::Write(batch) => self.write(batch),
            StorageRequest::Synced(synced) => self.note(synced),
            StorageRequest::Catalogue | StorageRequest::Load(_) => {}
        }
    }

    fn write(&mut self, batch: WriteBatch) {
        let chunks = self.chunks.entry(batch.document).or_default();
        for chunk in batch.put {
            chunks
                .entry(chunk.key)
                .or_insert_with(|| Arc::new(Chunk::new(chunk)));
        }
        for key in &batch.remove {
            chunks.remove(key);
        }
        let refused = |key: &ChunkKey| key.kind == ChunkKind::Refused;
        let document = chunks.iter().filter(|(key, _)| !refused(key));
        self.changes
            .insert(batch.document, readable(document.map(|(_, chunk)| chunk)));
        self.beside.remove(&batch.document);
        if chunks.keys().any(refused) {
            self.beside
                .insert(batch.document, readable(chunks.values()));
        }
        let nothing_left = chunks.is_empty();
        match batch.entry {
            Some(entry) if entry.says_nothing() && nothing_left => self.forget(&batch.document),
            Some(entry) => drop(self.catalogue.insert(batch.document, entry)),
            None => {}
        }
    }

    fn note(&mut self, synced: Synced) {
        for (document, heads) in synced.heads {
            let entry = self.catalogue.entry(document);
            let entry = entry.or_insert_with(|| CatalogueEntry::unknown(document));
            entry.synced = heads;
        }
        if synced.cursor.is_some() {
            self.cursor = synced.cursor;
        }
    }

    fn load(&self, document: &DocumentId) -> Loaded {
        let chunks = self.chunks.get(document).into_iter().flatten();
        Loaded {
            chunks: chunks
                .map(|(key, chunk)| StoredChunk {
                    key: *key,
                    bytes: chunk.bytes.clone(),
                })
                .collect(),
            damaged: Vec::new(),
        }
    }
}

impl Chunk {
    fn new(StoredChunk { key, bytes }: StoredChunk) -> Self {
        let refused;
        let written = match key.kind {
            ChunkKind::Snapshot | ChunkKind::Increment => &bytes,
            ChunkKind::Refused => {
                refused = refused_changes(&bytes).expect("the engine writes readable chunks");
                &refused
            }
            ChunkKind::Receipts => {
                let changes = Vec::new();
                return Self { bytes, changes };
            }
        };
        let scan = match admission::scan_chunks(written) {
            Ok(scan) => scan,
            // A device keeps what no server takes; what is in it nobody looks for here.
            Err(refusal) if refusal.code == "too-many-operations" => {
                let changes = Vec::new();
                return Self { bytes, changes };
            }
            Err(refusal) => panic!("the engine writes sound chunks: {refusal}"),
        };
        let mut changes: Vec<_> = scan
            .changes
            .iter()
            .map(|c| (c.hash.0, c.deps.iter().map(|dep| dep.0).collect()))
            .collect();
        if !scan.documents.is_empty() {
            let doc = Automerge::load(&bytes).expect("the engine writes readable chunks");
            let all = doc.get_changes_meta(&[]);
            changes = all
                .iter()
                .map(|c| (c.hash.0, c.deps.iter().map(|dep| dep.0).collect()))
                .collect();
        }
        Self { bytes, changes }
    }
}

/// The changes in a chunk with refused edits.
fn refused_changes(bytes: &[u8]) -> Result<Vec<u8>, minicbor::decode::Error> {
    let mut input = minicbor::Decoder::new(bytes);
    input.array()?;
    // The reason, when, and how many.
    for _ in 0..4 {
        input.skip()?;
    }
    Ok(input.bytes()?.to_vec())
}

/// The changes of which everything they build on is there too.
fn readable<'c>(chunks: impl Iterator<Item = &'c Arc<Chunk>>) -> BTreeSet<Hash> {
    let mut readable = BTreeSet::new();
    let mut left: Vec<_> = chunks.flat_map(|chunk| &chunk.changes).collect();
    loop {
        let before = left.len();
        left.retain(|(hash, deps)| {
            let complete = deps.iter().all(|dep| readable.contains(dep));
            if complete {
                readable.insert(*hash);
            }
            !complete
        });
        if left.len() == before {
            return readable;
        }
    }
}
