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
use crate::ui::live::{clicked, live, memo};
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
            view! { <span class="mark missing">{tn!("record.missing", missing as u64)}</span> }
                .into_any()
        });
        let newer = newer.then(|| view! { <p class="banner">{t!("record.newer")}</p> }.into_any());
        view! { {missing} {newer} }.into_any()
    };
    view! {
        <header class="head">
            <p class="trail">
                <a href=list>{words::kind_plural(kind.name)}</a>
                <span>{live(number)}</span>
            </p>
            <div class="name">
                <h1 tabindex="-1" dir="auto" lang=move || title.get().language>
                    {move || title.get().text}
                </h1>
                {related(open)}
            </div>
            <div class="marks">{live(marks)}</div>
            {removal(open)}
        </header>
    }
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
            view! {
                <div class="banner removed" role="status">
                    <p>
                        <strong>{t!("record.removed")}</strong>
                        " " {when} " " <span dir="auto">{reason}</span>
                    </p>
                    <button type="button" class="secondary" on:click=clicked(restore)>
                        {t!("record.restore")}
                    </button>
                </div>
            }
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
    view! { <a class="secondary" role="button" href=path>{live(label)}</a> }.into_any()
}
