//! Where records and the engine meet: applies commands, answers views.

mod policy;
mod proposed;
mod refused;

pub use self::proposed::ProposedView;
pub use self::refused::RefusedView;

use automerge::{ActorId, Automerge, AutomergeError};

use self::policy::RecordPolicy;
use crate::access::Roster;
use crate::command::{self, Command, CommandError};
use crate::genesis;
use crate::id::{DocumentId, PeerId, StorageId};
use crate::order;
use crate::sync::input::Input;
use crate::sync::metrics::Metrics;
use crate::sync::output::Output;
use crate::sync::policy::{Access, Principal, Refusal};
use crate::sync::repo::{Accepted, EditError, Repo, RepoConfig};
use crate::sync::status::SyncStatus;
use crate::sync::storage::CatalogueEntry;
use crate::time::{Date, Timestamp};
use crate::view::history::{self, HistoryView, Sent};
use crate::view::{self, OverviewView, RecordView, Summary};

/// How a workspace is set up.
#[derive(Debug, Clone)]
pub struct WorkspaceConfig {
    /// Name of this replica for the time of its connections.
    pub peer: PeerId,
    /// Lasting name of its storage.
    pub storage: StorageId,
    /// Random bytes, fresh for every start: the actor of this session's changes and the jitter of
    /// its retries come from them.
    pub seed: [u8; 32],
    /// Whether this replica connects to a server by itself ([`Output::Dial`]).
    pub dials: bool,
    /// Whether all documents are loaded at the start and followed on the server (a device), or on
    /// demand (a server).
    pub follows_all: bool,
    /// Whether documents that are no records are kept and synced too.
    pub foreign_documents: bool,
    /// Documents kept in memory when nobody needs them, unless it follows all.
    pub kept: usize,
}

/// A command was carried out in memory; [`Output::Saved`] follows when it is on the disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed {
    /// The document it changed or made.
    pub document: DocumentId,
    /// Commands that take it back, in order.
    pub undo: Vec<Command>,
}

/// The records of a replica, and the engine under them.
pub struct Workspace {
    repo: Repo<RecordPolicy>,
}

impl Workspace {
    /// A replica that begins by asking its storage for the catalogue.
    pub fn new(config: WorkspaceConfig, now: Timestamp) -> Self {
        let policy = RecordPolicy::new(config.foreign_documents);
        let config = RepoConfig {
            peer: config.peer,
            storage: config.storage,
            seed: config.seed,
            dials: config.dials,
            follows_all: config.follows_all,
            kept: config.kept,
        };
        Self {
            repo: Repo::new(config, policy, now),
        }
    }

