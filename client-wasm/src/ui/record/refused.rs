//! Edits of this device that the server has refused: why, what they would change, and the ways
//! out. The record shows what the server has accepted; one that it has not accepted at all is
//! shown as it is.

use leptos::prelude::*;
use meltemi_core::workspace::RefusedView;

use super::differences;
use super::open::Open;
use crate::app::protocol::{Answer, Ask, Export};
use crate::app::refused::{File, RefusedEdits, key, readable_file, whole_file};
use crate::app::route::Route;
use crate::locale::{self, format};
use crate::ui::dom::el;
use crate::ui::live::{effect, live, memo};
use crate::ui::parts::button;
use crate::ui::{decisions, router, toasts};
use crate::{t, tn};

/// The refused edits of the record; nothing when there are none.
pub(crate) fn refused(open: Open) -> AnyView {
    let page = open.page;
    let edits = memo(move || {
        let status = page.status.get()?;
        let mut all = status.refused.into_iter();
        all.find(|edits| edits.document == open.document)
    });
    let shown = RwSignal::new(None::<RefusedView>);
    let show = move |view: Option<RefusedView>| {
        if shown.try_with_untracked(|before| *before != view) == Some(true) {
            shown.set(view);
        }
    };
    effect(move || {
        // What they would change depends on the accepted version too.
        open.view.track();
        if edits.get().is_none() {
            return show(None);
        }
        let id = open.document;
        page.ask(Ask::Refused { id }, move |answer| match answer {
            Ok(Answer::Refused(view)) => show(view.map(|view| *view)),
            Ok(_) => {}
            Err(failure) => page.tell(&failure),
        });
    });
    live(move || shown.get().map(|view| block(open, &view)))
}

fn block(open: Open, view: &RefusedView) -> AnyView {
    let RefusedView { edits, differences } = view;
    let record = open.view.get_untracked();
    let now = open.page.device(|device| device.now());
    let (explain, discard) = if edits.whole {
        (t!("refused.whole"), t!("refused.discard_whole"))
    } else {
        (t!("refused.explain"), t!("refused.discard_explain"))
    };
    let changed = || {
        differences::table(
            open.of(&record),
            differences,
            "refused-title",
            [t!("refused.accepted"), t!("refused.yours")],
            t!("refused.no_difference"),
            None,
        )
    };
    let (whole, again) = (edits.whole, t!("refused.again"));
    el("section")
        .is("class", "refused")
        .is("aria-labelledby", "refused-title")
        .child(
            el("h2")
                .is("id", "refused-title")
                .child(tn!("refused.title", edits.changes)),
        )
        .child(reason(edits))
        .child(
            el("p")
                .is("class", "hint")
                .child(t!("refused.when", time = format::instant(edits.at, now)))
                .child(" ")
                .child(explain),
        )
        .child(decisions::told_here(open.page, edits))
        .child((!whole).then(changed))
        .child(
            el("div")
                .is("class", "actions")
                .child(button("", again, move || decide(open, true, whole)))
                .child(button("secondary", t!("refused.download"), move || {
                    export(open, whole_file)
                }))
                .child(button(
                    "quiet",
                    t!("refused.download_readable"),
                    move || export(open, readable_file),
                )),
        )
        .child(
            el("details")
                .is("class", "danger")
                .child(el("summary").child(t!("refused.discard")))
                .child(el("p").is("class", "hint").child(discard))
                .child(button("secondary", t!("refused.discard_now"), move || {
                    decide(open, false, whole)
                })),
        )
        .into_any()
}

/// Why, in the person's language, or else as the server says it.
fn reason(edits: &RefusedEdits) -> AnyView {
    let text = key(&edits.code).and_then(|key| locale::optional(&key, &[]));
    match text {
        Some(text) => el("p").child(text).into_any(),
        None => el("p")
            .is("lang", "en")
            .is("dir", "auto")
            .child(edits.message.clone())
            .into_any(),
    }
}

fn decide(open: Open, again: bool, whole: bool) {
    let (page, id) = (open.page, open.document);
    page.ask(
        Ask::DecideRefused { id, again },
        move |answer| match answer {
            Ok(_) if again => done(open, t!("refused.done_again")),
            // There is nothing left to show.
            Ok(_) if whole => {
                toasts::say(page, t!("refused.done_discarded"));
                page.go(Route::list(open.kind, ""));
            }
            Ok(_) => done(open, t!("refused.done_discarded")),
            Err(failure) => page.tell(&failure),
        },
    );
}

/// The button that was pressed goes with the block: the focus goes to the heading of the record.
fn done(open: Open, text: String) {
    toasts::say(open.page, text);
    router::focus_heading();
}

fn export(open: Open, file: fn(&str, Export) -> Option<File>) {
    let (page, id) = (open.page, open.document);
    page.ask(Ask::ExportRefused { id }, move |answer| match answer {
        Ok(Answer::ExportRefused(Some(export))) => {
            let file = open.view.with_untracked(|view| file(&view.key, export));
            let Some(File { name, media, bytes }) = file else {
                return;
            };
            page.device(|device| device.offer_file(&name, media, &bytes));
            toasts::say(page, t!("refused.done_download", name = name));
        }
        Ok(_) => {}
        Err(failure) => page.tell(&failure),
    });
}
