//! Removal of records and entries, and the question it puts when somebody
//! edited what another removed at the same time.
//!
//! The register `removed` holds a JSON text `{"time":…,"reason":…}`; taking
//! a removal back puts `null` there. A removal that is concurrent with a
//! restoration holds until a person chooses.

use std::collections::BTreeSet;

use automerge::{ActorId, Automerge, ChangeHash, ChangeMetadata, ObjId, ReadDoc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ConcurrentValue, Conflict, Origin, Question};
use crate::order;
use crate::record::read::{fields_at, register};
use crate::record::{FieldPath, Kind};
use crate::view::Removal;

/// How many concurrent changes are looked at to say who edited what was removed.
const MAX_LOOKED_AT: usize = 64;

/// What stands in a `removed` register that says: removed.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// Why and when; the latest if several removed it.
    pub(crate) removal: Removal,
    /// The operations that removed it.
    by: Vec<ObjId>,
    /// The operation of a concurrent restoration.
    restored_by: Option<ObjId>,
}

impl State {
    /// As it stands in a view.
    pub(crate) fn json(&self) -> Value {
        json!({ "time": self.removal.time, "reason": self.removal.reason })
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(default)]
    time: i64,
    #[serde(default)]
    reason: Option<String>,
}

/// The text of a `removed` register.
pub(crate) fn stored(time: i64, reason: Option<&str>) -> String {
    json!({ "time": time, "reason": reason }).to_string()
}

/// Whether the register `key` of `obj` says that what it stands in was removed.
pub(crate) fn state<R: ReadDoc>(
    doc: &R,
    at: Option<&[ChangeHash]>,
    obj: &ObjId,
    key: &str,
) -> Option<State> {
    state_of(&register::get_all(doc, at, obj, key))
}

/// Whether one of the concurrent values of a `removed` register says so.
pub(crate) fn state_of(all: &[(automerge::Value<'_>, ObjId)]) -> Option<State> {
    let mut state: Option<State> = None;
    let mut restored_by = None;
    for (value, id) in all {
        let id = id.clone();
        if value.is_null() || value.as_bool() == Some(false) {
            restored_by = Some(id);
            continue;
        }
        let removal = removal(value);
        match &mut state {
            Some(state) => {
                state.by.push(id);
                if removal.time >= state.removal.time {
                    state.removal = removal;
                }
            }
            None => {
                state = Some(State {
                    removal,
                    by: vec![id],
                    restored_by: None,
                })
            }
        }
    }
    let mut state = state?;
    state.restored_by = restored_by;
    Some(state)
}

/// Reads a removal; whatever another program put there says at least that it is removed.
fn removal(value: &automerge::Value<'_>) -> Removal {
    let text = value.as_str();
    match text.and_then(|text| serde_json::from_str::<Stored>(text).ok()) {
        Some(Stored { time, reason }) => Removal { time, reason },
        None => Removal {
            time: 0,
            reason: text.map(str::to_owned),
        },
    }
}

/// What was removed at `path` while others, who did not know, edited it; `None` if nobody did.
pub(crate) fn question(
    doc: &Automerge,
    kind: &'static Kind,
    genesis: &ActorId,
    path: &FieldPath,
    state: &State,
) -> Option<Conflict> {
    let removals = order::set(state.by.iter().filter_map(|id| doc.hash_for_opid(id)));
    let mut values = Vec::new();
    if let Some(id) = &state.restored_by {
        let origin = Origin::of_operation(doc, id);
        values.push(ConcurrentValue {
            value: json!({ "restored": true }),
            origin,
        });
    }
    if doc.get_heads().iter().any(|head| !removals.contains(head)) {
        values.extend(edits(doc, kind, genesis, path, &removals));
    }
    if values.is_empty() {
        return None;
    }
    order::sort_by(&mut values, |a, b| {
        (a.origin.time, &a.origin.change).cmp(&(b.origin.time, &b.origin.change))
    });
    let origin = Origin::of_operation(doc, state.by.last()?);
    values.insert(
        0,
        ConcurrentValue {
            value: json!({ "removed": state.json() }),
            origin,
        },
    );
    Some(Conflict {
        path: path.clone(),
        question: Question::RemovedOrKept,
        values,
    })
}

/// The fields that changes concurrent with all `removals` left different.
///
/// What those changes together with the past of the removals make is a
/// version of the document in which nothing was removed; it is compared with that past alone.
fn edits(
    doc: &Automerge,
    kind: &'static Kind,
    genesis: &ActorId,
    path: &FieldPath,
    removals: &BTreeSet<ChangeHash>,
) -> Vec<ConcurrentValue> {
    let known: Vec<ChangeHash> = removals.iter().copied().collect();
    let mut changes = doc.get_changes_meta(&known);
    // A change begins after all it depends on, so this order has dependencies first; the hash
    // makes it the same on every replica.
    order::sort_by(&mut changes, |a, b| {
        (a.start_op, a.hash).cmp(&(b.start_op, b.hash))
    });
    let mut after = removals.clone();
    let mut beside: Vec<ChangeMetadata<'_>> = Vec::new();
    for change in changes {
        if change.deps.iter().any(|dep| after.contains(dep)) {
            after.insert(change.hash);
        } else {
            beside.push(change);
        }
    }
    let past = removals
        .iter()
        .filter_map(|hash| doc.get_change_meta_by_hash(hash))
        .flat_map(|change| change.deps);
    let past: Vec<ChangeHash> = order::set(past).into_iter().collect();
    let together: Vec<ChangeHash> = past
        .iter()
        .copied()
        .chain(beside.iter().map(|change| change.hash))
        .collect();
    let read = |at: &[ChangeHash]| fields_at(doc, at, kind, genesis, path);
    let (before, kept) = (read(&past), read(&together));
    let names = order::set(before.keys().chain(kept.keys()));
    let edited = names
        .into_iter()
        .filter(|name| before.get(*name) != kept.get(*name));
    edited
        .filter_map(|name| {
            let touched = |change: &&ChangeMetadata<'_>| {
                read(&[change.hash]).get(name) != read(&change.deps).get(name)
            };
            let by = beside
                .iter()
                .rev()
                .take(MAX_LOOKED_AT)
                .find(touched)
                .or(beside.last())?;
            let value = kept.get(name).cloned().unwrap_or(Value::Null);
            let path = path.clone().join(name.as_str());
            let value = json!({ "changed": { "path": path, "value": value } });
            Some(ConcurrentValue {
                value,
                origin: Origin::of_change(by),
            })
        })
        .collect()
}
