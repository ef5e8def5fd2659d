//! Which screen an address shows, and what stands there when it cannot be shown.

use leptos::prelude::*;
use meltemi_core::id::RecordRef;

use super::live::clicked;
use super::page::Page;
use super::{list, new_record, overview, record, status};
use crate::app::failure::key;
use crate::app::protocol::Failure;
use crate::app::route::Route;
use crate::{locale, t};

/// The screen of an address.
pub(crate) fn screen(page: Page, route: Route) -> AnyView {
    let stage = page.stage.get();
    if let Some(view) = status::not_ready(page, &stage) {
        return view;
    }
    match route {
        Route::Overview => overview::overview(page),
        Route::List { kind, .. } => list::list(page, kind),
        Route::New { kind } => new_record::new_record(page, kind),
        Route::Record { kind, key, .. } => {
            record::record(page, kind, RecordRef::new(kind.name, key))
        }
        Route::Lost { path } => {
            title(page, t!("lost.title"));
            view! {
                <div class="notice">
                    <h1>{t!("lost.title")}</h1>
                    <p>{t!("lost.text")} " " <code>{path}</code></p>
                    <a role="button" href="/">{t!("lost.overview")}</a>
                </div>
            }
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
    view! {
        <div class="notice" role="alert">
            <h1>{t!("failure.title")}</h1>
            <p>{locale::text(&key(failure), &[])}</p>
            {advice.map(|advice| view! { <p>{advice}</p> }.into_any())}
            <button type="button" on:click=clicked(reload)>{t!("failure.reload")}</button>
            <details>
                <summary>{t!("failure.details")}</summary>
                <p dir="auto"><code>{failure.code.clone()}</code> " " {failure.message.clone()}</p>
            </details>
        </div>
    }
    .into_any()
}

/// Something small could not be had, within a screen.
pub(crate) fn failed_part(failure: &Failure) -> AnyView {
    view! { <p class="wrong" role="alert">{locale::text(&key(failure), &[])}</p> }.into_any()
}

/// Something is on its way.
pub(crate) fn waiting() -> AnyView {
    view! { <p class="waiting" aria-busy="true">{t!("shell.loading")}</p> }.into_any()
}
