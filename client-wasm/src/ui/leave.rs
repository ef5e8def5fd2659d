//! Signing out: what becomes of edits that are not on the server yet, and of the stored records.
//!
//! What is to be done is noted first, and done when the page is loaded anew: a page that is cut off
//! in the middle goes on with it.

use std::time::Duration;

use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::decisions::deciding;
use super::dom::el;
use super::ending::{self, Ending, end, lose};
use super::live::{effect, happened, live, memo, several};
use super::page::Page;
use super::{account, parts};
use crate::app::account::{Account, is_good};
use crate::app::decisions::under_way::Decided;
use crate::app::home;
use crate::app::protocol::{Answer, Ask, Unsent};
use crate::app::route::Route;
use crate::app::status::{cannot_store, only_here};
use crate::{t, tn};

/// How long until it is looked again whether the server has answered, and how often it is.
const AGAIN: Duration = Duration::from_millis(100);
const LOOKS: u8 = 100;

/// What the server lacks of somebody who signs out.
#[derive(Debug, Clone)]
pub(crate) struct Left {
    edits: Unsent,
    /// A decision that it was not told.
    decided: Option<Decided>,
}

/// The button to sign out.
pub(crate) fn button(page: Page) -> AnyView {
    let out = move || end(page, Ending::Leave { remove: true });
    parts::button("secondary", t!("account.sign_out"), out).into_any()
}

/// Says whether the server lacks nothing. If it does, whoever signs out is asked.
pub(crate) fn look(page: Page, then: impl FnOnce(bool) + 'static) {
    deciding::noted(page, move |decided| {
        page.ask(Ask::ExportUnsent, move |answer| match answer {
            // It is answered when everything is loaded and counted.
            Ok(Answer::Unsent(edits)) => {
                let nothing = edits.records == 0 && decided.is_none();
                if !nothing {
                    page.endings.left.set(Some(Left { edits, decided }));
                }
                then(nothing);
            }
            Ok(_) => then(false),
            Err(failure) => {
                page.tell(&failure);
                then(false);
            }
        });
    });
}

