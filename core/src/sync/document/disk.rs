//! What of a document is on the disk and on the server, and what has to be written.

use automerge::{Automerge, ChangeHash, SaveOptions};

use super::aside::Aside;
use super::receive::{guard, read_back};
use super::{Compaction, Document, Writing, fits, from_raw, to_raw};
use crate::id::EffectId;
use crate::order;
use crate::sync::admission::{self, BAD_CHUNK, ScannedChange};
use crate::sync::policy::Refusal;
use crate::sync::storage::{CatalogueEntry, ChunkKey, ChunkKind, StoredChunk, WriteBatch};

/// Increments after which they and the snapshot are written as one, if they outweigh it.
const INCREMENTS: usize = 16;

/// A snapshot below this size is rewritten rather than followed by more increments.
const SMALL_SNAPSHOT: usize = 1024;

impl Document {
    /// Takes chunks read from the disk. Returns whether all of them could be read.
    pub(in crate::sync) fn take_chunks(&mut self, chunks: Vec<StoredChunk>) -> bool {
        // What waits for changes that are in the chunks has not been checked with them.
        if !self.orphans.is_empty() && self.forget_orphans().is_err() {
            return false;
        }
        let mut intact = true;
        let mut chunks = chunks;
        // Snapshots first, so that increments find what they build on.
        order::sort_by(&mut chunks, |a, b| a.key.cmp(&b.key));
        for chunk in chunks {
            match chunk.key.kind {
                ChunkKind::Refused => {
                    intact &= self.take_aside(&chunk);
                    continue;
                }
                ChunkKind::Receipts => {
                    if self.receipts.take(&chunk.bytes) {
                        self.chunks.insert(chunk.key, chunk.bytes.len());
                    } else {
                        intact = false;
                    }
                    continue;
                }
                ChunkKind::Snapshot | ChunkKind::Increment => {}
            }
            match self.with_chunk(&chunk) {
                Ok((doc, orphans)) => {
                    self.doc = doc;
                    self.orphans = orphans;
                    self.chunks.insert(chunk.key, chunk.bytes.len());
                }
                Err(_) => intact = false,
            }
        }
        intact
    }

    /// The document with a chunk from the disk, and the changes that wait in it. Automerge itself
    /// checks a snapshot; changes are checked as those of a peer are, but not for their size.
    fn with_chunk(
        &mut self,
        chunk: &StoredChunk,
    ) -> Result<(Automerge, Vec<ScannedChange>), Refusal> {
        let mut doc = self.doc.clone();
        let mut orphans = self.orphans.clone();
        let increment = chunk.key.kind == ChunkKind::Increment;
        if increment {
            match admission::scan_chunks(&chunk.bytes) {
                Ok(scan) if scan.documents.is_empty() => {
                    self.actors.follow(&doc);
                    let changes = self.orphans.iter().chain(&scan.changes);
                    orphans = fits::check(&doc, self.actors.clone(), changes)?;
                }
                Err(refusal) if refusal.code == BAD_CHUNK => return Err(refusal),
                Ok(_) | Err(_) => {}
            }
        }
        let before = doc.get_heads();
        guard(|| doc.load_incremental(&chunk.bytes))?;
        if increment {
            read_back(&doc, &before)?;
        }
        Ok((doc, orphans))
    }

    /// What has to be written so that the disk has everything, or nothing.
    pub(in crate::sync) fn prepare_write(&self, seq: u64) -> Option<(WriteBatch, Writing)> {
        if !self.is_dirty() {
            return None;
        }
        let heads = self.doc.get_heads();
        let whole = self.rewrite || self.chunks.is_empty();
        let (mut put, mut remove) = if !whole && heads == self.on_disk {
            // Only what the catalogue says of it is new.
            (Vec::new(), Vec::new())
        } else if whole {
            self.snapshot(&heads)
        } else {
            let bytes = self.doc.save_after(&self.on_disk);
            let key = ChunkKey::increment(&bytes);
            (vec![StoredChunk { key, bytes }], Vec::new())
        };
        let receipts = if whole {
            self.receipts.whole_chunk()
        } else {
            self.receipts.new_chunk()
        };
        for chunk in [self.aside.as_ref().map(Aside::chunk), receipts] {
            self.beside(chunk, &mut put, &mut remove);
        }
        let kept = self.chunks.iter().filter(|(key, _)| !remove.contains(key));
        let kept: usize = kept.map(|(_, size)| size).sum();
        let entry = CatalogueEntry {
            seq,
            size: (kept + put.iter().map(|chunk| chunk.bytes.len()).sum::<usize>()) as u64,
            ..self.entry(&heads)
        };
        let writing = Writing {
            effect: EffectId(0),
            seq,
            heads,
            put: put.iter().map(|c| (c.key, c.bytes.len())).collect(),
            remove: remove.clone(),
            receipts: self.receipts.count(),
            rewrites: self.rewrite,
            attempts: 0,
        };
        Some((
            WriteBatch {
                document: self.id,
                put,
                remove,
                entry: Some(entry),
            },
            writing,
        ))
    }

    /// The whole document as one chunk in the place of many, when there are so many that it is
    /// worth it. Nothing is lost if this write never happens.
    pub(in crate::sync) fn prepare_compaction(&self) -> Option<(WriteBatch, Compaction)> {
        if self.compaction.is_some() || self.is_dirty() || !self.wants_compaction() {
            return None;
        }
        let (mut put, mut remove) = self.snapshot(&self.on_disk);
        remove.retain(|key| key.kind != ChunkKind::Refused);
        self.beside(self.receipts.whole_chunk(), &mut put, &mut remove);
        let compaction = Compaction {
            put: put.iter().map(|c| (c.key, c.bytes.len())).collect(),
            remove: remove.clone(),
        };
        let batch = WriteBatch {
            document: self.id,
            put,
            remove,
            entry: None,
        };
        Some((batch, compaction))
    }

