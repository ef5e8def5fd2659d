//! PINs that are tried: how often, and the key that is made from one.

use indexed_db_futures::database::Database;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::TransactionDurability::Strict;
use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{LockFault, find, lock_of, see};
use crate::app::lock::{Attempts, Cost, Lock};
use crate::storage::cipher::{Cipher, PinKey};
use crate::storage::database::{Fault, META, commit, writing};
use crate::storage::meta;
use crate::{clock, scope};

/// In [`META`]: the [`Attempts`].
pub(super) const ATTEMPTS: &str = "attempts";

/// What came of a PIN.
pub(crate) enum Tried {
    /// It is the right one; the key, or none when there is no lock any more.
    Right(Option<Cipher>),
    /// It is not, or it was too early for another one.
    Wrong(Attempts),
}

/// Counts an attempt and makes the key of a PIN, or says why not.
pub(super) async fn try_pin(
    name: &str,
    pin: &str,
) -> Result<Result<(Lock, PinKey), Tried>, LockFault> {
    let Some(vault) = find(name).await? else {
        return Ok(Err(Tried::Right(None)));
    };
    let counted = async {
        let Some(lock) = lock_of(&vault).await? else {
            return Ok::<_, Fault>(Err(Tried::Right(None)));
        };
        let now = clock::now();
        // In one transaction, so that two tabs do not count as one.
        let transaction = writing(&vault, &[META], Strict)?;
        let before = {
            let store = transaction.object_store(META)?;
            let found = store.get::<JsValue, _, _>(ATTEMPTS).primitive()?.await?;
            let before = found.map_or_else(Attempts::default, |found| {
                Attempts::read(&found.as_string().unwrap_or_default(), now)
            });
            if before.wait(now).is_none() {
                let after = before.begun(now).write();
                store.put(after).with_key(ATTEMPTS).primitive()?;
            }
            before
        };
        commit(transaction).await?;
        Ok(match before.wait(now) {
            Some(_) => Err(Tried::Wrong(before)),
            None => Ok((lock, before, before.begun(now))),
        })
    };
    let counted = counted.await;
    vault.close();
    match counted? {
        Ok((lock, before, after)) => {
            let key = pin_key(pin, &lock.salt, lock.cost).await;
            if key.is_err() {
                // Nothing was tried.
                take_back(name, before, after).await?;
            }
            Ok(Ok((lock, key?)))
        }
        Err(tried) => Ok(Err(tried)),
    }
}

/// The answer to an attempt; a right one takes the count of wrong ones away.
pub(super) async fn done(name: &str, right: Option<Tried>) -> Result<Tried, LockFault> {
    if let Some(right) = right {
        forgive(name).await?;
        return Ok(right);
    }
    let seen = see(name).await?;
    Ok(Tried::Wrong(
        seen.map_or_else(Attempts::default, |seen| seen.attempts),
    ))
}

/// The count is again as it was before an attempt, unless there was another one meanwhile.
async fn take_back(name: &str, before: Attempts, after: Attempts) -> Result<(), LockFault> {
    let Some(vault) = find(name).await? else {
        return Ok(());
    };
    let taken = async {
        let transaction = writing(&vault, &[META], Strict)?;
        {
            let store = transaction.object_store(META)?;
            let found = store.get::<JsValue, _, _>(ATTEMPTS).primitive()?.await?;
            if found.and_then(|found| found.as_string()) == Some(after.write()) {
                store.put(before.write()).with_key(ATTEMPTS).primitive()?;
            }
        }
        commit(transaction).await
    };
    let taken = taken.await;
    vault.close();
    Ok(taken?)
}

async fn forgive(name: &str) -> Result<(), LockFault> {
    if let Some(vault) = find(name).await? {
        let forgiven = meta::remove(&vault, ATTEMPTS).await;
        vault.close();
        forgiven?;
    }
    Ok(())
}

/// How often a wrong PIN was given.
pub(super) async fn attempts(vault: &Database) -> Result<Attempts, Fault> {
    let found = meta::text(vault, ATTEMPTS).await?;
    Ok(found.map_or_else(Attempts::default, |found| {
        Attempts::read(&found, clock::now())
    }))
}

/// Makes a key from a PIN, by a program of its own.
pub(super) async fn pin_key(pin: &str, salt: &[u8], cost: Cost) -> Result<PinKey, LockFault> {
    let program = |error: JsValue| LockFault::Program(format!("{error:?}"));
    let worker = scope::worker();
    let derive: Function = Reflect::get(&worker, &"deriveKey".into())
        .and_then(|derive| derive.dyn_into())
        .map_err(program)?;
    let given = Array::of4(
        &Uint8Array::from(pin.as_bytes()).into(),
        &Uint8Array::from(salt).into(),
        &cost.memory.into(),
        &cost.passes.into(),
    );
    let promise: Promise = Reflect::apply(&derive, &worker, &given)
        .and_then(|promise| promise.dyn_into())
        .map_err(program)?;
    let bytes = JsFuture::from(promise).await.map_err(program)?;
    let bytes: Uint8Array = bytes.dyn_into().map_err(program)?;
    let key = PinKey::import(&bytes).await;
    bytes.fill(0, 0, bytes.length());
    Ok(key?)
}
