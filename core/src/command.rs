//! Every intent a person can have, as data, and how it changes a document.
//!
//! One file per intent: its effect, its own errors, its tests. A command
//! writes only what it names: a form that saves one field writes one field.

pub mod add_entry;
pub mod create_record;
#[cfg(test)]
pub(crate) mod devices;
pub mod edit_text;
pub mod remove;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod replicas;
pub mod set_field;
pub mod set_tag;
pub mod settle;
mod write;

use automerge::transaction::CommitOptions;
use automerge::{Automerge, ObjType, PatchLog, ROOT};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::write::Writer;
use crate::conflict::removal;
use crate::genesis::{self, Identity, REMOVED};
use crate::id::{DocumentId, RecordRef};
use crate::record::FieldPath;
use crate::record::path::{Entry, Place, Target};
use crate::record::read::map_at;
use crate::record::read::register::{Found, container};
use crate::time::Timestamp;

/// What a person wants done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Begin a record. Creating one that exists already (made elsewhere, offline) sets the given
    /// fields on it and loses nothing.
    CreateRecord {
        /// Programme it belongs to.
        programme: String,
        /// Kind and key. For keys without a meaning the caller makes one up from random bits.
        reference: RecordRef,
        /// First values, each with its path.
        values: Vec<(FieldPath, Value)>,
    },
    /// Put a value in a register, or empty it with `null`.
    SetField {
        /// Which record.
        document: DocumentId,
        /// Which register.
        path: FieldPath,
        /// The value in its JSON form.
        value: Value,
    },
    /// Change a text as the writer saw it at `base`.
    EditText {
        /// Which record.
        document: DocumentId,
        /// Which text.
        path: FieldPath,
        /// Heads of the version the writer saw, as hex.
        base: Vec<String>,
        /// The changes, in order, each on the result of the one before.
        splices: Vec<Splice>,
    },
    /// Add or remove a member of a set.
    SetTag {
        /// Which record.
        document: DocumentId,
        /// Which set.
        path: FieldPath,
        /// The member.
        tag: String,
        /// Whether it is to be in the set.
        present: bool,
    },
    /// Add an entry. An entry of that key which was removed comes back with its contents.
    AddEntry {
        /// Which record.
        document: DocumentId,
        /// Path of the new entry: the field and the key.
        path: FieldPath,
        /// First values: name of the entry's field, value.
        values: Vec<(String, Value)>,
    },
    /// Mark an entry, or the whole record when `path` is empty, as removed. Its contents stay.
    Remove {
        /// Which record.
        document: DocumentId,
        /// Path of the entry; empty for the record.
        path: FieldPath,
        /// Why, in the person's words.
        reason: Option<String>,
    },
    /// Take a removal back.
    Restore {
        /// Which record.
        document: DocumentId,
        /// Path of the entry; empty for the record.
        path: FieldPath,
    },
    /// Choose between concurrent values of a register.
    Settle {
        /// Which record.
        document: DocumentId,
        /// Which register.
        path: FieldPath,
        /// The value that holds from now on: one of the concurrent ones, or another.
        value: Value,
        /// Why, in the person's words.
        reason: Option<String>,
    },
}

/// One replacement in a text. Positions count UTF-16 code units, as browsers do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splice {
    /// Where.
    pub at: usize,
    /// How many units are removed there.
    pub delete: usize,
    /// What is put in their place.
    pub insert: String,
}

/// Why a command changed nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// The document is not on this device.
    #[error("record {0} is not on this device")]
    NotHere(DocumentId),
    /// The document holds no record of a kind this version knows.
    #[error("document {0} is not a record of a kind this version knows")]
    NotARecord(DocumentId),
    /// The kind is unknown.
    #[error("there is no record kind {0:?}")]
    UnknownKind(String),
    /// The path does not lead to a place where this command can write.
    #[error("{path} of {kind} is not {expected}")]
    WrongPath {
        /// Kind of the record.
        kind: &'static str,
        /// The path given.
        path: FieldPath,
        /// What the command needs there.
        expected: &'static str,
    },
    /// The value does not fit the field.
    #[error("{path}: {reason}")]
    WrongValue {
        /// The field.
        path: FieldPath,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The version a text edit was made on is not on this device.
    #[error(
        "the text was edited on a version this device does not have; reload the record and edit again"
    )]
    UnknownBase,
    /// Automerge refused.
    #[error("the document could not be changed: {0}")]
    Document(String),
}

