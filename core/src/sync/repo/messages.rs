//! What peers say about documents: sync messages, refusals, ephemeral messages.

use crate::id::{ConnectionId, DocumentId};
use crate::sync::admission;
use crate::sync::document::Incoming;
use crate::sync::policy::{Access, Policy};
use crate::sync::repo::Repo;
use crate::sync::status::NoticeCode;
use crate::wire::frame::{Frame, Reason, Route};
use crate::wire::limits::{EMPTY_DOCUMENTS, EPHEMERAL_BYTES, WAITING_MESSAGES};

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
        if self.policy.access(&peer.principal, &id) == Access::None {
            self.send_unavailable(connection, id, None);
            return;
        }
        let message = match admission::read_message(data) {
            Ok(admitted) => admitted.message,
            Err(refusal) => {
                self.refuse(connection, id, refusal);
                return;
            }
        };
        if !self.documents.contains_key(&id) && !self.catalogue.contains_key(&id) {
            if peer.empty_documents >= EMPTY_DOCUMENTS {
                self.close(connection, "too many documents asked for that do not exist");
                return;
            }
            if let Some(peer) = self.peers.get_mut(&connection) {
                peer.empty_documents += 1;
            }
        }
        let document = self.enter(id);
        if let Some(refusal) = document
            .peers
            .get(&connection)
            .and_then(|peer| peer.refused.clone())
        {
            self.send_unavailable(connection, id, Some(refusal));
            return;
        }
        let waiting = document
            .inbox
            .iter()
            .filter(|i| i.connection == connection)
            .count();
        if waiting >= WAITING_MESSAGES {
            self.close(
                connection,
                "too many messages wait for the disk; connect again later",
            );
            return;
        }
        document.peers.entry(connection).or_default().requested |= request;
        document.inbox.push_back(Incoming {
            connection,
            message,
        });
        self.pump(id);
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
        let known = document.is_found() && document.peers.contains_key(&connection);
        if data.len() > EPHEMERAL_BYTES || !known {
            return;
        }
        let Some(sender) = self.name(connection) else {
            return;
        };
        let others: Vec<_> = document
            .peers
            .keys()
            .filter(|other| **other != connection)
            .copied()
            .collect();
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
