//! What happens to a replica.

use crate::id::{ConnectionId, DocumentId, EffectId};
use crate::sync::policy::Principal;
use crate::sync::storage::{StorageAnswer, StorageError, StoredChunk};

/// Something that happened, told to the engine by its driver.
#[derive(Debug, Clone)]
pub enum Input {
    /// Time has passed: the answer to [`super::output::Output::Wake`].
    Tick,
    /// A connection is open. Whoever is at its other end has been authenticated before.
    Connected {
        /// Name of the connection, never used before.
        connection: ConnectionId,
        /// Which side opened it.
        role: Role,
        /// Who is at the other end.
        principal: Principal,
    },
    /// The connection asked for by [`super::output::Output::Dial`] could not be opened.
    DialFailed,
    /// A binary message came in.
    Frame {
        /// Over which connection.
        connection: ConnectionId,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// The connection is gone, for whatever reason.
    Disconnected {
        /// Which one.
        connection: ConnectionId,
    },
    /// The network is likely to be back, or a person wants to try now.
    Reconnect,
    /// A storage effect has ended.
    Stored {
        /// Which one.
        effect: EffectId,
        /// How.
        result: Result<StorageAnswer, StorageError>,
    },
    /// Another process that shares this storage (another tab) has written chunks to it.
    WrittenElsewhere {
        /// Of which document.
        document: DocumentId,
        /// What it wrote.
        chunks: Vec<StoredChunk>,
    },
    /// Another process that shares this storage has learned what the server has.
    SyncedElsewhere {
        /// Of which document.
        document: DocumentId,
        /// Heads the server has shown, raw bytes.
        heads: Vec<[u8; 32]>,
    },
    /// Another process that shares this storage has removed a document from it, because this device
    /// is to have it no more.
    RemovedElsewhere {
        /// Which document.
        document: DocumentId,
    },
    /// Load a document and keep it.
    Open {
        /// Which one.
        document: DocumentId,
    },
    /// A person has decided about the refused edits of a document.
    Refused {
        /// Which document.
        document: DocumentId,
        /// Whether they are applied and sent again, or dropped.
        again: bool,
    },
    /// A person has decided about them at another process that shares this storage.
    RefusedElsewhere {
        /// Which document.
        document: DocumentId,
        /// As in [`Self::Refused`].
        again: bool,
    },
    /// Take a notice off the list.
    Dismiss {
        /// Its place in the list.
        notice: usize,
    },
}

/// Which side opened a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// This replica did: it sends `join`.
    Dialer,
    /// The peer did: it is answered with `peer`.
    Acceptor,
}
