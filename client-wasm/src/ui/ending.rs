//! What ends the worker of this page, such as locking, signing out or beginning anew for another
//! person: only once all edits are on the disk, or when somebody was told which are not and lets
//! them go.

use std::time::Duration;

use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::dom::el;
use super::leave::Left;
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
    /// What signing out would lose, as long as somebody is asked about it.
    pub(super) left: RwSignal<Option<Left>>,
    /// Whether somebody has edited anything since the page was loaded.
    edited: StoredValue<bool>,
    /// Whether it is looked again and again.
    looks: StoredValue<bool>,
    /// Whether somebody was asked since it was wanted.
    told: StoredValue<bool>,
    /// Whether edits that are not on the disk may be lost by it.
    lose: StoredValue<bool>,
    /// Whether the page is being loaded anew.
    goes: StoredValue<bool>,
}

impl Endings {
    pub(crate) fn new() -> Self {
        Self {
            wanted: RwSignal::new(None),
            asked: RwSignal::new(None),
            left: RwSignal::new(None),
            edited: StoredValue::new(false),
            looks: StoredValue::new(false),
            told: StoredValue::new(false),
            lose: StoredValue::new(false),
            goes: StoredValue::new(false),
        }
    }

    /// Whether the page is being loaded anew, so that nothing is lost by leaving it.
    pub(crate) fn goes(self) -> bool {
        self.goes.get_value()
    }

    fn set_looks(self, looks: bool) -> bool {
        let before = self.looks.get_value();
        self.looks.set_value(looks);
        before
    }
}

/// Something is asked for that edits records.
pub(crate) fn edits(page: Page) {
    let endings = page.endings;
    endings.edited.set_value(true);
    // Somebody has stopped the browser from loading the page anew: it goes later, and what was
    // edited since stays on this device.
    if endings.goes() {
        endings.goes.set_value(false);
        endings.lose.set_value(false);
        endings.wanted.set(Some(Ending::Must));
        leave::keep_records(page);
        if !endings.set_looks(true) {
            again(page);
        }
    }
}

/// Does it as soon as nothing is lost by it. As long as that is not so because the disk takes
/// nothing, or the server lacks what signing out removes, whoever sits there is asked.
pub(crate) fn end(page: Page, ending: Ending) {
    want(page, ending, false);
}

/// Does it once everything is answered: what is lost was said.
pub(crate) fn lose(page: Page, ending: Ending) {
    want(page, ending, true);
}

fn want(page: Page, ending: Ending, lost: bool) {
    leave_field();
    let Endings {
        wanted, told, lose, ..
    } = page.endings;
    told.set_value(false);
    let before = wanted.get_untracked();
    // What must be stays so, and whoever signs out does not stay signed in because time has passed.
    let stays = matches!(
        (before, ending),
        (Some(Ending::Must), Ending::Lock) | (Some(Ending::Leave { .. }), Ending::Must)
    );
    if !stays {
        wanted.set(Some(ending));
        // What was said of another ending was said of that one.
        lose.set_value(lost || (before == Some(ending) && lose.get_value()));
    }
    if !page.endings.set_looks(true) {
        look(page);
    }
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

/// Whether all that somebody did is answered, and no decision would end unmade.
fn is_answered(page: Page) -> bool {
    page.unanswered.get_untracked() == 0 && !page.decisions.is_lost_with_page()
}

/// The same with what is being typed, which is saved now.
fn is_over(page: Page) -> bool {
    is_answered(page) && {
        leave_field();
        is_answered(page)
    }
}

/// Whether it removes what the server may lack, and nobody has said so.
fn removes(page: Page) -> bool {
    let Endings { wanted, lose, .. } = page.endings;
    wanted.get_untracked() == Some(Ending::Leave { remove: true }) && !lose.get_value()
}

fn look(page: Page) {
    if page.endings.wanted.get_untracked().is_none() {
        page.endings.set_looks(false);
        return;
    }
    let opened = page.stage.get_untracked() == Stage::Ready;
    let edited = page.endings.edited.get_value();
    let at_once = !opened || !edited || page.endings.lose.get_value();
    if at_once && !removes(page) && is_over(page) {
        return go(page);
    }
    let answered = is_answered(page);
    page.ask(Ask::Status, move |answer| match answer {
        Ok(Answer::Status(status)) => {
            let (held, broken) = (only_here(&status), cannot_store(&status));
            page.status.set(Some(status));
            // Whatever came in between is looked at the next time.
            let answered = answered && is_answered(page);
            if answered && removes(page) {
                leave::look(page, move |nothing| match nothing {
                    true => finish(page),
                    false => give_up(page),
                });
            } else if answered && held == 0 {
                finish(page);
            } else {
                // Another tab that has signed out does not know of them.
                leave::keep_records(page);
                let Endings { asked, told, .. } = page.endings;
                if answered && broken && !told.get_value() {
                    told.set_value(true);
                    asked.set(Some(held));
                }
                again(page);
            }
        }
        Err(failure) if removes(page) => {
            give_up(page);
            page.tell(&failure);
        }
        // A worker that does not answer keeps nothing either.
        _ => go(page),
    });
}

fn again(page: Page) {
    set_timeout(move || look(page), AGAIN);
}

fn finish(page: Page) {
    if is_over(page) {
        go(page);
    } else {
        again(page);
    }
}

fn go(page: Page) {
    // The browser may be stopped from it, and then it can be wanted again.
    page.endings.set_looks(false);
    let Some(ending) = page.endings.wanted.get_untracked() else {
        return;
    };
    page.endings.goes.set_value(true);
    if let Ending::Leave { remove } = ending {
        leave::note(page, remove);
    }
    page.device(|device| device.reload());
}

/// It does not happen: whoever wanted it is asked.
fn give_up(page: Page) {
    page.endings.wanted.set(None);
    page.endings.set_looks(false);
}

/// Whoever was asked stays. What must be happens later.
fn stay(page: Page) {
    let Endings {
        wanted,
        asked,
        lose,
        ..
    } = page.endings;
    if asked.get_untracked().is_some() && !lose.get_value() {
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
