//! What a database keeps once, under a word.

use indexed_db_futures::database::Database;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::TransactionDurability::Strict;
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};

use super::chunk;
use super::cipher::Cipher;
use super::database::{Fault, META, commit, writing};
use super::write::{self, Change, Key};

/// Who uses the database, as the page keeps it.
pub(super) const ACCOUNT: &str = "account";
/// The decision of which a part is entered, as the page notes it.
pub(super) const DECISION: &str = "decision";

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

/// Takes away what is under a word.
pub(super) async fn remove(database: &Database, word: &str) -> Result<(), Fault> {
    let transaction = writing(database, &[META], Strict)?;
    let store = transaction.object_store(META)?;
    store
        .delete::<JsValue, _>(JsValue::from(word))
        .primitive()?;
    drop(store);
    commit(transaction).await
}

/// The bytes under a word, decrypted.
pub(super) async fn bytes(
    database: &Database,
    cipher: Option<&Cipher>,
    word: &'static str,
) -> Result<Option<Vec<u8>>, Fault> {
    let found = raw(database, word).await?;
    let Some(bytes) = found.and_then(|found| found.dyn_into::<Uint8Array>().ok()) else {
        return Ok(None);
    };
    let mut change = Change::put(META, Key::Word(word), bytes.to_vec());
    if let Some(cipher) = cipher {
        cipher.open(std::slice::from_mut(&mut change)).await?;
    }
    Ok(change.value)
}

/// The text under a word, decrypted.
pub(super) async fn sealed(
    database: &Database,
    cipher: Option<&Cipher>,
    word: &'static str,
) -> Result<Option<String>, Fault> {
    let bytes = bytes(database, cipher, word).await?;
    let bytes = bytes.and_then(|bytes| chunk::unseal(word.as_bytes(), bytes));
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Puts a text under a word, encrypted if there is a cipher.
pub(super) async fn seal(
    database: &Database,
    cipher: Option<&Cipher>,
    word: &'static str,
    text: &str,
) -> Result<(), Fault> {
    let change = sealing(word, text);
    write::apply(database, cipher, &[META], Strict, vec![change]).await
}

/// What puts a text under a word.
pub(super) fn sealing(word: &'static str, text: &str) -> Change {
    let sealed = chunk::seal(word.as_bytes(), text.as_bytes());
    Change::put(META, Key::Word(word), sealed)
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
