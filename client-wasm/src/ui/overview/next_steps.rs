//! What waits for somebody, most pressing first. Each leads to the field it is about.

use leptos::prelude::*;
use meltemi_core::record::{FieldPath, kind};
use meltemi_core::view::{NextStep, Task};

use crate::app::form::field_names;
use crate::app::keys;
use crate::app::route::Route;
use crate::app::title::choose;
use crate::locale;
use crate::ui::dom::el;
use crate::ui::live::several;
use crate::ui::page::Page;
use crate::ui::parts::Unfolded;
use crate::ui::words;
use crate::{t, tn};

/// How many are shown at once.
const FIRST: usize = 12;

/// The list of next steps.
pub(crate) fn next_steps(steps: &[NextStep], unfolded: Unfolded) -> AnyView {
    let page = Page::here();
    let row = |step: &NextStep| row(page, step);
    let first: Vec<AnyView> = steps.iter().take(FIRST).map(row).collect();
    let rest: Vec<AnyView> = steps.iter().skip(FIRST).map(row).collect();
    let more = (!rest.is_empty()).then(|| {
        let count = rest.len() as u64;
        unfolded
            .part("next-steps", tn!("overview.more_steps", count))
            .child(el("ul").is("class", "steps").child(rest))
            .into_any()
    });
    let nothing = first.is_empty().then(|| {
        el("p")
            .is("class", "hint")
            .child(t!("overview.no_steps"))
            .into_any()
    });
    el("section")
        .is("class", "next-steps")
        .is("aria-labelledby", "steps-title")
        .child(el("h2").is("id", "steps-title").child(t!("overview.steps")))
        .child(nothing)
        .child(el("ul").is("class", "steps").child(first))
        .child(more)
        .into_any()
}

fn row(page: Page, step: &NextStep) -> AnyView {
    let Some(kind) = kind(&step.kind) else {
        return ().into_any();
    };
    let place = step.field.clone().unwrap_or_default();
    let label = match place.parse::<FieldPath>() {
        Ok(path) if !path.is_root() => {
            let names = field_names(kind, &path);
            let mut label = locale::field(kind.name, &names);
            // A fixed entry, such as a step of an event, is named by its word.
            if let Some(word) = words::fixed_entry(kind, &path) {
                label = word;
            }
            Some(match &step.entry {
                Some(entry) => format!("{entry} › {label}"),
                None => label,
            })
        }
        _ => None,
    };
    let title = choose(&step.title, locale::language().code);
    // The key of the record is in its summary: the step names only the document.
    let id = step.record;
    let path = move || {
        let records = page.records(kind.name);
        let key = records
            .iter()
            .find(|summary| summary.id == id)?
            .reference
            .key
            .clone();
        Some(Route::record(kind, &key, &place).path())
    };
    let (language, text) = match title {
        Some(title) => (title.language, title.text),
        None => (
            String::new(),
            t!("record.untitled", kind = words::kind_name(kind.name)),
        ),
    };
    let task = match step.task {
        Task::Settle => "settle",
        Task::Overdue => "overdue",
        Task::StepOpen => "open",
        Task::Complete => "complete",
    };
    el("li")
        .attr("data-task", task)
        .child(
            el("a")
                .live("href", move || path())
                .child(
                    el("span")
                        .is("class", "task")
                        .child(locale::text(keys::task(step.task), &[]))
                        .child(label.map(|label| {
                            several(vec![
                                (": ").into_any(),
                                (el("strong").child(label)).into_any(),
                            ])
                            .into_any()
                        })),
                )
                .child(
                    el("span")
                        .is("class", "of")
                        .is("dir", "auto")
                        .attr("lang", language)
                        .child(text),
                ),
        )
        .into_any()
}
