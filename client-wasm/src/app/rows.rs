//! The rows of a list: what is found, in which order.

use meltemi_core::record::Kind;
use meltemi_core::view::Summary;

use super::columns::{Cell, columns, number};
use super::filters::{Lookup, OPEN, filters};
use super::fold::{finds, fold};
use super::order::{self, sort_by_key};
use super::query::Query;

/// What the rows are made from.
pub struct List<'a> {
    /// The kind of the records.
    pub kind: &'static Kind,
    /// All records of the kind.
    pub summaries: &'a [Summary],
    /// Finds records that these point at.
    pub lookup: Lookup<'a>,
    /// Puts a cell into words, for the order.
    pub words: &'a dyn Fn(&Cell) -> String,
    /// The title of a record for this reader.
    pub title: &'a dyn Fn(&Summary) -> String,
}

impl List<'_> {
    /// The records that `query` asks for, in its order.
    pub fn rows(&self, query: &Query) -> Vec<Summary> {
        let search = fold(&query.search);
        let filters = filters(self.kind);
        let mut rows: Vec<Summary> = self
            .summaries
            .iter()
            .filter(|summary| !summary.removed)
            .filter(|summary| query.filter(OPEN).is_empty() || summary.conflicts > 0)
            .filter(|summary| {
                filters.iter().all(|filter| {
                    let wanted = query.filter(filter.name());
                    wanted.is_empty()
                        || filter
                            .values(summary, self.lookup)
                            .iter()
                            .any(|value| value == wanted)
                })
            })
            .filter(|summary| search.is_empty() || finds(&self.searched(summary), &search))
            .cloned()
            .collect();
        self.sort(&mut rows, query);
        rows
    }

    /// All that the search looks at: the titles in all languages, the number, the places.
    fn searched(&self, summary: &Summary) -> String {
        let mut text: Vec<String> = summary.title.values().cloned().collect();
        text.push((self.title)(summary));
        text.extend(number(summary).map(|number| number.to_string()));
        for column in columns(self.kind) {
            if let cell @ Cell::Records(_) = column.cell(summary) {
                text.push((self.words)(&cell));
            }
        }
        fold(&text.join(" "))
    }

    fn sort(&self, rows: &mut Vec<Summary>, query: &Query) {
        sort_by_key(rows, |row| fold(&(self.title)(row)));
        let column = columns(self.kind)
            .into_iter()
            .find(|c| c.field.name == query.sort);
        let words = |row: &Summary| match column.map(|column| column.cell(row)) {
            Some(Cell::Dates(dates)) => dates,
            Some(cell) => fold(&(self.words)(&cell)),
            None => String::new(),
        };
        let empty = |row: &Summary| match query.sort.as_str() {
            "title" => false,
            "" | "number" => number(row).is_none(),
            _ => words(row).is_empty(),
        };
        match query.sort.as_str() {
            "title" => {}
            "" | "number" => sort_by_key(rows, |row| order::number(number(row))),
            _ => sort_by_key(rows, |row| {
                if empty(row) {
                    "~".to_owned()
                } else {
                    words(row)
                }
            }),
        }
        if query.descending {
            // What is empty stays at the end.
            let filled = rows.iter().take_while(|row| !empty(row)).count();
            rows[..filled].reverse();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meltemi_core::id::{DocumentId, RecordRef};
    use meltemi_core::record::kind;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn event(key: &str, title: &str, host: &str, fields: Value) -> Summary {
        let Value::Object(fields) = fields else {
            panic!("fields are an object")
        };
        Summary {
            id: DocumentId::from_bytes([0; 16]),
            reference: RecordRef::new("event", key),
            title: BTreeMap::from([("en".to_owned(), title.to_owned())]),
            fields,
            links: BTreeMap::from([("hosts".to_owned(), vec![RecordRef::new("city", host)])]),
            conflicts: usize::from(key == "c"),
            missing: 0,
            removed: false,
        }
    }

    fn events() -> Vec<Summary> {
        vec![
            event(
                "a",
                "Social cohesion",
                "lisbon",
                json!({ "number": 1, "dates": "2016-07" }),
            ),
            event(
                "b",
                "Housing",
                "seville",
                json!({ "number": 12, "dates": "2020-01" }),
            ),
            event(
                "c",
                "Santé et logement",
                "sfax",
                json!({ "number": 2, "dates": "2019-06" }),
            ),
            event("d", "No number", "sfax", json!({})),
        ]
    }

    fn found(query: &str) -> Vec<String> {
        let summaries = events();
        let city = |reference: &RecordRef| {
            let mut city = event(&reference.key, &reference.key, "x", json!({}));
            let country = if reference.key == "sfax" { "tn" } else { "es" };
            city.fields.insert("country".into(), json!(country));
            Some(city)
        };
        let words = |cell: &Cell| match cell {
            Cell::Records(records) => records.iter().map(|r| r.key.as_str()).collect(),
            _ => String::new(),
        };
        let list = List {
            kind: kind("event").expect("a kind"),
            summaries: &summaries,
            lookup: &city,
            words: &words,
            title: &|summary| summary.title["en"].clone(),
        };
        list.rows(&Query::parse(query))
            .into_iter()
            .map(|row| row.reference.key)
            .collect()
    }

    #[test]
    fn the_order_is_by_number_and_can_be_chosen() {
        assert_eq!(found(""), ["a", "c", "b", "d"]);
        assert_eq!(found("sort=title"), ["b", "d", "c", "a"]);
        assert_eq!(found("sort=-title"), ["a", "c", "d", "b"]);
        assert_eq!(found("sort=dates"), ["a", "c", "b", "d"]);
        assert_eq!(found("sort=-dates"), ["b", "c", "a", "d"]);
        assert_eq!(found("sort=nonsense"), ["b", "d", "c", "a"]);
    }

    #[test]
    fn search_ignores_case_and_accents_and_finds_places_and_numbers() {
        assert_eq!(found("q=SANTE"), ["c"]);
        assert_eq!(found("q=sfax+number"), ["d"]);
        assert_eq!(found("q=12"), ["b"]);
        assert!(found("q=nowhere").is_empty());
    }

    #[test]
    fn filters_narrow_by_year_country_host_and_open_conflicts() {
        assert_eq!(found("year=2019"), ["c"]);
        assert_eq!(found("country=tn"), ["c", "d"]);
        assert_eq!(found("hosts=city/lisbon"), ["a"]);
        assert_eq!(found("open=1"), ["c"]);
        assert!(found("open=1&year=2016").is_empty());
    }
}
