//! Writing to the browser's database.

use indexed_db_futures::database::Database;
use indexed_db_futures::error::Error;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::TransactionDurability::{self, Relaxed, Strict};
use meltemi_core::sync::storage::{Synced, WriteBatch};
use wasm_bindgen::JsValue;

use super::cipher::{self, Cipher, Placed};
use super::database::{
    CATALOGUE, CHUNKS, CURSOR, Fault, META, STORAGE_ID, SYNCED, commit, writing,
};
use super::read::value as bytes;
use super::{chunk, meta};

/// Bytes that one transaction carries; a longer group is split.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Something to be done with one value.
pub(super) struct Change {
    store: &'static str,
    key: Key,
    /// Taken away when there is none.
    pub(super) value: Option<Vec<u8>>,
}

/// Under what a value lies.
pub(super) enum Key {
    /// A document, or a chunk.
    Name(Vec<u8>),
    /// What there is once.
    Word(&'static str),
}

impl Change {
    /// Puts a value.
    pub(super) fn put(store: &'static str, key: Key, value: Vec<u8>) -> Self {
        Self {
            store,
            key,
            value: Some(value),
        }
    }

    fn remove(store: &'static str, name: &[u8]) -> Self {
        Self {
            store,
            key: Key::Name(name.to_vec()),
            value: None,
        }
    }
}

impl Placed for Change {
    fn place(&self) -> Vec<u8> {
        match &self.key {
            Key::Name(name) => cipher::place(self.store, name),
            Key::Word(word) => cipher::place(self.store, word.as_bytes()),
        }
    }

    fn value(&mut self) -> Option<&mut Vec<u8>> {
        self.value.as_mut()
    }
}

/// Makes all changes or none, encrypted if there is a cipher.
pub(super) async fn apply(
    database: &Database,
    cipher: Option<&Cipher>,
    stores: &[&str],
    durability: TransactionDurability,
    mut changes: Vec<Change>,
) -> Result<(), Fault> {
    // Before the transaction, which ends while something else is waited for.
    if let Some(cipher) = cipher {
        cipher.seal(&mut changes).await?;
    }
    let transaction = writing(database, stores, durability)?;
    let requests = || -> Result<(), Error> {
        for Change { store, key, value } in &changes {
            let store = transaction.object_store(store)?;
            let key = match key {
                Key::Name(name) => bytes(name),
                Key::Word(word) => JsValue::from(*word),
            };
            match value {
                Some(value) => store.put(bytes(value)).with_key(key).primitive()?,
                None => {
                    store.delete::<JsValue, _>(key).primitive()?;
                    continue;
                }
            };
        }
        Ok(())
    };
    requests()?;
    commit(transaction).await
}

/// Applies all batches or none, and with them notes a decision that is entered by one. When this
/// returns, they are on the disk.
pub(super) async fn batches(
    database: &Database,
    cipher: Option<&Cipher>,
    batches: impl Iterator<Item = &WriteBatch>,
    decided: Option<&str>,
) -> Result<(), Fault> {
    let mut changes = Vec::new();
    for batch in batches {
        // Removed first: a chunk that is both removed and put stays.
        for key in &batch.remove {
            changes.push(Change::remove(CHUNKS, &chunk::name(&batch.document, key)));
        }
        for stored in &batch.put {
            let name = chunk::name(&batch.document, &stored.key);
            let sealed = chunk::seal(&name, &stored.bytes);
            changes.push(Change::put(CHUNKS, Key::Name(name.to_vec()), sealed));
        }
        let document = batch.document.as_bytes();
        if let Some(entry) = &batch.entry
            && entry.says_nothing()
        {
            changes.push(Change::remove(CATALOGUE, document));
        } else if let Some(entry) = &batch.entry {
            let key = Key::Name(document.to_vec());
            changes.push(Change::put(CATALOGUE, key, chunk::seal_entry(entry)));
        }
    }
    let mut stores = vec![CHUNKS, CATALOGUE];
    if let Some(decided) = decided {
        stores.push(META);
        changes.push(meta::sealing(meta::DECISION, decided));
    }
    apply(database, cipher, &stores, Strict, changes).await
}

/// Notes what the server has.
pub(super) async fn synced(
    database: &Database,
    cipher: Option<&Cipher>,
    notes: impl Iterator<Item = &Synced>,
) -> Result<(), Fault> {
    let mut changes = Vec::new();
    for synced in notes {
        for (document, heads) in &synced.heads {
            if heads.is_empty() {
                changes.push(Change::remove(SYNCED, document.as_bytes()));
                continue;
            }
            let key = Key::Name(document.as_bytes().to_vec());
            changes.push(Change::put(SYNCED, key, chunk::seal_heads(document, heads)));
        }
        if let Some(cursor) = &synced.cursor {
            let sealed = chunk::seal_cursor(cursor);
            changes.push(Change::put(META, Key::Word(CURSOR), sealed));
        }
    }
    apply(database, cipher, &[SYNCED, META], Relaxed, changes).await
}

/// The lasting name of this storage: the one it has, else `fresh` from now on.
pub(super) async fn storage_id(
    database: &Database,
    fresh: Option<&str>,
) -> Result<Option<String>, Fault> {
    let transaction = writing(database, &[META], Strict)?;
    let found = {
        let store = transaction.object_store(META)?;
        let found = store.get::<JsValue, _, _>(STORAGE_ID).primitive()?;
        let found = found.await?.and_then(|id| id.as_string());
        if let (None, Some(fresh)) = (&found, fresh) {
            store.put(fresh).with_key(STORAGE_ID).primitive()?;
        }
        found.or_else(|| fresh.map(str::to_owned))
    };
    commit(transaction).await?;
    Ok(found)
}

/// How many of the first batches go into one transaction: at least one.
pub(super) fn group(batches: &[WriteBatch]) -> usize {
    let mut bytes = 0;
    let full = batches.iter().position(|batch| {
        bytes += batch
            .put
            .iter()
            .map(|chunk| chunk.bytes.len())
            .sum::<usize>();
        bytes > GROUP_BYTES
    });
    full.unwrap_or(batches.len()).max(1)
}
