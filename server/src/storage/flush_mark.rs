//! Remembers beside the database which batch was the newest on the disk.
//!
//! Batches say of those before them that they were on the disk. Of the last group this file says
//! it, so that damage in it is told from a write that was cut off.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

/// The mark of one database.
#[derive(Debug)]
pub(crate) struct FlushMark(File);

impl FlushMark {
    /// Opens the mark of the database in `folder`.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path(folder))?;
        Ok(Self(file))
    }

    /// Notes that everything up to this batch is on the disk.
    ///
    /// Not synced: it survives the end of the process, and after a loss of power an older mark
    /// does no harm.
    pub(crate) fn write(&mut self, number: u64) {
        let mut bytes = number.to_be_bytes().to_vec();
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
        let written = self.0.rewind().and_then(|()| self.0.write_all(&bytes));
        if let Err(error) = written {
            tracing::debug!(%error, "the flush mark was not written");
        }
    }

    /// Puts the mark itself on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// The newest batch that is known to have been on the disk; 0 when nothing is known.
pub(crate) fn read(folder: &Path) -> u64 {
    let bytes = fs::read(path(folder)).unwrap_or_default();
    let Some((number, checksum)) = bytes.split_first_chunk::<8>() else {
        return 0;
    };
    if checksum == crc32fast::hash(number).to_be_bytes() {
        u64::from_be_bytes(*number)
    } else {
        0
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.with_extension("flushed")
}
