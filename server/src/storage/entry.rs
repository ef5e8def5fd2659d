//! The stored form of a catalogue entry.

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::CatalogueEntry;

/// The bytes of an entry. Its document stands in the name it is stored under.
pub(crate) fn encode(entry: &CatalogueEntry) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + 32 * (entry.heads.len() + entry.synced.len()));
    put_hashes(&mut out, &entry.heads);
    put_hashes(&mut out, &entry.synced);
    match &entry.label {
        None => out.push(0),
        Some(label) => {
            out.push(1);
            out.extend_from_slice(label.as_bytes());
        }
    }
    out
}

fn put_hashes(out: &mut Vec<u8>, hashes: &[[u8; 32]]) {
    out.extend_from_slice(&(hashes.len() as u32).to_be_bytes());
    hashes.iter().for_each(|hash| out.extend_from_slice(hash));
}

/// Reads an entry, or nothing if the bytes are none.
pub(crate) fn decode(document: DocumentId, mut bytes: &[u8]) -> Option<CatalogueEntry> {
    let heads = take_hashes(&mut bytes)?;
    let synced = take_hashes(&mut bytes)?;
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
    })
}

fn take_hashes(bytes: &mut &[u8]) -> Option<Vec<[u8; 32]>> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    let count = u32::from_be_bytes(*count) as usize;
    let (hashes, rest) = rest.split_at_checked(count.checked_mul(32)?)?;
    *bytes = rest;
    Some(hashes.as_chunks::<32>().0.to_vec())
}

/// What is said of a document whose entry is damaged or missing: that nothing is known of it.
///
/// The engine then loads it when somebody asks for it, and writes the entry anew.
pub(crate) fn unknown(document: DocumentId) -> CatalogueEntry {
    CatalogueEntry {
        document,
        heads: Vec::new(),
        label: None,
        synced: Vec::new(),
    }
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
            };
            let bytes = encode(&entry);
            assert_eq!(decode(document, &bytes), Some(entry));
            assert_eq!(decode(document, &bytes[..60]), None);
        }
        assert_eq!(decode(document, &[255; 40]), None);
    }
}
