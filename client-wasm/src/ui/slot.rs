//! Where a control has its value from and puts a new one: a register of a record, or a form.

use leptos::prelude::*;
use serde_json::Value;

use super::dom::{El, el};
use super::live::{effect, happened};
use super::record::open::Open;
use crate::app::failure::key;
use crate::app::protocol::Done;
use crate::locale;

/// What became of the last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Saving {
    /// Nothing to say.
    Idle,
    /// On its way to this device's storage.
    UnderWay,
    /// Stored on this device.
    Saved,
    /// It cannot be stored; why.
    Wrong(String),
}

impl Saving {
    /// What became of a change that was carried out.
    pub(crate) fn of(done: &Done) -> Self {
        match &done.unsaved {
            None => Self::Saved,
            Some(failure) => Self::Wrong(locale::text(&key(failure), &[])),
        }
    }
}

/// What a person saw when they began to change a value that is not stored yet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Begun {
    /// The version of the record, where there is one.
    pub(crate) base: Option<Vec<String>>,
    /// The value.
    pub(crate) value: Option<Value>,
}

/// Where a control has its value from and puts a new one. A handle.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    /// The value; `None` when empty.
    pub(crate) value: Memo<Option<Value>>,
    /// What became of the last one.
    pub(crate) saving: RwSignal<Saving>,
    /// The change that is being made.
    pub(crate) begun: RwSignal<Option<Begun>>,
    /// Puts a value; `Null` to empty.
    put: Callback<Value>,
    /// The record it is in; none in the form for a new one.
    open: Option<Open>,
    /// The id of the control.
    id: StoredValue<String>,
    /// The id of what describes it: hint, error.
    described: StoredValue<String>,
}

impl Slot {
    pub(crate) fn new(
        open: Option<Open>,
        id: String,
        value: Memo<Option<Value>>,
        put: Callback<Value>,
    ) -> Self {
        let described = StoredValue::new(format!("{id}--note"));
        let id = StoredValue::new(format!("{id}--control"));
        Self {
            value,
            saving: RwSignal::new(Saving::Idle),
            begun: RwSignal::new(None),
            put,
            open,
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

    /// The person begins to change the value, unless they have begun before.
    pub(crate) fn begin(self) {
        if self.begun.with_untracked(Option::is_none) {
            self.look();
        }
    }

    /// What the person sees now is what their next change is based on.
    pub(crate) fn look(self) {
        self.begun.set(Some(Begun {
            base: self.seen(),
            value: self.value.get_untracked(),
        }));
    }

    /// The version on the screen; `None` as long as it lacks the person's own last change.
    pub(crate) fn seen(self) -> Option<Vec<String>> {
        let open = self.open?;
        let own = self.saving.with_untracked(|it| *it == Saving::UnderWay);
        (!own).then(|| open.view.with_untracked(|view| view.heads.clone()))
    }

    /// Whether somebody else changed the value since the person began.
    pub(crate) fn is_overtaken(self) -> bool {
        self.begun.with(|begun| {
            begun
                .as_ref()
                .is_some_and(|begun| self.value.with(|now| *now != begun.value))
        })
    }

    /// Puts a value; `Null` to empty.
    pub(crate) fn save(self, value: Value) {
        self.put.run(value);
        self.begun.set(None);
    }

    /// Says that what was typed cannot be stored.
    pub(crate) fn refuse(self, why: String) {
        self.saving.set(Saving::Wrong(why));
    }

    /// The person gives up what they began.
    pub(crate) fn give_up(self) {
        self.saving.set(Saving::Idle);
        self.begun.set(None);
    }

    /// The person left the control. What could not be stored stays for them to put right.
    fn leave(self) {
        if !self.is_wrong() {
            self.begun.set(None);
        }
    }

    fn is_wrong(self) -> bool {
        self.saving
            .with_untracked(|saving| matches!(saving, Saving::Wrong(_)))
    }

    /// For `aria-invalid`.
    fn invalid(self) -> Option<&'static str> {
        matches!(self.saving.get(), Saving::Wrong(_)).then_some("true")
    }

    /// An element to change the value with.
    pub(crate) fn control(self, tag: &'static str) -> El {
        el(tag)
            .attr("aria-describedby", self.note_id())
            .live("aria-invalid", move || self.invalid())
            .on("blur", happened(move |_| self.leave()))
    }

    /// Keeps `show` up with changes from elsewhere, unless the person has begun one of their own.
    pub(crate) fn follow(self, mut show: impl FnMut(Option<&Value>) + 'static) {
        effect(move || {
            let rests = matches!(self.saving.get(), Saving::Idle | Saving::Saved)
                && self.begun.with(Option::is_none);
            self.value.with(|value| {
                if rests {
                    show(value.as_ref());
                }
            });
        });
    }

    /// The value as text, kept up.
    pub(crate) fn text(self) -> RwSignal<String> {
        let text = RwSignal::new(String::new());
        self.follow(move |value| text.set(crate::app::input::to_text(value)));
        text
    }
}
