//! Things of one's own that have a name: their row in a list, and the form for another name.

use leptos::prelude::*;
use serde_json::json;

use super::desk::Desk;
use super::form::{self, Form};
use crate::t;
use crate::ui::dom::el;

/// A thing with a name.
pub(crate) struct Named {
    /// Address of all things of its kind.
    pub(crate) address: &'static str,
    /// Its id.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) name: String,
}

/// What stands beside the name: marks, lines, and what can be done.
pub(crate) struct About {
    /// Marks behind the name.
    pub(crate) marks: Vec<AnyView>,
    /// Lines below it.
    pub(crate) hints: [String; 2],
    /// Buttons.
    pub(crate) actions: Vec<AnyView>,
}

/// The row of a thing. Its name can be given the focus by its id.
pub(crate) fn row(named: &Named, about: About) -> AnyView {
    let hints = about.hints.map(|hint| el("span").child(hint).into_any());
    let actions = Some(about.actions).filter(|actions| !actions.is_empty());
    let actions = actions.map(|actions| el("div").is("class", "actions").child(actions).into_any());
    el("li")
        .child(
            el("div")
                .child(
                    el("strong")
                        .attr("id", named.id.clone())
                        .is("tabindex", "-1")
                        .is("dir", "auto")
                        .child(named.name.clone()),
                )
                .child(" ")
                .child(about.marks)
                .child(el("p").is("class", "hint").child(Vec::from(hints))),
        )
        .child(actions)
        .into_any()
}

/// The form for another name, under this label. `then` is called when it was given.
pub(crate) fn rename(
    desk: Desk,
    named: &Named,
    label: String,
    then: impl Fn() + Clone + 'static,
) -> AnyView {
    let form = Form::new();
    let text = RwSignal::new(named.name.clone());
    let path = format!("{}/{}", named.address, named.id);
    let submit = move || {
        let body = json!({ "name": text.with_untracked(|text| text.trim().to_owned()) });
        let then = then.clone();
        desk.send("PATCH", &path, Some(body), move |answered| {
            if form.end(answered).is_some() {
                then();
            }
        });
    };
    let field = form::field(
        &format!("{}-name", named.id),
        "",
        label,
        form::line(text).is("maxlength", "100"),
        None,
    );
    el("details")
        .is("class", "rename")
        .child(
            el("summary")
                .is("role", "button")
                .is("class", "secondary")
                .child(t!("office.devices.rename")),
        )
        .child(form.draw(vec![field], t!("office.save"), submit))
        .into_any()
}
