//! The entries of a field: which there are, in which order, and where.

use meltemi_core::record::{EntryKey, Field, FieldPath, Scalar, Shape};
pub use meltemi_core::view::summary::entry_title as title;
use serde_json::{Map, Value};

use super::order::{self, sort_by_key};
use super::read::is_removed;

/// An entry of a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its key: made up, a word, or a record as `city/amman`.
    pub key: String,
    /// Where it is.
    pub path: FieldPath,
    /// Whether it is marked as removed.
    pub removed: bool,
}

/// The entries of the field at `path`, in the order in which to show them.
///
/// Fixed entries are all there, filled in or not, in the order of their words.
pub fn entries(
    key: &'static EntryKey,
    fields: &'static [Field],
    path: &FieldPath,
    value: Option<&Value>,
) -> Vec<Entry> {
    let empty = Map::new();
    let map = value.and_then(Value::as_object).unwrap_or(&empty);
    if let EntryKey::Fixed(vocabulary) = key {
        let all = vocabulary.words.iter();
        return all
            .map(|word| Entry {
                key: (*word).to_owned(),
                path: path.clone().join(*word),
                removed: map.get(*word).is_some_and(is_removed),
            })
            .collect();
    }
    let mut found: Vec<(String, Entry)> = map
        .iter()
        .filter_map(|(name, value)| {
            let path = entry_path(key, path, name)?;
            let entry = Entry {
                key: name.clone(),
                path,
                removed: is_removed(value),
            };
            Some((order(fields, value), entry))
        })
        .collect();
    sort_by_key(&mut found, |(order, entry)| {
        format!("{order}\n{}", entry.key)
    });
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// The path of the entry called `name`.
pub fn entry_path(key: &EntryKey, path: &FieldPath, name: &str) -> Option<FieldPath> {
    match key {
        EntryKey::Link(_) => Some(path.clone().join_record(name.parse().ok()?)),
        EntryKey::Generated | EntryKey::Fixed(_) => Some(path.clone().join(name)),
    }
}

/// What entries are sorted by: an `order` that somebody gave, then times, then what names them.
fn order(fields: &'static [Field], entry: &Value) -> String {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let is_time = |field: &&Field| {
        matches!(
            field.shape,
            Shape::Value(Scalar::LocalTime | Scalar::Date | Scalar::Dates)
        )
    };
    let time = fields
        .iter()
        .find(is_time)
        .map(|field| text(field.name).unwrap_or("~"));
    let number = order::number(entry.get("order").and_then(Value::as_i64));
    let title = title(fields, entry).unwrap_or_default();
    format!("{number}\n{}\n{title}", time.unwrap_or_default())
}

/// Whether the entries are simple enough for one line each.
pub fn is_flat(fields: &'static [Field]) -> bool {
    fields.len() <= 3
        && fields.iter().all(|field| {
            matches!(&field.shape, Shape::Value(scalar) if !matches!(scalar, Scalar::Dates))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use meltemi_core::record::kind;
    use serde_json::json;

    fn of(name: &str, value: Value) -> Vec<Entry> {
        let field = kind("event")
            .and_then(|kind| kind.field(name))
            .expect("a field");
        let Shape::Entries(key, fields) = &field.shape else {
            panic!("{name} has entries")
        };
        entries(key, fields, &FieldPath::field(name), Some(&value))
    }

    #[test]
    fn order_comes_first_then_time_then_name() {
        let keys = |value| -> Vec<String> {
            of("sessions", value)
                .into_iter()
                .map(|entry| entry.key)
                .collect()
        };
        let sessions = json!({
            "a": { "title": "Zebra" },
            "b": { "title": "Late", "start": "2021-03-17T09:00" },
            "c": { "title": "Early", "start": "2021-03-16T09:00" },
            "d": { "title": "First", "order": 1, "start": "2021-03-18T09:00" },
            "e": { "title": "Apple", "removed": { "time": 0 } },
        });
        assert_eq!(keys(sessions), ["d", "c", "b", "e", "a"]);
    }

    #[test]
    fn entries_about_a_record_have_its_path() {
        let hosts = of("hosts", json!({ "city/rabat": {}, "not a reference": {} }));
        assert_eq!(hosts.len(), 1);
        assert_eq!(hosts[0].path.to_string(), "hosts/city:rabat");
    }

    #[test]
    fn fixed_entries_are_all_there() {
        let steps = of("steps", json!({ "report": { "done_at": "2021" } }));
        assert_eq!(
            steps.first().map(|step| step.key.as_str()),
            Some("background")
        );
        assert!(steps.iter().any(|step| step.key == "followup_12m"));
    }

    #[test]
    fn an_entry_is_named_by_its_first_text() {
        let field = kind("event")
            .and_then(|kind| kind.field("sessions"))
            .expect("a field");
        let Shape::Entries(_, fields) = &field.shape else {
            return;
        };
        let entry = json!({ "title": " ", "place": "Town hall", "source": "L1" });
        assert_eq!(title(fields, &entry), Some("Town hall"));
        assert_eq!(title(fields, &json!({ "source": "L1" })), None);
    }
}
