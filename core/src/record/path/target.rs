//! What is at a place of a record, and where in the document that is.

use super::super::{EntryKey, Field, Member, Scalar};

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
