//! Reads a document by the declaration of its kind.
//!
//! Reading is lenient: what another program wrote in a wrong way is listed as
//! a problem, and everything else is read. Fields that this version does not
//! know come out as plain JSON beside the known ones.
//!
//! In JSON an empty register, text, set or map of entries is left out. A set
//! is a sorted array, an entry an object under its key (`city/amman` for one
//! that is keyed by a record), and a removed entry has `removed` in it.

mod entries;
mod plain;
pub(crate) mod register;

use automerge::{ActorId, Automerge, ChangeHash, ObjId, ObjType, ROOT, ReadDoc};
use serde_json::{Map, Value};

use self::register::{Found, Level, Values, container, container_of, text};
use super::path::{FieldPath, Segment, Target, is_language};
use super::{EntryKey, Field, Kind, Member, Scalar, Shape};
use crate::conflict::{Conflict, register as conflict_of_register, removal};
use crate::genesis::{REMOVED, SETTLEMENTS};
use crate::id::RecordRef;
use crate::view::{Problem, Removal};

/// Registers at the root that are no fields.
const RESERVED: [&str; 6] = ["programme", "kind", "key", "schema", SETTLEMENTS, REMOVED];

/// Register of a flat entry that says it is there.
pub(crate) const PRESENT: &str = "present";

/// What was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Fields by name, in JSON form.
    pub fields: Map<String, Value>,
    /// Names of the fields at the top level that the declaration does not have.
    pub unknown: Vec<String>,
    /// Open conflicts, in the order of the declaration.
    pub conflicts: Vec<Conflict>,
    /// What another program wrote in a way that cannot be shown.
    pub problems: Vec<Problem>,
    /// Required fields without a value, as paths.
    pub missing: Vec<String>,
    /// Set when the record was removed.
    pub removed: Option<Removal>,
}

/// Reads `doc` as a record of `kind`. `genesis` is the actor of the document's first changes.
pub fn read(doc: &Automerge, kind: &'static Kind, genesis: &ActorId) -> Reading {
    let mut reader = Reader::new(doc, None, kind, genesis);
    let root = FieldPath::root();
    let level = Level::read(doc, None, &ROOT);
    let removal = removal::state_of(level.all(REMOVED));
    let mut fields = reader.object(&level, kind.fields, &RESERVED, &root, removal.is_none());
    if let Some(removal) = removal {
        reader.out.removed = Some(removal.removal.clone());
        let conflict = removal::question(doc, kind, genesis, &root, &removal);
        reader.out.conflicts.extend(conflict);
    }
    let mut out = reader.out;
    out.unknown = fields
        .keys()
        .filter(|name| kind.field(name).is_none())
        .cloned()
        .collect();
    out.fields.append(&mut fields);
    out
}

/// The fields of the record or entry at `path` in the version `at`, without its own removal.
pub(crate) fn fields_at(
    doc: &Automerge,
    at: &[ChangeHash],
    kind: &'static Kind,
    genesis: &ActorId,
    path: &FieldPath,
) -> Map<String, Value> {
    let mut reader = Reader::new(doc, Some(at), kind, genesis);
    reader.questions = false;
    match path.resolve(kind) {
        Ok(Target::Record) => {
            let level = Level::read(doc, Some(at), &ROOT);
            reader.object(&level, kind.fields, &RESERVED, path, false)
        }
        Ok(Target::Entry(entry)) => {
            let Some(map) = map_at(doc, Some(at), &entry.place.maps, genesis) else {
                return Map::new();
            };
            if entry.is_flat() {
                let level = Level::read(doc, Some(at), &map);
                reader.flat(&level, &entry.place.key, entry.fields, path, false)
            } else {
                match container(doc, Some(at), &map, &entry.place.key, ObjType::Map, genesis) {
                    Found::Here { id, .. } => {
                        let level = Level::read(doc, Some(at), &id);
                        reader.object(&level, entry.fields, &[REMOVED], path, false)
                    }
                    _ => Map::new(),
                }
            }
        }
        _ => Map::new(),
    }
}

