//! The device's side of following: it mirrors what the server has, asks for what it lacks, sends
//! what the server lacks.
//!
//! What the server has on its disk is known from its lists and acknowledgements and from nothing
//! else. Everything that is under way here is forgotten when the line is lost; what the disk
//! remembers is the mirror, and what differs from it is asked for and sent again.

mod compare;
mod gone;
mod wants;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use automerge::ChangeHash;

use self::wants::Wants;
use crate::id::{ConnectionId, DocumentId, StorageId};
use crate::sync::document::from_raw;
use crate::sync::peer::Peer;
use crate::sync::policy::Policy;
use crate::sync::reconcile::ItemSet;
use crate::sync::repo::Repo;
use crate::sync::status::{NoticeCode, Progress, Receiving};
use crate::sync::storage::{CatalogueEntry, Cursor};
use crate::time::Timestamp;
use crate::wire::exchange::{Exchange, Hash, Stored};
use crate::wire::frame::{Frame, Reason};
use crate::wire::limits::{DOCUMENT_PIECES, FIRST_WINDOW, WANTED_DOCUMENTS};

/// An answer that takes longer than this, in milliseconds, means that too much was asked for.
const SLOW_ANSWER: u64 = 1_500;

/// An answer within this many milliseconds means that more can be asked for.
const FAST_ANSWER: u64 = 600;

/// What is under way with the server.
pub(super) struct Follow {
    connection: ConnectionId,
    server: StorageId,
    stage: FollowStage,
    /// Whether the sets will have to be compared: then nothing is sent before that is done, because
    /// it would only make them differ more.
    compares: bool,
    compared: bool,
    /// Documents that the server has said to have since a comparison began.
    told: BTreeSet<DocumentId>,
    /// Documents to ask for.
    wants: Wants,
    /// Documents asked for: their size, and when.
    asked: BTreeMap<DocumentId, (u64, Timestamp)>,
    /// Documents that were answered before the list had ended: they are not asked for again
    /// until it is known that the server still has more.
    early: BTreeSet<DocumentId>,
    /// Documents that a person has opened.
    opened: BTreeSet<DocumentId>,
    /// Documents with changes to send.
    sends: BTreeSet<DocumentId>,
    /// Changes sent and not answered: their newest ones, and how many bytes.
    sent: BTreeMap<DocumentId, Sent>,
    /// Documents of which nothing more is asked or sent over this line.
    left_alone: BTreeSet<DocumentId>,
    /// Those of them that the server did not have when it was asked.
    absent: BTreeSet<DocumentId>,
    /// Documents that the server has listed and lists no more: it is asked whether it has lost
    /// them or keeps them from this device now.
    doubted: BTreeSet<DocumentId>,
    /// Documents that are to be here no more. Those with something that the server does not have
    /// stay until that is decided.
    gone: BTreeSet<DocumentId>,
    /// Those of them that were removed, with the heads they had: what another tab writes of the
    /// same afterwards is removed again.
    removed: BTreeMap<DocumentId, Vec<ChangeHash>>,
    window: usize,
    received: Progress,
    bytes: Progress,
}

/// What the server need not be sent over this line, and how much of it was sent.
#[derive(Default)]
struct Sent {
    heads: Vec<ChangeHash>,
    bytes: usize,
}

enum FollowStage {
    /// The server has not said yet all that is new.
    Listing,
    /// The sets are being compared.
    Comparing {
        set: ItemSet,
        have: Vec<Hash>,
        need: Vec<Hash>,
    },
    /// The documents of the items that only the server has are being looked up.
    LookingUp { have: Vec<Hash> },
    /// What the server has is known, and it tells of everything that comes.
    Live,
}

impl Follow {
    fn new(connection: ConnectionId, server: StorageId, compares: bool) -> Self {
        let nothing = Progress { done: 0, of: 0 };
        Self {
            connection,
            server,
            stage: FollowStage::Listing,
            compares,
            compared: false,
            told: BTreeSet::new(),
            wants: Wants::default(),
            asked: BTreeMap::new(),
            early: BTreeSet::new(),
            opened: BTreeSet::new(),
            sends: BTreeSet::new(),
            sent: BTreeMap::new(),
            left_alone: BTreeSet::new(),
            absent: BTreeSet::new(),
            doubted: BTreeSet::new(),
            gone: BTreeSet::new(),
            removed: BTreeMap::new(),
            window: FIRST_WINDOW,
            received: nothing,
            bytes: nothing,
        }
    }

