//! Names of those who wrote something.

use std::sync::atomic::{AtomicBool, Ordering};

use leptos::prelude::*;

use crate::app::account::{Account, is_good, keep};
use crate::app::people;
use crate::app::protocol::Ask;
use crate::t;
use crate::ui::account::send;
use crate::ui::page::Page;
use crate::ui::words;

/// Whether the server has been asked since the page was loaded.
static ASKED: AtomicBool = AtomicBool::new(false);

/// Asks the server once who the others are. What is known holds until it answers.
pub(crate) fn look(page: Page) {
    let signed_in = page
        .account
        .with_untracked(|account| matches!(account, Account::SignedIn(_)));
    if !signed_in || ASKED.swap(true, Ordering::Relaxed) {
        return;
    }
    send(page, "GET", "/api/people", None, move |answered| {
        let Some(answered) = answered.ok().filter(|answered| is_good(answered.status)) else {
            ASKED.store(false, Ordering::Relaxed);
            return;
        };
        let found = people::read(&serde_json::from_str(&answered.body).unwrap_or_default());
        page.account.update(|account| {
            if let Account::SignedIn(member) = account {
                member.colleagues = found;
                let account = keep(member);
                page.ask(Ask::KeepAccount { account }, |_| ());
            }
        });
    });
}

/// The name of a member, with the organisation.
pub(crate) fn name(page: Page, id: &str) -> String {
    page.account.with(|account| {
        let Some(me) = account.member() else {
            return t!("history.somebody");
        };
        let known = me.colleagues.iter().find(|colleague| colleague.id == id);
        match known {
            Some(colleague) => match &colleague.body {
                Some(body) => format!("{} · {}", colleague.name, words::record_title(page, body)),
                None => colleague.name.clone(),
            },
            None if me.id == id && !me.name.is_empty() => me.name.clone(),
            None => t!("history.somebody"),
        }
    })
}
