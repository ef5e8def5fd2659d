//! One open redb database: groups of batches in, documents out.
//!
//! Things are cut into the same parts as in sled, only larger ones: so a damaged part is seen, and
//! what is whole can be found in a file that no longer opens.

use std::ops::Bound;

use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::{CatalogueEntry, Loaded, WriteBatch};
use redb::{Durability, ReadOnlyTable, ReadableDatabase, Table, TableDefinition, TableError};

use super::RedbError;
use crate::storage::entry;
use crate::storage::part::{self, Assembly, Batch, Holds, Name, TooLong};
use crate::storage::reading::{Chunks, Entries};

/// The one table, with the keys of [`Name::key`].
const PARTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("parts");

/// Bytes of content in one part: with description and key they fit in a page of 64 KiB. Nearly
/// everything is shorter and stays in one piece.
const CONTENT: usize = 60 * 1024;

/// An open database.
pub(super) struct Database {
    db: redb::Database,
    /// Number of the newest batch.
    newest: u64,
}

/// What one transaction changes.
struct Changes<'a> {
    table: Table<'a, &'static [u8], &'static [u8]>,
    newest: u64,
    flushed: u64,
}

impl Database {
    /// Takes up a database as it is, or gives an empty one its table.
    pub(super) fn new(db: redb::Database) -> Result<Self, RedbError> {
        let mut database = Self { db, newest: 0 };
        match database.db.begin_read()?.open_table(PARTS) {
            Ok(_) => {
                let number = database.read(&Name::newest_note())?;
                let number = number.and_then(|bytes| bytes.try_into().ok());
                let damaged = RedbError::Damaged("the number of the newest write");
                database.newest = u64::from_be_bytes(number.ok_or(damaged)?);
            }
            Err(TableError::TableDoesNotExist(_)) => database.skip_to(0)?,
            Err(error) => return Err(error.into()),
        }
        Ok(database)
    }

    /// Number of the newest batch.
    pub(super) const fn newest(&self) -> u64 {
        self.newest
    }

    /// Makes all changes of `work` in one transaction, or none.
    fn change<T>(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut Changes<'_>) -> Result<T, RedbError>,
    ) -> Result<T, RedbError> {
        let mut transaction = self.db.begin_write()?;
        transaction.set_durability(durability)?;
        // The state that is opened after a crash is then the last one committed, always: without
        // it redb would go back by one transaction when a page of the last one is damaged.
        transaction.set_quick_repair(true);
        let mut changes = Changes {
            table: transaction.open_table(PARTS)?,
            newest: self.newest,
            flushed: self.newest,
        };
        let done = work(&mut changes)?;
        changes.note_newest()?;
        let newest = changes.newest;
        drop(changes);
        transaction.commit()?;
        self.newest = newest;
        Ok(done)
    }

    /// Applies batches of the engine, each as a whole, and puts them on the disk. A batch that is
    /// too long is left out; after any other failure nothing has changed.
    pub(super) fn write(
        &mut self,
        batches: &[WriteBatch],
    ) -> Result<Vec<Result<(), TooLong>>, RedbError> {
        self.change(Durability::Immediate, |changes| {
            let mut results = Vec::with_capacity(batches.len());
            for batch in batches {
                match changes.write(batch) {
                    Err(RedbError::TooLong(error)) => results.push(Err(error)),
                    other => results.push(other.map(Ok)?),
                }
            }
            Ok(results)
        })
    }

    /// Puts single things on the disk, and marks others as damaged.
    pub(super) fn restore(
        &mut self,
        names: impl Iterator<Item = Name>,
        bytes: impl Fn(&Name) -> std::io::Result<Option<Vec<u8>>>,
        damaged: impl Iterator<Item = Name>,
    ) -> Result<(), RedbError> {
        self.change(Durability::Immediate, |changes| {
            for name in names {
                if let Some(bytes) = bytes(&name)? {
                    changes.apply(&[(name, &bytes)], &[])?;
                }
            }
            for name in damaged {
                let key = name.key(0);
                changes.table.insert(key.as_slice(), &b"damaged"[..])?;
            }
            Ok(())
        })
    }

    /// Gives no number up to this one to a batch, now and after the next start.
    pub(super) fn skip_to(&mut self, number: u64) -> Result<(), RedbError> {
        self.change(Durability::Immediate, |changes| {
            changes.newest = changes.newest.max(number);
            Ok(())
        })
    }

    /// Writes something small under a name; on the disk at once only if it must be.
    pub(super) fn put(
        &mut self,
        name: Name,
        bytes: &[u8],
        durability: Durability,
    ) -> Result<(), RedbError> {
        self.change(durability, |changes| changes.apply(&[(name, bytes)], &[]))
    }

