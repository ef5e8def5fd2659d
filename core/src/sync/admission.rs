//! What the bytes of changes must pass before Automerge parses or applies them.
//!
//! A few hundred bytes can ask Automerge for hours of work, gigabytes of memory or a panic. So
//! every message is first read here, run by run, without doing any of what it asks for. The checks
//! need no document. Access is asked before, and whether the result may be kept is asked after
//! applying, both by [`super::repo::Repo`].
//!
//! `message.rs` reads the frame of a sync message, `chunk.rs` the chunks in it, `change.rs` and
//! `document.rs` their two kinds; `budget.rs` counts what they cost, and `reader.rs`,
//! `columns.rs` and `runs.rs` know the encodings.

mod budget;
mod change;
mod chunk;
mod columns;
mod document;
mod message;
mod reader;
mod refusal;
mod runs;

use std::collections::BTreeMap;

use automerge::sync::Message;

use self::budget::Budget;
pub(super) use self::refusal::{BAD_CHUNK, equivocation, too_many_in_change};
use self::refusal::{bad_chunk, bad_message, too_many_heads};
use crate::order;
use crate::sync::policy::Refusal;
use crate::wire::limits::HEADS;

pub use self::change::ScannedChange;
pub use self::document::ScannedDocument;

/// A message that may be applied, and what its changes say about themselves.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The message.
    pub message: Message,
    /// Its changes.
    pub scan: Scan,
}

/// What a sequence of chunks holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scan {
    /// The changes, in the order they stand in.
    pub changes: Vec<ScannedChange>,
    /// The whole documents.
    pub documents: Vec<ScannedDocument>,
}

impl Scan {
    /// Operations of all changes and documents.
    pub fn operations(&self) -> u64 {
        let changes = self.changes.iter().map(|change| change.operations);
        let documents = self.documents.iter().map(|document| document.operations);
        changes.chain(documents).sum()
    }

    /// How many bytes the whole documents have, which come before the changes.
    pub fn document_bytes(&self) -> usize {
        self.documents.iter().map(|document| document.bytes).sum()
    }

    /// Changes that no other change of the scan builds on.
    fn tips(&self) -> u64 {
        let mut tips = order::set(self.changes.iter().map(|change| change.hash));
        for dep in self.changes.iter().flat_map(|change| &change.deps) {
            tips.remove(dep);
        }
        tips.len() as u64
    }

    /// Whether operations are numbered onwards from the changes before them, as far as those are
    /// here. Automerge applies others, and panics when it reads them back.
    fn is_in_order(&self) -> bool {
        let changes = || self.changes.iter();
        let by_hash = order::map(changes().map(|c| (c.hash, c.last_op())));
        let by_seq = order::map(changes().map(|c| ((&c.actor, c.seq), c.last_op())));
        changes().all(|change| {
            let deps = change.deps.iter().filter_map(|dep| by_hash.get(dep));
            let own = by_seq.get(&(&change.actor, change.seq - 1));
            deps.chain(own).all(|last| *last < change.start_op)
        })
    }

    /// Whether no actor numbers two changes the same.
    fn is_single(&self) -> bool {
        let mut numbered = BTreeMap::new();
        self.changes.iter().all(|change| {
            let first = numbered.entry((&change.actor, change.seq));
            *first.or_insert(change.hash) == change.hash
        })
    }

    fn check(self) -> Result<Self, Refusal> {
        if !self.is_single() {
            return Err(equivocation());
        }
        if self.tips() > HEADS {
            return Err(too_many_heads());
        }
        if !self.is_in_order() {
            return Err(bad_chunk("the operations of a change are numbered wrongly"));
        }
        Ok(self)
    }
}

/// Reads a sync message that cannot cost more than the limits allow, neither to apply nor to
/// answer.
///
/// # Errors
/// A [`Refusal`] with code `bad-message` when the bytes are no sync message, `bad-filter` when its
/// Bloom filter has parameters that no Automerge writes, `bad-chunk` when its changes are damaged
/// or of a kind that is not taken, or `too-large`, `too-many-operations` or `too-many-heads` when
/// they are over a limit.
pub fn read_message(data: &[u8]) -> Result<Admitted, Refusal> {
    let mut scan = Scan::default();
    message::scan(data, &mut scan)?;
    let message = Message::decode(data).map_err(|error| bad_message(&error.to_string()))?;
    Ok(Admitted {
        message,
        scan: scan.check()?,
    })
}

/// Scans changes that came otherwise than in a sync message: chunks of a disk or of a file.
///
/// # Errors
/// As [`read_message`].
pub fn scan_chunks(data: &[u8]) -> Result<Scan, Refusal> {
    let mut scan = Scan::default();
    chunk::scan(data, &mut Budget::new(), &mut scan)?;
    scan.check()
}
