//! Indicators on who takes part and who hosts.

use std::collections::BTreeMap;

use super::Indicator;
use super::facts::{Facts, entry_links, line, reference};
use crate::order;

/// Share of participants that have hosted (I11), and how often each did.
///
/// Formula: distinct participants that host a counted event / participants. Hosts are those the
/// event names as participants; an organisation that hosts beside a city is not one of them.
/// Broken down by key of the host: number of events. The others are those who never hosted.
pub fn host_share(facts: &Facts<'_>) -> Indicator {
    let mut events_by_host = BTreeMap::new();
    for event in facts.events() {
        // Keyed by record, so each host stands once.
        for host in entry_links(event, "hosts") {
            *events_by_host.entry(host).or_insert(0_u64) += 1;
        }
    }
    let (hosts, others): (Vec<_>, Vec<_>) = facts
        .participants()
        .map(reference)
        .partition(|city| events_by_host.contains_key(city));
    let by = hosts
        .iter()
        .map(|host| (host.key.clone(), events_by_host[host]));
    let by = order::map(by);
    Indicator {
        by,
        ..Indicator::share("host_share", hosts, others)
    }
}

/// Countries of the participants.
///
/// Formula: number of distinct countries of participants. Broken down by country: number of
/// participants. Unknown: participants without a country. Sources: the participants.
pub fn participant_countries(facts: &Facts<'_>) -> Indicator {
    let mut indicator = Indicator::count(
        "participant_countries",
        facts.participants().map(reference).collect(),
    );
    for city in facts.participants() {
        match line(city, "country") {
            Some(country) => *indicator.by.entry(country.to_owned()).or_default() += 1,
            None => indicator.unknown += 1,
        }
    }
    indicator.num = indicator.by.len() as u64;
    indicator
}
