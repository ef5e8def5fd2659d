//! Marks a record or an entry as removed, or takes that back. The contents stay.
//!
//! Where somebody edited what another removed at the same time, removing or
//! restoring it once more is the answer to that question.

use automerge::ScalarValue;

use super::write::Writer;
use super::{Command, CommandError};
use crate::conflict::removal;
use crate::record::FieldPath;

/// Removes. `open` says that somebody edited it while another removed it.
pub(super) fn remove(
    writer: &mut Writer<'_, '_>,
    path: &FieldPath,
    reason: Option<&str>,
    open: bool,
) -> Result<(), CommandError> {
    let (map, key) = writer.removed_register(path)?;
    let before = removal::state(&*writer.tx, None, &map, &key);
    if before.is_some() && !open {
        return Ok(());
    }
    let text = removal::stored(
        writer.now.seconds(),
        reason.filter(|reason| !reason.is_empty()),
    );
    writer.put(&map, &key, text.into())?;
    if before.is_none() {
        writer.undo.push(Command::Restore {
            document: writer.document,
            path: path.clone(),
        });
    }
    Ok(())
}

/// Takes a removal back.
pub(super) fn restore(writer: &mut Writer<'_, '_>, path: &FieldPath) -> Result<(), CommandError> {
    let (map, key) = writer.removed_register(path)?;
    let Some(before) = removal::state(&*writer.tx, None, &map, &key) else {
        return Ok(());
    };
    writer.put(&map, &key, ScalarValue::Null)?;
    writer.undo.push(Command::Remove {
        document: writer.document,
        path: path.clone(),
        reason: before.removal.reason,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::devices::{Device, values};
    use crate::conflict::Question;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn removed_things_stay_readable_and_can_be_restored() {
        let mut a = Device::new(1);
        a.add("hosts/city:fez", &[("note", json!("x"))]);
        let undo = a.remove("hosts/city:fez", Some("was a guest"));
        assert_eq!(
            a.value("/hosts/city~1fez"),
            json!({ "note": "x", "removed": { "time": 1002, "reason": "was a guest" } })
        );
        let heads = a.heads();
        assert_eq!(a.remove("hosts/city:fez", None), []);
        assert_eq!(a.heads(), heads);
        a.undo(&undo);
        assert_eq!(a.value("/hosts/city~1fez"), json!({ "note": "x" }));
        let undo = a.remove("", None);
        let removed = a.view().removed.expect("removed");
        assert_eq!((removed.time, removed.reason), (1005, None));
        a.undo(&undo);
        assert_eq!(a.view().removed, None);
    }

    #[test]
    fn what_was_edited_while_another_removed_it_is_asked_about() {
        for at in ["sessions/s1", "hosts/city:fez", ""] {
            let (mut a, mut b) = (Device::new(1), Device::new(2));
            if !at.is_empty() {
                a.add(at, &[]);
            }
            a.set("venue", json!("Library"));
            a.sync(&mut b);
            let field = match at {
                "" => "venue".to_owned(),
                "sessions/s1" => format!("{at}/title"),
                _ => format!("{at}/note"),
            };
            a.remove(at, Some("cancelled"));
            a.tag("theme_tags", "after", true);
            b.tag("theme_tags", "elsewhere", at.is_empty());
            b.set(&field, json!("Opening"));
            a.sync(&mut b);
            let conflicts = a.conflicts();
            let [conflict] = &conflicts[..] else {
                panic!("{at}: expected one conflict")
            };
            assert_eq!(conflict.question, Question::RemovedOrKept);
            assert_eq!(conflict.path.to_string(), at);
            assert_eq!(
                conflict.values[0].value["removed"]["reason"],
                json!("cancelled")
            );
            let changed = values(conflict)
                .into_iter()
                .find(|value| value["changed"]["path"] == json!(field))
                .expect("the edit");
            assert_eq!(changed["changed"]["value"], json!("Opening"));
            let edit = conflict.values.last().expect("the edit");
            assert_eq!(edit.origin.actor, "02".repeat(16));

            let (mut c, mut d) = (a, b);
            d.remove(at, None);
            c.sync(&mut d);
            assert_eq!(c.conflicts(), [], "{at}: removing it again settles");
            c.restore(at);
            c.sync(&mut d);
            assert_eq!(d.conflicts(), []);
        }
    }

    #[test]
    fn an_edit_that_the_remover_saw_is_no_question() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.add("sessions/s1", &[]);
        a.sync(&mut b);
        b.set("sessions/s1/title", json!("Opening"));
        a.sync(&mut b);
        a.remove("sessions/s1", None);
        b.set("venue", json!("Library"));
        a.sync(&mut b);
        assert_eq!(a.conflicts(), []);
        // Nor is an edit by somebody who saw the removal.
        b.set("sessions/s1/title", json!("Closing"));
        a.sync(&mut b);
        assert_eq!(a.conflicts(), []);
    }

    #[test]
    fn removing_and_restoring_at_the_same_time_asks() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.add("sessions/s1", &[]);
        a.remove("sessions/s1", None);
        a.sync(&mut b);
        b.restore("sessions/s1");
        a.restore("sessions/s1");
        a.remove("sessions/s1", Some("really"));
        a.sync(&mut b);
        let [conflict] = &a.conflicts()[..] else {
            panic!("expected one conflict")
        };
        assert_eq!(values(conflict)[1], json!({ "restored": true }));
        b.restore("sessions/s1");
        a.sync(&mut b);
        assert_eq!(a.conflicts(), []);
        assert_eq!(a.value("/sessions/s1"), json!({}));
    }
}
