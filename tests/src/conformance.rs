//! What every storage adapter must do.

use meltemi_core::id::{DocumentId, StorageId};
use meltemi_core::sync::storage::{
    CatalogueEntry, ChunkKey, Cursor, Listing, StorageAdapter, StoredChunk, Synced, WriteBatch,
};

/// Runs every check. `open` opens a storage of the given name, the same one again for the same
/// name; the one opened before has been dropped by then.
pub fn check(mut open: impl FnMut(&str) -> Box<dyn StorageAdapter>) {
    starts_empty(&mut open);
    keeps_its_name(&mut open);
    gives_back_what_was_written(&mut open);
    keeps_long_chunks(&mut open);
    replaces_chunks_as_a_whole(&mut open);
    replaces_chunks_without_touching_the_entry(&mut open);
    keeps_documents_apart(&mut open);
    repeats_a_write_without_harm(&mut open);
    notes_what_the_server_has(&mut open);
    takes_entries_that_grow_and_shrink(&mut open);
}

type Open<'a> = &'a mut dyn FnMut(&str) -> Box<dyn StorageAdapter>;

fn document(n: u8) -> DocumentId {
    DocumentId::from_bytes([n; 16])
}

fn entry(n: u8, heads: usize) -> CatalogueEntry {
    let heads = (0..heads).map(|i| [(i % 251) as u8; 32]).collect();
    CatalogueEntry {
        document: document(n),
        heads,
        label: Some("event".to_owned()),
        synced: Vec::new(),
        seq: u64::from(n) + 5,
        size: 1_000,
    }
}

fn listed(storage: &dyn StorageAdapter) -> Vec<CatalogueEntry> {
    storage.catalogue().expect("a catalogue").entries
}

fn chunk(bytes: Vec<u8>) -> StoredChunk {
    StoredChunk {
        key: ChunkKey::increment(&bytes),
        bytes,
    }
}

fn batch(n: u8, put: Vec<StoredChunk>, remove: Vec<ChunkKey>) -> WriteBatch {
    WriteBatch {
        document: document(n),
        put,
        remove,
        entry: Some(entry(n, 1)),
    }
}

fn write(storage: &mut dyn StorageAdapter, batches: &[WriteBatch]) {
    let results = storage.write(batches);
    assert_eq!(results, vec![Ok(()); batches.len()]);
}

fn stored(storage: &dyn StorageAdapter, n: u8) -> Vec<StoredChunk> {
    let mut loaded = storage.load(&document(n)).expect("it loads");
    assert_eq!(loaded.damaged, []);
    loaded.chunks.sort_by_key(|chunk| chunk.key);
    loaded.chunks
}

fn sorted(mut chunks: Vec<StoredChunk>) -> Vec<StoredChunk> {
    chunks.sort_by_key(|chunk| chunk.key);
    chunks
}

fn starts_empty(open: Open<'_>) {
    let storage = open("empty");
    assert_eq!(storage.catalogue(), Ok(Listing::default()));
    assert_eq!(stored(storage.as_ref(), 1), []);
}

fn keeps_its_name(open: Open<'_>) {
    assert_eq!(open("name").storage_id("first"), Ok("first".to_owned()));
    assert_eq!(open("name").storage_id("second"), Ok("first".to_owned()));
}

fn gives_back_what_was_written(open: Open<'_>) {
    let chunks = vec![chunk(vec![1; 10]), chunk(vec![2; 20]), chunk(Vec::new())];
    write(
        open("written").as_mut(),
        &[batch(1, chunks.clone(), Vec::new())],
    );
    let storage = open("written");
    assert_eq!(stored(storage.as_ref(), 1), sorted(chunks));
    assert_eq!(listed(storage.as_ref()), [entry(1, 1)]);
}

fn keeps_long_chunks(open: Open<'_>) {
    let long: Vec<StoredChunk> = [3_071, 3_072, 3_073, 4_096, 131_072, 5_000_000]
        .map(|len: u32| {
            chunk(
                (0..len)
                    .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
                    .collect(),
            )
        })
        .into();
    let batches: Vec<_> = (1..)
        .zip(&long)
        .map(|(n, chunk)| batch(n, vec![chunk.clone()], Vec::new()))
        .collect();
    write(open("long").as_mut(), &batches);
    let storage = open("long");
    for (n, chunk) in (1..).zip(long) {
        assert!(stored(storage.as_ref(), n) == [chunk], "document {n}");
    }
}

