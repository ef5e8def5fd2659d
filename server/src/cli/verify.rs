//! `meltemi verify`: whether everything in a data folder is as it should be.

use std::fs;
use std::io::Write;
use std::process::ExitCode;

use automerge::ReadDoc;
use meltemi_core::command::CommandError;
use meltemi_core::sync::storage::CatalogueEntry;

use super::{CliError, say};
use crate::config::VerifyOptions;
use crate::lock::DataFolder;
use crate::offline::Desk;
use crate::storage::place::DatabasePlace;

const RESEND: &str =
    "devices that have it send it again when they connect; or restore it from an export";

/// Checks a data folder.
pub(super) fn verify(options: &VerifyOptions, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let folder = DataFolder::claim_existing(&options.data)?;
    let database = options.storage.place_in(&folder)?;
    let mut desk = Desk::open(database.open()?, true)?;
    let mut problems = blobs(&database);
    problems.extend(database.lost());
    let entries: Vec<CatalogueEntry> = desk.workspace().catalogue().cloned().collect();
    let mut records = 0;
    for entry in &entries {
        let Found {
            problems: found,
            notes,
        } = check(&mut desk, entry);
        records += usize::from(entry.label.is_some());
        problems.extend(
            found
                .into_iter()
                .map(|what| format!("document {}: {what}", entry.document)),
        );
        for note in notes {
            say(out, &format!("note: document {}: {note}", entry.document))?;
        }
    }
    for problem in &problems {
        say(out, &format!("problem: {problem}"))?;
    }
    let count = problems.len();
    let others = entries.len() - records;
    say(
        out,
        &format!("checked {records} records and {others} other documents: {count} problems"),
    )?;
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn blobs(database: &DatabasePlace) -> Vec<String> {
    let count = database
        .blob_folder()
        .and_then(|folder| fs::read_dir(folder).ok())
        .map_or(0, Iterator::count);
    if count == 0 {
        return Vec::new();
    }
    vec![format!(
        "{count} values are in blob files, which are not safe against loss of power; export \
         everything, and import it into a new data folder"
    )]
}

#[derive(Default)]
struct Found {
    problems: Vec<String>,
    /// What is not as it should be, but costs nothing.
    notes: Vec<String>,
}

fn check(desk: &mut Desk, entry: &CatalogueEntry) -> Found {
    let id = entry.document;
    let mut found = Found::default();
    let problems = &mut found.problems;
    let damaged = match desk.storage().load(&id) {
        Ok(loaded) => loaded.damaged,
        Err(error) => {
            problems.push(format!("{error}; {RESEND}"));
            Vec::new()
        }
    };
    if let Err(error) = desk.load(id) {
        problems.push(format!("{error}; {RESEND}"));
        return found;
    }
    let workspace = desk.workspace();
    let mut heads: Vec<[u8; 32]> = workspace.document(&id).map_or_else(Vec::new, |doc| {
        doc.get_heads().iter().map(|head| head.0).collect()
    });
    heads.sort_unstable();
    let complete = heads == entry.heads && !heads.is_empty();
    for key in damaged {
        if complete {
            found.notes.push(format!(
                "stored chunk {key:?} is damaged, but nothing is missing"
            ));
        } else {
            problems.push(format!("stored chunk {key:?} is damaged; {RESEND}"));
        }
    }
    let Some(doc) = workspace.document(&id) else {
        problems.push(format!("nothing of it can be read; {RESEND}"));
        return found;
    };
    if !complete {
        problems.push(format!(
            "the catalogue says it is at {}, what is stored is at {}; {RESEND}",
            short(&entry.heads),
            short(&heads)
        ));
    }
    if !doc.get_missing_deps(&[]).is_empty() {
        problems.push(format!(
            "changes in it build on changes that are not there; {RESEND}"
        ));
    }
    match workspace.record(&id) {
        Ok(record) => problems.extend(record.problems.iter().map(|problem| {
            format!(
                "{}: {}; correct it in the record",
                problem.path, problem.what
            )
        })),
        Err(CommandError::NotARecord(_)) if entry.label.is_none() => {}
        Err(error) => problems.push(error.to_string()),
    }
    found
}

fn short(heads: &[[u8; 32]]) -> String {
    let heads: Vec<String> = heads.iter().map(|head| hex::encode(&head[..6])).collect();
    if heads.is_empty() {
        "no version".to_owned()
    } else {
        heads.join(", ")
    }
}
