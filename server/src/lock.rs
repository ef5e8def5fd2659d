//! A data folder and the claim on it: one process at a time.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// A data folder that is this process's alone until this is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// Another process has it.
    #[error(
        "the data folder {path} is in use by another meltemi process{holder}; stop that process \
         first, or name another folder with --data"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Which process, as ` (process 4711)`, if it could be found out.
        holder: String,
    },
    /// There is no such folder.
    #[error("there is no data folder {0}; name the one the server uses with --data")]
    Missing(PathBuf),
    /// The system refused.
    #[error("cannot use the data folder {path}: {source}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DataFolder {
    /// Claims the folder, making it if need be.
    ///
    /// # Errors
    /// When another process has it, or it cannot be made.
    pub fn claim(path: &Path) -> Result<Self, DataFolderError> {
        let io = |source| DataFolderError::Io {
            path: path.to_owned(),
            source,
        };
        make(path).map_err(io)?;
        let mut lock = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path.join("lock"))
            .map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = lock.take(32).read_to_string(&mut pid);
                let pid = pid.trim();
                let holder = if pid.is_empty() {
                    String::new()
                } else {
                    format!(" (process {pid})")
                };
                return Err(DataFolderError::InUse {
                    path: path.to_owned(),
                    holder,
                });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        // Only for the message above: a full disk must not keep anybody from reading his records.
        let _ = lock.set_len(0).and_then(|()| lock.rewind());
        let _ = writeln!(lock, "{}", std::process::id());
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Claims a folder that must be there already.
    ///
    /// # Errors
    /// Also when there is none.
    pub fn claim_existing(path: &Path) -> Result<Self, DataFolderError> {
        if path.is_dir() {
            Self::claim(path)
        } else {
            Err(DataFolderError::Missing(path.to_owned()))
        }
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes a folder that nobody else on the machine may look into, unless it is there already.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
