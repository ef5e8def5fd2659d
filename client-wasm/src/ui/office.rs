//! The page of administration: who may see which of its screens, and the frame around them.

mod audit;
mod codes;
mod confirm;
mod desk;
mod details;
mod devices;
mod door;
mod form;
mod invitations;
mod invite;
mod member;
mod members;
mod named;
mod once;
mod organisations;
mod passkeys;
mod password;
mod tokens;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use self::desk::Desk;
use super::dom::el;
use super::live::{happened, live, memo, several};
use super::page::Page;
use super::{parts, router, screen, shell, toasts};
use crate::app::account::{self as accounts, Account, Member};
use crate::app::failure::failure;
use crate::app::language::Language;
use crate::app::office::answer;
use crate::app::office::place::Place;
use crate::app::port::Outside;
use crate::app::protocol::Failure;
use crate::{locale, t};

/// Whether the server has said who is here.
#[derive(Debug, Clone, PartialEq)]
enum Door {
    /// It has been asked.
    Asking,
    /// It could not say.
    Shut(Failure),
    /// It has.
    Answered,
}

/// What stands on the page.
#[derive(Debug, Clone, PartialEq)]
enum Shown {
    Waiting,
    Shut(Failure),
    /// The server has no accounts.
    NoAccounts,
    SignIn(Option<Member>),
    Screens(Member),
}

/// What the frame needs besides the page.
#[derive(Clone, Copy)]
struct Hall {
    door: RwSignal<Door>,
    /// The part of the address behind `#`.
    fragment: RwSignal<String>,
}

/// Draws the page of administration into the element `app`.
pub fn start(outside: Outside, language: &'static Language) {
    let place = document().get_element_by_id("app");
    let Some(place) = place.and_then(|place| place.dyn_into().ok()) else {
        return;
    };
    let outside = super::send_wrapper(outside);
    mount_to(place, move || {
        let page = Page::new(outside);
        provide_context(page);
        let hall = Hall {
            door: RwSignal::new(Door::Asking),
            fragment: RwSignal::new(fragment()),
        };
        provide_context(hall);
        page.use_language(language);
        look(page, hall);
        let moved = window_event_listener(ev::hashchange, move |_| hall.fragment.set(fragment()));
        on_cleanup(move || moved.remove());
        shell::in_language(page, frame)
    })
    .forget();
}

fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}

/// Asks the server who is here.
fn look(page: Page, hall: Hall) {
    hall.door.set(Door::Asking);
    let answer = page.device(|device| device.request("GET", "/api/session", None));
    spawn_local(async move {
        let answered = match answer.await {
            Ok(answered) => answered,
            Err(why) => return hall.door.set(Door::Shut(answer::unheard(why))),
        };
        let last = page.device(|device| device.account());
        let account = accounts::session(&answered, last.as_deref().and_then(accounts::kept));
        if let Account::SignedIn(member) = &account {
            page.device(|device| device.keep_account(Some(&accounts::keep(member))));
        }
        if matches!(account, Account::Unheard(_)) {
            let why = answer::accepted(answered).err();
            let why = why.unwrap_or_else(|| failure("unreadable", "no session"));
            return hall.door.set(Door::Shut(why));
        }
        page.account.set(account);
        hall.door.set(Door::Answered);
    });
}

