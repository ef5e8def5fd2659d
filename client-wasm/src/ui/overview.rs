//! The programme at a glance: what there is, what waits for somebody, what the records add up to.

mod indicators;
mod next_steps;

use std::sync::Arc;

use leptos::prelude::*;
use meltemi_core::record::{KINDS, kind};
use meltemi_core::view::OverviewView;
use serde_json::Value;

use super::dom::el;
use super::live::{effect, live, memo};
use super::page::{Loaded, Page};
use super::parts::Unfolded;
use super::{screen, words};
use crate::app::failure::failure;
use crate::app::protocol::{Answer, Ask};
use crate::app::route::Route;
use crate::locale::format;
use crate::t;

/// The screen of the overview.
pub(crate) fn overview(page: Page) -> AnyView {
    let loaded = RwSignal::new(Loaded::<Arc<OverviewView>>::Waiting);
    let ask = move || {
        let today = page.device(|device| device.today());
        page.ask(Ask::Overview { today }, move |answer| {
            loaded.try_set(match answer {
                Ok(Answer::Overview(view)) => Loaded::Here(Arc::new(view)),
                Ok(_) => Loaded::Failed(failure("bad-message", "the answer is no overview")),
                Err(failure) => Loaded::Failed(failure),
            });
        });
    };
    effect(move || {
        page.changed.track();
        ask();
    });
    effect(move || {
        page.programme();
        document().set_title(&words::programme_name(page));
    });
    let shown = memo(move || loaded.get());
    let unfolded = Unfolded::new();
    let draw = move || match shown.get() {
        Loaded::Waiting => screen::waiting(),
        Loaded::Here(view) => glance(page, &view, unfolded),
        Loaded::Failed(failure) => screen::failed(&failure),
    };
    live(draw)
}

fn glance(page: Page, view: &OverviewView, unfolded: Unfolded) -> AnyView {
    let Some(programme) = &view.programme else {
        return if view.counts.values().all(|count| *count == 0) {
            super::record::no_programme(page)
        } else {
            el("div")
                .is("class", "overview")
                .child(el("h1").is("tabindex", "-1").child(t!("nav.overview")))
                .child(counts(view))
                .child(next_steps::next_steps(&view.next_steps, unfolded))
                .into_any()
        };
    };
    let title = words::title(page, programme);
    let text = |name: &str| programme.fields.get(name).and_then(Value::as_str);
    let period = text("period").map(format::stored);
    let acronym = text("acronym").map(str::to_owned);
    let facts: Vec<String> = acronym.into_iter().chain(period).collect();
    let path = kind("programme")
        .map(|kind| Route::record(kind, &programme.reference.key, "").path())
        .unwrap_or_default();
    el("div")
        .is("class", "overview")
        .child(
            el("header")
                .is("class", "head")
                .child(el("p").is("class", "trail").child(facts.join(" · ")))
                .child(
                    el("div")
                        .is("class", "name")
                        .child(
                            el("h1")
                                .is("tabindex", "-1")
                                .is("dir", "auto")
                                .attr("lang", title.language)
                                .child(title.text),
                        )
                        .child(
                            el("a")
                                .is("class", "secondary")
                                .is("role", "button")
                                .attr("href", path)
                                .child(t!("overview.programme")),
                        ),
                ),
        )
        .child(counts(view))
        .child(
            el("div")
                .is("class", "halves")
                .child(next_steps::next_steps(&view.next_steps, unfolded))
                .child(indicators::indicators(page, &view.indicators, unfolded)),
        )
        .into_any()
}

/// How many records there are of each kind, as links to their lists.
fn counts(view: &OverviewView) -> AnyView {
    let each = KINDS
        .iter()
        .filter(|kind| kind.name != "programme")
        .filter_map(|kind| {
            let count = *view.counts.get(kind.name)?;
            let path = Route::list(kind, "").path();
            let name = crate::locale::counted(&format!("kind.{}", kind.name), count as u64, &[]);
            Some(
                el("li")
                    .child(
                        el("a")
                            .attr("href", path)
                            .child(el("strong").child(format::number(count as f64)))
                            .child(el("span").child(name)),
                    )
                    .into_any(),
            )
        });
    let each: Vec<AnyView> = each.collect();
    el("ul")
        .is("class", "counts")
        .attr("aria-label", t!("overview.counts"))
        .child(each)
        .into_any()
}
