//! The list of the records of a kind: search, filters, order, a table that is cards on a phone.

mod filter_bar;
mod table;

use std::sync::Arc;

use leptos::prelude::*;
use meltemi_core::record::Kind;
use meltemi_core::view::Summary;

use super::live::{clicked, live, memo};
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
    view! {
        <div class="list">
            <header class="head">
                <div class="name">
                    <h1 tabindex="-1">{title}</h1>
                    <a role="button" href=new>{locale::text(&format!("new.{}", kind.name), &[])}</a>
                </div>
            </header>
            {filter_bar::filter_bar(listed)}
            {live(draw)}
        </div>
    }
    .into_any()
}

fn found(listed: Listed, all: Arc<Vec<Summary>>) -> AnyView {
    let Listed { page, kind, query } = listed;
    let total = all.iter().filter(|summary| !summary.removed).count();
    if total == 0 {
        let new = Route::New { kind }.path();
        return view! {
            <div class="nothing">
                <p>{t!("list.empty")}</p>
                <a role="button" href=new>{locale::text(&format!("new.{}", kind.name), &[])}</a>
            </div>
        }
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
            view! {
                <div class="nothing">
                    <p>{t!("list.nothing")}</p>
                    <button type="button" class="secondary" on:click=clicked(clear)>{t!("list.clear")}</button>
                </div>
            }
            .into_any()
        } else {
            table::table(listed, &rows)
        }
    };
    view! {
        <p class="count" role="status" aria-live="polite">{live(count)}</p>
        {live(draw)}
    }
    .into_any()
}
