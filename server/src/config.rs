//! What the program is called with. Every option can be given in the environment too.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::storage::place::StorageKind;
use crate::telemetry::LogFormat;

/// Record keeping for city networks, with or without a connection.
#[derive(Debug, Clone, Parser)]
#[command(name = "meltemi", version, about)]
pub struct Arguments {
    /// Which entries of the log are written, in the notation of tracing: a level (error, warn,
    /// info, debug, trace), or levels by module such as `info,meltemi_server::socket=debug`. The
    /// log goes to standard error and names documents and connections by their ids, never what is
    /// in them.
    #[arg(
        long,
        global = true,
        env = "MELTEMI_LOG",
        default_value = "info",
        value_name = "FILTER"
    )]
    pub log: String,

    /// Whether the log is text for people or JSON for programs.
    #[arg(
        long,
        global = true,
        env = "MELTEMI_LOG_FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Run the server until it is told to stop (Ctrl-C, SIGTERM).
    Serve(ServeOptions),
    /// Read a programme from a JSON file into a data folder. Reading it twice changes nothing.
    Import(ImportOptions),
    /// Write every document of a data folder to files that need no Meltemi to be read.
    Export(ExportOptions),
    /// Check everything in a data folder, and say what to do about problems.
    Verify(VerifyOptions),
}

/// How the server runs.
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// Address and port to listen on. With port 0 the system chooses one; the line
    /// `listening on http://…` on standard output says which. The server speaks plain HTTP: for
    /// anything but this machine put a server that speaks HTTPS in front of it.
    #[arg(
        long,
        env = "MELTEMI_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDR"
    )]
    pub listen: SocketAddr,

    /// The folder that keeps all documents. It is made if need be, and belongs to one process at
    /// a time. To save its contents use `meltemi export`, or copy it while no server runs.
    #[arg(long, env = "MELTEMI_DATA", value_name = "DIR")]
    pub data: PathBuf,

    /// Which database keeps the documents. A data folder stays with the one it was made with.
    #[arg(
        long,
        env = "MELTEMI_STORAGE",
        default_value = "sled",
        value_name = "DATABASE"
    )]
    pub storage: StorageKind,

    /// Loads the reference programme (MC2CM, 2015-2022) at the start, as far as its records are
    /// not there yet. Records that were edited since stay as they are.
    #[arg(long, env = "MELTEMI_DEMO")]
    pub demo: bool,

    /// Keeps and syncs documents of any Automerge program too. Without it, a document that is no
    /// Meltemi record is refused with a reason.
    #[arg(long, env = "MELTEMI_FOREIGN_DOCUMENTS")]
    pub foreign_documents: bool,

    /// The folder with the web client, as built by `cargo xtask web`. Without it the server
    /// syncs and answers programs, but shows no pages.
    #[arg(long, env = "MELTEMI_WEB", value_name = "DIR")]
    pub web: Option<PathBuf>,

    /// Web pages of this origin (such as `https://cities.example`) may connect too. Pages this
    /// server hands out itself always may. Can be given several times, or separated by commas.
    #[arg(
        long,
        env = "MELTEMI_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub allow_origin: Vec<String>,
}

/// What is imported.
#[derive(Debug, Clone, Args)]
pub struct ImportOptions {
    /// The file, in the form of the reference programme (`mc2cm.json`).
    pub file: PathBuf,
    /// The folder that keeps all documents. No server may be using it.
    #[arg(long, env = "MELTEMI_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// Which database keeps the documents. A data folder stays with the one it was made with.
    #[arg(
        long,
        env = "MELTEMI_STORAGE",
        default_value = "sled",
        value_name = "DATABASE"
    )]
    pub storage: StorageKind,
}

/// What is exported.
#[derive(Debug, Clone, Args)]
pub struct ExportOptions {
    /// The folder that keeps all documents. No server may be using it.
    #[arg(long, env = "MELTEMI_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// Which database keeps the documents. A data folder stays with the one it was made with.
    #[arg(
        long,
        env = "MELTEMI_STORAGE",
        default_value = "sled",
        value_name = "DATABASE"
    )]
    pub storage: StorageKind,
    /// Where to write: a folder that is empty or does not exist yet.
    #[arg(long, env = "MELTEMI_OUT", value_name = "DIR")]
    pub out: PathBuf,
}

/// What is checked.
#[derive(Debug, Clone, Args)]
pub struct VerifyOptions {
    /// The folder that keeps all documents. No server may be using it.
    #[arg(long, env = "MELTEMI_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// Which database keeps the documents. A data folder stays with the one it was made with.
    #[arg(
        long,
        env = "MELTEMI_STORAGE",
        default_value = "sled",
        value_name = "DATABASE"
    )]
    pub storage: StorageKind,
}
