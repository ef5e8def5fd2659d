//! What is checked while the world moves: every frame, and every word of the status.

use std::collections::{BTreeMap, BTreeSet};

use automerge::sync::Message;

use super::people::hidden;
use super::policy::is_blind;
use super::{Hash, SERVER, Sabotage, Simulation};
use crate::id::{ConnectionId, DocumentId};
use crate::sync::repo::Repo;
use crate::sync::status::Line;
use crate::wire::exchange::Exchange;
use crate::wire::frame::Frame;

/// What was said on a line.
#[derive(Default)]
pub(super) struct Watch {
    /// What the device asked for, by the heads it had then, and whether it was answered.
    asked: BTreeMap<(DocumentId, Vec<Hash>), bool>,
    /// Bytes, and bytes in frames that say anything beside greetings.
    pub(super) bytes: u64,
    pub(super) substance: u64,
}

impl Simulation {
    /// Looks into a frame that is sent.
    pub(super) fn watch_frame(&mut self, from: usize, connection: ConnectionId, bytes: &[u8]) {
        let frame = Frame::decode(bytes).expect("every replica writes frames");
        let Some(line) = self.lines.get_mut(&connection) else {
            return;
        };
        let blind = is_blind(line.device);
        let watch = &mut line.watch;
        match frame {
            Frame::Join { .. }
            | Frame::Peer { .. }
            | Frame::Hello { .. }
            | Frame::Ping
            | Frame::Pong => {}
            Frame::Exchange(exchange) => {
                let greeting = Exchange {
                    seq: exchange.seq,
                    listed: exchange.listed,
                    ..Exchange::default()
                };
                if exchange != greeting {
                    watch.substance += bytes.len() as u64;
                }
                if from == SERVER {
                    watch.answer(&exchange);
                    self.watch_told(blind, exchange);
                } else {
                    watch.ask(exchange);
                }
            }
            Frame::Sync { document, data, .. } if from == SERVER => {
                watch.substance += bytes.len() as u64;
                assert!(
                    !blind || document != hidden(),
                    "a frame carried what its receiver may not see"
                );
                let message = Message::decode(&data).expect("the server writes sync messages");
                let heads: Vec<_> = message.heads.iter().map(|head| head.0).collect();
                // To who has a change, seeing it shown is an acknowledgement; others are sent it.
                let plain = &mut self.plain;
                let has = |head: &Hash| {
                    let doc = plain.document(document);
                    doc.is_some_and(|doc| {
                        let hash = automerge::ChangeHash(*head);
                        doc.get_change_meta_by_hash(&hash).is_some()
                    })
                };
                let known: Vec<_> = heads.into_iter().filter(has).collect();
                self.watch_acknowledged(document, &known);
            }
            _ => watch.substance += bytes.len() as u64,
        }
        if let Some(line) = self.lines.get_mut(&connection) {
            line.watch.bytes += bytes.len() as u64;
        }
    }

    fn watch_told(&mut self, blind: bool, exchange: Exchange) {
        let named = exchange.heads.iter().map(|stored| stored.document);
        let named = named.chain(exchange.changes.iter().map(|changes| changes.document));
        for document in named {
            assert!(
                !blind || document != hidden(),
                "a frame carried what its receiver may not see"
            );
        }
        for stored in exchange.heads {
            self.watch_acknowledged(stored.document, &stored.heads);
        }
    }

    fn watch_acknowledged(&mut self, document: DocumentId, heads: &[Hash]) {
        let disk = &self.replicas[SERVER].disk;
        assert!(
            self.sabotage == Sabotage::EarlyAnswer || disk.has(&document, heads),
            "the server showed heads of {document} that are not on its disk"
        );
        let acknowledged = self.acknowledged.entry(document).or_default();
        acknowledged.extend(heads);
    }

    /// What a device says of itself must be true.
    pub(super) fn watch_status(&mut self, replica: usize) {
        let running = self.replicas[replica].running.as_ref();
        let Some(status) = running.map(Repo::status) else {
            return;
        };
        self.watch_refused(replica, &status);
        let Some(repo) = &self.replicas[replica].running else {
            return;
        };
        let mut lines = self.lines.values();
        let heard = lines.any(|line| line.device == replica && !line.dead);
        if heard && matches!(status.line, Line::Online) && status.receiving.is_none() {
            self.informed[replica] = true;
        }
        // A server that lost its disk cannot be known before it has been heard.
        if status.waiting > 0 || status.loading.is_some() || !self.informed[replica] {
            return;
        }
        let (here, server) = (&self.replicas[replica], &self.replicas[SERVER].disk);
        let refused =
            |document: &DocumentId| status.refused.iter().find(|r| r.document == *document);
        for (document, doc) in repo.loaded() {
            if refused(document).is_some_and(|edits| edits.whole) {
                continue;
            }
            let heads = doc.get_heads();
            let there = heads.iter().all(|head| server.has(document, [&head.0]));
            assert!(
                there,
                "replica {replica} says that nothing waits, but the server lacks changes of \
                 {document}"
            );
        }
        if !repo.is_ready() {
            return;
        }
        for (document, saved) in &here.promised {
            assert!(
                !repo.is_loaded(document)
                    || refused(document).is_some()
                    || server.has(document, saved),
                "replica {replica} says that nothing waits and that nothing of {document} is \
                 refused, but has saved changes that the server lacks"
            );
        }
        for entry in repo.catalogue().filter(|e| !repo.is_loaded(&e.document)) {
            let kept = here.disk.changes(&entry.document).into_iter().flatten();
            let discarded = here.discarded.get(&entry.document);
            // A removal that has failed may be made up for after the next start.
            let kept = kept.filter(|change| discarded.is_none_or(|all| !all.contains(*change)));
            let there = server.has(&entry.document, kept);
            assert!(
                there,
                "replica {replica} says that nothing waits, but has {} on its disk alone",
                entry.document
            );
        }
    }

    /// The engine says that everything that was changed here in a document is on the disk.
    pub(super) fn watch_saved(&mut self, replica: usize, document: DocumentId) {
        let early = self.sabotage == Sabotage::EarlyAnswer;
        let here = &mut self.replicas[replica];
        let made = here.made.remove(&document).unwrap_or_default();
        assert!(
            early || here.disk.has_beside(&document, &made),
            "replica {replica} calls {document} saved, which is not on its disk"
        );
        here.promised.entry(document).or_default().extend(made);
    }
}

impl Watch {
    fn ask(&mut self, exchange: Exchange) {
        for (document, have) in exchange.want {
            let before = self.asked.insert((document, have), false);
            assert_ne!(
                before,
                Some(true),
                "{document} was asked for again after it was answered"
            );
        }
    }

    fn answer(&mut self, exchange: &Exchange) {
        for stored in &exchange.heads {
            // There is something new to ask for.
            self.asked
                .retain(|(document, _), _| *document != stored.document);
        }
        let changes = exchange.changes.iter().map(|changes| changes.document);
        let answered: BTreeSet<_> = changes.collect();
        for ((document, _), done) in &mut self.asked {
            *done |= answered.contains(document);
        }
    }
}