    /// The disk has answered to a compaction.
    pub(in crate::sync) fn compacted(&mut self, done: bool) {
        let Some(compaction) = self.compaction.take().filter(|_| done) else {
            return;
        };
        for key in &compaction.remove {
            self.chunks.remove(key);
        }
        self.chunks.extend(compaction.put);
    }

    /// Adds a chunk that lies beside the document to a write, unless the disk has it.
    fn beside(
        &self,
        chunk: Option<StoredChunk>,
        put: &mut Vec<StoredChunk>,
        remove: &mut Vec<ChunkKey>,
    ) {
        let Some(chunk) = chunk else {
            return;
        };
        remove.retain(|key| *key != chunk.key);
        if !self.chunks.contains_key(&chunk.key) {
            put.push(chunk);
        }
    }

    /// A chunk with everything, and the chunks of which it takes the place: those this process has
    /// loaded or written.
    fn snapshot(&self, heads: &[ChangeHash]) -> (Vec<StoredChunk>, Vec<ChunkKey>) {
        let options = SaveOptions {
            retain_orphans: false,
            ..SaveOptions::default()
        };
        let bytes = self.doc.save_with_options(options);
        let key = ChunkKey::snapshot(&to_raw(heads));
        let replaced = self.chunks.keys().filter(|k| **k != key).copied();
        (vec![StoredChunk { key, bytes }], replaced.collect())
    }

    /// What the catalogue is to say once `heads` are on the disk. Heads that are known to be
    /// missing stay listed until they are back, so that a loss is not forgotten.
    pub(in crate::sync) fn entry(&self, heads: &[ChangeHash]) -> CatalogueEntry {
        CatalogueEntry {
            document: self.id,
            heads: to_raw(heads).into_iter().chain(self.lost()).collect(),
            label: self.label.clone(),
            synced: to_raw(&self.synced),
            seq: self.seq,
            size: self.chunks.values().sum::<usize>() as u64,
        }
    }

    /// Whether a write is needed so that the disk has everything.
    pub(in crate::sync) fn is_dirty(&self) -> bool {
        let heads = self.doc.get_heads();
        !heads.is_empty() && (heads != self.on_disk || self.rewrite || self.relabelled)
    }

    /// Heads that the catalogue lists and that are still not here.
    pub(in crate::sync) fn lost(&self) -> Vec<[u8; 32]> {
        let lost = self.missing.iter().filter(|head| !self.has(head));
        lost.map(|head| head.0).collect()
    }

    /// Compares what was loaded with what the catalogue says. Returns whether nothing is missing.
    pub(in crate::sync) fn compare(&mut self, entry: &CatalogueEntry) -> bool {
        let listed = from_raw(&entry.heads);
        self.missing = listed
            .iter()
            .filter(|head| !self.has(head))
            .copied()
            .collect();
        // An entry without heads was lost, and made again from the chunks.
        self.rewrite = listed.is_empty() && !self.doc.get_heads().is_empty();
        self.missing.is_empty()
    }

    /// Notes that the server has these changes too. What it was seen to have it keeps.
    pub(in crate::sync) fn add_synced(&mut self, heads: Vec<ChangeHash>) {
        let since: Vec<_> = heads
            .iter()
            .filter(|head| self.has(head))
            .copied()
            .collect();
        let newer = self.doc.get_changes_meta(&since);
        let covered =
            |old: &ChangeHash| self.has(old) && !newer.iter().any(|change| change.hash == *old);
        let mut all = heads;
        all.extend(self.synced.iter().filter(|old| !covered(old)));
        all.sort_unstable();
        all.dedup();
        self.synced = all;
    }

    /// Notes which of these heads of the server are here; what both had before they still have.
    pub(in crate::sync) fn add_synced_here(&mut self, heads: &[ChangeHash]) {
        let here = heads
            .iter()
            .filter(|head| self.has(head))
            .copied()
            .collect();
        self.add_synced(here);
    }

    fn wants_compaction(&self) -> bool {
        let sizes = |kind| {
            let of_kind = self.chunks.iter().filter(move |(key, _)| key.kind == kind);
            of_kind.fold((0, 0), |(count, sum), (_, size)| (count + 1, sum + size))
        };
        let (_, snapshot_bytes) = sizes(ChunkKind::Snapshot);
        let (increments, increment_bytes) = sizes(ChunkKind::Increment);
        increments >= INCREMENTS
            && (increment_bytes >= snapshot_bytes || snapshot_bytes < SMALL_SNAPSHOT)
    }

    /// The disk has what `writing` says.
    pub(in crate::sync) fn written(&mut self, writing: Writing) {
        for key in &writing.remove {
            self.chunks.remove(key);
        }
        self.chunks.extend(writing.put);
        self.receipts.written(writing.receipts);
        self.seq = writing.seq;
        self.relabelled = false;
        self.add_on_disk(writing.heads);
    }

    /// Notes that these changes, and all before them, are on the disk.
    pub(in crate::sync) fn add_on_disk(&mut self, hashes: impl IntoIterator<Item = ChangeHash>) {
        self.on_disk.extend(hashes);
        self.on_disk.sort_unstable();
        self.on_disk.dedup();
        if self.doc.get_changes_meta(&self.on_disk).is_empty() {
            self.on_disk = self.doc.get_heads();
        }
    }
}
