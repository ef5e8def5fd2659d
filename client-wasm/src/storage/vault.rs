//! The encrypted database of somebody who has a PIN, beside the open one of theirs.
//!
//! Each of the two is wholly encrypted or not at all. Turning the lock on fills the encrypted one
//! and removes the open one, turning it off does the opposite; whichever is being filled, the
//! other one holds the records until that is done. So both can be cut off anywhere and go on at
//! the next start, with the PIN.

mod attempts;

use std::rc::Rc;

use indexed_db_futures::database::Database;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::TransactionDurability::Strict;
use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

pub(crate) use self::attempts::Tried;
use self::attempts::{ATTEMPTS, attempts, done, pin_key, try_pin};
use super::cipher::Cipher;
use super::copy::{self, Side};
use super::database::{self, CATALOGUE, CHUNKS, Fault, META, SYNCED, commit, writing};
use super::meta;
use crate::app::home;
use crate::app::lock::{Attempts, COST, Lock, State};
use crate::app::protocol::Failure;
use crate::scope;
use crate::tabs::lock::{self, Share};

/// In [`META`]: the [`Lock`].
const LOCK: &str = "lock";
/// In [`META`]: in how many records edits are not on the server yet.
const UNSENT: &str = "unsent";

/// What is known of a locked database before it is opened.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) state: State,
    /// The key of the records, encrypted.
    pub(crate) wrapped: Vec<u8>,
    pub(crate) attempts: Attempts,
    pub(crate) unsent: u64,
}

/// Why something could not be done with a lock.
#[derive(Debug)]
pub(crate) enum LockFault {
    /// The program that makes keys could not be loaded.
    Program(String),
    /// The database.
    Storage(Fault),
}

impl From<Fault> for LockFault {
    fn from(fault: Fault) -> Self {
        Self::Storage(fault)
    }
}

impl From<LockFault> for Failure {
    fn from(fault: LockFault) -> Self {
        let (code, message) = match fault {
            LockFault::Program(why) => ("lock-program", why),
            LockFault::Storage(fault) => ("storage-failed", format!("{fault:?}")),
        };
        Self {
            code: code.to_owned(),
            message,
        }
    }
}

/// Whether the database has an encrypted one beside it that was begun, and how far it is.
pub(crate) async fn see(name: &str) -> Result<Option<Seen>, LockFault> {
    let Some(vault) = find(name).await? else {
        return Ok(None);
    };
    let seen = async {
        let Some(lock) = lock_of(&vault).await? else {
            return Ok::<_, Fault>(None);
        };
        let unsent = meta::text(&vault, UNSENT).await?;
        Ok(Some(Seen {
            state: lock.state,
            wrapped: lock.wrapped,
            attempts: attempts(&vault).await?,
            unsent: unsent.and_then(|unsent| unsent.parse().ok()).unwrap_or(0),
        }))
    };
    let seen = seen.await;
    vault.close();
    Ok(seen?)
}

/// Begins to turn the lock on. The rest is done at the next start, which asks for the PIN. In
/// `unsent` records edits are not on the server yet. A lock that is there already stays as it is.
pub(crate) async fn begin(name: &str, pin: &str, unsent: u64) -> Result<(), LockFault> {
    if see(name).await?.is_some() {
        return Ok(());
    }
    let mut salt = vec![0; 16];
    salt.copy_from_slice(&scope::random().map_err(other)?[..16]);
    let key = pin_key(pin, &salt, COST).await?;
    // Made before the encrypted one: see `sweep_name`.
    let sweep = database::open(&sweep_name(name), &quiet()).await?;
    meta::put(&sweep, "sweep", "yes").await?;
    sweep.close();
    let vault = database::open(&home::locked(name), &quiet()).await?;
    let lock = Lock {
        state: State::Filling,
        cost: COST,
        salt,
        wrapped: key.make().await?,
    };
    let begun = put_first(&vault, &lock, unsent).await;
    vault.close();
    Ok(begun?)
}

/// Puts a lock into an encrypted database and nothing beside it. Looked at and done in one
/// transaction: with a second lock over the first one, nobody would have the key of the records.
async fn put_first(vault: &Database, lock: &Lock, unsent: u64) -> Result<(), Fault> {
    let stores = [CHUNKS, CATALOGUE, SYNCED, META];
    let transaction = writing(vault, &stores, Strict)?;
    {
        let store = transaction.object_store(META)?;
        let found = store.get::<JsValue, _, _>(LOCK).primitive()?.await?;
        let found = found.and_then(|found| found.as_string());
        if found.as_deref().and_then(Lock::read).is_none() {
            // What was left from a time before would be kept beside it.
            for name in stores {
                transaction.object_store(name)?.clear()?;
            }
            let unsent = unsent.to_string();
            store.put(unsent).with_key(UNSENT).primitive()?;
            store.put(lock.write()).with_key(LOCK).primitive()?;
        }
    }
    commit(transaction).await
}

