//! The refusals of admission: stable codes with a sentence for a person.

use crate::sync::policy::Refusal;
use crate::wire::limits::{CHANGE_OPERATIONS, HEADS, MESSAGE_OPERATIONS};

/// The bytes are no sync message.
pub(super) fn bad_message(problem: &str) -> Refusal {
    Refusal {
        code: "bad-message",
        message: format!("the sync message cannot be read: {problem}"),
    }
}

/// The Bloom filter would cost more than its size to answer.
pub(super) fn bad_filter() -> Refusal {
    Refusal {
        code: "bad-filter",
        message: "the sync message has a filter that no Automerge writes".to_owned(),
    }
}

/// Too many bytes, in the message or once written out.
pub(super) fn too_large(problem: &str) -> Refusal {
    Refusal {
        code: "too-large",
        message: format!(
            "the changes are too large to take: {problem}; send them in smaller parts"
        ),
    }
}

/// More work than one change may ask for.
pub(in crate::sync) fn too_many_in_change() -> Refusal {
    Refusal {
        code: "too-many-operations",
        message: format!(
            "a change has more than {CHANGE_OPERATIONS} operations; make it as several smaller changes"
        ),
    }
}

/// More work than one message may ask for.
pub(super) fn too_many_in_message() -> Refusal {
    Refusal {
        code: "too-many-operations",
        message: format!(
            "the changes have more than {MESSAGE_OPERATIONS} operations together; send them in smaller parts"
        ),
    }
}

/// More versions side by side than people can have made.
pub(super) fn too_many_heads() -> Refusal {
    Refusal {
        code: "too-many-heads",
        message: format!(
            "the document would have more than {HEADS} versions side by side; merge them first"
        ),
    }
}

/// Code of a refusal of bytes that no Automerge writes, whatever their size.
pub(in crate::sync) const BAD_CHUNK: &str = "bad-chunk";

/// A chunk of changes that no Automerge writes.
pub(super) fn bad_chunk(problem: &str) -> Refusal {
    Refusal {
        code: "bad-chunk",
        message: format!("the changes cannot be read: {problem}"),
    }
}

/// Two changes of one actor under one number: whoever made them wants different people to see
/// different things.
pub(in crate::sync) fn equivocation() -> Refusal {
    Refusal {
        code: "equivocation",
        message: "the changes contradict what the same device has sent before; start it anew and \
                  enter them again"
            .to_owned(),
    }
}
