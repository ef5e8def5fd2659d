//! One document in memory: its content, what of it is on the disk, what waits for it.
//!
//! Knows nothing of connections' frames or of the disk's answers; [`super::repo`] drives it.

mod answer;
mod aside;
mod disk;
mod fits;
mod receipts;
pub(in crate::sync) mod receive;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(super) use self::answer::PlainAnswer;
use self::aside::Aside;
use self::receipts::Receipts;
pub(super) use self::receipts::{Before, vouched};

use automerge::sync::{self, SyncDoc};
use automerge::{ActorId, Automerge, ChangeHash, ChangeMetadata, SaveOptions, TextEncoding};

use crate::id::{ConnectionId, DocumentId, EffectId};
use crate::sync::admission::{Scan, ScannedChange};
use crate::sync::policy::Principal;
use crate::sync::storage::{CatalogueEntry, ChunkKey, StoredChunk};
use crate::time::Timestamp;
use crate::wire::frame::Reason;
use crate::wire::limits::MESSAGE_OPERATIONS;

/// A document in memory.
pub(super) struct Document {
    pub(super) id: DocumentId,
    pub(super) phase: Phase,
    pub(super) doc: Automerge,
    /// Changes on the disk: these and all before them.
    pub(super) on_disk: Vec<ChangeHash>,
    /// The last change of everybody who changed it.
    pub(super) actors: fits::Actors,
    /// Changes that plain peers sent and that wait in `doc` for those they build on.
    pub(super) orphans: Vec<ScannedChange>,
    /// Who sent them, by their hash.
    pub(super) orphans_of: BTreeMap<ChangeHash, Principal>,
    /// Who sent what.
    pub(super) receipts: Receipts,
    /// Heads that the catalogue says are on the disk, and that could not be read from it.
    pub(super) missing: Vec<ChangeHash>,
    /// Whether the next write is a snapshot of everything, so that the disk is in order again.
    pub(super) rewrite: bool,
    /// Changes the server was last seen to have: these and all before them.
    pub(super) synced: Vec<ChangeHash>,
    pub(super) label: Option<String>,
    /// Chunks of this document on the disk that this process has loaded or written.
    pub(super) chunks: BTreeMap<ChunkKey, usize>,
    /// A write that replaces many chunks by one. Everything else goes on meanwhile.
    pub(super) compaction: Option<Compaction>,
    /// Messages that wait until the disk has answered.
    pub(super) inbox: VecDeque<Incoming>,
    /// Chunks of another process that came while loading.
    pub(super) elsewhere: Vec<StoredChunk>,
    /// Plain peers that have it open.
    pub(super) peers: BTreeMap<ConnectionId, DocumentPeer>,
    /// Meltemi peers that have it open, with the changes they were sent or have sent: these and
    /// all before them.
    pub(super) followers: BTreeMap<ConnectionId, Vec<ChangeHash>>,
    /// Meltemi peers that wait for what they lack, with the heads they have.
    pub(super) wanted: BTreeMap<ConnectionId, Vec<ChangeHash>>,
    /// Meltemi peers whose changes are not on the disk yet.
    pub(super) waiting_senders: BTreeSet<ConnectionId>,
    /// When it was last of use, in steps of the engine.
    pub(super) used: u64,
    /// Number of the newest write.
    pub(super) seq: u64,
    /// Edits that the server has refused.
    pub(super) aside: Option<Aside>,
    /// What the server has refused is to go beside the document: the accepted heads, and why.
    pub(super) refusal: Option<(Vec<ChangeHash>, Reason)>,
    /// Whether a person has given it up: it is removed as soon as nothing of it is under way.
    pub(super) given_up: bool,
    /// Whether its label is another than the disk has.
    pub(super) relabelled: bool,
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
    /// The library has failed at it. Nothing is done with it until the next start.
    Shut,
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
    /// Its number.
    pub(super) seq: u64,
    /// Heads of what is being written.
    pub(super) heads: Vec<ChangeHash>,
    pub(super) put: Vec<(ChunkKey, usize)>,
    pub(super) remove: Vec<ChunkKey>,
    /// How many receipts are on the disk with it.
    pub(super) receipts: usize,
    /// Whether it puts the disk in order. What comes meanwhile asks for that anew.
    pub(super) rewrites: bool,
    /// Failures before.
    pub(super) attempts: u32,
}

/// A compaction under way.
pub(super) struct Compaction {
    pub(super) put: Vec<(ChunkKey, usize)>,
    pub(super) remove: Vec<ChunkKey>,
}