/// Begins to turn the lock off. The rest is done at the next start, which asks for the PIN.
pub(crate) async fn end(name: &str) -> Result<(), LockFault> {
    let end = |lock: &mut Lock| {
        let on = lock.state == State::On;
        if on {
            lock.state = State::Emptying;
        }
        on
    };
    change(name, end).await.map(drop)
}

/// Gives up turning the lock on. As long as the encrypted database is being filled, the open one
/// has everything, so nobody needs the PIN for that.
pub(crate) async fn give_up(name: &str) -> Result<(), LockFault> {
    // Nobody fills it meanwhile.
    let _here = lock::share(name, Share::Together).await;
    match see(name).await? {
        Some(seen) if seen.state == State::Filling => drop_begun(name).await,
        _ => Ok(()),
    }
}

/// Tries a PIN, unless it is too early for that.
pub(crate) async fn attempt(name: &str, pin: &str) -> Result<Tried, LockFault> {
    let key = match try_pin(name, pin).await? {
        Ok((lock, key)) => key.unwrap(&lock.wrapped).await?,
        Err(tried) => return Ok(tried),
    };
    done(name, key.map(|key| Tried::Right(Some(key)))).await
}

/// Gives the lock another PIN. The records stay as they are: only their key is encrypted anew.
pub(crate) async fn rewrap(name: &str, pin: &str, new: &str) -> Result<Tried, LockFault> {
    let mut salt = vec![0; 16];
    salt.copy_from_slice(&scope::random().map_err(other)?[..16]);
    // First, so that a program that fails counts as no wrong PIN.
    let new = pin_key(new, &salt, COST).await?;
    let (lock, key) = match try_pin(name, pin).await? {
        Ok(found) => found,
        Err(tried) => return Ok(tried),
    };
    let wrapped = key.rewrap(&lock.wrapped, &new).await?;
    if let Some(wrapped) = &wrapped {
        change(name, move |lock| {
            lock.cost = COST;
            lock.salt.clone_from(&salt);
            lock.wrapped.clone_from(wrapped);
            true
        })
        .await?;
    }
    done(name, wrapped.map(|_| Tried::Right(None))).await
}

/// Notes in how many records edits are not on the server yet, for whoever forgets the PIN.
pub(crate) async fn note_unsent(vault: &Database, records: u64) -> Result<(), Fault> {
    meta::put(vault, UNSENT, &records.to_string()).await
}

/// Goes on with turning the lock on or off. When it cannot be turned on, it is off. Nothing is done
/// with the key of another lock, such as one that another tab has made since the PIN was given.
pub(crate) async fn settle(name: &str, key: &Cipher) -> Result<(), LockFault> {
    let here = lock::share(name, Share::Together).await;
    if state(name, key).await? == Some(State::On) {
        // It may have been cut off just before its end.
        for left in [name.to_owned(), sweep_name(name)] {
            if exists(&left).await {
                remove(&left).await?;
            }
        }
        return Ok(());
    }
    drop(here);
    // Other tabs let go of the records when they are loaded anew, which they are by now.
    let _alone = lock::share(name, Share::Alone).await;
    match state(name, key).await? {
        Some(State::Filling) => {
            let filled = fill(name, key).await;
            // Until the state is another one, everything is as it was in the open.
            if filled.is_err() && state(name, key).await? == Some(State::Filling) {
                drop_begun(name).await?;
            }
            filled
        }
        Some(State::Emptying) => {
            let emptied = empty(name, key).await;
            // What could not be laid open as a whole stays locked, and nothing of it open.
            if emptied.is_err() && state(name, key).await? == Some(State::Emptying) {
                turn_on(name, key).await?;
                remove(name).await?;
            }
            emptied
        }
        Some(State::On) | None => Ok(()),
    }
}

/// Removes an encrypted database that is not whole yet.
async fn drop_begun(name: &str) -> Result<(), LockFault> {
    remove(&home::locked(name)).await?;
    remove(&sweep_name(name)).await
}

