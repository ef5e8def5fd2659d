//! The filters of a list, chosen from the declaration of its kind.

use std::collections::BTreeSet;

use meltemi_core::id::RecordRef;
use meltemi_core::record::{EntryKey, Field, Kind, Member, Merge, Scalar, Shape};
use meltemi_core::view::Summary;
use serde_json::Value;

use super::dates::year;

/// Name of the filter for records with open conflicts.
pub const OPEN: &str = "open";

/// Filters by a word: not more than these beside year and place.
const MOST_WORDS: usize = 3;

/// Something by which a list can be narrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Filter {
    /// The year of a date.
    Year(&'static Field),
    /// The country of the places a field leads to.
    CountryOf(&'static Field),
    /// A place that a field leads to.
    Place(&'static Field),
    /// A word.
    Word(&'static Field),
}

/// Finds the summary of a record.
pub type Lookup<'a> = &'a dyn Fn(&RecordRef) -> Option<Summary>;

/// The filters of a kind.
pub fn filters(kind: &'static Kind) -> Vec<Filter> {
    let mut filters = Vec::new();
    let dates = |field: &&Field| matches!(field.shape, Shape::Value(Scalar::Dates));
    filters.extend(kind.fields.iter().find(dates).map(Filter::Year));
    let own_country = kind.field("country").is_some();
    if let Some(field) = kind.fields.iter().find(|field| leads_to_places(field)) {
        if !own_country {
            filters.push(Filter::CountryOf(field));
        }
        filters.push(Filter::Place(field));
    }
    let words = |field: &&Field| {
        matches!(
            field.shape,
            Shape::Value(Scalar::Code(_)) | Shape::Tags(Member::Code(_))
        ) && (field.merge == Merge::Ask || field.required)
    };
    // What may be asked about says more than what is only required.
    let asked = |field: &&Field| field.merge == Merge::Ask && field.name != "status";
    let all = || kind.fields.iter().filter(words);
    let first = all()
        .filter(asked)
        .chain(all().filter(|field| !asked(field)));
    filters.extend(first.take(MOST_WORDS).map(Filter::Word));
    filters
}

fn leads_to_places(field: &Field) -> bool {
    let kinds = match &field.shape {
        Shape::Entries(EntryKey::Link(kinds), _) | Shape::Tags(Member::Link(kinds)) => kinds,
        _ => return false,
    };
    field.required && kinds.contains(&"city")
}

impl Filter {
    /// Its name in the address.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Year(_) => "year",
            Self::CountryOf(_) => "country",
            Self::Place(field) | Self::Word(field) => field.name,
        }
    }

    /// The values of a record that this filter looks at.
    pub fn values(&self, summary: &Summary, lookup: Lookup<'_>) -> Vec<String> {
        let value = |field: &Field| summary.fields.get(field.name);
        let places = |field: &Field| summary.links.get(field.name).cloned().unwrap_or_default();
        match self {
            Self::Year(field) => {
                let text = value(field).and_then(Value::as_str);
                text.and_then(year)
                    .map(|year| year.to_string())
                    .into_iter()
                    .collect()
            }
            Self::Place(field) => places(field).iter().map(RecordRef::to_string).collect(),
            Self::CountryOf(field) => places(field)
                .iter()
                .filter_map(|place| {
                    let place = lookup(place)?;
                    Some(place.fields.get("country")?.as_str()?.to_owned())
                })
                .collect(),
            Self::Word(field) => match value(field) {
                Some(Value::String(word)) => vec![word.clone()],
                other => super::read::members(other),
            },
        }
    }

    /// The values that occur in a list.
    pub fn options(&self, summaries: &[Summary], lookup: Lookup<'_>) -> BTreeSet<String> {
        let mut options = BTreeSet::new();
        for summary in summaries {
            options.extend(self.values(summary, lookup));
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meltemi_core::record::kind;

    #[test]
    fn events_are_narrowed_by_year_country_host_modality_and_phase() {
        let names: Vec<_> = filters(kind("event").expect("a kind"))
            .iter()
            .map(Filter::name)
            .collect();
        for name in ["year", "country", "hosts", "modality", "phase"] {
            assert!(names.contains(&name), "{names:?}");
        }
    }

    #[test]
    fn no_two_filters_of_a_kind_share_a_name() {
        for kind in meltemi_core::record::KINDS {
            let names: BTreeSet<_> = filters(kind).iter().map(Filter::name).collect();
            assert_eq!(names.len(), filters(kind).len(), "{}", kind.name);
        }
    }
}
