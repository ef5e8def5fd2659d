//! Servers with many small documents: start, memory, reconnecting.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use meltemi_tests::device::TestDevice;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::bench::{Bench, Fresh, LIMIT};
use crate::client::{Client, Copy, WINDOW};
use crate::device;
use crate::documents::Saved;
use crate::proxy::{Bytes, Proxy};
use crate::results::{Column, Unit};
use crate::server::{Kind, Server};
use crate::work::crowd::{self, Crowd};

/// Documents changed on each side while there is no connection.
const CHANGED: usize = 10;

/// Documents under way when our server is filled.
const FILLING: usize = 512;

/// Documents that are loaded at one time to fill it.
const PORTION: usize = 5_000;

/// How long a server may take to be filled and to come to rest.
const PATIENT: Duration = Duration::from_secs(600);

/// How long a plain client may take to come back.
const COMING_BACK: Duration = Duration::from_secs(180);

/// One run over these documents.
pub(crate) async fn run(
    bench: &mut Bench,
    column: Column,
    documents: &[Arc<Saved>],
) -> anyhow::Result<()> {
    let count = documents.len();
    let work = format!("E. {count} small documents");
    let fresh = Fresh::start(&bench.programs, column.server())?;
    let device = (column == Column::Own).then(|| TestDevice::new("holder"));
    match (&device, column.server()) {
        (Some(device), _) => {
            device::fill(device, documents).await?;
            let proxy = Proxy::start(fresh.server.address).await?;
            device::settle(device, &proxy, &fresh.server, PATIENT).await?;
            device.disconnect().await;
        }
        (None, Kind::Meltemi) => fill(&fresh.server, documents).await?,
        (None, Kind::Samod | Kind::JavaScript) => {}
    }
    let fresh = fresh
        .restart(&bench.programs, |data| match column.server() {
            Kind::Meltemi => Ok(()),
            Kind::Samod | Kind::JavaScript => write_files(data, documents),
        })
        .await?;
    let server = &fresh.server;
    let mut add = |name: &str, unit, value| bench.results.add(&work, name, unit, column, value);
    add(
        "start until it listens",
        Unit::Seconds,
        server.ready.as_secs_f64(),
    );
    add(
        "memory after the start",
        Unit::Megabytes,
        server.memory()? as f64,
    );

    let mut holder = Holder {
        device: device.as_ref(),
        documents: documents.to_vec(),
    };
    let (bytes, wall) = holder.reconnect(server).await?;
    add(
        "reconnecting, nothing changed: bytes up",
        Unit::Bytes,
        bytes.up as f64,
    );
    add(
        "reconnecting, nothing changed: bytes down",
        Unit::Bytes,
        bytes.down as f64,
    );
    add(
        "reconnecting, nothing changed: wall",
        Unit::Seconds,
        wall.as_secs_f64(),
    );

    holder.change(server).await?;
    let (bytes, wall) = holder.reconnect(server).await?;
    add(
        "reconnecting, 10 + 10 changed: bytes up",
        Unit::Bytes,
        bytes.up as f64,
    );
    add(
        "reconnecting, 10 + 10 changed: bytes down",
        Unit::Bytes,
        bytes.down as f64,
    );
    add(
        "reconnecting, 10 + 10 changed: wall",
        Unit::Seconds,
        wall.as_secs_f64(),
    );

    let crowd = holder.crowd(server).await?;
    let limit = if bench.quick { LIMIT / 4 } else { LIMIT };
    let outcome = crowd::run(server, &crowd, limit).await?;
    add(
        "100 clients reconnect: most memory",
        Unit::Megabytes,
        outcome.memory as f64,
    );
    add(
        "100 clients reconnect: server CPU",
        Unit::Seconds,
        outcome.cpu,
    );
    add(
        "100 clients reconnect: wall",
        Unit::Seconds,
        outcome.wall.as_secs_f64(),
    );
    if outcome.done < 0.99 {
        bench.results.note(format!(
            "{}, {count} small documents: the 100 clients were stopped after {} s, with {:.0} % done.",
            column.name(),
            limit.as_secs(),
            outcome.done * 100.0
        ));
    }
    if outcome.broken > 0 {
        bench.results.note(format!(
            "{}, {count} small documents: of 100 connections {} broke.",
            column.name(),
            outcome.broken
        ));
    }
    drop(device);
    fresh.stop().await
}

