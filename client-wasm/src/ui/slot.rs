//! Where a control has its value from and puts a new one: a register of a record, or a form.

use leptos::prelude::*;
use serde_json::Value;

/// What became of the last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Saving {
    /// Nothing to say.
    Idle,
    /// On its way to this device's storage.
    Underway,
    /// Stored on this device.
    Saved,
    /// It cannot be stored; why.
    Wrong(String),
}

/// Where a control has its value from and puts a new one. A handle.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    /// The value; `None` when empty.
    pub(crate) value: Memo<Option<Value>>,
    /// Puts a value; `Null` to empty.
    pub(crate) put: Callback<Value>,
    /// What became of the last one.
    pub(crate) saving: RwSignal<Saving>,
    /// The id of the control.
    id: StoredValue<String>,
    /// The id of what describes it: hint, error.
    described: StoredValue<String>,
}
use super::live::effect;

impl Slot {
    pub(crate) fn new(id: String, value: Memo<Option<Value>>, put: Callback<Value>) -> Self {
        let described = StoredValue::new(format!("{id}--note"));
        let id = StoredValue::new(format!("{id}--control"));
        Self {
            value,
            put,
            saving: RwSignal::new(Saving::Idle),
            id,
            described,
        }
    }

    /// The id of the control.
    pub(crate) fn id(self) -> String {
        self.id.get_value()
    }

    /// The id of the element with hint and error.
    pub(crate) fn note_id(self) -> String {
        self.described.get_value()
    }

    /// Says that what was typed cannot be stored.
    pub(crate) fn refuse(self, why: String) {
        self.saving.set(Saving::Wrong(why));
    }

    /// For `aria-invalid`.
    pub(crate) fn invalid(self) -> Option<&'static str> {
        matches!(self.saving.get(), Saving::Wrong(_)).then_some("true")
    }

    /// The value as text, kept up with changes from elsewhere unless the person is typing.
    pub(crate) fn text(self, typing: RwSignal<bool>) -> RwSignal<String> {
        let text = RwSignal::new(String::new());
        effect(move || {
            let now = crate::app::input::to_text(self.value.get().as_ref());
            if !typing.get_untracked() {
                text.set(now);
            }
        });
        text
    }
}
