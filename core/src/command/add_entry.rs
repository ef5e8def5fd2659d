//! Adds an entry to a field.
//!
//! An entry of that key which was removed comes back with its contents, and
//! one that is there already takes the given values.

use serde_json::Value;

use super::create_record::fill;
use super::remove::restore;
use super::write::{Presence, Writer};
use super::{Command, CommandError};
use crate::record::path::{FieldPath, Target};

pub(super) fn apply(
    writer: &mut Writer<'_, '_>,
    path: &FieldPath,
    values: &[(String, Value)],
) -> Result<(), CommandError> {
    writer.require_entries(path, false)?;
    add(writer, path, values)
}

/// Adds an entry where the entries around it are known to be there.
pub(super) fn add(
    writer: &mut Writer<'_, '_>,
    path: &FieldPath,
    values: &[(String, Value)],
) -> Result<(), CommandError> {
    let Target::Entry(entry) = path.resolve(writer.kind)? else {
        return Err(writer.wrong_path(path, "an entry"));
    };
    let before = writer.undo.len();
    let presence = writer.presence(path, &entry)?;
    match presence {
        Presence::Absent => writer.create_entry(path, &entry)?,
        Presence::Removed { .. } => restore(writer, path)?,
        Presence::Here => {}
    }
    for (name, value) in values {
        fill(writer, &path.clone().join(name.as_str()), value)?;
    }
    if presence == Presence::Absent {
        // Removing the new entry takes its values with it.
        writer.undo.truncate(before);
        writer.undo.push(Command::Remove {
            document: writer.document,
            path: path.clone(),
            reason: None,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::devices::{Device, path};
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn hosts_added_at_the_same_time_are_one_entry() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.add("hosts/city:grenoble", &[("note", json!("Town hall"))]);
        a.add("hosts/city:fez", &[]);
        b.add("hosts/city:grenoble", &[("role", json!("main"))]);
        a.sync(&mut b);
        assert_eq!(
            a.value("/hosts"),
            json!({ "city/fez": {}, "city/grenoble": { "note": "Town hall", "role": "main" } })
        );
        assert_eq!(a.conflicts(), []);
    }

    #[test]
    fn sessions_have_all_their_containers_and_merge() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.add(
            "sessions/s1",
            &[("title", json!("Opening")), ("purpose", json!("Meet"))],
        );
        b.add("sessions/s2", &[("facilitators", json!(["city/fez"]))]);
        a.sync(&mut b);
        a.tag("sessions/s2/facilitators", "city/rabat", true);
        a.sync(&mut b);
        assert_eq!(
            b.value("/sessions"),
            json!({
                "s1": { "title": "Opening", "purpose": "Meet" },
                "s2": { "facilitators": ["city/fez", "city/rabat"] },
            })
        );
    }

    #[test]
    fn undo_removes_a_new_entry_and_adding_it_again_brings_it_back() {
        let mut a = Device::new(1);
        let undo = a.add("sessions/s1", &[("title", json!("Opening"))]);
        assert_eq!(undo.len(), 1);
        a.undo(&undo);
        assert!(a.value("/sessions/s1/removed").is_object());
        let undo = a.add("sessions/s1", &[("place", json!("Hall"))]);
        assert_eq!(
            a.value("/sessions/s1"),
            json!({ "title": "Opening", "place": "Hall" })
        );
        a.undo(&undo);
        assert_eq!(a.value("/sessions/s1/title"), json!("Opening"));
        assert_eq!(a.value("/sessions/s1/place"), json!(null));
        assert!(a.value("/sessions/s1/removed").is_object());
    }

    #[test]
    fn a_wrong_value_leaves_no_half_entry() {
        let mut a = Device::new(1);
        let heads = a.heads();
        for (at, name, value) in [
            ("sessions/s1", "title", json!(1)),
            ("sessions/s1", "nothing", json!("x")),
            ("sessions/S1", "title", json!("x")),
            ("steps/party", "note", json!("x")),
            ("dates", "x", json!("x")),
            ("", "dates", json!("2021")),
        ] {
            let values = vec![(name.to_owned(), value)];
            let command = Command::AddEntry {
                document: a.id,
                path: path(at),
                values,
            };
            a.try_run(&command).expect_err(at);
            assert_eq!(a.heads(), heads);
        }
        assert_eq!(a.value("/sessions"), json!(null));
    }
}
