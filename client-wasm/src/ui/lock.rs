//! The lock of the app: the screen that stands there until the right PIN was given, and when it
//! locks by itself.

mod settings;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Event, VisibilityState};

pub(crate) use self::settings::settings;

use super::dom::{El, el};
use super::ending::{Ending, end, lose};
use super::live::{effect, happened, live, memo, several};
use super::page::{Page, Stage};
use super::{account, parts, router, screen, shell, toasts};
use crate::app::account::has_said;
use crate::app::home;
use crate::app::lock::{self, BACKGROUND, Left, State};
use crate::app::protocol::{Answer, Ask, Failure, Locked, Pin};
use crate::{locale, t, tn};

/// Locks by itself after some time in the background: the page is loaded anew, and with it goes
/// all that it and its worker have in memory, but not before all edits are on the disk.
pub(crate) fn start(page: Page) {
    let since = Rc::new(Cell::new(None::<u64>));
    let lock = move || {
        if page.lock.get_untracked() && page.stage.get_untracked() == Stage::Ready {
            page.reload();
        }
    };
    let is_long = move |since: &Cell<Option<u64>>| {
        let now = page.device(|device| device.now()).0;
        since
            .get()
            .is_some_and(|since| now.saturating_sub(since) >= BACKGROUND)
    };
    let changed = Closure::<dyn Fn()>::new(move || {
        if document().visibility_state() != VisibilityState::Hidden {
            // A device that slept has run no timer.
            if is_long(&since) {
                lock();
            }
            return since.set(None);
        }
        since.set(Some(page.device(|device| device.now()).0));
        let since = Rc::clone(&since);
        let late = move || {
            if is_long(&since) {
                lock();
            }
        };
        set_timeout(late, Duration::from_millis(BACKGROUND));
    });
    let listener = changed.into_js_value();
    // Kept as long as the page; without it the lock closes with the app only.
    drop(document().add_event_listener_with_callback("visibilitychange", listener.unchecked_ref()));
    let closed = memo(move || is_closed(page));
    effect(move || {
        if let Stage::Locked(_) = page.stage.get() {
            request_animation_frame(|| router::focus_at("#lock-pin"));
        }
        // Until then the server was not asked who uses this device.
        if !closed.get() && page.lock.get_untracked() {
            account::look(page);
        }
    });
}

/// What stands alone on the page as long as the records are locked, and while they are opened.
pub(crate) fn screen(page: Page) -> AnyView {
    let draw = move || match page.stage.get() {
        Stage::Locked(locked) => door(page, &locked),
        Stage::Failed(failure) => screen::failed(&failure),
        Stage::Starting | Stage::Ready => screen::waiting(),
    };
    several(vec![
        el("main").is("id", "main").child(live(draw)).into_any(),
        toasts::toasts(page),
    ])
}

fn door(page: Page, locked: &Locked) -> AnyView {
    document().set_title(&t!("lock.title"));
    let entry = Entry::new(page);
    entry.wait(locked.until);
    let pin = RwSignal::new(String::new());
    let submit = move || {
        if entry.may_try() {
            let pin = pin.get_untracked();
            page.ask(Ask::Unlock { pin }, move |answer| {
                if entry.end(answer) {
                    page.stage.set(Stage::Starting);
                }
            });
        }
    };
    let explain = match locked.state {
        State::Filling => t!("lock.filling"),
        State::On => t!("lock.explain"),
        State::Emptying => t!("lock.emptying"),
    };
    el("div")
        .is("class", "notice lock")
        .child(el("h1").is("tabindex", "-1").child(t!("lock.title")))
        .child(form(
            entry,
            explain,
            vec![field("lock-pin", t!("lock.pin"), pin, None)],
            t!("lock.open"),
            submit,
        ))
        .child(
            el("details")
                .child(el("summary").child(t!("lock.forgotten")))
                .child(forgotten(page, locked)),
        )
        .child(
            el("details")
                .child(el("summary").child(t!("lock.other")))
                .child(el("p").child(t!("lock.other.explain")))
                .child(parts::button(
                    "secondary",
                    t!("lock.other.leave"),
                    move || {
                        end(page, Ending::Leave { remove: false });
                    },
                )),
        )
        .child(shell::language_menu(page))
        .into_any()
}

/// The way out for whoever has forgotten the PIN: no lock as long as it is not on yet, afterwards
/// everything anew from the server.
fn forgotten(page: Page, locked: &Locked) -> AnyView {
    if locked.state == State::Filling {
        let give_up = move || {
            page.ask(Ask::GiveUpLock, move |answer| match answer {
                Ok(_) => {
                    page.stage.set(Stage::Starting);
                    settings::tell_others(page);
                }
                Err(failure) => page.tell(&failure),
            });
        };
        return several(vec![
            el("p").child(t!("lock.give_up.explain")).into_any(),
            parts::button("", t!("lock.give_up"), give_up).into_any(),
        ]);
    }
    let lost = match locked.unsent {
        0 => t!("lock.forgotten.none"),
        records => tn!("lock.forgotten.unsent", records),
    };
    let wrong = RwSignal::new(None::<String>);
    let remove = move || {
        wrong.set(None);
        account::send(
            page,
            "GET",
            "/api/session",
            None,
            move |answered| match answered {
                Ok(answered) if has_said(&answered) => lose(page, Ending::Leave { remove: true }),
                Ok(_) => wrong.set(Some(account::wrong_text("other"))),
                Err(why) => wrong.set(Some(account::wrong_text(why))),
            },
        );
    };
    several(vec![
        el("p").child(t!("lock.forgotten.explain")).into_any(),
        el("p").child(el("strong").child(lost)).into_any(),
        el("p")
            .is("class", "wrong")
            .is("role", "alert")
            .child(live(move || wrong.get()))
            .into_any(),
        parts::button("alarm", t!("lock.forgotten.remove"), remove).into_any(),
    ])
}

