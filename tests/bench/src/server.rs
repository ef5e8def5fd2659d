//! The servers that are measured: each a process on a free port of the loopback, with its
//! documents in a folder, and what the kernel says of it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::time::interval;

/// Clock ticks a second in `/proc/<pid>/stat`; the same on every Linux.
const TICKS: f64 = 100.0;

/// How long a server may take to end before it is killed.
const ENDING: Duration = Duration::from_secs(30);

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Ours.
    Meltemi,
    /// samod on axum.
    Samod,
    /// automerge-repo on Node.
    JavaScript,
}

impl Kind {
    /// As it is called in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Meltemi => "meltemi",
            Self::Samod => "samod 0.16",
            Self::JavaScript => "automerge-repo 2.5.6",
        }
    }
}

/// Where the programs of the servers are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// `meltemi`.
    pub(crate) meltemi: PathBuf,
    /// `samod-server`.
    pub(crate) samod: PathBuf,
    /// `server.mjs`.
    pub(crate) javascript: PathBuf,
}

/// What our server logs at every start.
const EVERY_START: &str = "the catalogue is loaded";

/// Lines of its log that are shown.
const LOG_LINES: usize = 5;

/// A server process. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From the start of the process until it said that it listens.
    pub(crate) ready: Duration,
    log: PathBuf,
}

impl Programs {
    /// Starts a server on a folder, and waits until it says that it listens.
    pub(crate) fn start(&self, kind: Kind, data: &Path) -> anyhow::Result<Server> {
        let mut command = match kind {
            Kind::Meltemi => {
                let mut command = Command::new(&self.meltemi);
                command.args([
                    "--log",
                    "warn",
                    "serve",
                    "--open",
                    "--listen",
                    "127.0.0.1:0",
                    "--data",
                ]);
                command
            }
            Kind::Samod => Command::new(&self.samod),
            Kind::JavaScript => {
                let mut command = Command::new("node");
                command.arg(&self.javascript);
                command
            }
        };
        let log = data.with_extension("log");
        let file = File::create(&log).context("cannot make a log file")?;
        let begin = Instant::now();
        let mut child = command
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {}", kind.name()))?;
        let stdout = child.stdout.take().context("standard output is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready = begin.elapsed();
        let address = line
            .trim_end()
            .strip_prefix("listening on http://")
            .and_then(|address| address.parse().ok());
        let server = Server {
            child,
            address: address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
            ready,
            log,
        };
        ensure!(address.is_some(), "{} did not start", kind.name());
        Ok(server)
    }
}

impl Server {
    /// Processor seconds, user and system, since its start.
    pub(crate) fn cpu(&self) -> anyhow::Result<f64> {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        // The name of the program, in parentheses, may hold spaces.
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut ticks = || -> anyhow::Result<f64> {
            let field = fields.next().context("too few fields in stat")?;
            Ok(field.parse()?)
        };
        Ok((ticks()? + ticks()?) / TICKS)
    }

    /// Its resident memory, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|rest| rest.split_whitespace().next());
        let kilobytes: u64 = kilobytes.context("no VmRSS")?.parse()?;
        Ok(kilobytes * 1024)
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let begin = Instant::now();
        let mut tick = interval(Duration::from_millis(20));
        while self.child.try_wait()?.is_none() {
            if begin.elapsed() > ENDING {
                break;
            }
            tick.tick().await;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // What it complained of.
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let complaints = log.lines().filter(|line| !line.contains(EVERY_START));
        for line in complaints.take(LOG_LINES) {
            eprintln!("  the server said: {line}");
        }
    }
}
