//! One's own access tokens, for programs.

use leptos::prelude::*;
use serde_json::json;

use super::confirm::{Question, confirm};
use super::desk::{self, Desk, Kept, focus, lacking};
use super::form::{self, Form};
use super::{heading, once};
use crate::app::office::answer;
use crate::app::office::device::{SCOPES, Token};
use crate::app::office::place::Place;
use crate::locale::{self, format};
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::{live, several};
use crate::ui::parts;

/// Where the tokens are.
const ADDRESS: &str = "/api/tokens";

/// Days that a token lasts unless somebody wants others.
const DAYS: &str = "90";

type Tokens = Kept<Vec<Token>>;

/// The screen.
pub(crate) fn tokens(desk: Desk) -> AnyView {
    let tokens = Tokens::new();
    load(desk, tokens, || ());
    let shown = tokens.show(
        move || load(desk, tokens, || ()),
        move |all| {
            if all.is_empty() {
                let text = t!("office.tokens.none");
                return el("p").is("class", "nothing").child(text).into_any();
            }
            let all: Vec<AnyView> = all.iter().map(|one| row(desk, tokens, one)).collect();
            el("ul").is("class", "rows").child(all).into_any()
        },
    );
    several(vec![
        heading(Place::Tokens, t!("office.tokens.explain")),
        make(desk, tokens),
        el("h2")
            .is("id", "own-tokens")
            .is("tabindex", "-1")
            .child(t!("office.tokens.own"))
            .into_any(),
        shown,
    ])
}

fn load(desk: Desk, tokens: Tokens, then: impl FnOnce() + 'static) {
    tokens.load(desk, ADDRESS.to_owned(), desk::list, then);
}

fn scope_text(scope: &str) -> String {
    locale::optional(&format!("office.scope.{scope}"), &[]).unwrap_or_else(|| scope.to_owned())
}

fn make(desk: Desk, tokens: Tokens) -> AnyView {
    let form = Form::new();
    let made = RwSignal::new(None::<Token>);
    let name = RwSignal::new(String::new());
    let days = RwSignal::new(DAYS.to_owned());
    let scopes = SCOPES.map(|scope| (scope, RwSignal::new(false)));
    let submit = move || {
        let chosen: Vec<&str> = scopes
            .iter()
            .filter(|(_, on)| on.get_untracked())
            .map(|(scope, _)| *scope)
            .collect();
        let mut body = json!({
            "name": name.with_untracked(|name| name.trim().to_owned()),
            "scopes": chosen,
        });
        if let Ok(days) = days.with_untracked(|days| days.trim().parse::<u32>()) {
            body["days"] = days.into();
        }
        desk.send("POST", ADDRESS, Some(body), move |answered| {
            let token = answered.and_then(|body| answer::read::<Token>(&body));
            let token = token.and_then(|token| match token.secret {
                Some(_) => Ok(token),
                None => Err(lacking()),
            });
            if let Some(token) = form.end(token) {
                made.try_set(Some(token));
                name.try_set(String::new());
                for (_, on) in scopes {
                    on.try_set(false);
                }
                desk.say(t!("office.tokens.made"));
                request_animation_frame(|| focus("made-token"));
                load(desk, tokens, || ());
            }
        });
    };
    let boxes: Vec<AnyView> = scopes
        .iter()
        .map(|(scope, on)| form::check(scope_text(scope), *on))
        .collect();
    let fields = vec![
        form::field(
            "token-name",
            "half",
            t!("office.tokens.name"),
            form::line(name).is("maxlength", "100"),
            Some(t!("office.tokens.name.hint")),
        ),
        form::field(
            "token-days",
            "half",
            t!("office.days"),
            form::days(days, "366"),
            None,
        ),
        el("fieldset")
            .is("class", "field")
            .child(
                el("legend")
                    .is("class", "label")
                    .child(t!("office.tokens.scopes")),
            )
            .child(boxes)
            .into_any(),
    ];
    let form = form
        .draw(fields, t!("office.tokens.make"), submit)
        .is("class", "section part");
    let shown = live(move || made.get().map(|token| result(desk, made, &token)));
    several(vec![form.into_any(), shown])
}

fn result(desk: Desk, made: RwSignal<Option<Token>>, token: &Token) -> AnyView {
    let close = move || {
        made.set(None);
        focus("own-tokens");
    };
    el("section")
        .is("class", "section made")
        .is("aria-labelledby", "made-token")
        .child(
            el("h2")
                .is("id", "made-token")
                .is("tabindex", "-1")
                .is("dir", "auto")
                .child(token.name.clone()),
        )
        .child(once::copied(
            desk,
            "token-secret",
            t!("office.tokens.secret"),
            token.secret.clone().unwrap_or_default(),
        ))
        .child(el("p").is("class", "hint").child(t!("office.tokens.once")))
        .child(parts::button("secondary", t!("office.close"), close))
        .into_any()
}

fn row(desk: Desk, tokens: Tokens, token: &Token) -> AnyView {
    let scopes: Vec<String> = token.scopes.iter().map(|scope| scope_text(scope)).collect();
    let used = match &token.seen {
        Some(day) => t!("office.tokens.used", date = format::stored(day)),
        None => t!("office.tokens.unused"),
    };
    let until = t!("office.tokens.until", time = desk.time(token.expires));
    let question = Question {
        button: t!("office.tokens.revoke"),
        title: t!("office.tokens.revoke.title", name = token.name),
        explain: t!("office.tokens.revoke.explain"),
        yes: t!("office.tokens.revoke"),
        id: token.id.clone(),
    };
    let id = token.id.clone();
    let revoke = confirm(question, move || {
        let path = format!("{ADDRESS}/{id}");
        desk.send("DELETE", &path, None, move |result| match result {
            Ok(_) => {
                desk.say(t!("office.tokens.done"));
                load(desk, tokens, || focus("own-tokens"));
            }
            Err(failure) => desk.tell(&failure),
        });
    });
    el("li")
        .child(
            el("div")
                .child(el("strong").is("dir", "auto").child(token.name.clone()))
                .child(
                    el("p")
                        .is("class", "hint")
                        .child(el("span").child(scopes.join(&t!("value.separator"))))
                        .child(el("span").child(used))
                        .child(el("span").child(until)),
                ),
        )
        .child(revoke)
        .into_any()
}
