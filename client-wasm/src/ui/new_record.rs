//! A new record: a short form with what a record of the kind should have from the start.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::id::RecordRef;
use meltemi_core::record::{EntryKey, Field, FieldPath, Kind, Member, Scalar, Shape};
use serde_json::{Value, json};

use super::dom::el;
use super::live::{effect, happened, live, memo, several};
use super::page::Page;
use super::slot::{Saving, Slot};
use super::{control, record, screen, toasts};
use crate::app::failure::key;
use crate::app::form::first_fields;
use crate::app::route::Route;
use crate::{locale, t};

/// What a line of text in the reader's language takes.
static LINE: Scalar = Scalar::Line;

/// A field of the short form. A handle.
#[derive(Clone, Copy)]
struct First {
    declared: &'static Field,
    value: RwSignal<Option<Value>>,
    slot: Slot,
}

/// The screen of a new record.
pub(crate) fn new_record(page: Page, kind: &'static Kind) -> AnyView {
    let title = locale::text(&format!("new.{}", kind.name), &[]);
    screen::title(page, title.clone());
    let fields: Vec<First> = first_fields(kind).into_iter().map(First::new).collect();
    let fields = StoredValue::new(fields);
    let busy = RwSignal::new(false);
    let wrong = RwSignal::new(None::<String>);
    let submit = move |event: web_sys::Event| {
        event.prevent_default();
        let Some(programme) = page.programme() else {
            return;
        };
        if busy.get_untracked() {
            return;
        }
        let values: Vec<(FieldPath, Value)> =
            fields.with_value(|fields| fields.iter().filter_map(|field| field.given()).collect());
        if values.is_empty() {
            wrong.set(Some(t!("new.nothing")));
            return;
        }
        busy.set(true);
        let reference = RecordRef::new(kind.name, page.device(|device| device.random_key()));
        let route = Route::record(kind, &reference.key, "");
        let label = t!("done.created");
        page.execute(
            Command::CreateRecord {
                programme,
                reference,
                values,
            },
            move |result| {
                busy.try_set(false);
                match result {
                    Ok(done) => {
                        toasts::done(page, label, &done);
                        page.replace(route);
                    }
                    Err(failure) => {
                        wrong.try_set(Some(locale::text(&key(&failure), &[])));
                    }
                }
            },
        );
    };
    let drawn: Vec<AnyView> =
        fields.with_value(|fields| fields.iter().map(|field| field.draw(page, kind)).collect());
    let cancel = Route::list(kind, "").path();
    let no_programme = move || {
        let list = page.list("programme").map(|list| list.get());
        matches!(list, Some(super::page::Loaded::Here(all)) if all.is_empty())
    };
    let draw = move || no_programme().then(|| record::no_programme(page));
    several(vec![
        (live(draw)).into_any(),
        (el("form")
            .is("class", "new sheet")
            .is("autocomplete", "off")
            .on("submit", happened(submit))
            .live("hidden", move || no_programme())
            .child(el("h1").is("tabindex", "-1").child(title))
            .child(el("p").is("class", "hint").child(t!("new.explain")))
            .child(el("div").is("class", "fields").child(drawn))
            .child(
                el("p")
                    .is("class", "wrong")
                    .is("role", "alert")
                    .child(live(move || wrong.get())),
            )
            .child(
                el("div")
                    .is("class", "actions")
                    .child(
                        el("button")
                            .is("type", "submit")
                            .live("aria-busy", move || busy.get().to_string())
                            .child(t!("new.create")),
                    )
                    .child(
                        el("a")
                            .is("class", "secondary")
                            .is("role", "button")
                            .attr("href", cancel)
                            .child(t!("new.cancel")),
                    ),
            ))
        .into_any(),
    ])
    .into_any()
}

impl First {
    fn new(declared: &'static Field) -> Self {
        let value = RwSignal::new(None);
        let put =
            Callback::new(move |new: Value| value.set(Some(new).filter(|new| !new.is_null())));
        let slot = Slot::new(
            None,
            format!("new-{}", declared.name),
            memo(move || value.get()),
            put,
        );
        // A value that fits takes the complaint about the one before away.
        effect(move || {
            value.track();
            slot.saving.set(Saving::Idle);
        });
        Self {
            declared,
            value,
            slot,
        }
    }

    /// What the person gave, as a path and a value.
    fn given(self) -> Option<(FieldPath, Value)> {
        let value = self.value.get_untracked()?;
        let path = FieldPath::field(self.declared.name);
        Some(match &self.declared.shape {
            Shape::ByLanguage => (path.join(locale::language().code), value),
            Shape::Entries(EntryKey::Link(_), _) => {
                (path.join_record(value.as_str()?.parse().ok()?), json!({}))
            }
            Shape::Tags(_) => (path, json!([value])),
            _ => (path, value),
        })
    }

    fn draw(self, page: Page, kind: &'static Kind) -> AnyView {
        let Self { declared, slot, .. } = self;
        let (control, group) = match &declared.shape {
            Shape::Value(scalar) => (
                control::scalar(page, slot, scalar),
                control::is_group(scalar),
            ),
            Shape::Tags(Member::Code(words)) => (control::choice::word(slot, words), false),
            Shape::Tags(Member::Link(kinds)) | Shape::Entries(EntryKey::Link(kinds), _) => {
                (control::choice::record(page, slot, kinds), false)
            }
            Shape::Text => (control::text::plain(slot), false),
            _ => (control::input::input(slot, &LINE), false),
        };
        let label = locale::field(kind.name, &[declared.name]);
        let hint = locale::hint(kind.name, &[declared.name]);
        let wrong = move || match slot.saving.get() {
            Saving::Wrong(why) => Some(
                el("span")
                    .is("class", "wrong")
                    .is("role", "alert")
                    .child(why)
                    .into_any(),
            ),
            _ => None,
        };
        let notes = el("div")
            .is("class", "notes")
            .attr("id", slot.note_id())
            .child(hint.map(|hint| el("span").is("class", "hint").child(hint).into_any()))
            .child(live(wrong));
        if group {
            el("fieldset")
                .is("class", "field")
                .is("data-width", "full")
                .child(el("legend").is("class", "label").child(label))
                .child(control)
                .child(notes.into_any())
                .into_any()
        } else {
            el("div")
                .is("class", "field")
                .is("data-width", "full")
                .child(
                    el("label")
                        .is("class", "label")
                        .attr("for", slot.id())
                        .child(label),
                )
                .child(control)
                .child(notes.into_any())
                .into_any()
        }
    }
}
