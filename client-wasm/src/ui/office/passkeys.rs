//! One's own passkeys: adding one, what they are called, and taking one away.

use leptos::prelude::*;
use serde_json::json;

use super::confirm::{Question, confirm};
use super::desk::{self, Desk, Kept, focus};
use super::form::{self, Form};
use super::heading;
use super::named::{self, About, Named};
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
    let named = Named {
        address: ADDRESS,
        id: passkey.id.clone(),
        name: name(passkey),
    };
    let id = passkey.id.clone();
    let renamed = move || {
        let id = id.clone();
        desk.say(t!("office.passkeys.renamed"));
        load(desk, passkeys, move || focus(&id));
    };
    let rename = named::rename(desk, &named, t!("office.passkeys.name"), renamed);
    let about = About {
        marks: Vec::new(),
        hints: [used, since],
        actions: vec![rename, remove(desk, passkeys, passkey)],
    };
    named::row(&named, about)
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
