//! The set of documents a replica holds, and the engine that keeps it in step with others.
//!
//! This file has the state, the two entry points and what the layer above may
//! ask. `repo/` has the parts: connections, documents' progress, the disk, the
//! line to the server, own edits, what every step begins and ends with, the status.

mod access;
mod aside;
mod compare;
mod connections;
mod cursor;
mod disk;
mod edit;
mod eviction;
mod follow;
mod inbox;
mod line;
mod messages;
mod pump;
mod quarantine;
mod report;
mod send;
mod serve;
mod steps;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use automerge::{ActorId, Automerge};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::id::{ConnectionId, DocumentId, EffectId, PeerId, StorageId};
use crate::sync::catalogue::Catalogue;
use crate::sync::document::{Document, Phase};
use crate::sync::input::Input;
use crate::sync::metrics::Metrics;
use crate::sync::output::Output;
use crate::sync::peer::Peer;
use crate::sync::policy::{Policy, Principal};
use crate::sync::status::{Notice, SyncStatus};
use crate::sync::storage::{CatalogueEntry, Cursor, StorageRequest, Synced};
use crate::time::Timestamp;

use self::cursor::CursorKey;
pub use self::edit::EditError;
use self::follow::Follow;
use self::line::LineState;
pub use self::quarantine::Accepted;

/// How a repo is set up.
#[derive(Debug, Clone)]
pub struct RepoConfig {
    /// Name of this replica for the time of its connections.
    pub peer: PeerId,
    /// Lasting name of its storage.
    pub storage: StorageId,
    /// Random bytes, fresh for every start.
    pub seed: [u8; 32],
    /// Whether it connects to a server by itself.
    pub dials: bool,
    /// Whether it loads all its documents at the start and follows all of the server's.
    pub follows_all: bool,
    /// Documents kept in memory when nobody needs them, unless it follows all.
    pub kept: usize,
}

/// The engine.
///
/// Single mutation: every input is worked off completely before `handle` returns, and all that is
/// left to do is in the outputs and in effects that are under way. Only messages to be relayed are
/// made when they are polled, or before anything else happens.
pub struct Repo<P> {
    config: RepoConfig,
    policy: P,
    random: ChaCha8Rng,
    actor: ActorId,
    /// Whose the changes are that this replica makes.
    author: Option<Principal>,
    now: Timestamp,
    /// How far `now` is ahead of the driver's clock, because that was set back.
    ahead: u64,
    catalogue: Catalogue,
    catalogue_read: bool,
    /// How far the server's catalogue is known.
    cursor: Option<Cursor>,
    /// What was learned of the server in this step, to be noted on the disk.
    learned: Synced,
    documents: BTreeMap<DocumentId, Document>,
    peers: BTreeMap<ConnectionId, Peer>,
    line: LineState,
    /// What is under way with the server, while there is a line to one.
    follow: Option<Follow>,
    effects: BTreeMap<EffectId, Effect>,
    next_effect: u64,
    load_queue: VecDeque<DocumentId>,
    loading: usize,
    catalogue_retry: Option<Timestamp>,
    /// Documents with which the disk is to be tried again.
    retrying: BTreeSet<DocumentId>,
    outputs: VecDeque<Output>,
    /// Plain peers that are to be sent what is being written.
    relays: VecDeque<(DocumentId, ConnectionId)>,
    wake: Option<Timestamp>,
    notices: VecDeque<Notice>,
    /// Documents whose counts below are not zero.
    unsaved: BTreeMap<DocumentId, u64>,
    refused_whole: BTreeMap<DocumentId, u64>,
    waiting: BTreeMap<DocumentId, u64>,
    synced_at: Option<Timestamp>,
    status_changed: bool,
    touched: BTreeSet<DocumentId>,
    /// Number of this step.
    step: u64,
    /// The step before which no more documents are looked for that could go out of memory.
    evicts: u64,
    counts: Metrics,
    /// Documents whose label is of an older version, to be loaded when nothing else is.
    outdated: VecDeque<DocumentId>,
    /// Bytes that wait in the inboxes of all documents.
    waiting_bytes: usize,
    /// With what a server tells the numbers of its writes.
    cursor_key: Option<CursorKey>,
    /// Plain peers of documents that were put out of memory.
    sleeping: BTreeMap<DocumentId, BTreeSet<ConnectionId>>,
}

