//! What people do on the replicas of a simulated world.

use automerge::transaction::Transactable;
use automerge::{Automerge, ROOT};
use serde_json::json;

use super::{PLAIN, Replica, Sabotage, Simulation};
use crate::command::{self, Command, CommandError, Splice};
use crate::genesis;
use crate::id::{DocumentId, RecordRef};
use crate::record::FieldPath;
use crate::time::Timestamp;

pub(super) const PROGRAMME: &str = "sim";

/// Kind and key of a record, a register and a text.
pub(super) type Record = (&'static str, &'static str, &'static str, &'static str);

const RECORDS: [Record; 3] = [
    ("event", "ev0", "dates", "objectives"),
    ("organisation", "og0", "acronym", "notes"),
    ("organisation", "og1", "acronym", "interests"),
];

/// The record that not everybody may see.
pub(super) const HIDDEN: Record = ("event_report", "er0", "", "summary");

/// The document that not everybody may see.
pub(super) fn hidden() -> DocumentId {
    DocumentId::of_record(PROGRAMME, &RecordRef::new(HIDDEN.0, HIDDEN.1))
}

/// All documents there can be.
pub(super) fn documents() -> impl Iterator<Item = DocumentId> {
    let all = RECORDS.iter().chain([&HIDDEN]);
    all.map(|record| DocumentId::of_record(PROGRAMME, &RecordRef::new(record.0, record.1)))
}

/// One of eight records that somebody on this replica could edit. Some are the same.
pub(super) fn record(which: u64, replica: usize) -> &'static Record {
    match RECORDS.get(which as usize % 4) {
        Some(record) => record,
        // Nobody edits what they cannot see.
        None if super::policy::is_blind(replica) => &RECORDS[0],
        None => &HIDDEN,
    }
}

/// An edit that is given up in the middle.
#[derive(Debug)]
struct GivenUp;

impl From<crate::sync::repo::EditError> for GivenUp {
    fn from(_: crate::sync::repo::EditError) -> Self {
        Self
    }
}

impl Simulation {
    /// A person does something small on a replica, or gives it up half done.
    pub(super) fn edit(&mut self, replica: usize, choice: u64) {
        let record = record(self.below(8), replica);
        let number = self.below(28) + 1;
        if replica == PLAIN {
            self.edit_plain(record, number, choice);
            return;
        }
        let now = self.local(replica);
        let sabotaged = self.sabotage == Sabotage::HalfApplied;
        let Some(repo) = &mut self.replicas[replica].running else {
            return;
        };
        if !repo.is_ready() {
            return;
        }
        let document = DocumentId::of_record(PROGRAMME, &RecordRef::new(record.0, record.1));
        let heads = repo.document(&document).map(Automerge::get_heads);
        if choice == 0 && heads.is_some() {
            let given_up = repo.edit(now, document, |doc| {
                doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "half", 1))
                    .expect("a change");
                if sabotaged { Ok(()) } else { Err(GivenUp) }
            });
            assert_eq!(
                repo.document(&document).map(Automerge::get_heads),
                heads,
                "a failed edit of {document} left something behind ({given_up:?})"
            );
            self.drain(replica);
            return;
        }
        let command = command(record, replica, number, choice, heads.as_deref());
        match execute(&mut self.replicas[replica], now, &command) {
            // What cannot be loaded now cannot be edited now.
            Err(CommandError::NotHere(_)) => return,
            result => result.expect("a well-formed command on a loaded record"),
        }
        self.made(replica, document);
    }

    /// Something was changed in a document.
    pub(super) fn made(&mut self, replica: usize, document: DocumentId) {
        self.tally.edits += 1;
        let heads = self.heads(replica, &document);
        let made = self.replicas[replica].made.entry(document).or_default();
        made.extend(heads);
        self.drain(replica);
    }

    fn edit_plain(&mut self, record: &Record, number: u64, choice: u64) {
        let document = DocumentId::of_record(PROGRAMME, &RecordRef::new(record.0, record.1));
        if choice == 0 {
            self.plain_attacks(document);
            return;
        }
        let now = self.now;
        let Some(doc) = self.plain.document(document) else {
            return;
        };
        let heads = doc.get_heads();
        let command = command(record, PLAIN, number, choice, Some(&heads));
        command::apply(document, doc, &command, now).expect("a well-formed command");
        self.tally.edits += 1;
        self.plain_says(document);
    }
}

pub(super) fn command(
    record: &Record,
    replica: usize,
    number: u64,
    choice: u64,
    heads: Option<&[automerge::ChangeHash]>,
) -> Command {
    let (kind, key, register, text) = *record;
    let reference = RecordRef::new(kind, key);
    let document = DocumentId::of_record(PROGRAMME, &reference);
    match (choice, heads) {
        (_, None) => Command::CreateRecord {
            programme: PROGRAMME.to_owned(),
            reference,
            values: Vec::new(),
        },
        (1, Some(_)) if !register.is_empty() => Command::SetField {
            base: None,
            document,
            path: FieldPath::field(register),
            value: json!(format!("2021-03-{number:02}")),
        },
        (2, Some(_)) if kind == "event" => Command::AddEntry {
            document,
            path: FieldPath::field("sessions").join(format!("s{replica}x{number}")),
            values: vec![("title".to_owned(), json!("Session"))],
        },
        (_, Some(heads)) => Command::EditText {
            document,
            path: FieldPath::field(text),
            base: heads.iter().map(ToString::to_string).collect(),
            splices: vec![Splice {
                at: 0,
                delete: 0,
                insert: format!("from {replica} at {number}. "),
            }],
        },
    }
}

/// Carries out a command as a workspace does.
fn execute(replica: &mut Replica, now: Timestamp, command: &Command) -> Result<(), CommandError> {
    let Some(repo) = &mut replica.running else {
        return Ok(());
    };
    let document = command.document();
    repo.edit(now, document, |doc| apply(document, doc, command, now))
}

/// Carries out a command on a document, which may be empty.
pub(super) fn apply(
    document: DocumentId,
    doc: &mut Automerge,
    command: &Command,
    now: Timestamp,
) -> Result<(), CommandError> {
    if let (
        Command::CreateRecord {
            programme,
            reference,
            ..
        },
        [],
    ) = (command, &doc.get_heads()[..])
    {
        let first = genesis::new_document(programme, reference)?;
        doc.apply_changes(first.get_changes(&[]))
            .map_err(|error| CommandError::Document(error.to_string()))?;
    }
    command::apply(document, doc, command, now).map(|_| ())
}
