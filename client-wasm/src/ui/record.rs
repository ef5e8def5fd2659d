//! The screen of one record, the same for every kind: all of it comes from the declaration.

mod absent;
mod contents;
pub(crate) mod differences;
mod extras;
mod header;
mod history;
pub(crate) mod open;
mod questions;
mod refused;

use leptos::prelude::*;
use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::record::{FieldPath, Kind};
use meltemi_core::view::RecordView;

pub(crate) use self::absent::no_programme;
use self::open::Open;
use super::dom::el;
use super::field::field;
use super::live::{effect, happened, live, memo};
use super::page::{Listing, Loaded, Page};
use super::{router, screen, words};
use crate::app::failure::failure;
use crate::app::form::sections;
use crate::app::protocol::{Answer, Ask};
use crate::app::route::Route;
use crate::locale;

/// The screen of a record.
pub(crate) fn record(page: Page, kind: &'static Kind, reference: RecordRef) -> AnyView {
    let loaded = RwSignal::new(Loaded::<Box<RecordView>>::Waiting);
    let id = {
        let reference = reference.clone();
        memo(move || match page.programme() {
            Some(programme) => Some(DocumentId::of_record(&programme, &reference)),
            // Whoever may not read the programme any more can have edits that nobody has taken.
            None => page.summary(&reference).map(|summary| summary.id),
        })
    };
    let ask = move || {
        let Some(id) = id.get() else { return };
        page.ask(Ask::Record { id }, move |answer| {
            loaded.try_set(match answer {
                Ok(Answer::Record(view)) => Loaded::Here(view),
                Ok(_) => Loaded::Failed(failure("bad-message", "the answer is no record")),
                Err(failure) => Loaded::Failed(failure),
            });
        });
    };
    effect(move || ask());
    // A record that was not here may come from elsewhere.
    effect(move || {
        let changed = page.changed.get();
        let absent = loaded.with_untracked(|loaded| matches!(loaded, Loaded::Failed(_)));
        if absent && id.get_untracked().is_some_and(|id| changed.contains(&id)) {
            ask();
        }
    });
    let no_programme = memo(move || {
        let list = page.list("programme").map(|list| list.get());
        matches!(list, Some(Listing::Here(all)) if all.is_empty())
    });
    let draw = move || match loaded.get() {
        _ if no_programme.get() && id.get().is_none() => absent::no_programme(page),
        Loaded::Waiting => screen::waiting(),
        Loaded::Here(view) => opened(page, kind, *view),
        Loaded::Failed(failure) if failure.code == "not-here" => {
            absent::absent(page, kind, &reference, Callback::new(move |()| ask()))
        }
        Loaded::Failed(failure) => screen::failed(&failure),
    };
    live(draw)
}

fn opened(page: Page, kind: &'static Kind, view: RecordView) -> AnyView {
    let open = Open::new(page, kind, view);
    let title = memo(move || open.view.with(|view| words::view_title(page, kind, view)));
    effect(move || screen::title(page, title.get().text));
    go_to_place(page);
    let all = sections(kind);
    let contents = contents::contents(open, &all);
    let drawn: Vec<AnyView> =
        all.into_iter()
            .map(|section| {
                let fields: Vec<AnyView> = section
                    .fields
                    .iter()
                    .map(|declared| field(open, &FieldPath::root(), declared))
                    .collect();
                el("details")
                    .attr("open", true)
                    .is("class", "section")
                    .attr("id", contents::section_id(section.name))
                    .child(el("summary").child(
                        el("h2").child(locale::text(&format!("section.{}", section.name), &[])),
                    ))
                    .child(el("div").is("class", "fields").child(fields))
                    .into_any()
            })
            .collect();
    el("div")
        .is("class", "record")
        .child(header::header(open, title))
        .child(refused::refused(open))
        .child(questions::questions(open))
        .child(
            el("div").is("class", "columns").child(contents).child(
                el("form")
                    .is("class", "sheet")
                    .is("autocomplete", "off")
                    .on("submit", happened(|event| event.prevent_default()))
                    .child(drawn)
                    .child(extras::extras(open)),
            ),
        )
        .into_any()
}

/// Goes to the place in the address, now and whenever it changes.
fn go_to_place(page: Page) {
    let place = memo(move || match page.route.get() {
        Route::Record { place, .. } => place,
        _ => String::new(),
    });
    effect(move || {
        let place = place.get();
        if !place.is_empty() {
            // First the screen is drawn.
            request_animation_frame(move || router::reveal(&place));
        }
    });
}
