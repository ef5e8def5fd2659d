//! Who changed what in the record, and when. Loaded when it is unfolded, in parts.

use leptos::prelude::*;
use meltemi_core::time::Timestamp;
use meltemi_core::view::history::{HistoryEntry, HistoryView};
use web_sys::HtmlDetailsElement;

use super::differences;
use super::open::Open;
use crate::app::protocol::{Answer, Ask};
use crate::locale::format;
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::{effect, happened, live};
use crate::ui::parts::{button, section};
use crate::ui::people;
use crate::ui::screen;

/// Entries that are loaded at one go.
const PART: usize = 20;

/// The section, folded.
pub(super) fn history(open: Open) -> AnyView {
    let shown = RwSignal::new(None::<HistoryView>);
    let unfolded = RwSignal::new(false);
    // What was there is loaded again with what is new; older parts are asked for.
    let load = move |count: usize| {
        let ask = Ask::History {
            id: open.document,
            skip: 0,
            count,
        };
        open.page.ask(ask, move |answer| match answer {
            Ok(Answer::History(view)) => drop(shown.try_set(Some(view))),
            Ok(_) => {}
            Err(failure) => open.page.tell(&failure),
        });
    };
    let known = move || shown.with_untracked(|view| view.as_ref().map_or(0, |v| v.entries.len()));
    effect(move || {
        open.view.track();
        if unfolded.get() {
            people::look(open.page);
            load(known().max(PART));
        }
    });
    let toggle = move |event: web_sys::Event| {
        unfolded.set(event_target::<HtmlDetailsElement>(&event).open());
    };
    let draw = move || match shown.get() {
        None => screen::waiting(),
        Some(view) => list(open, &view, move || load(known() + PART)),
    };
    section("section.history", t!("section.history"))
        .on("toggle", happened(toggle))
        .child(el("div").child(live(draw)))
        .into_any()
}

fn list(open: Open, view: &HistoryView, older: impl Fn() + 'static) -> AnyView {
    if view.entries.is_empty() {
        return el("p").child(t!("history.none")).into_any();
    }
    let entries: Vec<AnyView> = view.entries.iter().map(|one| entry(open, one)).collect();
    let more = view.of > view.entries.len();
    el("div")
        .child(el("ol").is("class", "history").child(entries))
        .child(more.then(|| button("secondary", t!("history.older"), older).into_any()))
        .into_any()
}

fn entry(open: Open, entry: &HistoryEntry) -> AnyView {
    let now = open.page.device(|device| device.now());
    let time = |seconds: i64| {
        let millis = u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000);
        format::instant(Timestamp(millis), now)
    };
    // What a program brought from a file has no time; at one go within a minute is one time.
    let when = if entry.to == 0 {
        String::new()
    } else if entry.to - entry.from < 60 {
        time(entry.to)
    } else {
        t!(
            "history.between",
            from = time(entry.from),
            to = time(entry.to)
        )
    };
    let title = format!("history-{}", entry.change);
    let view = open.view.get_untracked();
    el("li")
        .child(
            el("h3")
                .attr("id", title.clone())
                .child(el("span").is("dir", "auto").child(live(who(open, entry))))
                .child(" ")
                .child(el("small").child(when)),
        )
        .child(differences::table(
            open.of(&view),
            &entry.differences,
            &title,
            [t!("history.before"), t!("history.after")],
            t!("history.no_difference"),
            None,
        ))
        .into_any()
}

fn who(open: Open, entry: &HistoryEntry) -> impl Fn() -> String + 'static {
    let (source, author) = (entry.source.clone(), entry.author.clone());
    let dated = entry.to != 0;
    move || match (&source, &author) {
        (Some(source), _) => source.clone(),
        (None, Some(author)) => people::name(open.page, author),
        (None, None) if dated => t!("history.unnamed"),
        (None, None) => t!("history.imported"),
    }
}
