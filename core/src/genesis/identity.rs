//! Which record a document is, told by its first change; why it may be none.

use automerge::{Automerge, ObjId, ROOT, ReadDoc, ScalarValue, Value};

use super::{actor, first_hash};
use crate::id::{DocumentId, RecordRef};
use crate::record::{self, Kind};

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
