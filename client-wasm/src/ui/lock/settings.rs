//! Turning the lock on and off, and changing its PIN.

use leptos::prelude::*;

use super::{Entry, Said, field, form};
use crate::app::home;
use crate::app::lock::{SHORTEST, Unfit, fit};
use crate::app::protocol::Ask;
use crate::t;
use crate::ui::dom::el;
use crate::ui::ending::{self, Ending};
use crate::ui::live::{live, several};
use crate::ui::page::Page;
use crate::ui::{parts, toasts};

/// The part of the account menu about the lock.
pub(crate) fn settings(page: Page) -> AnyView {
    let draw = move || {
        if page.lock.get() {
            several(vec![
                parts::button("secondary", t!("lock.now"), move || {
                    ending::end(page, Ending::Lock);
                })
                .into_any(),
                folded(t!("lock.change"), change(page)),
                folded(t!("lock.off"), off(page)),
            ])
        } else {
            folded(t!("lock.on"), on(page))
        }
    };
    el("div").is("class", "lock").child(live(draw)).into_any()
}

fn folded(title: String, content: AnyView) -> AnyView {
    el("details")
        .child(el("summary").child(title))
        .child(content)
        .into_any()
}

fn on(page: Page) -> AnyView {
    let entry = Entry::new(page);
    let [pin, again] = [(); 2].map(|()| RwSignal::new(String::new()));
    let submit = move || {
        if is_fit(entry, pin, again) && entry.may_try() {
            let pin = pin.get_untracked();
            page.ask(Ask::Lock { pin }, move |answer| {
                if entry.end(answer) {
                    // The next start asks for the PIN and encrypts.
                    page.device(|device| device.keep(home::LOCKED, Some("yes")));
                    turned(page);
                }
            });
        }
    };
    let fields = new_pin(pin, again);
    form(
        entry,
        t!("lock.on.explain"),
        fields,
        t!("lock.on.submit"),
        submit,
    )
}

fn change(page: Page) -> AnyView {
    let entry = Entry::new(page);
    let [old, pin, again] = [(); 3].map(|()| RwSignal::new(String::new()));
    let submit = move || {
        if is_fit(entry, pin, again) && entry.may_try() {
            let ask = Ask::ChangePin {
                pin: old.get_untracked(),
                new: pin.get_untracked(),
            };
            page.ask(ask, move |answer| {
                if entry.end(answer) {
                    for text in [old, pin, again] {
                        text.try_set(String::new());
                    }
                    toasts::say(page, t!("lock.changed"));
                }
            });
        }
    };
    let mut fields = vec![field("lock-old", t!("lock.old"), old, None)];
    fields.extend(new_pin(pin, again));
    form(
        entry,
        t!("lock.change.explain"),
        fields,
        t!("lock.change"),
        submit,
    )
}

fn off(page: Page) -> AnyView {
    let end = move || {
        page.ask(Ask::EndLock, move |answer| match answer {
            Ok(_) => turned(page),
            Err(failure) => page.tell(&failure),
        });
    };
    several(vec![
        el("p").child(t!("lock.off.explain")).into_any(),
        parts::button("secondary", t!("lock.off"), end).into_any(),
    ])
}

fn new_pin(pin: RwSignal<String>, again: RwSignal<String>) -> Vec<AnyView> {
    let hint = t!("lock.hint", count = SHORTEST);
    vec![
        field("lock-new", t!("lock.new"), pin, Some(hint)),
        field("lock-again", t!("lock.new_again"), again, None),
    ]
}

fn is_fit(entry: Entry, pin: RwSignal<String>, again: RwSignal<String>) -> bool {
    let fit = pin.with_untracked(|pin| again.with_untracked(|again| fit(pin, again)));
    let Err(unfit) = fit else { return true };
    entry.said.set(Said::Other(match unfit {
        Unfit::Short => t!("lock.hint", count = SHORTEST),
        Unfit::Differs => t!("lock.differs"),
    }));
    false
}

/// The lock was turned on or off: all tabs begin anew.
fn turned(page: Page) {
    tell_others(page);
    page.reload();
}

/// The other tabs begin anew.
pub(super) fn tell_others(page: Page) {
    let turn = page.device(|device| device.random_key());
    page.turned(&turn);
}
