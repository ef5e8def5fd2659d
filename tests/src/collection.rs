//! Whole collections in a moment: fills storages with records as an engine writes them.

use std::collections::BTreeMap;

use meltemi_core::id::StorageId;
use meltemi_core::sync::reconcile::{SetSum, item};
use meltemi_core::sync::storage::{StorageAdapter, Synced, WriteBatch};
use meltemi_core::testing::collection::{in_step, write};
use meltemi_core::wire::exchange::Listed;
use meltemi_server::storage::memory::MemoryStorage;

/// Writes that share one flush, so that filling takes seconds.
const GROUP: u64 = 2_000;

/// Gives a storage the records of the numbers from 1 to `count`. Returns the digest of the whole.
pub fn fill(storage: &mut dyn StorageAdapter, count: u64) -> Listed {
    let mut sum = SetSum::default();
    for first in (1..=count).step_by(GROUP as usize) {
        let group: Vec<WriteBatch> = (first..=count.min(first + GROUP - 1))
            .map(|number| write(number).expect("a record"))
            .collect();
        let written = storage.write(&group);
        assert!(written.iter().all(Result::is_ok), "the storage takes them");
        for entry in group.into_iter().filter_map(|batch| batch.entry) {
            sum.add(&item(&entry.document, &entry.heads));
        }
    }
    sum.listed()
}

/// The digest of a collection that was filled before.
pub fn listed(storage: &dyn StorageAdapter) -> Listed {
    let listing = storage.catalogue().expect("a catalogue");
    let mut sum = SetSum::default();
    for entry in listing.entries {
        sum.add(&item(&entry.document, &entry.heads));
    }
    sum.listed()
}

/// The storage of a device that is in step with a server of this name, filled with as many
/// records.
pub fn device_in_step(server: &str, count: u64) -> MemoryStorage {
    let mut storage = MemoryStorage::default();
    let writes: Vec<_> = (1..=count)
        .map(|number| write(number).expect("a record"))
        .collect();
    storage.write(&writes);
    note(&mut storage, &in_step(server, &writes));
    storage
}

/// The same storage without the cursor, or with that of another server.
pub fn with_cursor_of(storage: &MemoryStorage, server: Option<&str>) -> MemoryStorage {
    let listing = storage.catalogue().expect("a catalogue");
    let mut other = MemoryStorage::default();
    let mut writes = Vec::new();
    let mut synced = BTreeMap::new();
    for entry in listing.entries {
        let put = storage.load(&entry.document).expect("it loads").chunks;
        synced.insert(entry.document, entry.synced.clone());
        writes.push(WriteBatch {
            document: entry.document,
            put,
            remove: Vec::new(),
            entry: Some(entry),
        });
    }
    other.write(&writes);
    let cursor = listing.cursor.zip(server).map(|(mut cursor, server)| {
        cursor.server = StorageId(server.to_owned());
        cursor
    });
    let heads = synced.into_iter().collect();
    note(&mut other, &Synced { heads, cursor });
    other
}

fn note(storage: &mut MemoryStorage, synced: &Synced) {
    storage.synced(synced).expect("it is noted");
}
