//! Which screen an address shows, and what stands there when it cannot be shown.

use leptos::prelude::*;
use meltemi_core::id::RecordRef;

use super::dom::el;
use super::live::happened;
use super::page::Page;
use super::{account, decisions, list, new_record, overview, record, status};
use crate::app::failure::key;
use crate::app::protocol::Failure;
use crate::app::route::Route;
use crate::{locale, t};

/// The screen of an address.
pub(crate) fn screen(page: Page, route: Route) -> AnyView {
    if let Route::Join { secret } = route {
        return account::join(page, secret);
    }
    if let Some(view) = account::gate(page) {
        return view;
    }
    let stage = page.stage.get();
    if let Some(view) = status::not_ready(page, &stage) {
        return view;
    }
    match route {
        Route::Overview | Route::Join { .. } => overview::overview(page),
        Route::List { kind, .. } => list::list(page, kind),
        Route::New { kind } => new_record::new_record(page, kind),
        Route::Record { kind, key, .. } => {
            record::record(page, kind, RecordRef::new(kind.name, key))
        }
        Route::Decisions { id } => decisions::screen(page, id),
        Route::Lost { path } => {
            title(page, t!("lost.title"));
            el("div")
                .is("class", "notice")
                .child(el("h1").child(t!("lost.title")))
                .child(
                    el("p")
                        .child(t!("lost.text"))
                        .child(" ")
                        .child(el("code").child(path)),
                )
                .child(
                    el("a")
                        .is("role", "button")
                        .is("href", "/")
                        .child(t!("lost.overview")),
                )
                .into_any()
        }
    }
}

/// Names the screen in the title of the tab.
pub(crate) fn title(page: Page, title: String) {
    let name = untrack(move || super::words::programme_name(page));
    document().set_title(&format!("{title} · {name}"));
}

/// Something could not be had: why, and what to do.
pub(crate) fn failed(failure: &Failure) -> AnyView {
    let advice = locale::optional(&format!("{}.advice", key(failure)), &[]);
    let reload = move |_| {
        // A browser that cannot reload leaves the message on the screen.
        drop(window().location().reload());
    };
    el("div")
        .is("class", "notice")
        .is("role", "alert")
        .child(el("h1").child(t!("failure.title")))
        .child(el("p").child(locale::text(&key(failure), &[])))
        .child(advice.map(|advice| el("p").child(advice).into_any()))
        .child(
            el("button")
                .is("type", "button")
                .on("click", happened(reload))
                .child(t!("failure.reload")),
        )
        .child(
            el("details")
                .child(el("summary").child(t!("failure.details")))
                .child(
                    el("p")
                        .is("dir", "auto")
                        .child(el("code").child(failure.code.clone()))
                        .child(" ")
                        .child(failure.message.clone()),
                ),
        )
        .into_any()
}

/// Something small could not be had, within a screen.
pub(crate) fn failed_part(failure: &Failure) -> AnyView {
    el("p")
        .is("class", "wrong")
        .is("role", "alert")
        .child(locale::text(&key(failure), &[]))
        .into_any()
}

/// Something is on its way.
pub(crate) fn waiting() -> AnyView {
    el("p")
        .is("class", "waiting")
        .is("aria-busy", "true")
        .child(t!("shell.loading"))
        .into_any()
}
