//! What the screens of administration share: requests, lists that were loaded, names.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use meltemi_core::access::{EVERY_PROGRAMME, Membership};
use meltemi_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::form;
use crate::app::account::{self, Account};
use crate::app::failure::failure;
use crate::app::office::answer;
use crate::app::office::member::Member;
use crate::app::office::names::{Named, Names};
use crate::app::office::rights::Rights;
use crate::app::protocol::Failure;
use crate::locale::{self, format};
use crate::t;
use crate::ui::dom::el;
use crate::ui::live::live;
use crate::ui::page::{Loaded, Page};
use crate::ui::{account as accounts, parts, screen, toasts};

/// Kinds of records whose names the screens show.
const NAMED: [&str; 3] = ["programme", "organisation", "city"];

/// What the screens share. Copied freely: everything in it is a handle.
#[derive(Clone, Copy)]
pub(crate) struct Desk {
    pub(crate) page: Page,
    /// Id of whoever is signed in.
    pub(crate) me: StoredValue<String>,
    /// What they may do.
    pub(crate) rights: StoredValue<Rights>,
    /// Members, for coordinators.
    pub(crate) members: Kept<Vec<Member>>,
    /// Names of programmes, organisations and cities, as far as they have come.
    pub(crate) names: RwSignal<Arc<Names>>,
}

/// Something that was loaded from an address.
pub(crate) struct Kept<T: Send + Sync + 'static>(RwSignal<Loaded<Arc<T>>>);

impl<T: Send + Sync + 'static> Clone for Kept<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Kept<T> {}

impl Desk {
    /// The desk of whoever is signed in. For coordinators, members and names are loaded.
    pub(crate) fn new(page: Page, member: &account::Member) -> Self {
        let rights = Rights::of(member);
        let is_coordinator = rights.is_coordinator();
        let desk = Self {
            page,
            me: StoredValue::new(member.id.clone()),
            rights: StoredValue::new(rights),
            members: Kept::new(),
            names: RwSignal::new(Arc::default()),
        };
        if is_coordinator {
            desk.load_members(|| ());
            desk.load_names();
        }
        desk
    }

    /// Sends a request. `then` gets the body of the answer.
    pub(crate) fn send(
        self,
        method: &'static str,
        path: &str,
        body: Option<Value>,
        then: impl FnOnce(Result<String, Failure>) + 'static,
    ) {
        self.send_boxed(method, path, body, Box::new(then));
    }

    fn send_boxed(
        self,
        method: &'static str,
        path: &str,
        body: Option<Value>,
        then: Box<dyn FnOnce(Result<String, Failure>)>,
    ) {
        let body = body.map(|body| body.to_string());
        let page = self.page;
        request(page, method, path, body, move |result| {
            if result.as_ref().is_err_and(answer::has_lapsed) {
                page.account.update(|account| {
                    if let Account::SignedIn(member) = account {
                        *account = Account::SignedOut(Some(member.clone()));
                    }
                });
            }
            then(result);
        });
    }

    /// Loads the members again.
    pub(crate) fn load_members(self, then: impl FnOnce() + 'static) {
        self.members
            .load(self, "/api/members".to_owned(), answer::read, then);
    }

    fn load_names(self) {
        let named = StoredValue::new(Vec::<Named>::new());
        for kind in NAMED {
            let path = format!("/api/records?kind={kind}");
            self.send("GET", &path, None, move |body| {
                // What has no name is shown by its key.
                let more: Vec<Named> = body
                    .and_then(|body| answer::read(&body))
                    .unwrap_or_default();
                let all = named.try_update_value(|named| {
                    named.extend(more);
                    named.clone()
                });
                self.names
                    .try_set(Arc::new(Names::of(all.unwrap_or_default())));
            });
        }
    }

    /// Says what was done, to eyes and to screen readers.
    pub(crate) fn say(self, text: String) {
        toasts::say(self.page, text);
    }

    /// Says that something could not be done for which there is no form.
    pub(crate) fn tell(self, failure: &Failure) {
        let plain = answer::plain(failure).map(|key| locale::text(&key, &[]));
        let text = plain.unwrap_or_else(|| t!("office.refused.other"));
        self.page.toasts.error(text, Some(failure.message.clone()));
    }

    /// A time in words.
    pub(crate) fn time(self, millis: f64) -> String {
        let now = self.page.device(|device| device.now());
        format::instant(Timestamp(millis.max(0.0) as u64), now)
    }

    /// The day of a time, in words.
    pub(crate) fn day(self, millis: f64) -> String {
        let time = js_sys::Date::new(&millis.into()).to_iso_string();
        let time = time.as_string().unwrap_or_default();
        format::stored(&time.chars().take(10).collect::<String>())
    }

    /// What a programme is called.
    pub(crate) fn programme(self, key: &str) -> String {
        if key == EVERY_PROGRAMME {
            return t!("office.every_programme");
        }
        let language = locale::language().code;
        self.names.with(|names| names.programme(key, language))
    }

