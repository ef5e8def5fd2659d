//! How a document moves on: messages in, write, messages out.
//!
//! The one rule that acknowledgement rests on is here: whoever has changes is shown heads that
//! cover them only while everything behind these heads is on the disk. Others are sent what is new
//! without waiting for the disk, as nothing of it is theirs to lose, unless changes are taken from
//! their authors only.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::ChangeMetadata;

use crate::id::{ConnectionId, DocumentId};
use crate::sync::admission::Scan;
use crate::sync::closing::Closing;
use crate::sync::document::{Before, Document, Phase, PlainAnswer, vouched};
use crate::sync::input::Role;
use crate::sync::output::Output;
use crate::sync::policy::{Access, Policy, Principal, Refusal, Standing};
use crate::sync::repo::access::{may_become, standing};
use crate::sync::repo::{Effect, Repo};
use crate::sync::status::NoticeCode;
use crate::sync::storage::StorageRequest;
use crate::wire::frame::Frame;
use crate::wire::limits::{OWING_DOCUMENTS, PROGRAMME_DOCUMENTS};

impl<P: Policy> Repo<P> {
    /// Does everything that can be done for a document now.
    ///
    /// While a write is under way nothing else is applied, so that the answer to the disk's
    /// answer always finds heads that are on the disk: no writer can starve the others.
    ///
    /// If the library fails at it, the document is shut and everything else goes on.
    pub(super) fn pump(&mut self, id: DocumentId) {
        if catch_unwind(AssertUnwindSafe(|| self.pump_now(id))).is_err() {
            self.shut(id);
        }
    }

    fn pump_now(&mut self, id: DocumentId) {
        self.touched.insert(id);
        let Some(document) = self.documents.get(&id) else {
            return;
        };
        match document.phase {
            Phase::Queued
            | Phase::Loading
            | Phase::Unread { .. }
            | Phase::Shut
            | Phase::Writing(_) => return,
            Phase::Failed { retry, .. } if retry > self.now => return,
            Phase::Failed { .. } | Phase::Ready => {}
        }
        self.aside_now(id);
        if self.remove_gone(id) || self.remove_given_up(id) {
            return;
        }
        self.apply_inbox(id);
        self.drop_whole(id);
        if self.write(id) {
            self.relay(id);
        } else {
            self.send_all(id);
            self.compact(id);
        }
    }

    /// Takes a document out of work that the library has failed at. What is on the disk of it stays
    /// there, and is tried again after the next start.
    fn shut(&mut self, id: DocumentId) {
        let mut document = Document::new(id, &self.actor, self.catalogue.get(&id));
        document.phase = Phase::Shut;
        if let Some(failed) = self.documents.insert(id, document) {
            if let Phase::Writing(writing) = &failed.phase {
                // Its answer finds nothing any more, and others' writes must not wait for it.
                self.catalogue.end_write(writing.seq);
            }
            for sent in &failed.inbox {
                self.taken_out(sent.connection, sent.size());
            }
            for connection in failed.wanted.keys() {
                if let Some(peer) = self.peers.get_mut(connection) {
                    peer.awaited.remove(&id);
                }
            }
        }
        self.counts.shut += 1;
        let message = "the library failed at this document; it is shut until the next start, and \
                       everything else goes on"
            .to_owned();
        self.notice(NoticeCode::Damaged, Some(id), message);
    }

    /// Passes on what is being written to those who do not have it.
    ///
    /// To a plain peer a message that shows what it has is an acknowledgement, so this goes only
    /// to peers whose heads are all on the disk. To Meltemi peers changes say nothing of the disk.
    fn relay(&mut self, id: DocumentId) {
        if self.config.follows_all || self.policy.is_authored() {
            return;
        }
        let Some(document) = self.documents.get(&id) else {
            return;
        };
        let lacking = document.lacking_new().into_iter();
        self.relays
            .extend(lacking.map(|connection| (id, connection)));
        self.send_changes(id);
    }

    /// Makes the next message of those to be relayed. Whether there was one.
    pub(super) fn relay_next(&mut self) -> bool {
        let Some((id, connection)) = self.relays.pop_front() else {
            return false;
        };
        if catch_unwind(AssertUnwindSafe(|| self.send_one(id, connection))).is_err() {
            self.touched.insert(id);
            self.shut(id);
            self.settle();
        }
        true
    }

