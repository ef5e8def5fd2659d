//! What the indicators read from records. Lenient: what does not fit counts as not given.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::id::RecordRef;
use crate::order;
use crate::view::RecordView;

/// The records that count: not removed, each once, in the order of their references.
#[derive(Debug)]
pub struct Facts<'a> {
    records: BTreeMap<RecordRef, &'a RecordView>,
}

impl<'a> Facts<'a> {
    /// The records that count among `records`.
    pub fn new(records: &'a [RecordView]) -> Self {
        let live = records.iter().filter(|record| record.removed.is_none());
        Self {
            records: order::map(live.map(|record| (reference(record), record))),
        }
    }

    /// The record `reference`.
    pub(super) fn get(&self, reference: &RecordRef) -> Option<&'a RecordView> {
        self.records.get(reference).copied()
    }

    /// The records of `kind`.
    pub(super) fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = &'a RecordView> {
        self.records
            .values()
            .copied()
            .filter(move |record| record.kind == kind)
    }

    /// Events that count in totals: held or to be held, and not marked as uncounted.
    pub(super) fn events(&self) -> impl Iterator<Item = &'a RecordView> {
        self.of_kind("event").filter(|event| {
            event.fields.get("counted") != Some(&Value::Bool(false))
                && !matches!(line(event, "status"), Some("postponed" | "cancelled"))
        })
    }

    /// The cities and other bodies that are participants.
    pub(super) fn participants(&self) -> impl Iterator<Item = &'a RecordView> {
        self.of_kind("city")
            .filter(|city| line(city, "participation") == Some("participant"))
    }

    /// The total of `what` that a source states for the whole programme, and that source.
    pub(super) fn reported(&self, what: &str) -> Option<(u64, String)> {
        let programme = self.of_kind("programme").next()?;
        entries(programme, "reported_totals")
            .filter(|(_, total)| text(total, "of") == Some(what) && text(total, "within").is_none())
            .find_map(|(_, total)| {
                let source = text(total, "source").unwrap_or_default();
                Some((total.get("value")?.as_u64()?, source.to_owned()))
            })
    }
}

/// Kind and key of `record`.
pub(super) fn reference(record: &RecordView) -> RecordRef {
    RecordRef::new(&record.kind, &record.key)
}

/// The text in a register, unless empty.
pub(super) fn line<'a>(record: &'a RecordView, field: &str) -> Option<&'a str> {
    text(&record.fields, field)
}

/// The text in a register of a map, unless empty.
pub(super) fn text<'a>(map: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    map.get(field)?.as_str().filter(|text| !text.is_empty())
}

/// The members of a set.
pub(super) fn tags<'a>(record: &'a RecordView, field: &str) -> Vec<&'a str> {
    match record.fields.get(field) {
        Some(Value::Array(members)) => members.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The members of a set of references.
pub(super) fn links(record: &RecordView, field: &str) -> Vec<RecordRef> {
    tags(record, field)
        .into_iter()
        .filter_map(|tag| tag.parse().ok())
        .collect()
}

/// The entries of a field by key, without removed ones.
pub(super) fn entries<'a>(
    record: &'a RecordView,
    field: &str,
) -> impl Iterator<Item = (&'a str, &'a Map<String, Value>)> {
    let entries = record.fields.get(field).and_then(Value::as_object);
    entries.into_iter().flatten().filter_map(|(key, entry)| {
        let entry = entry.as_object()?;
        let removed = entry
            .get("removed")
            .is_some_and(|removed| !removed.is_null());
        (!removed).then_some((key.as_str(), entry))
    })
}

/// The records that the entries of a field are about.
pub(super) fn entry_links(record: &RecordView, field: &str) -> Vec<RecordRef> {
    entries(record, field)
        .filter_map(|(key, _)| key.parse().ok())
        .collect()
}

/// Whether the value of `field` is in an open conflict.
pub(super) fn disputed(record: &RecordView, field: &str) -> bool {
    record
        .conflicts
        .iter()
        .any(|conflict| conflict.path.to_string() == field)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::id::DocumentId;

    /// A record with these fields and nothing else.
    pub(in crate::indicator) fn record(kind: &str, key: &str, fields: Value) -> RecordView {
        RecordView {
            id: DocumentId::of_record("p", &RecordRef::new(kind, key)),
            programme: "p".to_owned(),
            kind: kind.to_owned(),
            key: key.to_owned(),
            schema: 1,
            newer_schema: false,
            heads: Vec::new(),
            fields: fields.as_object().cloned().unwrap_or_default(),
            unknown: Vec::new(),
            conflicts: Vec::new(),
            settlements: Vec::new(),
            problems: Vec::new(),
            missing: Vec::new(),
            removed: None,
        }
    }
}
