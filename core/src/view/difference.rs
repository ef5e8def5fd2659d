//! What differs between two versions of a record, place by place, as a person would say it.
//!
//! Pure: it compares two views of one record. Neither of them has to be newer than the other, but
//! the words are those for edits that are put on top of an accepted version.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::RecordView;
use crate::conflict::Question;
use crate::genesis::REMOVED;
use crate::id::RecordRef;
use crate::order;
use crate::record::{self, EntryKey, Field, FieldPath, Shape};

/// A place that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Where, as a path; empty for the record itself.
    pub path: String,
    /// In which way.
    pub what: Change,
    /// The value before, in its JSON form; `null` when there is none. Texts are whole.
    pub before: Value,
    /// The value after.
    pub after: Value,
}

/// In which way a place differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It has another value.
    Value,
    /// It has a further value, which stands beside the others until a person chooses.
    Beside,
    /// It had several values, and one was chosen that was shown before too.
    Settled,
    /// An entry that was not there; the value after is all of it. What is in it follows, each field
    /// for itself.
    Added,
    /// An entry, or the record, is removed.
    Removed,
    /// A removed entry, or the removed record, is there again.
    Restored,
}

/// All places at which `after` differs from `before`, in the order of the declaration.
pub fn difference(before: &RecordView, after: &RecordView) -> Vec<Difference> {
    let mut found = Comparison {
        before,
        after,
        all: Vec::new(),
    };
    let root = FieldPath::root();
    let removal = |view: &RecordView| {
        let removal = view.removed.as_ref()?;
        Some(json!({ "time": removal.time, "reason": removal.reason }))
    };
    found.presence(&root, removal(before), removal(after));
    let fields = record::kind(&after.kind).map_or(&[][..], |kind| kind.fields);
    found.object(&root, fields, &before.fields, &after.fields);
    found.all
}

struct Comparison<'a> {
    before: &'a RecordView,
    after: &'a RecordView,
    all: Vec<Difference>,
}

impl Comparison<'_> {
    fn put(&mut self, path: &FieldPath, what: Change, before: Value, after: Value) {
        self.all.push(Difference {
            path: path.to_string(),
            what,
            before,
            after,
        });
    }

    /// Compares whether a record or entry is removed.
    fn presence(&mut self, path: &FieldPath, before: Option<Value>, after: Option<Value>) {
        let what = match (&before, &after) {
            (None, Some(_)) => Change::Removed,
            (Some(_), None) => Change::Restored,
            _ => return,
        };
        self.put(
            path,
            what,
            before.unwrap_or_default(),
            after.unwrap_or_default(),
        );
    }

    /// Compares declared fields, and after them what no declaration describes.
    fn object(
        &mut self,
        path: &FieldPath,
        fields: &'static [Field],
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        for field in fields {
            let here = path.clone().join(field.name);
            self.field(
                &here,
                field,
                present(before, field.name),
                present(after, field.name),
            );
        }
        for name in keys(before, after) {
            let known = fields.iter().any(|field| field.name == name);
            if !known && name != REMOVED {
                let here = path.clone().join(name);
                self.value(&here, present(before, name), present(after, name));
            }
        }
    }

    fn field(
        &mut self,
        path: &FieldPath,
        field: &'static Field,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        match (&field.shape, object(before), object(after)) {
            (Shape::Value(_) | Shape::Text | Shape::Tags(_), ..) => {
                self.value(path, before, after);
            }
            (Shape::ByLanguage, before, after) => {
                for code in keys(&before, &after) {
                    let here = path.clone().join(code);
                    self.value(&here, present(&before, code), present(&after, code));
                }
            }
            (Shape::Entries(key, within), before, after) => {
                for name in keys(&before, &after) {
                    let here = match (key, name.parse::<RecordRef>()) {
                        (EntryKey::Link(_), Ok(record)) => path.clone().join_record(record),
                        _ => path.clone().join(name),
                    };
                    self.entry(&here, key, within, [before.get(name), after.get(name)]);
                }
            }
        }
    }

    fn entry(
        &mut self,
        path: &FieldPath,
        key: &EntryKey,
        fields: &'static [Field],
        [before, after]: [Option<&Value>; 2],
    ) {
        let (old, new) = (object(before), object(after));
        let mark = |entry: &Map<String, Value>| present(entry, REMOVED).cloned();
        // A fixed entry is always there; it is only filled in or not.
        let comes_and_goes = !matches!(key, EntryKey::Fixed(_));
        match (before, after) {
            (None, Some(_)) if comes_and_goes => {
                self.put(path, Change::Added, Value::Null, Value::Object(new.clone()));
                self.presence(path, None, mark(&new));
            }
            (Some(_), None) if comes_and_goes => {
                self.put(path, Change::Removed, Value::Null, Value::Null);
            }
            _ => self.presence(path, mark(&old), mark(&new)),
        }
        self.object(path, fields, &old, &new);
    }

    /// Compares what stands at a place, and what stands beside it.
    fn value(&mut self, path: &FieldPath, before: Option<&Value>, after: Option<&Value>) {
        let (before, after) = (
            before.cloned().unwrap_or_default(),
            after.cloned().unwrap_or_default(),
        );
        let known = beside(self.before, path);
        let further = beside(self.after, path);
        if before != after {
            self.put(path, Change::Value, before.clone(), after.clone());
        } else if further.is_empty() && !known.is_empty() {
            self.put(path, Change::Settled, before.clone(), after.clone());
        }
        for value in further {
            if value != before && value != after && !known.contains(&value) {
                self.put(path, Change::Beside, before.clone(), value);
            }
        }
    }
}

