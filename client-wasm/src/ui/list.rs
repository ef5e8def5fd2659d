//! The list of the records of a kind: search, filters, order, a table that is cards on a phone.

mod filter_bar;
mod table;

use std::sync::Arc;

use leptos::prelude::*;
use meltemi_core::record::Kind;
use meltemi_core::view::Summary;

use super::dom::el;
use super::live::{happened, live, memo, several};
use super::page::{Loaded, Page};
use super::{screen, words};
use crate::app::columns::Cell;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::app::rows::List;
use crate::{locale, t, tn};

/// A list and what it is narrowed to. A handle.
#[derive(Clone, Copy)]
pub(crate) struct Listed {
    pub(crate) page: Page,
    pub(crate) kind: &'static Kind,
    pub(crate) query: Memo<Query>,
}

impl Listed {
    /// Changes what is asked for; the address says it.
    pub(crate) fn change(self, change: impl FnOnce(&mut Query)) {
        let mut query = self.query.get_untracked();
        change(&mut query);
        self.page.replace(Route::list(self.kind, &query.to_text()));
    }
}

/// The screen of a list.
pub(crate) fn list(page: Page, kind: &'static Kind) -> AnyView {
    let query = memo(move || match page.route.get() {
        Route::List { query, .. } => Query::parse(&query),
        _ => Query::default(),
    });
    let listed = Listed { page, kind, query };
    let title = words::kind_plural(kind.name);
    screen::title(page, title.clone());
    let new = Route::New { kind }.path();
    let all = page.list(kind.name);
    let draw = move || match all.map(|all| all.get()) {
        Some(Loaded::Here(all)) => found(listed, all),
        Some(Loaded::Failed(failure)) => screen::failed_part(&failure),
        Some(Loaded::Waiting) | None => screen::waiting(),
    };
    el("div")
        .is("class", "list")
        .child(
            el("header").is("class", "head").child(
                el("div")
                    .is("class", "name")
                    .child(el("h1").is("tabindex", "-1").child(title))
                    .child(
                        el("a")
                            .is("role", "button")
                            .attr("href", new)
                            .child(locale::text(&format!("new.{}", kind.name), &[])),
                    ),
            ),
        )
        .child(filter_bar::filter_bar(listed))
        .child(live(draw))
        .into_any()
}

fn found(listed: Listed, all: Arc<Vec<Summary>>) -> AnyView {
    let Listed { page, kind, query } = listed;
    let total = all.iter().filter(|summary| !summary.removed).count();
    if total == 0 {
        let new = Route::New { kind }.path();
        return el("div")
            .is("class", "nothing")
            .child(el("p").child(t!("list.empty")))
            .child(
                el("a")
                    .is("role", "button")
                    .attr("href", new)
                    .child(locale::text(&format!("new.{}", kind.name), &[])),
            )
            .into_any();
    }
    let rows = memo(move || {
        let list = List {
            kind,
            summaries: &all,
            lookup: &|reference| page.summary(reference),
            words: &|cell: &Cell| words::cell(page, cell),
            title: &|summary| words::title(page, summary).text,
        };
        list.rows(&query.get())
    });
    let count = move || {
        let found = rows.with(Vec::len) as u64;
        if query.with(Query::narrows) {
            tn!(
                "list.found",
                found,
                total = locale::format::number(total as f64)
            )
        } else {
            tn!("list.count", found)
        }
    };
    let clear = move |_| listed.change(Query::clear);
    let draw = move || {
        let rows = rows.get();
        if rows.is_empty() {
            el("div")
                .is("class", "nothing")
                .child(el("p").child(t!("list.nothing")))
                .child(
                    el("button")
                        .is("type", "button")
                        .is("class", "secondary")
                        .on("click", happened(clear))
                        .child(t!("list.clear")),
                )
                .into_any()
        } else {
            table::table(listed, &rows)
        }
    };
    several(vec![
        (el("p")
            .is("class", "count")
            .is("role", "status")
            .is("aria-live", "polite")
            .child(live(count)))
        .into_any(),
        (live(draw)).into_any(),
    ])
    .into_any()
}
