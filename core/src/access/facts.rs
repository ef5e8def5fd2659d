//! What the answer needs to know of a document.

use std::collections::BTreeSet;

use automerge::{Automerge, ObjType, ROOT};

use super::table::BODIES;
use crate::conflict::removal;
use crate::genesis::{self, Identity};
use crate::id::{DocumentId, RecordRef};
use crate::order;
use crate::record::read::register::{Found, Level, Values, container, get_all};
use crate::record::vocabulary::{CONFIDENTIALITY, VISIBILITY};
use crate::record::{
    Class, EntryKey, Field, Kind, Member as SetMember, Merge, Scalar, Shape, Vocabulary,
};

/// What is known of a document where access to it is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The programme it belongs to.
    pub programme: String,
    /// The name of its kind.
    pub kind: String,
    /// Who may see it; nothing when that is not settled, because several people chose at the same
    /// time or the word is unknown.
    pub class: Option<Class>,
    /// The cities and organisations whose record it is.
    pub owners: BTreeSet<RecordRef>,
}

impl Facts {
    /// Reads them from a record that was found to be what `identity` says.
    pub fn read(doc: &Automerge, identity: &Identity) -> Self {
        let Identity {
            programme,
            reference,
            kind,
            ..
        } = identity;
        let document = DocumentId::of_record(programme, reference);
        let mut owners = BTreeSet::new();
        if BODIES.contains(&kind.name) {
            owners.insert(reference.clone());
        }
        for field in kind.owners.iter().filter_map(|name| kind.field(name)) {
            owners.extend(links(doc, field, &document));
        }
        owners.retain(|owner| BODIES.contains(&owner.kind.as_str()));
        Self {
            programme: programme.clone(),
            kind: kind.name.to_owned(),
            class: class(doc, kind),
            owners,
        }
    }
}

/// The field that says who may see a record of this kind, and the class each of its words stands
/// for.
fn class_field(kind: &'static Kind) -> Option<&'static Field> {
    kind.fields.iter().find(|field| {
        matches!(&field.shape, Shape::Value(Scalar::Code(words))
            if **words == VISIBILITY || **words == CONFIDENTIALITY)
    })
}

/// The class of a word of the field's own vocabulary, [`VISIBILITY`] or [`CONFIDENTIALITY`].
///
/// An open event is for whom its kind says. What may be told of a closed one is for those who were
/// there, as it is under the Chatham House rule.
fn class_of_word(kind: &Kind, vocabulary: &Vocabulary, word: &str) -> Option<Class> {
    vocabulary.position(word)?;
    match word {
        "open" => Some(kind.class),
        "chatham_house" | "closed" => Some(Class::Chatham),
        word => Class::of_word(word),
    }
}

fn class(doc: &Automerge, kind: &'static Kind) -> Option<Class> {
    let Some(field) = class_field(kind) else {
        return Some(kind.class);
    };
    let Shape::Value(scalar @ Scalar::Code(vocabulary)) = &field.shape else {
        return None;
    };
    let values = Values::of(doc, None, &get_all(doc, None, &ROOT, field.name), scalar);
    if !values.unreadable.is_empty() || values.is_open(Merge::Strictest) {
        return None;
    }
    match values.shown(Merge::Strictest, scalar) {
        serde_json::Value::Null => Some(kind.class),
        serde_json::Value::String(word) => class_of_word(kind, vocabulary, word),
        _ => None,
    }
}

/// The records a field names.
fn links(doc: &Automerge, field: &'static Field, document: &DocumentId) -> Vec<RecordRef> {
    let level = || {
        let genesis = genesis::actor(document);
        match container(doc, None, &ROOT, field.name, ObjType::Map, &genesis) {
            Found::Here { id, .. } => Some(Level::read(doc, None, &id)),
            Found::Nothing | Found::Other(_) => None,
        }
    };
    match &field.shape {
        Shape::Value(scalar @ Scalar::Link(_)) => {
            let all = get_all(doc, None, &ROOT, field.name);
            let values = Values::of(doc, None, &all, scalar).all;
            let texts = values.iter().filter_map(|(value, _)| value.as_str());
            texts.filter_map(|text| text.parse().ok()).collect()
        }
        Shape::Tags(SetMember::Link(_)) => {
            let Some(level) = level() else {
                return Vec::new();
            };
            let set = |tag: &&str| {
                let mut flags = level.all(tag).iter();
                flags.any(|(flag, _)| flag.as_bool() == Some(true))
            };
            let tags = level.keys().filter(set);
            tags.filter_map(|tag| tag.parse().ok()).collect()
        }
        Shape::Entries(EntryKey::Link(_), _) => {
            let Some(level) = level() else {
                return Vec::new();
            };
            let there = |key: &&str| level.all(key).iter().any(|(value, _)| !value.is_null());
            let keys = level.keys().filter(there);
            let names = order::set(keys.filter_map(|key| Some(key.split_once('|')?.0)));
            let removed = |name: &str| {
                let register = format!("{name}|{}", genesis::REMOVED);
                removal::state_of(level.all(&register)).is_some()
            };
            let names = names.into_iter().filter(|name| !removed(name));
            names.filter_map(|name| name.parse().ok()).collect()
        }
        _ => Vec::new(),
    }
}
