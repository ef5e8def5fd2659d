//! A new password by a recovery code, for somebody who has lost theirs.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{Form, address, field, send, sign_in};
use crate::app::account::{self, recovery_body};
use crate::app::home;
use crate::t;
use crate::ui::live::{live, several};
use crate::ui::page::Page;
use crate::ui::parts;

/// The form to sign in, and the way to the other form and back.
pub(super) fn entrance(page: Page) -> AnyView {
    let lost = RwSignal::new(false);
    let turn = move |to| {
        lost.set(to);
        request_animation_frame(focus_address);
    };
    live(move || {
        let (form, label) = if lost.get() {
            (recover(page), t!("account.recovery.back"))
        } else {
            (sign_in(page), t!("account.recovery.lost"))
        };
        let to = !lost.get();
        several(vec![
            form,
            parts::button("quiet other-way", label, move || turn(to)).into_any(),
        ])
    })
}

fn recover(page: Page) -> AnyView {
    let form = Form::new(page);
    let email = address(page);
    let [code, password] = [(); 2].map(|()| RwSignal::new(String::new()));
    let submit = move || {
        let (name, known) = page.device(|device| (device.name(), device.kept(home::DEVICES)));
        let (email, code) = (email.get_untracked(), code.get_untracked());
        let who = (email.trim(), code.trim(), &*password.get_untracked());
        let device = home::device(known.as_deref(), who.0);
        let body = recovery_body(who, device.as_deref(), &name);
        send(page, "POST", "/api/recovery", Some(body), move |answered| {
            let welcome = answered.and_then(|answered| account::welcome(&answered));
            let welcome = welcome.map_err(|wrong| match wrong {
                "wrong-credentials" => "wrong-code",
                other => other,
            });
            form.end(welcome);
        });
    };
    let fields = vec![
        field("email", "username", t!("account.email"), email, None),
        field(
            "text",
            "off",
            t!("account.recovery.code"),
            code,
            Some(t!("account.recovery.code.hint")),
        ),
        field(
            "password",
            "new-password",
            t!("account.new_password"),
            password,
            Some(t!("account.new_password.hint")),
        ),
    ];
    form.draw(
        t!("account.recovery.title"),
        t!("account.recovery.explain"),
        fields,
        t!("account.recovery.submit"),
        submit,
        [().into_any(), ().into_any()],
    )
}

/// Puts the focus where one begins to write, so that a screen reader says which form this is.
fn focus_address() {
    let field = document().get_element_by_id("account-username");
    if let Some(field) = field.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        drop(field.focus());
    }
}
