//! The frame around the screens: skip link, header, navigation, the screen, messages.

use leptos::prelude::*;
use meltemi_core::record::kind;

use super::live::{clicked, happened, live, memo};
use super::page::{Loaded, Page};
use super::{router, screen, status, toasts, words};
use crate::app::language::{LANGUAGES, language};
use crate::app::route::Route;
use crate::{locale, t};

/// Kinds that the navigation names at once, and those under "More".
const MAIN: [&str; 3] = ["event", "city", "outcome"];
const MORE: [&str; 4] = ["organisation", "product", "targeted_action", "programme"];

/// Everything, in the language that is loaded. Another language draws all of it anew.
pub(crate) fn app(page: Page) -> AnyView {
    let draw = move || match page.language.get() {
        Loaded::Waiting => ().into_any(),
        Loaded::Here(language) => {
            if let Some(root) = document().document_element() {
                drop(root.set_attribute("lang", language.code));
                drop(root.set_attribute("dir", if language.rtl { "rtl" } else { "ltr" }));
            }
            frame(page)
        }
        Loaded::Failed(failure) => no_language(page, failure.message),
    };
    live(draw)
}

fn frame(page: Page) -> AnyView {
    let current = memo(move || page.route.get().screen());
    // The address stays the same screen while a person filters or jumps within it.
    Effect::new(move |before: Option<Route>| {
        let now = current.get();
        if before.is_some_and(|before| before != now) {
            request_animation_frame(router::focus_heading);
        }
        now
    });
    view! {
        <a class="skip" href="#main" on:click=clicked(move |event| {
            event.prevent_default();
            router::focus_heading();
        })>{t!("shell.skip")}</a>
        <header class="top">
            <a class="brand" href="/">
                <img src="/icons/icon.svg" alt="" width="28" height="28"/>
                <span>{move || words::programme_name(page)}</span>
            </a>
            {navigation(page)}
            <div class="tools">
                {status::status(page)}
                {language_menu(page)}
            </div>
        </header>
        <main id="main">{move || screen::screen(page, current.get())}</main>
        {toasts::toasts(page)}
    }
    .into_any()
}

fn navigation(page: Page) -> AnyView {
    let mut links = vec![link(page, Route::Overview, t!("nav.overview"), "overview")];
    links.extend(MAIN.iter().filter_map(|name| kind_link(page, name)));
    let more: Vec<AnyView> = MORE
        .iter()
        .filter_map(|name| kind_link(page, name))
        .collect();
    let within = move || {
        page.route
            .get()
            .kind()
            .is_some_and(|kind| MORE.contains(&kind.name))
    };
    view! {
        <nav class="main" aria-label=t!("nav.label")>
            <ul>
                {links.into_iter().map(|link| view! { <li>{link}</li> }.into_any()).collect::<Vec<_>>()}
                <li>
                    {super::status::popover(
                        "more",
                        move || {
                            view! {
                                <span class="icon" data-icon="more" aria-hidden="true"></span>
                                <span class:here=within>{t!("nav.more")}</span>
                            }
                                .into_any()
                        },
                        view! {
                            <ul>
                                {more
                                    .into_iter()
                                    .map(|link| view! { <li>{link}</li> }.into_any())
                                    .collect::<Vec<_>>()}
                            </ul>
                        }
                            .into_any(),
                    )}
                </li>
            </ul>
        </nav>
    }
    .into_any()
}

fn kind_link(page: Page, name: &'static str) -> Option<AnyView> {
    Some(link(
        page,
        Route::list(kind(name)?, ""),
        words::kind_plural(name),
        name,
    ))
}

fn link(page: Page, route: Route, label: String, icon: &'static str) -> AnyView {
    let href = route.path();
    let here = move || {
        let now = page.route.get();
        let same = match (now.kind(), route.kind()) {
            (Some(a), Some(b)) => a.name == b.name,
            _ => now == route,
        };
        same.then_some("page")
    };
    view! {
        <a href=href aria-current=move || here()>
            <span class="icon" data-icon=icon aria-hidden="true"></span>
            <span>{label}</span>
        </a>
    }
    .into_any()
}

fn language_menu(page: Page) -> AnyView {
    let now = locale::language().code;
    let choose = move |event| {
        let code = event_target_value(&event);
        if let Some(language) = language(&code) {
            page.device(|device| device.keep_language(&code));
            page.use_language(language);
        }
    };
    let options: Vec<AnyView> = LANGUAGES
        .iter()
        .map(|language| {
            let chosen = language.code == now;
            view! {
                <option value=language.code lang=language.code selected=chosen>
                    {language.name}
                </option>
            }
            .into_any()
        })
        .collect();
    view! {
        <select class="language" aria-label=t!("shell.language") on:change=happened(choose)>
            {options}
        </select>
    }
    .into_any()
}

/// Without a language there are no texts, so these few stand here.
fn no_language(page: Page, why: String) -> AnyView {
    let again = move |_| page.use_language(&LANGUAGES[0]);
    view! {
        <main class="notice" role="alert">
            <h1>"Meltemi"</h1>
            <p lang="en">"The texts of the screens could not be loaded. Your records are safe."</p>
            <p lang="fr">"Les textes n’ont pas pu être chargés. Vos données sont en sécurité."</p>
            <p><small>{why}</small></p>
            <button type="button" on:click=clicked(again)>"Try again · Réessayer"</button>
        </main>
    }
    .into_any()
}
