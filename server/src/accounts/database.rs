//! The file that keeps accounts: typed tables in one redb database, changed by transactions.
//!
//! It lies beside the documents whatever database those are in. Names and addresses of people are
//! in it, so nobody else on the machine may read it. Every change is on the disk when it is done.

use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use redb::backends::InMemoryBackend;
use redb::{
    ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits;
use crate::storage::beside::sync_folder;

/// A table: values of one type as JSON, by bytes.
pub(super) struct Shelf<V> {
    name: &'static str,
    holds: PhantomData<fn() -> V>,
}

/// An open database. It is opened again after a failed write, because redb refuses everything
/// after one.
pub(super) struct Database {
    place: Option<PathBuf>,
    open: Mutex<Option<Arc<redb::Database>>>,
}

/// Keys and values as bytes.
pub(super) type Stored = Vec<(Vec<u8>, Vec<u8>)>;

/// What can be read from, as it was at one moment.
pub(super) trait Reading {
    /// A value.
    fn get<V: DeserializeOwned>(
        &self,
        shelf: &Shelf<V>,
        key: &[u8],
    ) -> Result<Option<V>, DatabaseError>;

    /// All values, in the order of their keys.
    fn all<V: DeserializeOwned>(&self, shelf: &Shelf<V>) -> Result<Vec<V>, DatabaseError>;

    /// Up to `count` values as they are stored, from a key on.
    fn stored<V>(
        &self,
        shelf: &Shelf<V>,
        from: &[u8],
        count: usize,
    ) -> Result<Stored, DatabaseError>;
}

/// A state that is read only.
pub(super) struct View {
    transaction: ReadTransaction,
}

/// What is changed together, or not at all.
pub(super) struct Change {
    transaction: WriteTransaction,
}

/// Why the accounts could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The system refused something.
    #[error("cannot use the file of accounts: {0}")]
    Io(#[from] io::Error),
    /// redb refused something.
    #[error("cannot use the file of accounts: {0}")]
    Redb(Box<redb::Error>),
    /// A value is not what this program writes.
    #[error("the file of accounts has a damaged entry in {0}: restore it from a backup")]
    Damaged(&'static str),
}

macro_rules! from_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for DatabaseError {
            fn from(error: redb::$error) -> Self {
                Self::Redb(Box::new(error.into()))
            }
        })*
    };
}

from_redb!(
    CommitError,
    DatabaseError,
    StorageError,
    TableError,
    TransactionError
);

impl<V> Shelf<V> {
    /// The table of this name.
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            holds: PhantomData,
        }
    }

    const fn table(&self) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
        TableDefinition::new(self.name)
    }
}

impl<V: DeserializeOwned> Shelf<V> {
    fn decode(&self, bytes: &[u8]) -> Result<V, DatabaseError> {
        serde_json::from_slice(bytes).map_err(|_| DatabaseError::Damaged(self.name))
    }
}

impl Database {
    /// Opens the file, or makes it.
    pub(super) fn open(place: &Path) -> Result<Self, DatabaseError> {
        Ok(Self {
            open: Mutex::new(Some(Arc::new(open_file(place)?))),
            place: Some(place.to_owned()),
        })
    }

    /// A database that is gone when it is dropped.
    pub(super) fn in_memory() -> Result<Self, DatabaseError> {
        let open = redb::Builder::new().create_with_backend(InMemoryBackend::new())?;
        Ok(Self {
            place: None,
            open: Mutex::new(Some(Arc::new(open))),
        })
    }

    /// Reads.
    pub(super) fn read<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&View) -> Result<T, E>,
    ) -> Result<T, E> {
        let begin = || {
            let transaction = self.opened()?.begin_read()?;
            Ok::<_, DatabaseError>(View { transaction })
        };
        work(&self.noticing(begin())?)
    }

    /// Makes all changes of `work` and puts them on the disk, or makes none.
    pub(super) fn change<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&Change) -> Result<T, E>,
    ) -> Result<T, E> {
        let begin = || {
            let mut transaction = self.opened()?.begin_write()?;
            // What is opened after a crash is then always the state that was committed last.
            transaction.set_quick_repair(true);
            Ok::<_, DatabaseError>(Change { transaction })
        };
        let change = self.noticing(begin())?;
        let done = work(&change)?;
        let committed = change.transaction.commit().map_err(DatabaseError::from);
        self.noticing(committed)?;
        Ok(done)
    }

    fn opened(&self) -> Result<Arc<redb::Database>, DatabaseError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(place)) = (&*open, &self.place) {
            *open = Some(Arc::new(open_file(place)?));
        }
        open.clone().ok_or(DatabaseError::Damaged("memory"))
    }

    /// After a failure the file is opened again by whoever comes next.
    fn noticing<T>(&self, result: Result<T, DatabaseError>) -> Result<T, DatabaseError> {
        if result.is_err() && self.place.is_some() {
            *self.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        result
    }
}

