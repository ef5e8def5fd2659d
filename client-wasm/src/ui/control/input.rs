//! Lines of text, numbers, amounts, addresses, times.

use leptos::prelude::*;
use meltemi_core::record::Scalar;

use crate::app::input::{expected_key, parse};
use crate::locale;
use crate::ui::live::{happened, pressed};
use crate::ui::slot::Slot;

/// An input that puts its value when the person leaves it or presses Enter.
pub(crate) fn input(slot: Slot, scalar: &'static Scalar) -> AnyView {
    let text = slot.text();
    // Numbers are typed into text inputs: number inputs drop what they do not understand.
    let (kind, mode) = match scalar {
        Scalar::Integer { .. } => ("text", "numeric"),
        Scalar::Decimal => ("text", "decimal"),
        Scalar::Url => ("url", "url"),
        Scalar::LocalTime => ("datetime-local", "text"),
        _ => ("text", "text"),
    };
    let direction = match scalar {
        Scalar::Line => "auto",
        _ => "ltr",
    };
    let change = move |event| match parse(scalar, &event_target_value(&event)) {
        Some(value) => slot.save(value),
        None => slot.refuse(locale::text(expected_key(scalar), &[])),
    };
    let type_ = move |event| {
        slot.begin();
        text.set(event_target_value(&event));
    };
    let keys = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" && slot.begun.with_untracked(Option::is_some) {
            slot.give_up();
        }
    };
    slot.control("input")
        .attr("id", slot.id())
        .attr("type", kind)
        .attr("inputmode", mode)
        .attr("dir", direction)
        .is("autocomplete", "off")
        .prop("value", move || text.get())
        .on("input", happened(type_))
        .on("change", happened(change))
        .on("keydown", pressed(keys))
        .into_any()
}
