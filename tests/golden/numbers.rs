//! The golden numbers, computed from records.

use std::collections::{BTreeMap, BTreeSet};

use meltemi_core::id::RecordRef;
use meltemi_core::indicator::{self, Indicator};
use meltemi_core::view::RecordView;
use meltemi_core::view::overview::overview;
use serde_json::{Value, json};

use super::{find, records, reference_data};

fn golden(name: &str) -> Value {
    reference_data()["golden_numbers"][name].clone()
}

fn indicator(records: &[RecordView], id: &str) -> Indicator {
    indicator::all(records)
        .into_iter()
        .find(|indicator| indicator.id == id)
        .unwrap_or_else(|| panic!("no indicator {id}"))
}

/// What the golden numbers call a country, by the code that records hold.
fn countries() -> BTreeMap<String, String> {
    let data = reference_data();
    let cities = data["cities"].as_array().expect("cities").iter();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    cities
        .map(|city| (text(&city["iso2"]).to_lowercase(), text(&city["country"])))
        .collect()
}

fn by_country_name(indicator: &Indicator) -> Value {
    let names = countries();
    json!(
        indicator
            .by
            .iter()
            .map(|(code, n)| (&names[code], n))
            .collect::<BTreeMap<_, _>>()
    )
}

fn keys(references: &[RecordRef]) -> Value {
    json!(
        references
            .iter()
            .map(|reference| &reference.key)
            .collect::<Vec<_>>()
    )
}

/// A share in the form of the golden numbers, rounded half away from zero.
fn share(indicator: &Indicator) -> Value {
    let den = indicator.den.expect("a share");
    let pct = (indicator.num as f64 / den as f64 * 1000.0).round() / 10.0;
    json!({"num": indicator.num, "den": den, "pct": pct})
}

#[test]
fn events_are_counted_by_country_of_their_hosts() {
    let events = indicator(&records(), "events_by_country");
    assert_eq!(json!(events.num), golden("events_total"));
    assert_eq!(by_country_name(&events), golden("events_by_country"));
    assert_eq!(events.unknown, 0);
}

#[test]
fn fourteen_of_twenty_two_participants_have_hosted() {
    let hosts = indicator(&records(), "host_share");
    assert_eq!(share(&hosts), golden("host_share_of_participants"));
    assert_eq!(json!(hosts.num), golden("host_cities"));
    assert_eq!(keys(&hosts.others), golden("participant_cities_never_host"));
    let twice: Vec<_> = hosts
        .by
        .iter()
        .filter(|(_, n)| **n == 2)
        .map(|(key, _)| key)
        .collect();
    assert_eq!(json!(twice), golden("host_cities_with_2_events"));
}

#[test]
fn four_of_sixteen_events_were_online() {
    assert_eq!(
        share(&indicator(&records(), "online_share")),
        golden("online_events")
    );
}

#[test]
fn documents_that_a_source_only_counts_are_reported_beside_what_records_itemise() {
    for (id, name) in [
        ("background_coverage", "background_document_coverage"),
        ("report_coverage", "learning_report_coverage"),
    ] {
        let coverage = indicator(&records(), id);
        assert_eq!(share(&coverage), golden(name), "{id}");
        let reported = coverage.reported.expect("a reported total");
        assert!(
            reported.source.contains("L151"),
            "{id}: {}",
            reported.source
        );
        assert_eq!(reported.itemised, 0, "{id}");
    }
}

#[test]
fn the_reported_total_holds_until_records_itemise_as_much() {
    let mut records = records();
    let numbers: BTreeSet<_> = (1..=16).map(|n| format!("ev{n:02}")).collect();
    for (at, key) in numbers.iter().enumerate() {
        let event = records
            .iter_mut()
            .find(|it| it.kind == "event" && it.key == *key);
        let fields = &mut event.expect("an event").fields;
        let step = json!({"background": {"done_at": "2016"}});
        match fields.get_mut("steps").and_then(Value::as_object_mut) {
            Some(steps) => {
                steps.insert("background".to_owned(), step["background"].clone());
            }
            None => {
                fields.insert("steps".to_owned(), step);
            }
        }
        let done = at as u64 + 1;
        let coverage = indicator(&records, "background_coverage");
        assert_eq!(coverage.num, done.max(15));
        assert_eq!(
            coverage.reported.map(|it| it.itemised),
            (done < 15).then_some(done)
        );
    }
}

