//! A decision on its way: what is taken by hand goes to the server first, then it is told.

use leptos::prelude::*;
use meltemi_core::command::Command;
use meltemi_core::id::DocumentId;

use super::{look, wrong_text};
use crate::app::account::Wrong;
use crate::app::decisions::{State, address, decision};
use crate::app::protocol::{Answer, Ask};
use crate::app::route::Route;
use crate::t;
use crate::ui::live::effect;
use crate::ui::page::Page;
use crate::ui::{account, toasts};

/// A decision that the server does not know yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnderWay {
    /// The entry it is about.
    pub(super) id: String,
    document: Option<DocumentId>,
    state: State,
    note: String,
    pub(super) step: Step,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// What is taken is entered into the record.
    Entering,
    /// What is taken goes to the server.
    Sending,
    /// The server is told.
    Telling,
    /// It could not be told.
    Failed(Wrong),
}

/// Carries decisions on, whatever screen is shown.
pub(super) fn follow(page: Page) {
    let under_way = page.decisions.under_way;
    effect(move || {
        let Some(now) = under_way.get().filter(|now| now.step == Step::Sending) else {
            return;
        };
        let Some(status) = page.status.get() else {
            return;
        };
        let back = status.refused.iter();
        if back
            .map(|edits| edits.document)
            .any(|id| Some(id) == now.document)
        {
            end(page);
            page.toasts.error(t!("decisions.wrong.not_taken"), None);
        } else if status.unsaved == 0 && status.waiting == 0 {
            tell(page);
        }
    });
}

/// Decides on an entry as a whole.
pub(super) fn decide(page: Page, id: &str, state: State, note: String) {
    begin(page, id, None, state, note);
    tell(page);
}

/// Enters a part into the record by these commands, and tells the server when they are there.
pub(super) fn take(
    page: Page,
    id: &str,
    document: DocumentId,
    commands: Vec<Command>,
    note: String,
) {
    begin(page, id, Some(document), State::InPart, note);
    enter(page, commands.into_iter());
}

/// Tells the server what was decided, for the first time or again.
pub(super) fn tell(page: Page) {
    let Some(now) = step(page, Step::Telling) else {
        return;
    };
    let body = decision(now.state, &now.note);
    account::send(page, "POST", &address(&now.id), Some(body), move |answer| {
        let answer = answer.and_then(|answered| {
            let mut heard = Ok(());
            let known = page.decisions.known;
            known.update(|known| heard = known.hear_one(&answered));
            heard
        });
        match answer {
            Ok(()) => {
                end(page);
                done(page, &now);
            }
            // What was entered by hand is in the record already: it can be told again.
            Err(wrong) if now.state == State::InPart && wrong != "decided" => {
                step(page, Step::Failed(wrong));
            }
            Err(wrong) => {
                end(page);
                page.toasts.error(wrong_text(wrong), None);
                look(page);
            }
        }
    });
}

fn begin(page: Page, id: &str, document: Option<DocumentId>, state: State, note: String) {
    page.decisions.under_way.set(Some(UnderWay {
        id: id.to_owned(),
        document,
        state,
        note,
        step: Step::Entering,
    }));
}

fn end(page: Page) {
    page.decisions.under_way.set(None);
}

/// Goes on to a step; says what it is about.
fn step(page: Page, next: Step) -> Option<UnderWay> {
    let under_way = page.decisions.under_way;
    under_way.update(|now| {
        if let Some(now) = now {
            now.step = next;
        }
    });
    under_way.get_untracked()
}

fn enter(page: Page, mut commands: std::vec::IntoIter<Command>) {
    let Some(command) = commands.next() else {
        // The status that is known may be of a time before.
        return page.ask(Ask::Status, move |answer| {
            if let Ok(Answer::Status(status)) = answer {
                page.status.set(Some(status));
            }
            step(page, Step::Sending);
        });
    };
    page.execute(command, move |result| match result {
        Ok(_) => enter(page, commands),
        Err(failure) => {
            end(page);
            page.tell(&failure);
        }
    });
}

fn done(page: Page, now: &UnderWay) {
    let text = match now.state {
        State::Accepted => t!("decisions.done_accepted"),
        State::InPart => t!("decisions.done_in_part"),
        State::Refused | State::Waiting => t!("decisions.done_refused"),
    };
    toasts::say(page, text);
    if page.route.get_untracked() == Route::decisions(&now.id) {
        page.go(Route::decisions(""));
    }
}
