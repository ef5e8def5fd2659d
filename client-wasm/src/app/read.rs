//! Reads places of a record view.

use meltemi_core::conflict::{Conflict, Settlement};
use meltemi_core::record::FieldPath;
use meltemi_core::record::path::Segment;
use meltemi_core::view::RecordView;
use serde_json::{Map, Value};

/// Name of the mark in a removed entry.
pub const REMOVED: &str = "removed";

/// The value at a place, or `None` when it is empty.
pub fn value<'a>(record: &'a RecordView, path: &FieldPath) -> Option<&'a Value> {
    in_fields(&record.fields, path)
}

/// The value at a place below these fields.
pub fn in_fields<'a>(fields: &'a Map<String, Value>, path: &FieldPath) -> Option<&'a Value> {
    let mut map = Some(fields);
    let mut found = None;
    for segment in path.segments() {
        let fields = map?;
        let value = match segment {
            Segment::Name(name) => fields.get(name)?,
            Segment::Record(record) => fields.get(&record.to_string())?,
        };
        map = value.as_object();
        found = Some(value);
    }
    found.filter(|value| !value.is_null())
}

/// The text at a place; empty when there is none.
pub fn text(record: &RecordView, path: &FieldPath) -> String {
    value(record, path)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// The members of the set at a place.
pub fn members(value: Option<&Value>) -> Vec<String> {
    let Some(Value::Array(members)) = value else {
        return Vec::new();
    };
    members
        .iter()
        .filter_map(|member| member.as_str().map(str::to_owned))
        .collect()
}

/// The open conflict about exactly this place.
pub fn conflict<'a>(record: &'a RecordView, path: &FieldPath) -> Option<&'a Conflict> {
    record
        .conflicts
        .iter()
        .find(|conflict| conflict.path == *path)
}

/// What was settled about exactly this place.
pub fn settlement<'a>(record: &'a RecordView, path: &FieldPath) -> Option<&'a Settlement> {
    record
        .settlements
        .iter()
        .rev()
        .find(|settlement| settlement.path == *path)
}

/// Whether an entry is marked as removed.
pub fn is_removed(entry: &Value) -> bool {
    entry
        .get(REMOVED)
        .is_some_and(|mark| !mark.is_null() && *mark != Value::Bool(false))
}

/// Whether a place is `outer` or within it.
pub fn is_within(path: &FieldPath, outer: &FieldPath) -> bool {
    path.segments().starts_with(outer.segments())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> FieldPath {
        text.parse().expect("a path")
    }

    #[test]
    fn places_are_found_in_the_json_of_a_record() {
        let Value::Object(fields) = json!({
            "dates": "2021-03",
            "titles": { "fr": "Le logement" },
            "hosts": { "city/rabat": { "role": "host" } },
            "sessions": { "a1": { "title": "Welcome", "removed": { "time": 1 } } },
        }) else {
            return;
        };
        let at = |text: &str| in_fields(&fields, &path(text)).cloned();
        assert_eq!(at("dates"), Some(json!("2021-03")));
        assert_eq!(at("titles/fr"), Some(json!("Le logement")));
        assert_eq!(at("titles/en"), None);
        assert_eq!(at("hosts/city:rabat/role"), Some(json!("host")));
        assert_eq!(at("dates/x"), None);
        assert!(is_removed(&at("sessions/a1").expect("an entry")));
        assert!(!is_removed(&at("hosts/city:rabat").expect("an entry")));
    }

    #[test]
    fn a_place_is_within_itself_and_what_is_around_it() {
        assert!(is_within(&path("hosts/city:rabat/role"), &path("hosts")));
        assert!(is_within(&path("hosts"), &path("hosts")));
        assert!(!is_within(&path("hosts"), &path("hosts/city:rabat")));
    }
}
