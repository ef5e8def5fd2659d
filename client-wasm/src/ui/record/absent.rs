//! A record that is not on this device: why that can be, and for a report, a way to begin it.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::id::RecordRef;
use meltemi_core::record::{FieldPath, Kind};
use serde_json::json;

use crate::app::route::Route;
use crate::t;
use crate::ui::dom::el;
use crate::ui::page::Page;
use crate::ui::parts::{button, link_button, notice};
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
    notice(t!("absent.title"), t!("absent.text"))
        .child(el("p").child(el("code").child(reference.to_string())))
        .child(
            el("div")
                .is("class", "actions")
                .child(button("", t!("absent.again"), move || again.run(())))
                .child(link_button(
                    "secondary",
                    words::kind_plural(kind.name),
                    list,
                )),
        )
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
    let click = move || {
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
    notice(heading, t!("absent.no_report"))
        .child(
            el("div")
                .is("class", "actions")
                .child(button("", t!("record.begin_report"), click))
                .child(link_button("secondary", t!("record.to_event"), path)),
        )
        .into_any()
}

/// Nothing is here yet: the programme has not come.
pub(crate) fn no_programme(page: Page) -> AnyView {
    screen::title(page, t!("empty.title"));
    notice(t!("empty.title"), t!("empty.text")).into_any()
}
