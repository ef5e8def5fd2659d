//! Carrying all that one database holds over to another.

use std::rc::Rc;

use indexed_db_futures::KeyRange;
use indexed_db_futures::database::Database;
use indexed_db_futures::error::Error;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::TransactionDurability::Strict;
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};

use super::cipher::{self, Cipher, Placed};
use super::database::{self, CATALOGUE, CHUNKS, Fault, META, SYNCED, commit, writing};
use super::{StorageNews, meta, read};
use crate::app::home::NOBODY;
use crate::tabs::lock::{self, Share};

/// In [`META`] of a member's database: what lay in nobody's has been taken over.
const APART: &str = "apart";
/// In [`META`] of nobody's database: who is taking it over.
const OWNER: &str = "owner";

/// Values carried at once.
const PAGE: usize = 64;

/// A member's database takes over what was written on this device before they had one. Can be cut
/// off anywhere and begun again.
pub(super) async fn take_over(own: &Database, name: &str) -> Result<(), Fault> {
    if meta::text(own, APART).await?.is_some() {
        return Ok(());
    }
    // Another tab may be at it.
    let _alone = lock::share(&format!("{name}-begin"), Share::Alone).await;
    if meta::text(own, APART).await?.is_some() {
        return Ok(());
    }
    let quiet: Rc<dyn Fn(StorageNews)> = Rc::new(|_| {});
    let nobody = database::open(NOBODY, &quiet).await?;
    let owner = meta::text(&nobody, OWNER).await?;
    if owner.is_none_or(|owner| owner == name) {
        meta::put(&nobody, OWNER, name).await?;
        all(Side(&nobody, None), Side(own, None)).await?;
        clear(&nobody).await?;
    }
    nobody.close();
    meta::put(own, APART, "yes").await
}

/// A database, and what its values are encrypted with.
#[derive(Clone, Copy)]
pub(super) struct Side<'a>(pub(super) &'a Database, pub(super) Option<&'a Cipher>);

/// Copies everything. What is no bytes is never encrypted.
pub(super) async fn all(from: Side<'_>, to: Side<'_>) -> Result<(), Fault> {
    for store in [CHUNKS, CATALOGUE, SYNCED, META] {
        carry(from, to, store).await?;
    }
    Ok(())
}

/// A value on its way.
struct Carried {
    place: Vec<u8>,
    key: JsValue,
    /// The bytes, or what is copied as it is.
    value: Result<Vec<u8>, JsValue>,
}

impl Placed for Carried {
    fn place(&self) -> Vec<u8> {
        self.place.clone()
    }

    fn value(&mut self) -> Option<&mut Vec<u8>> {
        self.value.as_mut().ok()
    }
}

impl Carried {
    fn new(store: &str, key: &JsValue, value: JsValue) -> Self {
        let name = match key.as_string() {
            Some(word) => word.into_bytes(),
            None => Uint8Array::new(key).to_vec(),
        };
        Self {
            place: cipher::place(store, &name),
            key: key.clone(),
            value: value.dyn_into().map(|bytes: Uint8Array| bytes.to_vec()),
        }
    }
}

/// Copies one store.
async fn carry(from: Side<'_>, to: Side<'_>, name: &str) -> Result<(), Fault> {
    let (Side(from, opened), Side(to, sealed)) = (from, to);
    let keys: Vec<JsValue> = {
        let transaction = from.transaction(name).build()?;
        let store = transaction.object_store(name)?;
        let keys = store.get_all_keys::<JsValue>().primitive()?.await?;
        keys.collect::<Result<_, _>>()?
    };
    for keys in keys.chunks(PAGE) {
        let (Some(first), Some(last)) = (keys.first(), keys.last()) else {
            continue;
        };
        let values: Vec<JsValue> = {
            let transaction = from.transaction(name).build()?;
            let store = transaction.object_store(name)?;
            let range = KeyRange::Bound(first.clone(), false, last.clone(), false);
            let values = store.get_all::<JsValue>().with_query::<JsValue, _>(range);
            values.primitive()?.await?.collect::<Result<_, _>>()?
        };
        let carried = keys.iter().zip(values);
        let carried = carried.map(|(key, value)| Carried::new(name, key, value));
        let mut carried: Vec<Carried> = carried.collect();
        if let Some(cipher) = opened {
            cipher.open(&mut carried).await?;
        }
        if let Some(cipher) = sealed {
            cipher.seal(&mut carried).await?;
        }
        let transaction = writing(to, &[name], Strict)?;
        let requests = || -> Result<(), Error> {
            let store = transaction.object_store(name)?;
            for Carried { key, value, .. } in carried {
                let value = value.map_or_else(|other| other, |bytes| read::value(&bytes));
                store.put(value).with_key(key).primitive()?;
            }
            Ok(())
        };
        requests()?;
        commit(transaction).await?;
    }
    Ok(())
}

/// Takes everything out of a database.
pub(super) async fn clear(database: &Database) -> Result<(), Fault> {
    let stores = [CHUNKS, CATALOGUE, SYNCED, META];
    let transaction = writing(database, &stores, Strict)?;
    let requests = || -> Result<(), Error> {
        for store in stores {
            transaction.object_store(store)?.clear()?;
        }
        Ok(())
    };
    requests()?;
    commit(transaction).await
}
