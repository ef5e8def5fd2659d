//! The ways in by passkey: to sign in, and to join.

use std::rc::Rc;

use leptos::prelude::*;
use serde_json::{Value, json};

use super::Form;
use crate::app::account;
use crate::app::passkey::{Step, Steps};
use crate::locale;
use crate::t;
use crate::ui::page::Page;
use crate::ui::{parts, passkey};

/// The button to sign in with a passkey, whosever it is. `device` is the id of an earlier time.
pub(super) fn sign_in(
    page: Page,
    form: Form,
    device: impl Fn() -> Option<String> + 'static,
) -> AnyView {
    let steps = move || Steps {
        step: Step::Use,
        path: "/api/session/passkey",
        begin: json!({}),
        end: account::here(device().as_deref(), &page.device(|device| device.name())),
    };
    button(page, form, t!("account.passkey"), steps, || ())
}

/// The button to join with a passkey instead of a password.
pub(super) fn join(page: Page, form: Form, who: impl Fn() -> Value + 'static) -> AnyView {
    let steps = move || {
        let begin = who();
        let mut end = begin.clone();
        end["language"] = locale::language().code.into();
        end["device_name"] = page.device(|device| device.name()).into();
        Steps {
            step: Step::Make,
            path: "/api/join/passkey",
            begin,
            end,
        }
    };
    button(page, form, t!("account.join.passkey"), steps, move || {
        super::entered(page);
    })
}

fn button(
    page: Page,
    form: Form,
    label: String,
    steps: impl Fn() -> Steps + 'static,
    joined: impl Fn() + Copy + 'static,
) -> AnyView {
    let steps = Rc::new(steps);
    let click = move || {
        let steps = Rc::clone(&steps);
        form.begin(move || {
            passkey::ask(page, steps(), move |answered| {
                let welcome = answered.and_then(|answered| account::welcome(&answered));
                if welcome.is_ok() {
                    joined();
                }
                form.end(welcome);
            });
        });
    };
    parts::button("secondary", label, click).into_any()
}
