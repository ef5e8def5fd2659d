//! The first changes of a document: the same bytes on every device, so that records made twice
//! while offline are one record and their containers never hide each other.
//!
//! Change *n* brings what schema version *n* of the kind declares. All of
//! them are made by an actor derived from the document id, at time 0, each
//! on the one before, so upgrading an old document means applying the changes it lacks.
//! What a released schema version declares must therefore never change.

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{
    ActorId, Automerge, AutomergeError, Change, ChangeHash, LoadOptions, ObjId, ObjType, ROOT,
    ReadDoc, ScalarValue, TextEncoding, Value,
};

use sha2::{Digest, Sha256};

use crate::id::{DocumentId, RecordRef, is_key};
use crate::record::{self, EntryKey, Field, Kind, Shape};

/// Map of settlements at the root: path of the register to what was chosen.
pub const SETTLEMENTS: &str = "settlements";

/// Register of a record or of an entry that says it was removed.
pub const REMOVED: &str = "removed";

/// A document without changes, with positions in texts counted as browsers do.
pub fn empty() -> Automerge {
    Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit)
}

/// The document saved as `bytes`, with positions in texts counted as browsers do.
pub fn load(bytes: &[u8]) -> Result<Automerge, AutomergeError> {
    let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
    Automerge::load_with_options(bytes, options)
}

/// The actor that makes the first changes of `document`.
pub fn actor(document: &DocumentId) -> ActorId {
    ActorId::from(document.as_bytes().as_slice())
}

/// Why a record cannot be begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// The kind is unknown.
    #[error("there is no record kind {0:?}")]
    UnknownKind(String),
    /// The programme's name or the record's key has a wrong form.
    #[error("{0:?} cannot name a programme or a record: expected 1 to 64 of a-z, 0-9, _ or -")]
    Key(String),
}

/// A new document for `reference` in `programme`: the first changes and nothing else.
///
/// Its actor is random; set the device's before writing.
pub fn new_document(programme: &str, reference: &RecordRef) -> Result<Automerge, GenesisError> {
    let kind = record::kind(&reference.kind)
        .ok_or_else(|| GenesisError::UnknownKind(reference.kind.clone()))?;
    for key in [programme, &reference.key] {
        if !is_key(key) {
            return Err(GenesisError::Key(key.chars().take(80).collect()));
        }
    }
    let mut doc = build(kind, programme, reference, kind.schema);
    doc.set_actor(empty().get_actor().clone());
    Ok(doc)
}

/// Applies the first changes that `doc`, made under an older schema, lacks.
///
/// A document of the same or of a newer schema stays as it is.
pub fn upgrade(doc: &mut Automerge, identity: &Identity) -> Result<(), AutomergeError> {
    let Identity {
        programme,
        reference,
        kind,
        schema,
    } = identity;
    if *schema >= kind.schema {
        return Ok(());
    }
    let changes = build(kind, programme, reference, kind.schema).get_changes(&[]);
    let missing: Vec<Change> = changes
        .into_iter()
        .filter(|change| doc.get_change_meta_by_hash(&change.hash()).is_none())
        .collect();
    doc.apply_changes(missing)
}

/// What a document is, according to its first change.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// Programme it belongs to.
    pub programme: String,
    /// Kind and key.
    pub reference: RecordRef,
    /// The declaration of the kind.
    pub kind: &'static Kind,
    /// Schema version the document was last written with; may be newer than the declaration.
    pub schema: u16,
}

/// Why a document is not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotARecord {
    /// It does not say what it is.
    #[error("the document does not say which programme and kind of record it belongs to")]
    NoKind,
    /// It is of a kind that this version does not know.
    #[error(
        "the document is a record of kind {0:?}, which this version does not know; a newer version may"
    )]
    UnknownKind(String),
    /// Its id is not the one of the record it says it is.
    #[error("the document says it is {reference} of {programme}, whose document is {expected}")]
    WrongId {
        /// The programme it names.
        programme: String,
        /// The record it says it is.
        reference: RecordRef,
        /// The document of that record.
        expected: DocumentId,
    },
    /// It was not begun as records are.
    #[error("the document was not begun by Meltemi: its first change is not the one of {0}")]
    WrongGenesis(RecordRef),
    /// Its kind, key, programme or schema was overwritten later.
    #[error("the {0} of the record was overwritten after it was begun")]
    Changed(&'static str),
}

