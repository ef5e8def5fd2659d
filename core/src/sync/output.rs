//! What a replica wants done.

use crate::id::{ConnectionId, DocumentId, EffectId};
use crate::sync::policy::Principal;
use crate::sync::storage::StorageRequest;
use crate::time::Timestamp;

/// Something the driver is to do or to tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send a binary message. Messages of one connection keep their order.
    Send {
        /// Over which connection.
        connection: ConnectionId,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Close a connection after what was sent so far. The engine has forgotten it already.
    Close {
        /// Which one.
        connection: ConnectionId,
        /// Why, as a sentence for the other side's person.
        reason: String,
    },
    /// Do something with the storage and answer with [`super::input::Input::Stored`].
    Storage {
        /// To be given back with the answer.
        effect: EffectId,
        /// What to do.
        request: StorageRequest,
    },
    /// Open a connection to the server, then tell `Connected` or `DialFailed`.
    Dial,
    /// Call `handle` with `Tick` at this time, if nothing happens before. Replaces earlier ones.
    Wake(Timestamp),
    /// A document can be read from now on, or what can be read of it changed.
    Changed {
        /// Which one.
        document: DocumentId,
        /// Whether the change came from this replica itself.
        local: bool,
    },
    /// An opened document is loaded; it is empty when the storage has nothing of it.
    Opened {
        /// Which one.
        document: DocumentId,
        /// Whether it has any content.
        found: bool,
    },
    /// Everything this replica has changed in the document so far is on its disk.
    Saved {
        /// Which one.
        document: DocumentId,
    },
    /// What [`super::repo::Repo::status`] answers has changed.
    Status,
    /// A server has refused changes because of who sent them. The engine has nothing more of them.
    Withheld(Withheld),
}

/// Refused changes that somebody else may decide to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Who sent them.
    pub principal: Principal,
    /// What they change.
    pub document: DocumentId,
    /// Its label here, or the one it would get if it is new.
    pub label: Option<String>,
    /// Why they were refused.
    pub code: &'static str,
    /// The changes, as Automerge writes them.
    pub changes: Vec<u8>,
}
