//! Paths: how commands, conflicts and problems name a place in a record.
//!
//! The text form is segments with `/` between them: `dates`, `titles/fr`,
//! `steps/report/done_at`, `sessions/3f9a/title`. An entry that is keyed by a
//! record has the segment `kind:key`, as in `hosts/city:amman/role`, so that
//! its reference needs no `/`. The empty text is the record itself.

mod target;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::target::{Container, Entry, Place, Register, Target};
use super::{EntryKey, Kind, Scalar, Shape};
use crate::id::{RecordRef, is_key};

/// Deepest path that is read; declarations nest far less.
const MAX_SEGMENTS: usize = 16;

/// What a line of text in some language holds.
const LINE: Scalar = Scalar::Line;

/// Names a place in a record. The empty path is the record itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FieldPath(Vec<Segment>);

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A field, a language code, or the key of an entry.
    Name(String),
    /// The record an entry is about.
    Record(RecordRef),
}

impl FieldPath {
    /// The record itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The field `name` of the record.
    pub fn field(name: impl Into<String>) -> Self {
        Self::root().join(name)
    }

    /// The field, language or entry called `name` in the place this path names.
    #[must_use]
    pub fn join(mut self, name: impl Into<String>) -> Self {
        self.0.push(Segment::Name(name.into()));
        self
    }

    /// The entry about `record` in the place this path names.
    #[must_use]
    pub fn join_record(mut self, record: RecordRef) -> Self {
        self.0.push(Segment::Record(record));
        self
    }

    /// Whether this is the record itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The steps.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The path without its last step; `None` for the record itself.
    pub fn parent(&self) -> Option<Self> {
        let (_, before) = self.0.split_last()?;
        Some(Self(before.to_vec()))
    }

    /// Walks the declaration of `kind` and says what is at this path.
    pub fn resolve(&self, kind: &'static Kind) -> Result<Target, PathError> {
        let wrong = |expected| PathError {
            kind: kind.name,
            path: self.clone(),
            expected,
        };
        let mut segments = self.0.iter();
        let mut fields = kind.fields;
        let mut inside: Option<Entry> = None;
        loop {
            let name = match segments.next() {
                None => return Ok(inside.map_or(Target::Record, Target::Entry)),
                Some(Segment::Record(_)) => return Err(wrong("a field")),
                Some(Segment::Name(name)) => name,
            };
            let field = fields
                .iter()
                .find(|field| field.name == name)
                .ok_or_else(|| wrong("a field"))?;
            let mut place = match &inside {
                Some(entry) => entry.register(field.name),
                None => Place {
                    maps: Vec::new(),
                    key: field.name.to_owned(),
                    since: 1,
                },
            };
            place.since = place.since.max(field.since);
            let next = segments.next();
            let target = match (&field.shape, next) {
                (Shape::Value(scalar), None) => Target::Register(Register {
                    field,
                    scalar,
                    place,
                }),
                (Shape::ByLanguage, None) => Target::Languages(Container { field, place }),
                (Shape::ByLanguage, Some(Segment::Name(code))) if is_language(code) => {
                    let place = place.within(code);
                    Target::Register(Register {
                        field,
                        scalar: &LINE,
                        place,
                    })
                }
                (Shape::ByLanguage, Some(_)) => return Err(wrong("a language code")),
                (Shape::Text, None) => Target::Text(Container { field, place }),
                (Shape::Tags(member), None) => Target::Tags(Container { field, place }, member),
                (Shape::Entries(key, _), None) => Target::Entries(Container { field, place }, key),
                (Shape::Entries(key, within), Some(segment)) => {
                    let name = entry_name(key, segment)
                        .ok_or_else(|| wrong("an entry with a key as declared"))?;
                    fields = within;
                    inside = Some(Entry {
                        field,
                        fields: within,
                        key,
                        place: place.within(&name),
                    });
                    continue;
                }
                (_, Some(_)) => return Err(wrong("a field with parts")),
            };
            if segments.next().is_some() {
                return Err(wrong("a field with parts"));
            }
            return Ok(target);
        }
    }
}

/// The map key of the entry that `segment` names, if it fits the declaration.
fn entry_name(key: &EntryKey, segment: &Segment) -> Option<String> {
    match (key, segment) {
        (EntryKey::Generated, Segment::Name(name)) if is_key(name) => Some(name.clone()),
        (EntryKey::Fixed(words), Segment::Name(name)) if words.contains(name) => Some(name.clone()),
        (EntryKey::Link(kinds), Segment::Record(record))
            if kinds.contains(&record.kind.as_str()) && is_key(&record.key) =>
        {
            Some(record.to_string())
        }
        _ => None,
    }
}

/// Whether `text` has the form of a language code, such as `fr` or `pt-BR`.
pub fn is_language(text: &str) -> bool {
    (2..=35).contains(&text.len())
        && text.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// A path that leads nowhere in a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} of {kind} is not {expected}")]
pub struct PathError {
    /// Kind of the record.
    pub kind: &'static str,
    /// The path.
    pub path: FieldPath,
    /// What would have to be there.
    pub expected: &'static str,
}

/// A text that is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a path: expected names with / between them, and kind:key for a record")]
pub struct PathSyntaxError(String);

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("/")?;
            }
            match segment {
                Segment::Name(name) => f.write_str(name)?,
                Segment::Record(record) => write!(f, "{}:{}", record.kind, record.key)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldPath({self})")
    }
}

impl FromStr for FieldPath {
    type Err = PathSyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let segments: Option<Vec<Segment>> = text
            .split('/')
            .take(MAX_SEGMENTS + 1)
            .map(segment)
            .collect();
        match segments {
            Some(segments) if segments.len() <= MAX_SEGMENTS => Ok(Self(segments)),
            _ => Err(PathSyntaxError(text.chars().take(80).collect())),
        }
    }
}

fn segment(text: &str) -> Option<Segment> {
    if let Some((kind, key)) = text.split_once(':') {
        return (is_key(kind) && is_key(key)).then(|| Segment::Record(RecordRef::new(kind, key)));
    }
    // Upper case for language codes such as `pt-BR`.
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    ((1..=64).contains(&text.len()) && text.bytes().all(fits))
        .then(|| Segment::Name(text.to_owned()))
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FieldPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
