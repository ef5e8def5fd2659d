//! What the databases' failures have in common: panics, full disks, and what the engine is told.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::StorageError;

/// Why a database failed, as far as it matters above it.
pub(crate) trait Failure: Sized + ToString {
    /// A panic of the database, with its message.
    fn panic(text: String) -> Self;

    /// What the system refused, if that is what happened.
    fn io(&self) -> Option<&io::Error>;

    /// What the engine is told: which operation failed, and on which document.
    fn to_storage_error(&self, operation: &str, document: Option<DocumentId>) -> StorageError {
        match document {
            Some(document) if self.io().is_some_and(is_full) => StorageError::Full {
                document,
                detail: self.to_string(),
            },
            Some(document) => StorageError::Failed {
                operation: format!("{operation} document {document}"),
                detail: self.to_string(),
            },
            None => StorageError::Failed {
                operation: operation.to_owned(),
                detail: self.to_string(),
            },
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// Databases state many of their own assumptions as assertions; damage on the disk can break them.
pub(crate) fn guarded<T, E: Failure>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        Err(E::panic(
            text.unwrap_or_else(|| "without a message".to_owned()),
        ))
    })
}
