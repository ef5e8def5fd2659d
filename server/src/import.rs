//! Import of the reference programme: its text in, documents out. Files are read by the caller.
//!
//! The same text gives the same bytes on every machine, so importing twice adds
//! nothing. Where the sources of the text disagree, the documents hold the
//! values as concurrent ones, each in a change that names its source.

mod build;
mod mc2cm;
mod node;
mod plan;

use std::fmt;

use automerge::Automerge;
use meltemi_core::id::{DocumentId, RecordRef};

/// The reference programme that the server brings along for `--demo`.
pub const REFERENCE_PROGRAMME: &str = include_str!("../data/mc2cm.json");

/// What an import text holds.
#[derive(Debug)]
pub struct Import {
    /// Key of the programme.
    pub programme: String,
    /// Its records, the programme first, each kind in the order of the text.
    pub records: Vec<ImportedRecord>,
    /// What was left out or looks wrong, in words for a person.
    pub warnings: Vec<String>,
}

/// A record and its document.
pub struct ImportedRecord {
    /// Kind and key.
    pub reference: RecordRef,
    /// Id of the document.
    pub document: DocumentId,
    /// The document, to be merged into the one that exists, if any.
    pub doc: Automerge,
}

impl fmt::Debug for ImportedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportedRecord")
            .field("reference", &self.reference)
            .field("heads", &self.doc.get_heads())
            .finish_non_exhaustive()
    }
}

/// Why a text cannot be imported. Nothing of it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is no JSON.
    #[error("the file is not valid JSON: {0}")]
    Json(String),
    /// Something that must be there is not.
    #[error("{place}: {key:?} is missing; expected {expected}")]
    Missing {
        /// Where, such as `events[3] (ev04).annex`.
        place: String,
        /// The key.
        key: String,
        /// What has to stand there.
        expected: &'static str,
    },
    /// Something is of the wrong form.
    #[error("{place}: found {found}; expected {expected}")]
    Wrong {
        /// Where.
        place: String,
        /// What stands there, shortened.
        found: String,
        /// What has to stand there.
        expected: String,
    },
    /// Something names a record that the text does not have.
    #[error("{place}: there is no {what} {name:?}; add it to the file or correct the name")]
    NoSuch {
        /// Where.
        place: String,
        /// What is looked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Two records have one id.
    #[error("{place}: {reference} stands in the file twice; give one of the two another id")]
    Twice {
        /// Where the second stands.
        place: String,
        /// The record.
        reference: RecordRef,
    },
    /// A value does not fit the declaration of the record kind.
    #[error("{reference} at {place}: {reason}")]
    Refused {
        /// The record.
        reference: RecordRef,
        /// Where in the file.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

/// Reads the text of a programme and makes its documents.
pub fn read(json: &str) -> Result<Import, ImportError> {
    let value: serde_json::Value =
        serde_json::from_str(json).map_err(|error| ImportError::Json(error.to_string()))?;
    let read = mc2cm::read(&value)?;
    let records = read
        .plans
        .iter()
        .map(|plan| build::build(&read.programme, plan))
        .collect::<Result<_, _>>()?;
    Ok(Import {
        programme: read.programme,
        records,
        warnings: read.warnings,
    })
}
