//! The address bar: reading it, writing it, following links without loading the page anew.

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlAnchorElement, HtmlElement};

use super::page::Page;
use super::{ending, toasts};
use crate::app::route::Route;
use crate::app::status::only_here;

/// Follows the address from now on, and asks before a page with unsaved changes is left.
pub(crate) fn start(page: Page) {
    page.route.set(current());
    let handles = [
        window_event_listener(ev::popstate, move |_| page.route.set(current())),
        window_event_listener(ev::click, move |event| follow(page, &event)),
        window_event_listener(ev::keydown, move |event| keys(page, &event)),
        window_event_listener(ev::beforeunload, move |event| {
            // What would be lost was looked at, or said.
            if page.endings.goes() {
                return;
            }
            ending::leave_field();
            let held = page
                .status
                .with_untracked(|status| status.as_ref().is_some_and(|it| only_here(it) > 0));
            let decides = page.decisions.is_lost_with_page();
            if decides || held || page.unanswered.get_untracked() > 0 {
                event.prevent_default();
            }
        }),
    ];
    on_cleanup(move || handles.into_iter().for_each(WindowListenerHandle::remove));
}

/// Adds an address to the history.
pub(crate) fn push(route: &Route) {
    if let Ok(history) = window().history() {
        // A browser that refuses shows the screen all the same.
        drop(history.push_state_with_url(&JsValue::NULL, "", Some(&route.path())));
    }
}

/// Puts an address in the place of the current one.
pub(crate) fn replace(route: &Route) {
    if let Ok(history) = window().history() {
        drop(history.replace_state_with_url(&JsValue::NULL, "", Some(&route.path())));
    }
}

/// Makes a place of the screen visible and puts the focus there.
pub(crate) fn reveal(id: &str) {
    let Some(element) = document().get_element_by_id(id) else {
        return;
    };
    // What is folded away unfolds.
    let mut around = element.parent_element();
    while let Some(outer) = around {
        if outer.tag_name() == "DETAILS" {
            drop(outer.set_attribute("open", ""));
        }
        around = outer.parent_element();
    }
    element.scroll_into_view();
    let inside = element
        .query_selector("input, select, textarea, summary, button")
        .ok()
        .flatten();
    focus(&inside.unwrap_or(element));
}

/// Goes to the top of a new screen and puts the focus on its heading, so that a screen reader
/// reads it. The heading may still be to come.
pub(crate) fn focus_heading() {
    window().scroll_to_with_x_and_y(0.0, 0.0);
    focus_heading_soon(40);
}

/// Puts the focus on what this selects.
pub(crate) fn focus_at(selector: &str) {
    if let Ok(Some(element)) = document().query_selector(selector) {
        focus(&element);
    }
}

fn focus_heading_soon(tries: u8) {
    if let Ok(Some(heading)) = document().query_selector("#main h1") {
        focus(&heading);
    } else if tries > 0 {
        let again = move || focus_heading_soon(tries - 1);
        set_timeout(again, Duration::from_millis(50));
    }
}

fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        if element.tab_index() < 0 {
            element.set_tab_index(-1);
        }
        drop(element.focus());
    }
}

fn current() -> Route {
    let location = window().location();
    let part = |text: Result<String, JsValue>| text.unwrap_or_default();
    let fragment = part(location.hash());
    Route::parse(
        &part(location.pathname()),
        part(location.search()).trim_start_matches('?'),
        &crate::app::query::decode(fragment.trim_start_matches('#')),
    )
}

/// Follows a link within the client.
fn follow(page: Page, event: &web_sys::MouseEvent) {
    let plain = event.button() == 0
        && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
    if !plain || event.default_prevented() {
        return;
    }
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let link = target.and_then(|target| target.closest("a[href]").ok().flatten());
    let Some(link) = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) else {
        return;
    };
    let here = window().location().origin().unwrap_or_default();
    if link.origin() != here || link.has_attribute("download") || !link.target().is_empty() {
        return;
    }
    event.prevent_default();
    let fragment = link.hash();
    let fragment = crate::app::query::decode(fragment.trim_start_matches('#'));
    let route = Route::parse(
        &link.pathname(),
        link.search().trim_start_matches('?'),
        &fragment,
    );
    let again = page.route.get_untracked() == route;
    if again {
        reveal(&fragment);
    } else {
        page.go(route);
    }
}

/// Ctrl+Z and Ctrl+Shift+Z outside of text that is being written.
fn keys(page: Page, event: &web_sys::KeyboardEvent) {
    let command = event.ctrl_key() || event.meta_key();
    if !command || event.alt_key() || !event.key().eq_ignore_ascii_case("z") {
        return;
    }
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let writing = target.is_some_and(|target| {
        let selector = "textarea, input:not([type=checkbox]):not([type=radio])";
        target.matches(selector).unwrap_or(false)
    });
    if writing {
        return;
    }
    event.prevent_default();
    if event.shift_key() {
        toasts::redo(page);
    } else {
        toasts::undo(page);
    }
}