    /// How far the first load is, while the server has something that is not here.
    pub(super) fn receiving(&self) -> Option<Receiving> {
        let live = matches!(self.stage, FollowStage::Live);
        let idle = self.wants.is_empty() && self.asked.is_empty();
        (!live || !idle).then_some(Receiving {
            documents: self.received,
            bytes: self.bytes,
        })
    }

    /// Changes came from the server, which has yet to say that they are on its disk: they need not
    /// be sent to it over this line.
    pub(super) fn came(&mut self, from: ConnectionId, id: DocumentId, heads: Vec<ChangeHash>) {
        if self.connection == from {
            self.sent.entry(id).or_default().heads.extend(heads);
        }
    }

    /// A person wants a document that was left alone to be tried again.
    pub(super) fn take_up(&mut self, id: &DocumentId) {
        self.left_alone.remove(id);
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.stage, FollowStage::Live)
    }
}

impl<P: Policy> Repo<P> {
    /// The handshake with a server is done: says hello.
    pub(super) fn follow_begin(&mut self, connection: ConnectionId, server: StorageId) {
        let known = self.catalogue.mirror().listed();
        let cursor = self.cursor.as_ref().filter(|c| c.server == server);
        let compares = cursor.is_none() && known.count > 0;
        let hello = Frame::Hello {
            seq: cursor.map_or(0, |cursor| cursor.seq),
            root: known.root,
            count: known.count,
        };
        self.send(connection, &hello);
        let mut follow = Follow::new(connection, server, compares);
        let opened = self.documents.values().filter(|document| document.opened);
        follow.opened = opened.map(|document| document.id).collect();
        self.follow = Some(follow);
        let all: Vec<_> = self.catalogue.iter().map(|entry| entry.document).collect();
        self.touched.extend(all);
        self.touched.extend(self.documents.keys());
    }

    /// The line is lost.
    pub(super) fn follow_end(&mut self, connection: ConnectionId) {
        if self
            .follow
            .as_ref()
            .is_some_and(|f| f.connection == connection)
        {
            self.follow = None;
            self.status_changed = true;
        }
    }

    /// What a server or a device said about documents.
    pub(super) fn exchange(&mut self, connection: ConnectionId, exchange: Exchange) {
        let mut wanted = BTreeSet::new();
        for (id, have) in exchange.want {
            if wanted.insert(id) {
                self.want(connection, id, &have);
            }
        }
        let mut pieces = BTreeMap::<DocumentId, usize>::new();
        for changes in exchange.changes {
            let id = changes.document;
            let piece = pieces.entry(id).or_default();
            *piece += 1;
            if *piece > DOCUMENT_PIECES {
                self.bad_frame(connection, "too many pieces of one document");
                return;
            }
            // Of what is refused nothing in the same frame is taken.
            let refused = |peer: &Peer| peer.outgoing.refused.iter().any(|(of, _)| *of == id);
            if *piece > 1 && self.peers.get(&connection).is_some_and(refused) {
                continue;
            }
            self.answered(connection, id);
            self.is_lost_there(id);
            if !changes.bytes.is_empty() {
                self.changes(connection, changes);
            }
        }
        if self
            .follow
            .as_ref()
            .is_none_or(|f| f.connection != connection)
        {
            return;
        }
        for (id, reason) in exchange.refused {
            self.refused(id, reason);
        }
        for id in exchange.gone {
            self.answered(connection, id);
            self.gone(id);
        }
        for id in exchange.absent {
            self.answered(connection, id);
            if self.is_lost_there(id) {
                continue;
            }
            self.leave_alone(id);
            if let Some(follow) = &mut self.follow {
                follow.absent.insert(id);
            }
        }
        for stored in exchange.heads {
            self.server_has(stored);
        }
        if let (Some(seq), Some(follow)) = (exchange.seq, &self.follow)
            && !matches!(follow.stage, FollowStage::Comparing { .. })
        {
            let server = follow.server.clone();
            let cursor = Some(Cursor { server, seq });
            if self.cursor != cursor {
                self.cursor.clone_from(&cursor);
                self.learned.cursor = cursor;
            }
        }
        if let Some(listed) = exchange.listed {
            self.list_ends(connection, listed);
        }
    }

