//! A line of text in each language: one input a language, and a way to add another.

use leptos::prelude::*;
use meltemi_core::record::{FieldPath, Scalar};
use serde_json::{Map, Value};

use crate::app::language::CONTENT;
use crate::locale::{self, format};
use crate::t;
use crate::ui::dom::el;
use crate::ui::field::Field;
use crate::ui::live::{happened, live, memo};
use crate::ui::record::open::Open;

/// What a language's input takes.
static LINE: Scalar = Scalar::Line;

/// The inputs of all languages with a text, and of the reader's own.
pub(crate) fn by_language(open: Open, path: FieldPath) -> AnyView {
    let value = open.value(path.clone());
    let added = RwSignal::new(Vec::<String>::new());
    let shown = memo(move || {
        let value = value.get();
        let filled = value.as_ref().and_then(Value::as_object);
        let mut codes: Vec<String> = filled.into_iter().flat_map(Map::keys).cloned().collect();
        for code in added.get() {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        if codes.is_empty() {
            codes.push(locale::language().code.to_owned());
        }
        // The reader's own language first.
        if let Some(at) = codes
            .iter()
            .position(|code| code == locale::language().code)
        {
            codes[..=at].rotate_right(1);
        }
        codes
    });
    let rows = move |code: String| {
        let field = Field::register(open, path.clone().join(code.as_str()), &LINE);
        let name = format::language_name(&code);
        el("div")
            .is("class", "language")
            .attr("id", field.element_id())
            .attr("lang", code)
            .child(
                el("label")
                    .attr("for", field.slot.id())
                    .attr("lang", locale::language().code)
                    .child(name),
            )
            .child(super::input::input(field.slot, &LINE))
            .child(field.notes())
            .into_any()
    };
    let add = move |event| {
        let code = event_target_value(&event);
        if !code.is_empty() {
            added.update(|codes| {
                codes.push(code);
            });
        }
    };
    let more = move || {
        let here = shown.get();
        let left = CONTENT
            .iter()
            .filter(|code| !here.iter().any(|shown| shown == *code));
        let option = |code: &&'static str| {
            el("option")
                .attr("value", *code)
                .child(format::language_name(code))
                .into_any()
        };
        left.map(option).collect::<Vec<_>>()
    };
    el("div")
        .is("class", "languages")
        .child(view! { <For each=move || shown.get() key=Clone::clone children=rows/> }.into_any())
        .child(
            el("select")
                .is("class", "add")
                .attr("aria-label", t!("language.add"))
                .on("change", happened(add))
                .prop("value", move || "")
                .child(el("option").is("value", "").child(t!("language.add")))
                .child(live(more)),
        )
        .into_any()
}