/// A storage effect under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Catalogue,
    Load(DocumentId),
    Write(DocumentId),
    Compact(DocumentId),
    Remove(DocumentId),
    Synced,
}

impl<P: Policy> Repo<P> {
    /// A replica that begins by asking its storage for the catalogue.
    pub fn new(config: RepoConfig, policy: P, now: Timestamp) -> Self {
        let mut random = ChaCha8Rng::from_seed(config.seed);
        let actor = new_actor(&mut random);
        let line = LineState::new(config.dials, now);
        let mut repo = Self {
            config,
            policy,
            random,
            actor,
            author: None,
            now,
            ahead: 0,
            catalogue: Catalogue::default(),
            catalogue_read: false,
            cursor: None,
            learned: Synced::default(),
            documents: BTreeMap::new(),
            peers: BTreeMap::new(),
            line,
            follow: None,
            effects: BTreeMap::new(),
            next_effect: 0,
            load_queue: VecDeque::new(),
            loading: 0,
            catalogue_retry: None,
            retrying: BTreeSet::new(),
            outputs: VecDeque::new(),
            relays: VecDeque::new(),
            wake: None,
            notices: VecDeque::new(),
            unsaved: BTreeMap::new(),
            refused_whole: BTreeMap::new(),
            waiting: BTreeMap::new(),
            synced_at: None,
            status_changed: true,
            touched: BTreeSet::new(),
            step: 0,
            evicts: 0,
            counts: Metrics::default(),
            outdated: VecDeque::new(),
            waiting_bytes: 0,
            cursor_key: None,
            sleeping: BTreeMap::new(),
        };
        repo.request(Effect::Catalogue, StorageRequest::Catalogue);
        repo.settle();
        repo
    }

