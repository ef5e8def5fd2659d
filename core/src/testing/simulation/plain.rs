//! A plain automerge-repo client in a simulated world. It has no disk and does not crash, asks
//! for every document there can be, and sometimes sends what nobody may.

use std::collections::BTreeMap;

use automerge::sync::{Message, State, SyncDoc};
use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, ROOT};

use super::people::{documents, hidden};
use super::policy::FORBIDDEN;
use super::refused::OWN;
use super::{Event, PLAIN, Simulation};
use crate::genesis;
use crate::id::{ConnectionId, DocumentId, PeerId};
use crate::wire::frame::{Frame, PROTOCOL, PeerMetadata, Route};

#[derive(Default)]
pub(super) struct Plain {
    docs: BTreeMap<DocumentId, Automerge>,
    states: BTreeMap<DocumentId, State>,
    pub(super) connection: Option<ConnectionId>,
    joined: bool,
}

impl Plain {
    /// A document it has something of.
    pub(super) fn document(&mut self, id: DocumentId) -> Option<&mut Automerge> {
        let doc = self.docs.get_mut(&id)?;
        (!doc.get_heads().is_empty()).then_some(doc)
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = (&DocumentId, &Automerge)> {
        self.docs
            .iter()
            .filter(|(_, doc)| !doc.get_heads().is_empty())
    }
}

impl Simulation {
    pub(super) fn plain_joins(&mut self, connection: ConnectionId) {
        self.plain.connection = Some(connection);
        self.plain.joined = false;
        self.plain.states.clear();
        let join = Frame::Join {
            sender: PeerId("plain".to_owned()),
            metadata: PeerMetadata::default(),
            versions: vec![PROTOCOL.to_owned()],
        };
        self.send(PLAIN, connection, join.encode());
    }

    pub(super) fn plain_gone(&mut self) {
        self.plain.connection = None;
        let delay = 500 + self.below(2_000);
        self.later(
            delay,
            Event::Dial {
                replica: PLAIN,
                life: 0,
            },
        );
    }

    pub(super) fn plain_hears(&mut self, connection: ConnectionId, bytes: &[u8]) {
        if self.plain.connection != Some(connection) {
            return;
        }
        match Frame::decode(bytes).expect("the server writes frames") {
            Frame::Peer { .. } => {
                self.plain.joined = true;
                for id in documents() {
                    self.plain_says(id);
                }
            }
            Frame::Sync { document, data, .. } => {
                assert_ne!(
                    document,
                    hidden(),
                    "a plain client was told what it may not see"
                );
                let message = Message::decode(&data).expect("the server writes sync messages");
                let doc = self.plain.docs.entry(document).or_insert_with(fresh);
                let state = self.plain.states.entry(document).or_default();
                doc.receive_sync_message(state, message)
                    .expect("the server sends sound messages");
                self.plain_says(document);
            }
            Frame::Unavailable {
                refusal: Some(_), ..
            }
            | Frame::Error { .. } => {
                // Nothing more is taken on this line.
                self.close(PLAIN, connection);
                self.plain_gone();
            }
            _ => {}
        }
    }

    /// Sends what there is to say of a document.
    pub(super) fn plain_says(&mut self, id: DocumentId) {
        let Some(connection) = self.plain.connection.filter(|_| self.plain.joined) else {
            return;
        };
        let doc = self.plain.docs.entry(id).or_insert_with(fresh);
        let state = self.plain.states.entry(id).or_default();
        let request = doc.get_heads().is_empty();
        if let Some(message) = doc.generate_sync_message(state) {
            self.plain_sends(connection, id, request, message);
        }
    }

    /// Sends a change that must not be taken, and forgets it.
    pub(super) fn plain_attacks(&mut self, id: DocumentId) {
        let Some(connection) = self.plain.connection.filter(|_| self.plain.joined) else {
            return;
        };
        let state = self.plain.states.get(&id).cloned();
        let (Some(doc), Some(mut state)) = (self.plain.document(id), state) else {
            return;
        };
        let mut doc = doc.clone();
        doc.transact::<_, _, automerge::AutomergeError>(|tx| {
            tx.put(ROOT, FORBIDDEN, PLAIN as u64 * OWN)
        })
        .expect("a change");
        state.last_sent_heads.clear();
        state.in_flight = false;
        let message = doc.generate_sync_message(&mut state);
        if let Some(message) = message.filter(|message| !message.changes.is_empty()) {
            self.tally.attacks += 1;
            self.plain_sends(connection, id, false, message);
        }
    }

    fn plain_sends(
        &mut self,
        connection: ConnectionId,
        document: DocumentId,
        request: bool,
        message: Message,
    ) {
        let route = Route {
            sender: PeerId("plain".to_owned()),
            target: PeerId("server".to_owned()),
        };
        let frame = Frame::Sync {
            route,
            document,
            request,
            data: message.encode(),
        };
        self.send(PLAIN, connection, frame.encode());
    }
}

fn fresh() -> Automerge {
    genesis::empty().with_actor(ActorId::from([PLAIN as u8; 16]))
}
