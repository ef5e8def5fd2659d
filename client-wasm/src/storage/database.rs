//! The browser's database: opening it, its object stores, and what its errors mean.

use std::rc::Rc;

use indexed_db_futures::database::Database;
use indexed_db_futures::error::{DomException, Error, OpenDbError};
use indexed_db_futures::internals::SystemRepr;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::{
    Transaction, TransactionDurability, TransactionMode, TransactionOptions,
};
use wasm_bindgen::prelude::*;
use web_sys::IdbVersionChangeEvent;

use super::StorageNews;

/// Chunks by name.
pub(super) const CHUNKS: &str = "chunks";
/// Catalogue entries by document.
pub(super) const CATALOGUE: &str = "catalogue";
/// Heads the server has, by document. Apart from the catalogue, because tabs that do not hold the
/// line write the catalogue too and know less of the server.
pub(super) const SYNCED: &str = "synced";
/// What is kept once.
pub(super) const META: &str = "meta";
/// In [`META`]: how far the server's catalogue is known.
pub(super) const CURSOR: &str = "cursor";
/// In [`META`]: the lasting name of this storage.
pub(super) const STORAGE_ID: &str = "storage-id";

/// Version of the layout. A step up adds its migration to [`create`].
const VERSION: u32 = 1;

/// Why something could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no room.
    Full(String),
    /// The connection to the database is closed.
    Closed(String),
    /// The database belongs to a newer version of this program.
    Newer(String),
    /// Something else.
    Other(String),
}

/// Opens a database, and makes it when it is not there.
pub(super) async fn open(name: &str, tell: &Rc<dyn Fn(StorageNews)>) -> Result<Database, Fault> {
    let blocked = tell.clone();
    let database = Database::open(name)
        .with_version(VERSION)
        .with_on_blocked(move |_| {
            blocked(StorageNews::Blocked);
            Ok(())
        })
        .with_on_upgrade_needed(|event, database| create(event.old_version(), &database))
        .await
        .map_err(open_fault)?;
    watch(&database, tell);
    Ok(database)
}

fn create(from: f64, database: &Database) -> Result<(), Error> {
    if from < 1.0 {
        for store in [CHUNKS, CATALOGUE, SYNCED, META] {
            database.create_object_store(store).build()?;
        }
    }
    Ok(())
}

/// Lets go of the database when another tab needs it in a newer version or wants to delete it, and
/// tells of it when the browser takes it away.
fn watch(database: &Database, tell: &Rc<dyn Fn(StorageNews)>) {
    let (let_go, news) = (database.clone(), tell.clone());
    let change = Closure::<dyn FnMut(_)>::new(move |event: IdbVersionChangeEvent| {
        let_go.as_sys().close();
        news(match event.new_version() {
            Some(_) => StorageNews::Outdated,
            None => StorageNews::Deleted,
        });
    });
    database
        .as_sys()
        .set_onversionchange(Some(change.as_ref().unchecked_ref()));
    // Once for each connection, which are few: kept for the life of the worker.
    change.forget();
}

/// A transaction in which `durability` says what "complete" means.
pub(super) fn writing<'a>(
    database: &'a Database,
    stores: &[&str],
    durability: TransactionDurability,
) -> Result<Transaction<'a>, Error> {
    let transaction = database
        .transaction(stores)
        .with_mode(TransactionMode::Readwrite)
        .with_options(TransactionOptions::new().with_durability(durability))
        .build()?;
    // The crate's listener may be called once only, but a transaction that fails has an error for
    // each of its requests. Without it the transaction still tells how it ended, by its abortion.
    transaction.as_sys().set_onerror(None);
    Ok(transaction)
}

/// Commits, and returns when the browser says that the transaction is complete.
pub(super) async fn commit(transaction: Transaction<'_>) -> Result<(), Fault> {
    let system = transaction.as_sys().clone();
    match transaction.commit().await {
        Ok(()) => Ok(()),
        Err(error) => Err(match system.error() {
            Some(cause) => fault(cause.into()),
            None => fault(error),
        }),
    }
}

/// What an error of the database means for the one who asked.
pub(super) fn fault(error: Error) -> Fault {
    let Error::DomException(exception) = error else {
        return Fault::Other(error.to_string());
    };
    let name = web_sys::DomException::from(exception.clone()).name();
    let text = format!("{name}: {}", exception.message());
    match (name.as_str(), exception) {
        ("QuotaExceededError", _) => Fault::Full(text),
        ("VersionError", _) => Fault::Newer(text),
        (_, DomException::InvalidStateError(_)) => Fault::Closed(text),
        _ => Fault::Other(text),
    }
}

pub(super) fn open_fault(error: OpenDbError) -> Fault {
    match error {
        OpenDbError::Base(error) => fault(error),
        other => Fault::Other(other.to_string()),
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        fault(error)
    }
}
