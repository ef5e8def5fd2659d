//! The command line: what each command does, and how it ends.

mod accounts;
mod export;
mod import;
mod quarantine;
mod serve;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::accounts::{AccountsError, DatabaseError};
use crate::config::{Arguments, Command};
use crate::{install, lock, server, storage, telemetry};

/// Why a command ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("{0:?} is no log filter: {1}")]
    LogFilter(String, String),
    #[error(transparent)]
    DataFolder(#[from] lock::DataFolderError),
    #[error("cannot open the database: {0}")]
    Database(#[from] storage::place::OpenError),
    #[error(transparent)]
    Install(#[from] install::InstallError),
    #[error(transparent)]
    Run(#[from] server::RunError),
    #[error(transparent)]
    Export(#[from] export::ExportError),
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    #[error("cannot {0}: {1}")]
    Io(String, io::Error),
    #[error("{0}")]
    Documents(String),
}

impl From<crate::offline::DeskError> for CliError {
    fn from(error: crate::offline::DeskError) -> Self {
        Self::Documents(error.to_string())
    }
}

impl From<DatabaseError> for CliError {
    fn from(error: DatabaseError) -> Self {
        Self::Accounts(error.into())
    }
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    match execute(arguments, &mut out) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "meltemi: {error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: Arguments, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let filter = EnvFilter::try_new(&arguments.log)
        .map_err(|error| CliError::LogFilter(arguments.log.clone(), error.to_string()))?;
    telemetry::start(filter, arguments.log_format);
    match arguments.command {
        Command::Serve(options) => serve::serve(options, out),
        Command::Import(options) => import::import(&options, out),
        Command::Export(options) => export::export(&options, out),
        Command::Verify(options) => verify::verify(&options, out),
        Command::User(command) => accounts::user(&command, out),
        Command::Invite(command) => accounts::invite(&command, out),
        Command::Token(command) => accounts::token(&command, out),
        Command::Device(command) => accounts::device(&command, out),
        Command::Quarantine(command) => quarantine::quarantine(&command, out),
        Command::Audit(command) => accounts::audit(&command, out),
    }
}

fn say(out: &mut dyn Write, text: &str) -> Result<(), CliError> {
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| CliError::Io("write to standard output".to_owned(), error))
}
