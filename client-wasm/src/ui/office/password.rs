//! One's own password.

use leptos::prelude::*;
use serde_json::json;

use super::desk::{Desk, Kept, focus};
use super::form::{self, Form};
use super::{codes, heading, organisations};
use crate::app::office::device::Session;
use crate::app::office::place::Place;
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::{live, several};

/// The screen.
pub(crate) fn password(desk: Desk) -> AnyView {
    let form = Form::new();
    let [current, new] = [(); 2].map(|()| RwSignal::new(String::new()));
    let session = Kept::<Session>::new();
    codes::load(desk, session);
    let has_password = move || session.with(|session| session.password);
    let submit = move || {
        let mut body = json!({ "new": new.get_untracked() });
        if untrack(has_password) {
            body["current"] = current.get_untracked().into();
        }
        desk.send("POST", "/api/password", Some(body), move |answered| {
            if form.end(answered).is_some() {
                current.try_set(String::new());
                new.try_set(String::new());
                desk.say(t!("office.password.changed"));
                codes::load(desk, session);
                focus("change-password");
            }
        });
    };
    let before = move || {
        has_password().then(|| {
            form::field(
                "password-current",
                "",
                t!("office.password.current"),
                form::password("current-password", current),
                None,
            )
        })
    };
    let fields = vec![
        live(before),
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
        codes::codes(desk, session),
        organisations::organisations(desk),
    ])
}
