//! Short messages at the edge of the screen: what was done, with a way back, and what went wrong.

use std::time::Duration;

use leptos::prelude::*;

use super::dom::el;
use super::live::{happened, live};
use super::page::Page;
use crate::app::protocol::Done;
use crate::app::undo::Step;
use crate::t;

/// How long the message about something done stays.
const SHORT: Duration = Duration::from_secs(8);

/// A message.
#[derive(Debug, Clone, PartialEq)]
struct Toast {
    number: u32,
    text: String,
    /// For people who help.
    details: Option<String>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Something was done that can be taken back.
    Undo,
    /// Something was done.
    Done,
    /// Something went wrong. Stays until it is dismissed.
    Error,
}

/// The messages on the screen.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    all: RwSignal<Vec<Toast>>,
    last: StoredValue<u32>,
}

impl Toasts {
    pub(crate) fn new() -> Self {
        Self {
            all: RwSignal::new(Vec::new()),
            last: StoredValue::new(0),
        }
    }

    /// Something went wrong.
    pub(crate) fn error(self, text: String, details: Option<String>) {
        let same = |toast: &Toast| toast.text == text && toast.details == details;
        if !self.all.with_untracked(|all| all.iter().any(same)) {
            self.add(text.clone(), details.clone(), Kind::Error);
        }
    }

    fn did(self, text: String, kind: Kind) {
        // Only the newest can be taken back here, so only it is shown.
        self.all
            .update(|all| all.retain(|toast| toast.kind == Kind::Error));
        let number = self.add(text, None, kind);
        set_timeout(move || self.remove(number), SHORT);
    }

    fn add(self, text: String, details: Option<String>, kind: Kind) -> u32 {
        let number = self.last.get_value() + 1;
        self.last.set_value(number);
        self.all.update(|all| {
            all.push(Toast {
                number,
                text,
                details,
                kind,
            })
        });
        number
    }

    fn remove(self, number: u32) {
        self.all
            .update(|all| all.retain(|toast| toast.number != number));
    }
}

/// Remembers how to take back what was done, and says so.
pub(crate) fn done(page: Page, label: String, done: &Done) {
    if done.undo.is_empty() {
        return;
    }
    let step = Step {
        label: label.clone(),
        commands: done.undo.clone(),
    };
    page.undo.update_value(|stack| stack.did(step));
    page.toasts.did(label, Kind::Undo);
}

/// Says that something was done that cannot be taken back here.
pub(crate) fn say(page: Page, text: String) {
    page.toasts.did(text, Kind::Done);
}

/// Takes the newest change back.
pub(crate) fn undo(page: Page) {
    let step = page.undo.try_update_value(|stack| stack.undo()).flatten();
    if let Some(step) = step {
        run(page, step, true);
    }
}

/// Does again what was taken back last.
pub(crate) fn redo(page: Page) {
    let step = page.undo.try_update_value(|stack| stack.redo()).flatten();
    if let Some(step) = step {
        run(page, step, false);
    }
}

/// Carries out the commands of a step one after the other; their own undo is the way back.
fn run(page: Page, step: Step, undoing: bool) {
    let mut commands = step.commands;
    commands.reverse();
    next(page, step.label, commands, Vec::new(), undoing);
}

fn next(
    page: Page,
    label: String,
    mut left: Vec<meltemi_core::command::Command>,
    back: Vec<meltemi_core::command::Command>,
    undoing: bool,
) {
    let Some(command) = left.pop() else {
        let text = if undoing {
            t!("undo.undone", what = label)
        } else {
            t!("undo.redone", what = label)
        };
        let step = Step {
            label,
            commands: back,
        };
        page.undo.update_value(|stack| {
            if undoing {
                stack.undid(step)
            } else {
                stack.redid(step)
            }
        });
        page.toasts.did(text, Kind::Done);
        return;
    };
    page.execute(command, move |result| match result {
        Ok(done) => {
            let mut all = done.undo;
            all.extend(back);
            page.changed.set(std::sync::Arc::new(vec![done.record.id]));
            next(page, label, left, all, undoing);
        }
        Err(failure) => page.tell(&failure),
    });
}

/// The place where messages appear. Screen readers read them out.
pub(crate) fn toasts(page: Page) -> AnyView {
    let each = move || {
        let all = page.toasts.all.get();
        all.into_iter()
            .map(|toast| show(page, toast))
            .collect::<Vec<_>>()
    };
    el("div")
        .is("class", "toasts")
        .is("role", "status")
        .is("aria-live", "polite")
        .child(live(each))
        .into_any()
}

fn show(page: Page, toast: Toast) -> AnyView {
    let number = toast.number;
    let undo = (toast.kind == Kind::Undo).then(|| {
        let click = move |_| {
            page.toasts.remove(number);
            undo(page);
        };
        el("button")
            .is("type", "button")
            .is("class", "secondary")
            .on("click", happened(click))
            .child(t!("undo.button"))
            .into_any()
    });
    let details = toast.details.map(|details| {
        el("details")
            .child(el("summary").child(t!("failure.details")))
            .child(el("p").is("dir", "auto").child(details))
            .into_any()
    });
    el("div")
        .is("class", "toast")
        .class_if("error", toast.kind == Kind::Error)
        .child(el("p").child(toast.text))
        .child(details)
        .child(
            el("div").is("class", "actions").child(undo).child(
                el("button")
                    .is("type", "button")
                    .is("class", "quiet")
                    .attr("aria-label", t!("toast.dismiss"))
                    .on("click", happened(move |_| page.toasts.remove(number)))
                    .child("✕"),
            ),
        )
        .into_any()
}