impl NotARecord {
    /// A short name for programs, which stays the same in all versions.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoKind => "no-kind",
            Self::UnknownKind(_) => "unknown-kind",
            Self::WrongId { .. } => "wrong-id",
            Self::WrongGenesis(_) => "wrong-genesis",
            Self::Changed(_) => "kind-changed",
        }
    }
}

/// Says which record `doc`, found under the id `document`, is.
///
/// Checks the first change in full, as documents from elsewhere need.
pub fn identify(document: &DocumentId, doc: &Automerge) -> Result<Identity, NotARecord> {
    let identity = recognise(document, doc)?;
    let Identity {
        programme,
        reference,
        kind,
        ..
    } = &identity;
    if doc
        .get_change_meta_by_hash(&first_hash(kind, programme, reference))
        .is_none()
    {
        return Err(NotARecord::WrongGenesis(reference.clone()));
    }
    Ok(identity)
}

/// Like [`identify`], for a document that was identified when it came to this replica.
///
/// Looks at who wrote what the document says it is, but does not build the first change again
/// to compare it, which costs more than reading the record.
pub fn recognise(document: &DocumentId, doc: &Automerge) -> Result<Identity, NotARecord> {
    let programme = root_text(doc, "programme");
    let kind_name = root_text(doc, "kind");
    let key = root_text(doc, "key");
    let (Some(programme), Some(kind_name), Some(key)) = (programme, kind_name, key) else {
        return Err(overwritten(document, doc).unwrap_or(NotARecord::NoKind));
    };
    let reference = RecordRef::new(kind_name, key);
    let Some(kind) = record::kind(&reference.kind) else {
        return Err(
            overwritten(document, doc).unwrap_or(NotARecord::UnknownKind(
                reference.kind.chars().take(80).collect(),
            )),
        );
    };
    let expected = DocumentId::of_record(&programme, &reference);
    if expected != *document {
        return Err(overwritten(document, doc).unwrap_or(NotARecord::WrongId {
            programme,
            reference,
            expected,
        }));
    }
    let genesis = actor(document);
    for name in ["programme", "kind", "key", "schema"] {
        match &doc.get_all(ROOT, name).unwrap_or_default()[..] {
            [(_, ObjId::Id(_, actor, _))] if *actor == genesis => {}
            _ => {
                return Err(
                    overwritten(document, doc).unwrap_or(NotARecord::WrongGenesis(reference))
                );
            }
        }
    }
    let schema = match doc.get(ROOT, "schema") {
        Ok(Some((value, _))) => value.as_u64().and_then(|n| u16::try_from(n).ok()),
        _ => None,
    };
    let schema = schema.ok_or(NotARecord::Changed("schema"))?;
    Ok(Identity {
        programme,
        reference,
        kind,
        schema,
    })
}

/// What is wrong with a document that some first change of `document`'s actor did begin.
///
/// `None` when there is no such change, so that nothing was overwritten.
fn overwritten(document: &DocumentId, doc: &Automerge) -> Option<NotARecord> {
    let author = actor(document);
    let metas = doc.get_changes_meta(&[]);
    let first = metas
        .iter()
        .find(|meta| *meta.actor == author && meta.seq == 1)?
        .hash;
    for name in ["programme", "kind", "key", "schema"] {
        let begun = doc.get_all_at(ROOT, name, &[first]).unwrap_or_default();
        let now = doc.get_all(ROOT, name).unwrap_or_default();
        // Only the schema is written again, by the same actor, when the kind gets a new version.
        let same = match (&begun[..], &now[..]) {
            ([(before, _)], [(after, ObjId::Id(_, by, _))]) => {
                *by == author && (name == "schema" || before == after)
            }
            _ => false,
        };
        if !begun.is_empty() && !same {
            return Some(NotARecord::Changed(name));
        }
    }
    None
}

