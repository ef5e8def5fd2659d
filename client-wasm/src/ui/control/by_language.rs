//! A line of text in each language: one input a language, and a way to add another.

use std::collections::BTreeSet;

use leptos::prelude::*;
use meltemi_core::record::{FieldPath, Scalar};
use serde_json::Value;

use crate::app::language::CONTENT;
use crate::locale::{self, format};
use crate::t;
use crate::ui::field::Field;
use crate::ui::live::{happened, live, memo};
use crate::ui::record::open::Open;

/// What a language's input takes.
static LINE: Scalar = Scalar::Line;

/// The inputs of all languages with a text, and of the reader's own.
pub(crate) fn by_language(open: Open, path: FieldPath) -> AnyView {
    let value = open.value(path.clone());
    let added = RwSignal::new(BTreeSet::<String>::new());
    let shown = memo(move || {
        let value = value.get();
        let filled = value.as_ref().and_then(Value::as_object);
        let mut codes: BTreeSet<String> = filled
            .map(|texts| texts.keys().cloned().collect())
            .unwrap_or_default();
        codes.extend(added.get());
        if codes.is_empty() {
            codes.insert(locale::language().code.to_owned());
        }
        // The reader's own language first.
        let mut codes: Vec<String> = codes.into_iter().collect();
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
        view! {
            <div class="language" id=field.element_id() lang=code>
                <label for=field.slot.id() lang=locale::language().code>{name}</label>
                {super::input::input(field.slot, &LINE)}
                {field.notes()}
            </div>
        }
        .into_any()
    };
    let add = move |event| {
        let code = event_target_value(&event);
        if !code.is_empty() {
            added.update(|codes| {
                codes.insert(code);
            });
        }
    };
    let more = move || {
        let here = shown.get();
        let left = CONTENT
            .iter()
            .filter(|code| !here.iter().any(|shown| shown == *code));
        let option = |code: &&str| {
            view! { <option value=*code>{format::language_name(code)}</option> }.into_any()
        };
        left.map(option).collect::<Vec<_>>()
    };
    view! {
        <div class="languages">
            <For each=move || shown.get() key=Clone::clone children=rows/>
            <select class="add" aria-label=t!("language.add") on:change=happened(add) prop:value="">
                <option value="">{t!("language.add")}</option>
                {live(more)}
            </select>
        </div>
    }
    .into_any()
}
