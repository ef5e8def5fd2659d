//! Asking before something is done that cannot be taken back.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::t;
use crate::ui::dom::el;
use crate::ui::parts;

/// What is asked.
pub(crate) struct Question {
    /// On the button that leads to it.
    pub(crate) button: String,
    /// The question.
    pub(crate) title: String,
    /// What follows.
    pub(crate) explain: String,
    /// On the button that does it.
    pub(crate) yes: String,
    /// Tells this question from others on the screen.
    pub(crate) id: String,
}

/// A button, and the question it opens. The browser keeps the focus in the question, and gives it
/// back to the button when the person decides against it.
pub(crate) fn confirm(question: Question, run: impl Fn() + 'static) -> AnyView {
    let dialog = NodeRef::<Dialog>::new();
    let open = move || {
        if let Some(dialog) = dialog.get_untracked() {
            // One that is open already stays so.
            drop(dialog.show_modal());
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let yes = move || {
        close();
        run();
    };
    let id = format!("{}-question", question.id);
    let asked = el("article")
        .child(
            el("h2")
                .attr("id", id.clone())
                .is("dir", "auto")
                .child(question.title),
        )
        .child(el("p").child(question.explain))
        .child(
            el("div")
                .is("class", "actions")
                .child(parts::button("secondary", t!("office.cancel"), close))
                .child(parts::button("alarm", question.yes, yes)),
        );
    el("div")
        .is("class", "confirm")
        .child(parts::button("secondary", question.button, open))
        .child(
            el("dialog")
                .attr("aria-labelledby", id)
                .node_ref(dialog)
                .child(asked),
        )
        .into_any()
}
