//! Indicators on when, where and how events take place.

use std::collections::BTreeSet;

use super::Indicator;
use super::facts::{self, Facts, disputed, line, reference};
use crate::order;
use crate::view::RecordView;

/// Events, by country of their hosts.
///
/// Formula: number of counted events; an event counts once in each country it has a host in.
/// Unknown: events without a host whose country is known.
pub fn events_by_country(facts: &Facts<'_>) -> Indicator {
    let mut indicator =
        Indicator::count("events_by_country", facts.events().map(reference).collect());
    for event in facts.events() {
        let countries = host_countries(facts, event);
        if countries.is_empty() {
            indicator.unknown += 1;
        }
        for country in countries {
            *indicator.by.entry(country.to_owned()).or_default() += 1;
        }
    }
    indicator
}

/// Events, by phase.
///
/// Formula: number of counted events by the phase each one names; the phase is never derived from
/// the date. An event whose phase is in conflict counts under the shown one and as disputed.
/// Unknown: events without a phase.
pub fn events_per_phase(facts: &Facts<'_>) -> Indicator {
    let mut indicator =
        Indicator::count("events_per_phase", facts.events().map(reference).collect());
    for event in facts.events() {
        match line(event, "phase") {
            Some(phase) => *indicator.by.entry(phase.to_owned()).or_default() += 1,
            None => indicator.unknown += 1,
        }
        indicator.disputed += u64::from(disputed(event, "phase"));
    }
    indicator
}

/// Share of events held online (I29).
///
/// Formula: counted events with modality `online` / counted events, by modality.
/// Unknown: events without a modality; they are in the denominator.
pub fn online_share(facts: &Facts<'_>) -> Indicator {
    let (online, others): (Vec<_>, Vec<_>) = facts
        .events()
        .partition(|event| line(event, "modality") == Some("online"));
    let mut indicator = Indicator::share(
        "online_share",
        online.into_iter().map(reference).collect(),
        others.into_iter().map(reference).collect(),
    );
    for event in facts.events() {
        match line(event, "modality") {
            Some(modality) => *indicator.by.entry(modality.to_owned()).or_default() += 1,
            None => indicator.unknown += 1,
        }
        indicator.disputed += u64::from(disputed(event, "modality"));
    }
    indicator
}

/// Countries of the cities and organisations that host `event`.
fn host_countries<'a>(facts: &Facts<'a>, event: &RecordView) -> BTreeSet<&'a str> {
    let hosts = facts::entry_links(event, "hosts");
    let countries = hosts
        .iter()
        .filter_map(|host| line(facts.get(host)?, "country"));
    order::set(countries)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::indicator::facts::tests::record;
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_event_counts_once_in_each_country_of_its_hosts_that_are_left() {
        let records = [
            record("city", "fez", json!({"country": "ma"})),
            record("city", "rabat", json!({"country": "ma"})),
            record("city", "milan", json!({"country": "it"})),
            record("city", "nowhere", json!({})),
            record(
                "event",
                "two",
                json!({"hosts": {"city/fez": {}, "city/rabat": {}}}),
            ),
            record(
                "event",
                "left",
                json!({"hosts": {"city/milan": {}, "city/fez": {"removed": {"time": 0}}}}),
            ),
            record("event", "unknown", json!({"hosts": {"city/nowhere": {}}})),
            record(
                "event",
                "off",
                json!({"hosts": {"city/fez": {}}, "status": "cancelled"}),
            ),
        ];
        let indicator = events_by_country(&Facts::new(&records));
        assert_eq!((indicator.num, indicator.unknown), (3, 1));
        assert_eq!(
            indicator.by,
            BTreeMap::from([("it".to_owned(), 1), ("ma".to_owned(), 1)])
        );
    }

    #[test]
    fn events_without_a_modality_stay_in_the_denominator() {
        let records = [
            record("event", "a", json!({"modality": "online"})),
            record("event", "b", json!({"modality": "hybrid"})),
            record("event", "c", json!({})),
        ];
        let indicator = online_share(&Facts::new(&records));
        assert_eq!(
            (indicator.num, indicator.den, indicator.unknown),
            (1, Some(3), 1)
        );
    }
}
