//! All edits that are not on the server yet, as one file for people and programs.

use meltemi_core::id::DocumentId;
use meltemi_core::workspace::Workspace;
use serde::Serialize;

use crate::app::protocol::Unsent;
use crate::clock;

/// The records with such edits.
pub(super) fn export(workspace: &Workspace) -> Unsent {
    let records: Vec<String> = workspace.unsent().map(|id| record(workspace, id)).collect();
    Unsent {
        records: records.len() as u64,
        text: format!(
            "{{\"at\":{},\"records\":[\n{}\n]}}\n",
            clock::now().0,
            records.join(",\n")
        ),
    }
}

/// What cannot be told of a record is `null`.
fn record(workspace: &Workspace, id: DocumentId) -> String {
    let bytes = |bytes: Option<Vec<u8>>| json(&bytes.map(hex::encode));
    // Written part by part: these are the writers that answers to the page have too.
    format!(
        "{{\"document\":{},\"record\":{},\"automerge\":{},\"refused\":{},\
         \"automerge_with_refused\":{}}}",
        json(&id),
        json(&workspace.record(&id).ok()),
        bytes(workspace.bytes(&id)),
        json(&workspace.refused(&id)),
        bytes(workspace.refused_bytes(&id)),
    )
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
