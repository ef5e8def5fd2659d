//! What every piece of work is done with.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::documents::Saved;
use crate::proxy::Proxy;
use crate::results::{Column, Results, Unit};
use crate::server::{Kind, Programs, Server};

/// How long a short piece of work may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// Programs, documents and results.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The servers.
    pub(crate) programs: Programs,
    /// The events of the works A to D.
    pub(crate) events: Vec<Arc<Saved>>,
    /// Whether everything is kept short.
    pub(crate) quick: bool,
    /// What was measured.
    pub(crate) results: Results,
}

/// A server with a fresh folder.
#[derive(Debug)]
pub(crate) struct Fresh {
    /// The server.
    pub(crate) server: Server,
    kind: Kind,
    folder: TempDir,
}

/// A stretch of work of a server.
#[derive(Debug)]
pub(crate) struct Stretch {
    begin: Instant,
    cpu: f64,
}

impl Fresh {
    /// Starts a server on an empty folder.
    pub(crate) fn start(programs: &Programs, kind: Kind) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let server = programs.start(kind, &folder.path().join("data"))?;
        Ok(Self {
            server,
            kind,
            folder,
        })
    }

    /// Stops the server and starts it again on the same folder, after `prepare` has had it.
    pub(crate) async fn restart(
        self,
        programs: &Programs,
        prepare: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        self.server.stop().await?;
        let data = self.folder.path().join("data");
        prepare(&data)?;
        Ok(Self {
            server: programs.start(self.kind, &data)?,
            kind: self.kind,
            folder: self.folder,
        })
    }

    /// Stops the server.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.server.stop().await
    }
}

impl Stretch {
    /// From now on.
    pub(crate) fn begin(server: &Server) -> anyhow::Result<Self> {
        Ok(Self {
            begin: Instant::now(),
            cpu: server.cpu()?,
        })
    }

    /// Waits until the server has nothing to do any more, and adds what the work took: wall time
    /// up to `done`, processor time and memory up to now.
    pub(crate) async fn end(
        self,
        (results, work, column): (&mut Results, &str, Column),
        server: &Server,
        proxy: &Proxy,
        done: Instant,
    ) -> anyhow::Result<()> {
        let quiet = proxy.quiet(server, Instant::now() + LIMIT).await?;
        ensure!(quiet.is_some(), "the server does not come to rest");
        let cpu = server.cpu()? - self.cpu;
        let wall = done.duration_since(self.begin).as_secs_f64();
        let bytes = proxy.bytes();
        let mut add = |name, unit, value| results.add(work, name, unit, column, value);
        add("server CPU", Unit::Seconds, cpu);
        add("wall", Unit::Seconds, wall);
        add(
            "server memory after",
            Unit::Megabytes,
            server.memory()? as f64,
        );
        add("bytes up", Unit::Bytes, bytes.up as f64);
        add("bytes down", Unit::Bytes, bytes.down as f64);
        Ok(())
    }
}
