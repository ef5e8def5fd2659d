//! What stands behind the sections: what was settled, what a newer version wrote, what cannot be
//! read, and the way to remove the record.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::conflict::Settlement;
use meltemi_core::record::FieldPath;

use super::history;
use super::open::Open;
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::{live, memo, several};
use crate::ui::parts::{button, line, section, written};
use crate::ui::{conflict, words};

/// Everything behind the sections.
pub(crate) fn extras(open: Open) -> AnyView {
    several(vec![
        (settled(open)).into_any(),
        (unknown(open)).into_any(),
        (problems(open)).into_any(),
        history::history(open),
        (remove(open)).into_any(),
    ])
    .into_any()
}

fn settled(open: Open) -> AnyView {
    let all = memo(move || open.view.with(|view| view.settlements.clone()));
    let draw = move || {
        let all = all.get();
        if all.is_empty() {
            return None;
        }
        let each: Vec<AnyView> = all.iter().rev().map(|one| settlement(open, one)).collect();
        Some(
            section("section.settled", t!("section.settled"))
                .child(el("ul").is("class", "settled").child(each))
                .into_any(),
        )
    };
    live(draw)
}

fn settlement(open: Open, settlement: &Settlement) -> AnyView {
    let (page, kind, path) = (open.page, open.kind, settlement.path.clone());
    let place = open
        .view
        .with_untracked(|view| words::place(page, kind, view, &path));
    let chosen = words::value(page, kind, &path, &settlement.chosen);
    let instead = |value: &serde_json::Value| {
        let text = words::value(page, kind, &path, value);
        let done = t!("done.settled", value = text);
        let (path, value) = (path.clone(), value.clone());
        let click = move || {
            let command = Command::Settle {
                document: open.document,
                path: path.clone(),
                value: value.clone(),
                reason: None,
                base: open.seen(),
            };
            open.act(command, done.clone());
        };
        button("quiet", t!("settled.instead", value = text), click).into_any()
    };
    let rejected: Vec<AnyView> = settlement.rejected.iter().map(instead).collect();
    let reason = settlement
        .reason
        .clone()
        .map(|reason| el("q").is("dir", "auto").child(reason).into_any());
    el("li")
        .child(
            el("p")
                .child(el("strong").child(place))
                .child(": ")
                .child(el("span").is("dir", "auto").child(chosen))
                .child(" ")
                .child(el("small").child(conflict::origin(page, &settlement.origin))),
        )
        .child(reason)
        .child(el("div").is("class", "actions").child(rejected))
        .into_any()
}

fn unknown(open: Open) -> AnyView {
    let all = memo(move || {
        open.view.with(|view| {
            let value = |name: &String| {
                (
                    name.clone(),
                    view.fields.get(name).map(words::any).unwrap_or_default(),
                )
            };
            view.unknown.iter().map(value).collect::<Vec<_>>()
        })
    });
    let draw = move || {
        let all = all.get();
        if all.is_empty() {
            return None;
        }
        let each = all.into_iter().map(|(name, value)| {
            several(vec![
                (el("dt").child(name)).into_any(),
                (el("dd").is("dir", "auto").child(value)).into_any(),
            ])
            .into_any()
        });
        let each: Vec<AnyView> = each.collect();
        Some(
            section("section.unknown", t!("section.unknown"))
                .attr("open", true)
                .child(el("p").is("class", "hint").child(t!("unknown.explain")))
                .child(el("dl").child(each))
                .into_any(),
        )
    };
    live(draw)
}

fn problems(open: Open) -> AnyView {
    let all = memo(move || open.view.with(|view| view.problems.clone()));
    let draw = move || {
        let all = all.get();
        if all.is_empty() {
            return None;
        }
        let each = all.into_iter().map(|problem| {
            let place = match problem.path.parse::<FieldPath>() {
                Ok(path) => open
                    .view
                    .with_untracked(|view| words::place(open.page, open.kind, view, &path)),
                Err(_) => problem.path,
            };
            el("li")
                .child(el("strong").child(place))
                .child(": ")
                .child(
                    el("span")
                        .is("lang", "en")
                        .is("dir", "auto")
                        .child(problem.what),
                )
                .into_any()
        });
        let each: Vec<AnyView> = each.collect();
        Some(
            section("section.problems", t!("section.problems"))
                .attr("open", true)
                .child(el("p").is("class", "hint").child(t!("problems.explain")))
                .child(el("ul").child(each))
                .into_any(),
        )
    };
    live(draw)
}

fn remove(open: Open) -> AnyView {
    let here = memo(move || open.view.with(|view| view.removed.is_none()));
    let reason = RwSignal::new(String::new());
    let click = move || {
        let reason = written(reason);
        let (document, path) = (open.document, FieldPath::root());
        open.act(
            Command::Remove {
                document,
                path,
                reason,
            },
            t!("done.removed_record"),
        );
    };
    let draw = move || {
        here.get().then(|| {
            el("details")
                .is("class", "section danger")
                .child(el("summary").child(t!("record.remove")))
                .child(
                    el("p")
                        .is("class", "hint")
                        .child(t!("record.remove_explain")),
                )
                .child(
                    el("label")
                        .child(t!("record.remove_reason"))
                        .child(line(reason)),
                )
                .child(button("secondary", t!("record.remove"), click))
                .into_any()
        })
    };
    live(draw)
}
