//! What a replica can truthfully say about where its changes are.

use serde::{Deserialize, Serialize};

use crate::id::DocumentId;
use crate::time::Timestamp;

/// Where the changes of this replica are. Every word is backed by an answer:
/// *saved* by the local storage adapter, *synced* by the server's heads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncStatus {
    /// The line to the server.
    pub line: Line,
    /// Changes made but not yet answered as saved by this device's storage.
    pub unsaved: u64,
    /// Changes that the server has not shown to have.
    pub waiting: u64,
    /// Number of documents these changes are in.
    pub waiting_documents: u64,
    /// When the server last showed that it had everything of this device.
    pub synced_at: Option<Timestamp>,
    /// Documents known and documents loaded, while loading after a start.
    pub loading: Option<Progress>,
    /// How far this replica is with what the server has and it lacks; nothing when it lacks
    /// nothing, or has no line.
    pub receiving: Option<Receiving>,
    /// Edits of this device that the server has refused and that wait for a person.
    pub refused: Vec<RefusedEdits>,
    /// What needs a person's attention, oldest first.
    pub notices: Vec<Notice>,
}

/// The line to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// No server is configured: a replica of its own.
    None,
    /// Being set up.
    Connecting {
        /// Since when there is no line.
        since: Timestamp,
    },
    /// Open and past the handshake.
    Online,
    /// Down; the next attempt is at the given time.
    Offline {
        /// Since when there is no line.
        since: Timestamp,
        /// When the next attempt is made.
        retry: Timestamp,
    },
}

/// How far something long is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// Of how many.
    pub of: u64,
}

/// How far receiving is. Both are of nothing while the server is still being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiving {
    /// Documents.
    pub documents: Progress,
    /// Bytes, as far as their sizes are known.
    pub bytes: Progress,
}

/// Edits of one document that the server has refused. They are kept beside the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedEdits {
    /// The document.
    pub document: DocumentId,
    /// Stable word for the reason.
    pub code: String,
    /// The reason, one English sentence.
    pub message: String,
    /// When this device was told.
    pub at: Timestamp,
    /// How many changes it is.
    pub changes: u64,
    /// Whether they are all there is of the document: the server has taken nothing of it, and it
    /// is shown as it is on this device.
    pub whole: bool,
}

/// Something that went wrong and that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Stable word for what happened; the texts of screens are keyed by it.
    pub code: NoticeCode,
    /// The document concerned, when it is about one.
    pub document: Option<DocumentId>,
    /// One English sentence with the details, for logs and for people who help.
    pub message: String,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeCode {
    /// The storage of this replica has no room.
    StorageFull,
    /// The storage of this replica failed in another way.
    StorageFailed,
    /// Stored bytes of one document are damaged. What can be read is shown.
    Damaged,
    /// The peer refused a document or its changes.
    Refused,
    /// This replica refused a document or changes of the peer.
    RefusedPeer,
    /// The peer sent what is no valid frame.
    BadFrame,
    /// The peer speaks no version of the protocol that this replica knows.
    Unsupported,
    /// The peer could not save; it keeps trying.
    PeerStorage,
}
