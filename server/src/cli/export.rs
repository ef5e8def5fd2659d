//! `meltemi export`: every document as Automerge bytes and as JSON, with a list to check them by.
//!
//! Needs no healthy database: what can be read is written, what cannot is listed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use automerge::AutoSerde;
use meltemi_core::id::DocumentId;
use meltemi_core::sync::storage::StorageAdapter;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{CliError, say};
use crate::clock;
use crate::config::ExportOptions;
use crate::lock::{self, DataFolder};
use crate::offline::Desk;
use crate::storage::beside::sync_folder;
use crate::storage::place::{DatabasePlace, OpenError};

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error("{0} is not empty; an export goes into an empty folder or a new one")]
    NotEmpty(PathBuf),
    #[error("cannot write {0}: {1}")]
    Write(PathBuf, io::Error),
    #[error("neither opens the database ({opening}) nor can its file be read ({reading})")]
    Unreadable {
        opening: OpenError,
        reading: io::Error,
    },
}

/// The list that goes with the files.
#[derive(Debug, Serialize)]
struct Manifest {
    format: &'static str,
    /// When it was made.
    time: String,
    documents: Vec<Exported>,
    /// Documents of which something or everything is missing.
    incomplete: Vec<Incomplete>,
}

#[derive(Debug, Serialize)]
struct Exported {
    id: DocumentId,
    /// Kind of record; null for a document that is none.
    kind: Option<String>,
    key: Option<String>,
    heads: Vec<String>,
    files: Vec<Written>,
}

#[derive(Debug, Serialize)]
struct Written {
    name: String,
    bytes: usize,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct Incomplete {
    id: DocumentId,
    what: String,
}

/// Writes all documents of a data folder into an empty folder.
pub(super) fn export(options: &ExportOptions, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let folder = DataFolder::claim_existing(&options.data)?;
    let database = options.storage.place_in(&folder)?;
    let target = Target::prepare(&options.out)?;
    let storage = open(&database, out)?;
    let mut desk = Desk::open(storage, true)?;
    let documents: BTreeSet<DocumentId> =
        desk.workspace().catalogue().map(|e| e.document).collect();
    let mut manifest = Manifest {
        format: "meltemi-export/1",
        time: clock::iso(clock::now()),
        documents: Vec::new(),
        incomplete: Vec::new(),
    };
    for id in documents {
        let mut missing = |what: String| manifest.incomplete.push(Incomplete { id, what });
        match desk.storage().load(&id) {
            Ok(loaded) if loaded.damaged.is_empty() => {}
            Ok(loaded) => missing(format!(
                "{} stored chunks are damaged",
                loaded.damaged.len()
            )),
            Err(error) => missing(error.to_string()),
        }
        match desk.load(id) {
            Ok(true) => {}
            Ok(false) => missing("nothing of it can be read".to_owned()),
            Err(error) => missing(error.to_string()),
        }
        if let Some(exported) = document(&desk, id, &target)? {
            manifest.documents.push(exported);
        }
    }
    target.write("manifest.json", &json(&manifest))?;
    target.sync()?;
    for Incomplete { id, what } in &manifest.incomplete {
        say(out, &format!("incomplete: {id}: {what}"))?;
    }
    let lost = database.lost();
    if let Some(lost) = &lost {
        say(out, &format!("incomplete: {lost}"))?;
    }
    let (documents, incomplete) = (manifest.documents.len(), manifest.incomplete.len());
    say(
        out,
        &format!("{documents} documents in {}", options.out.display()),
    )?;
    Ok(if incomplete == 0 && lost.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The storage in `database`; when it does not open, what can be saved of it.
fn open(
    database: &DatabasePlace,
    out: &mut dyn Write,
) -> Result<Box<dyn StorageAdapter>, CliError> {
    let opening = match database.open() {
        Ok(storage) => return Ok(storage),
        Err(error) => error,
    };
    say(
        out,
        &format!("the database does not open ({opening}); reading what is whole in its file"),
    )?;
    let salvage = database
        .salvage()
        .map_err(|reading| ExportError::Unreadable { opening, reading })?;
    Ok(Box::new(salvage))
}

fn document(desk: &Desk, id: DocumentId, target: &Target) -> Result<Option<Exported>, ExportError> {
    let workspace = desk.workspace();
    let (Some(doc), Some(bytes)) = (workspace.document(&id), workspace.bytes(&id)) else {
        return Ok(None);
    };
    let mut heads: Vec<String> = doc.get_heads().iter().map(ToString::to_string).collect();
    heads.sort();
    if heads.is_empty() {
        return Ok(None);
    }
    let record = workspace.record(&id).ok();
    let text = record
        .as_ref()
        .map_or_else(|| json(&AutoSerde::from(doc)), json);
    let files = vec![
        target.write(&format!("{id}.automerge"), &bytes)?,
        target.write(&format!("{id}.json"), &text)?,
    ];
    let (kind, key) = record.map(|record| (record.kind, record.key)).unzip();
    Ok(Some(Exported {
        id,
        kind,
        key,
        heads,
        files,
    }))
}

fn json(value: &impl Serialize) -> Vec<u8> {
    // Maps with keys of text into memory: neither can fail.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

struct Target(PathBuf);

impl Target {
    fn prepare(path: &Path) -> Result<Self, ExportError> {
        let error = |error| ExportError::Write(path.to_owned(), error);
        lock::make(path).map_err(error)?;
        if fs::read_dir(path).map_err(error)?.next().is_some() {
            return Err(ExportError::NotEmpty(path.to_owned()));
        }
        Ok(Self(path.to_owned()))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<Written, ExportError> {
        let path = self.0.join(name);
        let write = || {
            let mut file = File::create_new(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|error| ExportError::Write(path.clone(), error))?;
        let sha256 = hex::encode(Sha256::digest(bytes));
        Ok(Written {
            name: name.to_owned(),
            bytes: bytes.len(),
            sha256,
        })
    }

    fn sync(&self) -> Result<(), ExportError> {
        sync_folder(&self.0).map_err(|error| ExportError::Write(self.0.clone(), error))
    }
}
