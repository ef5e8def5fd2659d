//! The screens. They see `app` and `locale` only: neither Automerge nor the engine nor frames.

#![allow(
    clippy::redundant_closure,
    reason = "a closure in a view says that what it reads is followed"
)]

mod account;
mod conflict;
mod control;
mod decisions;
mod dom;
mod ending;
mod entries;
mod field;
mod leave;
mod list;
mod live;
mod lock;
mod new_record;
pub mod office;
mod overview;
mod page;
mod parts;
mod passkey;
mod people;
mod record;
mod router;
mod screen;
mod shell;
mod slot;
mod status;
mod toasts;
mod words;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use self::page::Page;
use crate::app::language::Language;
use crate::app::port::Outside;

/// Draws the screens into the element `app` and lets them live as long as the page.
pub fn start(outside: Outside, language: &'static Language) {
    let place = document().get_element_by_id("app");
    let Some(place) = place.and_then(|place| place.dyn_into().ok()) else {
        return;
    };
    let outside = send_wrapper(outside);
    mount_to(place, move || {
        let page = Page::new(outside);
        provide_context(page);
        lock::start(page);
        page.listen();
        page.use_language(language);
        account::start(page);
        account::follow_line(page);
        decisions::follow(page);
        page.follow_other_tabs();
        router::start(page);
        shell::app(page)
    })
    .forget();
}

/// The page runs in one thread; what is not made for several is kept to this one.
fn send_wrapper(outside: Outside) -> StoredValue<Outside, LocalStorage> {
    StoredValue::new_local(outside)
}
