//! The view of a record in a list.

use std::collections::BTreeMap;

use automerge::Automerge;
use serde_json::{Map, Value};

use super::{RecordView, Summary};
use crate::genesis::{NotARecord, REMOVED};
use crate::id::{DocumentId, RecordRef};
use crate::order;
use crate::record::{self, EntryKey, Field, Kind, Member, Scalar, Shape};
use crate::view;

/// What a list needs of the record that `doc`, found under the id `document`, holds.
pub fn summarise(document: DocumentId, doc: &Automerge) -> Result<Summary, NotARecord> {
    view::record::view(document, doc).map(|record| summarise_view(&record))
}

/// What a list needs of a record.
pub fn summarise_view(record: &RecordView) -> Summary {
    let mut links = BTreeMap::new();
    let mut fields = Map::new();
    let kind = record::kind(&record.kind);
    for (name, value) in &record.fields {
        let Some(field) = kind.and_then(|kind| kind.field(name)) else {
            continue;
        };
        let found = links_in(field, value);
        if !found.is_empty() {
            links.insert(name.clone(), found);
        }
        if matches!(
            field.shape,
            Shape::Value(_) | Shape::ByLanguage | Shape::Tags(_)
        ) {
            fields.insert(name.clone(), value.clone());
        }
    }
    Summary {
        id: record.id,
        reference: RecordRef::new(&record.kind, &record.key),
        title: kind
            .map(|kind| title(kind, &record.fields))
            .unwrap_or_default(),
        fields,
        links,
        conflicts: record.conflicts.len(),
        missing: record.missing.len(),
        removed: record.removed.is_some(),
    }
}

/// What a person calls the record: the first of the kind's title fields with a value.
pub(super) fn title(kind: &Kind, fields: &Map<String, Value>) -> BTreeMap<String, String> {
    let value = kind.title.iter().find_map(|name| fields.get(*name));
    match value {
        Some(Value::Object(languages)) => order::map(
            languages
                .iter()
                .filter_map(|(code, text)| Some((code.clone(), text.as_str()?.to_owned()))),
        ),
        Some(Value::String(text)) => BTreeMap::from([("und".to_owned(), text.clone())]),
        _ => BTreeMap::new(),
    }
}

/// What an entry is called: its first line or text. `None` when it has none.
pub fn entry_title<'a>(fields: &[Field], entry: &'a Value) -> Option<&'a str> {
    let names = |field: &&Field| {
        matches!(field.shape, Shape::Value(Scalar::Line) | Shape::Text) && field.name != "source"
    };
    let mut found = fields
        .iter()
        .filter(names)
        .filter_map(|field| entry.get(field.name)?.as_str());
    found.find(|text| !text.trim().is_empty())
}

/// The records that the value of a field at the top level points at.
fn links_in(field: &Field, value: &Value) -> Vec<RecordRef> {
    let parse = |text: &str| text.parse().ok();
    match (&field.shape, value) {
        (Shape::Value(Scalar::Link(_)), Value::String(text)) => parse(text).into_iter().collect(),
        (Shape::Tags(Member::Link(_)), Value::Array(members)) => members
            .iter()
            .filter_map(|member| parse(member.as_str()?))
            .collect(),
        (Shape::Entries(EntryKey::Link(_), _), Value::Object(entries)) => entries
            .iter()
            .filter(|(_, entry)| entry.get(REMOVED).is_none())
            .filter_map(|(key, _)| parse(key))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::devices::Device;
    use crate::genesis;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_summary_has_what_a_list_shows() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.set("titles/en", json!("Housing"));
        a.set("dates", json!("2021-03-16"));
        a.add("hosts/city:fez", &[]);
        a.add("hosts/city:rabat", &[]);
        a.remove("hosts/city:rabat", None);
        a.tag("theme_tags", "housing", true);
        a.add("sessions/s1", &[]);
        b.set("dates", json!("2021-03-17"));
        a.sync(&mut b);
        let summary = summarise(a.id, &a.doc).expect("a record");
        assert_eq!(summary.reference.to_string(), "event/ev1");
        assert_eq!(summary.title["en"], "Housing");
        assert_eq!(summary.conflicts, 1);
        assert_eq!(summary.missing, 2);
        assert!(!summary.removed);
        assert_eq!(summary.links["hosts"], [RecordRef::new("city", "fez")]);
        assert_eq!(summary.links.len(), 1);
        let names: Vec<&String> = summary.fields.keys().collect();
        assert_eq!(names, ["dates", "theme_tags", "titles"]);
    }

    #[test]
    fn a_document_that_is_no_record_has_no_summary() {
        let id = DocumentId::from_bytes([1; 16]);
        assert_eq!(summarise(id, &genesis::empty()), Err(NotARecord::NoKind));
    }
}
