//! Concurrent values of a register: what to ask a person, and what was settled.

pub(crate) mod register;
pub(crate) mod removal;
pub(crate) mod settlement;

use automerge::{Automerge, ChangeMetadata, ObjId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::FieldPath;

/// Values that were set concurrently and that only a person can choose between.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// The register, or the entry that was removed here and edited there.
    pub path: FieldPath,
    /// What kind of contradiction it is.
    pub question: Question,
    /// The values, the shown one first, then by time. Each differs from the others.
    pub values: Vec<ConcurrentValue>,
}

/// What a conflict asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which of the values holds?
    Which,
    /// Removed by one person while another edited it: remove it or keep it?
    RemovedOrKept,
}

/// One of several concurrent values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConcurrentValue {
    /// The value in its JSON form, `null` for a register that was emptied.
    ///
    /// Under [`Question::RemovedOrKept`] it says what was done: first `{"removed": {time, reason}}`,
    /// then `{"changed": {path, value}}` for each field edited meanwhile, or `{"restored": true}`.
    pub value: Value,
    /// Who wrote it, when, and after which source.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The Automerge actor, as hex: the same for all changes of one session of a device.
    pub actor: String,
    /// The writer's clock, in seconds since the Unix epoch; 0 when unknown.
    pub time: i64,
    /// The change that wrote it, as hex.
    pub change: String,
    /// The source it was taken from, when it was imported or a source was named.
    pub source: Option<String>,
}

impl Origin {
    /// Where the operation `id` comes from.
    pub(crate) fn of_operation(doc: &Automerge, id: &ObjId) -> Self {
        let change = doc
            .hash_for_opid(id)
            .and_then(|hash| doc.get_change_meta_by_hash(&hash));
        match change {
            Some(change) => Self::of_change(&change),
            None => Self {
                actor: String::new(),
                time: 0,
                change: String::new(),
                source: None,
            },
        }
    }

    /// Where all that `change` wrote comes from.
    pub(crate) fn of_change(change: &ChangeMetadata<'_>) -> Self {
        Self {
            actor: change.actor.to_hex_string(),
            time: change.timestamp,
            change: change.hash.to_string(),
            source: change.message.as_ref().map(|message| message.to_string()),
        }
    }
}

/// A choice somebody made, kept in the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settlement {
    /// The register.
    pub path: FieldPath,
    /// The value chosen.
    pub chosen: Value,
    /// The values not chosen.
    pub rejected: Vec<Value>,
    /// Why, in the person's words.
    pub reason: Option<String>,
    /// Who and when.
    pub origin: Origin,
}
