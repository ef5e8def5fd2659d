//! Automerge's chunks: a head with a checksum, then the body.

use std::io::Read;

use sha2::{Digest, Sha256};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// What a compressed body is inflated to at most, to find its checksum.
const INFLATED: u64 = 1 << 20;

/// A whole document.
pub(crate) const DOCUMENT: u8 = 0;
/// A change.
pub(crate) const CHANGE: u8 = 1;
/// A change with a deflated body.
pub(crate) const COMPRESSED: u8 = 2;

/// A chunk of this type with this body, and the hash that its checksum is from.
///
/// No mutation of bytes ever finds four bytes of SHA-256, so the harness puts them there. The
/// checksum of a compressed change is that of the change within.
pub(crate) fn chunk(kind: u8, body: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let hash = if kind == COMPRESSED {
        let mut inflated = Vec::new();
        // What cannot be inflated has no right checksum: any will do.
        let _ = flate2::bufread::DeflateDecoder::new(body)
            .take(INFLATED)
            .read_to_end(&mut inflated);
        hash(CHANGE, &inflated)
    } else {
        hash(kind, body)
    };
    let mut chunk = MAGIC.to_vec();
    chunk.extend(&hash[..4]);
    chunk.push(kind);
    put_number(&mut chunk, body.len());
    chunk.extend(body);
    (chunk, hash)
}

/// Type and body of a chunk that Automerge has written.
pub(crate) fn split(chunk: &[u8]) -> (u8, &[u8]) {
    let head = chunk[9..].iter().position(|byte| byte & 0x80 == 0);
    let head = 9 + head.expect("a length ends") + 1;
    (chunk[8], &chunk[head..])
}

/// An unsigned LEB128 number.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn hash(kind: u8, body: &[u8]) -> [u8; 32] {
    let mut head = vec![kind];
    put_number(&mut head, body.len());
    Sha256::new()
        .chain_update(&head)
        .chain_update(body)
        .finalize()
        .into()
}
