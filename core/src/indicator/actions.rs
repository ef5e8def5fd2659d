//! Indicators on targeted city actions.

use super::Indicator;
use super::facts::{Facts, disputed, line, links, reference};
use crate::order;

/// Targeted city actions, by country (I63).
///
/// Formula: number of actions by country. Unknown: actions without a country.
pub fn actions_by_country(facts: &Facts<'_>) -> Indicator {
    by_field(facts, "actions_by_country", "country")
}

/// Targeted city actions, by awarding organisation (I63).
///
/// Formula: number of actions by organisation. Unknown: actions whose awarder no source names.
pub fn actions_by_awarder(facts: &Facts<'_>) -> Indicator {
    by_field(facts, "actions_by_awarder", "awarded_by")
}

/// Share of actions that take place in a participant city, alone or with other places (I63).
///
/// Formula: actions with at least one participant among their places / actions.
/// Unknown: actions without a place; they are in the denominator.
pub fn actions_with_participant(facts: &Facts<'_>) -> Indicator {
    let participants = order::set(facts.participants().map(reference));
    let (mut with, mut without, mut unknown) = (Vec::new(), Vec::new(), 0);
    for action in facts.of_kind("targeted_action") {
        let places = links(action, "places");
        unknown += u64::from(places.is_empty());
        let side = if places.iter().any(|place| participants.contains(place)) {
            &mut with
        } else {
            &mut without
        };
        side.push(reference(action));
    }
    Indicator {
        unknown,
        ..Indicator::share("actions_with_participant", with, without)
    }
}

/// Share of participants with a targeted city action.
///
/// Formula: participants that are among the places of an action / participants.
pub fn participants_with_action(facts: &Facts<'_>) -> Indicator {
    let places = facts
        .of_kind("targeted_action")
        .flat_map(|action| links(action, "places"));
    let places = order::set(places);
    let (with, without) = facts
        .participants()
        .map(reference)
        .partition(|city| places.contains(city));
    Indicator::share("participants_with_action", with, without)
}

fn by_field(facts: &Facts<'_>, id: &str, field: &str) -> Indicator {
    let mut indicator = Indicator::count(
        id,
        facts.of_kind("targeted_action").map(reference).collect(),
    );
    for action in facts.of_kind("targeted_action") {
        match line(action, field) {
            Some(value) => *indicator.by.entry(value.to_owned()).or_default() += 1,
            None => indicator.unknown += 1,
        }
        indicator.disputed += u64::from(disputed(action, field));
    }
    indicator
}
