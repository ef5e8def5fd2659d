//! What the sources disagree about is open in the records, with every value and its source.

use super::{find, records, reference_data};

type Expected = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Record, field, and for each value its source, the shown one first.
const EXPECTED: &[Expected] = &[
    (
        "programme/mc2cm",
        "phases/phase1/dates",
        &[("2015/2017", "L145"), ("2015/2018", "L283")],
    ),
    (
        "event/ev02",
        "dates",
        &[
            ("2016-11", "annex, L597; body, L679, L681, L697"),
            ("2016-06", "body, L673 (Box 8)"),
        ],
    ),
    (
        "event/ev05",
        "dates",
        &[
            ("2017-03", "annex, L600; body, L283; body, L677"),
            (
                "2017-04",
                "body, L699 (references: 'Fifth Thematic Peer-to-Peer Meeting')",
            ),
        ],
    ),
    (
        "event/ev08",
        "phase",
        &[("phase2", "L145"), ("phase1", "L283")],
    ),
    (
        "event/ev13",
        "dates",
        &[("2021-12", "body, L283"), ("2021-03", "annex, L608")],
    ),
    (
        "event/ev14",
        "dates",
        &[
            ("2021-03", "body, L283; body, L308"),
            ("2021-04", "annex, L609"),
        ],
    ),
    (
        "event/ev15",
        "dates",
        &[
            ("2021-04", "body, L283; body, L308; body, L677"),
            ("2021-12", "annex, L610"),
        ],
    ),
];

#[test]
fn the_open_conflicts_are_those_of_the_sources() {
    let records = records();
    let mut found = Vec::new();
    for record in &records {
        for conflict in &record.conflicts {
            let values: Vec<_> = conflict
                .values
                .iter()
                .map(|it| {
                    (
                        it.value.as_str().expect("text"),
                        it.origin.source.as_deref(),
                    )
                })
                .collect();
            found.push((
                format!("{}/{}", record.kind, record.key),
                conflict.path.to_string(),
                values,
            ));
        }
    }
    let expected: Vec<_> = EXPECTED
        .iter()
        .map(|(record, path, values)| {
            let values = values
                .iter()
                .map(|(value, source)| (*value, Some(*source)))
                .collect();
            ((*record).to_owned(), (*path).to_owned(), values)
        })
        .collect::<Vec<(String, String, Vec<_>)>>();
    assert_eq!(found, expected);
}

#[test]
fn every_event_shows_the_date_that_the_reference_data_prefers() {
    let (records, data) = (records(), reference_data());
    let mut differ = Vec::new();
    for event in data["events"].as_array().expect("events") {
        let id = event["id"].as_str().expect("an id");
        let shown = &find(&records, &format!("event/{id}")).fields["dates"];
        assert_eq!(shown, &event["preferred"]["date"], "{id}");
        if *shown != event["annex"]["date"] {
            differ.push(id);
        }
    }
    let expected = &data["golden_numbers"]["events_whose_annex_date_differs_from_preferred"];
    assert_eq!(serde_json::json!(differ), *expected);
}

#[test]
fn what_the_sources_leave_open_is_noted_on_the_records() {
    let records = records();
    for (record, note) in [
        ("event/ev14", "inc02"),
        ("city/sousse", "inc18"),
        ("targeted_action/tca21", "inc19"),
        ("programme/mc2cm", "inc13"),
        ("product/kp29", "inc26"),
    ] {
        let notes = &find(&records, record).fields["source_notes"];
        assert_eq!(notes[note]["resolved"], false, "{record} {note}");
        assert!(notes[note]["what"].is_string() && notes[note]["source"].is_string());
    }
    // A theme that the body calls otherwise is a tag beside the official title, not a conflict.
    let casablanca = find(&records, "event/ev11");
    assert_eq!(
        casablanca.fields["theme_tags"],
        serde_json::json!(["Language and Culture"])
    );
}
