//! What the program is called with. Every option can be given in the environment too.

pub mod accounts;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::accounts::{
    AuditCommand, DeviceCommand, InviteCommand, QuarantineCommand, TokenCommand, UserCommand,
};
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
    /// See members, and change what they may do.
    #[command(subcommand)]
    User(UserCommand),
    /// Make, see and take back invitations.
    #[command(subcommand)]
    Invite(InviteCommand),
    /// Make, see and take back tokens for programs.
    #[command(subcommand)]
    Token(TokenCommand),
    /// See devices, and take their access away.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// See changes that were refused because of who sent them, and decide on them.
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Check the audit log, or write it out.
    #[command(subcommand)]
    Audit(AuditCommand),
}

/// How the server runs.
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// Address and port to listen on. With port 0 the system chooses one; the line
    /// `listening on http://…` on standard output says which. For anything but this machine give
    /// --tls-cert, or put a server that speaks HTTPS in front and say --behind-https.
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

    /// Takes changes of one member from the device of another who may write the record. For the
    /// days after a backup was restored, so that what it lacks comes back with whoever has it; the
    /// history says who brought it. Otherwise such changes wait for a coordinator.
    #[arg(long, env = "MELTEMI_ACCEPT_RELAYED")]
    pub accept_relayed: bool,

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

    /// Lets everybody read and write everything, without accounts. Only for this machine: refused
    /// when listening on any other address. Without it people sign in, and the first start prints
    /// a link for the first coordinator.
    #[arg(long, env = "MELTEMI_OPEN")]
    pub open: bool,

    /// Certificates for HTTPS, the server's own first, as a PEM file. Needs --tls-key. Read at the
    /// start only: start again after they were renewed.
    #[arg(
        long,
        env = "MELTEMI_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key"
    )]
    pub tls_cert: Option<PathBuf>,

    /// The key of the first certificate, as a PEM file.
    #[arg(
        long,
        env = "MELTEMI_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    pub tls_key: Option<PathBuf>,

    /// A server that speaks HTTPS is in front of this one and passes requests on as plain HTTP.
    /// Cookies are then for HTTPS only, and when it is on this machine its `X-Forwarded-For` is
    /// believed.
    #[arg(long, env = "MELTEMI_BEHIND_HTTPS", conflicts_with = "tls_cert")]
    pub behind_https: bool,

    /// The address at which people reach this server, for links, such as
    /// `https://meltemi.example`. Without it links name the address that is listened on.
    #[arg(long, env = "MELTEMI_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// A file with SHA-1 hashes of breached passwords, a line each and in order, as Pwned
    /// Passwords hands them out. Members may not choose these.
    #[arg(long, env = "MELTEMI_BREACHED_PASSWORDS", value_name = "FILE")]
    pub breached_passwords: Option<PathBuf>,

    /// A TOML file with the providers of OpenID Connect by which people may sign in, such as the
    /// sign-in of an organisation. docs/operations.md says what is in it.
    #[arg(
        long,
        env = "MELTEMI_OPENID",
        value_name = "FILE",
        conflicts_with = "open"
    )]
    pub openid: Option<PathBuf>,
}

impl ServeOptions {
    /// What this server must not do on the address that it was told to listen on.
    pub(crate) fn objection(&self) -> Option<String> {
        let listen = self.listen;
        if listen.ip().is_loopback() {
            return None;
        }
        if self.open {
            return Some(format!(
                "--open lets everybody who reaches {listen} read and write everything; listen on \
                 127.0.0.1, or leave --open out"
            ));
        }
        if self.tls_cert.is_none() && !self.behind_https {
            return Some(format!(
                "passwords would be sent to {listen} without encryption; give --tls-cert and \
                 --tls-key, or say --behind-https if another server does this, or listen on \
                 127.0.0.1"
            ));
        }
        None
    }
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
