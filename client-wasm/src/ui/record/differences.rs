//! What differs between two versions of a record, as a table: of edits that were refused, and of
//! the history.

use leptos::prelude::*;
use meltemi_core::record::FieldPath;
use meltemi_core::view::RecordView;
use meltemi_core::view::difference::{Change, Difference};
use serde_json::Value;

use super::open::Open;
use crate::app::refused::{excerpts, with_added};
use crate::t;
use crate::ui::dom::el;
use crate::ui::words;

/// The table, named by the element `title`. `heads` are the headings of what was and what came
/// instead; `none` is said when nothing differs.
pub(super) fn table(
    open: Open,
    differences: &[Difference],
    title: &str,
    heads: [String; 2],
    none: String,
) -> AnyView {
    if differences.is_empty() {
        return el("p").child(none).into_any();
    }
    let view = open
        .view
        .with_untracked(|view| with_added(view, differences));
    let rows: Vec<AnyView> = differences
        .iter()
        .map(|difference| row(open, &view, difference, &heads))
        .collect();
    let head = |text: String| el("th").is("scope", "col").child(text);
    let [before, after] = heads;
    el("table")
        .is("class", "differences")
        .attr("aria-labelledby", title.to_owned())
        .child(
            el("thead").child(
                el("tr")
                    .child(head(t!("refused.field")))
                    .child(head(before))
                    .child(head(after)),
            ),
        )
        .child(el("tbody").child(rows))
        .into_any()
}

fn row(open: Open, view: &RecordView, difference: &Difference, heads: &[String; 2]) -> AnyView {
    let path = difference.path.parse::<FieldPath>().ok();
    let place = match &path {
        Some(path) => words::place(open.page, open.kind, view, path),
        None => difference.path.clone(),
    };
    let (before, after) = (&difference.before, &difference.after);
    let in_words = |value: &Value| match &path {
        Some(path) => words::value(open.page, open.kind, path, value),
        None => words::any(value),
    };
    let (accepted, yours) = match difference.what {
        Change::Value => excerpts(&in_words(before), &in_words(after)),
        Change::Beside => (
            in_words(before),
            t!("refused.beside", value = in_words(after)),
        ),
        Change::Settled => (
            in_words(before),
            t!("refused.settled", value = in_words(after)),
        ),
        Change::Added => (t!("value.none"), t!("refused.added")),
        Change::Removed => (t!("refused.there"), removed(after)),
        Change::Restored => (removed(before), t!("refused.restored")),
    };
    let cell = |label: String, text: String| {
        el("td")
            .attr("data-label", label)
            .child(el("span").is("dir", "auto").child(text))
    };
    el("tr")
        .child(
            el("th")
                .is("scope", "row")
                .child(el("span").is("dir", "auto").child(place)),
        )
        .child(cell(heads[0].clone(), accepted))
        .child(cell(heads[1].clone(), yours))
        .into_any()
}

fn removed(removal: &Value) -> String {
    match removal.get("reason").and_then(Value::as_str) {
        Some(reason) if !reason.is_empty() => t!("refused.removed_because", reason = reason),
        _ => t!("refused.removed"),
    }
}
