//! The stored form of catalogue entries and cursors.

use meltemi_core::id::{DocumentId, StorageId};
use meltemi_core::sync::storage::{CatalogueEntry, Cursor};

/// The bytes of an entry. Its document stands in the name it is stored under.
pub(crate) fn encode(entry: &CatalogueEntry) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + 32 * (entry.heads.len() + entry.synced.len()));
    put_hashes(&mut out, &entry.heads);
    put_hashes(&mut out, &entry.synced);
    out.push(NUMBERED);
    out.extend_from_slice(&entry.seq.to_be_bytes());
    out.extend_from_slice(&entry.size.to_be_bytes());
    match &entry.label {
        None => out.push(0),
        Some(label) => {
            out.push(1);
            out.extend_from_slice(label.as_bytes());
        }
    }
    out
}

/// Stands before number and size. Entries of the first version have the label here.
const NUMBERED: u8 = 2;

fn put_hashes(out: &mut Vec<u8>, hashes: &[[u8; 32]]) {
    out.extend_from_slice(&(hashes.len() as u32).to_be_bytes());
    hashes.iter().for_each(|hash| out.extend_from_slice(hash));
}

/// Reads an entry, or nothing if the bytes are none.
pub(crate) fn decode(document: DocumentId, mut bytes: &[u8]) -> Option<CatalogueEntry> {
    let heads = take_hashes(&mut bytes)?;
    let synced = take_hashes(&mut bytes)?;
    let (mut seq, mut size) = (0, 0);
    if let [NUMBERED, rest @ ..] = bytes {
        bytes = rest;
        seq = take_number(&mut bytes)?;
        size = take_number(&mut bytes)?;
    }
    let (flag, label) = bytes.split_first()?;
    let label = match flag {
        0 if label.is_empty() => None,
        1 => Some(std::str::from_utf8(label).ok()?.to_owned()),
        _ => return None,
    };
    Some(CatalogueEntry {
        document,
        heads,
        label,
        synced,
        seq,
        size,
    })
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_be_bytes(*number))
}

/// The bytes of a cursor.
pub(crate) fn encode_cursor(cursor: &Cursor) -> Vec<u8> {
    [&cursor.seq.to_be_bytes()[..], cursor.server.0.as_bytes()].concat()
}

/// Reads a cursor, or nothing if the bytes are none.
pub(crate) fn decode_cursor(mut bytes: &[u8]) -> Option<Cursor> {
    let seq = take_number(&mut bytes)?;
    let server = StorageId(std::str::from_utf8(bytes).ok()?.to_owned());
    Some(Cursor { server, seq })
}

fn take_hashes(bytes: &mut &[u8]) -> Option<Vec<[u8; 32]>> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    let count = u32::from_be_bytes(*count) as usize;
    let (hashes, rest) = rest.split_at_checked(count.checked_mul(32)?)?;
    *bytes = rest;
    Some(hashes.as_chunks::<32>().0.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back_and_cut_ones_do_not() {
        let document = DocumentId::from_bytes([1; 16]);
        for label in [None, Some("event".to_owned())] {
            let entry = CatalogueEntry {
                document,
                heads: vec![[7; 32], [8; 32]],
                label,
                synced: vec![[9; 32]],
                seq: 77,
                size: 4_000,
            };
            let bytes = encode(&entry);
            assert_eq!(decode(document, &bytes), Some(entry));
            assert_eq!(decode(document, &bytes[..60]), None);
        }
        assert_eq!(decode(document, &[255; 40]), None);
    }

    #[test]
    fn entries_of_the_first_version_are_read() {
        let document = DocumentId::from_bytes([1; 16]);
        let bytes = [&[0, 0, 0, 0, 0, 0, 0, 0, 1][..], b"event"].concat();
        let entry = CatalogueEntry {
            label: Some("event".to_owned()),
            ..CatalogueEntry::unknown(document)
        };
        assert_eq!(decode(document, &bytes), Some(entry));
    }
}
