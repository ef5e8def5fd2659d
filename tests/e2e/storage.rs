//! Every storage adapter does what is asked of it, and keeps sled away from its blob files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{
    Listing, Loaded, StorageAdapter, StorageError, Synced, WriteBatch,
};
use meltemi_server::storage::memory::MemoryStorage;
use meltemi_server::storage::redb::RedbStorage;
use meltemi_server::storage::sled::{SledStorage, blob_folder};
use meltemi_tests::conformance;

#[test]
fn sled_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conformance::check(|name| Box::new(SledStorage::open(&folder.path().join(name)).unwrap()));
    for name in ["written", "long", "replaced", "entries"] {
        let blobs = std::fs::read_dir(blob_folder(&folder.path().join(name)))
            .unwrap()
            .count();
        assert_eq!(blobs, 0, "{name}");
    }
}

#[test]
fn redb_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conformance::check(|name| {
        let file = folder.path().join(name).with_extension("redb");
        Box::new(RedbStorage::open(&file).unwrap())
    });
}

#[test]
fn memory_conforms() {
    let mut storages: BTreeMap<String, Shared> = BTreeMap::new();
    conformance::check(|name| Box::new(storages.entry(name.to_owned()).or_default().clone()));
}

/// A storage in memory that outlives its adapter.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<MemoryStorage>>);

impl StorageAdapter for Shared {
    fn catalogue(&self) -> Result<Listing, StorageError> {
        self.0.lock().unwrap().catalogue()
    }

    fn load(&self, document: &DocumentId) -> Result<Loaded, StorageError> {
        self.0.lock().unwrap().load(document)
    }

    fn write(&mut self, batches: &[WriteBatch]) -> Vec<Result<(), StorageError>> {
        self.0.lock().unwrap().write(batches)
    }

    fn synced(&mut self, synced: &Synced) -> Result<(), StorageError> {
        self.0.lock().unwrap().synced(synced)
    }

    fn storage_id(&mut self, fresh: &str) -> Result<String, StorageError> {
        self.0.lock().unwrap().storage_id(fresh)
    }
}
