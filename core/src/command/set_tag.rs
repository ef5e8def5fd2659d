//! Adds a member to a set or takes it out.
//!
//! Adding and taking out the same member at the same time leaves it in; so does
//! taking out a member that another added again after the version its writer saw.

use automerge::{ObjType, ScalarValue};

use super::write::Writer;
use super::{Command, CommandError};
use crate::record::path::{FieldPath, Target};
use crate::record::read::register::get_all;
use crate::record::value;

pub(super) fn apply(
    writer: &mut Writer<'_, '_>,
    path: &FieldPath,
    tag: &str,
    present: bool,
) -> Result<(), CommandError> {
    writer.require_entries(path, false)?;
    set(writer, path, tag, present)
}

/// Changes a set whose entry is known to be there.
pub(super) fn set(
    writer: &mut Writer<'_, '_>,
    path: &FieldPath,
    tag: &str,
    present: bool,
) -> Result<(), CommandError> {
    let Target::Tags(set, member) = path.resolve(writer.kind)? else {
        return Err(writer.wrong_path(path, "a set"));
    };
    let map = writer.container(path, &set, ObjType::Map)?;
    let flags = get_all(&*writer.tx, None, &map, tag);
    if present == flags.iter().any(|(flag, _)| flag.as_bool() == Some(true)) {
        return Ok(());
    }
    if present {
        value::check_member(member, tag).map_err(|reason| CommandError::WrongValue {
            path: path.clone(),
            reason,
        })?;
    }
    writer.put(&map, tag, ScalarValue::Boolean(present))?;
    writer.undo.push(Command::SetTag {
        document: writer.document,
        path: path.clone(),
        tag: tag.to_owned(),
        present: !present,
        base: None,
    });
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
    fn members_are_added_and_taken_out() {
        let mut a = Device::new(1);
        let undo = a.tag("theme_tags", "housing", true);
        a.tag("theme_tags", "work", true);
        assert_eq!(a.value("/theme_tags"), json!(["housing", "work"]));
        a.undo(&undo);
        assert_eq!(a.value("/theme_tags"), json!(["work"]));
        let heads = a.heads();
        assert_eq!(a.tag("theme_tags", "work", true), []);
        assert_eq!(a.tag("theme_tags", "housing", false), []);
        assert_eq!(a.heads(), heads);
    }

    #[test]
    fn adding_wins_over_taking_out() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.tag("theme_tags", "housing", true);
        a.sync(&mut b);
        a.tag("theme_tags", "housing", false);
        b.tag("theme_tags", "housing", false);
        b.tag("theme_tags", "housing", true);
        a.sync(&mut b);
        assert_eq!(a.value("/theme_tags"), json!(["housing"]));
        a.tag("theme_tags", "housing", false);
        a.sync(&mut b);
        assert_eq!(b.value("/theme_tags"), json!(null));
    }

    #[test]
    fn taking_out_does_not_reach_what_was_added_after_the_version_seen() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        a.tag("theme_tags", "housing", true);
        a.sync(&mut b);
        let seen = a.heads();
        b.tag("theme_tags", "housing", false);
        b.tag("theme_tags", "housing", true);
        a.sync(&mut b);
        let take_out = |a: &Device, seen| Command::SetTag {
            document: a.id,
            path: path("theme_tags"),
            tag: "housing".to_owned(),
            present: false,
            base: Some(seen),
        };
        a.run(&take_out(&a, seen));
        a.sync(&mut b);
        assert_eq!(b.value("/theme_tags"), json!(["housing"]));
        let seen = a.heads();
        a.run(&take_out(&a, seen));
        assert_eq!(a.value("/theme_tags"), json!(null));
    }

    #[test]
    fn wrong_members_are_refused() {
        let mut a = Device::new(1);
        let heads = a.heads();
        for (at, tag) in [
            ("theme_tags", ""),
            ("dates", "x"),
            ("target_capabilities", "A b"),
        ] {
            let (path, tag) = (path(at), tag.to_owned());
            let command = Command::SetTag {
                document: a.id,
                path,
                tag,
                present: true,
                base: None,
            };
            a.try_run(&command).expect_err(at);
        }
        assert_eq!(a.heads(), heads);
    }
}
