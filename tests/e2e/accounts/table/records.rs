//! Records of every kind and class, owned by one's own body and by others.

use std::collections::BTreeSet;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, Change, ROOT, ReadDoc};
use meltemi_core::command::create_record::create;
use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::record::{self, EntryKey, FieldPath, Member, Scalar, Shape};
use meltemi_core::time::Timestamp;
use meltemi_core::wire::exchange::Hash;
use serde_json::{Value, json};

use super::page::{NOT_SETTLED, Page};

/// The bodies that members of the test belong to.
pub(super) const OWN: [&str; 2] = ["city/tangier", "organisation/uclg"];

/// Bodies of nobody in the test.
const OTHER: [&str; 2] = ["city/lyon", "organisation/icmpd"];

/// When everything was written.
const NOW: u64 = 1_764_000_000_000;

/// What is written into the field that says who may see a record; each has a programme of its own,
/// because a body has one record in a programme.
const WORDINGS: [&str; 12] = [
    "empty",
    "both",
    "unknown",
    "public",
    "peers",
    "consortium",
    "city_private",
    "personal",
    "chatham",
    "open",
    "chatham_house",
    "closed",
];

/// A record.
pub(super) struct Record {
    pub(super) id: DocumentId,
    pub(super) kind: String,
    /// The heading under which the page has it.
    pub(super) column: String,
    pub(super) owners: BTreeSet<RecordRef>,
    pub(super) doc: Automerge,
    pub(super) wording: &'static str,
    values: Vec<(FieldPath, Value)>,
}

/// All programmes there are records in.
pub(super) fn programmes() -> impl Iterator<Item = String> {
    WORDINGS.iter().map(|wording| format!("p_{wording}"))
}

/// All records.
pub(super) fn records(page: &Page) -> Vec<Record> {
    let mut records = Vec::new();
    for (kind, (class, owners)) in &page.kinds {
        for wording in WORDINGS {
            let Some(column) = column(kind, class, wording) else {
                continue;
            };
            let ways = owners.iter().map(String::as_str);
            let own = ways.clone().map(|way| (Some(way), OWN));
            for (way, bodies) in own.chain([(ways.clone().next(), OTHER)]) {
                let key = match way {
                    Some("itself") => key_of(bodies, kind).to_owned(),
                    way => format!("{}-{}", way.unwrap_or("nobody"), key_of(bodies, "city")),
                };
                records.push(Record::new(
                    kind,
                    &key,
                    way,
                    bodies,
                    wording,
                    column.clone(),
                ));
            }
        }
    }
    records
}

