//! Forms of administration: labelled controls, and a sentence when the server refuses.

use leptos::prelude::*;
use web_sys::Event;

use crate::app::office::answer;
use crate::app::protocol::Failure;
use crate::locale;
use crate::t;
use crate::ui::control::choice::{Choice, Group, options};
use crate::ui::dom::{El, el};
use crate::ui::live::{happened, live, several};
use crate::ui::parts;

/// Whether a form waits for the server, and what the server had against it.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    busy: RwSignal<bool>,
    wrong: RwSignal<Option<Failure>>,
}

impl Form {
    pub(crate) fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            wrong: RwSignal::new(None),
        }
    }

    /// Does it, unless the answer to something is still to come.
    pub(crate) fn begin(self, run: impl FnOnce()) {
        if !self.busy.get_untracked() {
            self.busy.set(true);
            self.wrong.set(None);
            run();
        }
    }

    /// The answer is here: what was asked for, or the refusal for the person to read.
    pub(crate) fn end<T>(self, result: Result<T, Failure>) -> Option<T> {
        self.busy.try_set(false);
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                self.wrong.try_set(Some(failure));
                None
            }
        }
    }

    /// The refusal, to be read outside of a form.
    pub(crate) fn wrong(self) -> Option<AnyView> {
        self.wrong.get().map(|failure| refusal(&failure))
    }

    /// The form. `submit` is called once, until the answer is here.
    pub(crate) fn draw(
        self,
        fields: Vec<AnyView>,
        label: String,
        submit: impl Fn() + 'static,
    ) -> El {
        let submit = move |event: Event| {
            event.prevent_default();
            self.begin(&submit);
        };
        let wrong = move || self.wrong();
        let button = el("button")
            .is("type", "submit")
            .live("aria-busy", move || self.busy.get().to_string())
            .child(label);
        el("form")
            .on("submit", happened(submit))
            .child(el("div").is("class", "fields").child(fields))
            .child(
                el("p")
                    .is("class", "wrong")
                    .is("role", "alert")
                    .child(live(wrong)),
            )
            .child(el("div").is("class", "actions").child(button))
    }
}

/// Why the server refused, in the person's language where there is a text for it, else in the
/// sentence of the server.
pub(crate) fn refusal(failure: &Failure) -> AnyView {
    match answer::plain(failure) {
        Some(key) => locale::text(&key, &[]).into_any(),
        None => several(vec![
            t!("office.refused.other").into_any(),
            " ".into_any(),
            el("span")
                .is("lang", "en")
                .is("dir", "ltr")
                .child(failure.message.clone())
                .into_any(),
        ]),
    }
}

/// A control with its label, and a hint below.
pub(crate) fn field(
    id: &str,
    width: &'static str,
    label: String,
    control: El,
    hint: Option<String>,
) -> AnyView {
    let note = format!("{id}-note");
    let control = control
        .attr("id", id.to_owned())
        .attr("aria-describedby", hint.is_some().then(|| note.clone()));
    let hint = hint.map(|hint| {
        el("div")
            .is("class", "notes")
            .attr("id", note)
            .child(el("span").is("class", "hint").child(hint))
            .into_any()
    });
    el("div")
        .is("class", "field")
        .is("data-width", width)
        .child(
            el("label")
                .is("class", "label")
                .attr("for", id.to_owned())
                .child(label),
        )
        .child(control)
        .child(hint)
        .into_any()
}

/// A line of text that must not be empty.
pub(crate) fn line(text: RwSignal<String>) -> El {
    parts::line(text)
        .is("autocomplete", "off")
        .is("required", "")
}

/// A password.
pub(crate) fn password(purpose: &'static str, text: RwSignal<String>) -> El {
    parts::line(text)
        .is("type", "password")
        .is("autocomplete", purpose)
        .is("required", "")
        .is("dir", "ltr")
}

/// A number of days.
pub(crate) fn days(text: RwSignal<String>, most: &'static str) -> El {
    parts::line(text)
        .is("type", "number")
        .is("inputmode", "numeric")
        .is("min", "1")
        .is("max", most)
        .is("step", "1")
        .is("required", "")
        .is("dir", "ltr")
}

/// One of several.
pub(crate) fn select(
    chosen: RwSignal<String>,
    groups: impl Fn() -> Vec<Group> + Send + 'static,
) -> El {
    let draw = move || options(groups(), &chosen.get_untracked());
    el("select")
        .on(
            "change",
            happened(move |event| chosen.set(event_target_value(&event))),
        )
        .child(live(draw))
}

/// Choices without a heading.
pub(crate) fn plain(choices: Vec<Choice>) -> Vec<Group> {
    vec![(String::new(), choices)]
}

/// Choices under headings, after the choice of nothing.
pub(crate) fn or_none(none: String, groups: Vec<Group>) -> Vec<Group> {
    let mut all = plain(vec![(String::new(), none)]);
    all.extend(
        groups
            .into_iter()
            .filter(|(_, choices)| !choices.is_empty()),
    );
    all
}

/// Something that can be on or off.
pub(crate) fn check(label: String, on: RwSignal<bool>) -> AnyView {
    el("label")
        .is("class", "check")
        .child(
            el("input")
                .is("type", "checkbox")
                .prop("checked", move || on.get())
                .on(
                    "change",
                    happened(move |event| on.set(event_target_checked(&event))),
                ),
        )
        .child(el("span").child(label))
        .into_any()
}
