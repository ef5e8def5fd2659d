//! A loopback proxy between the clients and the server that counts bytes both ways, and can
//! write down what a client sends so that it can be sent again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::server::Server;

/// Longest piece of pings and pongs: what is shorter is no traffic.
const SIGN_OF_LIFE: usize = 16;

/// How long nothing may happen before it is over.
const QUIET: Duration = Duration::from_millis(1_000);

/// Processor seconds that a server with nothing to do may use in that time.
const IDLE: f64 = 0.03;

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Where clients connect.
    pub(crate) address: SocketAddr,
    meter: Arc<Meter>,
    task: JoinHandle<()>,
}

/// What a client sent: pieces in order, each with the bytes it had received before.
pub(crate) type Recording = Vec<(u64, Vec<u8>)>;

#[derive(Debug)]
struct Meter {
    begin: Instant,
    up: AtomicU64,
    down: AtomicU64,
    /// Microseconds from `begin` to the last piece that was no sign of life.
    last: AtomicU64,
    recording: Mutex<Option<Recording>>,
}

/// Bytes both ways, TCP payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes {
    /// From the client.
    pub(crate) up: u64,
    /// To the client.
    pub(crate) down: u64,
}

impl Bytes {
    /// Both ways.
    pub(crate) const fn sum(self) -> u64 {
        self.up + self.down
    }
}

impl Proxy {
    /// A proxy to the server at this address.
    pub(crate) async fn start(server: SocketAddr) -> anyhow::Result<Self> {
        Self::new(server, false).await
    }

    /// A proxy that writes down what its clients send.
    pub(crate) async fn recording(server: SocketAddr) -> anyhow::Result<Self> {
        Self::new(server, true).await
    }

    async fn new(server: SocketAddr, records: bool) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let meter = Arc::new(Meter {
            begin: Instant::now(),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            last: AtomicU64::new(0),
            recording: Mutex::new(records.then(Vec::new)),
        });
        let shared = meter.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, server, shared.clone()));
            }
        });
        Ok(Self {
            address,
            meter,
            task,
        })
    }

    /// Bytes so far.
    pub(crate) fn bytes(&self) -> Bytes {
        Bytes {
            up: self.meter.up.load(Ordering::Relaxed),
            down: self.meter.down.load(Ordering::Relaxed),
        }
    }

    /// Waits until nothing comes any more and the server has nothing to do, at most until
    /// `limit`. Says when the last piece came, or nothing when it never became quiet.
    pub(crate) async fn quiet(
        &self,
        server: &Server,
        limit: Instant,
    ) -> anyhow::Result<Option<Instant>> {
        let mut tick = interval(QUIET);
        tick.tick().await;
        let mut cpu = server.cpu()?;
        let mut bytes = self.bytes();
        loop {
            tick.tick().await;
            let (cpu_now, bytes_now) = (server.cpu()?, self.bytes());
            let traffic = bytes_now.sum() - bytes.sum();
            if traffic <= 2 * SIGN_OF_LIFE as u64 && cpu_now - cpu <= IDLE {
                let last = self.meter.last.load(Ordering::Relaxed);
                return Ok(Some(self.meter.begin + Duration::from_micros(last)));
            }
            if Instant::now() > limit {
                return Ok(None);
            }
            (cpu, bytes) = (cpu_now, bytes_now);
        }
    }

    /// What the clients sent so far.
    pub(crate) fn recorded(&self) -> Recording {
        self.meter.record().take().unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Meter {
    fn record(&self) -> std::sync::MutexGuard<'_, Option<Recording>> {
        self.recording
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, up: bool, piece: &[u8]) {
        let counter = if up { &self.up } else { &self.down };
        let length = piece.len() as u64;
        counter.fetch_add(length, Ordering::Relaxed);
        if piece.len() > SIGN_OF_LIFE {
            let micros = self.begin.elapsed().as_micros() as u64;
            self.last.fetch_max(micros, Ordering::Relaxed);
        }
        if up && let Some(recording) = &mut *self.record() {
            recording.push((self.down.load(Ordering::Relaxed), piece.to_vec()));
        }
    }
}

async fn relay(client: TcpStream, server: SocketAddr, meter: Arc<Meter>) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    let up = tokio::spawn(pass(client_in, server_out, meter.clone(), true));
    pass(server_in, client_out, meter, false).await;
    let _ = up.await;
}

/// Passes on what comes, until one side ends.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, meter: Arc<Meter>, up: bool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        meter.count(up, &buffer[..length]);
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
