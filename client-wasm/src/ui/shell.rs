//! The frame around the screens: skip link, header, navigation, the screen, messages.

use leptos::prelude::*;
use meltemi_core::record::kind;
use web_sys::HtmlSelectElement;

use super::dom::el;
use super::live::{happened, live, memo, several};
use super::page::{Loaded, Page};
use super::{account, ending, leave, lock, router, screen, status, toasts, words};
use crate::app::language::{LANGUAGES, language};
use crate::app::route::Route;
use crate::{locale, t};

/// Kinds that the navigation names at once, and those under "More".
const MAIN: [&str; 3] = ["event", "city", "outcome"];
const MORE: [&str; 4] = ["organisation", "product", "targeted_action", "programme"];

/// Everything, in the language that is loaded. Another language draws all of it anew.
pub(crate) fn app(page: Page) -> AnyView {
    in_language(page, frame)
}

/// Draws a frame once a language is loaded, and anew in another one.
pub(crate) fn in_language(page: Page, frame: fn(Page) -> AnyView) -> AnyView {
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
    let closed = memo(move || lock::is_closed(page));
    live(move || {
        if closed.get() {
            lock::screen(page)
        } else {
            screens(page)
        }
    })
}

fn screens(page: Page) -> AnyView {
    let current = memo(move || page.route.get().screen());
    // The address stays the same screen while a person filters or jumps within it.
    Effect::new(move |before: Option<Route>| {
        let now = current.get();
        let place = page.route.with_untracked(|route| route.place().is_empty());
        if place && before.is_some_and(|before| before != now) {
            request_animation_frame(router::focus_heading);
        }
        now
    });
    several(vec![
        (el("a")
            .is("class", "skip")
            .is("href", "#main")
            .on(
                "click",
                happened(move |event| {
                    event.prevent_default();
                    router::focus_heading();
                }),
            )
            .child(t!("shell.skip")))
        .into_any(),
        (el("header")
            .is("class", "top")
            .child(
                el("a")
                    .is("class", "brand")
                    .is("href", "/")
                    .child(
                        el("img")
                            .is("src", "/icons/icon.svg")
                            .is("alt", "")
                            .is("width", "28")
                            .is("height", "28"),
                    )
                    .child(
                        // Too long for a phone, it is cut where it ends.
                        el("span")
                            .is("dir", "auto")
                            .child(live(move || words::programme_name(page))),
                    ),
            )
            .child(navigation(page))
            .child(
                el("div")
                    .is("class", "tools")
                    .child(status::status(page))
                    .child(account::menu(page))
                    .child(language_menu(page)),
            ))
        .into_any(),
        (el("main")
            .is("id", "main")
            .child(account::lapsed(page))
            .child(live(move || screen::screen(page, current.get()))))
        .into_any(),
        (toasts::toasts(page)).into_any(),
        ending::question(page),
        leave::question(page),
    ])
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
    el("nav")
        .is("class", "main")
        .attr("aria-label", t!("nav.label"))
        .child(
            el("ul")
                .child(
                    links
                        .into_iter()
                        .map(|link| el("li").child(link).into_any())
                        .collect::<Vec<_>>(),
                )
                .child(
                    el("li").child(super::status::popover(
                        "more",
                        move || {
                            several(vec![
                                (el("span")
                                    .is("class", "icon")
                                    .is("data-icon", "more")
                                    .is("aria-hidden", "true"))
                                .into_any(),
                                (el("span").class_live("here", within).child(t!("nav.more")))
                                    .into_any(),
                            ])
                            .into_any()
                        },
                        el("ul")
                            .child(
                                more.into_iter()
                                    .map(|link| el("li").child(link).into_any())
                                    .collect::<Vec<_>>(),
                            )
                            .into_any(),
                    )),
                ),
        )
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
    el("a")
        .attr("href", href)
        .live("aria-current", move || here())
        .child(
            el("span")
                .is("class", "icon")
                .attr("data-icon", icon)
                .is("aria-hidden", "true"),
        )
        .child(el("span").child(label))
        .into_any()
}

pub(crate) fn language_menu(page: Page) -> AnyView {
    let now = locale::language().code;
    let choose = move |event| {
        let menu: HtmlSelectElement = event_target(&event);
        if let Some(language) = language(&menu.value()) {
            page.choose_language(language, move |here| {
                if !here {
                    menu.set_value(now);
                }
            });
        }
    };
    let options: Vec<AnyView> = LANGUAGES
        .iter()
        .map(|language| {
            let chosen = language.code == now;
            el("option")
                .attr("value", language.code)
                .attr("lang", language.code)
                .attr("selected", chosen)
                .child(language.name)
                .into_any()
        })
        .collect();
    el("select")
        .is("class", "language")
        .attr("aria-label", t!("shell.language"))
        .on("change", happened(choose))
        .child(options)
        .into_any()
}

/// Without a language there are no texts, so these few stand here.
fn no_language(page: Page, why: String) -> AnyView {
    let again = move |_| page.use_language(&LANGUAGES[0]);
    el("main")
        .is("class", "notice")
        .is("role", "alert")
        .child(el("h1").child("Meltemi"))
        .child(
            el("p")
                .is("lang", "en")
                .child("The texts of the screens could not be loaded. Your records are safe."),
        )
        .child(
            el("p")
                .is("lang", "fr")
                .child("Les textes n’ont pas pu être chargés. Vos données sont en sécurité."),
        )
        .child(
            el("p")
                .is("lang", "ar")
                .is("dir", "rtl")
                .child("تعذّر تحميل نصوص الشاشات. سجلاتك في أمان."),
        )
        .child(
            el("p")
                .is("lang", "es")
                .child("No se han podido cargar los textos. Sus fichas están a salvo."),
        )
        .child(el("p").child(el("small").child(why)))
        .child(
            el("button")
                .is("type", "button")
                .on("click", happened(again))
                .child("Try again · Réessayer · المحاولة مرة أخرى · Reintentar"),
        )
        .into_any()
}
