//! The head of a record: what it is, what it is called, its state, what belongs to it.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::id::RecordRef;
use meltemi_core::record::{self, FieldPath};
use meltemi_core::time::Timestamp;

use super::open::Open;
use crate::app::columns::has_number;
use crate::app::route::Route;
use crate::app::title::Title;
use crate::locale::format;
use crate::ui::dom::el;
use crate::ui::live::{happened, live, memo, several};
use crate::ui::page::Loaded;
use crate::ui::words;
use crate::{t, tn};

/// The head of a record, with the banners that concern all of it.
pub(crate) fn header(open: Open, title: Memo<Title>) -> AnyView {
    let kind = open.kind;
    let list = Route::list(kind, "").path();
    let number = memo(move || {
        open.view.with(|view| {
            view.fields
                .get("number")
                .and_then(serde_json::Value::as_i64)
        })
    });
    let number = move || {
        let number = number.get().filter(|_| has_number(kind))?;
        Some(t!("record.number", number = format::number(number as f64)))
    };
    let marks = move || {
        let (missing, newer) = open
            .view
            .with(|view| (view.missing.len(), view.newer_schema));
        let missing = (missing > 0).then(|| {
            el("span")
                .is("class", "mark missing")
                .child(tn!("record.missing", missing as u64))
                .into_any()
        });
        let newer = newer.then(|| {
            el("p")
                .is("class", "banner")
                .child(t!("record.newer"))
                .into_any()
        });
        several(vec![(missing).into_any(), (newer).into_any()]).into_any()
    };
    el("header")
        .is("class", "head")
        .child(
            el("p")
                .is("class", "trail")
                .child(
                    el("a")
                        .attr("href", list)
                        .child(words::kind_plural(kind.name)),
                )
                .child(el("span").child(live(number))),
        )
        .child(
            el("div")
                .is("class", "name")
                .child(
                    el("h1")
                        .is("tabindex", "-1")
                        .is("dir", "auto")
                        .live("lang", move || title.get().language)
                        .child(live(move || title.get().text)),
                )
                .child(related(open)),
        )
        .child(el("div").is("class", "marks").child(live(marks)))
        .child(removal(open))
        .into_any()
}

/// A way to remove the record, or when it is removed, to restore it.
fn removal(open: Open) -> AnyView {
    let removed = memo(move || open.view.with(|view| view.removed.clone()));
    let restore = move |_| {
        let command = Command::Restore {
            document: open.document,
            path: FieldPath::root(),
        };
        open.act(command, t!("done.restored_record"));
    };
    let draw = move || {
        let removed = removed.get()?;
        let when = u64::try_from(removed.time)
            .ok()
            .filter(|time| *time > 0)
            .map(|time| {
                format::instant(
                    Timestamp(time * 1000),
                    open.page.device(|device| device.now()),
                )
            });
        let reason = removed.reason.filter(|reason| !reason.is_empty());
        Some(
            el("div")
                .is("class", "banner removed")
                .is("role", "status")
                .child(
                    el("p")
                        .child(el("strong").child(t!("record.removed")))
                        .child(" ")
                        .child(when)
                        .child(" ")
                        .child(el("span").is("dir", "auto").child(reason)),
                )
                .child(
                    el("button")
                        .is("type", "button")
                        .is("class", "secondary")
                        .on("click", happened(restore))
                        .child(t!("record.restore")),
                )
                .into_any(),
        )
    };
    live(draw)
}

/// The report of an event, and the event of a report.
fn related(open: Open) -> AnyView {
    let page = open.page;
    let other = match open.kind.name {
        "event" => "event_report",
        "event_report" => "event",
        _ => return ().into_any(),
    };
    let (Some(kind), key) = (
        record::kind(other),
        open.view.with_untracked(|view| view.key.clone()),
    ) else {
        return ().into_any();
    };
    let reference = RecordRef::new(other, key.as_str());
    let path = Route::record(kind, &key, "").path();
    let label = move || {
        let known = page
            .list(other)
            .is_some_and(|list| matches!(list.get(), Loaded::Here(_)));
        let here = page.summary(&reference).is_some();
        match (other, here || !known) {
            ("event", _) => t!("record.to_event"),
            (_, true) => t!("record.to_report"),
            (_, false) => t!("record.begin_report"),
        }
    };
    el("a")
        .is("class", "secondary")
        .is("role", "button")
        .attr("href", path)
        .child(live(label))
        .into_any()
}