/// A command was carried out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Applied {
    /// Commands that take it back, in order; none if it changed nothing.
    pub undo: Vec<Command>,
}

/// Carries `command` out on the record in `doc`, whose actor is this session of the device, in
/// one change. Where it changes nothing, or fails, the document stays as it was.
pub fn apply(
    document: DocumentId,
    doc: &mut Automerge,
    command: &Command,
    now: Timestamp,
) -> Result<Applied, CommandError> {
    apply_from(document, doc, command, now, None)
}

/// Like [`apply`], and names the `source` of the values in the change.
pub fn apply_from(
    document: DocumentId,
    doc: &mut Automerge,
    command: &Command,
    now: Timestamp,
    source: Option<&str>,
) -> Result<Applied, CommandError> {
    if command.document() != document {
        return Err(CommandError::NotHere(command.document()));
    }
    let identity =
        genesis::recognise(&document, doc).map_err(|_| CommandError::NotARecord(document))?;
    let run = Run {
        document,
        identity,
        now,
        source,
    };
    let paths = command.paths();
    if !run.is_behind(doc, &paths) {
        return run.apply(doc, command);
    }
    // What the document lacks is only added to it if the command then goes through.
    let mut copy = doc.clone();
    run.complete(&mut copy, &paths)?;
    let before = copy.get_heads();
    let applied = run.apply(&mut copy, command)?;
    if copy.get_heads() != before {
        *doc = copy;
    }
    Ok(applied)
}

impl Command {
    /// The document it is about.
    pub fn document(&self) -> DocumentId {
        match self {
            Self::CreateRecord {
                programme,
                reference,
                ..
            } => DocumentId::of_record(programme, reference),
            Self::SetField { document, .. }
            | Self::EditText { document, .. }
            | Self::SetTag { document, .. }
            | Self::AddEntry { document, .. }
            | Self::Remove { document, .. }
            | Self::Restore { document, .. }
            | Self::Settle { document, .. } => *document,
        }
    }

    /// The places it writes to.
    fn paths(&self) -> Vec<FieldPath> {
        match self {
            Self::CreateRecord { values, .. } => {
                values.iter().map(|(path, _)| path.clone()).collect()
            }
            Self::AddEntry { path, values, .. } => {
                let within = values
                    .iter()
                    .map(|(name, _)| path.clone().join(name.as_str()));
                std::iter::once(path.clone()).chain(within).collect()
            }
            Self::SetField { path, .. }
            | Self::EditText { path, .. }
            | Self::SetTag { path, .. }
            | Self::Remove { path, .. }
            | Self::Restore { path, .. }
            | Self::Settle { path, .. } => vec![path.clone()],
        }
    }
}

/// What a command is carried out with.
struct Run<'a> {
    document: DocumentId,
    identity: Identity,
    now: Timestamp,
    source: Option<&'a str>,
}

