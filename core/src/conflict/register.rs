//! The question that concurrent values of a register put to a person.

use automerge::Automerge;
use serde_json::Value;

use super::{ConcurrentValue, Conflict, Origin, Question};
use crate::order;
use crate::record::FieldPath;
use crate::record::read::register::Values;

/// The conflict of a register whose `values` differ, with the shown one first, then by time.
///
/// Of equal values the earliest counts.
pub(crate) fn conflict(
    doc: &Automerge,
    path: &FieldPath,
    shown: &Value,
    values: Values,
) -> Conflict {
    let mut found: Vec<ConcurrentValue> = values
        .all
        .into_iter()
        .map(|(value, id)| ConcurrentValue {
            value,
            origin: Origin::of_operation(doc, &id),
        })
        .collect();
    order::sort_by(&mut found, |a, b| {
        let key = |it: &ConcurrentValue| (it.value != *shown, it.origin.time);
        key(a)
            .cmp(&key(b))
            .then_with(|| a.origin.change.cmp(&b.origin.change))
    });
    let mut distinct: Vec<ConcurrentValue> = Vec::new();
    for value in found {
        if !distinct.iter().any(|other| other.value == value.value) {
            distinct.push(value);
        }
    }
    Conflict {
        path: path.clone(),
        question: Question::Which,
        values: distinct,
    }
}
