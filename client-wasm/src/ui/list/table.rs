//! The rows of a list. On a phone each row becomes a card, which takes its table semantics away;
//! the roles give them back.

use leptos::prelude::*;
use meltemi_core::view::Summary;

use super::Listed;
use crate::app::columns::{Cell, Column, columns, has_number, number};
use crate::app::query::Query;
use crate::app::route::Route;
use crate::locale::{self, format};
use crate::ui::dom::el;
use crate::ui::live::happened;
use crate::ui::words;
use crate::{t, tn};

/// The table of these rows. Columns that are empty everywhere are left out.
pub(crate) fn table(listed: Listed, rows: &[Summary]) -> AnyView {
    let kind = listed.kind;
    let filled = |column: &Column| rows.iter().any(|row| column.cell(row) != Cell::Empty);
    let columns: Vec<Column> = columns(kind).into_iter().filter(filled).collect();
    let numbered = has_number(kind);
    let mut heads = Vec::new();
    if numbered {
        heads.push(head(
            listed,
            "number",
            locale::field(kind.name, &["number"]),
            "number",
        ));
    }
    heads.push(head(listed, "title", t!("list.title"), "title"));
    heads.extend(columns.iter().map(|column| {
        head(
            listed,
            column.field.name,
            locale::field(kind.name, &[column.field.name]),
            "",
        )
    }));
    let marked = rows.iter().any(|row| row.conflicts > 0 || row.missing > 0);
    if marked {
        heads.push(
            el("th")
                .is("role", "columnheader")
                .is("scope", "col")
                .is("class", "marks")
                .child(t!("list.marks"))
                .into_any(),
        );
    }
    let rows: Vec<AnyView> = rows
        .iter()
        .map(|summary| row(listed, summary, &columns, numbered, marked))
        .collect();
    el("table")
        .is("class", "records")
        .is("role", "table")
        .child(
            el("thead")
                .is("role", "rowgroup")
                .child(el("tr").is("role", "row").child(heads)),
        )
        .child(el("tbody").is("role", "rowgroup").child(rows))
        .into_any()
}

fn head(listed: Listed, name: &'static str, label: String, class: &'static str) -> AnyView {
    let query = listed.query;
    let sorted = move || {
        let query = query.get();
        let default = query.sort.is_empty() && name == "number";
        match (query.sort == name || default, query.descending) {
            (false, _) => None,
            (true, false) => Some("ascending"),
            (true, true) => Some("descending"),
        }
    };
    let click = move |_| {
        listed.change(|query: &mut Query| query.sort_by(name));
    };
    el("th")
        .is("role", "columnheader")
        .is("scope", "col")
        .attr("class", class)
        .live("aria-sort", move || sorted())
        .child(
            el("button")
                .is("type", "button")
                .is("class", "quiet")
                .on("click", happened(click))
                .child(label),
        )
        .into_any()
}

fn row(
    listed: Listed,
    summary: &Summary,
    columns: &[Column],
    numbered: bool,
    marked: bool,
) -> AnyView {
    let page = listed.page;
    let title = words::title(page, summary);
    let path = Route::record(listed.kind, &summary.reference.key, "").path();
    let number = numbered.then(|| {
        let number = number(summary).map(|number| format::number(number as f64));
        el("td")
            .is("role", "cell")
            .is("class", "number")
            .child(number)
            .into_any()
    });
    let cells: Vec<AnyView> = columns
        .iter()
        .map(|column| {
            let cell = column.cell(summary);
            let text = words::cell(page, &cell);
            let short = matches!(cell, Cell::Dates(_) | Cell::Number(_) | Cell::Words(..));
            let label = locale::field(listed.kind.name, &[column.field.name]);
            let empty = text.is_empty();
            el("td")
                .is("role", "cell")
                .attr("data-label", label)
                .class_if("empty", empty)
                .class_if("short", short)
                .child(el("span").is("dir", "auto").child(text))
                .into_any()
        })
        .collect();
    let marks = marked.then(|| {
        let (conflicts, missing) = (summary.conflicts as u64, summary.missing as u64);
        let open = (conflicts > 0).then(|| {
            el("span")
                .is("class", "mark open")
                .child(tn!("list.conflicts", conflicts))
                .into_any()
        });
        let missing = (missing > 0).then(|| {
            el("span")
                .is("class", "mark missing")
                .child(tn!("record.missing", missing))
                .into_any()
        });
        let none = open.is_none() && missing.is_none();
        el("td")
            .is("role", "cell")
            .is("class", "marks")
            .class_if("empty", none)
            .child(open)
            .child(" ")
            .child(missing)
            .into_any()
    });
    el("tr")
        .is("role", "row")
        .child(number)
        .child(
            el("td").is("role", "cell").is("class", "title").child(
                el("a")
                    .attr("href", path)
                    .is("dir", "auto")
                    .attr("lang", title.language)
                    .child(title.text),
            ),
        )
        .child(cells)
        .child(marks)
        .into_any()
}
