//! The forms by which somebody gets in.

use std::rc::Rc;

use leptos::prelude::*;
use web_sys::Event;

use super::{let_in, wrong_text};
use crate::app::account::{Member, Wrong};
use crate::ui::dom::{El, el};
use crate::ui::live::{happened, live};
use crate::ui::page::Page;
use crate::ui::{leave, parts, router};

/// A form whose answer is either somebody let in, or a sentence on what is wrong.
#[derive(Clone, Copy)]
pub(super) struct Form {
    page: Page,
    busy: RwSignal<bool>,
    wrong: RwSignal<Option<Wrong>>,
}

impl Form {
    pub(super) fn new(page: Page) -> Self {
        Self {
            page,
            busy: RwSignal::new(false),
            wrong: RwSignal::new(None),
        }
    }

    /// Does it, unless the answer to something is still to come; after a sign-out that is under way.
    pub(super) fn begin(self, run: impl FnOnce() + 'static) {
        let Self { page, busy, wrong } = self;
        if !busy.get_untracked() {
            busy.set(true);
            wrong.set(None);
            leave::after(page, move || {
                // The form may be gone.
                if busy.try_get_untracked().is_some() {
                    run();
                }
            });
        }
    }

    pub(super) fn end(self, welcome: Result<Member, Wrong>) {
        self.busy.try_set(false);
        match welcome {
            Ok(member) => {
                let_in(self.page, member);
                request_animation_frame(router::focus_heading);
            }
            Err(wrong) => drop(self.wrong.try_set(Some(wrong))),
        }
    }

    pub(super) fn draw(
        self,
        title: String,
        explain: String,
        fields: Vec<AnyView>,
        submit_label: String,
        submit: impl Fn() + 'static,
        others: [AnyView; 2],
    ) -> AnyView {
        let [other, others] = others;
        let Self { busy, wrong, .. } = self;
        let submit = Rc::new(submit);
        let submit = move |event: Event| {
            event.prevent_default();
            let submit = Rc::clone(&submit);
            self.begin(move || submit());
        };
        el("form")
            .is("class", "new sheet")
            .on("submit", happened(submit))
            .child(el("h1").is("tabindex", "-1").child(title))
            .child(el("p").is("class", "hint").child(explain))
            .child(el("div").is("class", "fields").child(fields))
            .child(
                el("p")
                    .is("class", "wrong")
                    .is("role", "alert")
                    .child(live(move || wrong.get().map(wrong_text))),
            )
            .child(
                el("div")
                    .is("class", "actions")
                    .child(
                        el("button")
                            .is("type", "submit")
                            .live("aria-busy", move || busy.get().to_string())
                            .child(submit_label),
                    )
                    .child(other),
            )
            .child(others)
            .into_any()
    }
}

pub(super) fn field(
    kind: &'static str,
    purpose: &'static str,
    label: String,
    text: RwSignal<String>,
    hint: Option<String>,
) -> AnyView {
    let id = format!("account-{purpose}");
    let note = format!("{id}-note");
    let input: El = parts::line(text)
        .is("type", kind)
        .is("autocomplete", purpose)
        .is("required", "")
        .attr("id", id.clone())
        .attr("aria-describedby", hint.is_some().then(|| note.clone()));
    // Addresses and passwords run from left to right in every language.
    let input = if kind == "text" {
        input
    } else {
        input
            .is("dir", "ltr")
            .is("autocapitalize", "none")
            .is("spellcheck", "false")
    };
    el("div")
        .is("class", "field")
        .child(
            el("label")
                .is("class", "label")
                .attr("for", id)
                .child(label),
        )
        .child(input)
        .child(hint.map(|hint| {
            el("div")
                .is("class", "notes")
                .attr("id", note)
                .child(el("span").is("class", "hint").child(hint))
                .into_any()
        }))
        .into_any()
}
