//! What differs between two versions of a record, as a table: of edits that were refused, of those
//! that wait for a decision, and of the history.

use leptos::prelude::*;
use meltemi_core::record::{FieldPath, Kind};
use meltemi_core::view::RecordView;
use meltemi_core::view::difference::{Change, Difference};
use serde_json::Value;

use crate::app::decisions::choice::{self, Chosen};
use crate::app::refused::{excerpts, with_added};
use crate::t;
use crate::ui::dom::{El, el};
use crate::ui::live::happened;
use crate::ui::page::Page;
use crate::ui::words;

/// The record whose versions differ.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    pub(crate) page: Page,
    pub(crate) kind: &'static Kind,
    pub(crate) view: &'a RecordView,
}

/// The table, named by the element `title`. `heads` are the headings of what was and what came
/// instead; `none` is said when nothing differs. With `chosen` each row can be chosen or not.
pub(crate) fn table(
    of: Of<'_>,
    differences: &[Difference],
    title: &str,
    heads: [String; 2],
    none: String,
    chosen: Option<RwSignal<Chosen>>,
) -> AnyView {
    if differences.is_empty() {
        return el("p").child(none).into_any();
    }
    let view = with_added(of.view, differences);
    let of = Of { view: &view, ..of };
    let all: Vec<Difference> = chosen.map_or_else(Vec::new, |_| differences.to_vec());
    let all = StoredValue::new(all);
    let rows: Vec<AnyView> = differences
        .iter()
        .enumerate()
        .map(|(at, difference)| {
            let chosen = chosen.filter(|_| choice::can_choose(of.kind, difference));
            let head = |place| match chosen {
                Some(chosen) => chooser(place, at, chosen, all),
                None => el("span").is("dir", "auto").child(place),
            };
            row(of, difference, &heads, head)
        })
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

/// The name of a place with a box to tick.
fn chooser(
    place: String,
    at: usize,
    chosen: RwSignal<Chosen>,
    all: StoredValue<Vec<Difference>>,
) -> El {
    let choose = move |event| {
        let on = event_target_checked(&event);
        all.with_value(|all| chosen.update(|chosen| choice::choose(all, chosen, at, on)));
    };
    el("label")
        .child(
            el("input")
                .is("type", "checkbox")
                .prop("checked", move || {
                    chosen.with(|chosen| chosen.contains(&at))
                })
                .on("change", happened(choose)),
        )
        .child(el("span").is("dir", "auto").child(place))
}

fn row(
    of: Of<'_>,
    difference: &Difference,
    heads: &[String; 2],
    head: impl FnOnce(String) -> El,
) -> AnyView {
    let path = difference.path.parse::<FieldPath>().ok();
    let place = match &path {
        Some(path) => words::place(of.page, of.kind, of.view, path),
        None => difference.path.clone(),
    };
    let (before, after) = (&difference.before, &difference.after);
    let in_words = |value: &Value| match &path {
        Some(path) => words::value(of.page, of.kind, path, value),
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
        .child(el("th").is("scope", "row").child(head(place)))
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
