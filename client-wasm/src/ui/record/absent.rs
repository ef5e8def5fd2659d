//! A record that is not on this device: why that can be, and for a report, a way to begin it.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::id::RecordRef;
use meltemi_core::record::{FieldPath, Kind};
use serde_json::json;

use crate::app::route::Route;
use crate::t;
use crate::ui::live::clicked;
use crate::ui::page::Page;
use crate::ui::{screen, words};

/// The record is not here. `again` asks for it once more.
pub(crate) fn absent(
    page: Page,
    kind: &'static Kind,
    reference: &RecordRef,
    again: Callback<()>,
) -> AnyView {
    let event = RecordRef::new("event", reference.key.as_str());
    if kind.name == "event_report" && page.summary(&event).is_some() {
        return begin(page, kind, event, again);
    }
    screen::title(page, t!("absent.title"));
    let list = Route::list(kind, "").path();
    view! {
        <div class="notice">
            <h1 tabindex="-1">{t!("absent.title")}</h1>
            <p>{t!("absent.text")}</p>
            <p><code>{reference.to_string()}</code></p>
            <div class="actions">
                <button type="button" on:click=clicked(move |_| again.run(()))>{t!("absent.again")}</button>
                <a class="secondary" role="button" href=list>{words::kind_plural(kind.name)}</a>
            </div>
        </div>
    }
    .into_any()
}

/// The report of an event that has none.
fn begin(page: Page, kind: &'static Kind, event: RecordRef, again: Callback<()>) -> AnyView {
    let title = words::record_title(page, &event);
    let heading = t!(
        "record.of",
        kind = words::kind_name(kind.name),
        title = title
    );
    screen::title(page, heading.clone());
    let path = meltemi_core::record::kind("event")
        .map(|kind| Route::record(kind, &event.key, "").path())
        .unwrap_or_default();
    let click = move |_| {
        let Some(programme) = page.programme() else {
            return;
        };
        let reference = RecordRef::new(kind.name, event.key.as_str());
        let values = vec![(FieldPath::field("event"), json!(event.to_string()))];
        page.execute(
            Command::CreateRecord {
                programme,
                reference,
                values,
            },
            move |result| match result {
                Ok(_) => again.run(()),
                Err(failure) => page.tell(&failure),
            },
        );
    };
    view! {
        <div class="notice">
            <h1 tabindex="-1" dir="auto">{heading}</h1>
            <p>{t!("absent.no_report")}</p>
            <div class="actions">
                <button type="button" on:click=clicked(click)>{t!("record.begin_report")}</button>
                <a class="secondary" role="button" href=path>{t!("record.to_event")}</a>
            </div>
        </div>
    }
    .into_any()
}

/// Nothing is here yet: the programme has not come.
pub(crate) fn no_programme(page: Page) -> AnyView {
    screen::title(page, t!("empty.title"));
    view! {
        <div class="notice">
            <h1 tabindex="-1">{t!("empty.title")}</h1>
            <p>{t!("empty.text")}</p>
        </div>
    }
    .into_any()
}
