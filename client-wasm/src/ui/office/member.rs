//! One member: what they are, and what can be changed of it.

use leptos::prelude::*;
use meltemi_core::access::{Membership, Role};
use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlDetailsElement};

use super::confirm::{Question, confirm};
use super::desk::{self, Desk};
use super::form::{self, Form};
use crate::app::office::answer;
use crate::app::office::member::{Member, add};
use crate::app::protocol::Failure;
use crate::locale::format;
use crate::t;
use crate::ui::account::role_text;
use crate::ui::dom::el;
use crate::ui::live::{happened, live, several};
use crate::ui::parts;

/// A member, folded until somebody wants to know more.
pub(crate) fn member(desk: Desk, unfolded: StoredValue<String>, member: &Member) -> AnyView {
    let kept = member.clone();
    let id = member.id.clone();
    let is_open = unfolded.with_value(|unfolded| *unfolded == id);
    let open = RwSignal::new(is_open);
    let toggled = happened(move |event: Event| {
        let details = event
            .target()
            .and_then(|it| it.dyn_into::<HtmlDetailsElement>().ok());
        let now = details.is_some_and(|details| details.open());
        open.set(now);
        if now {
            unfolded.set_value(id.clone());
        }
    });
    let shown = member.clone();
    let roles = move || {
        let roles = shown.memberships.iter().map(|it| desk.role(it));
        roles.collect::<Vec<_>>().join(&t!("value.separator"))
    };
    let me = desk.me.with_value(|me| *me == member.id);
    let mark = |class, text| el("span").is("class", class).child(text).into_any();
    let summary = el("summary")
        .attr("id", member.id.clone())
        .child(el("h2").is("dir", "auto").child(member.name.clone()))
        .child(me.then(|| mark("mark", t!("office.members.you"))))
        .child((!member.active).then(|| mark("mark missing", t!("office.members.inactive"))))
        .child(el("span").is("class", "hint").child(live(roles)));
    el("details")
        .is("class", "section member")
        .attr("open", is_open)
        .on("toggle", toggled)
        .child(summary)
        .child(
            el("div")
                .is("class", "more")
                .child(live(move || open.get().then(|| more(desk, &kept)))),
        )
        .into_any()
}

fn more(desk: Desk, member: &Member) -> AnyView {
    let answers = desk.rights.with_value(|rights| rights.answers_for(member));
    let body = member.body.clone();
    let body_name = move || {
        let body = body.as_ref().map(|body| desk.body(body));
        body.unwrap_or_else(|| t!("office.no_body"))
    };
    let fact = |label: String, value: AnyView| {
        several(vec![
            el("dt").child(label).into_any(),
            el("dd").is("dir", "auto").child(value).into_any(),
        ])
    };
    let facts = el("dl")
        .is("class", "facts")
        .child(fact(t!("account.email"), member.email.clone().into_any()))
        .child(fact(t!("office.body"), live(body_name)))
        .child(fact(
            t!("shell.language"),
            format::language_name(&member.language).into_any(),
        ))
        .child(fact(
            t!("office.members.since"),
            desk.day(member.created).into_any(),
        ));
    let own = |answers: bool| answers.then(|| body_form(desk, member));
    several(vec![
        facts.into_any(),
        roles(desk, member),
        role_form(desk, member),
        own(answers).into_any(),
        answers.then(|| activity(desk, member)).into_any(),
        (!answers)
            .then(|| {
                let text = t!("office.members.not_yours");
                el("p").is("class", "hint").child(text).into_any()
            })
            .into_any(),
    ])
}

fn roles(desk: Desk, member: &Member) -> AnyView {
    let each = |membership: &Membership| {
        let gone = membership.clone();
        let before = member.clone();
        let named = membership.clone();
        let may = desk
            .rights
            .with_value(|rights| rights.coordinates(&membership.programme));
        let remove = may.then(|| {
            let question = Question {
                button: t!("office.members.remove_role"),
                title: t!("office.members.remove_role.title", role = desk.role(&gone)),
                explain: t!("office.members.remove_role.explain"),
                yes: t!("office.members.remove_role"),
                id: format!("{}-{}-{}", before.id, gone.programme, gone.role.word()),
            };
            confirm(question, move || {
                let mut roles = before.memberships.clone();
                roles.retain(|it| *it != gone);
                let body = before.body.as_deref();
                let patch = before.patch(&roles, body);
                change(desk, &before.id, patch, move |result| {
                    if let Err(failure) = result {
                        desk.tell(&failure);
                    }
                });
            })
        });
        el("li")
            .child(el("span").child(live(move || desk.role(&named))))
            .child(remove)
            .into_any()
    };
    let roles: Vec<AnyView> = member.memberships.iter().map(each).collect();
    let none = roles.is_empty().then(|| {
        let text = t!("office.members.no_role");
        el("p").is("class", "hint").child(text).into_any()
    });
    several(vec![
        el("h3").child(t!("office.members.roles")).into_any(),
        none.into_any(),
        el("ul").is("class", "plain").child(roles).into_any(),
    ])
}