    /// The server has a document with these heads on its disk.
    fn server_has(&mut self, stored: Stored) {
        let id = stored.document;
        let size = Some(stored.size);
        if stored.heads.is_empty() && self.doubts(id) {
            return;
        }
        let refused = self.is_left_refused(&id);
        if let Some(follow) = &mut self.follow
            && !stored.heads.is_empty()
        {
            follow.doubted.remove(&id);
            follow.gone.remove(&id);
            follow.told.insert(id);
            // What it did not have, or not taken, somebody has brought.
            if follow.absent.remove(&id) || refused {
                follow.left_alone.remove(&id);
                follow.early.remove(&id);
                self.touched.insert(id);
            }
        }
        if self.catalogue.set_synced(id, stored.heads, size) {
            self.mirror_changed(id);
        }
    }

    /// Takes over what the mirror says into the document, as far as it is here, and notes it.
    fn mirror_changed(&mut self, id: DocumentId) {
        let Some(entry) = self.catalogue.get(&id) else {
            return;
        };
        let heads = entry.synced.clone();
        let mut note = true;
        if let Some(document) = self.documents.get_mut(&id).filter(|d| d.is_found()) {
            let heads = from_raw(&heads);
            if heads.iter().all(|head| document.has(head)) {
                document.synced = heads;
            } else {
                // Noted when it is here: until then the disk knows what both sides have.
                note = false;
                document.add_synced_here(&heads);
            }
        }
        if note {
            self.learned.heads.retain(|(document, _)| *document != id);
            self.learned.heads.push((id, heads));
        }
        self.touched.insert(id);
        self.follow_sent(id);
    }

    /// A write of this device keeps what is known of the server.
    pub(super) fn keep_mirror(&self, entry: &mut CatalogueEntry) {
        if let Some(known) = self.catalogue.get(&entry.document) {
            entry.synced.clone_from(&known.synced);
        }
    }

    /// A document has grown: perhaps everything the server was said to have is here now.
    pub(super) fn mirror_reached(&mut self, id: DocumentId) {
        if self.config.follows_all
            && self
                .catalogue
                .get(&id)
                .is_some_and(|e| !e.synced.is_empty())
        {
            self.mirror_changed(id);
        }
    }

    /// What was sent of a document is answered when the server has it.
    fn follow_sent(&mut self, id: DocumentId) {
        let (Some(follow), Some(document)) = (&mut self.follow, self.documents.get(&id)) else {
            return;
        };
        let answered = follow.sent.get(&id).is_some_and(|sent| {
            let lacking = document.doc.get_changes_meta(&document.synced);
            !lacking
                .iter()
                .any(|change| sent.heads.contains(&change.hash))
        });
        if answered {
            follow.sent.remove(&id);
        }
    }

    /// The server has answered a want.
    fn answered(&mut self, connection: ConnectionId, id: DocumentId) {
        let now = self.now;
        let Some(follow) = self.follow.as_mut().filter(|f| f.connection == connection) else {
            return;
        };
        let Some((size, since)) = follow.asked.remove(&id) else {
            return;
        };
        if !follow.is_live() {
            follow.early.insert(id);
        }
        follow.received.done += 1;
        follow.bytes.done += size;
        let took = now.0.saturating_sub(since.0);
        if took > SLOW_ANSWER {
            follow.window = (follow.window / 2).max(FIRST_WINDOW / 4);
        } else if took < FAST_ANSWER {
            follow.window = (follow.window + 1).min(WANTED_DOCUMENTS);
        }
        self.touched.insert(id);
        self.status_changed = true;
    }

    /// Asks and sends nothing more of a document over this line.
    pub(super) fn leave_alone(&mut self, id: DocumentId) {
        if let Some(follow) = &mut self.follow {
            follow.left_alone.insert(id);
            follow.sent.remove(&id);
            follow.sends.remove(&id);
            follow.wants.remove(&id);
        }
    }

    /// The server does not take what was sent of a document.
    fn refused(&mut self, id: DocumentId, mut reason: Reason) {
        if let Some(follow) = &mut self.follow {
            follow.sent.remove(&id);
            if follow.gone.contains(&id) {
                // Whatever the server says of changes to a document that it hides.
                reason = gone::reason();
            } else if reason.code == "missing-dependencies" {
                // It has less than was believed; how much follows in the same frame.
                self.touched.insert(id);
                return;
            }
        }
        if !self.documents.contains_key(&id) {
            // It was given up meanwhile: others may still begin it.
            return;
        }
        if !self.set_aside(id, reason) {
            self.leave_alone(id);
            return;
        }
        // What the server has may not have fitted beside what is gone now.
        if let Some(follow) = &mut self.follow {
            follow.take_up(&id);
        }
        self.touched.insert(id);
        self.resolve(|n| n.document != Some(id) || n.code != NoticeCode::RefusedPeer);
    }
}
