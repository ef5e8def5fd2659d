//! Paths: how commands, conflicts and problems name a place in a record.
//!
//! The text form is segments with `/` between them: `dates`, `titles/fr`,
//! `steps/report/done_at`, `sessions/3f9a/title`. An entry that is keyed by a
//! record has the segment `kind:key`, as in `hosts/city:amman/role`, so that
//! its reference needs no `/`. The empty text is the record itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{EntryKey, Field, Kind, Member, Scalar, Shape};
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

/// What is at a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The record itself.
    Record,
    /// One value in one register.
    Register(Register),
    /// The registers of all languages of a field.
    Languages(Container),
    /// A text written together.
    Text(Container),
    /// A set, and what it contains.
    Tags(Container, &'static Member),
    /// The entries of a field, and how they are told apart.
    Entries(Container, &'static EntryKey),
    /// One entry.
    Entry(Entry),
}

impl Target {
    /// The schema version that brought this place.
    pub fn since(&self) -> u16 {
        match self {
            Self::Record => 1,
            Self::Register(register) => register.place.since,
            Self::Languages(it) | Self::Text(it) | Self::Tags(it, _) | Self::Entries(it, _) => {
                it.place.since
            }
            Self::Entry(entry) => entry.place.since,
        }
    }
}

/// A register and its declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Register {
    /// The field it belongs to; its `merge` says what happens when two people set it.
    pub field: &'static Field,
    /// What it holds.
    pub scalar: &'static Scalar,
    /// Where it is.
    pub place: Place,
}

/// A container (map or text) and the field that declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// The field.
    pub field: &'static Field,
    /// Where it is.
    pub place: Place,
}

/// An entry and its declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The field whose entry it is.
    pub field: &'static Field,
    /// The fields within the entry.
    pub fields: &'static [Field],
    /// How the entries of the field are told apart.
    pub key: &'static EntryKey,
    /// The map object of the entry; of a flat entry, the part of its keys before the `|`.
    pub place: Place,
}

impl Entry {
    /// Whether the entry is kept flat in the map of all entries, without a map object of its own.
    pub const fn is_flat(&self) -> bool {
        matches!(self.key, EntryKey::Link(_))
    }

    /// Where the register or container `name` of this entry is.
    pub fn register(&self, name: &str) -> Place {
        if self.is_flat() {
            let key = format!("{}|{name}", self.place.key);
            Place {
                maps: self.place.maps.clone(),
                key,
                since: self.place.since,
            }
        } else {
            self.place.clone().within(name)
        }
    }
}

/// Where something is in a document: the maps on the way from the root, and the key in the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Keys of the maps on the way.
    pub maps: Vec<String>,
    /// Key in the last of them.
    pub key: String,
    /// The schema version that brought it.
    pub since: u16,
}

impl Place {
    /// `key` in the map at this place.
    #[must_use]
    pub fn within(mut self, key: &str) -> Self {
        self.maps
            .push(std::mem::replace(&mut self.key, key.to_owned()));
        self
    }
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
mod tests {
    use super::*;
    use crate::record::{KINDS, event};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn target(path: &str) -> Result<Target, PathError> {
        path.parse::<FieldPath>().expect(path).resolve(&event::KIND)
    }

    #[test]
    fn text_form_reads_back() {
        for text in [
            "",
            "dates",
            "titles/pt-BR",
            "hosts/city:amman/role",
            "sessions/3f_9-a/title",
        ] {
            let path: FieldPath = text.parse().expect(text);
            assert_eq!(path.to_string(), text);
            let json = serde_json::to_string(&path).expect("json");
            assert_eq!(
                serde_json::from_str::<FieldPath>(&json).expect("path"),
                path
            );
        }
        let amman = RecordRef::new("city", "amman");
        assert_eq!(
            FieldPath::field("hosts")
                .join_record(amman)
                .join("role")
                .to_string(),
            "hosts/city:amman/role"
        );
        for bad in [
            "/",
            "a/",
            "/a",
            "a//b",
            "a b",
            "hosts/city:",
            "hosts/:a",
            "a:b:c",
            "é",
        ] {
            assert!(bad.parse::<FieldPath>().is_err(), "{bad}");
        }
        assert!(
            ["a"; MAX_SEGMENTS + 1]
                .join("/")
                .parse::<FieldPath>()
                .is_err()
        );
    }

    #[test]
    fn the_declaration_says_what_is_at_a_path() {
        assert_eq!(target(""), Ok(Target::Record));
        let Ok(Target::Register(role)) = target("hosts/city:amman/role") else {
            panic!("expected a register")
        };
        assert_eq!(role.place.maps, ["hosts"]);
        assert_eq!(role.place.key, "city/amman|role");
        let Ok(Target::Register(done)) = target("steps/report/done_at") else {
            panic!("expected a register")
        };
        assert_eq!(
            (done.place.maps, done.place.key),
            (
                vec!["steps".to_owned(), "report".to_owned()],
                "done_at".to_owned()
            )
        );
        assert!(matches!(target("titles/fr"), Ok(Target::Register(_))));
        assert!(matches!(target("titles"), Ok(Target::Languages(_))));
        assert!(matches!(target("objectives"), Ok(Target::Text(_))));
        assert!(matches!(target("theme_tags"), Ok(Target::Tags(..))));
        assert!(matches!(target("sessions"), Ok(Target::Entries(..))));
        assert!(matches!(target("sessions/a1"), Ok(Target::Entry(_))));
    }

    #[test]
    fn paths_that_lead_nowhere_say_what_was_expected() {
        for (path, expected) in [
            ("nothing", "a field"),
            ("city:amman", "a field"),
            ("titles/fr_FR", "a language code"),
            ("titles/fr/x", "a field with parts"),
            ("dates/start", "a field with parts"),
            ("hosts/amman", "an entry with a key as declared"),
            ("hosts/event:ev1", "an entry with a key as declared"),
            ("sessions/A1", "an entry with a key as declared"),
            ("steps/party", "an entry with a key as declared"),
            ("hosts/city:amman/nothing", "a field"),
        ] {
            assert_eq!(target(path).expect_err(path).expected, expected, "{path}");
        }
    }

    #[test]
    fn declarations_keep_clear_of_the_names_the_format_uses() {
        fn check(fields: &[Field], reserved: &[&str]) {
            for field in fields {
                assert!(
                    !reserved.contains(&field.name),
                    "{} is reserved",
                    field.name
                );
                assert!(
                    matches!(segment(field.name), Some(Segment::Name(_))),
                    "{}",
                    field.name
                );
                if let Shape::Entries(key, within) = &field.shape {
                    check(within, &["removed", "present"]);
                    let flat = matches!(key, EntryKey::Link(_));
                    for inner in *within {
                        assert!(
                            !flat || matches!(inner.shape, Shape::Value(_)),
                            "{}: entries by record hold registers only",
                            field.name
                        );
                    }
                }
            }
        }
        for kind in KINDS {
            assert!(is_key(kind.name));
            check(
                kind.fields,
                &[
                    "programme",
                    "kind",
                    "key",
                    "schema",
                    "settlements",
                    "removed",
                    "present",
                ],
            );
        }
    }
}
