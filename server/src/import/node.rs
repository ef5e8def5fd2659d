//! A reader of JSON that knows where it is, for errors that say so, and that notices unread keys.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::ImportError;

/// An object of the text and its place.
#[derive(Debug)]
pub(super) struct Node<'a> {
    place: String,
    map: &'a Map<String, Value>,
    read: RefCell<BTreeSet<String>>,
}

impl<'a> Node<'a> {
    /// The object at the top.
    pub(super) fn top(value: &'a Value) -> Result<Self, ImportError> {
        Self::new("the file".to_owned(), value)
    }

    fn new(place: String, value: &'a Value) -> Result<Self, ImportError> {
        match value {
            Value::Object(map) => Ok(Self {
                place,
                map,
                read: RefCell::default(),
            }),
            other => Err(wrong(&place, other, "an object")),
        }
    }

    /// Where this object stands.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Where the value of `key` stands.
    pub(super) fn at(&self, key: &str) -> String {
        if self.place == "the file" {
            key.to_owned()
        } else {
            format!("{}.{key}", self.place)
        }
    }

    /// The value of `key`, unless absent or null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.read.borrow_mut().insert(key.to_owned());
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// The text at `key`, unless absent, null or empty.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, ImportError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim())),
            Some(other) => Err(wrong(&self.at(key), other, "text")),
        }
    }

    /// The text at `key`, which must be there.
    pub(super) fn needed(&self, key: &str, expected: &'static str) -> Result<&'a str, ImportError> {
        self.text(key)?.ok_or_else(|| self.missing(key, expected))
    }

    /// The whole number at `key`.
    pub(super) fn number(&self, key: &str) -> Result<Option<u64>, ImportError> {
        self.get(key)
            .map(|value| {
                value
                    .as_u64()
                    .ok_or_else(|| wrong(&self.at(key), value, "a whole number"))
            })
            .transpose()
    }

    /// Whether `key` is true.
    pub(super) fn flag(&self, key: &str) -> Result<bool, ImportError> {
        match self.get(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(wrong(&self.at(key), other, "true or false")),
        }
    }

    /// The texts in the list at `key`.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<&'a str>, ImportError> {
        self.list(key)?
            .iter()
            .map(|item| match item {
                Value::String(text) if !text.trim().is_empty() => Ok(text.trim()),
                other => Err(wrong(&self.at(key), other, "a list of texts")),
            })
            .collect()
    }

    /// The objects in the list at `key`.
    pub(super) fn nodes(&self, key: &str) -> Result<Vec<Node<'a>>, ImportError> {
        self.list(key)?
            .iter()
            .enumerate()
            .map(|(at, item)| {
                let id = item.get("id").and_then(Value::as_str);
                let id = id
                    .map(|id| format!(" ({})", shorten(id)))
                    .unwrap_or_default();
                Node::new(format!("{}[{at}]{id}", self.at(key)), item)
            })
            .collect()
    }

    /// The object at `key`.
    pub(super) fn node(&self, key: &str) -> Result<Option<Node<'a>>, ImportError> {
        self.get(key)
            .map(|value| Node::new(self.at(key), value))
            .transpose()
    }

    /// The object at `key`, which must be there.
    pub(super) fn needed_node(
        &self,
        key: &str,
        expected: &'static str,
    ) -> Result<Node<'a>, ImportError> {
        self.node(key)?.ok_or_else(|| self.missing(key, expected))
    }

    /// The keys of this object.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.map.keys().map(String::as_str)
    }

    /// Marks keys as known that hold nothing to import.
    pub(super) fn known(&self, keys: &[&str]) {
        self.read
            .borrow_mut()
            .extend(keys.iter().map(|&key| key.to_owned()));
    }

    /// Adds a warning for each key that nobody read.
    pub(super) fn warn_unread(&self, warnings: &mut Vec<String>) {
        let read = self.read.borrow();
        for key in self.map.keys().filter(|key| !read.contains(*key)) {
            let key = shorten(key);
            warnings.push(format!(
                "{}: {key:?} is not known and was left out",
                self.place
            ));
        }
    }

    fn list(&self, key: &str) -> Result<&'a [Value], ImportError> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(wrong(&self.at(key), other, "a list")),
        }
    }

    fn missing(&self, key: &str, expected: &'static str) -> ImportError {
        ImportError::Missing {
            place: self.place.clone(),
            key: key.to_owned(),
            expected,
        }
    }
}

/// An error about the value that stands at `place`.
pub(super) fn wrong(place: &str, found: &Value, expected: &str) -> ImportError {
    let found = match found {
        Value::String(text) => format!("{:?}", shorten(text)),
        other => shorten(&other.to_string()),
    };
    ImportError::Wrong {
        place: place.to_owned(),
        found,
        expected: expected.to_owned(),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}
