//! The storage contract: what the engine asks of a disk, and how a disk answers.
//!
//! Documents are kept as chunks under names made from their content, so that a
//! write repeated after a crash writes the same thing, and processes that share
//! a storage never remove what they have not seen.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{DocumentId, StorageId};

/// Names a chunk within its document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkKey {
    /// What the chunk holds.
    pub kind: ChunkKind,
    /// SHA-256 of the heads (snapshot) or of the bytes (increment).
    pub hash: [u8; 32],
}

/// What a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkKind {
    /// The whole document at some heads.
    Snapshot,
    /// Changes since the chunks before.
    Increment,
    /// Changes that the server has refused, with the reason. No part of the document.
    Refused,
    /// Who sent which changes to a server, and when. No part of the document.
    Receipts,
}

impl ChunkKey {
    /// The name of a snapshot at these heads (sorted).
    pub fn snapshot(heads: &[[u8; 32]]) -> Self {
        let mut hash = Sha256::new();
        for head in heads {
            hash.update(head);
        }
        Self {
            kind: ChunkKind::Snapshot,
            hash: hash.finalize().into(),
        }
    }

    /// The name of an increment with these bytes.
    pub fn increment(bytes: &[u8]) -> Self {
        Self {
            kind: ChunkKind::Increment,
            hash: Sha256::digest(bytes).into(),
        }
    }
}

impl fmt::Debug for ChunkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({})", self.kind, hex::encode(&self.hash[..6]))
    }
}

/// A chunk with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChunk {
    /// Its name.
    pub key: ChunkKey,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// All writes to one document that belong together: applied as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteBatch {
    /// The document.
    pub document: DocumentId,
    /// Chunks to write.
    pub put: Vec<StoredChunk>,
    /// Chunks to remove: only ones this process has loaded or written, and that `put` replaces.
    pub remove: Vec<ChunkKey>,
    /// What the catalogue is to say of the document afterwards, unless that stays as it is. A
    /// document of which it says nothing ([`CatalogueEntry::says_nothing`]) may go off the list.
    pub entry: Option<CatalogueEntry>,
}

/// What a storage knows of a document without loading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueEntry {
    /// The document.
    pub document: DocumentId,
    /// Its heads on this disk, sorted.
    pub heads: Vec<[u8; 32]>,
    /// The label the policy gave it (for a record its kind), if it has one.
    pub label: Option<String>,
    /// Heads the server was last seen to have, on a device; empty on a server. A device may know
    /// that the server has a document without having anything of it itself.
    pub synced: Vec<[u8; 32]>,
    /// Number of the write that gave it these heads, on a server: each write of the storage has a
    /// greater one than the writes before.
    pub seq: u64,
    /// About how many bytes its chunks have, or, of a document that is not here, the server's.
    pub size: u64,
}

impl CatalogueEntry {
    /// What is said of a document of which nothing is known.
    pub fn unknown(document: DocumentId) -> Self {
        Self {
            document,
            heads: Vec::new(),
            label: None,
            synced: Vec::new(),
            seq: 0,
            size: 0,
        }
    }

    /// Whether it says that there is nothing of the document, neither here nor on the server.
    pub fn says_nothing(&self) -> bool {
        self.heads.is_empty() && self.synced.is_empty() && self.label.is_none()
    }
}

/// What a storage has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// All documents, in any order.
    pub entries: Vec<CatalogueEntry>,
    /// How far this device knows the server's catalogue.
    pub cursor: Option<Cursor>,
}

/// How far a device knows a server's catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The server's storage.
    pub server: StorageId,
    /// Everything up to this number is known.
    pub seq: u64,
}

/// What a device has learned of the server's catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synced {
    /// Heads on the server's disk, by document.
    pub heads: Vec<(DocumentId, Vec<[u8; 32]>)>,
    /// How far the catalogue is known with that.
    pub cursor: Option<Cursor>,
}

/// What the engine asks of the storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageRequest {
    /// List all documents. Asked once at the start.
    Catalogue,
    /// Load all chunks of a document.
    Load(DocumentId),
    /// Write, flush, and only then answer.
    Write(WriteBatch),
    /// Remember what the server has. Need not be flushed: forgetting it costs bytes, not data.
    Synced(Synced),
}

/// How the storage answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageAnswer {
    /// To [`StorageRequest::Catalogue`].
    Catalogue(Listing),
    /// To [`StorageRequest::Load`]. No chunks: the storage has nothing of this document.
    Loaded(Loaded),
    /// To [`StorageRequest::Write`]: the bytes are on the disk.
    Written,
    /// To [`StorageRequest::Synced`].
    Noted,
}

/// The stored chunks of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Chunks whose checksum holds.
    pub chunks: Vec<StoredChunk>,
    /// Chunks whose bytes are damaged. They stay where they are.
    pub damaged: Vec<ChunkKey>,
}

/// Why a storage could not do what was asked. Nothing of the request was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// There is no room.
    #[error("no room to write document {document}: {detail}")]
    Full {
        /// The document that could not be written.
        document: DocumentId,
        /// What the system said.
        detail: String,
    },
    /// Something else failed.
    #[error("cannot {operation}: {detail}")]
    Failed {
        /// What was being done, such as `load document 4Wk…`.
        operation: String,
        /// What the system said.
        detail: String,
    },
}

/// A storage that answers at once: the disk of a server, or one in memory.
///
/// Browsers answer later and do without this trait; the requests are the same.
pub trait StorageAdapter: Send + 'static {
    /// All documents, and what was noted of the server.
    fn catalogue(&self) -> Result<Listing, StorageError>;

    /// All chunks of a document. A chunk whose checksum does not hold is reported, not returned.
    fn load(&self, document: &DocumentId) -> Result<Loaded, StorageError>;

    /// Applies each batch as a whole or not at all, in order, then flushes once.
    ///
    /// When this returns, each `Ok` is on the disk and survives a loss of power.
    fn write(&mut self, batches: &[WriteBatch]) -> Vec<Result<(), StorageError>>;

    /// Remembers what the server has, of documents that are not here too.
    fn synced(&mut self, synced: &Synced) -> Result<(), StorageError>;

    /// The lasting name of this storage, made from `fresh` when it is new.
    fn storage_id(&mut self, fresh: &str) -> Result<String, StorageError>;
}
