//! One of several: words of a vocabulary, records, yes or no.

use leptos::prelude::*;
use meltemi_core::record::Vocabulary;
use serde_json::Value;

use crate::app::fold::fold;
use crate::app::input::to_text;
use crate::app::order::sort_by_key;
use crate::locale;
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::{happened, live, memo, several};
use crate::ui::page::Page;
use crate::ui::slot::Slot;
use crate::ui::words;

/// Something to choose: value and label.
pub(crate) type Choice = (String, String);

/// Choices under a heading; the heading is empty when there is only one group.
pub(crate) type Group = (String, Vec<Choice>);

/// One word.
pub(crate) fn word(slot: Slot, vocabulary: &'static Vocabulary) -> AnyView {
    let groups = move || vec![(String::new(), word_choices(vocabulary))];
    let label = move |word: &str| locale::word(vocabulary.name, word);
    select(slot, groups, label, Value::String)
}

/// The words of a vocabulary with their labels. Long lists without an order of their own go by label.
pub(crate) fn word_choices(vocabulary: &'static Vocabulary) -> Vec<Choice> {
    let choice = |word: &&str| ((*word).to_owned(), locale::word(vocabulary.name, word));
    let mut choices: Vec<Choice> = vocabulary.words.iter().map(choice).collect();
    if vocabulary.name == "country" {
        sort_by_key(&mut choices, |(_, label)| fold(label));
    }
    choices
}

/// One record.
pub(crate) fn record(page: Page, slot: Slot, kinds: &'static [&'static str]) -> AnyView {
    let groups = move || record_choices(page, kinds);
    select(
        slot,
        groups,
        move |reference| words::link(page, reference),
        Value::String,
    )
}

/// The records of these kinds by their names, a group for each kind.
pub(crate) fn record_choices(page: Page, kinds: &'static [&'static str]) -> Vec<Group> {
    let group = |kind: &&'static str| {
        let heading = if kinds.len() > 1 {
            words::kind_plural(kind)
        } else {
            String::new()
        };
        let records = page.records(kind);
        let here = records.iter().filter(|summary| !summary.removed);
        let mut choices: Vec<Choice> = here
            .map(|summary| {
                (
                    summary.reference.to_string(),
                    words::title(page, summary).text,
                )
            })
            .collect();
        sort_by_key(&mut choices, |(_, label)| fold(label));
        (heading, choices)
    };
    kinds.iter().map(group).collect()
}

/// Yes, no, or not stated.
pub(crate) fn flag(slot: Slot) -> AnyView {
    let groups = || {
        let choices = vec![
            ("true".to_owned(), t!("value.yes")),
            ("false".to_owned(), t!("value.no")),
        ];
        vec![(String::new(), choices)]
    };
    select(slot, groups, str::to_owned, |text| {
        Value::Bool(text == "true")
    })
}

fn select(
    slot: Slot,
    groups: impl Fn() -> Vec<Group> + Send + Sync + 'static,
    label: impl Fn(&str) -> String + Send + 'static,
    to_value: fn(String) -> Value,
) -> AnyView {
    let groups = memo(move || groups());
    let current = memo(move || to_text(slot.value.get().as_ref()));
    let change = move |event| {
        let chosen = event_target_value(&event);
        slot.save(if chosen.is_empty() {
            Value::Null
        } else {
            to_value(chosen)
        });
    };
    let options = move || {
        let (groups, current) = (groups.get(), current.get());
        let known = groups
            .iter()
            .any(|(_, choices)| choices.iter().any(|(value, _)| *value == current));
        // A value of a newer version, or of a record that is not here, stays to be seen.
        let other = (!known && !current.is_empty())
            .then(|| option(current.clone(), label(&current), &current));
        several(vec![
            (el("option")
                .is("value", "")
                .attr("selected", current.is_empty())
                .child(t!("value.none")))
            .into_any(),
            (other).into_any(),
            (options(groups, &current)).into_any(),
        ])
        .into_any()
    };
    // Once the list is open, it shows what it showed when it was opened.
    let look = move |_| slot.look();
    slot.control("select")
        .attr("id", slot.id())
        .prop("value", move || current.get())
        .on("pointerdown", happened(look))
        .on("keydown", happened(look))
        .on("change", happened(change))
        .child(live(options))
        .into_any()
}

/// The options of a select, in groups where there are several.
pub(crate) fn options(groups: Vec<Group>, current: &str) -> Vec<AnyView> {
    let each = |(heading, choices): Group| {
        let all: Vec<AnyView> = choices
            .into_iter()
            .map(|(value, label)| option(value, label, current))
            .collect();
        if heading.is_empty() {
            all.into_any()
        } else {
            el("optgroup").attr("label", heading).child(all).into_any()
        }
    };
    groups.into_iter().map(each).collect()
}

fn option(value: String, label: String, current: &str) -> AnyView {
    let selected = value == current;
    el("option")
        .attr("value", value)
        .attr("selected", selected)
        .child(label)
        .into_any()
}
