//! A field of a record on the screen: label, control, what is wrong with it, what became of it.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::record::{self, FieldPath, Merge, Scalar, Shape};
use meltemi_core::view::RecordView;
use serde_json::Value;

use super::dom::el;
use super::live::{live, memo, several};
use super::record::open::Open;
use super::slot::{Begun, Saving, Slot};
use super::{conflict, control, entries, toasts, words};
use crate::app::failure::key;
use crate::app::form::{Width, element_id, field_at, field_names, width};
use crate::app::input::expected_key;
use crate::app::read;
use crate::locale;
use crate::t;

/// A field of the open record. A handle.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) open: Open,
    pub(crate) slot: Slot,
    path: StoredValue<FieldPath>,
}

impl Field {
    /// The field at `path`; what is put into its slot is stored in the record.
    pub(crate) fn new(open: Open, path: FieldPath, scalar: Option<&'static Scalar>) -> Self {
        let put = Callback::new({
            let path = path.clone();
            move |value: Value| {
                if let Some(field) = Self::find(open, &path) {
                    field.set(value, scalar);
                }
            }
        });
        let slot = Slot::new(Some(open), element_id(&path), open.value(path.clone()), put);
        let field = Self {
            open,
            slot,
            path: StoredValue::new(path.clone()),
        };
        open.fields.update_value(|fields| {
            fields.insert(path, field);
        });
        field
    }

    /// The register at `path`.
    pub(crate) fn register(open: Open, path: FieldPath, scalar: &'static Scalar) -> Self {
        Self::new(open, path, Some(scalar))
    }

    fn find(open: Open, path: &FieldPath) -> Option<Self> {
        open.fields.with_value(|fields| fields.get(path).copied())
    }

    /// Where it is.
    pub(crate) fn path(self) -> FieldPath {
        self.path.get_value()
    }

    /// The id of its element, for links to it.
    pub(crate) fn element_id(self) -> String {
        self.path.with_value(element_id)
    }

    /// Stores a value unless it is the one the person saw. The value of an open conflict can be
    /// stored again: that settles it.
    fn set(self, value: Value, scalar: Option<&'static Scalar>) {
        let Self { open, slot, .. } = self;
        let path = self.path();
        let begun = slot.begun.get_untracked();
        let Begun {
            base,
            value: before,
        } = begun.clone().unwrap_or_else(|| Begun {
            base: slot.seen(),
            value: slot.value.get_untracked(),
        });
        let asked = open
            .view
            .with_untracked(|view| read::conflict(view, &path).is_some());
        if before.unwrap_or(Value::Null) == value && !asked {
            slot.saving.set(Saving::Idle);
            return;
        }
        let command = Command::SetField {
            document: open.document,
            path,
            value,
            base,
        };
        self.run(command, scalar, begun);
    }

    /// Carries out a command about this field.
    pub(crate) fn execute(self, command: Command) {
        self.run(command, None, None);
    }

    fn run(self, command: Command, scalar: Option<&'static Scalar>, begun: Option<Begun>) {
        let Self { open, slot, .. } = self;
        let label = open
            .view
            .with_untracked(|view| words::place(open.page, open.kind, view, &self.path()));
        slot.saving.set(Saving::UnderWay);
        open.execute(command, move |result| match result {
            Ok(done) => {
                self.answered(&done.record);
                slot.saving.try_set(Saving::of(&done));
                toasts::done(open.page, t!("done.changed", what = label), &done);
            }
            Err(failure) => {
                let known = failure.code != "unknown-base";
                if !known {
                    open.reload();
                }
                // What was typed is still there, and so is what it was typed upon.
                slot.begun.try_update(|now| {
                    if now.is_none() {
                        *now = begun;
                    }
                    if let Some(begun) = now {
                        begun.base = begun.base.take().filter(|_| known);
                    }
                });
                let why = match (failure.code.as_str(), scalar) {
                    ("wrong-value", Some(scalar)) => expected_key(scalar).to_owned(),
                    _ => key(&failure),
                };
                if slot
                    .saving
                    .try_set(Saving::Wrong(locale::text(&why, &[])))
                    .is_some()
                {
                    // The field is no longer on the screen.
                    open.page.tell(&failure);
                }
            }
        });
    }

    /// The person's own change is stored. If they have begun the next one meanwhile, that is based
    /// on this.
    fn answered(self, record: &RecordView) {
        self.slot.begun.try_update(|begun| {
            if let Some(begun) = begun {
                begun.base = Some(record.heads.clone());
                begun.value = self
                    .path
                    .with_value(|path| read::value(record, path).cloned());
            }
        });
    }

