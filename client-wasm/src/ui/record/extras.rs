//! What stands behind the sections: what was settled, what a newer version wrote, what cannot be
//! read, and the way to remove the record.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::conflict::Settlement;
use meltemi_core::record::FieldPath;

use super::open::Open;
use crate::t;
use crate::ui::live::{clicked, happened, live, memo};
use crate::ui::{conflict, words};

/// Everything behind the sections.
pub(crate) fn extras(open: Open) -> AnyView {
    view! {
        {settled(open)}
        {unknown(open)}
        {problems(open)}
        {remove(open)}
    }
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
            view! {
                <details class="section" id="section.settled">
                    <summary><h2>{t!("section.settled")}</h2></summary>
                    <ul class="settled">{each}</ul>
                </details>
            }
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
        let command = Command::Settle {
            document: open.document,
            path: path.clone(),
            value: value.clone(),
            reason: None,
        };
        let click = move |_| open.act(command.clone(), done.clone());
        view! {
            <button type="button" class="quiet" on:click=clicked(click)>
                {t!("settled.instead", value = text)}
            </button>
        }
        .into_any()
    };
    let rejected: Vec<AnyView> = settlement.rejected.iter().map(instead).collect();
    let reason = settlement
        .reason
        .clone()
        .map(|reason| view! { <q dir="auto">{reason}</q> }.into_any());
    view! {
        <li>
            <p>
                <strong>{place}</strong> ": " <span dir="auto">{chosen}</span> " "
                <small>{conflict::origin(page, &settlement.origin)}</small>
            </p>
            {reason}
            <div class="actions">{rejected}</div>
        </li>
    }
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
        let each = all
            .into_iter()
            .map(|(name, value)| view! { <dt>{name}</dt> <dd dir="auto">{value}</dd> }.into_any());
        let each: Vec<AnyView> = each.collect();
        Some(
            view! {
                <details open class="section" id="section.unknown">
                    <summary><h2>{t!("section.unknown")}</h2></summary>
                    <p class="hint">{t!("unknown.explain")}</p>
                    <dl>{each}</dl>
                </details>
            }
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
                Ok(path) => open.view.with_untracked(|view| {
                    words::place(open.page, open.kind, view, &path)
                }),
                Err(_) => problem.path,
            };
            view! { <li><strong>{place}</strong> ": " <span lang="en" dir="auto">{problem.what}</span></li> }
                .into_any()
        });
        let each: Vec<AnyView> = each.collect();
        Some(
            view! {
                <details open class="section" id="section.problems">
                    <summary><h2>{t!("section.problems")}</h2></summary>
                    <p class="hint">{t!("problems.explain")}</p>
                    <ul>{each}</ul>
                </details>
            }
            .into_any(),
        )
    };
    live(draw)
}

fn remove(open: Open) -> AnyView {
    let here = memo(move || open.view.with(|view| view.removed.is_none()));
    let reason = RwSignal::new(String::new());
    let click = move |_| {
        let reason = reason.get_untracked().trim().to_owned();
        let reason = Some(reason).filter(|reason| !reason.is_empty());
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
            view! {
                <details class="section danger">
                    <summary>{t!("record.remove")}</summary>
                    <p class="hint">{t!("record.remove_explain")}</p>
                    <label>
                        {t!("record.remove_reason")}
                        <input
                            type="text"
                            dir="auto"
                            prop:value=move || reason.get()
                            on:input=happened(move |event| reason.set(event_target_value(&event)))
                        />
                    </label>
                    <button type="button" class="secondary" on:click=clicked(click)>
                        {t!("record.remove")}
                    </button>
                </details>
            }
            .into_any()
        })
    };
    live(draw)
}
