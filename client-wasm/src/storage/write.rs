//! Writing to the browser's database.

use indexed_db_futures::database::Database;
use indexed_db_futures::error::Error;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::TransactionDurability::{Relaxed, Strict};
use meltemi_core::sync::storage::{Synced, WriteBatch};
use wasm_bindgen::JsValue;

use super::chunk;
use super::database::{
    CATALOGUE, CHUNKS, CURSOR, Fault, META, STORAGE_ID, SYNCED, commit, writing,
};
use super::read::value;

/// Bytes that one transaction carries; a longer group is split.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Applies all batches or none. When this returns, they are on the disk.
pub(super) async fn batches(
    database: &Database,
    batches: impl Iterator<Item = &WriteBatch>,
) -> Result<(), Fault> {
    let transaction = writing(database, &[CHUNKS, CATALOGUE], Strict)?;
    let requests = || -> Result<(), Error> {
        let chunks = transaction.object_store(CHUNKS)?;
        let catalogue = transaction.object_store(CATALOGUE)?;
        for batch in batches {
            // Removed first: a chunk that is both removed and put stays.
            for key in &batch.remove {
                let name = chunk::name(&batch.document, key);
                chunks.delete::<JsValue, _>(value(&name)).primitive()?;
            }
            for stored in &batch.put {
                let name = chunk::name(&batch.document, &stored.key);
                let sealed = chunk::seal(&name, &stored.bytes);
                chunks
                    .put(value(&sealed))
                    .with_key(value(&name))
                    .primitive()?;
            }
            if let Some(entry) = &batch.entry
                && entry.says_nothing()
            {
                catalogue
                    .delete::<JsValue, _>(value(batch.document.as_bytes()))
                    .primitive()?;
            } else if let Some(entry) = &batch.entry {
                let sealed = chunk::seal_entry(entry);
                catalogue
                    .put(value(&sealed))
                    .with_key(value(batch.document.as_bytes()))
                    .primitive()?;
            }
        }
        Ok(())
    };
    requests()?;
    commit(transaction).await
}

/// Notes what the server has.
pub(super) async fn synced(
    database: &Database,
    notes: impl Iterator<Item = &Synced>,
) -> Result<(), Fault> {
    let transaction = writing(database, &[SYNCED, META], Relaxed)?;
    let requests = || -> Result<(), Error> {
        let store = transaction.object_store(SYNCED)?;
        for synced in notes {
            for (document, heads) in &synced.heads {
                if heads.is_empty() {
                    store
                        .delete::<JsValue, _>(value(document.as_bytes()))
                        .primitive()?;
                    continue;
                }
                let sealed = chunk::seal_heads(document, heads);
                store
                    .put(value(&sealed))
                    .with_key(value(document.as_bytes()))
                    .primitive()?;
            }
            if let Some(cursor) = &synced.cursor {
                let meta = transaction.object_store(META)?;
                let sealed = chunk::seal_cursor(cursor);
                meta.put(value(&sealed)).with_key(CURSOR).primitive()?;
            }
        }
        Ok(())
    };
    requests()?;
    commit(transaction).await
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
