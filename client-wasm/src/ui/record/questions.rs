//! The open contradictions of a record, on top: each leads to the field where it is settled.

use leptos::prelude::*;
use meltemi_core::conflict::Question;

use super::open::Open;
use crate::app::form::element_id;
use crate::ui::dom::el;
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
                return el("li").child(conflict::at(open, question.path)).into_any();
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
            el("li")
                .child(el("a").attr("href", href).child(place))
                .child(el("span").is("dir", "auto").child(values))
                .into_any()
        });
        let each: Vec<AnyView> = each.collect();
        Some(
            el("section")
                .is("class", "questions")
                .is("aria-labelledby", "questions-title")
                .child(
                    el("h2")
                        .is("id", "questions-title")
                        .child(tn!("conflict.open", count)),
                )
                .child(el("p").child(t!("conflict.explain")))
                .child(el("ul").child(each))
                .into_any(),
        )
    };
    live(draw)
}