    fn table(&self) -> Result<ReadOnlyTable<&'static [u8], &'static [u8]>, RedbError> {
        Ok(self.db.begin_read()?.open_table(PARTS)?)
    }

    /// Something small and whole, by name.
    pub(super) fn read(&self, name: &Name) -> Result<Option<Vec<u8>>, RedbError> {
        read(&self.table()?, name)
    }

    /// All chunks of a document.
    pub(super) fn load(&self, document: &DocumentId) -> Result<Loaded, RedbError> {
        let table = self.table()?;
        let first = Name::document(document);
        let behind = Name::behind(*document, Holds::Snapshot);
        let mut chunks = Chunks::default();
        for item in table.range(first.as_slice()..=behind.as_slice())? {
            let (key, value) = item?;
            chunks.add(key.value(), value.value());
        }
        Ok(chunks.finish())
    }

    /// What the catalogue says of a document, if that is whole.
    pub(super) fn entry(&self, document: &DocumentId) -> Result<Option<CatalogueEntry>, RedbError> {
        entry(&self.table()?, document)
    }

    /// All documents there are.
    pub(super) fn catalogue(&self) -> Result<Vec<CatalogueEntry>, RedbError> {
        let table = self.table()?;
        let mut entries = Entries::default();
        let (first, behind) = ([Holds::Entry.space()], [Holds::Entry.space() + 1]);
        for item in table.range(first.as_slice()..behind.as_slice())? {
            let (key, value) = item?;
            entries.add(key.value(), value.value());
        }
        Ok(entries.finish(with_chunks(&table)?))
    }
}

type Parts = ReadOnlyTable<&'static [u8], &'static [u8]>;

fn read(table: &Parts, name: &Name) -> Result<Option<Vec<u8>>, RedbError> {
    let (first, last) = (name.key(0), name.key(u16::MAX));
    let mut assembly = Assembly::default();
    for item in table.range(first.as_slice()..=last.as_slice())? {
        assembly.add(name, item?.1.value());
    }
    Ok(assembly.finish())
}

fn entry(table: &Parts, document: &DocumentId) -> Result<Option<CatalogueEntry>, RedbError> {
    let bytes = read(table, &Name::entry(*document))?;
    Ok(bytes.and_then(|bytes| entry::decode(*document, &bytes)))
}

/// The documents that have chunks, found by jumping from one to the next.
fn with_chunks(table: &Parts) -> Result<Vec<DocumentId>, RedbError> {
    let space = Holds::Snapshot.space();
    let mut documents = Vec::new();
    let mut from = vec![space];
    loop {
        let behind = (Bound::Excluded(from.as_slice()), Bound::Unbounded);
        let next = table.range::<&[u8]>(behind)?.next().transpose()?;
        let name = next.and_then(|(key, _)| Name::from_key(key.value()));
        let Some(name) = name.filter(|name| name.holds.space() == space) else {
            return Ok(documents);
        };
        documents.push(name.document);
        from = Name::behind(name.document, Holds::Snapshot);
    }
}

impl Changes<'_> {
    fn write(&mut self, batch: &WriteBatch) -> Result<(), RedbError> {
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

    /// Applies one batch under a number of its own. One that is too long changes nothing.
    fn apply(&mut self, put: &[(Name, &[u8])], remove: &[Name]) -> Result<(), RedbError> {
        let mut parts = 0;
        for (_, bytes) in put {
            parts += u32::from(part::count(bytes.len(), CONTENT)?);
        }
        let marks = Batch {
            number: self.newest + 1,
            flushed: self.flushed,
            parts,
        };
        let mut cut = Vec::with_capacity(put.len());
        for (name, bytes) in put {
            cut.extend(part::cut(*name, marks, bytes, CONTENT)?);
        }
        for name in remove.iter().chain(put.iter().map(|(name, _)| name)) {
            self.remove(name)?;
        }
        for (key, value) in cut {
            self.table.insert(key.as_slice(), value.as_slice())?;
        }
        self.newest = marks.number;
        Ok(())
    }

    fn remove(&mut self, name: &Name) -> Result<(), RedbError> {
        let (first, last) = (name.key(0), name.key(u16::MAX));
        let all = first.as_slice()..=last.as_slice();
        Ok(self.table.retain_in(all, |_, _| false)?)
    }

    fn note_newest(&mut self) -> Result<(), RedbError> {
        let name = Name::newest_note();
        let marks = Batch {
            number: self.newest,
            flushed: self.flushed,
            parts: 1,
        };
        let number = self.newest.to_be_bytes();
        for (key, value) in part::cut(name, marks, &number, CONTENT)? {
            self.table.insert(key.as_slice(), value.as_slice())?;
        }
        Ok(())
    }
}