    fn apply_inbox(&mut self, id: DocumentId) {
        let mut changed = false;
        while let Some(document) = self.documents.get_mut(&id) {
            let Some(incoming) = document.inbox.pop_front() else {
                break;
            };
            let connection = incoming.connection;
            let copied = self.copied(connection, &incoming);
            self.taken_out(connection, incoming.size());
            let Some(peer) = self.peers.get(&connection) else {
                continue;
            };
            let Some(document) = self.documents.get_mut(&id) else {
                break;
            };
            let meltemi = peer.is_meltemi();
            let known = standing(&id, Some(document), &self.catalogue, self.catalogue_read);
            let access = self.policy.access(&peer.principal, &id, known);
            // A device takes what its server has, and no programme is full while all are small.
            let counts = known == Standing::New
                && !self.config.follows_all
                && self.catalogue.len() >= PROGRAMME_DOCUMENTS;
            if meltemi && access < Access::Write && peer.role == Role::Acceptor {
                let refusal = read_only();
                self.withhold(copied, id, None, &refusal);
                self.refuse(connection, id, refusal);
                continue;
            }
            if !meltemi && access < Access::Write {
                if incoming.size() > 0 {
                    // The protocol of plain peers has a flag for it and no reason.
                    *self.counts.refusals.entry(read_only().code).or_default() += 1;
                }
                document
                    .peers
                    .entry(connection)
                    .or_default()
                    .state
                    .read_only = true;
            }
            let (policy, principal) = (&self.policy, &peer.principal);
            let authored = authored(policy, principal, document, &incoming.scan);
            let whole = !incoming.scan.documents.is_empty();
            let known = whole.then(|| document.before());
            if let Err(refusal) = authored {
                self.withhold(copied, id, None, &refusal);
                self.refuse(connection, id, refusal);
                continue;
            }
            let before = document.doc.get_heads();
            let had_aside = document.aside.is_some();
            let catalogue = &self.catalogue;
            let mut would_be = None;
            let received = document.receive(incoming, |doc, accepted| {
                if let Some(known) = &known {
                    let new = doc.get_changes_meta(&before);
                    authored_whole(policy, principal, &id, known, new, false)?;
                }
                let label = policy.check(&id, doc, accepted)?;
                would_be.clone_from(&label);
                let label = may_become(policy, principal, &id, label)?;
                if counts {
                    policy.room(label.as_deref(), &mut catalogue.labels())?;
                }
                Ok(label)
            });
            match received {
                Ok(applied) => {
                    changed |= applied;
                    if policy.keeps_receipts() {
                        document.note_receipt(self.now, principal, &before);
                    }
                    self.status_changed |= had_aside && document.aside.is_none();
                    if let (true, Some(follow)) = (applied, &mut self.follow) {
                        let mut heads = document.doc.get_heads();
                        heads.retain(|head| !before.contains(head));
                        follow.came(connection, id, heads);
                    }
                    let owed = document.is_owed_by(connection);
                    if !self.may_owe(connection, id, owed) {
                        continue;
                    }
                    let Some(document) = self.documents.get_mut(&id) else {
                        continue;
                    };
                    if meltemi {
                        document.waiting_senders.insert(connection);
                    }
                }
                Err(refusal) => {
                    self.withhold(copied, id, would_be, &refusal);
                    self.refuse(connection, id, refusal);
                }
            }
        }
        if changed {
            self.outputs.push_back(Output::Changed {
                document: id,
                local: false,
            });
            self.mirror_reached(id);
        }
    }

    /// Notes whether a peer owes what its changes of a document build on. Whether it may owe that;
    /// if not, its connection is closed.
    pub(super) fn may_owe(&mut self, connection: ConnectionId, id: DocumentId, owed: bool) -> bool {
        let Some(peer) = self.peers.get_mut(&connection) else {
            return false;
        };
        if !owed {
            peer.owing.remove(&id);
            return true;
        }
        peer.owing.insert(id);
        let few = peer.owing.len() <= OWING_DOCUMENTS;
        if !few {
            self.close(connection, &Closing::TooManyOwed);
        }
        few
    }

    /// Starts a write if the disk lacks something. Returns whether one is under way.
    fn write(&mut self, id: DocumentId) -> bool {
        let Some(document) = self.documents.get_mut(&id) else {
            return false;
        };
        if !document.is_dirty() {
            return false;
        }
        if document.rewrite && document.compaction.is_some() {
            // What is to go must not come back by it.
            return true;
        }
        let seq = self.catalogue.begin_write();
        let Some((batch, mut writing)) = document.prepare_write(seq) else {
            self.catalogue.end_write(seq);
            return false;
        };
        if let Phase::Failed { attempts, .. } = document.phase {
            writing.attempts = attempts;
        }
        let effect = self.request(Effect::Write(id), StorageRequest::Write(batch));
        writing.effect = effect;
        if let Some(document) = self.documents.get_mut(&id) {
            document.rewrite = false;
            document.phase = Phase::Writing(writing);
        }
        true
    }

