//! `meltemi import`.

use std::fs;
use std::io::Write;
use std::process::ExitCode;

use super::{CliError, say};
use crate::config::ImportOptions;
use crate::import::{self, Import};
use crate::install::{InstallError, install};
use crate::lock::DataFolder;
use crate::offline::Desk;

/// Merges the records of a file into the data folder.
pub(super) fn import(options: &ImportOptions, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let text = fs::read_to_string(&options.file)
        .map_err(|error| CliError::Io(format!("read {}", options.file.display()), error))?;
    let import: Import = import::read(&text).map_err(InstallError::from)?;
    let folder = DataFolder::claim(&options.data)?;
    let storage = options.storage.place_in(&folder)?.open()?;
    let mut desk = Desk::open(storage, true)?;
    let outcome = install(&mut desk, &import)?;
    desk.close()?;
    for warning in &import.warnings {
        say(out, &format!("warning: {warning}"))?;
    }
    for refused in &outcome.refused {
        say(out, &format!("not taken: {refused}"))?;
    }
    say(
        out,
        &format!(
            "programme {}: {} new, {} changed, {} unchanged, {} not taken",
            import.programme,
            outcome.new,
            outcome.changed,
            outcome.unchanged,
            outcome.refused.len()
        ),
    )?;
    Ok(if outcome.refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
