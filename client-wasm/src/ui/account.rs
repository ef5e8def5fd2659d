//! Who uses this device: signing in, joining by an invitation, signing out.

mod form;
mod openid;
mod passkey;
mod recovery;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use meltemi_core::access::EVERY_PROGRAMME;

use self::form::{Form, field};
use super::dom::{El, el};
use super::live::{effect, live, memo, several};
use super::page::Page;
use super::{decisions, leave, lock, parts, screen, status};
use crate::app::account::{
    self, Account, Answered, Member, Offer, Wrong, join_body, keep, kept, sign_in_body,
};
use crate::app::home;
use crate::app::protocol::Ask;
use crate::app::route::Route;
use crate::app::status::Line;
use crate::{locale, t, tn};

/// Asks the server who uses this device. What was kept holds until it answers, and when it cannot.
pub(crate) fn start(page: Page) {
    let last = page.device(|device| device.account());
    let member = last.as_deref().and_then(kept);
    if let Some(member) = member.as_ref().filter(|member| !member.name.is_empty()) {
        // An earlier version has kept the name where only the id belongs.
        leave::enter(page, &keep(member), &member.id);
    }
    page.account.set(Account::Unheard(member));
    look(page);
}

/// Asks again, as after a time without a connection.
pub(crate) fn look(page: Page) {
    if untrack(|| lock::is_closed(page)) || leave::go_on(page, move || ask(page, true)) {
        return;
    }
    ask(page, false);
}

/// `left` says that somebody has just signed out, so that the worker has no line to the server.
fn ask(page: Page, left: bool) {
    send(page, "GET", "/api/session", None, move |answered| {
        let Ok(answered) = answered else {
            return;
        };
        let last = page.account.with_untracked(|known| known.member().cloned());
        let account = account::session(&answered, last);
        match &account {
            // Something on the way to the server: what is known holds.
            Account::Unheard(_) => return,
            Account::SignedIn(member) if !leave::enter(page, &keep(member), &member.id) => return,
            Account::Open if left => return page.reload(),
            _ => {}
        }
        page.account.set(account);
    });
}

/// Asks again whenever there is no line to the server, as it may be that the server does not let
/// this device in any more, and when there is a network again.
pub(crate) fn follow_line(page: Page) {
    let offline = memo(move || {
        let status = page.status.get()?;
        matches!(status.line, Line::Offline { .. }).then_some(status.line)
    });
    effect(move || {
        let member = page.account.with_untracked(|account| match account {
            Account::SignedIn(_) => true,
            Account::Unheard(member) => member.is_some(),
            Account::Open | Account::SignedOut(_) => false,
        });
        if offline.get().is_some() && member {
            look(page);
        }
    });
    let back = window_event_listener(ev::online, move |_| look(page));
    on_cleanup(move || back.remove());
}

pub(super) fn send(
    page: Page,
    method: &'static str,
    path: &str,
    body: Option<String>,
    then: impl FnOnce(Result<Answered, Wrong>) + 'static,
) {
    let answer = page.device(|device| device.request(method, path, body));
    spawn_local(async move { then(answer.await.map_err(|_| "no-connection")) });
}

/// Somebody is let in: syncing begins.
fn let_in(page: Page, member: Member) {
    if leave::enter(page, &keep(&member), &member.id) {
        page.account.set(Account::SignedIn(member));
        page.ask(Ask::Reconnect, |_| ());
    }
}

/// What stands in the place of the screens when nobody has ever signed in on this device.
pub(crate) fn gate(page: Page) -> Option<AnyView> {
    // The screen is drawn anew when this changes, and not whenever the server is asked.
    let must = memo(move || page.account.with(Account::must_sign_in));
    must.get().then(|| {
        screen::title(page, t!("account.sign_in.title"));
        recovery::entrance(page)
    })
}

/// What is said above the screens when somebody has to sign in again.
pub(crate) fn lapsed(page: Page) -> AnyView {
    // What else becomes known of them does not take a form away that is being filled.
    let has_lapsed = memo(move || page.account.with(Account::has_lapsed));
    let draw = move || {
        has_lapsed.get().then(|| {
            let back = openid::told().map(|_| "");
            let form = el("details")
                .attr("open", back)
                .is("class", "lapsed")
                .child(el("summary").child(t!("account.lapsed")))
                .child(recovery::entrance(page));
            el("section")
                .attr("aria-label", t!("account.lapsed"))
                .child(form)
                .into_any()
        })
    };
    live(draw)
}

/// The address of whoever was signed in, as soon as it is known, unless another one was entered.
fn address(page: Page) -> RwSignal<String> {
    let address = RwSignal::new(String::new());
    let known = memo(move || page.account.get().member().map(|last| last.email.clone()));
    effect(move || {
        if let Some(known) = known.get()
            && address.with_untracked(String::is_empty)
        {
            address.set(known);
        }
    });
    address
}

/// The form to sign in.
fn sign_in(page: Page) -> AnyView {
    let form = Form::new(page);
    let email = address(page);
    let password = RwSignal::new(String::new());
    let device = move || {
        let known = page.device(|device| device.kept(home::DEVICES));
        email.with_untracked(|email| home::device(known.as_deref(), email))
    };
    let other = passkey::sign_in(page, form, device);
    let submit = move || {
        let name = page.device(|device| device.name());
        let device = device();
        let body = email.with_untracked(|email| {
            password.with_untracked(|password| {
                sign_in_body(email.trim(), password, device.as_deref(), &name)
            })
        });
        send(page, "POST", "/api/session", Some(body), move |answered| {
            form.end(answered.and_then(|answered| account::welcome(&answered)));
        });
    };
    form.draw(
        t!("account.sign_in.title"),
        t!("account.sign_in.explain"),
        vec![
            field("email", "username", t!("account.email"), email, None),
            field(
                "password",
                "current-password",
                t!("account.password"),
                password,
                None,
            ),
        ],
        t!("account.sign_in.submit"),
        submit,
        [other, openid::buttons(page, None)],
    )
}

