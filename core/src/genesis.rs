//! The first changes of a document: the same bytes on every device, so that records made twice
//! while offline are one record and their containers never hide each other.
//!
//! Change *n* brings what schema version *n* of the kind declares. All of
//! them are made by an actor derived from the document id, at time 0, each
//! on the one before, so upgrading an old document means applying the changes it lacks.
//! What a released schema version declares must therefore never change.

mod identity;

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{
    ActorId, Automerge, AutomergeError, Change, ChangeHash, LoadOptions, ObjId, ObjType, ROOT,
    ReadDoc, TextEncoding, Value,
};
use sha2::{Digest, Sha256};

pub use self::identity::{Identity, NotARecord, identify, recognise};
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
mod tests;
