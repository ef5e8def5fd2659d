//! Signing out: what becomes of edits that are not on the server yet, and of the stored records.
//!
//! What is to be done is noted first, and done when the page is loaded anew: a page that is cut off
//! in the middle goes on with it.

use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::dom::el;
use super::ending::{self, Ending, end, lose};
use super::live::{live, memo, several};
use super::page::{Page, Stage};
use super::{account, parts};
use crate::app::account::{Account, is_good};
use crate::app::home;
use crate::app::protocol::{Answer, Ask, Unsent};
use crate::app::status::{cannot_store, only_here};
use crate::{t, tn};

/// The button to sign out, and the question it may lead to.
pub(crate) fn button(page: Page) -> AnyView {
    let unsent = RwSignal::new(None::<Unsent>);
    let dialog = NodeRef::<Dialog>::new();
    let out = move || {
        let status = page.status.get_untracked();
        // While records are loaded, what waits is not counted yet.
        let opened = page.stage.get_untracked() == Stage::Ready;
        let nothing = status.filter(|_| opened).is_some_and(|status| {
            status.loading.is_none()
                && status.waiting == 0
                && status.unsaved == 0
                && status.refused.is_empty()
        });
        if nothing {
            return end(page, Ending::Leave { remove: true });
        }
        page.ask(Ask::ExportUnsent, move |answer| match answer {
            // It is answered when everything is loaded and counted.
            Ok(Answer::Unsent(edits)) if edits.records == 0 => {
                end(page, Ending::Leave { remove: true });
            }
            Ok(Answer::Unsent(edits)) => {
                unsent.set(Some(edits));
                if let Some(dialog) = dialog.get_untracked() {
                    // One that is open already stays so.
                    drop(dialog.show_modal());
                }
            }
            Ok(_) => {}
            Err(failure) => page.tell(&failure),
        });
    };
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
        let edits = unsent.get()?;
        let records = edits.records;
        let download = move || ending::download(page, &edits);
        // Said anew as soon as the disk takes them.
        let unsaved = unsaved.get();
        let keep = move || match unsaved {
            0 => end(page, Ending::Leave { remove: false }),
            _ => lose(page, Ending::Leave { remove: false }),
        };
        Some(several(vec![
            el("h2")
                .is("id", "leave-question")
                .child(tn!("leave.title", records))
                .into_any(),
            el("p").child(t!("leave.explain")).into_any(),
            (unsaved > 0)
                .then(|| {
                    let text = tn!("leave.unsaved", unsaved);
                    el("p").child(el("strong").child(text)).into_any()
                })
                .into_any(),
            el("div")
                .is("class", "actions")
                .child(parts::button("secondary", t!("leave.download"), download))
                .child(parts::button(
                    "",
                    match unsaved {
                        0 => t!("leave.keep"),
                        _ => t!("leave.keep_stored"),
                    },
                    keep,
                ))
                .child(parts::button(
                    "alarm",
                    tn!("leave.remove", records),
                    move || {
                        lose(page, Ending::Leave { remove: true });
                    },
                ))
                .child(parts::button("secondary", t!("leave.stay"), close))
                .into_any(),
        ]))
    };
    el("div")
        .is("class", "confirm")
        .child(parts::button("secondary", t!("account.sign_out"), out))
        .child(
            el("dialog")
                .is("aria-labelledby", "leave-question")
                .node_ref(dialog)
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

/// Does what is left to do since somebody signed out: removes their records, and tells the server.
/// Whether there is something to tell; `told` is called when it has been.
pub(crate) fn go_on(page: Page, told: impl FnOnce() + 'static) -> bool {
    if let Some(person) = page.device(|device| device.kept(home::REMOVE)) {
        let removing = page.device(|device| device.remove_records(&person));
        spawn_local(async move {
            match removing.await {
                Ok(()) => page.device(|device| device.keep(home::REMOVE, None)),
                // Tried again at the next start.
                Err(why) => page.toasts.error(t!("leave.not_removed"), Some(why)),
            }
        });
    }
    if page.device(|device| device.kept(home::LEAVING)).is_none() {
        return false;
    }
    page.account.set(Account::SignedOut(None));
    account::send(page, "DELETE", "/api/session", None, move |answered| {
        if answered.is_ok_and(|answered| is_good(answered.status) || answered.status == 401) {
            page.device(|device| device.keep(home::LEAVING, None));
            told();
        }
    });
    true
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
