//! The storage of a server: sled, with what it takes to trust it.
//!
//! sled alone is not safe against loss of power, keeps large values in files that it never syncs,
//! and cuts its log at the first damaged message. So here values are small and describe themselves
//! ([`super::part`]), the database file is synced after every flush, what sled's recovery cut off
//! is written again, and a database with damaged pages is built anew from its own bytes
//! ([`super::rescue`]).

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{
    CatalogueEntry, ChunkKey, Loaded, StorageAdapter, StorageError, StoredChunk, WriteBatch,
};

use super::flush_mark::FlushMark;
use super::part::{self, Assembly, Batch, Header, Holds, Name};
use super::{entry, rescue};
use crate::limits;

/// Documents in a sled database in a folder of its own.
pub struct SledStorage {
    folder: PathBuf,
    // The database is closed after a failure and opened again by the next request: sled refuses
    // everything after its first failed write.
    open: RefCell<Option<Database>>,
}

/// Why a database could not be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum SledError {
    /// The system refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// sled refused something.
    #[error("{0}")]
    Sled(#[from] sled::Error),
    /// sled ended with a panic.
    #[error("the database failed: {0}")]
    Panic(String),
    /// A chunk is longer than the storage can keep.
    #[error("{0}")]
    TooLong(#[from] part::TooLong),
}

/// An open database.
pub(crate) struct Database {
    db: sled::Db,
    file: File,
    mark: FlushMark,
    /// Number of the newest batch, and of the newest that is on the disk.
    newest: u64,
    flushed: u64,
}

/// Where the database file of the database in `folder` is.
pub fn database_file(folder: &Path) -> PathBuf {
    folder.join("db")
}

/// The folder that must stay empty: sled never syncs what is in it.
pub fn blob_folder(folder: &Path) -> PathBuf {
    folder.join("blobs")
}

impl SledStorage {
    /// Opens the database in `folder`, or makes one.
    pub fn open(folder: &Path) -> Result<Self, SledError> {
        let storage = Self {
            folder: folder.to_owned(),
            open: RefCell::new(None),
        };
        storage.with(|_| Ok(()))?;
        Ok(storage)
    }

    /// Does `work` with the open database. If pages of it turn out to be damaged, the database is
    /// built anew from what is whole, and the work done again.
    fn with<T>(
        &self,
        mut work: impl FnMut(&mut Database) -> Result<T, SledError>,
    ) -> Result<T, SledError> {
        let first = self.attempt(&mut work);
        match first {
            Err(error) if error.is_damage() => {
                tracing::error!(%error, "the database is damaged; building it anew from what is whole");
                self.open.replace(None);
                rescue::rebuild(&self.folder)?;
                self.attempt(&mut work)
            }
            other => other,
        }
    }

    fn attempt<T>(
        &self,
        work: &mut impl FnMut(&mut Database) -> Result<T, SledError>,
    ) -> Result<T, SledError> {
        let mut open = self.open.borrow_mut();
        let result = guarded(|| {
            let database = match &mut *open {
                Some(database) => database,
                none => none.insert(rescue::open(&self.folder)?),
            };
            work(database)
        });
        if result.is_err() {
            let _ = guarded(|| {
                open.take();
                Ok(())
            });
        }
        result
    }
}

impl SledError {
    pub(crate) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Sled(sled::Error::Corruption { .. } | sled::Error::ReportableBug(_))
                | Self::Panic(_)
        )
    }

    fn is_full(&self) -> bool {
        let full = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::FileTooLarge
            )
        };
        match self {
            Self::Io(error) | Self::Sled(sled::Error::Io(error)) => full(error),
            _ => false,
        }
    }

    fn to_storage_error(&self, operation: &str, document: Option<DocumentId>) -> StorageError {
        match document {
            Some(document) if self.is_full() => StorageError::Full {
                document,
                detail: self.to_string(),
            },
            Some(document) => StorageError::Failed {
                operation: format!("{operation} document {document}"),
                detail: self.to_string(),
            },
            None => StorageError::Failed {
                operation: operation.to_owned(),
                detail: self.to_string(),
            },
        }
    }
}

/// sled states many of its own assumptions as assertions; damage on the disk can break them.
fn guarded<T>(work: impl FnOnce() -> Result<T, SledError>) -> Result<T, SledError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        Err(SledError::Panic(
            text.unwrap_or_else(|| "without a message".to_owned()),
        ))
    })
}

