//! What a plain peer is answered about a document.

use automerge::sync;

use super::Document;
use crate::id::ConnectionId;

/// What a plain peer is answered about a document.
pub(in crate::sync) enum PlainAnswer {
    /// It is up to date, or it is its turn to speak.
    Nothing,
    /// There is nothing of it here.
    Unavailable,
    /// This.
    Message(sync::Message),
}

impl Document {
    /// What is to be said to a plain peer now.
    pub(in crate::sync) fn answer_for(&mut self, connection: ConnectionId) -> PlainAnswer {
        let found = self.is_found();
        let Some(peer) = self.peers.get_mut(&connection) else {
            return PlainAnswer::Nothing;
        };
        let requested = std::mem::take(&mut peer.requested);
        // A peer that has something of a document we lack is answered, so that it sends it.
        let heads = peer.state.their_heads.as_ref();
        let offered = heads.is_some_and(|heads| !heads.is_empty());
        match (found || offered, requested) {
            (false, true) => PlainAnswer::Unavailable,
            (false, false) => PlainAnswer::Nothing,
            (true, _) => self
                .message_for(connection)
                .map_or(PlainAnswer::Nothing, PlainAnswer::Message),
        }
    }
}
