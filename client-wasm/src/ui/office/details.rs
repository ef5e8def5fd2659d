//! One's own name and language.

use leptos::prelude::*;

use super::desk::{Desk, Kept};
use super::form::{self, Form};
use super::heading;
use crate::app::account::{Account, keep};
use crate::app::language::{LANGUAGES, language};
use crate::app::office::answer;
use crate::app::office::member::{Member, Own, own_patch};
use crate::app::office::place::Place;
use crate::locale::{self, format};
use crate::t;
use crate::ui::live::several;
use crate::ui::router;

/// The screen.
pub(crate) fn details(desk: Desk) -> AnyView {
    let own = Kept::<Own>::new();
    let load = move || own.load(desk, "/api/session".to_owned(), answer::read, || ());
    load();
    several(vec![
        heading(Place::Details, t!("office.details.explain")),
        own.show(load, move |own| edit(desk, &own.member)),
    ])
}

fn edit(desk: Desk, member: &Member) -> AnyView {
    let form = Form::new();
    let name = RwSignal::new(member.name.clone());
    let chosen = RwSignal::new(member.language.clone());
    let path = format!("/api/members/{}", member.id);
    let submit = move || {
        let body = own_patch(&name.get_untracked(), &chosen.get_untracked());
        desk.send("PATCH", &path, Some(body), move |answered| {
            let changed = answered.and_then(|body| answer::read::<Member>(&body));
            if let Some(member) = form.end(changed) {
                take(desk, member);
            }
        });
    };
    let current = member.language.clone();
    let languages = move || {
        let all = LANGUAGES.iter();
        let mut all: Vec<_> = all
            .map(|it| (it.code.to_owned(), it.name.to_owned()))
            .collect();
        if language(&current).is_none() {
            // One that the screens do not speak; it stays until another is chosen.
            all.push((current.clone(), format::language_name(&current)));
        }
        form::plain(all)
    };
    let fields = vec![
        form::field(
            "details-name",
            "half",
            t!("account.name"),
            form::line(name).is("autocomplete", "name"),
            None,
        ),
        form::field(
            "details-language",
            "half",
            t!("shell.language"),
            form::select(chosen, languages),
            Some(t!("office.details.language.hint")),
        ),
    ];
    form.draw(fields, t!("office.save"), submit)
        .is("class", "section part")
        .into_any()
}

/// What was changed holds here at once: the name in the header, and the language.
fn take(desk: Desk, changed: Member) {
    let page = desk.page;
    let said = move || {
        desk.say(t!("office.details.saved"));
        request_animation_frame(router::focus_heading);
    };
    page.account.update(|account| {
        if let Account::SignedIn(member) = account {
            member.name = changed.name;
            page.device(|device| device.keep_account(Some(&keep(member))));
        }
    });
    match language(&changed.language) {
        Some(language) if *language != *locale::language() => {
            page.choose_language(language, move |_| said());
        }
        _ => said(),
    }
}
