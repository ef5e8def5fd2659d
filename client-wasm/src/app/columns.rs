//! The columns of a list, chosen from the declaration of its kind.

use meltemi_core::record::{EntryKey, Field, Kind, Member, Merge, Scalar, Shape};
use meltemi_core::view::Summary;
use serde_json::Value;

/// A list does not show more fields than these.
const MOST: usize = 6;

/// A column beside the title.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// The field it shows.
    pub field: &'static Field,
}

/// What stands in a cell, before it is put into words.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A number.
    Number(i64),
    /// A date or span of dates.
    Dates(String),
    /// Words of a vocabulary.
    Words(&'static str, Vec<String>),
    /// Records.
    Records(Vec<meltemi_core::id::RecordRef>),
}

/// The columns of a kind: what people are asked about, and what links the record to others.
pub fn columns(kind: &'static Kind) -> Vec<Column> {
    let wanted = |field: &&Field| {
        let asked = field.merge == Merge::Ask;
        match &field.shape {
            Shape::Value(Scalar::Dates) => true,
            // A currency says nothing without its amount.
            Shape::Value(Scalar::Code(words)) => asked && words.name != "currency",
            Shape::Value(Scalar::Link(_)) => asked || field.required,
            Shape::Tags(Member::Link(_) | Member::Code(_))
            | Shape::Entries(EntryKey::Link(_), _) => field.required,
            _ => false,
        }
    };
    // When and where come first: that is how people look for things.
    let rank = |field: &Field| match &field.shape {
        Shape::Value(Scalar::Dates) => 0,
        Shape::Entries(..) | Shape::Tags(Member::Link(_)) => 1,
        _ => 2,
    };
    let mut columns = Vec::new();
    for wanted_rank in 0..=2 {
        let fields = kind.fields.iter().filter(wanted);
        let fields = fields.filter(|field| rank(field) == wanted_rank);
        columns.extend(fields.map(|field| Column { field }));
    }
    columns.truncate(MOST);
    columns
}

/// Whether records of this kind have a number.
pub fn has_number(kind: &Kind) -> bool {
    kind.field("number").is_some()
}

/// The number of a record.
pub fn number(summary: &Summary) -> Option<i64> {
    summary.fields.get("number").and_then(Value::as_i64)
}

impl Column {
    /// What this column shows of a record.
    pub fn cell(&self, summary: &Summary) -> Cell {
        let value = summary.fields.get(self.field.name);
        let text = || value.and_then(Value::as_str).map(str::to_owned);
        let linked = || {
            summary
                .links
                .get(self.field.name)
                .cloned()
                .unwrap_or_default()
        };
        let cell = match &self.field.shape {
            Shape::Value(Scalar::Dates) => text().map(Cell::Dates),
            Shape::Value(Scalar::Code(words)) => {
                text().map(|word| Cell::Words(words.name, vec![word]))
            }
            Shape::Tags(Member::Code(words)) => {
                Some(Cell::Words(words.name, super::read::members(value)))
            }
            _ => Some(Cell::Records(linked())),
        };
        match cell {
            Some(Cell::Words(_, words)) if words.is_empty() => Cell::Empty,
            Some(Cell::Records(records)) if records.is_empty() => Cell::Empty,
            Some(cell) => cell,
            None => Cell::Empty,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meltemi_core::record::{KINDS, kind};

    fn names(name: &str) -> Vec<&'static str> {
        let kind = kind(name).expect("a kind");
        columns(kind)
            .iter()
            .map(|column| column.field.name)
            .collect()
    }

    #[test]
    fn events_are_listed_by_date_host_modality_and_phase() {
        let names = names("event");
        assert_eq!(&names[..2], ["dates", "hosts"]);
        assert!(
            names.contains(&"modality") && names.contains(&"phase"),
            "{names:?}"
        );
    }

    #[test]
    fn every_kind_fits_a_table() {
        for kind in KINDS {
            assert!(columns(kind).len() <= MOST, "{}", kind.name);
        }
        assert_eq!(names("city"), ["entity_type", "country", "participation"]);
    }
}
