//! What peers have sent and what waits for the disk, within limits.

use crate::id::{ConnectionId, DocumentId};
use crate::sync::closing::Closing;
use crate::sync::document::{Incoming, Phase};
use crate::sync::policy::Policy;
use crate::sync::repo::Repo;
use crate::wire::limits::{FRAME_BYTES, WAITING_BYTES, WAITING_BYTES_OF_ALL, WAITING_MESSAGES};

impl<P: Policy> Repo<P> {
    /// Puts what a peer sent where it waits for the disk, and works it off if it can.
    pub(super) fn take_in(&mut self, id: DocumentId, incoming: Incoming) {
        let (connection, size) = (incoming.connection, incoming.size());
        let document = self.enter(id);
        if document.phase == Phase::Shut {
            return;
        }
        let waiting = document.inbox.iter().filter(|i| i.connection == connection);
        let (count, bytes) =
            waiting.fold((1, size), |(count, bytes), i| (count + 1, bytes + i.size()));
        let Some(peer) = self.peers.get_mut(&connection) else {
            return;
        };
        if count > WAITING_MESSAGES
            || bytes > FRAME_BYTES
            || peer.waiting_bytes + size > WAITING_BYTES
            || self.waiting_bytes + size > WAITING_BYTES_OF_ALL
        {
            self.close(connection, &Closing::TooManyWaiting);
            return;
        }
        peer.waiting_bytes += size;
        self.waiting_bytes += size;
        if let Some(document) = self.documents.get_mut(&id) {
            document.inbox.push_back(incoming);
        }
        self.pump(id);
    }

    /// What a peer sent waits no longer.
    pub(super) fn taken_out(&mut self, connection: ConnectionId, size: usize) {
        self.waiting_bytes = self.waiting_bytes.saturating_sub(size);
        if let Some(peer) = self.peers.get_mut(&connection) {
            peer.waiting_bytes = peer.waiting_bytes.saturating_sub(size);
        }
    }
}