    /// Takes one input. Drain [`Self::poll`] afterwards.
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        self.advance(now);
        self.step += 1;
        match input {
            // The driver waits no longer, even if its clock says that it is too early.
            Input::Tick => self.wake = None,
            Input::Connected {
                connection,
                role,
                principal,
            } => {
                self.connected(connection, role, principal);
            }
            Input::DialFailed => self.line_lost(),
            Input::Frame { connection, bytes } => self.frame(connection, &bytes),
            Input::Disconnected { connection } => self.disconnected(connection),
            Input::Reconnect => self.redial(),
            Input::Stored { effect, result } => self.stored(effect, result),
            Input::WrittenElsewhere { document, chunks } => {
                self.written_elsewhere(document, chunks);
            }
            Input::SyncedElsewhere { document, heads } => self.synced_elsewhere(document, &heads),
            Input::RemovedElsewhere { document } => self.removed_elsewhere(document),
            Input::Open { document } => self.open(document),
            Input::Dismiss { notice } => self.dismiss(notice),
            Input::Refused { document, again } => drop(self.end_aside(document, again)),
            Input::RefusedElsewhere { document, again } => {
                self.end_aside_elsewhere(document, again);
            }
        }
        self.timers();
        self.settle();
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        // What is relayed is made one by one: the first is under way while the next is made.
        while self.outputs.is_empty() && self.relay_next() {}
        self.outputs.pop_front()
    }

    /// Whether the catalogue is read and, on a replica that follows all, everything is loaded
    /// that the disk could read.
    pub fn is_ready(&self) -> bool {
        self.catalogue_read
            && (!self.config.follows_all || self.loading == 0 && self.load_queue.is_empty())
    }

    /// Starts or stops connecting to the server by itself.
    pub fn set_dials(&mut self, now: Timestamp, dials: bool) {
        self.advance(now);
        self.config.dials = dials;
        self.line_set(dials);
        self.settle();
    }

    /// Lets the changes that this replica makes from now on be of this principal, or of nobody.
    pub fn set_author(&mut self, author: Option<Principal>) {
        self.author = author;
    }

    /// Who sent a change of a document in memory, given by its actor and its number, and when it
    /// came; nothing where that is not noted.
    pub fn sent(
        &self,
        id: &DocumentId,
        actor: &ActorId,
        seq: u64,
    ) -> Option<(&Principal, Timestamp)> {
        self.documents.get(id)?.receipts.of(actor, seq)
    }

    /// The content of a loaded document that has any.
    pub fn document(&self, id: &DocumentId) -> Option<&Automerge> {
        self.documents
            .get(id)
            .filter(|d| d.is_found())
            .map(|d| &d.doc)
    }

    /// Whether there is anything of the document, in memory or on the disk.
    pub fn has(&self, id: &DocumentId) -> bool {
        self.document(id).is_some() || self.catalogue.contains(id)
    }

    /// Whether the document is in memory, with or without content.
    pub fn is_loaded(&self, id: &DocumentId) -> bool {
        self.documents.get(id).is_some_and(Document::is_loaded)
    }

    /// Whether everything that is in memory of the document is on the disk.
    pub fn is_saved(&self, id: &DocumentId) -> bool {
        self.documents.get(id).is_none_or(Document::is_saved)
    }

    /// Ids of all documents in memory that have content.
    pub fn loaded(&self) -> impl Iterator<Item = (&DocumentId, &Automerge)> {
        self.documents
            .iter()
            .filter(|(_, d)| d.is_found())
            .map(|(id, d)| (id, &d.doc))
    }

    /// What the disk holds.
    pub fn catalogue(&self) -> impl Iterator<Item = &CatalogueEntry> {
        self.catalogue.iter()
    }

    /// The actor of the changes that this replica makes for nobody, until it is started anew or has
    /// removed a document.
    pub fn actor(&self) -> &ActorId {
        &self.actor
    }

    /// Where the changes of this replica are.
    pub fn status(&self) -> SyncStatus {
        self.report()
    }

    fn request(&mut self, effect: Effect, request: StorageRequest) -> EffectId {
        let id = EffectId(self.next_effect);
        self.next_effect += 1;
        self.effects.insert(id, effect);
        self.outputs.push_back(Output::Storage {
            effect: id,
            request,
        });
        id
    }

    fn open(&mut self, id: DocumentId) {
        self.follow_opened(id);
        if let Some(document) = self.documents.get_mut(&id) {
            document.opened = true;
            document.used = self.step;
            if document.is_loaded() {
                let found = document.is_found();
                self.outputs.push_back(Output::Opened {
                    document: id,
                    found,
                });
            }
            return;
        }
        let known = self.catalogue.contains(&id);
        self.enter(id).opened = true;
        if !known && self.catalogue_read {
            self.outputs.push_back(Output::Opened {
                document: id,
                found: false,
            });
        }
    }

    /// The document in memory, put into the queue for loading if the disk has it.
    fn enter(&mut self, id: DocumentId) -> &mut Document {
        let entry = self.catalogue.get(&id);
        let actor = &self.actor;
        let queue = &mut self.load_queue;
        let read = self.catalogue_read;
        let sleeping = &mut self.sleeping;
        let document = self.documents.entry(id).or_insert_with(|| {
            let mut document = Document::new(id, actor, entry);
            if !read {
                document.phase = Phase::Queued;
            } else if entry.is_some() {
                queue.push_back(id);
            }
            for connection in sleeping.remove(&id).unwrap_or_default() {
                document.peers.entry(connection).or_default();
            }
            document
        });
        document.used = self.step;
        document
    }
}

/// An actor that nobody has had.
fn new_actor(random: &mut ChaCha8Rng) -> ActorId {
    let mut actor = [0; 16];
    random.fill_bytes(&mut actor);
    ActorId::from(actor)
}
