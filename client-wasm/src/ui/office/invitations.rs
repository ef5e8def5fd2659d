//! Invitations that can still be used, and the form for a new one.

use leptos::prelude::*;
use meltemi_core::access::Membership;

use super::confirm::{Question, confirm};
use super::desk::{Desk, Kept, focus, list};
use super::{heading, invite};
use crate::app::office::invitation::Invitation;
use crate::app::office::place::Place;
use crate::locale::format;
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::{live, several};

/// Where the invitations are.
const ADDRESS: &str = "/api/invitations";

/// The screen.
pub(crate) fn invitations(desk: Desk) -> AnyView {
    let open = Kept::<Vec<Invitation>>::new();
    load(desk, open, || ());
    let shown = open.show(
        move || load(desk, open, || ()),
        move |all| {
            if all.is_empty() {
                let text = t!("office.invitations.none");
                return el("p").is("class", "nothing").child(text).into_any();
            }
            let all: Vec<AnyView> = all.iter().map(|one| row(desk, open, one)).collect();
            el("ul").is("class", "rows").child(all).into_any()
        },
    );
    several(vec![
        heading(Place::Invitations, t!("office.invitations.explain")),
        invite::invite(desk, move || load(desk, open, || ())),
        el("h2")
            .is("id", "open-invitations")
            .is("tabindex", "-1")
            .child(t!("office.invitations.open"))
            .into_any(),
        shown,
    ])
}

fn load(desk: Desk, open: Kept<Vec<Invitation>>, then: impl FnOnce() + 'static) {
    open.load(desk, ADDRESS.to_owned(), list, then);
}

fn row(desk: Desk, open: Kept<Vec<Invitation>>, invitation: &Invitation) -> AnyView {
    let membership = Membership {
        programme: invitation.programme.clone(),
        role: invitation.role,
    };
    let body = invitation.body.clone();
    let body = move || body.as_ref().map(|body| desk.body(body));
    let by = invitation.invited_by.clone();
    let by = move || {
        let by = by.as_ref()?;
        let name = desk.members.with(|members| {
            let member = members.iter().find(|member| member.id == *by);
            member.map(|member| member.name.clone())
        })?;
        Some(t!("office.invitations.by", name = name))
    };
    let until = t!(
        "office.invitations.until",
        time = desk.time(invitation.expires)
    );
    let id = invitation.id.clone();
    let question = Question {
        button: t!("office.invitations.withdraw"),
        title: t!("office.invitations.withdraw.title"),
        explain: t!("office.invitations.withdraw.explain"),
        yes: t!("office.invitations.withdraw"),
        id: invitation.id.clone(),
    };
    let withdraw = confirm(question, move || {
        let path = format!("{ADDRESS}/{id}");
        desk.send("DELETE", &path, None, move |result| match result {
            Ok(_) => {
                desk.say(t!("office.invitations.withdrawn"));
                load(desk, open, || focus("open-invitations"));
            }
            Err(failure) => desk.tell(&failure),
        });
    });
    el("li")
        .child(
            el("div")
                .child(
                    el("strong")
                        .is("dir", "auto")
                        .child(live(move || desk.role(&membership))),
                )
                .child(
                    el("p")
                        .is("class", "hint")
                        .child(el("span").is("dir", "auto").child(live(body)))
                        .child(el("span").child(format::language_name(&invitation.language)))
                        .child(el("span").is("dir", "auto").child(live(by)))
                        .child(el("span").child(until)),
                ),
        )
        .child(withdraw)
        .into_any()
}
