//! What ends the worker of this page, such as locking, signing out or beginning anew for another
//! person: only once all edits are on the disk, or when somebody was told which are not and lets
//! them go.

use std::time::Duration;

use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::dom::el;
use super::live::{effect, happened, live, several};
use super::page::{Page, Stage};
use super::{leave, parts, toasts};
use crate::app::protocol::{Answer, Ask, Unsent};
use crate::app::status::{cannot_store, only_here};
use crate::{t, tn};

/// How long until it is looked again whether all edits are on the disk.
const AGAIN: Duration = Duration::from_millis(250);

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The page begins anew because it must: another person, another lock, or time has passed. It
    /// does as soon as it can.
    Must,
    /// Somebody wants to lock the app.
    Lock,
    /// Somebody signs out; whether their records are removed.
    Leave {
        /// They are.
        remove: bool,
    },
}

/// What is to happen, and what was said about it. A handle.
#[derive(Clone, Copy)]
pub(crate) struct Endings {
    wanted: RwSignal<Option<Ending>>,
    /// How many edits would be lost, as long as somebody is asked about them.
    asked: RwSignal<Option<u64>>,
    /// Whether somebody has edited anything since the page was loaded.
    edited: StoredValue<bool>,
    /// Whether it is looked again and again.
    looks: StoredValue<bool>,
    /// Whether somebody was asked since it was wanted.
    told: StoredValue<bool>,
    /// Whether edits that are not on the disk may be lost by it.
    lose: StoredValue<bool>,
}

impl Endings {
    pub(crate) fn new() -> Self {
        Self {
            wanted: RwSignal::new(None),
            asked: RwSignal::new(None),
            edited: StoredValue::new(false),
            looks: StoredValue::new(false),
            told: StoredValue::new(false),
            lose: StoredValue::new(false),
        }
    }

    /// Something is asked for that edits records.
    pub(crate) fn edits(self) {
        self.edited.set_value(true);
    }

    /// Whether somebody has let go of what is not on the disk.
    pub(crate) fn loses(self) -> bool {
        self.lose.get_value()
    }
}

/// Does it as soon as nothing is lost by it. As long as that is not so because the disk takes
/// nothing, whoever sits there is asked.
pub(crate) fn end(page: Page, ending: Ending) {
    leave_field();
    let Endings {
        wanted,
        looks,
        told,
        ..
    } = page.endings;
    told.set_value(false);
    // What must be stays so.
    let must = wanted.get_untracked() == Some(Ending::Must) && ending == Ending::Lock;
    wanted.set(Some(if must { Ending::Must } else { ending }));
    if !looks.get_value() {
        looks.set_value(true);
        look(page);
    }
}

/// Does it once everything is answered: what is lost was said.
pub(crate) fn lose(page: Page, ending: Ending) {
    page.endings.lose.set_value(true);
    end(page, ending);
}

/// Leaving a field saves it.
pub(crate) fn leave_field() {
    let active = document().active_element();
    if let Some(active) = active.and_then(|active| active.dyn_into::<HtmlElement>().ok())
        && active.matches("input, select, textarea").unwrap_or(false)
    {
        drop(active.blur());
    }
}

fn look(page: Page) {
    let Some(ending) = page.endings.wanted.get_untracked() else {
        return page.endings.looks.set_value(false);
    };
    let answered = page.unanswered.get_untracked() == 0;
    let opened = page.stage.get_untracked() == Stage::Ready;
    let edited = page.endings.edited.get_value();
    if answered && (!opened || !edited || page.endings.loses()) {
        return go(page, ending);
    }
    page.ask(Ask::Status, move |answer| {
        // Whatever came in between is looked at the next time.
        let answered = answered && page.unanswered.get_untracked() == 0;
        match answer {
            Ok(Answer::Status(status)) if !answered || only_here(&status) > 0 => {
                let Endings { asked, told, .. } = page.endings;
                if answered && cannot_store(&status) && !told.get_value() {
                    told.set_value(true);
                    asked.set(Some(only_here(&status)));
                }
                set_timeout(move || look(page), AGAIN);
            }
            // A worker that does not answer keeps nothing either.
            _ => match page.endings.wanted.get_untracked() {
                Some(ending) => go(page, ending),
                None => page.endings.looks.set_value(false),
            },
        }
    });
}

fn go(page: Page, ending: Ending) {
    if let Ending::Leave { remove } = ending {
        leave::note(page, remove);
    }
    page.device(|device| device.reload());
}

/// Whoever was asked stays. What must be happens later.
fn stay(page: Page) {
    let Endings { wanted, asked, .. } = page.endings;
    if asked.get_untracked().is_some() && !page.endings.loses() {
        asked.set(None);
        wanted.update(|wanted| *wanted = wanted.filter(|wanted| *wanted == Ending::Must));
    }
}

/// Offers all edits that are not on the server as a file.
pub(crate) fn download(page: Page, edits: &Unsent) {
    let today = page.device(|device| device.today());
    let name = format!("meltemi-unsent-{today}.json");
    page.device(|device| {
        device.offer_file(&name, "application/json", edits.text.as_bytes());
    });
    toasts::say(page, t!("leave.downloaded", name = name));
}

/// The question what becomes of edits that are not on the disk.
pub(crate) fn question(page: Page) -> AnyView {
    let dialog = NodeRef::<Dialog>::new();
    let asked = page.endings.asked;
    effect(move || {
        if let (Some(_), Some(dialog)) = (asked.get(), dialog.get()) {
            // One that is open already stays so.
            drop(dialog.show_modal());
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let offer = move || {
        page.ask(Ask::ExportUnsent, move |answer| match answer {
            Ok(Answer::Unsent(edits)) => download(page, &edits),
            Ok(_) => {}
            Err(failure) => page.tell(&failure),
        });
    };
    let draw = move || {
        let count = asked.get()?;
        Some(several(vec![
            el("h2")
                .is("id", "unsaved-question")
                .child(tn!("unsaved.title", count))
                .into_any(),
            el("p").child(t!("unsaved.explain")).into_any(),
            el("div")
                .is("class", "actions")
                .child(parts::button("secondary", t!("leave.download"), offer))
                .child(parts::button("secondary", t!("unsaved.stay"), close))
                .child(parts::button(
                    "alarm",
                    tn!("unsaved.lose", count),
                    move || page.endings.lose.set_value(true),
                ))
                .into_any(),
        ]))
    };
    el("div")
        .is("class", "confirm")
        .child(
            el("dialog")
                .is("aria-labelledby", "unsaved-question")
                .node_ref(dialog)
                .on("close", happened(move |_| stay(page)))
                .child(el("article").child(live(draw))),
        )
        .into_any()
}
