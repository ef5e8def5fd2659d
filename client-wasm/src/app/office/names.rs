//! What organisations, cities and programmes are called, from their records.

use std::collections::BTreeMap;

use meltemi_core::record;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::app::fold::fold;
use crate::app::order::sort_by_key;
use crate::app::title::choose;

/// The part of a record that its name is made from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Named {
    /// Kind of record.
    pub kind: String,
    /// Key within the kind.
    pub key: String,
    /// Its fields.
    pub fields: Map<String, Value>,
    /// Set when it was removed.
    pub removed: Option<Value>,
}

/// Names by reference, as `city/tangier`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Names(BTreeMap<String, Named>);

impl Names {
    /// The names of these records.
    pub fn of(records: impl IntoIterator<Item = Named>) -> Self {
        let by_reference = |named: Named| (format!("{}/{}", named.kind, named.key), named);
        Self(records.into_iter().map(by_reference).collect())
    }

    /// The name of a record for a reader of `language`; its key when it has none.
    pub fn name(&self, reference: &str, language: &str) -> String {
        let known = self.0.get(reference);
        known
            .and_then(|named| named.name(language))
            .unwrap_or_else(|| {
                let key = reference.split_once('/').map_or(reference, |(_, key)| key);
                key.replace('-', " ")
            })
    }

    /// What a programme is called; its key when that is not known.
    pub fn programme(&self, key: &str, language: &str) -> String {
        let known = self.0.get(&format!("programme/{key}"));
        known
            .and_then(|named| named.name(language))
            .unwrap_or_else(|| key.to_owned())
    }

    /// The keys of the programmes.
    pub fn programmes(&self) -> impl Iterator<Item = String> {
        let all = self.0.values();
        all.filter(|named| named.kind == "programme")
            .map(|named| named.key.clone())
    }

    /// Reference and name of the records of a kind that are not removed, by their names.
    pub fn choices(&self, kind: &str, language: &str) -> Vec<(String, String)> {
        let all = self.0.iter();
        let mut choices: Vec<(String, String)> = all
            .filter(|(_, named)| named.kind == kind && named.removed.is_none())
            .map(|(reference, _)| (reference.clone(), self.name(reference, language)))
            .collect();
        sort_by_key(&mut choices, |(_, name)| fold(name));
        choices
    }
}

impl Named {
    fn name(&self, language: &str) -> Option<String> {
        let text = |name: &&str| match self.fields.get(*name)? {
            Value::String(text) => Some(text.clone()),
            Value::Object(texts) => {
                let text = |(code, text): (&String, &Value)| {
                    (code.clone(), text.as_str().unwrap_or_default().to_owned())
                };
                choose(&texts.iter().map(text).collect(), language).map(|title| title.text)
            }
            _ => None,
        };
        record::kind(&self.kind)?.title.iter().find_map(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_called_by_their_names_in_the_readers_language() {
        let json = r#"[
            {"kind":"city","key":"tangier","fields":{"names":{"en":"Tangier","fr":"Tanger"}},
             "removed":null, "heads":[]},
            {"kind":"city","key":"amman","fields":{"names":{"en":"Amman"}},"removed":{"time":1}},
            {"kind":"programme","key":"mc2cm","fields":{"acronym":"MC2CM"},"removed":null}
        ]"#;
        let records: Vec<Named> = serde_json::from_str(json).expect("records");
        let names = Names::of(records);
        assert_eq!(names.name("city/tangier", "fr"), "Tanger");
        assert_eq!(names.name("city/rabat-sale", "fr"), "rabat sale");
        assert_eq!(names.programme("mc2cm", "en"), "MC2CM");
        assert_eq!(names.programme("north", "en"), "north");
        let tangier = ("city/tangier".to_owned(), "Tangier".to_owned());
        assert_eq!(names.choices("city", "en"), [tangier]);
        assert_eq!(names.programmes().collect::<Vec<_>>(), ["mc2cm"]);
    }
}
