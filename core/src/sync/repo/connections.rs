//! Connections: handshake, frames in and out, farewell.

use crate::id::{ConnectionId, DocumentId, PeerId};
use crate::order;
use crate::sync::closing::Closing;
use crate::sync::input::Role;
use crate::sync::output::Output;
use crate::sync::peer::{Peer, Stage};
use crate::sync::policy::{Access, Policy, Principal, Refusal, Standing};
use crate::sync::repo::Repo;
use crate::sync::status::NoticeCode;
use crate::wire::frame::{Frame, PROTOCOL, PeerMetadata};
use crate::wire::limits::{
    FRAME_BYTES, HANDSHAKE_MILLIS, PARTED_BYTES, PARTED_BYTES_OF_ALL, REFUSED_DOCUMENTS,
};

impl<P: Policy> Repo<P> {
    pub(super) fn connected(&mut self, connection: ConnectionId, role: Role, principal: Principal) {
        let peer = Peer::new(role, principal, self.now, HANDSHAKE_MILLIS);
        self.peers.insert(connection, peer);
        if role == Role::Dialer {
            self.line_dialed(connection);
            let join = Frame::Join {
                sender: self.config.peer.clone(),
                metadata: self.metadata(),
                versions: vec![PROTOCOL.to_owned()],
            };
            self.send(connection, &join);
        }
    }

    pub(super) fn disconnected(&mut self, connection: ConnectionId) {
        let Some(peer) = self.peers.remove(&connection) else {
            return;
        };
        self.waiting_bytes = self.waiting_bytes.saturating_sub(peer.waiting_bytes);
        self.follow_end(connection);
        self.sleeping.retain(|_, peers| {
            peers.remove(&connection);
            !peers.is_empty()
        });
        let mut unused = Vec::new();
        for (id, document) in &mut self.documents {
            document.forget_peer(connection);
            document.followers.remove(&connection);
            document.wanted.remove(&connection);
            document.waiting_senders.remove(&connection);
            if document.is_loaded()
                && !document.is_found()
                && document.peers.is_empty()
                && !document.opened
            {
                unused.push(*id);
            }
        }
        for id in unused {
            self.documents.remove(&id);
        }
        self.line_closed(connection);
    }

    /// Closes a connection, telling the peer why.
    pub(super) fn close(&mut self, connection: ConnectionId, why: &Closing) {
        if !self.peers.contains_key(&connection) {
            return;
        }
        *self.counts.closings.entry(why.code()).or_default() += 1;
        let message = why.to_string();
        let route = self.route(connection);
        self.send(
            connection,
            &Frame::Error {
                route,
                code: Some(why.code().to_owned()),
                message: message.clone(),
            },
        );
        self.outputs.push_back(Output::Close {
            connection,
            reason: message,
        });
        self.disconnected(connection);
    }

    pub(super) fn frame(&mut self, connection: ConnectionId, bytes: &[u8]) {
        let Some(peer) = self.peers.get_mut(&connection) else {
            return;
        };
        peer.heard = self.now;
        self.counts.frames += 1;
        self.counts.bytes += bytes.len() as u64;
        peer.asked = false;
        if bytes.len() > FRAME_BYTES {
            self.bad_frame(
                connection,
                &format!("a frame of {} bytes is too large", bytes.len()),
            );
            return;
        }
        match Frame::decode(bytes) {
            Ok(frame) => self.dispatch(connection, frame),
            Err(error) => self.bad_frame(connection, &error.to_string()),
        }
    }

    pub(super) fn bad_frame(&mut self, connection: ConnectionId, detail: &str) {
        self.notice(
            NoticeCode::BadFrame,
            None,
            format!("a peer sent no valid frame: {detail}"),
        );
        self.close(connection, &Closing::BadFrame(detail.to_owned()));
    }