#[test]
fn twelve_of_twenty_two_participants_have_a_profile() {
    let profiles = indicator(&records(), "profile_coverage");
    assert_eq!(share(&profiles), golden("profile_coverage_of_participants"));
}

#[test]
fn a_product_listed_under_two_types_is_one_product() {
    let records = records();
    let products = indicator(&records, "products");
    assert_eq!(json!(products.num), golden("knowledge_products_distinct"));
    // Every row of the list is a type of a product.
    assert_eq!(
        json!(products.by.values().sum::<u64>()),
        golden("knowledge_product_rows")
    );
    let twice = find(&records, "product/kp24");
    assert_eq!(
        twice.fields["product_types"],
        json!(["covid19_thematic_report", "thematic_learning_report"])
    );
}

#[test]
fn actions_are_counted_by_country_and_by_participation() {
    let records = records();
    let by_country = indicator(&records, "actions_by_country");
    assert_eq!(by_country_name(&by_country), golden("tca_by_country"));

    let with = indicator(&records, "actions_with_participant");
    let expected = golden("tca_with_at_least_one_participant_city");
    assert_eq!(
        json!([with.num, with.den]),
        json!([expected["num"], expected["den"]])
    );
    assert_eq!(keys(&with.sources), expected["ids"]);
    assert_eq!(
        keys(&with.others),
        golden("tca_without_any_participant_city")
    );

    let cities = indicator(&records, "participants_with_action");
    assert_eq!(keys(&cities.sources), golden("participant_cities_with_tca"));

    // No source says who awarded which.
    let awarders = indicator(&records, "actions_by_awarder");
    assert_eq!((awarders.num, awarders.unknown), (21, 21));
}

#[test]
fn participants_come_from_eleven_countries() {
    let countries = indicator(&records(), "participant_countries");
    let names = by_country_name(&countries);
    let names: Vec<_> = names.as_object().expect("by country").keys().collect();
    assert_eq!(json!(names), golden("participant_countries"));
    assert_eq!(countries.num as usize, names.len());
}

#[test]
fn the_phase_of_one_event_is_open_and_both_readings_give_their_numbers() {
    let mut records = records();
    let shown = indicator(&records, "events_per_phase");
    assert_eq!(json!(shown.by), golden("events_per_phase_by_L145"));
    assert_eq!(shown.disputed, 1);

    let event = records
        .iter_mut()
        .find(|it| it.kind == "event" && it.key == "ev08");
    let event = event.expect("the event of Tunis");
    let phase = event
        .conflicts
        .iter()
        .find(|it| it.path.to_string() == "phase");
    let other = phase.expect("an open phase").values[1].value.clone();
    event.fields.insert("phase".to_owned(), other);
    let by = indicator(&records, "events_per_phase").by;
    assert_eq!(json!(by), golden("events_per_phase_by_L283"));
}

#[test]
fn removed_and_uncounted_events_are_in_no_total() {
    let mut records = records();
    for (key, counted) in [("ev01", false), ("ev02", true)] {
        let event = records
            .iter_mut()
            .find(|it| it.kind == "event" && it.key == key);
        let event = event.expect("an event");
        event.fields.insert("counted".to_owned(), json!(counted));
        if counted {
            event.removed = Some(meltemi_core::view::Removal {
                time: 0,
                reason: None,
            });
        }
    }
    assert_eq!(indicator(&records, "events_by_country").num, 14);
    assert_eq!(indicator(&records, "online_share").den, Some(14));
}

#[test]
fn the_overview_counts_records_and_begins_with_what_contradicts() {
    let records = records();
    let overview = overview(&records, "2026-11-22".parse().ok());
    assert_eq!(
        json!(overview.counts),
        json!({
            "programme": 1, "event": 16, "event_report": 16, "city": 42, "organisation": 17,
            "outcome": 15, "product": 32, "targeted_action": 21,
        })
    );
    let programme = overview.programme.expect("the programme");
    assert_eq!(
        programme.title["en"],
        "Mediterranean City-to-City Migration"
    );
    let conflicts: usize = records.iter().map(|record| record.conflicts.len()).sum();
    let settle = |step: &_| matches!(step, meltemi_core::view::Task::Settle);
    assert!(
        overview.next_steps[..conflicts]
            .iter()
            .all(|step| settle(&step.task))
    );
    assert!(!settle(&overview.next_steps[conflicts].task));
    assert_eq!(overview.indicators, indicator::all(&records));
}