impl Run<'_> {
    fn apply(&self, doc: &mut Automerge, command: &Command) -> Result<Applied, CommandError> {
        let genesis = genesis::actor(&self.document);
        let kind = self.identity.kind;
        let mut options = CommitOptions::default().with_time(self.now.seconds());
        if let Some(source) = self.source {
            options.set_message(source);
        }
        let (undo, change) = if let Command::EditText {
            path,
            base,
            splices,
            ..
        } = command
        {
            let base = edit_text::base_heads(doc, base)?;
            let mut tx = doc
                .transaction_at(PatchLog::inactive(), &base)
                .map_err(|error| CommandError::Document(error.to_string()))?;
            // On an error the transaction is dropped, which rolls it back.
            let undo = edit_text::apply(&mut tx, self.document, kind, &genesis, path, splices)?;
            (undo, tx.commit_with(options).0)
        } else {
            let open = matches!(command, Command::Remove { .. }) && self.is_open(doc, command);
            let is_new = matches!(command, Command::CreateRecord { .. }) && self.is_new(doc);
            let mut tx = doc.transaction();
            let mut writer = Writer {
                tx: &mut tx,
                document: self.document,
                kind,
                genesis,
                now: self.now,
                undo: Vec::new(),
            };
            write(&mut writer, command, open, is_new)?;
            let mut undo = writer.undo;
            undo.reverse();
            (undo, tx.commit_with(options).0)
        };
        Ok(Applied {
            undo: undo
                .into_iter()
                .map(|command| command.based_on(change))
                .collect(),
        })
    }

    /// Whether the document has only its first changes.
    fn is_new(&self, doc: &Automerge) -> bool {
        let Identity {
            programme,
            reference,
            ..
        } = &self.identity;
        genesis::new_document(programme, reference)
            .is_ok_and(|new| new.get_heads() == doc.get_heads())
    }

    /// Whether what the command removes was removed already while somebody edited it.
    fn is_open(&self, doc: &Automerge, command: &Command) -> bool {
        let Command::Remove { path, .. } = command else {
            return false;
        };
        let kind = self.identity.kind;
        let genesis = genesis::actor(&self.document);
        let state = match path.resolve(kind) {
            Ok(Target::Record) => removal::state(doc, None, &ROOT, REMOVED),
            Ok(Target::Entry(entry)) => {
                let Place { maps, key, .. } = entry.register(REMOVED);
                map_at(doc, None, &maps, &genesis)
                    .and_then(|map| removal::state(doc, None, &map, &key))
            }
            _ => None,
        };
        state.is_some_and(|state| removal::question(doc, kind, &genesis, path, &state).is_some())
    }

    /// Whether the document lacks containers that these paths lead through.
    fn is_behind(&self, doc: &Automerge, paths: &[FieldPath]) -> bool {
        paths.iter().any(|path| {
            path.resolve(self.identity.kind)
                .is_ok_and(|target| target.since() > self.identity.schema)
                || self.entries(path).iter().any(|entry| {
                    self.entry_object(doc, entry)
                        .is_some_and(|object| genesis::is_incomplete(doc, &object, entry.fields))
                })
        })
    }

    /// Adds the containers that these paths lead through.
    fn complete(&self, doc: &mut Automerge, paths: &[FieldPath]) -> Result<(), CommandError> {
        genesis::upgrade(doc, &self.identity)?;
        for entry in paths.iter().flat_map(|path| self.entries(path)) {
            if let Some(object) = self.entry_object(doc, &entry) {
                genesis::complete_entry(doc, &self.document, &object, entry.fields)?;
            }
        }
        Ok(())
    }

    /// The entries with a map object of their own on a path, the outer ones first.
    fn entries(&self, path: &FieldPath) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut prefix = Some(path.clone());
        while let Some(path) = prefix {
            if let Ok(Target::Entry(entry)) = path.resolve(self.identity.kind)
                && !entry.is_flat()
            {
                entries.push(entry);
            }
            prefix = path.parent();
        }
        entries.reverse();
        entries
    }

    fn entry_object(&self, doc: &Automerge, entry: &Entry) -> Option<automerge::ObjId> {
        let genesis = genesis::actor(&self.document);
        let map = map_at(doc, None, &entry.place.maps, &genesis)?;
        match container(doc, None, &map, &entry.place.key, ObjType::Map, &genesis) {
            Found::Here { id, .. } => Some(id),
            _ => None,
        }
    }
}

fn write(
    writer: &mut Writer<'_, '_>,
    command: &Command,
    open: bool,
    is_new: bool,
) -> Result<(), CommandError> {
    match command {
        Command::CreateRecord { values, .. } => create_record::apply(writer, values, is_new),
        Command::SetField { path, value, .. } => set_field::apply(writer, path, value),
        Command::SetTag {
            path, tag, present, ..
        } => set_tag::apply(writer, path, tag, *present),
        Command::AddEntry { path, values, .. } => add_entry::apply(writer, path, values),
        Command::Remove { path, reason, .. } => {
            remove::remove(writer, path, reason.as_deref(), open)
        }
        Command::Restore { path, .. } => remove::restore(writer, path),
        Command::Settle {
            path,
            value,
            reason,
            ..
        } => settle::apply(writer, path, value, reason.as_deref()),
        // Carried out on the version its writer saw, in a transaction of its own.
        Command::EditText { .. } => Ok(()),
    }
}

impl Command {
    /// A text edit that takes back what `change` did, based on it; other commands as they are.
    fn based_on(mut self, change: Option<automerge::ChangeHash>) -> Self {
        if let (Self::EditText { base, .. }, Some(change)) = (&mut self, change) {
            *base = vec![change.to_string()];
        }
        self
    }
}
