//! Buttons to sign in or join at an organisation, and what is said to whoever comes back from one.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::wrong_text;
use crate::app::account::Wrong;
use crate::app::openid::{self, Provider, address, came_back, providers};
use crate::app::route::Route;
use crate::ui::dom::el;
use crate::ui::live::live;
use crate::ui::page::Page;
use crate::ui::{leave, parts, router};
use crate::{locale, t};

/// A button for each organisation; nothing if there is none. `invitation` is the secret of the one
/// that is accepted.
pub(super) fn buttons(page: Page, invitation: Option<String>) -> AnyView {
    let all = RwSignal::new(Vec::<Provider>::new());
    let wrong = RwSignal::new(told());
    if wrong.with_untracked(Option::is_some) {
        // It is said once.
        router::replace(&Route::Overview);
    }
    let asked = page.device(|device| device.request("GET", "/api/openid", None));
    spawn_local(async move {
        if let Ok(answered) = asked.await {
            all.try_set(providers(&answered));
        }
    });
    let taken = StoredValue::new(invitation);
    let draw = move || {
        let one = |provider: Provider| {
            let label = t!("account.openid", name = provider.name);
            let go = move || go(page, &provider.key, taken, wrong);
            parts::button("secondary", label, go).into_any()
        };
        let all: Vec<AnyView> = all.get().into_iter().map(one).collect();
        (!all.is_empty()).then(|| el("div").is("class", "actions").child(all).into_any())
    };
    el("div")
        .child(live(draw))
        .child(
            el("p")
                .is("class", "wrong")
                .is("role", "alert")
                .child(live(move || wrong.get().map(wrong_text))),
        )
        .into_any()
}

/// What whoever comes back is to be told, as the address says.
pub(super) fn told() -> Option<Wrong> {
    came_back(&window().location().hash().unwrap_or_default())
}

type Taken = StoredValue<Option<String>>;

fn go(page: Page, key: &str, taken: Taken, wrong: RwSignal<Option<Wrong>>) {
    wrong.set(None);
    let name = page.device(|device| device.name());
    let language = locale::language().code;
    let device = page.account.with_untracked(|account| {
        let member = account.member();
        member.and_then(|member| member.device.clone())
    });
    let (path, body) = taken.with_value(|invitation| {
        let device = device.filter(|_| invitation.is_none());
        openid::leave(
            key,
            invitation.as_deref(),
            language,
            (device.as_deref(), &name),
        )
    });
    leave::told(page, move |told| {
        if told {
            set_out(page, &path, body, wrong);
        } else {
            wrong.try_set(Some("no-connection"));
        }
    });
}

fn set_out(page: Page, path: &str, body: String, wrong: RwSignal<Option<Wrong>>) {
    let asked = page.device(|device| device.request("POST", path, Some(body)));
    spawn_local(async move {
        let place = match asked.await {
            Ok(answered) => address(&answered),
            Err(_) => Err("no-connection"),
        };
        match place {
            // A browser that does not go there shows what it showed before.
            Ok(place) => drop(window().location().assign(&place)),
            Err(why) => drop(wrong.try_set(Some(why))),
        }
    });
}