fn replaces_chunks_as_a_whole(open: Open<'_>) {
    let old: Vec<StoredChunk> = (0..40).map(|n| chunk(vec![n; 5_000])).collect();
    let snapshot = StoredChunk {
        key: ChunkKey::snapshot(&[[7; 32]]),
        bytes: vec![7; 100_000],
    };
    let mut storage = open("replaced");
    write(storage.as_mut(), &[batch(1, old.clone(), Vec::new())]);
    let removed = old[1..].iter().map(|chunk| chunk.key).collect();
    write(
        storage.as_mut(),
        &[batch(1, vec![snapshot.clone()], removed)],
    );
    drop(storage);
    assert_eq!(
        stored(open("replaced").as_ref(), 1),
        sorted(vec![old[0].clone(), snapshot])
    );
}

fn replaces_chunks_without_touching_the_entry(open: Open<'_>) {
    let (first, second) = (chunk(vec![1]), chunk(vec![2]));
    let mut storage = open("compacted");
    write(
        storage.as_mut(),
        &[batch(1, vec![first.clone()], Vec::new())],
    );
    let compaction = WriteBatch {
        entry: None,
        ..batch(1, vec![second.clone()], vec![first.key])
    };
    write(storage.as_mut(), &[compaction]);
    assert_eq!(stored(storage.as_ref(), 1), [second]);
    assert_eq!(listed(storage.as_ref()), [entry(1, 1)]);
}

fn keeps_documents_apart(open: Open<'_>) {
    let (one, other) = (chunk(vec![1; 9]), chunk(vec![2; 9]));
    let mut storage = open("apart");
    // The first and the last id there can be lie at the borders of every range.
    write(
        storage.as_mut(),
        &[
            batch(0, vec![one.clone()], Vec::new()),
            batch(255, vec![other.clone()], Vec::new()),
        ],
    );
    write(
        storage.as_mut(),
        &[batch(1, vec![other.clone()], vec![one.key])],
    );
    drop(storage);
    let storage = open("apart");
    assert_eq!(stored(storage.as_ref(), 0), [one]);
    assert_eq!(stored(storage.as_ref(), 1), std::slice::from_ref(&other));
    assert_eq!(stored(storage.as_ref(), 255), [other]);
    let mut listed = listed(storage.as_ref());
    listed.sort_by_key(|entry| entry.document);
    assert_eq!(listed, [entry(0, 1), entry(1, 1), entry(255, 1)]);
}

fn repeats_a_write_without_harm(open: Open<'_>) {
    let chunk = chunk(vec![4; 9_000]);
    let batch = batch(1, vec![chunk.clone()], Vec::new());
    write(open("repeated").as_mut(), &[batch.clone(), batch.clone()]);
    write(open("repeated").as_mut(), &[batch]);
    assert_eq!(stored(open("repeated").as_ref(), 1), [chunk]);
}

fn notes_what_the_server_has(open: Open<'_>) {
    let mut storage = open("synced");
    write(
        storage.as_mut(),
        &[batch(1, vec![chunk(vec![1])], Vec::new())],
    );
    let synced = Synced {
        heads: vec![
            (document(1), vec![[5; 32]]),
            (document(2), vec![[6; 32], [7; 32]]),
        ],
        cursor: Some(Cursor {
            server: StorageId("the server".to_owned()),
            seq: 12,
        }),
    };
    assert_eq!(storage.synced(&synced), Ok(()));
    let later = Synced {
        heads: vec![(document(1), vec![[8; 32]])],
        cursor: None,
    };
    assert_eq!(storage.synced(&later), Ok(()));
    let listing = storage.catalogue().expect("a catalogue");
    assert_eq!(listing.cursor, synced.cursor);
    let mut entries = listing.entries;
    entries.sort_by_key(|entry| entry.document);
    assert_eq!(
        entries,
        [
            CatalogueEntry {
                synced: vec![[8; 32]],
                ..entry(1, 1)
            },
            CatalogueEntry {
                synced: vec![[6; 32], [7; 32]],
                ..CatalogueEntry::unknown(document(2))
            }
        ]
    );
}

fn takes_entries_that_grow_and_shrink(open: Open<'_>) {
    for heads in [1, 1_000, 2, 0] {
        let batch = WriteBatch {
            entry: Some(entry(1, heads)),
            ..batch(1, Vec::new(), Vec::new())
        };
        write(open("entries").as_mut(), &[batch]);
        assert_eq!(listed(open("entries").as_ref()), [entry(1, heads)]);
    }
}
