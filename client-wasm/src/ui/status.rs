//! Where the changes of this device are: always in sight, in words, with details to open.

use super::dom::el;
use super::live::{happened, live, memo, pressed, several};
use crate::app::status::{Line, Progress, SyncStatus};
use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use meltemi_core::record;

use super::page::{Page, Stage};
use super::words;
use crate::app::protocol::Ask;
use crate::app::route::Route;
use crate::app::status::{LineSay, Notice, Place, RefusedEdits, Tone, notice_key, wording};
use crate::locale::{self, format};
use crate::{t, tn};

/// The status in the header.
pub(crate) fn status(page: Page) -> AnyView {
    let edits = memo(move || page.unanswered.get() > 0);
    let words = memo(move || {
        let words = wording(&page.status.get()?);
        Some(if edits.get() {
            words.with_edits()
        } else {
            words
        })
    });
    // A screen reader says where changes are when they are there, and not at each key.
    let saving = memo(move || {
        words
            .get()
            .is_some_and(|words| words.place == Place::Saving)
    });
    let tone = move || match words.get().map(|words| words.tone) {
        Some(Tone::Calm) => "calm",
        Some(Tone::Alarm) => "alarm",
        Some(Tone::Busy) | None => "busy",
    };
    let opening = memo(move || page.status.with(Option::is_none));
    // Until then the button has no other words.
    let unknown = move || {
        let words = el("span").is("class", "hidden");
        opening
            .get()
            .then(|| words.child(t!("status.unknown")).into_any())
    };
    let label = move || {
        let place = move || words.get().map(|words| place(words.place));
        let line = move || {
            words
                .get()
                .and_then(|words| words.line)
                .map(|say| line(page, say))
        };
        several(vec![
            (el("span")
                .is("class", "dot")
                .live("data-tone", move || tone())
                .is("aria-hidden", "true"))
            .into_any(),
            (el("span")
                .is("class", "place")
                .is("role", "status")
                .is("aria-live", "polite")
                .live("aria-busy", move || saving.get().then_some("true"))
                .child(el("span").child(live(place)))
                .child(el("small").child(live(line))))
            .into_any(),
            live(unknown),
        ])
        .into_any()
    };
    el("div")
        .is("class", "status")
        .child(popover("status", label, panel(page)))
        .into_any()
}

fn place(place: Place) -> String {
    match place {
        Place::Waiting(count) => tn!("status.waiting", count),
        Place::Refused(count) => tn!("status.refused", count),
        place => locale::text(place.key(), &[]),
    }
}

fn line(page: Page, say: LineSay) -> String {
    match say {
        LineSay::Connecting => t!("status.connecting"),
        LineSay::Offline(since) => {
            let now = page.device(|device| device.now());
            t!("status.offline", time = format::instant(since, now))
        }
        LineSay::Asking => t!("status.asking"),
        LineSay::Receiving(done, of) => received(done, of),
    }
}

fn received(done: u64, of: u64) -> String {
    let (done, of) = (format::number(done as f64), format::number(of as f64));
    t!("status.receiving", done = done, of = of)
}

/// What is said below. Each part is drawn anew for itself: a button stays while the times change.
fn panel(page: Page) -> AnyView {
    let facts = move || match page.status.get() {
        Some(status) => facts(page, &status),
        None => el("p").child(t!("status.unknown")).into_any(),
    };
    let offline = memo(move || {
        let line = page.status.get().map(|status| status.line);
        matches!(line, Some(Line::Offline { .. }))
    });
    let again = move || {
        offline.get().then(|| {
            let click = move |_| page.ask(Ask::Reconnect, |_| ());
            el("button")
                .is("type", "button")
                .on("click", happened(click))
                .child(t!("status.try_now"))
                .into_any()
        })
    };
    let troubles = memo(move || {
        let status = page.status.get()?;
        Some((status.refused, status.notices))
    });
    let troubles = move || {
        let (edits, told) = troubles.get()?;
        Some(several(vec![
            refused(page, &edits).into_any(),
            notices(page, &told).into_any(),
            (el("p").is("class", "hint").child(t!("status.explain"))).into_any(),
        ]))
    };
    several(vec![live(facts), live(again), live(troubles)])
}

fn facts(page: Page, status: &SyncStatus) -> AnyView {
    let now = page.device(|device| device.now());
    let mut facts: Vec<String> = Vec::new();
    if status.unsaved > 0 {
        facts.push(tn!("status.unsaved_details", status.unsaved));
    }
    if status.waiting > 0 {
        let records = tn!("status.in_records", status.waiting_documents);
        facts.push(tn!(
            "status.waiting_details",
            status.waiting,
            records = records
        ));
    }
    match status.synced_at {
        // It has not everything: what it refused is told below.
        _ if !status.refused.is_empty() => {}
        Some(at) => facts.push(t!("status.synced_at", time = format::instant(at, now))),
        None => facts.push(t!("status.never_synced")),
    }
    facts.push(match status.line {
        Line::None => t!("status.no_server"),
        Line::Connecting { since } => t!(
            "status.connecting_since",
            time = format::instant(since, now)
        ),
        Line::Online => t!("status.online"),
        Line::Offline { retry, .. } => {
            t!("status.retry_at", time = format::instant(retry, now))
        }
    });
    if let Some(progress) = status.loading {
        let (done, of) = (
            format::number(progress.done as f64),
            format::number(progress.of as f64),
        );
        facts.push(t!("status.loading", done = done, of = of));
    }
    if let Some(receiving) = status.receiving {
        let Progress { done, of } = receiving.documents;
        facts.push(match of {
            0 => t!("status.asking"),
            _ => received(done, of),
        });
    }
    several(vec![
        (el("h2").child(t!("status.title"))).into_any(),
        (el("ul").is("class", "facts").child(
            facts
                .into_iter()
                .map(|fact| el("li").child(fact).into_any())
                .collect::<Vec<_>>(),
        ))
        .into_any(),
    ])
}

