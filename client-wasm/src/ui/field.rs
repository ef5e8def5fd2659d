//! A field of a record on the screen: label, control, what is wrong with it, what became of it.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::record::{self, FieldPath, Scalar, Shape};
use serde_json::Value;

use super::live::{live, memo};
use super::record::open::Open;
use super::slot::{Saving, Slot};
use super::{conflict, control, entries, toasts, words};
use crate::app::failure::key;
use crate::app::form::{Width, element_id, field_names, width};
use crate::app::input::expected_key;
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
                let field = Self::find(open, &path);
                let command = Command::SetField {
                    document: open.document,
                    path: path.clone(),
                    value,
                };
                if let Some(field) = field {
                    field.set(command, scalar);
                }
            }
        });
        let slot = Slot::new(element_id(&path), open.value(path.clone()), put);
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

    /// Stores a value unless it is the one that is there. The value of an open conflict can be
    /// stored again: that settles it.
    fn set(self, command: Command, scalar: Option<&'static Scalar>) {
        let Command::SetField { path, value, .. } = &command else {
            return;
        };
        let before = self.slot.value.get_untracked().unwrap_or(Value::Null);
        let open = self
            .open
            .view
            .with_untracked(|v| crate::app::read::conflict(v, path).is_some());
        if before == *value && !open {
            self.slot.saving.set(Saving::Idle);
            return;
        }
        self.run(command, scalar);
    }

    /// Carries out a command about this field.
    pub(crate) fn execute(self, command: Command) {
        self.run(command, None);
    }

    fn run(self, command: Command, scalar: Option<&'static Scalar>) {
        let Self { open, slot, .. } = self;
        let label = open
            .view
            .with_untracked(|view| words::place(open.page, open.kind, view, &self.path()));
        slot.saving.set(Saving::Underway);
        open.execute(command, move |result| match result {
            Ok(done) => {
                slot.saving.try_set(Saving::Saved);
                toasts::done(open.page, t!("done.changed", what = label), &done);
            }
            Err(failure) => {
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

    /// Below the control: hint, error, what became of the last change, the open conflict.
    pub(crate) fn notes(self) -> AnyView {
        let Self { open, slot, .. } = self;
        let path = self.path();
        let hint = locale::hint(open.kind.name, &field_names(open.kind, &path));
        let saving = move || match slot.saving.get() {
            Saving::Idle => ().into_any(),
            Saving::Underway => {
                view! { <span class="saving">{t!("field.saving")}</span> }.into_any()
            }
            Saving::Saved => view! { <span class="saved">{t!("field.saved")}</span> }.into_any(),
            Saving::Wrong(why) => {
                view! { <span class="wrong" role="alert">{why}</span> }.into_any()
            }
        };
        view! {
            <div class="notes" id=slot.note_id()>
                {hint.map(|hint| view! { <span class="hint">{hint}</span> }.into_any())}
                {live(saving)}
            </div>
            {conflict::at(open, path)}
        }
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
        view! {
            <fieldset class="field" data-width=width id=id>
                <legend class="label">{label} {missing}</legend>
                {control}
                {notes}
            </fieldset>
        }
        .into_any()
    } else {
        view! {
            <div class="field" data-width=width id=id>
                <label class="label" for=field.slot.id()>{label} {missing}</label>
                {control}
                {notes}
            </div>
        }
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
        here.get()
            .then(|| view! { <span class="mark missing">{t!("field.missing")}</span> }.into_any())
    };
    Some(live(mark))
}
