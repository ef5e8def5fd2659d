//! What is to be written into one document, before it is.

use meltemi_core::id::RecordRef;
use meltemi_core::record::FieldPath;
use serde_json::{Map, Value};

/// A record to be made.
#[derive(Debug)]
pub(super) struct Plan {
    /// Kind and key.
    pub(super) reference: RecordRef,
    /// Where it stands in the text.
    pub(super) place: String,
    /// What is undisputed, as [`Command::CreateRecord`](meltemi_core::command::Command) takes it.
    pub(super) values: Vec<(FieldPath, Value)>,
    /// What sources disagree about.
    pub(super) disputes: Vec<Dispute>,
}

/// A register about whose value sources disagree.
#[derive(Debug)]
pub(super) struct Dispute {
    /// The register.
    pub(super) path: FieldPath,
    /// The values and who says so, the one to be shown first.
    pub(super) claims: Vec<Claim>,
}

/// A value and the source that states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// The value.
    pub(super) value: String,
    /// The source.
    pub(super) source: String,
}

impl Plan {
    /// Begins the plan of `kind` and `key`, read at `place`.
    pub(super) fn new(kind: &str, key: &str, place: &str) -> Self {
        Self {
            reference: RecordRef::new(kind, key),
            place: place.to_owned(),
            values: Vec::new(),
            disputes: Vec::new(),
        }
    }

    /// Puts `value` into the register at `path`, if there is a value.
    pub(super) fn set<V: Into<Value>>(&mut self, path: FieldPath, value: Option<V>) {
        if let Some(value) = value {
            self.values.push((path, value.into()));
        }
    }

    /// Puts `value` into the register or text `field`, if there is a value.
    pub(super) fn field<V: Into<Value>>(&mut self, field: &str, value: Option<V>) {
        self.set(FieldPath::field(field), value);
    }

    /// Writes what the record is called in a language.
    pub(super) fn title(&mut self, field: &str, language: &str, title: &str) {
        self.set(FieldPath::field(field).join(language), Some(title));
    }

    /// What the record is called.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|(path, value)| {
            let path = path.to_string();
            let is_name = path.starts_with("names/") || path.starts_with("titles/");
            value.as_str().filter(|_| is_name)
        })
    }

    /// Adds `member` to the set `field`.
    pub(super) fn tag(&mut self, field: &str, member: impl Into<String>) {
        let member: String = member.into();
        self.values
            .push((FieldPath::field(field), Value::from(vec![member])));
    }

    /// Adds an entry to `field` and returns its path. Adding it twice adds it once.
    pub(super) fn entry(&mut self, field: &str, key: &str) -> FieldPath {
        self.add(FieldPath::field(field).join(key))
    }

    /// Adds an entry about `record` to `field` and returns its path.
    pub(super) fn entry_about(&mut self, field: &str, record: RecordRef) -> FieldPath {
        self.add(FieldPath::field(field).join_record(record))
    }

    fn add(&mut self, path: FieldPath) -> FieldPath {
        self.values.push((path.clone(), Value::Object(Map::new())));
        path
    }

    /// Adds a note on the sources.
    pub(super) fn note(&mut self, key: &str, what: &str, source: Option<&str>) -> FieldPath {
        let note = self.entry("source_notes", key);
        self.set(note.clone().join("what"), Some(what));
        self.set(note.clone().join("source"), source);
        note
    }

    /// Puts the value all `claims` agree on into the register at `path`; where they disagree, all
    /// of them, so that the one of the first claim is shown.
    pub(super) fn claims(&mut self, path: FieldPath, claims: Vec<Claim>) {
        let mut distinct: Vec<Claim> = Vec::new();
        for claim in claims {
            match distinct.iter_mut().find(|known| known.value == claim.value) {
                Some(known) => {
                    known.source.push_str("; ");
                    known.source.push_str(&claim.source);
                }
                None => distinct.push(claim),
            }
        }
        match distinct.as_slice() {
            [] => {}
            [only] => self.set(path, Some(only.value.as_str())),
            _ => self.disputes.push(Dispute {
                path,
                claims: distinct,
            }),
        }
    }
}