/// The key of the body of this kind.
fn key_of(bodies: [&'static str; 2], kind: &str) -> &'static str {
    let mut pairs = bodies.iter().filter_map(|body| body.split_once('/'));
    pairs.find(|(of, _)| *of == kind).expect("a body").1
}

/// The class that a wording means for a kind, as the page says; nothing if it cannot be written.
fn column(kind: &str, class: &str, wording: &str) -> Option<String> {
    let words = |of: &str| WORDINGS[3..9].contains(&of);
    let column = match (kind, wording) {
        (_, "empty") => class,
        // Has no field for it.
        ("programme", _) => return None,
        (_, "both" | "unknown") => NOT_SETTLED,
        ("event", "open") => class,
        ("event", "closed" | "chatham_house") => "chatham",
        // A word of the other kinds is not one of an event's, and the other way round.
        ("event", _) => NOT_SETTLED,
        (_, word) if words(word) => word,
        _ => NOT_SETTLED,
    };
    Some(column.to_owned())
}

impl Record {
    fn new(
        kind: &str,
        key: &str,
        owner: Option<&str>,
        bodies: [&str; 2],
        wording: &'static str,
        column: String,
    ) -> Self {
        let mut values = vec![(path("source"), json!("Minutes of the harbour"))];
        let owners = match owner {
            None => BTreeSet::new(),
            Some("itself") => [RecordRef::new(kind, key)].into(),
            Some(field) => {
                let (value, owners) = owned_by(kind, field, bodies);
                values.push((path(field), value));
                owners
            }
        };
        if kind == "event" {
            // Guests do not own it.
            values.push((path("guest_cities"), json!({ OWN[0]: {} })));
        }
        let key = if kind == "programme" {
            format!("p_{wording}")
        } else {
            key.to_owned()
        };
        let mut record = Self {
            id: DocumentId::from_bytes([0; 16]),
            kind: kind.to_owned(),
            column,
            owners,
            doc: Automerge::new(),
            wording,
            values,
        };
        (record.id, record.doc) = record.written(&key, 1);
        record
    }

    /// A record of this key of which the same is known, apart from being itself a body.
    pub(super) fn written(&self, key: &str, writer: u8) -> (DocumentId, Automerge) {
        let reference = RecordRef::new(&self.kind, key);
        let programme = format!("p_{}", self.wording);
        let actor = actor(writer, 0);
        let (id, mut doc) =
            create(&programme, &reference, &self.values, actor, Timestamp(NOW)).expect("a record");
        let event = self.kind == "event";
        match self.wording {
            "empty" => {}
            "both" => {
                let words = if event {
                    ["open", "closed"]
                } else {
                    ["public", "peers"]
                };
                let forks = [1, 2].map(|at| doc.fork().with_actor(self::actor(writer, at)));
                for (mut fork, word) in forks.into_iter().zip(words) {
                    put(&mut fork, class_field(&self.kind), word);
                    doc.merge(&mut fork).expect("one record");
                }
            }
            word => drop(put(&mut doc, class_field(&self.kind), word)),
        }
        (id, doc)
    }

    /// A change of the record by somebody who knows it.
    pub(super) fn edit(&self, writer: u8, at: u8) -> Change {
        let mut doc = self.doc.fork().with_actor(actor(writer, at));
        put(&mut doc, "source", "Changed in the harbour")
    }

    /// Its heads, as they are sent.
    pub(super) fn heads(&self) -> Vec<Hash> {
        heads(&self.doc)
    }
}

/// The heads of a document, sorted.
pub(super) fn heads(doc: &Automerge) -> Vec<Hash> {
    let mut heads: Vec<Hash> = doc.get_heads().iter().map(|head| head.0).collect();
    heads.sort_unstable();
    heads
}

/// All changes of a document, one after the other.
pub(super) fn whole(doc: &Automerge) -> Vec<u8> {
    let changes = doc.get_changes(&[]);
    let bytes = changes.iter().map(|change| change.raw_bytes().to_vec());
    bytes.collect::<Vec<_>>().concat()
}

/// The field that says who may see a record of this kind.
pub(super) fn class_field(kind: &str) -> &'static str {
    if kind == "event" {
        "confidentiality"
    } else {
        "visibility"
    }
}

/// Sets a register of the root.
pub(super) fn put(doc: &mut Automerge, field: &str, word: &str) -> Change {
    let mut transaction = doc.transaction();
    transaction.put(ROOT, field, word).expect("a map");
    let (hash, _) = transaction.commit_with(CommitOptions::default().with_time(NOW as i64));
    doc.get_change_by_hash(&hash.expect("a change"))
        .expect("the change just made")
}

/// Somebody's actor; each change that others do not know of has another.
pub(super) fn actor(writer: u8, at: u8) -> ActorId {
    ActorId::from([0xac, writer, at, 7, 7, 7, 7, 7].as_slice())
}

/// The value of a field that makes these bodies owners, and those it can name.
fn owned_by(kind: &str, field: &str, bodies: [&str; 2]) -> (Value, BTreeSet<RecordRef>) {
    let shape = record::kind(kind).and_then(|kind| kind.field(field));
    let shape = &shape.expect("a field that the page names").shape;
    let (Shape::Value(Scalar::Link(kinds))
    | Shape::Tags(Member::Link(kinds))
    | Shape::Entries(EntryKey::Link(kinds), _)) = shape
    else {
        panic!("{kind}.{field} links to nothing");
    };
    let owners: BTreeSet<RecordRef> = bodies
        .iter()
        .map(|body| body.parse::<RecordRef>().expect("a body"))
        .filter(|body| kinds.contains(&body.kind.as_str()))
        .collect();
    let texts: Vec<String> = owners.iter().map(ToString::to_string).collect();
    let value = match shape {
        Shape::Value(_) => json!(texts[0]),
        Shape::Tags(_) => json!(texts),
        _ => texts.into_iter().map(|text| (text, json!({}))).collect(),
    };
    (value, owners)
}

fn path(text: &str) -> FieldPath {
    text.parse().expect("a path")
}
