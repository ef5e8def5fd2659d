//! Importing the reference programme: repeatable, complete, clear about bad input.

use std::collections::BTreeMap;

use meltemi_core::id::DocumentId;
use meltemi_server::import::{ImportError, read};
use serde_json::{Value, json};

use super::{find, imported, records, reference_data};

#[test]
fn importing_twice_gives_the_same_bytes_and_adds_nothing() {
    let bytes = |import: meltemi_server::import::Import| -> BTreeMap<DocumentId, Vec<u8>> {
        import
            .records
            .iter()
            .map(|it| (it.document, it.doc.save()))
            .collect()
    };
    assert_eq!(bytes(imported()), bytes(imported()));
    for (mut first, mut second) in imported().records.into_iter().zip(imported().records) {
        let before = first.doc.get_heads();
        first.doc.merge(&mut second.doc).expect("mergeable");
        assert_eq!(first.doc.get_heads(), before, "{}", first.reference);
    }
}

#[test]
fn the_bytes_are_the_same_on_every_machine() {
    // A head is a hash over the whole history. It changes with the declaration of events, with the
    // data and with the importer. Once a version is released it must not: importing again into an
    // existing folder would add changes, and a changed first change would split the record.
    let records = records();
    assert_eq!(
        find(&records, "event/ev14").heads,
        [
            "16cba3a1a6a14de71388a10c51872af3ed1afe102c1651bfc9de7236f86fd1e6",
            "77345b8557ef7bbc8bc81e82b4fcca838d22ef78c0d2d7a5f95dc1720b14d959",
        ]
    );
}

#[test]
fn the_reference_programme_fits_the_declarations() {
    assert_eq!(imported().warnings, Vec::<String>::new());
    for record in records() {
        let name = format!("{}/{}", record.kind, record.key);
        assert!(record.problems.is_empty(), "{name}: {:?}", record.problems);
        assert!(record.unknown.is_empty(), "{name}: {:?}", record.unknown);
        let expected: &[&str] = match record.kind.as_str() {
            // No source says what else contributed to an outcome.
            "outcome" if record.fields.contains_key("actors") => &["other_contributors"],
            "outcome" => &["actors", "other_contributors"],
            _ => &[],
        };
        assert_eq!(record.missing, expected, "{name}");
    }
}

