//! A running server, from an open socket to the last flushed write.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::Duration;

use meltemi_core::access::Roster;
use meltemi_core::sync::output::Withheld;
use meltemi_core::sync::storage::{StorageAdapter, StorageError};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::accounts::password::BreachedPasswords;
use crate::accounts::{Accounts, AccountsError, DatabaseError};
use crate::auth::{Authenticator, DoorKind};
use crate::config::ServeOptions;
use crate::door::{self, Door, Peer, TlsError};
use crate::driver::{Driver, Message, Parts};
use crate::health::Health;
use crate::http::attempts::Attempts;
use crate::http::quarantine::Deciding;
use crate::http::web::WebClient;
use crate::http::{self, Shared};
use crate::install::{InstallError, install_demo};
use crate::intake::Room;
use crate::lock::{DataFolder, DataFolderError};
use crate::openid::Openid;
use crate::openid::config::OpenidError;
use crate::outbox::Outboxes;
use crate::places::Places;
use crate::sockets::Sockets;
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
    /// The file of accounts does not open.
    #[error(transparent)]
    Accounts(#[from] DatabaseError),
    /// The options do not fit together.
    #[error("{0}")]
    Options(String),
    /// The list of breached passwords cannot be used.
    #[error("cannot use the list of breached passwords: {0}")]
    BreachedPasswords(io::Error),
    /// The providers of OpenID Connect cannot be used.
    #[error(transparent)]
    Openid(#[from] OpenidError),
    /// There is no TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system refused.
    #[error("cannot run the server: {0}")]
    Io(#[from] io::Error),
}

/// What a server says when it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// Link by which the first coordinator joins, if there is no member yet.
    pub first_coordinator: Option<String>,
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
    ready: oneshot::Sender<Ready>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let folder = DataFolder::claim(&options.data)?;
    let storage = options.storage.place_in(&folder)?.open()?;
    let accounts = if options.open {
        None
    } else {
        Some(Accounts::open(&folder)?)
    };
    let ended = run_with(storage, accounts, options, listener, ready, shutdown).await;
    drop(folder);
    ended
}

/// As [`run`], on a storage that is open already; the folder in the options is not looked at, and
/// accounts are in memory.
///
/// # Errors
/// When the storage does not answer.
pub async fn run_on(
    storage: Box<dyn StorageAdapter>,
    options: ServeOptions,
    listener: TcpListener,
    ready: oneshot::Sender<Ready>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let accounts = if options.open {
        None
    } else {
        Some(Accounts::in_memory()?)
    };
    run_with(storage, accounts, options, listener, ready, shutdown).await
}

async fn run_with(
    mut storage: Box<dyn StorageAdapter>,
    accounts: Option<Accounts>,
    options: ServeOptions,
    listener: TcpListener,
    ready: oneshot::Sender<Ready>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    if let Some(objection) = options.objection() {
        return Err(RunError::Options(objection));
    }
    let entrance = Entrance::prepare(accounts, &options, &listener)?;
    let openid = Openid::prepare(options.openid.as_deref(), options.public_url.as_deref())?;
    if options.demo {
        storage = install_demo(storage)?;
    }
    let storage_id = storage.storage_id(&offline::fresh_storage_id()?)?;
    let health = Health::default();
    let (loaded, is_loaded) = oneshot::channel();
    tokio::spawn(async move {
        if is_loaded.await.is_ok() {
            let _ = ready.send(entrance.ready);
        }
    });
    let authenticator = Arc::new(entrance.authenticator);
    let (withheld, refused) = mpsc::channel(limits::QUARANTINE_WAITING);
    let quarantine = tokio::task::spawn_blocking({
        let authenticator = authenticator.clone();
        move || keep_withheld(&authenticator, refused)
    });
    // Where changes are taken from their authors only, others are told of an edit after the flush:
    // it is not put off.
    let gathers = match entrance.roster {
        Some(_) if !options.accept_relayed => Duration::ZERO,
        _ => limits::GATHERING,
    };
    let parts = Parts {
        storage_id,
        foreign_documents: options.foreign_documents,
        accept_relayed: options.accept_relayed,
        cursor_key: entrance.cursor_key,
        storage: StorageThread::start(storage, health.clone(), gathers)?,
        health: health.clone(),
        ready: loaded,
        roster: entrance.roster,
        withheld,
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
        authenticator,
        attempts: Arc::new(Attempts::new()),
        openid: Arc::new(openid),
        sockets: Sockets::default(),
        roster: Arc::default(),
        web: Arc::new(WebClient::new(options.web)),
        stopping: stopping.clone(),
        open,
        outboxes: Outboxes::default(),
        intake: Room::new(limits::INTAKE_BYTES),
        places: Places::default(),
        connections: Arc::new(AtomicU64::new(1)),
        deciding: Deciding::default(),
    };
    let mut stop_serving = stopping;
    let door = Door::new(listener, entrance.tls);
    let service = http::router(shared).into_make_service_with_connect_info::<Peer>();
    let serving = axum::serve(door, service).with_graceful_shutdown(async move {
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
    // Ends with the driver, which has ended.
    let _ = quarantine.await;
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

/// Puts refused changes into quarantine, one after the other.
fn keep_withheld(authenticator: &Authenticator, mut refused: mpsc::Receiver<Withheld>) {
    while let Some(withheld) = refused.blocking_recv() {
        let Some(accounts) = authenticator.accounts() else {
            continue;
        };
        if let Err(error) = accounts.quarantine(&withheld, clock::now()) {
            let (document, member) = (withheld.document, &withheld.principal.0);
            tracing::warn!(%document, member, %error, "refused changes were not put into quarantine");
        }
    }
}

/// Who gets in, and how.
struct Entrance {
    authenticator: Authenticator,
    tls: Option<TlsAcceptor>,
    roster: Option<Roster>,
    /// A secret of this server; none where there are no accounts.
    cursor_key: Option<[u8; 32]>,
    ready: Ready,
}

impl Entrance {
    fn prepare(
        mut accounts: Option<Accounts>,
        options: &ServeOptions,
        listener: &TcpListener,
    ) -> Result<Self, RunError> {
        let files = options.tls_cert.as_deref().zip(options.tls_key.as_deref());
        let tls = files.map(|(certificates, key)| door::tls(certificates, key));
        let tls = tls.transpose()?;
        let kind = match (&tls, options.behind_https) {
            (Some(_), _) => DoorKind::Tls,
            (None, true) => DoorKind::BehindHttps,
            (None, false) => DoorKind::Plain,
        };
        let unusable = |error| match error {
            AccountsError::Database(error) => RunError::from(error),
            error => io::Error::other(error.to_string()).into(),
        };
        let (mut first_coordinator, mut roster, mut cursor_key) = (None, None, None);
        if let Some(accounts) = &mut accounts {
            if let Some(path) = &options.breached_passwords {
                let list = BreachedPasswords::open(path).map_err(RunError::BreachedPasswords)?;
                accounts.refuse_breached(list);
            }
            let secret = accounts.first_coordinator(clock::now()).map_err(unusable)?;
            roster = Some(accounts.roster().map_err(unusable)?);
            cursor_key = Some(accounts.own_secret().map_err(unusable)?);
            let scheme = if tls.is_some() { "https" } else { "http" };
            let listened = format!("{scheme}://{}", listener.local_addr()?);
            let url = options.public_url.as_deref().unwrap_or(&listened);
            let url = url.trim_end_matches('/');
            first_coordinator = secret.map(|secret| format!("{url}/#/join/{}", secret.expose()));
        }
        let accounts = accounts.map(Arc::new);
        Ok(Self {
            authenticator: Authenticator::new(accounts, options.allow_origin.clone(), kind),
            tls,
            roster,
            cursor_key,
            ready: Ready { first_coordinator },
        })
    }
}
