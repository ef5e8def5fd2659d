//! Puts a value in a register.
//!
//! Emptying a register writes an explicit `null`, which stands against a value
//! that another sets at the same time, so that a person is asked. Where
//! values are open, setting one of them settles the conflict. What came to the
//! register after the version that its writer saw stands against the new value.

use serde_json::Value;

use super::write::Writer;
use super::{Command, CommandError};
use crate::record::FieldPath;

pub(super) fn apply(
    writer: &mut Writer<'_, '_>,
    path: &FieldPath,
    value: &Value,
) -> Result<(), CommandError> {
    writer.register(path)?;
    writer.require_entries(path, false)?;
    set(writer, path, value)
}

/// Sets a register whose entry is known to be there.
pub(super) fn set(
    writer: &mut Writer<'_, '_>,
    path: &FieldPath,
    value: &Value,
) -> Result<(), CommandError> {
    let document = writer.document;
    let undo = |value| Command::SetField {
        document,
        path: path.clone(),
        value,
        base: None,
    };
    writer.set(path, value, None, undo)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::devices::{Device, path, values};
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn one_field_is_one_change_that_can_be_undone() {
        let mut a = Device::new(1);
        let before = a.view().fields;
        let undo = a.set("dates", json!("2021-03-16"));
        assert_eq!(a.doc.get_changes(&[]).len(), 2);
        assert_eq!(a.value("/dates"), json!("2021-03-16"));
        assert_eq!(undo, [a.set_command("dates", json!(null))]);
        a.undo(&undo);
        assert_eq!(a.view().fields, before);
    }

    #[test]
    fn setting_the_same_value_changes_nothing() {
        let mut a = Device::new(1);
        a.set("titles/fr", json!("Cohésion sociale"));
        let heads = a.heads();
        assert_eq!(a.set("titles/fr", json!(" Cohésion sociale ")), []);
        assert_eq!(a.set("venue", json!(null)), []);
        assert_eq!(a.set("venue", json!("")), []);
        assert_eq!(a.heads(), heads);
    }

    #[test]
    fn concurrent_dates_ask_and_setting_the_shown_one_settles() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.set("dates", json!("2021-03-16"));
        b.set("dates", json!("2021-03-17"));
        a.sync(&mut b);
        let [conflict] = &a.conflicts()[..] else {
            panic!("expected one conflict")
        };
        let shown = a.value("/dates");
        assert_eq!(values(conflict)[0], shown);
        assert_eq!(conflict.values.len(), 2);
        a.set("dates", shown.clone());
        a.sync(&mut b);
        assert_eq!(b.conflicts(), []);
        assert_eq!(b.value("/dates"), shown);
        let [settlement] = &b.view().settlements[..] else {
            panic!("expected a settlement")
        };
        assert_eq!(settlement.chosen, shown);
        assert_eq!(settlement.rejected, values(conflict)[1..]);
    }

    #[test]
    fn the_same_value_set_twice_is_no_conflict() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.set("modality", json!("online"));
        b.set("modality", json!("online"));
        a.sync(&mut b);
        assert_eq!(a.conflicts(), []);
        let heads = a.heads();
        a.set("modality", json!("online"));
        assert_eq!(a.heads(), heads);
    }

    #[test]
    fn emptying_a_field_stands_against_a_concurrent_value() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.set("dates", json!("2021-03-16"));
        a.sync(&mut b);
        a.set("dates", json!(null));
        b.set("dates", json!("2021-03-17"));
        a.sync(&mut b);
        let [conflict] = &a.conflicts()[..] else {
            panic!("expected one conflict")
        };
        let mut asked = values(conflict);
        asked.sort_by_key(ToString::to_string);
        assert_eq!(asked, [json!("2021-03-17"), json!(null)]);
    }

    #[test]
    fn quiet_fields_do_not_ask() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.set("venue", json!("Town hall"));
        b.set("venue", json!("Library"));
        a.sync(&mut b);
        assert_eq!(a.conflicts(), []);
        assert!([json!("Town hall"), json!("Library")].contains(&a.value("/venue")));
    }

    #[test]
    fn the_strictest_rule_holds_until_a_person_chooses() {
        let words = crate::record::vocabulary::CONFIDENTIALITY.words;
        let (mild, strict) = (json!(words[0]), json!(words[words.len() - 1]));
        for swap in [false, true] {
            let (mut a, mut b) = (Device::new(1), Device::new(2));
            a.set(
                "confidentiality",
                if swap { strict.clone() } else { mild.clone() },
            );
            b.set(
                "confidentiality",
                if swap { mild.clone() } else { strict.clone() },
            );
            a.sync(&mut b);
            assert_eq!(a.value("/confidentiality"), strict);
            let [conflict] = &a.conflicts()[..] else {
                panic!("expected one conflict")
            };
            assert_eq!(values(conflict), [strict.clone(), mild.clone()]);
            a.settle("confidentiality", mild.clone(), None);
            assert_eq!(
                (a.value("/confidentiality"), a.conflicts()),
                (mild.clone(), vec![])
            );
        }
    }

    #[test]
    fn what_came_after_the_version_seen_is_asked_about_and_not_overwritten() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.set("dates", json!("2021-03-15"));
        a.sync(&mut b);
        let seen = a.heads();
        b.set("dates", json!("2021-03-16"));
        a.sync(&mut b);
        let undo = a.set_seeing(&seen, "dates", json!("2021-03-17"));
        a.sync(&mut b);
        let [conflict] = &b.conflicts()[..] else {
            panic!("expected one conflict")
        };
        assert_eq!(values(conflict), [json!("2021-03-17"), json!("2021-03-16")]);
        a.undo(&undo);
        a.sync(&mut b);
        assert_eq!(
            (b.value("/dates"), b.conflicts()),
            (json!("2021-03-16"), vec![])
        );
    }

    #[test]
    fn the_version_seen_changes_nothing_where_nobody_else_wrote() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        let seen = a.heads();
        b.set("modality", json!("online"));
        a.sync(&mut b);
        a.set_seeing(&seen, "dates", json!("2021-03-17"));
        // Made on all that is there, like any other change.
        assert_eq!(a.doc.get_heads().len(), 1);
        assert_eq!(
            (a.value("/dates"), a.conflicts()),
            (json!("2021-03-17"), vec![])
        );
    }

    #[test]
    fn the_value_that_is_there_already_and_the_one_that_was_seen_change_nothing() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.set("dates", json!("2021-03-15"));
        a.sync(&mut b);
        let seen = a.heads();
        b.set("dates", json!("2021-03-16"));
        a.sync(&mut b);
        let heads = a.heads();
        for same in ["2021-03-16", "2021-03-15"] {
            assert_eq!(a.set_seeing(&seen, "dates", json!(same)), []);
            assert_eq!(a.heads(), heads);
        }
        assert_eq!(a.value("/dates"), json!("2021-03-16"));
    }

    #[test]
    fn a_quiet_field_shows_what_was_written_last() {
        let (mut a, mut b) = (Device::new(2), Device::new(1));
        let seen = a.heads();
        b.set("venue", json!("Library"));
        a.sync(&mut b);
        a.set_seeing(&seen, "venue", json!("Town hall"));
        a.sync(&mut b);
        assert_eq!(
            (b.value("/venue"), b.conflicts()),
            (json!("Town hall"), vec![])
        );
    }

    #[test]
    fn a_version_that_is_not_here_is_refused() {
        let mut a = Device::new(1);
        let heads = a.heads();
        for seen in [vec![], vec!["00".repeat(32)]] {
            let command = Command::SetField {
                document: a.id,
                path: path("dates"),
                value: json!("2021"),
                base: Some(seen),
            };
            assert_eq!(a.try_run(&command), Err(CommandError::UnknownBase));
        }
        assert_eq!(a.heads(), heads);
    }

    #[test]
    fn wrong_paths_and_values_change_nothing() {
        let mut a = Device::new(1);
        let heads = a.heads();
        for at in [
            "",
            "nothing",
            "objectives",
            "titles",
            "hosts/city:fez/role",
            "sessions/s1/title",
        ] {
            let command = a.set_command(at, json!("x"));
            let error = a.try_run(&command).expect_err(at);
            assert!(
                matches!(error, CommandError::WrongPath { .. }),
                "{at}: {error}"
            );
        }
        let command = a.set_command("dates", json!("soon"));
        let error = a.try_run(&command).expect_err("no date");
        assert!(
            error.to_string().starts_with("dates: expected a date"),
            "{error}"
        );
        let other = crate::id::DocumentId::from_bytes([1; 16]);
        let elsewhere = Command::SetField {
            document: other,
            path: path("dates"),
            value: json!(null),
            base: None,
        };
        assert_eq!(a.try_run(&elsewhere), Err(CommandError::NotHere(other)));
        assert_eq!(a.heads(), heads);
    }
}
