//! A date or a span of dates, as exact as it is known.

use leptos::prelude::*;
use meltemi_core::time::Precision;
use serde_json::Value;

use crate::app::dates::{Draft, DraftError, join_month, year_and_month};
use crate::app::input::to_text;
use crate::locale::format;
use crate::t;
use crate::ui::dom::{El, el};
use crate::ui::live::{happened, live, memo, several};
use crate::ui::slot::Slot;

/// Which end of a span.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Start,
    End,
}

/// First date, last date when `span`, and how exact they are.
pub(crate) fn dates(slot: Slot, span: bool) -> AnyView {
    let draft = RwSignal::new(Draft::new(""));
    slot.follow(move |value| {
        let stored = to_text(value);
        let same = |draft: &Draft| {
            draft
                .value()
                .is_ok_and(|it| it.unwrap_or_default() == stored)
        };
        // How exact an empty date is going to be is not stored.
        if !draft.with_untracked(same) {
            draft.set(Draft::new(&stored));
        }
    });
    let save = move || match draft.get_untracked().value() {
        Ok(text) => slot.save(text.map_or(Value::Null, Value::String)),
        Err(DraftError::Reversed) => slot.refuse(t!("dates.reversed")),
        // The person is not finished.
        Err(DraftError::Incomplete) => slot.refuse(t!("dates.incomplete")),
    };
    let precision = memo(move || draft.with(|draft| draft.precision));
    let exact = move |event| {
        let precision = match event_target_value(&event).as_str() {
            "year" => Precision::Year,
            "month" => Precision::Month,
            _ => Precision::Day,
        };
        draft.update(|draft| draft.set_precision(precision));
        if !draft.with_untracked(|draft| draft.start.is_empty()) {
            slot.begin();
            save();
        }
    };
    let option = move |value: Precision, name: &'static str, label: String| {
        let selected = move || precision.get() == value;
        el("option")
            .attr("value", name)
            .live("selected", selected)
            .child(label)
            .into_any()
    };
    let end = span.then(|| part(slot, draft, precision, End::End, save));
    el("div")
        .is("class", "dates")
        .child(part(slot, draft, precision, End::Start, save))
        .child(end)
        .child(
            el("label")
                .child(el("span").child(t!("dates.precision")))
                .child(
                    el("select")
                        .on("change", happened(exact))
                        .child(option(Precision::Day, "day", t!("dates.day")))
                        .child(option(Precision::Month, "month", t!("dates.month")))
                        .child(option(Precision::Year, "year", t!("dates.year"))),
                ),
        )
        .into_any()
}

fn part(
    slot: Slot,
    draft: RwSignal<Draft>,
    precision: Memo<Precision>,
    end: End,
    save: impl Fn() + Copy + Send + Sync + 'static,
) -> AnyView {
    let text = memo(move || {
        draft.with(|draft| {
            if end == End::Start {
                draft.start.clone()
            } else {
                draft.end.clone()
            }
        })
    });
    let put = move |text: String| {
        slot.begin();
        draft.update(|draft| match end {
            End::Start => draft.start = text,
            End::End => draft.end = text,
        });
        save();
    };
    let id = match end {
        End::Start => slot.id(),
        End::End => format!("{}-end", slot.id()),
    };
    let label = match end {
        End::Start => t!("dates.start"),
        End::End => t!("dates.end"),
    };
    let label = StoredValue::new(label);
    let control = move || {
        let (id, label) = (id.clone(), label.get_value());
        match precision.get() {
            Precision::Day => day(slot, id, label, text, put),
            Precision::Month => month(slot, id, label, text, put),
            Precision::Year => year(slot, id, label, text, put),
        }
    };
    el("div")
        .is("class", "date")
        .child(
            el("span")
                .is("aria-hidden", "true")
                .child(label.get_value()),
        )
        .child(live(control))
        .into_any()
}

/// A control for a part of a date.
fn control(
    slot: Slot,
    tag: &'static str,
    id: Option<String>,
    label: String,
    put: impl Fn(String) + 'static,
) -> El {
    let change = happened(move |event| put(event_target_value(&event)));
    let begin = move |_| slot.begin();
    slot.control(tag)
        .attr("id", id)
        .attr("aria-label", label)
        .on("keydown", happened(begin))
        .on("input", happened(begin))
        .on("change", change)
}

fn day(
    slot: Slot,
    id: String,
    label: String,
    text: Memo<String>,
    put: impl Fn(String) + Copy + Send + Sync + 'static,
) -> AnyView {
    control(slot, "input", Some(id), label, put)
        .is("type", "date")
        .prop("value", move || text.get())
        .into_any()
}

fn month(
    slot: Slot,
    id: String,
    label: String,
    text: Memo<String>,
    put: impl Fn(String) + Copy + Send + Sync + 'static,
) -> AnyView {
    let parts = move || year_and_month(&text.get());
    let options = move || {
        let chosen = parts().1;
        let option = |number: u8| {
            let value = format!("{number:02}");
            let selected = value == chosen;
            el("option")
                .attr("value", value)
                .attr("selected", selected)
                .child(format::month(number))
                .into_any()
        };
        let all: Vec<AnyView> = (1..=12).map(option).collect();
        several(vec![
            (el("option").is("value", "").child(t!("value.none"))).into_any(),
            (all).into_any(),
        ])
        .into_any()
    };
    let months = t!("dates.month_of", which = label);
    let put_month = move |month: String| put(join_month(&parts().0, &month));
    let put_year = move |year: String| put(join_month(&year, &parts().1));
    el("span")
        .is("class", "month")
        .child(control(slot, "select", Some(id), months, put_month).child(live(options)))
        .child(year_input(slot, None, label, move || parts().0, put_year))
        .into_any()
}

fn year(
    slot: Slot,
    id: String,
    label: String,
    text: Memo<String>,
    put: impl Fn(String) + Copy + Send + Sync + 'static,
) -> AnyView {
    let year = move || year_and_month(&text.get()).0;
    year_input(slot, Some(id), label, year, put)
}

fn year_input(
    slot: Slot,
    id: Option<String>,
    label: String,
    value: impl Fn() -> String + Send + Sync + 'static,
    put: impl Fn(String) + 'static,
) -> AnyView {
    control(slot, "input", id, t!("dates.year_of", which = label), put)
        .is("class", "year")
        .is("type", "text")
        .is("inputmode", "numeric")
        .is("dir", "ltr")
        .is("maxlength", "4")
        .prop("value", value)
        .into_any()
}
