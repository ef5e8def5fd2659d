//! A date or a span of dates, as exact as it is known.

use leptos::prelude::*;
use meltemi_core::time::Precision;
use serde_json::Value;

use crate::app::dates::{Draft, DraftError, join_month, year_and_month};
use crate::app::input::to_text;
use crate::locale::format;
use crate::t;
use crate::ui::live::{effect, happened, live, memo};
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
    effect(move || draft.set(Draft::new(&to_text(slot.value.get().as_ref()))));
    let save = move || match draft.get_untracked().value() {
        Ok(text) => slot.put.run(text.map_or(Value::Null, Value::String)),
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
            save();
        }
    };
    let option = move |value: Precision, name: &'static str, label: String| {
        let selected = move || precision.get() == value;
        view! { <option value=name selected=selected>{label}</option> }.into_any()
    };
    let end = span.then(|| part(slot, draft, precision, End::End, save));
    view! {
        <div class="dates">
            {part(slot, draft, precision, End::Start, save)}
            {end}
            <label>
                <span>{t!("dates.precision")}</span>
                <select on:change=happened(exact)>
                    {option(Precision::Day, "day", t!("dates.day"))}
                    {option(Precision::Month, "month", t!("dates.month"))}
                    {option(Precision::Year, "year", t!("dates.year"))}
                </select>
            </label>
        </div>
    }
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
    view! {
        <div class="date">
            <span aria-hidden="true">{label.get_value()}</span>
            {live(control)}
        </div>
    }
    .into_any()
}

fn day(
    slot: Slot,
    id: String,
    label: String,
    text: Memo<String>,
    put: impl Fn(String) + Copy + Send + Sync + 'static,
) -> AnyView {
    view! {
        <input
            id=id
            type="date"
            aria-label=label
            aria-describedby=slot.note_id()
            aria-invalid=move || slot.invalid()
            prop:value=move || text.get()
            on:change=happened(move |event| put(event_target_value(&event)))
        />
    }
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
            view! { <option value=value selected=selected>{format::month(number)}</option> }
                .into_any()
        };
        let all: Vec<AnyView> = (1..=12).map(option).collect();
        view! { <option value="">{t!("value.none")}</option> {all} }.into_any()
    };
    let months = t!("dates.month_of", which = label);
    view! {
        <span class="month">
            <select
                id=id
                aria-label=months
                aria-describedby=slot.note_id()
                on:change=happened(move |event| put(join_month(&parts().0, &event_target_value(&event))))
            >
                {live(options)}
            </select>
            {year_input(slot, None, label, move || parts().0, move |year| {
                put(join_month(&year, &parts().1));
            })}
        </span>
    }
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
    view! {
        <input
            id=id
            class="year"
            type="text"
            inputmode="numeric"
            dir="ltr"
            maxlength="4"
            aria-label=t!("dates.year_of", which = label)
            aria-describedby=slot.note_id()
            aria-invalid=move || slot.invalid()
            prop:value=value
            on:change=happened(move |event| put(event_target_value(&event)))
        />
    }
    .into_any()
}
