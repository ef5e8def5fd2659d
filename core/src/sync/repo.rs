//! The set of documents a replica holds, and the engine that keeps it in step with others.
//!
//! This file has the state, the two entry points and what the layer above may
//! ask and change. `repo/` has the parts: connections, documents' progress,
//! the disk, the line to the server, the status.

mod access;
mod aside;
mod connections;
mod disk;
mod eviction;
mod follow;
mod line;
mod messages;
mod pump;
mod report;
mod serve;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use automerge::{ActorId, Automerge};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::id::{ConnectionId, DocumentId, EffectId, PeerId, StorageId};
use crate::sync::admission;
use crate::sync::catalogue::Catalogue;
use crate::sync::document::{Document, Phase};
use crate::sync::input::Input;
use crate::sync::metrics::Metrics;
use crate::sync::output::Output;
use crate::sync::peer::{Peer, Stage};
use crate::sync::policy::{Policy, Refusal};
use crate::sync::status::{Notice, SyncStatus};
use crate::sync::storage::{CatalogueEntry, Cursor, StorageRequest, Synced};
use crate::time::Timestamp;
use crate::wire::limits::CHANGE_OPERATIONS;

use self::follow::Follow;
use self::line::LineState;

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
/// left to do is in the outputs and in effects that are under way.
pub struct Repo<P> {
    config: RepoConfig,
    policy: P,
    random: ChaCha8Rng,
    actor: ActorId,
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
    wake: Option<Timestamp>,
    notices: VecDeque<Notice>,
    /// Documents whose counts below are not zero.
    unsaved: BTreeMap<DocumentId, u64>,
    waiting: BTreeMap<DocumentId, u64>,
    synced_at: Option<Timestamp>,
    status_changed: bool,
    touched: BTreeSet<DocumentId>,
    /// Number of this step.
    step: u64,
    counts: Metrics,
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
        let mut actor = [0; 16];
        random.fill_bytes(&mut actor);
        let line = LineState::new(config.dials, now);
        let mut repo = Self {
            config,
            policy,
            random,
            actor: ActorId::from(actor),
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
            wake: None,
            notices: VecDeque::new(),
            unsaved: BTreeMap::new(),
            waiting: BTreeMap::new(),
            synced_at: None,
            status_changed: true,
            touched: BTreeSet::new(),
            step: 0,
            counts: Metrics::default(),
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
            Input::Open { document } => self.open(document),
            Input::Dismiss { notice } => self.dismiss(notice),
            Input::Refused { document, again } => drop(self.end_aside(document, again)),
        }
        self.timers();
        self.settle();
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
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

    /// The actor of all changes that this replica makes until it is started anew.
    pub fn actor(&self) -> &ActorId {
        &self.actor
    }

    /// Changes a document. `edit` gets it with this replica's actor; it may be empty.
    ///
    /// If `edit` fails, or the result is refused, the document stays as it was.
    ///
    /// # Errors
    /// What `edit` returns, or [`EditError`].
    pub fn edit<R, E: From<EditError>>(
        &mut self,
        now: Timestamp,
        id: DocumentId,
        edit: impl FnOnce(&mut Automerge) -> Result<R, E>,
    ) -> Result<R, E> {
        self.advance(now);
        let (actor, entry) = (&self.actor, self.catalogue.get(&id));
        // A replica that follows all has loaded what is on its disk: what it knows of the rest is
        // that the server has it.
        let entry = entry.filter(|_| !self.config.follows_all);
        let loaded = self.documents.get(&id).map(Document::is_loaded);
        if loaded == Some(false) || (loaded.is_none() && (entry.is_some() || !self.catalogue_read))
        {
            return Err(EditError::NotLoaded(id).into());
        }
        let document = self
            .documents
            .entry(id)
            .or_insert_with(|| Document::new(id, actor, entry));
        let before = document.doc.get_heads();
        let mut doc = document.doc.clone();
        let result = edit(&mut doc);
        let changed = result.is_ok() && doc.get_heads() != before;
        // What no server would take is not begun with. In a document that has been accepted it
        // would go aside; in a new one there is nothing to go back to.
        let made = doc.get_changes_meta(&before);
        if changed
            && before.is_empty()
            && made
                .iter()
                .any(|c| c.max_op + 1 - c.start_op > CHANGE_OPERATIONS)
        {
            return Err(EditError::Refused(admission::too_many_in_change()).into());
        }
        if changed {
            match self.policy.check(&id, &doc, document.label.is_some()) {
                Ok(label) => {
                    document.doc = doc;
                    document.label = label;
                }
                Err(refusal) => return Err(EditError::Refused(refusal).into()),
            }
            self.outputs.push_back(Output::Changed {
                document: id,
                local: true,
            });
            // Two devices that begin the same record make the same first changes.
            self.mirror_reached(id);
            self.pump(id);
        } else if document.doc.get_heads().is_empty() && document.peers.is_empty() {
            self.documents.remove(&id);
        }
        self.settle();
        result
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

    /// Works off what is due by now.
    fn timers(&mut self) {
        let now = self.now;
        let late: Vec<_> = self
            .peers
            .iter()
            .filter(|(_, p)| matches!(p.stage, Stage::Greeting { deadline } if deadline <= now))
            .map(|(id, _)| *id)
            .collect();
        for connection in late {
            self.close(connection, "no valid join came in time; connect again");
        }
        let due: Vec<_> = self
            .retries()
            .filter(|(_, retry)| *retry <= now)
            .map(|(id, _)| id)
            .collect();
        for id in due {
            match self.documents.get_mut(&id) {
                Some(document) if !document.is_loaded() => {
                    document.phase = Phase::Queued;
                    self.load_queue.push_back(id);
                }
                _ => self.pump(id),
            }
        }
        if self.catalogue_retry.is_some_and(|at| at <= now) {
            self.catalogue_retry = None;
            self.request(Effect::Catalogue, StorageRequest::Catalogue);
        }
        self.line_alive();
        self.line_timer();
    }

    /// Documents with which the disk is to be tried again, and when.
    fn retries(&self) -> impl Iterator<Item = (DocumentId, Timestamp)> {
        let documents = self.retrying.iter().filter_map(|id| self.documents.get(id));
        documents.filter_map(|document| Some((document.id, document.retry()?)))
    }

    /// Ends a step: starts loads, tells of the status, and asks to be woken.
    fn settle(&mut self) {
        self.follow_on();
        self.start_loads();
        self.forget_empty();
        self.recount();
        self.say_outgoing();
        self.evict();
        let documents = &self.documents;
        self.retrying
            .retain(|id| documents.get(id).is_some_and(|d| d.retry().is_some()));
        if std::mem::take(&mut self.status_changed) {
            self.outputs.push_back(Output::Status);
        }
        let next = self
            .peers
            .values()
            .filter_map(|p| match p.stage {
                Stage::Greeting { deadline } => Some(deadline),
                Stage::Joined { .. } => None,
            })
            .chain(self.retries().map(|(_, retry)| retry))
            .chain(self.catalogue_retry)
            .chain(self.line.wake())
            .chain(self.line_quiet())
            .min()
            .map(|at| self.shown(at));
        if let Some(at) = next.filter(|at| self.wake != Some(*at)) {
            self.outputs.push_back(Output::Wake(at));
        }
        self.wake = next;
    }
}

/// Why a document cannot be changed by this replica.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is on the disk but not in memory.
    #[error("document {0} is not loaded")]
    NotLoaded(DocumentId),
    /// The result would not be a valid document.
    #[error("{0}")]
    Refused(Refusal),
}
