//! One document in memory: its content, what of it is on the disk, what waits for it.
//!
//! Knows nothing of connections' frames or of the disk's answers; [`super::repo`] drives it.

mod order;

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::sync::{self, SyncDoc};
use automerge::{ActorId, Automerge, ChangeHash, SaveOptions, TextEncoding};

use crate::id::{ConnectionId, DocumentId, EffectId};
use crate::sync::policy::Refusal;
use crate::sync::storage::{CatalogueEntry, ChunkKey, ChunkKind, StoredChunk, WriteBatch};
use crate::time::Timestamp;

/// Increments after which the next write is a snapshot, if they outweigh the snapshot before.
const INCREMENTS: usize = 16;

/// A snapshot below this size is rewritten rather than followed by more increments.
const SMALL_SNAPSHOT: usize = 1024;

/// A document in memory.
pub(super) struct Document {
    pub(super) id: DocumentId,
    pub(super) phase: Phase,
    pub(super) doc: Automerge,
    /// Changes on the disk: these and all before them.
    pub(super) on_disk: Vec<ChangeHash>,
    /// Heads that the catalogue says are on the disk, and that could not be read from it.
    pub(super) missing: Vec<ChangeHash>,
    /// Whether the next write is a snapshot of everything, so that the disk is in order again.
    pub(super) rewrite: bool,
    /// Changes the server was last seen to have: these and all before them.
    pub(super) synced: Vec<ChangeHash>,
    pub(super) label: Option<String>,
    /// Chunks of this document on the disk that this process has loaded or written.
    pub(super) chunks: BTreeMap<ChunkKey, usize>,
    /// Messages that wait until the disk has answered.
    pub(super) inbox: VecDeque<Incoming>,
    /// Chunks of another process that came while loading.
    pub(super) elsewhere: Vec<StoredChunk>,
    pub(super) peers: BTreeMap<ConnectionId, DocumentPeer>,
    /// Whether somebody asked to be told when it is loaded.
    pub(super) opened: bool,
}

/// Where a document is between memory and disk.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    /// Waiting for its turn to be loaded.
    Queued,
    /// Being loaded.
    Loading,
    /// The disk could not be read; tried again at the given time.
    Unread {
        /// When.
        retry: Timestamp,
    },
    /// In memory, and no write is under way.
    Ready,
    /// In memory; a write is under way.
    Writing(Writing),
    /// In memory; the last write failed and is tried again.
    Failed {
        /// Failures in a row.
        attempts: u32,
        /// When to try again.
        retry: Timestamp,
    },
}

/// A write under way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Writing {
    pub(super) effect: EffectId,
    /// Heads of what is being written.
    pub(super) heads: Vec<ChangeHash>,
    pub(super) put: Vec<(ChunkKey, usize)>,
    pub(super) remove: Vec<ChunkKey>,
    /// Failures before.
    pub(super) attempts: u32,
}

/// A sync message of a peer.
pub(super) struct Incoming {
    pub(super) connection: ConnectionId,
    pub(super) message: sync::Message,
}

/// What the engine remembers of a peer for one document.
#[derive(Default)]
pub(super) struct DocumentPeer {
    pub(super) state: sync::State,
    /// The heads it was last shown.
    pub(super) shown: Vec<ChangeHash>,
    /// It waits for an answer, whether we have the document or not.
    pub(super) requested: bool,
    /// Why its changes are not taken; nothing more is sent to it.
    pub(super) refused: Option<Refusal>,
}

/// A document without content. All documents count text in UTF-16 units, as browsers do.
pub(super) fn empty(actor: &ActorId) -> Automerge {
    Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(actor.clone())
}

impl Document {
    pub(super) fn new(id: DocumentId, actor: &ActorId, entry: Option<&CatalogueEntry>) -> Self {
        Self {
            id,
            // What the catalogue does not list is not on the disk: nothing to load.
            phase: if entry.is_some() {
                Phase::Queued
            } else {
                Phase::Ready
            },
            doc: empty(actor),
            on_disk: Vec::new(),
            missing: Vec::new(),
            rewrite: false,
            synced: entry.map(|e| from_raw(&e.synced)).unwrap_or_default(),
            label: entry.and_then(|e| e.label.clone()),
            chunks: BTreeMap::new(),
            inbox: VecDeque::new(),
            elsewhere: Vec::new(),
            peers: BTreeMap::new(),
            opened: false,
        }
    }