/// The question what becomes of what the server lacks.
pub(crate) fn question(page: Page) -> AnyView {
    let left = page.endings.left;
    let dialog = NodeRef::<Dialog>::new();
    effect(move || {
        if let (Some(_), Some(dialog)) = (left.get(), dialog.get()) {
            // One that is open already stays so.
            drop(dialog.show_modal());
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let unsaved = memo(move || {
        let status = page.status.get();
        let held = status.filter(cannot_store);
        held.map_or(0, |status| only_here(&status))
    });
    let asked = move || {
        let Left { edits, decided } = left.get()?;
        let records = edits.records;
        // Said anew as soon as the disk takes them.
        let unsaved = unsaved.get();
        let keep = move || match unsaved {
            0 => end(page, Ending::Leave { remove: false }),
            _ => lose(page, Ending::Leave { remove: false }),
        };
        let title = match records {
            0 => t!("leave.title_decision"),
            _ => tn!("leave.title", records),
        };
        let kept = match (records, unsaved) {
            (0, _) => t!("leave.keep_decision"),
            (_, 0) => t!("leave.keep"),
            _ => t!("leave.keep_stored"),
        };
        let removed = match records {
            0 => t!("leave.remove_decision"),
            _ => tn!("leave.remove", records),
        };
        let paragraph = |text| el("p").child(text).into_any();
        let to_decision = decided.as_ref().map(|decided| {
            let href = Route::decisions(&decided.id).path();
            parts::link_button("secondary", t!("decisions.look"), href)
                .on("click", happened(move |_| close()))
                .into_any()
        });
        let download = (records > 0).then(|| {
            let download = move || ending::download(page, &edits);
            parts::button("secondary", t!("leave.download"), download).into_any()
        });
        Some(several(vec![
            el("h2").is("id", "leave-question").child(title).into_any(),
            (records > 0)
                .then(|| paragraph(t!("leave.explain")))
                .into_any(),
            decided.map(|_| paragraph(t!("leave.decision"))).into_any(),
            (unsaved > 0)
                .then(|| {
                    let text = tn!("leave.unsaved", unsaved);
                    el("p").child(el("strong").child(text)).into_any()
                })
                .into_any(),
            el("div")
                .is("class", "actions")
                .child(to_decision)
                .child(download)
                .child(parts::button("", kept, keep))
                .child(parts::button("alarm", removed, move || {
                    lose(page, Ending::Leave { remove: true });
                }))
                .child(parts::button("secondary", t!("leave.stay"), close))
                .into_any(),
        ]))
    };
    el("div")
        .is("class", "confirm")
        .child(
            el("dialog")
                .is("aria-labelledby", "leave-question")
                .node_ref(dialog)
                .on("close", happened(move |_| left.set(None)))
                .child(el("article").child(live(asked))),
        )
        .into_any()
}

/// Nobody uses this device from now on, and whether the records stay on it. The page is loaded anew
/// after that.
pub(crate) fn note(page: Page, remove: bool) {
    page.device(|device| {
        device.keep(home::LEAVING, Some("yes"));
        if let (true, Some(person)) = (remove, page.person.get_value()) {
            device.keep(home::REMOVE, Some(&person));
        }
        device.keep(home::LOCKED, None);
        device.keep_account(None);
    });
}

/// Another tab has noted that the records here are removed, and did not know of all: they stay.
pub(crate) fn keep_records(page: Page) {
    let own = page.person.get_value();
    page.device(|device| {
        if own.is_some() && device.kept(home::REMOVE) == own {
            device.keep(home::REMOVE, None);
        }
    });
}

/// Does what is left to do since somebody signed out: removes their records, and tells the server.
/// Whether there is something to tell; `told` is called when it has been.
pub(crate) fn go_on(page: Page, told: impl FnOnce() + 'static) -> bool {
    if let Some(person) = page.device(|device| device.kept(home::REMOVE)) {
        let removing = page.device(|device| device.remove_records(&person));
        spawn_local(async move {
            match removing.await {
                Ok(()) => page.device(|device| {
                    if device.kept(home::REMOVE) == Some(person) {
                        device.keep(home::REMOVE, None);
                    }
                }),
                // Tried again at the next start.
                Err(why) => page.toasts.error(t!("leave.not_removed"), Some(why)),
            }
        });
    }
    if !leaves(page) {
        return false;
    }
    page.account.set(Account::SignedOut(None));
    page.leaving.update_value(|count| *count += 1);
    account::send(page, "DELETE", "/api/session", None, move |answered| {
        page.leaving.update_value(|count| *count -= 1);
        if answered.is_ok_and(|answered| is_good(answered.status) || answered.status == 401) {
            page.device(|device| device.keep(home::LEAVING, None));
            told();
        }
    });
    true
}

/// Whether somebody has signed out and the server has not heard of it.
fn leaves(page: Page) -> bool {
    page.device(|device| device.kept(home::LEAVING)).is_some()
}

/// Runs once the server has heard of a sign-out, or has not when it was told again: whoever is let
/// in by a page of its own would be signed out by telling it afterwards.
pub(crate) fn told(page: Page, then: impl FnOnce(bool) + 'static) {
    after(page, move || {
        if leaves(page) {
            go_on(page, || ());
        }
        after(page, move || then(!leaves(page)));
    });
}

/// Runs once the server has answered whoever signed out: with its answer the browser forgets who is
/// signed in, even if somebody was let in before it came. It is not waited for without end.
pub(crate) fn after(page: Page, run: impl FnOnce() + 'static) {
    wait(page, Box::new(run), LOOKS);
}

fn wait(page: Page, run: Box<dyn FnOnce()>, looks: u8) {
    if page.leaving.get_value() == 0 || looks == 0 {
        return run();
    }
    set_timeout(move || wait(page, run, looks - 1), AGAIN);
}

/// Whoever is let in uses this device from now on. False when the page is loaded anew for them,
/// because it holds another person's records, or nobody's.
pub(crate) fn enter(page: Page, account: &str, person: &str) -> bool {
    page.device(|device| {
        device.keep_account(Some(account));
        device.keep(home::LEAVING, None);
        // They may have come back before their records were gone.
        if device.kept(home::REMOVE).as_deref() == Some(person) {
            device.keep(home::REMOVE, None);
        }
    });
    let same = page.person.with_value(|own| own.as_deref() == Some(person));
    if same {
        let account = account.to_owned();
        page.ask(Ask::KeepAccount { account }, |_| ());
    } else {
        page.reload();
    }
    same
}
