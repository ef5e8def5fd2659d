//! What one message may still cost, and the inflater that keeps to it.

use std::io::Read;

use flate2::bufread::DeflateDecoder;

use super::refusal::{bad_chunk, too_large, too_many_in_change, too_many_in_message};
use crate::sync::policy::Refusal;
use crate::wire::limits::{CHANGE_OPERATIONS, CHANGES, INFLATED_BYTES, MESSAGE_OPERATIONS};

/// What is left of the limits of one message.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: u64,
    operations: u64,
    links: u64,
    changes: u64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            bytes: INFLATED_BYTES as u64,
            operations: MESSAGE_OPERATIONS,
            links: MESSAGE_OPERATIONS,
            changes: CHANGES,
        }
    }

    /// Inflates `data`, which must be exactly one DEFLATE stream.
    pub(super) fn inflate(&mut self, data: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        // One byte more than allowed shows that there is too much.
        let mut limited = DeflateDecoder::new(data).take(self.bytes + 1);
        limited
            .read_to_end(&mut bytes)
            .map_err(|_| bad_chunk("its compressed part is damaged"))?;
        self.spend_bytes(bytes.len() as u64)?;
        if limited.into_inner().total_in() != data.len() as u64 {
            return Err(bad_chunk("its compressed part has bytes after its end"));
        }
        Ok(bytes)
    }

    /// Counts bytes that Automerge would write out.
    pub(super) fn spend_bytes(&mut self, count: u64) -> Result<(), Refusal> {
        spend(&mut self.bytes, count).ok_or_else(|| {
            too_large(&format!(
                "written out they have more than {INFLATED_BYTES} bytes"
            ))
        })
    }

    /// Counts the operations of one change.
    pub(super) fn spend_change(&mut self, operations: u64) -> Result<(), Refusal> {
        if operations > CHANGE_OPERATIONS {
            return Err(too_many_in_change());
        }
        spend(&mut self.changes, 1).ok_or_else(|| too_large("they are too many changes"))?;
        spend(&mut self.operations, operations).ok_or_else(too_many_in_message)
    }

    /// Counts what operations or changes name as coming before or after them.
    pub(super) fn spend_links(&mut self, count: u64) -> Result<(), Refusal> {
        spend(&mut self.links, count).ok_or_else(too_many_in_message)
    }

    /// Operations that are left.
    pub(super) fn operations(&self) -> u64 {
        self.operations
    }

    /// Changes that are left.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }
}

fn spend(left: &mut u64, count: u64) -> Option<()> {
    *left = left.checked_sub(count)?;
    Some(())
}
