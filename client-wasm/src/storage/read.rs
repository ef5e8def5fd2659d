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

use super::cipher::{self, Cipher, Placed};
use super::database::{CATALOGUE, CHUNKS, CURSOR, Fault, SYNCED};
use super::{chunk, meta};

/// Values fetched at once, so that a large collection does not fill the memory twice.
const PAGE: u32 = 512;
/// Up to this number of documents, each is looked up by itself; more are read in one sweep.
const LOOKED_UP: usize = 4;

/// All chunks of these documents.
pub(super) async fn documents(
    database: &Database,
    cipher: Option<&Cipher>,
    wanted: &BTreeSet<DocumentId>,
) -> Result<BTreeMap<DocumentId, Loaded>, Fault> {
    let mut values = Vec::new();
    {
        let transaction = database.transaction(CHUNKS).build()?;
        let store = transaction.object_store(CHUNKS)?;
        let mut keep = |name: Vec<u8>, value: Vec<u8>| {
            let document = chunk::read_name(&name).map(|(document, _)| document);
            if document.is_some_and(|document| wanted.contains(&document)) {
                values.push(Named {
                    store: CHUNKS,
                    name,
                    value,
                });
            }
        };
        all_of(&store, wanted, &mut keep).await?;
    }
    // A transaction ends while something else is waited for, so this comes after it.
    open(cipher, &mut values).await?;
    let mut found = order::map(wanted.iter().map(|id| (*id, Loaded::default())));
    for Named { name, value, .. } in values {
        let Some((document, key)) = chunk::read_name(&name) else {
            continue;
        };
        let Some(loaded) = found.get_mut(&document) else {
            continue;
        };
        match chunk::unseal(&name, value) {
            Some(bytes) => loaded.chunks.push(StoredChunk { key, bytes }),
            None => loaded.damaged.push(key),
        }
    }
    Ok(found)
}

/// A value as it lies in a store.
struct Named {
    store: &'static str,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Placed for Named {
    fn place(&self) -> Vec<u8> {
        cipher::place(self.store, &self.name)
    }

    fn value(&mut self) -> Option<&mut Vec<u8>> {
        Some(&mut self.value)
    }
}

async fn open(cipher: Option<&Cipher>, values: &mut [Named]) -> Result<(), Fault> {
    match cipher {
        Some(cipher) => cipher.open(values).await,
        None => Ok(()),
    }
}

/// Hands on all values of these documents, and of others that lie between them.
async fn all_of(
    store: &ObjectStore<'_>,
    wanted: &BTreeSet<DocumentId>,
    keep: &mut impl FnMut(Vec<u8>, Vec<u8>),
) -> Result<(), Fault> {
    if wanted.len() <= LOOKED_UP {
        for document in wanted {
            let (before, after) = chunk::bounds(document);
            sweep(store, &before, &after, keep).await?;
        }
    } else if let (Some(first), Some(last)) = (wanted.first(), wanted.last()) {
        let (before, after) = (chunk::bounds(first).0, chunk::bounds(last).1);
        sweep(store, &before, &after, keep).await?;
    }
    Ok(())
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
pub(super) async fn catalogue(
    database: &Database,
    cipher: Option<&Cipher>,
) -> Result<Listing, Fault> {
    let mut synced = synced(database, cipher).await?;
    let mut entries = Vec::new();
    for (document, value) in by_document(database, cipher, CATALOGUE).await? {
        let mut entry = chunk::unseal_entry(document, value);
        entry.synced = synced.remove(&document).unwrap_or_default();
        entries.push(entry);
    }
    // What the server has and this device does not.
    entries.extend(synced.into_iter().map(|(document, synced)| CatalogueEntry {
        synced,
        ..CatalogueEntry::unknown(document)
    }));
    let cursor = cursor(database, cipher).await?;
    Ok(Listing { entries, cursor })
}

/// How far the server's catalogue is known.
async fn cursor(database: &Database, cipher: Option<&Cipher>) -> Result<Option<Cursor>, Fault> {
    let found = meta::bytes(database, cipher, CURSOR).await?;
    Ok(found.and_then(chunk::unseal_cursor))
}

/// What the server has of each document.
pub(super) async fn synced(
    database: &Database,
    cipher: Option<&Cipher>,
) -> Result<BTreeMap<DocumentId, Vec<[u8; 32]>>, Fault> {
    let found = by_document(database, cipher, SYNCED).await?.into_iter();
    let heads = |(document, value)| (document, chunk::unseal_heads(&document, value));
    Ok(order::map(found.map(heads)))
}

/// All values of a store whose keys are documents.
async fn by_document(
    database: &Database,
    cipher: Option<&Cipher>,
    store: &'static str,
) -> Result<Vec<(DocumentId, Vec<u8>)>, Fault> {
    let mut found = Vec::new();
    {
        let transaction = database.transaction(store).build()?;
        let all = transaction.object_store(store)?;
        let names = all.get_all_keys::<JsValue>().primitive()?;
        let values = all.get_all::<JsValue>().primitive()?;
        let names: Vec<_> = names.await?.collect::<Result<Vec<_>, _>>()?;
        for (name, value) in names.into_iter().zip(values.await?) {
            found.push(Named {
                store,
                name: bytes(Ok(name))?,
                value: bytes(value)?,
            });
        }
    }
    open(cipher, &mut found).await?;
    let read = |named: Named| {
        let document: [u8; 16] = named.name.try_into().ok()?;
        Some((DocumentId::from_bytes(document), named.value))
    };
    Ok(found.into_iter().filter_map(read).collect())
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