fn role_form(desk: Desk, member: &Member) -> AnyView {
    let form = Form::new();
    let programme = RwSignal::new(String::new());
    let role = RwSignal::new(Role::Reader.word().to_owned());
    let before = member.clone();
    let submit = move || {
        let mut roles = before.memberships.clone();
        let chosen = role.with_untracked(|role| Role::of_word(role));
        let programme = desk.chosen_programme(programme);
        let is_new = chosen.is_some_and(|role| add(&mut roles, &programme, role));
        let patch = before.patch(&roles, before.body.as_deref());
        if !is_new {
            desk.say(t!("office.members.has_role"));
        }
        change(desk, &before.id, patch, move |result| {
            form.end(result);
        });
    };
    let id = |name: &str| format!("{}-{name}", member.id);
    form.draw(
        vec![
            form::field(
                &id("programme"),
                "half",
                t!("office.programme"),
                form::select(programme, move || form::plain(desk.programmes())),
                None,
            ),
            form::field(
                &id("role"),
                "half",
                t!("office.role"),
                form::select(role, || form::plain(role_choices())),
                None,
            ),
        ],
        t!("office.members.add_role"),
        submit,
    )
    .is("class", "part")
    .into_any()
}

fn body_form(desk: Desk, member: &Member) -> AnyView {
    let form = Form::new();
    let body = RwSignal::new(member.body.clone().unwrap_or_default());
    let before = member.clone();
    let submit = move || {
        let chosen = body.get_untracked();
        let chosen = Some(chosen.as_str()).filter(|chosen| !chosen.is_empty());
        let patch = before.patch(&before.memberships, chosen);
        change(desk, &before.id, patch, move |result| {
            form.end(result);
        });
    };
    form.draw(
        vec![form::field(
            &format!("{}-body", member.id),
            "",
            t!("office.body"),
            form::select(body, move || body_choices(desk, &body.get_untracked())),
            Some(t!("office.body.hint")),
        )],
        t!("office.save"),
        submit,
    )
    .is("class", "part")
    .into_any()
}

fn activity(desk: Desk, member: &Member) -> AnyView {
    let id = member.id.clone();
    let set = move |active: bool| {
        change(
            desk,
            &id,
            Some(json!({ "active": active })),
            move |result| {
                if let Err(failure) = result {
                    desk.tell(&failure);
                }
            },
        );
    };
    if !member.active {
        let label = t!("office.members.activate");
        return parts::button("secondary", label, move || set(true)).into_any();
    }
    let question = Question {
        button: t!("office.members.deactivate"),
        title: t!("office.members.deactivate.title", name = member.name),
        explain: t!("office.members.deactivate.explain"),
        yes: t!("office.members.deactivate"),
        id: format!("{}-deactivate", member.id),
    };
    confirm(question, move || set(false))
}

/// Has a member changed. What has not changed is not sent; `then` is for refusals.
fn change(
    desk: Desk,
    id: &str,
    patch: Option<Value>,
    then: impl FnOnce(Result<(), Failure>) + 'static,
) {
    let Some(patch) = patch else {
        return then(Ok(()));
    };
    let path = format!("/api/members/{id}");
    desk.send("PATCH", &path, Some(patch), move |body| {
        let changed = body.and_then(|body| answer::read::<Member>(&body));
        let result = changed.map(|changed| {
            let id = changed.id.clone();
            desk.say(t!("office.members.changed", name = changed.name));
            desk.members.update(|all| {
                if let Some(member) = all.iter_mut().find(|member| member.id == changed.id) {
                    *member = changed;
                }
            });
            request_animation_frame(move || desk::focus(&id));
        });
        then(result);
    });
}

/// The roles there are, in words.
pub(crate) fn role_choices() -> Vec<(String, String)> {
    let choice = |role: Role| (role.word().to_owned(), role_text(role.word()));
    Role::ALL.into_iter().map(choice).collect()
}

/// The organisations and cities there are, and the one that is chosen if it is not among them.
pub(crate) fn body_choices(desk: Desk, chosen: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut groups = form::or_none(t!("office.no_body"), desk.bodies());
    let is_known = groups
        .iter()
        .any(|(_, all)| all.iter().any(|(key, _)| key == chosen));
    if let (false, Some((_, first))) = (is_known, groups.first_mut()) {
        first.push((chosen.to_owned(), desk.body(chosen)));
    }
    groups
}
