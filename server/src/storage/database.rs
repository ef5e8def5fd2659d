//! One open sled database: batches of parts in, documents out, and a flush that can be trusted.

use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::Duration;

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{CatalogueEntry, Loaded, WriteBatch};

use super::beside::sync_folder;
use super::entry;
use super::flush_mark::FlushMark;
use super::part::{self, Assembly, Batch, CONTENT, Header, Holds, Name};
use super::reading::{Chunks, Entries};
use super::sled::{SledError, database_file};
use crate::limits;

/// An open database.
pub(crate) struct Database {
    db: sled::Db,
    file: File,
    mark: FlushMark,
    /// Number of the newest batch, and of the newest that is on the disk.
    newest: u64,
    flushed: u64,
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
            parts += u32::from(part::count(bytes.len(), CONTENT)?);
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
            for (key, value) in part::cut(name, marks, bytes, CONTENT)? {
                batch.insert(key, value);
            }
        }
        self.db.apply_batch(batch)?;
        self.newest = number;
        Ok(())
    }

    /// Gives no number up to this one to a batch, now and after the next start.
    pub(crate) fn skip_to(&mut self, number: u64) -> Result<(), SledError> {
        self.newest = self.newest.max(number);
        self.apply(&[], &[])
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

    /// As [`Self::flush`], and the mark of the flush too.
    pub(crate) fn close(mut self) -> Result<(), SledError> {
        self.flush()?;
        Ok(self.mark.sync()?)
    }

    /// Something small and whole, by name.
    pub(crate) fn read(&self, name: &Name) -> Result<Option<Vec<u8>>, SledError> {
        let mut assembly = Assembly::default();
        for item in self.db.scan_prefix(name.prefix()) {
            assembly.add(name, &item?.1);
        }
        Ok(assembly.finish())
    }

    /// All chunks of a document.
    pub(crate) fn load(&self, document: &DocumentId) -> Result<Loaded, SledError> {
        let mut chunks = Chunks::default();
        for item in self.db.scan_prefix(Name::document(document)) {
            let (key, value) = item?;
            chunks.add(&key, &value);
        }
        Ok(chunks.finish())
    }

    /// What the catalogue says of a document, if that is whole.
    pub(crate) fn entry(&self, document: &DocumentId) -> Result<Option<CatalogueEntry>, SledError> {
        let bytes = self.read(&Name::entry(*document))?;
        Ok(bytes.and_then(|bytes| entry::decode(*document, &bytes)))
    }

    /// All documents there are.
    pub(crate) fn catalogue(&self) -> Result<Vec<CatalogueEntry>, SledError> {
        let mut entries = Entries::default();
        for item in self.db.scan_prefix([Holds::Entry.space()]) {
            let (key, value) = item?;
            entries.add(&key, &value);
        }
        Ok(entries.finish(self.with_chunks()?))
    }

    /// The documents that have chunks, found by jumping from one to the next.
    fn with_chunks(&self) -> Result<Vec<DocumentId>, SledError> {
        let space = Holds::Snapshot.space();
        let mut documents = Vec::new();
        let mut from = vec![space];
        while let Some((key, _)) = self.db.get_gt(&from)? {
            let Some(name) = Name::from_key(&key).filter(|name| name.holds.space() == space) else {
                break;
            };
            documents.push(name.document);
            from = Name::behind(name.document, Holds::Snapshot);
        }
        Ok(documents)
    }

    /// Applies one batch of the engine. Not yet flushed.
    pub(crate) fn write(&mut self, batch: &WriteBatch) -> Result<(), SledError> {
        let entry = batch.entry.as_ref().map(entry::encode);
        let mut put: Vec<(Name, &[u8])> = Vec::with_capacity(batch.put.len() + 1);
        for chunk in &batch.put {
            put.push((Name::chunk(batch.document, chunk.key), &chunk.bytes));
        }
        if let Some(entry) = &entry {
            put.push((Name::entry(batch.document), entry));
        }
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

fn open_sled(folder: &Path) -> Result<sled::Db, SledError> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(limits::DATABASE_CACHE as u64)
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
