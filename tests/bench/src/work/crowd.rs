//! A hundred clients that all come back at one time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::client::{Client, WINDOW};
use crate::documents::Saved;
use crate::proxy::Recording;
use crate::server::Server;

/// How many.
pub(crate) const CLIENTS: usize = 100;

/// How often the memory of the server is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long a client waits for the bytes that came the first time.
const STILL: Duration = Duration::from_secs(3);

/// What the crowd does.
#[derive(Debug)]
pub(crate) enum Crowd {
    /// Plain clients, each with these documents.
    Plain(Arc<Vec<Arc<Saved>>>),
    /// Repeats what one device sent, and expects as many bytes as it got.
    Repeat(Arc<Recording>, u64),
}

/// How it went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Most memory the server had meanwhile, bytes.
    pub(crate) memory: u64,
    /// How long it took.
    pub(crate) wall: Duration,
    /// Processor seconds of the server.
    pub(crate) cpu: f64,
    /// How much of the work was done, 1 for all.
    pub(crate) done: f64,
    /// Connections that broke before they were done.
    pub(crate) broken: usize,
}

/// Lets them all come, and waits until each is in step or the time is up.
pub(crate) async fn run(
    server: &Server,
    crowd: &Crowd,
    limit: Duration,
) -> anyhow::Result<Outcome> {
    let begin = Instant::now();
    let cpu = server.cpu()?;
    let done = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::<anyhow::Result<Option<Client>>>::new();
    for number in 0..CLIENTS {
        let (address, done) = (server.address, done.clone());
        match crowd {
            Crowd::Plain(documents) => {
                let documents = documents.clone();
                tasks.spawn(async move {
                    let mut client = Client::connect(address, &format!("crowd-{number}")).await?;
                    client.greet(&documents, WINDOW, &done).await?;
                    Ok(Some(client))
                });
            }
            Crowd::Repeat(recording, down) => {
                tasks.spawn(repeat(address, recording.clone(), *down, done));
            }
        }
    }
    let all = match crowd {
        Crowd::Plain(documents) => documents.len() as u64,
        Crowd::Repeat(_, down) => *down,
    } * CLIENTS as u64;
    let mut memory = 0;
    let mut look = interval(LOOK);
    // Clients that are done stay until the others are.
    let mut stay = Vec::new();
    let mut broken = 0;
    while begin.elapsed() < limit {
        tokio::select! {
            _ = look.tick() => memory = memory.max(server.memory()?),
            ended = tasks.join_next() => match ended {
                Some(ended) => match ended? {
                    Ok(client) => stay.extend(client),
                    Err(error) => {
                        eprintln!("  a client of the crowd: {error:#}");
                        broken += 1;
                    }
                },
                None => break,
            }
        }
    }
    let outcome = Outcome {
        memory: memory.max(server.memory()?),
        wall: begin.elapsed(),
        cpu: server.cpu()? - cpu,
        done: done.load(Ordering::Relaxed) as f64 / all.max(1) as f64,
        broken,
    };
    tasks.shutdown().await;
    Ok(outcome)
}

/// Sends a recording again, each piece when as much has come as the first time.
async fn repeat(
    server: SocketAddr,
    recording: Arc<Recording>,
    down: u64,
    done: Arc<AtomicU64>,
) -> anyhow::Result<Option<Client>> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (mut input, mut output) = stream.into_split();
    let (count, mut received) = watch::channel(0u64);
    let reader = tokio::spawn(async move {
        let mut buffer = vec![0; 16 * 1024];
        let mut sum = 0;
        while let Ok(length @ 1..) = input.read(&mut buffer).await {
            sum += length as u64;
            count.send_replace(sum);
            done.fetch_add(length as u64, Ordering::Relaxed);
        }
    });
    for (before, piece) in recording.iter() {
        wait_for(&mut received, *before).await;
        output.write_all(piece).await?;
    }
    wait_for(&mut received, down).await;
    reader.abort();
    Ok(None)
}

/// Waits until so many bytes have come, or none come any more.
async fn wait_for(received: &mut watch::Receiver<u64>, bytes: u64) {
    while *received.borrow_and_update() < bytes {
        match timeout(STILL, received.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
