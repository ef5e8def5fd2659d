//! Concurrent values at a place: all of them, where each comes from, and a way to choose.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::conflict::{ConcurrentValue, Conflict, Origin, Question};
use meltemi_core::record::FieldPath;
use meltemi_core::time::Timestamp;

use super::dom::el;
use super::live::live;
use super::page::Page;
use super::parts::{button, line, written};
use super::record::open::Open;
use super::words;
use crate::locale::format;
use crate::t;

/// The open conflict at a place, if there is one.
pub(crate) fn at(open: Open, path: FieldPath) -> AnyView {
    let conflict = open.conflict(path);
    let draw = move || conflict.get().map(|conflict| choose(open, &conflict));
    live(draw)
}

fn choose(open: Open, conflict: &Conflict) -> AnyView {
    let reason = RwSignal::new(String::new());
    let question = match conflict.question {
        Question::Which => t!("conflict.which"),
        Question::RemovedOrKept => t!("conflict.removed_or_kept"),
    };
    let values: Vec<AnyView> = match conflict.question {
        Question::Which => {
            let each = conflict.values.iter().enumerate();
            each.map(|(at, value)| one(open, conflict, value, at == 0, reason))
                .collect()
        }
        Question::RemovedOrKept => vec![removed_or_kept(open, conflict, reason)],
    };
    let id = format!("{}--reason", conflict.path);
    el("fieldset")
        .is("class", "conflict")
        .attr("aria-label", t!("conflict.label"))
        .child(el("p").is("class", "question").child(question))
        .child(el("ul").child(values))
        .child(
            el("div")
                .is("class", "reason")
                .child(
                    el("label")
                        .attr("for", id.clone())
                        .child(t!("conflict.reason")),
                )
                .child(line(reason).attr("id", id)),
        )
        .into_any()
}

fn one(
    open: Open,
    conflict: &Conflict,
    concurrent: &ConcurrentValue,
    shown: bool,
    reason: RwSignal<String>,
) -> AnyView {
    let text = words::value(open.page, open.kind, &conflict.path, &concurrent.value);
    let label = t!("conflict.choose", value = text);
    let (path, value) = (conflict.path.clone(), concurrent.value.clone());
    let done = t!("done.settled", value = text);
    let click = move || {
        let command = Command::Settle {
            document: open.document,
            path: path.clone(),
            value: value.clone(),
            reason: written(reason),
            base: open.seen(),
        };
        open.act(command, done.clone());
    };
    el("li")
        .child(
            el("div")
                .is("class", "value")
                .child(el("strong").is("dir", "auto").child(text))
                .child(shown.then(|| {
                    el("span")
                        .is("class", "mark")
                        .child(t!("conflict.shown"))
                        .into_any()
                }))
                .child(el("small").child(origin(open.page, &concurrent.origin))),
        )
        .child(button("secondary", t!("conflict.this_one"), click).attr("aria-label", label))
        .into_any()
}

fn removed_or_kept(open: Open, conflict: &Conflict, reason: RwSignal<String>) -> AnyView {
    let (keep, remove) = (conflict.path.clone(), conflict.path.clone());
    let origins: Vec<AnyView> = conflict
        .values
        .iter()
        .map(|value| {
            el("small")
                .child(origin(open.page, &value.origin))
                .into_any()
        })
        .collect();
    let restore = move || {
        let command = Command::Restore {
            document: open.document,
            path: keep.clone(),
        };
        open.act(command, t!("done.kept"));
    };
    let drop_it = move || {
        let (document, path) = (open.document, remove.clone());
        open.act(
            Command::Remove {
                document,
                path,
                reason: written(reason),
            },
            t!("done.removed"),
        );
    };
    el("li")
        .child(el("div").is("class", "value").child(origins))
        .child(
            el("div")
                .is("class", "actions")
                .child(button("secondary", t!("conflict.keep"), restore))
                .child(button("secondary", t!("conflict.remove"), drop_it)),
        )
        .into_any()
}

/// Where a value comes from: its source, or else the device and the time.
pub(crate) fn origin(page: Page, origin: &Origin) -> String {
    let mut parts = Vec::new();
    if let Some(source) = origin
        .source
        .as_ref()
        .filter(|source| !source.trim().is_empty())
    {
        parts.push(t!("origin.source", source = source));
    } else if origin.actor.len() >= 6 {
        parts.push(t!("origin.device", device = &origin.actor[..6]));
    }
    if let Ok(seconds @ 1..) = u64::try_from(origin.time) {
        let now = page.device(|device| device.now());
        parts.push(format::instant(Timestamp(seconds * 1000), now));
    }
    parts.join(" · ")
}
