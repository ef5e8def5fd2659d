//! What page and worker say to each other. Plain data, sent as JSON.
//!
//! The enums are tagged from outside, serde's default: every other way makes the page's program
//! a third larger, because it has to read everything twice.

use meltemi_core::command::Command;
use meltemi_core::id::DocumentId;
use meltemi_core::sync::status::SyncStatus;
use meltemi_core::time::Timestamp;
use meltemi_core::view::history::HistoryView;
use meltemi_core::view::{OverviewView, RecordView, Summary};
use meltemi_core::workspace::{ProposedView, RefusedView};
use serde::{Deserialize, Serialize};

use super::lock::State;

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
    /// A part of the history of a record, newest first.
    History {
        /// The document.
        id: DocumentId,
        /// How many of the newest entries are known already.
        skip: usize,
        /// How many are wanted.
        count: usize,
    },
    /// The edits of a record that the server has refused.
    Refused {
        /// The document.
        id: DocumentId,
    },
    /// The person has decided about the refused edits of a record.
    DecideRefused {
        /// The document.
        id: DocumentId,
        /// Whether they are put into the record and sent again, or dropped.
        again: bool,
    },
    /// The refused edits of a record, to be kept in a file.
    ExportRefused {
        /// The document.
        id: DocumentId,
    },
    /// What changes of somebody else would make of a record.
    Proposed {
        /// The document.
        id: DocumentId,
        /// The changes as Automerge writes them, as hex.
        changes: String,
    },
    /// Do something. Answered when the result is on this device's disk, or cannot be
    /// written.
    Execute {
        /// What to do.
        command: Command,
    },
    /// This tab is to carry on the decision that is noted on this device, or begins one.
    ClaimDecision {
        /// Whether it begins one.
        begin: bool,
    },
    /// Enters a part of what is in quarantine into a record: all commands or none, and together
    /// with them what is decided. Answered like [`Self::Execute`].
    TakePart {
        /// The document.
        document: DocumentId,
        /// What to do, in order.
        commands: Vec<Command>,
        /// As [`super::decisions::under_way::Decided`] writes it.
        decided: String,
    },
    /// Answered when no other tab carries a decision on.
    AwaitDecision,
    /// The decision that this tab carries on has ended.
    EndDecision,
    /// All edits that are not on the server yet, to be kept in a file.
    ExportUnsent,
    /// Keeps who uses this device, beside their records.
    KeepAccount {
        /// As [`super::account::keep`] writes it.
        account: String,
    },
    /// Open the encrypted records.
    Unlock {
        /// The PIN.
        pin: String,
    },
    /// Give up beginning to encrypt the records, which are all readable yet. Needs no PIN.
    GiveUpLock,
    /// Begin to encrypt the records with a PIN. The next start goes on with it.
    Lock {
        /// The PIN.
        pin: String,
    },
    /// Give the encrypted records another PIN.
    ChangePin {
        /// The PIN until now.
        pin: String,
        /// The new one.
        new: String,
    },
    /// Begin to decrypt the records. The next start goes on with it.
    EndLock,
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
    /// To [`Ask::History`].
    History(HistoryView),
    /// To [`Ask::Refused`]; nothing when there are none.
    Refused(Option<Box<RefusedView>>),
    /// To [`Ask::ExportRefused`]; nothing when there are none.
    ExportRefused(Option<Export>),
    /// To [`Ask::Proposed`].
    Proposed(Box<ProposedView>),
    /// To [`Ask::ExportUnsent`].
    Unsent(Unsent),
    /// To [`Ask::Unlock`], [`Ask::GiveUpLock`] and [`Ask::ChangePin`].
    Pin(Pin),
    /// To [`Ask::Execute`] and [`Ask::TakePart`].
    Done(Box<Done>),
    /// To [`Ask::ClaimDecision`].
    Decision(Claimed),
    /// To [`Ask::Reconnect`], [`Ask::Dismiss`], [`Ask::DecideRefused`], [`Ask::AwaitDecision`],
    /// [`Ask::EndDecision`], [`Ask::KeepAccount`], [`Ask::Lock`] and [`Ask::EndLock`].
    Nothing,
}

/// Refused edits as files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The Automerge bytes of the record with the edits, as hex.
    pub bytes: String,
    /// Why they were refused and what they would change, as JSON for people and programs.
    pub readable: String,
}

/// All edits that are not on the server yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsent {
    /// In how many records they are.
    pub records: u64,
    /// These records as JSON: as a person sees them, and their Automerge bytes as hex.
    pub text: String,
}

/// The storage of this device is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Who uses this device, as [`super::account::keep`] has written it.
    pub account: Option<String>,
    /// Whether it is encrypted.
    pub locked: bool,
    /// Whether turning the lock on or off has failed.
    pub not_settled: bool,
}

/// The records of this device are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    /// How far that is.
    pub state: State,
    /// From when on the next PIN is taken, if that is not now.
    pub until: Option<Timestamp>,
    /// In how many records edits are not on the server yet.
    pub unsent: u64,
}

/// What came of a PIN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Whether it was the right one.
    pub right: bool,
    /// From when on the next one is taken, if that is not now.
    pub until: Option<Timestamp>,
}

/// A command was carried out and, if nothing else is said, is on the disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The record afterwards.
    pub record: RecordView,
    /// Commands that take it back, in order.
    pub undo: Vec<Command>,
    /// Why it is in memory only. It is written as soon as that can be.
    pub unsaved: Option<Failure>,
}

/// Who carries on a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// What is decided, if a part of it is entered already.
    pub decided: Option<String>,
    /// Whether this tab carries it on, or may begin one. Otherwise another tab does.
    pub own: bool,
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
    /// The records of this device are encrypted: nothing happens before [`Ask::Unlock`].
    Locked(Locked),
    /// The storage of this device is open; [`Event::Ready`] follows when everything is loaded.
    Opened(Opened),
    /// The worker has loaded what this device holds and answers from now on.
    Ready,
    /// Documents changed: by a person elsewhere, or in another tab.
    Changed(Vec<DocumentId>),
    /// The status changed.
    Status(SyncStatus),
    /// The worker cannot go on (no storage, for example).
    Failed(Failure),
}
