//! The frame of a sync message: its lists of hashes, filters and chunks.

use super::budget::Budget;
use super::reader::Reader;
use super::refusal::{bad_filter, bad_message, too_large, too_many_heads};
use super::{Scan, chunk};
use crate::sync::policy::Refusal;
use crate::wire::limits::{
    BLOOM_BITS_PER_ENTRY, BLOOM_ENTRIES, BLOOM_PROBES, CHANGES, HAVE, HEADS, MESSAGE_BYTES, NEED,
};

/// First byte of a message with a list of changes.
const VERSION_1: u8 = 0x42;
/// First byte of a message with a whole document.
const VERSION_2: u8 = 0x43;

/// Scans a sync message without keeping anything of it.
pub(super) fn scan(data: &[u8], scan: &mut Scan) -> Result<(), Refusal> {
    if data.len() > MESSAGE_BYTES {
        return Err(too_large(&format!(
            "a message has more than {MESSAGE_BYTES} bytes"
        )));
    }
    let mut reader = Reader::new(data);
    if !matches!(reader.byte(), Some(VERSION_1 | VERSION_2)) {
        return Err(bad_message("it does not begin as one"));
    }
    hashes(&mut reader, HEADS, too_many_heads)?;
    hashes(&mut reader, NEED, too_many_hashes)?;
    for _ in 0..count(&mut reader, HAVE, 2, too_many_filters)? {
        hashes(&mut reader, NEED, too_many_hashes)?;
        let filter = reader.prefixed().ok_or_else(cut)?;
        if !sane_filter(filter) {
            return Err(bad_filter());
        }
    }
    let mut budget = Budget::new();
    let chunks = count(&mut reader, CHANGES, 1, || {
        too_large("they are too many changes")
    })?;
    for _ in 0..chunks {
        let bytes = reader.prefixed().ok_or_else(cut)?;
        chunk::scan(bytes, &mut budget, scan)?;
    }
    // Flags. What may follow them belongs to later versions.
    if !reader.is_empty() {
        reader.prefixed().ok_or_else(cut)?;
    }
    Ok(())
}

fn cut() -> Refusal {
    bad_message("it is cut off")
}

fn too_many_hashes() -> Refusal {
    bad_message(&format!("a list in it has more than {NEED} hashes"))
}

fn too_many_filters() -> Refusal {
    bad_message(&format!("it has more than {HAVE} filters"))
}

/// A number of things of at least `size` bytes each, of which at most `limit` are allowed.
fn count(
    reader: &mut Reader<'_>,
    limit: u64,
    size: u64,
    over: fn() -> Refusal,
) -> Result<u64, Refusal> {
    let count = reader.unsigned().ok_or_else(cut)?;
    if count > limit {
        return Err(over());
    }
    if count.saturating_mul(size) > reader.len() {
        return Err(cut());
    }
    Ok(count)
}

/// Passes over a list of hashes. Automerge sends some of them back, and panics, where built to
/// check itself, if they are not sorted.
fn hashes(reader: &mut Reader<'_>, limit: u64, over: fn() -> Refusal) -> Result<(), Refusal> {
    let count = count(reader, limit, 32, over)?;
    let mut last = None;
    for _ in 0..count {
        let hash = Some(reader.hash().ok_or_else(cut)?);
        if hash < last {
            return Err(bad_message("a list in it is not sorted"));
        }
        last = hash;
    }
    Ok(())
}

/// Whether an encoded filter is empty, or has the parameters of Automerge and as many bits as it
/// says. Zero bits for an entry would divide by zero, a billion probes would compute for minutes.
fn sane_filter(bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return true;
    }
    let mut reader = Reader::new(bytes);
    let (Some(entries), Some(bits), Some(probes)) =
        (reader.unsigned(), reader.unsigned(), reader.unsigned())
    else {
        return false;
    };
    entries > 0
        && entries <= BLOOM_ENTRIES
        && bits == BLOOM_BITS_PER_ENTRY
        && probes == BLOOM_PROBES
        && reader.len() == (entries * bits).div_ceil(8)
}