    /// Says that somebody changed the value while the person was typing another.
    fn meanwhile(self) -> Option<AnyView> {
        let Self { open, slot, .. } = self;
        if !slot.is_overtaken() {
            return None;
        }
        let path = self.path();
        let asks = field_at(open.kind, &path).is_some_and(|it| it.merge != Merge::Quiet);
        let text = if asks {
            t!("field.meanwhile")
        } else {
            let now = slot.value.get().unwrap_or(Value::Null);
            let now = words::value(open.page, open.kind, &path, &now);
            t!("field.meanwhile_quiet", value = now)
        };
        Some(
            el("span")
                .is("class", "meanwhile")
                .is("role", "status")
                .child(text)
                .into_any(),
        )
    }

    /// Below the control: hint, error, what became of the last change, the open conflict.
    pub(crate) fn notes(self) -> AnyView {
        let Self { open, slot, .. } = self;
        let path = self.path();
        let hint = locale::hint(open.kind.name, &field_names(open.kind, &path));
        let saving = move || match slot.saving.get() {
            Saving::Idle => ().into_any(),
            Saving::UnderWay => el("span")
                .is("class", "saving")
                .child(t!("field.saving"))
                .into_any(),
            Saving::Saved => el("span")
                .is("class", "saved")
                .child(t!("field.saved"))
                .into_any(),
            Saving::Wrong(why) => el("span")
                .is("class", "wrong")
                .is("role", "alert")
                .child(why)
                .into_any(),
        };
        several(vec![
            (el("div")
                .is("class", "notes")
                .attr("id", slot.note_id())
                .child(hint.map(|hint| el("span").is("class", "hint").child(hint).into_any()))
                .child(live(saving))
                .child(live(move || self.meanwhile())))
            .into_any(),
            (conflict::at(open, path)).into_any(),
        ])
        .into_any()
    }
}

/// A field with everything around it. `around` is the path of the record or entry it is in.
pub(crate) fn field(open: Open, around: &FieldPath, declared: &'static record::Field) -> AnyView {
    let path = around.clone().join(declared.name);
    let label = words::label(open.kind, &path);
    let id = element_id(&path);
    let missing = missing(open, &path, declared);
    let width = match width(declared) {
        Width::Narrow => "narrow",
        Width::Half => "half",
        Width::Full => "full",
    };
    let (field, control, group) = match &declared.shape {
        Shape::Value(scalar) => {
            let field = Field::register(open, path, scalar);
            (
                field,
                control::scalar(open.page, field.slot, scalar),
                control::is_group(scalar),
            )
        }
        Shape::Text => {
            let field = Field::new(open, path, None);
            (field, control::text::text(open, field), false)
        }
        Shape::ByLanguage => {
            let field = Field::new(open, path.clone(), None);
            (field, control::by_language::by_language(open, path), true)
        }
        Shape::Tags(member) => {
            let field = Field::new(open, path, None);
            (field, control::tags::tags(open, field, member), true)
        }
        Shape::Entries(key, fields) => {
            let field = Field::new(open, path, None);
            (
                field,
                entries::entries(open, field, declared, key, fields),
                true,
            )
        }
    };
    let notes = field.notes();
    if group {
        el("fieldset")
            .is("class", "field")
            .attr("data-width", width)
            .attr("id", id)
            .child(
                el("legend")
                    .is("class", "label")
                    .child(label)
                    .child(missing),
            )
            .child(control)
            .child(notes)
            .into_any()
    } else {
        el("div")
            .is("class", "field")
            .attr("data-width", width)
            .attr("id", id)
            .child(
                el("label")
                    .is("class", "label")
                    .attr("for", field.slot.id())
                    .child(label)
                    .child(missing),
            )
            .child(control)
            .child(notes)
            .into_any()
    }
}

/// The mark of a required field without a value.
fn missing(open: Open, path: &FieldPath, declared: &'static record::Field) -> Option<AnyView> {
    if !declared.required {
        return None;
    }
    let path = path.to_string();
    let here = memo(move || open.view.with(|view| view.missing.contains(&path)));
    let mark = move || {
        here.get().then(|| {
            el("span")
                .is("class", "mark missing")
                .child(t!("field.missing"))
                .into_any()
        })
    };
    Some(live(mark))
}