/// What a peer sent about a document.
pub(super) struct Incoming {
    pub(super) connection: ConnectionId,
    pub(super) said: Said,
    /// What its changes say about themselves.
    pub(super) scan: Scan,
}

impl Incoming {
    /// Its changes, as Automerge writes them.
    pub(super) fn changes(&self) -> Vec<u8> {
        match &self.said {
            Said::Message(message) => message.changes.iter().collect::<Vec<_>>().concat(),
            Said::Changes(bytes) => bytes.clone(),
        }
    }

    /// Bytes that wait with it, as far as they count.
    pub(super) fn size(&self) -> usize {
        match &self.said {
            Said::Message(message) => message.changes.iter().map(<[u8]>::len).sum(),
            Said::Changes(bytes) => bytes.len(),
        }
    }
}

/// What a peer can send about a document.
pub(super) enum Said {
    /// A plain peer: a sync message.
    Message(sync::Message),
    /// A Meltemi peer: changes, as Automerge writes them.
    Changes(Vec<u8>),
}

/// What the engine remembers of a peer for one document.
#[derive(Default)]
pub(super) struct DocumentPeer {
    pub(super) state: sync::State,
    /// The heads it was last shown.
    pub(super) shown: Vec<ChangeHash>,
    /// Whether it has had an answer since it last said something.
    pub(super) answered: bool,
    /// It waits for an answer, whether we have the document or not.
    pub(super) requested: bool,
    /// Changes it was asked for because others that it sent build on them.
    pub(super) missing: Vec<ChangeHash>,
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
            actors: fits::Actors::default(),
            orphans: Vec::new(),
            orphans_of: BTreeMap::new(),
            receipts: Receipts::default(),
            missing: Vec::new(),
            rewrite: false,
            synced: entry.map(|e| from_raw(&e.synced)).unwrap_or_default(),
            label: entry.and_then(|e| e.label.clone()),
            chunks: BTreeMap::new(),
            compaction: None,
            inbox: VecDeque::new(),
            elsewhere: Vec::new(),
            peers: BTreeMap::new(),
            followers: BTreeMap::new(),
            wanted: BTreeMap::new(),
            waiting_senders: BTreeSet::new(),
            used: 0,
            seq: entry.map_or(0, |entry| entry.seq),
            aside: None,
            given_up: false,
            refusal: None,
            relabelled: false,
            opened: false,
        }
    }

    pub(super) fn is_loaded(&self) -> bool {
        !matches!(
            self.phase,
            Phase::Queued | Phase::Loading | Phase::Unread { .. } | Phase::Shut
        )
    }

    pub(super) fn is_found(&self) -> bool {
        self.is_loaded() && !self.doc.get_heads().is_empty()
    }

    /// What is remembered of a plain peer that has it open from now on; nothing when it is shut.
    pub(super) fn open_by(&mut self, connection: ConnectionId) -> Option<&mut DocumentPeer> {
        (self.phase != Phase::Shut).then(|| self.peers.entry(connection).or_default())
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
    /// replica makes by itself and which have no time, count as one where there is nothing else.
    pub(super) fn count_since(&self, known: &[ChangeHash]) -> u64 {
        if self.doc.get_heads() == known {
            return 0;
        }
        let known: Vec<_> = known.iter().filter(|h| self.has(h)).copied().collect();
        let changes = self.doc.get_changes_meta(&known);
        let made = changes.iter().filter(|c| c.timestamp != 0).count();
        made.max(usize::from(!changes.is_empty())) as u64
    }

    pub(super) fn has(&self, hash: &ChangeHash) -> bool {
        has(&self.doc, hash)
    }

    /// Whether only somebody who has had it, or the file it was imported from, can name these
    /// changes: all of them are here, and one is not of those that every replica makes by itself.
    pub(super) fn proves_knowledge(&self, heads: &[ChangeHash]) -> bool {
        let made = |head| {
            let change = self.doc.get_change_meta_by_hash(head);
            let by_itself = self.id.as_bytes().as_slice();
            change.map(|change| change.actor.to_bytes() != by_itself)
        };
        let made: Option<Vec<bool>> = heads.iter().map(made).collect();
        made.is_some_and(|made| made.contains(&true))
    }

    /// Whether it has changes that the server was not seen to have, genesis included.
    pub(super) fn is_ahead(&self) -> bool {
        self.doc.get_heads() != self.synced && !self.doc.get_changes_meta(&self.synced).is_empty()
    }

    /// Whether there is nothing of it, neither here nor on its way.
    pub(super) fn is_empty(&self) -> bool {
        let offers = |peer: &DocumentPeer| {
            let heads = peer.state.their_heads.as_ref();
            peer.requested || heads.is_some_and(|heads| !heads.is_empty())
        };
        self.phase == Phase::Ready
            && !self.is_found()
            && !self.opened
            && self.missing.is_empty()
            && self.chunks.is_empty()
            && self.inbox.is_empty()
            && self.wanted.is_empty()
            && !self.peers.values().any(offers)
    }

    /// Everybody who has it open. Some may be named twice.
    pub(super) fn present(&self) -> impl Iterator<Item = ConnectionId> {
        self.peers.keys().chain(self.followers.keys()).copied()
    }

    /// Plain peers that have said something or have not been shown all heads. What each of the
    /// others could be told is nothing, and costs time to find out.
    pub(super) fn to_answer(&self) -> Vec<ConnectionId> {
        let heads = self.doc.get_heads();
        let waits = |peer: &DocumentPeer| !peer.answered || peer.shown != heads;
        let waiting = self.peers.iter().filter(|(_, peer)| waits(peer));
        waiting.map(|(connection, _)| *connection).collect()
    }

    /// Plain peers that have told their heads, which are all on the disk: they have nothing of what
    /// is not.
    pub(super) fn lacking_new(&self) -> Vec<ConnectionId> {
        let new = self.doc.get_changes_meta(&self.on_disk);
        let new: BTreeSet<_> = new.iter().map(|change| change.hash).collect();
        let old = |head: &ChangeHash| self.has(head) && !new.contains(head);
        let told = self.peers.iter().filter(|(_, peer)| {
            let heads = peer.state.their_heads.as_ref();
            heads.is_some_and(|heads| heads.iter().all(old))
        });
        told.map(|(connection, _)| *connection).collect()
    }

    /// Everybody who may have sent something about it.
    pub(super) fn senders(&self) -> impl Iterator<Item = ConnectionId> {
        self.peers.keys().chain(&self.waiting_senders).copied()
    }

    /// What a Meltemi peer lacks that has these changes and all before them, as chunks: in pieces
    /// when it is more than one message may ask to be done, empty when it lacks nothing.
    ///
    /// Heads that are not known here are ignored. A peer that has nothing gets the document whole.
    /// Nothing is compressed: that is done for a whole frame.
    pub(super) fn changes_since(&self, have: &[ChangeHash]) -> Vec<Vec<u8>> {
        let known: Vec<_> = have.iter().filter(|h| self.has(h)).copied().collect();
        let operations = |change: &ChangeMetadata<'_>| change.max_op + 1 - change.start_op;
        let all: u64 = self
            .doc
            .get_changes_meta(&known)
            .iter()
            .map(operations)
            .sum();
        if known.is_empty() && all <= MESSAGE_OPERATIONS / 2 {
            let options = SaveOptions {
                deflate: false,
                retain_orphans: false,
            };
            return vec![self.doc.save_with_options(options)];
        }
        let mut pieces = vec![Vec::new()];
        let mut size = 0;
        for change in self.doc.get_changes(&known) {
            size += change.len() as u64;
            if size > MESSAGE_OPERATIONS / 2 {
                pieces.push(Vec::new());
                size = change.len() as u64;
            }
            if let Some(piece) = pieces.last_mut() {
                piece.extend_from_slice(change.raw_bytes());
            }
        }
        pieces
    }

    /// The next message for a peer, or nothing if it is up to date or owes an answer.
    ///
    /// A peer is shown every new heads once, also where Automerge would stay silent because the
    /// peer has the same ones: for the peer this is how it learns that they are on our disk.
    pub(super) fn message_for(&mut self, connection: ConnectionId) -> Option<sync::Message> {
        let heads = self.doc.get_heads();
        let peer = self.peers.get_mut(&connection)?;
        peer.answered = true;
        if peer.shown != heads {
            peer.state.last_sent_heads.clear();
        }
        let message = self.doc.generate_sync_message(&mut peer.state)?;
        peer.shown = heads;
        Some(message)
    }
}

/// Whether a document has a change.
pub(super) fn has(doc: &Automerge, hash: &ChangeHash) -> bool {
    doc.get_change_meta_by_hash(hash).is_some()
}

/// Heads as plain bytes, for the storage and for names.
pub(super) fn to_raw(heads: &[ChangeHash]) -> Vec<[u8; 32]> {
    heads.iter().map(|head| head.0).collect()
}

/// Plain bytes as heads.
pub(super) fn from_raw(heads: &[[u8; 32]]) -> Vec<ChangeHash> {
    heads.iter().copied().map(ChangeHash).collect()
}