/// The screen of an invitation.
pub(crate) fn join(page: Page, secret: String) -> AnyView {
    screen::title(page, t!("account.join.title"));
    let offer = RwSignal::new(None::<Result<Offer, Wrong>>);
    let look = serde_json::json!({ "secret": secret }).to_string();
    send(
        page,
        "POST",
        "/api/join/look",
        Some(look),
        move |answered| {
            let answered = answered.and_then(|answered| account::offer(&answered));
            let language = answered.as_ref().map(|offer| offer.language.clone());
            // In another language all is drawn anew: first that, then there is something to fill.
            page.speak(&language.unwrap_or_default(), move || {
                offer.try_set(Some(answered));
            });
        },
    );
    let draw = move || match offer.get() {
        None => screen::waiting(),
        Some(Ok(offer)) => join_form(page, secret.clone(), &offer),
        Some(Err(wrong)) => parts::notice(t!("account.join.title"), wrong_text(wrong))
            .is("role", "alert")
            .child(parts::link_button(
                "secondary",
                t!("lost.overview"),
                "/".to_owned(),
            ))
            .into_any(),
    };
    live(draw)
}

/// Somebody has joined by the invitation in the address.
fn entered(page: Page) {
    page.device(|device| device.keep_language(locale::language().code));
    // The address with the secret is of no use any more.
    page.replace(Route::Overview);
}

fn join_form(page: Page, secret: String, offer: &Offer) -> AnyView {
    let form = Form::new(page);
    let others = openid::buttons(page, Some(secret.clone()));
    let [name, email, password] = [(); 3].map(|()| RwSignal::new(String::new()));
    let joining = secret.clone();
    let who = move || {
        let text = |text: RwSignal<String>| text.with_untracked(|text| text.trim().to_owned());
        serde_json::json!({ "secret": joining, "name": text(name), "email": text(email) })
    };
    let other = passkey::join(page, form, who);
    let submit = move || {
        let who = (name, email, password);
        let who = (
            who.0.get_untracked(),
            who.1.get_untracked(),
            who.2.get_untracked(),
        );
        let language = locale::language().code;
        let device = page.device(|device| device.name());
        let who = (who.0.trim(), who.1.trim(), who.2.as_str());
        let body = join_body(&secret, who, language, &device);
        send(page, "POST", "/api/join", Some(body), move |answered| {
            let welcome = answered.and_then(|answered| account::welcome(&answered));
            if welcome.is_ok() {
                entered(page);
            }
            form.end(welcome);
        });
    };
    let role = role_text(&offer.role);
    form.draw(
        t!("account.join.title"),
        t!(
            "account.join.explain",
            programme = programme_text(&offer.programme),
            role = role
        ),
        vec![
            field("text", "name", t!("account.name"), name, None),
            field("email", "username", t!("account.email"), email, None),
            field(
                "password",
                "new-password",
                t!("account.new_password"),
                password,
                Some(t!("account.new_password.hint")),
            ),
        ],
        t!("account.join.submit"),
        submit,
        [other, others],
    )
}

/// The link to the page of administration, which is a program of its own and loaded anew.
fn office_link() -> El {
    el("a")
        .is("href", "/office.html")
        .is("target", "_self")
        .child(t!("account.office"))
}

/// The button in the header that says who uses this device.
pub(crate) fn menu(page: Page) -> AnyView {
    let member = memo(move || {
        page.account
            .with(|account| account.member().map(Member::alone))
    });
    let draw = move || {
        let member = member.get()?;
        // The name is kept with the records, which may not be open yet.
        let name = match &*member.name {
            "" => t!("account.menu"),
            name => name.to_owned(),
        };
        let label = move || {
            let who = el("span").is("class", "who").is("dir", "auto");
            several(vec![
                who.child(name.clone()).into_any(),
                decisions::count(page),
            ])
        };
        Some(status::popover("account", label, panel(page, &member)))
    };
    live(draw)
}

fn panel(page: Page, member: &Member) -> AnyView {
    let roles: Vec<AnyView> = member
        .roles
        .iter()
        .map(|(programme, role)| {
            let role = role_text(role);
            let programme = programme_text(programme);
            el("li")
                .child(t!("account.role", role = role, programme = programme))
                .into_any()
        })
        .collect();
    let waiting = move || {
        let count = page.status.get().map_or(0, |status| status.waiting);
        (count > 0).then(|| tn!("account.waiting", count))
    };
    several(vec![
        el("h2")
            .is("dir", "auto")
            .child(member.name.clone())
            .into_any(),
        el("p")
            .is("dir", "ltr")
            .child(member.email.clone())
            .into_any(),
        el("ul").is("class", "facts").child(roles).into_any(),
        decisions::link(page),
        el("p").child(office_link()).into_any(),
        el("p").is("class", "hint").child(live(waiting)).into_any(),
        lock::settings(page),
        leave::button(page),
        el("p")
            .is("class", "hint")
            .child(t!("account.sign_out.explain"))
            .into_any(),
    ])
}

/// The programme that a role is for: its key, or all there are.
fn programme_text(key: &str) -> String {
    if key == EVERY_PROGRAMME {
        return t!("account.every_programme");
    }
    key.to_owned()
}

pub(super) fn wrong_text(wrong: Wrong) -> String {
    locale::text(&format!("account.wrong.{wrong}"), &[])
}

pub(super) fn role_text(role: &str) -> String {
    let role = role.replace('-', "_");
    locale::text(&format!("word.role.{role}"), &[])
}
