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
mod run;
pub mod set_field;
pub mod set_tag;
pub mod settle;
mod write;

use automerge::Automerge;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::run::Run;
use crate::genesis;
use crate::id::{DocumentId, RecordRef};
use crate::record::FieldPath;
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
        /// Heads of the version the writer saw, as hex. What others wrote since then stands beside
        /// the value as an open conflict. Without it the value takes the place of all that is there.
        base: Option<Vec<String>>,
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
        /// As in [`Self::SetField`]: a member that another added since then stays.
        base: Option<Vec<String>>,
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
        /// As in [`Self::SetField`]: only the values of this version are settled.
        base: Option<Vec<String>>,
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
    /// The version that the writer saw is not on this device.
    #[error(
        "the record was edited on a version this device does not have; reload the record and edit again"
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

    /// The version its writer saw, for commands that write a register.
    fn base(&self) -> Option<&[String]> {
        match self {
            Self::SetField { base, .. } | Self::SetTag { base, .. } | Self::Settle { base, .. } => {
                base.as_deref()
            }
            _ => None,
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

impl Command {
    /// The same command with another value, on whatever the register then holds.
    fn with_value(&self, new: Value) -> Option<Self> {
        let mut command = self.clone();
        match &mut command {
            Self::SetField { value, base, .. } => (*value, *base) = (new, None),
            Self::Settle {
                value,
                reason,
                base,
                ..
            } => (*value, *reason, *base) = (new, None, None),
            _ => return None,
        }
        Some(command)
    }

    /// A text edit that takes back what `change` did, based on it; other commands as they are.
    fn based_on(mut self, change: Option<automerge::ChangeHash>) -> Self {
        if let (Self::EditText { base, .. }, Some(change)) = (&mut self, change) {
            *base = vec![change.to_string()];
        }
        self
    }
}
