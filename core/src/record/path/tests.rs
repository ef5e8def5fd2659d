//! Tests of places in records.

use super::*;
use crate::record::Field;
use crate::record::{KINDS, event};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn target(path: &str) -> Result<Target, PathError> {
    path.parse::<FieldPath>().expect(path).resolve(&event::KIND)
}

#[test]
fn text_form_reads_back() {
    for text in [
        "",
        "dates",
        "titles/pt-BR",
        "hosts/city:amman/role",
        "sessions/3f_9-a/title",
    ] {
        let path: FieldPath = text.parse().expect(text);
        assert_eq!(path.to_string(), text);
        let json = serde_json::to_string(&path).expect("json");
        assert_eq!(
            serde_json::from_str::<FieldPath>(&json).expect("path"),
            path
        );
    }
    let amman = RecordRef::new("city", "amman");
    assert_eq!(
        FieldPath::field("hosts")
            .join_record(amman)
            .join("role")
            .to_string(),
        "hosts/city:amman/role"
    );
    for bad in [
        "/",
        "a/",
        "/a",
        "a//b",
        "a b",
        "hosts/city:",
        "hosts/:a",
        "a:b:c",
        "é",
    ] {
        assert!(bad.parse::<FieldPath>().is_err(), "{bad}");
    }
    assert!(
        ["a"; MAX_SEGMENTS + 1]
            .join("/")
            .parse::<FieldPath>()
            .is_err()
    );
}

#[test]
fn the_declaration_says_what_is_at_a_path() {
    assert_eq!(target(""), Ok(Target::Record));
    let Ok(Target::Register(role)) = target("hosts/city:amman/role") else {
        panic!("expected a register")
    };
    assert_eq!(role.place.maps, ["hosts"]);
    assert_eq!(role.place.key, "city/amman|role");
    let Ok(Target::Register(done)) = target("steps/report/done_at") else {
        panic!("expected a register")
    };
    assert_eq!(
        (done.place.maps, done.place.key),
        (
            vec!["steps".to_owned(), "report".to_owned()],
            "done_at".to_owned()
        )
    );
    assert!(matches!(target("titles/fr"), Ok(Target::Register(_))));
    assert!(matches!(target("titles"), Ok(Target::Languages(_))));
    assert!(matches!(target("objectives"), Ok(Target::Text(_))));
    assert!(matches!(target("theme_tags"), Ok(Target::Tags(..))));
    assert!(matches!(target("sessions"), Ok(Target::Entries(..))));
    assert!(matches!(target("sessions/a1"), Ok(Target::Entry(_))));
}

#[test]
fn paths_that_lead_nowhere_say_what_was_expected() {
    for (path, expected) in [
        ("nothing", "a field"),
        ("city:amman", "a field"),
        ("titles/fr_FR", "a language code"),
        ("titles/fr/x", "a field with parts"),
        ("dates/start", "a field with parts"),
        ("hosts/amman", "an entry with a key as declared"),
        ("hosts/event:ev1", "an entry with a key as declared"),
        ("sessions/A1", "an entry with a key as declared"),
        ("steps/party", "an entry with a key as declared"),
        ("hosts/city:amman/nothing", "a field"),
    ] {
        assert_eq!(target(path).expect_err(path).expected, expected, "{path}");
    }
}

#[test]
fn declarations_keep_clear_of_the_names_the_format_uses() {
    fn check(fields: &[Field], reserved: &[&str]) {
        for field in fields {
            assert!(
                !reserved.contains(&field.name),
                "{} is reserved",
                field.name
            );
            assert!(
                matches!(segment(field.name), Some(Segment::Name(_))),
                "{}",
                field.name
            );
            if let Shape::Entries(key, within) = &field.shape {
                check(within, &["removed", "present"]);
                let flat = matches!(key, EntryKey::Link(_));
                for inner in *within {
                    assert!(
                        !flat || matches!(inner.shape, Shape::Value(_)),
                        "{}: entries by record hold registers only",
                        field.name
                    );
                }
            }
        }
    }
    for kind in KINDS {
        assert!(is_key(kind.name));
        check(
            kind.fields,
            &[
                "programme",
                "kind",
                "key",
                "schema",
                "settlements",
                "removed",
                "present",
            ],
        );
    }
}