/// What is said of a PIN that was entered.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Nothing,
    /// It was wrong or too early, and no other is taken for this time.
    Wait(bool, Left),
    /// It was wrong.
    Wrong,
    /// The time has passed.
    Again,
    /// Something else is wrong.
    Other(String),
}

/// The state of a form with PINs.
#[derive(Clone, Copy)]
struct Entry {
    page: Page,
    busy: RwSignal<bool>,
    said: RwSignal<Said>,
    until: RwSignal<Option<meltemi_core::time::Timestamp>>,
}

impl Entry {
    fn new(page: Page) -> Self {
        Self {
            page,
            busy: RwSignal::new(false),
            said: RwSignal::new(Said::Nothing),
            until: RwSignal::new(None),
        }
    }

    /// No PIN is taken before this time.
    fn wait(self, until: Option<meltemi_core::time::Timestamp>) {
        self.until.set(until);
        let left = self.left();
        if let (Some(until), Some(left)) = (until, left) {
            self.said.set(Said::Wait(false, left));
            let now = self.page.device(|device| device.now());
            let over = move || {
                // The form may be gone.
                if self.until.try_get_untracked() == Some(Some(until)) {
                    self.said.set(Said::Again);
                }
            };
            set_timeout(over, Duration::from_millis(until.0.saturating_sub(now.0)));
        }
    }

    fn left(self) -> Option<Left> {
        let now = self.page.device(|device| device.now());
        lock::left(now, self.until.get_untracked()?)
    }

    /// Whether a PIN may be tried now. From then on one is under way.
    fn may_try(self) -> bool {
        if self.busy.get_untracked() {
            return false;
        }
        if let Some(left) = self.left() {
            // Said anew, with the time that is left now.
            self.said.set(Said::Nothing);
            self.said.set(Said::Wait(false, left));
            return false;
        }
        self.said.set(Said::Nothing);
        self.busy.set(true);
        true
    }

    /// Whether it was the right one.
    fn end(self, answer: Result<Answer, Failure>) -> bool {
        self.busy.try_set(false);
        match answer {
            Ok(Answer::Pin(Pin { right: true, .. })) => return true,
            Ok(Answer::Pin(Pin { until, .. })) => {
                self.wait(until);
                self.said.set(match self.left() {
                    Some(left) => Said::Wait(true, left),
                    None => Said::Wrong,
                });
            }
            Ok(_) => return true,
            Err(failure) => {
                let text = locale::text(&crate::app::failure::key(&failure), &[]);
                self.said.set(Said::Other(text));
            }
        }
        false
    }

    fn text(self) -> Option<String> {
        let wait = |left| match left {
            Left::Seconds(count) => tn!("lock.wait_seconds", count),
            Left::Minutes(count) => tn!("lock.wait_minutes", count),
        };
        match self.said.get() {
            Said::Nothing => None,
            Said::Wait(true, left) => Some(format!("{} {}", t!("lock.wrong"), wait(left))),
            Said::Wait(false, left) => Some(wait(left)),
            Said::Wrong => Some(t!("lock.wrong")),
            Said::Again => Some(t!("lock.again")),
            Said::Other(text) => Some(text),
        }
    }
}

fn form(
    entry: Entry,
    explain: String,
    fields: Vec<AnyView>,
    label: String,
    submit: impl Fn() + 'static,
) -> AnyView {
    let submit = move |event: Event| {
        event.prevent_default();
        submit();
    };
    el("form")
        .on("submit", happened(submit))
        .child(el("p").child(explain))
        .child(fields)
        .child(
            el("p")
                .is("class", "wrong")
                .is("role", "alert")
                .child(live(move || entry.text())),
        )
        .child(
            el("button")
                .is("type", "submit")
                .live("aria-busy", move || entry.busy.get().to_string())
                .child(label),
        )
        .into_any()
}

/// A field for a PIN.
fn field(id: &'static str, label: String, text: RwSignal<String>, hint: Option<String>) -> AnyView {
    let note = format!("{id}-note");
    let input: El = parts::line(text)
        .is("type", "password")
        .is("autocomplete", "off")
        .is("required", "")
        .is("dir", "ltr")
        .is("id", id)
        .attr("aria-describedby", hint.is_some().then(|| note.clone()));
    el("div")
        .is("class", "field")
        .child(el("label").is("class", "label").is("for", id).child(label))
        .child(input)
        .child(hint.map(|hint| el("small").attr("id", note).child(hint).into_any()))
        .into_any()
}

/// Whether the records of this page are locked, or have not been opened yet since they were.
pub(crate) fn is_closed(page: Page) -> bool {
    match page.stage.get() {
        Stage::Locked(_) => true,
        Stage::Starting => page.lock.get(),
        Stage::Ready | Stage::Failed(_) => false,
    }
}

/// The worker has opened the records; `locked` says whether they are encrypted.
pub(crate) fn opened(page: Page, locked: bool, not_settled: bool) {
    // What is as it was takes no form away that is being filled.
    if page.lock.get_untracked() != locked {
        page.lock.set(locked);
    }
    page.device(|device| device.keep(home::LOCKED, locked.then_some("yes")));
    if not_settled {
        page.toasts.error(t!("lock.failed"), None);
    }
}