impl Database {
    /// Opens the database as it is.
    pub(crate) fn open(folder: &Path) -> Result<Self, SledError> {
        let new = !database_file(folder).exists();
        let db = open_sled(folder)?;
        let file = File::options()
            .read(true)
            .write(true)
            .open(database_file(folder))?;
        let mark = FlushMark::open(folder)?;
        let mut database = Self {
            db,
            file,
            mark,
            newest: 0,
            flushed: 0,
        };
        if new {
            database.flush()?;
            sync_folder(folder)?;
            folder.parent().map_or(Ok(()), sync_folder)?;
        }
        let newest = database.read(&Name::newest_note())?;
        let newest = newest
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u64::from_be_bytes);
        database.newest = newest;
        database.flushed = newest;
        Ok(database)
    }

    /// Number of the newest batch.
    pub(crate) const fn newest(&self) -> u64 {
        self.newest
    }

    /// Applies one batch as a whole, under a number of its own. Not yet flushed.
    pub(crate) fn apply(
        &mut self,
        put: &[(Name, &[u8])],
        remove: &[Name],
    ) -> Result<(), SledError> {
        let number = self.newest + 1;
        let note = number.to_be_bytes();
        let put = || {
            put.iter()
                .copied()
                .chain([(Name::newest_note(), &note[..])])
        };
        let mut parts = 0;
        for (_, bytes) in put() {
            parts += u32::from(part::count(bytes.len())?);
        }
        let mut batch = sled::Batch::default();
        for name in remove.iter().copied().chain(put().map(|(name, _)| name)) {
            for key in self.db.scan_prefix(name.prefix()).keys() {
                batch.remove(key?);
            }
        }
        let marks = Batch {
            number,
            flushed: self.flushed,
            parts,
        };
        for (name, bytes) in put() {
            for (key, value) in part::cut(name, marks, bytes)? {
                batch.insert(key, value);
            }
        }
        self.db.apply_batch(batch)?;
        self.newest = number;
        Ok(())
    }

    /// Gives no number up to this one to a batch.
    pub(crate) fn skip_to(&mut self, number: u64) {
        self.newest = self.newest.max(number);
    }

    /// Notes that something was here of which not everything is left.
    pub(crate) fn mark_damaged(&mut self, name: &Name) -> Result<(), SledError> {
        self.db.insert(name.key(0), b"damaged")?;
        Ok(())
    }

    /// Puts everything applied so far on the disk.
    pub(crate) fn flush(&mut self) -> Result<(), SledError> {
        self.db.flush()?;
        self.file.sync_data()?;
        self.flushed = self.newest;
        self.mark.write(self.flushed);
        Ok(())
    }

    /// Something small and whole, by name.
    pub(crate) fn read(&self, name: &Name) -> Result<Option<Vec<u8>>, SledError> {
        let mut assembly = Assembly::default();
        for item in self.db.scan_prefix(name.prefix()) {
            assembly.add(name, &item?.1);
        }
        Ok(assembly.finish())
    }

    fn load(&self, document: &DocumentId) -> Result<Loaded, SledError> {
        let mut loaded = Loaded::default();
        let mut current: Option<(ChunkKey, Name, Assembly)> = None;
        let mut end = |ended: Option<(ChunkKey, Name, Assembly)>| {
            if let Some((key, _, assembly)) = ended {
                match assembly.finish() {
                    Some(bytes) => loaded.chunks.push(StoredChunk { key, bytes }),
                    None => loaded.damaged.push(key),
                }
            }
        };
        for item in self.db.scan_prefix(Name::document(document)) {
            let (key, value) = item?;
            let Some(name) = Name::from_key(&key) else {
                continue;
            };
            let Some(chunk) = name.chunk_key() else {
                continue;
            };
            if current.as_ref().is_none_or(|(_, n, _)| *n != name) {
                end(current.replace((chunk, name, Assembly::default())));
            }
            if let Some((_, _, assembly)) = &mut current {
                assembly.add(&name, &value);
            }
        }
        end(current);
        Ok(loaded)
    }

    fn entry(&self, document: &DocumentId) -> Result<Option<CatalogueEntry>, SledError> {
        let bytes = self.read(&Name::entry(*document))?;
        Ok(bytes.and_then(|bytes| entry::decode(*document, &bytes)))
    }

    fn catalogue(&self) -> Result<Vec<CatalogueEntry>, SledError> {
        let mut entries: Vec<CatalogueEntry> = Vec::new();
        for document in self.documents(Holds::Entry)? {
            entries.push(
                self.entry(&document)?
                    .unwrap_or_else(|| entry::unknown(document)),
            );
        }
        // Chunks without an entry: the entry was damaged beyond being found.
        let listed: std::collections::BTreeSet<_> = entries.iter().map(|e| e.document).collect();
        let chunks = self.documents(Holds::Snapshot)?;
        entries.extend(
            chunks
                .into_iter()
                .filter(|d| !listed.contains(d))
                .map(entry::unknown),
        );
        Ok(entries)
    }

    /// The documents that have something of this sort, found by jumping from one to the next.
    fn documents(&self, holds: Holds) -> Result<Vec<DocumentId>, SledError> {
        let mut documents = Vec::new();
        let mut from = vec![holds.space()];
        while let Some((key, _)) = self.db.get_gt(&from)? {
            let Some(name) =
                Name::from_key(&key).filter(|name| name.holds.space() == holds.space())
            else {
                break;
            };
            documents.push(name.document);
            from = Name {
                document: name.document,
                holds: Holds::Note,
                hash: [255; 32],
            }
            .prefix();
            from[0] = holds.space();
            from.extend_from_slice(&[255; 2]);
        }
        Ok(documents)
    }

    fn write(&mut self, batch: &WriteBatch) -> Result<(), SledError> {
        let entry = entry::encode(&batch.entry);
        let mut put: Vec<(Name, &[u8])> = Vec::with_capacity(batch.put.len() + 1);
        for chunk in &batch.put {
            put.push((Name::chunk(batch.document, chunk.key), &chunk.bytes));
        }
        put.push((Name::entry(batch.document), &entry));
        let remove: Vec<Name> = batch
            .remove
            .iter()
            .map(|key| Name::chunk(batch.document, *key))
            .collect();
        self.apply(&put, &remove)
    }

    /// Puts single parts back as they were found, under the number of the batch they came with.
    pub(crate) fn put_parts(&mut self, parts: &[(Header, Vec<u8>)]) -> Result<(), SledError> {
        let mut batch = sled::Batch::default();
        for (header, _) in parts.iter() {
            for key in self.db.scan_prefix(header.name.prefix()).keys() {
                batch.remove(key?);
            }
        }
        for (header, bytes) in parts {
            batch.insert(header.name.key(header.part), bytes.as_slice());
        }
        self.db.apply_batch(batch)?;
        Ok(())
    }
}

