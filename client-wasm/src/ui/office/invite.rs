//! The form for an invitation, and its link, which is shown once.

use leptos::prelude::*;
use meltemi_core::access::{Membership, Role};

use super::desk::{Desk, focus, lacking};
use super::form::{self, Form};
use super::member::{body_choices, role_choices};
use super::once;
use crate::app::language::LANGUAGES;
use crate::app::office::answer;
use crate::app::office::invitation::{Choices, Invitation, invite_body, link};
use crate::locale;
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::{live, several};
use crate::ui::parts;

/// Days that an invitation lasts unless somebody wants others.
const DAYS: &str = "14";

/// The form; `then` is called when an invitation was made.
pub(crate) fn invite(desk: Desk, then: impl Fn() + Copy + Send + 'static) -> AnyView {
    let form = Form::new();
    let made = RwSignal::new(None::<Invitation>);
    let programme = RwSignal::new(String::new());
    let role = RwSignal::new(Role::Reader.word().to_owned());
    let body = RwSignal::new(String::new());
    let language = RwSignal::new(locale::language().code.to_owned());
    let days = RwSignal::new(DAYS.to_owned());
    let submit = move || {
        let choices = Choices {
            programme: desk.chosen_programme(programme),
            role: role.get_untracked(),
            body: body.get_untracked(),
            language: language.get_untracked(),
            days: days.get_untracked(),
        };
        let body = Some(invite_body(&choices));
        desk.send("POST", "/api/invitations", body, move |answered| {
            let invitation = answered.and_then(|body| answer::read::<Invitation>(&body));
            let invitation = invitation.and_then(|invitation| match invitation.secret {
                Some(_) => Ok(invitation),
                None => Err(lacking()),
            });
            if let Some(invitation) = form.end(invitation) {
                made.try_set(Some(invitation));
                desk.say(t!("office.invitations.made"));
                request_animation_frame(|| focus("made-invitation"));
                then();
            }
        });
    };
    let languages = || {
        let choice = |code: &str, name: &str| (code.to_owned(), name.to_owned());
        let all = LANGUAGES.iter().map(|it| choice(it.code, it.name));
        form::plain(all.collect())
    };
    let fields = vec![
        form::field(
            "invite-programme",
            "half",
            t!("office.programme"),
            form::select(programme, move || form::plain(desk.programmes())),
            None,
        ),
        form::field(
            "invite-role",
            "half",
            t!("office.role"),
            form::select(role, || form::plain(role_choices())),
            None,
        ),
        form::field(
            "invite-body",
            "",
            t!("office.body"),
            form::select(body, move || body_choices(desk, &body.get_untracked())),
            Some(t!("office.body.hint")),
        ),
        form::field(
            "invite-language",
            "half",
            t!("shell.language"),
            form::select(language, languages),
            None,
        ),
        form::field(
            "invite-days",
            "half",
            t!("office.days"),
            form::days(days, "90"),
            None,
        ),
    ];
    let form = form
        .draw(fields, t!("office.invitations.make"), submit)
        .is("class", "section part");
    let shown = live(move || made.get().map(|invitation| result(desk, made, &invitation)));
    several(vec![form.into_any(), shown])
}

fn result(desk: Desk, made: RwSignal<Option<Invitation>>, invitation: &Invitation) -> AnyView {
    let origin = window().location().origin().unwrap_or_default();
    let link = link(&origin, invitation.secret.as_deref().unwrap_or_default());
    let membership = Membership {
        programme: invitation.programme.clone(),
        role: invitation.role,
    };
    let close = move || {
        made.set(None);
        focus("open-invitations");
    };
    el("section")
        .is("class", "section made")
        .is("aria-labelledby", "made-invitation")
        .child(
            el("h2")
                .is("id", "made-invitation")
                .is("tabindex", "-1")
                .child(t!("office.invitations.link")),
        )
        .child(el("p").is("dir", "auto").child(desk.role(&membership)))
        .child(once::copied(
            desk,
            "invitation-link",
            t!("office.invitations.link"),
            link.clone(),
        ))
        .child(el("p").is("class", "hint").child(t!(
            "office.invitations.once",
            time = desk.time(invitation.expires)
        )))
        .child(once::picture(&link, t!("office.invitations.qr")))
        .child(parts::button("secondary", t!("office.close"), close))
        .into_any()
}
