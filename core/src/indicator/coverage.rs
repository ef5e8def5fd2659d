//! Indicators on what each event and each participant should have and has.

use serde_json::{Map, Value};

use super::facts::{self, Facts, links, reference, tags};
use super::{Indicator, Reported};
use crate::id::RecordRef;
use crate::order;
use crate::view::RecordView;

/// Share of events with a background document (I23, without timeliness).
///
/// Formula: counted events whose step `background` is done / counted events. A step is done when
/// it has a date or a product and is not waived. For the reported total see [`itemised_or_reported`].
pub fn background_coverage(facts: &Facts<'_>) -> Indicator {
    let (done, open) = split(facts.events(), |event| step_is_done(event, "background"));
    let share = Indicator::share("background_coverage", done, open);
    itemised_or_reported(share, facts, "background_documents")
}

/// Share of events with a learning report or discussion summary (I24).
///
/// Formula: counted events whose step `report` is done, or whose event report is published, /
/// counted events. For the reported total see [`itemised_or_reported`].
pub fn report_coverage(facts: &Facts<'_>) -> Indicator {
    let (done, open) = split(facts.events(), |event| {
        let report = facts.get(&RecordRef::new("event_report", &event.key));
        step_is_done(event, "report")
            || report.is_some_and(|report| step_is_done(report, "published"))
    });
    let share = Indicator::share("report_coverage", done, open);
    itemised_or_reported(share, facts, "learning_reports")
}

/// Share of participants with a city migration profile.
///
/// Formula: participants that a product of type `migration_profile` is about / participants.
pub fn profile_coverage(facts: &Facts<'_>) -> Indicator {
    let profiled = facts
        .of_kind("product")
        .filter(|product| tags(product, "product_types").contains(&"migration_profile"))
        .flat_map(|product| links(product, "cities"));
    let profiled = order::set(profiled);
    let (with, without) = split(facts.participants(), |city| {
        profiled.contains(&reference(city))
    });
    Indicator::share("profile_coverage", with, without)
}

/// Distinct knowledge products, by type.
///
/// Formula: number of products that are not marked as a duplicate of another. A product of several
/// types counts once in the number and under each of its types.
pub fn products(facts: &Facts<'_>) -> Indicator {
    let distinct: Vec<_> = facts
        .of_kind("product")
        .filter(|product| facts::line(product, "duplicate_of").is_none())
        .collect();
    let mut indicator = Indicator::count(
        "products",
        distinct.iter().map(|product| reference(product)).collect(),
    );
    for product in distinct {
        let types = tags(product, "product_types");
        if types.is_empty() {
            indicator.unknown += 1;
        }
        for word in types {
            *indicator.by.entry(word.to_owned()).or_default() += 1;
        }
    }
    indicator
}

/// Lets a total that a source states stand while the records do not itemise it.
///
/// Where the programme record holds a reported total of `what`, and the records add up to less,
/// the reported total is the numerator and the itemised number stands beside it, so that the
/// difference shows. It holds until the records reach it; from then on they alone count. A total
/// above the denominator cannot be right and is not used.
fn itemised_or_reported(share: Indicator, facts: &Facts<'_>, what: &str) -> Indicator {
    match facts.reported(what) {
        Some((total, source)) if share.num < total && share.den >= Some(total) => {
            let reported = Some(Reported {
                source,
                itemised: share.num,
            });
            Indicator {
                num: total,
                reported,
                ..share
            }
        }
        _ => share,
    }
}

fn split<'a>(
    records: impl Iterator<Item = &'a RecordView>,
    wanted: impl Fn(&RecordView) -> bool,
) -> (Vec<RecordRef>, Vec<RecordRef>) {
    let (yes, no): (Vec<_>, Vec<_>) = records.partition(|record| wanted(record));
    (
        yes.into_iter().map(reference).collect(),
        no.into_iter().map(reference).collect(),
    )
}

/// Whether a step has a date or a product, and is not waived.
fn step_is_done(record: &RecordView, step: &str) -> bool {
    let given = |entry: &Map<String, Value>, field| facts::text(entry, field).is_some();
    facts::entries(record, "steps").any(|(key, entry)| {
        key == step
            && (given(entry, "done_at") || given(entry, "product"))
            && !given(entry, "waived")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::facts::tests::record;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn background(total: u64, steps: &[Value]) -> (u64, Option<u64>) {
        let total = json!({"of": "background_documents", "value": total, "source": "L151"});
        let mut records = vec![record(
            "programme",
            "p",
            json!({"reported_totals": {"t": total}}),
        )];
        for (at, step) in steps.iter().enumerate() {
            let fields = json!({"steps": {"background": step}});
            records.push(record("event", &format!("e{at}"), fields));
        }
        let indicator = background_coverage(&Facts::new(&records));
        (
            indicator.num,
            indicator.reported.map(|reported| reported.itemised),
        )
    }

    #[test]
    fn a_reported_total_holds_until_records_reach_it_and_never_exceeds_the_events() {
        let (done, open) = (json!({"done_at": "2019"}), json!({}));
        let (linked, waived) = (
            json!({"product": "product/a"}),
            json!({"done_at": "2019", "waived": "not needed"}),
        );
        let steps = [done, linked, waived, open];
        assert_eq!(background(3, &steps), (3, Some(2)));
        assert_eq!(background(2, &steps), (2, None));
        assert_eq!(background(1, &steps), (2, None));
        assert_eq!(background(5, &steps), (2, None));
    }
}
