//! Which database a data folder has, where it is, and opening it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use meltemi_core::sync::storage::StorageAdapter;

use super::beside;
use super::memory::MemoryStorage;
use super::redb::{RedbError, RedbStorage};
use super::salvage::Salvage;
use super::sled::{SledError, SledStorage, blob_folder, database_file};
use crate::lock::DataFolder;

/// The databases that can keep the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum StorageKind {
    /// A log in the folder `sled`; commits with one wait for the disk
    #[default]
    Sled,
    /// A tree in the file `records.redb`; commits with two waits, starts at once after a crash
    Redb,
}

/// Why a database does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// As sled says.
    #[error("{0}")]
    Sled(#[from] SledError),
    /// As redb says.
    #[error("{0}")]
    Redb(#[from] RedbError),
    /// The folder belongs to the other one.
    #[error(
        "the data folder {folder} holds a {found} database; say --storage {found}, or name another \
         folder with --data"
    )]
    Other {
        /// The folder.
        folder: PathBuf,
        /// The database in it.
        found: StorageKind,
    },
    /// The folder has both.
    #[error(
        "the data folder {0} holds a sled and a redb database; move the one that is not used to \
         another folder"
    )]
    Both(PathBuf),
}

/// Where the database of a data folder is, or will be.
pub(crate) struct DatabasePlace {
    kind: StorageKind,
    path: PathBuf,
}

impl fmt::Display for StorageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sled => "sled",
            Self::Redb => "redb",
        })
    }
}

impl StorageKind {
    const fn other(self) -> Self {
        match self {
            Self::Sled => Self::Redb,
            Self::Redb => Self::Sled,
        }
    }

    fn path(self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Sled => "sled",
            Self::Redb => "records.redb",
        })
    }

    /// Whether a database of this kind is in the folder, or was.
    fn is_in(self, folder: &Path) -> bool {
        let path = self.path(folder);
        path.exists()
            || beside::rebuilding(&path).exists()
            || path.with_extension("flushed").exists()
    }

    /// The database of this kind in a data folder, unless that belongs to the other kind.
    pub(crate) fn place_in(self, folder: &DataFolder) -> Result<DatabasePlace, OpenError> {
        let folder = folder.path();
        if self.other().is_in(folder) {
            return Err(if self.is_in(folder) {
                OpenError::Both(folder.to_owned())
            } else {
                OpenError::Other {
                    folder: folder.to_owned(),
                    found: self.other(),
                }
            });
        }
        Ok(DatabasePlace {
            kind: self,
            path: self.path(folder),
        })
    }
}

impl DatabasePlace {
    /// Opens the database, or makes one.
    pub(crate) fn open(&self) -> Result<Box<dyn StorageAdapter>, OpenError> {
        Ok(match self.kind {
            StorageKind::Sled => Box::new(SledStorage::open(&self.path)?),
            StorageKind::Redb => Box::new(RedbStorage::open(&self.path)?),
        })
    }

    /// What can be read of a database that does not open.
    pub(crate) fn salvage(&self) -> io::Result<MemoryStorage> {
        let file = match self.kind {
            StorageKind::Sled => database_file(&self.path),
            StorageKind::Redb => self.path.clone(),
        };
        MemoryStorage::of_salvage(&Salvage::read(&[file])?)
    }

    /// What to tell a person when acknowledged writes are missing.
    pub(crate) fn lost(&self) -> Option<String> {
        beside::lost(&self.path)
    }

    /// The folder that must stay empty, if there is one.
    pub(crate) fn blob_folder(&self) -> Option<PathBuf> {
        (self.kind == StorageKind::Sled).then(|| blob_folder(&self.path))
    }
}
