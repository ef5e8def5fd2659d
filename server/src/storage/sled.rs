//! The storage of a server: sled, with what it takes to trust it.
//!
//! sled alone is not safe against loss of power, keeps large values in files that it never syncs,
//! and cuts its log at the first damaged message. So here values are small and describe themselves
//! ([`super::part`]), the database file is synced after every flush, what sled's recovery cut off
//! is written again, and a database with damaged pages is built anew from its own bytes
//! ([`super::rescue`]).

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{
    CatalogueEntry, Listing, Loaded, StorageAdapter, StorageError, Synced, WriteBatch,
};

use super::database::Database;
use super::failure::{Failure, guarded};
use super::part::{Name, TooLong};
use super::{entry, rescue};

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
    TooLong(#[from] TooLong),
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
                Ok::<_, SledError>(())
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
}

impl Failure for SledError {
    fn panic(text: String) -> Self {
        Self::Panic(text)
    }

    fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Io(error) | Self::Sled(sled::Error::Io(error)) => Some(error),
            _ => None,
        }
    }
}

impl StorageAdapter for SledStorage {
    fn catalogue(&self) -> Result<Listing, StorageError> {
        self.with(|db| {
            let cursor = db.read(&Name::cursor_note())?;
            Ok(Listing {
                entries: db.catalogue()?,
                cursor: cursor.as_deref().and_then(entry::decode_cursor),
            })
        })
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

    fn synced(&mut self, synced: &Synced) -> Result<(), StorageError> {
        self.with(|db| {
            for (document, heads) in &synced.heads {
                let mut entry = match db.entry(document)? {
                    Some(entry) => entry,
                    None => CatalogueEntry::unknown(*document),
                };
                entry.synced.clone_from(heads);
                db.apply(&[(Name::entry(*document), &entry::encode(&entry))], &[])?;
            }
            if let Some(cursor) = &synced.cursor {
                let bytes = entry::encode_cursor(cursor);
                db.apply(&[(Name::cursor_note(), &bytes)], &[])?;
            }
            Ok(())
        })
        .map_err(|e| e.to_storage_error("note what the server has", None))
    }

    fn storage_id(&mut self, fresh: &str) -> Result<String, StorageError> {
        self.with(|db| {
            let name = Name::storage_id_note();
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
            if let Some(database) = self.open.get_mut().take() {
                database.close()?;
            }
            Ok::<_, SledError>(())
        });
    }
}
