//! Tests of reading records.

use super::*;
use crate::command::devices::Device;
use automerge::transaction::Transactable;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Writes into a document as another program would.
fn elsewhere(
    device: &mut Device,
    write: impl FnOnce(&mut automerge::transaction::Transaction<'_>),
) {
    let mut tx = device.doc.transaction();
    write(&mut tx);
    tx.commit();
}

fn child(doc: &impl ReadDoc, obj: &ObjId, key: &str) -> ObjId {
    doc.get(obj, key).expect("a map").expect("a container").1
}

#[test]
fn unknown_fields_are_shown_and_survive_edits() {
    let mut a = Device::new(1);
    a.add("sessions/s1", &[("title", json!("Opening"))]);
    a.add("hosts/city:fez", &[]);
    elsewhere(&mut a, |tx| {
        tx.put(ROOT, "mood", "calm").expect("a register");
        let list = tx
            .put_object(ROOT, "weather", ObjType::List)
            .expect("a list");
        tx.insert(&list, 0, 21).expect("an item");
        let hosts = child(tx, &ROOT, "hosts");
        tx.put(&hosts, "city/fez|rank", 2).expect("a register");
        let sessions = child(tx, &ROOT, "sessions");
        let session = child(tx, &sessions, "s1");
        tx.put(&session, "colour", "blue").expect("a register");
    });
    a.set("sessions/s1/title", json!("Closing"));
    a.remove("hosts/city:fez", None);
    a.restore("hosts/city:fez");
    let view = a.view();
    assert_eq!(view.unknown, ["mood", "weather"]);
    assert_eq!(a.value("/weather"), json!([21]));
    assert_eq!(
        a.value("/sessions/s1"),
        json!({ "title": "Closing", "colour": "blue" })
    );
    assert_eq!(a.value("/hosts/city~1fez"), json!({ "rank": 2 }));
    assert_eq!(view.problems, []);
}

#[test]
fn what_another_program_wrote_wrongly_is_listed_and_the_rest_is_read() {
    let mut a = Device::new(1);
    a.set("venue", json!("Library"));
    a.tag("theme_tags", "housing", true);
    elsewhere(&mut a, |tx| {
        tx.put(ROOT, "dates", "next week").expect("a register");
        tx.put(ROOT, "number", "nine").expect("a register");
        tx.put_object(ROOT, "modality", ObjType::List)
            .expect("a list");
        tx.put(ROOT, "objectives", "plain").expect("a register");
        tx.put(ROOT, "sessions", 3).expect("a register");
        tx.delete(ROOT, "description").expect("a container");
        let tags = child(tx, &ROOT, "theme_tags");
        tx.put(&tags, "broken", "yes").expect("a register");
        let titles = child(tx, &ROOT, "titles");
        tx.put(&titles, "not a language", "x").expect("a register");
        let hosts = child(tx, &ROOT, "hosts");
        tx.put(&hosts, "fez", true).expect("a register");
        let questions = child(tx, &ROOT, "guiding_questions");
        tx.put(&questions, "q1", "a question").expect("a register");
        let settlements = child(tx, &ROOT, SETTLEMENTS);
        tx.put(&settlements, "dates", "because")
            .expect("a register");
    });
    let view = a.view();
    assert_eq!(
        json!(view.fields),
        json!({ "venue": "Library", "theme_tags": ["housing"], "objectives": "plain" })
    );
    let mut found: Vec<&str> = view
        .problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "dates",
            "description",
            "guiding_questions/q1",
            "hosts",
            "modality",
            "number",
            "objectives",
            "sessions",
            "settlements",
            "theme_tags",
            "titles",
        ]
    );
    // The next person can put a value there.
    a.set("dates", json!("2021"));
    assert_eq!(a.value("/dates"), json!("2021"));
}

#[test]
fn programs_that_write_strings_as_texts_are_understood() {
    let mut a = Device::new(1);
    elsewhere(&mut a, |tx| {
        let venue = tx.put_object(ROOT, "venue", ObjType::Text).expect("a text");
        tx.splice_text(&venue, 0, 0, "Library").expect("a text");
        let sessions = child(tx, &ROOT, "sessions");
        let session = tx.put_object(&sessions, "s1", ObjType::Map).expect("a map");
        let title = tx
            .put_object(&session, "title", ObjType::Text)
            .expect("a text");
        tx.splice_text(&title, 0, 0, "Opening").expect("a text");
    });
    assert_eq!(a.value("/venue"), json!("Library"));
    assert_eq!(a.view().problems, []);
    // The session that they added has no containers yet; a command adds them.
    a.tag("sessions/s1/facilitators", "city/fez", true);
    assert_eq!(
        a.value("/sessions/s1"),
        json!({ "title": "Opening", "facilitators": ["city/fez"] })
    );
}

#[test]
fn deep_nesting_is_cut_and_not_followed() {
    let mut a = Device::new(1);
    elsewhere(&mut a, |tx| {
        let mut map = ROOT;
        for _ in 0..500 {
            map = tx.put_object(&map, "deep", ObjType::Map).expect("a map");
        }
    });
    assert_eq!(a.view().unknown, ["deep"]);
}

#[test]
fn missing_values_are_named() {
    let mut a = Device::new(1);
    assert_eq!(
        a.view().missing,
        ["titles", "event_type", "dates", "modality", "hosts"]
    );
    a.set("titles/en", json!("Housing"));
    a.set("dates", json!("2021"));
    a.add("hosts/city:fez", &[]);
    assert_eq!(a.view().missing, ["event_type", "modality"]);
    a.remove("hosts/city:fez", None);
    assert_eq!(a.view().missing, ["event_type", "modality", "hosts"]);
    a.remove("", None);
    assert!(a.view().missing.is_empty());
}
