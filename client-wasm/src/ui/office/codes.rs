//! Recovery codes: how many are left, and new ones, which are shown once.

use leptos::prelude::*;
use serde_json::json;

use super::desk::{Desk, Kept, focus};
use super::form::{self, Form};
use super::once;
use crate::app::office::answer;
use crate::app::office::device::{Codes, Session};
use crate::ui::dom::el;
use crate::ui::live::{live, several};
use crate::ui::parts;
use crate::{t, tn};

/// The name of the file that codes can be kept in.
const FILE: &str = "meltemi-recovery-codes.txt";

/// The part of the screen that is about recovery codes.
pub(crate) fn codes(desk: Desk, session: Kept<Session>) -> AnyView {
    let left = session.show(
        move || load(desk, session),
        |session| {
            let left = tn!("office.codes.left", session.recovery_codes_left);
            el("p").child(left).into_any()
        },
    );
    let form = Form::new();
    let made = RwSignal::new(None::<Vec<String>>);
    let password = RwSignal::new(String::new());
    let has_password = move || session.with(|session| session.password);
    let submit = move || {
        let mut body = json!({});
        if untrack(has_password) {
            body["password"] = password.get_untracked().into();
        }
        desk.send("POST", "/api/recovery/codes", Some(body), move |answered| {
            let codes = answered.and_then(|body| answer::read::<Codes>(&body));
            if let Some(codes) = form.end(codes) {
                password.try_set(String::new());
                made.try_set(Some(codes.codes));
                desk.say(t!("office.codes.made"));
                request_animation_frame(|| focus("made-codes"));
                load(desk, session);
            }
        });
    };
    let field = move || {
        has_password().then(|| {
            form::field(
                "codes-password",
                "",
                t!("office.password.current"),
                form::password("current-password", password),
                Some(t!("office.codes.hint")),
            )
        })
    };
    several(vec![
        el("h2")
            .is("id", "recovery-codes")
            .is("tabindex", "-1")
            .child(t!("office.codes.title"))
            .into_any(),
        el("p")
            .is("class", "hint")
            .child(t!("office.codes.explain"))
            .into_any(),
        left,
        form.draw(vec![live(field)], t!("office.codes.make"), submit)
            .is("class", "section part")
            .into_any(),
        live(move || made.get().map(|codes| result(desk, made, codes))),
    ])
}

/// Asks who is signed in, and how.
pub(crate) fn load(desk: Desk, session: Kept<Session>) {
    session.load(desk, "/api/session".to_owned(), answer::read, || ());
}

fn result(desk: Desk, made: RwSignal<Option<Vec<String>>>, codes: Vec<String>) -> AnyView {
    let text = codes.join("\n") + "\n";
    let file = text.clone();
    let keep = move || {
        desk.page
            .device(|device| device.offer_file(FILE, "text/plain", file.as_bytes()));
    };
    let close = move || {
        made.set(None);
        focus("recovery-codes");
    };
    let each = |code: String| {
        let code = el("code").child(code);
        el("li").is("dir", "ltr").child(code).into_any()
    };
    let list: Vec<AnyView> = codes.into_iter().map(each).collect();
    el("section")
        .is("class", "section made")
        .is("aria-labelledby", "made-codes")
        .child(
            el("h2")
                .is("id", "made-codes")
                .is("tabindex", "-1")
                .child(t!("office.codes.new")),
        )
        .child(el("p").is("class", "hint").child(t!("office.codes.once")))
        .child(el("ol").is("class", "codes").child(list))
        .child(
            el("div")
                .is("class", "actions")
                .child(parts::button("", t!("office.copy"), move || {
                    once::copy(desk, &text, "made-codes");
                }))
                .child(parts::button("secondary", t!("office.codes.file"), keep))
                .child(parts::button("secondary", t!("office.close"), close)),
        )
        .into_any()
}