/// The values of an open conflict about exactly this place.
fn beside(view: &RecordView, path: &FieldPath) -> Vec<Value> {
    let here = view
        .conflicts
        .iter()
        .filter(|conflict| conflict.question == Question::Which && conflict.path == *path);
    here.flat_map(|conflict| conflict.values.iter().map(|value| value.value.clone()))
        .collect()
}

/// The members of an object; none of anything else.
fn object(value: Option<&Value>) -> Map<String, Value> {
    value
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

fn present<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

/// The keys of both, sorted.
fn keys<'a>(a: &'a Map<String, Value>, b: &'a Map<String, Value>) -> BTreeSet<&'a str> {
    order::set(a.keys().chain(b.keys()).map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::command::Splice;
    use crate::command::devices::{Device, path};
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// What `edit` changes, as path, way, value before and value after.
    fn changes(
        device: &mut Device,
        edit: impl FnOnce(&mut Device),
    ) -> Vec<(String, Change, Value, Value)> {
        let before = device.view();
        edit(device);
        let all = difference(&before, &device.view()).into_iter();
        all.map(|it| (it.path, it.what, it.before, it.after))
            .collect()
    }

    fn row(at: &str, what: Change, before: Value, after: Value) -> (String, Change, Value, Value) {
        (at.to_owned(), what, before, after)
    }

    #[test]
    fn values_texts_and_languages_differ_one_by_one_in_the_order_of_the_declaration() {
        let mut device = Device::new(1);
        device.set("venue", json!("Library"));
        device.set("titles/en", json!("Housing"));
        let base = device.heads();
        let found = changes(&mut device, |device| {
            device.set("venue", json!(null));
            device.set("titles/fr", json!("Le logement"));
            device.set("titles/en", json!("Housing first"));
            device.run(&Command::EditText {
                document: device.id,
                path: path("objectives"),
                base,
                splices: vec![Splice {
                    at: 0,
                    delete: 0,
                    insert: "Learn".to_owned(),
                }],
            });
        });
        assert_eq!(
            found,
            [
                row(
                    "titles/en",
                    Change::Value,
                    json!("Housing"),
                    json!("Housing first")
                ),
                row(
                    "titles/fr",
                    Change::Value,
                    json!(null),
                    json!("Le logement")
                ),
                row("venue", Change::Value, json!("Library"), json!(null)),
                row("objectives", Change::Value, json!(null), json!("Learn")),
            ]
        );
    }

    #[test]
    fn entries_are_added_removed_and_restored_with_what_is_in_them() {
        let mut device = Device::new(1);
        let added = changes(&mut device, |device| {
            device.add("sessions/a1", &[("title", json!("Opening"))]);
            device.add("hosts/city:rabat", &[]);
        });
        assert_eq!(
            added,
            [
                row("hosts/city:rabat", Change::Added, json!(null), json!({})),
                row(
                    "sessions/a1",
                    Change::Added,
                    json!(null),
                    json!({ "title": "Opening" })
                ),
                row(
                    "sessions/a1/title",
                    Change::Value,
                    json!(null),
                    json!("Opening")
                ),
            ]
        );
        let removed = changes(&mut device, |device| {
            device.remove("sessions/a1", Some("double"));
            device.remove("", None);
        });
        device.restore("");
        let ways: Vec<_> = removed.iter().map(|it| (it.0.as_str(), it.1)).collect();
        assert_eq!(
            ways,
            [("", Change::Removed), ("sessions/a1", Change::Removed)]
        );
        assert_eq!(removed[1].3["reason"], json!("double"));
        let restored = changes(&mut device, |device| {
            device.restore("sessions/a1");
        });
        assert_eq!(restored.len(), 1);
        assert_eq!(
            (restored[0].0.as_str(), restored[0].1),
            ("sessions/a1", Change::Restored)
        );
    }

    #[test]
    fn a_value_that_only_stands_beside_the_other_is_told_too() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.sync(&mut b);
        let seen = a.heads();
        a.set_seeing(&seen, "dates", json!("2021-03"));
        b.clock += 60;
        b.set_seeing(&seen, "dates", json!("2021-04"));
        let accepted = b.view();
        b.doc.merge(&mut a.doc).expect("a merge");
        let found = difference(&accepted, &b.view());
        let [it] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!((it.path.as_str(), &it.before), ("dates", &json!("2021-04")));
        assert_eq!(
            (it.what, &it.after),
            (Change::Beside, &json!("2021-03")),
            "the later value is shown"
        );
        assert_eq!(difference(&b.view(), &b.view()), []);

        let open = b.view();
        b.settle("dates", json!("2021-04"), None);
        let found = difference(&open, &b.view());
        let [it] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!((it.path.as_str(), it.what), ("dates", Change::Settled));
    }

    #[test]
    fn fields_of_a_newer_version_come_last() {
        let mut device = Device::new(1);
        let before = device.view();
        device.set("venue", json!("Library"));
        let mut after = device.view();
        after.fields.insert("a new one".to_owned(), json!(1));
        let found = difference(&before, &after);
        let paths: Vec<_> = found.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, ["venue", "a new one"]);
    }
}
