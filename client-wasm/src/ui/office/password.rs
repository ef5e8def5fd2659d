//! One's own password.

use leptos::prelude::*;
use serde_json::json;

use super::desk::{Desk, focus};
use super::form::{self, Form};
use super::{codes, heading, organisations};
use crate::app::office::place::Place;
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::several;

/// The screen.
pub(crate) fn password(desk: Desk) -> AnyView {
    let form = Form::new();
    let [current, new] = [(); 2].map(|()| RwSignal::new(String::new()));
    let submit = move || {
        let body = json!({ "current": current.get_untracked(), "new": new.get_untracked() });
        desk.send("POST", "/api/password", Some(body), move |answered| {
            if form.end(answered).is_some() {
                current.try_set(String::new());
                new.try_set(String::new());
                desk.say(t!("office.password.changed"));
                focus("change-password");
            }
        });
    };
    let fields = vec![
        form::field(
            "password-current",
            "",
            t!("office.password.current"),
            form::password("current-password", current),
            None,
        ),
        form::field(
            "password-new",
            "",
            t!("office.password.new"),
            form::password("new-password", new),
            Some(t!("account.new_password.hint")),
        ),
    ];
    several(vec![
        heading(Place::Password, t!("office.password.explain")),
        el("h2")
            .is("id", "change-password")
            .is("tabindex", "-1")
            .child(t!("office.password.change"))
            .into_any(),
        form.draw(fields, t!("office.password.submit"), submit)
            .is("class", "section part")
            .into_any(),
        codes::codes(desk),
        organisations::organisations(desk),
    ])
}
