//! Small parts that several screens are made of: buttons, a line to write a reason in, notices,
//! sections that fold.

use std::collections::BTreeSet;

use leptos::prelude::*;

use web_sys::{Element, Event};

use super::dom::{El, el};
use super::live::happened;

/// A button that does something. `class` says how much it stands out; empty for the main one.
pub(crate) fn button(class: &'static str, label: String, click: impl Fn() + 'static) -> El {
    button_boxed(class, label, happened(move |_| click()))
}

#[inline(never)]
fn button_boxed(class: &'static str, label: String, click: Box<dyn FnMut(Event)>) -> El {
    dressed(el("button"), class)
        .is("type", "button")
        .on("click", click)
        .child(label)
}

/// A link that looks like a button.
pub(crate) fn link_button(class: &'static str, label: String, href: String) -> El {
    dressed(el("a"), class)
        .is("role", "button")
        .attr("href", href)
        .child(label)
}

fn dressed(element: El, class: &'static str) -> El {
    if class.is_empty() {
        element
    } else {
        element.is("class", class)
    }
}

/// An input for a line in the person's own words.
pub(crate) fn line(text: RwSignal<String>) -> El {
    el("input")
        .is("type", "text")
        .is("dir", "auto")
        .prop("value", move || text.get())
        .on(
            "input",
            happened(move |event| text.set(event_target_value(&event))),
        )
}

/// What the person wrote; none if it is nothing.
pub(crate) fn written(text: RwSignal<String>) -> Option<String> {
    Some(text.get_untracked().trim().to_owned()).filter(|text| !text.is_empty())
}

/// What stands in the place of a screen that cannot be shown.
pub(crate) fn notice(heading: String, text: String) -> El {
    el("div")
        .is("class", "notice")
        .child(
            el("h1")
                .is("tabindex", "-1")
                .is("dir", "auto")
                .child(heading),
        )
        .child(el("p").child(text))
}

/// What of a screen is unfolded, by name: it stays so when it is drawn anew. A handle.
#[derive(Clone, Copy)]
pub(crate) struct Unfolded(StoredValue<BTreeSet<String>>);

impl Unfolded {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(BTreeSet::new()))
    }

    /// A part that unfolds.
    pub(crate) fn part(self, name: &str, title: String) -> El {
        let name = name.to_owned();
        let open = self.0.with_value(|all| all.contains(&name));
        let turned = move |event| {
            let is_open = event_target::<Element>(&event).has_attribute("open");
            self.0.try_update_value(|all| match is_open {
                true => all.insert(name.clone()),
                false => all.remove(&name),
            });
        };
        el("details")
            .attr("open", open)
            .on("toggle", happened(turned))
            .child(el("summary").child(title))
    }
}

/// A section of a screen that unfolds.
pub(crate) fn section(id: &'static str, title: String) -> El {
    el("details")
        .is("class", "section")
        .is("id", id)
        .child(el("summary").child(el("h2").child(title)))
}
