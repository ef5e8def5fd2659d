//! Begins a record.
//!
//! The record may exist already, made elsewhere while offline: both have the
//! same first changes, and the given values are set on it like any others. One
//! that was removed comes back.

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, ObjType, ReadDoc};
use serde_json::Value;

use super::write::Writer;
use super::{Command, CommandError, Splice, add_entry, remove, set_field, set_tag};
use crate::genesis::{self, GenesisError};
use crate::id::{DocumentId, RecordRef};
use crate::record::EntryKey;
use crate::record::path::{FieldPath, Target};
use crate::time::Timestamp;

impl From<GenesisError> for CommandError {
    fn from(error: GenesisError) -> Self {
        match error {
            GenesisError::UnknownKind(kind) => Self::UnknownKind(kind),
            GenesisError::Key(_) => Self::WrongValue {
                path: FieldPath::root(),
                reason: error.to_string(),
            },
        }
    }
}

/// A new document with the record's first changes and, in a change of `actor`, its first values.
pub fn create(
    programme: &str,
    reference: &RecordRef,
    values: &[(FieldPath, Value)],
    actor: ActorId,
    now: Timestamp,
) -> Result<(DocumentId, Automerge), CommandError> {
    let document = DocumentId::of_record(programme, reference);
    let mut doc = genesis::new_document(programme, reference)?.with_actor(actor);
    let command = Command::CreateRecord {
        programme: programme.to_owned(),
        reference: reference.clone(),
        values: values.to_vec(),
    };
    super::apply(document, &mut doc, &command, now)?;
    Ok((document, doc))
}

pub(super) fn apply(
    writer: &mut Writer<'_, '_>,
    values: &[(FieldPath, Value)],
    is_new: bool,
) -> Result<(), CommandError> {
    let root = FieldPath::root();
    remove::restore(writer, &root)?;
    for (path, value) in values {
        fill(writer, path, value)?;
    }
    if is_new {
        // Removing the new record takes its values with it.
        let document = writer.document;
        writer.undo = vec![Command::Remove {
            document,
            path: root,
            reason: None,
        }];
    }
    Ok(())
}

/// Sets what is at `path` to a first value, adding the entries around it.
///
/// A register takes its value, a text a string, a set an array whose members
/// are added, and a field with languages or entries an object of such values.
pub(super) fn fill(
    writer: &mut Writer<'_, '_>,
    path: &FieldPath,
    value: &Value,
) -> Result<(), CommandError> {
    let target = path.resolve(writer.kind)?;
    let wrong = |expected: &str| CommandError::WrongValue {
        path: path.clone(),
        reason: format!("expected {expected}"),
    };
    if matches!(target, Target::Record) {
        return Err(writer.wrong_path(path, "a field"));
    }
    writer.require_entries(path, true)?;
    if value.is_null() && !matches!(target, Target::Register(_)) {
        return Ok(());
    }
    match target {
        Target::Record => Ok(()),
        Target::Register(_) => set_field::set(writer, path, value),
        Target::Text(_) => fill_text(writer, path, value.as_str().ok_or_else(|| wrong("text"))?),
        Target::Tags(..) => {
            let tags = value.as_array().ok_or_else(|| wrong("an array of texts"))?;
            for tag in tags {
                let tag = tag.as_str().ok_or_else(|| wrong("an array of texts"))?;
                set_tag::set(writer, path, tag, true)?;
            }
            Ok(())
        }
        Target::Languages(_) => {
            let languages = value
                .as_object()
                .ok_or_else(|| wrong("an object of texts"))?;
            for (code, text) in languages {
                fill(writer, &path.clone().join(code.as_str()), text)?;
            }
            Ok(())
        }
        Target::Entries(_, key) => {
            for (name, entry) in value
                .as_object()
                .ok_or_else(|| wrong("an object of entries"))?
            {
                let path = match key {
                    EntryKey::Link(_) => path.clone().join_record(
                        name.parse()
                            .map_err(|_| wrong("keys that are references kind/key"))?,
                    ),
                    EntryKey::Generated | EntryKey::Fixed(_) => path.clone().join(name.as_str()),
                };
                fill(writer, &path, entry)?;
            }
            Ok(())
        }
        Target::Entry(_) => {
            let values = value
                .as_object()
                .ok_or_else(|| wrong("an object of fields"))?;
            let values: Vec<(String, Value)> = values
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            add_entry::add(writer, path, &values)
        }
    }
}