fn root_text(doc: &Automerge, name: &str) -> Option<String> {
    match doc.get(ROOT, name) {
        Ok(Some((Value::Scalar(value), _))) => match value.as_ref() {
            ScalarValue::Str(text) => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// The hash of the change that begins the record.
fn first_hash(kind: &'static Kind, programme: &str, reference: &RecordRef) -> ChangeHash {
    let heads = build(kind, programme, reference, 1).get_heads();
    *heads
        .first()
        .expect("a document with one change has one head")
}

/// The first changes up to schema version `last`.
fn build(kind: &'static Kind, programme: &str, reference: &RecordRef, last: u16) -> Automerge {
    let document = DocumentId::of_record(programme, reference);
    let mut doc = empty().with_actor(actor(&document));
    for version in 1..=last.max(1) {
        let mut tx = doc.transaction();
        version_change(&mut tx, kind, programme, reference, version)
            .expect("a document that only this function wrote takes its declared containers");
        tx.commit_with(CommitOptions::default().with_time(0));
    }
    doc
}

fn version_change(
    tx: &mut Transaction<'_>,
    kind: &'static Kind,
    programme: &str,
    reference: &RecordRef,
    version: u16,
) -> Result<(), AutomergeError> {
    if version == 1 {
        tx.put(ROOT, "programme", programme)?;
        tx.put(ROOT, "kind", reference.kind.as_str())?;
        tx.put(ROOT, "key", reference.key.as_str())?;
        tx.put_object(ROOT, SETTLEMENTS, ObjType::Map)?;
    }
    tx.put(ROOT, "schema", u64::from(version))?;
    add_containers(tx, &ROOT, kind.fields, 1, &|since| since == version)
}

/// Creates the containers in the map `obj` for those of `fields` whose version `wanted` accepts,
/// and looks for others within fixed entries that exist already.
fn add_containers(
    tx: &mut Transaction<'_>,
    obj: &ObjId,
    fields: &'static [Field],
    around: u16,
    wanted: &dyn Fn(u16) -> bool,
) -> Result<(), AutomergeError> {
    for field in fields {
        let since = around.max(field.since);
        let container = match &field.shape {
            Shape::Value(_) => continue,
            Shape::Text => ObjType::Text,
            Shape::ByLanguage | Shape::Tags(_) | Shape::Entries(..) => ObjType::Map,
        };
        let map = if wanted(since) {
            tx.put_object(obj, field.name, container)?
        } else {
            match tx.get(obj, field.name)? {
                Some((Value::Object(_), map)) => map,
                _ => continue,
            }
        };
        if let Shape::Entries(EntryKey::Fixed(vocabulary), within) = &field.shape {
            for word in vocabulary.words {
                let entry = match tx.get(&map, *word)? {
                    Some((Value::Object(_), entry)) => entry,
                    _ => tx.put_object(&map, *word, ObjType::Map)?,
                };
                add_containers(tx, &entry, within, since, wanted)?;
            }
        }
    }
    Ok(())
}

/// Whether the map object `obj` of an entry lacks a container that `fields` declare.
pub(crate) fn is_incomplete(doc: &Automerge, obj: &ObjId, fields: &[Field]) -> bool {
    fields.iter().any(|field| lacks(doc, obj, field))
}

fn lacks(doc: &Automerge, obj: &ObjId, field: &Field) -> bool {
    !matches!(field.shape, Shape::Value(_))
        && doc
            .get_all(obj, field.name)
            .is_ok_and(|found| found.is_empty())
}

/// Creates the containers that the map object `obj` of an entry lacks, because an older version or
/// another program made it.
///
/// As with the first changes of a document, every replica that does this does it with the same
/// bytes: an actor derived from the entry and the field writes at time 0, on the change that made
/// the entry and nothing else.
pub(crate) fn complete_entry(
    doc: &mut Automerge,
    document: &DocumentId,
    obj: &ObjId,
    fields: &'static [Field],
) -> Result<(), AutomergeError> {
    let (ObjId::Id(counter, creator, _), Some(made)) = (obj, doc.hash_for_opid(obj)) else {
        return Ok(());
    };
    for field in fields {
        if !lacks(doc, obj, field) {
            continue;
        }
        let mut hash = Sha256::new();
        let counter = counter.to_be_bytes();
        let id = document.as_bytes().as_slice();
        for part in [
            b"meltemi/1/entry",
            id,
            &counter,
            creator.to_bytes(),
            field.name.as_bytes(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut fork = doc
            .fork_at(&[made])?
            .with_actor(ActorId::from(&hash.finalize()[..16]));
        let mut tx = fork.transaction();
        add_containers(&mut tx, obj, std::slice::from_ref(field), 1, &|_| true)?;
        tx.commit_with(CommitOptions::default().with_time(0));
        doc.apply_changes(fork.get_last_local_change())?;
    }
    Ok(())
}

/// Creates all containers of a new entry in its map object `obj`.
pub(crate) fn fill_entry(
    tx: &mut Transaction<'_>,
    obj: &ObjId,
    fields: &'static [Field],
) -> Result<(), AutomergeError> {
    add_containers(tx, obj, fields, 1, &|_| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Class, KINDS, event};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn reference() -> RecordRef {
        RecordRef::new("event", "ev1")
    }

    fn document() -> DocumentId {
        DocumentId::of_record("mc2cm", &reference())
    }

    fn new() -> Automerge {
        new_document("mc2cm", &reference()).expect("a new document")
    }

    fn put(doc: &mut Automerge, name: &str, value: impl Into<ScalarValue>) {
        let mut tx = doc.transaction();
        tx.put(ROOT, name, value).expect("a register");
        tx.commit();
    }

    #[test]
    fn the_first_change_is_the_same_on_every_device() {
        for kind in KINDS {
            let reference = RecordRef::new(kind.name, "k");
            let (a, b) = (new_document("p", &reference), new_document("p", &reference));
            let (a, b) = (a.expect("a document"), b.expect("a document"));
            assert_eq!(a.save(), b.save());
            assert_ne!(a.get_actor(), b.get_actor());
            let document = DocumentId::of_record("p", &reference);
            let changes = a.get_changes(&[]);
            assert!(
                changes
                    .iter()
                    .all(|change| *change.actor_id() == actor(&document)
                        && change.timestamp() == 0
                        && change.message().is_none())
            );
            let identity = identify(&document, &a).expect("a record");
            assert_eq!((identity.kind, identity.schema), (*kind, kind.schema));
        }
    }

    #[test]
    fn documents_that_are_no_records_say_why() {
        let id = document();
        assert_eq!(identify(&id, &empty()), Err(NotARecord::NoKind));

        let mut foreign = empty();
        put(&mut foreign, "title", "x");
        assert_eq!(identify(&id, &foreign), Err(NotARecord::NoKind));

        let elsewhere = DocumentId::from_bytes([9; 16]);
        assert_eq!(
            identify(&elsewhere, &new()).expect_err("an id").code(),
            "wrong-id"
        );

        let mut copied = empty();
        for (name, value) in [("programme", "mc2cm"), ("kind", "event"), ("key", "ev1")] {
            put(&mut copied, name, value);
        }
        assert_eq!(
            identify(&id, &copied),
            Err(NotARecord::WrongGenesis(reference()))
        );
        put(&mut copied, "kind", "poem");
        assert_eq!(
            identify(&id, &copied),
            Err(NotARecord::UnknownKind("poem".to_owned()))
        );

        for (name, value) in [
            ("kind", "city"),
            ("kind", "poem"),
            ("key", "ev2"),
            ("programme", "x"),
        ] {
            let mut changed = new();
            put(&mut changed, name, value);
            assert_eq!(identify(&id, &changed), Err(NotARecord::Changed(name)));
        }
        let mut changed = new();
        put(&mut changed, "kind", 1);
        assert_eq!(
            identify(&id, &changed).expect_err("no text").code(),
            "kind-changed"
        );
        let (mut a, mut b) = (new(), new());
        put(&mut a, "schema", 7);
        put(&mut b, "schema", 8);
        a.merge(&mut b).expect("a merge");
        assert_eq!(identify(&id, &a), Err(NotARecord::Changed("schema")));
    }

    #[test]
    fn a_forged_first_change_is_told_from_the_real_one() {
        let mut forged = empty().with_actor(actor(&document()));
        let mut tx = forged.transaction();
        for (name, value) in [("programme", "mc2cm"), ("kind", "event"), ("key", "ev1")] {
            tx.put(ROOT, name, value).expect("a register");
        }
        tx.put(ROOT, "schema", 1).expect("a register");
        tx.commit_with(CommitOptions::default().with_time(0));
        assert_eq!(
            identify(&document(), &forged),
            Err(NotARecord::WrongGenesis(reference()))
        );
    }

    static OLD: Kind = Kind {
        name: "event",
        schema: 1,
        class: Class::Peers,
        title: &["titles"],
        fields: &[
            Field::by_language("titles"),
            Field::entries("notes", EntryKey::Generated, OLD_NOTE),
        ],
    };
    const OLD_NOTE: &[Field] = &[Field::line("title")];
    static NEW: Kind = Kind {
        schema: 3,
        fields: &[
            Field::by_language("titles"),
            Field::entries("notes", EntryKey::Generated, NEW_NOTE),
            Field::text("plan").since(2),
            Field::entries(
                "steps",
                EntryKey::Fixed(&crate::record::vocabulary::EVENT_STEP),
                &[Field::text("note").since(3)],
            )
            .since(2),
        ],
        ..OLD
    };
    const NEW_NOTE: &[Field] = &[Field::line("title"), Field::text("text").since(2)];

    #[test]
    fn upgrades_are_the_same_on_every_device() {
        let old = |seed: u8| {
            let mut doc = build(&OLD, "mc2cm", &reference(), 1);
            doc.set_actor(ActorId::from([seed; 16].as_slice()));
            put(&mut doc, "own", u64::from(seed));
            doc
        };
        let identity = Identity {
            programme: "mc2cm".to_owned(),
            reference: reference(),
            kind: &NEW,
            schema: 1,
        };
        let (mut a, mut b) = (old(1), old(2));
        upgrade(&mut a, &identity).expect("an upgrade");
        upgrade(&mut b, &identity).expect("an upgrade");
        a.merge(&mut b).expect("a merge");
        assert_eq!(a.get_changes(&[]).len(), 3 + 2);
        for name in ["titles", "plan", "steps", "schema"] {
            assert_eq!(
                a.get_all(ROOT, name).expect("a register").len(),
                1,
                "{name}"
            );
        }
        let (_, steps) = a.get(ROOT, "steps").expect("a map").expect("steps");
        let (_, report) = a.get(&steps, "report").expect("a map").expect("a step");
        assert!(a.get(&report, "note").expect("a map").is_some());
        let upgraded = Identity {
            schema: 3,
            ..identity
        };
        let heads = a.get_heads();
        upgrade(&mut a, &upgraded).expect("nothing to do");
        assert_eq!(a.get_heads(), heads);
    }

    #[test]
    fn entries_of_an_older_version_are_completed_alike_on_every_device() {
        let mut a =
            build(&OLD, "mc2cm", &reference(), 1).with_actor(ActorId::from([1; 16].as_slice()));
        let (_, notes) = a.get(ROOT, "notes").expect("a map").expect("notes");
        let mut tx = a.transaction();
        let note = tx.put_object(&notes, "n1", ObjType::Map).expect("an entry");
        tx.commit();
        let mut b = a.fork();
        put(&mut b, "other", 1);
        for doc in [&mut a, &mut b] {
            assert!(is_incomplete(doc, &note, NEW_NOTE));
            complete_entry(doc, &document(), &note, NEW_NOTE).expect("containers");
            assert!(!is_incomplete(doc, &note, NEW_NOTE));
        }
        let texts = |doc: &Automerge| doc.get_all(&note, "text").expect("a register").len();
        a.merge(&mut b).expect("a merge");
        assert_eq!(texts(&a), 1);
        let heads = a.get_heads();
        complete_entry(&mut a, &document(), &note, NEW_NOTE).expect("nothing to do");
        assert_eq!(a.get_heads(), heads);
    }

    #[test]
    fn positions_count_as_in_browsers() {
        let loaded = load(&new().save()).expect("a saved document");
        assert_eq!(loaded.text_encoding(), TextEncoding::Utf16CodeUnit);
        assert_eq!(
            identify(&document(), &loaded).expect("a record").kind,
            &event::KIND
        );
        assert!(load(b"nonsense").is_err());
    }
}