/// The map that the keys `maps` lead to from the root.
pub(crate) fn map_at<R: ReadDoc>(
    doc: &R,
    at: Option<&[ChangeHash]>,
    maps: &[String],
    genesis: &ActorId,
) -> Option<ObjId> {
    let mut map = ROOT;
    for key in maps {
        match container(doc, at, &map, key, ObjType::Map, genesis) {
            Found::Here { id, .. } => map = id,
            _ => return None,
        }
    }
    Some(map)
}

/// One of the concurrent values of a key, with the operation that wrote it.
type Concurrent = (automerge::Value<'static>, ObjId);

struct Reader<'a> {
    doc: &'a Automerge,
    at: Option<&'a [ChangeHash]>,
    kind: &'static Kind,
    genesis: &'a ActorId,
    /// Whether to look for conflicts; switched off where versions are compared.
    questions: bool,
    out: Reading,
}

impl<'a> Reader<'a> {
    fn new(
        doc: &'a Automerge,
        at: Option<&'a [ChangeHash]>,
        kind: &'static Kind,
        genesis: &'a ActorId,
    ) -> Self {
        Self {
            doc,
            at,
            kind,
            genesis,
            questions: true,
            out: Reading::default(),
        }
    }

    fn problem(&mut self, path: &FieldPath, what: impl Into<String>) {
        self.out.problems.push(Problem {
            path: path.to_string(),
            what: what.into(),
        });
    }

    /// Reads the fields in a map and, as plain JSON, all else in it but `reserved`.
    fn object(
        &mut self,
        level: &Level,
        fields: &'static [Field],
        reserved: &[&str],
        path: &FieldPath,
        complete: bool,
    ) -> Map<String, Value> {
        let mut json = Map::new();
        for field in fields {
            let here = path.clone().join(field.name);
            let value = self.field(level.all(field.name), field, &here);
            self.keep(&mut json, field, value, &here, complete);
        }
        for key in level.keys() {
            let known = fields.iter().any(|field| field.name == key);
            if !known && !reserved.contains(&key) {
                let value = plain::plain(self.doc, self.at, level.all(key));
                json.extend(value.map(|value| (key.to_owned(), value)));
            }
        }
        json
    }

    fn keep(
        &mut self,
        json: &mut Map<String, Value>,
        field: &Field,
        value: Option<Value>,
        path: &FieldPath,
        complete: bool,
    ) {
        match value {
            Some(value) => {
                if complete && field.required && is_all_removed(&value) {
                    self.out.missing.push(path.to_string());
                }
                json.insert(field.name.to_owned(), value);
            }
            None if complete && field.required => self.out.missing.push(path.to_string()),
            None => {}
        }
    }

    /// Reads one field from the concurrent values of its key; `None` when it is empty.
    fn field(
        &mut self,
        all: &[Concurrent],
        field: &'static Field,
        path: &FieldPath,
    ) -> Option<Value> {
        match &field.shape {
            Shape::Value(scalar) => self.register(all, field, scalar, path),
            Shape::Text => self.text(all, path),
            Shape::ByLanguage => {
                let map = self.map(all, path)?;
                self.languages(&map, field, path)
            }
            Shape::Tags(member) => {
                let map = self.map(all, path)?;
                self.tags(&map, member, path)
            }
            Shape::Entries(key_kind, fields) => {
                let map = self.map(all, path)?;
                let json = match key_kind {
                    EntryKey::Link(_) => self.flat_entries(&map, fields, path),
                    EntryKey::Generated | EntryKey::Fixed(_) => {
                        self.entries(&map, key_kind, fields, path)
                    }
                };
                (!json.is_empty()).then_some(Value::Object(json))
            }
        }
    }

