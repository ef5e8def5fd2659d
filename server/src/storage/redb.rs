//! The other storage of a server: redb, in a single file.
//!
//! A group of writes is one transaction, which is on the disk when it is committed. What redb does
//! not do is kept as with sled: values carry their own checksums ([`super::part`]), because redb
//! checks its own only after a crash, and a database with damaged pages is built anew from its own
//! bytes ([`rescue`]).

mod database;
mod rescue;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{
    CatalogueEntry, Listing, Loaded, StorageAdapter, StorageError, Synced, WriteBatch,
};
use redb::Durability;

use self::database::Database;
use super::entry;
use super::failure::{Failure, guarded};
use super::flush_mark::FlushMark;
use super::part::{Name, TooLong};
use crate::limits;

/// Opens the file of a database, or makes it.
type Opener = Box<dyn Fn(&Path) -> Result<redb::Database, RedbError> + Send>;

/// Documents in a redb database.
pub struct RedbStorage {
    place: PathBuf,
    opener: Opener,
    // The database is closed after a failure and opened again by the next request: redb refuses
    // everything after its first failed write.
    open: RefCell<Option<Open>>,
}

struct Open {
    database: Database,
    mark: FlushMark,
}

/// Why a database could not be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum RedbError {
    /// The system refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// redb refused something.
    #[error("{0}")]
    Redb(Box<redb::Error>),
    /// redb ended with a panic.
    #[error("the database failed: {0}")]
    Panic(String),
    /// Something that every database has is not there as a whole.
    #[error("{0} is damaged")]
    Damaged(&'static str),
    /// A chunk is longer than the storage can keep.
    #[error("{0}")]
    TooLong(#[from] TooLong),
}

macro_rules! from_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for RedbError {
            fn from(error: redb::$error) -> Self {
                Self::Redb(Box::new(error.into()))
            }
        })*
    };
}

from_redb!(
    CommitError,
    DatabaseError,
    SetDurabilityError,
    StorageError,
    TableError,
    TransactionError
);

impl RedbError {
    fn is_damage(&self) -> bool {
        match self {
            Self::Panic(_) | Self::Damaged(_) => true,
            Self::Redb(error) => match error.as_ref() {
                redb::Error::Corrupted(_)
                | redb::Error::TableTypeMismatch { .. }
                | redb::Error::TypeDefinitionChanged { .. }
                | redb::Error::TableIsMultimap(_)
                | redb::Error::TableDoesNotExist(_) => true,
                // So redb calls a file that is too short, or does not begin as its files do.
                redb::Error::Io(error) => matches!(
                    error.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
                ),
                _ => false,
            },
            Self::Io(_) | Self::TooLong(_) => false,
        }
    }
}

impl Failure for RedbError {
    fn panic(text: String) -> Self {
        Self::Panic(text)
    }

    fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Io(error) => Some(error),
            Self::Redb(error) => match error.as_ref() {
                redb::Error::Io(error) => Some(error),
                _ => None,
            },
            _ => None,
        }
    }
}

fn open_file(path: &Path) -> Result<redb::Database, RedbError> {
    Ok(redb::Builder::new()
        .set_cache_size(limits::DATABASE_CACHE)
        .create(path)?)
}

impl RedbStorage {
    /// Opens the database in the file `place`, or makes one.
    pub fn open(place: &Path) -> Result<Self, RedbError> {
        Self::open_with(place, Box::new(open_file))
    }

    fn open_with(place: &Path, opener: Opener) -> Result<Self, RedbError> {
        let storage = Self {
            place: place.to_owned(),
            opener,
            open: RefCell::new(None),
        };
        storage.with(|_| Ok(()))?;
        Ok(storage)
    }

    /// Does `work` with the open database. If pages of it turn out to be damaged, the database is
    /// built anew from what is whole, and the work done again.
    fn with<T>(
        &self,
        mut work: impl FnMut(&mut Open) -> Result<T, RedbError>,
    ) -> Result<T, RedbError> {
        match self.attempt(&mut work) {
            Err(error) if error.is_damage() => {
                tracing::error!(%error, "the database is damaged; building it anew from what is whole");
                rescue::rebuild(&self.place, &self.opener)?;
                self.attempt(&mut work)
            }
            other => other,
        }
    }

    fn attempt<T>(
        &self,
        work: &mut impl FnMut(&mut Open) -> Result<T, RedbError>,
    ) -> Result<T, RedbError> {
        let mut open = self.open.borrow_mut();
        let result = guarded(|| {
            let open = match &mut *open {
                Some(open) => open,
                none => none.insert(rescue::open(&self.place, &self.opener)?),
            };
            work(open)
        });
        if result.is_err() {
            close(&mut open);
        }
        result
    }
}

fn close(open: &mut Option<Open>) {
    let _ = guarded(|| {
        if let Some(Open { database, mark }) = open.take() {
            drop(database);
            mark.sync()?;
        }
        Ok::<_, RedbError>(())
    });
}

impl StorageAdapter for RedbStorage {
    fn catalogue(&self) -> Result<Listing, StorageError> {
        self.with(|Open { database, .. }| {
            let cursor = database.read(&Name::cursor_note())?;
            Ok(Listing {
                entries: database.catalogue()?,
                cursor: cursor.as_deref().and_then(entry::decode_cursor),
            })
        })
        .map_err(|e| e.to_storage_error("read the catalogue", None))
    }

    fn load(&self, document: &DocumentId) -> Result<Loaded, StorageError> {
        self.with(|open| open.database.load(document))
            .map_err(|e| e.to_storage_error("load", Some(*document)))
    }

    fn write(&mut self, batches: &[WriteBatch]) -> Vec<Result<(), StorageError>> {
        let failed = |error: &RedbError, batch: &WriteBatch| {
            error.to_storage_error("write", Some(batch.document))
        };
        let attempt = self.with(|open| {
            let results = open.database.write(batches)?;
            open.mark.write(open.database.newest());
            Ok(results)
        });
        match attempt {
            Ok(results) => results
                .into_iter()
                .zip(batches)
                .map(|(result, batch)| result.map_err(|e| failed(&e.into(), batch)))
                .collect(),
            Err(error) => batches.iter().map(|b| Err(failed(&error, b))).collect(),
        }
    }

    fn synced(&mut self, synced: &Synced) -> Result<(), StorageError> {
        self.with(|Open { database, .. }| {
            for (document, heads) in &synced.heads {
                let entry = database.entry(document)?;
                let mut entry = entry.unwrap_or_else(|| CatalogueEntry::unknown(*document));
                entry.synced.clone_from(heads);
                let bytes = entry::encode(&entry);
                database.put(Name::entry(*document), &bytes, Durability::None)?;
            }
            if let Some(cursor) = &synced.cursor {
                let bytes = entry::encode_cursor(cursor);
                database.put(Name::cursor_note(), &bytes, Durability::None)?;
            }
            Ok(())
        })
        .map_err(|e| e.to_storage_error("note what the server has", None))
    }

    fn storage_id(&mut self, fresh: &str) -> Result<String, StorageError> {
        self.with(|Open { database, .. }| {
            let name = Name::storage_id_note();
            let found = database.read(&name)?;
            if let Some(id) = found.and_then(|bytes| String::from_utf8(bytes).ok()) {
                return Ok(id);
            }
            database.put(name, fresh.as_bytes(), Durability::Immediate)?;
            Ok(fresh.to_owned())
        })
        .map_err(|e| e.to_storage_error("read the name of the storage", None))
    }
}

impl Drop for RedbStorage {
    fn drop(&mut self) {
        close(self.open.get_mut());
    }
}
