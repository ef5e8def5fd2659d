//! The documents of the benchmark: records as people make them, the same in every run and for
//! every server.

use std::thread;

use anyhow::Context;
use automerge::sync::{State, SyncDoc};
use automerge::{ActorId, Automerge, ChangeHash, ReadDoc};
use meltemi_core::command::create_record::create;
use meltemi_core::command::{self, Command, Splice};
use meltemi_core::genesis;
use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::record::FieldPath;
use meltemi_core::time::Timestamp;
use serde_json::{Value, json};

/// Programme of all records.
const PROGRAMME: &str = "bench";

/// When all records were made.
const NOW: Timestamp = Timestamp(1_760_000_000_000);

/// The field that the benchmark edits.
pub(crate) const EDITED: &str = "venue";

/// Cities that take part in an event.
const PARTICIPANTS: usize = 20;

/// Pieces in which the text of an event is written, and the letters of each.
const PIECES: usize = 20;
const LETTERS: usize = 100;

/// A saved document and what a client that was in sync keeps of it.
#[derive(Debug, Clone)]
pub(crate) struct Saved {
    /// Its id.
    pub(crate) id: DocumentId,
    /// Automerge bytes.
    pub(crate) bytes: Vec<u8>,
    /// Its heads.
    pub(crate) heads: Vec<ChangeHash>,
    /// The sync state a client keeps while it has no connection.
    pub(crate) state: Vec<u8>,
    /// The first message of that client in its next connection; empty when it has to be made.
    pub(crate) hello: Vec<u8>,
}

impl Saved {
    /// Saves a document that the server has too.
    pub(crate) fn new(id: DocumentId, doc: &Automerge) -> anyhow::Result<Self> {
        let heads = doc.get_heads();
        let mut state = State::new();
        state.shared_heads = heads.clone();
        let state = state.encode();
        let mut again = State::decode(&state)?;
        let hello = doc.generate_sync_message(&mut again);
        Ok(Self {
            id,
            bytes: doc.save(),
            heads,
            state,
            hello: hello.context("no first message")?.encode(),
        })
    }

    /// The document.
    pub(crate) fn load(&self) -> anyhow::Result<Automerge> {
        Ok(genesis::load(&self.bytes)?)
    }

    /// This document after one more edit by somebody.
    pub(crate) fn edited(&self, by: u8, number: u64) -> anyhow::Result<Self> {
        let mut doc = self.load()?.with_actor(actor(by, number));
        edit(self.id, &mut doc, number)?;
        Ok(Self {
            bytes: doc.save(),
            heads: doc.get_heads(),
            // Made anew: it shows the new heads.
            hello: Vec::new(),
            ..self.clone()
        })
    }
}

/// Sets the edited field to a number.
pub(crate) fn edit(id: DocumentId, doc: &mut Automerge, number: u64) -> anyhow::Result<()> {
    command::apply(id, doc, &edit_command(id, number), NOW)?;
    Ok(())
}

/// The command that does so.
pub(crate) fn edit_command(document: DocumentId, number: u64) -> Command {
    Command::SetField {
        base: None,
        document,
        path: FieldPath::field(EDITED),
        value: json!(number.to_string()),
    }
}

/// The number the edited field has.
pub(crate) fn edited(doc: &Automerge) -> Option<u64> {
    let (value, _) = doc.get(automerge::ROOT, EDITED).ok()??;
    value.as_str()?.parse().ok()
}

/// Events of about 60 changes: 20 participants and 2 KB of text.
pub(crate) fn events(count: usize) -> anyhow::Result<Vec<Saved>> {
    in_parallel(count, event)
}

/// Events of about 10 changes.
pub(crate) fn small_events(count: usize) -> anyhow::Result<Vec<Saved>> {
    in_parallel(count, small_event)
}

fn in_parallel(
    count: usize,
    make: fn(usize) -> anyhow::Result<Saved>,
) -> anyhow::Result<Vec<Saved>> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let part = count.div_ceil(threads).max(1);
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..count)
            .step_by(part)
            .map(|begin| scope.spawn(move || (begin..count.min(begin + part)).map(make).collect()))
            .collect();
        let joined = workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|_| anyhow::bail!("a worker failed"))
        });
        joined.collect::<anyhow::Result<Vec<Vec<Saved>>>>()
    })?;
    Ok(parts.into_iter().flatten().collect())
}

/// The actor of a session. Derived, so that every run has the same bytes.
fn actor(person: u8, session: u64) -> ActorId {
    let mut bytes = [person; 16];
    bytes[8..].copy_from_slice(&session.to_be_bytes());
    ActorId::from(bytes)
}

fn begin(key: &str, number: usize) -> anyhow::Result<(DocumentId, Automerge)> {
    let values: Vec<(FieldPath, Value)> = [
        (
            "titles",
            json!({ "en": format!("Peer learning event {number}") }),
        ),
        ("modality", json!("in_person")),
    ]
    .into_iter()
    .map(|(name, value)| (FieldPath::field(name), value))
    .collect();
    let reference = RecordRef::new("event", format!("{key}{number}"));
    Ok(create(
        PROGRAMME,
        &reference,
        &values,
        actor(1, number as u64),
        NOW,
    )?)
}

fn event(number: usize) -> anyhow::Result<Saved> {
    let (id, mut doc) = begin("ev", number)?;
    let run = |doc: &mut Automerge, command: Command| command::apply(id, doc, &command, NOW);
    for participant in 0..PARTICIPANTS {
        let city = RecordRef::new("city", format!("city-{number}-{participant}"));
        let path = FieldPath::field("guest_cities").join_record(city);
        let note = path.clone().join("note");
        run(
            &mut doc,
            Command::AddEntry {
                document: id,
                path,
                values: Vec::new(),
            },
        )?;
        run(
            &mut doc,
            Command::SetField {
                base: None,
                document: id,
                path: note,
                value: json!(words(number * PARTICIPANTS + participant, 24)),
            },
        )?;
    }
    for piece in 0..PIECES {
        let text = words(number * PIECES + piece, LETTERS);
        let base = doc.get_heads().iter().map(ToString::to_string).collect();
        run(
            &mut doc,
            Command::EditText {
                document: id,
                path: FieldPath::field("description"),
                base,
                splices: vec![Splice {
                    at: piece * LETTERS,
                    delete: 0,
                    insert: text,
                }],
            },
        )?;
    }
    Saved::new(id, &doc)
}

fn small_event(number: usize) -> anyhow::Result<Saved> {
    let (id, mut doc) = begin("small", number)?;
    let fields = [EDITED, "modality_reason"];
    for change in 0..8 {
        let command = Command::SetField {
            base: None,
            document: id,
            path: FieldPath::field(fields[change % fields.len()]),
            value: json!(words(number + change, 12)),
        };
        command::apply(id, &mut doc, &command, NOW)?;
    }
    Saved::new(id, &doc)
}

/// Exactly `letters` letters of words, other ones for every number.
fn words(number: usize, letters: usize) -> String {
    const WORDS: [&str; 24] = [
        "city", "water", "harbour", "learning", "mayor", "plan", "visit", "report", "network",
        "budget", "school", "waste", "mobility", "workshop", "council", "street", "energy",
        "partner", "bridge", "survey", "garden", "market", "housing", "climate",
    ];
    let mut state = number as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut text = String::new();
    while text.len() < letters {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        text.push_str(WORDS[(state >> 33) as usize % WORDS.len()]);
        text.push(' ');
    }
    text.truncate(letters);
    // A line of text has no spaces at its ends.
    if text.ends_with(' ') {
        text.pop();
        text.push('s');
    }
    text
}