/// A client that has all documents.
struct Holder<'a> {
    /// Our device; a plain client where there is none.
    device: Option<&'a TestDevice>,
    documents: Vec<Arc<Saved>>,
}

impl Holder<'_> {
    /// Comes back, is brought in step, and goes again.
    async fn reconnect(&mut self, server: &Server) -> anyhow::Result<(Bytes, Duration)> {
        let proxy = Proxy::start(server.address).await?;
        let begin = Instant::now();
        let last = if let Some(device) = self.device {
            let last = device::settle(device, &proxy, server, PATIENT).await?;
            device.disconnect().await;
            last
        } else {
            let mut copies: Vec<_> = self.documents.iter().map(Copy::again).collect();
            let mut client = Client::connect(proxy.address, "holder").await?;
            timeout(COMING_BACK, client.sync(&mut copies, WINDOW))
                .await
                .context("the client was not in step in three minutes")??;
            let last = Instant::now();
            let quiet = proxy.quiet(server, last + PATIENT).await?;
            ensure!(quiet.is_some(), "the server does not come to rest");
            client.leave().await;
            for (saved, copy) in self.documents.iter_mut().zip(&mut copies) {
                if saved.heads != copy.heads() || saved.hello.is_empty() {
                    *saved = Arc::new(Saved::new(saved.id, copy.doc()?)?);
                }
            }
            last
        };
        Ok((proxy.bytes(), last.duration_since(begin)))
    }

    /// Changes ten documents here, and lets somebody else change ten others on the server.
    async fn change(&mut self, server: &Server) -> anyhow::Result<()> {
        let (theirs, rest) = self.documents.split_at_mut(CHANGED);
        let mut copies = Vec::new();
        for (number, saved) in (1_000..).zip(theirs.iter()) {
            copies.push(Copy::again(&Arc::new(saved.edited(7, number)?)));
        }
        let mut other = Client::connect(server.address, "other").await?;
        other.sync(&mut copies, WINDOW).await?;
        other.leave().await;
        for (number, saved) in (2_000..).zip(rest.iter_mut().take(CHANGED)) {
            match self.device {
                Some(device) => device::edit(device, saved.id, number).await?,
                None => *saved = Arc::new(saved.edited(8, number)?),
            }
        }
        let proxy = Proxy::start(server.address).await?;
        let quiet = proxy.quiet(server, Instant::now() + LIMIT).await?;
        quiet.map(drop).context("the server does not come to rest")
    }

    /// A crowd of clients like this one, with nothing changed.
    async fn crowd(&self, server: &Server) -> anyhow::Result<Crowd> {
        let Some(device) = self.device else {
            return Ok(Crowd::Plain(Arc::new(self.documents.clone())));
        };
        let proxy = Proxy::recording(server.address).await?;
        device::settle(device, &proxy, server, PATIENT).await?;
        let down = proxy.bytes().down;
        device.disconnect().await;
        Ok(Crowd::Repeat(Arc::new(proxy.recorded()), down))
    }
}

/// Uploads all documents to our server.
async fn fill(server: &Server, documents: &[Arc<Saved>]) -> anyhow::Result<()> {
    let mut client = Client::connect(server.address, "author").await?;
    for portion in documents.chunks(PORTION) {
        let copies: anyhow::Result<Vec<_>> = portion.iter().map(|saved| Copy::new(saved)).collect();
        client.sync(&mut copies?, FILLING).await?;
    }
    client.leave().await;
    Ok(())
}

/// Writes all documents as both other servers keep them: a snapshot in a file of its own.
fn write_files(data: &Path, documents: &[Arc<Saved>]) -> anyhow::Result<()> {
    for saved in documents {
        let id = saved.id.to_string();
        let (first, rest) = id.split_at(2);
        let folder = data.join(first).join(rest).join("snapshot");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut hash = Sha256::new();
        for head in &saved.heads {
            hash.update(head.to_string());
        }
        let file = folder.join(hex::encode(hash.finalize()));
        fs::write(&file, &saved.bytes)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
