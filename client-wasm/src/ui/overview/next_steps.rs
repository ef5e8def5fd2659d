//! What waits for somebody, most pressing first. Each leads to the field it is about.

use leptos::prelude::*;
use meltemi_core::record::{FieldPath, kind};
use meltemi_core::view::{NextStep, Task};

use crate::app::form::field_names;
use crate::app::keys;
use crate::app::route::Route;
use crate::app::title::choose;
use crate::locale;
use crate::ui::page::Page;
use crate::ui::words;
use crate::{t, tn};

/// How many are shown at once.
const FIRST: usize = 12;

/// The list of next steps.
pub(crate) fn next_steps(steps: &[NextStep]) -> AnyView {
    let page = Page::here();
    let row = |step: &NextStep| row(page, step);
    let first: Vec<AnyView> = steps.iter().take(FIRST).map(row).collect();
    let rest: Vec<AnyView> = steps.iter().skip(FIRST).map(row).collect();
    let more = (!rest.is_empty()).then(|| {
        let count = rest.len() as u64;
        view! {
            <details>
                <summary>{tn!("overview.more_steps", count)}</summary>
                <ul class="steps">{rest}</ul>
            </details>
        }
        .into_any()
    });
    let nothing = first
        .is_empty()
        .then(|| view! { <p class="hint">{t!("overview.no_steps")}</p> }.into_any());
    view! {
        <section class="next-steps" aria-labelledby="steps-title">
            <h2 id="steps-title">{t!("overview.steps")}</h2>
            {nothing}
            <ul class="steps">{first}</ul>
            {more}
        </section>
    }
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
            Some(label)
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
    view! {
        <li data-task=task>
            <a href=move || path()>
                <span class="task">
                    {locale::text(keys::task(step.task), &[])}
                    {label.map(|label| view! { ": " <strong>{label}</strong> }.into_any())}
                </span>
                <span class="of" dir="auto" lang=language>{text}</span>
            </a>
        </li>
    }
    .into_any()
}
