//! Puts imported documents into a storage.

use meltemi_core::sync::storage::StorageAdapter;

use crate::import::{self, Import, ImportError};
use crate::offline::{Desk, DeskError};

/// Documents that are loaded and written together.
const GROUP: usize = 256;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Documents that were not there before.
    pub(crate) new: usize,
    /// Documents that got something new.
    pub(crate) changed: usize,
    /// Documents that had everything already.
    pub(crate) unchanged: usize,
    /// Documents that were not taken, and why.
    pub(crate) refused: Vec<String>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The text is no import.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The storage or the engine did not take it.
    #[error("{0}")]
    Storage(String),
}

impl From<DeskError> for InstallError {
    fn from(error: DeskError) -> Self {
        Self::Storage(error.to_string())
    }
}

/// Merges everything of an import into the documents that are there.
pub(crate) fn install(desk: &mut Desk, import: &Import) -> Result<Outcome, DeskError> {
    let mut outcome = Outcome::default();
    for group in import.records.chunks(GROUP) {
        for record in group {
            let found = desk.load(record.document)?;
            match desk.insert(record.document, &record.doc) {
                Ok(0) => outcome.unchanged += 1,
                Ok(_) if found => outcome.changed += 1,
                Ok(_) => outcome.new += 1,
                Err(DeskError::Refused { refusal, .. }) => {
                    outcome
                        .refused
                        .push(format!("{}: {refusal}", record.reference));
                }
                Err(other) => return Err(other),
            }
        }
        desk.settle()?;
    }
    Ok(outcome)
}

/// Puts those documents of the reference programme into the storage that it does not have.
///
/// # Errors
/// When the storage does not take them.
pub(crate) fn install_demo(
    adapter: Box<dyn StorageAdapter>,
) -> Result<Box<dyn StorageAdapter>, InstallError> {
    let mut import = import::read(import::REFERENCE_PROGRAMME)?;
    let mut desk = Desk::open(adapter, true)?;
    let present: std::collections::BTreeSet<_> = desk
        .workspace()
        .catalogue()
        .map(|entry| entry.document)
        .collect();
    import
        .records
        .retain(|record| !present.contains(&record.document));
    let outcome = install(&mut desk, &import)?;
    for refused in &outcome.refused {
        tracing::error!(refused, "a record of the reference programme was not taken");
    }
    if outcome.new > 0 {
        tracing::info!(records = outcome.new, "loaded the reference programme");
    }
    Ok(desk.close()?)
}