    /// What an organisation or a city is called.
    pub(crate) fn body(self, reference: &str) -> String {
        let language = locale::language().code;
        self.names.with(|names| names.name(reference, language))
    }

    /// A role in words.
    pub(crate) fn role(self, membership: &Membership) -> String {
        let role = accounts::role_text(membership.role.word());
        let programme = self.programme(&membership.programme);
        t!("account.role", role = role, programme = programme)
    }

    /// The programmes that roles can be given in, with their names.
    pub(crate) fn programmes(self) -> Vec<(String, String)> {
        let known: Vec<String> = self.names.with(|names| names.programmes().collect());
        let members = self.members.with(|members| {
            let all = members.iter().flat_map(|member| &member.memberships);
            all.map(|it| it.programme.clone()).collect::<Vec<_>>()
        });
        let known = known.into_iter().chain(members);
        let keys = self.rights.with_value(|rights| rights.programmes(known));
        let named = |key: String| {
            let name = self.programme(&key);
            (key, name)
        };
        keys.into_iter().map(named).collect()
    }

    /// The programme that a person has chosen, or else the first, which the list shows until then.
    pub(crate) fn chosen_programme(self, chosen: RwSignal<String>) -> String {
        let chosen = chosen.get_untracked();
        if !chosen.is_empty() {
            return chosen;
        }
        let first = untrack(move || self.programmes()).into_iter().next();
        first.map(|(key, _)| key).unwrap_or_default()
    }

    /// The organisations and cities that there are, each kind under its heading.
    pub(crate) fn bodies(self) -> Vec<(String, Vec<(String, String)>)> {
        let language = locale::language().code;
        let of = |kind: &str| self.names.with(|names| names.choices(kind, language));
        vec![
            (t!("kind.organisation"), of("organisation")),
            (t!("kind.city"), of("city")),
        ]
    }
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Loaded::Waiting))
    }

    /// Loads it, again if it was loaded before. `then` runs when it is on the screen.
    pub(crate) fn load(
        self,
        desk: Desk,
        path: String,
        read: fn(&str) -> Result<T, Failure>,
        then: impl FnOnce() + 'static,
    ) {
        let then: Box<dyn FnOnce()> = Box::new(then);
        desk.send("GET", &path, None, move |body| {
            self.0.try_set(match body.and_then(|body| read(&body)) {
                Ok(value) => Loaded::Here(Arc::new(value)),
                Err(failure) => Loaded::Failed(failure),
            });
            request_animation_frame(then);
        });
    }

    /// Reads it, as far as it has come.
    pub(crate) fn with<R: Default>(self, read: impl FnOnce(&T) -> R) -> R {
        self.0.with(|loaded| match loaded {
            Loaded::Here(value) => read(value),
            Loaded::Waiting | Loaded::Failed(_) => R::default(),
        })
    }

    /// Changes it, if it is here.
    pub(crate) fn update(self, change: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        self.0.try_update(|loaded| {
            if let Loaded::Here(value) = loaded {
                change(Arc::make_mut(value));
            }
        });
    }

    /// Draws it, or that it is on its way, or why it does not come, with a button to ask again.
    pub(crate) fn show(
        self,
        again: impl Fn() + Copy + Send + 'static,
        draw: impl Fn(&T) -> AnyView + Send + 'static,
    ) -> AnyView {
        let draw: Box<dyn Fn(&T) -> AnyView + Send> = Box::new(draw);
        live(move || match self.0.get() {
            Loaded::Waiting => screen::waiting(),
            Loaded::Here(value) => draw(&value),
            Loaded::Failed(failure) => {
                let click = move || {
                    self.0.set(Loaded::Waiting);
                    again();
                };
                el("div")
                    .is("class", "banner")
                    .is("role", "alert")
                    .child(el("p").child(form::refusal(&failure)))
                    .child(parts::button("secondary", t!("office.again"), click))
                    .into_any()
            }
        })
    }
}

/// Sends a request for somebody who may not be signed in.
pub(crate) fn request(
    page: Page,
    method: &'static str,
    path: &str,
    body: Option<String>,
    then: impl FnOnce(Result<String, Failure>) + 'static,
) {
    let then: Box<dyn FnOnce(Result<String, Failure>)> = Box::new(then);
    let answer = page.device(|device| device.request(method, path, body));
    spawn_local(async move {
        then(match answer.await {
            Ok(answered) => answer::accepted(answered),
            Err(why) => Err(answer::unheard(why)),
        });
    });
}

/// Reads a list.
pub(crate) fn list<T: DeserializeOwned>(body: &str) -> Result<Vec<T>, Failure> {
    answer::read(body)
}

/// Puts the focus on an element, so that a screen reader says where the person is.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        element.scroll_into_view();
        drop(element.focus());
    }
}

/// What is said of an answer that lacks what it is for.
pub(crate) fn lacking() -> Failure {
    failure("unreadable", "the answer lacks the secret")
}
