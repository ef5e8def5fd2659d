//! Why the worker cannot go on, as the page is told.

use crate::app::protocol::Failure;
use crate::storage::NoStorage;

/// A failure with its word and one English sentence.
pub(super) fn failure(code: &str, message: &str) -> Failure {
    Failure {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

/// Another tab keeps the database from being opened.
pub(super) fn blocked() -> Failure {
    failure(
        "blocked",
        "Another tab with an older version is open; please close or reload it.",
    )
}

/// Why there is no storage.
pub(super) fn no_storage(reason: NoStorage) -> Failure {
    match reason {
        NoStorage::Newer(detail) => failure(
            "newer-version",
            &format!("The data on this device belongs to a newer version; please reload. {detail}"),
        ),
        NoStorage::Unavailable(detail) => failure(
            "no-storage",
            &format!("The browser does not let this site keep data. {detail}"),
        ),
    }
}
