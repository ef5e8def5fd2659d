//! Whether operations are numbered as Automerge numbers them.
//!
//! Automerge applies a change whose operations do not follow on those it builds on, and then
//! writes a document that nobody can load: the disk would be unreadable after the next snapshot,
//! and so would be what a new device gets.

use std::collections::BTreeMap;

use automerge::{Automerge, ChangeHash};

/// Whether every change since `before` counts its operations from above all it builds on. One
/// without operations must count from exactly there, because nothing else tells its number.
pub(super) fn is_in_order(doc: &Automerge, before: &[ChangeHash]) -> bool {
    let new = doc.get_changes_meta(before);
    let last: BTreeMap<_, _> = new.iter().map(|c| (c.hash, c.max_op)).collect();
    let last_of = |hash: &ChangeHash| {
        let old = || doc.get_change_meta_by_hash(hash).map(|c| c.max_op);
        last.get(hash).copied().or_else(old).unwrap_or(0)
    };
    new.iter().all(|change| {
        let last = change.deps.iter().map(last_of).max().unwrap_or(0);
        change.start_op == last + 1 || change.start_op > last && change.max_op >= change.start_op
    })
}
