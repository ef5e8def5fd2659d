//! What page and worker say to each other. Plain data, sent as JSON.
//!
//! The enums are tagged from outside, serde's default: every other way makes the page's program
//! a third larger, because it has to read everything twice.

use meltemi_core::command::Command;
use meltemi_core::id::DocumentId;
use meltemi_core::sync::status::SyncStatus;
use meltemi_core::view::{OverviewView, RecordView, Summary};
use serde::{Deserialize, Serialize};

/// A message from the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToWorker {
    /// Chosen by the page; the reply carries it.
    pub id: u64,
    /// What is asked.
    pub ask: Ask,
}

/// What a page can ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// The current status; also sent as [`Event::Status`] whenever it changes.
    Status,
    /// The programme at a glance.
    Overview {
        /// The local date, for due dates.
        today: String,
    },
    /// The records of a kind.
    Summaries {
        /// Name of the kind.
        kind: String,
    },
    /// One record, whole.
    Record {
        /// The document.
        id: DocumentId,
    },
    /// Do something. Answered when the result is on this device's disk.
    Execute {
        /// What to do.
        command: Command,
    },
    /// The person was asked to try the line again now.
    Reconnect,
    /// Take a notice off the list.
    Dismiss {
        /// Its place in [`SyncStatus::notices`].
        notice: usize,
    },
}

/// A message to the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromWorker {
    /// The answer to a [`ToWorker`].
    Reply {
        /// Its id.
        id: u64,
        /// The answer, or why there is none.
        result: Result<Answer, Failure>,
    },
    /// Something happened.
    Event {
        /// What.
        event: Event,
    },
}

/// The answer to an [`Ask`], of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To [`Ask::Status`].
    Status(SyncStatus),
    /// To [`Ask::Overview`].
    Overview(OverviewView),
    /// To [`Ask::Summaries`].
    Summaries(Vec<Summary>),
    /// To [`Ask::Record`].
    Record(Box<RecordView>),
    /// To [`Ask::Execute`].
    Done(Box<Done>),
    /// To [`Ask::Reconnect`] and [`Ask::Dismiss`].
    Nothing,
}

/// A command was carried out and is on the disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The record afterwards.
    pub record: RecordView,
    /// Commands that take it back, in order.
    pub undo: Vec<Command>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable word; the texts of screens are keyed by it (`failure.not-here`).
    pub code: String,
    /// One English sentence with the details.
    pub message: String,
}

/// Something that happened without being asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The worker has loaded what this device holds and answers from now on.
    Ready,
    /// Documents changed: by a person elsewhere, or in another tab.
    Changed(Vec<DocumentId>),
    /// The status changed.
    Status(SyncStatus),
    /// The worker cannot go on (no storage, for example).
    Failed(Failure),
}
