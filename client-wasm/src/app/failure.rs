//! Why the worker could not do something, by stable words.

use super::protocol::Failure;

/// The words that have a text of their own in the locale files, as `failure.{word}`.
pub const CODES: [&str; 17] = [
    "bad-message",
    "broken",
    "busy",
    "damaged",
    "document",
    "lock-program",
    "no-storage",
    "not-a-record",
    "not-here",
    "starting",
    "storage-failed",
    "storage-full",
    "unknown-base",
    "unknown-kind",
    "worker",
    "wrong-path",
    "wrong-value",
];

/// The key of the text for a failure; `failure.other` for words that have none.
pub fn key(failure: &Failure) -> String {
    let code = CODES
        .iter()
        .find(|code| **code == failure.code)
        .copied()
        .unwrap_or("other");
    format!("failure.{code}")
}

/// A failure of the page's own making.
pub fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure {
        code: code.to_owned(),
        message: message.into(),
    }
}