    fn register(
        &mut self,
        all: &[Concurrent],
        field: &'static Field,
        scalar: &Scalar,
        path: &FieldPath,
    ) -> Option<Value> {
        let mut values = Values::of(self.doc, self.at, all, scalar);
        for what in std::mem::take(&mut values.unreadable) {
            self.problem(path, what);
        }
        let shown = values.shown(field.merge, scalar).clone();
        if self.questions && values.is_open(field.merge) {
            let conflict = conflict_of_register::conflict(self.doc, path, &shown, values);
            self.out.conflicts.push(conflict);
        }
        (!shown.is_null()).then_some(shown)
    }

    fn languages(
        &mut self,
        level: &Level,
        field: &'static Field,
        path: &FieldPath,
    ) -> Option<Value> {
        let mut json = Map::new();
        for code in level.keys() {
            let here = path.clone().join(code);
            if is_language(code) {
                let value = self.register(level.all(code), field, &Scalar::Line, &here);
                json.extend(value.map(|value| (code.to_owned(), value)));
            } else {
                self.problem(path, format!("found {code:?}, expected a language code"));
            }
        }
        (!json.is_empty()).then_some(Value::Object(json))
    }

    fn text(&mut self, all: &[Concurrent], path: &FieldPath) -> Option<Value> {
        let text = match container_of(all, ObjType::Text, self.genesis) {
            Found::Here { id, beside } => {
                if beside {
                    self.problem(
                        path,
                        "another program replaced the text; what it wrote is hidden",
                    );
                }
                text(self.doc, self.at, &id)
            }
            Found::Nothing => {
                self.absent(path);
                return None;
            }
            Found::Other(found) => {
                self.problem(path, "found something else where a text is expected");
                found.as_str()?.to_owned()
            }
        };
        (!text.is_empty()).then_some(Value::String(text))
    }

    fn tags(&mut self, level: &Level, member: &Member, path: &FieldPath) -> Option<Value> {
        let mut tags = Vec::new();
        for tag in level.keys() {
            let flags = level.all(tag);
            let readable = flags
                .iter()
                .all(|(flag, _)| flag.is_null() || flag.as_bool().is_some());
            let set = flags.iter().any(|(flag, _)| flag.as_bool() == Some(true));
            let fits = !matches!(member, Member::Link(_)) || tag.parse::<RecordRef>().is_ok();
            if !readable {
                self.problem(
                    path,
                    format!("the member {tag:?} is not marked with true or false"),
                );
            }
            if set && !fits {
                self.problem(
                    path,
                    format!("found {tag:?}, expected a reference kind/key"),
                );
            } else if set {
                tags.push(Value::String(tag.to_owned()));
            }
        }
        (!tags.is_empty()).then_some(Value::Array(tags))
    }

    /// Reads the map among the concurrent values of its key; what hides or replaces it is a problem.
    fn map(&mut self, all: &[Concurrent], path: &FieldPath) -> Option<Level> {
        match container_of(all, ObjType::Map, self.genesis) {
            Found::Here { id, beside } => {
                if beside {
                    self.problem(
                        path,
                        "another program put something else here, which is hidden",
                    );
                }
                Some(Level::read(self.doc, self.at, &id))
            }
            Found::Nothing => {
                self.absent(path);
                None
            }
            Found::Other(_) => {
                self.problem(path, "another program replaced the container of this field");
                None
            }
        }
    }

    /// A container that the first change made can only be absent if it was deleted.
    fn absent(&mut self, path: &FieldPath) {
        if let [Segment::Name(name)] = path.segments()
            && self.kind.field(name).is_some_and(|field| field.since == 1)
        {
            self.problem(path, "another program deleted the container of this field");
        }
    }
}

/// Whether `value` is a map of entries of which none is left.
fn is_all_removed(value: &Value) -> bool {
    value.as_object().is_some_and(|entries| {
        entries.values().all(|entry| {
            entry
                .as_object()
                .is_some_and(|entry| entry.contains_key(REMOVED))
        })
    })
}

#[cfg(test)]
mod tests;
