//! What peers say about documents: sync messages, refusals, ephemeral messages.

use crate::id::{ConnectionId, DocumentId};
use crate::order;
use crate::sync::admission::{self, Admitted};
use crate::sync::closing::Closing;
use crate::sync::document::{Incoming, Said};
use crate::sync::peer::Peer;
use crate::sync::policy::{Access, Policy};
use crate::sync::repo::Repo;
use crate::sync::status::NoticeCode;
use crate::wire::frame::{Frame, Reason, Route};
use crate::wire::limits::{EPHEMERAL_BYTES, OPEN_DOCUMENTS};

impl<P: Policy> Repo<P> {
    pub(super) fn sync_message(
        &mut self,
        connection: ConnectionId,
        id: DocumentId,
        request: bool,
        data: &[u8],
    ) {
        let Some(peer) = self.peers.get(&connection) else {
            return;
        };
        if let Some(refusal) = peer.refused.get(&id).cloned() {
            self.send_unavailable(connection, id, Some(refusal));
            return;
        }
        let Admitted { message, scan } = match admission::read_message(data) {
            Ok(admitted) => admitted,
            Err(refusal) => {
                self.refuse(connection, id, refusal);
                return;
            }
        };
        if !self.may_enter(connection, id) {
            return;
        }
        if self.access_of(connection, &id) == Access::None {
            let said = Said::Message(message);
            let incoming = Incoming {
                connection,
                said,
                scan,
            };
            self.receive_hidden(connection, id, incoming, request);
            return;
        }
        if !self.may_open(connection, id) {
            return;
        }
        if let Some(peer) = self.enter(id).open_by(connection) {
            peer.requested |= request;
            peer.answered = false;
        }
        let incoming = Incoming {
            connection,
            said: Said::Message(message),
            scan,
        };
        self.take_in(id, incoming);
    }

    /// Whether a plain peer may have one more document open; if not, its connection is closed.
    fn may_open(&mut self, connection: ConnectionId, id: DocumentId) -> bool {
        let awake = self.documents.get(&id);
        let open = awake.is_some_and(|document| document.peers.contains_key(&connection))
            || self
                .sleeping
                .get(&id)
                .is_some_and(|peers| peers.contains(&connection));
        let Some(peer) = self.peers.get_mut(&connection).filter(|_| !open) else {
            return open;
        };
        peer.open_documents += 1;
        if peer.open_documents > OPEN_DOCUMENTS {
            self.close(connection, &Closing::TooManyOpen);
            return false;
        }
        true
    }

    pub(super) fn unavailable(
        &mut self,
        connection: ConnectionId,
        id: DocumentId,
        refusal: Option<Reason>,
    ) {
        if let Some(reason) = refusal {
            self.notice(NoticeCode::Refused, Some(id), reason.message);
        }
        // The peer has nothing of it. What we have stays announced: it sees our heads.
        if let Some(peer) = self
            .documents
            .get_mut(&id)
            .and_then(|d| d.peers.get_mut(&connection))
        {
            peer.requested = false;
        }
    }

    /// Relays to everybody else who has the document open, under the name of the connection.
    pub(super) fn ephemeral(
        &mut self,
        connection: ConnectionId,
        id: DocumentId,
        count: u64,
        session: String,
        data: Vec<u8>,
    ) {
        let Some(document) = self.documents.get(&id) else {
            return;
        };
        let known = document.is_found()
            && document.present().any(|peer| peer == connection)
            && self.access_of(connection, &id) > Access::None;
        let now = self.now;
        let allowed = |peer: &mut Peer| peer.ephemeral.take(now);
        if data.len() > EPHEMERAL_BYTES
            || !known
            || !self.peers.get_mut(&connection).is_some_and(allowed)
        {
            return;
        }
        let Some(sender) = self.name(connection) else {
            return;
        };
        let others = document.present().filter(|other| *other != connection);
        let others = others.filter(|other| self.access_of(*other, &id) > Access::None);
        let others = order::set(others);
        for other in others {
            let Some(target) = self.name(other) else {
                continue;
            };
            let frame = Frame::Ephemeral {
                route: Route {
                    sender: sender.clone(),
                    target,
                },
                document: id,
                count,
                session: session.clone(),
                data: data.clone(),
            };
            self.send(other, &frame);
        }
    }
}
