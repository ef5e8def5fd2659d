//! The open contradictions of a record, on top: each leads to the field where it is settled.

use leptos::prelude::*;
use meltemi_core::conflict::Question;

use super::open::Open;
use crate::app::form::element_id;
use crate::ui::live::{live, memo};
use crate::ui::{conflict, words};
use crate::{t, tn};

/// The open contradictions; nothing when there are none.
pub(crate) fn questions(open: Open) -> AnyView {
    let all = memo(move || open.view.with(|view| view.conflicts.clone()));
    let draw = move || {
        let all = all.get();
        if all.is_empty() {
            return None;
        }
        let count = all.len() as u64;
        let each = all.into_iter().map(|question| {
            let place = open
                .view
                .with_untracked(|view| words::place(open.page, open.kind, view, &question.path));
            if question.path.is_root() {
                return view! { <li>{conflict::at(open, question.path)}</li> }.into_any();
            }
            let values: Vec<String> = match question.question {
                Question::Which => question
                    .values
                    .iter()
                    .map(|it| words::value(open.page, open.kind, &question.path, &it.value))
                    .collect(),
                Question::RemovedOrKept => vec![t!("conflict.removed_or_kept")],
            };
            let values = values.join(&t!("conflict.or"));
            let href = format!("#{}", element_id(&question.path));
            view! {
                <li>
                    <a href=href>{place}</a>
                    <span dir="auto">{values}</span>
                </li>
            }
            .into_any()
        });
        let each: Vec<AnyView> = each.collect();
        Some(
            view! {
                <section class="questions" aria-labelledby="questions-title">
                    <h2 id="questions-title">{tn!("conflict.open", count)}</h2>
                    <p>{t!("conflict.explain")}</p>
                    <ul>{each}</ul>
                </section>
            }
            .into_any(),
        )
    };
    live(draw)
}