#[test]
fn names_in_prose_become_links() {
    let records = records();
    let field = |record: &str, field: &str| {
        find(&records, record)
            .fields
            .get(field)
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(
        field("outcome/oc10", "actors"),
        json!(["city/sfax", "city/tunis"])
    );
    assert_eq!(
        field("outcome/oc12", "actors"),
        json!(["city/lampedusa", "city/sfax"])
    );
    assert_eq!(
        field("outcome/oc12", "actor_note"),
        "network (lead Lampedusa, Sfax)"
    );
    assert_eq!(
        field("outcome/oc07", "inspired_by_others"),
        "Turkish municipalities"
    );
    assert_eq!(field("city/tangier", "aliases"), json!(["Tangiers"]));
    assert_eq!(field("city/famsi", "entity_type"), "municipal_fund");
    assert_eq!(field("organisation/famsi", "participant"), "city/famsi");
    assert_eq!(
        field("organisation/icmpd-jordan-office", "part_of"),
        "organisation/icmpd"
    );
    assert_eq!(field("organisation/anvita", "seat"), "city/nantes");
    assert_eq!(
        field("city/chefchaouen", "participation"),
        "not_participant"
    );
    let hosts = field("event/ev12", "hosts");
    assert_eq!(hosts["city/seville"]["role"], "host");
    assert_eq!(hosts["organisation/famsi"]["role"], "co_host");
    let guests = field("event/ev10", "guest_cities");
    let guests: Vec<_> = guests.as_object().expect("guests").keys().collect();
    assert_eq!(guests, ["city/brital", "city/douala", "city/malaga"]);
}

/// The error of importing the reference data after a change to it.
fn error(change: impl FnOnce(&mut Value)) -> ImportError {
    let mut data = reference_data();
    change(&mut data);
    read(&data.to_string()).expect_err("bad input")
}

#[test]
fn bad_input_is_refused_with_its_place() {
    for (found, expected) in [
        (
            error(|data| data["events"][3]["annex"]["city"] = json!("Viena")),
            "events[3] (ev04).annex.city: there is no city or other place \"Viena\"; \
             add it to the file or correct the name",
        ),
        (
            error(|data| data["events"][3]["annex"]["theme"] = Value::Null),
            "events[3] (ev04).annex: \"theme\" is missing; expected the event's official title",
        ),
        (
            error(|data| data["events"][0]["number"] = json!("one")),
            "events[0] (ev01).number: found \"one\"; expected a whole number",
        ),
        (
            error(|data| data["events"][1]["id"] = json!("ev01")),
            "events[1] (ev01): event/ev01 stands in the file twice; give one of the two another id",
        ),
        (
            error(|data| data["other_places"][0]["country"] = json!("Atlantis")),
            "other_places[0] (chefchaouen).country: found \"Atlantis\"; expected a country",
        ),
        (
            error(|data| data["events"] = json!({})),
            "events: found {}; expected a list",
        ),
        (
            error(|data| data["events"][0]["modality"]["value"] = json!("by_pigeon")),
            "event/ev01 at events[0] (ev01): ",
        ),
        (
            error(|data| data["targeted_city_actions"][9]["follow_up_of"] = json!("tca99")),
            "targeted_city_actions[9] (tca10): there is no record \"targeted_action/tca99\"",
        ),
    ] {
        let found = found.to_string();
        assert!(found.starts_with(expected), "{found}\nexpected {expected}");
    }
    assert!(matches!(read("{"), Err(ImportError::Json(_))));
    assert!(read("[]").is_err());
    assert!(read("{}").is_err());
}

#[test]
fn unknown_keys_are_left_out_with_a_warning() {
    let mut data = reference_data();
    data["events"][0]["weather"] = json!("sunny");
    data["notes"] = json!([]);
    let import = read(&data.to_string()).expect("importable");
    assert_eq!(
        import.warnings,
        [
            "events[0] (ev01): \"weather\" is not known and was left out",
            "the file: \"notes\" is not known and was left out",
        ]
    );
}

#[test]
fn any_single_damage_to_the_text_is_an_error_or_a_warning_never_a_panic() {
    fn damage(value: &Value, place: &mut Vec<String>, places: &mut Vec<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| {
                place.push(key.replace('~', "~0").replace('/', "~1"));
                places.push(format!("/{}", place.join("/")));
                damage(value, place, places);
                place.pop();
            }),
            // The first of each list stands for all.
            Value::Array(items) => items.iter().take(1).for_each(|value| {
                place.push("0".to_owned());
                places.push(format!("/{}", place.join("/")));
                damage(value, place, places);
                place.pop();
            }),
            _ => {}
        }
    }
    // A smaller text of the same form: what nothing else refers to is left out.
    let mut data = reference_data();
    for list in [
        "events",
        "knowledge_products",
        "targeted_city_actions",
        "harvested_outcomes",
    ] {
        data[list].as_array_mut().expect("a list").truncate(2);
    }
    for unread in ["meta", "golden_numbers", "capabilities", "indicators"] {
        data.as_object_mut().expect("an object").remove(unread);
    }
    assert!(read(&data.to_string()).is_ok());

    let mut places = Vec::new();
    damage(&data, &mut Vec::new(), &mut places);
    let bad = [
        Value::Null,
        json!(-1),
        json!("ü/|\n"),
        json!([[]]),
        json!({"x": {}}),
    ];
    for (at, place) in places.iter().enumerate() {
        let mut data = data.clone();
        *data.pointer_mut(place).expect("a place") = bad[at % bad.len()].clone();
        // Most are refused, some leave something out.
        drop(read(&data.to_string()));
    }
}