    pub(super) fn is_loaded(&self) -> bool {
        !matches!(
            self.phase,
            Phase::Queued | Phase::Loading | Phase::Unread { .. }
        )
    }

    /// Whether the disk has answered, be it that it cannot read the document now.
    pub(super) fn is_settled(&self) -> bool {
        !matches!(self.phase, Phase::Queued | Phase::Loading)
    }

    pub(super) fn is_found(&self) -> bool {
        self.is_loaded() && !self.doc.get_heads().is_empty()
    }

    /// Whether the last write failed.
    pub(super) fn write_failed(&self) -> bool {
        matches!(self.phase, Phase::Failed { .. })
    }

    /// When to try the disk again, if its last answer was a failure.
    pub(super) fn retry(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Failed { retry, .. } | Phase::Unread { retry } => Some(retry),
            _ => None,
        }
    }

    /// Whether everything in memory is on the disk.
    pub(super) fn is_saved(&self) -> bool {
        self.doc.get_heads() == self.on_disk
    }

    /// Changes that are not among `known` and what is before them. Genesis changes, which every
    /// replica makes by itself and which have no time, are not counted.
    pub(super) fn count_since(&self, known: &[ChangeHash]) -> u64 {
        if self.doc.get_heads() == known {
            return 0;
        }
        let known: Vec<_> = known.iter().filter(|h| self.has(h)).copied().collect();
        self.doc
            .get_changes_meta(&known)
            .iter()
            .filter(|c| c.timestamp != 0)
            .count() as u64
    }

    pub(super) fn has(&self, hash: &ChangeHash) -> bool {
        self.doc.get_change_meta_by_hash(hash).is_some()
    }

    /// Applies a sync message as a whole or not at all.
    ///
    /// `check` sees the result and may refuse it. Whatever goes wrong, panics of the library
    /// included, leaves document and sync state as they were.
    pub(super) fn receive(
        &mut self,
        incoming: Incoming,
        check: impl FnOnce(&Automerge, bool) -> Result<Option<String>, Refusal>,
    ) -> Result<bool, Refusal> {
        let peer = self.peers.entry(incoming.connection).or_default();
        if incoming.message.changes.is_empty() {
            let (doc, state) = (&mut self.doc, &mut peer.state);
            return match guard(|| doc.receive_sync_message(state, incoming.message)) {
                Some(Ok(())) => Ok(false),
                Some(Err(error)) => Err(unreadable(&error.to_string())),
                None => Err(unreadable("the library could not process it")),
            };
        }
        let mut doc = self.doc.clone();
        let mut state = peer.state.clone();
        match guard(|| doc.receive_sync_message(&mut state, incoming.message)) {
            Some(Ok(())) => {}
            Some(Err(error)) => return Err(unreadable(&error.to_string())),
            None => return Err(unreadable("the library could not process it")),
        }
        let before = self.doc.get_heads();
        let changed = doc.get_heads() != before;
        if changed {
            if !order::is_in_order(&doc, &before) {
                return Err(unreadable("operations are not numbered onwards"));
            }
            self.label = check(&doc, self.label.is_some())?;
        }
        self.doc = doc;
        peer.state = state;
        Ok(changed)
    }

    /// The next message for a peer, or nothing if it is up to date or owes an answer.
    ///
    /// A peer is shown every new heads once, also where Automerge would stay silent because the
    /// peer has the same ones: for the peer this is how it learns that they are on our disk.
    pub(super) fn message_for(&mut self, connection: ConnectionId) -> Option<sync::Message> {
        let heads = self.doc.get_heads();
        let peer = self.peers.get_mut(&connection)?;
        if peer.shown != heads {
            peer.state.last_sent_heads.clear();
        }
        let message = self.doc.generate_sync_message(&mut peer.state)?;
        peer.shown = heads;
        Some(message)
    }

    /// Takes chunks read from the disk. Returns whether all of them could be read.
    pub(super) fn take_chunks(&mut self, chunks: Vec<StoredChunk>) -> bool {
        let mut intact = true;
        let mut chunks = chunks;
        // Snapshots first, so that increments find what they build on.
        chunks.sort_by_key(|chunk| chunk.key);
        for chunk in chunks {
            let mut doc = self.doc.clone();
            match guard(|| doc.load_incremental(&chunk.bytes)) {
                Some(Ok(_)) => {
                    self.doc = doc;
                    self.chunks.insert(chunk.key, chunk.bytes.len());
                }
                Some(Err(_)) | None => intact = false,
            }
        }
        intact
    }

    /// What has to be written so that the disk has everything, or nothing.
    pub(super) fn prepare_write(&self) -> Option<(WriteBatch, Writing)> {
        let heads = self.doc.get_heads();
        if heads.is_empty() || (heads == self.on_disk && !self.rewrite) {
            return None;
        }
        let raw = to_raw(&heads);
        let (put, remove) = if self.wants_snapshot() {
            let options = SaveOptions {
                retain_orphans: false,
                ..SaveOptions::default()
            };
            let bytes = self.doc.save_with_options(options);
            let key = ChunkKey::snapshot(&raw);
            let replaced = self.chunks.keys().filter(|k| **k != key).copied().collect();
            (StoredChunk { key, bytes }, replaced)
        } else {
            let bytes = self.doc.save_after(&self.on_disk);
            (
                StoredChunk {
                    key: ChunkKey::increment(&bytes),
                    bytes,
                },
                Vec::new(),
            )
        };
        let entry = self.entry(&heads);
        let writing = Writing {
            effect: EffectId(0),
            heads,
            put: vec![(put.key, put.bytes.len())],
            remove: remove.clone(),
            attempts: 0,
        };
        Some((
            WriteBatch {
                document: self.id,
                put: vec![put],
                remove,
                entry,
            },
            writing,
        ))
    }

    /// What the catalogue is to say once `heads` are on the disk. Heads that are known to be
    /// missing stay listed until they are back, so that a loss is not forgotten.
    pub(super) fn entry(&self, heads: &[ChangeHash]) -> CatalogueEntry {
        let missing = self.missing.iter().filter(|head| !self.has(head));
        CatalogueEntry {
            document: self.id,
            heads: to_raw(heads)
                .into_iter()
                .chain(missing.map(|head| head.0))
                .collect(),
            label: self.label.clone(),
            synced: to_raw(&self.synced),
        }
    }

    /// Compares what was loaded with what the catalogue says. Returns whether nothing is missing.
    pub(super) fn compare(&mut self, entry: &CatalogueEntry) -> bool {
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
    pub(super) fn add_synced(&mut self, heads: Vec<ChangeHash>) {
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

    fn wants_snapshot(&self) -> bool {
        let sizes = |kind| {
            let of_kind = self.chunks.iter().filter(move |(key, _)| key.kind == kind);
            of_kind.fold((0, 0), |(count, sum), (_, size)| (count + 1, sum + size))
        };
        let (snapshots, snapshot_bytes) = sizes(ChunkKind::Snapshot);
        let (increments, increment_bytes) = sizes(ChunkKind::Increment);
        self.rewrite
            || snapshots == 0 && increments == 0
            || increments >= INCREMENTS
                && (increment_bytes >= snapshot_bytes || snapshot_bytes < SMALL_SNAPSHOT)
    }

    /// The disk has what `writing` says.
    pub(super) fn written(&mut self, writing: Writing) {
        for key in &writing.remove {
            self.chunks.remove(key);
        }
        self.chunks.extend(writing.put);
        self.rewrite = false;
        self.add_on_disk(writing.heads);
    }

    /// Notes that these changes, and all before them, are on the disk.
    pub(super) fn add_on_disk(&mut self, hashes: impl IntoIterator<Item = ChangeHash>) {
        self.on_disk.extend(hashes);
        self.on_disk.sort_unstable();
        self.on_disk.dedup();
        if self.doc.get_changes_meta(&self.on_disk).is_empty() {
            self.on_disk = self.doc.get_heads();
        }
    }
}

/// Runs a call into the library. Where panics unwind, one is caught and gives nothing.
fn guard<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

fn unreadable(detail: &str) -> Refusal {
    Refusal {
        code: "bad-changes",
        message: format!("the changes cannot be applied: {detail}"),
    }
}

/// Heads as plain bytes, for the storage and for names.
pub(super) fn to_raw(heads: &[ChangeHash]) -> Vec<[u8; 32]> {
    heads.iter().map(|head| head.0).collect()
}

/// Plain bytes as heads.
pub(super) fn from_raw(heads: &[[u8; 32]]) -> Vec<ChangeHash> {
    heads.iter().copied().map(ChangeHash).collect()
}