fn frame(page: Page) -> AnyView {
    let hall: Hall = expect_context();
    let shown = memo(move || match hall.door.get() {
        Door::Asking => Shown::Waiting,
        Door::Shut(why) => Shown::Shut(why),
        Door::Answered => match page.account.get() {
            Account::SignedIn(member) => Shown::Screens(member),
            Account::Open => Shown::NoAccounts,
            Account::SignedOut(last) | Account::Unheard(last) => Shown::SignIn(last),
        },
    });
    let skip = happened(|event| {
        event.prevent_default();
        router::focus_heading();
    });
    let brand = el("a")
        .is("class", "brand")
        .is("href", "/")
        .child(
            el("img")
                .is("src", "/icons/icon.svg")
                .is("alt", "")
                .is("width", "28")
                .is("height", "28"),
        )
        .child(el("span").child(t!("office.records")));
    several(vec![
        el("a")
            .is("class", "skip")
            .is("href", "#main")
            .on("click", skip)
            .child(t!("shell.skip"))
            .into_any(),
        el("header")
            .is("class", "top")
            .child(brand)
            .child(
                el("div")
                    .is("class", "tools")
                    .child(door::menu(page))
                    .child(shell::language_menu(page)),
            )
            .into_any(),
        live(move || draw(page, hall, shown.get())),
        toasts::toasts(page),
    ])
}

fn draw(page: Page, hall: Hall, shown: Shown) -> AnyView {
    let screen = match shown {
        Shown::Waiting => screen::waiting(),
        Shown::Shut(why) => {
            name(&t!("office.title"));
            parts::notice(t!("office.title"), String::new())
                .is("role", "alert")
                .child(form::refusal(&why))
                .child(parts::button("", t!("office.again"), move || {
                    look(page, hall)
                }))
                .into_any()
        }
        Shown::NoAccounts => {
            name(&t!("office.title"));
            parts::notice(t!("office.title"), t!("office.no_accounts"))
                .child(parts::link_button(
                    "secondary",
                    t!("office.records"),
                    "/".to_owned(),
                ))
                .into_any()
        }
        Shown::SignIn(last) => {
            name(&t!("account.sign_in.title"));
            door::sign_in(page, last)
        }
        Shown::Screens(member) => return screens(page, hall, &member),
    };
    el("main").is("id", "main").child(screen).into_any()
}

/// The screens of whoever is signed in.
fn screens(page: Page, hall: Hall, member: &Member) -> AnyView {
    let desk = Desk::new(page, member);
    let is_coordinator = desk.rights.with_value(|rights| rights.is_coordinator());
    let place = memo(move || Place::of(&hall.fragment.get(), is_coordinator));
    Effect::new(move |before: Option<Place>| {
        let now = place.get();
        if before.is_some_and(|before| before != now) {
            request_animation_frame(router::focus_heading);
        }
        now
    });
    let links: Vec<AnyView> = Place::ALL
        .into_iter()
        .filter(|place| is_coordinator || !place.is_for_coordinators())
        .map(|to| {
            let here = move || (place.get() == to).then_some("page");
            let link = el("a")
                .attr("href", format!("#{}", to.word()))
                .live("aria-current", here)
                .child(title(to));
            el("li").child(link).into_any()
        })
        .collect();
    let nav = el("nav")
        .is("class", "office")
        .attr("aria-label", t!("office.title"))
        .child(el("ul").child(links));
    let draw = move || {
        let place = place.get();
        name(&title(place));
        match place {
            Place::Members => members::members(desk),
            Place::Invitations => invitations::invitations(desk),
            Place::Audit => audit::audit(desk),
            Place::Devices => devices::devices(desk),
            Place::Passkeys => passkeys::passkeys(desk),
            Place::Tokens => tokens::tokens(desk),
            Place::Password => password::password(desk),
            Place::Details => details::details(desk),
        }
    };
    several(vec![
        nav.into_any(),
        el("main")
            .is("id", "main")
            .is("class", "office")
            .child(live(draw))
            .into_any(),
    ])
}

/// What a screen is called.
fn title(place: Place) -> String {
    locale::text(&format!("office.place.{}", place.word()), &[])
}

/// The heading of a screen, and what it is for.
fn heading(place: Place, explain: String) -> AnyView {
    several(vec![
        el("h1").is("tabindex", "-1").child(title(place)).into_any(),
        el("p").is("class", "hint").child(explain).into_any(),
    ])
}

/// Names the screen in the title of the tab.
fn name(title: &str) {
    document().set_title(&format!("{title} · {}", t!("shell.product")));
}
