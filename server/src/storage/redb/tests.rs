//! Full disks and damaged pages.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{
    CatalogueEntry, ChunkKey, StorageAdapter, StorageError, StoredChunk, WriteBatch,
};
use redb::StorageBackend;
use redb::backends::FileBackend;

use super::super::beside;
use super::{Opener, RedbError, RedbStorage};

/// A file on a disk that takes nothing more as long as somebody says so.
#[derive(Debug)]
struct OnFullDisk {
    file: FileBackend,
    full: Arc<AtomicBool>,
}

impl OnFullDisk {
    fn room(&self) -> io::Result<()> {
        if self.full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageBackend for OnFullDisk {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        // What lies in the file already can be written over.
        if offset >= 4096 {
            self.room()?;
        }
        self.file.write(offset, data)
    }
}

fn opener(full: Arc<AtomicBool>) -> Opener {
    Box::new(move |path: &Path| {
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        let file = FileBackend::new(file).map_err(RedbError::from)?;
        let full = full.clone();
        Ok(redb::Builder::new().create_with_backend(OnFullDisk { file, full })?)
    })
}

fn batch(n: u8, bytes: &[u8]) -> WriteBatch {
    let document = DocumentId::from_bytes([n; 16]);
    WriteBatch {
        document,
        put: vec![StoredChunk {
            key: ChunkKey::increment(bytes),
            bytes: bytes.to_vec(),
        }],
        remove: Vec::new(),
        entry: Some(CatalogueEntry {
            heads: vec![[n; 32]],
            ..CatalogueEntry::unknown(document)
        }),
    }
}

fn holds(storage: &RedbStorage, batch: &WriteBatch) -> bool {
    storage.load(&batch.document).expect("it loads").chunks == batch.put
}

#[test]
fn a_full_disk_takes_nothing_of_a_group_and_keeps_what_was_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let full = Arc::new(AtomicBool::new(false));
    let place = folder.path().join("records.redb");
    let mut storage = RedbStorage::open_with(&place, opener(full.clone())).expect("it opens");
    let (old, one, other) = (batch(1, b"old"), batch(2, b"one"), batch(3, &[7; 500_000]));
    assert_eq!(storage.write(std::slice::from_ref(&old)), [Ok(())]);

    full.store(true, Ordering::SeqCst);
    let refused = storage.write(&[one.clone(), other.clone()]);
    for (result, batch) in refused.iter().zip([&one, &other]) {
        assert!(
            matches!(result, Err(StorageError::Full { document, .. }) if *document == batch.document),
            "{result:?}"
        );
    }
    assert_eq!(refused.len(), 2);
    let listing = storage.catalogue().expect("a catalogue");
    assert_eq!(listing.entries, [old.entry.clone().expect("it has one")]);
    assert!(holds(&storage, &old));

    full.store(false, Ordering::SeqCst);
    assert_eq!(
        storage.write(&[one.clone(), other.clone()]),
        [Ok(()), Ok(())]
    );
    drop(storage);
    let storage = RedbStorage::open(&place).expect("it opens");
    assert!(
        [&old, &one, &other]
            .into_iter()
            .all(|batch| holds(&storage, batch))
    );
    assert_eq!(beside::lost(&place), None);
}

#[test]
fn a_database_with_any_damaged_page_gives_back_what_is_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("records.redb");
    let batches: Vec<WriteBatch> = (0..60).map(|n| batch(n, &[n; 900])).collect();
    let mut storage = RedbStorage::open(&place).expect("it opens");
    for group in batches.chunks(20) {
        assert_eq!(storage.write(group), vec![Ok(()); 20]);
    }
    drop(storage);
    let good = fs::read(&place).expect("the file is there");
    for page in 0..good.len() / 4096 {
        let damaged = folder.path().join(format!("page-{page}/records.redb"));
        fs::create_dir(damaged.parent().expect("a folder")).expect("it is made");
        let mut bytes = good.clone();
        bytes[page * 4096..][..64].fill(0xa5);
        fs::write(&damaged, bytes).expect("it is written");
        let storage = RedbStorage::open(&damaged).expect("it opens");
        let missing = batches.iter().filter(|batch| !holds(&storage, batch));
        // As many as have something in one page.
        assert!(missing.count() <= 4, "page {page}");
        storage.catalogue().expect("a catalogue");
    }
}