    /// Writes many chunks as one when everybody has been answered. Requests are carried out in
    /// their order, so a write that follows finds it done.
    fn compact(&mut self, id: DocumentId) {
        let prepared = self
            .documents
            .get(&id)
            .and_then(Document::prepare_compaction);
        let Some((batch, compaction)) = prepared else {
            return;
        };
        self.request(Effect::Compact(id), StorageRequest::Write(batch));
        if let Some(document) = self.documents.get_mut(&id) {
            document.compaction = Some(compaction);
        }
    }

    /// Sends what each peer lacks. Everything in memory is on the disk here.
    fn send_all(&mut self, id: DocumentId) {
        let Some(document) = self.documents.get(&id) else {
            return;
        };
        debug_assert!(
            document.is_saved(),
            "heads are shown only when they are on the disk"
        );
        if document.is_found() {
            let announced: Vec<_> = self
                .peers
                .iter()
                // Meltemi peers are told by exchanges.
                .filter(|(c, peer)| !peer.is_meltemi() && !document.peers.contains_key(c))
                .filter(|(_, peer)| !peer.refused.contains_key(&id))
                .map(|(connection, _)| *connection)
                .filter(|c| self.announces(*c))
                .collect();
            if let Some(document) = self.documents.get_mut(&id) {
                for connection in announced {
                    document.peers.entry(connection).or_default();
                }
            }
        }
        let connections: Vec<_> = self
            .documents
            .get(&id)
            .map(Document::to_answer)
            .unwrap_or_default();
        for connection in connections {
            self.send_one(id, connection);
        }
        self.answer_known(id);
        self.send_changes(id);
    }

    /// Changes that were all known make no write: who sent them is told of the heads again.
    fn answer_known(&mut self, id: DocumentId) {
        let senders = self.documents.get_mut(&id);
        let senders = senders.map(|d| std::mem::take(&mut d.waiting_senders));
        let Some(entry) = self.catalogue.get(&id) else {
            return;
        };
        let stored = self.catalogue.stored(entry);
        for connection in senders.into_iter().flatten() {
            if let Some(peer) = self.peers.get_mut(&connection)
                && peer.listening
            {
                peer.outgoing.heads.push(stored.clone());
            }
        }
    }

    fn send_one(&mut self, id: DocumentId, connection: ConnectionId) {
        if self.access_of(connection, &id) == Access::None {
            return;
        }
        let Some(document) = self.documents.get_mut(&id) else {
            return;
        };
        let answer = document.answer_for(connection);
        self.send_answer(connection, id, answer);
    }

    pub(super) fn send_answer(
        &mut self,
        connection: ConnectionId,
        id: DocumentId,
        answer: PlainAnswer,
    ) {
        match answer {
            PlainAnswer::Nothing => {}
            PlainAnswer::Unavailable => self.send_unavailable(connection, id, None),
            PlainAnswer::Message(message) => {
                let route = self.route(connection);
                let data = message.encode();
                self.send(
                    connection,
                    &Frame::Sync {
                        route,
                        document: id,
                        request: false,
                        data,
                    },
                );
            }
        }
    }
}

/// Whether a peer may send these changes, as far as they are new.
pub(super) fn authored<P: Policy>(
    policy: &P,
    principal: &Principal,
    document: &Document,
    scan: &Scan,
) -> Result<(), Refusal> {
    let told = || scan.changes.iter().map(|c| (c.hash, &c.deps[..]));
    let vouched = vouched(&document.missing, told());
    for change in &scan.changes {
        if document.has(&change.hash) || vouched.contains(&change.hash) {
            continue;
        }
        let (actor, author) = (&change.actor, change.author.as_ref());
        let owner = document.receipts.owner(actor);
        policy.authored(principal, &document.id, actor, author, owner, false)?;
    }
    Ok(())
}

/// As [`authored`], for changes that came within a whole document, or that were accepted: which of
/// them are new is known when they have been applied to a copy. With `relayed` they may be of
/// others.
pub(super) fn authored_whole<P: Policy>(
    policy: &P,
    principal: &Principal,
    document: &DocumentId,
    before: &Before,
    changes: Vec<ChangeMetadata<'_>>,
    relayed: bool,
) -> Result<(), Refusal> {
    let told = || changes.iter().map(|c| (c.hash, &c.deps[..]));
    let vouched = vouched(&before.missing, told());
    for change in &changes {
        if vouched.contains(&change.hash) || before.waiting.contains(&change.hash) {
            continue;
        }
        let (actor, author) = (&*change.actor, change.author.as_ref());
        let owner = before.owners.get(actor);
        policy.authored(principal, document, actor, author, owner, relayed)?;
    }
    Ok(())
}

fn read_only() -> Refusal {
    Refusal {
        code: "read-only",
        message: "you may read this record but not change it".to_owned(),
    }
}
