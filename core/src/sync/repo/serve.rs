//! The server's side of following: what there is, what is new, who wants what.
//!
//! A Meltemi peer says what it knows and is told what it does not; from then on it is told the
//! heads of every document that is written. It asks for the changes it lacks, and gets those of
//! documents it has asked for without asking again. The server remembers for each document and
//! peer only which changes that peer was sent.

use std::collections::BTreeSet;

use automerge::ChangeHash;

use crate::id::{ConnectionId, DocumentId};
use crate::sync::admission;
use crate::sync::closing::Closing;
use crate::sync::document::{Incoming, Phase, Said, from_raw};
use crate::sync::policy::{Access, Policy, Refusal, Standing};
use crate::sync::reconcile::{SetSum, item};
use crate::sync::repo::Repo;
use crate::wire::exchange::{Changes, Exchange, Hash, Stored};
use crate::wire::frame::{Frame, Reason};
use crate::wire::limits::{AWAITED_DOCUMENTS, LISTED_DOCUMENTS};

impl<P: Policy> Repo<P> {
    /// A device says what it knows of the documents here.
    pub(super) fn hello(&mut self, connection: ConnectionId, seq: u64, known: (Hash, u64)) {
        let (root, count) = known;
        let Some(peer) = self.peers.get_mut(&connection) else {
            return;
        };
        peer.listening = true;
        peer.repair = None;
        if !self.may_compare(connection) {
            return;
        }
        let listed = self.visible_sum(connection).listed();
        let seq = self.heard_seq(connection, seq);
        let settled = self.catalogue.settled();
        // Which documents are new can be said to a device that knows everything up to a number,
        // and to one that knows nothing. Any other finds out by comparing.
        let since = match (seq, count) {
            _ if listed.root == root => None,
            (0, 0) => Some(0),
            (0, _) => None,
            (seq, _) => (seq <= settled).then_some(seq),
        };
        // Whoever is told of nothing keeps the number: a higher one would tell of what is hidden.
        let mut last = match since {
            Some(seq) if seq > 0 => seq,
            None if listed.root == root && (1..=settled).contains(&seq) => seq,
            _ => self.last_visible(connection),
        };
        let mut pages: Vec<Exchange> = Vec::new();
        let entries = since.map(|seq| self.catalogue.since(seq));
        let mut visible = entries
            .into_iter()
            .flatten()
            .filter(|entry| self.lists(connection, &entry.document, entry.label.as_deref()))
            .map(|entry| (entry.seq, self.catalogue.stored(entry)))
            .peekable();
        while visible.peek().is_some() {
            let mut page = Exchange::default();
            let mut newest = 0;
            for (seq, stored) in visible.by_ref().take(LISTED_DOCUMENTS) {
                page.heads.push(stored);
                newest = seq.min(settled);
            }
            if newest > 0 {
                page.seq = Some(self.told_seq(connection, newest));
                last = newest;
            }
            pages.push(page);
        }
        drop(visible);
        pages.push(Exchange {
            seq: Some(self.told_seq(connection, last)),
            listed: Some(listed),
            ..Exchange::default()
        });
        self.send_pages(connection, pages);
    }

    /// A peer wants what it lacks of documents, and to be sent what comes.
    pub(super) fn want(&mut self, connection: ConnectionId, id: DocumentId, have: &[Hash]) {
        if !self.has_for(connection, id) {
            if !self.may_enter(connection, id) {
                return;
            }
            // Whoever names what was changed in it has had it: it is told, once that is seen, that
            // it is to have it no more.
            if have.is_empty() || !self.is_here(id) {
                if let Some(peer) = self.peers.get_mut(&connection) {
                    peer.outgoing.absent.push(id);
                }
                return;
            }
        }
        let document = self.enter(id);
        if document.phase == Phase::Shut {
            return;
        }
        document.wanted.insert(connection, from_raw(have));
        if !document.is_loaded()
            && let Some(peer) = self.peers.get_mut(&connection)
        {
            peer.awaited.insert(id);
            if peer.awaited.len() > AWAITED_DOCUMENTS {
                self.close(connection, &Closing::TooManyWanted);
                return;
            }
        }
        self.pump(id);
    }

    /// A peer sent changes.
    pub(super) fn changes(&mut self, connection: ConnectionId, changes: Changes) {
        let id = changes.document;
        if !self.peers.contains_key(&connection) {
            return;
        }
        let scan = match admission::scan_chunks(&changes.bytes) {
            Ok(scan) => scan,
            Err(refusal) => {
                self.refuse(connection, id, refusal);
                return;
            }
        };
        if !self.may_enter(connection, id) {
            return;
        }
        let incoming = Incoming {
            connection,
            said: Said::Changes(changes.bytes),
            scan,
        };
        if self.access_of(connection, &id) == Access::None {
            self.receive_hidden(connection, id, incoming, false);
            return;
        }
        self.take_in(id, incoming);
    }

