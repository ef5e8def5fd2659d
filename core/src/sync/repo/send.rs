//! Frames on their way out.

use crate::id::{ConnectionId, DocumentId, PeerId};
use crate::sync::output::Output;
use crate::sync::policy::{Policy, Refusal};
use crate::sync::repo::Repo;
use crate::wire::frame::{Frame, MELTEMI, PeerMetadata, Reason, Route};

impl<P: Policy> Repo<P> {
    pub(super) fn send_unavailable(
        &mut self,
        connection: ConnectionId,
        document: DocumentId,
        refusal: Option<Refusal>,
    ) {
        let refusal = refusal.map(|r| Reason {
            code: r.code.to_owned(),
            message: r.message,
        });
        let route = self.route(connection);
        self.send(
            connection,
            &Frame::Unavailable {
                route,
                document,
                refusal,
            },
        );
    }

    pub(super) fn send(&mut self, connection: ConnectionId, frame: &Frame) {
        self.outputs.push_back(Output::Send {
            connection,
            bytes: frame.encode(),
        });
    }

    /// Sends a frame to a Meltemi peer, in parts if it is long.
    pub(super) fn send_parts(&mut self, connection: ConnectionId, frame: &Frame) {
        for bytes in frame.encode_parts() {
            self.outputs.push_back(Output::Send { connection, bytes });
        }
    }

    pub(super) fn route(&self, connection: ConnectionId) -> Route {
        let target = self
            .name(connection)
            .unwrap_or_else(|| PeerId(String::new()));
        Route {
            sender: self.config.peer.clone(),
            target,
        }
    }

    pub(super) fn name(&self, connection: ConnectionId) -> Option<PeerId> {
        self.peers
            .get(&connection)?
            .joined()
            .map(|(name, _)| name.clone())
    }

    pub(super) fn metadata(&self) -> PeerMetadata {
        PeerMetadata {
            storage: Some(self.config.storage.clone()),
            ephemeral: false,
            meltemi: MELTEMI,
        }
    }
}
