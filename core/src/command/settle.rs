//! Chooses between the concurrent values of a register.
//!
//! The choice is a change like any other, and the record keeps what was not
//! chosen. Two people who choose differently at the same time are asked
//! again, and so is somebody who did not see all the values. Taking a
//! settlement back settles for the value shown before.

use serde_json::Value;

use super::write::Writer;
use super::{Command, CommandError};
use crate::record::FieldPath;

pub(super) fn apply(
    writer: &mut Writer<'_, '_>,
    path: &FieldPath,
    value: &Value,
    reason: Option<&str>,
) -> Result<(), CommandError> {
    writer.register(path)?;
    writer.require_entries(path, false)?;
    let document = writer.document;
    let undo = |value| Command::Settle {
        document,
        path: path.clone(),
        value,
        reason: None,
        base: None,
    };
    // An empty reason is none, but marks the write as a settlement.
    writer.set(path, value, Some(reason.unwrap_or_default()), undo)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::devices::{Device, path, values};
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn open_dates() -> (Device, Device) {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.set("dates", json!("2021-03-16"));
        b.set("dates", json!("2021-03-17"));
        a.sync(&mut b);
        (a, b)
    }

    #[test]
    fn a_conflict_names_every_value_and_where_it_comes_from() {
        let (a, _) = open_dates();
        let [conflict] = &a.conflicts()[..] else {
            panic!("expected one conflict")
        };
        let mut found: Vec<_> = conflict
            .values
            .iter()
            .map(|it| (it.value.clone(), it.origin.actor.clone(), it.origin.time))
            .collect();
        found.sort_by_key(|it| it.2);
        assert_eq!(
            found,
            [
                (json!("2021-03-16"), "01".repeat(16), 1001),
                (json!("2021-03-17"), "02".repeat(16), 2001),
            ]
        );
        assert!(
            conflict
                .values
                .iter()
                .all(|it| it.origin.change.len() == 64)
        );
    }

    #[test]
    fn a_settlement_is_kept_with_what_was_rejected_and_can_be_undone() {
        let (mut a, mut b) = open_dates();
        let shown = a.value("/dates");
        let other = a.conflicts()[0].values[1].value.clone();
        let undo = a.settle("dates", other.clone(), Some("the report says so"));
        a.sync(&mut b);
        assert_eq!((b.value("/dates"), b.conflicts()), (other.clone(), vec![]));
        let settlement = b.view().settlements.remove(0);
        assert_eq!(settlement.path.to_string(), "dates");
        assert_eq!(settlement.rejected, std::slice::from_ref(&shown));
        assert_eq!(settlement.reason.as_deref(), Some("the report says so"));
        assert_eq!(settlement.origin.actor, "01".repeat(16));
        a.undo(&undo);
        assert_eq!(a.value("/dates"), shown);
        let settlement = a.view().settlements.remove(0);
        assert_eq!(
            (settlement.chosen, settlement.rejected),
            (shown, vec![other])
        );
    }

    #[test]
    fn settling_differently_at_the_same_time_asks_again() {
        for third in [false, true] {
            let (mut a, mut b) = open_dates();
            let both = values(&a.conflicts()[0]);
            a.settle("dates", both[0].clone(), None);
            let choice = if third {
                json!("2021-04")
            } else {
                both[1].clone()
            };
            b.settle("dates", choice.clone(), None);
            a.sync(&mut b);
            let [conflict] = &a.conflicts()[..] else {
                panic!("expected one conflict")
            };
            let mut asked = values(conflict);
            asked.sort_by_key(ToString::to_string);
            let mut expected = [both[0].clone(), choice];
            expected.sort_by_key(ToString::to_string);
            assert_eq!(asked, expected);
            assert_eq!(a.view().settlements.len(), 2);
            a.settle("dates", both[0].clone(), None);
            a.sync(&mut b);
            assert_eq!((b.conflicts(), b.view().settlements.len()), (vec![], 1));
        }
    }

    #[test]
    fn a_value_that_was_not_seen_is_not_settled() {
        let (mut a, mut b) = open_dates();
        let mut c = Device::new(3);
        c.set("dates", json!("2021-03-18"));
        let seen = a.heads();
        a.sync(&mut c);
        a.run(&Command::Settle {
            document: a.id,
            path: path("dates"),
            value: json!("2021-03-16"),
            reason: None,
            base: Some(seen),
        });
        a.sync(&mut b);
        let [conflict] = &b.conflicts()[..] else {
            panic!("expected one conflict")
        };
        assert_eq!(values(conflict), [json!("2021-03-16"), json!("2021-03-18")]);
        let settlement = b.view().settlements.remove(0);
        assert_eq!(settlement.rejected, [json!("2021-03-17")]);
    }

    #[test]
    fn settling_alike_at_the_same_time_is_settled() {
        let (mut a, mut b) = open_dates();
        a.settle("dates", json!("2021-03-16"), None);
        b.settle("dates", json!("2021-03-16"), None);
        a.sync(&mut b);
        assert_eq!(
            (a.value("/dates"), a.conflicts()),
            (json!("2021-03-16"), vec![])
        );
    }

    #[test]
    fn changing_a_choice_keeps_all_the_values_it_was_made_from() {
        let (mut a, _) = open_dates();
        a.settle("dates", json!("2021-03-16"), None);
        a.settle("dates", json!("2021-03-18"), None);
        let settlement = a.view().settlements.remove(0);
        assert_eq!(
            settlement.rejected,
            [json!("2021-03-16"), json!("2021-03-17")]
        );
        let heads = a.heads();
        a.settle("dates", json!("2021-03-18"), None);
        assert_eq!(a.heads(), heads);
    }
}