impl Change {
    /// Puts a value in the place of one that may be there.
    pub(super) fn put<V: Serialize>(
        &self,
        shelf: &Shelf<V>,
        key: &[u8],
        value: &V,
    ) -> Result<(), DatabaseError> {
        let bytes = serde_json::to_vec(value).map_err(|_| DatabaseError::Damaged(shelf.name))?;
        self.put_bytes(shelf, key, &bytes)
    }

    /// Puts bytes that are JSON already.
    pub(super) fn put_bytes<V>(
        &self,
        shelf: &Shelf<V>,
        key: &[u8],
        bytes: &[u8],
    ) -> Result<(), DatabaseError> {
        let mut table = self.transaction.open_table(shelf.table())?;
        table.insert(key, bytes)?;
        Ok(())
    }

    /// Takes a value away. Whether there was one.
    pub(super) fn remove<V>(&self, shelf: &Shelf<V>, key: &[u8]) -> Result<bool, DatabaseError> {
        let mut table = self.transaction.open_table(shelf.table())?;
        let removed = table.remove(key)?.is_some();
        Ok(removed)
    }
}

impl Reading for Change {
    fn get<V: DeserializeOwned>(
        &self,
        shelf: &Shelf<V>,
        key: &[u8],
    ) -> Result<Option<V>, DatabaseError> {
        get(&self.transaction.open_table(shelf.table())?, shelf, key)
    }

    fn all<V: DeserializeOwned>(&self, shelf: &Shelf<V>) -> Result<Vec<V>, DatabaseError> {
        all(&self.transaction.open_table(shelf.table())?, shelf)
    }

    fn stored<V>(
        &self,
        shelf: &Shelf<V>,
        from: &[u8],
        count: usize,
    ) -> Result<Stored, DatabaseError> {
        stored(&self.transaction.open_table(shelf.table())?, from, count)
    }
}

impl View {
    /// A table; none before the first value was put into it.
    fn table<V>(&self, shelf: &Shelf<V>) -> Result<Option<Table>, DatabaseError> {
        match self.transaction.open_table(shelf.table()) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Reading for View {
    fn get<V: DeserializeOwned>(
        &self,
        shelf: &Shelf<V>,
        key: &[u8],
    ) -> Result<Option<V>, DatabaseError> {
        let table = self.table(shelf)?;
        table.map_or(Ok(None), |table| get(&table, shelf, key))
    }

    fn all<V: DeserializeOwned>(&self, shelf: &Shelf<V>) -> Result<Vec<V>, DatabaseError> {
        let table = self.table(shelf)?;
        table.map_or(Ok(Vec::new()), |table| all(&table, shelf))
    }

    fn stored<V>(
        &self,
        shelf: &Shelf<V>,
        from: &[u8],
        count: usize,
    ) -> Result<Stored, DatabaseError> {
        let table = self.table(shelf)?;
        table.map_or(Ok(Vec::new()), |table| stored(&table, from, count))
    }
}

type Table = ReadOnlyTable<&'static [u8], &'static [u8]>;

fn get<V: DeserializeOwned>(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    shelf: &Shelf<V>,
    key: &[u8],
) -> Result<Option<V>, DatabaseError> {
    let value = table.get(key)?;
    value.map(|value| shelf.decode(value.value())).transpose()
}

fn all<V: DeserializeOwned>(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    shelf: &Shelf<V>,
) -> Result<Vec<V>, DatabaseError> {
    let mut values = Vec::new();
    for item in table.iter()? {
        values.push(shelf.decode(item?.1.value())?);
    }
    Ok(values)
}

fn stored(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    from: &[u8],
    count: usize,
) -> Result<Stored, DatabaseError> {
    let mut found = Vec::new();
    for item in table.range(from..)?.take(count) {
        let (key, value) = item?;
        found.push((key.value().to_vec(), value.value().to_vec()));
    }
    Ok(found)
}

fn open_file(place: &Path) -> Result<redb::Database, DatabaseError> {
    let new = !place.exists();
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(place)?);
    let database = redb::Builder::new()
        .set_cache_size(limits::ACCOUNTS_CACHE)
        .create(place)?;
    if new && let Some(folder) = place.parent() {
        sync_folder(folder)?;
    }
    Ok(database)
}