/// The records with edits that the server has refused.
fn refused(page: Page, refused: &[RefusedEdits]) -> Option<AnyView> {
    if refused.is_empty() {
        return None;
    }
    let each = refused.iter().map(|edits| {
        let record = page.summary_of(&edits.document).and_then(|summary| {
            let kind = record::kind(&summary.reference.kind)?;
            let href = Route::record(kind, &summary.reference.key, "").path();
            let title = words::title(page, &summary);
            let link = el("a").attr("href", href).is("dir", "auto");
            Some(
                link.attr("lang", title.language)
                    .child(title.text)
                    .into_any(),
            )
        });
        el("li")
            .child(el("span").child(tn!("status.refused_details", edits.changes)))
            .child(record)
            .into_any()
    });
    let each: Vec<AnyView> = each.collect();
    Some(
        several(vec![
            (el("h3").child(t!("status.refused_title"))).into_any(),
            (el("ul").is("class", "notices").child(each)).into_any(),
        ])
        .into_any(),
    )
}

fn notices(page: Page, notices: &[Notice]) -> Option<AnyView> {
    if notices.is_empty() {
        return None;
    }
    let each = notices.iter().enumerate().map(|(at, notice)| {
        let dismiss = move |_| {
            page.ask(Ask::Dismiss { notice: at }, |_| ());
        };
        el("li")
            .child(el("p").child(locale::text(notice_key(notice.code), &[])))
            .child(
                el("details")
                    .child(el("summary").child(t!("failure.details")))
                    .child(el("p").is("dir", "auto").child(notice.message.clone())),
            )
            .child(
                el("button")
                    .is("type", "button")
                    .is("class", "secondary")
                    .on("click", happened(dismiss))
                    .child(t!("status.dismiss")),
            )
            .into_any()
    });
    let each: Vec<AnyView> = each.collect();
    Some(
        several(vec![
            (el("h3").child(t!("status.notices"))).into_any(),
            (el("ul").is("class", "notices").child(each)).into_any(),
        ])
        .into_any(),
    )
}

/// Something small that opens below its button and closes by Escape, a click elsewhere or a link.
pub(crate) fn popover(
    name: &'static str,
    label: impl Fn() -> AnyView + Send + 'static,
    content: AnyView,
) -> AnyView {
    let open = RwSignal::new(false);
    let root = NodeRef::<leptos::html::Div>::new();
    let outside = window_event_listener(ev::click, move |event| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        let link = target
            .as_ref()
            .and_then(|target| target.closest("a").ok().flatten());
        // A question that was asked from here stands above everything.
        let asked = target
            .as_ref()
            .is_some_and(|target| target.closest("dialog").is_ok_and(|it| it.is_some()));
        let inside = asked
            || root
                .get_untracked()
                .is_some_and(|root| root.contains(target.as_deref()));
        if open.get_untracked() && (!inside || link.is_some()) {
            open.set(false);
        }
    });
    on_cleanup(move || outside.remove());
    let escape = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && open.get_untracked() {
            open.set(false);
            let button = root
                .get_untracked()
                .and_then(|root| root.query_selector("button").ok()?);
            if let Some(button) = button.and_then(|b| b.dyn_into::<web_sys::HtmlElement>().ok()) {
                drop(button.focus());
            }
        }
    };
    let expanded = move || if open.get() { "true" } else { "false" };
    let id = format!("popover-{name}");
    el("div")
        .is("class", "popover")
        .attr("data-popover", name)
        .node_ref(root)
        .on("keydown", pressed(escape))
        .child(
            el("button")
                .is("type", "button")
                .is("class", "quiet")
                .live("aria-expanded", move || expanded())
                .attr("aria-controls", id.clone())
                .on(
                    "click",
                    happened(move |_| open.update(|open| *open = !*open)),
                )
                .child(label()),
        )
        .child(
            el("div")
                .is("class", "panel")
                .attr("id", id)
                .live("hidden", move || !open.get())
                .child(content),
        )
        .into_any()
}

/// What stands in the place of a screen while the worker starts, or when it can not.
pub(crate) fn not_ready(page: Page, stage: &Stage) -> Option<AnyView> {
    match stage {
        Stage::Ready => None,
        Stage::Starting | Stage::Locked(_) => {
            let progress = move || {
                let progress = page.status.get()?.loading?;
                let (done, of) = (progress.done as f64, progress.of as f64);
                Some(t!(
                    "status.loading",
                    done = format::number(done),
                    of = format::number(of)
                ))
            };
            Some(
                el("div")
                    .is("class", "notice")
                    .is("role", "status")
                    .child(el("h1").is("aria-busy", "true").child(t!("shell.starting")))
                    .child(el("p").child(live(progress)))
                    .into_any(),
            )
        }
        Stage::Failed(failure) => Some(super::screen::failed(failure)),
    }
}
