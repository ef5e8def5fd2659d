//! What a database keeps once, under a word.

use indexed_db_futures::database::Database;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::TransactionDurability::Strict;
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};

use super::chunk;
use super::database::{Fault, META, commit, writing};
use super::read::value;

/// Who uses the database, as the page keeps it.
const ACCOUNT: &str = "account";

/// The text under a word.
pub(super) async fn text(database: &Database, word: &str) -> Result<Option<String>, Fault> {
    Ok(raw(database, word)
        .await?
        .and_then(|value| value.as_string()))
}

/// Puts a text under a word. When this returns, it is on the disk.
pub(super) async fn put(database: &Database, word: &str, text: &str) -> Result<(), Fault> {
    put_raw(database, word, text.into()).await
}

/// Who uses the database.
pub(super) async fn account(database: &Database) -> Result<Option<String>, Fault> {
    let found = raw(database, ACCOUNT).await?;
    let bytes = found.and_then(|found| Some(found.dyn_into::<Uint8Array>().ok()?.to_vec()));
    let bytes = bytes.and_then(|bytes| chunk::unseal(ACCOUNT.as_bytes(), bytes));
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Keeps who uses the database.
pub(super) async fn keep_account(database: &Database, account: &str) -> Result<(), Fault> {
    let sealed = chunk::seal(ACCOUNT.as_bytes(), account.as_bytes());
    put_raw(database, ACCOUNT, value(&sealed)).await
}

async fn raw(database: &Database, word: &str) -> Result<Option<JsValue>, Fault> {
    let transaction = database.transaction(META).build()?;
    let store = transaction.object_store(META)?;
    Ok(store.get::<JsValue, _, _>(word).primitive()?.await?)
}

async fn put_raw(database: &Database, word: &str, value: JsValue) -> Result<(), Fault> {
    let transaction = writing(database, &[META], Strict)?;
    let store = transaction.object_store(META)?;
    store.put(value).with_key(word).primitive()?;
    drop(store);
    commit(transaction).await
}
