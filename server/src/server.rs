//! A running server, from an open socket to the last flushed write.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread;

use axum::serve::ListenerExt;
use meltemi_core::sync::storage::{StorageAdapter, StorageError};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::auth::Authenticator;
use crate::config::ServeOptions;
use crate::driver::{Driver, Message, Parts};
use crate::health::Health;
use crate::http::web::WebClient;
use crate::http::{self, Shared};
use crate::install::{InstallError, install_demo};
use crate::lock::{DataFolder, DataFolderError};
use crate::outbox::Outboxes;
use crate::places::Places;
use crate::storage::place::OpenError;
use crate::storage::thread::StorageThread;
use crate::{clock, limits, offline};

/// Why a server could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data folder cannot be used.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The database does not open.
    #[error("cannot open the database: {0}")]
    Database(#[from] OpenError),
    /// The storage does not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The reference programme could not be loaded.
    #[error("cannot load the reference programme: {0}")]
    Install(#[from] InstallError),
    /// The system refused.
    #[error("cannot run the server: {0}")]
    Io(#[from] io::Error),
}

/// Serves the data folder named in the options until `shutdown`, then ends in good order.
///
/// `ready` is told when the catalogue is loaded.
///
/// # Errors
/// When the data folder is in use or does not open.
pub async fn run(
    options: ServeOptions,
    listener: TcpListener,
    ready: oneshot::Sender<()>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let folder = DataFolder::claim(&options.data)?;
    let storage = options.storage.place_in(&folder)?.open()?;
    let ended = run_on(storage, options, listener, ready, shutdown).await;
    drop(folder);
    ended
}

/// As [`run`], on a storage that is open already; the folder in the options is not looked at.
///
/// # Errors
/// When the storage does not answer.
pub async fn run_on(
    mut storage: Box<dyn StorageAdapter>,
    options: ServeOptions,
    listener: TcpListener,
    ready: oneshot::Sender<()>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    if options.demo {
        storage = install_demo(storage)?;
    }
    let storage_id = storage.storage_id(&offline::fresh_storage_id()?)?;
    let health = Health::default();
    let parts = Parts {
        storage_id,
        foreign_documents: options.foreign_documents,
        storage: StorageThread::start(storage, health.clone())?,
        health: health.clone(),
        ready,
        seed: clock::random()?,
    };
    let (driver, handle) = Driver::new(parts);
    // A thread of its own: work on a large document keeps nobody else waiting.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let (driver_ended, mut driver_end) = oneshot::channel();
    let driver_thread = thread::Builder::new()
        .name("driver".to_owned())
        .spawn(move || {
            runtime.block_on(driver.run());
            let _ = driver_ended.send(());
        })?;

    let (stop, stopping) = watch::channel(false);
    let (open, mut all_closed) = mpsc::channel(1);
    let shared = Shared {
        driver: handle.clone(),
        health: health.clone(),
        authenticator: Arc::new(Authenticator::new(options.allow_origin)),
        web: Arc::new(WebClient::new(options.web)),
        stopping: stopping.clone(),
        open,
        outboxes: Outboxes::default(),
        places: Places::default(),
        connections: Arc::new(AtomicU64::new(1)),
    };
    let mut stop_serving = stopping;
    // Edits are small and meant to arrive at once.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let serving = axum::serve(listener, http::router(shared)).with_graceful_shutdown(async move {
        let _ = stop_serving.wait_for(|stop| *stop).await;
    });
    let mut serving = tokio::spawn(serving.into_future());

    let mut driver_has_ended = false;
    tokio::select! {
        () = shutdown => {}
        _ = &mut driver_end => driver_has_ended = true,
        served = &mut serving => {
            served.map_err(io::Error::other)??;
        }
    }
    health.stopping();
    stop.send_replace(true);
    let _ = handle.send(Message::Stop).await;
    drop(handle);
    if !driver_has_ended {
        // Ends when every write in flight has been answered.
        let _ = driver_end.await;
    }
    let failed = driver_thread.join().is_err();
    let farewell = async {
        let _ = all_closed.recv().await;
        if !serving.is_finished() {
            let _ = (&mut serving).await;
        }
    };
    if timeout(limits::CLOSING, farewell).await.is_err() {
        tracing::debug!("some connections were not closed by the other side");
    }
    serving.abort();
    if driver_has_ended || failed {
        return Err(RunError::Io(io::Error::other(
            "the engine stopped unexpectedly; see the log",
        )));
    }
    tracing::info!("stopped; everything is on the disk");
    Ok(())
}
