//! The search box and the filters of a list.

use leptos::prelude::*;

use super::Listed;
use crate::app::filters::{Filter, OPEN, filters};
use crate::app::fold::fold;
use crate::app::order::sort_by_key;
use crate::app::query::Query;
use crate::t;
use crate::ui::control::choice::{Choice, options};
use crate::ui::dom::el;
use crate::ui::live::{happened, live, memo};
use crate::ui::words;
use crate::{locale, locale::field};

/// The search box and the filters that make a difference for the records that are here.
pub(crate) fn filter_bar(listed: Listed) -> AnyView {
    let Listed { page, kind, query } = listed;
    let all = move || page.records(kind.name);
    let search = move |event| {
        let text = event_target_value(&event);
        listed.change(|query| query.search = text);
    };
    let filters: Vec<AnyView> = filters(kind)
        .into_iter()
        .map(|filter| choice(listed, filter))
        .collect();
    let conflicts = memo(move || {
        all()
            .iter()
            .filter(|summary| !summary.removed && summary.conflicts > 0)
            .count()
    });
    let only_open = memo(move || !query.with(|query| query.filter(OPEN).is_empty()));
    let open = move || {
        (conflicts.get() > 0 || only_open.get()).then(|| {
            let change = move |event| {
                let on = if event_target_checked(&event) {
                    "1"
                } else {
                    ""
                };
                listed.change(|query| query.set_filter(OPEN, on.to_owned()));
            };
            el("label")
                .is("class", "box")
                .child(
                    el("input")
                        .is("type", "checkbox")
                        .prop("checked", move || only_open.get())
                        .on("change", happened(change)),
                )
                .child(t!("list.open", count = conflicts.get()))
                .into_any()
        })
    };
    let clear = move || {
        query.with(Query::narrows).then(|| {
            let click = move |_| listed.change(Query::clear);
            el("button")
                .is("type", "button")
                .is("class", "quiet")
                .on("click", happened(click))
                .child(t!("list.clear"))
                .into_any()
        })
    };
    el("search")
        .child(
            el("form")
                .is("class", "filters")
                .on("submit", happened(|event| event.prevent_default()))
                .child(
                    el("label")
                        .is("class", "search")
                        .child(el("span").child(t!("list.search")))
                        .child(
                            el("input")
                                .is("type", "search")
                                .is("dir", "auto")
                                .is("autocomplete", "off")
                                .attr("placeholder", t!("list.search_hint"))
                                .prop("value", move || query.with(|query| query.search.clone()))
                                .on("input", happened(search)),
                        ),
                )
                .child(filters)
                .child(live(open))
                .child(live(clear)),
        )
        .into_any()
}

/// One filter; nothing while it could not narrow anything.
fn choice(listed: Listed, filter: Filter) -> AnyView {
    let Listed { page, kind, query } = listed;
    let name = filter.name();
    let choices = memo(move || {
        let here: Vec<_> = page
            .records(kind.name)
            .iter()
            .filter(|summary| !summary.removed)
            .cloned()
            .collect();
        let label = |value: &String| match &filter {
            Filter::Year(_) => value.clone(),
            Filter::Place(_) => words::link(page, value),
            Filter::CountryOf(_) => locale::word("country", value),
            Filter::Word(field) => match &field.shape {
                meltemi_core::record::Shape::Value(meltemi_core::record::Scalar::Code(words))
                | meltemi_core::record::Shape::Tags(meltemi_core::record::Member::Code(words)) => {
                    locale::word(words.name, value)
                }
                _ => value.clone(),
            },
        };
        let options = filter.options(&here, &|reference| page.summary(reference));
        let mut choices: Vec<Choice> = options
            .iter()
            .map(|value| (value.clone(), label(value)))
            .collect();
        sort_by_key(&mut choices, |(_, label)| fold(label));
        choices
    });
    let chosen = memo(move || query.with(|query| query.filter(name).to_owned()));
    let label = match &filter {
        Filter::Year(_) => t!("list.year"),
        Filter::CountryOf(_) => t!("list.country"),
        Filter::Place(declared) | Filter::Word(declared) => field(kind.name, &[declared.name]),
    };
    let label = StoredValue::new(label);
    let shown = memo(move || choices.with(Vec::len) > 1 || !chosen.with(String::is_empty));
    let draw = move || {
        shown.get().then(|| {
            let change = move |event| {
                let value = event_target_value(&event);
                listed.change(|query| query.set_filter(name, value));
            };
            let all = move || options(vec![(String::new(), choices.get())], &chosen.get());
            el("label")
                .class_live("chosen", move || !chosen.with(String::is_empty))
                .child(el("span").child(label.get_value()))
                .child(
                    el("select")
                        .prop("value", move || chosen.get())
                        .on("change", happened(change))
                        .child(el("option").is("value", "").child(t!("list.all")))
                        .child(live(all)),
                )
                .into_any()
        })
    };
    live(draw)
}