    fn dispatch(&mut self, connection: ConnectionId, frame: Frame) {
        let Some(peer) = self.peers.get(&connection) else {
            return;
        };
        let (joined, meltemi) = (peer.joined().is_some(), peer.is_meltemi());
        match (frame, peer.role) {
            (
                Frame::Join {
                    sender,
                    metadata,
                    versions,
                },
                Role::Acceptor,
            ) if !joined => {
                if !versions.is_empty() && !versions.iter().any(|v| v == PROTOCOL) {
                    self.close(connection, &Closing::Version);
                    return;
                }
                let answer = Frame::Peer {
                    sender: self.config.peer.clone(),
                    target: sender.clone(),
                    metadata: self.metadata(),
                    version: PROTOCOL.to_owned(),
                };
                self.send(connection, &answer);
                self.joined(connection, sender, metadata);
            }
            (
                Frame::Peer {
                    sender,
                    metadata,
                    version,
                    ..
                },
                Role::Dialer,
            ) if !joined => {
                if version != PROTOCOL {
                    let text = format!("the server chose protocol version {version:?}");
                    self.notice(NoticeCode::Unsupported, None, text);
                    self.close(connection, &Closing::Version);
                    return;
                }
                self.line_open(connection);
                self.joined(connection, sender, metadata);
            }
            (Frame::Error { message, .. }, _) => {
                if !joined {
                    self.notice(NoticeCode::Unsupported, None, message);
                }
                self.outputs.push_back(Output::Close {
                    connection,
                    reason: "error received".to_owned(),
                });
                self.disconnected(connection);
            }
            (Frame::Join { .. } | Frame::Peer { .. }, _) => {
                self.bad_frame(
                    connection,
                    "it does not belong in this place of the handshake",
                );
            }
            _ if !joined => self.bad_frame(connection, "expected join first"),
            (
                Frame::Hello { .. }
                | Frame::Exchange(_)
                | Frame::Repair { .. }
                | Frame::Lookup { .. }
                | Frame::Part { .. }
                | Frame::Ping,
                _,
            ) if !meltemi => {
                self.bad_frame(
                    connection,
                    "only for peers that declare meltemi when they join",
                );
            }
            (Frame::Leave { .. }, _) => {
                self.outputs.push_back(Output::Close {
                    connection,
                    reason: "the peer left".to_owned(),
                });
                self.disconnected(connection);
            }
            (
                Frame::Sync {
                    document,
                    request,
                    data,
                    ..
                },
                _,
            ) => {
                self.sync_message(connection, document, request, &data);
            }
            (
                Frame::Unavailable {
                    document, refusal, ..
                },
                _,
            ) => {
                self.unavailable(connection, document, refusal);
            }
            (
                Frame::Ephemeral {
                    document,
                    count,
                    session,
                    data,
                    ..
                },
                _,
            ) => {
                self.ephemeral(connection, document, count, session, data);
            }
            (
                Frame::Notice {
                    document, reason, ..
                },
                _,
            ) => {
                let code = if reason.code == "storage" {
                    NoticeCode::PeerStorage
                } else {
                    NoticeCode::Refused
                };
                self.notice(code, document, reason.message);
            }
            (Frame::Hello { seq, root, count }, Role::Acceptor) => {
                self.hello(connection, seq, (root, count));
            }
            (Frame::Exchange(exchange), _) => self.exchange(connection, exchange),
            (Frame::Repair { data }, Role::Acceptor) => self.repair(connection, &data),
            (Frame::Repair { data }, Role::Dialer) => self.compared(connection, &data),
            (Frame::Lookup { items }, Role::Acceptor) => self.lookup(connection, items),
            (Frame::Ping, _) => self.send(connection, &Frame::Pong),
            (Frame::Part { left, data }, _) => self.part(connection, left, &data),
            (Frame::Hello { .. } | Frame::Lookup { .. }, Role::Dialer) => {
                self.bad_frame(connection, "only a device sends it");
            }
            (Frame::Pong | Frame::Other { .. }, _) => {}
        }
    }