/// Name of the note that holds the name of this storage.
const STORAGE_ID: &str = "storage-id";

fn open_sled(folder: &Path) -> Result<sled::Db, SledError> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(limits::DATABASE_CACHE)
        .flush_every_ms(None);
    // After a failure sled's own threads may hold the file a little longer than the database.
    for _ in 0..limits::REOPEN_ATTEMPTS {
        match config.open() {
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                thread::sleep(Duration::from_millis(20));
            }
            other => return Ok(other?),
        }
    }
    Ok(config.open()?)
}

/// Puts the list of a folder's files on the disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), SledError> {
    // Other systems cannot open a folder as a file, and need not.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

impl StorageAdapter for SledStorage {
    fn catalogue(&self) -> Result<Vec<CatalogueEntry>, StorageError> {
        self.with(|db| db.catalogue())
            .map_err(|e| e.to_storage_error("read the catalogue", None))
    }

    fn load(&self, document: &DocumentId) -> Result<Loaded, StorageError> {
        self.with(|db| db.load(document))
            .map_err(|e| e.to_storage_error("load", Some(*document)))
    }

    fn write(&mut self, batches: &[WriteBatch]) -> Vec<Result<(), StorageError>> {
        let attempt = self.with(|db| {
            let mut results = Vec::with_capacity(batches.len());
            for batch in batches {
                match db.write(batch) {
                    // It is this batch alone that cannot be written.
                    Err(error @ SledError::TooLong(_)) => {
                        results.push(Err(error.to_storage_error("write", Some(batch.document))));
                    }
                    other => results.push(other.map(Ok)?),
                }
            }
            db.flush()?;
            Ok(results)
        });
        attempt.unwrap_or_else(|error| {
            let failed = |b: &WriteBatch| Err(error.to_storage_error("write", Some(b.document)));
            batches.iter().map(failed).collect()
        })
    }

    fn synced(&mut self, document: &DocumentId, heads: &[[u8; 32]]) -> Result<(), StorageError> {
        self.with(|db| {
            if let Some(mut entry) = db.entry(document)? {
                entry.synced = heads.to_vec();
                db.apply(&[(Name::entry(*document), &entry::encode(&entry))], &[])?;
            }
            Ok(())
        })
        .map_err(|e| e.to_storage_error("note the server's heads of", Some(*document)))
    }

    fn storage_id(&mut self, fresh: &str) -> Result<String, StorageError> {
        self.with(|db| {
            let name = Name::note(STORAGE_ID);
            if let Some(id) = db
                .read(&name)?
                .and_then(|bytes| String::from_utf8(bytes).ok())
            {
                return Ok(id);
            }
            db.apply(&[(name, fresh.as_bytes())], &[])?;
            db.flush()?;
            Ok(fresh.to_owned())
        })
        .map_err(|e| e.to_storage_error("read the name of the storage", None))
    }
}

impl Drop for SledStorage {
    fn drop(&mut self) {
        let _ = guarded(|| {
            if let Some(mut database) = self.open.get_mut().take() {
                database.flush()?;
                database.mark.sync()?;
            }
            Ok(())
        });
    }
}
