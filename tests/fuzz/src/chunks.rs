//! Bytes as the body of a change or of a whole document in a sync message, with the checksum that
//! lets them in.
//!
//! The first byte chooses the circumstances, see [`Circumstances`].

use automerge::Automerge;
use automerge::sync::Message;
use meltemi_core::testing::disk::Disk;

use crate::bytes::Bytes;
use crate::chunk::{self, chunk, put_number, split};
use crate::server::Server;
use crate::sync_message;
use crate::valid::{self, valid};

/// A sync message with changes one by one.
const WITH_CHANGES: u8 = 0x42;

/// A sync message with a whole document.
const WITH_DOCUMENT: u8 = 0x43;

/// What the first byte says.
struct Circumstances {
    /// Bits 0 and 1: the type of the chunk.
    kind: u8,
    /// Bit 2: whether the server has the document.
    known: bool,
    /// Bit 3: whether the server takes documents that are no records.
    foreign: bool,
    /// Bit 4: whether the document's own changes come first in the same message, so that the
    /// chunk builds on something.
    after: bool,
}

impl Circumstances {
    fn read(byte: u8) -> Self {
        Self {
            kind: byte & 3,
            known: byte & 4 != 0,
            foreign: byte & 8 != 0,
            after: byte & 16 != 0,
        }
    }

    fn byte(&self) -> u8 {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        self.kind | bit(self.known, 4) | bit(self.foreign, 8) | bit(self.after, 16)
    }
}

/// The body of a change.
pub(crate) fn change(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let mut circumstances = Circumstances::read(bytes.byte());
    // Bundles come with whole documents; these are changes, plain or deflated.
    circumstances.kind = if circumstances.kind == chunk::COMPRESSED {
        chunk::COMPRESSED
    } else {
        chunk::CHANGE
    };
    send(&circumstances, WITH_CHANGES, bytes.rest());
}

/// The body of a document, or whatever else stands in the place of one.
pub(crate) fn document(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let circumstances = Circumstances::read(bytes.byte());
    send(&circumstances, WITH_DOCUMENT, bytes.rest());
}

fn send(circumstances: &Circumstances, version: u8, body: &[u8]) {
    let disk = if circumstances.known {
        valid().disk.clone()
    } else {
        without_first()
    };
    let mut server = Server::with_disk(disk, circumstances.foreign);
    let (chunk, hash) = chunk(circumstances.kind, body);
    let mut chunks = Vec::new();
    if circumstances.after {
        let first = valid().server.get_changes(&[]);
        chunks.extend(first.iter().map(|change| change.raw_bytes().to_vec()));
    }
    chunks.push(chunk);
    let message = if version == WITH_DOCUMENT {
        // A whole document is one piece, which may have several chunks in it.
        message(version, &hash, &[chunks.concat()])
    } else {
        message(version, &hash, &chunks)
    };
    sync_message::send(&mut server, &message);
    server.assert_kept();
}

/// The valid disk without the record that inputs are about.
fn without_first() -> Disk {
    let mut disk = valid().disk.clone();
    disk.forget(&valid::document());
    disk
}

/// A sync message with one head, no needs, no summaries, and these chunks.
fn message(version: u8, head: &[u8; 32], chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut message = vec![version, 1];
    message.extend(head);
    message.extend([0, 0]);
    put_number(&mut message, chunks.len());
    for chunk in chunks {
        put_number(&mut message, chunk.len());
        message.extend(chunk);
    }
    Message::decode(&message).map_or(message, Message::encode)
}

pub(crate) fn change_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (foreign, known) in [(false, true), (true, false)] {
        for mut change in valid().device.get_changes(&[]) {
            for bytes in [change.raw_bytes().to_vec(), change.bytes().to_vec()] {
                seeds.push(seed(&bytes, known, foreign));
            }
        }
    }
    seeds
}

pub(crate) fn document_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for doc in [&valid().device, &valid().server] {
        for (foreign, known) in [(false, true), (false, false), (true, false)] {
            for bytes in [doc.save(), doc.save_nocompress()] {
                seeds.push(seed(&bytes, known, foreign));
            }
        }
    }
    let hashes: Vec<_> = valid()
        .device
        .get_changes(&[])
        .iter()
        .map(automerge::Change::hash)
        .collect();
    if let Some(bundle) = bundle(&valid().device, hashes) {
        seeds.push(seed(&bundle, true, false));
        seeds.push(seed(&bundle, false, true));
    }
    seeds
}

fn bundle(doc: &Automerge, hashes: Vec<automerge::ChangeHash>) -> Option<Vec<u8>> {
    let bundle = doc.bundle(hashes).ok()?;
    Some(bundle.bytes().to_vec())
}

/// A chunk as input of these targets.
fn seed(chunk: &[u8], known: bool, foreign: bool) -> Vec<u8> {
    let (kind, body) = split(chunk);
    let circumstances = Circumstances {
        kind,
        known,
        foreign,
        after: !known && kind != chunk::DOCUMENT,
    };
    let mut seed = vec![circumstances.byte()];
    seed.extend(body);
    seed
}