    /// Answers those who wait for a document, and sends those who follow it what they lack. Says
    /// nothing of what is on the disk.
    pub(super) fn send_changes(&mut self, id: DocumentId) {
        let Some(document) = self.documents.get_mut(&id) else {
            return;
        };
        let found = document.is_found();
        let heads = document.doc.get_heads();
        let mut lacking: Vec<(ConnectionId, Vec<ChangeHash>)> = Vec::new();
        let mut asking = BTreeSet::new();
        for (connection, have) in std::mem::take(&mut document.wanted) {
            asking.insert(connection);
            document.followers.insert(connection, have.clone());
            lacking.push((connection, have));
        }
        for (connection, sent) in &document.followers {
            let answered = lacking.iter().any(|(c, _)| c == connection);
            if found && !answered && !heads.iter().all(|head| sent.contains(head)) {
                lacking.push((*connection, sent.clone()));
            }
        }
        // Many peers lack the same.
        let mut made: Option<(Vec<ChangeHash>, Vec<Vec<u8>>)> = None;
        for (connection, have) in lacking {
            let Some(peer) = self.peers.get_mut(&connection) else {
                continue;
            };
            let standing = Standing::Here(document.label.as_deref());
            let hidden = self.policy.access(&peer.principal, &id, standing) == Access::None;
            if !found || hidden {
                document.followers.remove(&connection);
                if !asking.contains(&connection) {
                    // Told once the disk has what closed it.
                } else if found && document.proves_knowledge(&have) {
                    peer.empty.remove(&id);
                    peer.outgoing.gone.push(id);
                } else {
                    peer.outgoing.absent.push(id);
                }
                continue;
            }
            let pieces = match &made {
                Some((same, pieces)) if *same == have => pieces.clone(),
                _ => {
                    let pieces = document.changes_since(&have);
                    made = Some((have, pieces.clone()));
                    pieces
                }
            };
            document.followers.insert(connection, heads.clone());
            peer.outgoing
                .changes
                .extend(pieces.into_iter().map(|bytes| Changes {
                    document: id,
                    bytes,
                }));
        }
    }

    /// Tells everybody who listens what is on the disk now. For whoever sent it this is the
    /// acknowledgement.
    pub(super) fn tell_written(&mut self, id: DocumentId) {
        let lost = self.documents.get_mut(&id).map(|document| {
            document.waiting_senders.clear();
            document.lost()
        });
        self.catalogue.set_lost(id, lost.unwrap_or_default());
        // Of its own number, and of no other: a higher one would tell of what is hidden. While an
        // earlier write is under way, no number holds for all before it.
        let seq = self.catalogue.get(&id).map(|entry| entry.seq);
        let settled = self.catalogue.settled();
        self.tell_heads(id, seq.filter(|seq| *seq <= settled));
    }

    /// Parts of a document turned out to be lost: who has them is to send them again.
    pub(super) fn tell_lost(&mut self, id: DocumentId) {
        let Some(document) = self.documents.get(&id) else {
            return;
        };
        self.catalogue.set_lost(id, document.lost());
        self.tell_heads(id, None);
    }

    fn tell_heads(&mut self, id: DocumentId, seq: Option<u64>) {
        let Some(entry) = self.catalogue.get(&id) else {
            return;
        };
        let stored = self.catalogue.stored(entry);
        let listeners: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.listening)
            .map(|(connection, _)| *connection)
            .filter(|connection| self.lists(*connection, &id, entry.label.as_deref()))
            .collect();
        for connection in listeners {
            let seq = seq.map(|seq| self.told_seq(connection, seq));
            if let Some(peer) = self.peers.get_mut(&connection) {
                let heads = &mut peer.outgoing.heads;
                heads.retain(|older| older.document != id);
                heads.push(stored.clone());
                peer.outgoing.seq = seq.or(peer.outgoing.seq);
            }
        }
    }

    /// Refuses changes of a Meltemi peer.
    pub(super) fn refuse_changes(
        &mut self,
        connection: ConnectionId,
        id: DocumentId,
        refusal: Refusal,
    ) {
        let hidden = self.access_of(connection, &id) == Access::None;
        let stored = match self.catalogue.get(&id).filter(|_| !hidden) {
            Some(entry) => self.catalogue.stored(entry),
            None => Stored {
                document: id,
                heads: Vec::new(),
                size: 0,
            },
        };
        if let Some(peer) = self.peers.get_mut(&connection) {
            let reason = Reason {
                code: refusal.code.to_owned(),
                message: refusal.message,
            };
            peer.outgoing.refused.push((id, reason));
            // What is here of it, so that the peer knows what the refused changes come after.
            peer.outgoing.heads.push(stored);
        }
    }

    /// Sends what was gathered for each peer in this step.
    pub(super) fn say_outgoing(&mut self) {
        let mut ready = Vec::new();
        for (connection, peer) in &mut self.peers {
            let exchange = peer.take_outgoing();
            if !exchange.is_empty() {
                ready.push((*connection, exchange));
            }
        }
        for (connection, exchange) in ready {
            self.send_pages(connection, exchange.split());
        }
    }

    pub(super) fn send_pages(&mut self, connection: ConnectionId, pages: Vec<Exchange>) {
        for page in pages {
            self.send_parts(connection, &Frame::Exchange(page));
        }
    }

    /// What a peer may see, as items of a set.
    pub(super) fn visible(
        &self,
        connection: ConnectionId,
    ) -> impl Iterator<Item = (&DocumentId, Hash)> {
        let entries = self.catalogue.iter();
        entries
            .filter(move |entry| self.lists(connection, &entry.document, entry.label.as_deref()))
            .filter_map(|entry| {
                let heads = self.catalogue.shown(entry);
                (!heads.is_empty()).then(|| (&entry.document, item(&entry.document, &heads)))
            })
    }

    /// The digest of what a peer may see.
    pub(super) fn visible_sum(&self, connection: ConnectionId) -> SetSum {
        let Some(peer) = self.peers.get(&connection).filter(|p| p.is_meltemi()) else {
            return SetSum::default();
        };
        if !self.policy.hides(&peer.principal) {
            return self
                .catalogue
                .sum(|label| self.policy.announce(&peer.principal, label));
        }
        let mut sum = SetSum::default();
        for (_, item) in self.visible(connection) {
            sum.add(&item);
        }
        sum
    }
}
