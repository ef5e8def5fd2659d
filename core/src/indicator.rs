//! Indicators: numbers computed from records, never typed in.
//!
//! Every function here is pure and takes whole records, so that any replica
//! gives the same value for the same heads. Removed records count nowhere.
//! Each indicator's doc comment names its formula; `I11` and the like are the
//! numbers of the indicator list in the domain description.

pub mod actions;
pub mod coverage;
pub mod events;
pub mod facts;
pub mod network;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::RecordRef;
use crate::view::RecordView;
use facts::Facts;

/// The value of an indicator, with everything needed to check it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    /// Which indicator, such as `host_share`.
    pub id: String,
    /// The numerator, or the count when there is no denominator.
    pub num: u64,
    /// The denominator of a share; absent for a count.
    pub den: Option<u64>,
    /// Of the denominator, or of what is counted, how many have no known answer.
    pub unknown: u64,
    /// How many records have an open conflict on what decides here; they count by the value shown.
    pub disputed: u64,
    /// The number broken down, by the words of a dimension. A record can count under several.
    pub by: BTreeMap<String, u64>,
    /// Records counted in the numerator.
    pub sources: Vec<RecordRef>,
    /// Records counted in the denominator only.
    pub others: Vec<RecordRef>,
    /// Where the numerator was stated by a source as a total, not itemised in records:
    /// who said it, and what the records themselves add up to.
    pub reported: Option<Reported>,
}

/// A total that a source states and the records do not itemise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// The source, such as `L151`.
    pub source: String,
    /// What the records add up to.
    pub itemised: u64,
}

/// All indicators that `records` can answer, in the order in which screens show them.
pub fn all(records: &[RecordView]) -> Vec<Indicator> {
    let facts = Facts::new(records);
    [
        events::events_by_country,
        events::events_per_phase,
        events::online_share,
        network::host_share,
        network::participant_countries,
        coverage::background_coverage,
        coverage::report_coverage,
        coverage::profile_coverage,
        coverage::products,
        actions::actions_by_country,
        actions::actions_by_awarder,
        actions::actions_with_participant,
        actions::participants_with_action,
    ]
    .into_iter()
    .map(|compute| compute(&facts))
    .collect()
}

impl Indicator {
    /// A count of `sources`.
    fn count(id: &str, sources: Vec<RecordRef>) -> Self {
        Self {
            id: id.to_owned(),
            num: sources.len() as u64,
            sources,
            ..Self::default()
        }
    }

    /// The share that `sources` have in `sources` and `others`.
    fn share(id: &str, sources: Vec<RecordRef>, others: Vec<RecordRef>) -> Self {
        let den = (sources.len() + others.len()) as u64;
        Self {
            den: Some(den),
            others,
            ..Self::count(id, sources)
        }
    }
}
