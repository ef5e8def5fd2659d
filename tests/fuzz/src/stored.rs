//! Bytes as a chunk that the disk gives back.
//!
//! The first byte says what the chunk is: bits 0 and 1 its type, bit 2 whether it comes alone or
//! with the record, bit 3 whether the bytes are all of it or its body, bit 4 whether it comes from
//! another process that shares the disk. Storages check their own checksum, so such bytes were
//! written by a program, ours or an older one, or the checksum missed the damage.

use meltemi_core::sync::input::Input;
use meltemi_core::sync::storage::{ChunkKey, Loaded, StorageAnswer, StorageRequest, StoredChunk};

use crate::bytes::Bytes;
use crate::chunk::{chunk, split};
use crate::server::Server;
use crate::valid::{self, valid};

pub(crate) fn run(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let choice = bytes.byte();
    let body = bytes.rest();
    let bytes = if choice & 8 == 0 {
        chunk(choice & 3, body).0
    } else {
        body.to_vec()
    };
    let stored = StoredChunk {
        key: ChunkKey::increment(&bytes),
        bytes,
    };
    let document = valid::document();
    let mut server = Server::with_disk(valid().disk.clone(), false);
    if choice & 16 != 0 {
        server.handle(Input::WrittenElsewhere {
            document,
            chunks: vec![stored.clone()],
        });
    }
    server.handle(Input::Open { document });
    let (effect, request) = server.pending.pop_first().expect("it is to be loaded");
    assert_eq!(request, StorageRequest::Load(document));
    let mut loaded = Loaded::default();
    if choice & 4 != 0
        && let Ok(StorageAnswer::Loaded(valid)) = server.disk.answer(&request)
    {
        loaded = valid;
    }
    if choice & 16 == 0 {
        loaded.chunks.push(stored);
    }
    server.store(effect, Ok(StorageAnswer::Loaded(loaded)));
    server.assert_sound();
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let device = &valid().device;
    let since = valid().server.get_heads();
    let mut seeds = Vec::new();
    for bytes in [device.save(), device.save_nocompress()] {
        let (kind, body) = split(&bytes);
        for choice in [0, 4, 20] {
            seeds.push([&[kind | choice], body].concat());
        }
    }
    for change in device.get_changes(&since) {
        let (kind, body) = split(change.raw_bytes());
        for choice in [4, 20] {
            seeds.push([&[kind | choice], body].concat());
        }
    }
    seeds.push([&[8 | 4], &device.save_after(&since)[..]].concat());
    seeds
}
