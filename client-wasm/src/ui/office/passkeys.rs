//! One's own passkeys: adding one, what they are called, and taking one away.

use leptos::prelude::*;
use serde_json::json;

use super::confirm::{Question, confirm};
use super::desk::{self, Desk, Kept, focus};
use super::form::{self, Form};
use super::heading;
use crate::app::office::answer;
use crate::app::office::device::{Passkey, Session};
use crate::app::office::place::Place;
use crate::app::passkey::{Step, Steps};
use crate::locale::format;
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::several;
use crate::ui::passkey;

/// Where the passkeys are.
const ADDRESS: &str = "/api/passkeys";

type Passkeys = Kept<Vec<Passkey>>;

/// The screen.
pub(crate) fn passkeys(desk: Desk) -> AnyView {
    let passkeys = Passkeys::new();
    load(desk, passkeys, || ());
    let shown = passkeys.show(
        move || load(desk, passkeys, || ()),
        move |all| {
            if all.is_empty() {
                let text = t!("office.passkeys.none");
                return el("p").is("class", "nothing").child(text).into_any();
            }
            let all: Vec<AnyView> = all.iter().map(|one| row(desk, passkeys, one)).collect();
            el("ul").is("class", "rows").child(all).into_any()
        },
    );
    let session = Kept::<Session>::new();
    let ask = move || session.load(desk, "/api/session".to_owned(), answer::read, || ());
    ask();
    let add = session.show(ask, move |session| add(desk, passkeys, session.password));
    several(vec![
        heading(Place::Passkeys, t!("office.passkeys.explain")),
        add,
        el("h2")
            .is("id", "own-passkeys")
            .is("tabindex", "-1")
            .child(t!("office.passkeys.own"))
            .into_any(),
        shown,
    ])
}

fn load(desk: Desk, passkeys: Passkeys, then: impl FnOnce() + 'static) {
    passkeys.load(desk, ADDRESS.to_owned(), desk::list, then);
}

fn name(passkey: &Passkey) -> String {
    if passkey.name == "?" {
        return t!("office.passkeys.unnamed");
    }
    passkey.name.clone()
}

/// The form to add one. Who has a password has to enter it.
fn add(desk: Desk, passkeys: Passkeys, has_password: bool) -> AnyView {
    let form = Form::new();
    let name = RwSignal::new(desk.page.device(|device| device.name()));
    let password = RwSignal::new(String::new());
    let submit = move || {
        let name = name.with_untracked(|name| name.trim().to_owned());
        let steps = Steps {
            step: Step::Make,
            path: ADDRESS,
            begin: if has_password {
                json!({ "password": password.get_untracked() })
            } else {
                json!({})
            },
            end: json!({ "name": name }),
        };
        passkey::ask(desk.page, steps, move |answered| {
            if form.end(answer::of_passkey(answered)).is_some() {
                password.try_set(String::new());
                desk.say(t!("office.passkeys.added"));
                load(desk, passkeys, || focus("own-passkeys"));
            }
        });
    };
    let mut fields = vec![form::field(
        "passkey-name",
        "",
        t!("office.passkeys.name"),
        form::line(name).is("maxlength", "100"),
        Some(t!("office.tokens.name.hint")),
    )];
    if has_password {
        fields.push(form::field(
            "passkey-password",
            "",
            t!("office.password.current"),
            form::password("current-password", password),
            None,
        ));
    }
    form.draw(fields, t!("office.passkeys.add"), submit)
        .is("class", "section part")
        .into_any()
}

fn row(desk: Desk, passkeys: Passkeys, passkey: &Passkey) -> AnyView {
    let used = match &passkey.seen {
        Some(day) => t!("office.tokens.used", date = format::stored(day)),
        None => t!("office.tokens.unused"),
    };
    let since = t!("office.devices.since", date = desk.day(passkey.created));
    el("li")
        .child(
            el("div")
                .child(
                    el("strong")
                        .attr("id", passkey.id.clone())
                        .is("tabindex", "-1")
                        .is("dir", "auto")
                        .child(name(passkey)),
                )
                .child(
                    el("p")
                        .is("class", "hint")
                        .child(el("span").child(used))
                        .child(el("span").child(since)),
                ),
        )
        .child(
            el("div")
                .is("class", "actions")
                .child(rename(desk, passkeys, passkey))
                .child(remove(desk, passkeys, passkey)),
        )
        .into_any()
}

fn rename(desk: Desk, passkeys: Passkeys, passkey: &Passkey) -> AnyView {
    let form = Form::new();
    let text = RwSignal::new(name(passkey));
    let id = passkey.id.clone();
    let submit = move || {
        let path = format!("{ADDRESS}/{id}");
        let id = id.clone();
        let body = json!({ "name": text.with_untracked(|text| text.trim().to_owned()) });
        desk.send("PATCH", &path, Some(body), move |answered| {
            if form.end(answered).is_some() {
                desk.say(t!("office.passkeys.renamed"));
                load(desk, passkeys, move || focus(&id));
            }
        });
    };
    let field = form::field(
        &format!("{}-name", passkey.id),
        "",
        t!("office.passkeys.name"),
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

fn remove(desk: Desk, passkeys: Passkeys, passkey: &Passkey) -> AnyView {
    let question = Question {
        button: t!("office.passkeys.remove"),
        title: t!("office.passkeys.remove.title", name = name(passkey)),
        explain: t!("office.passkeys.remove.explain"),
        yes: t!("office.passkeys.remove"),
        id: passkey.id.clone(),
    };
    let id = passkey.id.clone();
    confirm(question, move || {
        let path = format!("{ADDRESS}/{id}");
        desk.send("DELETE", &path, None, move |result| match result {
            Ok(_) => {
                desk.say(t!("office.passkeys.removed"));
                load(desk, passkeys, || focus("own-passkeys"));
            }
            Err(failure) => desk.tell(&failure),
        });
    })
}
