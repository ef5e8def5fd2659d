//! What a frame says, as data.

use crate::id::{DocumentId, PeerId, StorageId};
use crate::wire::exchange::{Exchange, Hash};

/// The protocol version this software speaks.
pub const PROTOCOL: &str = "1";

/// A frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// The dialer introduces itself.
    Join {
        /// Its name.
        sender: PeerId,
        /// What it says of itself.
        metadata: PeerMetadata,
        /// Versions it speaks; empty means "1".
        versions: Vec<String>,
    },
    /// The acceptor answers a `join`.
    Peer {
        /// Its name.
        sender: PeerId,
        /// The name it was told.
        target: PeerId,
        /// What it says of itself.
        metadata: PeerMetadata,
        /// The version both will speak.
        version: String,
    },
    /// A farewell. Optional.
    Leave {
        /// Who leaves.
        sender: PeerId,
    },
    /// A sync message.
    Sync {
        /// From and to.
        route: Route,
        /// About which document.
        document: DocumentId,
        /// Whether the sender has nothing of it and waits for an answer either way.
        request: bool,
        /// An encoded Automerge sync message.
        data: Vec<u8>,
    },
    /// The document cannot be had from this peer.
    Unavailable {
        /// From and to.
        route: Route,
        /// Which one.
        document: DocumentId,
        /// Why, when the peer refuses it. An addition; plain clients skip it.
        refusal: Option<Reason>,
    },
    /// A message to those who have the document open now. Never stored.
    Ephemeral {
        /// From and to; the sender is the first one, also when relayed.
        route: Route,
        /// About which document.
        document: DocumentId,
        /// Number of the message within the session.
        count: u64,
        /// Session of the sender.
        session: String,
        /// Content, CBOR.
        data: Vec<u8>,
    },
    /// The sender cannot go on with this connection.
    Error {
        /// From and to.
        route: Route,
        /// Why, for programs. An addition; plain clients skip it.
        code: Option<String>,
        /// Why, for a person.
        message: String,
    },
    /// Something a person at the other end should know. An addition, sent only to peers that
    /// declared [`PeerMetadata::meltemi`].
    Notice {
        /// From and to.
        route: Route,
        /// The document it is about.
        document: Option<DocumentId>,
        /// What happened.
        reason: Reason,
    },
    /// What a device knows of the server's documents. The answer is a list of what it does not.
    Hello {
        /// The number up to which it knows the server's catalogue; 0 when it knows nothing of it.
        seq: u64,
        /// Digest of what it knows, see [`crate::sync::reconcile`].
        root: Hash,
        /// How many documents that is.
        count: u64,
    },
    /// About many documents at once.
    Exchange(Exchange),
    /// A message of set reconciliation.
    Repair {
        /// As negentropy writes it.
        data: Vec<u8>,
    },
    /// The device asks which documents these items of the set are.
    Lookup {
        /// The items.
        items: Vec<Hash>,
    },
    /// Is somebody there?
    Ping,
    /// Yes.
    Pong,
    /// A part of a frame that is too long for one message.
    Part {
        /// How many parts follow.
        left: u64,
        /// The bytes.
        data: Vec<u8>,
    },
    /// A frame of a type this version does not know, or does not use. To be ignored.
    Other {
        /// Its type.
        kind: String,
    },
}

/// From whom and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// From.
    pub sender: PeerId,
    /// To.
    pub target: PeerId,
}

/// A stable word and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// For programs.
    pub code: String,
    /// For a person.
    pub message: String,
}

/// What a peer says of itself in the handshake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerMetadata {
    /// The lasting name of its storage, when it has one.
    pub storage: Option<StorageId>,
    /// Whether it keeps nothing.
    pub ephemeral: bool,
    /// Version of Meltemi's additions that it speaks; 0 for a plain client.
    pub meltemi: u64,
}

/// Version of Meltemi's additions that this software speaks.
pub const MELTEMI: u64 = 2;
