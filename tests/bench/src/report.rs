//! The page of the documentation that shows the table: what was done, on which machine, when.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

const HEAD: &str = "# Benchmarks

Written by `cargo xtask bench`: do not edit, run it again. It measures our server beside two others
on the same work in the same run:

- **meltemi**: this repository. Nothing is acknowledged before it is flushed to the disk.
- **samod 0.16** behind an axum WebSocket, with its own storage in files, which it does not flush.
- **automerge-repo 2.5.6** on Node, with its own storage in files, which it does not flush.

All are release builds on the loopback, each with a fresh temporary folder. The client is a plain
client of the automerge-repo protocol, the same for all three; *own client* is our device, with
whatever it and our server do beyond that protocol. The last columns divide: above 1 the other
server takes more than ours, first with our own client, then with the plain one.

- **A. Upload**: 300 event records of about 60 changes (20 participants, 2 KB of text), one
  connection, at most 64 documents under way in the plain client. Done when the server has shown
  the heads of every document.
- **B. Reconnecting** with these 300 documents, after another client has changed some on the server.
- **C. Download** of all to a device that has nothing.
- **D. Fan-out**: from an edit of one client to its arrival at each of the others; what has not
  arrived 5 s after the last edit is not delivered.
- **E. Collections** of documents of about 10 changes. Our server got them over the wire, the
  others found them in their files. *10 + 10 changed*: ten documents on the server, ten others on
  the device. The 100 plain clients are in step and have nothing to load; the 100 own clients
  repeat what one device had sent.

Processor time is user and system time of the server's process until it is at rest; memory is
resident memory; bytes are those of TCP, pings included. Of A to D each number is the median of
";

/// Writes the page.
pub(crate) fn write(page: &Path, table: &str, runs: usize) -> anyhow::Result<()> {
    let text = format!(
        "{HEAD}{runs} runs, of undelivered edits the most; E ran once.\n\n{}\n\n{table}",
        machine()?
    );
    fs::write(page, text).with_context(|| format!("cannot write {}", page.display()))
}

/// One line on machine and time.
fn machine() -> anyhow::Result<String> {
    let value = |file: &str, name: &str| -> anyhow::Result<String> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once([':', '=']));
        Ok(value
            .map_or("unknown", |(_, value)| value.trim().trim_matches('"'))
            .to_owned())
    };
    let kilobytes = value("/proc/meminfo", "MemTotal")?;
    let kilobytes: f64 = kilobytes.trim_end_matches(" kB").parse()?;
    let cores = std::thread::available_parallelism()?;
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        let said = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| said.trim().to_owned())
    };
    let unknown = || "unknown".to_owned();
    Ok(format!(
        "Measured on {} at revision {}: {}, {cores} cores, {:.0} GB of memory, {}, Linux {}, Node {}.",
        said("date", &["+%F"]).unwrap_or_else(unknown),
        said("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_else(unknown),
        value("/proc/cpuinfo", "model name")?,
        kilobytes / 1e6,
        value("/etc/os-release", "PRETTY_NAME")?,
        fs::read_to_string("/proc/sys/kernel/osrelease")?.trim(),
        said("node", &["--version"]).unwrap_or_else(unknown),
    ))
}