    /// Takes one input. Drain [`Self::poll`] afterwards.
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        self.repo.handle(now, input);
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.repo.poll()
    }

    /// Whether the catalogue is read and, on a device, everything is loaded.
    pub fn is_ready(&self) -> bool {
        self.repo.is_ready()
    }

    /// Starts or stops connecting to the server by itself. Drain [`Self::poll`] afterwards.
    pub fn set_dials(&mut self, now: Timestamp, dials: bool) {
        self.repo.set_dials(now, dials);
    }

    /// Sets who the members are; without a roster there are no accounts, and everybody may write
    /// everything. Connections of members of whom something changed are closed: who may still
    /// come does so, and compares what is there with what may be seen now. Drain [`Self::poll`]
    /// afterwards.
    pub fn set_roster(&mut self, now: Timestamp, roster: Option<Roster>) {
        let before = self.repo.policy().roster().cloned();
        let after = roster.clone();
        self.repo.update_policy(
            now,
            |policy| policy.set_roster(roster),
            |principal| policy::farewell(before.as_ref(), after.as_ref(), principal),
        );
    }

    /// See [`Repo::seal_cursors`].
    pub fn seal_cursors(&mut self, key: [u8; 32]) {
        self.repo.seal_cursors(key);
    }

    /// Lets whoever may write a record bring changes of others, as after a backup was restored: by
    /// the devices of those who are back before the authors.
    pub fn take_relayed(&mut self, now: Timestamp, relayed: bool) {
        let update = |policy: &mut RecordPolicy| policy.take_relayed(relayed);
        self.repo.update_policy(now, update, |_| None);
    }

    /// What somebody may do with a document. One that is not here is [`Access::None`].
    pub fn may(&self, principal: &Principal, document: &DocumentId) -> Access {
        if !self.repo.has(document) {
            return Access::None;
        }
        self.repo.access(principal, document)
    }

    /// What the disk holds, as far as somebody may know of it. Documents that are no records are
    /// not in it when there are accounts.
    pub fn catalogue_for(&self, principal: &Principal) -> impl Iterator<Item = &CatalogueEntry> {
        let policy = self.repo.policy();
        let entries = self.repo.catalogue();
        entries.filter(move |entry| policy.lists(principal, entry.label.as_deref()))
    }

    /// Carries out a command in memory. Drain [`Self::poll`] afterwards; [`Output::Saved`] tells
    /// when the result is on the disk.
    ///
    /// # Errors
    /// [`CommandError`]; the document is then as it was.
    pub fn execute(&mut self, now: Timestamp, command: &Command) -> Result<Executed, CommandError> {
        self.execute_all(now, command.document(), std::slice::from_ref(command))
    }

    /// Carries out commands on one document, in order: all of them or none. When nothing of the
    /// document waits to be written, all go to the disk in one write.
    ///
    /// # Errors
    /// [`CommandError`] of the first that fails; the document is then as it was.
    pub fn execute_all(
        &mut self,
        now: Timestamp,
        document: DocumentId,
        commands: &[Command],
    ) -> Result<Executed, CommandError> {
        let undo = self.repo.edit(now, document, |doc| {
            let mut undo = Vec::new();
            for command in commands {
                // What was done last is taken back first.
                undo.splice(..0, carry_out(document, doc, command, now)?);
            }
            Ok::<_, CommandError>(undo)
        })?;
        Ok(Executed { document, undo })
    }

    /// Whether everything in memory of the document is on the disk.
    pub fn is_saved(&self, document: &DocumentId) -> bool {
        self.repo.is_saved(document)
    }

    /// Whether the document is in memory, with or without content.
    pub fn is_loaded(&self, document: &DocumentId) -> bool {
        self.repo.is_loaded(document)
    }

    /// Whether no document's last write failed.
    pub fn disk_works(&self) -> bool {
        self.repo.disk_works()
    }

    /// A record, whole.
    ///
    /// # Errors
    /// [`CommandError::NotHere`] when the document is not in memory or empty,
    /// [`CommandError::NotARecord`] when it is no record.
    pub fn record(&self, document: &DocumentId) -> Result<RecordView, CommandError> {
        let doc = self
            .repo
            .document(document)
            .ok_or(CommandError::NotHere(*document))?;
        view::record::view(*document, doc).map_err(|_| CommandError::NotARecord(*document))
    }

    /// A part of the history of a record: see [`history::history`].
    ///
    /// # Errors
    /// [`CommandError::NotHere`] when the document is not in memory or empty.
    pub fn history(
        &self,
        document: &DocumentId,
        skip: usize,
        count: usize,
    ) -> Result<HistoryView, CommandError> {
        let doc = self
            .repo
            .document(document)
            .ok_or(CommandError::NotHere(*document))?;
        let sent = |actor: &ActorId, seq| {
            let (by, received) = self.repo.sent(document, actor, seq)?;
            let by = by.0.clone();
            Some(Sent { by, received })
        };
        Ok(history::history(*document, doc, &sent, skip, count))
    }

    /// The records of a kind that are in memory, in the order of their keys.
    pub fn summaries(&self, kind: &str) -> Vec<Summary> {
        let mut summaries: Vec<_> = self
            .repo
            .loaded()
            .filter_map(|(id, doc)| view::summary::summarise(*id, doc).ok())
            .filter(|summary| summary.reference.kind == kind)
            .collect();
        order::sort_by(&mut summaries, |a, b| a.reference.cmp(&b.reference));
        summaries
    }

    /// The programme at a glance, from the records in memory.
    pub fn overview(&self, today: Option<Date>) -> OverviewView {
        let records: Vec<_> = self
            .repo
            .loaded()
            .filter_map(|(id, doc)| view::record::view(*id, doc).ok())
            .collect();
        view::overview::overview(&records, today)
    }

    /// What the disk holds.
    pub fn catalogue(&self) -> impl Iterator<Item = &CatalogueEntry> {
        self.repo.catalogue()
    }

    /// Merges a whole document that was read from a file. Returns how many of its changes were
    /// new. The document must be loaded. Drain [`Self::poll`] afterwards.
    ///
    /// # Errors
    /// A [`Refusal`] when the result would be no valid document, or cannot be read.
    pub fn insert(
        &mut self,
        now: Timestamp,
        document: DocumentId,
        doc: &Automerge,
    ) -> Result<usize, Refusal> {
        self.repo
            .edit(now, document, |own| {
                let before = own.get_heads();
                own.apply_changes(doc.get_changes(&[]))?;
                Ok::<_, InsertError>(own.get_changes_meta(&before).len())
            })
            .map_err(|error| match error {
                InsertError::Edit(EditError::Refused(refusal)) => refusal,
                other => Refusal {
                    code: "bad-changes",
                    message: other.to_string(),
                },
            })
    }

    /// Takes changes that were refused ([`Output::Withheld`]), because somebody who may has decided
    /// so. Returns whether anything of them was new. The document must be loaded, unless there is
    /// none. Drain [`Self::poll`] afterwards.
    ///
    /// # Errors
    /// A [`Refusal`] when they build on changes that are not here, or the result cannot be kept.
    pub fn accept(
        &mut self,
        now: Timestamp,
        document: DocumentId,
        refused: Accepted,
    ) -> Result<bool, Refusal> {
        self.repo.accept(now, document, refused)
    }

    /// Lets the changes that commands make from now on be of this member, or of nobody.
    pub fn set_author(&mut self, author: Option<Principal>) {
        self.repo.set_author(author);
    }

    /// The Automerge bytes of a document in memory.
    pub fn bytes(&self, document: &DocumentId) -> Option<Vec<u8>> {
        self.repo.document(document).map(Automerge::save)
    }

    /// The content of a document in memory.
    pub fn document(&self, document: &DocumentId) -> Option<&Automerge> {
        self.repo.document(document)
    }

    /// What this replica has counted.
    pub fn metrics(&self) -> Metrics {
        self.repo.metrics()
    }

    /// The documents with changes that the server is not known to have, the refused ones included.
    pub fn unsent(&self) -> impl Iterator<Item = DocumentId> {
        self.repo.unsent().into_iter()
    }

    /// Where the changes of this replica are.
    pub fn status(&self) -> SyncStatus {
        self.repo.status()
    }
}

/// Carries out a command on a document, which may be empty. Returns what takes it back.
fn carry_out(
    document: DocumentId,
    doc: &mut Automerge,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Command>, CommandError> {
    if let (
        Command::CreateRecord {
            programme,
            reference,
            ..
        },
        [],
    ) = (command, &doc.get_heads()[..])
    {
        let first = genesis::new_document(programme, reference)?;
        doc.apply_changes(first.get_changes(&[]))
            .map_err(|error| CommandError::Document(error.to_string()))?;
    }
    command::apply(document, doc, command, now).map(|applied| applied.undo)
}

/// Why a document could not be merged.
#[derive(Debug, thiserror::Error)]
enum InsertError {
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error("the changes cannot be applied: {0}")]
    Changes(#[from] AutomergeError),
}

impl From<EditError> for CommandError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::NotLoaded(document) => Self::NotHere(document),
            EditError::Refused(refusal) => Self::Document(refusal.message),
        }
    }
}
