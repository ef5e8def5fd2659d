//! The storage of a device: the browser's database, shared by all tabs.
//!
//! Requests of the engine are taken at once and answered later, in groups: what comes in while a
//! transaction is under way goes into the next one together.

pub(crate) mod chunk;
#[cfg(target_arch = "wasm32")]
pub(crate) mod cipher;
#[cfg(target_arch = "wasm32")]
mod copy;
#[cfg(target_arch = "wasm32")]
mod database;
#[cfg(target_arch = "wasm32")]
mod meta;
#[cfg(target_arch = "wasm32")]
mod queue;
#[cfg(target_arch = "wasm32")]
mod read;
#[cfg(target_arch = "wasm32")]
pub(crate) mod vault;
#[cfg(target_arch = "wasm32")]
mod write;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::queue::Storage;

use meltemi_core::id::{DocumentId, EffectId};
use meltemi_core::sync::storage::{StorageAnswer, StorageError, StorageRequest, StoredChunk};

/// What the storage has to tell.
#[derive(Debug)]
pub(crate) enum StorageNews {
    /// A request has ended.
    Answered {
        /// Which one.
        effect: EffectId,
        /// What had been asked.
        request: Box<StorageRequest>,
        /// How it ended.
        result: Result<StorageAnswer, StorageError>,
    },
    /// Chunks that other tabs have written and this one has not heard of.
    Missed(Vec<(DocumentId, Vec<StoredChunk>)>),
    /// What is noted of the server, by any tab.
    Synced(Vec<(DocumentId, Vec<[u8; 32]>)>),
    /// Another tab keeps the database from being opened in this version.
    Blocked,
    /// Another tab runs a newer version and has the database now.
    Outdated,
    /// The database was deleted.
    Deleted,
}

/// Why there is no storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoStorage {
    /// It belongs to a newer version of this program.
    Newer(String),
    /// The browser gives none.
    Unavailable(String),
}
