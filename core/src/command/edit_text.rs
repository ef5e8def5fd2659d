//! Changes a text as its writer saw it.
//!
//! The change is made on the version the writer saw, so that positions mean
//! what they meant there, and merges with whatever others wrote since.

use automerge::transaction::{Transactable, Transaction};
use automerge::{ActorId, Automerge, ChangeHash, ObjType, ReadDoc};

use super::{Command, CommandError, Splice};
use crate::id::DocumentId;
use crate::record::Kind;
use crate::record::path::{FieldPath, Target};
use crate::record::read::map_at;
use crate::record::read::register::{Found, container};

/// The heads that `base` names, if all of them are in the document.
pub(super) fn base_heads(
    doc: &Automerge,
    base: &[String],
) -> Result<Vec<ChangeHash>, CommandError> {
    let hash = |text: &String| {
        let hash: ChangeHash = text.parse().ok()?;
        doc.get_change_meta_by_hash(&hash).map(|_| hash)
    };
    let heads: Option<Vec<ChangeHash>> = base.iter().map(hash).collect();
    heads
        .filter(|heads| !heads.is_empty())
        .ok_or(CommandError::UnknownBase)
}

/// Applies `splices` in a transaction at the writer's version. The command returned takes them
/// back; its base is to be the change that this transaction becomes.
pub(super) fn apply(
    tx: &mut Transaction<'_>,
    document: DocumentId,
    kind: &'static Kind,
    genesis: &ActorId,
    path: &FieldPath,
    splices: &[Splice],
) -> Result<Vec<Command>, CommandError> {
    let Target::Text(text) = path.resolve(kind)? else {
        let expected = "a text written together";
        return Err(CommandError::WrongPath {
            kind: kind.name,
            path: path.clone(),
            expected,
        });
    };
    let map = map_at(tx, None, &text.place.maps, genesis).ok_or(CommandError::UnknownBase)?;
    let object = match container(tx, None, &map, &text.place.key, ObjType::Text, genesis) {
        Found::Here { id, .. } => id,
        Found::Nothing => return Err(CommandError::UnknownBase),
        Found::Other(_) => {
            return Err(CommandError::Document(format!(
                "another program replaced the text {path}"
            )));
        }
    };
    let mut units: Vec<u16> = tx.text(&object)?.encode_utf16().collect();
    let mut inverse = Vec::new();
    for Splice { at, delete, insert } in splices {
        let wrong = |reason: &str| CommandError::WrongValue {
            path: path.clone(),
            reason: format!("replacing {delete} units at {at} {reason}"),
        };
        let end = at.checked_add(*delete).filter(|end| *end <= units.len());
        let end = end.ok_or_else(|| wrong("reaches beyond the end of the text"))?;
        if splits_character(&units, *at) || splits_character(&units, end) {
            return Err(wrong("would split a character"));
        }
        let put: Vec<u16> = insert.encode_utf16().collect();
        if units[*at..end] == put[..] {
            continue;
        }
        let length = put.len();
        let removed: Vec<u16> = units.splice(*at..end, put).collect();
        let count = isize::try_from(*delete).map_err(|_| wrong("is too much"))?;
        tx.splice_text(&object, *at, count, insert)?;
        let insert = String::from_utf16_lossy(&removed);
        inverse.push(Splice {
            at: *at,
            delete: length,
            insert,
        });
    }
    if inverse.is_empty() {
        return Ok(Vec::new());
    }
    inverse.reverse();
    let path = path.clone();
    Ok(vec![Command::EditText {
        document,
        path,
        base: Vec::new(),
        splices: inverse,
    }])
}

/// Whether position `at` is between the two halves of one character.
fn splits_character(units: &[u16], at: usize) -> bool {
    units
        .get(at)
        .is_some_and(|unit| (0xDC00..0xE000).contains(unit))
}

#[cfg(test)]
mod tests {
    use super::super::devices::{Device, path};
    use super::*;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const TEXT: &str = "objectives";

    fn edit(device: &Device, base: &[String], splices: &[(usize, usize, &str)]) -> Command {
        let splices = splices
            .iter()
            .map(|(at, delete, insert)| Splice {
                at: *at,
                delete: *delete,
                insert: (*insert).to_owned(),
            })
            .collect();
        Command::EditText {
            document: device.id,
            path: path(TEXT),
            base: base.to_vec(),
            splices,
        }
    }

    #[test]
    fn a_text_edited_on_an_old_version_merges_with_what_came_since() {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        let start = a.heads();
        a.run(&edit(&a, &start, &[(0, 0, "share housing practice")]));
        a.sync(&mut b);
        let base = a.heads();
        // The writer still sees `base` while two other changes arrive.
        b.run(&edit(&b, &base, &[(0, 0, "First: ")]));
        a.sync(&mut b);
        a.set("venue", json!("Library"));
        a.run(&edit(&a, &base, &[(6, 7, "schooling")]));
        a.run(&edit(&a, &base, &[(22, 0, "s")]));
        a.sync(&mut b);
        assert_eq!(
            b.value("/objectives"),
            json!("First: share schooling practices")
        );
    }

    #[test]
    fn positions_count_utf16_units_and_undo_restores_the_text() {
        let mut a = Device::new(1);
        let start = a.heads();
        a.run(&edit(&a, &start, &[(0, 0, "مدينة 🏙 ville")]));
        let before = a.value("/objectives");
        let base = a.heads();
        let undo = a.run(&edit(
            &a,
            &base,
            &[(6, 2, "🌉🌉"), (0, 5, "Ville"), (16, 0, "!")],
        ));
        assert_eq!(a.value("/objectives"), json!("Ville 🌉🌉 ville!"));
        let other = a.heads();
        a.run(&edit(&a, &other, &[(17, 0, " (new)")]));
        a.undo(&undo);
        let before = before.as_str().expect("a text");
        assert_eq!(a.value("/objectives"), json!(format!("{before} (new)")));
    }

    #[test]
    fn impossible_edits_change_nothing() {
        let mut a = Device::new(1);
        let start = a.heads();
        a.run(&edit(&a, &start, &[(0, 0, "a🏙b")]));
        let heads = a.heads();
        let far = usize::MAX;
        for splices in [
            [(5, 0, "x")],
            [(0, 5, "")],
            [(2, 0, "x")],
            [(1, 1, "")],
            [(far, far, "")],
        ] {
            let error = a
                .try_run(&edit(&a, &heads, &splices))
                .expect_err("impossible");
            assert!(matches!(error, CommandError::WrongValue { .. }), "{error}");
        }
        // An error after a good splice takes that one back too.
        a.try_run(&edit(&a, &heads, &[(0, 0, "x"), (99, 0, "y")]))
            .expect_err("impossible");
        for base in [vec![], vec!["00".repeat(32)], vec!["x".to_owned()]] {
            let error = a
                .try_run(&edit(&a, &base, &[(0, 0, "x")]))
                .expect_err("no such version");
            assert_eq!(error, CommandError::UnknownBase);
        }
        for at in ["dates", "nothing", ""] {
            let command = Command::EditText {
                document: a.id,
                path: path(at),
                base: heads.clone(),
                splices: vec![],
            };
            let error = a.try_run(&command).expect_err(at);
            assert!(matches!(error, CommandError::WrongPath { .. }), "{error}");
        }
        assert_eq!(a.run(&edit(&a, &heads, &[(0, 1, "a"), (0, 0, "")])), []);
        assert_eq!(a.heads(), heads);
        assert_eq!(a.value("/objectives"), json!("a🏙b"));
    }
}