fn fill_text(
    writer: &mut Writer<'_, '_>,
    path: &FieldPath,
    text: &str,
) -> Result<(), CommandError> {
    let Target::Text(container) = path.resolve(writer.kind)? else {
        return Err(writer.wrong_path(path, "a text"));
    };
    let object = writer.container(path, &container, ObjType::Text)?;
    let before = writer.tx.text(&object)?;
    if before == text {
        return Ok(());
    }
    writer.tx.update_text(&object, text)?;
    // The version it is taken back from is this change, whose hash is only known afterwards.
    writer.undo.push(Command::EditText {
        document: writer.document,
        path: path.clone(),
        base: Vec::new(),
        splices: vec![Splice {
            at: 0,
            delete: text.encode_utf16().count(),
            insert: before,
        }],
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::devices::{Device, event, path};
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn created(device: &Device, values: &[(&str, Value)]) -> Command {
        assert_eq!(device.id, DocumentId::of_record("mc2cm", &event()));
        let values = values
            .iter()
            .map(|(at, value)| (path(at), value.clone()))
            .collect();
        Command::CreateRecord {
            programme: "mc2cm".to_owned(),
            reference: event(),
            values,
        }
    }

    #[test]
    fn a_record_made_on_two_devices_is_one_record() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        assert_eq!(a.heads(), b.heads());
        a.run(&created(
            &a,
            &[("titles/fr", json!("Logement")), ("number", json!(9))],
        ));
        b.run(&created(
            &b,
            &[("titles/en", json!("Housing")), ("number", json!(9))],
        ));
        a.sync(&mut b);
        assert_eq!(
            a.value("/titles"),
            json!({ "en": "Housing", "fr": "Logement" })
        );
        assert_eq!(a.conflicts(), []);
        a.doc.save();
        let loaded = genesis::load(&a.doc.save()).expect("a saved document");
        assert_eq!(crate::view::record::view(a.id, &loaded), Ok(b.view()));
    }

    #[test]
    fn first_values_may_be_of_every_shape() {
        let mut a = Device::new(1);
        let command = created(
            &a,
            &[
                ("titles", json!({ "en": "Housing" })),
                ("dates", json!("2021-03")),
                ("objectives", json!("Share practice")),
                ("theme_tags", json!(["housing"])),
                ("hosts", json!({ "city/fez": { "note": "x" } })),
                ("sessions/s1/facilitators", json!(["city/fez"])),
                ("steps/report/note", json!("late")),
                ("venue", json!(null)),
            ],
        );
        let undo = a.run(&command);
        assert_eq!(
            json!(a.view().fields),
            json!({
                "titles": { "en": "Housing" },
                "dates": "2021-03",
                "objectives": "Share practice",
                "theme_tags": ["housing"],
                "hosts": { "city/fez": { "note": "x" } },
                "sessions": { "s1": { "facilitators": ["city/fez"] } },
                "steps": { "report": { "note": "late" } },
            })
        );
        let heads = a.heads();
        assert_eq!(a.run(&command), []);
        assert_eq!(
            a.heads(),
            heads,
            "creating it again with the same values changes nothing"
        );
        a.undo(&undo);
        assert!(a.view().removed.is_some());
        a.run(&command);
        assert_eq!(a.view().removed, None);
    }

    #[test]
    fn values_set_on_an_existing_record_can_be_undone() {
        let mut a = Device::new(1);
        a.run(&created(
            &a,
            &[("objectives", json!("Old text")), ("venue", json!("Hall"))],
        ));
        let before = a.view().fields;
        let undo = a.run(&created(
            &a,
            &[
                ("objectives", json!("A newer text")),
                ("venue", json!("Library")),
                ("theme_tags", json!(["housing"])),
            ],
        ));
        assert_ne!(a.view().fields, before);
        a.undo(&undo);
        assert_eq!(a.view().fields, before);
    }

    #[test]
    fn wrong_names_and_values_are_refused() {
        let actor = || ActorId::from([1; 16].as_slice());
        let create = |programme: &str, kind: &str, key: &str, values: &[(FieldPath, Value)]| {
            super::create(
                programme,
                &RecordRef::new(kind, key),
                values,
                actor(),
                Timestamp(0),
            )
            .map(|_| ())
        };
        assert_eq!(
            create("p", "nothing", "a", &[]),
            Err(CommandError::UnknownKind("nothing".to_owned()))
        );
        for (programme, key) in [("P", "a"), ("", "a"), ("p", "a/b"), ("p", "")] {
            let error = create(programme, "event", key, &[]).expect_err("a wrong name");
            assert!(error.to_string().contains("cannot name"), "{error}");
        }
        for (at, value) in [
            ("", json!({})),
            ("titles", json!("x")),
            ("objectives", json!(1)),
            ("theme_tags", json!("x")),
            ("theme_tags", json!([1])),
            ("hosts", json!({ "fez": {} })),
            ("hosts/city:fez", json!("x")),
            ("sessions", json!([])),
        ] {
            create("p", "event", "a", &[(path(at), value)]).expect_err(at);
        }
    }
}