    /// A part of a long frame.
    fn part(&mut self, connection: ConnectionId, left: u64, data: &[u8]) {
        let all: usize = self.peers.values().map(|peer| peer.parts.len()).sum();
        let of = |peer: &&Peer| peer.principal != Principal::built_in();
        let principal = self
            .peers
            .get(&connection)
            .filter(of)
            .map(|peer| &peer.principal);
        let own: usize = self
            .peers
            .values()
            .filter(|peer| principal.is_some_and(|own| peer.principal == *own))
            .map(|peer| peer.parts.len())
            .sum();
        // Of several people, none takes the room of all others.
        let share = own + data.len() <= PARTED_BYTES;
        if all + data.len() > PARTED_BYTES_OF_ALL || (principal.is_some() && !share) {
            self.close(connection, &Closing::TooManyParts);
            return;
        }
        let Some(peer) = self.peers.get_mut(&connection) else {
            return;
        };
        if peer.parts.len() + data.len() > PARTED_BYTES {
            self.bad_frame(connection, "a frame in parts is too large");
            return;
        }
        peer.parts.reserve_exact(data.len());
        peer.parts.extend_from_slice(data);
        if left > 0 {
            peer.parts_since.get_or_insert(self.now);
            return;
        }
        peer.parts_since = None;
        let bytes = std::mem::take(&mut peer.parts);
        match Frame::decode(&bytes) {
            Ok(Frame::Part { .. }) => self.bad_frame(connection, "a part within a part"),
            Ok(frame) => self.dispatch(connection, frame),
            Err(error) => self.bad_frame(connection, &error.to_string()),
        }
    }

    /// The handshake is done: tell the peer of everything it follows, own unsent edits first.
    fn joined(&mut self, connection: ConnectionId, name: PeerId, metadata: PeerMetadata) {
        let Some(peer) = self.peers.get_mut(&connection) else {
            return;
        };
        let server = metadata.storage.clone();
        peer.stage = Stage::Joined { name, metadata };
        if peer.is_meltemi() {
            // A server that keeps nothing acknowledges nothing.
            if let (Role::Dialer, Some(server)) = (peer.role, server) {
                self.follow_begin(connection, server);
            }
            return;
        }
        if !self.announces(connection) {
            return;
        }
        let listed = self.catalogue.iter().map(|entry| entry.document);
        let mut ids: Vec<_> = listed.chain(self.documents.keys().copied()).collect();
        let key = |id: &DocumentId| (!self.waiting.contains_key(id), *id);
        order::sort_by(&mut ids, |a, b| key(a).cmp(&key(b)));
        ids.dedup();
        for id in ids {
            self.enter(id).peers.entry(connection).or_default();
            self.pump(id);
        }
    }

    /// Whether documents are announced to a peer by sync messages without its asking: to a plain
    /// server. A Meltemi peer is told of them by lists.
    pub(super) fn announces(&self, connection: ConnectionId) -> bool {
        self.peers.get(&connection).is_some_and(|peer| {
            peer.role == Role::Dialer && peer.joined().is_some() && !peer.is_meltemi()
        })
    }

    /// Whether a document with this label is on the lists for a peer.
    pub(super) fn lists(
        &self,
        connection: ConnectionId,
        id: &DocumentId,
        label: Option<&str>,
    ) -> bool {
        self.peers.get(&connection).is_some_and(|peer| {
            peer.role == Role::Acceptor
                && peer.is_meltemi()
                && self.policy.announce(&peer.principal, label)
                && self
                    .policy
                    .access(&peer.principal, id, Standing::Here(label))
                    > Access::None
        })
    }

    /// Refuses what a peer sent for a document, and tells it why.
    pub(super) fn refuse(&mut self, connection: ConnectionId, id: DocumentId, refusal: Refusal) {
        *self.counts.refusals.entry(refusal.code).or_default() += 1;
        self.notice(NoticeCode::RefusedPeer, Some(id), refusal.message.clone());
        if let Some(peer) = self.peers.get(&connection).filter(|p| p.is_meltemi()) {
            match peer.role {
                Role::Acceptor => self.refuse_changes(connection, id, refusal),
                Role::Dialer => self.leave_alone(id),
            }
            return;
        }
        // Nothing is kept for it, and nothing more is sent to it, about this document.
        if let Some(document) = self.documents.get_mut(&id) {
            let size = document.forget_peer(connection);
            self.touched.insert(id);
            self.taken_out(connection, size);
        }
        self.sleeping.entry(id).and_modify(|peers| {
            peers.remove(&connection);
        });
        let Some(peer) = self.peers.get_mut(&connection) else {
            return;
        };
        peer.owing.remove(&id);
        peer.refused.insert(id, refusal.clone());
        if peer.refused.len() > REFUSED_DOCUMENTS {
            self.close(connection, &Closing::TooManyRefused);
            return;
        }
        self.send_unavailable(connection, id, Some(refusal));
    }
}
