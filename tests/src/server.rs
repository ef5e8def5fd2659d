//! A server process on a free port, and the other commands of the program.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;

/// What the tests enter into records and accounts and no server may log: addresses, passwords,
/// titles, the beginnings of secrets.
pub const NEVER_LOGGED: [&str; 12] = [
    "cities.example",
    "lighthouse",
    "Housing",
    "Diary",
    "Another",
    "Boathouse",
    "Opening",
    "mlt_",
    "mls_",
    "mli_",
    "mlo_",
    "subject-of",
];

/// The program under test.
#[derive(Debug, Clone, Copy)]
pub struct Program(pub &'static str);

/// A server process. Killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// The link for the first coordinator that it printed.
    pub first_coordinator: Option<String>,
    log: PathBuf,
}

impl Program {
    /// Runs a command to its end.
    pub fn run(self, arguments: &[&str]) -> Output {
        self.command()
            .args(arguments)
            .output()
            .expect("the program runs")
    }

    /// Starts a server that asks nobody who they are on the data folder, and waits until it says
    /// that it is ready.
    pub fn serve(self, data: &Path, arguments: &[&str]) -> Server {
        self.serve_closed(data, &[&["--open"], arguments].concat())
    }

    /// As [`Program::serve`], with accounts.
    pub fn serve_closed(self, data: &Path, arguments: &[&str]) -> Server {
        let log = data.with_extension("log");
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log file");
        let mut child = self
            .command()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .expect("the program starts");
        let mut said = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let mut first_coordinator = None;
        let address = loop {
            let mut line = String::new();
            said.read_line(&mut line).expect("standard output is read");
            let line = line.trim_end();
            let listening = line.strip_prefix("listening on http");
            let listening = listening.map(|rest| rest.trim_start_matches('s'));
            if let Some(address) = listening.and_then(|rest| rest.strip_prefix("://")) {
                break address.parse().expect("an address");
            }
            match line.strip_prefix("first coordinator: ") {
                Some(link) => first_coordinator = Some(link.to_owned()),
                None => panic!(
                    "not ready: {line:?}; log: {}",
                    fs::read_to_string(&log).unwrap_or_default()
                ),
            }
        };
        Server {
            child,
            address,
            first_coordinator,
            log,
        }
    }

    fn command(self) -> Command {
        let mut command = Command::new(self.0);
        command.env_clear().stdin(Stdio::null());
        command
    }
}

impl Server {
    /// Ends it as a loss of power does to a process: without a chance to do anything.
    pub fn kill(mut self) {
        self.child.kill().expect("the process is there");
        self.child.wait().expect("the process ends");
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Waits until it has ended.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("the process ends")
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// What it has logged, and those before it on the same data folder.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log is readable")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            return;
        }
        // Whatever a test is about, its server's log tells nothing of people and records.
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        for word in NEVER_LOGGED {
            assert!(!log.contains(word), "the log says {word:?}:\n{log}");
        }
    }
}