async fn fill(name: &str, key: &Cipher) -> Result<(), LockFault> {
    let open = database::open(name, &quiet()).await?;
    let vault = database::open(&home::locked(name), &quiet()).await?;
    let from = Side(&open, None);
    let filled = copy::all(from, Side(&vault, Some(key))).await;
    open.close();
    vault.close();
    filled?;
    turn_on(name, key).await?;
    // From now on the encrypted ones are the records. What is left of the others by a failure goes
    // at the next start.
    if remove(name).await.is_ok() {
        drop(remove(&sweep_name(name)).await);
    }
    Ok(())
}

/// How far the lock with this key is.
async fn state(name: &str, key: &Cipher) -> Result<Option<State>, LockFault> {
    let seen = see(name).await?;
    Ok(seen
        .filter(|seen| key.is_of(&seen.wrapped))
        .map(|seen| seen.state))
}

/// The encrypted ones are the records from now on. Fails when the lock is not that of the key.
async fn turn_on(name: &str, key: &Cipher) -> Result<(), LockFault> {
    let on = |lock: &mut Lock| {
        let own = key.is_of(&lock.wrapped);
        if own {
            lock.state = State::On;
        }
        own
    };
    if change(name, on).await? {
        return Ok(());
    }
    Err(Fault::Other("the lock is another one".to_owned()).into())
}

async fn empty(name: &str, key: &Cipher) -> Result<(), LockFault> {
    let vault = database::open(&home::locked(name), &quiet()).await?;
    let open = database::open(name, &quiet()).await?;
    let emptied = async {
        copy::clear(&open).await?;
        copy::all(Side(&vault, Some(key)), Side(&open, None)).await?;
        for word in [LOCK, ATTEMPTS, UNSENT] {
            meta::remove(&open, word).await?;
        }
        Ok::<_, Fault>(())
    };
    let emptied = emptied.await;
    open.close();
    vault.close();
    emptied?;
    remove(&home::locked(name)).await
}

/// The name of a small database that is made before the encrypted one and removed after the open
/// one. Chromium writes over nothing. It packs its files together when a database is removed, but
/// what was written just before comes out of that once more, beside the note that it is gone; a
/// second removal, of a database that lies between the two others, packs that too.
fn sweep_name(name: &str) -> String {
    format!("{name}-sweep")
}

/// Keeps a lock as `change` makes it, if that is to be kept. Whether it was.
async fn change(name: &str, change: impl Fn(&mut Lock) -> bool) -> Result<bool, LockFault> {
    let Some(vault) = find(name).await? else {
        return Ok(false);
    };
    let changed = async {
        let Some(mut lock) = lock_of(&vault).await? else {
            return Ok::<_, Fault>(false);
        };
        let keep = change(&mut lock);
        if keep {
            meta::put(&vault, LOCK, &lock.write()).await?;
        }
        Ok(keep)
    };
    let changed = changed.await;
    vault.close();
    Ok(changed?)
}

async fn lock_of(vault: &Database) -> Result<Option<Lock>, Fault> {
    Ok(meta::text(vault, LOCK)
        .await?
        .as_deref()
        .and_then(Lock::read))
}

/// The encrypted database, if there is one.
async fn find(name: &str) -> Result<Option<Database>, LockFault> {
    let name = home::locked(name);
    if exists(&name).await {
        return Ok(Some(database::open(&name, &quiet()).await?));
    }
    Ok(None)
}

/// Whether there is a database of this name. Where browsers do not say, there may be one.
async fn exists(name: &str) -> bool {
    let listed = async {
        let databases = Reflect::get(&scope::worker(), &"indexedDB".into())?;
        let list: Function = Reflect::get(&databases, &"databases".into())?.dyn_into()?;
        let promise: Promise = list.call0(&databases)?.dyn_into()?;
        JsFuture::from(promise).await?.dyn_into::<Array>()
    };
    let is_it = |one: JsValue| {
        let found = Reflect::get(&one, &"name".into()).ok();
        found.and_then(|found| found.as_string()).as_deref() == Some(name)
    };
    listed.await.map_or(true, |listed| listed.iter().any(is_it))
}

async fn remove(name: &str) -> Result<(), LockFault> {
    let removed = Database::delete_by_name(name).map_err(database::open_fault)?;
    Ok(removed.await.map_err(database::fault)?)
}

fn quiet() -> Rc<dyn Fn(super::StorageNews)> {
    Rc::new(|_| {})
}

fn other(error: JsValue) -> Fault {
    Fault::Other(format!("{error:?}"))
}
