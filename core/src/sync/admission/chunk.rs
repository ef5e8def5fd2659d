//! The chunks that changes travel and are stored in, one after the other.

use automerge::ChangeHash;
use sha2::{Digest, Sha256};

use super::budget::Budget;
use super::reader::Reader;
use super::refusal::bad_chunk;
use super::{Scan, ScannedDocument, change, document};
use crate::sync::policy::Refusal;

/// The first bytes of every chunk.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

const DOCUMENT: u8 = 0;
const CHANGE: u8 = 1;
const COMPRESSED: u8 = 2;

/// Scans all chunks of `bytes` into `scan`.
pub(super) fn scan(bytes: &[u8], budget: &mut Budget, scan: &mut Scan) -> Result<(), Refusal> {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        one(&mut reader, budget, scan)?;
    }
    Ok(())
}

fn one(reader: &mut Reader<'_>, budget: &mut Budget, scan: &mut Scan) -> Result<(), Refusal> {
    let cut = || bad_chunk("they are cut off");
    let before = reader.rest().len();
    if reader.take(4).ok_or_else(cut)? != MAGIC {
        return Err(bad_chunk("they do not begin as changes do"));
    }
    let checksum = reader.take(4).ok_or_else(cut)?;
    let kind = reader.byte().ok_or_else(cut)?;
    let body = reader.prefixed().ok_or_else(cut)?;
    match kind {
        DOCUMENT => {
            if !scan.changes.is_empty() {
                return Err(bad_chunk("a whole document comes after changes"));
            }
            checked(DOCUMENT, body, checksum)?;
            let bytes = before - reader.rest().len();
            let document = document::scan(body, budget)?;
            scan.documents.push(ScannedDocument { bytes, ..document });
        }
        CHANGE => {
            let hash = checked(CHANGE, body, checksum)?;
            scan.changes.push(change::scan(body, hash, budget)?);
        }
        COMPRESSED => {
            let body = budget.inflate(body)?;
            let hash = checked(CHANGE, &body, checksum)?;
            scan.changes.push(change::scan(&body, hash, budget)?);
        }
        // A bundle, which Automerge itself calls an experiment and never sends, or something
        // newer.
        _ => {
            return Err(bad_chunk(
                "they come in a format that is not taken here; send them as plain changes",
            ));
        }
    }
    Ok(())
}

/// Hash of a chunk, if its first bytes are the checksum.
fn checked(kind: u8, body: &[u8], checksum: &[u8]) -> Result<ChangeHash, Refusal> {
    let hash: [u8; 32] = Sha256::new()
        .chain_update([kind])
        .chain_update(length(body.len() as u64))
        .chain_update(body)
        .finalize()
        .into();
    if hash.starts_with(checksum) {
        Ok(ChangeHash(hash))
    } else {
        Err(bad_chunk(
            "their checksum is wrong, so they were damaged on the way",
        ))
    }
}

/// An unsigned LEB128 number.
fn length(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}
