//! Read models for screens and programs: plain data, made from records.

pub mod difference;
pub mod history;
pub mod overview;
pub mod record;
pub mod summary;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::conflict::{Conflict, Settlement};
use crate::id::{DocumentId, RecordRef};
use crate::indicator::Indicator;

/// A whole record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordView {
    /// The document.
    pub id: DocumentId,
    /// Programme it belongs to.
    pub programme: String,
    /// Kind of record.
    pub kind: String,
    /// Key within the kind.
    pub key: String,
    /// Schema version the document was last written with.
    pub schema: u16,
    /// Whether that version is newer than this software.
    pub newer_schema: bool,
    /// Heads of the version this view was made from, as hex, sorted.
    pub heads: Vec<String>,
    /// Fields by name, in JSON form. Entries are objects by key, removed ones included and marked.
    /// Fields this version does not know stand beside the known ones.
    pub fields: Map<String, Value>,
    /// Names of the fields at the top level that this version does not know.
    pub unknown: Vec<String>,
    /// Open conflicts.
    pub conflicts: Vec<Conflict>,
    /// What was settled, newest last.
    pub settlements: Vec<Settlement>,
    /// What another program wrote in a way that cannot be shown.
    pub problems: Vec<Problem>,
    /// Required fields without a value.
    pub missing: Vec<String>,
    /// Set when the record was removed.
    pub removed: Option<Removal>,
}

/// Something in a document that does not fit its declaration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Where, as a path.
    pub path: String,
    /// What was found and what was expected.
    pub what: String,
}

/// Why and when something was removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Removal {
    /// Seconds since the Unix epoch, by the clock of the one who removed it; 0 when unknown.
    pub time: i64,
    /// Why, in the person's words.
    pub reason: Option<String>,
}

/// A record in a list: enough to show, search, sort and count it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The document.
    pub id: DocumentId,
    /// Kind and key.
    pub reference: RecordRef,
    /// What a person calls it, by language code; `und` for text without a language.
    pub title: BTreeMap<String, String>,
    /// The registers and sets at the top level, without texts and entries.
    pub fields: Map<String, Value>,
    /// Records it points at, by field name.
    pub links: BTreeMap<String, Vec<RecordRef>>,
    /// Number of open conflicts.
    pub conflicts: usize,
    /// Number of required fields without a value.
    pub missing: usize,
    /// Whether it was removed.
    pub removed: bool,
}

/// The programme at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverviewView {
    /// The programme record, when it is on this device.
    pub programme: Option<Summary>,
    /// Number of records by kind, removed ones not counted.
    pub counts: BTreeMap<String, usize>,
    /// What waits for somebody, most pressing first.
    pub next_steps: Vec<NextStep>,
    /// The indicators that these records can answer.
    pub indicators: Vec<Indicator>,
}

/// Something that waits for somebody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextStep {
    /// What is to be done.
    pub task: Task,
    /// In which record.
    pub record: DocumentId,
    /// What a person calls that record, as in [`Summary::title`].
    pub title: BTreeMap<String, String>,
    /// The kind of that record.
    pub kind: String,
    /// The field it is about, when it is about one.
    pub field: Option<String>,
    /// What the entry that the field is in is called in the record, such as a phase.
    pub entry: Option<String>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Choose between concurrent values.
    Settle,
    /// A step of an event is past its due date.
    Overdue,
    /// A step of an event has neither happened nor been waived.
    StepOpen,
    /// Required fields are empty.
    Complete,
}
