//! Accounts at organisations by which one signs in: which there are, one more, one less.

use leptos::prelude::*;
use serde_json::json;
use wasm_bindgen::JsValue;

use super::confirm::{Question, confirm};
use super::desk::{self, Desk, Kept, focus};
use super::form::Form;
use crate::app::account::{Answered, Wrong};
use crate::app::failure::failure;
use crate::app::office::link::Link;
use crate::app::office::place::Place;
use crate::app::openid::{Provider, address, came_back, providers};
use crate::ui::dom::el;
use crate::ui::live::{live, several};
use crate::ui::parts;
use crate::{locale, t};

/// Where the links are.
const ADDRESS: &str = "/api/openid/links";

/// Where the focus goes.
const HEADING: &str = "organisations";

type Links = Kept<Vec<Link>>;

/// The part of the screen that is about organisations; nothing if nobody can sign in at one.
pub(crate) fn organisations(desk: Desk) -> AnyView {
    let all = RwSignal::new(Vec::<Provider>::new());
    let links = Links::new();
    let form = Form::new();
    let back = told(desk);
    desk.send("GET", "/api/openid", None, move |answered| {
        let read = |body| providers(&Answered { status: 200, body });
        let known = answered.map(read).unwrap_or_default();
        if !known.is_empty() {
            load(desk, links, || ());
            all.try_set(known);
        }
    });
    let draw = move || {
        let known = all.get();
        (!known.is_empty()).then(|| part(desk, links, form, known, back))
    };
    live(draw)
}

/// What whoever comes back from an organisation is told: here what is wrong, below what is done.
fn told(desk: Desk) -> Option<Wrong> {
    let fragment = window().location().hash().unwrap_or_default();
    let wrong = came_back(&fragment);
    let linked = fragment.ends_with("?linked");
    if linked || wrong.is_some() {
        // It is said once.
        if let Ok(history) = window().history() {
            let place = format!("#{}", Place::Password.word());
            drop(history.replace_state_with_url(&JsValue::NULL, "", Some(&place)));
        }
    }
    if linked {
        desk.say(t!("office.organisations.linked"));
    }
    wrong
}

fn part(
    desk: Desk,
    links: Links,
    form: Form,
    known: Vec<Provider>,
    back: Option<Wrong>,
) -> AnyView {
    let shown = links.show(
        move || load(desk, links, || ()),
        move |all| {
            if all.is_empty() {
                return el("p").child(t!("office.organisations.none")).into_any();
            }
            let rows: Vec<AnyView> = all.iter().map(|link| row(desk, links, link)).collect();
            el("ul").is("class", "rows").child(rows).into_any()
        },
    );
    let button = |provider: Provider| {
        let label = t!("office.organisations.add", name = provider.name);
        parts::button("secondary", label, move || leave(desk, form, &provider.key)).into_any()
    };
    let buttons: Vec<AnyView> = known.into_iter().map(button).collect();
    let back = back.map(|word| locale::text(&format!("account.wrong.{word}"), &[]));
    several(vec![
        el("h2")
            .is("id", HEADING)
            .is("tabindex", "-1")
            .child(t!("office.organisations.title"))
            .into_any(),
        el("p")
            .is("class", "hint")
            .child(t!("office.organisations.explain"))
            .into_any(),
        shown,
        el("p")
            .is("class", "wrong")
            .is("role", "alert")
            .child(back)
            .child(live(move || form.wrong()))
            .into_any(),
        el("div").is("class", "actions").child(buttons).into_any(),
    ])
}

fn load(desk: Desk, links: Links, then: impl FnOnce() + 'static) {
    links.load(desk, ADDRESS.to_owned(), desk::list, then);
}

fn leave(desk: Desk, form: Form, key: &str) {
    let path = format!("/api/openid/{key}/link");
    desk.send("POST", &path, Some(json!({})), move |answered| {
        let place = answered.and_then(|body| {
            let there = address(&Answered { status: 200, body });
            there.map_err(|_| failure("unreadable", "the answer lacks the address"))
        });
        if let Some(place) = form.end(place) {
            // A browser that does not go there shows what it showed before.
            drop(window().location().assign(&place));
        }
    });
}

fn row(desk: Desk, links: Links, link: &Link) -> AnyView {
    let question = Question {
        button: t!("office.organisations.remove"),
        title: t!("office.organisations.remove.title", name = link.provider),
        explain: t!("office.organisations.remove.explain"),
        yes: t!("office.organisations.remove"),
        id: link.id.clone(),
    };
    let id = link.id.clone();
    let remove = confirm(question, move || {
        let path = format!("{ADDRESS}/{id}");
        desk.send("DELETE", &path, None, move |result| match result {
            Ok(_) => {
                desk.say(t!("office.organisations.removed"));
                load(desk, links, || focus(HEADING));
            }
            Err(failure) => desk.tell(&failure),
        });
    });
    let since = t!("office.devices.since", date = desk.day(link.created));
    el("li")
        .child(
            el("div")
                .child(
                    el("strong")
                        .attr("id", link.id.clone())
                        .is("tabindex", "-1")
                        .is("dir", "auto")
                        .child(link.provider.clone()),
                )
                .child(el("p").is("class", "hint").child(since)),
        )
        .child(el("div").is("class", "actions").child(remove))
        .into_any()
}
