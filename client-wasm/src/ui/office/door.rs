//! Signing in to administration, and who is signed in.

use leptos::prelude::*;
use meltemi_core::access::EVERY_PROGRAMME;
use serde_json::json;

use super::form::{self, Form};
use crate::app::account::{self, Account, Answered, Member};
use crate::app::failure::failure;
use crate::app::office::answer;
use crate::app::passkey::{Step, Steps};
use crate::app::protocol::Failure;
use crate::t;
use crate::ui::account::role_text;
use crate::ui::dom::el;
use crate::ui::live::{live, memo, several};
use crate::ui::page::Page;
use crate::ui::{parts, passkey, router, status};

/// The form to sign in; filled with the address of whoever was signed in.
pub(crate) fn sign_in(page: Page, last: Option<Member>) -> AnyView {
    let form = Form::new();
    let email = RwSignal::new(last.as_ref().map_or_else(String::new, |m| m.email.clone()));
    let password = RwSignal::new(String::new());
    let device = StoredValue::new(last.and_then(|member| member.device));
    let submit = move || {
        let name = page.device(|device| device.name());
        let body = email.with_untracked(|email| {
            password.with_untracked(|password| {
                device.with_value(|id| {
                    account::sign_in_body(email.trim(), password, id.as_deref(), &name)
                })
            })
        });
        super::desk::request(page, "POST", "/api/session", Some(body), move |body| {
            end(page, form, body);
        });
    };
    let with_passkey = move || {
        let name = page.device(|device| device.name());
        let steps = Steps {
            step: Step::Use,
            path: "/api/session/passkey",
            begin: json!({}),
            end: device.with_value(|id| account::here(id.as_deref(), &name)),
        };
        form.begin(|| {
            passkey::ask(page, steps, move |answered| {
                end(page, form, answer::of_passkey(answered));
            });
        });
    };
    let address = form::line(email)
        .is("type", "email")
        .is("autocomplete", "username")
        .is("dir", "ltr");
    let fields = vec![
        form::field("sign-in-email", "", t!("account.email"), address, None),
        form::field(
            "sign-in-password",
            "",
            t!("account.password"),
            form::password("current-password", password),
            None,
        ),
    ];
    el("div")
        .is("class", "entrance")
        .child(
            el("h1")
                .is("tabindex", "-1")
                .child(t!("account.sign_in.title")),
        )
        .child(
            form.draw(fields, t!("account.sign_in.submit"), submit)
                .is("class", "section part")
                .child(el("div").is("class", "actions").child(parts::button(
                    "secondary",
                    t!("account.passkey"),
                    with_passkey,
                ))),
        )
        .child(
            // The form for it is where the records are.
            el("p").child(
                el("a")
                    .is("href", "/")
                    .is("target", "_self")
                    .child(t!("account.recovery.lost")),
            ),
        )
        .into_any()
}

/// Somebody is let in, or told why not.
fn end(page: Page, form: Form, body: Result<String, Failure>) {
    let welcome = |body| account::welcome(&Answered { status: 200, body });
    let member =
        body.and_then(|body| welcome(body).map_err(|_| failure("unreadable", "nobody is let in")));
    if let Some(member) = form.end(member) {
        page.device(|device| device.keep_account(Some(&account::keep(&member))));
        page.account.set(Account::SignedIn(member));
        request_animation_frame(router::focus_heading);
    }
}

/// The button in the header that says who is signed in.
pub(crate) fn menu(page: Page) -> AnyView {
    let member = memo(move || match page.account.get() {
        Account::SignedIn(member) => Some(member),
        _ => None,
    });
    let draw = move || {
        let member = member.get()?;
        let name = member.name.clone();
        let label = move || {
            el("span")
                .is("class", "who")
                .is("dir", "auto")
                .child(name.clone())
                .into_any()
        };
        Some(status::popover("account", label, panel(page, &member)))
    };
    live(draw)
}

fn panel(page: Page, member: &Member) -> AnyView {
    let roles: Vec<AnyView> = member
        .roles
        .iter()
        .map(|(programme, role)| {
            let role = role_text(role);
            let programme = match programme.as_str() {
                EVERY_PROGRAMME => t!("office.every_programme"),
                key => key.to_owned(),
            };
            el("li")
                .child(t!("account.role", role = role, programme = programme))
                .into_any()
        })
        .collect();
    let form = Form::new();
    let gone = member.clone();
    let out = move || {
        let gone = gone.clone();
        super::desk::request(page, "DELETE", "/api/session", None, move |result| {
            let result = match result {
                Err(failure) if answer::has_lapsed(&failure) => Ok(String::new()),
                other => other,
            };
            if form.end(result).is_some() {
                page.account.set(Account::SignedOut(Some(gone)));
                request_animation_frame(router::focus_heading);
            }
        });
    };
    several(vec![
        el("h2")
            .is("dir", "auto")
            .child(member.name.clone())
            .into_any(),
        el("p")
            .is("dir", "ltr")
            .child(member.email.clone())
            .into_any(),
        el("ul").is("class", "facts").child(roles).into_any(),
        form.draw(Vec::new(), t!("account.sign_out"), out)
            .into_any(),
        el("p")
            .is("class", "hint")
            .child(t!("account.sign_out.explain"))
            .into_any(),
    ])
}
