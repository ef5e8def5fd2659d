//! How chunks and catalogue entries lie in the browser's database: their names and their checksum.

use meltemi_core::id::{DocumentId, StorageId};
use meltemi_core::sync::storage::{CatalogueEntry, ChunkKey, ChunkKind, Cursor};

/// Length of a chunk's name: the document, the kind, the hash.
const NAME: usize = 16 + 1 + 32;

/// What the checksum of a cursor is over, besides its bytes.
const CURSOR_NAME: &[u8] = b"cursor";

/// Length of the checksum before each value.
const CHECKSUM: usize = 4;

/// The name of a chunk in the database.
pub(crate) fn name(document: &DocumentId, key: &ChunkKey) -> [u8; NAME] {
    let mut name = [0; NAME];
    name[..16].copy_from_slice(document.as_bytes());
    name[16] = match key.kind {
        ChunkKind::Snapshot => 0,
        ChunkKind::Increment => 1,
        ChunkKind::Refused => 2,
        ChunkKind::Receipts => 3,
    };
    name[17..].copy_from_slice(&key.hash);
    name
}

/// Which chunk has this name, if it is one of ours.
pub(crate) fn read_name(name: &[u8]) -> Option<(DocumentId, ChunkKey)> {
    let name: &[u8; NAME] = name.try_into().ok()?;
    let kind = match name[16] {
        0 => ChunkKind::Snapshot,
        1 => ChunkKind::Increment,
        2 => ChunkKind::Refused,
        3 => ChunkKind::Receipts,
        _ => return None,
    };
    let mut document = [0; 16];
    document.copy_from_slice(&name[..16]);
    let mut hash = [0; 32];
    hash.copy_from_slice(&name[17..]);
    Some((DocumentId::from_bytes(document), ChunkKey { kind, hash }))
}

/// Names that stand before and after those of all chunks of a document.
pub(crate) fn bounds(document: &DocumentId) -> ([u8; 16], [u8; 17]) {
    let mut after = [0xff; 17];
    after[..16].copy_from_slice(document.as_bytes());
    (*document.as_bytes(), after)
}

/// The value to be kept under `name`: a checksum over both, then the bytes.
///
/// Browsers have lost parts of values and answered with others; the checksum notices.
pub(crate) fn seal(name: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(CHECKSUM + bytes.len());
    value.extend(checksum(name, bytes));
    value.extend(bytes);
    value
}

/// The bytes kept under `name`, unless they are damaged.
pub(crate) fn unseal(name: &[u8], mut value: Vec<u8>) -> Option<Vec<u8>> {
    let (sum, bytes) = value.split_at_checked(CHECKSUM)?;
    if sum != checksum(name, bytes) {
        return None;
    }
    value.drain(..CHECKSUM);
    Some(value)
}

fn checksum(name: &[u8], bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(name);
    hasher.update(bytes);
    hasher.finalize().to_le_bytes()
}

/// A catalogue entry as it is kept. What the server has is kept elsewhere, see [`seal_heads`].
pub(crate) fn seal_entry(entry: &CatalogueEntry) -> Vec<u8> {
    let label = entry.label.as_deref().unwrap_or_default();
    let mut bytes = vec![u8::from(entry.label.is_some())];
    bytes.extend((label.len() as u32).to_le_bytes());
    bytes.extend(label.as_bytes());
    bytes.extend(entry.heads.as_flattened());
    seal(entry.document.as_bytes(), &bytes)
}

/// The catalogue entry kept for a document. A damaged one says nothing but that the document is
/// there; the engine finds out the rest by loading it.
pub(crate) fn unseal_entry(document: DocumentId, value: Vec<u8>) -> CatalogueEntry {
    let (label, heads) = unseal(document.as_bytes(), value)
        .and_then(|bytes| {
            let (labelled, rest) = bytes.split_first()?;
            let (length, rest) = rest.split_first_chunk()?;
            let (label, heads) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            let label = String::from_utf8(label.to_vec()).ok()?;
            Some(((*labelled == 1).then_some(label), read_heads(heads)?))
        })
        .unwrap_or_default();
    CatalogueEntry {
        document,
        heads,
        label,
        ..CatalogueEntry::unknown(document)
    }
}

