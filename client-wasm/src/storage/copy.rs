//! Carrying all that one database holds over to another.

use std::rc::Rc;

use indexed_db_futures::KeyRange;
use indexed_db_futures::database::Database;
use indexed_db_futures::error::Error;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::TransactionDurability::Strict;
use wasm_bindgen::JsValue;

use super::database::{self, CATALOGUE, CHUNKS, Fault, META, SYNCED, commit, writing};
use super::{StorageNews, meta};
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
        for store in [CHUNKS, CATALOGUE, SYNCED, META] {
            carry(&nobody, own, store).await?;
        }
        clear(&nobody).await?;
    }
    nobody.close();
    meta::put(own, APART, "yes").await
}

/// Copies one store.
async fn carry(from: &Database, to: &Database, name: &str) -> Result<(), Fault> {
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
        let transaction = writing(to, &[name], Strict)?;
        let requests = || -> Result<(), Error> {
            let store = transaction.object_store(name)?;
            for (key, value) in keys.iter().zip(&values) {
                let put = store.put(value.clone()).with_key(key.clone());
                put.primitive()?;
            }
            Ok(())
        };
        requests()?;
        commit(transaction).await?;
    }
    Ok(())
}

async fn clear(database: &Database) -> Result<(), Fault> {
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
