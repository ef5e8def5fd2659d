//! Reading from the browser's database.

use std::collections::{BTreeMap, BTreeSet};

use indexed_db_futures::KeyRange;
use indexed_db_futures::database::Database;
use indexed_db_futures::error::Error;
use indexed_db_futures::object_store::ObjectStore;
use indexed_db_futures::prelude::*;
use js_sys::Uint8Array;
use meltemi_core::id::DocumentId;
use meltemi_core::order;
use meltemi_core::sync::storage::{CatalogueEntry, ChunkKey, Cursor, Listing, Loaded, StoredChunk};
use wasm_bindgen::JsValue;

use super::chunk;
use super::database::{CATALOGUE, CHUNKS, CURSOR, Fault, META, SYNCED};

/// Values fetched at once, so that a large collection does not fill the memory twice.
const PAGE: u32 = 512;
/// Up to this number of documents, each is looked up by itself; more are read in one sweep.
const LOOKED_UP: usize = 4;

/// All chunks of these documents.
pub(super) async fn documents(
    database: &Database,
    wanted: &BTreeSet<DocumentId>,
) -> Result<BTreeMap<DocumentId, Loaded>, Fault> {
    let transaction = database.transaction(CHUNKS).build()?;
    let store = transaction.object_store(CHUNKS)?;
    let mut found = order::map(wanted.iter().map(|id| (*id, Loaded::default())));
    let mut keep = |name: Vec<u8>, value: Vec<u8>| {
        let Some((document, key)) = chunk::read_name(&name) else {
            return;
        };
        let Some(loaded) = found.get_mut(&document) else {
            return;
        };
        match chunk::unseal(&name, value) {
            Some(bytes) => loaded.chunks.push(StoredChunk { key, bytes }),
            None => loaded.damaged.push(key),
        }
    };
    if wanted.len() <= LOOKED_UP {
        for document in wanted {
            let (before, after) = chunk::bounds(document);
            sweep(&store, &before, &after, &mut keep).await?;
        }
    } else if let (Some(first), Some(last)) = (wanted.first(), wanted.last()) {
        sweep(
            &store,
            &chunk::bounds(first).0,
            &chunk::bounds(last).1,
            &mut keep,
        )
        .await?;
    }
    Ok(found)
}

/// Hands on all values whose keys lie between two, in order.
async fn sweep(
    store: &ObjectStore<'_>,
    before: &[u8],
    after: &[u8],
    keep: &mut impl FnMut(Vec<u8>, Vec<u8>),
) -> Result<(), Fault> {
    let mut from = before.to_vec();
    loop {
        let range = || KeyRange::Bound(value(&from), true, value(after), true);
        let names = store
            .get_all_keys::<JsValue>()
            .with_query::<JsValue, _>(range())
            .with_limit(PAGE)
            .primitive()?;
        let values = store
            .get_all::<JsValue>()
            .with_query::<JsValue, _>(range())
            .with_limit(PAGE)
            .primitive()?;
        let names: Vec<Vec<u8>> = names.await?.map(bytes).collect::<Result<_, _>>()?;
        for (name, value) in names.iter().zip(values.await?) {
            keep(name.clone(), bytes(value)?);
        }
        match names.into_iter().nth(PAGE as usize - 1) {
            Some(last) => from = last,
            None => return Ok(()),
        }
    }
}

/// All catalogue entries, with what the server has.
pub(super) async fn catalogue(database: &Database) -> Result<Listing, Fault> {
    let mut synced = synced(database).await?;
    let transaction = database.transaction(CATALOGUE).build()?;
    let store = transaction.object_store(CATALOGUE)?;
    let names = store.get_all_keys::<JsValue>().primitive()?;
    let values = store.get_all::<JsValue>().primitive()?;
    let names: Vec<_> = names.await?.collect::<Result<Vec<_>, _>>()?;
    let mut entries = Vec::new();
    for (name, value) in names.into_iter().zip(values.await?) {
        let Some(document) = document(name) else {
            continue;
        };
        let mut entry = chunk::unseal_entry(document, bytes(value)?);
        entry.synced = synced.remove(&document).unwrap_or_default();
        entries.push(entry);
    }
    // What the server has and this device does not.
    entries.extend(synced.into_iter().map(|(document, synced)| CatalogueEntry {
        synced,
        ..CatalogueEntry::unknown(document)
    }));
    let cursor = cursor(database).await?;
    Ok(Listing { entries, cursor })
}

/// How far the server's catalogue is known.
async fn cursor(database: &Database) -> Result<Option<Cursor>, Fault> {
    let transaction = database.transaction(META).build()?;
    let store = transaction.object_store(META)?;
    let found = store.get::<JsValue, _, _>(CURSOR).primitive()?.await?;
    Ok(found
        .map(|found| bytes(Ok(found)))
        .transpose()?
        .and_then(chunk::unseal_cursor))
}

/// What the server has of each document.
pub(super) async fn synced(
    database: &Database,
) -> Result<BTreeMap<DocumentId, Vec<[u8; 32]>>, Fault> {
    let transaction = database.transaction(SYNCED).build()?;
    let store = transaction.object_store(SYNCED)?;
    let names = store.get_all_keys::<JsValue>().primitive()?;
    let values = store.get_all::<JsValue>().primitive()?;
    let names: Vec<_> = names.await?.collect::<Result<Vec<_>, _>>()?;
    let mut synced = BTreeMap::new();
    for (name, value) in names.into_iter().zip(values.await?) {
        let Some(document) = document(name) else {
            continue;
        };
        synced.insert(document, chunk::unseal_heads(&document, bytes(value)?));
    }
    Ok(synced)
}

/// The names of all chunks.
pub(super) async fn names(database: &Database) -> Result<Vec<(DocumentId, ChunkKey)>, Fault> {
    let transaction = database.transaction(CHUNKS).build()?;
    let store = transaction.object_store(CHUNKS)?;
    let names = store.get_all_keys::<JsValue>().primitive()?.await?;
    let names: Vec<Vec<u8>> = names.map(bytes).collect::<Result<_, _>>()?;
    Ok(names
        .iter()
        .filter_map(|name| chunk::read_name(name))
        .collect())
}

/// Bytes as the database takes them, for keys and for values.
pub(super) fn value(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// Bytes as the database gives them: keys as buffers, values as arrays. What is neither is nothing
/// of ours, and no bytes.
fn bytes(value: Result<JsValue, Error>) -> Result<Vec<u8>, Fault> {
    Ok(Uint8Array::new(&value?).to_vec())
}

fn document(name: JsValue) -> Option<DocumentId> {
    Uint8Array::new(&name)
        .to_vec()
        .try_into()
        .ok()
        .map(DocumentId::from_bytes)
}
