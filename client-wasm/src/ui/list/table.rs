//! The rows of a list. On a phone each row becomes a card, which takes its table semantics away;
//! the roles give them back.

use leptos::prelude::*;
use meltemi_core::view::Summary;

use super::Listed;
use crate::app::columns::{Cell, Column, columns, has_number, number};
use crate::app::query::Query;
use crate::app::route::Route;
use crate::locale::{self, format};
use crate::ui::live::clicked;
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
            view! { <th role="columnheader" scope="col" class="marks">{t!("list.marks")}</th> }
                .into_any(),
        );
    }
    let rows: Vec<AnyView> = rows
        .iter()
        .map(|summary| row(listed, summary, &columns, numbered, marked))
        .collect();
    view! {
        <table class="records" role="table">
            <thead role="rowgroup">
                <tr role="row">{heads}</tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
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
    view! {
        <th role="columnheader" scope="col" class=class aria-sort=move || sorted()>
            <button type="button" class="quiet" on:click=clicked(click)>{label}</button>
        </th>
    }
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
        view! { <td role="cell" class="number">{number}</td> }.into_any()
    });
    let cells: Vec<AnyView> = columns
        .iter()
        .map(|column| {
            let cell = column.cell(summary);
            let text = words::cell(page, &cell);
            let short = matches!(cell, Cell::Dates(_) | Cell::Number(_) | Cell::Words(..));
            let label = locale::field(listed.kind.name, &[column.field.name]);
            let empty = text.is_empty();
            view! {
                <td role="cell" data-label=label class:empty=empty class:short=short>
                    <span dir="auto">{text}</span>
                </td>
            }
            .into_any()
        })
        .collect();
    let marks = marked.then(|| {
        let (conflicts, missing) = (summary.conflicts as u64, summary.missing as u64);
        let open = (conflicts > 0).then(|| {
            view! { <span class="mark open">{tn!("list.conflicts", conflicts)}</span> }.into_any()
        });
        let missing = (missing > 0).then(|| {
            view! { <span class="mark missing">{tn!("record.missing", missing)}</span> }.into_any()
        });
        let none = open.is_none() && missing.is_none();
        view! { <td role="cell" class="marks" class:empty=none>{open} " " {missing}</td> }
            .into_any()
    });
    view! {
        <tr role="row">
            {number}
            <td role="cell" class="title">
                <a href=path dir="auto" lang=title.language>{title.text}</a>
            </td>
            {cells}
            {marks}
        </tr>
    }
    .into_any()
}