/// The heads the server has of a document, as they are kept.
pub(crate) fn seal_heads(document: &DocumentId, heads: &[[u8; 32]]) -> Vec<u8> {
    seal(document.as_bytes(), heads.as_flattened())
}

/// The heads kept for a document; none when they are damaged, so that the server is asked again.
pub(crate) fn unseal_heads(document: &DocumentId, value: Vec<u8>) -> Vec<[u8; 32]> {
    unseal(document.as_bytes(), value)
        .and_then(|bytes| read_heads(&bytes))
        .unwrap_or_default()
}

/// A cursor as it is kept.
pub(crate) fn seal_cursor(cursor: &Cursor) -> Vec<u8> {
    let bytes = [&cursor.seq.to_le_bytes()[..], cursor.server.0.as_bytes()].concat();
    seal(CURSOR_NAME, &bytes)
}

/// A kept cursor; none when it is damaged, so that the server is asked for everything.
pub(crate) fn unseal_cursor(value: Vec<u8>) -> Option<Cursor> {
    let bytes = unseal(CURSOR_NAME, value)?;
    let (seq, server) = bytes.split_first_chunk()?;
    Some(Cursor {
        server: StorageId(String::from_utf8(server.to_vec()).ok()?),
        seq: u64::from_le_bytes(*seq),
    })
}

fn read_heads(bytes: &[u8]) -> Option<Vec<[u8; 32]>> {
    let (heads, rest) = bytes.as_chunks();
    rest.is_empty().then(|| heads.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: DocumentId = DocumentId::from_bytes([7; 16]);

    #[test]
    fn names_read_back_and_lie_within_the_bounds_of_their_document() {
        for key in [
            ChunkKey::snapshot(&[[9; 32]]),
            ChunkKey::increment(b"bytes"),
        ] {
            let name = name(&DOCUMENT, &key);
            assert_eq!(read_name(&name), Some((DOCUMENT, key)));
            let (before, after) = bounds(&DOCUMENT);
            assert!(before.as_slice() < name.as_slice() && name.as_slice() < after.as_slice());
            assert_eq!(read_name(&name[1..]), None);
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let value = seal(b"name", b"the bytes");
        assert_eq!(
            unseal(b"name", value.clone()).as_deref(),
            Some(b"the bytes".as_slice())
        );
        assert_eq!(unseal(b"eman", value.clone()), None);
        for bit in 0..value.len() * 8 {
            let mut damaged = value.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unseal(b"name", damaged), None, "bit {bit}");
        }
        for length in 0..value.len() {
            assert_eq!(
                unseal(b"name", value[..length].to_vec()),
                None,
                "first {length} bytes"
            );
        }
    }

    #[test]
    fn catalogue_entries_read_back_and_damaged_ones_still_name_their_document() {
        for label in [None, Some(String::new()), Some("event".to_owned())] {
            let entry = CatalogueEntry {
                document: DOCUMENT,
                heads: vec![[1; 32], [2; 32]],
                label,
                ..CatalogueEntry::unknown(DOCUMENT)
            };
            let value = seal_entry(&entry);
            assert_eq!(unseal_entry(DOCUMENT, value.clone()), entry);
            for length in 0..value.len() {
                let entry = unseal_entry(DOCUMENT, value[..length].to_vec());
                assert_eq!((entry.document, entry.heads.len()), (DOCUMENT, 0));
            }
        }
        let cursor = Cursor {
            server: StorageId("the server".to_owned()),
            seq: 7,
        };
        assert_eq!(unseal_cursor(seal_cursor(&cursor)), Some(cursor.clone()));
        assert_eq!(unseal_cursor(seal_cursor(&cursor)[1..].to_vec()), None);
        let heads = vec![[3; 32]];
        assert_eq!(
            unseal_heads(&DOCUMENT, seal_heads(&DOCUMENT, &heads)),
            heads
        );
    }
}
